"""What is told by asking the graph: the tables, the members on a map, the regulations in terms of ELI."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.engine import snapshots
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.export.listings import Column, Listing

Cell = str | int | None

_LANGUAGES: Final = ("en", "id", "es", "fr", "ca", "ko")
_LABELS = "?row skos:prefLabel|rdfs:label|dcterms:title|foaf:name ?value"
_BLOCK = 500
"""So many things are asked about together."""
_POINT = re.compile(r"POINT ?\((-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?)\)\Z")

_ELI: Final = (
    ("eli:type_document", "?row dcterms:type ?value"),
    ("eli:number", "?row hrc:number ?value"),
    ("eli:passed_by", "?row hrc:adoptedBy ?value"),
    ("eli:applies", "?row hrc:givesEffectTo ?value"),
    ("eli:cites", "?row dcterms:references ?value"),
    ("eli:relevant_for", "?row dcterms:spatial ?value"),
    ("eli:is_about", "?row hrc:theme ?value"),
    ("eli:is_part_of", "?row hrc:partOf ?value"),
    ("skos:prefLabel", "?row skos:prefLabel ?value"),
    ("dcterms:source", "?row hrc:cites/hrc:source ?value"),
    # a functional property of whole days: told when the sources leave one day only
    (
        "eli:date_document",
        "?row hrc:earliest ?value ; hrc:latest ?value "
        "FILTER NOT EXISTS { ?row hrc:earliest|hrc:latest ?other FILTER (?other != ?value) }",
    ),
)
"""What ELI calls our properties. Titles stay labels: eli:title is of an expression, and many of ours are translated."""
_LEGAL: Final = (
    ("eli:LegalResource", "?row a hrc:Regulation ."),
    ("eli:LegalResourceSubdivision", "?row a hrc:Provision ; hrc:partOf+/a hrc:Regulation ."),
)


class Asked:
    """A snapshot that can be asked in this process, so many things at a time that memory does not grow with it."""

    def __init__(self, snapshot: Snapshot, base: str) -> None:
        self._store = snapshots.opened(snapshot)
        self._union = not snapshot.default
        self._prologue = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in namespaces.prefixes(base).items())

    def blocks(self, rows: str, first: str) -> Iterator[list[str]]:
        """The IRIs of `?row`, some at a time, in the order of the value that a pattern finds for each."""
        with contextlib.closing(sqlite3.connect("")) as kept:  # on disk, as soon as it is large; gone at the end
            kept.execute("CREATE TABLE found (iri TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")
            kept.executemany(
                "INSERT INTO found VALUES (?, ?) ON CONFLICT DO UPDATE SET place = MIN(place, excluded.place)",
                ((row.value, value.value) for row, value in self._found(_query(rows, first))),
            )
            ordered = (iri for (iri,) in kept.execute("SELECT iri FROM found ORDER BY place, iri"))
            while block := list(itertools.islice(ordered, _BLOCK)):
                yield block

    def values(self, things: Iterable[str], pattern: str) -> dict[str, list[Any]]:
        """The terms `?value` that a pattern finds for each `?row` of these, in the order of their text."""
        found: dict[str, set[Any]] = {}
        listed = " ".join(f"<{iri}>" for iri in things)
        for row, value in self._found(_query(f"VALUES ?row {{ {listed} }}", pattern)):
            found.setdefault(row.value, set()).add(value)
        return {row: sorted(terms, key=str) for row, terms in found.items()}

    def names(self, things: Iterable[str]) -> dict[str, str]:
        """What things are called: in English, or in the first of our languages that there is."""
        return {thing: min(terms, key=_preference).value for thing, terms in self.values(things, _LABELS).items()}

    def _found(self, query: str) -> Iterator[tuple[Any, Any]]:
        solutions = self._store.query(self._prologue + query, use_default_graph_as_union=self._union)
        assert isinstance(solutions, ox.QuerySolutions)
        return ((solution["row"], solution["value"]) for solution in solutions)


def rows(asked: Asked, listing: Listing) -> Iterator[list[Cell]]:
    """The rows of a table, in the order of its first column."""
    for block in asked.blocks(listing.rows, listing.columns[0].pattern):
        columns = [(column, asked.values(block, column.pattern)) for column in listing.columns]
        named = {
            term.value
            for column, values in columns
            if column.named
            for terms in values.values()
            for term in terms
            if isinstance(term, ox.NamedNode)
        }
        names = asked.names(sorted(named))
        for thing in block:
            yield [_cell(column, values.get(thing, []), names) for column, values in columns]


def features(listing: Listing, cells: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Rows with a column `point` as GeoJSON (RFC 7946), in pieces; a place that is not located has no geometry."""
    before = b'{"type":"FeatureCollection","features":[\n'
    for row in cells:
        about = dict(zip((column.name for column in listing.columns), row, strict=True))
        point = _POINT.match(str(about.pop("point") or ""))
        geometry = {"type": "Point", "coordinates": [float(point[1]), float(point[2])]} if point else None
        properties = {name: value for name, value in about.items() if value is not None}
        feature = {"type": "Feature", "id": row[0], "geometry": geometry, "properties": properties}
        yield before + json.dumps(feature, ensure_ascii=False, separators=(",", ":")).encode()
        before = b",\n"
    yield b"\n]}\n" if before == b",\n" else before + b"]}\n"


def eli(asked: Asked) -> Iterator[ox.Triple]:
    """The regulations and their provisions in terms of the European Legislation Identifier."""
    for kind, found in _LEGAL:
        for block in asked.blocks(found, ""):
            triples = [ox.Triple(ox.NamedNode(row), _term("rdf:type"), _term(kind)) for row in block]
            for name, pattern in _ELI:
                for row, values in asked.values(block, pattern).items():
                    triples += [ox.Triple(ox.NamedNode(row), _term(name), value) for value in values]
            yield from sorted(triples, key=str)


def _query(rows: str, pattern: str) -> str:
    """`?row` and `?value`; the row itself where there is no pattern."""
    return f"SELECT ?row ?value WHERE {{ {rows} {pattern or 'BIND (?row AS ?value)'} }}"


def _cell(column: Column, terms: list[Any], names: Mapping[str, str]) -> Cell:
    if not terms:
        return None
    if column.type != "string":
        choose: Callable[..., Any] = max if column.last else min
        if column.type == "integer":
            return int(choose(int(term.value) for term in terms))
        return str(choose(term.value for term in terms))
    if column.named:
        texts = [names.get(term.value) or namespaces.short(term.value) for term in terms]
    else:
        worded = [term for term in terms if isinstance(term, ox.Literal) and term.language]
        if worded:  # the same in several languages is told once
            language = min(map(_preference, worded))[:2]
            terms = [term for term in terms if term not in worded or _preference(term)[:2] == language]
        texts = [term.value for term in terms]
    return "; ".join(sorted(set(texts)))


def _preference(term: Any) -> tuple[int, str, str]:
    language = term.language or ""
    rank = _LANGUAGES.index(language) if language in _LANGUAGES else len(_LANGUAGES)
    return rank, language, term.value


def _term(short: str) -> ox.NamedNode:
    prefix, _, local = short.partition(":")
    return ox.NamedNode(namespaces.VOCABULARY[prefix] + local)
