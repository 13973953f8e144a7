"""What one commit did to dossiers, in words of the domain: members that joined, awards recorded, claims decided.

A dossier has no blank nodes, so its versions are compared as sets of triples; layout is no change.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import pyoxigraph as ox

from hrc_graph import namespaces, records

Triples = frozenset[ox.Triple]
Record = dict[str, list[records.Term]]
"""What is said of one thing: values by property."""


class Kind(StrEnum):
    """What can happen, the most telling first."""

    member_joined = "member joined"
    commitment_linked = "commitment linked"
    award_recorded = "award recorded"
    participation_recorded = "participation recorded"
    milestone_recorded = "milestone recorded"
    thing_added = "thing added"
    thing_renamed = "thing renamed"
    thing_moved = "thing moved"
    thing_withdrawn = "thing withdrawn"
    label_corrected = "label corrected"
    label_added = "label added"
    label_withdrawn = "label withdrawn"
    claim_made = "claim made"
    claim_decided = "claim decided"
    claim_reopened = "claim reopened"
    claim_withdrawn = "claim withdrawn"
    decision_recorded = "decision recorded"
    detail_corrected = "detail corrected"
    detail_added = "detail added"
    detail_withdrawn = "detail withdrawn"
    source_added = "source added"
    passage_added = "passage added"
    evidence_added = "evidence added"
    evidence_withdrawn = "evidence withdrawn"
    already_there = "already there"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a dossier."""

    kind: Kind
    words: str
    things: tuple[str, ...]
    """The IRIs of what it is about, the foremost first."""


def _term(prefix: str, local: str) -> str:
    return namespaces.VOCABULARY[prefix] + local


_TYPE, _CITES = _term("rdf", "type"), _term("hrc", "cites")
_SUBJECT, _PREDICATE, _OBJECT = _term("rdf", "subject"), _term("rdf", "predicate"), _term("rdf", "object")
_RANK, _MATTER = _term("wikibase", "rank"), _term("hrc", "matter")
_DEPRECATED, _REPLACED_BY = _term("owl", "deprecated"), _term("dcterms", "isReplacedBy")
_NAMES = (_term("skos", "prefLabel"), _term("foaf", "name"), _term("dcterms", "title"), _term("hrc", "locator"))
_TELLING = frozenset((*_NAMES[:3], _term("skos", "notation"), _term("foaf", "page")))
"""Properties of which one value tells which thing it is."""
_LANGUAGES = ("en", "id", "es", "fr")
_FEW = 50
"""A value that more things share says nothing about which is which."""
_LINKS = tuple(
    namespaces.DEF + name
    for name in ("actor", "recipient", "representedBy", "under", "inWave", "at", "about", "source")
)
_NEW = {
    "Commitment": Kind.commitment_linked,
    "Award": Kind.award_recorded,
    "Participation": Kind.participation_recorded,
    "Milestone": Kind.milestone_recorded,
    "Decision": Kind.decision_recorded,
    "Source": Kind.source_added,
    "Citation": Kind.passage_added,
    "Claim": Kind.claim_made,
}
_SAYING = ("Commitment", "Award", "Participation", "Claim")
_LISTED = 3
"""So many values of a list are told; of the others, how many."""
_WORDS = {"prefLabel": "name", "altLabel": "other name"}
_ORDER = {kind: place for place, kind in enumerate(Kind)}


