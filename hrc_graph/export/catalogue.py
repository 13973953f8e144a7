"""The data set in a catalogue: DCAT 3 with its files and services, and VoID with what it links to.

Sources: Data Catalog Vocabulary (DCAT) - Version 3, W3C Recommendation of 22 August 2024; DCAT-AP 3.0.1 of SEMIC, whose
mandatory properties are all here; Describing Linked Datasets with the VoID Vocabulary, section 5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

import pyoxigraph as ox

from hrc_graph import description, formats, namespaces
from hrc_graph.description import IANA, LICENCE, TITLE, Facts, Said
from hrc_graph.engine import Engine, Question
from hrc_graph.export import package
from hrc_graph.export.folder import File
from hrc_graph.export.listings import LISTINGS
from hrc_graph.settings import Settings

DESCRIPTION: Final = {
    "en": "Cities commit themselves to human rights: they sign charters, pass rules of their own, win awards, join "
    "campaigns. Who committed to what, when, and on what evidence, as linked data with a source behind every fact.",
    "id": "Kota berkomitmen pada hak asasi manusia: menandatangani piagam, membuat aturan sendiri, meraih penghargaan, "
    "mengikuti kampanye. Siapa berkomitmen pada apa, kapan, dan atas bukti apa, sebagai data tertaut bersumber.",
}
KEYWORDS: Final = ("human rights cities", "local government", "human rights", "linked data", "SPARQL")
_SPACES: Final = {
    "spdx": "http://spdx.org/rdf/terms#",
    "adms": "http://www.w3.org/ns/adms#",
}
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority/"
_FILE_TYPES: Final = {
    ".nq": "RDF_N_QUADS",
    ".trig": "RDF_TRIG",
    ".ttl": "RDF_TURTLE",
    ".nt": "RDF_N_TRIPLES",
    ".jsonld": "JSON_LD",
    ".rdf": "RDF_XML",
    ".csv": "CSV",
    ".xlsx": "XLSX",
    ".geojson": "GEOJSON",
}
"""The EU's list of file types."""
_LANGUAGES: Final = ("ENG", "IND", "SPA", "FRA")
_THEMES: Final = {"GOVE": "Government and public sector", "JUST": "Justice, legal system and public safety"}
"""The EU's list of data themes."""
_SORTS: Final = {
    "dcat:landingPage": "foaf:Document",
    "dcat:mediaType": "dcterms:MediaType",
    "dcat:compressFormat": "dcterms:MediaType",
    "dcterms:format": "dcterms:MediaTypeOrExtent",
    "dcterms:language": "dcterms:LinguisticSystem",
    "dcterms:license": "dcterms:LicenseDocument",
    "dcat:theme": "skos:Concept",
}
"""Of what sort the values are: shapes cannot see that in the IRIs of other people's lists."""
_TARGETS: Final = {
    "sdg": ("Sustainable Development Goals and targets", "http://metadata.un.org/sdg/"),
    "treaty-articles": ("Articles of the human rights treaties, a vocabulary of this data set", "{base}vocab/article/"),
    "languages": ("Languages, of the Publications Office of the EU", f"{_AUTHORITY}language/"),
    "wikidata": ("Wikidata", "http://www.wikidata.org/entity/"),
    "geonames": ("GeoNames", "https://sws.geonames.org/"),
}
"""What things may link to: a title and the start of its IRIs."""
_LINKS: Final = """
SELECT ?space ?property (COUNT(*) AS ?n) WHERE {{
  VALUES ?space {{ {spaces} }}
  ?s ?property ?o FILTER (ISIRI(?o) && STRSTARTS(STR(?o), ?space) && !STRSTARTS(STR(?s), ?space))
  FILTER (STRSTARTS(STR(?s), "{base}id/") || STRSTARTS(STR(?s), "{base}vocab/"))
}} GROUP BY ?space ?property ORDER BY ?space ?property
"""
_CODES: Final = """
PREFIX schema: <https://schema.org/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?scheme ?label (SAMPLE(?template) AS ?url) (COUNT(*) AS ?n) WHERE {
  ?scheme schema:urlTemplate ?template ; skos:prefLabel ?label FILTER (LANG(?label) = "en")
  ?thing skos:notation ?code FILTER (DATATYPE(?code) = ?scheme)
} GROUP BY ?scheme ?label ORDER BY ?scheme
"""


@dataclass(frozen=True, slots=True)
class Linkset:
    """So many links of one sort that lead out of the data set."""

    name: str
    title: str
    target: str
    predicate: str
    links: int


