"""What the runs measured, as one page of tables: rates, ratios beside their targets, times, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.load import Speed

OURS = "hrc serve"
PEERS = ("oxigraph on disk", "oxigraph in memory", "rdflib-endpoint")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What was asked and how: a workload, sent uncached or repeated, by so many clients."""

    workload: str
    mode: str
    clients: int


_OXIGRAPH = {
    Cell("mixed", "uncached", 16): 1.2,
    Cell("aggregates", "uncached", 16): 2.5,
    Cell("mixed", "repeated", 16): 5,
    Cell("point", "repeated", 16): 1,
}
TARGETS: Mapping[str, Mapping[Cell, float]] = {
    "oxigraph on disk": _OXIGRAPH,
    "oxigraph in memory": _OXIGRAPH,
    "rdflib-endpoint": {Cell("point", "uncached", 16): 15, Cell("mixed", "uncached", 16): 25},
}
"""The least ratio hoped for, by peer."""


@dataclass(slots=True)
class Results:
    """All that was measured of each server, by its name."""

    speeds: dict[tuple[Cell, str], list[Speed]] = field(default_factory=dict)
    ready: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def rate(self, cell: Cell, server: str) -> float | None:
        """The median of the rounds in answers a second; None when it was not measured."""
        return self._median(cell, server, lambda speed: speed.rate)

    def ratio(self, cell: Cell, peer: str) -> float | None:
        """How many times as many answers a second as a peer; None when either was not measured."""
        own, other = self.rate(cell, OURS), self.rate(cell, peer)
        return own / other if own is not None and other else None

    def page(self, heading: Iterable[str]) -> str:
        """Everything as Markdown."""
        cells = list(dict.fromkeys(cell for cell, _ in self.speeds))
        names = [OURS, *PEERS]
        rates = [
            [*_said(cell), *(_figure(self.rate(cell, name)) for name in names), *(self._judged(cell, p) for p in PEERS)]
            for cell in cells
        ]
        times = [[*_said(cell), *(self._times(cell, name) for name in names)] for cell in cells]
        taken = [
            [
                name,
                _figure(median(self.ready[name])),
                *(_megabytes(map(pick, self.memory[name])) for pick in (_rss, _pss)),
            ]
            for name in names
            if name in self.ready
        ]
        ratios = [f"÷ {peer} (target)" for peer in PEERS]
        asked = ["requests", "sent", "clients"]
        parts = [
            "\n".join(["# Beside its peers", "", *heading]),
            "## Answers a second\n\n" + _table([*asked, *names, *ratios], rates),
            "## Time of an answer, p50 / p99 in milliseconds\n\n" + _table([*asked, *names], times),
            "## Start and memory\n\n" + _table(["server", "ready after, s", "RSS, MB", "PSS, MB"], taken),
            "## Notes\n\n" + "\n".join(f"- {note}" for note in dict.fromkeys(self.notes)),
        ]
        return "\n\n".join(parts) + "\n"

    def _median(self, cell: Cell, server: str, pick: Callable[[Speed], float]) -> float | None:
        speeds = self.speeds.get((cell, server))
        return median(map(pick, speeds)) if speeds else None

    def _judged(self, cell: Cell, peer: str) -> str:
        ratio, target = self.ratio(cell, peer), TARGETS[peer].get(cell)
        if ratio is None or target is None:
            return _figure(ratio)
        return f"{_figure(ratio)} ({'≥' if ratio >= target else 'missed:'} {target:g})"

    def _times(self, cell: Cell, server: str) -> str:
        half, most = (self._median(cell, server, pick) for pick in (lambda s: s.p50, lambda s: s.p99))
        return f"{_figure(half)} / {_figure(most)}"


def _said(cell: Cell) -> list[str]:
    return [cell.workload, cell.mode, str(cell.clients)]


def _rss(memory: tuple[int, int]) -> int:
    return memory[0]


def _pss(memory: tuple[int, int]) -> int:
    return memory[1]


def _megabytes(sizes: Iterable[int]) -> str:
    return _figure(median(sizes) / 2**20 or None)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
