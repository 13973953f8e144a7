"""EDTF and its bounds."""

from __future__ import annotations

import datetime

import pytest
from edtf import parse_edtf
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_graph.dates import bounds
from hrc_graph.errors import BadDate


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2016", "2016-01-01", "2016-12-31"),
        ("2021-11", "2021-11-01", "2021-11-30"),
        ("2000-05-18", "2000-05-18", "2000-05-18"),
        ("2022-09-15?", "2022-09-15", "2022-09-15"),
        ("2014~", "2014-01-01", "2014-12-31"),
        ("2017-09-14/2017-09-17", "2017-09-14", "2017-09-17"),
        ("2021/..", "2021-01-01", None),
        ("../2011", None, "2011-12-31"),
        ("[2011,2014]", "2011-01-01", "2014-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
    ],
)
def test_a_date_of_the_profile_has_its_first_and_last_day(text: str, earliest: str | None, latest: str | None) -> None:
    found = bounds(text)
    assert found.earliest == (earliest and datetime.date.fromisoformat(earliest))
    assert found.latest == (latest and datetime.date.fromisoformat(latest))


@pytest.mark.parametrize("text", ["May 2014", "2021-13", "2021-02-30", "14/05/2016", "", "201X", "2018/2016", "2016-5"])
def test_anything_else_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(BadDate) as caught:
        bounds(text)
    assert caught.value.hint


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            lambda day, parts, mark: day.isoformat()[: (4, 7, 10)[parts]] + mark,
            st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)),
            st.integers(0, 2),
            st.sampled_from(["", "?", "~", "%"]),
        ),
        min_size=1,
        max_size=2,
    )
)
def test_our_bounds_are_those_of_the_edtf_library(points: list[str]) -> None:
    text = "/".join(points)
    theirs = parse_edtf(text)
    earliest, latest = datetime.date(*theirs.lower_strict()[:3]), datetime.date(*theirs.upper_strict()[:3])
    if earliest > latest:
        with pytest.raises(BadDate):
            bounds(text)
    else:
        assert bounds(text) == (earliest, latest)


def test_a_coarser_date_is_not_contrary_but_another_year_is() -> None:
    assert bounds("2021").meets(bounds("2021-11"))
    assert bounds("2021-11").within(bounds("2021"))
    assert not bounds("2011").meets(bounds("2014"))