class Telling:
    """One commit, told dossier by dossier. What it learns of names it adds to `names`."""

    def __init__(
        self, changed: Mapping[str, tuple[Triples, Triples]], names: dict[str, str], *, base: str, begins: bool = False
    ) -> None:
        self.changed, self.names, self.base, self.begins = changed, names, base, begins
        self.records: dict[str, tuple[dict[str, Record], dict[str, Record]]] = {}
        for dossier, (before, after) in changed.items():
            touched = {triple.subject for triple in before ^ after}
            self.records[dossier] = _records(before, touched), _records(after, touched)
        gone: dict[str, Record] = {}
        new: dict[str, Record] = {}
        left: dict[str, str] = {}
        for dossier, (old, now) in self.records.items():
            gone |= {thing: old[thing] for thing in old.keys() - now.keys()}
            new |= {thing: now[thing] for thing in now.keys() - old.keys()}
            left |= dict.fromkeys(old.keys() - now.keys(), dossier)
        self.moved = {thing: left[thing] for thing in new.keys() & left.keys()}
        for thing in self.moved:
            del gone[thing], new[thing]
        self.gone, self.renamed = gone, _renamed(gone, new)
        self._call()

    def told(self, dossier: str) -> tuple[str, tuple[Event, ...]]:
        """What happened in a dossier that changed: in one line, and one by one."""
        before, after = self.changed[dossier]
        main = self._main(dossier, before | after)
        if self.begins:
            events = [Event(Kind.already_there, self._name(main[0]) if main else dossier, main)]
        else:
            events = sorted(self._events(dossier), key=lambda event: _ORDER[event.kind])
        if not events:
            events = [Event(Kind.thing_moved, f"what stood in {dossier} stands elsewhere", ())]
        if len(events) == 1:
            return f"{events[0].kind.capitalize()}: {events[0].words}", tuple(events)
        counts = Counter(event.kind for event in events)
        told = (f"{kind} ({count})" if count > 1 else str(kind) for kind, count in counts.items())
        return f"{self._name(main[0]) if main else dossier}: {', '.join(told)}", tuple(events)

    def _events(self, dossier: str) -> Iterator[Event]:
        old, now = self.records[dossier]
        elsewhere = {*self.renamed.values(), *self.moved}
        for thing in sorted(now):
            if thing in old and _DEPRECATED in now[thing] and _DEPRECATED not in old[thing]:
                yield self._withdrawn(thing, old[thing], now[thing])
            elif thing in old:
                yield from self._corrected(thing, old[thing], now[thing])
            else:
                yield self._new(thing, now[thing])
        for thing in sorted(old.keys() - now.keys() - elsewhere):
            words, linked = self._said(thing, old[thing])
            if _class(old[thing]) == "Claim":
                yield Event(Kind.claim_withdrawn, words, (thing, *linked))
            else:
                yield Event(Kind.thing_withdrawn, f"{words} ({_spaced(_class(old[thing]))})", (thing, *linked))

    def _new(self, thing: str, record: Record) -> Event:
        if thing in self.moved:
            return Event(Kind.thing_moved, f"{self._name(thing)}, from {self.moved[thing]}", (thing,))
        words, linked = self._said(thing, record)
        cls, old = _class(record), self.renamed.get(thing)
        if old and cls != "Claim":
            words += f": {namespaces.short(old, self.base)} is {namespaces.short(thing, self.base)} now"
            return Event(Kind.thing_renamed, words, (thing, old))
        kind = _NEW.get(cls, Kind.thing_added)
        if old and self.gone[old].get(_RANK) == record.get(_RANK):  # the IRI of a claim hashes its evidence
            more = len(record.get(_CITES, ())) >= len(self.gone[old].get(_CITES, ()))
            kind = Kind.evidence_added if more else Kind.evidence_withdrawn
        elif old:
            kind = _decided(record)
        elif _local(_one(record, "mode")) == "joined":
            kind = Kind.member_joined
        elif kind is Kind.thing_added:
            words += f" ({_spaced(cls)})"
        return Event(kind, words, (thing, *linked))

    def _withdrawn(self, thing: str, old: Record, new: Record) -> Event:
        """A thing whose IRI is kept, to say that it is not to be used any more."""
        instead = new.get(_REPLACED_BY, ())
        words = f"{self._name(thing)} ({_spaced(_class(old))})"
        words += f", in its place {self._list(instead)}" if instead else ""
        return Event(Kind.thing_withdrawn, words, (thing, *self._things(instead)))

    def _corrected(self, thing: str, old: Record, new: Record) -> Iterator[Event]:
        """What changed in the record of a thing that was there before."""
        name = self._name(thing)
        for prop in sorted(old.keys() | new.keys()):
            lost = [term for term in old.get(prop, ()) if term not in new.get(prop, ())]
            won = [term for term in new.get(prop, ()) if term not in old.get(prop, ())]
            if not lost and not won:
                continue
            step = "corrected" if lost and won else "added" if won else "withdrawn"
            words = f"{name}: {_word(prop)} {' is now '.join(filter(None, map(self._list, (lost, won))))}"
            if prop == _CITES:
                kind = Kind.evidence_added if won else Kind.evidence_withdrawn
                words = f"{name}: {self._list(won or lost)}"
            elif prop == _RANK:
                kind, words = _decided(new), name
            else:
                kind = Kind(f"{'label' if prop in _NAMES[:3] else 'detail'} {step}")
            yield Event(kind, words, (thing, *self._things(won or lost)))

    def _said(self, thing: str, record: Record) -> tuple[str, tuple[str, ...]]:
        """A record in one line, and the things it links."""

        def of(*names: str) -> str:
            return next((self._value(term) for name in names if (term := _one(record, name))), "…")

        def word(name: str) -> str:
            return _local(_one(record, name)).replace("-", " ")

        linked = self._things(value for name in _LINKS for value in record.get(name, ()))
        when = f", {of('programmeYear', 'date')}" if _one(record, "programmeYear") or _one(record, "date") else ""
        match _class(record):
            case "Commitment":
                return f"{of('actor')} {word('mode')} {of('under', 'inWave', 'at')}{when}", linked
            case "Award":
                return f"{of('under')} to {of('recipient', 'actor')}{when}", linked
            case "Participation":
                return f"{of('actor', 'representedBy')}, {word('role')} at {of('at')}{when}", linked
            case "Decision":
                spelling = _one(record, "spelling")
                return f"“{spelling.value}” is {of('about')}" if spelling else f"on {of('about')}", linked
            case "Claim":
                said = [self._list(record.get(part, ())) for part in (_SUBJECT, _OBJECT)]
                about = " ".join(_word(term.value) for term in record.get(_PREDICATE, ()))
                about += "".join(f" on {term.value}" for term in record.get(_MATTER, ()))
                rank = _local(next(iter(record.get(_RANK, ())), None)).removesuffix("Rank").lower()
                return f"{said[0]}: {about} {said[1]} ({rank})", self._things(record.get(_SUBJECT, ()))
        return self._name(thing), linked

    def _call(self) -> None:
        """Learn what each thing of this commit is called."""
        new = {thing: record for _, now in self.records.values() for thing, record in now.items()}
        for thing, record in new.items():
            called = next((record[prop] for prop in _NAMES if prop in record), None)
            if called:
                self.names[thing] = min(called, key=_preference).value
        for thing, record in new.items():
            source = _one(record, "source")
            if source and thing in self.names:  # a passage is called by its source and its place in it
                self.names[thing] = f"{self._value(source)}, {self.names[thing]}"
        for thing, record in new.items():  # acts and claims are called by what they say
            if _class(record) in _SAYING:
                self.names[thing] = self._said(thing, record)[0]

    def _main(self, dossier: str, triples: Triples) -> tuple[str, ...]:
        """The things that a dossier is about, such as a place and its government."""
        slug = "-".join(dossier.split("/")[1:])
        things = {triple.subject.value for triple in triples if isinstance(triple.subject, ox.NamedNode)}
        return tuple(sorted(thing for thing in things if thing.rpartition("/")[2] == slug))

    def _things(self, terms: Iterable[records.Term]) -> tuple[str, ...]:
        found = (term.value for term in terms if isinstance(term, ox.NamedNode))
        return tuple(dict.fromkeys(iri for iri in found if iri.startswith(self.base + "id/")))

    def _list(self, terms: Iterable[records.Term]) -> str:
        found = list(map(self._value, terms))
        more = [f"{len(found) - _LISTED} more"] if len(found) > _LISTED + 1 else []
        return ", ".join([*found[: _LISTED if more else None], *more])

    def _value(self, term: records.Term) -> str:
        return f"“{term.value}”" if isinstance(term, ox.Literal) and term.language else self._name(term.value)

    def _name(self, iri: str) -> str:
        if iri.startswith(namespaces.VOCAB):
            return iri.rpartition("/")[2].replace("-", " ")
        if iri.endswith("/point"):
            return f"point of {self._name(iri.removesuffix('/point'))}"
        return self.names.get(iri) or namespaces.short(iri, self.base)


