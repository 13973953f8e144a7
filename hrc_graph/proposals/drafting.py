"""From a proposal to dossiers: checked field by field, written as an import writes them, compared with what stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import pyoxigraph as ox

from hrc_graph import gazetteer, namespaces
from hrc_graph.errors import BadInput
from hrc_graph.proposals import Commitment, Evidence, Government, Instrument, Participation, Problem, Proposal
from hrc_graph.proposals.checking import faults
from hrc_graph.proposals.evidence import Archive
from hrc_graph.proposals.ground import Ground
from hrc_graph.tables import cells, enriching
from hrc_graph.tables.merging import TYPE
from hrc_graph.tables.rows import slug
from hrc_graph.validation import Report

_FIELDS = {
    "dcterms:type": "kind",
    "hrc:at": "at",
    "hrc:cites": "evidence",
    "hrc:date": "date",
    "hrc:inWave": "wave",
    "hrc:mode": "mode",
    "hrc:partOf": "part_of",
    "hrc:role": "role",
    "hrc:theme": "themes",
    "hrc:under": "under",
    "skos:notation": "codes",
    "skos:prefLabel": "names",
}
"""The field of a proposal that says a property."""
_PARTS = {
    "government": tuple(each.name for each in fields(Government)),
    "commitments.": tuple(each.name for each in fields(Commitment)),
    "participations.": tuple(each.name for each in fields(Participation)),
}
_EDTF = cells.short_iri("edtf:EDTF")


@dataclass(slots=True)
class Draft:
    """What a proposal would write."""

    changes: dict[str, bytes] = field(default_factory=dict)
    """The new text of each dossier, by graph name."""
    government: str = ""
    """Its IRI, old or new."""
    fields: dict[str, str] = field(default_factory=dict)
    """For the IRI of each record, the part of the proposal that it came from, such as `commitments.0`."""

    def beside(self, report: Report, ground: Ground) -> list[Problem]:
        """What the shapes say of the proposal's records, each at its part of the proposal, with names for IRIs."""
        found = []
        for result in report.results:
            if result.focus in self.fields:
                part, own = self.fields[result.focus], _FIELDS.get(namespaces.short(result.path), "")
                place = f"{part}.{own}" if own in _PARTS.get(part.rstrip("0123456789"), ()) else part
                found.append(Problem(place, ground.worded(result.messages), result.severity))
        return found


def changes(proposal: Proposal, ground: Ground) -> dict[str, bytes]:
    """The new text of each dossier that a proposal changes, by graph name. Raises `BadInput` as `draft` does."""
    return draft(proposal, ground).changes


def draft(proposal: Proposal, ground: Ground) -> Draft:
    """Write a proposal into dossiers, in memory only.

    Raises `BadInput` with the first of `faults`, if there are any.
    """
    found = faults(proposal, ground)
    if found:
        raise BadInput(found[0].message("en"), f"It is said of the field {found[0].field}.")
    return _Drafting(ground).run(proposal)


