"""Drawings: valid SVG that runs nothing, with places, numbers and dates where they should be."""

from __future__ import annotations

import gettext
import math
import re
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from hrc_graph.drawing import charts, land, maps, timelines
from hrc_graph.drawing.charts import Goal, Series
from hrc_graph.drawing.maps import Mark
from hrc_graph.drawing.timelines import Moment, Span
from hrc_graph.errors import BadDate, BadRequest

WORDS = gettext.NullTranslations()
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><a href=\"javascript:alert(1)\">x</a>",
    "</title></svg><svg onload=\"alert(1)\">",
    "]]><![CDATA[ <!-- --> &lt; %s %d {} \x00\x0b\ud800",
)  # fmt: skip
ELEMENTS = ("svg", "title", "desc", "defs", "pattern", "rect", "circle", "path", "line", "polygon", "text", "a", "g")
KNOWN = {
    "Jakarta": (106.85, -6.21),
    "Barcelona": (2.16, 41.39),
    "Gwangju": (126.85, 35.16),
    "Montevideo": (-56.16, -34.90),
    "Madrid": (-3.70, 40.42),
    "Bogotá": (-74.07, 4.71),
    "Nairobi": (36.82, -1.29),
    "Chicago": (-87.65, 41.85),
}
SEAS = {"Atlantic": (-30.0, 30.0), "Pacific": (-140.0, 0.0), "Indian Ocean": (80.0, -20.0), "Caspian Sea": (51.0, 41.5)}


def zoom(part: land.Extent) -> str:
    return f"/map?view={part.name}"


def parsed(drawing: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(drawing).encode())


def mark(name: str, href: str = "/id/gov/fictional", kind: str = "other") -> Mark:
    return Mark(*KNOWN[name], name, href, kind)


def is_land(part: land.Extent, x: float, y: float) -> bool:
    """Whether a place in per cent lies within an odd number of outlines of the path."""
    x, y = x / 100 * land.WIDE, y / 100 * land.HIGH
    crossings = 0
    for piece in re.findall(r"M(-?\d+) (-?\d+)l([^z]*)z", land.path(part)):
        steps = list(map(int, re.findall(r"-?\d+", piece[2])))
        ring = [(int(piece[0]), int(piece[1]))]
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            ring.append((ring[-1][0] + dx, ring[-1][1] + dy))
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
                crossings += 1
    return crossings % 2 == 1


def everything(text: str, href: str = "/x") -> list[Markup]:
    """Every kind of drawing, with a text wherever one goes."""
    marks = [Mark(2.16, 41.39, text, href, "member", text), Mark(2.2, 41.4, text, href), Mark(106.8, -6.2, text, href)]
    moments = [Moment(date, text, href) for date in ("2014", "../2011", "2016-05-17?", "2020~/2021", "[2011,2014]")]
    return [
        maps.draw("m", text, marks, land.VIEWS["world"], WORDS, zoom),
        maps.draw("m", text, marks[:2], land.box(2, 41, 3, 42), WORDS, zoom),
        maps.neighbourhood("n", text, marks[0], marks[1:], WORDS, zoom),
        maps.sign("member"),
        charts.goal("g", text, Goal(100, 14, 26, 5), WORDS),
        charts.years("y", text, [Series(text, {2016: 3}), Series(text, {2010: 24, 2016: 1})], WORDS),
        charts.years("y", text, [], WORDS),
        charts.bar(3, 7),
        timelines.line("t", text, moments, WORDS),
        timelines.line("t", text, [], WORDS),
        timelines.track(moments[1], Span(1990, 2026)),
        timelines.axis(Span(1990, 2026)),
    ]


@pytest.mark.parametrize("text", [*HOSTILE, "광주 & Zürich"])
def test_every_drawing_is_xml_in_which_a_text_is_only_a_text(text: str) -> None:
    for drawing in everything(text, f"/x?{text}".replace("\x00", "").replace("\x0b", "").replace("\ud800", "")):
        root = parsed(drawing)
        assert root.tag in (SVG + "svg", "svg")
        for element in root.iter():
            name = element.tag.removeprefix(SVG)
            assert name in ELEMENTS
            assert not [given for given in element.attrib if given.startswith("on") or given == "style"]
            assert name != "a" or element.attrib["href"].startswith(("/x?", "/map?"))


def test_who_does_not_see_a_drawing_is_told_what_it_is() -> None:
    for drawing in everything("A title"):
        root = parsed(drawing)
        if "aria-hidden" in root.attrib:
            continue  # stands in a table that tells the same
        said = {element.get("id"): element.text for element in root if element.tag in (SVG + "title", SVG + "desc")}
        assert said[root.attrib["aria-labelledby"]] == "A title"
        assert said[root.attrib["aria-describedby"]]
        assert root.attrib["role"] == ("group" if root.findall(f".//{SVG}a") else "img")


