"""Finding a thing of the graph by any of its names or codes.

A match is certain only for an id, a code that one thing has, or an exact name that one thing has
among those asked for. Exact means: but for case, accents, punctuation and the usual abbreviations
(`Kab.` is Kabupaten). All else is offered with a score and left to people: the bare name (without
the words that say what kind of place it is), a name that GeoNames knows, a likeness of spelling.
Whatever has numbers in its name is never like a thing with other numbers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox
from rapidfuzz import fuzz, process

from hrc_graph import gazetteer, namespaces
from hrc_graph.gazetteer import Reading, bare, fold, read, spelled

__all__ = ["TYPES", "Match", "NameIndex", "Reading", "bare", "fold", "read", "spelled"]

TYPES = ("place", "gov", "text", "event", "org", "aim", "person", "source", "theme")
"""The things that can be found, as their IRIs name them: `id/<type>/<slug>`; themes are in the vocabulary."""

Numbers = tuple[tuple[str, ...], ...]

_V = namespaces.VOCABULARY
_NAMES = [ox.NamedNode(_V["skos"] + "prefLabel"), ox.NamedNode(_V["skos"] + "altLabel")]
_NAMES += [ox.NamedNode(_V["foaf"] + "name"), ox.NamedNode(_V["dcterms"] + "title")]
_NOTATION, _PAGE = ox.NamedNode(_V["skos"] + "notation"), ox.NamedNode(_V["foaf"] + "page")
_NUMBER, _KIND = ox.NamedNode(_V["hrc"] + "number"), ox.NamedNode(_V["dcterms"] + "type")
_PART_OF, _PRIMARY = ox.NamedNode(_V["hrc"] + "partOf"), ox.NamedNode(_V["hrc"] + "primaryPlace")
_SPATIAL = ox.NamedNode(_V["dcterms"] + "spatial")

_PLACED = ("place", "gov")
_EXACT, _BARE_AND_KIND, _BARE, _KNOWN_ELSEWHERE, _ALIKE = 100.0, 97.0, 95.0, 93.0, 90.0
"""Scores; likeness of spelling reaches the last at most."""
_CUT = 55.0
"""Less like than this is not offered."""
_LOOKED_AT = 200
_LONGEST = 1000
"""No name has so many signs; a longer text would only cost time."""
_NUMBERS = re.compile(r"\d+(?:[/.]\d+)*|\b(?=[IVX]{2,}\b)X{0,2}(?:IX|IV|V?I{0,3})\b")


@dataclass(frozen=True, slots=True)
class Match:
    """A thing that may be the one meant; `score` is at most 100, `why` says what agreed."""

    iri: str
    name: str
    score: float
    certain: bool
    why: str


@dataclass(slots=True)
class _Entry:
    """What the index knows of a thing."""

    iri: str
    type: str
    name: str
    names: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    kind: str | None = None
    country: str | None = None
    within: tuple[str, ...] = ()
    region: str | None = None

    def code(self, scheme: str) -> str | None:
        return next((code for named, code in self.codes if named == scheme), None)


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One name, as likeness is measured: bare for places and governments."""

    entry: _Entry
    text: str
    whole: str
    hint: str | None
    numbers: Numbers


