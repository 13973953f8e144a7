"""`/reconcile`: the Reconciliation Service API, by which OpenRefine and others match tables with the graph.

Source: Reconciliation Service API 0.2, W3C Entity Reconciliation Community Group, sections 3 to 7. JSONP, which the
specification leaves open, is not offered: every answer may be read from any origin (CORS).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hrc_graph import __version__, extension, formats, reconciliation
from hrc_graph.directory import Directory, Thing, Type
from hrc_graph.engine import Question
from hrc_graph.errors import BadRequest, BatchTooLarge, NotFound, TimedOut, WrongMediaType
from hrc_graph.gazetteer import fold
from hrc_graph.reconciliation import Candidate
from hrc_graph.settings import Settings
from hrc_graph.web import bodies, headers, protocol
from hrc_graph.web.answers import client_of, page
from hrc_graph.web.finder import Finder
from hrc_graph.web.languages import gettext

_NAME = "Human Rights Cities graph"
_DEFAULT_TYPES = ("hrc:LocalGovernment", "hrc:Place", "hrc:Instrument", "org:Organization", "hrc:Event", "skos:Concept")
_SUGGESTED = 10
_WIDTH, _HEIGHT = 430, 260
_FRAMED = headers.CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *").encode()


def router(finder: Finder, settings: Settings) -> APIRouter:
    """The routes of the service."""
    routes = APIRouter(prefix="/reconcile", tags=["reconciliation"])

    async def respond(given: dict[str, str], request: Request) -> Response:
        if "callback" in given:
            raise BadRequest("JSONP is not offered.", "Leave callback out: every origin may read the answers (CORS).")
        known = await finder.directory()
        if "queries" in given:
            found = await finder.run(request, lambda: _batch(known, given["queries"], settings.time_limit))
            return finder.json(found, request, known.snapshot)
        if "extend" in given:
            return finder.json(await extended(known, given["extend"], request), request, known.snapshot)
        if request.method == "POST":
            raise BadRequest("The request has neither queries nor extend.", "Send one of them as a form or as JSON.")
        return finder.json(_manifest(known, _origin(request)), request, known.snapshot)

    async def extended(known: Directory, text: str, request: Request) -> dict[str, Any]:
        ids, properties = await finder.run(request, lambda: extension.parse(_read(text)))
        things = {id: thing for id in ids if (thing := known.thing(id))}
        rows: dict[str, dict[str, list[Any]]] = {id: {prop: [] for prop in properties} for id in ids}
        iris = sorted({settings.base + thing.id for thing in things.values()})
        for name in properties if iris else ():
            prop = extension.PROPERTIES[name]
            asked = Question(
                extension.query(prop, iris, settings.base), formats.JSON, formats.TURTLE, settings.base, own=True
            )
            answer = await finder.answers.ask(asked, client_of(request))
            values = await asyncio.to_thread(extension.values, prop, answer.body, known)
            for id, thing in things.items():
                rows[id][name] = values.get(thing.id, [])
        return {"meta": [_meta(extension.PROPERTIES[name], known) for name in properties], "rows": rows}

    @routes.get("", summary="The service manifest, or the answers to queries", openapi_extra=_PARAMETERS)
    async def get(request: Request) -> Response:
        return finder.unchanged(request) or await respond(dict(request.query_params), request)

    @routes.post("", summary="The answers to a batch of queries, or more about things")
    async def post(request: Request) -> Response:
        return await respond(await _posted(request, settings), request)

    @routes.get("/view", summary="A thing, by its id")
    async def view(id: str = "") -> Response:
        thing = _thing(await finder.directory(), id)
        return RedirectResponse(f"/{thing.id}", 303, headers.COMMON)

    @routes.get("/preview", summary="A thing in a few words, to be framed by other pages")
    async def preview(request: Request, id: str = "") -> Response:
        held = finder.unchanged(request)
        if held:
            return held
        known = await finder.directory()
        thing = _thing(known, id)
        shown = page(
            "preview.html",
            request.headers,
            fields=finder.about(request, known.snapshot),
            thing=thing,
            type=known.types[thing.types[0]].name,
            description=known.described(thing),
            iri=settings.base + thing.id,
        )
        shown.raw_headers = [  # the one page that other pages may frame
            (name, _FRAMED if name == b"content-security-policy" else value) for name, value in shown.raw_headers
        ]
        return shown

    @routes.get("/suggest/entity", summary="Things whose names begin so")
    async def suggest_entity(request: Request, prefix: str = "", cursor: str = "0", type: str = "") -> Response:
        def found(known: Directory) -> list[dict[str, Any]]:
            wanted = known.type(type)
            things = known.search(prefix, wanted.id if wanted else type)
            return [_suggested(known, one.thing) for one in things]

        return await suggested(request, cursor, found)

    @routes.get("/suggest/type", summary="Types of things whose names begin so")
    async def suggest_type(request: Request, prefix: str = "", cursor: str = "0") -> Response:
        def found(known: Directory) -> list[dict[str, Any]]:
            return [_type(known, one) for one in known.types.values() if _begins(prefix, one.id, one.names.values())]

        return await suggested(request, cursor, found)

    @routes.get("/suggest/property", summary="Properties of things whose names begin so")
    async def suggest_property(request: Request, prefix: str = "", cursor: str = "0") -> Response:
        properties = extension.PROPERTIES.values()

        def found(_: Directory) -> list[dict[str, Any]]:
            return [{"id": one.id, "name": one.name} for one in properties if _begins(prefix, one.id, [one.name])]

        return await suggested(request, cursor, found)

    async def suggested(request: Request, cursor: str, find: Callable[[Directory], list[dict[str, Any]]]) -> Response:
        skipped = _count("cursor", cursor)
        held = finder.unchanged(request)
        if held:
            return held
        known = await finder.directory()
        found = await finder.run(request, lambda: find(known)[skipped : skipped + _SUGGESTED])
        return finder.json({"result": found}, request, known.snapshot)

    @routes.get("/properties", summary="The properties that can be fetched for things of a type")
    async def properties(request: Request, type: str = "", limit: str = "") -> Response:
        held = finder.unchanged(request)
        if held:
            return held
        known = await finder.directory()
        most = _count("limit", limit) if limit else None
        found = [{"id": one.id, "name": one.name} for one in extension.of_type(known, type)[:most]]
        proposed = {"type": type, "properties": found} | ({"limit": most} if most is not None else {})
        return finder.json(proposed, request, known.snapshot)

    @routes.get("/about", summary="How the service scores, for people")
    async def about(request: Request) -> Response:
        return finder.unchanged(request) or page(
            "reconcile.html",
            request.headers,
            fields=finder.about(request, finder.answers.engine.snapshot),
            title=gettext("Match a table with the graph"),
            address=_origin(request) + "/reconcile",
            features=reconciliation.FEATURES,
            properties=extension.PROPERTIES.values(),
        )

    return routes


_PARAMETERS = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "description": what, "schema": {"type": "string"}}
        for name, what in (
            ("queries", "A batch of reconciliation queries, as JSON."),
            ("extend", "A data extension query, as JSON."),
        )
    ]
}


def _origin(request: Request) -> str:
    return protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), "")


def _manifest(known: Directory, origin: str) -> dict[str, Any]:
    """What the service says of itself."""

    def suggesting(what: str) -> dict[str, str]:
        return {"service_url": origin, "service_path": f"/reconcile/suggest/{what}"}

    return {
        "versions": ["0.2"],
        "name": _NAME,
        "identifierSpace": known.base,
        "schemaSpace": "https://w3id.org/hrcity/def/",
        "documentation": f"{origin}/reconcile/about",
        "serviceVersion": __version__,
        "defaultTypes": [_type(known, known.types[id]) for id in _DEFAULT_TYPES if id in known.types],
        "view": {"url": f"{origin}/reconcile/view?id={{{{id}}}}"},
        "feature_view": {"url": f"{origin}/reconcile/about#{{{{id}}}}"},
        "preview": {"url": f"{origin}/reconcile/preview?id={{{{id}}}}", "width": _WIDTH, "height": _HEIGHT},
        "suggest": {what: suggesting(what) for what in ("entity", "property", "type")},
        "extend": {
            "propose_properties": {"service_url": origin, "service_path": "/reconcile/properties"},
            "property_settings": [],
        },
        "batchSize": reconciliation.BATCH,
    }


async def _posted(request: Request, settings: Settings) -> dict[str, str]:
    """The parameters of a POST body: a form, or a JSON object of the same names."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (protocol.FORM, "application/json"):
        raise WrongMediaType(
            f"Queries cannot be sent as “{media_type[:100] or 'nothing'}”.",
            f"Send {protocol.FORM} or application/json.",
        )
    text = protocol.utf8(await bodies.read(request, settings.body_bytes, settings.time_limit))
    if media_type == "application/json":
        given = _read(text)
        if not isinstance(given, dict):
            raise BadRequest("The body is not a JSON object.", 'Send {"queries": {…}} or {"extend": {…}}.')
        return {key: json.dumps(given[key]) for key in ("queries", "extend") if key in given}
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=20))
    except ValueError:
        raise BadRequest("The form cannot be read.", "Send queries=…, percent-encoded UTF-8.") from None


