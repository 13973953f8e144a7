"""A question asked over HTTP: the one place that knows shares, conditional requests and what an answer carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hrc_graph import __version__, formats, guard
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.cached import Cached
from hrc_graph.engine.worker import packed
from hrc_graph.errors import BadRequest
from hrc_graph.web import headers
from hrc_graph.web.clients import Clients, address
from hrc_graph.web.languages import READER
from hrc_graph.web.templates import render

_COMMON = [(name.lower().encode(), value.encode()) for name, value in headers.COMMON.items()]
LATEST = (b"cache-control", b"no-cache")
_FLEETING = (b"cache-control", b"no-store")
_COMPLETE = (b"x-result-complete", b"true")
VARY = (b"vary", b"Accept, Accept-Encoding")
VARY_PAGE = (b"vary", b"Accept, Accept-Encoding, Accept-Language")


class Whole(Response):
    """A response whose bytes are all there, made with as little work as can be."""

    def __init__(self, body: bytes, fields: Sequence[tuple[bytes, bytes]], status: int = 200) -> None:
        self.status_code = status
        self.body = body
        self.raw_headers = [*_COMMON, *fields]
        if status != 304:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))
        self.background = None

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it; to HEAD without the body."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self.body})


def page(
    template: str,
    asked: Mapping[str, str],
    status: int = 200,
    fields: Sequence[tuple[bytes, bytes]] = (LATEST,),
    **values: Any,
) -> Whole:
    """A page made from a template, in the reader's language and the coding that the headers of the request ask for."""
    about = (*fields, (b"content-language", READER.get().language.encode()))
    return sent(render(template, **values).encode(), formats.HTML.content_type, asked, about, status, VARY_PAGE)


def sent(
    body: bytes,
    content_type: str,
    asked: Mapping[str, str],
    fields: Sequence[tuple[bytes, bytes]],
    status: int = 200,
    vary: tuple[bytes, bytes] = VARY,
) -> Whole:
    """A body in the coding that the headers of the request ask for, with these headers and what they do not say."""
    body, encoding = packed(body, encoding_of(asked.get("accept-encoding", "")))
    about = [(b"content-type", content_type.encode()), vary, *fields]
    if encoding:
        about.append((b"content-encoding", encoding.encode()))
    return Whole(body, about, status)


class Answers:
    """Answers questions of clients from an engine, each client within its share."""

    def __init__(self, engine: Cached[Any], clients: Clients) -> None:
        self.engine = engine
        self._clients = clients

    async def ask(self, question: Question, client: str) -> Answer:
        """The answer; its seconds count against the client, and so do errors. Raises `Throttled`."""
        known = self.engine.known(question)
        if known is not None:
            return known
        with self._clients.share_of(client) as share:
            answer = await self.engine.answer(question)
            share.spent(answer.seconds)
            return answer

    async def respond(self, question: Question, client: str, if_none_match: str = "") -> Whole:
        """The response to a question, or 304 when the client has it already."""
        tag = self.tag(question)
        held = bool(if_none_match) and matches(tag, if_none_match)
        if held and if_none_match.strip() != "*":
            return self.unchanged(tag)
        answer = await self.ask(question, client)  # “any answer there is”: there has to be one
        return self.unchanged(tag) if held else self.whole(answer, tag)

    def whole(self, answer: Answer, tag: str) -> Whole:
        """An answer with the headers that let it be trusted, kept and repeated."""
        if tag and not tag.startswith(answer.snapshot, 3):  # a new snapshot took over while it was worked out
            tag = f'W/"{answer.snapshot}{tag[tag.index("-") :]}'
        fields = [
            (b"content-type", answer.format.content_type.encode()),
            (b"etag", tag.encode()) if tag else _FLEETING,
            VARY,
            _COMPLETE,
            (b"x-row-count", b"%d" % answer.rows),
            (b"x-snapshot", answer.snapshot.encode()),
        ]
        if tag:
            fields.append(LATEST)
        if answer.encoding:
            fields.append((b"content-encoding", answer.encoding.encode()))
        return Whole(answer.body, fields)

    def unchanged(self, tag: str, vary: tuple[bytes, bytes] = VARY) -> Whole:
        """304: what the client holds is still so."""
        snapshot = self.engine.snapshot.encode()
        return Whole(b"", [(b"etag", tag.encode()), vary, LATEST, (b"x-snapshot", snapshot)], 304)

    def tag(self, question: Question, also: str = "") -> str:
        """The entity tag of the answer to a question; empty when the answer changes by itself.

        Weak: rows without ORDER BY may come in another order from another process.
        """
        if guard.changes_by_itself(question.text):
            return ""
        parts = (
            __version__, also, question.text, question.table.name, question.graph.name, question.base,
            question.encoding, *question.default_graphs, "", *question.named_graphs,
        )  # fmt: skip
        digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
        return f'W/"{self.engine.snapshot}-{digest}"'


def client_of(request: Request) -> str:
    """Whose share a request counts against."""
    return address(request.client.host if request.client else "", request.headers)


def page_number(request: Request) -> int:
    """Which page a request asks for with `?page=`. Raises `BadRequest`."""
    given = request.query_params.get("page", "1")
    if not given.isascii() or not given.isdigit() or not 0 < len(given) < 7 or int(given) < 1:
        raise BadRequest(f"“{given[:40]}” is no page.", "Pages count from 1: ?page=2.")
    return int(given)


def matches(tag: str, if_none_match: str) -> bool:
    """Whether an If-None-Match header names this tag (RFC 9110, section 13.1.2: compared weakly)."""
    wanted = tag.removeprefix("W/")
    return bool(tag) and any(each.strip().removeprefix("W/") in (wanted, "*") for each in if_none_match.split(","))


def encoding_of(accept_encoding: str) -> str:
    """The content coding to answer in: `zstd`, `gzip` or none (RFC 9110, section 12.5.3)."""
    if not accept_encoding:
        return ""
    liked = dict(formats.weighted(accept_encoding))
    best = max(("zstd", "gzip"), key=lambda name: liked.get(name, liked.get("*", 0.0)))
    return best if liked.get(best, liked.get("*", 0.0)) > 0 else ""
