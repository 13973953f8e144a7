"""What the endpoint says of itself in RDF: its service, its data in numbers, its questions.

Sources: SPARQL 1.1 Service Description, W3C Recommendation of 21 March 2013; Describing Linked Datasets with the VoID
Vocabulary, W3C Interest Group Note of 3 March 2011; the layout of partitions and examples that the editors of the Swiss
Institute of Bioinformatics read (github.com/sib-swiss, `void-generator` and `sparql-examples`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urljoin

import pyoxigraph as ox

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Engine, Question
from hrc_graph.errors import Busy
from hrc_graph.questions import NamedQuery
from hrc_graph.settings import Settings

_FORMATS: Final = "http://www.w3.org/ns/formats/"
_ABOUT: Final = {"formats": _FORMATS, "sd": "http://www.w3.org/ns/sparql-service-description#"}
"""Prefixes that no file of the data needs."""
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
TITLE: Final = {
    "en": "Human Rights Cities graph",
    "id": "Graf Kota Hak Asasi Manusia",
    "es": "Grafo de Ciudades por los Derechos Humanos",
    "fr": "Graphe des villes des droits humains",
}
_OF_W3C: Final = {
    formats.JSON: "SPARQL_Results_JSON",
    formats.XML: "SPARQL_Results_XML",
    formats.CSV: "SPARQL_Results_CSV",
    formats.TSV: "SPARQL_Results_TSV",
    formats.TURTLE: "Turtle",
    formats.N_TRIPLES: "N-Triples",
    formats.JSON_LD: "JSON-LD",
    formats.RDF_XML: "RDF_XML",
    formats.N3: "N3",
    formats.TRIG: "TriG",
    formats.N_QUADS: "N-Quads",
}
"""What W3C calls the formats that it has an IRI for (Unique URIs for File Formats)."""
IANA: Final = "https://www.iana.org/assignments/media-types/"

# One question for each count, so that none of them is a slow one.
_GRAPHS = "SELECT ?graph (COUNT(*) AS ?n) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph ORDER BY ?graph"
_SUBJECTS = "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o }"
_OBJECTS = "SELECT (COUNT(DISTINCT ?o) AS ?n) WHERE { ?s ?p ?o }"
_ENTITIES = """
SELECT (COUNT(*) AS ?n) WHERE { { SELECT DISTINCT ?s WHERE { ?s a ?class } } FILTER (STRSTARTS(STR(?s), "%s")) }
"""
_CLASSES = "SELECT ?class (COUNT(*) AS ?n) WHERE { ?s a ?class FILTER (ISIRI(?class)) } GROUP BY ?class ORDER BY ?class"
_CLASS_PROPERTIES = """
SELECT ?class ?property (COUNT(*) AS ?n) WHERE { ?s a ?class ; ?property ?o FILTER (ISIRI(?class)) }
GROUP BY ?class ?property ORDER BY ?class ?property
"""
_PROPERTIES = """
SELECT ?property (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?subjects) WHERE { ?s ?property ?o }
GROUP BY ?property ORDER BY ?property
"""
_PROPERTY_OBJECTS = "SELECT ?property (COUNT(DISTINCT ?o) AS ?n) WHERE { ?s ?property ?o } GROUP BY ?property"
_MOST_SAID = """
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT ?thing WHERE { ?claim rdf:subject ?thing } GROUP BY ?thing ORDER BY DESC(COUNT(*)) ?thing
"""
_ATTEMPTS = 3

Term = ox.NamedNode | ox.Literal
Said = tuple[str, Term]


@dataclass(frozen=True, slots=True)
class Property:
    """How much is said with a property."""

    triples: int
    subjects: int
    objects: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the descriptions say of one snapshot."""

    snapshot: str
    graphs: dict[str, int]
    """The triples of each named graph."""
    subjects: int
    objects: int
    entities: int
    """So many things have an IRI below `{base}id/`."""
    classes: dict[str, int]
    """The things of each class."""
    class_properties: dict[str, dict[str, int]]
    """The triples of each property that things of a class have."""
    properties: dict[str, Property]
    examples: tuple[str, ...]
    """Of each kind of thing the one that most is said about."""
    texts: dict[str, str]
    """Each question that can be asked as it stands, its blanks filled, by name."""

    @property
    def triples(self) -> int:
        """The triples of the default graph."""
        return sum(found.triples for found in self.properties.values())


