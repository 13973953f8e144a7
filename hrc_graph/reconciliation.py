"""Which things of a directory a row of somebody's table may mean, with scores that can be checked.

Source: Reconciliation Service API 0.2, W3C Entity Reconciliation Community Group, sections 4 and 6.

    score = 100 for an identifier, else name × (0.8 + 0.2 × properties) × (0.8 if the type is another)

`name` is how well the name agrees, of 100; `properties` the share of the given properties that agree, of those of
which anything is known. A candidate is a match only for an identifier, or for the exact name that nothing else has
among the things of the type (and the country) asked for, while no property speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from rapidfuzz import fuzz

from hrc_graph import gazetteer
from hrc_graph.directory import Directory, Thing
from hrc_graph.errors import BadRequest
from hrc_graph.gazetteer import bare, fold, group
from hrc_graph.names import Match

BATCH: Final = 50
"""So many queries may be sent at once."""
MOST: Final = 50
"""So many candidates at most are given for a query."""
FEATURES: Final = {
    "identifier": "The query or one of its properties is the id or an official code of the thing, and of nothing else.",
    "name": "How well the name agrees, from 0 to 100: 100 is the same name but for case, accents, punctuation and "
    "abbreviations; 97 and 95 the same without the word for its kind; 93 a name that GeoNames knows; up to 90 a "
    "likeness of spelling; up to 72 a name that holds words which begin like all of the query's.",
    "exact_name": "The name is the same, but for case, accents, punctuation and abbreviations.",
    "only_one": "It has the exact name or code, and nothing else of the type and country asked for has it.",
    "type": "The thing is of a type asked for. Always true, unless type_strict is “should”.",
    "properties": "The share of the given properties that agree, from 0 to 1, of those of which anything is known; "
    "left out when there are none.",
}
"""What each feature says; `score` follows from them."""
_FEW = 5
_LONGEST = 10_000
_SCHEMES = ("kemendagri", "bps", "geonames", "wikidata", "iso3166-1", "iso3166-2")
_CODES = ("code", *_SCHEMES)
_UNLIKE = 60.0
"""A code is doubted when the name beside it is less like than this."""
_CLOSE = 90.0
"""Things of another country are offered too when none of the one asked for is as close as this; so with types."""
_WORDS = 72.0
"""A name that holds the words of the query is as good as this, at most, and looked for when nothing is better."""
_KEYS = {"query", "type", "limit", "properties", "type_strict"}
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked about one row."""

    text: str
    types: tuple[str, ...] = ()
    limit: int = _FEW
    strict: Literal["any", "all", "should"] = "any"
    properties: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Property id and values; of a value that is a thing its id."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thing that may be meant. `features` tell how the score came about, `why` says it in words."""

    thing: Thing
    score: float
    match: bool
    features: dict[str, bool | float]
    why: str


def parse(batch: Any) -> dict[str, Query]:
    """The queries of a batch, as JSON has been read. Raises `BadRequest`, naming the query that is wrong."""
    if not isinstance(batch, dict):
        raise BadRequest("The queries are not a JSON object.", 'Send {"q0": {"query": "…"}, …}.')
    return {key: _query(key, given) for key, given in batch.items()}


def _query(key: str, given: Any) -> Query:
    def wrong(what: str, hint: str) -> BadRequest:
        return BadRequest(f"Query “{key[:40]}”: {what}", hint)

    if not isinstance(given, dict) or not given.keys() <= _KEYS:
        raise wrong("it is not an object of these fields.", f"It may have {', '.join(sorted(_KEYS))}.")
    text, types, limit = given.get("query", ""), given.get("type", []), given.get("limit", _FEW)
    strict, properties = given.get("type_strict", "any"), given.get("properties", [])
    types = [types] if isinstance(types, str) and types else types or []
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise wrong(f"query is not a string of at most {_LONGEST:,} signs.", "Send the name, code or id to look for.")
    if not isinstance(types, list) or not all(isinstance(type, str) for type in types):
        raise wrong("type is neither a string nor a list of strings.", "The types are at /reconcile/suggest/type.")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 1 <= limit <= 10**9:
        raise wrong("limit is not a positive number.", f"At most {MOST} candidates are given.")
    if strict not in ("any", "all", "should"):
        raise wrong("type_strict is none of any, all, should.", "Leave it out to have any.")
    if not isinstance(properties, list) or not all(isinstance(p, dict) and "pid" in p and "v" in p for p in properties):
        raise wrong("properties is not a list of objects with pid and v.", "Say [{“pid”: “country”, “v”: “ID”}].")
    told = tuple((str(p["pid"])[:100], tuple(_values(p["v"]))) for p in properties)
    if not text.strip() and not told:
        raise wrong("it has neither query nor properties.", "Send one of them.")
    return Query(text, tuple(types), min(int(limit), MOST), strict, told)


