"""`/map` and `/timeline`: who committed where, and what happened when, as drawings beside tables."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from hrc_graph import dates, formats, namespaces
from hrc_graph.drawing import land, maps, timelines
from hrc_graph.drawing.maps import Mark
from hrc_graph.drawing.timelines import Moment
from hrc_graph.errors import BadDate, BadRequest
from hrc_graph.web import committed
from hrc_graph.web.answers import page
from hrc_graph.web.committed import Commitment, Name, Narrowed
from hrc_graph.web.finder import Finder
from hrc_graph.web.kept import Kept
from hrc_graph.web.languages import READER, gettext, translations
from hrc_graph.web.openapi import parameters
from hrc_graph.web.templates import render

_GEOJSON = formats.Format("geojson", ("application/geo+json", "application/json"), ".geojson")
Run = Callable[[Callable[[], Markup]], Coroutine[Any, Any, Markup]]
"""Runs work off the event loop."""
_JOINED = namespaces.VOCABULARY["mode"] + "joined"
_TOLD = 3
"""A mark tells so many commitments; the table tells all."""
_KINDS = {"milestones": "hrc:Milestone", "commitments": "", "events": "hrc:Event", "texts": "hrc:Instrument"}
"""What a line of time can show, and the class that the question “timeline” is asked for."""
_UNDATED = """PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT DISTINCT ?thing
WHERE {
  ?thing a/rdfs:subClassOf* <%s> .
  FILTER NOT EXISTS { ?thing hrc:date ?date }
}
ORDER BY ?thing
"""


class Atlas:
    """Draws the commitments of a snapshot on maps and lines of time, for these pages and others."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def commitments(self, narrowed: Narrowed) -> list[Commitment]:
        """Those that are wanted, with names in the reader's language."""
        language = READER.get().language

        async def make() -> list[Commitment]:
            rows = await self.kept.rows(self.query(Narrowed()))
            return await asyncio.to_thread(committed.read, rows)

        everything = await self.kept.once(("commitments", language), make)
        return [each for each in everything if narrowed.holds(each)]

    def query(self, narrowed: Narrowed) -> str:
        """The SPARQL that finds them."""
        return committed.query(narrowed, READER.get().language, self.kept.base)

    async def marks(self, narrowed: Narrowed) -> list[Mark]:
        """A mark for each government that made a commitment and is located."""
        wanted = await self.commitments(narrowed)
        joined = {each.actor for each in await self.commitments(Narrowed(mode=_JOINED))}
        return [self._mark(each, actor in joined) for actor, each in _by_actor(wanted) if each[0].point]

    def _mark(self, made: Sequence[Commitment], is_member: bool) -> Mark:
        first = made[0]
        assert first.point
        told = [f"{each.how.text} “{each.title.text}”" for each in made[:_TOLD]]
        if len(made) > _TOLD:
            told.append(f"+{len(made) - _TOLD}")
        kind = "member" if is_member else "other"
        return Mark(*first.point, first.name.text, self.link(first.actor), kind, "; ".join(told))

    async def map(
        self, ident: str, narrowed: Narrowed, view: str = "", run: Run = asyncio.to_thread
    ) -> tuple[land.Extent, Markup]:
        """The map of the commitments wanted, drawn by `run`, and what it shows of the world.

        Raises `BadRequest` for no view.
        """
        marks = await self.marks(narrowed)
        if not view and narrowed.country:
            part = land.around([(mark.longitude, mark.latitude) for mark in marks])
        else:
            part = land.extent(view or "world")
        reader = READER.get()

        async def make() -> Markup:
            def zoom(inner: land.Extent) -> str:
                return reader.link(_map_path(narrowed, inner.name))

            title = gettext("Local governments that committed themselves")
            words = translations(reader.language)
            return await run(lambda: maps.draw(ident, title, marks, part, words, zoom))

        drawn = await self.kept.once((ident, narrowed, reader.language, reader.chosen, part.name), make)
        return part, drawn

    async def moments(self, kind: str, narrowed: Narrowed) -> list[tuple[Moment, Name]]:
        """What happened when, in the order of time: of a kind of `_KINDS`, commitments narrowed, each with its name."""
        if kind == "commitments":
            found = [
                (Moment(date, f"{each.name.text}: {each.how.text} “{each.title.text}”", self.link(each.iri)), each.name)
                for each in await self.commitments(narrowed)
                for date in each.dates
            ]
        else:
            rows = await self.kept.answer("timeline", **{"class": _KINDS[kind], "lang": READER.get().language})
            found = [
                (Moment(row["date"]["value"], name.text, self.link(row["thing"]["value"]), kind[:-1]), name)
                for row, name in ((row, committed.named(row, "title", "thing")) for row in rows)
            ]
        return sorted((each for each in found if _is_date(each[0].date)), key=lambda each: timelines.order(each[0]))

    def link(self, iri: str) -> str:
        """Where the page of a thing is, in the reader's language."""
        return READER.get().link(namespaces.path(iri, self.kept.base))


