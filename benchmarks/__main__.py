"""`make bench`: this endpoint beside Oxigraph's own server, on disk and in memory, and `rdflib-endpoint serve`.

All hold the default graph of one snapshot and get the same requests, in turns, round after round. A figure is the
median of the rounds. "Uncached" requests all have a text that was never sent before. Prints the tables and writes
them to `benchmarks/RESULTS.md`; it judges nothing.
"""

from __future__ import annotations

import datetime
import os
import platform
import tempfile
import time
from pathlib import Path

import pyoxigraph as ox

from benchmarks import load, requests, servers
from benchmarks.connection import target
from benchmarks.requests import Request, Workload
from benchmarks.results import Cell, Results
from hrc_graph.engine import snapshots
from hrc_graph.workspace import open_workspace

_ROUNDS = 3
_SECONDS = {16: 2, 1: 1}
"""Of load for each figure of each round, by the number of clients."""
_LIMIT = 8 * 60
"""Seconds for everything; the last round is cut short."""
_TOO_SLOW = 10.0
"""Seconds after which a server is said not to do a request."""
_UNDER_LOAD = 0.25
"""A server whose answers take so many seconds on average is asked one by one only."""
_ROOT = Path(__file__).parent.parent


class Bench:
    """One comparison: what is asked, the right number of rows of each answer, and what was found so far."""

    def __init__(self, store: ox.Store, workloads: list[Workload]) -> None:
        self.workloads = {workload.name: workload for workload in workloads}
        self.right = {
            request: requests.rows(requests.answer(store, request), request.accept)
            for workload in workloads
            for request in workload.examples()
        }
        self.results = Results()
        self.end = time.monotonic() + _LIMIT
        self._probe = workloads[0].requests[0]
        self._left_out: set[str] = set()
        self._alone: dict[tuple[str, str], load.Speed] = {}
        self._sent = requests.NO_LIMIT

    def run(self, kinds: list[servers.Kind]) -> None:
        """Check every server, then put load on each in turn."""
        for kind in kinds:
            self._check(kind)
        for number in range(1, _ROUNDS + 1):
            for kind in kinds:
                if time.monotonic() > self.end:
                    return
                print(f"round {number} of {_ROUNDS}: {kind.name}", flush=True)
                with servers.running(kind, self._probe.text, self._is_right) as server:
                    self.results.ready.setdefault(kind.name, []).append(server.ready)
                    self._load(server)
                    self.results.memory.setdefault(kind.name, []).append(server.memory())

    def _is_right(self, body: bytes) -> bool:
        return requests.rows(body, self._probe.accept) == self.right[self._probe]

    def _check(self, kind: servers.Kind) -> None:
        """Ask for one answer after another and compare the rows. A server that overran is started anew."""
        waiting = [(name, request) for name, workload in self.workloads.items() for request in workload.examples()]
        took: dict[str, list[float]] = {}
        while waiting:
            with servers.running(kind, self._probe.text, self._is_right) as server:
                while waiting:
                    name, request = waiting.pop(0)
                    started = time.monotonic()
                    problem = self._problem(server, request)
                    if problem:
                        self._left_out.add(request.kind)
                        self.results.notes.append(f"Left out everywhere: “{request.kind}”; {kind.name} {problem}.")
                        break
                    took.setdefault(name, []).append(time.monotonic() - started)
        for name, seconds in took.items():
            mean = sum(seconds) / len(seconds)
            if mean > _UNDER_LOAD:
                middle, most = (1000 * load.percentile(seconds, part) for part in (0.5, 0.99))
                self._alone[kind.name, name] = load.Speed(len(seconds), 0, sum(seconds), middle, most)
                self.results.notes.append(
                    f"{kind.name} takes {mean:.1f} s a request of “{name}”: each was sent once, by one client."
                )

    def _problem(self, server: servers.Server, request: Request) -> str:
        try:
            body = server.get(request.unlimited(), request.accept, _TOO_SLOW)
            if body is None:
                return f"did not answer within {_TOO_SLOW:g} s"
            found = requests.rows(body, request.accept)
        except (OSError, ValueError) as error:
            return f"failed ({error})"
        right = self.right[request]
        return "" if found == right else f"gave {found} rows where {right} are right"

    def _load(self, server: servers.Server) -> None:
        server.settle()
        for clients in _SECONDS:
            for name, workload in self.workloads.items():
                for mode in ("uncached", "repeated"):
                    if time.monotonic() < self.end:
                        self._one(server, Cell(name, mode, clients), workload)

    def _one(self, server: servers.Server, cell: Cell, workload: Workload) -> None:
        name = server.kind.name
        alone = self._alone.get((name, cell.workload))
        measured = self.results.speeds.setdefault((cell, name), [])
        if alone:
            if (cell.clients, cell.mode) == (1, "uncached"):
                measured.append(alone)
            return
        path = server.kind.path
        if cell.mode == "uncached":
            texts = [(each.unlimited(""), each) for each in workload.requests if each.kind not in self._left_out]
            first: int | None = self._sent
            self._sent += 10_000_000
        else:
            texts = [(each.text, each) for each in workload.repeated if each.kind not in self._left_out]
            first = None
        listed = [(target(path, text), each.accept) for text, each in texts]
        speed = load.run(
            servers.HOST, server.port, listed, clients=cell.clients, seconds=_SECONDS[cell.clients], first=first
        )
        if speed.failed:
            self.results.notes.append(f"{name}, {cell}: {speed.failed} of {speed.answers} requests failed.")
        measured.append(speed)
        server.settle()


def main() -> None:
    """Measure, print, write."""
    workspace = open_workspace(_ROOT)
    snapshot = snapshots.current(workspace.files, workspace.state, base=workspace.settings.base)
    store = requests.read(snapshot.path)
    with tempfile.TemporaryDirectory() as folder:
        triples = Path(folder) / "default.nt"
        store.dump(str(triples), format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
        bench = Bench(store, requests.workloads(store, workspace.questions))
        bench.run(
            [
                servers.ours(_ROOT),
                servers.oxigraph_on_disk(triples, Path(folder) / "store"),
                servers.oxigraph_in_memory(triples),
                servers.rdflib(triples),
            ]
        )
    packages = servers.versions("pyoxigraph", "granian", "oxigraph", "rdflib", "rdflib-endpoint")
    rounds = max(map(len, bench.results.ready.values()))
    page = bench.results.page(
        [
            f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}. {snapshot.triples:,} triples; {os.cpu_count()} cores, "
            f"shared with the client ({load.client()}). Medians of up to {rounds} rounds, in turns.",
            f"Python {platform.python_version()}, {packages}.",
            "",
            "“Uncached”: every request has a text never sent before. “Repeated”: the same few hundred again and again.",
            "rdflib-endpoint and oxigraph in memory read N-Triples as they start; the others start on prepared data.",
        ]
    )
    print(page)
    Path(__file__).with_name("RESULTS.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
