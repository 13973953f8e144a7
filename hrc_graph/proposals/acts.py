"""What the secretariat does to records that are there: a withdrawal, a new name, a merger, a split, a double retired.

Each act gives the new text of the dossiers that it changes; `effect` says what that means, publishing writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyoxigraph as ox

from hrc_graph import namespaces, records
from hrc_graph.errors import BadInput
from hrc_graph.proposals import Evidence, Problem
from hrc_graph.proposals.evidence import Archive, problems
from hrc_graph.proposals.ground import Ground
from hrc_graph.records import Term
from hrc_graph.tables import cells
from hrc_graph.tables.merging import CITES, LABEL, MATTER, OBJECT, PREDICATE, SUBJECT
from hrc_graph.tables.rows import slug

_ALSO = cells.short_iri("skos:altLabel")
_ENDED, _PRIMARY = cells.short_iri("hrc:endedOn"), cells.short_iri("hrc:primaryPlace")
_REPLACED, _CHANGE_NOTE = cells.short_iri("dcterms:isReplacedBy"), cells.short_iri("skos:changeNote")
_EDTF = cells.short_iri("edtf:EDTF")
_TRUE = ox.Literal("true", datatype=cells.short_iri("xsd:boolean"))


def withdraw(commitment: str, date: str, evidence: Sequence[Evidence], ground: Ground) -> dict[str, bytes]:
    """Let a commitment end on a date, as people write it; the commitment itself stays, with its evidence.

    The end is a claim that rests on this evidence alone. Raises `BadInput`.
    """
    if not ground.is_a(commitment, "hrc:Commitment"):
        raise BadInput(f"{_short(commitment, ground)} is no commitment.", "Name one, such as act:id-lahat--joined--….")
    acting = _Acting(ground)
    acting.end(ox.NamedNode(commitment), _date(date), acting.cited(evidence))
    return acting.changed()


def rename(
    thing: str,
    names: Mapping[str, str],
    date: str,
    evidence: Sequence[Evidence],
    ground: Ground,
    *,
    law: str = "",
) -> dict[str, bytes]:
    """Let a government or place bear new names, by language; the old ones stay as other names.

    The renaming is recorded as an act of its own, on a date, under the law that made it, if one is recorded.
    Raises `BadInput`.
    """
    acting = _Acting(ground)
    node = acting.known(thing, "hrc:LocalGovernment", "hrc:Place")
    if not any(name.strip() for name in names.values()):
        raise BadInput("No new name was given.", "Write the name in at least one language.")
    cited = acting.cited(evidence)
    dossiers, graph = acting.dossiers, acting.dossiers.graph_of[thing]
    for language, name in names.items():
        for old in dossiers.values(node, LABEL):
            if isinstance(old, ox.Literal) and old.language == language and old.value != name:
                dossiers.drop(node, LABEL, old)
                dossiers.put(graph, node, _ALSO, old)
        new = ox.Literal(name.strip(), language=language)
        dossiers.drop(node, _ALSO, new)
        dossiers.put(graph, node, LABEL, new)
    acting.archive.rest_on(node, graph, cited)
    acting.change("renaming", [node], [node], date, cited, law)
    return acting.changed()


def merge(
    governments: Sequence[str],
    into: str,
    date: str,
    evidence: Sequence[Evidence],
    ground: Ground,
    *,
    law: str = "",
) -> dict[str, bytes]:
    """Let two or more governments become one, which may be one of them.

    The others end on the date and say what replaced them; their records and acts stay where they are, as what was
    done before. Their places end with them. Raises `BadInput`.
    """
    acting = _Acting(ground)
    before = [acting.known(each, "hrc:LocalGovernment") for each in dict.fromkeys(governments)]
    after = acting.known(into, "hrc:LocalGovernment")
    if len({*before, after}) < 2:
        raise BadInput("A merger needs two governments.", "Name what there was before, and what there is after.")
    cited = acting.cited(evidence)
    for node in before:
        if node != after:
            acting.replace(node, [after], date, cited)
    acting.change("merger", acting.with_places(before), acting.with_places([after]), date, cited, law)
    return acting.changed()


def split(
    government: str,
    parts: Sequence[str],
    date: str,
    evidence: Sequence[Evidence],
    ground: Ground,
    *,
    law: str = "",
) -> dict[str, bytes]:
    """Let a government become several, recorded before; it goes on if it is among the `parts`, else it ends.

    Raises `BadInput`.
    """
    acting = _Acting(ground)
    before = acting.known(government, "hrc:LocalGovernment")
    after = [acting.known(each, "hrc:LocalGovernment") for each in dict.fromkeys(parts)]
    if len(after) < 2:
        raise BadInput("A split leaves at least two governments.", "Name every one there is after it.")
    cited = acting.cited(evidence)
    if before not in after:
        acting.replace(before, after, date, cited)
    acting.change("split", acting.with_places([before]), acting.with_places(after), date, cited, law)
    return acting.changed()


def retire(thing: str, instead: str, why: Mapping[str, str], ground: Ground) -> dict[str, bytes]:
    """Take back a record that doubles another, or should not be: its address leads there (301), or says why (410).

    What it says goes to the other one, `instead`, as further names, codes and claims; what pointed at it points
    there. Without another, nothing may point at it any more. `why` is a sentence by language. Raises `BadInput`.
    """
    acting = _Acting(ground)
    node = acting.known(thing)
    if not any(words.strip() for words in why.values()):
        raise BadInput(
            "No reason was given.", "Say in a sentence why it is withdrawn: who follows the address reads it."
        )
    acting.retire(node, acting.known(instead) if instead else None)
    graph = acting.dossiers.graph_of[thing]
    acting.dossiers.put(graph, node, cells.short_iri("owl:deprecated"), _TRUE)
    for language, words in why.items():
        acting.dossiers.put(graph, node, _CHANGE_NOTE, ox.Literal(words.strip(), language=language))
    return acting.changed()


class _Acting:
    """One act on its way into dossiers."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.dossiers = ground.dossiers()
        self.archive = Archive(ground, self.dossiers)

    def changed(self) -> dict[str, bytes]:
        return self.dossiers.changed()

    def known(self, iri: str, *classes: str) -> ox.NamedNode:
        """The node of a record of one of these classes. Raises `BadInput` for any other."""
        if not self.ground.is_a(iri, *classes) or iri not in self.dossiers.graph_of:
            kinds = " or ".join(name.partition(":")[2] for name in classes) or "record"
            raise BadInput(f"{_short(iri, self.ground)} is not a {kinds} of the graph.", "Choose one that is recorded.")
        return ox.NamedNode(iri)

    def cited(self, evidence: Sequence[Evidence]) -> list[ox.NamedNode]:
        """The citations of evidence. Raises `BadInput` when it cannot be recorded."""
        found: list[Problem] = list(problems(evidence, "act", self.ground))
        if found:
            raise BadInput(found[0].message("en"), f"It is said of the field {found[0].field.removeprefix('act.')}.")
        return [self.archive.cite(passage) for passage in evidence]

    def end(self, node: ox.NamedNode, date: ox.Literal, cited: Sequence[ox.NamedNode]) -> None:
        """Claim that something ended, beside whatever else is said of its end."""
        self.dossiers.contest(node, _ENDED, {date: set(cited)})
        self.dossiers.claim(self.dossiers.graph_of[node.value], node, _ENDED, date, cited)

    def places(self, node: ox.NamedNode) -> list[ox.NamedNode]:
        return [term for term in self.dossiers.values(node, _PRIMARY) if isinstance(term, ox.NamedNode)]

    def with_places(self, nodes: Sequence[ox.NamedNode]) -> list[ox.NamedNode]:
        return [*nodes, *(place for node in nodes for place in self.places(node))]

    def replace(
        self, node: ox.NamedNode, after: Sequence[ox.NamedNode], date: str, cited: Sequence[ox.NamedNode]
    ) -> None:
        """Let a government and its place end, each replaced by its like."""
        kept = {place for each in after for place in self.places(each)}
        own = [(node, list(after))] + [
            (place, sorted(kept, key=str)) for place in self.places(node) if place not in kept
        ]
        for gone, successors in own:
            graph = self.dossiers.graph_of[gone.value]
            self.end(gone, _date(date), cited)
            for each in successors:
                self.dossiers.put(graph, gone, _REPLACED, each)
            self.archive.rest_on(gone, graph, cited)

    def change(
        self,
        kind: str,
        before: Sequence[ox.NamedNode],
        after: Sequence[ox.NamedNode],
        date: str,
        cited: Sequence[ox.NamedNode],
        law: str,
    ) -> None:
        """Record what happened, in the dossier of the first that was there before."""
        own = before[0].value.rpartition("/")[2]
        new = next((each.value.rpartition("/")[2] for each in after if each not in before), _date(date).value.lower())
        node = self.archive.free(f"act/{own}--{kind}--{slug(new)}")
        graph = self.dossiers.graph_of[before[0].value]
        said: list[tuple[str, Term]] = [
            ("rdf:type", cells.short_iri("hrc:Change")),
            ("dcterms:type", cells.short_iri(f"kind:{kind}")),
            *(("hrc:before", each) for each in before),
            *(("hrc:after", each) for each in after),
            ("hrc:date", _date(date)),
        ]
        if law:
            said.append(("hrc:under", self.known(law, "hrc:Instrument")))
        for predicate, value in said:
            self.dossiers.put(graph, node, cells.short_iri(predicate), value)
        self.archive.rest_on(node, graph, cited)

    def retire(self, node: ox.NamedNode, instead: ox.NamedNode | None) -> None:
        """Move what a record says, and what points at it, to another one; leave nothing but its address."""
        store, dossiers = self.ground.store, self.dossiers
        own = [quad for quad in store.quads_for_pattern(node, None, None, None) if self._is_written(quad)]
        own.sort(key=lambda quad: (quad.predicate == CITES, str(quad)))  # evidence of its own stays with its own words
        pointing = [quad for quad in store.quads_for_pattern(None, None, node, None) if self._is_written(quad)]
        if pointing and instead is None:
            first = pointing[0].subject
            raise BadInput(
                f"{len(pointing)} statements point at it, such as one of {_short(str(first)[1:-1], self.ground)}.",
                "Name the record that stands in its place, or change those first.",
            )
        for quad in pointing:
            if quad.predicate == SUBJECT and instead is not None and isinstance(quad.subject, ox.NamedNode):
                for claimed in dossiers.about(quad.subject)[PREDICATE]:
                    assert isinstance(claimed, ox.NamedNode)
                    dossiers.contest(instead, claimed, {})
        evidence = [quad.object for quad in own if quad.predicate == CITES and isinstance(quad.object, ox.NamedNode)]
        for quad in own:
            assert not isinstance(quad.object, ox.Triple)
            dossiers.drop(node, quad.predicate, quad.object)
            if instead is not None and quad.predicate not in _OWN and quad.object != instead:
                graph = dossiers.graph_of[instead.value]
                dossiers.add(graph, instead, quad.predicate, quad.object, evidence)
        for quad in pointing:
            assert isinstance(quad.subject, ox.NamedNode)
            assert instead is not None
            dossiers.drop(quad.subject, quad.predicate, node)
            if quad.subject != instead:
                dossiers.put(dossiers.graph_of[quad.subject.value], quad.subject, quad.predicate, instead)
        for claim in sorted({quad.subject for quad in pointing if quad.predicate in (SUBJECT, OBJECT)}, key=str):
            self.rehash(claim)
        if instead is not None:
            dossiers.put(dossiers.graph_of[node.value], node, _REPLACED, instead)

    def rehash(self, claim: object) -> None:
        """Give a claim that says something else now the IRI that this makes, and let decisions follow it."""
        assert isinstance(claim, ox.NamedNode)
        said = self.dossiers.about(claim)
        subject, predicate, value = (said[part][0] for part in (SUBJECT, PREDICATE, OBJECT))
        assert isinstance(subject, ox.NamedNode)
        assert isinstance(predicate, ox.NamedNode)
        cited = [term for term in said[CITES] if isinstance(term, ox.NamedNode)]
        matter = next((str(term.value) for term in said.get(MATTER, ())), "")
        new = records.claim_iri(ox.Triple(subject, predicate, value), cited, base=self.ground.base, matter=matter)
        graph = self.dossiers.graph_of[subject.value]
        for prop, terms in said.items():
            self.dossiers.drop(claim, prop)
            for term in terms:
                self.dossiers.put(graph, new, prop, term)
        about = cells.short_iri("hrc:about")
        for quad in self.ground.store.quads_for_pattern(None, about, claim, None):
            assert isinstance(quad.subject, ox.NamedNode)
            self.dossiers.drop(quad.subject, about, claim)
            self.dossiers.put(self.dossiers.graph_of[quad.subject.value], quad.subject, about, new)

    def _is_written(self, quad: ox.Quad) -> bool:
        return not str(quad.graph_name).startswith(f"<{self.ground.base}graph/derived/")


_OWN = frozenset(
    map(
        cells.short_iri,
        (
            *("rdf:type", "dcterms:type", "hrc:primaryPlace", "hrc:partOf", "hrc:actor", "hrc:recipient", "hrc:mode"),
            *("hrc:role", "hrc:under", "hrc:inWave", "hrc:at", "geo:hasDefaultGeometry"),
        ),
    )
)
"""What a doubled record does not give to the other one, for that has its own and one only."""


def _date(text: str) -> ox.Literal:
    """A date as people write it. Raises `BadInput`."""
    try:
        return ox.Literal(cells.date(text), datatype=_EDTF)
    except cells.CellError as error:
        raise BadInput(error.rule, error.remedy) from error


def _short(iri: str, ground: Ground) -> str:
    return namespaces.short(iri, ground.base)
