"""What the endpoint says of itself: `/sparql` without a query, `/.well-known/void`, `/.well-known/sparql-examples`."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import description, formats
from hrc_graph.description import Facts
from hrc_graph.engine import Answer
from hrc_graph.engine.worker import packed
from hrc_graph.errors import BadRequest
from hrc_graph.web import protocol
from hrc_graph.web.answers import Answers, Whole, encoding_of, matches
from hrc_graph.workspace import Workspace

Kind = Literal["service", "dataset", "examples"]

_PARAMETERS = {
    "parameters": [
        {
            "name": "format",
            "in": "query",
            "required": False,
            "description": "The form of the answer; otherwise the Accept header decides.",
            "schema": {"type": "string", "enum": [format.name for format in formats.GRAPHS]},
        }
    ]
}
_KEPT = 16
"""So many descriptions are kept, each in one format and coding for one address of this server."""


class Descriptions:
    """Makes each description once for a snapshot; that is no client's cost."""

    def __init__(self, answers: Answers, workspace: Workspace) -> None:
        self._answers = answers
        self._questions = workspace.questions
        self._settings = workspace.settings
        self._making = asyncio.Lock()
        self._facts: Facts | None = None
        self._made: OrderedDict[tuple[str, ...], tuple[Answer, str]] = OrderedDict()

    async def respond(self, kind: Kind, format: formats.Format, endpoint: str, asked: Mapping[str, str]) -> Whole:
        """The description of the endpoint at that URL, or 304. `asked` are the headers of the request."""
        encoding = encoding_of(asked.get("accept-encoding", ""))
        async with self._making:  # who asks for the same at the same time waits for it
            facts = await self._current()
            key = (facts.snapshot, kind, format.name, endpoint, encoding)
            made = self._made.get(key)
            if made is None:
                made = await asyncio.to_thread(self._make, kind, facts, format, endpoint, encoding)
                self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        answer, tag = made
        if matches(tag, asked.get("if-none-match", "")):
            return self._answers.unchanged(tag)
        return self._answers.whole(answer, tag)

    async def _current(self) -> Facts:
        """What there is to say of the snapshot that answers now."""
        if self._facts is None or self._facts.snapshot != self._answers.engine.snapshot:
            engine = self._answers.engine.engine
            self._facts = await description.gather(engine, self._questions, self._settings.base)
        return self._facts

    def _make(
        self, kind: Kind, facts: Facts, format: formats.Format, endpoint: str, encoding: str
    ) -> tuple[Answer, str]:
        """The description and its entity tag. Weak: prefixes come in another order from another process.

        The tag is of what is said, not of the snapshot alone: questions and settings may change without it.
        """
        triples = self._triples(kind, facts, endpoint)
        body, coding = packed(description.written(triples, format, self._settings.base), encoding)
        said = "\n".join((format.name, coding, *map(str, triples)))
        digest = hashlib.blake2b(said.encode(), digest_size=9).hexdigest()
        return Answer(body, format, len(triples), facts.snapshot, encoding=coding), f'W/"{facts.snapshot}-{digest}"'

    def _triples(self, kind: Kind, facts: Facts, endpoint: str) -> list[ox.Triple]:
        try:
            match kind:
                case "service":
                    return description.service(facts, self._settings, endpoint)
                case "dataset":
                    return description.dataset(facts, self._settings, endpoint)
                case "examples":
                    return description.examples(facts, self._questions, self._settings, endpoint)
        except ValueError:
            raise BadRequest(f"“{endpoint[:200]}” is not a URL.", "Send the host that you connect to.") from None


def router(descriptions: Descriptions) -> APIRouter:
    """The routes at well-known places."""
    routes = APIRouter(tags=["descriptions"])

    async def respond(kind: Kind, request: Request) -> Response:
        format = formats.named(request.query_params.get("format", ""), formats.GRAPHS)
        format = format or formats.negotiate(request.headers.get("accept"), formats.GRAPHS)
        endpoint = protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), "/sparql")
        return await descriptions.respond(kind, format, endpoint, request.headers)

    @routes.get("/.well-known/void", summary="The data in numbers, as VoID", openapi_extra=_PARAMETERS)
    async def void(request: Request) -> Response:
        return await respond("dataset", request)

    @routes.get("/.well-known/sparql-examples", summary="The questions, as RDF", openapi_extra=_PARAMETERS)
    async def sparql_examples(request: Request) -> Response:
        return await respond("examples", request)

    return routes
