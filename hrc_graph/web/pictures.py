"""The drawings of a page of a thing: a line of time, columns of years, bars by country, maps; each beside a table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from hrc_graph import dates
from hrc_graph.drawing import charts, land, maps, timelines
from hrc_graph.drawing.charts import Series
from hrc_graph.drawing.maps import Mark
from hrc_graph.drawing.timelines import Moment
from hrc_graph.errors import BadDate
from hrc_graph.web.committed import point
from hrc_graph.web.kinds import Kind, Part
from hrc_graph.web.labels import Labels, Name
from hrc_graph.web.languages import READER, gettext, ngettext, translations

LOCATED = """
SELECT ?key ?point ?joined WHERE {
  ?key a hrc:LocalGovernment ; hrc:primaryPlace/geo:hasDefaultGeometry/geo:asWKT ?point
  BIND (EXISTS { ?act hrc:actor ?key ; hrc:mode mode:joined } AS ?joined)
} ORDER BY ?key"""
"""Every government that a map can show, and whether it joined the campaign."""
_MODES = 5
"""So many modes have a part of the columns each; the last part is all others."""
_BARS = 12
"""So many countries are seen at once."""

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, with what stands around it."""

    kind: str
    """`line`, `years`, `bars` or `map`."""
    title: str
    drawn: str = ""
    """SVG; empty for bars, which stand in the table."""
    notes: tuple[str, ...] = ()
    """What the drawing leaves out."""
    key: tuple[tuple[Markup, Name], ...] = ()
    table: tuple[tuple[Name, tuple[int, ...], Markup], ...] = ()
    """Rows of what is counted: of what, the numbers, and a bar."""
    part: str = ""
    """The section whose table has every row of it."""
    seen: int = _BARS
    kinds: tuple[str, ...] = ()
    """Of the moments on a line."""


def pictures(kind: Kind, tables: Sequence[tuple[Part, Rows]], spread: Rows, labels: Labels, more: str) -> list[Picture]:
    """What is drawn above the sections of a page, from their rows. `more` is where a group of marks leads."""
    found = [_line(kind.line, tables, labels)] if kind.line else []
    for part, rows in tables:
        if part.counted == "years":
            found.append(_years(part, rows, labels))
        elif part.counted == "countries":
            found.append(_countries(part, rows, labels))
    if marks := _marks(spread, labels):
        title = gettext("Where they are")
        view = land.around([(mark.longitude, mark.latitude) for mark in marks])
        words = translations(READER.get().language)
        drawn = maps.draw("spread", title, marks, view, words, lambda inner: more or _map(inner))
        note = ngettext(
            "%(number)d local government has a known place. A number stands for so many near each other.",
            "%(number)d local governments have a known place. A number stands for so many near each other.",
            len(marks),
        ) % {"number": len(marks)}
        told = next((part.name for part, _ in tables if part.counted), "")
        found.append(Picture("map", title, drawn, (note,), part=told))
    return [each for each in found if each]


def small_map(thing: str, name: Name, places: Rows, others: Rows, labels: Labels) -> Markup:
    """Where a thing is, with the governments near it; empty when no source gives coordinates."""
    here = next((found for row in places if (found := point(row["value"]["value"]))), None)
    if here is None:
        return Markup()
    near = [row for row in others if row["key"]["value"] != thing and _is_near(point(row["point"]["value"]), here)]
    words = translations(READER.get().language)
    mark = Mark(*here, name.text, READER.get().link(name.href), "here")
    return maps.neighbourhood("here", gettext("Where it is"), mark, _marks(near, labels), words, _map)


def _line(title: str, tables: Sequence[tuple[Part, Rows]], labels: Labels) -> Picture | None:
    """All dated rows on one line; nothing for fewer than two."""
    found: dict[tuple[str, str], Moment] = {}
    undated: set[str] = set()
    for part, rows in tables:
        for row in rows if part.moment else ():
            date, key = row["date"]["value"] if "date" in row else "", row["key"]["value"]
            if not _is_date(date):
                undated.add(key)
                continue
            said = ", ".join(_text(row[name], labels) for name in part.told if name in row)
            href = labels.name(key, READER.get().language).href
            found.setdefault((key, date), Moment(date, said, READER.get().link(href), part.moment))
    if len(found) < 2:
        return None
    notes: tuple[str, ...] = ()
    if undated:
        told = ngettext(
            "One more has no date that a source tells.",
            "%(number)d more have no date that a source tells.",
            len(undated),
        )
        notes = (told % {"number": len(undated)},)
    drawn = timelines.line("line", gettext(title), list(found.values()), translations(READER.get().language))
    kinds = tuple(dict.fromkeys(moment.kind for moment in found.values()))
    return Picture("line", gettext(title), drawn, notes, kinds=kinds)


