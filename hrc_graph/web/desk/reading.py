"""From the one screen to a proposal: names, addresses and codes as people write them become what is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hrc_graph.proposals import LANGUAGES, Commitment, Evidence, Government, Instrument, Problem, Proposal, Source
from hrc_graph.proposals.evidence import recorded
from hrc_graph.proposals.ground import Ground
from hrc_graph.proposals.places import Candidate, candidates, duplicates
from hrc_graph.tables import cells
from hrc_graph.web.desk.sheet import PassageRow, Sheet, TextRow
from hrc_graph.web.languages import READER, gettext, translations


@dataclass
class Read:
    """A sheet that was read."""

    proposal: Proposal
    problems: list[Problem] = field(default_factory=list)
    """By the name of a field of the page."""
    known: list[Candidate] = field(default_factory=list)
    cities: list[Candidate] = field(default_factory=list)
    doubles: list[Candidate] = field(default_factory=list)
    meant: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By the name of a field, the IRIs and names of what it may mean."""
    places: dict[str, str] = field(default_factory=dict)
    """By a path in the proposal, the name of a field of the page."""

    def field_of(self, path: str) -> str:
        """The field of the page that a path in the proposal belongs to."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            if named := self.places.get(".".join(parts[:length])):
                rest = _REST.get(".".join(parts[length:]), "")
                return named + (rest or _WHOLE.get(named.rstrip("0123456789"), ""))
        return {"themes": "theme"}.get(parts[0], "place.chosen")


_REST = {
    "under": ".under", "mode": ".mode", "date": ".date", "under.kind": ".kind", "under.date": ".issued",
    "under.names": ".under", "under.number": ".number", "under.sort": ".new", "evidence": ".on", "wave": ".wave",
    "source.url": ".source", "source.date": ".date", "source.kind": ".kind", "source.language": ".language",
    "source": ".source", "quote": ".quote", "locator": ".locator", "names": ".name", "country": ".country",
    "kind": ".kind", "part_of": ".part_of", "codes": ".code", "codes.0": ".code", "geonames": ".chosen",
    "iri": ".chosen",
}  # fmt: skip

_WHOLE = {"place": ".chosen", "text": ".under", "passage": ".source"}
"""Where it is said what is said of a whole row."""


def read(sheet: Sheet, ground: Ground) -> Read:
    """What a sheet asks for."""
    return _Reading(sheet, ground).run()


class _Reading:
    """One sheet on its way to a proposal."""

    def __init__(self, sheet: Sheet, ground: Ground) -> None:
        self._sheet, self._ground = sheet, ground
        self._read = Read(Proposal(Government()))
        self._words = translations(READER.get().language)

    def run(self) -> Read:
        sheet, read = self._sheet, self._read
        passages = [self._passage(row, number) for number, row in enumerate(sheet.passages)]
        government = self._government(tuple(each for each in passages if each))
        read.places["government"] = "place"
        commitments = []
        if sheet.wave:
            read.places["commitments.0"] = "wave"
            read.places["commitments.0.wave"] = "wave"
            evidence, fields = _ticked(sheet.wave_on, passages)
            read.places |= {f"commitments.0.evidence.{n}": f"passage{at}" for n, at in enumerate(fields)}
            wave = self._ground.iri(sheet.wave)
            commitments.append(Commitment(wave=wave, mode="joined", date=sheet.wave_date, evidence=evidence))
        for number, row in enumerate(sheet.texts):
            if not (row.under or row.mode or row.date):
                continue
            at = len(commitments)
            read.places[f"commitments.{at}"] = f"text{number}"
            evidence, fields = _ticked(row.on, passages)
            read.places |= {f"commitments.{at}.evidence.{n}": f"passage{i}" for n, i in enumerate(fields)}
            commitments.append(Commitment(self._under(row, number), row.mode, row.date, evidence=evidence))
        themes = tuple(self._ground.iri(each) for each in sheet.themes)
        if not commitments:
            self._wrong("wave", gettext("Choose a wave, or a text that it stands under."))
        read.proposal = Proposal(government, tuple(commitments), (), themes)
        return read

    def _government(self, evidence: tuple[Evidence, ...]) -> Government:
        place, ground, read = self._sheet.place, self._ground, self._read
        if place.query:
            read.known, read.cities = candidates(place.query, place.country, ground, self._words)
        if not place.chosen:
            self._wrong("place.chosen", gettext("Choose the government, or say that it is a new one."))
            return Government()
        if place.chosen != "new" and not place.chosen.startswith("geonames:"):
            sure = any(each.certain and each.iri == place.chosen for each in read.known)
            return Government(iri=place.chosen, spelling="" if sure else place.query)
        names = {place.language or "en": place.name or place.query}
        said = Government(
            names=names,
            government_names={place.language or "en": place.government} if place.government else {},
            country=place.country,
            kind=place.kind,
            part_of=self._larger(place.part_of, place.country),
            codes=(place.code,) if place.code else (),
            geonames=place.chosen.partition(":")[2],
            evidence=evidence,
            spelling=place.query if place.different else "",
        )
        if not place.different:
            read.doubles = duplicates(said, ground, self._words)
            if read.doubles:
                self._wrong("place.chosen", gettext("Say whether it is the same as one that is recorded."))
        return said

    def _larger(self, text: str, country: str) -> str:
        """The IRI of the larger place that a name means."""
        if not text:
            return ""
        found = self._ground.names.find(text, types=("place",), country=country or None)
        if found and (found[0].certain or found[0].score >= 100):
            return found[0].iri
        self._meant("place.part_of", [(each.iri, self._named(each.iri)) for each in found])
        return text

    def _under(self, row: TextRow, number: int) -> str | Instrument:
        ground, at = self._ground, f"text{number}.under"
        if row.new:
            language = cells.language_of(row.under) if row.under else READER.get().language
            names = {language if language in LANGUAGES else READER.get().language: row.under}
            return Instrument(names, row.new, row.kind, row.number, row.issued, bool(row.own))
        iri = ground.iri(row.under)
        if not row.under or ground.is_a(iri, "hrc:Instrument", "hrc:Campaign"):
            return iri
        found = ground.names.find(row.under, types=("text", "aim"), limit=5)
        if found and (found[0].certain or (found[0].score >= 100 and len(found) == 1)):
            return found[0].iri
        self._meant(at, [(each.iri, self._named(each.iri)) for each in found])
        return row.under

    def _passage(self, row: PassageRow, number: int) -> Evidence | None:
        text, ground, at = row.source, self._ground, f"passage{number}.source"
        if not any(vars(row).values()):
            return None
        source: str | Source
        known = recorded(text, ground) if "://" in text else ""
        if known or ground.is_a(ground.iri(text), "hrc:Source"):
            source = known or ground.iri(text)
        elif "://" in text or (row.title and not text):
            source = Source(text, row.title, row.language, row.publisher, row.date, row.kind)
        else:
            found = ground.names.find(text, types=("source",), limit=5) if text else []
            if found and found[0].certain:
                source = found[0].iri
            else:
                self._wrong(at, gettext("Give the address of a web page, or the name of a source that is recorded."))
                self._meant(at, [(each.iri, self._named(each.iri)) for each in found], told=False)
                source = Source(title=row.title or text)
        return Evidence(source, row.locator, row.quote)

    def _named(self, iri: str) -> str:
        return self._ground.name(iri, READER.get().language)

    def _meant(self, at: str, found: Sequence[tuple[str, str]], told: bool = True) -> None:
        self._read.meant[at] = list(found)
        if told:
            text = (
                gettext("Choose which one is meant.") if found else gettext("Nothing that is recorded has this name.")
            )
            self._wrong(at, text)

    def _wrong(self, at: str, text: str) -> None:
        self._read.problems.append(Problem(at, {READER.get().language: text}))


def _ticked(on: Sequence[str], passages: Sequence[Evidence | None]) -> tuple[tuple[Evidence, ...], list[int]]:
    """The passages that are ticked, and their places in the sheet."""
    places = [int(each) for each in on if each.isdigit() and int(each) < len(passages)]
    found = [(passage, at) for at in places if (passage := passages[at])]
    return tuple(passage for passage, _ in found), [at for _, at in found]


def by_field(problems: Sequence[Problem], language: str) -> Mapping[str, list[tuple[str, str]]]:
    """Severity and message of each problem, by field."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in problems:
        said = (each.severity, each.message(language))
        if said not in found.setdefault(each.field, []):
            found[each.field].append(said)
    return found


def unused(sheet: Sheet) -> Iterator[int]:
    """The passages that nothing rests on."""
    ticked = {*sheet.wave_on, *(each for text in sheet.texts for each in text.on)}
    for number, row in enumerate(sheet.passages):
        if any(vars(row).values()) and str(number) not in ticked:
            yield number
