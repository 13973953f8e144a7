"""`/desk/accounts` and `/desk/tokens`: who works at the desk, and what works for them."""

from __future__ import annotations

import asyncio
import datetime

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph.desk.accounts import Account, Role
from hrc_graph.desk.sessions import Session
from hrc_graph.desk.tokens import Scope
from hrc_graph.errors import BadParameter, Conflict, NotFound
from hrc_graph.web.answers import Whole
from hrc_graph.web.desk.door import Door, Form, own_address, to, what
from hrc_graph.web.languages import N_, gettext

WORDS = (N_("editor"), N_("reviewer"), N_("admin"), N_("read"), N_("write"))
"""What pages call roles, and what a token may do."""


def router(door: Door, room: type[APIRoute]) -> APIRouter:
    """The routes of accounts and tokens."""
    routes = APIRouter(prefix="/desk", route_class=room, include_in_schema=False)
    desk = door.desk

    @routes.get("/accounts")
    async def accounts(request: Request) -> Response:
        return await accounts_page(await door.session(request, Role.admin))

    @routes.post("/accounts")
    async def change(request: Request) -> Response:
        session = await door.session(request, Role.admin)
        form = await door.form(request, session)
        try:
            code = await asyncio.to_thread(changed, form, session.account.who)
        except (BadParameter, Conflict) as error:
            return await accounts_page(session, problem=what(error), status=400)
        if not code:
            return to("/desk/accounts")
        return await accounts_page(session, link=f"{own_address(request)}/desk/set-up#{code}")

    def changed(form: Form, by: str) -> str:
        """Do what the form says; the code of the link, if it made one."""
        do = form.get("do", "")
        if do == "add":
            return desk.accounts.add(form.get("name", ""), form.get("email", ""), _role(form), by)[1]
        id = _number(form.get("account", ""))
        if do == "link":
            return desk.accounts.link(id, by)
        if do == "role":
            desk.accounts.set_role(id, _role(form), by)
        elif do in ("disable", "enable"):
            desk.accounts.set_disabled(id, do == "disable", by)
        else:
            raise BadParameter("The form does not say what to do.", "Use the buttons of the page.")
        return ""

    async def accounts_page(session: Session, link: str = "", problem: str = "", status: int = 200) -> Whole:
        known = await asyncio.to_thread(desk.accounts.all)
        values = {"accounts": known, "roles": list(Role), "link_made": link, "problem": problem}
        return door.page("accounts.html", session, status, title=gettext("Accounts"), **values)

    @routes.get("/tokens")
    async def tokens(request: Request) -> Response:
        return await tokens_page(await door.session(request))

    @routes.post("/tokens")
    async def make(request: Request) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        if form.get("do") == "revoke":
            await asyncio.to_thread(revoke, _number(form.get("token", "")), session.account)
            return to("/desk/tokens")
        scope = Scope.write if form.get("scope") == Scope.write else Scope.read
        name, days = form.get("name", ""), _number(form.get("days", ""))
        me = session.account
        try:
            _, text = await asyncio.to_thread(desk.tokens.create, me, name, scope, days, me.who)
        except BadParameter as error:
            return await tokens_page(session, problem=what(error), status=400)
        return await tokens_page(session, made=text)

    def revoke(id: int, by: Account) -> None:
        """End a token: of one's own, or as an admin anybody's. Raises `NotFound`."""
        if by.role is not Role.admin and not any(t.id == id and t.account.id == by.id for t in desk.tokens.all()):
            raise NotFound(f"There is no token {id}.", "The page lists yours.")
        desk.tokens.revoke(id, by.who)

    async def tokens_page(session: Session, made: str = "", problem: str = "", status: int = 200) -> Whole:
        everyones = await asyncio.to_thread(desk.tokens.all)
        me = session.account
        mine = [token for token in everyones if me.role is Role.admin or token.account.id == me.id]
        values = {"tokens": mine, "made": made, "problem": problem, "scopes": list(Scope), "day": day}
        return door.page("tokens.html", session, status, title=gettext("Tokens"), **values)

    return routes


def day(seconds: int) -> str:
    """The day of a time of the database, in UTC."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()


def _role(form: Form) -> Role:
    if form.get("role") not in set(Role):
        raise BadParameter("That is no role.", f"There are {', '.join(Role)}.")
    return Role(form["role"])


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound("There is no such thing.", "Use the buttons of the page.")
    return int(text)
