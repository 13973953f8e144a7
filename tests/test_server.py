"""The running server over time: new snapshots take over under load, and nothing outlives it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, Server, serving
from tests.past import built

pytestmark = pytest.mark.slow

COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
FICTIONAL = "<id/orgn/fictional-{n}> <def/remark> 'fictional' ."


@pytest.fixture
def workspace_copy(tmp_path: Path) -> Path:
    for folder in ("ontology", "queries", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    built(tmp_path)
    return tmp_path


def build(workspace: Path) -> str:
    """Make the snapshot of the files as they are; its id."""
    command = [sys.executable, "-m", "hrc_graph", "build", "--workspace", str(workspace)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0]


@contextlib.contextmanager
def asking(server: Server, clients: int) -> Iterator[list[tuple[int, str, str]]]:
    """Clients that count triples all the while, never in the same words; status, snapshot and count of each answer."""
    answers: list[tuple[int, str, str]] = []
    stop = threading.Event()

    def ask(client: int) -> None:
        with httpx.Client(timeout=30) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                text = f"{COUNT} # {client} {number}"
                answer = connection.get(server.url + "sparql", params={"query": text}, headers={"accept": "text/csv"})
                answers.append((answer.status_code, answer.headers.get("x-snapshot", ""), answer.text))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_new_snapshot_takes_over_under_load_without_a_failed_or_mixed_answer(workspace_copy: Path) -> None:
    with serving(workspace=workspace_copy) as server, asking(server, 3) as answers:
        snapshots = [server.get("health").json()["snapshot"]]
        for number in range(2):
            name = f"fictional-{number}.ttl"
            (workspace_copy / "data" / "organisations" / name).write_text(FICTIONAL.format(n=number), "utf-8")
            snapshots.append(build(workspace_copy))
            end = time.monotonic() + 20
            while server.get("health").json()["snapshot"] != snapshots[-1]:
                assert time.monotonic() < end, "the server does not turn to the new snapshot"
                time.sleep(0.05)
        time.sleep(0.5)
    assert {status for status, _, _ in answers} == {200}
    assert {snapshot for _, snapshot, _ in answers} == set(snapshots)
    counts = {snapshot: {text for _, of, text in answers if of == snapshot} for snapshot in snapshots}
    assert all(len(texts) == 1 for texts in counts.values()), "one snapshot, two truths"
    assert len(set.union(*counts.values())) == len(snapshots)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["ended", "killed"])
@pytest.mark.skipif(not Path("/proc").exists(), reason="there is no /proc to look processes up in")
def test_no_process_outlives_the_server(how: signal.Signals) -> None:
    with serving() as server:
        with contextlib.suppress(httpx.HTTPError), httpx.Client(timeout=0.5) as connection:
            connection.get(server.url + "sparql", params={"query": f"{COUNT} {{ ?a ?b ?c }} {{ ?d ?e ?f }}"})
        begun = descendants(server.process.pid)
        assert len(begun) >= 3
        os.kill(server.process.pid, how)
        server.process.wait(20)
        end = time.monotonic() + 10
        while left := [process for process in begun if Path(f"/proc/{process}").exists()]:
            assert time.monotonic() < end, f"{left} live on"
            time.sleep(0.05)


def descendants(root: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]
