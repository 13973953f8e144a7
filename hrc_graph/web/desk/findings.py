"""What the page says of a filled-in screen: what is wrong beside which field, what it will say, what may be added."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.drawing import maps
from hrc_graph.drawing.maps import Mark
from hrc_graph.index import Index
from hrc_graph.proposals import Problem
from hrc_graph.proposals.checking import faults
from hrc_graph.proposals.drafting import Draft, draft
from hrc_graph.proposals.effect import difference
from hrc_graph.proposals.ground import Ground
from hrc_graph.proposals.places import Candidate
from hrc_graph.proposals.sentences import sentences, spoken
from hrc_graph.proposals.suggestions import Suggestion, suggest
from hrc_graph.web.desk.reading import Read, by_field, read, unused
from hrc_graph.web.desk.sheet import Sheet
from hrc_graph.web.languages import READER, gettext, translations

_SAYS = """
SELECT DISTINCT ?text WHERE { ?act hrc:actor ?government ; hrc:under ?text } ORDER BY ?text"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A government or city that a name may mean, as the page shows it."""

    value: str
    """What is chosen with it: the IRI of a government, or `geonames:` and a number."""
    name: str
    reasons: tuple[str, ...]
    href: str = ""
    stands_under: tuple[str, ...] = ()
    population: int | None = None
    drawn: str = ""
    """The map, as markup."""


