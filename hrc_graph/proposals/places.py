"""Which government or place a name may mean: those recorded, and the cities of GeoNames; and likely doubles."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from hrc_graph import gazetteer
from hrc_graph.names import Match
from hrc_graph.proposals import Government
from hrc_graph.proposals.ground import Ground
from hrc_graph.proposals.sentences import Translator
from hrc_graph.tables import cells

_CONTINENT = cells.short_iri("kind:continent").value
_LIKELY = 60.0
"""Less like than this is not offered."""
_DOUBT = 80.0
"""A name so like that it may be the same."""
_NEAR = 10.0
"""Kilometres within which two points may be one place."""
_POINT = re.compile(r"POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)")
_POINTS = """
SELECT ?government ?wkt WHERE {
  ?government a hrc:LocalGovernment ; hrc:primaryPlace ?place . ?place geo:hasDefaultGeometry/geo:asWKT ?wkt }"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A government that is recorded, or a city of GeoNames, that a name may mean."""

    iri: str
    """Of the government, or of a place that has none; "" for a city of GeoNames of which none is recorded."""
    name: str
    score: float
    """At most 100."""
    certain: bool
    """Whether nothing else comes into question; a person need not be asked."""
    reasons: tuple[str, ...]
    """In words of the translator's language."""
    country: str = ""
    geonames: str = ""
    region: str = ""
    """ISO 3166-2 in Canada and the USA, elsewhere the number that GeoNames gives the region."""
    population: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    names: tuple[str, ...] = ()
    """Other names that GeoNames has."""


def candidates(
    text: str, country: str, ground: Ground, translator: Translator, *, limit: int = 8
) -> tuple[list[Candidate], list[Candidate]]:
    """The governments and places recorded, and the cities of GeoNames, that a name or code may mean, likeliest first.

    `country` is two letters or "". What was decided before of this very spelling is certain.
    """
    _, text = translator.gettext, text.strip()
    decided, same = ground.decisions().find("gov", text)
    if decided and same is not None:
        reason = _("It was decided before that “%(written)s” means this.") % {"written": text}
        return [Candidate(same.value, ground.name(same.value), 100.0, True, (reason,))], []
    known = [] if decided else _known(text, country, ground, translator, limit)
    return known, list(_cities(text, country, ground, translator, limit))


def decide(text: str, government: str, ground: Ground) -> dict[str, bytes]:
    """Remember what a spelling means: a government, by its IRI, or "" for none of those recorded so far.

    The import reads the same decisions. Gives the new text of the dossiers of `data/decisions/`.
    """
    decisions = ground.decisions()
    dossiers = ground.dossiers(decisions)
    place = ground.value(government, "hrc:primaryPlace") if government else ""
    decisions.take("gov", text, ox.NamedNode(government) if government else None)
    decisions.take("place", text, ox.NamedNode(place) if place else None)
    decisions.write(dossiers)
    return dossiers.changed()


def duplicates(said: Government, ground: Ground, translator: Translator) -> list[Candidate]:
    """Governments that a new one may double: by a code, a GeoNames id, a name or a spot on the map, likeliest first."""
    _ = translator.gettext
    found: dict[str, Candidate] = {}

    def add(iri: str, score: float, reason: str) -> None:
        before = found.get(iri)
        reasons = (*(before.reasons if before else ()), reason)
        score = max(score, before.score if before else 0.0)
        found[iri] = Candidate(iri, ground.name(iri), score, False, tuple(dict.fromkeys(reasons)), said.country)

    codes = [*said.codes, *([f"geonames:{said.geonames}"] if said.geonames else [])]
    for code in codes:
        for hit in ground.names.find(code, types=("gov",)):
            if hit.score >= 100:
                add(hit.iri, 100.0, _("It has the code %(code)s.") % {"code": code})
    for name in {*said.names.values(), *said.government_names.values()} - {""}:
        for hit in ground.names.find(name, types=("gov",), country=said.country or None):
            if hit.score >= _DOUBT:
                add(hit.iri, hit.score, _worded(hit, name, translator))
    city = gazetteer.city(int(said.geonames)) if said.geonames.isdigit() else None
    for row in ground.select(_POINTS) if city else ():
        far = _apart(row["wkt"], city)
        if far is not None and far <= _NEAR:
            add(row["government"], 90.0, _("It lies %(far)s km away.") % {"far": f"{far:.1f}"})
    for segment in ("gov", "place"):
        for name in said.names.values():
            decided, same = ground.decisions().find(segment, name)
            if decided and same is None:
                return []  # a person said that it is none of them
    return sorted(found.values(), key=lambda each: (-each.score, each.iri))


