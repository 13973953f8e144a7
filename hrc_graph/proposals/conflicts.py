"""Where sources differ: the open conflicts with both sides, and ranking one claim above or below the others.

What is a conflict is asked of the shapes (`hs:ClaimConflict`); what readers see follows from the ranks, as a build
derives it. A ranking is kept as a decision too, so that an import that makes the claim again ranks it the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from hrc_graph import derive, namespaces
from hrc_graph.errors import BadInput
from hrc_graph.proposals.ground import Ground
from hrc_graph.records import Term
from hrc_graph.tables import cells
from hrc_graph.tables.merging import KIND, MATTER, PREDICATE, RANK, SUBJECT, TYPE

RANKS = ("preferred", "normal", "deprecated")
_IRIS = {name: cells.short_iri(f"wikibase:{name.capitalize()}Rank") for name in RANKS}
_NAMES = {iri.value: name for name, iri in _IRIS.items()}
_REASON, _ABOUT = cells.short_iri("hrc:rankReason"), cells.short_iri("hrc:about")
_NOTE = cells.short_iri("skos:editorialNote")
_CLAIMS = """
SELECT ?claim ?subject ?predicate ?rank ?matter ?dispute WHERE {
  GRAPH ?dossier { ?claim a hrc:Claim ; rdf:subject ?subject ; rdf:predicate ?predicate ; wikibase:rank ?rank .
    OPTIONAL { ?claim hrc:matter ?matter } OPTIONAL { ?claim hrc:dispute ?dispute } }
  FILTER (!STRENDS(STR(?dossier), "/graph/derived/claims")) } ORDER BY ?subject ?predicate ?matter ?claim"""
_CITED = """
SELECT ?passage ?source ?locator ?page WHERE {
  ?claim hrc:cites ?passage . ?passage hrc:source ?source ; hrc:locator ?locator . OPTIONAL { ?source foaf:page ?page }
} ORDER BY ?passage"""


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage that a claim rests on."""

    passage: str
    source: str
    title: str
    locator: str
    page: str
    """Its web address; "" when there is none."""


@dataclass(frozen=True, slots=True)
class Side:
    """One claim of several about the same detail."""

    claim: str
    value: Term
    shown: str
    """The value as people read it."""
    rank: str
    """`preferred`, `normal` or `deprecated`."""
    reason: str
    """The IRI of the reason for the rank; "" when none is given."""
    note: str
    """What was written when it was ranked."""
    cited: tuple[Cited, ...]
    after: tuple[str, ...]
    """What readers would see if this claim were preferred."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A detail of a record on which sources differ."""

    subject: str
    name: str
    predicate: str
    detail: str
    """The name of the property."""
    matter: str
    """Of a remark, what it speaks about."""
    open: bool
    """Whether it is undecided: no claim is preferred, and those that are not deprecated contradict each other."""
    before: tuple[str, ...]
    """What readers see now."""
    sides: tuple[Side, ...]


def conflicts(ground: Ground, language: str = "en", *, decided: bool = False, subject: str = "") -> list[Conflict]:
    """The open conflicts, or with `decided` every detail with several claims; of one record, if one is named."""
    told = _open(ground)
    grouped: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in ground.select(_CLAIMS):
        matter = row.get("matter", "")
        if subject in ("", row["subject"]):
            grouped.setdefault((row["subject"], row["predicate"], matter.casefold()), []).append(row)
    found = []
    for (about, predicate, matter), rows in grouped.items():
        is_open = (about, predicate) in told and (not matter or matter in told[about, predicate])
        if is_open or (decided and len(rows) > 1):
            found.append(_conflict(about, predicate, rows, is_open, language, ground))
    return found


