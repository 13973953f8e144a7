"""Writes dumps and tables of made-up graphs, one ten times the other: how fast, and in how much memory.

`python -m benchmarks.exports` prints a table. Dumps and tables are streams, so their memory is to stay as it is.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hrc_graph import export, namespaces
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.export.folder import Folder
from hrc_graph.export.jsonld import Context

SIZES = (15_000, 150_000)
"""Claims, each of eleven quads; for every ten a table tells of one, another of an award."""
_CONTEXT = Path(__file__).parent.parent / "ontology" / "context.jsonld"
_GRAPHS = 100


def lines(claims: int) -> Iterator[str]:
    """A graph of claims as sorted N-Quads, like the derived part of ours, with a blank node in every thousandth."""
    base, words = namespaces.BASE, namespaces.VOCABULARY
    for number in range(claims):
        subject = f"<{base}id/claim/{number:012}>"
        about = f"<{base}id/gov/xx-{number % 5_000:05}>"
        node = f"_:c14n{number:08}" if number % 1_000 == 0 else f"<{base}id/text/t{number % 300:04}>"
        said = [
            f"<{words['rdf']}type> <{words['hrc']}Claim>",
            f"<{words['rdf']}subject> {about}",
            f"<{words['rdf']}predicate> <{words['hrc']}under>",
            f"<{words['rdf']}object> {node}",
            f"<{words['wikibase']}rank> <{words['wikibase']}NormalRank>",
            f"<{words['hrc']}cites> <{base}id/cite/s{number % 1_000:04}--page>",
            f"<{words['hrc']}cites> <{base}id/cite/s{number % 999:04}--p2>",
            f'<{words["hrc"]}earliest> "{2000 + number % 25}-01-01"^^<{words["xsd"]}date>',
            f'<{words["hrc"]}latest> "{2000 + number % 25}-12-31"^^<{words["xsd"]}date>',
            f'<{words["skos"]}note> "As the record of council {number} has it, “signed” and read aloud."@en',
            f'<{words["skos"]}note> "Sebagaimana catatan dewan {number}: ditandatangani dan dibacakan."@id',
        ]
        graph = f"<{base}graph/made-up/{number % _GRAPHS}>"
        if number % 10 == 0:
            said.append(f'<{words["hrc"]}dispute> "made-up-{number // 20}"')
        yield from sorted(f"{subject} {pair} {graph} .\n" for pair in said)


def awards(number: int) -> Iterator[str]:
    """So many awards, as sorted N-Quads."""
    words, graph = namespaces.VOCABULARY, f"<{namespaces.BASE}graph/made-up/awards>"
    for one in range(number):
        act, gov = (f"<{namespaces.BASE}id/{each}/xx-{one:06}>" for each in ("act", "gov"))
        yield f'{act} <{words["hrc"]}date> "{2000 + one % 25}" {graph} .\n'
        yield f"{act} <{words['hrc']}recipient> {gov} {graph} .\n"
        yield f"{act} <{words['rdf']}type> <{words['hrc']}Award> {graph} .\n"


def governments(number: int) -> Iterator[str]:
    """The names of so many governments that got awards, as sorted N-Quads."""
    words, graph = namespaces.VOCABULARY, f"<{namespaces.BASE}graph/made-up/awards>"
    for one in range(number):
        gov = f"<{namespaces.BASE}id/gov/xx-{one:06}>"
        yield f'{gov} <{words["skos"]}prefLabel> "Made-up government {one}"@en {graph} .\n'


def measure(folder: Path, claims: int) -> dict[str, tuple[float, float]]:
    """Megabytes and seconds of processor of each dump. Called in a process of its own."""
    started: dict[str, float] = {}
    ended: dict[str, float] = {}

    def watch(what: str, _done: int, _of: int) -> None:
        what = "writing tables" if what == "finding rows" else what
        started.setdefault(what, time.process_time())
        ended[what] = time.process_time()

    quads = folder / "made-up.nq"
    snapshot = Snapshot("made-up", str(quads), digest="", triples=_quads(claims), graphs=_GRAPHS, default="", index="")
    out = Folder(folder / "out")
    export.write_dumps(snapshot, Context(_CONTEXT), out, base=namespaces.BASE, progress=watch)
    export.write_views(snapshot, out, base=namespaces.BASE, progress=watch)
    times = {what.removeprefix("writing "): ended[what] - started[what] for what in started}
    sizes = {name: file.size for name, file in out.files.items()}
    sizes |= {"tables": sum(size for name, size in sizes.items() if name.startswith("tables/"))}
    sizes |= {"the workbook": sizes["hrcity.xlsx"]}
    return {name: (sizes[name] / 1e6, seconds) for name, seconds in times.items()}


def _quads(claims: int) -> int:
    """So many quads a graph with so many claims has, about."""
    return 11 * claims + claims // 2


def main() -> None:
    """Measure each size in a process of its own and print what it took."""
    for claims in SIZES:
        with tempfile.TemporaryDirectory(prefix="hrc-bench-") as place:
            folder = Path(place)
            with (folder / "made-up.nq").open("w", encoding="utf-8") as file:
                file.writelines(awards(claims // 10))
                file.writelines(lines(claims))
                file.writelines(governments(claims // 10))
            child = os.fork()
            if child == 0:
                print(f"{_quads(claims):,} quads", flush=True)
                for name, (size, seconds) in measure(folder, claims).items():
                    print(f"  {name:18} {size:8.1f} MB {seconds:6.1f} s CPU {size / seconds:7.1f} MB/s", flush=True)
                os._exit(0)
            _, status, usage = os.wait4(child, 0)
            if status:
                raise SystemExit("a dump could not be written")
            print(f"  peak memory {usage.ru_maxrss / 1024:.0f} MiB, dumps, tables and workbook one after the other")


if __name__ == "__main__":
    main()
