"""`/desk/`: the applications by state."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph.desk.applications import State
from hrc_graph.web.desk.door import Door
from hrc_graph.web.desk.joining import state_names
from hrc_graph.web.desk.staff import day
from hrc_graph.web.languages import gettext


def router(door: Door, room: type[APIRoute]) -> APIRouter:
    """The routes of casework."""
    routes = APIRouter(prefix="/desk", route_class=room, include_in_schema=False)
    desk = door.desk

    @routes.get("")
    @routes.get("/")
    async def applications(request: Request, state: str = "") -> Response:
        session = await door.session(request)
        everything = await asyncio.to_thread(desk.applications.all)
        counts = {each: sum(one.state is each for one in everything) for each in State}
        chosen = [each for each in State if each.value == state]
        listed = [one for one in everything if not chosen or one.state in chosen]
        values: dict[str, Any] = {"counts": counts, "chosen": chosen[0] if chosen else "", "applications": listed}
        title = gettext("Applications")
        return door.page("applications.html", session, title=title, names=state_names(), day=day, **values)

    return routes
