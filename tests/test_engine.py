"""Snapshots and the workers that answer from them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Question, snapshots
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.scratch import Scratch
from hrc_graph.errors import AnswerTooLarge, BadQuery, Busy, EngineFailure, HrcError, OutOfMemory, TimedOut
from hrc_graph.settings import Settings
from hrc_graph.workspace import Workspace, open_workspace
from tests.conftest import ROOT, bindings
from tests.test_guard import BOMBS

Ask = Callable[..., Answer]
SOME_WORK = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?p ?x . ?a ?q ?y }"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
CROSS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def workers_of(process: int) -> list[int]:
    """The children of the children of a process."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(path.name)] = parent_of(int(path.name))
    children = [child for child, parent in parents.items() if parent == process]
    return [child for child, parent in parents.items() if parent in children]


@pytest.fixture(scope="module")
def other(snapshot: snapshots.Snapshot, tmp_path_factory: pytest.TempPathFactory) -> snapshots.Snapshot:
    """A snapshot that differs from the shipped one by a fictional triple."""
    path = tmp_path_factory.mktemp("other") / "quads.nq"
    graph = f"{namespaces.BASE}graph/organisations/fictional"
    added = f'<{namespaces.BASE}id/orgn/fictional> <{namespaces.BASE}def/remark> "fictional" <{graph}> .\n'
    path.write_bytes(Path(snapshot.path).read_bytes() + added.encode())
    return dataclasses.replace(snapshot, id="fictional", path=str(path), triples=snapshot.triples + 1)


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