def _years(part: Part, rows: Rows, labels: Labels) -> Picture | None:
    """How many acts began in each year, by mode; nothing for fewer than two years."""
    first: dict[tuple[str, str], int] = {}
    acts: set[str] = set()
    for row in rows:
        acts.add(row["key"]["value"])
        day = dates.bounds(row["date"]["value"]).earliest if "date" in row and _is_date(row["date"]["value"]) else None
        if day:
            key = (row["key"]["value"], row["mode"]["value"])
            first[key] = min(day.year, first.get(key, day.year))
    by_mode: dict[str, Counter[int]] = defaultdict(Counter)
    for (_, mode), year in first.items():
        by_mode[mode][year] += 1
    ordered = sorted(by_mode, key=lambda mode: (-by_mode[mode].total(), mode))
    language = READER.get().language
    named = [(labels.name(mode, language), by_mode[mode]) for mode in ordered[:_MODES]]
    if len(ordered) > _MODES:
        rest = sum((by_mode[mode] for mode in ordered[_MODES:]), Counter[int]())
        named.append((Name(gettext("other modes")), rest))
    years = sorted({year for _, counts in named for year in counts})
    if len(years) < 2:
        return None
    title = gettext("Who came under it, year by year")
    drawn = charts.years("years", title, [Series(name.text, counts) for name, counts in named], translations(language))
    signs = tuple((charts.sign(number, "years"), name) for number, (name, _) in enumerate(named))
    table = tuple((Name(str(year)), tuple(counts[year] for _, counts in named), Markup()) for year in years)
    left = len(acts) - len({key for key, _ in first})
    notes: tuple[str, ...] = ()
    if left:
        told = ngettext("One has no known year.", "%(number)d have no known year.", left)
        notes = (told % {"number": left},)
    return Picture("years", title, drawn, notes, signs, table, part.name)


def _countries(part: Part, rows: Rows, labels: Labels) -> Picture | None:
    """How many act in each country, as a table with bars."""
    actors: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        actors[row["country"]["value"] if "country" in row else ""].add(row["actor"]["value"])
    if not actors:
        return None
    language = READER.get().language
    most = max(map(len, actors.values()))
    table = []
    for country in sorted(actors, key=lambda each: (not each, -len(actors[each]), each)):
        name = labels.name(country, language) if country else Name(gettext("Networks and bodies of no one country"))
        number = len(actors[country])
        table.append((name, (number,), charts.bar(number, most)))
    return Picture("bars", gettext("Who acts on it, by country"), table=tuple(table), part=part.name)


def _marks(rows: Rows, labels: Labels) -> list[Mark]:
    """A mark for each thing with a point."""
    marks: dict[str, Mark] = {}
    reader = READER.get()
    for row in rows:
        thing, place = row["key"]["value"], point(row["point"]["value"])
        if place and thing not in marks:
            name = labels.name(thing, reader.language)
            kind = "member" if row.get("joined", {}).get("value") == "true" else "other"
            marks[thing] = Mark(*place, name.text, reader.link(name.href), kind)
    return list(marks.values())


def _is_near(place: tuple[float, float] | None, here: tuple[float, float]) -> bool:
    return bool(place) and all(abs(a - b) < 8 for a, b in zip(place or here, here, strict=True))


def _map(inner: land.Extent) -> str:
    return READER.get().link(f"/map?view={inner.name}")


def _text(value: Mapping[str, str], labels: Labels) -> str:
    return labels.name(value["value"], READER.get().language).text if value["type"] == "uri" else value["value"]


def _is_date(text: str) -> bool:
    try:
        dates.bounds(text)
    except BadDate:
        return False
    return True