def router(atlas: Atlas, finder: Finder) -> APIRouter:
    """The routes of the map and the line of time."""
    routes = APIRouter(tags=["drawings"])
    base = atlas.kept.base

    async def narrowed(request: Request) -> tuple[Narrowed, dict[str, Any]]:
        """What a request wants to see, and what can be chosen. Raises `BadRequest`."""
        given = request.query_params
        everything = await atlas.commitments(Narrowed())
        countries = _choices((each.country, each.country_name) for each in everything)
        modes = _choices((each.mode, each.how) for each in everything)
        years = sorted({each.year for each in everything if each.year}, reverse=True)
        wanted = Narrowed(
            _chosen("country", given.get("country", ""), [iri for iri, _ in countries]),
            _chosen("mode", given.get("mode", ""), [iri for iri, _ in modes]),
            _year(given.get("year", "")),
        )
        return wanted, {"countries": countries, "modes": modes, "years": years}

    @routes.get(
        "/map", summary="Who committed where", openapi_extra=_described("country", "mode", "year", "view", "format")
    )
    async def map(request: Request) -> Response:
        format = formats.named(request.query_params.get("format", ""), (formats.HTML, _GEOJSON))
        format = format or formats.negotiate(request.headers.get("accept"), (formats.HTML, _GEOJSON))
        held = finder.unchanged(request)
        if held:
            return held
        snapshot = atlas.kept.snapshot
        view = request.query_params.get("view", "")
        wanted, choices = await narrowed(request)
        found = await atlas.commitments(wanted)
        if view:
            land.extent(view)  # GeoJSON has all that is wanted, but no view that there is not
        if format is _GEOJSON:
            return finder.body(_geojson(found), _GEOJSON.content_type, request, snapshot)
        part, drawn = await atlas.map("map", wanted, view, lambda work: finder.run(request, work))
        actors = [made for _, made in _by_actor(found)]
        reader = READER.get()

        async def table() -> Markup:
            def worded(date: str) -> str:
                return timelines.worded(date, translations(reader.language)) if _is_date(date) else date

            rendered = await asyncio.to_thread(render, "places.html", actors=actors, base=base, worded=worded)
            return Markup(rendered)  # noqa: S704  (a template has escaped it)

        located = [made[0] for made in actors if made[0].point]
        return page(
            "map.html",
            request.headers,
            fields=finder.about(request, snapshot),
            title=gettext("Map"),
            drawn=drawn,
            part=part.name,
            views=_views(lambda name: reader.link(_map_path(wanted, name))),
            wider="" if part.name == "world" else reader.link(_map_path(wanted, part.wider().name)),
            table=await atlas.kept.once(("places", wanted, reader.language, reader.chosen), table),
            actors=len(actors),
            governments=sum(made[0].is_government for made in actors),
            located=len(located),
            outside=sum(part.place(*each.point) is None for each in located if each.point),
            signs={kind: maps.sign(kind) for kind in ("member", "other")},
            geojson=_map_path(wanted, "", format="geojson"),
            query=atlas.query(wanted),
            wanted=wanted,
            base=base,
            **choices,
        )

    @routes.get("/timeline", summary="What happened when", openapi_extra=_described("show", "country", "mode", "year"))
    async def timeline(request: Request) -> Response:
        held = finder.unchanged(request)
        if held:
            return held
        snapshot = atlas.kept.snapshot
        wanted, choices = await narrowed(request)
        kind = request.query_params.get("show") or ("commitments" if wanted != Narrowed() else "milestones")
        if kind not in _KINDS:
            raise BadRequest(f"There is no line of time of “{kind[:40]}”.", f"Show one of {', '.join(_KINDS)}.")
        words = translations(READER.get().language)
        reader = READER.get()

        async def make() -> dict[str, Any]:
            moments = await atlas.moments(kind, wanted)
            if kind == "commitments":
                query = atlas.query(wanted)
                undated = sum(not each.dates for each in await atlas.commitments(wanted))
            else:
                query = ""
                undated = len(await atlas.kept.rows(_UNDATED % _class(kind)))
            return await asyncio.to_thread(_line, moments, words) | {"query": query, "undated": undated}

        drawn = await atlas.kept.once(("timeline", kind, wanted, reader.language, reader.chosen), make)
        return page(
            "timeline.html",
            request.headers,
            fields=finder.about(request, snapshot),
            title=gettext("Timeline"),
            kind=kind,
            kinds=_KINDS,
            of_class=_KINDS[kind],
            without=_UNDATED % _class(kind) if kind != "commitments" else "",
            wanted=wanted,
            **drawn,
            **choices,
        )

    return routes


