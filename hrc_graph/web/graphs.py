"""The read side of the Graph Store Protocol at `/graphs`.

Source: SPARQL 1.1 Graph Store HTTP Protocol, W3C Recommendation of 21 March 2013, sections 4 and 5.2.
"""

from __future__ import annotations

import json

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import formats
from hrc_graph.engine import Question
from hrc_graph.errors import BadRequest, NotFound
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Answers, client_of, encoding_of, matches, page
from hrc_graph.web.languages import gettext

_ALL = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_LIST = "SELECT ?graph (COUNT(*) AS ?triples) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph ORDER BY ?graph"
_LISTED = (formats.HTML, *formats.TABLES)


_PARAMETERS = {
    "parameters": [
        {"name": "graph", "in": "query", "description": "The IRI of a graph.", "schema": {"type": "string"}},
        {"name": "default", "in": "query", "description": "The default graph.", "schema": {"type": "string"}},
        {"name": "format", "in": "query", "description": "A short name of a format.", "schema": {"type": "string"}},
    ]
}


def router(answers: Answers, settings: Settings) -> APIRouter:
    """The routes of graphs."""
    routes = APIRouter(tags=["graphs"])

    async def graph(iri: str, request: Request) -> Response:
        try:
            chosen = (str(ox.NamedNode(iri).value),) if iri else ()
        except ValueError:
            raise BadRequest(f"“{iri[:200]}” is not an IRI.", "Give the whole IRI of a graph.") from None
        wanted = request.query_params.get("format", "")
        format = formats.named(wanted, formats.GRAPHS) if wanted else None
        format = format or formats.negotiate(request.headers.get("accept"), formats.GRAPHS)
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        question = Question(_ALL, formats.JSON, format, settings.base, chosen, encoding=encoding)
        tag, held = answers.tag(question), request.headers.get("if-none-match", "")
        answer = await answers.ask(question, client_of(request))
        if not answer.rows:
            raise NotFound(f"There is no graph <{iri[:200]}>.", "The graphs are listed at /graphs.")
        return answers.unchanged(tag) if held and matches(tag, held) else answers.whole(answer, tag)

    @routes.get("/graphs", summary="A graph by its IRI, or the list of graphs", openapi_extra=_PARAMETERS)
    async def indirect(request: Request) -> Response:
        given = request.query_params
        if "default" in given or "graph" in given:
            if len(given.getlist("graph")) + len(given.getlist("default")) > 1:
                raise BadRequest("The request names more than one graph.", "Say ?default or ?graph=… once.")
            if "graph" in given and not given["graph"]:
                raise BadRequest("The parameter graph is empty.", "Give the whole IRI of a graph.")
            return await graph(given.get("graph", ""), request)
        format = formats.named(given.get("format", ""), _LISTED)
        format = format or formats.negotiate(request.headers.get("accept"), _LISTED)
        if format is not formats.HTML:
            asked = Question(_LIST, format, formats.TURTLE, settings.base, own=True)
            return await answers.respond(asked, client_of(request), request.headers.get("if-none-match", ""))
        asked = Question(_LIST, formats.JSON, formats.TURTLE, settings.base, own=True)
        answer = await answers.ask(asked, client_of(request))
        rows = json.loads(answer.body)["results"]["bindings"]
        start = settings.base + "graph/"
        listed = [(row["graph"]["value"].removeprefix(start), row["triples"]["value"]) for row in rows]
        return page("graphs.html", request.headers, title=gettext("Graphs"), graphs=listed)

    @routes.get("/graphs/{name:path}", summary="A graph by its name")
    async def by_name(name: str, request: Request) -> Response:
        return await graph(f"{settings.base}graph/{name}", request)

    @routes.get("/graph/{name:path}", summary="A graph at its own IRI")
    async def direct(name: str, request: Request) -> Response:
        return await graph(f"{settings.base}graph/{name}", request)

    return routes
