"""The things of one snapshot that people look for, by any of their names or codes, held small.

A directory is made from one query (`rows_query`), in a process of its own (`preparing`): GeoNames, which knows what
cities are called elsewhere, takes a hundred megabytes to look at, and what it says of ours takes one.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rapidfuzz import fuzz, process

from hrc_graph import gazetteer, namespaces
from hrc_graph.gazetteer import fold, spelled
from hrc_graph.names import TYPES, Match, NameIndex

LANGUAGES: Final = ("en", "id", "es", "fr", "ca", "ko")
"""The languages of labels, the one to show first."""
ROOTS: Final = {
    "gov": "hrc:LocalGovernment",
    "place": "hrc:Place",
    "text": "hrc:Instrument",
    "org": "org:Organization",
    "person": "foaf:Person",
    "theme": "skos:Concept",
}
"""The class that tells things of a family best; events and aims are told by their own."""
_ALSO = ("hrc:Event", "hrc:EventSeries", "hrc:Campaign", "hrc:AwardProgramme")
_BORROWED = {
    "org:Organization": {"en": "Organisation", "id": "Organisasi", "es": "Organización", "fr": "Organisation"},
    "org:FormalOrganization": {"en": "Formal organisation", "id": "Organisasi formal", "es": "Organización formal"},
    "org:OrganizationalUnit": {"en": "Organisational unit", "id": "Unit organisasi", "es": "Unidad organizativa"},
    "foaf:Person": {"en": "Person", "id": "Orang", "es": "Persona", "fr": "Personne"},
    "skos:Concept": {"en": "Theme", "id": "Tema", "es": "Tema", "fr": "Thème"},
}
"""Names of classes that the ontology takes from elsewhere and does not name itself."""
_ROWS = """
SELECT ?thing ?said ?value WHERE {
  {
    { SELECT DISTINCT ?thing WHERE { VALUES ?root { %(roots)s } ?class rdfs:subClassOf* ?root . ?thing a ?class } }
    VALUES ?said { rdf:type skos:prefLabel skos:altLabel foaf:name foaf:page skos:notation dcterms:type dcterms:spatial
                   hrc:partOf hrc:primaryPlace hrc:number hrc:date }
    ?thing ?said ?value
  } UNION {
    ?thing skos:inScheme <%(themes)s> .
    VALUES ?said { rdf:type skos:prefLabel skos:altLabel skos:hiddenLabel skos:broader }
    ?thing ?said ?value
  } UNION {
    ?thing skos:inScheme <%(kinds)s> ; skos:prefLabel ?value BIND (skos:prefLabel AS ?said)
  } UNION {
    ?thing a owl:Class . VALUES ?said { rdfs:label rdfs:subClassOf } ?thing ?said ?value
  }
}
ORDER BY ?thing ?said ?value
"""
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_YEAR = re.compile(r"\d{4}")
_LIKE = 70.0
"""Less like than this is no answer to a search."""
_LOOKED_AT = 50
_LONGEST = 400
"""A longer text is no name: it would only cost time."""
_SLIPS = 84.0
"""A name that GeoNames knows is meant when a text is like it by so much."""


@dataclass(frozen=True, slots=True)
class Type:
    """A class of things; `id` as people write it, such as `hrc:Charter`."""

    id: str
    names: dict[str, str]
    broader: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its English name."""
        return self.names.get("en") or self.id


@dataclass(slots=True)
class Thing:
    """What a directory knows of a thing; `id` is its IRI without the base, such as `id/gov/id-lahat`."""

    id: str
    family: str
    """Which of `names.TYPES` it is."""
    names: tuple[tuple[str, str], ...]
    """Every name with its language, the one to show first."""
    folded: tuple[str, ...]
    types: tuple[str, ...]
    """Its class and those above it."""
    codes: tuple[tuple[str, str], ...] = ()
    """Scheme and code; a government has those of its place."""
    kind: str = ""
    country: str = ""
    """ISO 3166-1."""
    within: tuple[str, ...] = ()
    """The larger places or broader themes, the nearest first."""
    years: tuple[int, ...] = ()
    place: str = ""
    """What it governs, or where it is."""

    @property
    def name(self) -> str:
        """The name to show."""
        return self.names[0][0]

    def called(self, language: str) -> str:
        """Its first name in a language, else the one to show."""
        return next((name for name, tag in self.names if tag == language), self.name)

    @property
    def root(self) -> str:
        """The type that tells it best from things of other families."""
        return ROOTS.get(self.family) or self.types[0]


