"""`/search`: things by any of their names, for people and programs; `/opensearch.xml` tells browsers of it.

Source: OpenSearch 1.1 (draft 6), description document.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import formats
from hrc_graph.directory import Directory, Found, Type, marked
from hrc_graph.errors import BadRequest
from hrc_graph.settings import Settings
from hrc_graph.web import protocol
from hrc_graph.web.answers import Whole, page
from hrc_graph.web.finder import Finder
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.openapi import parameters
from hrc_graph.web.templates import render

_SHOWN = 50
_JSON = formats.Format("json", ("application/json",), ".json")
_OFFERED = (formats.HTML, _JSON)
_KEPT = 256
"""So many pages are kept as they were sent, by their tags."""
_PARAMETERS: Final = parameters(
    {
        "q": "A name, in any language, or the beginnings of its words; a code; an id.",
        "type": "A type of things, such as hrc:Charter.",
        "page": f"Which {_SHOWN} of the things found, from 1.",
        "format": "html or json; otherwise the Accept header decides.",
    }
)


def router(finder: Finder, settings: Settings) -> APIRouter:
    """The routes of searching."""
    routes = APIRouter(tags=["search"])
    answered: OrderedDict[str, Whole] = OrderedDict()

    @routes.get("/search", summary="Things by any of their names", openapi_extra=_PARAMETERS)
    async def search(request: Request, q: str = "", type: str = "") -> Response:
        given = request.query_params
        format = formats.named(given.get("format", ""), _OFFERED)
        format = format or formats.negotiate(request.headers.get("accept"), _OFFERED)
        number = _page(given.get("page", "1"))
        if format is _JSON and not q.strip():
            raise BadRequest("The parameter q is missing or empty.", "Say /search?q=Gwangju&format=json.")
        held, tag = finder.unchanged(request), finder.tag(request)
        if held or tag in answered:
            return held or answered[tag]
        known = await finder.directory()
        found = await finder.run(request, lambda: known.search(q)) if q.strip() else []
        wanted = known.type(type)
        counts = Counter(one.thing.root for one in found)
        kept = [one for one in found if not type or (wanted and wanted.id in one.thing.types)]
        shown = kept[(number - 1) * _SHOWN : number * _SHOWN]
        facets = [(known.types[id], count) for id, count in counts.most_common()]
        if format is _JSON:
            types = [{"id": type.id, "name": type.name, "count": count} for type, count in facets]
            results = [_result(known, one, settings.base) for one in shown]
            answer = {"query": q, "total": len(kept), "page": number, "types": types, "results": results}
            return finder.json(answer, request, known.snapshot)
        language = READER.get().language
        made = page(
            "search.html",
            request.headers,
            fields=finder.about(request, known.snapshot),
            title=gettext("Search: %(words)s") % {"words": q[:100]} if q.strip() else gettext("Search"),
            q=q,
            type=type,
            wanted=_called(wanted) if wanted else type,
            total=len(kept),
            all=len(found),
            facets=[{"id": type.id, "name": _called(type), "count": count} for type, count in facets],
            number=number,
            further=len(kept) > number * _SHOWN,
            results=[(one, _pieces(one, q), known.described(one.thing, language)) for one in shown],
        )
        if tag.startswith(known.snapshot, 3):  # no new snapshot took over meanwhile
            answered[tag] = made
            if len(answered) > _KEPT:
                answered.popitem(last=False)
        return made

    @routes.get("/opensearch.xml", summary="The search, as browsers learn of it")
    async def description(request: Request) -> Response:
        origin = protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), "")
        body = render("opensearch.xml", origin=origin).encode()
        snapshot = finder.answers.engine.snapshot
        held = finder.unchanged(request)
        return held or finder.body(body, "application/opensearchdescription+xml; charset=utf-8", request, snapshot)

    return routes


def _called(type: Type) -> str:
    """What a type is called in the reader's language."""
    return type.names.get(READER.get().language) or gettext(type.name)


def _page(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 5 and int(text)):
        raise BadRequest("The parameter page is not a whole number from 1.", "Leave it out for the first page.")
    return int(text)


def _pieces(found: Found, q: str) -> list[tuple[str, bool]]:
    """The name that was found, in pieces, with those that agree with the text."""
    return [(found.name, False)] if found.why == "its id" else marked(found.name, q)


def _result(known: Directory, found: Found, base: str) -> dict[str, Any]:
    thing = found.thing
    return {
        "id": thing.id,
        "iri": base + thing.id,
        "name": thing.name,
        "matched": {"name": found.name, "language": found.language, "why": found.why},
        "description": known.described(thing),
        "types": list(thing.types),
        "country": thing.country or None,
        "score": found.score,
    }
