"""The web application: `/sparql` as plain ASGI beside FastAPI for the rest, over one engine."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hrc_graph import __version__, errors, formats
from hrc_graph.desk import Desk
from hrc_graph.engine.cached import Cached
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.scratch import Scratch
from hrc_graph.listings import LISTINGS
from hrc_graph.web import (
    assets,
    atlas,
    catalogue,
    completions,
    dashboard,
    descriptions,
    dumps,
    explorer,
    feeds,
    graphs,
    guides,
    headers,
    library,
    news,
    pages,
    problems,
    reconcile,
    releases,
    resources,
    search,
)
from hrc_graph.web import desk as secretariat
from hrc_graph.web.answers import Answers
from hrc_graph.web.clients import Clients, address
from hrc_graph.web.finder import Finder
from hrc_graph.web.indexes import Indexes
from hrc_graph.web.kept import Kept
from hrc_graph.web.languages import READER, reader_of
from hrc_graph.web.metrics import Metrics
from hrc_graph.web.openapi import Described
from hrc_graph.web.releases import Opened, Releases
from hrc_graph.web.representations import Representations
from hrc_graph.web.results import Studio
from hrc_graph.web.sparql import SparqlApp
from hrc_graph.workspace import Workspace


class WebApp:
    """Sends `/sparql` to the endpoint and every other path to the pages, which it counts."""

    def __init__(
        self,
        sparql: ASGIApp,
        rest: FastAPI,
        metrics: Metrics,
        released: Releases,
        preparations: Sequence[Callable[[], Awaitable[object]]],
        base: str,
    ) -> None:
        self._preparations = preparations
        self._sparql = sparql
        self._rest = rest
        self._metrics = metrics
        self._released = released
        self._under = urlsplit(base).path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on. The path of an IRI below a base such as `https://example.org/hrc/` works as it is."""
        if scope["type"] == "http" and scope["path"].startswith(self._under) and self._under != "/":
            below = scope["path"].removeprefix(self._under)
            if below.partition("/")[0] in _PLACES:
                scope = {**scope, "path": "/" + below}
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        READER.set(reader_of(scope))
        send = self._released.marking(send, scope["path"])
        if scope["path"] == "/sparql":
            await self._sparql(scope, receive, send)
        elif _RELEASED.match(scope["path"]):
            await self._released.sparql(scope, receive, send)
        else:
            await self._counted(scope, receive, send)

    async def prepare(self) -> None:
        """Make what the first request after a new snapshot would else wait for. Raises `EngineFailure`, `OSError`."""
        for prepare in self._preparations:
            await prepare()

    async def close(self) -> None:
        """End what was started to answer from releases."""
        await self._released.close()

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, status, answered = time.perf_counter(), 500, False
        is_head = scope["method"] == "HEAD"

        async def noting(message: Message) -> None:
            nonlocal status, answered
            status = message.get("status", status)
            answered = message["type"] == "http.response.body" and not message.get("more_body")
            if is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            elif message["type"] == "http.response.start":
                message = {**message, "headers": dressed(message["headers"])}
            await send(message)

        place = scope["path"].split("/")[1] or "front"
        dressed = _private if place in _PRIVATE_PLACES else _with_common
        rest: ASGIApp = self._rest
        if scope["method"] == "OPTIONS":
            rest = Response(status_code=204, headers=headers.preflight(_allowed(self._rest, scope)))
        try:
            await rest({**scope, "method": "GET"} if is_head else scope, receive, noting)
        except Exception:
            if not answered:
                raise  # otherwise Starlette has sent the 500 and logged it, and raises it for the server to log again
        finally:
            given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            client = address((scope.get("client") or ("",))[0], given)
            known = place if place in _PLACES else "other"
            self._metrics.answered(known, scope["method"], status, time.perf_counter() - started, client)


