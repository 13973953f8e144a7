"""What is asked: requests made from the data itself, in a fixed order, each a query to which LIMIT can be added."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.questions import NamedQuery

TABLE, GRAPH = "application/sparql-results+json", "application/n-triples"
NO_LIMIT = 10_000_000
"""Numbers from here on limit nothing here, so that each makes another query text with the same answer."""

_THINGS = 2000
_REPEATED = 400
_PREFIXES = namespaces.prefixes()
_AGGREGATES = {
    "records by class": "SELECT ?class (COUNT(?thing) AS ?number) WHERE { ?thing a ?class } GROUP BY ?class",
    "awards by programme and category": """SELECT ?programme ?category (COUNT(?award) AS ?number) WHERE {
        ?award a hrc:Award ; hrc:under ?programme ; dcterms:type ?category } GROUP BY ?programme ?category""",
    "claims by property and rank": """SELECT ?property ?rank (COUNT(?claim) AS ?number) WHERE {
        ?claim rdf:predicate ?property ; wikibase:rank ?rank } GROUP BY ?property ?rank""",
    "what rests on each source": """SELECT ?source (COUNT(?thing) AS ?number) WHERE {
        ?thing hrc:cites ?citation . ?citation hrc:source ?source } GROUP BY ?source""",
    "governments by country": """SELECT ?country (COUNT(DISTINCT ?government) AS ?number) WHERE {
        ?government a hrc:LocalGovernment ; hrc:primaryPlace/hrc:partOf* ?country .
        ?country dcterms:type kind:country } GROUP BY ?country""",
    "labels by language": """SELECT ?language (COUNT(?label) AS ?number) WHERE {
        ?thing skos:prefLabel ?label BIND (LANG(?label) AS ?language) } GROUP BY ?language""",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A query, what it is an example of, and the Accept header it is sent with."""

    kind: str
    text: str
    accept: str = TABLE

    def unlimited(self, number: int | str = NO_LIMIT) -> str:
        """The same question in another text; an empty string leaves the number to be put behind it."""
        return f"{self.text}\nLIMIT {number}"


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests that are sent in turn. `repeated` are those sent again and again."""

    name: str
    requests: Sequence[Request]

    @property
    def repeated(self) -> Sequence[Request]:
        """A few hundred of the requests, of every kind."""
        return self.requests[:_REPEATED]

    def examples(self, each: int = 3) -> list[Request]:
        """The first requests of each kind."""
        seen: dict[str, list[Request]] = {}
        for request in self.requests:
            seen.setdefault(request.kind, []).append(request)
        return [request for requests in seen.values() for request in requests[:each]]


def read(path: str) -> ox.Store:
    """The default graph of the snapshot at a path, in memory: the union of its graphs."""
    quads = ox.parse(path=path, format=ox.RdfFormat.N_QUADS)
    store = ox.Store()
    store.extend(ox.Quad(quad.subject, quad.predicate, quad.object, ox.DefaultGraph()) for quad in quads)
    return store


def workloads(store: ox.Store, questions: Mapping[str, NamedQuery]) -> list[Workload]:
    """Point lookups, the mixed stream, aggregates, and the query library, over the default graph of a store."""
    return [
        Workload("point", points(store)),
        Workload("mixed", mixed(store)),
        Workload("aggregates", aggregates()),
        Workload("library", library(questions)),
    ]


def points(store: ox.Store) -> list[Request]:
    """Everything that is said of one thing, for many things."""
    things = _values(store, "SELECT DISTINCT ?thing WHERE { ?thing a ?class FILTER (?class != hrc:Claim) }")
    named = [thing for thing in things if thing.startswith("<" + namespaces.BASE + "id/")]
    return [
        Request("point", f"SELECT ?property ?value WHERE {{ {thing} ?property ?value }}")
        for thing in named[:: max(len(named) // _THINGS, 1)][:_THINGS]
    ]


def aggregates() -> list[Request]:
    """Counts over the whole graph."""
    return [Request(kind, _declared(text)) for kind, text in _AGGREGATES.items()]


def library(questions: Mapping[str, NamedQuery]) -> list[Request]:
    """Every question of the query library, with what fills its blanks by default."""
    return [Request(name, question.bound({})) for name, question in questions.items()]


def mixed(store: ox.Store) -> list[Request]:
    """What visitors ask: of twenty requests 8 lookups, 3 codes, 2 label searches, 3 joins, 3 graphs, 1 small count."""
    governments = _values(store, "SELECT DISTINCT ?it WHERE { ?act hrc:actor|hrc:recipient ?it }")
    regions = _values(store, "SELECT DISTINCT ?it WHERE { ?act hrc:recipient/hrc:primaryPlace/hrc:partOf ?it }")
    codes = _values(store, "SELECT DISTINCT ?it WHERE { ?thing skos:notation ?it ; skos:prefLabel ?label }")
    labels = _values(store, "SELECT DISTINCT ?it WHERE { ?place a hrc:Place ; skos:prefLabel ?it }")
    words = sorted({word for label in labels for word in label.lower().strip('"').split() if word.isalpha()})
    two_hops = """SELECT ?government ?name WHERE {{
        ?place hrc:partOf {} . ?government hrc:primaryPlace ?place ; skos:prefLabel ?name }}"""
    small_count = """SELECT ?category (COUNT(?award) AS ?number) WHERE {{ ?place hrc:partOf {} .
        ?government hrc:primaryPlace ?place . ?award hrc:recipient ?government ; dcterms:type ?category
        }} GROUP BY ?category"""
    search = 'SELECT ?thing ?label WHERE {{ ?thing skos:prefLabel ?label FILTER (CONTAINS(LCASE(?label), "{}")) }}'
    acts = "CONSTRUCT {{ ?act ?property ?value }} WHERE {{ ?act hrc:actor|hrc:recipient {} ; ?property ?value }}"
    point = itertools.cycle(points(store))
    code = _each("code", "SELECT ?thing ?label WHERE {{ ?thing skos:notation {} ; skos:prefLabel ?label }}", codes)
    label = _each("label search", search, (word for word in words if len(word) > 3))
    join = _each("two hops", two_hops, regions)
    graph = _each("construct", acts, governments, GRAPH)
    count = _each("small count", small_count, regions)
    pattern = [point, code, graph, point, join, label, point, code, point, graph]
    pattern += [point, join, point, label, count, point, code, graph, point, join]
    return [next(kind) for _ in range(_THINGS // len(pattern)) for kind in pattern]


def rows(body: bytes, accept: str) -> int:
    """How many solutions or triples an answer holds. Raises `ValueError` when it is no such answer."""
    if accept == GRAPH:
        return len(set(ox.parse(body, format=ox.RdfFormat.N_TRIPLES)))
    return len(json.loads(body)["results"]["bindings"])


def answer(store: ox.Store, request: Request) -> bytes:
    """What Oxigraph itself says, asked in this process."""
    results = store.query(request.text)
    if isinstance(results, ox.QueryTriples):
        return results.serialize(format=ox.RdfFormat.N_TRIPLES) or b""
    assert isinstance(results, ox.QuerySolutions)
    return results.serialize(format=ox.QueryResultsFormat.JSON) or b""


def _each(kind: str, text: str, values: Iterable[str], accept: str = TABLE) -> itertools.cycle[Request]:
    return itertools.cycle([Request(kind, _declared(text.format(value)), accept) for value in values])


def _values(store: ox.Store, query: str) -> list[str]:
    results = store.query(_declared(query))
    assert isinstance(results, ox.QuerySolutions)
    return sorted(str(solution[0]) for solution in results if not isinstance(solution[0], ox.BlankNode))


def _declared(query: str) -> str:
    used = (prefix for prefix in _PREFIXES if f"{prefix}:" in query)
    return "".join(f"PREFIX {prefix}: <{_PREFIXES[prefix]}>\n" for prefix in used) + query
