"""`/desk/sign-in`, `/desk/sign-out` and `/desk/set-up`: coming in and going out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hrc_graph.desk.accounts import normal
from hrc_graph.desk.tries import Tries
from hrc_graph.errors import BadParameter, Conflict, HrcError, NotFound, Unauthorized
from hrc_graph.web.answers import Whole, client_of
from hrc_graph.web.clients import holder
from hrc_graph.web.desk.door import COOKIE, Door, cookie, own_address, signed_in, to, what
from hrc_graph.web.languages import gettext

if TYPE_CHECKING:
    from hrc_graph.web.desk.provider import Provider

_QUARTER = 15 * 60.0
_BACK = "/desk/sign-in/back"
_HELD = "__Host-hrc-provider"


def router(door: Door, provider: Provider | None) -> APIRouter:
    """The routes of coming and going."""
    routes = APIRouter(prefix="/desk", include_in_schema=False)
    desk = door.desk
    pairs, addresses, accounts = Tries(5, _QUARTER), Tries(30, _QUARTER), Tries(100, _QUARTER)

    @routes.get("/sign-in")
    async def asked() -> Response:
        return sign_in_page(door, provider)

    @routes.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        form = await door.form(request)
        email, client = form.get("email", ""), holder(client_of(request))
        pair = f"{normal(email)} {client}"
        addresses.take(client)
        accounts.take(normal(email))
        pairs.take(pair)
        try:
            account = await asyncio.to_thread(desk.accounts.sign_in, email, form.get("password", ""))
        except Unauthorized as error:
            return sign_in_page(door, provider, what(error), 401)
        pairs.forget(pair)
        return signed_in(await asyncio.to_thread(desk.sessions.begin, account, request.cookies.get(COOKIE, "")))

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session = await door.session(request)
        await door.form(request, session)
        await asyncio.to_thread(desk.sessions.end, session)
        return to("/desk/sign-in", cookie(COOKIE, "", 0))

    @routes.get("/set-up")
    async def opened() -> Response:
        return set_up_page(door)

    @routes.post("/set-up")
    async def set_up(request: Request) -> Response:
        form = await door.form(request)
        addresses.take(holder(client_of(request)))
        code, name, email = (form.get(field, "").strip() for field in ("code", "name", "email"))
        password = form.get("password", "")
        if password != form.get("again"):
            return set_up_page(door, gettext("The two passwords are not the same."), code, name, email)
        try:
            account = await asyncio.to_thread(desk.accounts.redeem, code, password, name, email)
        except (BadParameter, Conflict, Unauthorized) as error:
            return set_up_page(
                door, what(error), code, name, email, status=401 if isinstance(error, Unauthorized) else 400
            )
        return signed_in(await asyncio.to_thread(desk.sessions.begin, account, request.cookies.get(COOKIE, "")))

    @routes.get("/sign-in/provider")
    async def leave(request: Request) -> Response:
        """Changes nothing here: what was begun stands in a cookie."""
        address, held = await _the(provider).begin(own_address(request) + _BACK)
        response = RedirectResponse(address, 303)
        response.headers["set-cookie"] = cookie(_HELD, held, 600)
        return response

    @routes.get("/sign-in/back")
    async def back(request: Request, state: str = "", code: str = "") -> Response:
        known = _the(provider)
        held = request.cookies.get(_HELD, "")
        try:
            subject, email = await known.finish(own_address(request) + _BACK, held, state, code)
            account = await asyncio.to_thread(desk.accounts.vouched, known.issuer, subject, email)
        except HrcError as error:
            return sign_in_page(door, provider, what(error), 401)
        response = signed_in(await asyncio.to_thread(desk.sessions.begin, account, request.cookies.get(COOKIE, "")))
        response.headers.append("set-cookie", cookie(_HELD, "", 0))
        return response

    return routes


def sign_in_page(door: Door, provider: Provider | None, problem: str = "", status: int = 200) -> Whole:
    """The way in, and what was wrong with the last try."""
    host = urlsplit(provider.issuer).netloc if provider else ""
    return door.page("sign-in.html", None, status, title=gettext("Sign in"), problem=problem, provider=host)


def set_up_page(
    door: Door, problem: str = "", code: str = "", name: str = "", email: str = "", status: int = 0
) -> Whole:
    """Where a link is used: the first account needs a name and an address, the others have them."""
    status = status or (400 if problem else 200)
    is_first = not door.desk.accounts.exist()
    given = {"code": code, "name": name, "email": email}
    return door.page(
        "set-up.html", None, status, title=gettext("Set a password"), problem=problem, first=is_first, given=given
    )


def _the(provider: Provider | None) -> Provider:
    if provider is None:
        raise NotFound("Nobody else vouches for people here.", "Sign in with a password.")
    return provider
