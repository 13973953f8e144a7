"""`/docs/`: the pages that teach, the files of `docs/` as pages, and the model as a drawing."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import itertools
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from hrc_graph import __version__, formats, workspace
from hrc_graph.engine import Question
from hrc_graph.errors import NotFound
from hrc_graph.questions import NamedQuery
from hrc_graph.web import headers, model, protocol
from hrc_graph.web.answers import LATEST, VARY_PAGE, Answers, client_of, matches, page
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.releases import Releases
from hrc_graph.workspace import Workspace

_ROWS: Final = 5
"""So many rows of an answer are shown below its recipe."""
_FILES: Final = ("operating", "addresses", "questions", "tables", "data")
"""The files of `docs/` that are pages here, too."""


@dataclass(frozen=True, slots=True)
class _Dish:
    """A question of the library with the values and the columns that a recipe shows."""

    name: str
    columns: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)


_COOKBOOK: Final = (
    _Dish("waves-against-their-targets", ("stage_name", "due", "wanted", "joined", "governments")),
    _Dish("members-by-kind", ("nature_name", "how", "members")),
    _Dish(
        "who-stands-under-an-instrument",
        ("country_name", "name", "how", "date"),
        {"instrument": "text:european-charter-2000"},
    ),
    _Dish("commitments-of-a-government", ("how", "title", "date", "source"), {"government": "gov:id-lampung-timur"}),
    _Dish("own-rules-by-theme-and-year", ("year", "theme_name", "name", "title")),
    _Dish(
        "awards-in-a-province",
        ("year", "category_name", "name", "basis_name"),
        {"province": "place:id-sumatera-selatan"},
    ),
    _Dish("members-on-a-map", ("name", "how", "point"), {"under": "aim:campaign-10-100-1000"}),
    _Dish("themes-without-a-regulation", ("name", "promised_in")),
    _Dish("rule-after-a-forum", ("name", "event_name", "held", "title", "adopted")),
    _Dish(
        "why-we-say-so",
        ("value", "ranked", "because", "source", "locator"),
        {"subject": "text:gwangju-guiding-principles", "property": "hrc:date"},
    ),
)
"""Ten questions that researchers asked first, from the whole campaign to one date and its sources."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A question of the library with its answer, as the page shows it."""

    question: NamedQuery
    title: str
    title_language: str
    sparql: str
    table: dict[str, Any]
    """The first rows, as `results.shown_table` has them."""
    count: int
    address: str
    """Path and parameters of its page."""
    csv: str
    """Path and parameters of its answer as CSV."""
    asked: str
    """Path and parameters of the query page, which opens with the SPARQL."""


class Guides:
    """Makes the pages."""

    def __init__(self, answers: Answers, opened: Workspace, released: Releases) -> None:
        self._answers = answers
        self._workspace = opened
        self._released = released
        self._base = opened.settings.base

    async def recipes(self, client: str) -> list[Recipe]:
        """The recipes that the library of this workspace has, each with its answer."""
        known = self._workspace.questions
        return list(await asyncio.gather(*(self._recipe(each, client) for each in _COOKBOOK if each.name in known)))

    async def _recipe(self, dish: _Dish, client: str) -> Recipe:
        found = self._workspace.questions[dish.name]
        language = READER.get().language
        spoken = any(parameter.name == "lang" for parameter in found.parameters)
        given = dish.values | ({"lang": language} if spoken else {})
        text = found.bound(given, base=self._base)
        asked = Question(text, formats.JSON, formats.TURTLE, self._base, own=True)
        rows = json.loads((await self._answers.ask(asked, client)).body)["results"]["bindings"]
        shown = {"names": list(dish.columns), "rows": rows[:_ROWS], "count": len(rows), "complete": True}
        sparql = re.sub(r"\A(#\+.*\n)+\n?", "", text).rstrip()
        title_language = language if language in found.title else "en"
        return Recipe(
            question=found,
            title=found.title[title_language],
            title_language=title_language,
            sparql=sparql,
            table=shown,
            count=len(rows),
            address=f"/queries/{dish.name}" + (f"?{urlencode(dish.values)}" if dish.values else ""),
            csv=f"/queries/{dish.name}?{urlencode(given | {'format': 'csv'})}",
            asked="/sparql?" + urlencode({"query": sparql}),
        )

    async def respond(self, request: Request, template: str, make: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
        """A page, made unless the client holds it already."""
        origin = protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), "")
        snapshot = self._answers.engine.snapshot
        releases = list(self._released.known())
        parts = (__version__, template, origin, repr(READER.get()), self._base, *releases)
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=9).hexdigest()
        tag = f'W/"{snapshot}-{digest}"'
        if matches(tag, request.headers.get("if-none-match", "")):
            return self._answers.unchanged(tag, VARY_PAGE)
        values = await make()
        fields = (LATEST, (b"etag", tag.encode()), (b"x-snapshot", snapshot.encode()))
        return page(
            template,
            request.headers,
            fields=fields,
            origin=origin,
            base=self._base,
            snapshot=snapshot,
            release=releases[0] if releases else "",
            **values,
        )


