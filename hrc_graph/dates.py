"""EDTF text and its earliest and latest day.

The profile: year, month or day, each with `?` (uncertain), `~` (about) or `%` (both); intervals with
open ends (`2021/..`); one of a set (`[2011,2014]`).
The library `edtf` knows the whole standard but takes five milliseconds a date, which is most of a build;
for this part of it a test holds our bounds against the library's.
Source: Extended Date/Time Format, Library of Congress, ISO 8601-2:2019.
"""

from __future__ import annotations

import calendar
import datetime
import functools
import re
from typing import NamedTuple

from hrc_graph.errors import BadDate

_POINT = r"\d{4}(?:-\d{2}(?:-\d{2})?)?[?~%]?"
PROFILE = re.compile(rf"(?:{_POINT}|(?:{_POINT}|\.\.)/(?:{_POINT}|\.\.)|\[{_POINT}(?:,\s?{_POINT})*\])\Z")


class Bounds(NamedTuple):
    """The first and last day that a date may mean; `None` where it is open."""

    earliest: datetime.date | None
    latest: datetime.date | None

    def meets(self, other: Bounds) -> bool:
        """Whether some day lies in both: then the two dates do not contradict each other."""
        return _before(self.earliest, other.latest) and _before(other.earliest, self.latest)

    def within(self, other: Bounds) -> bool:
        """Whether every day of these bounds lies in the others."""
        starts = other.earliest is None or (self.earliest is not None and self.earliest >= other.earliest)
        ends = other.latest is None or (self.latest is not None and self.latest <= other.latest)
        return starts and ends


@functools.lru_cache(maxsize=65536)
def bounds(text: str) -> Bounds:
    """The earliest and latest day of an EDTF text of our profile.

    >>> bounds("2021-11")
    Bounds(earliest=datetime.date(2021, 11, 1), latest=datetime.date(2021, 11, 30))
    >>> bounds("../2011").earliest is None
    True

    Raises `BadDate` for anything else, such as "May 2014" or "2021-02-30".
    """
    if not PROFILE.match(text):
        raise BadDate(
            f"“{text}” is not a date we can read.", "Write 2016, 2016-05, 2016-05-17 or 2016/2018; ? if unsure."
        )
    points = re.split(r",\s?", text.strip("[]")) if text.startswith("[") else text.split("/")
    try:
        spans = [_span(point.rstrip("?~%")) for point in points]
    except ValueError as error:
        raise BadDate(f"“{text}” names a day that does not exist.", "Check month and day.") from error
    if text.startswith("["):
        return Bounds(min(filter(None, (s.earliest for s in spans))), max(filter(None, (s.latest for s in spans))))
    found = Bounds(spans[0].earliest, spans[-1].latest)
    if not _before(found.earliest, found.latest):
        raise BadDate(f"“{text}” ends before it begins.", "Write the earlier date first.")
    return found


def _span(point: str) -> Bounds:
    """The bounds of one date of the profile. Raises `ValueError` for a day that is in no calendar."""
    if point == "..":
        return Bounds(None, None)
    year, month, day = (*map(int, point.split("-")), 0, 0)[:3]
    if day:
        exact = datetime.date(year, month, day)
        return Bounds(exact, exact)
    if "-" in point:
        return Bounds(datetime.date(year, month, 1), datetime.date(year, month, calendar.monthrange(year, month)[1]))
    return Bounds(datetime.date(year, 1, 1), datetime.date(year, 12, 31))


def _before(first: datetime.date | None, second: datetime.date | None) -> bool:
    return first is None or second is None or first <= second
