"""A thing in the words of schema.org, for search engines: beside its graph, never instead of it."""

from __future__ import annotations

import re
from typing import Any

import pyoxigraph as ox

from hrc_graph.web.documents import Document, Statements, term

_TYPES = {
    "hrc:LocalGovernment": "GovernmentOrganization",
    "hrc:Place": "Place",
    "hrc:Regulation": "Legislation",
    "hrc:Charter": "CreativeWork",
    "hrc:Resolution": "CreativeWork",
    "hrc:Agreement": "CreativeWork",
    "hrc:Recommendation": "CreativeWork",
    "hrc:Instrument": "CreativeWork",
    "hrc:Provision": "CreativeWork",
    "hrc:Source": "CreativeWork",
    "hrc:Citation": "Quotation",
    "hrc:Claim": "Claim",
    "hrc:Event": "Event",
    "hrc:EventSeries": "EventSeries",
    "hrc:Participation": "JoinAction",
    "hrc:Commitment": "Action",
    "hrc:Award": "Action",
    "hrc:Change": "Action",
    "hrc:Campaign": "Project",
    "foaf:Person": "Person",
    "org:FormalOrganization": "Organization",
    "org:OrganizationalUnit": "Organization",
    "org:Organization": "Organization",
    "skos:ConceptScheme": "DefinedTermSet",
    "skos:Concept": "DefinedTerm",
    "owl:Ontology": "DefinedTermSet",
    "owl:Class": "DefinedTerm",
    "owl:ObjectProperty": "DefinedTerm",
    "owl:DatatypeProperty": "DefinedTerm",
    "owl:AnnotationProperty": "DefinedTerm",
}
"""The type for each class, the first that fits; `Thing` for all else."""
_PROPERTIES = {
    "GovernmentOrganization": {"areaServed": "hrc:primaryPlace"},
    "Organization": {"parentOrganization": "org:unitOf", "memberOf": "org:memberOf", "location": "dcterms:spatial"},
    "Place": {"containedInPlace": "hrc:partOf"},
    "Event": {"superEvent": "hrc:partOf", "location": "dcterms:spatial", "organizer": "hrc:organiser"},
    "EventSeries": {"location": "dcterms:spatial", "organizer": "hrc:organiser"},
    "Legislation": {
        "legislationPassedBy": "hrc:adoptedBy",
        "spatialCoverage": "dcterms:spatial",
        "isPartOf": "hrc:partOf",
    },
    "CreativeWork": {
        "isPartOf": "hrc:partOf",
        "about": "hrc:theme",
        "spatialCoverage": "dcterms:spatial",
    },
    "Quotation": {"isPartOf": "hrc:source"},
    "Action": {"agent": "hrc:actor", "recipient": "hrc:recipient", "object": "hrc:under", "location": "hrc:at"},
    "JoinAction": {"agent": "hrc:actor", "event": "hrc:at"},
    "DefinedTerm": {"inDefinedTermSet": "skos:inScheme"},
}
_TEXTS = {
    "name": ("skos:prefLabel", "rdfs:label", "foaf:name", "dcterms:title"),
    "alternateName": ("skos:altLabel", "dcterms:alternative"),
    "description": ("skos:definition", "dcterms:description"),
    "jobTitle": ("hrc:office",),
    "text": ("hrc:quote",),
    "publisher": ("dcterms:publisher",),
    "legislationIdentifier": ("hrc:number",),
}
_ONLY = {
    "jobTitle": {"Person"},
    "text": {"Quotation"},
    "publisher": {"CreativeWork"},
    "legislationIdentifier": {"Legislation"},
}
"""Texts that only some types have."""
_POINT = re.compile(r"(?:<[^>]*>\s*)?POINT\s*\(\s*(-?[\d.]+)\s+(-?[\d.]+)\s*\)", re.IGNORECASE)
_DAY = r"\d{4}(?:-\d\d(?:-\d\d)?)?"
_DATE = re.compile(rf"({_DAY})(?:/({_DAY}))?\Z")


def described(document: Document) -> dict[str, Any]:
    """The description, as JSON-LD that needs no other file to be read."""
    said, thing = document.statements, document.thing
    kinds = {value.value for value in said.values(thing, "rdf:type")}
    type = next((name for kind, name in _TYPES.items() if term(kind).value in kinds), "Thing")
    found: dict[str, Any] = {
        "@context": {"@vocab": "https://schema.org/"},
        "@id": thing.value,
        "@type": type,
        "mainEntityOfPage": {"@id": document.iri},
    }
    for name, properties in _TEXTS.items():
        if type in _ONLY.get(name, {type}):
            found[name] = [_text(value) for prop in properties for value in said.values(thing, prop)]
    for name, prop in _PROPERTIES.get(type, {}).items():
        found[name] = [{"@id": value.value} for value in said.nodes(thing, prop)]
    found["url"] = [{"@id": value.value} for value in said.nodes(thing, "foaf:page")]
    found["identifier"] = [
        {"@type": "PropertyValue", "propertyID": {"@id": value.datatype.value}, "value": value.value}
        for value in said.values(thing, "skos:notation")
        if isinstance(value, ox.Literal)
    ]
    found |= _place(said, thing) if type == "Place" else {}
    found |= _dates(said, thing, type)
    return {name: value for name, value in found.items() if value}


def _text(value: Any) -> Any:
    if isinstance(value, ox.Literal) and value.language:
        return {"@value": value.value, "@language": value.language}
    return value.value


def _place(said: Statements, thing: ox.NamedNode) -> dict[str, Any]:
    for point in said.nodes(thing, "geo:hasDefaultGeometry"):
        if found := _POINT.match(said.text(point, "geo:asWKT")):  # CRS84: longitude first
            return {"geo": {"@type": "GeoCoordinates", "longitude": float(found[1]), "latitude": float(found[2])}}
    return {}


def _dates(said: Statements, thing: ox.NamedNode, type: str) -> dict[str, Any]:
    """A date that sources agree on and do not doubt; the others have no form here."""
    issued = said.values(thing, "dcterms:issued")
    dates = issued or said.values(thing, "hrc:date")
    found = _DATE.match(dates[0].value) if len(dates) == 1 else None
    if not found:
        return {}
    match type:
        case "Event":
            return {"startDate": found[1], "endDate": found[2] or ""}
        case "Legislation":
            return {"legislationDate": found[1]}
        case "CreativeWork":
            return {"datePublished" if issued else "dateCreated": found[1]}
        case "Action" | "JoinAction":
            return {"startTime": found[1]}
        case _:
            return {}
