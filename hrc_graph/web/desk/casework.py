"""`/desk/`: the applications by state, and one application with the steps it can take."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import State
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadParameter, Conflict, Forbidden
from hrc_graph.web.answers import Answers, Whole, client_of
from hrc_graph.web.desk import choices
from hrc_graph.web.desk.door import Door, to, what
from hrc_graph.web.desk.joining import shown, state_names
from hrc_graph.web.desk.staff import day
from hrc_graph.web.languages import gettext
from hrc_graph.web.problems import status_of


def router(door: Door, room: type[APIRoute], answers: Answers, base: str) -> APIRouter:
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

    @routes.get("/applications/{reference}")
    async def application(request: Request, reference: str) -> Response:
        session = await door.session(request)
        return await application_page(request, session, reference)

    @routes.post("/applications/{reference}")
    async def step(request: Request, reference: str) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        known = [each for each in State if each.value == form.get("to")]
        why = form.get("why", "")
        try:
            if not known:
                raise BadParameter("The form does not say what to do.", "Use the buttons of the page.")
            await asyncio.to_thread(desk.applications.step, reference, known[0], why, session.account)
        except (BadParameter, Conflict, Forbidden) as error:
            return await application_page(request, session, reference, what(error), why, status_of(error))
        return to(f"/desk/applications/{reference}")

    async def application_page(
        request: Request, session: Session, reference: str, problem: str = "", why: str = "", status: int = 200
    ) -> Whole:
        def gathered() -> dict[str, Any]:
            found = desk.applications.get(reference)
            names = {account.id: account.name for account in desk.accounts.all()}
            steps = [(one, names.get(one.account or 0, "")) for one in desk.applications.steps(reference)]
            draft = desk.applications.draft(reference)
            contact = desk.contacts.of(found.id)
            return {"application": found, "steps": steps, "draft": draft, "contact": contact}

        values = await asyncio.to_thread(gathered)
        found = values["application"]
        deciding = (State.accepted, State.declined)
        may = [each for each in found.next if each not in deciding or session.account.role.may(Role.reviewer)]
        values |= {"may": may, "names": state_names(), "day": day, "problem": problem, "why": why}
        values["lines"] = shown(json.loads(found.payload), await choices.of(answers, base, client_of(request)))
        return door.page("application.html", session, status, title=found.summary, **values)

    return routes