def _records(triples: Triples, touched: Container[object]) -> dict[str, Record]:
    """What is said of each thing that a change touched."""
    found: dict[str, Record] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if triple.subject in touched and isinstance(triple.subject, ox.NamedNode):
            assert not isinstance(triple.object, ox.Triple)
            found[triple.subject.value][triple.predicate.value].append(triple.object)
    for record in found.values():
        for values in record.values():
            values.sort(key=str)
    return {thing: dict(record) for thing, record in found.items()}


def _renamed(gone: Mapping[str, Record], new: Mapping[str, Record]) -> dict[str, str]:
    """For each new thing that is a gone one under another IRI, that one.

    They say mostly the same; where they have names or codes, one of these in common. A claim is the same when it says
    the same of the same, on whatever evidence.
    """
    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    if gone:
        for thing, record in new.items():
            for trait in _traits(record):
                holders[trait].append(thing)
    found: dict[str, str] = {}
    for thing, record in sorted(gone.items()):
        traits = _traits(record)
        shared = Counter(other for trait in traits if len(holders[trait]) < _FEW for other in holders[trait])
        for other, count in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0])):
            theirs = _traits(new[other])
            named = {trait for trait in traits | theirs if trait[0] in _TELLING}
            alike = named & traits & theirs if named else count * 2 >= max(len(traits), len(theirs))
            if _class(record) == "Claim":
                alike = traits == theirs
            if alike and other not in found and _class(record) == _class(new[other]):
                found[other] = thing
                break
    return found


def _traits(record: Record) -> set[tuple[str, str]]:
    parts = (_SUBJECT, _PREDICATE, _OBJECT, _MATTER) if _class(record) == "Claim" else record
    return {(prop, str(value)) for prop in parts for value in record.get(prop, ())}


def _preference(term: records.Term) -> tuple[int, str]:
    language = term.language or "" if isinstance(term, ox.Literal) else ""
    return (_LANGUAGES.index(language) if language in _LANGUAGES else len(_LANGUAGES), term.value)


def _decided(claim: Record) -> Kind:
    normal = all(_local(rank) == "NormalRank" for rank in claim.get(_RANK, ()))
    return Kind.claim_reopened if normal else Kind.claim_decided


def _class(record: Record) -> str:
    return _local(next(iter(record.get(_TYPE, ())), None))


def _one(record: Record, name: str) -> records.Term | None:
    return next(iter(record.get(namespaces.DEF + name, ())), None)


def _local(term: records.Term | None) -> str:
    return re.split("[/#]", term.value)[-1] if term else ""


def _word(prop: str) -> str:
    local = re.split("[/#]", prop)[-1]
    return _WORDS.get(local) or _spaced(local)


def _spaced(name: str) -> str:
    """`primaryPlace` as people write it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
