"""EDTF text and its earliest and latest day.

The profile: year, month or day, each with `?` (uncertain), `~` (about) or `%` (both); intervals with
open ends (`2021/..`); one of a set (`[2011,2014]`).
Source: Extended Date/Time Format, Library of Congress, ISO 8601-2:2019.
"""

from __future__ import annotations

import datetime
import functools
import re
import time
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
    from edtf import parse_edtf  # its grammar takes 0.2 s to load, and few commands read a date
    from edtf.parser.edtf_exceptions import EDTFParseException

    if not PROFILE.match(text):
        raise BadDate(
            f"“{text}” is not a date we can read.", "Write 2016, 2016-05, 2016-05-17 or 2016/2018; ? if unsure."
        )
    try:
        parsed = parse_edtf(text)
        found = Bounds(_day(parsed.lower_strict()), _day(parsed.upper_strict()))
    except (EDTFParseException, ValueError) as error:
        raise BadDate(f"“{text}” names a day that does not exist.", "Check month and day.") from error
    if not _before(found.earliest, found.latest):
        raise BadDate(f"“{text}” ends before it begins.", "Write the earlier date first.")
    return found


def _before(first: datetime.date | None, second: datetime.date | None) -> bool:
    return first is None or second is None or first <= second


def _day(moment: time.struct_time | float) -> datetime.date | None:
    return None if isinstance(moment, float) else datetime.date(*moment[:3])
