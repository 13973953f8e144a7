"""The terms that the editor at `/sparql` completes: classes, properties and concepts, as the data use them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import __version__, formats, namespaces
from hrc_graph.engine import Question
from hrc_graph.web.answers import LATEST, VARY_PAGE, Answers, Whole, matches, sent
from hrc_graph.web.languages import READER

_USED: Final = {
    "class": "SELECT ?term (COUNT(*) AS ?n) WHERE { ?s a ?term FILTER (ISIRI(?term)) } GROUP BY ?term",
    "property": "SELECT ?term (COUNT(*) AS ?n) WHERE { ?s ?term ?o } GROUP BY ?term",
    "concept": """
        PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        SELECT ?term (COUNT(?s) AS ?n) WHERE {
          ?term a skos:Concept OPTIONAL { ?s ?p ?term FILTER NOT EXISTS { ?s a skos:Concept } } } GROUP BY ?term""",
}
"""How often each term is used."""
_DEFINED: Final = """
PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
SELECT DISTINCT ?term ?kind WHERE { VALUES (?type ?kind) { (owl:Class "class") (rdf:Property "property")
  (owl:ObjectProperty "property") (owl:DatatypeProperty "property") } ?term a ?type FILTER (ISIRI(?term)) }
"""
_WORDS: Final = """
PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?term ?what ?text WHERE {
  VALUES ?type { owl:Class rdf:Property owl:ObjectProperty owl:DatatypeProperty skos:Concept }
  VALUES (?property ?what) {
    (rdfs:label "label") (skos:prefLabel "label") (rdfs:comment "note") (skos:definition "note") }
  ?term a ?type ; ?property ?text }
"""


class Completions:
    """Makes the list of terms once for each snapshot, and its words once for each language."""

    def __init__(self, answers: Answers, base: str) -> None:
        self._answers = answers
        self._base = base
        self._making = asyncio.Lock()
        self._snapshot = ""
        self._told: list[list[dict[str, Any]]] = []
        self._made: dict[str, tuple[bytes, str]] = {}

    async def respond(self, asked: Mapping[str, str]) -> Whole:
        """The terms in the reader's language as JSON, or 304. `asked` are the headers of the request."""
        language = READER.get().language
        async with self._making:  # who asks at the same time waits for it
            if self._snapshot != self._answers.engine.snapshot:
                self._snapshot = self._answers.engine.snapshot
                self._made = {}
                texts = (*_USED.values(), _DEFINED, _WORDS)
                self._told = [await self._rows(text) for text in texts]
            if language not in self._made:
                self._made[language] = await asyncio.to_thread(self._make, language)
            body, tag = self._made[language]
        if matches(tag, asked.get("if-none-match", "")):
            return self._answers.unchanged(tag, VARY_PAGE)
        fields = [LATEST, (b"etag", tag.encode()), (b"x-snapshot", self._snapshot.encode())]
        return sent(body, "application/json", asked, fields, vary=VARY_PAGE)

    async def _rows(self, text: str) -> list[dict[str, Any]]:
        question = Question(text, formats.JSON, formats.TURTLE, self._base, own=True)
        answer = await self._answers.engine.answer(question)
        found: list[dict[str, Any]] = json.loads(answer.body)["results"]["bindings"]
        return found

    def _make(self, language: str) -> tuple[bytes, str]:
        """The list for a language and its entity tag."""
        *used, defined, words = self._told
        counts: dict[str, tuple[str, int]] = {row["term"]["value"]: (row["kind"]["value"], 0) for row in defined}
        for kind, rows in zip(_USED, used, strict=True):
            counts |= {row["term"]["value"]: (kind, int(row["n"]["value"])) for row in rows}
        said: dict[tuple[str, str], tuple[int, str]] = {}
        order = (language, "en", "", "id")
        for row in words:
            key = (row["term"]["value"], row["what"]["value"])
            spoken = row["text"].get("xml:lang", "")
            rank = order.index(spoken) if spoken in order else len(order)
            if key not in said or rank < said[key][0]:
                said[key] = (rank, row["text"]["value"])
        terms: list[dict[str, Any]] = []
        for iri, (kind, count) in counts.items():
            name = namespaces.short(iri, self._base)
            if name != iri:  # the editor writes prefixed names
                label, note = (said.get((iri, what), (9, ""))[1] for what in ("label", "note"))
                terms.append({"name": name, "kind": kind, "label": label, "note": note, "count": count})
        terms.sort(key=lambda term: (-term["count"], term["name"]))
        body = json.dumps({"snapshot": self._snapshot, "terms": terms}, ensure_ascii=False).encode()
        digest = hashlib.blake2b(__version__.encode() + body, digest_size=9).hexdigest()
        return body, f'W/"{self._snapshot}-{digest}"'


def router(completions: Completions) -> APIRouter:
    """The route of the list."""
    routes = APIRouter(tags=["descriptions"])

    @routes.get("/sparql/terms", summary="Classes, properties and concepts, with their names and numbers of uses")
    async def terms(request: Request) -> Response:
        return await completions.respond(request.headers)

    return routes
