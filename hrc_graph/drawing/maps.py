"""Maps of land and places, without borders."""

from __future__ import annotations

import gettext
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hrc_graph.drawing import land
from hrc_graph.drawing.canvas import canvas, share, text
from hrc_graph.drawing.land import Extent

_NARROWEST = 640
"""The pixels of the narrowest map, on which marks should not lie on each other; a smaller screen scrolls it."""
_SMALL = 280
"""The same of a map that stands beside a text."""
_MARK = 7.0
"""The pixels from the middle of a mark to its edge."""
_NAMED = 12
"""So many names tell what is behind a number; then how many more."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A thing to be shown at its place."""

    longitude: float
    latitude: float
    name: str
    href: str
    kind: str = "other"
    """`member` (a disc), `other` (a square) or `here` (a ring): shape and colour, by the class of that name."""
    about: str = ""
    """What else is told of it beside its name."""


@dataclass(slots=True)
class _Cluster:
    """Marks that would lie on each other, and the middle of them in per cent."""

    x: float
    y: float
    marks: list[Mark]

    @property
    def radius(self) -> float:
        """The pixels from its middle to its edge."""
        return _MARK if len(self.marks) == 1 else 8 + 2 * math.log2(len(self.marks))

    def reaches(self, other: _Cluster, width: int) -> bool:
        """Whether the two would lie on each other on a map of so many pixels."""
        apart = math.hypot(self.x - other.x, (self.y - other.y) / land.RATIO) / 100 * width
        return apart < self.radius + other.radius

    def take(self, other: _Cluster) -> None:
        """Become one with another."""
        whole, part = len(self.marks) + len(other.marks), len(other.marks)
        self.x += (other.x - self.x) * part / whole
        self.y += (other.y - self.y) * part / whole
        self.marks += other.marks


def draw(
    ident: str,
    title: str,
    marks: Sequence[Mark],
    part: Extent,
    words: gettext.NullTranslations,
    zoom: Callable[[Extent], str],
    width: int = _NARROWEST,
    here: Mark | None = None,
) -> Markup:
    """The map of an extent with those of the marks that lie in it, for a place of so many pixels at least.

    Each mark links to its `href`; marks that would lie on each other are a number, which links to where `zoom` shows
    the extent of them all, until that is no narrower than this one: then those of one place stand around it. `here` is
    on top of them all, whatever lies below it.
    """
    shown = [(mark, place) for mark in marks if (place := part.place(mark.longitude, mark.latitude))]
    about = words.ngettext(
        "A map of land without borders, with %(number)d place.",
        "A map of land without borders, with %(number)d places.",
        len(shown),
    ) % {"number": len(shown)}
    drawn = [Markup('<rect class="sea" width="100%" height="100%"/>'), _land(part)]
    for cluster in _clusters(shown, width):
        inner = land.around([(mark.longitude, mark.latitude) for mark in cluster.marks], land.LEAST)
        if len(cluster.marks) > 1 and inner.east - inner.west < 0.8 * (part.east - part.west):
            drawn.append(_number(cluster, zoom(inner), words))
            continue
        together: dict[land.Flat, list[Mark]] = {}
        for mark in cluster.marks:
            together.setdefault(part.place(mark.longitude, mark.latitude) or (0.0, 0.0), []).append(mark)
        for place, same in together.items():
            drawn += [_mark(mark, place, number, len(same)) for number, mark in enumerate(same)]
    if here and (place := part.place(here.longitude, here.latitude)):
        drawn.append(_mark(here, place, 0, 1))
    return canvas(ident, "map", title, about, Markup("").join(drawn), linked=bool(shown or here))


def neighbourhood(
    ident: str,
    title: str,
    here: Mark,
    others: Sequence[Mark],
    words: gettext.NullTranslations,
    zoom: Callable[[Extent], str],
) -> Markup:
    """A place and what lies near it, within about a thousand kilometres across."""
    part = land.box(here.longitude - 6, here.latitude - 2.5, here.longitude + 6, here.latitude + 2.5)
    return draw(ident, title, others, part, words, zoom, _SMALL, here)


def sign(kind: str) -> Markup:
    """The mark of a kind by itself, for the key beside a map."""
    return Markup(
        '<svg class="drawing sign" width="16" height="16" aria-hidden="true">'
        '<svg x="8" y="8" overflow="visible">{}</svg></svg>'
    ).format(_shape(kind))


def _land(part: Extent) -> Markup:
    return Markup(
        '<svg class="land" width="100%" height="100%" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        '<path fill-rule="evenodd" d="{}"/></svg>'
    ).format(land.WIDE, land.HIGH, land.path(part))


def _clusters(shown: Sequence[tuple[Mark, land.Flat]], width: int) -> list[_Cluster]:
    """The marks, those that would lie on each other as one; by their names, so that it is always the same."""
    found: list[_Cluster] = []
    for mark, (x, y) in sorted(shown, key=lambda each: (each[0].name, each[0].href)):
        new = _Cluster(x, y, [mark])
        while near := next((each for each in found if each.reaches(new, width)), None):
            found.remove(near)  # what has grown may reach others
            near.take(new)
            new = near
        found.append(new)
    return found


def _at(x: float, y: float, body: Markup) -> Markup:
    """What is drawn in pixels around a place that is in per cent."""
    return Markup('<svg x="{}" y="{}" overflow="visible">{}</svg>').format(share(x), share(y), body)


def _number(cluster: _Cluster, href: str, words: gettext.NullTranslations) -> Markup:
    names = [text(mark.name) for mark in cluster.marks]
    told = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        told += f" … +{len(names) - _NAMED}"
    heading = words.ngettext("%(number)d place: %(names)s", "%(number)d places: %(names)s", len(names))
    radius = round(cluster.radius, 1)
    shape = Markup('<rect class="many" x="-{0}" y="-{0}" width="{1}" height="{1}" rx="4"/>').format(radius, 2 * radius)
    if any(mark.kind == "member" for mark in cluster.marks):
        shape = Markup('<circle class="many members" r="{}"/>').format(radius)
    return _at(
        cluster.x,
        cluster.y,
        Markup('<a href="{}"><title>{}</title>{}<text text-anchor="middle" dy=".35em">{}</text></a>').format(
            href, heading % {"number": len(names), "names": told}, shape, len(names)
        ),
    )


def _mark(mark: Mark, place: land.Flat, number: int, many: int) -> Markup:
    """A mark at its place; where there are many, one of a ring around it."""
    told = f"{mark.name}: {mark.about}" if mark.about else mark.name
    body = Markup('<a href="{}"><title>{}</title>{}</a>').format(mark.href, text(told), _shape(mark.kind))
    if many > 1:
        turn, radius = 2 * math.pi * number / many, max(9.0, many * 2.5)
        shift = f"translate({radius * math.sin(turn):.1f} {-radius * math.cos(turn):.1f})"
        body = Markup('<g transform="{}">{}</g>').format(shift, body)
    return _at(*place, body)


def _shape(kind: str) -> Markup:
    match kind:
        case "member":
            return Markup('<circle class="mark member" r="6"/>')
        case "here":
            return Markup('<circle class="mark here" r="9"/><circle class="mark member" r="3"/>')
    return Markup('<rect class="mark other" x="-5" y="-5" width="10" height="10"/>')
