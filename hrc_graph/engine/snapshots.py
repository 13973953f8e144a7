"""Snapshots: the files of a workspace and all that follows from them, as one immutable set of quads.

A snapshot is a folder `.hrc/snapshots/<id>/` with `quads.nq`. Its id is a hash of the canonical quads, so the same
files give the same id on every machine. The default graph is the union of the named ones. The engine makes it, unless
two graphs hold the same triple: its union would repeat that one, so then the default graph is written out too, to
`default.nt`, which takes twice the memory.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import replace as replaced
from pathlib import Path
from typing import TypeVar

import pyoxigraph as ox

from hrc_graph import __version__, derive, records
from hrc_graph.files import Files, replace

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how far it is, and how far it goes."""

T = TypeVar("T")

IN_MEMORY = 1_000_000
"""With more triples than this a snapshot is indexed on disk: slower by three to eight times, and small in memory."""
_KEEP = 3
"""So many snapshots stay on disk: the current one and two that slow readers may still have open."""

_PATHS = ("path", "default", "index")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot says of itself."""

    id: str
    """12 hexadecimal digits of the SHA-256 of the canonical quads."""
    path: str
    """The N-Quads file of the named graphs."""
    digest: str
    """Of the files and the version of the code it was built from."""
    triples: int
    graphs: int
    default: str
    """The N-Triples file of the default graph; empty when the engine can make it from the named ones."""
    index: str
    """The folder of an index on disk, which is read in place of the files; empty when these fit into memory."""
    before: str = ""
    """The id of the snapshot from which `difference` leads to this one, if there is one."""

    @property
    def difference(self) -> tuple[Path, Path]:
        """The N-Quads files of what has to go from the snapshot before, and of what has to come."""
        folder = Path(self.path).parent
        return folder / f"{self.before}-less.nq", folder / f"{self.before}-more.nq"


def quiet(_what: str, _done: int, _of: int) -> None:
    """Progress that nobody watches."""


def current(
    files: Files,
    state: Path,
    *,
    base: str,
    fresh: bool = False,
    in_memory: int = IN_MEMORY,
    progress: Progress = quiet,
    prepare: Callable[[Snapshot], None] | None = None,
) -> Snapshot:
    """The snapshot of the files as they are: the one on disk if nothing changed, else a new one.

    With more than `in_memory` triples it gets an index on disk. `prepare` is called with a new one before servers turn
    to it.
    """
    made_from = digest(files.digest(), base=base)
    known = latest(state)
    if known and known.digest == made_from and not fresh:
        return known
    snapshot = _build(files, state, made_from, base, in_memory, progress)
    if prepare:
        prepare(snapshot)
    show(snapshot, state)
    return snapshot


def digest(files: str, *, base: str) -> str:
    """What a snapshot of files with this digest is made from."""
    return hashlib.sha256(f"{__version__} {base} {files}".encode()).hexdigest()


def latest(state: Path) -> Snapshot | None:
    """The snapshot that is shown now, if there is one and its file is there."""
    about = state / "current.json"
    known = read(about) if about.exists() else None
    return known if known and Path(known.path).exists() else None


def show(snapshot: Snapshot, state: Path) -> None:
    """Make a snapshot the current one, which running servers turn to."""
    said = asdict(snapshot)  # with paths from here, so that a copy of the workspace does not lean on the first
    for name in _PATHS:
        if said[name] and Path(said[name]).is_relative_to(state):
            said[name] = str(Path(said[name]).relative_to(state))
    replace(state / "current.json", json.dumps(said, indent=1).encode())
    _forget_old(state / "snapshots", snapshot.id)


def after(
    before: Snapshot,
    less: Sequence[ox.Quad],
    more: Sequence[ox.Quad],
    state: Path,
    *,
    made_from: str,
    triples: int,
    graphs: int,
    in_memory: int = IN_MEMORY,
) -> Snapshot:
    """Write the snapshot that a difference makes of another; it has so many triples in so many graphs.

    It is not shown yet.
    """
    gone, come = _lines(less), _lines(more)
    quads = _merged(Path(before.path).read_bytes().splitlines(keepends=True), gone, come)
    made = _write(quads, state, made_from, triples, graphs, in_memory)
    unnamed = any(b"_:" in line for line in (*gone, *come))  # who has loaded the one before calls them otherwise
    if unnamed or made.id == before.id or any((before.default, made.default, before.index, made.index)):
        return made
    made = replaced(made, before=before.id)
    for path, lines in zip(made.difference, (gone, come), strict=True):
        replace(path, b"".join(lines))
    return made


def _lines(quads: Sequence[ox.Quad]) -> list[bytes]:
    return sorted((ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"").splitlines(keepends=True))


def _merged(lines: list[bytes], gone: list[bytes], come: list[bytes]) -> list[bytes]:
    """Sorted lines without some and with others."""
    merged: list[bytes] = []
    done = 0
    for line, comes in sorted([*((line, False) for line in gone), *((line, True) for line in come)]):
        place = bisect_left(lines, line, done)
        merged += lines[done:place]
        done = place
        if comes:
            merged.append(line)
        else:
            assert lines[place] == line, f"{line!r} is not in the snapshot"
            done += 1
    return merged + lines[done:]


def read(about: Path) -> Snapshot | None:
    """The snapshot that a `current.json` names; None when it was written by another version."""
    try:
        said = json.loads(about.read_text())
        return Snapshot(**{**said, **{name: str(about.parent / said[name]) for name in _PATHS if said[name]}})
    except (KeyError, TypeError, ValueError):
        return None


def load(
    files: Files,
    *,
    base: str,
    extra: Mapping[str, list[ox.Triple]] | None = None,
    instead: Mapping[str, bytes] | None = None,
    progress: Progress = quiet,
) -> ox.Store:
    """All graphs of the files, the extra ones, and what follows from them, in memory, named graphs only.

    `instead` holds the text of dossiers that are to be read in place of their files, or are new.

    Raises `BadFile` for a file that does not parse.
    """
    quads: list[ox.Quad] = []
    for name, triples in (extra or {}).items():
        quads += in_graph(name, triples, base=base)
    instead = instead or {}
    graphs = files.graphs()
    for done, name in enumerate(sorted(graphs.keys() | instead.keys())):
        progress("reading files", done, len(graphs))
        text = instead[name] if name in instead else graphs[name].read_bytes()
        quads += in_graph(name, records.read(text, base=base, name=str(graphs.get(name, name))), base=base)
    progress("reading files", len(graphs), len(graphs))
    progress("deriving claims and dates", 0, 1)
    store = ox.Store()
    store.bulk_extend(quads)
    store.bulk_extend(list(derive.derive(store, base=base)))
    progress("deriving claims and dates", 1, 1)
    return store


def in_graph(name: str, triples: list[ox.Triple], *, base: str) -> set[ox.Quad]:
    """Triples as quads of the graph of that name; blank nodes get names that depend on the content alone."""
    graph = ox.NamedNode(f"{base}graph/{name}")
    quads = {ox.Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples}
    if any(isinstance(term, ox.BlankNode) for triple in triples for term in (triple.subject, triple.object)):
        named = ox.Dataset(quads)
        named.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        label = hashlib.sha256(name.encode()).hexdigest()[:8]  # labels are canonical within a graph only
        return {ox.Quad(_apart(q.subject, label), q.predicate, _apart(q.object, label), graph) for q in named}
    return quads


def _apart(term: T, label: str) -> T | ox.BlankNode:
    return ox.BlankNode(label + term.value) if isinstance(term, ox.BlankNode) else term


def _build(files: Files, state: Path, made_from: str, base: str, in_memory: int, progress: Progress) -> Snapshot:
    store = load(files, base=base, progress=progress)
    progress("writing the snapshot", 0, 1)
    quads = sorted((store.dump(format=ox.RdfFormat.N_QUADS) or b"").splitlines(keepends=True))
    triples, graphs = sum(1 for _ in _default(quads)), sum(1 for _ in store.named_graphs())
    snapshot = _write(quads, state, made_from, triples, graphs, in_memory)
    progress("writing the snapshot", 1, 1)
    return snapshot


def _write(quads: list[bytes], state: Path, made_from: str, triples: int, graphs: int, in_memory: int) -> Snapshot:
    """Write the snapshot of sorted N-Quads."""
    whole = b"".join(quads)
    identity = hashlib.sha256(whole).hexdigest()[:12]
    path = state / "snapshots" / identity / "quads.nq"
    replace(path, whole)
    repeated = path.with_name("default.nt") if triples < len(quads) else None
    if repeated:
        replace(repeated, b"".join(_default(quads)))
    index = path.with_name("index") if triples > in_memory else None
    if index and not index.exists():
        _index(index, path, repeated)
    return Snapshot(identity, str(path), made_from, triples, graphs, str(repeated or ""), str(index or ""))


def _default(quads: Iterable[bytes]) -> Iterator[bytes]:
    """The N-Triples of sorted N-Quads, each once: what several graphs say stands together."""
    last = b""
    for line in quads:
        triple = line.removesuffix(b" .\n").rpartition(b" ")[0]
        if triple != last:
            yield triple + b" .\n"
            last = triple


def of_dump(id: str, quads: Path, beside: Path, *, in_memory: int = IN_MEMORY) -> Snapshot:
    """The snapshot that a sorted N-Quads file holds; what an engine needs besides is made once, in `beside`."""
    about = beside / "about.json"
    known = read(about) if about.exists() else None
    if known and known.path == str(quads):
        return known
    beside.mkdir(parents=True, exist_ok=True)
    repeated, lines, triples, graphs = beside / "default.nt", 0, 0, set()
    with quads.open("rb") as file, repeated.open("wb") as out:
        last = b""
        for line in file:
            triple, _, graph = line.removesuffix(b" .\n").rpartition(b" ")
            lines += 1
            graphs.add(graph)
            if triple != last:  # what several graphs say stands together
                out.write(triple + b" .\n")
                triples, last = triples + 1, triple
    if triples == lines:
        repeated.unlink()
    default = repeated if triples < lines else None
    index = beside / "index" if triples > in_memory else None
    if index and not index.exists():
        _index(index, quads, default)
    made = Snapshot(id, str(quads), "", triples, len(graphs), str(default or ""), str(index or ""))
    replace(about, json.dumps(asdict(made), indent=1).encode())
    return made


def opened(snapshot: Snapshot) -> ox.Store:
    """The quads of a snapshot, to be read in this process: from its index on disk, or in memory."""
    if snapshot.index:
        return ox.Store.read_only(snapshot.index)
    store = ox.Store()
    store.bulk_load(path=snapshot.path, format=ox.RdfFormat.N_QUADS)
    if snapshot.default:
        store.bulk_load(path=snapshot.default, format=ox.RdfFormat.N_TRIPLES)
    return store


def _index(folder: Path, quads: Path, default: Path | None) -> None:
    """Make an index on disk, whole or not at all."""
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    store = ox.Store(str(unfinished))
    store.bulk_load(path=str(quads), format=ox.RdfFormat.N_QUADS)
    if default:
        store.bulk_load(path=str(default), format=ox.RdfFormat.N_TRIPLES)
    store.optimize()
    store.flush()
    del store
    unfinished.rename(folder)


def _forget_old(folder: Path, current_id: str) -> None:
    kept = sorted((path for path in folder.iterdir() if path.name != current_id), key=lambda path: path.stat().st_mtime)
    for path in kept[: -(_KEEP - 1)]:
        shutil.rmtree(path, ignore_errors=True)
