"""`/queries`: the query library as pages, tables, and operations of the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hrc_graph import formats, namespaces, questions
from hrc_graph.engine import Answer, Question
from hrc_graph.errors import BadParameter
from hrc_graph.questions import NamedQuery, Parameter
from hrc_graph.web import headers
from hrc_graph.web.answers import Answers, client_of, encoding_of, page
from hrc_graph.web.results import shown_table
from hrc_graph.workspace import Workspace

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


def router(answers: Answers, workspace: Workspace) -> APIRouter:
    """The routes of the library; each question is an operation of its own."""
    routes = APIRouter(tags=["questions"])
    base = workspace.settings.base

    async def ask(text: str, request: Request) -> Answer:
        return await answers.ask(Question(text, formats.JSON, formats.TURTLE, base, own=True), client_of(request))

    async def parameters(found: NamedQuery, request: Request) -> list[dict[str, Any]]:
        """What a question can be given; `choices` is None where anything of the type may be."""
        return [
            {
                "name": parameter.name,
                "type": parameter.type,
                "required": parameter.default is None,
                "default": parameter.default,
                "description": parameter.description,
                "choices": await choices(parameter.choices_query(base=base), request),
            }
            for parameter in found.parameters
        ]

    async def choices(text: str, request: Request) -> list[dict[str, str]] | None:
        if not text:
            return None
        found = []
        for row in json.loads((await ask(text, request)).body)["results"]["bindings"]:
            iri = row["value"]["value"]
            value = namespaces.short(iri, base) if row["value"]["type"] == "uri" else iri
            choice = {"value": value, "label": row["label"]["value"] or value}
            found.append(choice | ({"iri": iri} if row["value"]["type"] == "uri" else {}))
        return found

    @routes.get("/queries", summary="The query library")
    async def library(request: Request) -> Response:
        return page("questions.html", request.headers, title="Questions", questions=workspace.questions.values())

    def add(found: NamedQuery) -> None:
        async def question(request: Request) -> Response:
            given = dict(request.query_params)
            wanted = given.pop("format", None)
            format = formats.named(wanted, _FORMATS) if wanted else None
            format = format or formats.negotiate(request.headers.get("accept"), _FORMATS)
            if format is formats.HTML:
                return await shown(found, given, request)
            encoding = encoding_of(request.headers.get("accept-encoding", ""))
            asked = Question(found.bound(given, base=base), format, formats.TURTLE, base, encoding=encoding, own=True)
            return await answers.respond(asked, client_of(request), request.headers.get("if-none-match", ""))

        routes.add_api_route(
            f"/queries/{found.name}",
            question,
            operation_id=f"query-{found.name}",
            summary=found.title["en"],
            description=found.description,
            responses=_RESPONSES,
            openapi_extra={"parameters": [*map(_parameter, found.parameters), _FORMAT]},
        )

    async def shown(found: NamedQuery, given: dict[str, str], request: Request) -> Response:
        """The page of a question: its blanks with their choices, its answer, or what is wrong with a value."""
        table, problem = None, ""
        try:
            table = shown_table(await ask(found.bound(given, base=base), request), workspace.settings)
        except BadParameter as error:
            problem = str(error)
        return page(
            "question.html",
            request.headers,
            status=400 if problem and given else 200,
            title=found.title["en"],
            question=found,
            parameters=await parameters(found, request),
            long=_LONG,
            short=lambda text: namespaces.short(text, base),
            table=table,
            given=given,
            problem=problem,
            base=base,
            formats=[format.name for format in formats.TABLES],
        )

    for found in workspace.questions.values():
        add(found)

    @routes.get("/queries/{name}", include_in_schema=False)
    async def unknown(name: str) -> Response:
        questions.find(workspace.questions, name)
        raise AssertionError(name)  # every question has a route of its own, above

    @routes.get("/queries/{name}/parameters", summary="What a question can be given, and the choices there are")
    async def choosing(name: str, request: Request) -> Response:
        found = questions.find(workspace.questions, name)
        return JSONResponse(await parameters(found, request), headers=headers.COMMON)

    return routes


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
