"""Writes the outlines of land that maps are drawn from: `python -m hrc_graph.drawing.natural_earth FOLDER`.

FOLDER is the unpacked npm package `world-atlas`, version 2 (`npm pack world-atlas@2`), which holds Natural Earth as
TopoJSON. `land-110m.txt` is for the world, `land-50m.txt` for parts of it. A line is the outline of one piece of land:
pairs of hundredths of a degree, longitude and latitude, the first as it is, each other as the step from the one before.
What lies wholly south of 60° S is left out: maps end there, and an outline around the pole does not close.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

_SOUTH = -60.0
_SCALE = 100
_TOLERANCE = {"110m": 0.0, "50m": 1.5}
"""How far, in hundredths of a degree, an outline may leave the one that was given."""

Place = tuple[int, int]


def main(folder: Path) -> None:
    """Write both files beside this one."""
    for name, tolerance in _TOLERANCE.items():
        topology = json.loads((folder / f"land-{name}.json").read_text("utf-8"))
        kept = [ring for ring in map(_unrolled, _rings(topology)) if max(y for _, y in ring) > _SOUTH]
        lines = [_line(_simplified(_rounded(ring), tolerance)) for ring in kept]
        written = "".join(line + "\n" for line in lines if line)
        (Path(__file__).parent / f"land-{name}.txt").write_text(written, "ascii")


def _rings(topology: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """The outlines in degrees. TopoJSON writes an arc as steps, and a piece of land as a chain of arcs."""
    (wide, high), (west, south) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for steps in topology["arcs"]:
        x = y = 0
        arc = []
        for dx, dy in steps:
            x, y = x + dx, y + dy
            arc.append((x * wide + west, y * high + south))
        arcs.append(arc)
    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for chain in (chain for polygon in geometry["arcs"] for chain in polygon):
            ring: list[tuple[float, float]] = []
            for number in chain:
                ring += (arcs[number] if number >= 0 else arcs[~number][::-1])[bool(ring) :]
            rings.append(ring)
    return rings


def _unrolled(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The outline without leaps from 180° E to 180° W: it goes on beyond."""
    found = [ring[0]]
    for x, y in ring[1:]:
        before = found[-1][0]
        found.append((x + 360 * round((before - x) / 360), y))
    return found


def _rounded(ring: list[tuple[float, float]]) -> list[Place]:
    found: list[Place] = []
    for x, y in ring:
        place = (round(x * _SCALE), round(y * _SCALE))
        if not found or place != found[-1]:
            found.append(place)
    return found


def _simplified(ring: list[Place], tolerance: float) -> list[Place]:
    """The outline with fewer places, none left out that is farther off than the tolerance (Douglas and Peucker)."""
    kept, open_parts = {0, len(ring) - 1}, [(0, len(ring) - 1)]
    if ring[0] == ring[-1] and len(ring) > 2:  # a closed outline needs a third place to begin with
        half = max(range(len(ring)), key=lambda i: abs(ring[i][0] - ring[0][0]) + abs(ring[i][1] - ring[0][1]))
        kept.add(half)
        open_parts = [(0, half), (half, len(ring) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        far, at = max(
            ((_distance(ring[i], ring[first], ring[last]), i) for i in range(first + 1, last)), default=(0.0, 0)
        )
        if far > tolerance:
            kept.add(at)
            open_parts += [(first, at), (at, last)]
    return [ring[i] for i in sorted(kept)]


def _distance(place: Place, first: Place, last: Place) -> float:
    """How far a place is from the line between two others."""
    dx, dy = last[0] - first[0], last[1] - first[1]
    length = (dx * dx + dy * dy) or 1
    along = max(0.0, min(1.0, ((place[0] - first[0]) * dx + (place[1] - first[1]) * dy) / length))
    return float(((place[0] - first[0] - along * dx) ** 2 + (place[1] - first[1] - along * dy) ** 2) ** 0.5)


def _line(ring: list[Place]) -> str:
    if len(ring) < 4:
        return ""
    steps = [ring[0], *((b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(ring))]
    return " ".join(f"{x} {y}" for x, y in steps)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