def _values(given: Any) -> Iterator[str]:
    for value in given if isinstance(given, list) else [given]:
        if isinstance(value, dict):
            value = value.get("id", value.get("name", ""))
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            yield str(value).strip()[:1000]


def candidates(directory: Directory, query: Query) -> list[Candidate]:
    """The things that a query may mean, the likeliest first."""
    return _Search(directory, query).best()


class _Search:
    """What one query has found so far."""

    def __init__(self, directory: Directory, query: Query) -> None:
        self._directory, self._query = directory, query
        known = [type.id for text in query.types if (type := directory.type(text))]
        self._types = frozenset(known)
        self._all = query.strict == "all"
        self._impossible = bool(query.types) and (not known or (self._all and len(known) < len(query.types)))
        self._everything = frozenset[str]().union(*directory.families.values())
        asked = frozenset[str]().union(*(directory.families[id] for id in known))
        self._families = asked or self._everything
        self._country = _country(directory, query)
        self._found: dict[str, Candidate] = {}
        self._coded: set[str] = set()
        """What the codes among the properties mean."""

    def best(self) -> list[Candidate]:
        if self._impossible and self._query.strict != "should":
            return []
        text = self._query.text.strip()
        meant = self._directory.thing(text)
        if meant:
            self._add(meant, 100.0, "its id", identifier=True, exact=False, alone=True)
        for pid, values in self._query.properties:
            for value in values if pid in _CODES else ():
                self._by_code(value if pid == "code" else f"{pid}:{value}")
        if text:
            self._by_name(text, self._families, self._country)
            if self._country and self._is_worse_than(_CLOSE):
                self._by_name(text, self._families, None)
            if self._query.strict == "should" and self._is_worse_than(_CLOSE):
                self._by_name(text, self._everything, None)
            if self._is_worse_than(_WORDS):
                for held in self._directory.holding(text):
                    if held.thing.family in self._families:
                        self._add(
                            held.thing, _WORDS * held.score / 100, held.why, identifier=False, exact=False, alone=False
                        )
        ranked = sorted(self._found.values(), key=lambda found: (-found.score, not found.match, found.thing.id))
        return ranked[: self._query.limit]

    def _is_worse_than(self, name: float) -> bool:
        return all(found.features["name"] < name for found in self._found.values())

    def _by_name(self, text: str, families: frozenset[str], country: str | None) -> None:
        for match in self._directory.find(text, families, country=country):
            self._take(match)

    def _by_code(self, code: str) -> None:
        """A code that one thing has means it, unless the name beside it is quite another."""
        text = self._query.text.strip()
        for match in self._directory.find(code, self._families):
            thing = self._directory.of_match(match)
            if match.certain and match.why.startswith("code "):
                self._coded.add(thing.id)
                like = _likeness(self._directory, thing, text) if text else 100.0
                self._add(thing, like, match.why, identifier=like >= _UNLIKE, exact=False, alone=True)

    def _take(self, match: Match) -> None:
        by_code, exact = match.why.startswith("code "), match.why.startswith("same name:")
        thing = self._directory.of_match(match)
        self._add(thing, match.score, match.why, identifier=by_code and match.certain, exact=exact, alone=match.certain)

    def _add(self, thing: Thing, name: float, why: str, *, identifier: bool, exact: bool, alone: bool) -> None:
        of_type = self._is_of_type(thing)
        if not of_type and self._query.strict != "should":
            return
        agreeing = [
            agrees for pid, values in self._query.properties if (agrees := self._agrees(thing, pid, values)) is not None
        ]
        share = round(sum(agreeing) / len(agreeing), 3) if agreeing else None
        features: dict[str, bool | float] = {
            "identifier": identifier, "name": name, "exact_name": exact, "only_one": alone, "type": of_type,
        }  # fmt: skip
        if share is not None:
            features["properties"] = share
        score = score_of(features)
        match = of_type and (identifier or (exact and alone)) and share in (None, 1.0)
        if thing.id not in self._found or self._found[thing.id].score < score:
            self._found[thing.id] = Candidate(thing, score, match, features, why)

    def _agrees(self, thing: Thing, pid: str, values: tuple[str, ...]) -> bool | None:
        agrees = _agrees(self._directory, thing, pid, values) if values else None
        if agrees is None and pid in _CODES and self._coded:  # the code is another thing's
            return thing.id in self._coded
        return agrees

    def _is_of_type(self, thing: Thing) -> bool:
        if not self._query.types:
            return True
        return self._types <= {*thing.types} if self._all else not self._types.isdisjoint(thing.types)


