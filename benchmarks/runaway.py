"""Twenty clients send queries that would never end, beside one that looks things up.

Prints how long after its deadline each runaway was answered, what the lookups cost quiet and beside them, and
the processor time that the server still uses when all have gone. It judges nothing.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import requests, servers
from benchmarks.connection import Connection, target
from benchmarks.load import percentile
from benchmarks.requests import TABLE, Request
from hrc_graph.engine import snapshots
from hrc_graph.workspace import open_workspace

TIME_LIMIT = 2.0
_CLIENTS = 20
_QUIET, _AFTER = 5.0, 5.0
_ROOT = Path(__file__).parent.parent
_PATH = "/sparql"
_DOUBLINGS = 29
_ANSWERED = "answered"
_SENT_BACK = ("busy", "too-many-requests")
"""Ends of requests that never reached an engine."""


def queries() -> dict[str, str]:
    """Queries that no engine can finish, by name, without LIMIT."""
    doubled = " ".join(f"BIND (CONCAT(?s{n}, ?s{n}) AS ?s{n + 1})" for n in range(_DOUBLINGS))
    return {
        "cross product": "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
        "sorted product": "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f",
        "string doubling": f"SELECT (STRLEN(?s{_DOUBLINGS}) AS ?n) WHERE {{ BIND ('aaaaaaaa' AS ?s0) {doubled} }}",
        "paths": "SELECT (COUNT(*) AS ?n) WHERE { ?a (!<urn:x>)+ ?b . ?b (!<urn:x>)+ ?c }",
        "quadratic EXISTS": """SELECT (COUNT(*) AS ?n) WHERE {
            ?a ?b ?c FILTER NOT EXISTS { ?c ?d ?e . ?e ?f ?g . ?g ?h ?a } }""",
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one request ended: “answered”, the name of the error, or “broken connection”; and the seconds it took."""

    kind: str
    end: str
    seconds: float


async def main(seconds: float) -> None:
    """Measure for so many seconds beside the runaways, and print."""
    workspace = open_workspace(_ROOT)
    snapshot = snapshots.current(workspace.files, workspace.state, base=workspace.settings.base)
    store = requests.read(snapshot.path)
    lookups = requests.points(store)
    right = requests.rows(requests.answer(store, lookups[0]), TABLE)
    kind = servers.ours(_ROOT, "--time-limit", f"{TIME_LIMIT:g}")
    with servers.running(kind, lookups[0].text, lambda body: requests.rows(body, TABLE) == right) as server:
        numbers = itertools.count(requests.NO_LIMIT)
        alone = []
        for name, text in queries().items():
            alone.append(await _alone(server, name, f"{text}\nLIMIT {next(numbers)}"))
            server.settle()  # until the next worker is ready
        print(f"Alone, after the deadline of {TIME_LIMIT:g} s")
        _print(alone)
        quiet = await _lookups(server, lookups, numbers, _QUIET)
        started, before = time.monotonic(), server.cpu()
        beside: list[Outcome] = []
        end = started + seconds
        runaways = [asyncio.create_task(_runaway(server, first, numbers, end, beside)) for first in range(_CLIENTS)]
        loud = await _lookups(server, lookups, numbers, seconds)
        await asyncio.gather(*runaways)
        used = (server.cpu() - before) / (time.monotonic() - started)
        print(f"\n{_CLIENTS} clients at once, waiting for a worker included")
        _print(beside)
        _print_lookups(quiet, loud)
        await asyncio.sleep(1)
        still = server.cpu()
        await asyncio.sleep(_AFTER)
        print(f"\nProcessor: {used:.0%} of a core beside them, {(server.cpu() - still) / _AFTER:.1%} after the end")


async def _runaway(
    server: servers.Server, first: int, numbers: Iterator[int], end: float, outcomes: list[Outcome]
) -> None:
    kinds = list(queries().items())
    for name, text in itertools.islice(itertools.cycle(kinds), first, None):
        if time.monotonic() >= end:
            return
        outcome = await _alone(server, name, f"{text}\nLIMIT {next(numbers)}")
        outcomes.append(outcome)
        if outcome.end in _SENT_BACK:
            await asyncio.sleep(0.5)  # a client that heeds Retry-After would wait longer


async def _lookups(
    server: servers.Server, lookups: Sequence[Request], numbers: Iterator[int], seconds: float
) -> list[Outcome]:
    end = time.monotonic() + seconds
    found = []
    async with Connection(servers.HOST, server.port) as connection:
        for request in itertools.cycle(lookups):
            if time.monotonic() >= end:
                break
            found.append(await _ask(connection, "lookup", request.unlimited(next(numbers))))
            await asyncio.sleep(0.002)
    return found


async def _alone(server: servers.Server, kind: str, query: str) -> Outcome:
    async with Connection(servers.HOST, server.port) as connection:
        return await _ask(connection, kind, query)


async def _ask(connection: Connection, kind: str, query: str) -> Outcome:
    started = time.monotonic()
    try:
        async with asyncio.timeout(60):
            reply = await connection.ask(target(_PATH, query), Accept=TABLE)
        end = _ANSWERED if reply.status == 200 else json.loads(reply.body)["type"].rpartition(":")[2]
    except (OSError, EOFError):
        end = "broken connection"
    return Outcome(kind, end, time.monotonic() - started)


def _print(outcomes: Sequence[Outcome]) -> None:
    print(f"{'query':18}{'late, median':>14}{'late, most':>12}  ends")
    for name in queries():
        mine = [each for each in outcomes if each.kind == name]
        late = [each.seconds - TIME_LIMIT for each in mine if each.end not in _SENT_BACK]
        ends = ", ".join(f"{number} × {end}" for end, number in Counter(each.end for each in mine).most_common())
        middle, most = (f"{percentile(late, part):.2f} s" if late else "–" for part in (0.5, 1))
        print(f"{name:18}{middle:>14}{most:>12}  {ends}")


def _print_lookups(quiet: Sequence[Outcome], loud: Sequence[Outcome]) -> None:
    print(f"\n{'lookups':18}{'answered':>10}{'failed':>8}{'p50, ms':>10}{'p99, ms':>10}")
    for name, outcomes in (("quiet", quiet), ("beside runaways", loud)):
        times = _times(outcomes)
        failed = len(outcomes) - len(times)
        middle, most = percentile(times, 0.5), percentile(times, 0.99)
        print(f"{name:18}{len(times):>10,}{failed:>8,}{middle:>10.2f}{most:>10.2f}")
    before, after = _times(quiet), _times(loud)
    if before and after:
        ratios = [percentile(after, part) / percentile(before, part) for part in (0.5, 0.99)]
        print(f"{'ratio':36}{ratios[0]:>10.1f}{ratios[1]:>10.1f}")


def _times(outcomes: Sequence[Outcome]) -> list[float]:
    return [1000 * each.seconds for each in outcomes if each.end == _ANSWERED]


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0))
