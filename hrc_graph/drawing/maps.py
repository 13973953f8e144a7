"""Maps of land and places, without borders."""

from __future__ import annotations

import gettext
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from hrc_graph.drawing import land
from hrc_graph.drawing.canvas import canvas, share, text
from hrc_graph.drawing.land import Extent

_NEAR = 2.4
"""Marks nearer than this, in per cent of the width, are drawn as one with their number."""
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
    marks: list[Mark] = field(default_factory=list)

    def add(self, x: float, y: float, mark: Mark) -> None:
        number = len(self.marks)
        self.x, self.y = (self.x * number + x) / (number + 1), (self.y * number + y) / (number + 1)
        self.marks.append(mark)


def draw(
    ident: str,
    title: str,
    marks: Sequence[Mark],
    part: Extent,
    words: gettext.NullTranslations,
    zoom: Callable[[Extent], str],
) -> Markup:
    """The map of an extent with those of the marks that lie in it.

    Each mark links to its `href`; marks that would lie on each other are a number, which links to where `zoom` shows
    the extent of them all, until that is no narrower than this one: then they lie side by side.
    """
    shown = [(mark, place) for mark in marks if (place := part.place(mark.longitude, mark.latitude))]
    about = words.ngettext(
        "A map of land without borders, with %(number)d place.",
        "A map of land without borders, with %(number)d places.",
        len(shown),
    ) % {"number": len(shown)}
    drawn = [Markup('<rect class="sea" width="100%" height="100%"/>'), _land(part)]
    for cluster in _clusters(shown):
        inner = land.around([(mark.longitude, mark.latitude) for mark in cluster.marks])
        if len(cluster.marks) > 1 and inner.east - inner.west < 0.8 * (part.east - part.west):
            drawn.append(_number(cluster, zoom(inner), words))
        else:
            drawn += [_mark(mark, cluster, number) for number, mark in enumerate(cluster.marks)]
    return canvas(ident, "map", title, about, Markup("").join(drawn), linked=bool(shown))


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
    return draw(ident, title, [here, *others], part, words, zoom)


def sign(kind: str) -> Markup:
    """The mark of a kind by itself, for the key beside a map."""
    return Markup('<svg class="sign" width="16" height="16" aria-hidden="true"><svg x="8" y="8" overflow="visible">{}</svg></svg>').format(_shape(kind))


def _land(part: Extent) -> Markup:
    return Markup(
        '<svg class="land" width="100%" height="100%" viewBox="0 0 {} {}" preserveAspectRatio="none">'
        '<path fill-rule="evenodd" d="{}"/></svg>'
    ).format(land.WIDE, land.HIGH, land.path(part))


def _clusters(shown: Sequence[tuple[Mark, land.Flat]]) -> list[_Cluster]:
    """The marks, those that lie near each other as one; in the order of their names, so that it is always the same."""
    found: list[_Cluster] = []
    for mark, (x, y) in sorted(shown, key=lambda each: (each[0].name, each[0].href)):
        near = min(found, key=lambda each: math.hypot(each.x - x, (each.y - y) / land.RATIO), default=None)
        if near is None or math.hypot(near.x - x, (near.y - y) / land.RATIO) > _NEAR:
            near = _Cluster(x, y)
            found.append(near)
        near.add(x, y, mark)
    return found


def _at(x: float, y: float, body: Markup) -> Markup:
    """What is drawn in pixels around a place that is in per cent."""
    return Markup('<svg x="{}" y="{}" overflow="visible">{}</svg>').format(share(x), share(y), body)


def _number(cluster: _Cluster, href: str, words: gettext.NullTranslations) -> Markup:
    names = [text(mark.name) for mark in cluster.marks]
    told = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        told += " … +%d" % (len(names) - _NAMED)
    heading = words.ngettext("%(number)d place: %(names)s", "%(number)d places: %(names)s", len(names))
    kinds = {mark.kind for mark in cluster.marks}
    radius = round(8 + 2 * math.log2(len(names)), 1)
    return _at(
        cluster.x,
        cluster.y,
        Markup(
            '<a href="{}"><title>{}</title><circle class="many{}" r="{}"/>'
            '<text text-anchor="middle" dy=".35em">{}</text></a>'
        ).format(href, heading % {"number": len(names), "names": told}, " members" if "member" in kinds else "", radius, len(names)),
    )


def _mark(mark: Mark, cluster: _Cluster, number: int) -> Markup:
    """A mark at its place; those that share a place stand in a ring around it."""
    told = f"{mark.name}: {mark.about}" if mark.about else mark.name
    body = Markup('<a href="{}"><title>{}</title>{}</a>').format(mark.href, text(told), _shape(mark.kind))
    many = len(cluster.marks)
    if many > 1:
        turn, radius = 2 * math.pi * number / many, max(9.0, many * 2.5)
        shift = f"translate({radius * math.sin(turn):.1f} {-radius * math.cos(turn):.1f})"
        body = Markup('<g transform="{}">{}</g>').format(shift, body)
    return _at(cluster.x, cluster.y, body)


def _shape(kind: str) -> Markup:
    match kind:
        case "member":
            return Markup('<circle class="mark member" r="6"/>')
        case "here":
            return Markup('<circle class="mark here" r="9"/><circle class="mark member" r="3"/>')
    return Markup('<rect class="mark other" x="-5" y="-5" width="10" height="10"/>')
