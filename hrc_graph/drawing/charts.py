"""Bars: a share in the cell of a table, a goal with what counts toward it, and numbers year by year."""

from __future__ import annotations

import gettext
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hrc_graph.drawing.canvas import canvas, hatched, share, text

_HEIGHT = 200
"""The pixels of the columns of years, without the years below them."""
_FOOT = 24


def bar(value: int, most: int) -> Markup:
    """A bar for the cell of a table that also tells the number; so who listens is told of it once, by the table."""
    width = share(100 * value / most if most else 0)
    return Markup(
        '<svg class="drawing bar" width="100%" height="12" aria-hidden="true">'
        '<rect class="part-1" width="{}" height="12"/></svg>'
    ).format(width)


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that was promised, and who is known to have come."""

    wanted: int
    governments: int
    """Who counts."""
    open: int = 0
    """Governments that may count: no source says whether they do."""
    others: int = 0
    """Networks and other bodies, which do not count."""


def goal(ident: str, title: str, given: Goal, words: gettext.NullTranslations) -> Markup:
    """A bar from nothing to the number wanted, or to those who came where they are more, with a line at the goal.

    Who counts is a full bar, who may count a striped one, who does not count an outline.
    """
    known = given.governments + given.open + given.others
    most = max(given.wanted, known, 1)
    parts = (
        ("counts", given.governments, words.gettext("Governments that count: %d")),
        ("may-count", given.open, words.gettext("Governments of which no source says whether they count: %d")),
        ("counts-not", given.others, words.gettext("Networks and other bodies, which do not count: %d")),
    )
    drawn, start = [hatched(f"{ident}-stripes"), Markup('<rect class="track" width="100%" height="28"/>')], 0.0
    for kind, number, heading in parts:
        if number:
            width = 100 * number / most
            fill = Markup(' fill="url(#{}-stripes)"').format(ident) if kind == "may-count" else ""
            drawn.append(
                Markup('<rect class="{}" x="{}" width="{}" height="28"{}><title>{}</title></rect>').format(
                    kind, share(start), share(width), fill, heading % number
                )
            )
            start += width
    at = share(100 * given.wanted / most)
    drawn.append(Markup('<line class="goal" x1="{0}" x2="{0}" y1="0" y2="28"/>').format(at))
    about = "; ".join(heading % number for _, number, heading in parts if number) or words.gettext(
        "Nobody is known yet."
    )
    return canvas(ident, "goal-bar", title, about, Markup("").join(drawn), height=28, linked=False)


@dataclass(frozen=True, slots=True)
class Series:
    """One part of the columns: its name, and its number in each year."""

    name: str
    numbers: Mapping[int, int]


def years(ident: str, title: str, series: Sequence[Series], words: gettext.NullTranslations) -> Markup:
    """A column for each year from the first to the last, its parts on each other in the order given, six at most.

    Parts are told apart by colour, every second one also by stripes, and each by its title.
    """
    known = sorted({year for part in series for year, number in part.numbers.items() if number})
    if not known:
        nothing = words.gettext("No year is known.")
        return canvas(
            ident,
            "years",
            title,
            nothing,
            Markup('<text y="1em">{}</text>').format(nothing),
            height=_FOOT,
            linked=False,
        )
    first, last = known[0], known[-1]
    most = max(sum(part.numbers.get(year, 0) for part in series) for year in known)
    step = _step(most)
    top = -(-most // step) * step
    drawn = [hatched(f"{ident}-stripes")]
    for value in range(step, top + 1, step):
        y = _HEIGHT - _HEIGHT * value / top
        drawn.append(
            Markup(
                '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/><text class="tick" y="{1}">{2}</text>'
            ).format(f"{y:.1f}", f"{y + 13:.1f}", value)
        )
    each = 100 / (last - first + 1)
    for year in known:
        base = float(_HEIGHT)
        for number, part in enumerate(series):
            count = part.numbers.get(year, 0)
            if not count:
                continue
            high = _HEIGHT * count / top
            base -= high
            place = Markup('x="{}" y="{}" width="{}" height="{}"').format(
                share((year - first + 0.1) * each), f"{base:.1f}", share(each * 0.8), f"{high:.1f}"
            )
            drawn.append(
                Markup('<rect class="part-{}" {}><title>{}</title></rect>').format(
                    number % 6 + 1, place, text(f"{year}, {part.name}: {count}")
                )
            )
            if number % 2:
                drawn.append(Markup('<rect class="over" {} fill="url(#{}-stripes)"/>').format(place, ident))
    drawn += _feet(first, last, each)
    about = words.gettext("Columns for the years %(first)d to %(last)d; the table has the numbers.") % {
        "first": first,
        "last": last,
    }
    return canvas(ident, "years", title, about, Markup("").join(drawn), height=_HEIGHT + _FOOT, linked=False)


def sign(number: int, ident: str) -> Markup:
    """The look of the part of that number, from 0, for the key beside columns that were drawn as `ident`."""
    over = (
        Markup('<rect class="over" width="16" height="16" fill="url(#{}-stripes)"/>').format(ident)
        if number % 2
        else ""
    )
    return Markup(
        '<svg class="drawing sign" width="16" height="16" aria-hidden="true">'
        '<rect class="part-{}" width="16" height="16"/>{}</svg>'
    ).format(number % 6 + 1, over)


def _feet(first: int, last: int, each: float) -> list[Markup]:
    """The line below the columns and the years that are written there, not more than seven."""
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if (last - first) / step <= 6)
    drawn = [Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_HEIGHT)]
    for year in range(first, last + 1):
        if year % every == 0:
            x = share((year - first + 0.5) * each)
            drawn.append(
                Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(x, _HEIGHT + 17, year)
            )
    return drawn


def _step(most: int) -> int:
    """A round number of which the greatest column holds no more than five."""
    step = 1
    while most > 5 * step:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step