def test_a_triple_that_two_graphs_hold_is_answered_once(tmp_path: Path) -> None:
    for place in ("data/organisations/fictional-a.ttl", "data/organisations/fictional-b.ttl"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("<id/orgn/x> <def/remark> 'fictional' .", "utf-8")
    for ontology in ("hrc.ttl", "shapes.ttl"):
        (tmp_path / "ontology").mkdir(exist_ok=True)
        shutil.copy(ROOT / "ontology" / ontology, tmp_path / "ontology")
    twice = snapshots.current(open_workspace(tmp_path).files, tmp_path / ".hrc", base=namespaces.BASE)

    async def run(text: str) -> Answer:
        async with Embedded(twice, Settings(workers=1)) as engine:
            return await engine.answer(question(text))

    subject = f"<{namespaces.BASE}id/orgn/x>"
    assert asyncio.run(run(f"SELECT * WHERE {{ {subject} ?p ?o }}")).rows == 1
    assert asyncio.run(run(f"SELECT * WHERE {{ GRAPH ?g {{ {subject} ?p ?o }} }}")).rows == 2


@pytest.mark.slow
def test_a_large_snapshot_is_answered_from_disk_with_the_same_answers(
    workspace: Workspace, snapshot: snapshots.Snapshot, tmp_path: Path
) -> None:
    on_disk = snapshots.current(workspace.files, tmp_path, base=namespaces.BASE, in_memory=1_000)
    assert Path(on_disk.index).is_dir()
    texts = ["SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"]
    texts.append("SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p ORDER BY ?p")

    async def run(each: snapshots.Snapshot) -> list[bytes]:
        async with Embedded(each, Settings(workers=2)) as engine:
            return [(await engine.answer(question(text))).body for text in texts]

    assert asyncio.run(run(on_disk)) == asyncio.run(run(snapshot))
    again = snapshots.current(workspace.files, tmp_path, base=namespaces.BASE, in_memory=1_000, fresh=True)
    assert again == on_disk


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


@pytest.mark.parametrize("when", ["idle", "answering"])
def test_a_worker_that_is_killed_from_outside_is_replaced_and_no_question_lost(
    snapshot: snapshots.Snapshot, when: str
) -> None:
    async def run() -> tuple[Answer, list[int], list[int]]:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            before = engine.pool.processes
            text = SOME_WORK if when == "answering" else "ASK {}"
            asked = asyncio.create_task(engine.answer(question(text)))
            await asyncio.sleep(0.05 if when == "answering" else 0)
            os.kill(before[0], signal.SIGKILL)
            return await asked, before, engine.pool.processes

    answer, before, after = asyncio.run(run())
    assert answer.rows == 1
    assert after
    assert before[0] not in after


def test_when_the_process_that_forks_workers_is_killed_another_takes_over(snapshot: snapshots.Snapshot) -> None:
    async def run() -> Answer:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            (worker,) = engine.pool.processes
            os.kill(parent_of(worker), signal.SIGKILL)
            await asyncio.sleep(0.05)
            return await engine.answer(question("ASK {}"))

    assert b"true" in asyncio.run(run()).body


def test_slow_questions_do_not_keep_quick_ones_waiting(snapshot: snapshots.Snapshot) -> None:
    async def run() -> list[float]:
        async with Embedded(snapshot, Settings(time_limit=3)) as engine:
            slow = [asyncio.create_task(engine.answer(question(f"{CROSS} # {n}"))) for n in range(8)]
            await asyncio.sleep(1)
            took = [(await engine.answer(question(f"ASK {{}} # {n}"))).seconds for n in range(50)]
            assert not any(task.done() for task in slow[:2])
            for task in slow:
                task.cancel()
            await asyncio.gather(*slow, return_exceptions=True)
            return took

    assert max(asyncio.run(run())) < 2  # each of the eight alone would have held a worker for three seconds


@pytest.mark.slow
def test_a_new_snapshot_takes_over_while_questions_are_asked(
    snapshot: snapshots.Snapshot, other: snapshots.Snapshot
) -> None:
    """Every answer is wholly of the snapshot that it names."""
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    triples = {snapshot.id: str(snapshot.triples), other.id: str(other.triples)}

    async def run() -> list[Answer]:
        answers: list[Answer] = []
        async with Embedded(snapshot, Settings()) as engine:

            async def keep_asking() -> None:
                while True:
                    answers.append(await engine.answer(question(count)))

            asking = [asyncio.create_task(keep_asking()) for _ in range(6)]
            for each in (other, snapshot, other):
                await asyncio.sleep(0.3)
                await engine.turn_to(each)
            await asyncio.sleep(0.3)
            assert not any(task.done() for task in asking), "a question failed"
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        return answers

    answers = asyncio.run(run())
    assert {answer.snapshot for answer in answers} == {snapshot.id, other.id}
    assert all(bindings(answer)[0]["n"] == triples[answer.snapshot] for answer in answers)


def test_a_caller_that_hangs_up_stops_its_query(snapshot: snapshots.Snapshot) -> None:
    async def run() -> bool:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            (worker,) = engine.pool.processes
            task = asyncio.create_task(engine.answer(question(CROSS)))
            await asyncio.sleep(0.4)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await engine.answer(question("ASK {}"))
            while Path(f"/proc/{worker}").exists():
                await asyncio.sleep(0.01)
            return worker not in engine.pool.processes

    assert asyncio.run(run())


def test_a_question_that_is_given_up_before_its_turn_never_holds_a_worker(snapshot: snapshots.Snapshot) -> None:
    async def run() -> tuple[Answer, Answer]:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            first = asyncio.create_task(engine.answer(dataclasses.replace(question(COUNT), own=True)))
            given_up = asyncio.create_task(engine.answer(question(CROSS)))
            while engine.pool.asked < 2:
                await asyncio.sleep(0)
            given_up.cancel()
            counted = await first
            async with asyncio.timeout(5):
                return counted, await engine.answer(question("ASK {}"))

    counted, after = asyncio.run(run())
    assert counted.rows == 1
    assert b"true" in after.body


def test_a_copy_whose_worker_is_killed_goes_on_with_all_its_updates(snapshot: snapshots.Snapshot) -> None:
    added = "INSERT DATA { GRAPH <http://example.org/g> { <http://example.org/a> <http://example.org/b> 1 } }"

    async def run() -> Answer:
        async with Scratch(snapshot, Settings()) as copy:
            await copy.update(added, base=namespaces.BASE, using=(), using_named=())
            for process in workers_of(os.getpid()):
                os.kill(process, signal.SIGKILL)
            await asyncio.sleep(0.2)
            return await copy.answer(question("SELECT * WHERE { GRAPH <http://example.org/g> { ?s ?p ?o } }"))

    assert asyncio.run(run()).rows == 1


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
        ("SELECT (<urn:f>(1) AS ?x) WHERE {}", "custom function <urn:f>", "SPARQL 1.1"),
    ],
)
def test_a_query_that_cannot_be_read_is_explained(ask: Ask, text: str, said: str, hint: str) -> None:
    with pytest.raises(BadQuery) as caught:
        ask(text)
    assert said in caught.value.message
    assert hint in caught.value.hint + caught.value.excerpt


def test_from_reads_stored_graphs_and_never_fetches(ask: Ask) -> None:
    ours = "https://w3id.org/hrcity/graph/governments/id/lampung-timur"
    assert ask(f"SELECT * FROM <{ours}> WHERE {{ ?s ?p ?o }}").rows > 10
    assert ask("SELECT * FROM <file:///etc/passwd> WHERE { ?s ?p ?o }").rows == 0
    assert ask("SELECT * FROM <http://127.0.0.1:1/> WHERE { ?s ?p ?o }").rows == 0


def test_a_worker_has_no_network(snapshot: snapshots.Snapshot) -> None:
    async def run() -> bool:
        async with Embedded(snapshot, Settings(workers=1)) as engine:
            if not engine.pool.confined:
                pytest.skip("this system does not let a process give up its network without root")
            with pytest.raises(EngineFailure):
                await engine.answer(question("SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"))
            return True

    assert asyncio.run(run())


def test_no_two_workers_give_the_same_random_names(snapshot: snapshots.Snapshot) -> None:
    async def run() -> list[Answer]:
        async with Embedded(snapshot, Settings(workers=3)) as engine:
            asked = question("SELECT (STRUUID() AS ?u) (RAND() AS ?r) WHERE {}")
            return [await engine.answer(asked) for _ in range(9)]

    rows = [bindings(answer)[0] for answer in asyncio.run(run())]
    assert len({row["u"] for row in rows}) == len({row["r"] for row in rows}) == 9