@dataclass(frozen=True, slots=True)
class Found:
    """A thing that a search found, by which of its names, of which language, and how well (at most 100)."""

    thing: Thing
    name: str
    language: str
    score: float
    why: str


def prologue(base: str) -> str:
    """Every prefix of the project, as SPARQL declares them."""
    return "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.prefixes(base).items())


def rows_query(base: str) -> str:
    """The query whose rows a directory is made of."""
    roots = " ".join((*(root for root in ROOTS.values() if root != "skos:Concept"), *_ALSO))
    schemes = {"themes": namespaces.VOCAB + "theme", "kinds": namespaces.VOCAB + "kind"}
    return prologue(base) + _ROWS % {"roots": roots, **schemes}


class Directory:
    """The things of a snapshot, their types, and an index of their names."""

    def __init__(self, snapshot: str, base: str) -> None:
        self.snapshot = snapshot
        self.base = base
        self.things: dict[str, Thing] = {}
        self.types: dict[str, Type] = {}
        self.kinds: dict[str, dict[str, str]] = {}
        """The names of the kinds of places, texts and so on, by language."""
        self.nations: dict[str, str] = {}  # countries by every folded name
        self.families: dict[str, frozenset[str]] = {}  # those that have things of a type
        self.index = NameIndex(base)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], snapshot: str, base: str) -> Directory:
        """A directory of the rows of `rows_query`."""
        made = cls(snapshot, base)
        _Reader(made, rows).read()
        return made

    def thing(self, text: str) -> Thing | None:
        """The thing with an id: `id/gov/id-lahat`, `gov/id-lahat`, `gov:id-lahat` or its whole IRI."""
        text = text.strip().strip("<>")
        prefix, _, slug = text.partition(":")
        known = namespaces.prefixes(self.base)
        iri = known[prefix] + slug if prefix in known else text
        path = iri.removeprefix(self.base)
        return self.things.get(path) or self.things.get("id/" + path) or self.things.get(self._path(iri))

    def _path(self, iri: str) -> str:
        return iri.removeprefix(self.base if iri.startswith(self.base) else namespaces.BASE)

    def type(self, text: str) -> Type | None:
        """The type with an id: `hrc:Charter`, `Charter` or its whole IRI."""
        return self.types.get(text) or self.types.get("hrc:" + text) or self.types.get(namespaces.short(text))

    def described(self, thing: Thing, language: str = "en") -> str:
        """What kind of thing it is, and where or when, in a few words of a language; in others where it has none."""
        type = self.types[thing.types[0]]
        kind = self.kinds.get(thing.kind, {})
        called = kind.get(language) or type.names.get(language) or kind.get("en") or type.name
        larger = [self.things[id] for id in thing.within if id in self.things]
        said = [one.called(language) for one in larger if one.kind != "continent"]
        nation = self.things.get(f"id/place/{thing.country.lower()}") if thing.country else None
        if nation and nation.called(language) not in said and nation is not thing:
            said.append(nation.called(language))
        return ", ".join((called, *map(str, thing.years[:1]), *said))

    def find(
        self, text: str, families: Collection[str], *, country: str | None = None, limit: int = _LOOKED_AT
    ) -> list[Match]:
        """As `NameIndex.find`, and names that GeoNames knows, mistyped; nothing for what is too long to be a name."""
        if len(text) > _LONGEST:
            return []
        found = self.index.find(text, types=families, country=country, limit=limit)
        if (not found or found[0].score < _SLIPS) and not {"place", "gov"}.isdisjoint(families):
            iris = {match.iri: match for match in found}
            for match in self._slips(text, families, country):
                if match.iri not in iris or iris[match.iri].score < match.score:
                    iris[match.iri] = match
            found = sorted(iris.values(), key=lambda match: (-match.score, match.iri))[:limit]
        return found

    def _slips(self, text: str, families: Collection[str], country: str | None) -> Iterator[Match]:
        wanted, known = gazetteer.read(text).bare, self.index.abroad.keys()
        for name, score, _ in process.extract(wanted, known, scorer=fuzz.ratio, score_cutoff=_SLIPS, limit=5):
            for iri in self.index.abroad[name]:
                thing = self.things[self._path(iri)]
                if thing.family in families and len(name) > 3 and (not country or thing.country in ("", country)):
                    yield Match(iri, thing.name, round(0.9 * score, 1), False, f"GeoNames, spelled alike: {name}")

    def of_match(self, match: Match) -> Thing:
        """The thing that a match means."""
        return self.things[self._path(match.iri)]

    def holding(self, text: str) -> list[Found]:
        """Every thing that has a name with words that begin like those of the text."""
        wanted = fold(text) if len(text) <= _LONGEST else ""
        return [found for thing in self.things.values() if wanted and (found := _best_by_words(thing, wanted))]

    def nearest(self, thing: Thing, wanted: str) -> tuple[str, str]:
        """The name that is most like a folded text, with its language; a government has those of its place too."""
        both = (thing, self.things.get(thing.place, thing)) if thing.family == "gov" else (thing,)
        named = (pair for one in both for pair in zip(one.folded, one.names, strict=True))
        return max(named, key=lambda pair: fuzz.ratio(pair[0], wanted))[1]

    def search(self, text: str, type: str = "") -> list[Found]:
        """What is `holding` the words, or found by `find`; of the type, if one is asked for; the likeliest first."""
        wanted = fold(text)
        if not wanted or len(text) > _LONGEST:
            return []
        found = {one.thing.id: one for one in self.holding(text)}
        families = frozenset(TYPES)
        for match in self.find(text, families):
            thing = self.of_match(match)
            if match.score >= _LIKE and (thing.id not in found or found[thing.id].score < match.score):
                name, language = self.nearest(thing, wanted)
                found[thing.id] = Found(thing, name, language, match.score, match.why)
        meant = self.thing(text)
        if meant:
            found[meant.id] = Found(meant, *meant.names[0], 100.0, "its id")
        kept = (each for each in found.values() if not type or type in each.thing.types)
        return sorted(kept, key=_order)