def test_the_projection_gives_the_published_edges_and_keeps_areas() -> None:
    assert land.flat(180, 0)[0] == pytest.approx(2.70663, abs=1e-5)
    assert land.flat(0, 90)[1] == pytest.approx(1.31736, abs=1e-5)
    assert land.flat(-71.1, -33.4) == pytest.approx((-land.flat(71.1, 33.4)[0], -land.flat(71.1, 33.4)[1]))
    for latitude in (0, 30, 60, 80):  # a square of a tenth of a degree is as large on the map as on the globe
        (x1, y1), (x2, y2) = land.flat(0, latitude), land.flat(0.1, latitude + 0.1)
        globe = math.radians(0.1) * (math.sin(math.radians(latitude + 0.1)) - math.sin(math.radians(latitude)))
        middle = land.flat(0.1, latitude + 0.05)[0]
        assert middle * (y2 - y1) == pytest.approx(globe, rel=1e-3)
        assert x1 == 0 < x2


@pytest.mark.parametrize("name", KNOWN)
def test_cities_lie_on_land_and_seas_do_not(name: str) -> None:
    views = [part for part in land.VIEWS.values() if part.place(*KNOWN[name])]
    assert len(views) >= 2
    for part in [*views, land.around([KNOWN[name]])]:
        x, y = part.place(*KNOWN[name]) or (0, 0)
        near = [(x + dx, y + dy) for dx in (-0.6, 0, 0.6) for dy in (-0.6, 0, 0.6)]  # many lie on a coast
        assert any(is_land(part, *place) for place in near), part.name


@pytest.mark.parametrize("name", SEAS)
def test_there_is_no_land_at_sea(name: str) -> None:
    for part in land.VIEWS.values():
        place = part.place(*SEAS[name])
        assert place is None or not is_land(part, *place), part.name


def test_places_are_west_and_north_of_each_other_on_the_map_as_on_the_globe() -> None:
    world = {name: land.VIEWS["world"].place(*place) for name, place in KNOWN.items()}
    x = {name: place[0] for name, place in world.items() if place}
    y = {name: place[1] for name, place in world.items() if place}
    assert sorted(x, key=lambda name: x[name]) == sorted(KNOWN, key=lambda name: KNOWN[name][0])
    assert y["Chicago"] == pytest.approx(y["Barcelona"], abs=1)
    assert y["Barcelona"] < y["Gwangju"] < y["Bogotá"] < y["Nairobi"] < y["Jakarta"] < y["Montevideo"]


def test_fiji_and_alaska_are_drawn_across_the_line_of_180_degrees() -> None:
    fiji = land.box(174, -20, 184, -14)
    assert fiji.place(178.44, -18.14)
    assert fiji.place(-179.9, -16.8)
    assert is_land(fiji, *(fiji.place(178.0, -17.8) or (0, 0)))


def test_a_view_is_named_or_four_whole_degrees_and_comes_back_by_its_name() -> None:
    for part in (*land.VIEWS.values(), land.box(1.2, 40.9, 3.3, 42.1), land.around([KNOWN["Madrid"], KNOWN["Bogotá"]])):
        assert land.extent(part.name) == part
    assert land.box(2, 41, 2.1, 41.1).east - land.box(2, 41, 2.1, 41.1).west >= land.LEAST
    assert land.box(2, 41, 12, 45).wider().place(17, 40)
    assert land.around([]) is land.VIEWS["world"]


@pytest.mark.parametrize(
    "name", ["", "atlantis", "1,2,3", "1,2,3,4,5", "9,0,1,5", "0,9,5,1", "nan,0,1,1", "0,0,99999,1", "<script>"]
)
def test_a_view_that_there_is_not_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(BadRequest, match="no view") as refused:
        land.extent(name)
    assert "europe" in refused.value.hint


def test_marks_that_would_lie_on_each_other_are_a_number_that_leads_closer() -> None:
    marks = [mark("Barcelona", "/b", "member"), mark("Madrid", "/m"), mark("Jakarta", "/j")]
    world = parsed(maps.draw("m", "t", marks, land.VIEWS["world"], WORDS, zoom))
    links = {link.attrib["href"]: link for link in world.iter(SVG + "a")}
    assert set(links) == {"/j", "/map?view=-5,39,3,42"}
    number = links["/map?view=-5,39,3,42"]
    assert [text.text for text in number.iter(SVG + "text")] == ["2"]
    assert [title.text for title in number.iter(SVG + "title")] == ["2 places: Barcelona, Madrid"]
    closer = parsed(maps.draw("m", "t", marks, land.extent("-5,39,3,42"), WORDS, zoom))
    assert [link.attrib["href"] for link in closer.iter(SVG + "a")] == ["/b", "/m"]


def test_those_of_one_place_stand_around_it() -> None:
    marks = [mark("Madrid", f"/{number}") for number in range(5)]
    drawn = parsed(maps.draw("m", "t", marks, land.box(-5, 39, -2, 42), WORDS, zoom))
    assert sorted(link.attrib["href"] for link in drawn.iter(SVG + "a")) == ["/0", "/1", "/2", "/3", "/4"]
    assert len({group.attrib["transform"] for group in drawn.iter(SVG + "g")}) == 5


