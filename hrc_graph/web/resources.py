"""Following an IRI: `/id/…` answers 303 to `/doc/…`, which negotiates Turtle, JSON-LD, … or a page."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hrc_graph import formats, namespaces
from hrc_graph.engine import Question
from hrc_graph.errors import NotFound
from hrc_graph.settings import Settings
from hrc_graph.web import headers
from hrc_graph.web.answers import Answers, client_of, encoding_of, page

_GRAPH = """
PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
CONSTRUCT { ?thing ?property ?value . ?other ?link ?thing . ?claim ?about ?said . ?passage ?of ?detail }
WHERE {
  BIND (%(thing)s AS ?thing)
  { ?thing ?property ?value }
  UNION { ?other ?link ?thing . FILTER (?link NOT IN (rdf:subject, rdf:object)) }
  UNION { ?claim rdf:subject ?thing ; ?about ?said }
  UNION { ?thing hrc:cites ?passage . ?passage ?of ?detail }
}
"""
_ROWS = """
PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?part ?property ?term ?rank (SAMPLE(?en) AS ?label) (SAMPLE(?any) AS ?other) (SAMPLE(?word) AS ?words)
       (GROUP_CONCAT(DISTINCT ?title; SEPARATOR="; ") AS ?sources)
WHERE {
  BIND (%(thing)s AS ?thing)
  {
    { ?thing ?property ?term . BIND ("own" AS ?part) }
    UNION
    { ?term ?property ?thing . FILTER (?property NOT IN (rdf:subject, rdf:object)) BIND ("pointing" AS ?part) }
    UNION
    { ?claim rdf:subject ?thing ; rdf:predicate ?property ; rdf:object ?term ;
             <http://wikiba.se/ontology#rank> ?rank ; hrc:cites/hrc:source/dcterms:title ?title .
      BIND ("claim" AS ?part) }
  }
  OPTIONAL { ?property rdfs:label ?word . FILTER (LANG(?word) = "en") }
  OPTIONAL { ?term skos:prefLabel|rdfs:label|dcterms:title ?en . FILTER (LANG(?en) = "en") }
  OPTIONAL { ?term skos:prefLabel|rdfs:label|dcterms:title|hrc:locator ?any }
}
GROUP BY ?part ?property ?term ?rank
ORDER BY ?part ?words ?property ?label ?term
"""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A term as a page shows it: its text, and where a click leads if anywhere."""

    text: str
    href: str = ""
    language: str = ""
    said_by: str = ""


def router(answers: Answers, settings: Settings) -> APIRouter:
    """The routes of things and terms."""
    routes = APIRouter()

    @routes.get("/id/{path:path}", status_code=303, summary="A thing: see its document")
    async def see_other(path: str, request: Request) -> Response:
        await _rows(answers, settings, "id/" + path, request)
        return RedirectResponse(f"/doc/{path}", 303, headers.COMMON | {"Vary": "Accept"})

    @routes.get("/doc/{path:path}", summary="The document about a thing")
    async def document(path: str, request: Request) -> Response:
        stem, format = _suffix(path)
        format = format or formats.negotiate(request.headers.get("accept"), formats.DOCUMENTS)
        rows = await _rows(answers, settings, "id/" + stem, request)
        if format is formats.HTML:
            return page("thing.html", request.headers, **_shown_thing(rows, stem, settings))
        asked = _ask(_GRAPH, "id/" + stem, settings, graph=format)
        asked = dataclasses.replace(asked, encoding=encoding_of(request.headers.get("accept-encoding", "")))
        return await answers.respond(asked, client_of(request), request.headers.get("if-none-match", ""))

    return routes


def _suffix(path: str) -> tuple[str, formats.Format | None]:
    for format in formats.DOCUMENTS:
        if path.endswith(format.suffix):
            return path.removesuffix(format.suffix), format
    return path, None


def _ask(template: str, path: str, settings: Settings, graph: formats.Format = formats.TURTLE) -> Question:
    try:
        thing = ox.NamedNode(settings.base + path)
    except ValueError:
        raise NotFound(
            f"“{path[:200]}” is not the address of anything.", "Follow a link from the front page."
        ) from None
    return Question(template % {"thing": thing}, formats.JSON, graph, settings.base, own=True)


