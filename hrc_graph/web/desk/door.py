"""Who comes in: sessions by cookie, forms that only our own pages can send, and what pages of the desk share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi.routing import APIRoute
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hrc_graph.desk import Desk
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import check_role
from hrc_graph.desk.sessions import HOURS, Session
from hrc_graph.errors import BadRequest, Forbidden, Unauthorized, WrongMediaType
from hrc_graph.settings import Settings
from hrc_graph.web import bodies, protocol
from hrc_graph.web.answers import Whole, page
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.problems import wants_page

COOKIE = "__Host-hrc"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
_FIELDS = 500
_OLDEST = HOURS * 3600.0

Form = ImmutableMultiDict[str, str]


class Door:
    """Lets people in to a desk."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self.desk = desk
        self._settings = settings

    async def session(self, request: Request, role: Role = Role.editor) -> Session:
        """Who asks. Raises `Unauthorized` for a stranger, `Forbidden` for a role that is not enough."""
        found = await asyncio.to_thread(self.desk.sessions.find, request.cookies.get(COOKIE, ""))
        if found is None:
            raise Unauthorized("You are not signed in.", "Sign in at /desk/sign-in.")
        check_role(found.account, role)
        return found

    async def form(self, request: Request, session: Session | None = None) -> Form:
        """The fields of a form that one of our own pages sent, to this session if it needs one.

        Raises `Forbidden` when another site sent it, or when it is older than a session.
        """
        check_own(request)
        form = await self.fields(request)
        self.check_stamp(form, session)
        return form

    def check_stamp(self, form: Form, session: Session | None = None) -> None:
        """Raises `Forbidden` for a form that was not given to this session, or is older than one."""
        if self.desk.stamps.age(form.get("stamp", ""), session.hash if session else "") > _OLDEST:
            raise Forbidden("This form is too old, or is not ours.", "Open the page again and send it once more.")

    async def fields(self, request: Request) -> Form:
        """The fields of a form. Raises `BadRequest` and what reading a body raises."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != protocol.FORM:
            raise WrongMediaType(f"A form is not sent as “{media_type[:100] or 'nothing'}”.", f"Send {protocol.FORM}.")
        raw = await bodies.read(request, self._settings.body_bytes, self._settings.time_limit)
        try:
            pairs = parse_qsl(protocol.utf8(raw), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
        except ValueError:
            raise BadRequest("The form cannot be read.", "Send fewer fields, in UTF-8.") from None
        return ImmutableMultiDict((name, value.replace("\0", "")) for name, value in pairs)

    def page(self, template: str, session: Session | None, status: int = 200, **values: Any) -> Whole:
        """A page of the desk. It is not packed: it holds secrets beside what others may have written (BREACH)."""
        stamp = self.desk.stamps.give(session.hash if session else "")
        account = session.account if session else None
        return page(f"desk/{template}", {}, status, fields=(), stamp=stamp, me=account, **values)

    def room(self, sign_in: Callable[[str], Whole]) -> type[APIRoute]:
        """Routes where a stranger with a browser is shown the way in, which `sign_in` makes of what was wrong."""

        class Room(APIRoute):
            """A route of the desk."""

            def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
                """Called by FastAPI."""
                handle = super().get_route_handler()

                async def handled(request: Request) -> Response:
                    try:
                        return await handle(request)
                    except Unauthorized as error:
                        if wants_page(request.headers.get("accept")):
                            return sign_in(str(error))
                        raise

                return handled

        return Room


def check_own(request: Request) -> None:
    """Raises `Forbidden` for a request that a page of another site made.

    Browsers say so in Sec-Fetch-Site; those that do not know it send Origin. Who sends neither is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is None:
        origin = urlsplit(request.headers.get("origin", ""))
        site = "same-origin" if origin.netloc and origin.netloc == request.headers.get("host") else "cross-site"
    if site not in ("same-origin", "none"):
        raise Forbidden("This form was sent from another site.", "Open the page here and send it from there.")


def own_address(request: Request) -> str:
    """Scheme and host as the browser has them. Raises `BadRequest` for a Host that is none."""
    host, scheme = request.headers.get("host", ""), request.url.scheme
    origin = urlsplit(request.headers.get("origin", ""))
    if origin.netloc == host and origin.scheme in ("http", "https"):
        scheme = origin.scheme
    elif request.headers.get("x-forwarded-proto") in ("http", "https"):
        scheme = request.headers["x-forwarded-proto"]
    return protocol.url_of(scheme, host, "")


def to(path: str, *cookies: str) -> Response:
    """Send the browser on, after a form, to a page of ours."""
    response: Response = RedirectResponse(READER.get().link(path), 303)
    for cookie in cookies:
        response.headers.append("set-cookie", cookie)
    return response


def cookie(name: str, value: str, seconds: int) -> str:
    """A cookie that only this host gets and no script reads; gone at once for 0 seconds."""
    return f"{name}={value}; {_ATTRIBUTES}; Max-Age={seconds}"


def signed_in(id: str) -> Response:
    """The way in, with the cookie of a session."""
    return to("/desk/", cookie(COOKIE, id, HOURS * 3600))


def what(error: Exception) -> str:
    """What was wrong, in the reader's language where it is known there."""
    message, hint = getattr(error, "message", str(error)), getattr(error, "hint", "")
    return f"{gettext(message)} {gettext(hint) if hint else ''}".strip()
