"""The pages that say what is here: the front page, the query library, the health of the service."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hrc_graph import formats, guard, namespaces, questions
from hrc_graph.engine import Engine, Question
from hrc_graph.errors import BadParameter
from hrc_graph.web import headers
from hrc_graph.web.sparql import to_response
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
_LONG = 40
"""More choices than this are offered while one types, not in a list to open."""


def router(engine: Engine, workspace: Workspace) -> APIRouter:
    """The routes of the pages."""
    routes = APIRouter()
    base = workspace.settings.base

    async def ask(text: str, table: formats.Format = formats.JSON, graph: formats.Format = formats.TURTLE) -> Any:
        guard.check(text, workspace.settings)
        return await engine.answer(Question(text, table, graph, base))

    async def parameters(found: questions.NamedQuery) -> list[dict[str, Any]]:
        """What a question can be given; `choices` is None where anything of the type may be."""
        return [
            {
                "name": parameter.name,
                "type": parameter.type,
                "required": parameter.default is None,
                "default": parameter.default,
                "description": parameter.description,
                "choices": await choices(parameter.choices_query(base=base)),
            }
            for parameter in found.parameters
        ]

    async def choices(text: str) -> list[dict[str, str]] | None:
        if not text:
            return None
        found = []
        for row in json.loads((await ask(text)).body)["results"]["bindings"]:
            iri = row["value"]["value"]
            value = namespaces.short(iri, base) if row["value"]["type"] == "uri" else iri
            choice = {"value": value, "label": row["label"]["value"] or value}
            found.append(choice | ({"iri": iri} if row["value"]["type"] == "uri" else {}))
        return found

    @routes.get("/", summary="What is here")
    async def front() -> Response:
        counts = json.loads((await ask(_COUNTS)).body)["results"]["bindings"]
        return _page(
            "front.html", title="Human Rights Cities graph", counts=counts, questions=workspace.questions.values()
        )

    @routes.get("/queries", summary="The query library")
    async def library() -> Response:
        return _page("questions.html", title="Questions", questions=workspace.questions.values())

    @routes.get("/queries/{name}", summary="A question of the library, asked")
    async def question(name: str, request: Request) -> Response:
        found = questions.find(workspace.questions, name)
        given = dict(request.query_params)
        wanted = given.pop("format", None)
        format = formats.named(wanted, _FORMATS) if wanted else None
        format = format or formats.negotiate(request.headers.get("accept"), _FORMATS)
        if format is not formats.HTML:
            return to_response(await ask(found.bound(given, base=base), table=format))
        try:
            answer = await ask(found.bound(given, base=base))
            table, problem = json.loads(answer.body), ""
        except BadParameter as error:
            table, problem = {"head": {"vars": []}, "results": {"bindings": []}}, str(error)
        return _page(
            "question.html",
            title=found.title["en"],
            question=found,
            parameters=await parameters(found),
            long=_LONG,
            short=lambda text: namespaces.short(text, base),
            table=table,
            given=given,
            problem=problem,
            base=base,
        )

    @routes.get("/queries/{name}/parameters", summary="What a question can be given, and the choices there are")
    async def choosing(name: str) -> Response:
        found = questions.find(workspace.questions, name)
        return JSONResponse(await parameters(found), headers=headers.COMMON)

    @routes.get("/health", summary="Whether questions are answered")
    async def health() -> Response:
        await ask("ASK { ?s ?p ?o }")
        return JSONResponse({"status": "ok", "snapshot": engine.snapshot}, headers={"Cache-Control": "no-store"})

    return routes


def _page(template: str, **values: Any) -> Response:
    return Response(render(template, **values), headers=headers.COMMON, media_type="text/html")