def router(answers: Answers, opened: Workspace, released: Releases) -> APIRouter:
    """The routes of the guides."""
    routes = APIRouter(prefix="/docs", tags=["guides"])
    guides = Guides(answers, opened, released)

    @routes.get("/", summary="How to use the graph, run it, and add to it")
    async def all_guides(request: Request) -> Response:
        async def make() -> dict[str, Any]:
            files = [(name, written(name).title) for name in _FILES]
            return {"title": gettext("How to"), "files": files, "count": len(opened.questions)}

        return await guides.respond(request, "guides/index.html", make)

    @routes.get("", include_in_schema=False)
    async def without_slash() -> Response:
        return RedirectResponse("/docs/", 308, headers.COMMON)

    @routes.get("/researcher", summary="For a researcher: a first query, ten recipes, Python and R, citing")
    async def researcher(request: Request) -> Response:
        async def make() -> dict[str, Any]:
            recipes = await guides.recipes(client_of(request))
            return {"title": gettext("For a researcher"), "recipes": recipes, "count": len(opened.questions)}

        return await guides.respond(request, "guides/researcher.html", make)

    @routes.get("/secretariat", summary="For a secretariat: members, commitments, conflicts, and how to undo")
    async def secretariat(request: Request) -> Response:
        async def make() -> dict[str, Any]:
            return {"title": gettext("For a secretariat")}

        return await guides.respond(request, "guides/secretariat.html", make)

    @routes.get("/maintainer", summary="For a maintainer: run, back up, update, limits, metrics")
    async def maintainer(request: Request) -> Response:
        async def make() -> dict[str, Any]:
            operating = written("operating")
            return {"title": gettext("For a maintainer"), "settings": opened.settings, "operating": operating}

        return await guides.respond(request, "guides/maintainer.html", make)

    @routes.get("/model", summary="The model: the ontology as a drawing and as tables")
    async def drawn(request: Request) -> Response:
        async def make() -> dict[str, Any]:
            return {
                "title": gettext("The model"),
                "model": await model.shown(answers, client_of(request), opened.settings.base),
            }

        return await guides.respond(request, "guides/model.html", make)

    @routes.get("/{name}", summary="A file of docs/ as a page", include_in_schema=False)
    async def file(name: str, request: Request) -> Response:
        found = written(name)

        async def make() -> dict[str, Any]:
            return {"title": found.title, "title_language": "en", "document": found}

        return await guides.respond(request, "guides/file.html", make)

    return routes


@dataclass(frozen=True, slots=True)
class Written:
    """A file of `docs/` as a page."""

    title: str
    body: Markup
    parts: tuple[tuple[str, str], ...]
    """Its headings of the second level: id and text."""


_REACHABLE = {
    "<table>": '<div class="scroll read" tabindex="0"><table>',
    "</table>": "</table></div>",
    "<th></th>": "<td></td>",
    "<pre>": '<pre tabindex="0">',
}
"""What scrolls can be reached by the keyboard, and a cell that says nothing is no heading."""


@functools.cache
def written(name: str) -> Written:
    """The page that a file of `docs/` makes. Raises `NotFound`."""
    if name not in _FILES:
        raise NotFound(f"There is no guide “{name[:80]}”.", "They are listed at /docs/.")
    text = (workspace.shipped() / "docs" / f"{name}.md").read_text("utf-8")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    title, parts = tokens[1].content, []
    tokens = tokens[3:]  # the title is the page's own
    for token, inline in itertools.pairwise(tokens):
        if token.type == "heading_open":
            ident = re.sub(r"[^a-z0-9]+", "-", inline.content.lower()).strip("-")
            token.attrSet("id", ident)
            parts += [(ident, inline.content)] if token.tag == "h2" else []
    for token in _all(tokens):
        if token.type == "link_open":
            token.attrSet("href", _here(str(token.attrGet("href"))))
        elif token.attrs.pop("style", "") == "text-align:right":  # pages have no styles of their own
            token.attrSet("class", "number")
    body = markdown.renderer.render(tokens, markdown.options, {})
    for plain, ours in _REACHABLE.items():
        body = body.replace(plain, ours)
    return Written(title, Markup(body), tuple(parts))  # noqa: S704 rendered without HTML of its own


def _all(tokens: Sequence[Token]) -> list[Token]:
    return [each for token in tokens for each in (token, *(token.children or ()))]


def _here(target: str) -> str:
    """Where a link of a file leads to on this site."""
    name = target.rpartition("/")[2].removesuffix(".md")
    return f"/docs/{name}" if target.endswith(".md") and name in _FILES else target
