"""What operators look at: health and numbers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from hrc_graph import formats
from hrc_graph.engine import Question
from hrc_graph.web.answers import Answers
from hrc_graph.web.metrics import Metrics
from hrc_graph.workspace import Workspace

_FLEETING = {"Cache-Control": "no-store"}


def router(answers: Answers, metrics: Metrics, workspace: Workspace) -> APIRouter:
    """The routes of these pages."""
    routes = APIRouter()
    base = workspace.settings.base

    @routes.get("/health", summary="Whether questions are answered")
    async def health() -> Response:
        asked = Question("ASK { ?s ?p ?o }", formats.JSON, formats.TURTLE, base, own=True)
        await answers.engine.engine.answer(asked)
        return JSONResponse({"status": "ok", "snapshot": answers.engine.snapshot}, headers=_FLEETING)

    @routes.get("/metrics", summary="Numbers for Prometheus")
    async def numbers() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4", headers=_FLEETING)

    return routes