def _known(text: str, country: str, ground: Ground, translator: Translator, limit: int) -> list[Candidate]:
    nation = country.upper() or None
    hits = ground.names.find(text, types=("gov",), country=nation, limit=limit)
    found = {hit.iri: hit for hit in hits if hit.certain or hit.score >= _LIKELY}
    governed = {ground.value(iri, "hrc:primaryPlace") for iri in found}
    for hit in ground.names.find(text, types=("place",), country=nation, limit=limit):
        if hit.score < _LIKELY or hit.iri in governed or ground.value(hit.iri, "dcterms:type") == _CONTINENT:
            continue
        place = ox.NamedNode(hit.iri)
        quads = ground.store.quads_for_pattern(None, cells.short_iri("hrc:primaryPlace"), place, None)
        owners = sorted(quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode))
        found.setdefault(owners[0] if owners else hit.iri, hit)
    ordered = sorted(found.items(), key=lambda item: (-item[1].score, item[0]))[:limit]
    sure = sum(hit.certain for hit in found.values()) == 1
    return [
        Candidate(
            iri=iri,
            name=ground.name(iri),
            score=hit.score,
            certain=hit.certain and sure,
            reasons=(_worded(hit, text, translator),),
            country=iri.rpartition("/")[2].partition("-")[0].upper(),
        )
        for iri, hit in ordered
    ]


def _worded(hit: Match, text: str, translator: Translator) -> str:
    """Why a name was found, in words."""
    _ = translator.gettext
    why, _colon, about = hit.why.partition(": ")
    if why == "its id":
        return _("That is its identifier.")
    if why.startswith("code "):
        return _("It has the code %(code)s.") % {"code": why.removeprefix("code ")}
    if why == "same name":
        return _("It is called “%(name)s”.") % {"name": about}
    if why == "same name without its kind":
        return _("It has this name, but for the word that says what kind of place it is.")
    if why == "GeoNames":
        return _("GeoNames knows it as “%(name)s” too.") % {"name": text}
    return _("Its name is spelled alike: “%(name)s”.") % {"name": hit.name}


def _cities(text: str, country: str, ground: Ground, translator: Translator, limit: int) -> Iterator[Candidate]:
    _ = translator.gettext
    cities = gazetteer.locate(text, country, "city") if country else gazetteer.anywhere(text)
    for city in cities[:limit]:
        reason = _("GeoNames has a city of this name with %(number)s inhabitants.")
        held = ground.names.find(f"geonames:{city.geonameid}", types=("gov",))
        yield Candidate(
            iri=held[0].iri if held and held[0].certain else "",
            name=city.name,
            score=95.0 if len(cities) == 1 else 90.0,
            certain=city.certain and bool(country),
            reasons=(reason % {"number": f"{city.population:,}"},),
            country=city.country,
            geonames=str(city.geonameid),
            region=gazetteer.region(city) or city.admin1,
            population=city.population,
            latitude=city.latitude,
            longitude=city.longitude,
            names=city.alternate_names[:12],
        )


def _apart(wkt: str, city: gazetteer.Candidate | None) -> float | None:
    """Kilometres between a point and a city, over the round of the earth."""
    found = _POINT.match(wkt)
    if found is None or city is None:
        return None
    east, north, lon, lat = map(math.radians, (float(found[1]), float(found[2]), city.longitude, city.latitude))
    half = math.sin((lat - north) / 2) ** 2 + math.cos(north) * math.cos(lat) * math.sin((lon - east) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(half))