class NameIndex:
    """The names and codes of things, to be asked; built from a store, and added to at any time."""

    def __init__(self, base: str = namespaces.BASE) -> None:
        self.base = base
        self._entries: dict[str, _Entry] = {}
        self._exact: dict[str, dict[str, str]] = defaultdict(dict)
        self._bare: dict[str, dict[str, list[str | None]]] = defaultdict(dict)
        self._codes: dict[str, dict[str, list[str]]] = defaultdict(dict)
        self._spellings: dict[str, list[_Spelling]] = {type: [] for type in TYPES}
        self._regions: dict[str, str] = {}
        self.abroad: dict[str, set[str]] = defaultdict(set)
        """What GeoNames calls the cities: spelled name → IRIs; to be had after `look_abroad`."""
        self._not_abroad: list[_Entry] = []

    @classmethod
    def of(cls, store: ox.Store, *, base: str = namespaces.BASE) -> NameIndex:
        """Everything of a store that can be found by name."""
        index, reader = cls(base), _Reader(store, base)
        ranks = [(TYPES.index(index.type_of(iri) or ""), len(reader.ancestors(iri)), iri) for iri in reader.things()]
        for _, _, iri in sorted(ranks):
            places = reader.values(iri, _SPATIAL) + reader.values(iri, _PRIMARY)
            index.add(
                iri,
                reader.names(iri),
                codes=reader.codes(iri),
                kind=next((value.rpartition("/")[2] for value in reader.values(iri, _KIND)), None),
                part_of=next(iter(reader.ancestors(iri)), None),
                place=next(iter(places), None),
            )
        return index

    def type_of(self, iri: str) -> str | None:
        """The type that an IRI of a thing shows."""
        start = next((start for start in (self.base + "id/", namespaces.VOCAB) if iri.startswith(start)), iri)
        kind = iri.removeprefix(start).partition("/")[0]
        return kind if kind in TYPES else None

    def add(
        self,
        iri: str,
        names: Iterable[str],
        *,
        codes: Iterable[tuple[str, str]] = (),
        kind: str | None = None,
        country: str | None = None,
        part_of: str | None = None,
        place: str | None = None,
    ) -> None:
        """Add a thing, or more names and codes of one: the larger `part_of` and the `place` it governs come first.

        A code is a scheme (`kemendagri`) and its code. A government also answers to the names and codes of
        its place, and takes its kind and country from there; a place takes its country from the larger one.
        What is added to a place later does not reach its government.
        """
        type = self.type_of(iri)
        if type is None:
            raise ValueError(f"{iri} is not a thing that can be found by name.")
        names, codes = list(names), list(codes)
        entry = self._entries.setdefault(iri, _Entry(iri, type, names[0] if names else iri))
        larger, governed = self._entries.get(part_of or ""), self._entries.get(place or "")
        entry.country = country or dict(codes).get("iso3166-1") or entry.country
        entry.kind = kind or entry.kind
        if larger and type == "place":
            entry.country = entry.country or larger.country
            entry.within = (larger.iri, *larger.within)
        if governed:
            entry.country = entry.country or governed.country
        for scheme, code in codes:
            self._add_code(entry, scheme, code, "own")
        self._add_names(entry, names)
        if governed and type == "gov":
            entry.kind, entry.within = governed.kind, governed.within
            for scheme, code in governed.codes:
                self._add_code(entry, scheme, code, "of its place")
            self._add_names(entry, governed.names)
        self._not_abroad += [entry] if type in _PLACED else []

    def _add_code(self, entry: _Entry, scheme: str, code: str, whose: str) -> None:
        if (scheme, code) not in entry.codes:
            entry.codes.append((scheme, code))
            for key in (code, f"{scheme}:{code}"):
                self._codes[key].setdefault(entry.iri, [scheme, whose])

    def _add_names(self, entry: _Entry, names: Iterable[str]) -> None:
        placed = entry.type in _PLACED
        for name in dict.fromkeys(names):
            if not fold(name) or name in entry.names:
                continue
            entry.names.append(name)
            reading = read(name)
            text, hint = (reading.bare, reading.kind_hint) if placed else (fold(name), None)
            whole = spelled(name) if placed else text
            self._exact[whole].setdefault(entry.iri, name)
            self._spellings[entry.type].append(_Spelling(entry, text, whole, hint, _numbers(name)))
            if placed:
                self._bare[text].setdefault(entry.iri, []).append(hint)
            if entry.type == "place" and entry.kind == "country":
                self._regions[fold(name)] = entry.country or ""
            elif entry.type == "place" and gazetteer.group(entry.kind) not in ("city", "regency"):
                for key in (fold(name), reading.bare):
                    self._regions.setdefault(key, "")

    def find(
        self, text: str, *, types: Collection[str], country: str | None = None, kind: str | None = None, limit: int = 5
    ) -> list[Match]:
        """The things of these types that a text may mean, the likeliest first.

        `country` is an ISO 3166-1 code, `kind` a kind of place (`kabupaten`, `city` …): a thing known to
        be elsewhere or of another kind is left out.
        """
        search = _Search(self._entries, frozenset(types), country and country.upper(), gazetteer.group(kind))
        text = text.strip()
        if len(text) > _LONGEST:
            return []
        reading = read(text, self._regions)
        for step in (self._by_id, self._by_code, self._by_name, self._by_head):
            step(text, reading, search)
            if search.settled:
                return search.best(limit)
        if "://" not in text:
            self._by_bare_name(reading, search)
            self._by_gazetteer(reading, search)
            self._by_likeness(text, reading, search)
        return search.best(limit)

    def _by_id(self, text: str, _: Reading, search: _Search) -> None:
        prefix, slug = text.partition(":")[::2]
        iri = self.base + namespaces.THINGS[prefix] + slug if prefix in namespaces.THINGS else text.strip("<>")
        search.hits([iri] if iri in self._entries else [], _EXACT, "its id", decisive=True)

    def _by_code(self, text: str, _: Reading, search: _Search) -> None:
        found = self._codes.get(text) or self._codes.get(text.rstrip("/")) or {}
        found = {iri: scheme for iri, scheme in found.items() if search.allows(self._entries[iri])}
        owners = [iri for iri, (_, whose) in found.items() if whose == "own"] or list(found)
        for iri in owners:
            scheme = found[iri][0]
            # "5/2016" numbers a regulation in every regency of a country
            tells = scheme != "number" or any(sign.isalpha() for sign in text)
            why = f"code {scheme}:{text.removeprefix(scheme + ':')}"
            search.hits([iri], _EXACT, why, decisive=tells and len(owners) == 1)
        search.settled = search.settled or bool(owners)

    def _by_name(self, text: str, reading: Reading, search: _Search) -> None:
        found = self._exact.get(spelled(text), {}) | self._exact.get(fold(text), {})
        self._same_name(found, search.allowed(found), reading, search, decisive=True)

    def _by_head(self, _: str, reading: Reading, search: _Search) -> None:
        """The exact name before an ending that says where, if that is where the thing is."""
        if reading.country_hint or reading.region_hint:
            found = self._exact.get(spelled(reading.head), {})
            there = {iri: self._lies(self._entries[iri], reading) for iri in search.allowed(found)}
            possible = [iri for iri, lies in there.items() if lies is not False]
            self._same_name(found, possible, reading, search, decisive=all(there[iri] for iri in possible))

    def _same_name(
        self, found: dict[str, str], iris: list[str], reading: Reading, search: _Search, *, decisive: bool
    ) -> None:
        """One of several that share a name is never certain: Bandung may be Kota Bandung or Kabupaten Bandung."""
        sharing = self._bare.get(reading.bare, {})
        rivals = {iri for iri in search.allowed(sharing) if self._fits(self._entries[iri], reading, sharing[iri])}
        for iri in iris:
            search.hits([iri], _EXACT, f"same name: {found[iri]}", decisive=decisive and rivals | {*iris} == {iri})

    def _by_bare_name(self, reading: Reading, search: _Search) -> None:
        for iri, hints in self._bare.get(reading.bare, {}).items():
            entry = self._entries[iri]
            if self._fits(entry, reading, hints):
                told = reading.kind_hint or search.kind
                search.hits([iri], _BARE_AND_KIND if told else _BARE, f"same name without its kind: {reading.bare}")

    def _by_gazetteer(self, reading: Reading, search: _Search) -> None:
        nation = gazetteer.country(reading.head)
        for iri in self._codes.get(f"iso3166-1:{nation.code}", {}) if nation else ():
            search.hits([iri], _KNOWN_ELSEWHERE, f"GeoNames: {nation.name if nation else ''}")
        if not search.types.isdisjoint(_PLACED):
            self.look_abroad()
            for iri in self.abroad.get(spelled(reading.head), set()) | self.abroad.get(reading.bare, set()):
                if self._fits(self._entries[iri], reading, []):
                    search.hits([iri], _KNOWN_ELSEWHERE, f"GeoNames: {reading.head}")

    def look_abroad(self) -> None:
        """Learn what GeoNames says of the cities that it knows by their code, or surely by their name."""
        for entry in self._not_abroad:
            number = entry.code("geonames")
            city = gazetteer.city(int(number)) if number and number.isdigit() else None
            if not number and entry.country and gazetteer.group(entry.kind) == "city":
                known = (gazetteer.locate(name, entry.country, entry.kind or "") for name in entry.names)
                city = next((found for places in known for found in places if found.certain), None)
            entry.region = gazetteer.region(city) if city else None
            for name in filter(spelled, city.alternate_names if city else ()):
                self.abroad[spelled(name)].add(entry.iri)
        self._not_abroad.clear()

    def _by_likeness(self, text: str, reading: Reading, search: _Search) -> None:
        numbers = _numbers(text)
        for type in search.types & self._spellings.keys():
            wanted, whole = (reading.bare, spelled(reading.head)) if type in _PLACED else (fold(text), fold(text))
            spellings = (s for s in self._spellings[type] if s.numbers == numbers or _same_numbers(numbers, s.numbers))
            rows = [spelling for spelling in spellings if search.allows(spelling.entry)]
            choices = [spelling.text for spelling in rows]
            found = process.extract(wanted, choices, scorer=fuzz.WRatio, limit=_LOOKED_AT, score_cutoff=_CUT)
            for name, score, row in found:
                closer = max(fuzz.ratio(wanted, name), fuzz.token_sort_ratio(wanted, name))
                alike = _ALIKE * (0.45 * score + 0.45 * closer + 0.1 * fuzz.ratio(whole, rows[row].whole)) / 100
                if len(wanted) > 3 and (name.startswith(wanted) or rows[row].whole.startswith(whole)):
                    alike = max(alike, _ALIKE - 10 + 10 * len(whole) / max(len(whole), len(rows[row].whole)))
                if alike >= _CUT and (type not in _PLACED or self._fits(rows[row].entry, reading, [rows[row].hint])):
                    search.hits([rows[row].entry.iri], alike, f"spelled alike: {name}")

    def _fits(self, entry: _Entry, reading: Reading, hints: Collection[str | None]) -> bool:
        """Whether nothing that the text says of kind, country or region speaks against the thing."""
        said = gazetteer.group(reading.kind_hint)
        of_thing = {gazetteer.group(hint) for hint in (entry.kind, *hints) if hint}
        return (not said or not of_thing or said in of_thing) and self._lies(entry, reading) is not False

    def _lies(self, entry: _Entry, reading: Reading) -> bool | None:
        """Whether a thing lies where the ending of a name says; None when nothing tells."""
        if reading.country_hint and entry.country and entry.country not in reading.country_hint:
            return False
        region = reading.region_hint
        if region is None or (reading.country_hint and entry.country and not region.startswith(entry.country)):
            return bool(entry.country) or None
        if reading.country_hint:
            self.look_abroad()
            return entry.region == region if entry.region else None
        larger = [self._entries[iri] for iri in entry.within if iri in self._entries]
        if any(region == read(name).bare for place in larger for name in place.names):
            return True
        return False if any(place.kind not in ("country", "continent") for place in larger) else None