def score_of(features: dict[str, bool | float]) -> float:
    """The score that follows from features, at most 100."""
    if features["identifier"]:
        return 100.0
    share = features.get("properties", 1.0)
    return round(features["name"] * (0.8 + 0.2 * share) * (1.0 if features["type"] else 0.8), 1)


def _likeness(directory: Directory, thing: Thing, text: str) -> float:
    """How like the nearest name is to a text, from 0 to 100."""
    wanted = fold(text)
    return round(fuzz.WRatio(fold(directory.nearest(thing, wanted)[0]), wanted), 1)


def _country(directory: Directory, query: Query) -> str | None:
    """The one country that the query asks for."""
    given = (value for pid, values in query.properties if pid == "country" for value in values)
    found = {code for value in given if (code := nation(directory, value))}
    return found.pop() if len(found) == 1 else None


def nation(directory: Directory, text: str) -> str:
    """The ISO 3166-1 code of a country, by its code, id or a name in any language; empty when it is none."""
    thing = directory.thing(text)
    if thing and thing.kind == "country":
        return thing.country
    known = gazetteer.country(text.upper() if len(text) <= 3 else text)
    return directory.nations.get(fold(text)) or (known.code if known else "")


def _agrees(directory: Directory, thing: Thing, pid: str, values: tuple[str, ...]) -> bool | None:
    """Whether any of the values is the thing's; None when nothing is known of it, or the property is not known."""
    if pid in _CODES:
        own = [(scheme, code) for scheme, code in thing.codes if pid in ("code", scheme)]
        codes = {code for _, code in own} | {f"{scheme}:{code}" for scheme, code in own}
        return not codes.isdisjoint(values) if own else None
    if pid == "country":
        return thing.country in {nation(directory, value) for value in values} if thing.country else None
    if pid == "region":
        larger = [directory.things[id] for id in thing.within if id in directory.things]
        regions = [one for one in larger if one.kind not in ("country", "continent")]
        named = {bare(name) for one in regions for name, _ in one.names} | {one.id for one in regions}
        return any(value in named or bare(value) in named for value in values) if regions else None
    if pid == "kind":
        names = {fold(name) for name in directory.kinds.get(thing.kind, {}).values()} | {thing.kind}
        of_values = {value.rpartition("/")[2].removeprefix("kind:") for value in values}
        same = not names.isdisjoint(of_values | {fold(value) for value in values})
        return same or group(thing.kind) in {group(fold(value)) for value in values} if thing.kind else None
    if pid == "date":
        years = {int(year) for value in values for year in _YEAR.findall(value)}
        return not years.isdisjoint(thing.years) if thing.years and years else None
    if pid == "label" or pid == "alias" or pid.startswith("label-"):
        return not {fold(value) for value in values}.isdisjoint(fold(name) for name, _ in thing.names)
    return None
