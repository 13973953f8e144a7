"""Processes of a running server that are killed at any moment, under load."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import Server, serving
from tests.test_attacks import children_of

pytestmark = pytest.mark.slow

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s a ?class } } # %s"
"""Some hundredths of a second of work; a comment of its own makes each a question that was not answered yet."""


class Load:
    """Clients that ask one after the other and note every answer, until told to stop."""

    def __init__(self, server: Server, clients: int) -> None:
        self.expected = server.sparql(COUNT % "first").content
        self.wrong: list[str] = []
        self.right = 0
        self.failed = 0
        self._server = server
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, client: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                answer = self._server.sparql(COUNT % f"{client} {number}")
            except httpx.HTTPError:
                self.failed += 1  # whether that may be is for the test to say
                time.sleep(0.05)
                continue
            if answer.status_code == 200 and answer.content == self.expected:
                self.right += 1
            elif answer.status_code in (502, 503):
                self.failed += 1
            else:
                self.wrong.append(answer.text[:200])


def nursery_of(server: Server) -> int:
    """The one process that the web process started."""
    return next(child for child in children_of(server.process.pid) if parent_of(child) == server.process.pid)


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def gone(processes: list[int]) -> bool:
    until = time.monotonic() + 10
    while any(Path(f"/proc/{process}").exists() for process in processes) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(Path(f"/proc/{process}").exists() for process in processes)


@pytest.mark.parametrize("whom", ["a worker", "the nursery"])
def test_whoever_is_killed_no_answer_is_wrong_and_the_next_one_comes(whom: str) -> None:
    chance = random.Random(whom)
    with serving() as server:
        with Load(server, clients=3) as load:
            for _ in range(15 if whom == "a worker" else 4):
                time.sleep(chance.uniform(0.01, 0.2))
                children = children_of(server.process.pid)
                nursery = nursery_of(server)
                workers = [child for child in children if child != nursery]
                victim = nursery if whom == "the nursery" else chance.choice(workers) if workers else 0
                if not victim:
                    continue
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                    os.kill(victim, signal.SIGKILL)
                assert server.sparql("ASK {} # after").json()["boolean"] is True
                answered = load.right
                while load.right == answered and not load.wrong:
                    time.sleep(0.02)
        assert not [line for line in server.log if "traceback" in line]
        assert load.wrong == []
        assert load.right > 3, "after each kill somebody is answered"
        assert load.failed <= 6, "a question that is killed twice is an error"
        assert server.process.poll() is None
        everyone = [server.process.pid, *children_of(server.process.pid)]
    assert gone(everyone[1:])


@pytest.mark.parametrize(
    "signal_number",
    [signal.SIGKILL, signal.SIGTERM, signal.SIGINT],
)
def test_when_the_web_process_ends_nobody_is_left_and_the_next_start_answers_the_same(signal_number: int) -> None:
    with serving() as server:
        with Load(server, clients=2) as load:
            time.sleep(0.7)
            children = children_of(server.process.pid)
            assert len(children) >= 3
            os.kill(server.process.pid, signal_number)
            server.process.wait(timeout=20)
            assert gone(children)
        assert load.wrong == []
        assert load.right > 3
    if signal_number != signal.SIGKILL:
        assert server.process.returncode == 0
    with serving() as again:
        assert again.sparql(COUNT % "again").content == load.expected


def test_a_copy_that_takes_updates_keeps_them_when_its_worker_is_killed() -> None:
    with serving("--allow-update") as server:
        for number in range(3):
            insert = f"INSERT DATA {{ GRAPH <urn:g> {{ <urn:a> <urn:b> {number} }} }}"
            assert server.post("sparql", data={"update": insert}).status_code == 204
            nursery = nursery_of(server)
            for worker in children_of(nursery):
                os.kill(worker, signal.SIGKILL)
            statuses = [server.sparql(f"ASK {{ GRAPH <urn:g> {{ ?s ?p {number} }} }} # {n}") for n in range(2)]
            assert statuses[-1].json()["boolean"] is True
        (row,) = server.rows("SELECT (COUNT(*) AS ?n) WHERE { GRAPH <urn:g> { ?s ?p ?o } }")
        assert row["n"] == "3"