def _order(found: Found) -> tuple[float, int, int, str]:
    """The likeliest first; a place after its government, what has much said of it before what has little."""
    shown = ("gov", "place", "aim", "text", "event", "org", "person", "theme", "source")
    return -found.score, shown.index(found.thing.family), -len(found.thing.names), found.thing.name


def _best_by_words(thing: Thing, wanted: str) -> Found | None:
    words = [f" {word}" for word in wanted.split()]
    best, place = 0.0, -1
    for number, folded in enumerate(thing.folded):
        if folded == wanted:
            best, place = 100.0, number
            break
        spaced = f" {folded}"
        if all(word in spaced for word in words):
            share = len(wanted) / len(folded)
            score = 88 + 8 * share if folded.startswith(wanted) else 74 + 14 * min(share, 1.0)
            if score > best:
                best, place = score, number
    return Found(thing, *thing.names[place], round(best, 1), "its name") if place >= 0 else None


def marked(name: str, text: str) -> list[tuple[str, bool]]:
    """The pieces of a name, and which of them are words that begin like one of the text."""
    words, pieces, end = fold(text).split(), [], 0
    for word in _WORD.finditer(name):
        folded = fold(word.group())
        if folded and any(folded.startswith(each) for each in words):
            pieces += [(name[end : word.start()], False), (word.group(), True)]
            end = word.end()
    return [piece for piece in (*pieces, (name[end:], False)) if piece[0]]


@dataclass(slots=True)
class _Said:
    """What the rows say of one thing, by property."""

    values: dict[str, list[Mapping[str, str]]] = field(default_factory=lambda: defaultdict(list))

    def texts(self, *properties: str) -> list[str]:
        return [value["value"] for prop in properties for value in self.values.get(_iri(prop), ())]

    def names(self) -> list[tuple[str, str]]:
        """Every name once, preferred ones first, each of these in the order of languages."""
        found: list[tuple[str, str]] = []
        for prop in ("skos:prefLabel", "foaf:name", "skos:altLabel", "skos:hiddenLabel"):
            given = [(value["value"], value.get("xml:lang", "")) for value in self.values.get(_iri(prop), ())]
            found += sorted(given, key=lambda name: ((*LANGUAGES, name[1]).index(name[1]), name))
        return list(dict.fromkeys(found))


def _iri(short: str) -> str:
    prefix, _, name = short.partition(":")
    return namespaces.VOCABULARY[prefix] + name


