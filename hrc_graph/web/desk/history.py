"""`/desk/changes`: what was changed, whole imports as one, and undoing it with a reason."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

from babel.dates import format_datetime
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph import deciding, publishing
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadInput, Conflict, NotFound
from hrc_graph.web.answers import Whole
from hrc_graph.web.desk.door import Door, to, what
from hrc_graph.web.desk.graph import Graph
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.problems import status_of

_MOST = 100


def router(door: Door, room: type[APIRoute], graph: Graph) -> APIRouter:
    """The routes of changes."""
    routes = APIRouter(prefix="/desk", route_class=room, include_in_schema=False)
    desk = door.desk

    @routes.get("/changes")
    async def changes(request: Request) -> Response:
        return await changes_page(await door.session(request))

    @routes.post("/changes")
    async def undo(request: Request) -> Response:
        session = await door.session(request, Role.reviewer)
        form = await door.form(request, session)
        change, why = form.get("change", ""), form.get("why", "")
        try:
            told = await asyncio.to_thread(publishing.told, graph.workspace, _MOST)
            if not any(each.id == change and each.ours and not each.undoes for each in told):
                raise NotFound("There is no such change to undo.", "Choose one of the list.")
            await graph.use(lambda index, _: deciding.undo(desk, index, change, session.account, why))
        except (BadInput, Conflict, NotFound) as error:
            return await changes_page(session, what(error), change, why, status_of(error))
        return to("/desk/changes")

    async def changes_page(
        session: Session, problem: str = "", chosen: str = "", why: str = "", status: int = 200
    ) -> Whole:
        told = await asyncio.to_thread(publishing.told, graph.workspace, _MOST)
        values: dict[str, Any] = {"changes": told, "problem": problem, "chosen": chosen, "why": why, "when": _when}
        values["may"] = session.account.role.may(Role.reviewer)
        return door.page("changes.html", session, status, title=gettext("Changes"), **values)

    return routes


def _when(seconds: float) -> str:
    """A time, in UTC, in the reader's language; nothing for none."""
    at = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return format_datetime(at, "medium", locale=READER.get().language) if seconds else ""
