"""The front page, and what operators look at: health and numbers."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hrc_graph import formats
from hrc_graph.engine import Question
from hrc_graph.web.answers import Answers, client_of, page
from hrc_graph.web.metrics import Metrics
from hrc_graph.workspace import Workspace

_COUNTS = """
PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?class ?label (COUNT(DISTINCT ?thing) AS ?count)
WHERE { ?thing a ?class . ?class rdfs:isDefinedBy <https://w3id.org/hrcity/ontology> ; rdfs:label ?label .
        FILTER (LANG(?label) = "en") }
GROUP BY ?class ?label ORDER BY DESC(?count)
"""
_FLEETING = {"Cache-Control": "no-store"}


def router(answers: Answers, metrics: Metrics, workspace: Workspace) -> APIRouter:
    """The routes of these pages."""
    routes = APIRouter()
    base = workspace.settings.base

    @routes.get("/", summary="What is here")
    async def front(request: Request) -> Response:
        answer = await answers.ask(Question(_COUNTS, formats.JSON, formats.TURTLE, base, own=True), client_of(request))
        return page(
            "front.html",
            request.headers,
            title="Human Rights Cities graph",
            counts=json.loads(answer.body)["results"]["bindings"],
            questions=workspace.questions.values(),
        )

    @routes.get("/health", summary="Whether questions are answered")
    async def health() -> Response:
        asked = Question("ASK { ?s ?p ?o }", formats.JSON, formats.TURTLE, base, own=True)
        await answers.engine.engine.answer(asked)
        return JSONResponse({"status": "ok", "snapshot": answers.engine.snapshot}, headers=_FLEETING)

    @routes.get("/metrics", summary="Numbers for Prometheus")
    async def numbers() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4", headers=_FLEETING)

    return routes
