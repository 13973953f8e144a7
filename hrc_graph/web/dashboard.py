"""`/`: the movement at a glance. Every number is an answer of the query library, and links to it."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import namespaces
from hrc_graph.drawing import charts, maps, timelines
from hrc_graph.errors import BadDate
from hrc_graph.web import committed
from hrc_graph.web.answers import page
from hrc_graph.web.atlas import Atlas
from hrc_graph.web.committed import Name, Narrowed
from hrc_graph.web.finder import Finder
from hrc_graph.web.kept import Row
from hrc_graph.web.languages import READER, gettext, translations

_QUESTIONS = (
    *("waves-against-their-targets", "members-by-wave", "commitments-by-country", "commitments-by-mode"),
    *(
        "commitments-by-year",
        "commitments-by-theme",
        "latest-commitments",
        "undecided-contradictions",
        "things-by-class",
    ),
)
_SHOWN = 10
"""So many countries and themes are shown; their questions have the rest."""
_NEWEST = 6
_LABELS = """PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?property ?label
WHERE {
  ?property hrc:claimable true ;
    rdfs:label ?label .
}
ORDER BY ?property ?label
"""
_SINCE = 1990
"""Columns begin with this year; what is older is told in a sentence."""


def router(atlas: Atlas, finder: Finder) -> APIRouter:
    """The route of the front page."""
    routes = APIRouter()

    @routes.get("/", summary="The movement at a glance")
    async def front(request: Request) -> Response:
        held = finder.unchanged(request)
        if held:
            return held
        snapshot = atlas.kept.snapshot
        reader = READER.get()
        values = await atlas.kept.once(("front", reader.language, reader.chosen), lambda: _values(atlas))
        title = gettext("Human rights cities, and what they stand for")
        return page("front.html", request.headers, fields=finder.about(request, snapshot), title=title, **values)

    return routes


async def _values(atlas: Atlas) -> dict[str, Any]:
    """What the front page tells, in the reader's language."""
    language = READER.get().language
    given = {"lang": language}
    rows = dict(
        zip(_QUESTIONS, await asyncio.gather(*(atlas.kept.answer(name, **given) for name in _QUESTIONS)), strict=True)
    )
    _, world = await atlas.map("world", Narrowed())
    milestones = await atlas.moments("milestones", Narrowed())
    countries = [_counted(row, "country", "country_name") for row in rows["commitments-by-country"]]
    modes = [_counted(row, "mode", "how") for row in rows["commitments-by-mode"]]
    words = translations(language)
    line = await asyncio.to_thread(
        timelines.line, "movement", gettext("Milestones of the movement"), [moment for moment, _ in milestones], words
    )
    return {
        "goals": _goals(rows["waves-against-their-targets"], rows["members-by-wave"]),
        "world": world,
        "signs": {kind: maps.sign(kind) for kind in ("member", "other")},
        "line": line,
        "milestones": [(timelines.worded(moment.date, words), moment, name) for moment, name in milestones],
        "newest": _newest(rows["latest-commitments"]),
        "contested": _contested(rows["undecided-contradictions"], await atlas.kept.rows(_LABELS)),
        "countries": countries,
        "modes": modes,
        "themes": [_counted(row, "theme", "theme_name") for row in rows["commitments-by-theme"]],
        "shown": _SHOWN,
        "bar": charts.bar,
        **_years(rows["commitments-by-year"]),
        "things": [_counted(row, "class", "name") for row in rows["things-by-class"]],
        "commitments": sum(each["commitments"] for each in modes),
        "governments": sum(each["governments"] for each in countries),
        "not_located": sum(each["governments"] - each["located"] for each in countries),
        "undated": sum(each["commitments"] - each["dated"] for each in modes),
        "unwaved": sum(int(row["governments"]["value"]) for row in rows["members-by-wave"] if "wave" not in row),
        "base": atlas.kept.base,
        "lang": language,
    }


def _counted(row: Row, thing: str, name: str) -> dict[str, Any]:
    """A row of numbers with the thing they are of."""
    integer = namespaces.VOCABULARY["xsd"] + "integer"
    numbers = {key: int(term["value"]) for key, term in row.items() if term.get("datatype") == integer}
    return {"iri": row[thing]["value"] if thing in row else "", "name": committed.named(row, name, thing)} | numbers


