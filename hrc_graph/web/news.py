"""What changed, as a page in plain words: newest first, some at a time, of one kind or of all."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from hrc_graph import __version__, namespaces
from hrc_graph.chronicle import Chronicle
from hrc_graph.errors import BadRequest
from hrc_graph.telling import Event, Kind
from hrc_graph.web import headers
from hrc_graph.web.answers import LATEST, VARY_PAGE, Whole, matches, page, page_number
from hrc_graph.web.feeds import Feeds
from hrc_graph.web.languages import READER, gettext

SHOWN = 50
"""So many events stand on a page."""
_GONE = (Kind.thing_withdrawn, Kind.claim_withdrawn)


@dataclass(frozen=True, slots=True)
class _Line:
    """One event, and what it belongs to."""

    commit: str
    when: datetime
    who: str
    why: str
    version: str
    dossier: str
    event: Event


class News:
    """Reads the events of the chronicle once for each commit."""

    def __init__(self, feeds: Feeds, base: str) -> None:
        self._feeds = feeds
        self._base = base
        self._read: tuple[str, list[_Line]] = ("", [])
        self._reading = asyncio.Lock()

    async def respond(self, request: Request) -> Response:
        """The page that a request asks for. Raises `BadRequest`."""
        told = await self._feeds.chronicle()
        number, kind = page_number(request), request.query_params.get("kind", "").replace("-", "_")
        if kind and kind not in Kind.__members__:
            raise BadRequest(f"“{kind[:40]}” is no kind of change.", "The kinds are listed at /feeds/.")
        dossier = request.query_params.get("dossier", "")[:200]
        said = f"{__version__} {told.head} {kind} {number} {READER.get()}"
        tag = f'W/"{hashlib.blake2b(said.encode(), digest_size=9).hexdigest()}"'
        fields = [LATEST, (b"etag", tag.encode())]
        if matches(tag, request.headers.get("if-none-match", "")):
            return Whole(b"", [*fields, VARY_PAGE], 304)
        async with self._reading:
            if self._read[0] != told.head:
                self._read = told.head, await asyncio.to_thread(_lines, told)
        return page(
            "changes.html",
            request.headers,
            fields=fields,
            title=gettext("What changed"),
            remark=told.remark,
            dossier=dossier,
            at=functools.partial(_at, dossier),
            **self._shown([line for line in self._read[1] if dossier in ("", line.dossier)], kind, number),
        )

    def _shown(self, lines: list[_Line], kind: str, number: int) -> dict[str, Any]:
        """What the template takes."""
        counts = Counter(line.event.kind for line in lines)
        of_kind = [line for line in lines if not kind or line.event.kind.name == kind]
        shown = of_kind[(number - 1) * SHOWN : number * SHOWN]
        return {
            "kind": kind,
            "kinds": [(each, counts[each]) for each in Kind if each in counts],
            "number": number,
            "numbers": max(1, -(-len(of_kind) // SHOWN)),
            "commits": [self._commit(list(group)) for _, group in groupby(shown, key=lambda line: line.commit)],
        }

    def _commit(self, lines: list[_Line]) -> dict[str, Any]:
        first = lines[0]
        events = [(line.event, self._path(line.event), f"/{line.version.removeprefix(self._base)}") for line in lines]
        return {"when": first.when, "who": first.who, "why": first.why, "events": events}

    def _path(self, event: Event) -> str:
        """Where the thing that an event is about can be read; "" for one that is gone."""
        is_there = event.things and event.kind not in _GONE
        return namespaces.path(event.things[0], self._base) if is_there else ""


def router(news: News) -> APIRouter:
    """The route of the page."""
    routes = APIRouter(tags=["feeds"])

    @routes.get("/feeds", include_in_schema=False)
    async def without_slash() -> Response:
        return RedirectResponse("/feeds/", 308, headers.COMMON)

    @routes.get("/feeds/", summary="What changed, as a page")
    async def changes(request: Request) -> Response:
        return await news.respond(request)

    return routes


def _at(dossier: str, kind: str, number: int) -> str:
    """The address of a page of events of a dossier and a kind."""
    asked = (
        ({"dossier": dossier} if dossier else {})
        | ({"kind": kind.replace("_", "-")} if kind else {})
        | ({"page": str(number)} if number > 1 else {})
    )
    return "/feeds/" + (f"?{urlencode(asked)}" if asked else "")


def _lines(told: Chronicle) -> list[_Line]:
    """Every event, the newest commit first; those of one commit as they are told."""
    commits = [list(group) for _, group in groupby(_in_order(told), key=lambda line: line.commit)]
    return [line for commit in reversed(commits) for line in commit]


def _in_order(told: Chronicle) -> Iterator[_Line]:
    for each in told.pages:
        for entry in told.entries(each):
            commit = entry.version.removesuffix(f"/{entry.dossier}").rpartition("/")[2]
            for event in entry.events:
                yield _Line(commit, entry.when, entry.who, entry.why, entry.version, entry.dossier, event)
