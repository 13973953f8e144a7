"""Everything that leaves as files: dumps of the graph, tables, views, and what describes them.

The same snapshot gives the same bytes. The dumps are streams, of which one subject at a time is in memory; the tables
and views are answers, from the index on disk where a snapshot has one. There is no HDT: no kept package writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyoxigraph as ox

from hrc_graph.engine.snapshots import Progress, Snapshot, quiet
from hrc_graph.export import dumps, package, views
from hrc_graph.export.folder import File, Folder
from hrc_graph.export.jsonld import Context
from hrc_graph.export.listings import LISTINGS
from hrc_graph.tables import Table, writing

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
    _write_views(snapshot, out, base=base, progress=progress)
    out.write_json(package.NAME, package.data_package(version or snapshot.id, out.files, LISTINGS))
    out.write_sums()
    return Exported(out.files[dumps.CANONICAL].sha256, out.files)


def write_dumps(snapshot: Snapshot, context: Context, out: Folder, *, base: str, progress: Progress = quiet) -> None:
    """Write the graph in every syntax."""
    path = out.path / dumps.CANONICAL

    def watched(items: Iterable[T], name: str) -> Iterator[T]:
        """The items, while progress is told."""
        for done, item in enumerate(items):
            if done % _STEP == 0:
                progress(f"writing {name}", min(done, snapshot.triples), snapshot.triples)
            yield item
        progress(f"writing {name}", snapshot.triples, snapshot.triples)

    with out.stream(dumps.CANONICAL, packed=True) as sink:
        for done, lines in enumerate(dumps.canonical(Path(snapshot.path))):
            progress(f"writing {dumps.CANONICAL}", min(done * dumps.BATCH, snapshot.triples), snapshot.triples)
            sink.write(b"".join(lines))
        progress(f"writing {dumps.CANONICAL}", snapshot.triples, snapshot.triples)
    made: tuple[tuple[str, Callable[[Path], Iterator[dumps.Statement]], ox.RdfFormat], ...] = (
        ("hrcity.trig", dumps.by_graph, ox.RdfFormat.TRIG),
        ("hrcity.ttl", dumps.union, ox.RdfFormat.TURTLE),
        ("hrcity.rdf", dumps.union, ox.RdfFormat.RDF_XML),
        ("hrcity-claims.nt", dumps.claims, ox.RdfFormat.N_TRIPLES),
        ("hrcity-claims.ttl", dumps.claims, ox.RdfFormat.TURTLE),
    )
    for name, statements, format in made:
        with out.stream(name, packed=True) as sink:
            dumps.write(watched(statements(path), name), format, sink, base)
    with out.stream("hrcity.jsonld", packed=True) as sink:
        context.write(watched(dumps.subjects(path), "hrcity.jsonld"), sink)


def _write_views(snapshot: Snapshot, out: Folder, *, base: str, progress: Progress) -> None:
    asked = views.Asked(snapshot, base)
    tables = []
    for done, listing in enumerate(LISTINGS):
        progress("writing tables", done, len(LISTINGS))
        rows = views.rows(asked, listing)
        header = [column.name for column in listing.columns]
        name = f"tables/{listing.name}.csv"
        writing.write_csv(out.path / name, header, rows)
        out.note(name)
        tables.append(Table(listing.name, header, rows))
        if "point" in header:
            out.write_json("members.geojson", views.features(listing, rows))
    writing.write_xlsx(out.path / "hrcity.xlsx", tables)
    out.note("hrcity.xlsx")
    with out.stream("hrcity-eli.ttl") as sink:
        dumps.write(views.eli(asked), ox.RdfFormat.TURTLE, sink, base)
    progress("writing tables", len(LISTINGS), len(LISTINGS))
