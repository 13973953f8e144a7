"""Everything that leaves as files: dumps of the graph, tables, views, and what describes them.

The same snapshot gives the same bytes. All are streams from the sorted quads: the dumps have one subject at a time in
memory, the tables and views what is said around some hundred. There is no HDT: no kept package writes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

import pyoxigraph as ox

from hrc_graph.engine.snapshots import Progress, Snapshot, quiet
from hrc_graph.export import dumps, package, views
from hrc_graph.export.folder import File, Folder
from hrc_graph.export.jsonld import Context
from hrc_graph.export.listings import LISTINGS
from hrc_graph.tables import Table, writing

_SYNTAXES: Final[dict[str, tuple[Callable[[Path], Iterator[dumps.Statement]], ox.RdfFormat]]] = {
    "hrcity.trig": (dumps.by_graph, ox.RdfFormat.TRIG),
    "hrcity.ttl": (dumps.union, ox.RdfFormat.TURTLE),
    "hrcity.rdf": (dumps.union, ox.RdfFormat.RDF_XML),
    "hrcity-claims.nt": (dumps.claims, ox.RdfFormat.N_TRIPLES),
    "hrcity-claims.ttl": (dumps.claims, ox.RdfFormat.TURTLE),
}
_JSON_LD: Final = "hrcity.jsonld"
DUMPS: Final = (dumps.CANONICAL, *_SYNTAXES, _JSON_LD)
"""The files that hold the graph."""
NAMES: Final = (*package.ABOUT, *(f"tables/{listing.name}.csv" for listing in LISTINGS))
"""All files that hold data."""
_STEP = 5_000
"""Progress is told after so many items."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    hash: str
    """The SHA-256 of the canonical N-Quads (RDFC-1.0): the same for every copy of the graph, however it is written."""
    files: dict[str, File]
    """By their names in the folder, except the checksums."""


def export(
    snapshot: Snapshot, context: Path, folder: Path, *, base: str, version: str = "", progress: Progress = quiet
) -> Exported:
    """Write a snapshot into a folder. `context` is the JSON-LD context; `version` defaults to the snapshot's id."""
    out = Folder(folder)
    write_dumps(snapshot, Context(context), out, base=base, progress=progress)
    write_views(snapshot, out, base=base, progress=progress)
    out.write_json(package.NAME, package.data_package(version or snapshot.id, out.files, LISTINGS))
    out.write_sums()
    return Exported(out.files[dumps.CANONICAL].sha256, out.files)


def write_dumps(
    snapshot: Snapshot,
    context: Context,
    out: Folder,
    *,
    base: str,
    progress: Progress = quiet,
    names: Collection[str] = DUMPS,
    packed: bool = True,
) -> None:
    """Write the graph in every syntax, or in those that are named, and each of them packed beside it."""
    path = Path(snapshot.path)

    def watched(items: Iterable[T], name: str) -> Iterator[T]:
        """The items, while progress is told."""
        for done, item in enumerate(items):
            if done % _STEP == 0:
                progress(f"writing {name}", min(done, snapshot.triples), snapshot.triples)
            yield item
        progress(f"writing {name}", snapshot.triples, snapshot.triples)

    if dumps.CANONICAL in names:
        with out.stream(dumps.CANONICAL, packed=packed) as sink:
            for done, lines in enumerate(dumps.canonical(path)):
                progress(f"writing {dumps.CANONICAL}", min(done * dumps.BATCH, snapshot.triples), snapshot.triples)
                sink.write(b"".join(lines))
            progress(f"writing {dumps.CANONICAL}", snapshot.triples, snapshot.triples)
        path = out.path / dumps.CANONICAL
    for name, (statements, format) in _SYNTAXES.items():
        if name in names:
            with out.stream(name, packed=packed) as sink:
                dumps.write(watched(statements(path), name), format, sink, base)
    if _JSON_LD in names:
        with out.stream(_JSON_LD, packed=packed) as sink:
            context.write(watched(dumps.subjects(path), _JSON_LD), sink)


def make() -> None:
    """Write the file that the arguments name, for a server that waits for it: a dump, or all that is told by asking."""
    snapshot, base, name = Snapshot(**json.loads(sys.argv[1])), sys.argv[2], sys.argv[5]
    context, out = Context(Path(sys.argv[3])), Folder(Path(sys.argv[4]))
    os.nice(10)  # questions go first
    if name in DUMPS:
        write_dumps(snapshot, context, out, base=base, names=(name,), packed=False)
    else:
        write_views(snapshot, out, base=base)


def write_views(snapshot: Snapshot, out: Folder, *, base: str, progress: Progress = quiet) -> None:
    """Write the tables, and what else is told by asking the graph."""
    selections = (*(listing.selection for listing in LISTINGS), *views.LEGAL_SELECTIONS)
    tables = []
    with contextlib.ExitStack() as kept:
        asked = kept.enter_context(views.Asked(snapshot, base, selections, progress))
        for done, listing in enumerate(LISTINGS):
            progress("writing tables", done, len(LISTINGS))
            again = kept.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            header = [column.name for column in listing.columns]
            with out.stream(f"tables/{listing.name}.csv") as sink:
                for piece in writing.csv_pieces(header, _noted(views.rows(asked, listing), again)):
                    sink.write(piece)
            if "point" in header:
                with out.stream("members.geojson") as sink:
                    for piece in views.features(listing, _read(again)):
                        sink.write(piece)
            tables.append(Table(listing.name, header, _read(again)))
        progress("writing tables", len(LISTINGS), len(LISTINGS))
        progress("writing the workbook", 0, 1)
        with out.stream("hrcity.xlsx") as sink:
            writing.save_xlsx(tables, sink)
        progress("writing the workbook", 1, 1)
        with out.stream("hrcity-eli.ttl") as sink:
            dumps.write(views.eli(asked), ox.RdfFormat.TURTLE, sink, base)


def _noted(rows: Iterable[list[views.Cell]], file: IO[str]) -> Iterator[list[views.Cell]]:
    """The rows, while they are put aside to be read again."""
    for row in rows:
        file.write(json.dumps(row) + "\n")
        yield row


def _read(file: IO[str]) -> Iterator[list[views.Cell]]:
    """The rows that were put aside."""
    file.seek(0)
    return map(json.loads, file)
