"""`/sparql`: the query side of the SPARQL 1.1 Protocol, as a plain ASGI application.

Plain, because it is the hot path. A query goes: parameters → guard → engine → whole bytes → response.
Source: SPARQL 1.1 Protocol, W3C Recommendation of 21 March 2013, section 2.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from hrc_graph import formats, guard
from hrc_graph.engine import Answer, Engine, Question
from hrc_graph.errors import BadRequest, HrcError, QueryTooLarge, WrongMediaType, WrongMethod
from hrc_graph.settings import Settings
from hrc_graph.web import headers, problems
from hrc_graph.web.templates import render

_ALLOW = "GET, HEAD, POST, OPTIONS"
_FORM, _QUERY = "application/x-www-form-urlencoded", "application/sparql-query"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": _ALLOW,
    "Access-Control-Allow-Headers": "Accept, Content-Type",
    "Access-Control-Max-Age": "86400",
}

Parameters = list[tuple[str, str]]


class ClientGone(Exception):
    """Whoever asked has hung up; nobody is left to answer."""


class SparqlApp:
    """The endpoint over one engine."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; errors are answers too."""
        request = Headers(scope=scope)
        try:
            response = await self._respond(scope, request, receive)
        except ClientGone:
            return
        except HrcError as error:
            response = problems.respond(error, request.get("accept"), _ALLOW if isinstance(error, WrongMethod) else "")
        except Exception as error:
            response = problems.unexpected(error, request.get("accept"))
        if scope["method"] == "HEAD":
            send = _without_body(send)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, request: Headers, receive: Receive) -> Response:
        method = scope["method"]
        if method == "OPTIONS":
            return Response(status_code=204, headers=headers.COMMON | _PREFLIGHT | {"Allow": _ALLOW})
        if method not in ("GET", "HEAD", "POST"):
            raise WrongMethod(f"/sparql does not do {method}.", f"Use one of {_ALLOW}.")
        parameters = _decode(scope["query_string"])
        if method == "POST":
            parameters += await self._posted(request, receive)
        if any(name == "update" for name, _ in parameters):
            raise WrongMethod("This endpoint only reads; it takes no update.", "Send the parameter query.")
        queries = [value for name, value in parameters if name == "query"]
        if not queries and method != "POST" and formats.HTML is _page_or_not(request.get("accept")):
            page = render("sparql.html", title="SPARQL", time_limit=self._settings.time_limit)
            return Response(page, headers=headers.COMMON | {"Vary": "Accept"}, media_type="text/html")
        if len(queries) != 1:
            said = "no parameter query" if not queries else f"{len(queries)} parameters query"
            raise BadRequest(f"The request has {said}; it takes exactly one.", "Send /sparql?query=…")
        guard.check(queries[0], self._settings)
        question = Question(
            text=queries[0],
            table=_chosen(parameters, request.get("accept"), formats.TABLES),
            graph=_chosen(parameters, request.get("accept"), formats.GRAPHS),
            base=f"{scope['scheme']}://{request.get('host', 'localhost')}{scope['path']}",
            default_graphs=tuple(value for name, value in parameters if name == "default-graph-uri"),
            named_graphs=tuple(value for name, value in parameters if name == "named-graph-uri"),
        )
        return to_response(await _unless_gone(self._engine.answer(question), receive))

    async def _posted(self, request: Headers, receive: Receive) -> Parameters:
        media_type, _, rest = request.get("content-type", "").partition(";")
        media_type = media_type.strip().lower()
        if media_type not in (_FORM, _QUERY):
            raise WrongMediaType(
                f"A query cannot be sent as “{media_type or 'nothing'}”.", f"Send {_QUERY} or {_FORM}, in UTF-8."
            )
        charset = rest.partition("charset=")[2].strip().strip('"').lower()
        if charset not in ("", "utf-8", "utf8"):
            raise WrongMediaType(f"The body is in {charset}.", "Send UTF-8.")
        body = await self._body(receive)
        return [("query", _utf8(body))] if media_type == _QUERY else _decode(body)

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > self._settings.body_bytes:
                raise QueryTooLarge(
                    f"The request body has more than {self._settings.body_bytes:,} bytes.", "Send a shorter query."
                )
            if not message.get("more_body"):
                return bytes(body)


def to_response(answer: Answer) -> Response:
    """An answer with the headers that let it be trusted and repeated."""
    return Response(
        answer.body,
        headers=headers.COMMON
        | {
            "Content-Type": answer.format.content_type,
            "Vary": "Accept",
            "X-Result-Complete": "true",
            "X-Row-Count": str(answer.rows),
            "X-Snapshot": answer.snapshot,
        },
    )


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"Byte {error.start} of the request is not UTF-8.", "Send UTF-8.") from None


def _decode(raw: bytes) -> Parameters:
    try:
        return parse_qsl(
            _utf8(raw), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=100, separator="&"
        )
    except ValueError as error:
        raise BadRequest(f"The parameters cannot be read: {error}.", "Send UTF-8, percent-encoded.") from None


def _chosen(parameters: Parameters, accept: str | None, offered: tuple[formats.Format, ...]) -> formats.Format:
    """What `format`, `output` or `results` names, else what Accept likes; unknown names are ignored."""
    for name, value in parameters:
        if name in ("format", "output", "results"):
            found = formats.named(value, offered)
            if found:
                return found
    # Which of the two kinds a query asks for shows only in its answer, so each forgives the other's types.
    either = offered + tuple(each for each in (*formats.TABLES, *formats.GRAPHS) if each not in offered)
    best = formats.negotiate(accept, (*either, formats.HTML))
    return best if best in offered else offered[0]


def _page_or_not(accept: str | None) -> formats.Format | None:
    try:
        return formats.negotiate(accept, (formats.JSON, formats.HTML))
    except HrcError:
        return None


async def _unless_gone(answering: Coroutine[Any, Any, Answer], receive: Receive) -> Answer:
    """The answer, unless the client hangs up first: then the query is stopped."""
    task = asyncio.create_task(answering)
    gone = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        gone.cancel()
        task.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _without_body(send: Send) -> Send:
    async def head_only(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return head_only
