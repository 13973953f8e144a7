"""Properties of things that can be fetched into a table, and compared with one.

Source: Reconciliation Service API 0.2, W3C Entity Reconciliation Community Group, section 7.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hrc_graph import directory
from hrc_graph.directory import Directory
from hrc_graph.errors import BadRequest

MOST_THINGS: Final = 500
MOST_PROPERTIES: Final = 30

_PLACED = ("gov", "place")
_WHERE = "?thing (hrc:primaryPlace|dcterms:spatial)? ?place . "
_ITSELF = "?thing hrc:primaryPlace? ?place . "
_NAMED = "?thing skos:prefLabel ?value"
_CODE = _ITSELF + "?place skos:notation ?value "
_BODY = "?thing (^hrc:primaryPlace)? ?body . "
_SCHEMES = {
    "kemendagri": "Home Ministry code (Indonesia)",
    "bps": "BPS code (Indonesia)",
    "geonames": "GeoNames id",
    "wikidata": "Wikidata id",
    "iso3166-1": "ISO 3166-1 code",
    "iso3166-2": "ISO 3166-2 code",
}
_LANGUAGES = {"en": "English", "id": "Indonesian", "es": "Spanish", "fr": "French", "ca": "Catalan", "ko": "Korean"}
_POINT = re.compile(r"POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Property:
    """Something that things of some families have; `pattern` binds its `?value` for each `?thing`."""

    id: str
    name: str
    pattern: str
    families: tuple[str, ...] = ()
    """Of which it is told; empty for all."""
    entity: str = ""
    """The type of its values, where these are things."""


def _all() -> dict[str, Property]:
    found = [
        Property("label", "name", _NAMED),
        Property("alias", "other name", "?thing skos:altLabel ?value"),
        *(
            Property(f"label-{code}", f"name in {name}", f"{_NAMED} FILTER (LANG(?value) = '{code}')")
            for code, name in _LANGUAGES.items()
        ),
        Property("kind", "kind", _ITSELF + "?place dcterms:type/skos:prefLabel ?value FILTER (LANG(?value) = 'en')"),
        Property(
            "country", "country", _WHERE + "?place hrc:partOf* ?value . ?value dcterms:type kind:country",
            ("gov", "place", "text", "event", "org"), "hrc:Place",
        ),
        Property("region", "part of", _ITSELF + "?place hrc:partOf ?value . ?value a hrc:Place", _PLACED, "hrc:Place"),
        Property("coordinates", "coordinates (latitude, longitude)",
                 _WHERE + "?place geo:hasDefaultGeometry/geo:asWKT ?value", ("gov", "place", "event")),
        Property("code", "official code, with its scheme", _ITSELF + "?place skos:notation ?code "
                 'BIND (CONCAT(REPLACE(STR(DATATYPE(?code)), "^.*/", ""), ":", STR(?code)) AS ?value)', _PLACED),
        *(
            Property(scheme, name, _CODE + f"FILTER (DATATYPE(?value) = code:{scheme})", _PLACED)
            for scheme, name in _SCHEMES.items()
        ),
        Property("government", "local government", "?value hrc:primaryPlace ?thing", ("place",), "hrc:LocalGovernment"),
        Property("place", "place", "?thing hrc:primaryPlace|dcterms:spatial ?value", ("gov", "text", "event", "org"),
                 "hrc:Place"),
        Property("member-of", "member of", _BODY + "{ ?body org:memberOf ?value } UNION "
                 "{ ?act hrc:actor ?body ; hrc:mode mode:joined ; hrc:under ?value . ?value a hrc:Campaign }",
                 ("gov", "place", "org", "person")),
        Property("signed", "charters and other texts signed", _BODY + "?act hrc:actor ?body ; hrc:mode mode:signed ; "
                 "hrc:under ?value . ?value a/rdfs:subClassOf* hrc:Instrument",
                 ("gov", "place", "org"), "hrc:Instrument"),
        Property("date", "date (EDTF)", "?thing hrc:date ?value", ("text", "event", "aim")),
        Property("page", "web page", "?thing foaf:page ?value", ("org", "event", "text")),
        Property("theme", "theme", "?thing hrc:theme ?value", ("text", "event", "aim"), "skos:Concept"),
    ]  # fmt: skip
    return {prop.id: prop for prop in found}


PROPERTIES: Final = _all()
"""Every property by its id."""


def of_type(known: Directory, type: str) -> list[Property]:
    """The properties that things of a type have; all of them for a type that is not known."""
    found = known.type(type)
    families = known.families.get(found.id, frozenset()) if found else frozenset()
    return [p for p in PROPERTIES.values() if not families or not p.families or not families.isdisjoint(p.families)]


def parse(asked: Any) -> tuple[list[str], list[str]]:
    """The ids of things and of properties of an extension query, as JSON has been read. Raises `BadRequest`."""
    if not isinstance(asked, dict):
        raise BadRequest("The extension query is not a JSON object.", 'Send {"ids": […], "properties": [{"id": "…"}]}.')
    ids, properties = asked.get("ids"), asked.get("properties")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids) or len(ids) > MOST_THINGS:
        raise BadRequest(f"ids is not a list of at most {MOST_THINGS} strings.", "Send fewer at a time.")
    if not isinstance(properties, list) or len(properties) > MOST_PROPERTIES:
        raise BadRequest(f"properties is not a list of at most {MOST_PROPERTIES} objects.", "Send fewer at a time.")
    wanted = [prop.get("id") if isinstance(prop, dict) else None for prop in properties]
    for id in wanted:
        if not isinstance(id, str) or id not in PROPERTIES:
            raise BadRequest(f"There is no property “{str(id)[:60]}”.", "They are at /reconcile/properties.")
    return ids, [str(id) for id in wanted]


def query(prop: Property, iris: Iterable[str], base: str) -> str:
    """The SPARQL that fetches a property of things."""
    things = " ".join(f"<{iri}>" for iri in iris)
    return (
        f"{directory.prologue(base)}SELECT DISTINCT ?thing ?value "
        f"WHERE {{ VALUES ?thing {{ {things} }} {prop.pattern} }} ORDER BY ?thing ?value"
    )


def values(prop: Property, answer: bytes, known: Directory) -> dict[str, list[dict[str, Any]]]:
    """What an answer in JSON says, by the id of each thing, as an extension response has it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(answer)["results"]["bindings"]:
        id = row["thing"]["value"].removeprefix(known.base)
        found.setdefault(id, []).append(_value(prop, row["value"], known))
    return found


def _value(prop: Property, term: Mapping[str, str], known: Directory) -> dict[str, Any]:
    text = term["value"]
    thing = known.thing(text) if term["type"] == "uri" else None
    if thing:
        return {"id": thing.id, "name": thing.name}
    point = _POINT.match(text) if prop.id == "coordinates" else None
    return {"str": f"{point[2]},{point[1]}" if point else text}