class _Search:
    """What one question has found so far."""

    def __init__(
        self, entries: dict[str, _Entry], types: frozenset[str], country: str | None, kind: str | None
    ) -> None:
        self.entries, self.types, self.country, self.kind = entries, types, country, kind
        self.found: dict[str, Match] = {}
        self.settled = False

    def allows(self, entry: _Entry) -> bool:
        there = not self.country or (entry.country in (None, self.country) and entry.kind != "continent")
        alike = not self.kind or entry.kind is None or gazetteer.group(entry.kind) == self.kind
        return entry.type in self.types and there and alike

    def allowed(self, iris: Iterable[str]) -> list[str]:
        return [iri for iri in iris if self.allows(self.entries[iri])]

    def hits(self, iris: Iterable[str], score: float, why: str, *, decisive: bool = False) -> None:
        """Note these things, each once with its best score; a decisive step settles the question."""
        for iri in self.allowed(iris):
            if iri not in self.found or self.found[iri].score < score:
                self.found[iri] = Match(iri, self.entries[iri].name, round(score, 1), decisive, why)
            self.settled = self.settled or decisive

    def best(self, limit: int) -> list[Match]:
        return sorted(self.found.values(), key=lambda match: (-match.score, match.iri))[:limit]


class _Reader:
    """Reads from a store what an index needs."""

    def __init__(self, store: ox.Store, base: str) -> None:
        self.store, self.base = store, base

    def things(self) -> set[str]:
        starts = tuple(f"{self.base}id/{type}/" for type in TYPES)
        named = (quad.subject for name in _NAMES for quad in self.store.quads_for_pattern(None, name, None, None))
        return {node.value for node in named if isinstance(node, ox.NamedNode) and node.value.startswith(starts)}

    def _terms(self, iri: str, prop: ox.NamedNode) -> Iterator[ox.NamedNode | ox.Literal]:
        quads = self.store.quads_for_pattern(ox.NamedNode(iri), prop, None, None)
        terms = {quad.object for quad in quads if isinstance(quad.object, ox.NamedNode | ox.Literal)}
        yield from sorted(terms, key=str)

    def values(self, iri: str, prop: ox.NamedNode) -> list[str]:
        return [term.value for term in self._terms(iri, prop)]

    def names(self, iri: str) -> list[str]:
        """Every name, the one to show first: the preferred one, in English if there is one."""
        terms = [term for prop in _NAMES for term in self._terms(iri, prop) if isinstance(term, ox.Literal)]
        return [term.value for term in sorted(terms, key=lambda term: term.language != "en")]

    def codes(self, iri: str) -> list[tuple[str, str]]:
        notations = [term for term in self._terms(iri, _NOTATION) if isinstance(term, ox.Literal)]
        found = [(term.datatype.value.rpartition("/")[2], term.value) for term in notations]
        found += [("number", value) for value in self.values(iri, _NUMBER)]
        return found + [("page", value.rstrip("/")) for value in self.values(iri, _PAGE)]

    def ancestors(self, iri: str) -> list[str]:
        """The larger places a thing is part of, the nearest first."""
        found = [iri]
        while larger := [value for value in self.values(found[-1], _PART_OF) if value not in found]:
            found.append(larger[0])
        return found[1:]


def _numbers(text: str) -> Numbers:
    """The numbers of a text, those joined by a stroke or point together; Roman ones, from II, as they are."""
    return tuple(tuple(part.lstrip("0") for part in re.split("[/.]", found)) for found in _NUMBERS.findall(text))


def _same_numbers(one: Numbers, other: Numbers) -> bool:
    """Whether two names have the same numbers; `22/2021` is also `22 Tahun 2021`, but never `2021/22`."""
    if not (one and other):
        return one == other
    flat, flat_other = [n for joined in one for n in joined], [n for joined in other for n in joined]
    if flat == flat_other:
        return True
    return all(len(joined) == 1 for joined in (*one, *other)) and Counter(flat) == Counter(flat_other)
