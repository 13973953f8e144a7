"""`/desk/published/…`: what came of publishing, and the way back."""

from __future__ import annotations

import asyncio
import re

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph import publishing
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadInput, Conflict, Forbidden, NotConforming, NotFound
from hrc_graph.publishing import Change
from hrc_graph.web.answers import Whole
from hrc_graph.web.desk.door import Door, what
from hrc_graph.web.desk.graph import Graph
from hrc_graph.web.languages import gettext
from hrc_graph.web.problems import status_of

_ID = re.compile(r"[0-9a-f]{1,40}\Z")


def router(door: Door, room: type[APIRoute], graph: Graph) -> APIRouter:
    """The routes of what was published."""
    routes = APIRouter(prefix="/desk/published", route_class=room, include_in_schema=False)

    @routes.get("/{id}")
    async def shown(request: Request, id: str) -> Response:
        session = await door.session(request)
        try:
            change, _ = await asyncio.to_thread(publishing.undoing, graph.workspace, _checked(id))
        except BadInput as error:  # it was undone, or something else stands there by now
            return published_page(session, id, None, what(error))
        return published_page(session, id, change)

    @routes.post("/{id}")
    async def undo(request: Request, id: str) -> Response:
        session = await door.session(request, Role.reviewer)
        form = await door.form(request, session)
        why = form.get("why", "")
        try:
            change = await asyncio.to_thread(graph.undo, _checked(id), session.account, why)
        except (BadInput, NotConforming, Conflict, Forbidden) as error:
            try:
                standing, _ = await asyncio.to_thread(publishing.undoing, graph.workspace, _checked(id))
            except BadInput:
                return published_page(session, id, None, what(error), why, 409)
            return published_page(session, id, standing, what(error), why, status_of(error))
        return published_page(session, id, change, undone=True)

    def published_page(
        session: Session,
        id: str,
        change: Change | None,
        problem: str = "",
        why: str = "",
        status: int = 200,
        undone: bool = False,
    ) -> Whole:
        values = {"id": id, "change": change, "problem": problem, "why": why, "undone": undone}
        title = change.what if change else gettext("A change")
        may = session.account.role.may(Role.reviewer)
        return door.page("published.html", session, status, title=title, may=may, **values)

    return routes


def _checked(id: str) -> str:
    if not _ID.match(id):
        raise NotFound("There is no such change.", "The desk shows what it published.")
    return id