class _Drafting:
    """One proposal on its way into dossiers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._decisions = ground.decisions()
        self._dossiers = ground.dossiers(self._decisions)
        self._archive = Archive(ground, self._dossiers)
        self._draft = Draft()

    def run(self, proposal: Proposal) -> Draft:
        government = self._government(proposal.government)
        self._draft.government = government.value
        joins = any(each.wave or each.mode == "joined" for each in proposal.commitments)
        for number, commitment in enumerate(proposal.commitments):
            takes_all = not joins or commitment.wave or commitment.mode == "joined"
            themes = (*commitment.themes, *(proposal.themes if takes_all else ()))
            self._commitment(commitment, f"commitments.{number}", government, themes)
        for number, participation in enumerate(proposal.participations):
            self._participation(participation, f"participations.{number}", government)
        self._decisions.write(self._dossiers)
        self._draft.changes = self._dossiers.changed()
        return self._draft

    def _say(self, node: ox.NamedNode, graph: str, said: Mapping[str, object], cited: Sequence[ox.NamedNode]) -> None:
        """Say of a record what is not empty, and let it rest on passages."""
        for name, values in said.items():
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, ox.NamedNode | ox.Literal):
                    self._dossiers.add(graph, node, cells.short_iri(name), value, cited)
        self._archive.rest_on(node, graph, cited)

    def _cited(self, evidence: Sequence[Evidence], place: str) -> list[ox.NamedNode]:
        found = []
        for number, passage in enumerate(evidence):
            node = self._archive.cite(passage)
            self._draft.fields.setdefault(node.value, f"{place}.evidence.{number}")
            source = self._archive.source(passage.source)
            self._draft.fields.setdefault(source.value, f"{place}.evidence.{number}.source")
            found.append(node)
        return found

    def _government(self, said: Government) -> ox.NamedNode:
        if said.iri:
            node = ox.NamedNode(said.iri)
            self._draft.fields[said.iri] = "government"
            if said.evidence:
                self._archive.rest_on(node, self._dossiers.graph_of[said.iri], self._cited(said.evidence, "government"))
        else:
            node = self._new_government(said)
        if said.spelling:
            places = self._dossiers.values(node, cells.short_iri("hrc:primaryPlace")) if said.iri else []
            place = next((term for term in places if isinstance(term, ox.NamedNode)), None)
            self._decisions.take("gov", said.spelling, node if said.iri else None)
            self._decisions.take("place", said.spelling, place)
        return node

    def _new_government(self, said: Government) -> ox.NamedNode:
        country = said.country.lower()
        cited = self._cited(said.evidence, "government")
        name = said.names.get("en") or next(name for name in said.names.values() if name.strip())
        local = slug(gazetteer.bare(name)) or slug(name) or said.geonames or "place"
        local = local.removesuffix(f"-{country}")
        place = self._archive.free(f"place/{country}-{local}", said.geonames)
        local = place.value.rpartition("/")[2]
        node = self._ground.node(f"gov/{local}")
        graph = f"governments/{country}/{local.removeprefix(f'{country}-')}"
        larger = ox.NamedNode(said.part_of) if said.part_of else self._country(country)
        kind = self._ground.concept("kind/place-kind", said.kind)
        self._say(
            place,
            graph,
            {
                "rdf:type": cells.short_iri("hrc:Place"),
                "dcterms:type": ox.NamedNode(kind) if kind else None,
                "skos:prefLabel": _labels(said.names),
                "skos:notation": [
                    ox.Literal(
                        code.partition(":")[2].strip(), datatype=cells.short_iri(f"code:{code.partition(':')[0]}")
                    )
                    for code in said.codes
                ],
                "hrc:partOf": larger,
            },
            cited,
        )
        city = gazetteer.city(int(said.geonames)) if said.geonames else None
        for other, about, predicate, value in enriching.city(place, city, self._ground.base) if city else ():
            self._dossiers.add(other or graph, about, predicate, value)
        self._say(
            node,
            graph,
            {
                "rdf:type": cells.short_iri("hrc:LocalGovernment"),
                "skos:prefLabel": _labels(said.government_names or said.names),
                "hrc:primaryPlace": place,
            },
            cited,
        )
        self._draft.fields |= {place.value: "government", node.value: "government"}
        return node

    def _country(self, code: str) -> ox.NamedNode:
        node = self._ground.node(f"place/{code}")
        if not self._dossiers.has(node):
            graph = f"governments/{code}/{code}"
            self._dossiers.add(graph, node, TYPE, cells.short_iri("hrc:Place"))
            self._dossiers.add(graph, node, cells.short_iri("dcterms:type"), cells.short_iri("kind:country"))
            for other, about, predicate, value in enriching.country(
                node, {"country": code.upper()}, None, self._ground.base
            ):
                self._dossiers.add(other or graph, about, predicate, value)
        return node

    def _commitment(self, said: Commitment, field: str, actor: ox.NamedNode, themes: Sequence[str]) -> None:
        cited = self._cited(said.evidence, field)
        mode = self._ground.concept("mode", said.mode or "joined").rpartition("/")[2]
        if isinstance(said.under, Instrument):
            under = self._instrument(said.under, f"{field}.under", actor, cited)
        else:
            under = ox.NamedNode(said.under or self._ground.value(said.wave, "hrc:partOf"))
        own = actor.value.rpartition("/")[2]
        node = self._ground.node(f"act/{own}--{mode}--{under.value.rpartition('/')[2]}")
        self._say(
            node,
            self._dossiers.graph_of[actor.value],
            {
                "rdf:type": cells.short_iri("hrc:Commitment"),
                "hrc:actor": actor,
                "hrc:mode": cells.short_iri(f"mode:{mode}"),
                "hrc:under": under,
                "hrc:inWave": ox.NamedNode(said.wave) if said.wave else None,
                "hrc:date": _date(said.date),
                "hrc:theme": self._themes(themes),
            },
            cited,
        )
        self._draft.fields[node.value] = field
        if mode in ("adopted", "enacted"):
            self._dossiers.confirm(under, cells.short_iri("hrc:adoptedBy"), actor, cited)

    def _instrument(
        self, said: Instrument, field: str, actor: ox.NamedNode, cited: Sequence[ox.NamedNode]
    ) -> ox.NamedNode:
        own = self._cited(said.evidence, field) or list(cited)
        country = actor.value.rpartition("/")[2].partition("-")[0]
        name = said.names.get("en") or next(iter(said.names.values()))
        words = slug(f"{country if said.own else ''} {name}")[:60].strip("-")
        node = self._archive.free(f"text/{words}")
        kind = self._ground.concept("kind/instrument-kind", said.kind)
        self._say(
            node,
            f"instruments/{node.value.rpartition('/')[2]}",
            {
                "rdf:type": cells.short_iri(f"hrc:{said.sort}"),
                "dcterms:type": ox.NamedNode(kind) if kind else None,
                "skos:prefLabel": _labels(said.names),
                "hrc:number": ox.Literal(said.number) if said.number else None,
                "hrc:date": _date(said.date),
                "hrc:adoptedBy": actor if said.own else None,
            },
            own,
        )
        self._draft.fields[node.value] = field
        return node

    def _participation(self, said: Participation, field: str, actor: ox.NamedNode) -> None:
        role = self._ground.concept("role", said.role).rpartition("/")[2]
        own, event = actor.value.rpartition("/")[2], said.at.rpartition("/")[2]
        node = self._ground.node(f"act/{own}--{role}--{event}")
        self._say(
            node,
            self._dossiers.graph_of[actor.value],
            {
                "rdf:type": cells.short_iri("hrc:Participation"),
                "hrc:actor": actor,
                "hrc:role": cells.short_iri(f"role:{role}"),
                "hrc:at": ox.NamedNode(said.at),
                "hrc:date": _date(said.date),
                "hrc:theme": self._themes(said.themes),
            },
            self._cited(said.evidence, field),
        )
        self._draft.fields[node.value] = field

    def _themes(self, themes: Sequence[str]) -> list[ox.NamedNode]:
        return [ox.NamedNode(self._ground.concept("theme", theme)) for theme in themes]


def _labels(names: Mapping[str, str]) -> list[ox.Literal]:
    return [ox.Literal(name.strip(), language=tag) for tag, name in sorted(names.items()) if name.strip()]


def _date(text: str) -> ox.Literal | None:
    return ox.Literal(cells.date(text), datatype=_EDTF) if text else None
