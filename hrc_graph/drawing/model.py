"""The model as a drawing: the fingers of the ontology side by side, and each finger with its classes and properties.

What is drawn is handed in as values; where it stands follows from these alone, so a new class or property finds its
place without a change here. Boxes are as wide as letters are guessed to be: `_EM` of their size each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

_EM = 0.58
_SIZE = 15
_LINE = 22
_WIDTH = 980
_GAP = 26
_CARD_TOP = 44
"""Height of the name of a finger and its motto."""


@dataclass(frozen=True, slots=True)
class Term:
    """A class or property as people read it; without a path it is no link."""

    name: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Property:
    """An arrow: a property, and what its values are."""

    term: Term
    values: tuple[Term, ...]
    """Classes have a path, datatypes none."""


@dataclass(frozen=True, slots=True)
class Class:
    """A box: a class, what it is a kind of within the drawing, and the properties said of it."""

    term: Term
    above: str = ""
    """The name of the class that it is a kind of."""
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class Finger:
    """A part of the ontology: classes that answer one question."""

    name: str
    motto: str
    classes: tuple[Class, ...]
    common: tuple[Property, ...] = ()
    """Properties of the finger that may be said of any record."""


@dataclass(slots=True)
class _Lane:
    """An arrow between two fingers: where it leaves, where it ends, the properties written on it."""

    start: int
    end: int
    terms: list[Term]
    ports: dict[int, float] = field(default_factory=dict)
    level: float = 0

    @property
    def low(self) -> int:
        return min(self.start, self.end)

    @property
    def high(self) -> int:
        return max(self.start, self.end)


def overview(fingers: Sequence[Finger], title: str, description: str) -> Markup:
    """The fingers side by side, the last below them, and between them the properties that lead from one to another."""
    *upper, last = fingers
    width = (_WIDTH - _GAP * (len(upper) - 1)) / len(upper)
    places = [number * (width + _GAP) for number in range(len(upper))]
    lanes = _lanes(upper)
    top = _stack(lanes, places, width)
    tallest = max(len(finger.classes) for finger in upper)
    below = top + _CARD_TOP + 18 + _LINE * tallest + 10
    parts = [_line(lane, top) for lane in lanes] + [_written(lane, top) for lane in lanes]
    for number, finger in enumerate(upper):
        parts.append(_card(finger, number, places[number], top, width, below - top))
    gap = 58
    common = [each.term for each in last.common if any(value.name in _names(last) for value in each.values)]
    for left in places:
        middle = left + width / 2
        parts.append(_arrow([(middle, below), (middle, below + gap)]))
        parts.append(_words(common, middle, below + gap / 2 + 5, "middle", backed=True))
    parts.append(_strip(last, len(upper), below + gap))
    return _svg("".join(parts), _WIDTH, below + gap + _CARD_TOP + 46, title, description)


def portrait(finger: Finger, number: int, any_record: str, kind_of: str, title: str, description: str) -> Markup:
    """One finger: each class a box, each property an arrow to what its values are.

    `any_record` is what the box is called whose properties may be said of everything, `kind_of` the words before the
    class that another one is a kind of.
    """
    parts, top = [], 8.0
    plain = _plain(finger)
    classes = [each for each in finger.classes if each not in plain]
    if finger.common:
        classes.append(Class(Term(any_record), properties=finger.common))
    for each in classes:
        under = [one.term for one in plain if one.above == each.term.name]
        drawn, height = _block(each, under, number, top, kind_of)
        parts.append(drawn)
        top += height + 18
    return _svg("".join(parts), 760, top, title, description)


def _plain(finger: Finger) -> list[Class]:
    """The classes that are only kinds of another one here, and say nothing of their own."""
    names = {each.term.name for each in finger.classes}
    return [each for each in finger.classes if each.above in names and not each.properties]


def _block(each: Class, under: Sequence[Term], number: int, top: float, kind_of: str) -> tuple[str, float]:
    rows, at = [], top + 26.0
    for one in each.properties:
        drawn, lines = _row(one, 214, at)
        rows.append(drawn)
        at += 32 * lines + 8
    notes = 18 if each.above else 0
    needed = 40 + notes + _LINE * len(under)
    height = max(needed, at - top - 26 + 6, 44)
    box = f'<rect class="box f{number}" x="2" y="{top:.0f}" width="212" height="{height:.0f}" rx="6"/>'
    text = _text(each.term, 14, top + 26, "name")
    if each.above:
        note = Markup('<text class="note" x="14" y="{}">{} {}</text>')
        text += str(note.format(round(top + 44), kind_of, each.above))
    for line, term in enumerate(under):
        text += _text(term, 26, top + 48 + notes + _LINE * line, "")
    return box + text + "".join(rows), height


def _row(one: Property, left: float, at: float) -> tuple[str, int]:
    """A property as an arrow with its name on it, and its values at the end; how many lines these take."""
    parts = [_arrow([(left, at), (left + 172, at)]), _words([one.term], left + 82, at - 5, "middle")]
    x, y, lines = left + 180.0, at, 1
    for value in one.values:
        width = len(value.name) * _SIZE * _EM + 20
        if x + width > 758 and x > left + 180:
            x, y, lines = left + 180, y + 32, lines + 1
        kind, round_by = ("box", 6) if value.path else ("value", 14)
        frame = f'x="{x:.0f}" y="{y - 14:.0f}" width="{width:.0f}" height="28" rx="{round_by}"'
        parts.append(f'<rect class="{kind}" {frame}/>')
        parts.append(_text(value, x + width / 2, y + 5, "", "middle"))
        x += width + 8
    return "".join(parts), lines


def _lanes(fingers: Sequence[Finger]) -> list[_Lane]:
    """The arrows between fingers, the short ones first."""
    home = {each.term.name: number for number, finger in enumerate(fingers) for each in finger.classes}
    found: dict[tuple[int, int], list[Term]] = {}
    for start, finger in enumerate(fingers):
        for each in finger.classes:
            for one in each.properties:
                for end in {home[value.name] for value in one.values if value.name in home} - {start}:
                    terms = found.setdefault((start, end), [])
                    terms += [one.term] if one.term not in terms else []
    lanes = [_Lane(start, end, terms) for (start, end), terms in found.items()]
    return sorted(lanes, key=lambda lane: (lane.high - lane.low, lane.low, lane.start))


def _stack(lanes: Sequence[_Lane], places: Sequence[float], width: float) -> float:
    """Give each arrow its ports and its height, above all that it spans; returns where the fingers begin."""
    for number, left in enumerate(places):
        # What goes left stands left, the shorter the further out, so that arrows nest instead of crossing.
        to_left = [lane for lane in lanes if lane.high == number]
        to_right = [lane for lane in reversed(lanes) if lane.low == number]
        here = to_left + to_right
        for place, lane in enumerate(here, 1):
            lane.ports[number] = left + width * place / (len(here) + 1)
    heights = [0.0] * len(places)
    for lane in lanes:
        lines = len(_broken(lane.terms, lane.ports[lane.high] - lane.ports[lane.low] - 24))
        lane.level = max(heights[lane.low : lane.high + 1]) + 19 * lines + 12
        for number in range(lane.low, lane.high + 1):
            heights[number] = lane.level
    return max(heights, default=0) + 28


def _line(lane: _Lane, top: float) -> str:
    start, end = lane.ports[lane.start], lane.ports[lane.end]
    return _arrow([(start, top), (start, top - lane.level), (end, top - lane.level), (end, top)])


def _written(lane: _Lane, top: float) -> str:
    """The names on an arrow, below its line; what passes behind them is hidden."""
    start, end = lane.ports[lane.start], lane.ports[lane.end]
    lines = _broken(lane.terms, abs(end - start) - 24)
    y = top - lane.level
    return "".join(
        _words(line, (start + end) / 2, y + 19 * number - 2, "middle", backed=True)
        for number, line in enumerate(lines, 1)
    )


def _broken(terms: Iterable[Term], width: float) -> list[list[Term]]:
    """The names in lines that fit the width."""
    lines: list[list[Term]] = []
    room = 0.0
    for term in terms:
        needed = (len(term.name) + 3) * 13.5 * _EM
        if not lines or needed > room:
            lines.append([])
            room = width
        lines[-1].append(term)
        room -= needed
    return lines


def _card(finger: Finger, number: int, left: float, top: float, width: float, height: float) -> str:
    parts = [
        f'<rect class="box f{number}" x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6"/>',
        _heading(finger, left + 14, top),
    ]
    names = _names(finger)
    for line, each in enumerate(finger.classes):
        indent = 16 if each.above in names else 0
        parts.append(_text(each.term, left + 14 + indent, top + _CARD_TOP + 28 + _LINE * line, ""))
    return "".join(parts)


def _strip(finger: Finger, number: int, top: float) -> str:
    parts = [
        f'<rect class="box f{number}" x="0" y="{top:.0f}" width="{_WIDTH}" height="{_CARD_TOP + 44}" rx="6"/>',
        _heading(finger, 14, top),
    ]
    x = 14.0
    for each in finger.classes:
        parts.append(_text(each.term, x, top + _CARD_TOP + 28, ""))
        x += len(each.term.name) * _SIZE * _EM + 36
    return "".join(parts)


def _heading(finger: Finger, left: float, top: float) -> str:
    shown = Markup('<text class="finger" x="{0}" y="{1}">{3}</text><text class="note" x="{0}" y="{2}">{4}</text>')
    return str(shown.format(round(left), round(top + 26), round(top + 46), finger.name, finger.motto))


def _names(finger: Finger) -> set[str]:
    return {each.term.name for each in finger.classes}


def _text(term: Term, x: float, y: float, kind: str, anchor: str = "start") -> str:
    text = Markup('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>').format(
        kind or "term", round(x), round(y), anchor, term.name
    )
    return str(Markup('<a href="{}">{}</a>').format(term.path, text) if term.path else text)


def _words(terms: Sequence[Term], x: float, y: float, anchor: str, *, backed: bool = False) -> str:
    """Names on an arrow, each a link, with the paper behind them where a line passes."""
    shown = Markup(" · ").join(
        Markup('<a href="{}"><tspan>{}</tspan></a>').format(term.path, term.name) if term.path else term.name
        for term in terms
    )
    text = str(
        Markup('<text class="arrow" x="{}" y="{}" text-anchor="{}">{}</text>').format(round(x), round(y), anchor, shown)
    )
    if not backed:
        return text
    width = len(" · ".join(term.name for term in terms)) * 13.5 * 0.5 + 8
    return f'<rect class="behind" x="{x - width / 2:.0f}" y="{y - 14:.0f}" width="{width:.0f}" height="18"/>' + text


def _arrow(points: Sequence[tuple[float, float]]) -> str:
    """A line with rounded corners and a head at its end."""
    path = "".join(_rounded(points))
    (x0, y0), (x, y) = points[-2], points[-1]
    dx, dy = _toward(x0, x), _toward(y0, y)
    wings = [(x - 8 * dx + 4 * dy, y - 8 * dy + 4 * dx), (x - 8 * dx - 4 * dy, y - 8 * dy - 4 * dx), (x, y)]
    head = " ".join(f"{a:.0f},{b:.0f}" for a, b in wings)
    return f'<path class="line" d="{path}"/><polygon class="head" points="{head}"/>'


def _rounded(points: Sequence[tuple[float, float]]) -> Iterator[str]:
    yield f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x0, y0), (x, y), (x1, y1) in zip(points, points[1:], points[2:], strict=False):
        yield f"L{x - 8 * _toward(x0, x):.0f} {y - 8 * _toward(y0, y):.0f}"
        yield f"Q{x:.0f} {y:.0f} {x + 8 * _toward(x, x1):.0f} {y + 8 * _toward(y, y1):.0f}"
    yield f"L{points[-1][0]:.0f} {points[-1][1]:.0f}"


def _toward(start: float, end: float) -> int:
    return (end > start) - (end < start)


def _svg(content: str, width: float, height: float, title: str, description: str) -> Markup:
    frame = Markup(
        '<svg class="model" xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 {} {}" role="group" aria-label="{}">'
        "<title>{}</title><desc>{}</desc>{}</svg>"
    )
    return frame.format(round(width + 4), round(height), title, title, description, Markup(content))  # noqa: S704 made here
