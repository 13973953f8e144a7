"""`/desk/api`: applications and drafts for machines, by bearer token only; a cookie opens nothing here."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hrc_graph.desk import Desk
from hrc_graph.desk.applications import Application, Draft, State
from hrc_graph.desk.tokens import Scope, Token
from hrc_graph.errors import BadParameter, BadRequest, Forbidden, NotFound, Unauthorized, WrongMediaType
from hrc_graph.settings import Settings
from hrc_graph.web import bodies, protocol


def router(desk: Desk, settings: Settings) -> APIRouter:
    """The routes for machines. No answer tells a contact."""
    routes = APIRouter(prefix="/desk/api", tags=["desk"])

    async def token(request: Request, scope: Scope = Scope.read) -> Token:
        """The token of a request. Raises `Unauthorized`, or `Forbidden` for one that may only read."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        found = await asyncio.to_thread(desk.tokens.find, text.strip()) if kind.lower() == "bearer" else None
        if found is None:
            raise Unauthorized("This needs a token that lives.", "Send Authorization: Bearer …; make one at the desk.")
        if scope is Scope.write and found.scope is not Scope.write:
            raise Forbidden("This token may only read.", "Make one with the scope write.")
        return found

    async def sent(request: Request) -> dict[str, Any]:
        """The JSON object of a body. Raises `WrongMediaType` or `BadRequest`."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise WrongMediaType("This is not sent so.", "Send application/json.")
        text = protocol.utf8(await bodies.read(request, settings.body_bytes, settings.time_limit))
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise BadRequest("The body is not a JSON object.", 'Send {"version": …, "payload": {…}}.')
        return found

    @routes.get("/applications", summary="Applications, the oldest first")
    async def applications(request: Request, state: str = "") -> Response:
        await token(request)
        found = await asyncio.to_thread(desk.applications.all, _state(state) if state else None)
        return JSONResponse([_application(one) for one in found])

    @routes.get("/applications/{reference}", summary="One application and its steps")
    async def application(request: Request, reference: str) -> Response:
        await token(request)
        found = await asyncio.to_thread(desk.applications.get, reference)
        steps = await asyncio.to_thread(desk.applications.steps, reference)
        return JSONResponse(_application(found) | {"steps": [asdict(step) for step in steps]})

    @routes.post("/applications/{reference}/steps", summary="Bring an application to another state")
    async def step(request: Request, reference: str) -> Response:
        by = await token(request, Scope.write)
        body = await sent(request)
        to, why = _state(str(body.get("to", ""))), str(body.get("why", ""))
        who = f"token {by.id}"
        return JSONResponse(
            _application(await asyncio.to_thread(desk.applications.step, reference, to, why, by.account, who))
        )

    @routes.get("/applications/{reference}/draft", summary="The newest draft")
    async def draft(request: Request, reference: str) -> Response:
        await token(request)
        found = await asyncio.to_thread(desk.applications.draft, reference)
        if found is None:
            raise NotFound("Nobody has saved a draft yet.", "Send one with version 0.")
        return JSONResponse(_draft(found))

    @routes.put("/applications/{reference}/draft", summary="Save the next version of a draft")
    async def save(request: Request, reference: str) -> Response:
        by = await token(request, Scope.write)
        body = await sent(request)
        version, payload = body.get("version"), json.dumps(body.get("payload"))
        if not isinstance(version, int) or isinstance(version, bool):
            raise BadParameter("The version is missing.", "Send the number of the version that you worked on; 0 first.")
        who = f"token {by.id}"
        return JSONResponse(
            _draft(await asyncio.to_thread(desk.applications.save, reference, payload, version, by.account, who))
        )

    return routes


def _state(text: str) -> State:
    if text not in set(State):
        raise BadParameter("That is no state.", f"There are {', '.join(State)}.")
    return State(text)


def _application(found: Application) -> dict[str, Any]:
    told = asdict(found) | {"payload": json.loads(found.payload)}
    del told["id"]
    return told


def _draft(found: Draft) -> dict[str, Any]:
    return asdict(found) | {"payload": json.loads(found.payload)}
