"""Sources and passages: found by their address where they are recorded, named where they are new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.proposals import Evidence, Problem, Source
from hrc_graph.proposals.ground import Ground
from hrc_graph.records import Term
from hrc_graph.tables import cells
from hrc_graph.tables.merging import CITES, TYPE, Dossiers, cited_source
from hrc_graph.tables.rows import slug

_SOURCE, _LOCATOR, _QUOTE = (cells.short_iri(f"hrc:{name}") for name in ("source", "locator", "quote"))
_PAGE = cells.short_iri("foaf:page")
_EDTF = cells.short_iri("edtf:EDTF")
_WHOLE = "whole page"
_LONGEST = 60
"""So long is the slug of a new source at most."""


def messages(ground: Ground, shape: str) -> dict[str, str]:
    """By language, what a shape such as `Date` says to who broke it."""
    said = ground.values(namespaces.SHAPE + shape, "sh:message")
    return {term.language or "": term.value for term in said if isinstance(term, ox.Literal)}


def problems(evidence: Iterable[Evidence], field: str, ground: Ground) -> Iterator[Problem]:
    """What keeps passages from being recorded; that there is none at all."""
    cited = tuple(evidence)
    if not cited:
        yield Problem(f"{field}.evidence", messages(ground, "Cites"))
    for number, passage in enumerate(cited):
        place, source = f"{field}.evidence.{number}", passage.source
        if isinstance(source, str):
            if not ground.is_a(source, "hrc:Source"):
                yield Problem(f"{place}.source", messages(ground, "Citation-source"))
            continue
        checks = (("url", source.url, cells.link, "Page"), ("date", source.date, cells.date, "Source-issued"))
        for name, text, read, shape in checks:
            if text and not _reads(read, text):
                yield Problem(f"{place}.source.{name}", messages(ground, shape))
        if not source.url and not source.title:
            yield Problem(f"{place}.source.url", messages(ground, "Page"))
        if source.kind and not ground.concept("kind/source-kind", source.kind):
            yield Problem(f"{place}.source.kind", messages(ground, "Kind"))
        if source.language and not _reads(cells.language_concept, source.language):
            yield Problem(f"{place}.source.language", messages(ground, "Source-language"))


def recorded(url: str, ground: Ground) -> str:
    """The IRI of the source at a web address; "" when none is recorded."""
    bare = url.partition("#")[0].rstrip("/")
    for address in (url, bare, bare + "/"):
        try:
            quads = ground.store.quads_for_pattern(None, _PAGE, cells.link(address), None)
        except (cells.CellError, ValueError):
            return ""
        found = sorted(quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode))
        sources = [iri for iri in found if iri.startswith(f"{ground.base}id/source/")]
        if sources:
            return sources[0]
    return ""


def titled(source: Source) -> str:
    """The title of a new source: its address without the scheme, if none is given."""
    return source.title or source.url.partition("://")[2].rstrip("/")


class Archive:
    """Writes sources and citations into dossiers, each once."""

    def __init__(self, ground: Ground, dossiers: Dossiers) -> None:
        self.ground, self.dossiers = ground, dossiers
        self._made: dict[str, ox.NamedNode] = {}

    def cite(self, evidence: Evidence) -> ox.NamedNode:
        """The citation of a passage, with its source; both are recorded when they are new."""
        source = self.source(evidence.source)
        part = slug(evidence.locator)[:_LONGEST].strip("-") or "page"
        own = source.value.rpartition("/")[2]
        node = self.ground.node(f"cite/{own}--{part}")
        graph = self.dossiers.graph_of.get(source.value, f"sources/{own}")
        if not self.dossiers.has(node):
            self.dossiers.add(graph, node, TYPE, cells.short_iri("hrc:Citation"))
            self.dossiers.add(graph, node, _SOURCE, source)
            self.dossiers.add(graph, node, _LOCATOR, ox.Literal(evidence.locator or _WHOLE))
        if evidence.quote:
            told = "" if isinstance(evidence.source, str) else evidence.source.language
            language = evidence.quote_language or told or cells.language_of(evidence.quote)
            self.dossiers.put(graph, node, _QUOTE, ox.Literal(evidence.quote, language=language))
        return node

    def rest_on(self, node: ox.NamedNode, graph: str, citations: Iterable[ox.NamedNode]) -> None:
        """Let a record cite passages; a whole page only where no closer passage of it is cited."""
        for citation in citations:
            held = [term for term in self.dossiers.values(node, CITES) if isinstance(term, ox.NamedNode)]
            if not citation.value.endswith("--page") or cited_source(citation) not in map(cited_source, held):
                self.dossiers.add(graph, node, CITES, citation)

    def free(self, path: str, also: str = "") -> ox.NamedNode:
        """The node at a path that nothing has yet: with `also` behind it, or a number, where something has."""
        node, number = self.ground.node(path), 1
        if self.dossiers.has(node) and also:
            node = self.ground.node(f"{path}-{also}")
        while self.dossiers.has(node):
            number += 1
            node = self.ground.node(f"{path}-{number}")
        return node

    def source(self, source: str | Source) -> ox.NamedNode:
        """The source of that IRI or address; a new one is recorded."""
        if isinstance(source, str):
            return ox.NamedNode(source)
        key = source.url or source.title
        if key not in self._made:
            known = recorded(source.url, self.ground) if source.url else ""
            self._made[key] = ox.NamedNode(known) if known else self._new(source)
        return self._made[key]

    def _new(self, source: Source) -> ox.NamedNode:
        host = (urlsplit(source.url).hostname or "").removeprefix("www.")
        words = slug(f"{host.rpartition('.')[0] or host} {source.title}")[:_LONGEST].strip("-")
        node = self.free(f"source/{words or 'source'}")
        language = (source.title and (source.language or cells.language_of(source.title))) or "und"
        kind = self.ground.concept("kind/source-kind", source.kind)
        if not kind and source.url:
            kind = self.ground.iri(cells.of_page(source.url, self.ground.pages))
        said: list[tuple[str, Term | None]] = [
            ("rdf:type", cells.short_iri("hrc:Source")),
            ("dcterms:title", ox.Literal(titled(source), language=language)),
            ("dcterms:type", ox.NamedNode(kind) if kind else None),
            ("foaf:page", cells.link(source.url) if source.url else None),
            ("dcterms:publisher", ox.Literal(source.publisher) if source.publisher else None),
            ("dcterms:issued", ox.Literal(cells.date(source.date), datatype=_EDTF) if source.date else None),
            ("dcterms:language", cells.language_concept(source.language) if source.language else None),
        ]
        for predicate, value in said:
            if value is not None:
                graph = f"sources/{node.value.rpartition('/')[2]}"
                self.dossiers.add(graph, node, cells.short_iri(predicate), value)
        return node


def _reads(read: object, text: str) -> bool:
    try:
        read(text)  # type: ignore[operator]
    except cells.CellError:
        return False
    return True
