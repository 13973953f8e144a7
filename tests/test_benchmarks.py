"""The instruments measure what they say: right requests, right answers, honest counts."""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import urlsplit

import pyoxigraph as ox
import pytest
from rdflib.plugins.sparql import prepareQuery

from benchmarks import load, requests, runaway, servers, soak
from benchmarks.connection import Connection, target
from benchmarks.requests import GRAPH, TABLE, Request, Workload
from benchmarks.results import Cell, Results
from hrc_graph import guard
from hrc_graph.engine import snapshots
from hrc_graph.settings import Settings
from hrc_graph.workspace import Workspace as Opened
from tests.conftest import Server

FORMATS = ["text/csv", "text/tab-separated-values", "application/sparql-results+xml", TABLE]


@pytest.fixture(scope="module")
def union(snapshot: snapshots.Snapshot) -> ox.Store:
    return requests.read(snapshot.path)


@pytest.fixture(scope="module")
def workloads(union: ox.Store, workspace: Opened) -> dict[str, Workload]:
    return {each.name: each for each in requests.workloads(union, workspace.questions)}


def port(server: Server) -> int:
    return urlsplit(server.url).port or 80


def rows(store: ox.Store, request: Request) -> int:
    return requests.rows(requests.answer(store, request), request.accept)


@pytest.mark.parametrize("name", ["point", "mixed", "aggregates"])
def test_every_kind_of_request_finds_something(name: str, union: ox.Store, workloads: dict[str, Workload]) -> None:
    found: dict[str, int] = {}
    for request in workloads[name].examples():
        found[request.kind] = found.get(request.kind, 0) + rows(union, request)
    assert [kind for kind, number in found.items() if not number] == []


def test_the_mixed_stream_repeats_requests_of_every_kind(workloads: dict[str, Workload]) -> None:
    mixed = workloads["mixed"]
    assert {request.kind for request in mixed.repeated} == {request.kind for request in mixed.requests}
    assert len(mixed.repeated) < len(mixed.requests)


def test_a_text_never_sent_before_has_the_same_answer(union: ox.Store, workloads: dict[str, Workload]) -> None:
    for workload in workloads.values():
        for request in workload.examples(1):
            other = Request(request.kind, request.unlimited(requests.NO_LIMIT + 7), request.accept)
            assert rows(union, other) == rows(union, request), request.kind


def test_the_client_in_python_counts_answers_and_failures(server: Server, workloads: dict[str, Workload]) -> None:
    asked = [(target("/sparql", each.unlimited("")), each.accept) for each in workloads["point"].repeated]
    good = load._python("127.0.0.1", port(server), asked, 2, 1, requests.NO_LIMIT)
    assert good.answers > 0
    assert good.failed == 0
    assert 0 < good.p50 <= good.p99
    bad = load._python("127.0.0.1", port(server), [(target("/sparql", "SELECT"), TABLE)], 2, 1, None)
    assert bad.failed == bad.answers > 0
    assert bad.rate == 0


def test_a_connection_reads_bodies_sent_in_chunks_and_is_kept() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\n")
        writer.close()

    async def run() -> list[bytes]:
        served = await asyncio.start_server(speak, "127.0.0.1", 0)
        async with served, Connection(*served.sockets[0].getsockname()) as connection:
            return [(await connection.ask("/")).body for _ in range(2)]

    assert asyncio.run(run()) == [b"abcde", b"abcde"]


@pytest.mark.parametrize("accept", FORMATS)
def test_the_soak_knows_a_right_answer_from_a_wrong_one(
    accept: str, server: Server, union: ox.Store, workloads: dict[str, Workload]
) -> None:
    asked = workloads["library"].requests[1]
    request = Request(asked.kind, asked.text, accept)
    body = server.sparql(request.text, accept=accept).content
    judge = soak.Judge(union)
    assert judge.is_right(request, body)
    assert judge.is_right(request, body), "known by its hash"
    assert not judge.is_right(request, body.replace(b"2011-12-31", b"2011-12-30"))
    assert not judge.is_right(request, body[: len(body) // 2])


@pytest.mark.parametrize("accept", [GRAPH, "text/turtle"])
def test_the_soak_knows_a_right_graph_from_a_wrong_one(
    accept: str, server: Server, union: ox.Store, workloads: dict[str, Workload]
) -> None:
    asked = next(each for each in workloads["mixed"].requests if each.accept == GRAPH)
    request = Request(asked.kind, asked.text, accept)
    body = server.sparql(request.text, accept=accept).content
    assert soak.Judge(union).is_right(request, body)
    assert not soak.Judge(union).is_right(request, b"")


def test_a_soak_of_the_server_finds_nothing_wrong(
    server: Server, union: ox.Store, workloads: dict[str, Workload]
) -> None:
    steps = soak.stream(workloads["mixed"].requests, workloads["aggregates"].requests)
    run = soak.Soak(port(server), soak.Judge(union), steps, most=200)
    asyncio.run(run.run(60))
    assert run.sent.total() == 200
    assert {"HEAD", "SERVICE", "update", "bad query", "if changed", "new text", "csv", "turtle"} <= set(run.sent)
    assert run.wrong == {}


def test_a_soak_tells_an_unexpected_status(server: Server, union: ox.Store) -> None:
    step = soak.Step("bad query", frozenset({200}), query="SELECT")
    run = soak.Soak(port(server), soak.Judge(union), iter([step]), most=1)
    asyncio.run(run.run(60))
    assert run.wrong == {"bad query: status 400": 1}


def test_the_runaway_queries_pass_the_guard_and_are_sparql() -> None:
    for text in runaway.queries().values():
        guard.check(text, Settings())
        assert prepareQuery(text).algebra.name == "SelectQuery"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_and_processor_of_a_server_include_its_workers(server: Server) -> None:
    process = server.process.pid
    assert len(servers.tree(process)) >= 2
    assert servers.tree(process)[0] == process
    assert sum(map(servers._rss, servers.tree(process))) > servers._rss(process) > 0
    assert sum(map(servers._cpu, servers.tree(process))) > 0


def test_the_page_shows_medians_ratios_and_missed_targets() -> None:
    results = Results()
    cell = Cell("mixed", "uncached", 16)
    for own, peer in ((100, 50), (300, 100), (200, 400)):
        results.speeds.setdefault((cell, "hrc serve"), []).append(load.Speed(own, 0, 1, 2, 3))
        results.speeds.setdefault((cell, "oxigraph in memory"), []).append(load.Speed(peer, 0, 1, 2, 3))
        results.speeds.setdefault((cell, "rdflib-endpoint"), []).append(load.Speed(20, 10, 1, 2, 3))
    assert results.ratio(cell, "oxigraph in memory") == 2
    page = results.page(["Today."])
    assert "| mixed | uncached | 16 | 200 | – | 100 | 10.0 | – | 2.00 (≥ 1.2) | 20.0 (missed: 25) |" in page
