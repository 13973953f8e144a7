"""What is in an exported folder, as a Data Package with a schema for each table.

Source: Data Package and Table Schema, version 2.0, of the Open Knowledge Foundation (datapackage.org).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hrc_graph import __version__, formats
from hrc_graph.description import LICENCE, TITLE
from hrc_graph.export.folder import SUMS, File
from hrc_graph.export.listings import Column, Listing


def _(text: str) -> str:
    """Marks a text that pages translate."""
    return text


NAME: Final = "datapackage.json"
PACKED: Final = ".zst"
MEDIA_TYPES: Final = {
    **{format.suffix: format.media_types[0] for format in (formats.CSV, formats.XLSX, *formats.GRAPHS)},
    ".geojson": "application/geo+json",
    ".json": "application/json",
    ".rq": "application/sparql-query",
    ".cff": "application/yaml",
    ".md": "text/markdown",
    ".zst": "application/zstd",
}
"""Of files, by the end of their names; IANA lists them all but one, of SPARQL 1.1."""
ABOUT: Final = {
    "hrcity.nq": _("Everything, graph by graph: canonical N-Quads (RDFC-1.0)"),
    "hrcity.trig": _("Everything, graph by graph: TriG"),
    "hrcity.jsonld": _("Everything, graph by graph: JSON-LD with the context of the ontology"),
    "hrcity.ttl": _("The default graph: Turtle"),
    "hrcity.rdf": _("The default graph: RDF/XML"),
    "hrcity-claims.nt": _("The claims as reifiers of RDF 1.2: N-Triples"),
    "hrcity-claims.ttl": _("The claims as reifiers of RDF 1.2: Turtle"),
    "hrcity-eli.ttl": _("The regulations in terms of the European Legislation Identifier: Turtle"),
    "members.geojson": _("The members of campaigns on a map: GeoJSON"),
    "hrcity.xlsx": _("The tables as a workbook"),
}
"""What the files are that hold no single table."""


def media_type(name: str) -> str:
    """The media type of a file."""
    return MEDIA_TYPES.get("." + name.rpartition(".")[2], "text/plain")


def described(name: str, listings: Iterable[Listing], say: Callable[[str], str] = str) -> str:
    """In a few words, what is in a file; empty for one that describes others. `say` puts it into another language."""
    plain = name.removesuffix(PACKED)
    titles = {f"tables/{listing.name}.csv": f"{say(listing.title)}: CSV" for listing in listings}
    said = titles.get(plain) or (say(ABOUT[plain]) if plain in ABOUT else "")
    return say(_("%(file)s, packed with Zstandard")) % {"file": said} if said and plain != name else said


def data_package(version: str, files: Mapping[str, File], listings: Iterable[Listing]) -> dict[str, Any]:
    """The description of a folder in which these files were written."""
    listed = {f"tables/{listing.name}.csv": listing for listing in listings}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "human-rights-cities",
        "title": TITLE["en"],
        "version": version,
        "licenses": [{"name": "CC-BY-4.0", "path": LICENCE, "title": "Creative Commons Attribution 4.0"}],
        "contributors": [{"title": TITLE["en"], "roles": ["creator", "publisher"]}],
        "resources": [
            _resource(name, file, listed.get(name), described(name, listed.values()))
            for name, file in sorted(files.items())
            if name not in (NAME, SUMS)
        ],
        "hrc:software": f"hrc-graph {__version__}",
    }


def _resource(name: str, file: File, listing: Listing | None, title: str) -> dict[str, Any]:
    about: dict[str, Any] = {
        "name": name.lower().replace("/", "-"),
        "title": title,
        "path": name,
        "format": name.rpartition(".")[2],
        "mediatype": media_type(name),
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    if listing is None:
        return about
    schema = {"fields": [_field(column) for column in listing.columns], "missingValues": [""]}
    return about | {"type": "table", "encoding": "utf-8", "schema": schema}


def _field(column: Column) -> dict[str, str]:
    return {"name": column.name, "type": column.type, "description": column.description}
