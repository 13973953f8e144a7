"""`/sparql` as a plain ASGI application: the hot path, from request to whole bytes.

A query goes: parameters → guard → what is known → engine → response. Updates are taken only by a test instance.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from hrc_graph import formats, guard
from hrc_graph.engine.scratch import Scratch
from hrc_graph.errors import BadInput, BadRequest, HrcError, QueryTooLarge, SlowRequest, Unauthorized, WrongMethod
from hrc_graph.settings import Settings
from hrc_graph.web import headers, problems, protocol
from hrc_graph.web.answers import VARY_PAGE, Answers, Whole, matches
from hrc_graph.web.clients import Clients, address
from hrc_graph.web.labels import Naming
from hrc_graph.web.languages import READER
from hrc_graph.web.metrics import Metrics
from hrc_graph.web.protocol import Asked, Parameters
from hrc_graph.web.results import Studio, endpoint

_ALLOW = "GET, HEAD, POST, OPTIONS"
_PATIENCE = 0.1
"""Seconds after which it is worth a task to notice that a client has hung up."""
_REPEATED = ("accept", "accept-encoding", "if-none-match", "x-forwarded-for")

_GONE = "the client has hung up"

T = TypeVar("T")


class ClientGone(Exception):
    """Whoever asked has hung up; nobody is left to answer."""


class SparqlApp:
    """The endpoint of the live data or of a release, and its page. `scratch` takes updates, if there is one.

    `describe` gives the service description: in a format, of the endpoint at a URL, for the headers of a request.
    """

    def __init__(
        self,
        answers: Answers,
        clients: Clients,
        metrics: Metrics,
        settings: Settings,
        describe: Callable[[formats.Format, str, Mapping[str, str]], Awaitable[Response]],
        studio: Studio,
        naming: Naming,
        release: str = "",
        scratch: Scratch | None = None,
        token: str = "",
    ) -> None:
        self._answers = answers
        self._clients = clients
        self._metrics = metrics
        self._settings = settings
        self._describe = describe
        self._studio = studio
        self._naming = naming
        self._release = release
        self._scratch = scratch
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; errors are answers too."""
        started = time.perf_counter()
        request = _headers(scope)
        client = address((scope.get("client") or ("",))[0], request)
        what = ""
        try:
            response = await self._respond(scope, request, client, receive)
        except ClientGone:
            self._metrics.answered("sparql", scope["method"], 499, time.perf_counter() - started, client, "ClientGone")
            return
        except HrcError as error:
            what = type(error).__name__
            if isinstance(error, BadInput | QueryTooLarge):
                self._clients.failed(client)
            response = problems.respond(error, request.get("accept"), _ALLOW if isinstance(error, WrongMethod) else "")
        except Exception as error:
            what = type(error).__name__
            response = problems.unexpected(error, request.get("accept"))
        await response(scope, receive, send)
        self._metrics.answered(
            "sparql", scope["method"], response.status_code, time.perf_counter() - started, client, what
        )

    async def _respond(self, scope: Scope, request: dict[str, str], client: str, receive: Receive) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return Response(status_code=204, headers=headers.preflight(_ALLOW))
        if method not in ("GET", "HEAD", "POST"):
            raise WrongMethod(f"/sparql does not do {method[:20]}.", f"Use one of {_ALLOW}.")
        url = protocol.url_of(scope["scheme"], request.get("host", "localhost"), scope["path"])
        parameters = protocol.decode(scope["query_string"])
        if method == "POST":
            body = await self._body(receive)
            parameters += protocol.body_parameters(body, request.get("content-type", ""))
        accept = request.get("accept", "")
        if any(name == "update" for name, _ in parameters):
            return await self._update(method, parameters, request, url)
        release = self._release or next((value for name, value in parameters if name == "release"), "")
        if method != "POST" and not any(name == "query" for name, _ in parameters):
            offered = (formats.TURTLE, formats.HTML, *formats.GRAPHS[1:])
            wanted = protocol.called(parameters, offered) or protocol.wants(accept, offered)
            if wanted is formats.HTML:
                return self._studio.blank(request, release=release)
            if wanted:
                return await self._describe(wanted, url, request)
        asked = protocol.asked(parameters, accept, request.get("accept-encoding", ""), url)
        if asked.page and method != "POST" and not protocol.called(parameters, (formats.HTML,)):
            return self._studio.blank(request, asked.question.text, release)  # a link opens, and runs nothing
        if release != self._release:
            told = [(name, value) for name, value in protocol.decode(scope["query_string"]) if name != "release"]
            return RedirectResponse(f"{endpoint(release)}?{urlencode(told)}", 307, headers.COMMON)
        if asked.page:
            return await self._page(asked, client, request, receive)
        guard.check(asked.question.text, self._settings)
        answering = self._answers.respond(asked.question, client, request.get("if-none-match", ""))
        return await _unless_gone(answering, receive)

    async def _page(self, asked: Asked, client: str, request: dict[str, str], receive: Receive) -> Response:
        guard.check(asked.question.text, self._settings)
        tag = self._answers.tag(asked.question, also=f"page-{READER.get().language}")
        if_none_match = request.get("if-none-match", "")
        held = bool(tag and matches(tag, if_none_match))
        if held and if_none_match.strip() != "*":
            return self._answers.unchanged(tag, VARY_PAGE)
        answer = await _unless_gone(self._answers.ask(asked.question, client), receive)
        if held:
            return self._answers.unchanged(tag, VARY_PAGE)
        labels = await self._naming.labels()
        return self._studio.answered(asked.question, answer, request, self._release, tag, labels)

    async def _update(self, method: str, parameters: Parameters, request: dict[str, str], url: str) -> Response:
        if self._scratch is None:
            raise WrongMethod("This endpoint only reads; it takes no update.", "Send the parameter query.")
        if method != "POST":
            raise WrongMethod("An update is sent with POST.", "Use POST.")
        if self._token and not hmac.compare_digest(
            request.get("authorization", "").encode(), f"Bearer {self._token}".encode()
        ):
            raise Unauthorized("An update needs the token of this server.", "Send Authorization: Bearer ….")
        text = protocol.only(parameters, "update")
        if protocol.values(parameters, "query"):
            raise BadRequest("The request has a query and an update.", "Send one of them.")
        guard.check(text, self._settings)
        using = protocol.values(parameters, "using-graph-uri")
        named = protocol.values(parameters, "using-named-graph-uri")
        await self._scratch.update(text, base=url, using=using, using_named=named)
        return Whole(b"", [(b"x-snapshot", self._scratch.snapshot.encode()), (b"cache-control", b"no-store")], 204)

    async def _body(self, receive: Receive) -> bytes:
        limit = self._settings.time_limit
        try:
            async with asyncio.timeout(limit):
                return await self._gathered(receive)
        except TimeoutError:
            raise SlowRequest(f"The body did not arrive within {limit:g} seconds.", "Send it again.") from None

    async def _gathered(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > self._settings.body_bytes:
                raise QueryTooLarge(
                    f"The request body has more than {self._settings.body_bytes:,} bytes.",
                    "Send a shorter query.",
                    setting="body_bytes",
                )
            if not message.get("more_body"):
                return bytes(body)


def _headers(scope: Scope) -> dict[str, str]:
    """The headers by name; what comes in several lines is joined where that is allowed (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found and name in _REPEATED else value
    return found


async def _unless_gone(answering: Coroutine[Any, Any, T], receive: Receive) -> T:
    """The answer, unless the client hangs up first: then the query is stopped."""
    asking = asyncio.current_task()
    assert asking
    watching: list[asyncio.Task[None]] = []

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        asking.cancel(_GONE)

    loop = asyncio.get_running_loop()
    timer = loop.call_later(_PATIENCE, lambda: watching.append(loop.create_task(watch())))
    try:
        return await answering
    except asyncio.CancelledError as cancelled:
        if cancelled.args == (_GONE,):
            asking.uncancel()
            raise ClientGone from None
        raise
    finally:
        timer.cancel()
        for task in watching:
            task.cancel()
