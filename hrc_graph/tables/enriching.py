"""What GeoNames and ISO 3166 add to places, where it is certain: codes, a point, names, a country's continent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyoxigraph as ox
from babel import Locale

from hrc_graph import gazetteer, namespaces
from hrc_graph.records import Term
from hrc_graph.tables.cells import short_iri
from hrc_graph.tables.merging import CITES, KIND, LABEL, TYPE
from hrc_graph.tables.rows import slug

_NOTATION = short_iri("skos:notation")
_CLDR = {"AF": "002", "AN": "AQ", "AS": "142", "EU": "150", "NA": "003", "OC": "009", "SA": "005"}
"""What CLDR calls the continents of GeoNames."""
_LANGUAGES = ("ca", "es", "fr", "id", "ko")
"""Of the names of a continent, beside the English one of GeoNames."""

Fact = tuple[str, ox.NamedNode, ox.NamedNode, Term]
"""A dossier ("" for that of the place), a subject, a property, a value."""


def place(node: ox.NamedNode, texts: Mapping[str, str], kind: str | None, base: str) -> Iterator[Fact]:
    """The GeoNames id and point of a city that one name in its country certainly means."""
    for name in filter(None, (texts.get("name"), texts.get("local_name"))):
        found = [each for each in gazetteer.locate(name, texts.get("country", ""), kind or "") if each.certain]
        if found:
            yield from city(node, found[0], base)
            return


def city(node: ox.NamedNode, found: gazetteer.Candidate, base: str) -> Iterator[Fact]:
    """The GeoNames id and point of a place that is a city of GeoNames."""
    point = ox.NamedNode(f"{node.value}/point")
    wkt = ox.Literal(f"POINT({found.longitude} {found.latitude})", datatype=short_iri("geo:wktLiteral"))
    yield from _known("", node, found.geonameid, base)
    yield "", node, short_iri("geo:hasDefaultGeometry"), point
    yield "", point, TYPE, short_iri("geo:Geometry")
    yield "", point, short_iri("geo:asWKT"), wkt


def country(node: ox.NamedNode, texts: Mapping[str, str], _kind: str | None, base: str) -> Iterator[Fact]:
    """The name, codes and continent of a country by its ISO 3166-1 code, and the record of the continent."""
    found = gazetteer.country(texts.get("country", ""))
    if found:
        yield "", node, LABEL, ox.Literal(found.name, language="en")
        yield "", node, _NOTATION, ox.Literal(found.code, datatype=short_iri("code:iso3166-1"))
        yield from _cited("iso3166-1", found.code.lower(), f"entry {found.code}", node, base)
        yield from _known("", node, found.geonameid, base)
        local = slug(found.continent.name)
        larger = ox.NamedNode(f"{base}{namespaces.THINGS['place']}{local}")
        yield "", node, short_iri("hrc:partOf"), larger
        yield from _continent(f"continents/{local}", larger, found.continent, base)


def _continent(dossier: str, node: ox.NamedNode, found: gazetteer.Continent, base: str) -> Iterator[Fact]:
    yield dossier, node, TYPE, short_iri("hrc:Place")
    yield dossier, node, KIND, short_iri("kind:continent")
    yield dossier, node, LABEL, ox.Literal(found.name, language="en")
    for language in _LANGUAGES:
        yield dossier, node, LABEL, ox.Literal(Locale(language).territories[_CLDR[found.code]], language=language)
    yield from _known(dossier, node, found.geonameid, base)


FINDERS = {"place": place, "country": country}


def _known(dossier: str, node: ox.NamedNode, number: int, base: str) -> Iterator[Fact]:
    """The id of what GeoNames knows, with its citation."""
    yield dossier, node, _NOTATION, ox.Literal(str(number), datatype=short_iri("code:geonames"))
    yield from _cited("geonames", str(number), f"feature {number}", node, base, dossier)


def _cited(source: str, local: str, locator: str, node: ox.NamedNode, base: str, dossier: str = "") -> Iterator[Fact]:
    things = {prefix: base + path for prefix, path in namespaces.THINGS.items()}
    passage = ox.NamedNode(f"{things['cite']}{source}--{local}")
    yield f"sources/{source}", passage, TYPE, short_iri("hrc:Citation")
    yield f"sources/{source}", passage, short_iri("hrc:source"), ox.NamedNode(things["src"] + source)
    yield f"sources/{source}", passage, short_iri("hrc:locator"), ox.Literal(locator)
    yield dossier, node, CITES, passage