@dataclass(frozen=True, slots=True)
class Edition:
    """A state of the data: the live one, or a release."""

    version: str
    """The name of the release; of the live data the id of the snapshot."""
    snapshot: str
    issued: str
    """The day on which it came to be, as 2026-11-21."""
    iri: str
    """What it is called in RDF."""
    home: str
    """The URL of its page."""
    files: dict[str, File]
    """By their URLs, relative to that of the page."""
    services: dict[str, str]
    """The URLs of what it can be asked through, by name."""

    def url(self, name: str) -> str:
        """The URL of a file."""
        return urljoin(self.home, name)

    @property
    def distributions(self) -> dict[str, tuple[str, File]]:
        """The title and measures of each file that holds data, by its name."""
        told = {name: package.described(name.removeprefix("/").removeprefix("dumps/"), LISTINGS) for name in self.files}
        return {name: (title, self.files[name]) for name, title in told.items() if title}


async def linksets(engine: Engine, base: str) -> list[Linkset]:
    """What things link to, counted: links of RDF, and codes whose scheme says which address they stand for."""

    async def rows(text: str) -> list[dict[str, str]]:
        answer = await engine.answer(Question(text, formats.JSON, formats.TURTLE, base, own=True))
        found: list[dict[str, Any]] = json.loads(answer.body)["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in found]

    targets = {space.format(base=base): (name, title) for name, (title, space) in _TARGETS.items()}
    spaces = " ".join(f'"{space}"' for space in targets)
    found = []
    for row in await rows(_LINKS.format(base=base, spaces=spaces)):
        name, title = targets[row["space"]]
        local = namespaces.short(row["property"], base).rpartition(":")[2]
        found.append(Linkset(f"{name}-{local}", title, row["space"], row["property"], int(row["n"])))
    for row in await rows(_CODES):
        name = row["scheme"].rpartition("/")[2]
        target = row["url"].partition("{code}")[0]
        notation = namespaces.VOCABULARY["skos"] + "notation"
        found.append(Linkset(f"{name}-codes", f"{row['label']}, as typed codes", target, notation, int(row["n"])))
    return found


def catalogue(edition: Edition, facts: Facts, links: Iterable[Linkset], settings: Settings) -> list[ox.Triple]:
    """The catalogue with one data set in it."""
    dataset = ox.NamedNode(edition.iri)
    list_of = ox.NamedNode(f"{settings.base}dataset#catalogue")
    publisher = ox.NamedNode(f"{settings.base}dataset#publisher")
    worded: list[Said] = [
        *(("dcterms:title", ox.Literal(text, language=language)) for language, text in TITLE.items()),
        *(("dcterms:description", ox.Literal(text, language=language)) for language, text in DESCRIPTION.items()),
        ("dcterms:publisher", publisher),
        *(("dcterms:language", ox.NamedNode(f"{_AUTHORITY}language/{code}")) for code in _LANGUAGES),
    ]
    triples = [
        *_about(publisher, [("rdf:type", _name("foaf:Agent")), ("foaf:name", ox.Literal(TITLE["en"], language="en"))]),
        *_about(list_of, [("rdf:type", _name("dcat:Catalog")), *worded, ("dcterms:license", ox.NamedNode(LICENCE))]),
        *_about(list_of, [("dcat:dataset", dataset)]),
        *_about(dataset, [("rdf:type", _name("dcat:Dataset")), *worded, *_of_dataset(edition, settings)]),
    ]
    for name, (title, file) in edition.distributions.items():
        url = ox.NamedNode(edition.url(name))
        triples += _about(dataset, [("dcat:distribution", url)])
        triples += _about(url, _of_file(url, name, title, file))
        sum_of = ox.NamedNode(f"{url.value}#checksum")
        triples += _about(url, [("spdx:checksum", sum_of)])
        triples += _about(
            sum_of,
            [
                ("rdf:type", _name("spdx:Checksum")),
                ("spdx:algorithm", _name("spdx:checksumAlgorithm_sha256")),
                ("spdx:checksumValue", ox.Literal(file.sha256, datatype=_name("xsd:hexBinary"))),
            ],
        )
    for title, address in edition.services.items():
        service = ox.NamedNode(address)
        triples += _about(list_of, [("dcat:service", service)])
        triples += _about(
            service,
            [
                ("rdf:type", _name("dcat:DataService")),
                ("dcterms:title", ox.Literal(title, language="en")),
                ("dcat:endpointURL", service),
                ("dcat:endpointDescription", service),
                ("dcat:servesDataset", dataset),
                ("dcterms:license", ox.NamedNode(LICENCE)),
            ],
        )
    for code, label in _THEMES.items():
        theme = ox.NamedNode(f"{_AUTHORITY}data-theme/{code}")
        triples += _about(theme, [("skos:prefLabel", ox.Literal(label, language="en"))])
    sorts = {_name(name): _name(sort) for name, sort in _SORTS.items()}
    typed = {
        ox.Triple(triple.object, _name("rdf:type"), sorts[triple.predicate])
        for triple in triples
        if triple.predicate in sorts and isinstance(triple.object, ox.NamedNode)
    }
    return [*triples, *sorted(typed, key=str), *_void(edition, facts, links, settings)]


def _of_dataset(edition: Edition, settings: Settings) -> list[Said]:
    live = settings.base + "dataset"
    return [
        ("dcterms:identifier", ox.Literal(edition.iri)),
        ("dcat:version", ox.Literal(edition.version)),
        ("adms:identifier", ox.NamedNode(f"{edition.iri}#snapshot")),
        ("dcterms:issued", ox.Literal(edition.issued, datatype=_name("xsd:date"))),
        ("dcat:landingPage", ox.NamedNode(edition.home)),
        *(("dcat:theme", ox.NamedNode(f"{_AUTHORITY}data-theme/{code}")) for code in _THEMES),
        *(("dcat:keyword", ox.Literal(word, language="en")) for word in KEYWORDS),
        *((("dcat:isVersionOf", ox.NamedNode(live)),) if edition.iri != live else ()),
    ]


def _of_file(url: ox.NamedNode, name: str, title: str, file: File) -> list[Said]:
    plain = name.removesuffix(package.PACKED)
    suffix = "." + plain.rpartition(".")[2]
    return [
        ("rdf:type", _name("dcat:Distribution")),
        ("dcterms:title", ox.Literal(title, language="en")),
        ("dcat:accessURL", url),
        ("dcat:downloadURL", url),
        ("dcat:mediaType", ox.NamedNode(IANA + package.media_type(plain))),
        *((("dcat:compressFormat", ox.NamedNode(IANA + package.media_type(name))),) if plain != name else ()),
        ("dcterms:format", ox.NamedNode(f"{_AUTHORITY}file-type/{_FILE_TYPES[suffix]}")),
        ("dcat:byteSize", ox.Literal(str(file.size), datatype=_name("xsd:nonNegativeInteger"))),
        ("dcterms:license", ox.NamedNode(LICENCE)),
    ]


def _void(edition: Edition, facts: Facts, links: Iterable[Linkset], settings: Settings) -> Iterator[ox.Triple]:
    live, own = settings.base + "dataset", edition.iri

    def called(term: Any) -> Any:
        """The term as this edition calls it: parts of the data set keep their names after the hash."""
        is_part = isinstance(term, ox.NamedNode) and (term.value == live or term.value.startswith(f"{live}#"))
        return ox.NamedNode(own + term.value.removeprefix(live)) if is_part else term

    node = ox.NamedNode(own)
    snapshot = ox.NamedNode(f"{own}#snapshot")
    yield from _about(
        snapshot, [("rdf:type", _name("adms:Identifier")), ("skos:notation", ox.Literal(edition.snapshot))]
    )
    for triple in description.dataset(facts, settings, next(iter(edition.services.values()))):
        if triple.predicate != _name("void:dataDump"):
            yield ox.Triple(called(triple.subject), triple.predicate, called(triple.object))
    for name in edition.distributions:
        if package.media_type(name.removesuffix(package.PACKED)) == "application/n-quads":
            yield ox.Triple(node, _name("void:dataDump"), ox.NamedNode(edition.url(name)))
    for link in links:
        linkset = ox.NamedNode(f"{own}#linkset/{link.name}")
        yield ox.Triple(node, _name("void:subset"), linkset)
        yield from _about(
            linkset,
            [
                ("rdf:type", _name("void:Linkset")),
                ("dcterms:title", ox.Literal(link.title, language="en")),
                ("void:subjectsTarget", node),
                ("void:objectsTarget", ox.NamedNode(link.target)),
                ("void:linkPredicate", ox.NamedNode(link.predicate)),
                ("void:triples", ox.Literal(link.links)),
            ],
        )


def _about(subject: ox.NamedNode, said: Iterable[Said]) -> Iterator[ox.Triple]:
    return (ox.Triple(subject, _name(name), value) for name, value in said)


def _name(short: str) -> ox.NamedNode:
    prefix, _, local = short.partition(":")
    return ox.NamedNode((namespaces.VOCABULARY | _SPACES)[prefix] + local)