def _with_common(given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a response and those that every response carries."""
    names = {name.lower() for name, _ in given}
    return [*given, *((name, value) for name, value in _COMMON if name not in names)]


def _private(given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a response that is nobody else's business: not to be kept, nor read from another origin."""
    ours = {name for name, _ in _COMMON} | {name for name, _ in _OF_PRIVATE} | {b"etag"}
    kept = [(name, value) for name, value in given if name.lower() not in ours]
    return [*(pair for pair in kept if not pair[0].lower().startswith(b"access-control-")), *_OF_PRIVATE]


def _allowed(rest: FastAPI, scope: Scope) -> str:
    """The methods that the address of a request takes, as `Allow` lists them."""

    def takes(method: str) -> bool:
        return any(route.matches({**scope, "method": method})[0] is Match.FULL for route in rest.routes)

    taken = {method for method in _METHODS if takes(method)}
    if "GET" in taken or not taken:
        taken |= {"GET", "HEAD"}  # GET answers HEAD
    return ", ".join(method for method in _METHODS if method in taken | {"OPTIONS"})


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_COMMON = [(name.lower().encode(), value.encode()) for name, value in headers.COMMON.items()]
_OF_PRIVATE = [(name.lower().encode(), value.encode()) for name, value in headers.PRIVATE.items()]
_PRIVATE_PLACES = frozenset(("desk", "join"))
_RELEASED = re.compile(r"/releases/[^/]+/sparql\Z")
_PLACES = frozenset(
    (
        *("front", "docs", "queries", "graphs", "graph", "dumps", "dataset", "releases", "static", "health", "metrics"),
        *_PRIVATE_PLACES,
        *(".well-known", "feeds", "version", "search", "opensearch.xml", "reconcile", "map", "timeline"),
        *LISTINGS,
        *("query", "id", "def", "vocab", "shape", "shapes", "ontology", "doc"),
    )
)
"""The first words of paths that are counted apart; what strangers make up is not."""


def create(workspace: Workspace, engine: Embedded | Scratch, token: str = "", desk: Desk | None = None) -> WebApp:
    """The application over a workspace and an engine that has been started, with a desk or without."""
    settings = workspace.settings
    cached = Cached(engine, settings.cache_bytes)
    clients, metrics = Clients(settings), Metrics(cached)
    answers = Answers(cached, clients)
    described = descriptions.Descriptions(answers, workspace)
    held, followed = assets.Assets(), feeds.Feeds(workspace)
    represented = Representations(answers, workspace.questions, settings, held, followed.changes)
    studio = Studio(workspace, held, lambda: list(released.known()))
    released = Releases(workspace, clients, metrics, studio, held, followed)
    app = Described(
        title="Human Rights Cities graph",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # its redirects lead to whatever host the client made up
    )
    app.include_router(pages.router(answers, metrics, workspace))
    app.include_router(library.router(Opened("", answers, workspace.questions, represented), released, settings))
    app.include_router(graphs.router(answers, settings))
    app.include_router(dumps.router(dumps.Dumps(answers, workspace)))
    app.include_router(descriptions.router(described))
    app.include_router(feeds.router(followed, settings.base))
    app.include_router(news.router(news.News(followed, settings.base)))
    app.include_router(resources.router(represented, workspace))
    listed = Indexes(answers, represented.naming, settings)
    app.include_router(explorer.router(listed, clients, settings))
    finder = Finder(answers, clients, settings)
    app.include_router(reconcile.router(finder, settings))
    app.include_router(search.router(finder, settings))
    drawn = atlas.Atlas(Kept(answers, workspace))
    app.include_router(dashboard.router(drawn, finder))
    app.include_router(atlas.router(drawn, finder))
    app.include_router(releases.router(released, settings.base))
    app.include_router(catalogue.router(catalogue.Catalogue(answers, workspace, released)))
    app.include_router(completions.router(completions.Completions(answers, settings.base)))
    app.include_router(assets.router(held))
    app.include_router(guides.router(answers, workspace, released))
    if desk:
        app.include_router(secretariat.router(desk, answers, workspace, held))

    @app.exception_handler(errors.HrcError)
    async def known(request: Request, error: errors.HrcError) -> Response:
        return problems.respond(error, request.headers.get("accept"))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allow = _allowed(app, request.scope)
            wrong = errors.WrongMethod(f"This address does not do {request.method[:20]}.", f"Use one of {allow}.")
            return problems.respond(wrong, request.headers.get("accept"), allow)
        missing = errors.NotFound(f"There is nothing at {request.url.path[:200]}.", "Start at the front page.")
        return problems.respond(missing, request.headers.get("accept"))

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> Response:
        return problems.unexpected(error, request.headers.get("accept"))

    async def describe(format: formats.Format, url: str, asked: Mapping[str, str]) -> Response:
        return await described.respond("service", format, url, asked)

    scratch = engine if isinstance(engine, Scratch) else None
    endpoint = SparqlApp(
        answers, clients, metrics, settings, describe, studio, represented.naming, scratch=scratch, token=token
    )
    preparations = (listed.prepare, followed.prepare, finder.prepare)
    return WebApp(endpoint, app, metrics, released, preparations, settings.base)
