"""What is told by asking the graph: the tables, the members on a map, the regulations in terms of ELI."""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.engine.snapshots import Progress, Snapshot, quiet
from hrc_graph.export.listings import Column, Listing, Selection
from hrc_graph.export.quads import Quads

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
    ("eli:LegalResource", ("?row a hrc:Regulation .", "")),
    ("eli:LegalResourceSubdivision", ("?row a hrc:Provision ; hrc:partOf+/a hrc:Regulation .", "")),
)
LEGAL_SELECTIONS: Final = tuple(selection for _, selection in _LEGAL)
"""What has to be selected for `eli`."""

_ITSELF: Final = "BIND (?row AS ?value)"
_NAME: Final = re.compile(r"(\w+):(\w+)")
_TYPE: Final = re.compile(r"\ba\b")
_RDF_TYPE: Final = f"<{namespaces.VOCABULARY['rdf']}type>".encode()


class Asked:
    """A snapshot that is asked about some things at a time: only what is said around these is in memory.

    `selections` are all that will be gone through; they are found in one reading of the whole.
    """

    def __init__(
        self, snapshot: Snapshot, base: str, selections: Sequence[Selection], progress: Progress = quiet
    ) -> None:
        self._quads = Quads(Path(snapshot.path))
        self._spaces = namespaces.prefixes(base)
        self._prologue = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in self._spaces.items())
        self._selections = selections
        self._found = sqlite3.connect("")  # on disk, as soon as it is large; gone at the end
        self._found.execute("CREATE TABLE found (number, place, iri, PRIMARY KEY (number, place, iri)) WITHOUT ROWID")
        self._select(progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._found.close()
        self._quads.close()

    def blocks(self, selection: Selection) -> Iterator[list[str]]:
        """The IRIs that a selection finds, some at a time, in its order."""
        number = self._selections.index(selection)
        ordered = self._found.execute("SELECT iri FROM found WHERE number = ? ORDER BY place, iri", (number,))
        while block := [iri for (iri,) in ordered.fetchmany(_BLOCK)]:
            yield block

    def values(self, things: Sequence[str], patterns: Sequence[str]) -> list[dict[str, list[Any]]]:
        """For each pattern the terms `?value` that it finds for each `?row` of these, in the order of their text."""
        said = self._quads.around((f"<{thing}>".encode() for thing in things), self._predicates(" ".join(patterns)))
        store = ox.Store()
        store.load(said, format=ox.RdfFormat.N_QUADS)
        rows = " ".join(f"<{thing}>" for thing in things)
        return [self._values(store, f"VALUES ?row {{ {rows} }} {pattern or _ITSELF}") for pattern in patterns]

    def names(self, things: Sequence[str]) -> dict[str, str]:
        """What things are called: in English, or in the first of our languages that there is."""
        (labels,) = self.values(things, [_LABELS])
        return {thing: min(terms, key=_preference).value for thing, terms in labels.items()}

    def _select(self, progress: Progress) -> None:
        patterns = [f"{rows} {order or _ITSELF}" for rows, order in self._selections]
        subjects = (found for found in self._quads.subjects() if found[0].startswith(b"<"))
        while block := list(itertools.islice(subjects, _BLOCK)):
            for number, found in enumerate(self.values([subject[1:-1].decode() for subject, _ in block], patterns)):
                rows = ((number, min(term.value for term in terms), row) for row, terms in found.items())
                self._found.executemany("INSERT INTO found VALUES (?, ?, ?)", rows)
            progress("finding rows", block[-1][1], self._quads.size)

    def _values(self, store: ox.Store, where: str) -> dict[str, list[Any]]:
        query = f"{self._prologue}SELECT ?row ?value WHERE {{ {where} }}"
        solutions = store.query(query, use_default_graph_as_union=True)
        assert isinstance(solutions, ox.QuerySolutions)
        found: dict[str, set[Any]] = {}
        for solution in solutions:
            found.setdefault(solution["row"].value, set()).add(solution["value"])
        return {row: sorted(terms, key=str) for row, terms in found.items()}

    def _predicates(self, pattern: str) -> set[bytes]:
        """What a pattern may lead along: the names in it, of which those of classes and concepts do no harm."""
        names = {f"<{self._spaces[prefix]}{local}>".encode() for prefix, local in _NAME.findall(pattern)}
        return names | {_RDF_TYPE} if _TYPE.search(pattern) else names


def rows(asked: Asked, listing: Listing) -> Iterator[list[Cell]]:
    """The rows of a table, in the order of its first column."""
    for block in asked.blocks(listing.selection):
        values = asked.values(block, [column.pattern for column in listing.columns])
        columns = list(zip(listing.columns, values, strict=True))
        named = {
            term.value
            for column, found in columns
            if column.named
            for terms in found.values()
            for term in terms
            if isinstance(term, ox.NamedNode)
        }
        names = asked.names(sorted(named))
        for thing in block:
            yield [_cell(column, found.get(thing, []), names) for column, found in columns]


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
    for kind, selection in _LEGAL:
        for block in asked.blocks(selection):
            triples = [ox.Triple(ox.NamedNode(row), _term("rdf:type"), _term(kind)) for row in block]
            for (name, _), found in zip(_ELI, asked.values(block, [pattern for _, pattern in _ELI]), strict=True):
                for row, values in found.items():
                    triples += [ox.Triple(ox.NamedNode(row), _term(name), value) for value in values]
            yield from sorted(triples, key=str)


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
