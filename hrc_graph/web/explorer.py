"""`/governments`, `/instruments`, `/themes`, `/events`, `/awards`, `/sources`, `/conflicts`: lists to narrow by facets.

Pages are counted in memory from one index for each listing and snapshot; files are answers to the query that the page
shows, so that what is downloaded can be asked again.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import __version__, facets, formats, namespaces
from hrc_graph.drawing import land
from hrc_graph.engine import Question
from hrc_graph.errors import BadParameter
from hrc_graph.facets import SEPARATOR, Choice, Column, Facet, Index, Listing
from hrc_graph.listings import LISTINGS
from hrc_graph.settings import Settings
from hrc_graph.web import placed
from hrc_graph.web.answers import LATEST, VARY_PAGE, Whole, client_of, encoding_of, matches, page
from hrc_graph.web.clients import Clients
from hrc_graph.web.indexes import Indexes
from hrc_graph.web.labels import Labels, Name
from hrc_graph.web.languages import READER, Reader, gettext, number
from hrc_graph.web.openapi import parameters
from hrc_graph.web.portraits import plain_date

_OFFERED = (formats.HTML, formats.JSON, formats.CSV, formats.XLSX, formats.TURTLE)
_ROWS = 50
_VALUES, _MOST_VALUES = 8, 60
"""So many values of a facet are open to see, and so many can be unfolded; the text filter finds the others."""
_KEPT = 256
"""Pages kept as they were sent."""
_PLAIN = {
    "q": "Part of a name, in any language.",
    "sort": "A column to sort by, with “-” before it from the end.",
    "page": f"Which {_ROWS} rows, from 1.",
    "format": "html, csv, xlsx, json or turtle; otherwise the Accept header decides.",
    "lang": "The language: en, id, es or fr.",
}
"""The parameters of every list beside its facets."""
_LONGEST = 100
"""Characters of the text filter, as more is no name, and of the name of a file."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in one column of one row."""

    names: tuple[Name, ...]
    kind: str
    """What values the column has."""


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a facet as a page offers it."""

    name: Name
    count: int
    href: str
    is_chosen: bool


def router(indexes: Indexes, clients: Clients, settings: Settings) -> APIRouter:
    """The routes of the listings."""
    routes = APIRouter(tags=["explorer"])
    answers, naming = indexes.answers, indexes.naming
    kept: OrderedDict[tuple[str, ...], Whole] = OrderedDict()

    async def shown(listing: Listing, asked: _Asked, request: Request) -> Response:
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        parts = (
            answers.engine.snapshot,
            asked.language,
            str(asked.reader.query),
            listing.name,
            asked.canonical(),
            encoding,
        )
        tag = _tag(parts)
        if matches(tag, request.headers.get("if-none-match", "")):
            return answers.unchanged(tag, VARY_PAGE)
        if parts in kept:
            kept.move_to_end(parts)
            return kept[parts]
        labels = await naming.labels()
        snapshot, index = await indexes.of(listing)
        with clients.share_of(client_of(request)) as share:
            started = time.monotonic()
            fields = [LATEST, (b"x-snapshot", snapshot.encode()), (b"etag", tag.encode())]
            made = await asyncio.to_thread(
                lambda: page(
                    "listing.html",
                    request.headers,
                    fields=fields,
                    **_View(listing, index, labels, asked).values(),
                )
            )
            share.spent(time.monotonic() - started)
        if snapshot == labels.snapshot == parts[0]:
            kept[parts] = made
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        return made

    async def respond(listing: Listing, request: Request) -> Response:
        asked = _Asked.of(listing, request, settings.base)
        wanted = request.query_params.get("format", "")
        format = formats.named(wanted, _OFFERED) if wanted else None
        format = format or formats.negotiate(request.headers.get("accept"), _OFFERED)
        if format is formats.HTML:
            return await shown(listing, asked, request)
        is_graph = format is formats.TURTLE
        text = asked.triples() if is_graph else asked.table()
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        table = formats.JSON if is_graph else format
        question = Question(text, table, formats.TURTLE, settings.base, encoding=encoding, own=True)
        answer = await answers.respond(question, client_of(request), request.headers.get("if-none-match", ""))
        if format in (formats.CSV, formats.XLSX):
            name = f'attachment; filename="{asked.file}{format.suffix}"'
            answer.raw_headers.append((b"content-disposition", name.encode()))
        return answer

    def add(listing: Listing) -> None:
        @routes.get(f"/{listing.name}", summary=listing.lead, openapi_extra=_described(listing))
        async def listed(request: Request) -> Response:
            return await respond(listing, request)

    for listing in LISTINGS.values():
        add(listing)
    return routes


def _plain(listing: Listing) -> dict[str, str]:
    """What a list takes beside its facets."""
    view = {"view": f"A map of what is chosen: {placed.FITTED}, or a view that /map has."}
    return _PLAIN | (view if listing.located else {})


def _described(listing: Listing) -> dict[str, Any]:
    facets = {facet.name: f"{facet.title}: one of several that may fit." for facet in listing.facets}
    return parameters(_plain(listing), facets)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks of a listing."""

    listing: Listing
    choice: Choice
    page: int
    view: str
    """Of the map; empty when none is wanted."""
    reader: Reader
    base: str

    @property
    def language(self) -> str:
        """Of the names."""
        return self.reader.language

    @staticmethod
    def of(listing: Listing, request: Request, base: str) -> _Asked:
        """What the address says. Raises `BadParameter`, `BadRequest`."""
        given = request.query_params
        values: dict[str, tuple[str, ...]] = {}
        for name in given:
            facet = listing.facet(name)
            if facet is not None:
                chosen = {facet.term(value, base).value: None for value in given.getlist(name) if value}
                values |= {name: tuple(sorted(chosen))} if chosen else {}
            elif name not in _plain(listing):
                offered = ", ".join(facet.name for facet in listing.facets)
                raise BadParameter(
                    f"“{name[:40]}” does not narrow {listing.name}.", f"It takes: q, sort, page, {offered}."
                )
        sort = given.get("sort", "") or listing.sort
        if sort.removeprefix("-") not in [column.name for column in listing.columns]:
            offered = ", ".join(column.name for column in listing.columns)
            raise BadParameter(f"“{sort[:40]}” is no column to sort by.", f"Sort by one of: {offered}.")
        number = given.get("page", "") or "1"
        if not (number.isascii() and number.isdigit() and int(number[:6]) > 0):
            raise BadParameter(f"“{number[:40]}” is no page.", "Pages count from 1: page=2.")
        choice = Choice(values, given.get("q", "").strip()[:_LONGEST], sort)
        view = given.get("view", "")
        if view not in ("", placed.FITTED):
            land.extent(view)
        return _Asked(listing, choice, int(number[:6]), view, READER.get(), base)

    def table(self) -> str:
        """The query of its rows."""
        return facets.table(self.listing, self.choice, self.language, self.base)

    def triples(self) -> str:
        """The query of its graph."""
        return facets.triples(self.listing, self.choice, self.base)

    @property
    def file(self) -> str:
        """What its files are called: the listing and what is chosen, such as `governments-country-id`."""
        choice = self.choice
        said = [f"{name}-{value.rpartition('/')[2]}" for name, values in choice.values.items() for value in values]
        words = "-".join([self.listing.name, *said, choice.text])
        plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
        return re.sub("[^A-Za-z0-9]+", "-", plain)[:_LONGEST].strip("-")

    def canonical(self) -> str:
        """All of it but the language, as one text."""
        return self.address(page=self.page)

    def pairs(self, **changed: Any) -> list[tuple[str, str]]:
        """The parameters of an address that asks the same, but for what is changed."""
        choice: Choice = changed.get("choice", self.choice)
        pairs = [
            (facet.name, namespaces.short(value, self.base))
            for facet in self.listing.facets
            for value in choice.values.get(facet.name, ())
        ]
        sort = changed.get("sort", self.choice.sort)
        pairs += [("q", choice.text)] if choice.text else []
        pairs += [("sort", sort)] if sort != self.listing.sort else []
        pairs += [("page", str(changed["page"]))] if changed.get("page", 1) > 1 else []
        view = changed.get("view", "" if "format" in changed else self.view)
        pairs += [("view", view)] if view else []
        pairs += [("lang", self.language)] if self.reader.chosen else []
        pairs += [("format", changed["format"])] if "format" in changed else []
        return pairs

    def address(self, **changed: Any) -> str:
        """The address that asks the same, but for what is changed; from its first page unless one is named."""
        return "?" + urlencode(self.pairs(**changed), safe=",")

    def toggled(self, facet: Facet, value: str) -> Choice:
        """The choice with one value more, or less."""
        chosen = self.choice.values.get(facet.name, ())
        left = tuple(sorted(set(chosen) ^ {value}))
        return Choice(
            {**self.choice.without(facet.name).values, **({facet.name: left} if left else {})}, self.choice.text
        )