@dataclass
class Findings:
    """All that was found of one sheet."""

    read: Read
    wrong: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Severity and message of each problem, by the name of the field."""
    notes: dict[str, str] = field(default_factory=dict)
    """What a field is understood as."""
    offers: list[Offer] = field(default_factory=list)
    doubles: list[Offer] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    added: list[tuple[str, str, str]] = field(default_factory=list)
    removed: list[tuple[str, str, str]] = field(default_factory=list)
    suggestions: list[Suggestion] = field(default_factory=list)
    draft: Draft = field(default_factory=Draft)
    chosen: str = ""
    """The name of the government that was chosen."""

    @property
    def faulty(self) -> set[str]:
        """The fields that keep it from being published."""
        return {name for name, said in self.wrong.items() if any(severity == "Violation" for severity, _ in said)}

    @property
    def blocked(self) -> int:
        """How many faults keep it from being published."""
        return sum(severity == "Violation" for said in self.wrong.values() for severity, _ in said)

    @property
    def seen(self) -> str:
        """What stands for exactly these changes."""
        told = hashlib.sha256()
        for name, text in sorted(self.draft.changes.items()):
            told.update(name.encode() + b"\0" + text + b"\0")
        return told.hexdigest()


def examine(sheet: Sheet, index: Index, ground: Ground) -> Findings:
    """Read a sheet, draft what it asks for, and let the shapes judge it; nothing is written."""
    language = READER.get().language
    words = translations(language)
    found = Findings(read(sheet, ground))
    proposal = found.read.proposal
    problems = list(found.read.problems)
    told = {each.field for each in problems}
    for fault in faults(proposal, ground):
        at = found.read.field_of(fault.field)
        if at not in told and not (at.startswith("place") and "place.chosen" in told):
            problems.append(Problem(at, fault.messages, fault.severity))
    if not problems:
        found.draft = draft(proposal, ground)
        changes = found.draft.changes
        if changes:
            report = index.judge(changes)
            beside = found.draft.beside(report, ground)
            problems += [Problem(found.read.field_of(each.field), each.messages, each.severity) for each in beside]
        else:
            problems.append(Problem("", {language: gettext("All of this is recorded already.")}))
        found.sentences = sentences(proposal, language, words, ground)
        apart = difference(changes, ground)
        found.added = [_plain(triple, ground.base) for triple in apart.added]
        found.removed = [_plain(triple, ground.base) for triple in apart.removed]
    problems += [
        Problem(f"passage{number}.source", {language: gettext("Nothing rests on this source yet.")}, "Warning")
        for number in unused(sheet)
    ]
    found.wrong = dict(by_field(problems, language))
    chosen = sheet.place.chosen
    found.chosen = ground.name(chosen, language) if "://" in chosen else ""
    found.notes = _notes(sheet, found.read, ground)
    offers = [*found.read.known, *(each for each in found.read.cities if not each.iri)]
    found.offers = [_offer(each, number, ground) for number, each in enumerate(offers[:8])]
    found.doubles = [_offer(each, 100 + n, ground) for n, each in enumerate(found.read.doubles[:5])]
    government = proposal.government
    place = ground.value(government.iri, "hrc:primaryPlace") if government.iri else ""
    place = (
        place or government.part_of or (ground.iri(f"place:{government.country.lower()}") if government.country else "")
    )
    if government.iri or place:
        held = {each.under for each in proposal.commitments if isinstance(each.under, str)} | {
            ground.concept("theme", each) for each in proposal.themes
        }
        offered = suggest(government.iri, language, words, ground, place=place)
        found.suggestions = [each for each in offered if each.thing not in held]
    return found


def _notes(sheet: Sheet, read: Read, ground: Ground) -> dict[str, str]:
    """What dates, names and addresses are understood as."""
    language = READER.get().language
    words = translations(language)
    notes: dict[str, str] = {}

    def dated(name: str, text: str) -> None:
        said = spoken(text, language, words) if text else ""
        if said and said != text:
            notes[name] = said

    dated("wave.date", sheet.wave_date)
    for number, row in enumerate(sheet.texts):
        dated(f"text{number}.date", row.date)
        dated(f"text{number}.issued", row.issued)
    for path, at in read.places.items():
        if at.startswith("text") and "." not in at:
            under = read.proposal.commitments[int(path.rpartition(".")[2])].under
            row = sheet.texts[int(at.removeprefix("text"))]
            if isinstance(under, str) and ground.is_a(under) and ground.name(under, language) != row.under:
                notes[f"{at}.under"] = ground.name(under, language)
    for each in read.proposal.commitments:
        for passage in each.evidence:
            if isinstance(passage.source, str):
                for number, held in enumerate(sheet.passages):
                    if held.source and number < len(sheet.passages) and _same(held.source, passage.source, ground):
                        known = ground.name(passage.source, language)
                        notes[f"passage{number}.source"] = gettext("Recorded as “%(name)s”.") % {"name": known}
    return notes


def _same(text: str, iri: str, ground: Ground) -> bool:
    pages = {str(term.value).rstrip("/") for term in ground.values(iri, "foaf:page")}
    return text.rstrip("/") in pages or ground.iri(text) == iri or text == ground.name(iri, READER.get().language)


def _offer(each: Candidate, number: int, ground: Ground) -> Offer:
    language = READER.get().language
    value = each.iri or f"geonames:{each.geonames}"
    stands: tuple[str, ...] = ()
    href = ""
    if each.iri:
        rows = ground.select(_SAYS, government=each.iri)
        stands = tuple(ground.name(row["text"], language) for row in rows[:6])
        href = "/doc/" + each.iri.removeprefix(f"{ground.base}id/")
    at = _point(each, ground)
    drawn = ""
    if at:
        name = ground.name(each.iri, language) if each.iri else each.name
        mark = Mark(at[0], at[1], name, href or "#places", "member" if each.iri else "here")
        title = gettext("Where %(name)s lies") % {"name": name}
        drawn = maps.neighbourhood(f"map{number}", title, mark, (), translations(language), lambda _: "#places")
    name = ground.name(each.iri, language) if each.iri else f"{each.name} ({each.country})"
    return Offer(value, name, each.reasons, href, stands, each.population, drawn)


def _point(each: Candidate, ground: Ground) -> tuple[float, float] | None:
    """Longitude and latitude, from GeoNames or from what is recorded."""
    if each.longitude is not None and each.latitude is not None:
        return each.longitude, each.latitude
    place = ground.value(each.iri, "hrc:primaryPlace") or each.iri
    shape = next((term.value for term in ground.values(place, "geo:hasDefaultGeometry")), "")
    wkt = ground.value(str(shape), "geo:asWKT") if shape else ""
    numbers = wkt.partition("(")[2].rstrip(") ").split()
    return (float(numbers[0]), float(numbers[1])) if len(numbers) == 2 else None


def _plain(triple: ox.Triple, base: str) -> tuple[str, str, str]:
    short: Callable[[object], str] = lambda term: (  # noqa: E731 three times in one line
        namespaces.short(term.value, base) if isinstance(term, ox.NamedNode) else str(term)
    )
    return short(triple.subject), short(triple.predicate), short(triple.object)
