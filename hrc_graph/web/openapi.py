"""`/openapi.json`: every address for programs, with the endpoints that are no routes of FastAPI.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

from hrc_graph import formats

_ABOUT: Final = (
    "Which local government took on which human rights text or campaign, how, when, and by which evidence. "
    "Reading needs no account. Answers are whole or an error; `X-Snapshot` names the state of the data they are of, "
    "`X-Release` the release it belongs to, and `ETag` lets a client ask whether anything changed. Errors are "
    "`application/problem+json` (RFC 9457) with a hint, or a page for browsers. How to: `/docs/`."
)
_TAGS: Final = {
    "sparql": "Any question, as SPARQL 1.1.",
    "questions": "The query library: questions in plain words, each with its parameters.",
    "explorer": "Governments, texts, themes and so on, to be narrowed.",
    "drawings": "The front page, the map and the timeline.",
    "things": "What an IRI leads to, as a page or RDF.",
    "search": "Things by any of their names.",
    "reconciliation": "The Reconciliation Service API 0.2, to match tables with the graph.",
    "graphs": "Graphs one by one (SPARQL 1.1 Graph Store Protocol, read side), and everything as a file.",
    "releases": "States of the data that are kept, to be cited.",
    "feeds": "What changed, as Atom and as a Linked Data Event Stream.",
    "descriptions": "The graph described: DCAT, VoID, the questions as RDF.",
    "guides": "Pages that teach.",
    "desk": "The secretariat's desk and the form for joining.",
    "server": "Health and numbers.",
}
_PROBLEM: Final = {"$ref": "#/components/responses/Problem"}
_QUERY: Final = {"type": "string", "description": "The SPARQL query."}
_GRAPHS: Final = {
    "default-graph-uri": "A graph of the default graph; without any, it is the union of all.",
    "named-graph-uri": "A graph that GRAPH may name; without any, all are.",
}


class Described(FastAPI):
    """A FastAPI application whose description is complete and can be read."""

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _told(super().openapi())
        return self.openapi_schema


def parameters(about: Mapping[str, str], several: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The optional parameters of an address as a route takes them: what each is for; `several` may be repeated."""
    one: dict[str, Any] = {"type": "string"}
    described = [(name, what, one) for name, what in about.items()]
    described += [(name, what, {"type": "array", "items": one}) for name, what in (several or {}).items()]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": what, "schema": schema}
            for name, what, schema in described
        ]
    }


def _told(document: dict[str, Any]) -> dict[str, Any]:
    document["info"] |= {"description": _ABOUT, "license": {"name": "Apache-2.0; data CC BY 4.0"}}
    document["paths"] = {
        "/sparql": _endpoint(),
        "/releases/{name}/sparql": _endpoint("name"),
        **document["paths"],
    }
    document["components"] = {"responses": {"Problem": _problem()}} | {
        name: each for name, each in document.get("components", {}).items() if name != "schemas"
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operation.setdefault("tags", [_tag(path)])
            if not operation.get("operationId", "").startswith("query-"):
                words = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-") or "front"
                operation["operationId"] = f"{method}-{words}"
            _answers(operation)
    document["tags"] = [{"name": name, "description": words} for name, words in _TAGS.items()]
    return document


def _answers(operation: dict[str, Any]) -> None:
    """Say of the answers what is so: parameters are checked by us, and most formats are negotiated."""
    answers = operation["responses"]
    answers.pop("422", None)
    answers.setdefault("default", _PROBLEM)
    for status, answer in answers.items():
        if answer.get("description") == "Successful Response":
            answers[status] = {"description": "The answer."}


def _tag(path: str) -> str:
    place = path.split("/")[1]
    return "desk" if place in ("desk", "join") else "server"


def _endpoint(release: str = "") -> dict[str, Any]:
    of = "of a release" if release else "of the live data"
    offered = (*formats.TABLES, *formats.GRAPHS)
    choice = {"type": "string", "enum": [each.name for each in offered]}
    graphs = [
        {
            "name": name,
            "in": "query",
            "description": words,
            "schema": {"type": "array", "items": {"type": "string", "format": "uri"}},
        }
        for name, words in _GRAPHS.items()
    ]
    path = [{"name": release, "in": "path", "required": True, "schema": {"type": "string"}}] if release else []
    asked = [
        *path,
        {"name": "query", "in": "query", "description": _QUERY["description"], "schema": {"type": "string"}},
        {"name": "format", "in": "query", "description": "Otherwise Accept decides.", "schema": choice},
        *graphs,
    ]
    answers = {
        "200": {
            "description": "The whole answer; without a query, the SPARQL 1.1 Service Description.",
            "content": {each.media_types[0]: {} for each in offered},
        },
        "default": _PROBLEM,
    }
    form = {"type": "object", "required": ["query"], "properties": {"query": _QUERY, "format": choice}}
    body = {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": form},
            "application/sparql-query": {"schema": _QUERY},
        },
    }
    get = {"summary": f"Ask SPARQL {of}", "parameters": asked, "responses": dict(answers)}
    post = {
        "summary": f"Ask SPARQL {of}, however long",
        "parameters": path,
        "requestBody": body,
        "responses": dict(answers),
    }
    return {"get": get | {"tags": ["sparql"]}, "post": post | {"tags": ["sparql"]}}


def _problem() -> dict[str, Any]:
    fields = {"type": "string", "title": "string", "status": "integer", "detail": "string", "line": "integer"}
    return {
        "description": "What is wrong and what to do, as RFC 9457 has it; a page for browsers.",
        "content": {
            "application/problem+json": {
                "schema": {"type": "object", "properties": {name: {"type": type} for name, type in fields.items()}}
            },
            "text/html": {},
        },
    }