class _View:
    """What the template of a listing takes."""

    def __init__(self, listing: Listing, index: Index, labels: Labels, asked: _Asked) -> None:
        self._listing = listing
        self._index = index
        self._labels = labels
        self._asked = asked

    def values(self) -> dict[str, Any]:
        """All of it."""
        listing, asked, choice = self._listing, self._asked, self._asked.choice
        found = self._sorted(self._index.chosen(choice))
        pages = max(1, -(-len(found) // _ROWS))
        number = min(asked.page, pages)
        return {
            "title": gettext(listing.title),
            "listing": listing,
            "wanted": asked,
            "q": choice.text,
            "total": len(found),
            "all": len(self._index.things),
            "chips": self._chips(),
            "facets": [(facet, *self._facet(facet)) for facet in listing.facets],
            "columns": [(column, self._sorting(column)) for column in listing.columns],
            "rows": [self._row(thing) for thing in found[(number - 1) * _ROWS : number * _ROWS]],
            "number": number,
            "pages": pages,
            "first": (number - 1) * _ROWS + 1,
            "files": [(label, asked.address(format=name)) for name, label in _FILES],
            "sparql": "/sparql?" + urlencode({"query": asked.table()}),
            **self._map(found),
        }

    def _map(self, found: Sequence[str]) -> dict[str, Any]:
        """How many of the things have a place, and the map of them when it is wanted."""
        asked, points = self._asked, self._index.points
        located = [thing for thing in found if thing in points]
        told: dict[str, Any] = {"located": len(located), "drawn": None}
        if asked.view and located:
            named = [(thing, self._said(self._listing.columns[0], thing), self._dated(thing)) for thing in located]
            marks = placed.marks(named, points, lambda iri: asked.reader.link(namespaces.path(iri, asked.base)))
            title = gettext(self._listing.title)
            told |= placed.drawn(title, marks, asked.view, lambda view: asked.address(view=view))
        return told

    def _said(self, column: Column, thing: str) -> str:
        return SEPARATOR.join(name.text for _, name in self._texts(column, thing))

    def _dated(self, thing: str) -> str:
        return SEPARATOR.join(self._said(each, thing) for each in self._listing.columns if each.values == "date")

    def _name(self, facet: Facet, value: str) -> Name:
        return self._labels.name(value, self._asked.language) if facet.values == "thing" else Name(value)

    def _facet(self, facet: Facet) -> tuple[list[_Value], list[_Value], int]:
        """Its values to see at once, those to unfold, and how many more there are."""
        counts = self._index.counts(facet, self._asked.choice)
        chosen = self._asked.choice.values.get(facet.name, ())
        counts |= {value: 0 for value in chosen if value not in counts}
        if facet.values == "year":
            order = sorted(counts, key=int, reverse=True)
        else:
            named = {value: self._name(facet, value).text.casefold() for value in counts}
            order = sorted(counts, key=lambda value: (-counts[value], named[value]))
        order = [*chosen, *(value for value in order if value not in chosen)]
        values = [
            _Value(
                self._name(facet, value),
                counts[value],
                self._asked.address(choice=self._asked.toggled(facet, value)),
                value in chosen,
            )
            for value in order[:_MOST_VALUES]
        ]
        seen = max(_VALUES, len(chosen))
        return values[:seen], values[seen:], max(0, len(order) - _MOST_VALUES)

    def _chips(self) -> list[tuple[str, Name, str, int]]:
        """What is chosen: the facet, the value, the address without it, and how many rows that would have."""
        asked = self._asked
        chips = []
        for facet in self._listing.facets:
            for value in asked.choice.values.get(facet.name, ()):
                left = asked.toggled(facet, value)
                count = len(self._index.chosen(left))
                chips.append((gettext(facet.title), self._name(facet, value), asked.address(choice=left), count))
        if asked.choice.text:
            left = Choice(asked.choice.values)
            count = len(self._index.chosen(left))
            chips.append((gettext("Name in any language"), Name(asked.choice.text), asked.address(choice=left), count))
        return chips

    def _sorting(self, column: Column) -> tuple[str, str]:
        """The address that sorts by a column, and how it sorts now."""
        now = self._asked.choice.sort
        falls = column.values in ("count", "date")
        first, other = (f"-{column.name}", column.name) if falls else (column.name, f"-{column.name}")
        state = {column.name: "ascending", f"-{column.name}": "descending"}.get(now, "")
        return self._asked.address(sort=other if now == first else first), state

    def _texts(self, column: Column, thing: str) -> list[tuple[str, Name]]:
        """The values of a cell in order, each as the sort and the files have it, and as the page shows it."""
        values = self._index.cells[column.name].get(thing, [])
        if column.values == "thing":
            names = [self._labels.name(value, self._asked.language) for value in values]
            return sorted(((name.text, name) for name in names), key=lambda each: each[0])
        shown = plain_date if column.values == "date" else str
        return [(value, Name(shown(value))) for value in sorted(set(values))]

    def _sorted(self, things: set[str]) -> list[str]:
        wanted = self._asked.choice.sort
        column = next(each for each in self._listing.columns if each.name == wanted.removeprefix("-"))
        falls = wanted.startswith("-")
        ordered = sorted(things)
        if column.values == "count":
            cells = self._index.cells[column.name]
            return sorted(ordered, key=lambda thing: len(cells.get(thing, ())) * (-1 if falls else 1))
        texts = {thing: SEPARATOR.join(text for text, _ in self._texts(column, thing)).lower() for thing in ordered}
        filled = [thing for thing in ordered if texts[thing]]
        empty = [thing for thing in ordered if not texts[thing]]
        filled.sort(key=lambda thing: texts[thing], reverse=falls)
        return filled + empty

    def _row(self, thing: str) -> tuple[str, list[_Cell]]:
        page = namespaces.path(thing, self._asked.base)
        cells = []
        for column in self._listing.columns:
            if column.values == "count":
                count = len(set(self._index.cells[column.name].get(thing, ())))
                cells.append(_Cell((Name(number(count)),), column.values))
                continue
            names = [name for _, name in self._texts(column, thing)]
            if column.name == self._listing.linked:
                names = [Name(name.text, name.language, page) for name in names] or [Name(gettext("record"), "", page)]
            cells.append(_Cell(tuple(names), column.values))
        return page, cells


_FILES = (("csv", "CSV"), ("xlsx", "XLSX"), ("json", "JSON"), ("turtle", "Turtle"))


def _tag(parts: tuple[str, ...]) -> str:
    digest = hashlib.blake2b("\0".join((__version__, *parts)).encode("utf-8", "surrogatepass"), digest_size=9)
    return f'W/"{parts[0]}-{digest.hexdigest()}"'