async def gather(engine: Engine, questions: Mapping[str, NamedQuery], base: str) -> Facts:
    """The facts about what the engine holds now. Raises `Busy` when that keeps changing, or what the engine raises."""
    for _ in range(_ATTEMPTS):
        asking = _Asking(engine, base)
        facts = await _facts(asking, questions)
        if asking.snapshots == {facts.snapshot}:
            return facts
    raise Busy("The data change faster than they can be counted.", "Ask again when they rest.")


class _Asking:
    """Asks the engine, and notes of which snapshots the answers speak."""

    def __init__(self, engine: Engine, base: str) -> None:
        self.base = base
        self.snapshots = {engine.snapshot}
        self._engine = engine

    async def rows(self, text: str) -> list[dict[str, str]]:
        """The solutions of a SELECT, values as text."""
        answer: Answer = await self._engine.answer(Question(text, formats.JSON, formats.TURTLE, self.base, own=True))
        self.snapshots.add(answer.snapshot)
        found: list[dict[str, Any]] = json.loads(answer.body)["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in found]

    async def number(self, text: str) -> int:
        """The one number that a SELECT finds."""
        return int((await self.rows(text))[0]["n"])


async def _facts(asking: _Asking, questions: Mapping[str, NamedQuery]) -> Facts:
    by_class: dict[str, dict[str, int]] = {}
    for row in await asking.rows(_CLASS_PROPERTIES):
        by_class.setdefault(row["class"], {})[row["property"]] = int(row["n"])
    objects = {row["property"]: int(row["n"]) for row in await asking.rows(_PROPERTY_OBJECTS)}
    start = asking.base + "id/"
    kinds: dict[str, str] = {}
    for row in await asking.rows(_MOST_SAID):
        if row["thing"].startswith(start):
            kinds.setdefault(row["thing"].removeprefix(start).partition("/")[0], row["thing"])
    return Facts(
        snapshot=min(asking.snapshots),
        graphs={row["graph"]: int(row["n"]) for row in await asking.rows(_GRAPHS)},
        subjects=await asking.number(_SUBJECTS),
        objects=await asking.number(_OBJECTS),
        entities=await asking.number(_ENTITIES % start),
        classes={row["class"]: int(row["n"]) for row in await asking.rows(_CLASSES)},
        class_properties=by_class,
        properties={  # one without objects is new: another snapshot came between, and all will be asked again
            row["property"]: Property(int(row["n"]), int(row["subjects"]), objects.get(row["property"], 0))
            for row in await asking.rows(_PROPERTIES)
        },
        examples=tuple(kinds.values()),
        texts={name: text for name, found in questions.items() if (text := await _runnable(asking, found))},
    )


async def _runnable(asking: _Asking, question: NamedQuery) -> str:
    """The question without its header, defaults or first choices in its blanks; "" when one of them stays open."""
    values = {}
    for parameter in question.parameters:
        if parameter.default is None:
            choices = await asking.rows(text) if (text := parameter.choices_query(base=asking.base)) else []
            if not choices:
                return ""
            values[parameter.name] = choices[0]["value"]
    return question.plain(values, base=asking.base)


def service(facts: Facts, settings: Settings, endpoint: str) -> list[ox.Triple]:
    """The SPARQL 1.1 Service Description of the endpoint at that URL."""
    dataset = _dataset(settings)
    default = ox.NamedNode(f"{dataset.value}#default-graph")
    offered = (*formats.TABLES, *formats.GRAPHS)
    said: list[Said] = [
        ("rdf:type", _name("sd:Service")),
        ("sd:endpoint", ox.NamedNode(endpoint)),
        ("sd:supportedLanguage", _name("sd:SPARQL11Query")),
        ("sd:feature", _name("sd:UnionDefaultGraph")),
        *((("sd:feature", _name("sd:BasicFederatedQuery")),) if settings.services else ()),
        *(("sd:resultFormat", _format(format)) for format in offered),
        ("sd:defaultDataset", dataset),
    ]
    triples = [*_about(ox.NamedNode(endpoint), said)]
    for format in offered:
        if format not in _OF_W3C:  # such are to be described (Service Description, sd:resultFormat)
            triples += _about(
                _format(format),
                [
                    ("formats:media_type", ox.Literal(format.media_types[0])),
                    ("formats:preferred_suffix", ox.Literal(format.suffix)),
                ],
            )
    start = settings.base + "graph/"
    nodes = {name: _node(settings, "graph", name.removeprefix(start)) for name in facts.graphs}
    triples += _about(
        dataset,
        [
            ("rdf:type", _name("sd:Dataset")),
            ("sd:defaultGraph", default),
            *(("sd:namedGraph", node) for node in nodes.values()),
        ],
    )
    triples += _about(default, [("rdf:type", _name("sd:Graph")), ("void:triples", ox.Literal(facts.triples))])
    for name, node in nodes.items():
        graph = ox.NamedNode(name)
        triples += _about(node, [("rdf:type", _name("sd:NamedGraph")), ("sd:name", graph), ("sd:graph", graph)])
        triples += _about(graph, [("rdf:type", _name("sd:Graph")), ("void:triples", ox.Literal(facts.graphs[name]))])
    return [*triples, *_declared(settings)]


def dataset(facts: Facts, settings: Settings, endpoint: str) -> list[ox.Triple]:
    """The VoID description of the data behind the endpoint at that URL."""
    short = {iri: namespaces.short(iri, settings.base) for iri in (*facts.classes, *facts.properties)}
    classes = {iri: _node(settings, "class", short[iri]) for iri in facts.classes}
    properties = {iri: _node(settings, "property", short[iri]) for iri in facts.properties}
    vocabularies = {_namespace(iri) for iri in short} - {""}
    said: list[Said] = [
        ("rdf:type", _name("void:Dataset")),
        *(("dcterms:title", ox.Literal(title, language=language)) for language, title in TITLE.items()),
        ("dcterms:license", ox.NamedNode(LICENCE)),
        ("void:sparqlEndpoint", ox.NamedNode(endpoint)),
        ("void:dataDump", ox.NamedNode(urljoin(endpoint, "/dumps/hrcity.nq"))),
        ("void:uriSpace", ox.Literal(settings.base + "id/")),
        *(("void:exampleResource", ox.NamedNode(iri)) for iri in facts.examples),
        *(("void:vocabulary", ox.NamedNode(iri)) for iri in sorted(vocabularies)),
        ("void:triples", ox.Literal(facts.triples)),
        ("void:entities", ox.Literal(facts.entities)),
        ("void:classes", ox.Literal(len(facts.classes))),
        ("void:properties", ox.Literal(len(facts.properties))),
        ("void:distinctSubjects", ox.Literal(facts.subjects)),
        ("void:distinctObjects", ox.Literal(facts.objects)),
        *(("void:classPartition", node) for node in classes.values()),
        *(("void:propertyPartition", node) for node in properties.values()),
    ]
    triples = [*_about(_dataset(settings), said)]
    for iri, node in classes.items():
        own = facts.class_properties[iri]
        parts = {used: _node(settings, "class", short[iri], short[used]) for used in own}
        said = [("void:class", ox.NamedNode(iri)), ("void:entities", ox.Literal(facts.classes[iri]))]
        triples += _about(node, [*said, *(("void:propertyPartition", part) for part in parts.values())])
        for used, part in parts.items():
            triples += _about(part, [("void:property", ox.NamedNode(used)), ("void:triples", ox.Literal(own[used]))])
    for iri, node in properties.items():
        counted = facts.properties[iri]
        said = [
            ("void:property", ox.NamedNode(iri)),
            ("void:triples", ox.Literal(counted.triples)),
            ("void:distinctSubjects", ox.Literal(counted.subjects)),
            ("void:distinctObjects", ox.Literal(counted.objects)),
        ]
        triples += _about(node, said)
    return triples


def examples(facts: Facts, questions: Mapping[str, NamedQuery], settings: Settings, endpoint: str) -> list[ox.Triple]:
    """The questions that can be asked as they stand of the endpoint at that URL."""
    triples: list[ox.Triple] = []
    for name, text in facts.texts.items():
        question = questions[name]
        said: list[Said] = [
            ("rdf:type", _name("sh:SPARQLExecutable")),
            ("rdf:type", _name("sh:SPARQLSelectExecutable")),
            *(("rdfs:label", ox.Literal(title, language=tag)) for tag, title in question.title.items()),
            *((("rdfs:comment", ox.Literal(question.description, language="en")),) if question.description else ()),
            *(("schema:keywords", ox.Literal(tag)) for tag in question.tags),
            ("schema:target", ox.NamedNode(endpoint)),
            ("sh:prefixes", _dataset(settings)),
            ("sh:select", ox.Literal(text)),
        ]
        triples += _about(ox.NamedNode(f"{settings.base}query/{name}"), said)
    return [*triples, *_declared(settings)]


def written(triples: Iterable[ox.Triple], format: formats.Format, base: str) -> bytes:
    """The triples in one of `formats.GRAPHS`."""
    syntax = ox.RdfFormat.from_media_type(format.media_types[0])
    body = ox.serialize(triples, format=syntax, prefixes=namespaces.prefixes(base) | _ABOUT)
    assert body is not None
    return body


def _about(subject: ox.NamedNode, said: Iterable[Said]) -> Iterator[ox.Triple]:
    return (ox.Triple(subject, _name(name), value) for name, value in said)


def _declared(settings: Settings) -> Iterator[ox.Triple]:
    """The prefixes, declared at the dataset (SHACL, section 5.2.1)."""
    for prefix, namespace in namespaces.prefixes(settings.base).items():
        node = _node(settings, "prefix", prefix)
        yield ox.Triple(_dataset(settings), _name("sh:declare"), node)
        yield ox.Triple(node, _name("sh:prefix"), ox.Literal(prefix))
        yield ox.Triple(node, _name("sh:namespace"), ox.Literal(namespace, datatype=_name("xsd:anyURI")))


def _dataset(settings: Settings) -> ox.NamedNode:
    return ox.NamedNode(settings.base + "dataset")


def _node(settings: Settings, kind: str, *names: str) -> ox.NamedNode:
    """A part of the dataset. It has an IRI, not a blank node, so that two descriptions can be compared and joined."""
    path = "/".join(quote(name, safe=":/") for name in names)
    return ox.NamedNode(f"{settings.base}dataset#{kind}/{path}")


def _format(format: formats.Format) -> ox.NamedNode:
    known = _OF_W3C.get(format)
    return ox.NamedNode(_FORMATS + known if known else IANA + format.media_types[0])


def _namespace(term: str) -> str:
    """The namespace of a term, if it is one of the table."""
    return max((iri for iri in namespaces.VOCABULARY.values() if term.startswith(iri)), key=len, default="")


@lru_cache
def _name(short: str) -> ox.NamedNode:
    prefix, _, local = short.partition(":")
    return ox.NamedNode((namespaces.VOCABULARY | _ABOUT)[prefix] + local)
