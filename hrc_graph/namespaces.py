"""Every prefix of the project, once.

Vocabulary namespaces are absolute. Things (`place:`, `gov:` …) are relative to a base, so that the
same files can be served under another address; `prefixes(base)` gives the table for one base.
A test holds every Turtle file and every query against this table.
"""

from __future__ import annotations

import functools
from typing import Final

BASE: Final = "https://w3id.org/hrcity/"

DEF: Final = BASE + "def/"
ONTOLOGY: Final = BASE + "ontology"
SHAPE: Final = BASE + "shape/"
SHAPES: Final = BASE + "shapes"
VOCAB: Final = BASE + "vocab/"

VOCABULARY: Final[dict[str, str]] = {
    "hrc": DEF,
    "hs": SHAPE,
    "article": VOCAB + "article/",
    "basis": VOCAB + "basis/",
    "code": VOCAB + "id-scheme/",
    "kind": VOCAB + "kind/",
    "mode": VOCAB + "mode/",
    "role": VOCAB + "role/",
    "theme": VOCAB + "theme/",
    "why": VOCAB + "rank-reason/",
    "dash": "http://datashapes.org/dash#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "edtf": "http://id.loc.gov/datatypes/edtf/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "gist": "https://w3id.org/semanticarts/ns/ontology/gist/",
    "lang": "http://publications.europa.eu/resource/authority/language/",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sdg": "http://metadata.un.org/sdg/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vann": "http://purl.org/vocab/vann/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void": "http://rdfs.org/ns/void#",
    "wikibase": "http://wikiba.se/ontology#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""Prefixes whose namespace is the same wherever the product runs."""

THINGS: Final[dict[str, str]] = {
    "act": "id/act/",
    "aim": "id/aim/",
    "cite": "id/cite/",
    "claim": "id/claim/",
    "decision": "id/decision/",
    "event": "id/event/",
    "gov": "id/gov/",
    "graph": "graph/",
    "milestone": "id/milestone/",
    "orgn": "id/org/",
    "place": "id/place/",
    "src": "id/source/",
    "text": "id/text/",
    "who": "id/person/",
}
"""Prefixes of things, relative to the base a deployment loads them under."""


def prefixes(base: str = BASE) -> dict[str, str]:
    """The whole table, with the things under `base` (an absolute IRI ending in `/`)."""
    return VOCABULARY | {prefix: base + path for prefix, path in THINGS.items()}


@functools.lru_cache(8)
def _spaces(base: str) -> tuple[tuple[str, str], ...]:
    return tuple(prefixes(base).items())


def short(iri: str, base: str = BASE) -> str:
    """An IRI of the table as people write it, such as `gov:id-lahat`; any other as it is."""
    for prefix, namespace in _spaces(base):  # a page of an answer asks for thousands
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return iri


def full(text: str, base: str = BASE) -> str:
    """The whole IRI for what `short` gives; any other text as it is."""
    prefix, colon, local = text.partition(":")
    known = prefixes(base)
    return known[prefix] + local if colon and prefix in known and not local.startswith("//") else text


def path(iri: str, base: str = BASE) -> str:
    """Where a server of ours tells of an IRI of ours: the path to follow; "" for any other IRI.

    Terms, concepts and shapes are the same wherever the product runs, things are under `base`.
    """
    if iri.startswith(base + "id/"):
        return "/" + iri.removeprefix(base)
    if iri in (ONTOLOGY, SHAPES) or iri.startswith((DEF, SHAPE, VOCAB)):
        return "/" + iri.removeprefix(BASE)
    return ""


def at(path: str, base: str = BASE) -> str:
    """The IRI that a path of `path()` leads to, without the slash it begins with."""
    return (base if path.startswith("id/") else BASE) + path