class _Reader:
    """Fills a directory from rows."""

    def __init__(self, directory: Directory, rows: Iterable[Mapping[str, Any]]) -> None:
        self._directory = directory
        self._index = directory.index
        self._said: dict[str, _Said] = defaultdict(_Said)
        for row in rows:
            self._said[row["thing"]["value"]].values[row["said"]["value"]].append(row["value"])

    def read(self) -> None:
        things = {iri: type for iri in self._said if (type := self._index.type_of(iri)) and type != "source"}
        larger = {iri: self._larger(iri) for iri in things}
        used = set()
        for iri, family in sorted(things.items(), key=lambda one: (TYPES.index(one[1]), len(larger[one[0]]), one[0])):
            used |= self._add(iri, family, larger[iri])
        for iri, said in self._said.items():
            if iri.startswith(namespaces.VOCABULARY["kind"]):
                self._directory.kinds[iri.rpartition("/")[2]] = {language: name for name, language in said.names()}
        for id in sorted(used):
            self._directory.types[id] = self._type(id, used)
            having = (thing for thing in self._directory.things.values() if id in thing.types)
            self._directory.families[id] = frozenset(thing.family for thing in having)
        self._index.look_abroad()

    def _add(self, iri: str, family: str, larger: list[str]) -> set[str]:
        said, directory = self._said[iri], self._directory
        names = [name for name in said.names() if fold(name[0])]
        if not names:
            return set()
        codes = [(v.get("datatype", "").rpartition("/")[2], v["value"]) for v in said.values[_iri("skos:notation")]]
        place = next(iter(said.texts("hrc:primaryPlace", "dcterms:spatial")), None)
        governed = directory.things.get(directory._path(place)) if place else None
        kind = next((value.rpartition("/")[2] for value in said.texts("dcterms:type")), "")
        numbers = [("number", number) for number in said.texts("hrc:number")]
        pages = [("page", page.rstrip("/")) for page in said.texts("foaf:page")]
        self._index.add(
            iri,
            [name for name, _ in names],
            codes=[*codes, *numbers, *pages],
            kind=kind or None,
            part_of=larger[0] if larger else None,
            place=place,
        )
        above = [directory._path(one) for one in larger]
        if governed and family == "gov":
            codes, kind, above = [*codes, *governed.codes], kind or governed.kind, [*governed.within]
        nation = dict(codes).get("iso3166-1") or (governed.country if governed else "")
        nation = nation or next((directory.things[id].country for id in above if id in directory.things), "")
        years = sorted({int(year) for text in said.texts("hrc:date") for year in _YEAR.findall(text)})
        thing = Thing(
            sys.intern(directory._path(iri)),
            sys.intern(family),
            tuple((name, sys.intern(language)) for name, language in names),
            tuple(spelled(name) if family in ("place", "gov") else fold(name) for name, _ in names),
            self._classes(said.texts("rdf:type")),
            tuple(codes),
            sys.intern(kind),
            sys.intern(nation),
            tuple(map(sys.intern, above)),
            tuple(years),
            governed.id if governed else "",
        )
        directory.things[thing.id] = thing
        if family == "place" and kind == "country":
            directory.nations |= dict.fromkeys(thing.folded, nation)
        return set(thing.types)

    def _larger(self, iri: str) -> list[str]:
        found = [iri]
        while further := [up for up in self._said[found[-1]].texts("hrc:partOf", "skos:broader") if up not in found]:
            found.append(further[0])
            if found[-1] not in self._said:
                break
        return found[1:]

    def _classes(self, iris: list[str]) -> tuple[str, ...]:
        """These classes and those above them that have things here, by short name."""
        found = list(dict.fromkeys(iris))
        for iri in found:
            found += [up for up in self._said.get(iri, _Said()).texts("rdfs:subClassOf") if up not in found]
        short = [namespaces.short(iri) for iri in found]
        return tuple(sys.intern(id) for id in short if id.startswith("hrc:") or id in _BORROWED)

    def _type(self, id: str, used: set[str]) -> Type:
        said = self._said.get(_iri(id), _Said())
        names = {value["xml:lang"]: value["value"] for value in said.values.get(_iri("rdfs:label"), ())}
        above = [namespaces.short(iri) for iri in said.texts("rdfs:subClassOf")]
        return Type(id, names or _BORROWED.get(id, {"en": id}), tuple(up for up in above if up in used))