def rank(
    claim: str, rank: str, reason: str, ground: Ground, *, note: str = "", language: str = "en"
) -> dict[str, bytes]:
    """Rank a written claim; `reason` is a concept of the reasons, needed for any rank but `normal`.

    Preferring one makes another preferred claim about the same detail normal again. Gives the new text of dossiers.
    Raises `BadInput`.
    """
    dossiers, node = ground.dossiers(), ox.NamedNode(claim)
    if claim not in dossiers.graph_of or not ground.is_a(claim, "hrc:Claim"):
        raise BadInput(
            f"{namespaces.short(claim, ground.base)} is no claim that is written down.",
            "A detail that no source disputes is not ranked.",
        )
    if rank not in RANKS:
        raise BadInput(f"“{rank}” is no rank.", f"Choose one of: {', '.join(RANKS)}.")
    why = ground.concept("rank-reason", reason)
    if reason and not why:
        offered = ", ".join(ground.vocabularies.words("rank-reason"))
        raise BadInput(f"“{reason}” is no reason for a rank.", f"Choose one of: {offered}.")
    if rank != "normal" and not why:
        raise BadInput("A ranking needs a reason.", "Choose why it stands above or below the others.")
    about = dossiers.about(node)
    ranked = [(node, rank, why if rank != "normal" else "", note)]
    if rank == "preferred":
        subject = about[SUBJECT][0]
        assert isinstance(subject, ox.NamedNode)
        for other in dossiers.claims(dossiers.graph_of[claim], subject, _property(about[PREDICATE])):
            said = dossiers.about(other)
            if other != node and said[RANK] == [_IRIS["preferred"]] and said.get(MATTER) == about.get(MATTER):
                ranked.append((other, "normal", "", ""))
    for each, name, cause, words in ranked:
        graph = dossiers.graph_of[each.value]
        decision = _decision(each, ground)
        known = dossiers.has(decision)
        for prop in (RANK, _REASON):
            dossiers.drop(each, prop)
            if known:
                dossiers.drop(decision, prop)
        if known:
            dossiers.drop(decision, _NOTE)
        for holder, place in ((each, graph), (decision, dossiers.graph_of.get(decision.value, "decisions/ranking"))):
            dossiers.put(place, holder, RANK, _IRIS[name])
            if cause:
                dossiers.put(place, holder, _REASON, ox.NamedNode(cause))
        place = dossiers.graph_of[decision.value]
        dossiers.put(place, decision, TYPE, cells.short_iri("hrc:Decision"))
        dossiers.put(place, decision, KIND, cells.short_iri("kind:ranking"))
        dossiers.put(place, decision, _ABOUT, each)
        if words:
            dossiers.put(place, decision, _NOTE, ox.Literal(words, language=language))
    return dossiers.changed()


def _property(terms: Iterable[Term]) -> ox.NamedNode:
    return next(term for term in terms if isinstance(term, ox.NamedNode))


def _decision(claim: ox.NamedNode, ground: Ground) -> ox.NamedNode:
    """The decision about the rank of a claim: always the same one for the same claim."""
    digest = hashlib.sha256(f"claim {claim.value.rpartition('/')[2]}".encode()).hexdigest()[:12]
    return ground.node(f"decision/{digest}")


def _open(ground: Ground) -> dict[tuple[str, str], set[str]]:
    """Records and details that the shapes call undecided, with the matters of remarks."""
    rules = [ox.NamedNode(f"{namespaces.SHAPE}ClaimConflict-{name}") for name in ("dates", "values", "remarks")]
    found: dict[tuple[str, str], set[str]] = {}
    for rule in rules:
        text = ground.value(rule.value, "sh:select").replace("SELECT $this", "SELECT ?this").replace("$this", "?this")
        for row in ground.select(text):
            matters = {row["value"].casefold()} if rule.value.endswith("remarks") else set()
            found.setdefault((row["this"], row["path"]), set()).update(matters)
    return found


def _conflict(
    subject: str, predicate: str, rows: list[dict[str, str]], is_open: bool, language: str, ground: Ground
) -> Conflict:
    ranked: list[tuple[Term, Term]] = []
    for row in rows:
        value = ground.values(row["claim"], "rdf:object")[0]
        ranked.append((value, ox.NamedNode(row["rank"])))
    sides = [_side(number, row["claim"], ranked, language, ground) for number, row in enumerate(rows)]
    return Conflict(
        subject=subject,
        name=ground.name(subject, language),
        predicate=predicate,
        detail=ground.name(predicate, language),
        matter=rows[0].get("matter", ""),
        open=is_open,
        before=_read(derive.shown(ranked), language, ground),
        sides=tuple(sides),
    )


def _side(number: int, claim: str, ranked: list[tuple[Term, Term]], language: str, ground: Ground) -> Side:
    value, held = ranked[number]
    preferred: list[tuple[Term, Term]] = [
        (each, _IRIS["preferred"] if place == number else _IRIS["normal"] if rank == _IRIS["preferred"] else rank)
        for place, (each, rank) in enumerate(ranked)
    ]
    decision = _decision(ox.NamedNode(claim), ground).value
    cited = [
        Cited(row["passage"], row["source"], ground.name(row["source"], language), row["locator"], row.get("page", ""))
        for row in ground.select(_CITED, claim=claim)
    ]
    return Side(
        claim=claim,
        value=value,
        shown=_read([value], language, ground)[0],
        rank=_NAMES[str(held.value)],
        reason=ground.value(claim, "hrc:rankReason"),
        note=ground.value(decision, "skos:editorialNote") or ground.value(claim, "skos:editorialNote"),
        cited=tuple(cited),
        after=_read(derive.shown(preferred), language, ground),
    )


def _read(values: Iterable[Term], language: str, ground: Ground) -> tuple[str, ...]:
    return tuple(
        ground.name(value.value, language) if isinstance(value, ox.NamedNode) else str(value.value) for value in values
    )
