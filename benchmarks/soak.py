"""`make soak`: a mixed stream for ten minutes or a million requests, every answer compared with the right one.

Right is what pyoxigraph says of the same snapshot file, asked in this process. A body is parsed and
compared once; after that its hash is known to be right. Exits 1 after a wrong answer or an unexpected status.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import itertools
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

import pyoxigraph as ox

from benchmarks import requests, servers
from benchmarks.connection import Connection, Reply, target
from benchmarks.requests import GRAPH, TABLE, Request
from hrc_graph.engine import snapshots
from hrc_graph.workspace import open_workspace

CLIENTS = 16
_SAMPLE, _WARM = 5.0, 60.0
"""Seconds between two looks at the memory, and before the first one that counts."""
_ROOT = Path(__file__).parent.parent
_PATH = "/sparql"
_TABLES = {
    TABLE: ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
_CSV = "text/csv"
_GRAPHS = {GRAPH: ox.RdfFormat.N_TRIPLES, "text/turtle": ox.RdfFormat.TURTLE}
_BAD = (
    "SELECT",
    "SELECT * WHERE { ?s ?p }",
    "SELECT * WHERE { ?s nowhere:is ?o }",
    "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
    "SELECT * WHERE " + "{" * 3000,
)
_SERVICE = "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"
_UPDATES = {"application/x-www-form-urlencoded": b"update=CLEAR+ALL", "application/sparql-update": b"CLEAR ALL"}

Content = list[tuple[str, ...]]
"""The names and rows of a table, or the triples of a graph, as text that can be compared."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request of the stream and the statuses it may be answered with."""

    kind: str
    statuses: frozenset[int]
    request: Request | None = None
    """What the answer is compared with; None when it has no body worth comparing."""
    query: str = ""
    method: str = "GET"
    content_type: str = ""
    body: bytes = b""


@dataclass(slots=True)
class Judge:
    """Knows the right answers over one store."""

    store: ox.Store
    _known: dict[Request, set[bytes]] = field(default_factory=dict)

    def is_right(self, request: Request, body: bytes) -> bool:
        """Whether a body says what the store says, in the format the request asks for."""
        digest = hashlib.blake2b(body, digest_size=16).digest()
        known = self._known.setdefault(request, set())
        if digest in known:
            return True
        try:
            right = content(request, body) == self._expected(request)
        except (ValueError, SyntaxError):
            right = False
        if right:
            known.add(digest)
        return right

    def _expected(self, request: Request) -> Content:
        results = self.store.query(request.text)
        if isinstance(results, ox.QueryTriples):
            return sorted({_triple(triple) for triple in results})
        assert isinstance(results, ox.QuerySolutions)
        return _rows(results, request)


def content(request: Request, body: bytes) -> Content:
    """What a body says; rows keep their order when the query gives one. Raises `ValueError` or `SyntaxError`."""
    if request.accept in _GRAPHS:
        return sorted({_triple(quad.triple) for quad in ox.parse(body, format=_GRAPHS[request.accept])})
    if request.accept == _CSV:
        names, *rows = (tuple(row) for row in csv.reader(io.StringIO(body.decode(), newline="")))
        return _table(request, names, rows)
    results = ox.parse_query_results(body, format=_TABLES[request.accept])
    assert isinstance(results, ox.QuerySolutions)
    return _rows(results, request)


def _rows(results: ox.QuerySolutions, request: Request) -> Content:
    if request.accept == _CSV:
        rows = [tuple("" if term is None else _plain(term) for term in row) for row in results]
    else:
        rows = [tuple("" if term is None else str(term) for term in row) for row in results]
    return _table(request, tuple(variable.value for variable in results.variables), rows)


def _table(request: Request, names: tuple[str, ...], rows: Content) -> Content:
    return [names, *(rows if "ORDER BY" in request.text else sorted(rows))]


def _plain(term: object) -> str:
    assert isinstance(term, ox.NamedNode | ox.Literal)
    return term.value


def _triple(triple: ox.Triple) -> tuple[str, ...]:
    return str(triple.subject), str(triple.predicate), str(triple.object)


def stream(light: Sequence[Request], heavy: Sequence[Request]) -> Iterator[Step]:
    """Requests without end: of twenty, one heavy and sixteen light ones in every format, and three to be refused."""
    ok = frozenset({200})
    questions = {False: itertools.cycle(_formatted(light)), True: itertools.cycle(_formatted(heavy))}
    refusals = itertools.cycle(_refusals())
    numbers = itertools.count(requests.NO_LIMIT)
    while True:
        for place in range(20):
            request = next(questions[place == 10])
            if place in (5, 11, 17):
                yield next(refusals)
            elif place == 3:
                yield Step("HEAD", ok, request, request.text, method="HEAD")
            elif place in (8, 16):
                yield Step("if changed", ok, request, request.text)
            elif place in (0, 7, 14, 19):
                yield Step("new text", ok, request, request.unlimited(next(numbers)))
            else:
                yield Step(request.accept.rpartition("/")[2], ok, request, request.text)