def _goals(targets: list[Row], waves: list[Row]) -> list[dict[str, Any]]:
    """The targets of the campaign, the least first, each with who counts and its bar.

    Of a wave, members of whom no source tells the wave may count, too.
    """
    words = translations(READER.get().language)
    told = {row["wave"]["value"]: row for row in waves if "wave" in row}
    untold = sum(int(row["governments"]["value"]) for row in waves if "wave" not in row)
    found = []
    for number, row in enumerate(
        sorted(targets, key=lambda row: int(row["wanted"]["value"]) if "wanted" in row else 0)
    ):
        if "wanted" not in row:
            continue
        joined, governments = int(row["joined"]["value"]), int(row["governments"]["value"])
        is_wave = row["stage"]["value"] in told
        goal = charts.Goal(int(row["wanted"]["value"]), governments, untold if is_wave else 0, joined - governments)
        name = committed.named(row, "name", "target")
        found.append(
            {
                "iri": row["target"]["value"],
                "name": name,
                "due": _worded(row["due"]["value"]) if "due" in row else "",
                "goal": goal,
                "bar": charts.goal(f"goal-{number}", name.text, goal, words),
            }
        )
    return found


def _newest(rows: list[Row]) -> list[dict[str, Any]]:
    """The newest commitments, each once, with one of its sources."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(
            row["commitment"]["value"],
            {
                "iri": row["commitment"]["value"],
                "actor": row["actor"]["value"],
                "name": committed.named(row, "name", "actor"),
                "how": committed.named(row, "how", "mode"),
                "mode": row["mode"]["value"].rpartition("/")[2],
                "under": row["under"]["value"],
                "title": committed.named(row, "title", "under"),
                "date": _worded(row["date"]["value"]),
                "passages": int(row["passages"]["value"]),
                "document": row["document"]["value"],
                "source": committed.named(row, "source", "document"),
                "locator": Name(row["locator"]["value"], row["locator"].get("xml:lang", "")),
            },
        )
    return list(found.values())[:_NEWEST]


def _contested(rows: list[Row], labels: list[Row]) -> list[dict[str, Any]]:
    """The contradictions that nobody has decided, each once: what it is about, both values, and a source of each."""
    language = READER.get().language
    words = {namespaces.VOCABULARY["dcterms"] + "type": gettext("kind")} | {
        row["property"]["value"]: row["label"]["value"]
        for wanted in ("en", language)
        for row in labels
        if row["label"].get("xml:lang") == wanted
    }
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["thing"]["value"], row["property"]["value"])
        found.setdefault(
            key,
            {
                "iri": key[0],
                "title": committed.named(row, "title", "thing"),
                "property": words.get(key[1], namespaces.short(key[1])),
                "sides": [
                    {
                        "value": row[value],
                        "citation": row[citation]["value"] if citation in row else "",
                        "source": committed.named(row, source, citation),
                    }
                    for value, citation, source in (
                        ("value", "citation", "source"),
                        ("contrary", "contrary_citation", "contrary_source"),
                    )
                ],
            },
        )
    return list(found.values())


def _years(rows: list[Row]) -> dict[str, Any]:
    """The columns of commitments by year and mode, the key to them, and what they leave out."""
    words = translations(READER.get().language)
    modes: dict[str, tuple[Name, dict[int, int]]] = {}
    older = 0
    for row in rows:
        if "year" not in row:
            continue
        year, number = int(row["year"]["value"]), int(row["commitments"]["value"])
        if year < _SINCE:
            older += number
            continue
        modes.setdefault(row["mode"]["value"], (committed.named(row, "how", "mode"), {}))[1][year] = number
    ordered = sorted(modes.values(), key=lambda each: -sum(each[1].values()))
    series = [charts.Series(name.text, numbers) for name, numbers in ordered]
    return {
        "years": charts.years("years", gettext("Commitments by year"), series, words),
        "year_key": [(charts.sign(number, "years"), name) for number, (name, _) in enumerate(ordered)],
        "year_names": [name for name, _ in ordered],
        "year_rows": [
            (year, [numbers.get(year, 0) for _, numbers in ordered])
            for year in sorted({year for _, numbers in ordered for year in numbers})
        ],
        "older": older,
        "since": _SINCE,
    }


def _worded(date: str) -> str:
    try:
        return timelines.worded(date, translations(READER.get().language))
    except BadDate:
        return date