async def _rows(answers: Answers, settings: Settings, path: str, request: Request) -> list[dict[str, Any]]:
    answer = await answers.ask(_ask(_ROWS, path, settings), client_of(request))
    rows: list[dict[str, Any]] = json.loads(answer.body)["results"]["bindings"]
    if not any(row["part"]["value"] == "own" for row in rows if "part" in row):
        raise NotFound(f"Nothing is known of {settings.base}{path[:200]}.", "Look for it at /sparql.")
    return rows


def _shown_thing(rows: list[dict[str, Any]], stem: str, settings: Settings) -> dict[str, Any]:
    """What the template of a thing takes."""
    parts: dict[str, dict[str, list[tuple[_Shown, str]]]] = {"own": {}, "claim": {}, "pointing": {}}
    title = stem.rpartition("/")[2]
    names: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: _reading_order(row["property"]["value"])):
        prop = row["property"]["value"]
        if prop in _HIDDEN:
            continue
        word = _WORDS.get(prop) or (row["words"]["value"] if "words" in row else namespaces.short(prop, settings.base))
        rank = row["rank"]["value"].rpartition("#")[2].removesuffix("Rank").lower() if "rank" in row else ""
        parts[row["part"]["value"]].setdefault(word, []).append((_shown(row, settings), rank))
        if row["part"]["value"] == "own" and prop in _NAMES:
            names.setdefault(row["term"].get("xml:lang", ""), row["term"]["value"])
    title = next((names[language] for language in ("en", "id", "es", "fr", *names) if language in names), title)
    contested = {
        word: values
        for word, values in parts["claim"].items()
        if (len(values) > 1 and any(rank != "normal" for _, rank in values)) or word in _several(parts["claim"])
    }
    return {
        "title": title,
        "iri": f"{settings.base}id/{stem}",
        "stem": stem,
        "own": parts["own"],
        "pointing": parts["pointing"],
        "contested": contested,
        "alternates": [(f.name, f.suffix, f.media_types[0]) for f in formats.DOCUMENTS if f is not formats.HTML],
    }


def _reading_order(prop: str) -> tuple[int, str]:
    return (list(_WORDS).index(prop) if prop in _WORDS else len(_WORDS), prop)


def _known(names: dict[str, str]) -> dict[str, str]:
    split = ((*name.split(":"), word) for name, word in names.items())
    return {namespaces.VOCABULARY[prefix] + local: word for prefix, local, word in split}


_WORDS = _known(
    {
        "rdf:type": "is a",
        "dcterms:type": "kind",
        "skos:prefLabel": "name",
        "skos:altLabel": "other name",
        "foaf:name": "name as written",
        "dcterms:title": "title",
        "dcterms:alternative": "other title",
        "dcterms:publisher": "publisher",
        "dcterms:issued": "published",
        "dcterms:language": "language",
        "foaf:page": "web page",
        "skos:notation": "code",
        "dcterms:spatial": "where",
        "org:memberOf": "member of",
        "org:unitOf": "unit of",
        "geo:hasDefaultGeometry": "point",
        "skos:note": "note",
        "skos:editorialNote": "editor's note",
    }
)
"""What a page calls the properties of other vocabularies, in the order in which they are read."""
_HIDDEN = frozenset(_known({"hrc:earliest": "", "hrc:latest": ""}))
"""What repeats a date for queries to compare."""
_NAMES = tuple(
    namespaces.VOCABULARY[prefix] + name
    for prefix, name in (("skos", "prefLabel"), ("foaf", "name"), ("dcterms", "title"), ("hrc", "locator"))
)


def _several(claims: dict[str, list[tuple[_Shown, str]]]) -> set[str]:
    """The properties whose claims are dates that differ."""
    return {word for word, values in claims.items() if word == "date" and len({shown.text for shown, _ in values}) > 1}


def _shown(row: dict[str, Any], settings: Settings) -> _Shown:
    term = row["term"]
    said_by = row["sources"]["value"] if row["part"]["value"] == "claim" else ""
    if term["type"] != "uri":
        return _Shown(term["value"], language=term.get("xml:lang", ""), said_by=said_by)
    iri = term["value"]
    label = row.get("label") or row.get("other")
    text = label["value"] if label else namespaces.short(iri, settings.base)
    if iri.startswith(settings.base + "id/"):
        return _Shown(text, "/" + iri.removeprefix(settings.base), said_by=said_by)
    return _Shown(text, iri if iri.startswith(("http://", "https://")) else "", said_by=said_by)
