"""What keeps a proposal from being written, field by field, in the words of the shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hrc_graph import gazetteer
from hrc_graph.proposals import Commitment, Government, Instrument, Participation, Problem, Proposal
from hrc_graph.proposals.evidence import messages, problems
from hrc_graph.proposals.ground import Ground
from hrc_graph.tables import cells

SORTS = ("Charter", "Regulation", "Resolution", "Agreement", "Recommendation")
"""The classes that a new text can be of."""
_COUNTRY = {
    "en": "Choose the country.",
    "id": "Pilih negaranya.",
    "es": "Elija el país.",
    "fr": "Choisissez le pays.",
}


def faults(proposal: Proposal, ground: Ground) -> list[Problem]:
    """What keeps a proposal from being written, field by field; the shapes come after."""
    return [
        *_of_government(proposal.government, ground),
        *(found for number, each in enumerate(proposal.commitments) for found in _of_commitment(each, number, ground)),
        *(
            found
            for number, each in enumerate(proposal.participations)
            for found in _of_participation(each, f"participations.{number}", ground)
        ),
        *_of_themes(proposal.themes, "themes", ground),
    ]


def _of_government(said: Government, ground: Ground) -> Iterator[Problem]:
    if said.iri:
        if not ground.is_a(said.iri, "hrc:LocalGovernment"):
            yield Problem("government.iri", messages(ground, "Commitment-actor"))
        return
    if not any(name.strip() for name in said.names.values()):
        yield Problem("government.names", messages(ground, "Label"))
    if len(said.country) != 2 or gazetteer.country(said.country.upper()) is None:
        yield Problem("government.country", _COUNTRY)
    if said.kind and not ground.concept("kind/place-kind", said.kind):
        yield Problem("government.kind", messages(ground, "Kind"))
    if said.part_of and not ground.is_a(said.part_of, "hrc:Place"):
        yield Problem("government.part_of", messages(ground, "Place-partOf"))
    for number, code in enumerate(said.codes):
        if not all(part.strip() for part in code.partition(":")):
            yield Problem(f"government.codes.{number}", messages(ground, "Place-code"))
    if said.geonames and not (said.geonames.isdigit() and gazetteer.city(int(said.geonames))):
        yield Problem("government.geonames", messages(ground, "Place-code"))
    yield from problems(said.evidence, "government", ground)


def _of_commitment(said: Commitment, number: int, ground: Ground) -> Iterator[Problem]:
    place = f"commitments.{number}"
    if isinstance(said.under, Instrument):
        yield from _of_instrument(said.under, f"{place}.under", ground)
    elif (said.under or not said.wave) and not ground.is_a(said.under, "hrc:Instrument", "hrc:Campaign"):
        yield Problem(f"{place}.under", messages(ground, "Commitment-under"))
    if said.wave and not ground.is_a(said.wave, "hrc:Wave"):
        yield Problem(f"{place}.wave", messages(ground, "Commitment-inWave"))
    if not ground.concept("mode", said.mode or ("joined" if said.wave else "")):
        yield Problem(f"{place}.mode", messages(ground, "Commitment-mode"))
    yield from _of_date(said.date, f"{place}.date", ground)
    yield from _of_themes(said.themes, f"{place}.themes", ground)
    yield from problems(said.evidence, place, ground)


def _of_instrument(said: Instrument, place: str, ground: Ground) -> Iterator[Problem]:
    if not any(name.strip() for name in said.names.values()):
        yield Problem(f"{place}.names", messages(ground, "Label"))
    if said.sort not in SORTS:
        yield Problem(f"{place}.sort", messages(ground, "Kind"))
    if said.kind and not ground.concept("kind/instrument-kind", said.kind):
        yield Problem(f"{place}.kind", messages(ground, "Kind"))
    yield from _of_date(said.date, f"{place}.date", ground)
    if said.evidence:
        yield from problems(said.evidence, place, ground)


def _of_participation(said: Participation, place: str, ground: Ground) -> Iterator[Problem]:
    if not ground.is_a(said.at, "hrc:Event"):
        yield Problem(f"{place}.at", messages(ground, "Participation-at"))
    if not ground.concept("role", said.role):
        yield Problem(f"{place}.role", messages(ground, "Participation-role"))
    yield from _of_date(said.date, f"{place}.date", ground)
    yield from _of_themes(said.themes, f"{place}.themes", ground)
    yield from problems(said.evidence, place, ground)


def _of_date(text: str, place: str, ground: Ground) -> Iterator[Problem]:
    try:
        cells.date(text or "2000")
    except cells.CellError:
        yield Problem(place, messages(ground, "Date"))


def _of_themes(themes: Sequence[str], place: str, ground: Ground) -> Iterator[Problem]:
    for number, theme in enumerate(themes):
        if not ground.concept("theme", theme):
            yield Problem(f"{place}.{number}", messages(ground, "Theme"))
