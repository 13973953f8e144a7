"""The serialisations we speak, and which one a request asks for.

Two kinds of result, two lists: tables (SELECT, ASK) and graphs (CONSTRUCT, DESCRIBE, documents).
Negotiation follows RFC 9110, section 12.5.1; the short names are those that SPARQLWrapper sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hrc_graph.errors import NotAcceptable


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """One serialisation: its short name, media type first and others it answers to, file suffix.

    There is one value for each, so each is equal to itself alone.
    """

    name: str
    media_types: tuple[str, ...]
    suffix: str
    aliases: tuple[str, ...] = ()

    @property
    def content_type(self) -> str:
        """The media type to answer with, with its charset where the type has one."""
        text = self.media_types[0].startswith("text/")
        return self.media_types[0] + ("; charset=utf-8" if text else "")


JSON = Format("json", ("application/sparql-results+json", "application/json"), ".srj", ("sparql-results+json",))
XML = Format("xml", ("application/sparql-results+xml", "application/xml", "text/xml"), ".srx", ("sparql-results+xml",))
CSV = Format("csv", ("text/csv",), ".csv")
TSV = Format("tsv", ("text/tab-separated-values",), ".tsv")
XLSX = Format("xlsx", ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",), ".xlsx", ("excel",))
HTML = Format("html", ("text/html", "application/xhtml+xml"), ".html")

TURTLE = Format("turtle", ("text/turtle", "application/turtle", "application/x-turtle"), ".ttl", ("ttl",))
N_TRIPLES = Format("ntriples", ("application/n-triples", "text/plain"), ".nt", ("nt", "n-triples"))
JSON_LD = Format("json-ld", ("application/ld+json", "application/json"), ".jsonld", ("jsonld", "json", "ld+json"))
RDF_XML = Format("rdf+xml", ("application/rdf+xml", "application/xml", "text/xml"), ".rdf", ("rdf", "xml", "rdfxml"))
N3 = Format("n3", ("text/n3", "text/rdf+n3"), ".n3", ("rdf+n3",))
TRIG = Format("trig", ("application/trig", "application/x-trig"), ".trig")
N_QUADS = Format("nquads", ("application/n-quads", "text/x-nquads"), ".nq", ("nq", "n-quads"))

TABLES: tuple[Format, ...] = (JSON, XML, CSV, TSV, XLSX)
GRAPHS: tuple[Format, ...] = (TURTLE, N_TRIPLES, JSON_LD, RDF_XML, N3, TRIG, N_QUADS)
DOCUMENTS: tuple[Format, ...] = (HTML, TURTLE, N_TRIPLES, JSON_LD, RDF_XML)


def named(name: str, offered: Sequence[Format]) -> Format | None:
    """The offered format with this short name, alias, suffix or media type; None when there is none."""
    wanted = name.strip().lower().removeprefix(".")
    for candidate in offered:
        if wanted in (candidate.name, candidate.suffix[1:], *candidate.aliases, *candidate.media_types):
            return candidate
    return None


@lru_cache(1024)
def negotiate(accept: str | None, offered: tuple[Format, ...]) -> Format:
    """The offered format that an Accept header likes best; the first offered wins a tie.

    Raises `NotAcceptable`, naming what is offered, when the header refuses all of it.
    """
    if not accept or not accept.strip():
        return offered[0]
    ranges = weighted(accept)
    best, best_quality = None, 0.0
    for candidate in offered:
        exact = [quality for media_range, quality in ranges if media_range in candidate.media_types[1:]]
        quality = max([_quality(candidate.media_types[0], ranges), *exact])
        if quality > best_quality:
            best, best_quality = candidate, quality
    if best is None:
        listed = ", ".join(candidate.media_types[0] for candidate in offered)
        raise NotAcceptable(f"None of the formats in “{accept[:200]}” is offered here.", f"Offered: {listed}.")
    return best


def weighted(header: str) -> list[tuple[str, float]]:
    """What an Accept header, or another of its form, names, in small letters and with its quality from 0 to 1."""
    named = []
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = min(max(float(parameter[2:]), 0.0), 1.0)
                except ValueError:
                    quality = 0.0
        if name:
            named.append((name, quality))
    return named


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """The quality of the most specific range that covers the media type; 0 when none does."""
    major = media_type.split("/")[0]
    for pattern in (media_type, f"{major}/*", "*/*"):
        found = [quality for media_range, quality in ranges if media_range == pattern]
        if found:
            return max(found)
    return 0.0