def _line(found: Sequence[tuple[Moment, Name]], words: Any) -> dict[str, Any]:
    """The drawing and the table of a line of time, and how many dates they have."""
    moments = [moment for moment, _ in found]
    whole = timelines.span(moments)
    rows = [
        (moment, name, timelines.worded(moment.date, words), timelines.track(moment, whole))
        for moment, name in found
        if whole
    ]
    title = words.gettext("What happened when")
    axis = timelines.axis(whole) if whole else ""
    return {
        "drawn": timelines.line("time", title, moments, words),
        "table": Markup(render("moments.html", rows=rows, axis=axis, caption=title)),  # noqa: S704  (the same)
        "number": len(rows),
    }


def _class(kind: str) -> str:
    return namespaces.DEF + _KINDS[kind].removeprefix("hrc:")


def _by_actor(found: Iterable[Commitment]) -> list[tuple[str, list[Commitment]]]:
    """The commitments by who made them; `found` is in the order of their names."""
    actors: dict[str, list[Commitment]] = {}
    for each in found:
        actors.setdefault(each.actor, []).append(each)
    return list(actors.items())


def _choices(found: Iterable[tuple[str, Name]]) -> list[tuple[str, Name]]:
    named = {iri: name for iri, name in found if iri}
    return sorted(named.items(), key=lambda each: each[1].text.casefold())


def _chosen(name: str, given: str, known: Sequence[str]) -> str:
    """The IRI whose last part was given. Raises `BadRequest`, and says what there is."""
    slugs = {iri.rpartition("/")[2]: iri for iri in known}
    if given and given not in slugs:
        some = ", ".join(itertools.islice(slugs, 12))
        raise BadRequest(f"No commitment has the {name} “{given[:40]}”.", f"There are {some} and others in the list.")
    return slugs.get(given, "")


def _year(given: str) -> int:
    if not given:
        return 0
    if not (given.isascii() and given.isdigit() and len(given) == 4):
        raise BadRequest(f"“{given[:40]}” is not a year.", "Give four digits, such as 2016.")
    return int(given)


def _is_date(text: str) -> bool:
    try:
        dates.bounds(text)
    except BadDate:
        return False
    return True


def _map_path(narrowed: Narrowed, view: str, **also: str) -> str:
    """The path of the map that shows this."""
    asked = {
        "country": narrowed.country.rpartition("/")[2],
        "mode": narrowed.mode.rpartition("/")[2],
        "year": str(narrowed.year or ""),
        "view": view,
    } | also
    said = urlencode({name: value for name, value in asked.items() if value}, safe=",")
    return f"/map?{said}" if said else "/map"


def _views(address: Callable[[str], str]) -> list[tuple[str, str, str]]:
    """The views that have names: what an address calls them, what a reader does, where each is."""
    names = {
        "world": gettext("World"),
        "africa": gettext("Africa"),
        "asia": gettext("Asia"),
        "europe": gettext("Europe"),
        "north-america": gettext("North America"),
        "south-america": gettext("South America"),
    }
    return [(name, names[name], address(name)) for name in land.VIEWS]


def _geojson(found: Iterable[Commitment]) -> bytes:
    """Who committed as GeoJSON (RFC 7946); without a known place, a feature has no geometry."""
    features = [
        {
            "type": "Feature",
            "id": actor,
            "geometry": {"type": "Point", "coordinates": list(made[0].point)} if made[0].point else None,
            "properties": {
                "name": made[0].name.text,
                "country": made[0].country or None,
                "commitments": [
                    {
                        "id": each.iri,
                        "mode": each.mode,
                        "under": each.under,
                        "title": each.title.text,
                        "dates": each.dates,
                    }
                    for each in made
                ],
            },
        }
        for actor, made in _by_actor(found)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


_ABOUT = {
    "country": "A country by its code, such as id.",
    "mode": "The mode of the commitments, such as signed.",
    "year": "The year in which the commitment was made at the earliest.",
    "view": f"One of {', '.join(land.VIEWS)}, or whole degrees west,south,east,north.",
    "format": "html or geojson; otherwise the Accept header decides.",
    "show": f"One of {', '.join(_KINDS)}.",
}


def _described(*names: str) -> dict[str, Any]:
    return parameters({name: _ABOUT[name] for name in names})
