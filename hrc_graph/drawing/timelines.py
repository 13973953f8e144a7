"""Lines of time: dates of our EDTF profile as they are known, with what is unsure or open about them."""

from __future__ import annotations

import datetime
import gettext
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hrc_graph import dates
from hrc_graph.drawing.canvas import canvas, share, text

_LANE = 16
"""Pixels from one row of marks to the next."""
_DOT = 2.4
"""What a mark takes of the line, in per cent: marks nearer than this stand above each other."""
_FOOT = 24


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened at a date."""

    date: str
    """EDTF as the data have it, such as `2014-05~` or `../2011`."""
    name: str
    href: str
    kind: str = "act"
    """A class for colour: `act`, `award`, `event`, `milestone`, `change`."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days from the first of a year to the last of another, of which a line of time is made."""

    first: int
    last: int

    def place(self, day: datetime.date | None, otherwise: float) -> float:
        """Where a day lies on the line, in per cent; `otherwise` for a day that is open."""
        if day is None:
            return otherwise
        start = datetime.date(self.first, 1, 1).toordinal()
        end = datetime.date(self.last, 12, 31).toordinal() + 1
        return min(100.0, max(0.0, 100 * (day.toordinal() - start) / (end - start)))


def span(moments: Sequence[Moment]) -> Span | None:
    """The years that hold all the moments; `None` when nothing has a date. Raises `BadDate`."""
    bounds = [dates.bounds(moment.date) for moment in moments]
    days = [day for each in bounds for day in each if day]
    return Span(min(days).year, max(days).year) if days else None


def line(ident: str, title: str, moments: Sequence[Moment], words: gettext.NullTranslations) -> Markup:
    """All moments on one line, each a link at its place; what happened near each other stands in rows.

    A day is a disc, a longer time a bar of its length. Unsure and approximate dates are hollow, with a broken or a
    dotted edge; what began or ends at an unknown day runs out of the line. Raises `BadDate`.
    """
    whole = span(moments)
    if whole is None:
        nothing = words.gettext("No date is known.")
        return canvas(
            ident, "time", title, nothing, Markup('<text y="1em">{}</text>').format(nothing), height=_FOOT, linked=False
        )
    lanes: list[float] = []
    drawn = []
    for moment in sorted(moments, key=order):
        start, end = _place(moment, whole)
        taken = max(end, start + _DOT)
        lane = next((number for number, until in enumerate(lanes) if until <= start + 0.01), len(lanes))
        lanes[lane : lane + 1] = [taken]
        drawn.append((moment, start, end, lane))
    high = len(lanes) * _LANE + 8
    marks = [
        Markup('<a href="{}"><title>{}</title>{}</a>').format(
            moment.href,
            text(f"{worded(moment.date, words)}: {moment.name}"),
            _shape(moment, start, end, high - 12 - lane * _LANE),
        )
        for moment, start, end, lane in drawn
    ]
    about = words.ngettext(
        "%(number)d moment from %(first)d to %(last)d.", "%(number)d moments from %(first)d to %(last)d.", len(moments)
    ) % {"number": len(moments), "first": whole.first, "last": whole.last}
    return canvas(
        ident, "time", title, about, Markup("").join([*_axis(whole, high), *marks]), height=high + _FOOT, linked=True
    )


def track(moment: Moment, whole: Span) -> Markup:
    """One moment on the line of a span, for the row of a table that tells date and name. Raises `BadDate`."""
    start, end = _place(moment, whole)
    return Markup(
        '<svg class="drawing time" width="100%" height="14" aria-hidden="true">'
        '<line class="grid" x1="0" x2="100%" y1="7" y2="7"/>{}</svg>'
    ).format(_shape(moment, start, end, 7))


def axis(whole: Span) -> Markup:
    """The years of a span, for the head of a table of tracks."""
    return Markup('<svg class="drawing time" width="100%" height="24" aria-hidden="true">{}</svg>').format(
        Markup("").join(_axis(whole, 0))
    )


def order(moment: Moment) -> tuple[datetime.date, datetime.date, str, str]:
    """What moments are put in order of time by. Raises `BadDate`."""
    found = dates.bounds(moment.date)
    return found.earliest or datetime.date.min, found.latest or datetime.date.max, moment.name, moment.href


def worded(date: str, words: gettext.NullTranslations) -> str:
    """A date as one reads it: `2014-05~` is “about 2014-05”, `../2011` “until 2011”. Raises `BadDate`."""
    dates.bounds(date)
    if date.startswith("["):
        return words.gettext(" or ").join(_worded(point, words) for point in re.split(r",\s?", date.strip("[]")))
    first, slash, last = date.partition("/")
    if not slash:
        return _worded(date, words)
    if first == "..":
        return words.gettext("until %s") % _worded(last, words) if last != ".." else words.gettext("at any time")
    if last == "..":
        return words.gettext("since %s") % _worded(first, words)
    return words.gettext("%(first)s to %(last)s") % {"first": _worded(first, words), "last": _worded(last, words)}


def _worded(point: str, words: gettext.NullTranslations) -> str:
    day, sign = point.rstrip("?~%"), point[-1]
    match sign:
        case "?":
            return words.gettext("%s (uncertain)") % day
        case "~":
            return words.gettext("about %s") % day
        case "%":
            return words.gettext("about %s (uncertain)") % day
    return day


def _place(moment: Moment, whole: Span) -> tuple[float, float]:
    """From where to where a moment lasts, in per cent of the line."""
    found = dates.bounds(moment.date)
    until = found.latest + datetime.timedelta(days=1) if found.latest else None
    return whole.place(found.earliest, 0.0), whole.place(until, 100.0)


def _shape(moment: Moment, start: float, end: float, y: int) -> Markup:
    found = dates.bounds(moment.date)
    sure = "unsure" if re.search("[?%]", moment.date) else "about" if "~" in moment.date else "sure"
    kind = f"{moment.kind} {sure}"
    if found.earliest and found.latest and (found.latest - found.earliest).days <= 31:
        return Markup('<circle class="{}" cx="{}" cy="{}" r="5"/>').format(kind, share((start + end) / 2), y)
    drawn = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="10" rx="5"/>').format(
        kind, share(start), y - 5, share(max(end - start, 0.3))
    )
    for is_open, x, points in (
        (found.earliest is None, start, "0,-5 -6,0 0,5"),
        (found.latest is None, end, "0,-5 6,0 0,5"),
    ):
        if is_open:
            arrow = Markup('<svg x="{}" y="{}" overflow="visible"><polygon class="{}" points="{}"/></svg>')
            drawn += arrow.format(share(x), y, kind, points)
    return drawn


def _axis(whole: Span, y: int) -> list[Markup]:
    """The line and the years that are written below it, not more than seven."""
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if (whole.last - whole.first) / step <= 6)
    drawn = [Markup('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(y)]
    for year in range(whole.first, whole.last + 1):
        if year % every == 0:
            x = whole.place(datetime.date(year, 1, 1), 0.0)
            side = "start" if x < 4 else "end" if x > 96 else "middle"
            drawn.append(
                Markup(
                    '<line class="axis" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
                    '<text class="tick" x="{0}" y="{3}" text-anchor="{4}">{5}</text>'
                ).format(share(x), y, y + 5, y + 19, side, year)
            )
    return drawn
