"""The web application: `/sparql` as plain ASGI beside FastAPI for the rest, over one engine."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from hrc_graph import __version__, errors
from hrc_graph.engine import Engine
from hrc_graph.web import pages, problems, resources
from hrc_graph.web.sparql import SparqlApp
from hrc_graph.workspace import Workspace


class WebApp:
    """Sends `/sparql` to the endpoint and every other path to the pages."""

    def __init__(self, sparql: ASGIApp, rest: ASGIApp) -> None:
        self._sparql = sparql
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        is_sparql = scope["type"] == "http" and scope["path"] == "/sparql"
        await (self._sparql if is_sparql else self._rest)(scope, receive, send)


def create(workspace: Workspace, engine: Engine) -> WebApp:
    """The application over a workspace and an engine that has been started."""
    app = FastAPI(title="Human Rights Cities graph", version=__version__, docs_url=None, redoc_url=None)
    app.include_router(pages.router(engine, workspace))
    app.include_router(resources.router(engine, workspace.settings))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")

    @app.exception_handler(errors.HrcError)
    async def known(request: Request, error: errors.HrcError) -> Response:
        return problems.respond(error, request.headers.get("accept"))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allow = (error.headers or {}).get("Allow", "GET")
            wrong = errors.WrongMethod(f"This address does not do {request.method}.", f"Use {allow}.")
            return problems.respond(wrong, request.headers.get("accept"), allow)
        missing = errors.NotFound(f"There is nothing at {request.url.path[:200]}.", "Start at the front page.")
        return problems.respond(missing, request.headers.get("accept"))

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        return problems.unexpected(error, request.headers.get("accept"))

    return WebApp(SparqlApp(engine, workspace.settings), app)
