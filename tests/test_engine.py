"""Snapshots and the workers that answer from them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Question, snapshots
from hrc_graph.engine.embedded import Embedded
from hrc_graph.errors import AnswerTooLarge, BadQuery, Busy, EngineFailure, HrcError, OutOfMemory, TimedOut
from hrc_graph.settings import Settings
from hrc_graph.workspace import Workspace
from tests.conftest import bindings
from tests.test_guard import BOMBS

Ask = Callable[..., Answer]
CROSS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def question(text: str, table: formats.Format = formats.JSON) -> Question:
    return Question(text, table, formats.TURTLE, namespaces.BASE)


def test_the_same_files_give_the_same_snapshot_anywhere(
    workspace: Workspace, snapshot: snapshots.Snapshot, tmp_path: Path
) -> None:
    again = snapshots.current(workspace.files, tmp_path, base=namespaces.BASE, fresh=True)
    assert again.id == snapshot.id
    assert Path(again.path).read_bytes() == Path(snapshot.path).read_bytes()


def test_a_snapshot_is_kept_until_a_file_changes(workspace: Workspace, tmp_path: Path) -> None:
    first = snapshots.current(workspace.files, tmp_path, base=namespaces.BASE)
    built = Path(first.path).stat().st_mtime_ns
    second = snapshots.current(workspace.files, tmp_path, base=namespaces.BASE)
    assert second == first
    assert Path(second.path).stat().st_mtime_ns == built


def test_a_triple_that_two_graphs_hold_is_answered_once(ask: Ask) -> None:
    twice = bindings(ask("SELECT ?s ?p ?o (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?s ?p ?o HAVING (COUNT(*) > 1)"))
    assert twice == []


@pytest.mark.parametrize("table", formats.TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("limit", [0, 1, 7])
def test_rows_are_counted_in_every_table_format(ask: Ask, table: formats.Format, limit: int) -> None:
    text = f'SELECT ?s (CONCAT(STR(?o), "}},{{\\"\\n") AS ?x) WHERE {{ ?s ?p ?o }} LIMIT {limit}'
    assert ask(text, table=table).rows == limit


def test_a_triple_that_a_graph_answer_finds_twice_is_sent_once(ask: Ask) -> None:
    answer = ask("CONSTRUCT { <http://a> <http://b> 1 } WHERE { ?s ?p ?o }")
    assert answer.rows == 1
    assert answer.body.count(b"http://a") == 1


def test_an_answer_past_its_cap_is_refused_whole(ask: Ask) -> None:
    everything = "SELECT * WHERE { ?s ?p ?o }"
    for settings in (Settings(workers=1, answer_rows=10), Settings(workers=1, answer_bytes=1000)):
        with pytest.raises(AnswerTooLarge):
            ask(everything, settings)
    with pytest.raises(AnswerTooLarge):
        ask("CONSTRUCT WHERE { ?s ?p ?o }", Settings(workers=1, answer_rows=10))


def test_a_runaway_query_is_stopped_and_names_its_limit(ask: Ask) -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut, match="time_limit"):
        ask(CROSS, Settings(workers=1, time_limit=0.5))
    assert time.monotonic() - started < 5  # far from the hours it would take; not a measurement


@pytest.mark.parametrize(
    "hungry",
    [
        "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i",
        'SELECT ?x29 WHERE { BIND ("xxxxxxxxxxxxxxxx" AS ?x0) '
        + " ".join(f"BIND (CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(29))
        + " }",
    ],
    ids=["sorting a cross product", "doubling a string"],
)
def test_a_hungry_query_is_stopped_at_its_memory_limit(ask: Ask, hungry: str) -> None:
    with pytest.raises((OutOfMemory, TimedOut)):
        ask(hungry, Settings(workers=1, time_limit=20, memory_limit=128 * 2**20))


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_that_reaches_a_worker_costs_that_worker_only(snapshot: snapshots.Snapshot, bomb: str) -> None:
    async def run() -> tuple[HrcError, Answer]:
        async with Embedded(snapshot, Settings(workers=1, time_limit=5)) as engine:
            with pytest.raises((EngineFailure, BadQuery, OutOfMemory, TimedOut)) as caught:
                await engine.answer(question(bomb))
            return caught.value, await engine.answer(question("ASK { ?s ?p ?o }"))

    _, after = asyncio.run(run())
    assert b"true" in after.body


def test_a_killed_worker_is_replaced(snapshot: snapshots.Snapshot) -> None:
    async def run() -> Answer:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            (worker,) = engine._alive
            os.kill(worker.process.pid, signal.SIGKILL)
            with pytest.raises(EngineFailure):
                await engine.answer(question("ASK {}"))
            return await engine.answer(question("ASK {}"))

    assert b"true" in asyncio.run(run()).body


def test_a_caller_that_hangs_up_stops_its_query(snapshot: snapshots.Snapshot) -> None:
    async def run() -> bool:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            (worker,) = engine._alive
            task = asyncio.create_task(engine.answer(question(CROSS)))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return worker.process.poll() is not None and (await engine.answer(question("ASK {}"))).rows == 1

    assert asyncio.run(run())


def test_past_its_queue_the_engine_says_busy(snapshot: snapshots.Snapshot) -> None:
    async def run() -> list[object]:
        async with Embedded(snapshot, Settings(workers=1, queue=2, time_limit=1)) as engine:
            asked = (engine.answer(question(CROSS)) for _ in range(5))
            return await asyncio.gather(*asked, return_exceptions=True)

    results = asyncio.run(run())
    assert sum(isinstance(result, TimedOut) for result in results) >= 1
    assert sum(isinstance(result, Busy) for result in results) >= 2


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("SELECT * WHERE { ?s hcr:date ?o }", "Unknown prefix hcr:", "hrc: <https://w3id.org/hrcity/def/>"),
        ("SELECT * WHERE { ?s skos:prefLabel ?o }", "Unknown prefix skos:", "PREFIX skos:"),
        ("DROP ALL", "DROP changes data", "SELECT"),
        ("INSERT DATA { <a> <b> <c> }", "INSERT changes data", "SELECT"),
        ("LOAD <http://127.0.0.1/>", "LOAD changes data", "SELECT"),
        ("", "empty", "SELECT"),
        ("SELECT * WHERE { ?s ?p }", "not SPARQL", "?s ?p }"),
    ],
)
def test_a_query_that_cannot_be_read_is_explained(ask: Ask, text: str, said: str, hint: str) -> None:
    with pytest.raises(BadQuery) as caught:
        ask(text)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_from_reads_stored_graphs_and_never_fetches(ask: Ask) -> None:
    ours = "https://w3id.org/hrcity/graph/governments/id/lampung-timur"
    assert ask(f"SELECT * FROM <{ours}> WHERE {{ ?s ?p ?o }}").rows > 10
    assert ask("SELECT * FROM <file:///etc/passwd> WHERE { ?s ?p ?o }").rows == 0
    assert ask("SELECT * FROM <http://127.0.0.1:1/> WHERE { ?s ?p ?o }").rows == 0


def test_a_worker_has_no_network(snapshot: snapshots.Snapshot) -> None:
    async def run() -> bool:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            (worker,) = engine._alive
            if not worker.confined:
                pytest.skip("this system does not let a process give up its network without root")
            with pytest.raises(EngineFailure):
                await engine.answer(question("SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"))
            return True

    assert asyncio.run(run())