def test_a_mark_stands_where_its_place_is_and_not_outside_of_the_view() -> None:
    europe = land.VIEWS["europe"]
    drawn = parsed(maps.draw("m", "t", [mark("Madrid"), mark("Jakarta")], europe, WORDS, zoom))
    places = [(svg.attrib["x"], svg.attrib["y"]) for svg in drawn.iter(SVG + "svg") if "x" in svg.attrib]
    x, y = europe.place(*KNOWN["Madrid"]) or (0, 0)
    assert places == [(f"{x:.2f}%", f"{y:.2f}%")]


def widths(drawing: Markup) -> dict[str, float]:
    return {
        each.attrib["class"]: float(each.attrib["width"].rstrip("%"))
        for each in parsed(drawing).iter(SVG + "rect")
        if each.attrib.get("class") in ("counts", "may-count", "counts-not")
    }


def test_a_goal_is_as_long_as_what_counts_and_tells_networks_from_governments() -> None:
    assert widths(charts.goal("g", "t", Goal(1000, 40, 0, 5), WORDS)) == {"counts": 4, "counts-not": 0.5}
    assert widths(charts.goal("g", "t", Goal(100, 14, 26), WORDS)) == {"counts": 14, "may-count": 26}
    over = charts.goal("g", "t", Goal(10, 40, 0, 10), WORDS)
    assert widths(over) == {"counts": 80, "counts-not": 20}
    assert [line.attrib["x1"] for line in parsed(over).iter(SVG + "line")] == ["20%"]
    assert widths(charts.goal("g", "t", Goal(10, 0), WORDS)) == {}


def test_columns_have_the_height_of_their_numbers() -> None:
    drawn = parsed(charts.years("y", "t", [Series("a", {2010: 24, 2012: 3}), Series("b", {2012: 1})], WORDS))
    told = {}
    for rect in drawn.iter(SVG + "rect"):
        title = rect.find(SVG + "title")
        if title is not None:
            told[title.text] = float(rect.attrib["height"])
    assert list(told) == ["2010, a: 24", "2012, a: 3", "2012, b: 1"]
    assert told["2010, a: 24"] == pytest.approx(24 * told["2012, b: 1"], rel=0.02)
    assert told["2012, a: 3"] == pytest.approx(3 * told["2012, b: 1"], rel=0.02)


@pytest.mark.parametrize(
    ("date", "worded"),
    [
        ("2016", "2016"),
        ("2014-05~", "about 2014-05"),
        ("2017-09-17?", "2017-09-17 (uncertain)"),
        ("2011%", "about 2011 (uncertain)"),
        ("../2011", "until 2011"),
        ("2021/..", "since 2021"),
        ("2022-10-10/2022-10-14", "2022-10-10 to 2022-10-14"),
        ("[2011,2014]", "2011 or 2014"),
    ],
)
def test_a_date_reads_as_it_is_known(date: str, worded: str) -> None:
    assert timelines.worded(date, WORDS) == worded


def test_a_date_that_is_none_is_an_error() -> None:
    with pytest.raises(BadDate):
        timelines.worded("May 2014", WORDS)
    with pytest.raises(BadDate):
        timelines.line("t", "t", [Moment("soon", "x", "/x")], WORDS)


def shape(date: str) -> ElementTree.Element:
    return parsed(timelines.track(Moment(date, "x", "/x"), Span(2011, 2020)))[-1]


def test_a_time_lies_on_its_line_from_its_first_day_to_its_last() -> None:
    year = shape("2011")
    assert (year.tag.removeprefix(SVG), year.attrib["x"], year.attrib["width"]) == ("rect", "0%", "9.99%")
    assert shape("2020").attrib["x"] == "89.98%"
    day = shape("2016-01-01")
    assert day.tag.removeprefix(SVG) == "circle"
    assert float(day.attrib["cx"].rstrip("%")) == pytest.approx(50, abs=0.1)


def test_what_is_unsure_approximate_or_open_looks_so() -> None:
    assert shape("2016").attrib["class"].endswith(" sure")
    assert shape("2016-05-17?").attrib["class"].endswith(" unsure")
    assert shape("2016%").attrib["class"].endswith(" unsure")
    assert shape("2016~").attrib["class"].endswith(" about")
    for date in ("../2012", "2019/.."):
        assert parsed(timelines.track(Moment(date, "x", "/x"), Span(2011, 2020))).findall(".//polygon")
    assert not parsed(timelines.track(Moment("2012", "x", "/x"), Span(2011, 2020))).findall(".//polygon")


def test_moments_near_each_other_stand_in_rows_and_each_is_a_link() -> None:
    moments = [Moment("2016", str(number), f"/{number}") for number in range(4)] + [Moment("2019", "later", "/later")]
    drawn = parsed(timelines.line("t", "t", moments, WORDS))
    rows = {link.attrib["href"]: link[-1].attrib["y"] for link in drawn.iter(SVG + "a")}
    assert len({rows[f"/{number}"] for number in range(4)}) == 4
    assert rows["/later"] == rows["/0"]
