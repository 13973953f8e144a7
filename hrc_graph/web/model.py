"""What the page of the model shows: the fingers of the ontology, read from the ontology itself."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from markupsafe import Markup

from hrc_graph import formats, namespaces
from hrc_graph.drawing import model
from hrc_graph.engine import Question
from hrc_graph.web.answers import Answers
from hrc_graph.web.languages import READER, gettext

_PREFIXES = "".join(
    f"PREFIX {prefix}: <{namespaces.VOCABULARY[prefix]}>\n"
    for prefix in ("dcterms", "hrc", "owl", "rdfs", "schema", "sh", "skos")
)
_FINGERS = """
SELECT ?order ?name ?motto ?class WHERE {
  ?ontology dcterms:hasPart ?finger .
  ?finger a skos:Collection ; sh:order ?order ; skos:prefLabel ?name ; skos:definition ?motto ; skos:member ?class
  FILTER (LANG(?name) = "%(language)s" && LANG(?motto) = "%(language)s")
} ORDER BY ?order
"""
_TERMS = """
SELECT ?term ?label ?definition ?above ?is_class WHERE {
  ?term rdfs:isDefinedBy ?ontology ; rdfs:label ?label
  FILTER (LANG(?label) = "%(language)s")
  OPTIONAL { ?term skos:definition ?own FILTER (LANG(?own) = "%(language)s") }
  OPTIONAL { ?term skos:definition ?english FILTER (LANG(?english) = "en") }
  BIND (COALESCE(?own, ?english) AS ?definition)
  OPTIONAL { ?term rdfs:subClassOf ?above . ?above rdfs:isDefinedBy ?ontology }
  BIND (EXISTS { ?term a owl:Class } AS ?is_class)
  FILTER NOT EXISTS { ?term a owl:AnnotationProperty }
} ORDER BY ?term
"""
_ENDS = """
SELECT ?property ?end ?class WHERE {
  ?property rdfs:isDefinedBy ?ontology ; ?end ?class
  FILTER (?end IN (schema:domainIncludes, schema:rangeIncludes))
} ORDER BY ?property ?class
"""
_PAIRS = """
SELECT DISTINCT ?property ?of ?value WHERE {
  VALUES ?property { %(properties)s } ?thing ?property ?other . ?thing a ?of . ?other a ?value
} ORDER BY ?property ?of ?value
"""
"""Where the ontology names several classes on both sides of a property, the data tell which go together."""
_COUNTS = """
SELECT ?class (COUNT(DISTINCT ?thing) AS ?n) WHERE {
  ?ontology dcterms:hasPart/skos:member ?class . ?thing a ?class
} GROUP BY ?class
"""

Rows: TypeAlias = list[dict[str, dict[str, str]]]
"""Solutions as SPARQL's JSON results write them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table beside a drawing: a class or property, in words and numbers."""

    term: model.Term
    definition: str
    language: str
    """Of the definition."""
    things: int = 0
    """Of a class: how many there are in the data."""
    of: tuple[model.Term, ...] = ()
    """Of a property: what it is said of; nothing means anything."""
    values: tuple[model.Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A finger on the page: its drawing and its tables."""

    finger: model.Finger
    drawing: Markup
    classes: tuple[Row, ...]
    properties: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole page."""

    drawing: Markup
    parts: tuple[Part, ...]


async def shown(answers: Answers, client: str, base: str) -> Shown:
    """The model in the reader's language, from the snapshot that answers now."""
    language = READER.get().language

    async def rows(text: str, **words: str) -> Rows:
        asked = _PREFIXES + (text % words if words else text)
        question = Question(asked, formats.JSON, formats.TURTLE, base, own=True)
        return cast("Rows", json.loads((await answers.ask(question, client)).body)["results"]["bindings"])

    fingers, terms, ends, counts = await asyncio.gather(
        rows(_FINGERS, language=language), rows(_TERMS, language=language), rows(_ENDS), rows(_COUNTS)
    )
    reading = _Reading(terms, ends, counts)
    if several := reading.ambiguous():
        reading.tell_apart(await rows(_PAIRS, properties=" ".join(f"<{iri}>" for iri in several)))
    return reading.shown(fingers)


class _Reading:
    """The rows of the queries, put together."""

    def __init__(self, terms: Rows, ends: Rows, counts: Rows) -> None:
        self._terms = {row["term"]["value"]: row for row in terms}
        self._counts = {row["class"]["value"]: int(row["n"]["value"]) for row in counts}
        self._of: dict[str, list[str]] = defaultdict(list)
        self._values: dict[str, list[str]] = defaultdict(list)
        for row in ends:
            side = self._of if row["end"]["value"].endswith("domainIncludes") else self._values
            side[row["property"]["value"]].append(row["class"]["value"])
        self._together: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._properties = [iri for iri, row in self._terms.items() if row["is_class"]["value"] == "false"]
        self._outside = _outside()

    def ambiguous(self) -> list[str]:
        """The properties that have several classes on both sides."""
        return [iri for iri in self._properties if len(self._of[iri]) > 1 and len(self._values[iri]) > 1]

    def tell_apart(self, pairs: Rows) -> None:
        """Note which classes go together in the data, a class for all that are kinds of it."""
        for row in pairs:
            for of in self._upward(row["of"]["value"]):
                self._together[row["property"]["value"], of].update(self._upward(row["value"]["value"]))

    def shown(self, rows: Rows) -> Shown:
        """The page, from the rows of the fingers."""
        members: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            members[row["order"]["value"]].append(row["class"]["value"])
        named = {row["order"]["value"]: (row["name"]["value"], row["motto"]["value"]) for row in rows}
        fingers = [
            model.Finger(*named[order], self._classes(classes), self._common(set(classes)))
            for order, classes in members.items()
        ]
        title = gettext("The five fingers of the model")
        description = gettext(
            "Each box is a finger with its classes; an arrow is a property that leads to another one."
        )
        parts = tuple(
            self._part(number, finger, set(classes))
            for number, (finger, classes) in enumerate(zip(fingers, members.values(), strict=True))
        )
        return Shown(model.overview(fingers, title, description), parts)

    def _part(self, number: int, finger: model.Finger, classes: set[str]) -> Part:
        description = gettext("Each box is a class; an arrow is a property, and leads to what its values are.")
        words = gettext("Any record"), gettext("a kind of:")
        drawing = model.portrait(finger, number, *words, f"{finger.name}: {finger.motto}", description)
        of_class = tuple(self._row(iri) for iri in self._ordered(classes) if iri in self._terms)
        common = {each.term.path for each in finger.common}
        said = [
            self._row(iri) for iri in self._properties if classes & set(self._of[iri]) or namespaces.path(iri) in common
        ]
        return Part(finger, drawing, of_class, tuple(sorted(said, key=lambda row: row.term.name.casefold())))

    def _classes(self, classes: Sequence[str]) -> tuple[model.Class, ...]:
        found = []
        for iri in self._ordered(set(classes)):
            above = self._terms.get(iri, {}).get("above", {}).get("value", "")
            said = tuple(self._property(each, iri) for each in self._properties if iri in self._of[each])
            found.append(model.Class(self._term(iri), self._term(above).name if above else "", said))
        return tuple(found)

    def _common(self, classes: set[str]) -> tuple[model.Property, ...]:
        """The properties that may be said of anything, in the finger that tells how we know."""
        if namespaces.DEF + "Citation" not in classes:
            return ()
        return tuple(self._property(each) for each in self._properties if not self._of[each])

    def _ordered(self, classes: set[str]) -> list[str]:
        """By name, what is a kind of another one right after it."""

        def place(iri: str) -> tuple[str, ...]:
            above = self._terms.get(iri, {}).get("above", {}).get("value", "")
            own = self._term(iri).name.casefold()
            return (self._term(above).name.casefold(), own) if above in classes else (own,)

        return sorted(classes, key=place)

    def _property(self, iri: str, of: str = "") -> model.Property:
        known = self._together.get((iri, of), set())
        values = [each for each in self._values[iri] if not known or each in known]
        named = tuple(map(self._term, values)) or (model.Term(gettext("anything")),)
        return model.Property(self._term(iri), named)

    def _upward(self, iri: str) -> set[str]:
        """A class and the one that it is a kind of."""
        above = self._terms.get(iri, {}).get("above", {}).get("value", iri)
        return {iri, above}

    def _row(self, iri: str) -> Row:
        definition = self._terms[iri].get("definition", {"value": ""})
        return Row(
            self._term(iri),
            definition["value"],
            definition.get("xml:lang", ""),
            self._counts.get(iri, 0),
            tuple(map(self._term, self._of[iri])),
            tuple(map(self._term, self._values[iri])),
        )

    def _term(self, iri: str) -> model.Term:
        if iri in self._terms:
            return model.Term(self._terms[iri]["label"]["value"], namespaces.path(iri))
        name, path = self._outside.get(namespaces.short(iri), (namespaces.short(iri), ""))
        return model.Term(name, path)


def _outside() -> dict[str, tuple[str, str]]:
    """What terms of other vocabularies are called, and where one reads of them here or at their home."""
    return {
        "org:Organization": (gettext("Organisation"), namespaces.VOCABULARY["org"] + "Organization"),
        "foaf:Person": (gettext("Person"), namespaces.VOCABULARY["foaf"] + "Person"),
        "skos:Concept": (gettext("Concept of a list"), "/ontology"),
        "edtf:EDTF": (gettext("date, as exact as known"), ""),
        "xsd:date": (gettext("day"), ""),
        "xsd:integer": (gettext("number"), ""),
        "xsd:string": (gettext("text"), ""),
        "rdf:langString": (gettext("text in a language"), ""),
    }