def _read(text: str) -> Any:
    """JSON that has been read. Raises `BadRequest` for what is none, is nested too deep or holds half signs."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        found = json.loads(text, parse_constant=refuse)
        json.dumps(found, ensure_ascii=False).encode()
        return found
    except RecursionError:
        raise BadRequest("The JSON is nested too deep.", "A batch is an object of objects.") from None
    except UnicodeEncodeError:
        raise BadRequest("The JSON holds half of a surrogate pair.", "Send whole characters.") from None
    except ValueError as error:
        raise BadRequest(f"The JSON cannot be read: {str(error)[:100]}.", "Send a JSON object.") from None


def _batch(known: Directory, text: str, seconds: float) -> dict[str, Any]:
    """The result of each query of a batch, within so many seconds. Raises `BadRequest`, `BatchTooLarge`, `TimedOut`."""
    given = _read(text)
    if isinstance(given, dict) and len(given) > reconciliation.BATCH:
        raise BatchTooLarge(
            f"The batch has {len(given):,} queries; at most {reconciliation.BATCH} are taken.",
            "batchSize in the manifest says so.",
        )
    queries, end = reconciliation.parse(given), time.monotonic() + seconds
    found = {}
    for key, query in queries.items():
        if time.monotonic() > end:
            raise TimedOut(
                f"The batch took more than {seconds:g} seconds.", "Send fewer queries.", setting="time_limit"
            )
        found[key] = {"result": [_candidate(known, one) for one in reconciliation.candidates(known, query)]}
    return found


def _candidate(known: Directory, found: Candidate) -> dict[str, Any]:
    return {
        "id": found.thing.id,
        "name": found.thing.name,
        "description": known.described(found.thing),
        "type": [{"id": id, "name": known.types[id].name} for id in found.thing.types],
        "score": found.score,
        "match": found.match,
        "features": [{"id": id, "value": value} for id, value in found.features.items()],
    }


def _suggested(known: Directory, thing: Thing) -> dict[str, Any]:
    notable = [{"id": id, "name": known.types[id].name} for id in thing.types[:1]]
    return {"id": thing.id, "name": thing.name, "description": known.described(thing), "notable": notable}


def _type(known: Directory, type: Type) -> dict[str, Any]:
    found: dict[str, Any] = {"id": type.id, "name": type.name}
    broader = [_type(known, known.types[id]) for id in type.broader]
    return found | ({"broader": broader} if broader else {})


def _meta(prop: extension.Property, known: Directory) -> dict[str, Any]:
    found: dict[str, Any] = {"id": prop.id, "name": prop.name}
    type = known.types.get(prop.entity)
    return found | ({"type": {"id": type.id, "name": type.name}} if type else {})


def _begins(prefix: str, id: str, names: Iterable[str]) -> bool:
    """Whether the id, or each word of the prefix a word of one of the names, begins so."""
    words = [f" {word}" for word in fold(prefix).split()]
    local = id.partition(":")[2] or id
    begun = (f" {fold(name)}" for name in (*names, id, local))
    return id.startswith(prefix) or any(all(word in name for word in words) for name in begun)


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise BadRequest(f"The parameter {name} is not a whole number.", f"Say {name}=10, or leave it out.")
    return int(text)


def _thing(known: Directory, id: str) -> Thing:
    thing = known.thing(id)
    if thing is None:
        raise NotFound(f"There is no thing “{id[:100]}”.", "Look for it at /search.")
    return thing