def _formatted(asked: Sequence[Request]) -> Iterator[Request]:
    tables, graphs = itertools.cycle([*_TABLES, _CSV]), itertools.cycle(_GRAPHS)
    for each in asked:
        yield Request(each.kind, each.text, next(graphs if each.accept == GRAPH else tables))


def _refusals() -> Iterator[Step]:
    for query in _BAD:
        yield Step("bad query", frozenset({400, 413}), query=query)
    yield Step("SERVICE", frozenset({403}), query=_SERVICE)
    for media_type, body in _UPDATES.items():
        yield Step("update", frozenset(range(400, 500)), method="POST", content_type=media_type, body=body)


@dataclass(slots=True)
class Soak:
    """One run against a server: what was sent, and what went wrong."""

    port: int
    judge: Judge
    steps: Iterator[Step]
    most: int = 1_000_000
    """Requests after which it ends."""
    sent: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    """So many requests were answered 304, by their ETag."""
    _tags: dict[tuple[str, str], str] = field(default_factory=dict)

    async def run(self, seconds: float) -> None:
        """Send until the time or the number of requests is reached."""
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._client(end) for _ in range(CLIENTS)))

    async def _client(self, end: float) -> None:
        async with Connection(servers.HOST, self.port) as connection:
            while time.monotonic() < end and self.sent.total() < self.most:
                step = next(self.steps)
                self.sent[step.kind] += 1
                problem = await self._problem(connection, step)
                if problem:
                    self.wrong[f"{step.kind}: {problem}"] += 1

    async def _problem(self, connection: Connection, step: Step) -> str:
        """What is wrong with the answer to a step; nothing when it is right."""
        accept = step.request.accept if step.request else TABLE
        headers = {"Accept": accept} | ({"Content_Type": step.content_type} if step.content_type else {})
        tag = self._tags.get((step.query, accept)) if step.kind == "if changed" else None
        if tag:
            headers["If_None_Match"] = tag
        path = target(_PATH, step.query) if step.method != "POST" else _PATH
        try:
            async with asyncio.timeout(60):
                reply = await connection.ask(path, method=step.method, body=step.body, **headers)
        except (OSError, EOFError, ValueError, IndexError) as error:
            return f"no answer ({type(error).__name__})"
        if tag:
            self.unchanged += reply.status == 304
            return "" if reply.status == 304 else f"status {reply.status} where 304 is right"
        if reply.status not in step.statuses:
            return f"status {reply.status}"
        return self._judged(step, reply)

    def _judged(self, step: Step, reply: Reply) -> str:
        if step.request is None or step.method == "HEAD":
            return ""
        if step.query == step.request.text and "etag" in reply.headers:
            self._tags[step.query, step.request.accept] = reply.headers["etag"]
        return "" if self.judge.is_right(step.request, reply.body) else f"wrong answer to “{step.request.kind}”"


async def _watched(soak: Soak, server: servers.Server, seconds: float) -> list[tuple[float, int]]:
    """Run a soak; returns the resident bytes of the server over time."""
    samples: list[tuple[float, int]] = []
    started = time.monotonic()

    async def sample() -> None:
        while True:
            samples.append((time.monotonic() - started, server.memory()[0]))
            await asyncio.sleep(_SAMPLE)

    sampling = asyncio.create_task(sample())
    await soak.run(seconds)
    sampling.cancel()
    return samples


def main(seconds: float) -> int:
    """Run for so many seconds at most, print what was found, and return the exit code."""
    workspace = open_workspace(_ROOT)
    snapshot = snapshots.current(workspace.files, workspace.state, base=workspace.settings.base)
    store = requests.read(snapshot.path)
    light, heavy = requests.mixed(store), [*requests.library(workspace.questions), *requests.aggregates()]
    probe = light[0]
    right = requests.rows(requests.answer(store, probe), probe.accept)
    kind = servers.ours(_ROOT)
    with servers.running(kind, probe.text, lambda body: requests.rows(body, probe.accept) == right) as server:
        soak = Soak(server.port, Judge(store), stream(light, heavy))
        started = time.monotonic()
        samples = asyncio.run(_watched(soak, server, seconds))
        took = time.monotonic() - started
    for name, number in soak.sent.most_common():
        print(f"{number:>10,}  {name}")
    print(f"{soak.sent.total():>10,}  in {took:,.0f} s, {soak.sent.total() / took:,.0f} a second, {CLIENTS} clients")
    print(f"{soak.unchanged:>10,}  of them answered 304 by their ETag")
    print("Memory: " + _memory(samples))
    for name, number in soak.wrong.most_common(20):
        print(f"WRONG {number:>8,}  {name}")
    print(f"{soak.wrong.total():,} wrong answers or unexpected statuses.")
    return 1 if soak.wrong else 0


def _memory(samples: list[tuple[float, int]]) -> str:
    first, last = samples[0][1] / 2**20, samples[-1][1] / 2**20
    said = f"{first:,.0f} MB at the start, {last:,.0f} MB at the end"
    warm = [(seconds / 60, size / 2**20) for seconds, size in samples if seconds >= _WARM]
    if len(warm) < 3:
        return f"{said}; too short for a slope."
    return f"{said}, {linear_regression(*zip(*warm, strict=True)).slope:+.2f} MB a minute after the first."


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600))
