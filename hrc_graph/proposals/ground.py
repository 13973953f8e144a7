"""What proposals and acts are read against: every graph of one state of the data, and what is made of it once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.engine import snapshots
from hrc_graph.names import NameIndex
from hrc_graph.records import Term
from hrc_graph.tables import cells, kinds
from hrc_graph.tables.decisions import Decisions
from hrc_graph.tables.merging import Stored
from hrc_graph.workspace import Workspace

_PROLOGUE = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.VOCABULARY.items())
_IRI = re.compile(r"https?://[^\s<>\"{}|\\^`,;()“”]*[^\s<>\"{}|\\^`,;().:“”]")
_NAMES = ("skos:prefLabel", "foaf:name", "dcterms:title", "rdfs:label", "hrc:locator")


class Ground:
    """One state of the graph. Make a new one when the data changed: it remembers what it read."""

    def __init__(self, workspace: Workspace, store: ox.Store | None = None) -> None:
        """`store` holds all graphs and what follows from them; without it the files are read, which takes seconds."""
        self.workspace = workspace
        self.base = workspace.settings.base
        self.store = store if store is not None else snapshots.load(workspace.files, base=self.base)

    @cached_property
    def names(self) -> NameIndex:
        """Every thing by its names and codes."""
        return NameIndex.of(self.store, base=self.base)

    @cached_property
    def vocabularies(self) -> cells.Vocabularies:
        """The concepts by their labels."""
        return cells.Vocabularies(self.store)

    @cached_property
    def pages(self) -> Mapping[str, str]:
        """By the end of a host, the kind of the sources that are there."""
        return kinds.load(self.workspace.root / "ontology" / "tables")["source"].columns["page"].pages

    def decisions(self) -> Decisions:
        """What was decided before, to be added to."""
        return Decisions(self.store, self.base)

    def dossiers(self, decisions: Decisions | None = None) -> Stored:
        """The dossiers, to be changed in memory."""
        decisions = decisions or self.decisions()
        return Stored(self.store, self.base, decisions.rank, self.vocabularies.narrower)

    def node(self, path: str) -> ox.NamedNode:
        """The node of a thing at a path below `id/`."""
        return ox.NamedNode(f"{self.base}id/{path}")

    def iri(self, text: str) -> str:
        """The IRI of a short one such as `gov:id-lahat`; any other text as it is."""
        prefix, colon, local = text.partition(":")
        space = namespaces.prefixes(self.base).get(prefix) if colon and not local.startswith("//") else None
        return f"{space}{local}" if space else text

    def values(self, iri: str, predicate: str) -> list[Term]:
        """What is shown of a thing for a property, such as `hrc:date` or its IRI: each value once, in a fixed order."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:
            return []
        prop = ox.NamedNode(predicate) if "://" in predicate else cells.short_iri(predicate)
        quads = self.store.quads_for_pattern(node, prop, None, None)
        found = {quad.object for quad in quads if isinstance(quad.object, ox.NamedNode | ox.Literal)}
        return sorted(found, key=str)

    def value(self, iri: str, predicate: str) -> str:
        """The first such value as text; "" when there is none."""
        return next((str(term.value) for term in self.values(iri, predicate)), "")

    def is_a(self, iri: str, *classes: str) -> bool:
        """Whether a thing is of one of these classes, at once or by a narrower class; with none, whether it exists."""
        held = {str(term.value) for term in self.values(iri, "rdf:type")}
        wanted = {cells.short_iri(name).value for name in classes}
        return bool(held) if not wanted else any(wanted & self.broader(each) for each in held)

    def broader(self, iri: str) -> set[str]:
        """A class and all that it is a subclass of."""
        found, waiting = {iri}, [iri]
        while waiting:
            above = {str(term.value) for term in self.values(waiting.pop(), "rdfs:subClassOf")} - found
            found |= above
            waiting += above
        return found

    def name(self, iri: str, language: str = "en") -> str:
        """What a thing is called in a language, else in another; its short IRI when it has no name."""
        for predicate in _NAMES:
            terms = [term for term in self.values(iri, predicate) if isinstance(term, ox.Literal)]
            if terms:
                order = {"en": 1, "id": 2} | {language: 0}
                return min(terms, key=lambda term: (order.get(term.language or "", 3), term.language or "")).value
        return namespaces.short(iri, self.base)

    def worded(self, messages: Mapping[str, str]) -> dict[str, str]:
        """Messages by language, with the names of things in place of their IRIs."""
        found = {}
        for language, text in messages.items():
            names = {iri: f"“{self.name(iri, language)}”" for iri in _IRI.findall(text)}
            found[language] = _IRI.sub(lambda iri, names=names: names[iri[0]], text)  # type: ignore[misc]
        return found

    def concept(self, scheme: str, text: str) -> str:
        """The IRI of a concept by its IRI, slug or label; "" when the scheme, such as `kind/place-kind`, has none."""
        slug = text.removeprefix(f"{namespaces.VOCAB}{scheme.partition('/')[0]}/")
        try:
            return self.vocabularies.find(slug, scheme).value if slug else ""
        except cells.CellError:
            return ""

    def select(self, pattern: str, **given: str) -> list[dict[str, str]]:
        """The solutions of a SELECT over all graphs, values as text; `given` are IRIs that stand for variables."""
        for name, iri in given.items():
            pattern = re.sub(rf"\?{name}\b", str(ox.NamedNode(iri)), pattern)
        results = self.store.query(_PROLOGUE + pattern, use_default_graph_as_union=True)
        assert isinstance(results, ox.QuerySolutions)
        body = results.serialize(format=ox.QueryResultsFormat.JSON)
        assert body
        bound: Iterable[dict[str, dict[str, str]]] = json.loads(body)["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in bound]
