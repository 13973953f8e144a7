"""What is told by asking the graph: the tables, the members on a map, the regulations in terms of ELI."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.engine import snapshots
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.export.listings import Column, Listing

Cell = str | int | None

_LANGUAGES: Final = ("en", "id", "es", "fr", "ca", "ko")
_LABELS = "SELECT ?row ?value WHERE { ?row skos:prefLabel|rdfs:label|dcterms:title|foaf:name ?value }"
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
    """A snapshot that can be asked in this process."""

    def __init__(self, snapshot: Snapshot, base: str) -> None:
        self._store = snapshots.opened(snapshot)
        self._union = not snapshot.default
        self._prologue = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in namespaces.prefixes(base).items())
        self.names: dict[str, str] = {}
        """The name of each thing: in English, or in the first of our languages that there is."""
        labels = self.pairs(_LABELS)
        for thing, terms in labels.items():
            self.names[thing] = min(terms, key=_preference).value

    def pairs(self, query: str) -> dict[str, list[Any]]:
        """The terms `?value` for each `?row`, in the order of their text."""
        found: dict[str, set[Any]] = {}
        solutions = self._store.query(self._prologue + query, use_default_graph_as_union=self._union)
        assert isinstance(solutions, ox.QuerySolutions)
        for solution in solutions:
            found.setdefault(solution["row"].value, set()).add(solution["value"])
        return {row: sorted(terms, key=str) for row, terms in found.items()}


def rows(asked: Asked, listing: Listing) -> list[list[Cell]]:
    """The rows of a table, in the order of their cells."""
    columns = [(column, asked.pairs(_query(listing.rows, column.pattern))) for column in listing.columns]
    things = asked.pairs(_query(listing.rows, ""))
    made = [[_cell(column, values.get(thing, []), asked.names) for column, values in columns] for thing in things]
    return sorted(made, key=lambda cells: ["" if cell is None else str(cell) for cell in cells])


def features(listing: Listing, cells: Iterable[list[Cell]]) -> dict[str, Any]:
    """Rows with a column `point` as GeoJSON (RFC 7946); a place that is not located has no geometry."""
    found = []
    for row in cells:
        about = dict(zip((column.name for column in listing.columns), row, strict=True))
        point = _POINT.match(str(about.pop("point") or ""))
        geometry = {"type": "Point", "coordinates": [float(point[1]), float(point[2])]} if point else None
        properties = {name: value for name, value in about.items() if value is not None}
        found.append({"type": "Feature", "id": row[0], "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "features": found}


def eli(asked: Asked) -> list[ox.Triple]:
    """The regulations and their provisions in terms of the European Legislation Identifier."""
    triples = []
    for kind, found in _LEGAL:
        for row in asked.pairs(_query(found, "")):
            triples.append(ox.Triple(ox.NamedNode(row), _term("rdf:type"), _term(kind)))
        for name, pattern in _ELI:
            for row, values in asked.pairs(_query(found, pattern)).items():
                triples += [ox.Triple(ox.NamedNode(row), _term(name), value) for value in values]
    return sorted(triples, key=str)


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
