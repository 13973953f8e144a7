"""Adds statements to dossiers without losing what they say already.

A second name in a language becomes another name. A second value of a detail that can have only one
becomes a claim beside the first, each with its own evidence: nothing is overwritten, and which one is
shown is decided by ranks. A second spelling of the same date is such a claim too, and the narrower shows.
Only of a wider and a narrower value for the same thing is the narrower kept alone, for it says both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pyoxigraph as ox

from hrc_graph import namespaces, records
from hrc_graph.files import Files
from hrc_graph.records import Term

_V = namespaces.VOCABULARY


def _named(prefix: str, local: str) -> ox.NamedNode:
    return ox.NamedNode(_V[prefix] + local)


TYPE, CITES, KIND = _named("rdf", "type"), _named("hrc", "cites"), _named("dcterms", "type")
LABEL = _named("skos", "prefLabel")
_OTHER_NAMES = {
    LABEL: _named("skos", "altLabel"),
    _named("dcterms", "title"): _named("dcterms", "alternative"),
}
"""Names of which a thing has one a language, and where a second one goes."""
CLAIM = _named("hrc", "Claim")
SUBJECT, PREDICATE, OBJECT = _named("rdf", "subject"), _named("rdf", "predicate"), _named("rdf", "object")
MATTER, BASIS = _named("hrc", "matter"), _named("hrc", "basis")
RANK, NORMAL = _named("wikibase", "rank"), _named("wikibase", "NormalRank")
SINGLE = frozenset(
    _named("hrc", local)
    for local in ("date", "endedOn", "due", "number", "ordinal", "attendance", "programmeYear", "count", "outOf")
)
"""What a thing has one of, though sources may differ: the shapes that end in `-one`."""
_FIRST = frozenset((KIND, _named("dcterms", "issued"), _named("dcterms", "language")))
"""What we say of a thing ourselves, or what describes a source, which cites none: the first stands."""
_PART_OF = _named("hrc", "partOf")
_NARROWED = frozenset((KIND, _PART_OF, _named("hrc", "under")))
"""Of a wider and a narrower value of these, the narrower says both."""

Narrower = Callable[[str, str], bool]
"""Whether one concept of the vocabularies stands under another."""
Ranking = Callable[[ox.NamedNode], dict[ox.NamedNode, ox.NamedNode] | None]
"""For a claim, the rank and reason that were decided for it, if they were."""


def cited_source(citation: ox.NamedNode) -> str:
    """The slug of the source of a citation, which its IRI begins with."""
    return citation.value.rpartition("/")[2].partition("--")[0]


class Dossiers:
    """The dossiers of a workspace as sets of triples, read when asked for, changed in memory only."""

    def __init__(
        self,
        files: Files,
        base: str,
        ranking: Ranking = lambda _claim: None,
        narrower: Narrower = lambda _one, _other: False,
    ) -> None:
        self.base = base
        self._narrower = narrower
        self._ranking = ranking
        self._paths: dict[str, Path] = files.dossiers()
        self._about: dict[str, dict[ox.NamedNode, dict[ox.NamedNode, dict[Term, None]]]] = {}
        self._touched: set[str] = set()
        self.graph_of: dict[str, str] = {}
        """The dossier that each thing is described in."""
        for name in self._paths:
            for subject in self._graph(name):
                self.graph_of[subject.value] = name

    def _read(self, name: str) -> Iterable[ox.Triple]:
        """What a dossier says as it stands."""
        path = self._paths.get(name)
        return records.read(path.read_bytes(), base=self.base, name=str(path)) if path else ()

    def _written(self, name: str) -> bytes | None:
        """The text of a dossier as it stands; None where there is none."""
        return self._paths[name].read_bytes() if name in self._paths else None

    def _graph(self, name: str) -> dict[ox.NamedNode, dict[ox.NamedNode, dict[Term, None]]]:
        if name not in self._about:
            about: dict[ox.NamedNode, dict[ox.NamedNode, dict[Term, None]]] = {}
            for triple in self._read(name):
                assert isinstance(triple.subject, ox.NamedNode)
                assert not isinstance(triple.object, ox.Triple)
                about.setdefault(triple.subject, {}).setdefault(triple.predicate, {})[triple.object] = None
            self._about[name] = about
        return self._about[name]

    def _open(self, name: str) -> dict[ox.NamedNode, dict[ox.NamedNode, dict[Term, None]]]:
        """What a dossier says, to be changed."""
        self._touched.add(name)
        return self._graph(name)

    def has(self, subject: ox.NamedNode) -> bool:
        """Whether a thing is described anywhere."""
        return subject.value in self.graph_of

    def values(self, subject: ox.NamedNode, predicate: ox.NamedNode) -> list[Term]:
        """What is written plainly about a thing."""
        name = self.graph_of.get(subject.value)
        return list(self._graph(name).get(subject, {}).get(predicate, {})) if name else []

    def about(self, subject: ox.NamedNode) -> dict[ox.NamedNode, list[Term]]:
        """All that is written about a thing, by property."""
        name = self.graph_of.get(subject.value)
        said = self._graph(name).get(subject, {}) if name else {}
        return {predicate: list(values) for predicate, values in said.items()}

    def add(
        self,
        name: str,
        subject: ox.NamedNode,
        predicate: ox.NamedNode,
        value: Term,
        cited: Iterable[ox.NamedNode] = (),
    ) -> ox.NamedNode:
        """Say one more thing; returns the node that now holds it: the subject, or a claim about it."""
        name = self.graph_of.setdefault(subject.value, name)
        statements = self._open(name).setdefault(subject, {})
        if predicate in _OTHER_NAMES:
            return self._name(statements, subject, predicate, value)
        held = statements.get(predicate, {})
        claims = self.claims(name, subject, predicate)
        for node in self._inferred(name, claims):
            del self._graph(name)[node], self.graph_of[node.value], claims[node]  # it is said now
        if value == subject or value in held or value in claims.values():
            return subject
        if predicate in _NARROWED:
            if any(self._within(earlier, value) for earlier in (*held, *claims.values())):
                return subject
            for earlier in [earlier for earlier in held if self._within(value, earlier)]:
                del held[earlier]
        if predicate in _FIRST and (held or claims):
            return subject
        if claims or (predicate in SINGLE and held):
            evidence = [term for term in statements.get(CITES, {}) if isinstance(term, ox.NamedNode)]
            for earlier in list(held):
                self.claim(name, subject, predicate, earlier, evidence)
            statements.pop(predicate, None)
            return self.claim(name, subject, predicate, value, cited)
        statements.setdefault(predicate, {})[value] = None
        return subject

    def infer(
        self,
        subject: ox.NamedNode,
        predicate: ox.NamedNode,
        value: Term,
        cited: Iterable[ox.NamedNode],
        basis: ox.NamedNode,
    ) -> None:
        """Claim what follows from a source on a weaker basis, where no source says anything of it."""
        name = self.graph_of[subject.value]
        if not self.values(subject, predicate) and not self.claims(name, subject, predicate):
            self.claim(name, subject, predicate, value, cited, [(BASIS, basis)])

    def confirm(
        self, subject: ox.NamedNode, predicate: ox.NamedNode, value: Term, cited: Iterable[ox.NamedNode]
    ) -> None:
        """State what was inferred so far, for these sources say it; of what was not inferred, nothing changes."""
        name = self.graph_of[subject.value]
        claims = self.claims(name, subject, predicate)
        if value in (claims[node] for node in self._inferred(name, claims)):
            self.add(name, subject, predicate, value)
            for citation in cited:
                self.add(name, subject, CITES, citation)

    def _inferred(self, name: str, claims: Iterable[ox.NamedNode]) -> list[ox.NamedNode]:
        return [node for node in claims if BASIS in self._graph(name)[node]]

    def drop(self, subject: ox.NamedNode, predicate: ox.NamedNode, value: Term | None = None) -> list[Term]:
        """Say a thing no more, or with no value nothing of this property; returns what was said."""
        said = self._open(self.graph_of[subject.value]).get(subject, {})
        held = said.get(predicate, {})
        gone = [term for term in held if value in (None, term)]
        for term in gone:
            del held[term]
        if not held:
            said.pop(predicate, None)
        return gone

    def put(self, name: str, subject: ox.NamedNode, predicate: ox.NamedNode, value: Term) -> None:
        """Say exactly this, in this dossier."""
        self.graph_of.setdefault(subject.value, name)
        self._open(name).setdefault(subject, {}).setdefault(predicate, {})[value] = None

    def _within(self, one: Term, other: Term) -> bool:
        """Whether one thing is a part of another, or one concept narrower."""
        seen: set[Term] = set()
        wider: list[Term] = [one]
        while wider:
            node = wider.pop()
            if isinstance(node, ox.NamedNode) and node not in seen:
                seen.add(node)
                wider += self.values(node, _PART_OF)
        nodes = isinstance(one, ox.NamedNode) and isinstance(other, ox.NamedNode)
        return other in seen or (nodes and self._narrower(one.value, other.value))

    def claims(self, name: str, subject: ox.NamedNode, predicate: ox.NamedNode) -> dict[ox.NamedNode, Term]:
        """The written claims about one detail of a thing, with their values."""
        return {
            node: next(iter(said[OBJECT]))
            for node, said in self._graph(name).items()
            if said.get(SUBJECT) == {subject: None} and said.get(PREDICATE) == {predicate: None}
        }

    def claim(
        self,
        name: str,
        subject: ox.NamedNode,
        predicate: ox.NamedNode,
        value: Term,
        cited: Iterable[ox.NamedNode],
        more: Sequence[tuple[ox.NamedNode, Term]] = (),
    ) -> ox.NamedNode:
        """Write a claim, with the rank that was decided for it before, else a normal one."""
        evidence = sorted(set(cited), key=lambda node: node.value)
        before = self._said(name, (subject, predicate, value), evidence, more)
        if before is not None:
            for prop, term in more:
                self._open(name)[before].setdefault(prop, {})[term] = None
            return before
        matter = next((str(term.value) for prop, term in more if prop == MATTER), "")
        node = records.claim_iri(ox.Triple(subject, predicate, value), evidence, base=self.base, matter=matter)
        about = self._open(name)
        if node not in about:
            decided = self._ranking(node) or {RANK: NORMAL}
            about[node] = {
                TYPE: {CLAIM: None},
                SUBJECT: {subject: None},
                PREDICATE: {predicate: None},
                OBJECT: {value: None},
                CITES: dict.fromkeys(evidence),
                **{prop: {term: None} for prop, term in decided.items()},
                **{prop: {term: None} for prop, term in more},
            }
            self.graph_of[node.value] = name
        return node

    def _said(
        self,
        name: str,
        said: tuple[ox.NamedNode, ox.NamedNode, Term],
        evidence: Iterable[ox.NamedNode],
        more: Iterable[tuple[ox.NamedNode, Term]],
    ) -> ox.NamedNode | None:
        """The claim that says this already, on the same matter and from all these sources."""
        subject, predicate, value = said
        matter = {term: None for prop, term in more if prop == MATTER}
        sources = {cited_source(node) for node in evidence}
        for node, held in self.claims(name, subject, predicate).items():
            claim = self._graph(name)[node]
            known = {cited_source(term) for term in claim.get(CITES, {}) if isinstance(term, ox.NamedNode)}
            if held == value and claim.get(MATTER, {}) == matter and sources <= known:
                return node
        return None

    def contest(self, subject: ox.NamedNode, predicate: ox.NamedNode, others: Mapping[Term, set[ox.NamedNode]]) -> None:
        """Turn what is written plainly about a detail into claims, so that others can stand beside it.

        What only those others cite is no evidence for it.
        """
        name = self.graph_of[subject.value]
        statements = self._open(name)[subject]
        cited = [term for term in statements.get(CITES, {}) if isinstance(term, ox.NamedNode)]
        for held in statements.pop(predicate, {}):
            against = {node for value, nodes in others.items() if value != held for node in nodes}
            evidence = [node for node in cited if node not in against - others.get(held, set())] or cited
            if held not in self.claims(name, subject, predicate).values():
                self.claim(name, subject, predicate, held, evidence)

    def changed(self) -> dict[str, bytes]:
        """The dossiers of which something was said and whose canonical text differs from the file, with that text."""
        found = {}
        for name in sorted(self._touched):
            about = self._about[name].items()
            triples = [ox.Triple(s, p, o) for s, said in about for p, values in said.items() for o in values]
            text = records.write(triples, base=self.base).encode() if triples else b""
            if text and self._written(name) != text:
                found[name] = text
        return found

    @staticmethod
    def _name(
        statements: dict[ox.NamedNode, dict[Term, None]], subject: ox.NamedNode, predicate: ox.NamedNode, value: Term
    ) -> ox.NamedNode:
        assert isinstance(value, ox.Literal)
        held = statements.setdefault(predicate, {})
        same = [term for term in held if isinstance(term, ox.Literal) and term.language == value.language]
        if value.language == "und" and any(term.value == value.value for term in held):
            return subject  # it is the same in another language
        if not same:
            held[value] = None
        elif value not in held:
            statements.setdefault(_OTHER_NAMES[predicate], {})[value] = None
        return subject


class Stored(Dossiers):
    """The dossiers of a store of all graphs, in place of files."""

    def __init__(
        self,
        store: ox.Store,
        base: str,
        ranking: Ranking = lambda _claim: None,
        narrower: Narrower = lambda _one, _other: False,
    ) -> None:
        self.base, self._store, self._ranking, self._narrower = base, store, ranking, narrower
        self._about, self._touched = {}, set()
        self.graph_of = {}
        ours = f"{base}graph/"
        kinds = ("derived/", "vocabularies/")
        for quad in store.quads_for_pattern(None, None, None, None):
            name = str(quad.graph_name.value).removeprefix(ours) if isinstance(quad.graph_name, ox.NamedNode) else ""
            if isinstance(quad.subject, ox.NamedNode) and "/" in name and not name.startswith(kinds):
                self.graph_of[quad.subject.value] = name

    def _read(self, name: str) -> Iterable[ox.Triple]:
        graph = ox.NamedNode(f"{self.base}graph/{name}")
        return (quad.triple for quad in self._store.quads_for_pattern(None, None, None, graph))

    def _written(self, name: str) -> bytes | None:
        triples = list(self._read(name))
        return records.write(triples, base=self.base).encode() if triples else None
