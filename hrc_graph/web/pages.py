"""The pages that say what is here: the front page, the query library, the health of the service."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hrc_graph import formats, questions
from hrc_graph.engine import Answer, Question
from hrc_graph.errors import BadParameter
from hrc_graph.questions import NamedQuery, Parameter
from hrc_graph.web.answers import Answers, Whole, encoding_of
from hrc_graph.web.clients import address
from hrc_graph.web.metrics import Metrics
from hrc_graph.web.results import shown_table
from hrc_graph.web.templates import render
from hrc_graph.workspace import Workspace

_COUNTS = """
PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?class ?label (COUNT(DISTINCT ?thing) AS ?count)
WHERE { ?thing a ?class . ?class rdfs:isDefinedBy <https://w3id.org/hrcity/ontology> ; rdfs:label ?label .
        FILTER (LANG(?label) = "en") }
GROUP BY ?class ?label ORDER BY DESC(?count)
"""
_FORMATS = (formats.HTML, *formats.TABLES)
_SCHEMA = {"integer": {"type": "integer"}, "date": {"type": "string", "format": "date"}}


def router(answers: Answers, metrics: Metrics, workspace: Workspace) -> APIRouter:
    """The routes of the pages; each question of the library is an operation of its own."""
    routes = APIRouter()
    settings = workspace.settings

    async def ask(text: str, request: Request) -> Answer:
        return await answers.ask(Question(text, formats.JSON, formats.TURTLE, settings.base), client_of(request))

    @routes.get("/", summary="What is here", operation_id="front")
    async def front(request: Request) -> Response:
        counts = json.loads((await ask(_COUNTS, request)).body)["results"]["bindings"]
        return _page(
            "front.html", title="Human Rights Cities graph", counts=counts, questions=workspace.questions.values()
        )

    @routes.get("/queries", summary="The query library", operation_id="queries")
    async def library() -> Response:
        return _page("questions.html", title="Questions", questions=workspace.questions.values())

    def add(found: NamedQuery) -> None:
        async def question(request: Request) -> Response:
            given = dict(request.query_params)
            wanted = given.pop("format", None)
            format = formats.named(wanted, _FORMATS) if wanted else None
            format = format or formats.negotiate(request.headers.get("accept"), _FORMATS)
            if format is not formats.HTML:
                encoding = encoding_of(request.headers.get("accept-encoding", ""))
                text = found.bound(given, base=settings.base)
                asked = Question(text, format, formats.TURTLE, settings.base, encoding=encoding)
                return await answers.respond(asked, client_of(request), request.headers.get("if-none-match", ""))
            table, problem = None, ""
            try:
                table = shown_table(await ask(found.bound(given, base=settings.base), request), settings)
            except BadParameter as error:
                problem = str(error)
            return _page(
                "question.html",
                400 if problem and given else 200,
                title=found.title["en"],
                question=found,
                table=table,
                given=given,
                problem=problem,
                base=settings.base,
                formats=[format.name for format in formats.TABLES],
            )

        routes.add_api_route(
            f"/queries/{found.name}",
            question,
            name=found.name,
            operation_id=f"query-{found.name}",
            summary=found.title["en"],
            description=found.description,
            tags=["questions"],
            responses=_RESPONSES,
            openapi_extra={"parameters": [*map(_parameter, found.parameters), _FORMAT]},
        )

    for found in workspace.questions.values():
        add(found)

    @routes.get("/queries/{name}", include_in_schema=False)
    async def unknown(name: str) -> Response:
        questions.find(workspace.questions, name)
        raise AssertionError(name)  # every question has a route of its own, above

    @routes.get("/health", summary="Whether questions are answered")
    async def health() -> Response:
        await answers.engine.engine.answer(Question("ASK { ?s ?p ?o }", formats.JSON, formats.TURTLE, settings.base))
        about = {"status": "ok", "snapshot": answers.engine.snapshot}
        return JSONResponse(about, headers={"Cache-Control": "no-store"})

    @routes.get("/metrics", summary="Numbers for Prometheus")
    async def numbers() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4", headers={"Cache-Control": "no-store"})

    return routes


def client_of(request: Request) -> str:
    """Whose share a request counts against."""
    return address(request.client.host if request.client else "", request.headers)


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = dict(_SCHEMA.get(parameter.type, {"type": "string", "minLength": 1}))
    if parameter.default is not None:
        schema["default"] = int(parameter.default) if parameter.type == "integer" else parameter.default
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.default is None,
        "description": parameter.description,
        "schema": schema,
    }


_FORMAT = {
    "name": "format",
    "in": "query",
    "required": False,
    "description": "The form of the answer; otherwise the Accept header decides.",
    "schema": {"type": "string", "enum": [format.name for format in _FORMATS]},
}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}, "text/html": {}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The whole answer.",
        "content": {format.media_types[0]: {} for format in _FORMATS},
    },
    304: {"description": "The answer that the client holds is still right."},
    400: {"description": "A parameter is unknown, missing or ill-typed; it is named.", **_PROBLEM},
    406: {"description": "None of the formats asked for is offered; those that are are listed.", **_PROBLEM},
    413: {"description": "The answer is too large to be sent whole.", **_PROBLEM},
    429: {"description": "The client has used up its minute.", **_PROBLEM},
    503: {"description": "The query was stopped at a limit, or too many are waiting.", **_PROBLEM},
}


def _page(template: str, status: int = 200, **values: Any) -> Response:
    fields = [(b"content-type", b"text/html; charset=utf-8"), (b"vary", b"Accept, Accept-Encoding")]
    return Whole(render(template, **values).encode(), [*fields, (b"cache-control", b"no-cache")], status)
