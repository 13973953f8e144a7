"""The map of a list: a mark for each thing that is chosen and has a place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hrc_graph.drawing import land, maps
from hrc_graph.drawing.maps import Mark
from hrc_graph.web.committed import point
from hrc_graph.web.languages import READER, gettext, translations

FITTED = "all"
"""The view that is just wide enough for every mark."""


def marks(
    things: Iterable[tuple[str, str, str]], points: dict[str, list[str]], link: Callable[[str], str]
) -> list[Mark]:
    """A mark for each point of things, each given as its IRI, its name, and what else is told of it."""
    places = ((thing, place) for thing in things for place in map(point, points.get(thing[0], ())) if place)
    return [Mark(*place, name, link(iri), about=about) for (iri, name, about), place in places]


def drawn(title: str, found: Sequence[Mark], view: str, address: Callable[[str], str]) -> dict[str, Any]:
    """The map of marks and what stands around it; `address` says where another view is.

    Raises `BadRequest` for no view.
    """
    fitted = land.around([(mark.longitude, mark.latitude) for mark in found])
    part = fitted if view == FITTED else land.extent(view)
    words = translations(READER.get().language)
    shown = {FITTED: gettext("All of them"), "world": gettext("World")}
    return {
        "drawn": maps.draw("map", title, found, part, words, lambda inner: address(inner.name)),
        "views": [(name, said, address(name)) for name, said in shown.items()],
        "part": FITTED if part == fitted else part.name,
        "wider": "" if part.name == "world" else address(part.wider().name),
    }
