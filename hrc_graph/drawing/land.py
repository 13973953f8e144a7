"""The outlines of land on a flat map: the Equal Earth projection, and the path of what lies in an extent.

Source: B. Šavrič, T. Patterson, B. Jenny, The Equal Earth map projection, 2018, doi:10.1080/13658816.2018.1504949.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass
from importlib import resources

from hrc_graph.errors import BadRequest

WIDE = 2000
"""The units that a path counts across an extent; each is half a pixel on a large page."""
RATIO = 2.25
"""Every map is so many times as wide as high."""
HIGH = round(WIDE / RATIO)
_FINE = 1.6
"""An extent of fewer radii of the globe is drawn from the finer outlines."""
_WIDEST = 100.0
"""Around an extent of more degrees comes the world."""
LEAST = 3.0
"""No extent is narrower, in degrees: the finer outlines already show their corners."""
_ROOT = math.sqrt(3) / 2
_A = (1.340264, -0.081106, 0.000893, 0.003796)

Flat = tuple[float, float]


def flat(longitude: float, latitude: float) -> Flat:
    """Where a place lies on the Equal Earth map, in radii of the globe; its longitude counts from the map's middle."""
    angle = math.asin(_ROOT * math.sin(math.radians(latitude)))
    square = angle * angle
    sixth = square**3
    across = _A[0] + 3 * _A[1] * square + sixth * (7 * _A[2] + 9 * _A[3] * square)
    up = angle * (_A[0] + _A[1] * square + sixth * (_A[2] + _A[3] * square))
    return math.radians(longitude) * math.cos(angle) / (_ROOT * across), up


@dataclass(frozen=True, slots=True)
class Extent:
    """A part of the map to draw."""

    name: str
    """How an address says it: `asia`, or whole degrees west, south, east and north, such as `95,-11,141,6`."""
    west: float
    south: float
    east: float
    north: float

    @property
    def middle(self) -> float:
        """The meridian that is upright on this map."""
        return (self.west + self.east) / 2

    def place(self, longitude: float, latitude: float) -> Flat | None:
        """Where a place is on the drawing, in per cent from the left and from the top; `None` when it lies outside."""
        left, top, unit = _frame(self)
        x, y = flat((longitude - self.middle + 180) % 360 - 180, latitude)
        right, down = (x - left) / unit * 100, (top - y) / unit * RATIO * 100
        return (right, down) if 0 <= right <= 100 and 0 <= down <= 100 else None

    def wider(self) -> Extent:
        """Twice as much of the map around the same middle; the world at most."""
        width, height = self.east - self.west, self.north - self.south
        if width > _WIDEST:
            return VIEWS["world"]
        return box(self.west - width / 2, self.south - height / 2, self.east + width / 2, self.north + height / 2)


VIEWS: dict[str, Extent] = {
    name: Extent(name, *map(float, degrees))
    for name, degrees in {
        "world": (-169, -56, 191, 84),
        "africa": (-26, -36, 58, 38),
        "asia": (26, -12, 150, 55),
        "europe": (-25, 34, 46, 66),
        "north-america": (-130, 12, -52, 58),
        "south-america": (-100, -57, -30, 16),
    }.items()
}
"""The extents that have names."""


def box(west: float, south: float, east: float, north: float) -> Extent:
    """The extent between whole degrees around these, wide enough for the outlines to be of use."""
    more = max(0.0, LEAST - (east - west)) / 2
    edges = (math.floor(west - more), max(math.floor(south), -60), math.ceil(east + more), min(math.ceil(north), 84))
    return Extent(",".join(map(str, edges)), *map(float, edges))


def around(places: list[tuple[float, float]], least: float = 10.0) -> Extent:
    """The extent that shows all of some places, given as longitude and latitude, and no fewer degrees than `least`.

    It is the world when there are none. Across 180° E it takes the long way round.
    """
    if not places:
        return VIEWS["world"]
    longitudes, latitudes = [x for x, _ in places], [y for _, y in places]
    west, south, east, north = min(longitudes), min(latitudes), max(longitudes), max(latitudes)
    more = max(0.1 * least, (least - (east - west)) / 2, (east - west) * 0.08, (north - south) * 0.08)
    found = box(west - more, south - more, east + more, north + more)
    return found if found.east - found.west < 240 else VIEWS["world"]


