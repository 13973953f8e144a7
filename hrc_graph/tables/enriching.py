"""What GeoNames and ISO 3166 add to places, where the match is certain: codes, a point, a country's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyoxigraph as ox

from hrc_graph import gazetteer, namespaces
from hrc_graph.records import Term
from hrc_graph.tables.cells import short_iri
from hrc_graph.tables.merging import CITES, TYPE

_NOTATION = short_iri("skos:notation")
_SKOS_LABEL = short_iri("skos:prefLabel")

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
    yield "", node, _NOTATION, ox.Literal(str(found.geonameid), datatype=short_iri("code:geonames"))
    yield "", node, short_iri("geo:hasDefaultGeometry"), point
    yield "", point, TYPE, short_iri("geo:Geometry")
    yield "", point, short_iri("geo:asWKT"), wkt
    yield from _cited("geonames", str(found.geonameid), f"feature {found.geonameid}", node, base)


def country(node: ox.NamedNode, texts: Mapping[str, str], _kind: str | None, base: str) -> Iterator[Fact]:
    """The name and code of a country by its ISO 3166-1 code."""
    found = gazetteer.country(texts.get("country", ""))
    if found:
        yield "", node, _SKOS_LABEL, ox.Literal(found.name, language="en")
        yield "", node, _NOTATION, ox.Literal(found.code, datatype=short_iri("code:iso3166-1"))
        yield from _cited("iso3166-1", found.code.lower(), f"entry {found.code}", node, base)


FINDERS = {"place": place, "country": country}


def _cited(source: str, slug: str, locator: str, node: ox.NamedNode, base: str) -> Iterator[Fact]:
    things = {prefix: base + path for prefix, path in namespaces.THINGS.items()}
    passage = ox.NamedNode(f"{things['cite']}{source}--{slug}")
    yield f"sources/{source}", passage, TYPE, short_iri("hrc:Citation")
    yield f"sources/{source}", passage, short_iri("hrc:source"), ox.NamedNode(things["src"] + source)
    yield f"sources/{source}", passage, short_iri("hrc:locator"), ox.Literal(locator)
    yield "", node, CITES, passage
