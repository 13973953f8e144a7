"""Following an IRI: `/id/…`, `/def/…`, `/vocab/…`, `/shape/…` answer 303 to `/doc/…`, which negotiates its format.

Source: Cool URIs for the Semantic Web, W3C Interest Group Note of 3 December 2008, section 4.2.
"""

from __future__ import annotations

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hrc_graph import namespaces, questions
from hrc_graph.errors import Gone, NotFound
from hrc_graph.web import headers
from hrc_graph.web.answers import client_of
from hrc_graph.web.languages import READER
from hrc_graph.web.representations import SPACES, Representations
from hrc_graph.workspace import Workspace


def router(live: Representations, workspace: Workspace) -> APIRouter:
    """The routes of things, terms and their documents."""
    routes = APIRouter(tags=["things"])
    documents = live.documents

    async def see_other(path: str, request: Request) -> Response:
        if path in SPACES:
            return _redirect(live.links.document(SPACES[path]))
        try:
            await documents.exists(path, client_of(request))
        except Gone as gone:
            return live.moved(gone, lambda successor: successor)
        return _redirect(live.links.document(path))

    def space(name: str) -> None:
        @routes.get(f"/{name}/{{path:path}}", status_code=303, summary="A thing or term: see its document")
        async def named(path: str, request: Request) -> Response:
            return await see_other(f"{name}/{path}".rstrip("/"), request)

    for name in ("id", *SPACES):
        space(name)

    @routes.get("/ontology/", status_code=303, include_in_schema=False)
    @routes.get("/ontology", status_code=303, summary="The ontology: see its document")
    @routes.get("/shapes", status_code=303, summary="The shapes: see their document")
    async def whole(request: Request) -> Response:
        return await see_other(request.scope["path"].strip("/"), request)

    @routes.get("/ontology/{version}", status_code=303, summary="The ontology in its one version")
    async def version(version: str, request: Request) -> Response:
        found = await documents.find("ontology", client_of(request))
        wanted = ox.NamedNode(namespaces.ONTOLOGY + "/" + version) if version.replace(".", "").isalnum() else None
        if wanted not in found.statements.values(found.thing, "owl:versionIRI"):
            raise NotFound(f"There is no version {version[:80]} here.", "The ontology is at /ontology.")
        return _redirect("/doc/ontology")

    @routes.get("/query/{name}", status_code=303, summary="A question by its IRI")
    async def query(name: str) -> Response:
        return _redirect(live.links.question(questions.find(workspace.questions, name).name))

    @routes.get("/doc/{path:path}", summary="The document about a thing or term")
    async def document(path: str, request: Request) -> Response:
        return await live.respond(path, request)

    return routes


def _redirect(path: str) -> Response:
    link = f'<{path}>; rel="describedby"'
    return RedirectResponse(READER.get().link(path), 303, headers.COMMON | {"Link": link, "Cache-Control": "no-cache"})