def extent(name: str) -> Extent:
    """The extent that an address names. Raises `BadRequest`."""
    if name in VIEWS:
        return VIEWS[name]
    parts = name.split(",")
    try:
        west, south, east, north = (int(part) for part in parts if len(part) < 5)
        if len(parts) == 4 and -180 <= west < east <= 360 and -90 <= south < north <= 90 and east - west <= 360:
            return box(west, south, east, north)
    except ValueError:
        pass
    raise BadRequest(
        f"There is no view “{name[:40]}” of the map.",
        f"Say one of {', '.join(VIEWS)}, or whole degrees west,south,east,north.",
    )


@functools.lru_cache(maxsize=64)
def path(part: Extent) -> str:
    """The land of an extent, as the data of an SVG path in `WIDE` by `HIGH` units."""
    left, top, unit = _frame(part)
    edges = (left, top - unit / RATIO, left + unit, top)
    pieces = []
    for ring in _outlines("50m" if unit < _FINE else "110m"):
        for turn in (-360, 0, 360):
            shift = turn - part.middle
            if min(x for x, _ in ring) + shift > 180 or max(x for x, _ in ring) + shift < -180:
                continue
            here = _cut([(x + shift, y) for x, y in ring], (-180, -90, 180, 90))
            shown = _cut([flat(x, y) for x, y in here], edges)
            pieces.append(_drawn([(round((x - left) / unit * WIDE), round((top - y) / unit * WIDE)) for x, y in shown]))
    return "".join(pieces)


@functools.lru_cache(maxsize=256)
def _frame(part: Extent) -> tuple[float, float, float]:
    """The left and top edge of an extent on the flat map, and how wide it is; its middle in the middle."""
    half = (part.east - part.west) / 2
    steps = [part.south + (part.north - part.south) * i / 20 for i in range(21)]
    wide = 2 * max(flat(half, latitude)[0] for latitude in steps)
    low, top = flat(0, part.south)[1], flat(0, part.north)[1]
    unit = max(wide, (top - low) * RATIO)
    return -unit / 2, (top + low + unit / RATIO) / 2, unit


@functools.lru_cache(maxsize=2)
def _outlines(name: str) -> tuple[tuple[Flat, ...], ...]:
    """The outlines of land in degrees. LAND.md says where they come from."""
    written = (resources.files("hrc_graph.drawing") / f"land-{name}.txt").read_text("ascii")
    rings = []
    for line in written.splitlines():
        steps = list(map(int, line.split()))
        across, up = itertools.accumulate(steps[::2]), itertools.accumulate(steps[1::2])
        rings.append(tuple((x / 100, y / 100) for x, y in zip(across, up, strict=True)))
    return tuple(rings)


def _cut(ring: list[Flat], edges: tuple[float, float, float, float]) -> list[Flat]:
    """What of an outline lies within four edges: least and greatest (Sutherland and Hodgman)."""
    least_x, least_y, greatest_x, greatest_y = edges
    for axis, edge, sign in ((0, least_x, 1), (0, greatest_x, -1), (1, least_y, 1), (1, greatest_y, -1)):
        if all((place[axis] - edge) * sign >= 0 for place in ring):
            continue
        found: list[Flat] = []
        for before, place in zip([ring[-1], *ring[:-1]], ring, strict=True):
            was_in, is_in = (before[axis] - edge) * sign >= 0, (place[axis] - edge) * sign >= 0
            if was_in != is_in:
                part = (edge - before[axis]) / (place[axis] - before[axis])
                found.append((before[0] + part * (place[0] - before[0]), before[1] + part * (place[1] - before[1])))
            if is_in:
                found.append(place)
        ring = found
        if not ring:
            break
    return ring


def _drawn(ring: list[tuple[int, int]]) -> str:
    """One outline as relative steps; nothing when it is smaller than a unit."""
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(ring)]
    steps = [step for step in steps if step != (0, 0)]
    if len(steps) < 2:
        return ""
    return f"M{ring[0][0]} {ring[0][1]}l" + "".join(f"{x}{'' if y < 0 else ' '}{y} " for x, y in steps)[:-1] + "z"
