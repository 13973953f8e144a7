"""`/queries`: the query library as pages, tables, and operations of the OpenAPI document."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hrc_graph import formats, namespaces, questions
from hrc_graph.engine import Answer, Question
from hrc_graph.errors import BadParameter
from hrc_graph.questions import NamedQuery, Parameter
from hrc_graph.settings import Settings
from hrc_graph.web import headers, protocol
from hrc_graph.web.answers import client_of, encoding_of, page
from hrc_graph.web.languages import READER
from hrc_graph.web.languages import gettext as _
from hrc_graph.web.releases import HEADER, Opened, Releases
from hrc_graph.web.results import folded, shown_table

_FORMATS = (formats.HTML, *formats.TABLES)
_LONG = 40
"""More choices than this are offered while one types, not in a list to open."""
_SCHEMA = {"integer": {"type": "integer"}, "date": {"type": "string", "format": "date"}}
_FORMAT = {
    "name": "format",
    "in": "query",
    "required": False,
    "description": "The form of the answer; otherwise the Accept header decides.",
    "schema": {"type": "string", "enum": [format.name for format in _FORMATS]},
}
_RELEASE = {
    "name": "release",
    "in": "query",
    "required": False,
    "description": "The release that answers, such as 2026.11; otherwise the live data do.",
    "schema": {"type": "string"},
}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}, "text/html": {}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole answer.", "content": {format.media_types[0]: {} for format in _FORMATS}},
    304: {"description": "The answer that the client holds is still right."},
    400: {"description": "A parameter is unknown, missing or ill-typed; it is named.", **_PROBLEM},
    406: {"description": "None of the formats asked for is offered; those that are are listed.", **_PROBLEM},
    413: {"description": "The answer is too large to be sent whole.", **_PROBLEM},
    429: {"description": "The client has used up its minute.", **_PROBLEM},
    503: {"description": "The query was stopped at a limit, or too many are waiting.", **_PROBLEM},
}


def router(live: Opened, released: Releases, settings: Settings) -> APIRouter:
    """The routes of the library; each question is an operation of its own, of the live data or of a release."""
    routes = APIRouter(tags=["questions"])
    base = settings.base

    @contextlib.asynccontextmanager
    async def of(release: str) -> AsyncIterator[Opened]:
        if not release:
            yield live
            return
        async with released.opened(release) as opened:
            yield opened

    async def ask(of: Opened, text: str, request: Request) -> Answer:
        return await of.answers.ask(Question(text, formats.JSON, formats.TURTLE, base, own=True), client_of(request))

    async def parameters(of: Opened, found: NamedQuery, request: Request) -> list[dict[str, Any]]:
        """What a question can be given; `choices` is None where anything of the type may be."""
        return [
            {
                "name": parameter.name,
                "type": parameter.type,
                "required": parameter.default is None,
                "default": parameter.default,
                "description": parameter.description,
                "choices": await choices(of, parameter.choices_query(base=base), request),
            }
            for parameter in found.parameters
        ]

    async def choices(of: Opened, text: str, request: Request) -> list[dict[str, str]] | None:
        if not text:
            return None
        found = []
        for row in json.loads((await ask(of, text, request)).body)["results"]["bindings"]:
            iri = row["value"]["value"]
            value = namespaces.short(iri, base) if row["value"]["type"] == "uri" else iri
            choice = {"value": value, "label": row["label"]["value"] or value}
            found.append(choice | ({"iri": iri} if row["value"]["type"] == "uri" else {}))
        return found

    @routes.get("/queries", summary="The query library")
    async def library(request: Request, q: str = "", tag: str = "") -> Response:
        words = q.lower().split()
        found = [
            each
            for each in live.questions.values()
            if (not tag or tag in each.tags)
            and all(word in " ".join((*each.title.values(), each.description, *each.tags)).lower() for word in words)
        ]
        return page(
            "questions.html",
            request.headers,
            title=_("Questions"),
            questions=found,
            tags=_tags(live.questions.values()),
            all=len(live.questions),
            q=q[:_LONG],
            tag=tag[:_LONG],
        )

    async def respond(of: Opened, name: str, given: dict[str, str], request: Request) -> Response:
        found = questions.find(of.questions, name)
        wanted = given.pop("format", None)
        format = formats.named(wanted, _FORMATS) if wanted else None
        format = format or formats.negotiate(request.headers.get("accept"), _FORMATS)
        if format is formats.HTML:
            return await shown(of, found, given, request)
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        asked = Question(found.bound(given, base=base), format, formats.TURTLE, base, encoding=encoding, own=True)
        response = await of.answers.respond(asked, client_of(request), request.headers.get("if-none-match", ""))
        if of.release:
            response.raw_headers.append((HEADER, of.release.encode()))
        return response

    async def at(name: str, request: Request) -> Response:
        """The answer of the live data, or of the release that the request names."""
        given = dict(request.query_params)
        if all(parameter.name != "lang" for parameter in questions.find(live.questions, name).parameters):
            given.pop("lang", None)  # it says the language of the page
        async with of(given.pop("release", "")) as opened:
            return await respond(opened, name, given, request)

    def add(found: NamedQuery) -> None:
        async def question(request: Request) -> Response:
            return await at(found.name, request)

        routes.add_api_route(
            f"/queries/{found.name}",
            question,
            operation_id=f"query-{found.name}",
            summary=found.title["en"],
            description=found.description,
            responses=_RESPONSES,
            openapi_extra={"parameters": [*map(_parameter, found.parameters), _FORMAT, _RELEASE]},
        )

    async def shown(of: Opened, found: NamedQuery, given: dict[str, str], request: Request) -> Response:
        """The page of a question: its blanks with their choices, its answer, or what is wrong with a value."""
        table, problem, text = None, "", ""
        language = READER.get().language
        path = f"/queries/{found.name}"
        snapshot = of.answers.engine.snapshot
        current = of.release or released.of(snapshot)
        fields = [(b"cache-control", b"no-cache"), (b"x-snapshot", snapshot.encode())]
        if any(parameter.name == "lang" for parameter in found.parameters):
            given = {"lang": language} | given
        try:
            text = found.plain(given, base=base)
            answer = await ask(of, found.bound(given, base=base), request)
            labels = await of.documents.naming.labels()
            table = folded(shown_table(answer, settings, labels), labels)
        except BadParameter as error:
            problem = str(error)
        return page(
            "question.html",
            request.headers,
            status=400 if problem and request.query_params else 200,
            fields=[*fields, (HEADER, current.encode())] if current else fields,
            title=found.title.get(language, found.title["en"]),
            title_language=language if language in found.title else "en",
            question=found,
            parameters=await parameters(of, found, request),
            long=_LONG,
            table=table,
            given=given,
            problem=problem,
            release=of.release,
            permalink=f"{path}?{urlencode(given | {'release': current})}" if current else "",
            current=current,
            base=base,
            formats=[format.name for format in formats.TABLES],
            text=text,
            address=protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), path),
        )

    for found in live.questions.values():
        add(found)

    @routes.get("/queries/{name}", include_in_schema=False)
    async def other(name: str, request: Request) -> Response:
        return await at(name, request)  # what the library has today has a route of its own, above

    @routes.get("/queries/{name}/parameters", summary="What a question can be given, and the choices there are")
    async def choosing(name: str, request: Request) -> Response:
        async with of(request.query_params.get("release", "")) as opened:
            found = questions.find(opened.questions, name)
            return JSONResponse(await parameters(opened, found, request), headers=headers.COMMON)

    @routes.get("/queries/{name}/text", summary="The SPARQL of a question, its parameters filled")
    async def text(name: str, request: Request) -> Response:
        given = dict(request.query_params)
        async with of(given.pop("release", "")) as opened:
            filled = questions.find(opened.questions, name).plain(given, base=base)
            return Response(filled, headers=headers.COMMON, media_type=f"{protocol.QUERY}; charset=utf-8")

    return routes


def _tags(known: Iterable[NamedQuery]) -> list[str]:
    """What the questions of the library are about, in order; numbers of competency questions are no subjects."""
    return sorted({tag for each in known for tag in each.tags if not re.match(r"(cq|more)\d", tag)})


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """A parameter of a question as OpenAPI describes it."""
    schema: dict[str, Any] = dict(_SCHEMA.get(parameter.type, {"type": "string", "minLength": 1}))
    if isinstance(parameter.choices, tuple):
        schema["enum"] = list(parameter.choices)
    if parameter.default is not None:
        schema["default"] = int(parameter.default) if parameter.type == "integer" else parameter.default
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.default is None,
        "description": parameter.description,
        "schema": schema,
    }
