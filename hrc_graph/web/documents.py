"""What the document about a thing, term, concept or shape says: one graph, whatever format it is sent in.

It holds what is said of the thing with its labels, the claims about it, the passages it cites with their sources, and
what points to it, a page of that at a time, acts in full. The ontology, the shapes and each vocabulary come whole.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import pyoxigraph as ox

from hrc_graph import formats, namespaces
from hrc_graph.engine import Question
from hrc_graph.errors import Busy, Gone, NotFound
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Answers
from hrc_graph.web.languages import READER
from hrc_graph.web.links import Links

POINTING = 100
"""So many of the statements that point to a thing are in one page of its document."""
LICENCE_OF_DATA = "https://creativecommons.org/licenses/by/4.0/"
LICENCE_OF_TERMS = "https://www.apache.org/licenses/LICENSE-2.0"
HYDRA = "http://www.w3.org/ns/hydra/core#"

Node = ox.NamedNode | ox.BlankNode
Term = Node | ox.Literal

_ATTEMPTS = 3
_PREFIXES = "".join(
    f"PREFIX {prefix}: <{namespaces.VOCABULARY[prefix]}>\n"
    for prefix in ("dcterms", "foaf", "geo", "hrc", "owl", "rdf", "rdfs", "sh", "skos")
)
_LABELS = ("skos:prefLabel", "rdfs:label", "foaf:name", "dcterms:title", "sh:name", "hrc:locator")
"""The properties that name things, best first."""
_AROUND = """
CONSTRUCT { ?s ?p ?o } WHERE {
  { ?s rdf:subject %(thing)s ; ?p ?o }
  UNION { %(thing)s hrc:cites|hrc:source ?s . ?s ?p ?o }
  UNION { %(thing)s hrc:cites/hrc:source ?s . ?s ?p ?o }
  UNION { ?claim rdf:subject %(thing)s ; hrc:cites ?s . ?s ?p ?o }
  UNION { ?claim rdf:subject %(thing)s ; hrc:cites/hrc:source ?s . ?s ?p ?o }
  UNION { %(thing)s hrc:primaryPlace?/geo:hasDefaultGeometry ?s . ?s ?p ?o }
}
"""
_POINTING = """
SELECT ?other ?link WHERE {
  ?other ?link %(thing)s
  FILTER (ISIRI(?other) && ?link NOT IN (rdf:subject, rdf:predicate, rdf:object))
} ORDER BY ?link ?other LIMIT %(limit)d OFFSET %(offset)d
"""
_COUNTS = """
SELECT ?link (COUNT(*) AS ?n) WHERE {
  ?other ?link %(thing)s
  FILTER (ISIRI(?other) && ?link NOT IN (rdf:subject, rdf:predicate, rdf:object))
} GROUP BY ?link ORDER BY DESC(?n) ?link
"""
_OTHERS = """
CONSTRUCT { ?s ?p ?o } WHERE {
  VALUES ?s { %(others)s }
  ?s ?p ?o
  FILTER (?p IN (%(labels)s, rdf:type, hrc:source, hrc:quote, rdf:subject, rdf:predicate, rdf:object)
          || EXISTS { ?s a/rdfs:subClassOf hrc:Act })
}
"""
_NAMED = """
CONSTRUCT { ?s ?p ?o } WHERE { VALUES ?s { %(others)s } ?s ?p ?o FILTER (?p IN (%(labels)s)) }
"""
_WHOLE = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH <%(graph)s> { ?s ?p ?o } }"
_SUCCESSORS = """
SELECT DISTINCT ?next WHERE {
  %(thing)s dcterms:isReplacedBy+ ?next
  FILTER (ISIRI(?next))
  FILTER NOT EXISTS { ?next owl:deprecated true }
  FILTER NOT EXISTS {
    %(thing)s dcterms:isReplacedBy+ ?nearer . ?nearer dcterms:isReplacedBy+ ?next
    FILTER NOT EXISTS { ?nearer owl:deprecated true }
  }
} ORDER BY ?next
"""


@lru_cache(256)
def term(short: str) -> ox.NamedNode:
    """The term that is written so, such as `hrc:date`."""
    prefix, _, local = short.partition(":")
    return ox.NamedNode((namespaces.VOCABULARY | {"hydra": HYDRA})[prefix] + local)


TYPE = term("rdf:type")
NAMING = tuple(map(term, _LABELS))


class Statements:
    """Triples, to be looked up by subject and property."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = tuple(triples)
        self._about: dict[object, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for triple in self.triples:
            if not isinstance(triple.object, ox.Triple):
                self._about[triple.subject][triple.predicate.value].append(triple.object)

    def about(self, node: object) -> dict[str, list[Term]]:
        """What is said of a node, by property."""
        return self._about.get(node, {})

    def values(self, node: object, short: str) -> list[Term]:
        """The values of one property, written as `hrc:date`."""
        return self.about(node).get(term(short).value, [])

    def nodes(self, node: object, short: str) -> list[ox.NamedNode]:
        """The values of one property that have an IRI."""
        return [value for value in self.values(node, short) if isinstance(value, ox.NamedNode)]

    def first(self, node: object, short: str) -> Term | None:
        """One value of a property; in the reader's language, if it is a text in several."""
        return best(self.values(node, short))

    def text(self, node: object, short: str) -> str:
        """One value of a property as text; empty when there is none."""
        found = self.first(node, short)
        return found.value if found else ""

    def members(self, node: object) -> Iterator[Term]:
        """What an RDF list holds."""
        while items := self.values(node, "rdf:first"):
            yield items[0]
            node = self.values(node, "rdf:rest")[0]


@dataclass(frozen=True)
class Document:
    """The graph about one thing, and which page of what points to it."""

    path: str
    """Of the thing's IRI on this server, without its first slash: `id/gov/id-lahat`."""
    thing: ox.NamedNode
    iri: str
    """Of the document itself."""
    statements: Statements
    pointing: tuple[tuple[ox.NamedNode, ox.NamedNode], ...]
    """Who points to the thing and with which property, as far as this page goes."""
    counts: dict[str, int]
    """How many point to it with each property, on all pages."""
    page: int
    snapshot: str
    release: str = ""
    """The IRI of the release that the document is of; empty for the live data."""

    @property
    def pages(self) -> int:
        """So many pages there are."""
        return max(1, -(-self.total // POINTING))

    @property
    def total(self) -> int:
        """So many statements point to the thing."""
        return sum(self.counts.values())

    @property
    def licence(self) -> str:
        """Under which the document may be used."""
        first = self.path.partition("/")[0]
        return LICENCE_OF_TERMS if first in ("ontology", "def", "shape", "shapes") else LICENCE_OF_DATA

    @cached_property
    def triples(self) -> tuple[ox.Triple, ...]:
        """All of it, in an order that is always the same."""
        document = ox.NamedNode(self.iri)
        said = [
            ox.Triple(document, TYPE, term("foaf:Document")),
            ox.Triple(document, term("foaf:primaryTopic"), self.thing),
            ox.Triple(document, term("dcterms:license"), ox.NamedNode(self.licence)),
        ]
        if self.release:
            said.append(ox.Triple(document, term("dcterms:isPartOf"), ox.NamedNode(self.release)))
        if self.pages > 1:
            view = ox.NamedNode(f"{self.iri}?page={self.page}")
            said.append(ox.Triple(document, term("hydra:view"), view))
            said.append(ox.Triple(view, TYPE, term("hydra:PartialCollectionView")))
            for name, number in (("hydra:previous", self.page - 1), ("hydra:next", self.page + 1)):
                if 1 <= number <= self.pages:
                    said.append(ox.Triple(view, term(name), ox.NamedNode(f"{self.iri}?page={number}")))
        return tuple(sorted({*said, *self.statements.triples}, key=str))


class Documents:
    """Asks the engine for what documents say, each from one snapshot."""

    def __init__(self, answers: Answers, settings: Settings, links: Links) -> None:
        self._answers = answers
        self._settings = settings
        self._links = links

    async def find(self, path: str, client: str, page: int = 1) -> Document:
        """The document about the thing at a path. The seconds count against the client.

        Raises `NotFound`, `Gone` for a thing that was withdrawn, or what the engine raises.
        """
        for _ in range(_ATTEMPTS):
            asking = _Asking(self._answers, self._settings, client)
            document = await self._find(path, page, asking)
            if asking.snapshots == {document.snapshot}:
                return document
        raise Busy("The data change faster than they can be read.", "Ask again when they rest.")

    async def exists(self, path: str, client: str) -> None:
        """Nothing, or what `find` raises."""
        await self._own(path, _Asking(self._answers, self._settings, client))

    async def rows(self, text: str, client: str) -> list[dict[str, str]]:
        """The solutions of a SELECT, values as text."""
        return await _Asking(self._answers, self._settings, client).rows(text)

    async def graph(self, text: str, client: str) -> Statements:
        """What a CONSTRUCT or DESCRIBE finds."""
        return Statements(await _Asking(self._answers, self._settings, client).graph(text))

    async def _own(self, path: str, asking: _Asking) -> tuple[ox.NamedNode, Statements]:
        try:
            thing = ox.NamedNode(namespaces.at(path, self._settings.base))
        except ValueError:
            raise NotFound(f"“{path[:200]}” is not the address of anything.", "Follow a link from /.") from None
        own = Statements(await asking.graph(f"DESCRIBE {thing}"))
        if not own.about(thing):
            raise NotFound(f"Nothing is known of {thing.value[:200]}.", "Look for it at /sparql.")
        if path.startswith("id/") and any(value.value == "true" for value in own.values(thing, "owl:deprecated")):
            rows = await asking.rows(_SUCCESSORS % {"thing": thing})
            after = tuple(row["next"] for row in rows)
            reason = own.text(thing, "skos:changeNote")
            instead = f"In its place: {', '.join(after)}." if after else ""
            raise Gone(f"{thing.value} was withdrawn.", f"{reason} {instead}".strip(), successors=after)
        return thing, own

    async def _find(self, path: str, page: int, asking: _Asking) -> Document:
        thing, own = await self._own(path, asking)
        iri = self._settings.base + self._links.document(path)[1:]
        release = f"{self._settings.base}{self._links.start[1:]}/" if self._links.release else ""
        whole = _whole(path, own, thing)
        if whole:
            said = await asking.graph(_WHOLE % {"graph": f"{self._settings.base}graph/{whole}"})
            if page != 1:
                raise NotFound(f"This document has no page {page}.", "It is one page.")
            return Document(path, thing, iri, Statements({*own.triples, *said}), (), {}, 1, asking.snapshot, release)
        asked = {"thing": thing, "limit": POINTING, "offset": (page - 1) * POINTING}
        counts = {row["link"]: int(row["n"]) for row in await asking.rows(_COUNTS % asked)}
        pages = max(1, -(-sum(counts.values()) // POINTING))
        if page > pages:
            raise NotFound(f"This document has no page {page}.", f"Its last page is {pages}.")
        pointing = tuple(
            (ox.NamedNode(row["other"]), ox.NamedNode(row["link"]))
            for row in (await asking.rows(_POINTING % asked) if counts else [])
        )
        triples = {*own.triples, *await asking.graph(_AROUND % asked)}
        triples |= {ox.Triple(other, link, thing) for other, link in pointing}
        if pointing:
            triples |= set(await asking.graph(_OTHERS % _listed(other for other, _ in pointing)))
        if unnamed := _unnamed(triples):
            triples |= set(await asking.graph(_NAMED % _listed(unnamed)))
        return Document(path, thing, iri, Statements(triples), pointing, counts, page, asking.snapshot, release)


class _Asking:
    """Asks for one document, and notes of which snapshots the answers speak."""

    def __init__(self, answers: Answers, settings: Settings, client: str) -> None:
        self.snapshot = answers.engine.snapshot
        self.snapshots = {self.snapshot}
        self._answers = answers
        self._base = settings.base
        self._client = client

    async def rows(self, text: str) -> list[dict[str, str]]:
        found = json.loads(await self._ask(text))["results"]["bindings"]
        return [{name: value["value"] for name, value in row.items()} for row in found]

    async def graph(self, text: str) -> list[ox.Triple]:
        return [quad.triple for quad in ox.parse(await self._ask(text), format=ox.RdfFormat.N_TRIPLES)]

    async def _ask(self, text: str) -> bytes:
        question = Question(_PREFIXES + text, formats.JSON, formats.N_TRIPLES, self._base, own=True)
        answer = await self._answers.ask(question, self._client)
        self.snapshots.add(answer.snapshot)
        return answer.body


def best(values: Iterable[Term]) -> Term | None:
    """The value in the reader's language, else in the one that most readers know."""
    order = tuple(dict.fromkeys((READER.get().language, "en", "id", "es", "fr", "ca", "")))

    def rank(value: Term) -> tuple[int, str]:
        language = (value.language or "") if isinstance(value, ox.Literal) else ""
        return (order.index(language) if language in order else len(order), value.value)

    return min(values, key=rank, default=None)


def _whole(path: str, own: Statements, thing: ox.NamedNode) -> str:
    """The graph that the document about a scheme or an ontology is; empty for anything else."""
    if path in ("ontology", "shapes"):
        return path
    if term("skos:ConceptScheme") in own.values(thing, "rdf:type"):
        return "vocabularies/" + path.rpartition("/")[2]
    return ""


def _listed(nodes: Iterable[ox.NamedNode]) -> dict[str, str]:
    return {"others": " ".join(dict.fromkeys(map(str, nodes))), "labels": ", ".join(_LABELS)}


def _unnamed(triples: Iterable[ox.Triple]) -> list[ox.NamedNode]:
    """The nodes that triples speak of without a name, but for the passages that other things cite."""
    triples = tuple(triples)
    named = {triple.subject for triple in triples if triple.predicate in NAMING}
    cites = term("hrc:cites")
    found = {triple.object for triple in triples if triple.predicate != cites}
    return sorted((node for node in found if isinstance(node, ox.NamedNode) and node not in named), key=str)
