"""What tests share: the shipped workspace, a snapshot of it, an engine, and the real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyoxigraph as ox
import pytest
from playwright.sync_api import Browser, sync_playwright

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Question, snapshots
from hrc_graph.engine.embedded import Embedded
from hrc_graph.settings import Settings
from hrc_graph.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from tests.office import Office

ROOT = Path(__file__).parent.parent
_NO_TLS = ssl.create_default_context()
"""Made once: making it takes longer than most requests."""
FIXTURES = Path(__file__).parent / "fixtures"
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


_LONGEST = ("test_walk.py", "test_desk_deciding.py", "test_index.py", "test_desk_load.py", "test_sheets.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with long tests come first: so what is left at the end is short, whichever process has it."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name not in _LONGEST, item.path not in slow))


@dataclass
class Server:
    """A running `hrc serve`."""

    url: str
    process: subprocess.Popen[str]
    output: list[str]
    """What it wrote until it listened."""
    log: list[str] = field(default_factory=list)
    """What it wrote since, read all the time: a server whose log nobody reads would come to a stop."""

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(method, self.url + path.lstrip("/"), timeout=30, verify=_NO_TLS, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def sparql(self, text: str, **headers: str) -> httpx.Response:
        return self.get("sparql", params={"query": text}, headers=headers)

    def shown(self, text: str) -> httpx.Response:
        """The page of an answer, as a browser without scripts asks for it."""
        return self.get("sparql", params={"query": text, "format": "html"}, headers={"accept": "text/html"})

    def rows(self, text: str) -> list[dict[str, str]]:
        """The solutions of a SELECT, values as text."""
        response = self.sparql(text, accept="application/sparql-results+json")
        assert response.status_code == 200, response.text
        bindings = response.json()["results"]["bindings"]
        return [{name: term["value"] for name, term in row.items()} for row in bindings]


_WITH_SETTINGS = """
import json, sys
from pathlib import Path
from hrc_graph.engine import snapshots
from hrc_graph.settings import Settings
from hrc_graph.web import server
from hrc_graph.workspace import open_workspace
opened = open_workspace(Path(sys.argv[1]), Settings(**json.loads(sys.argv[2])))
snapshot = snapshots.current(opened.files, opened.state, base=opened.settings.base)
server.run(opened, snapshot, server.Place("127.0.0.1", 0), lambda address: print(f"Listening on {address}", flush=True))
"""
"""What `hrc serve` does, with settings that it has no options for."""


@contextlib.contextmanager
def serving(
    *arguments: str, workspace: Path = ROOT, program: str = _WITH_SETTINGS, **settings: float
) -> Iterator[Server]:
    """Start `hrc serve` on a free port of loopback, with options of its own or with settings; end it afterwards."""
    command = [sys.executable, "-m", "hrc_graph", "serve", "--port", "0", "--workspace", str(workspace), *arguments]
    if settings or program is not _WITH_SETTINGS:
        command = [sys.executable, "-c", program, str(workspace), json.dumps(settings)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    output: list[str] = []
    reading: threading.Thread | None = None
    try:
        for line in process.stdout:
            output.append(line)
            address = re.search(r"Listening on (http://\S+)", line)
            if address:
                log: list[str] = []
                reading = threading.Thread(target=log.extend, args=(process.stdout,), daemon=True)
                reading.start()
                yield Server(address[1], process, output, log)
                break
        else:
            raise AssertionError("the server ended before it listened:\n" + "".join(output))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        if reading:
            reading.join(timeout=20)
        process.stdout.close()


class Listener:
    """A socket on loopback that must not be called: it remembers who did."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._socket.accept()[0].close()
                self.calls += 1

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """A server that a query or an update might try to fetch from, shown to be reachable."""
    listening = Listener()
    socket.create_connection(("127.0.0.1", int(listening.url.split(":")[2].strip("/")))).close()
    while not listening.calls:
        time.sleep(0.01)
    listening.calls = 0
    yield listening
    listening.close()


@pytest.fixture(scope="session")
def workspace() -> Workspace:
    """The repository itself: the shipped ontology, data and questions."""
    return open_workspace(ROOT)


@pytest.fixture(scope="session")
def store(workspace: Workspace) -> ox.Store:
    """Every shipped graph and what is derived from them, in memory; treat it as read-only."""
    return snapshots.load(workspace.files, base=namespaces.BASE)


@pytest.fixture(scope="session")
def snapshot(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> snapshots.Snapshot:
    """A snapshot of the shipped files, built from nothing."""
    return snapshots.current(workspace.files, tmp_path_factory.mktemp("state"), base=namespaces.BASE)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """`hrc serve` on the shipped data, with a time limit short enough to wait for."""
    with serving("--time-limit", "2") as running:
        yield running


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A fictional secretariat, and `hrc serve` for it."""
    from hrc_graph.desk.accounts import Role
    from tests import office

    with office.opened(tmp_path_factory.mktemp("office")) as running:
        running.account(Role.admin)
        yield running


@pytest.fixture
def ask(snapshot: snapshots.Snapshot) -> Callable[..., Answer]:
    """Ask one question of a fresh engine, with chosen settings."""

    def asked(text: str, settings: Settings | None = None, table: formats.Format = formats.JSON) -> Answer:
        async def run() -> Answer:
            async with Embedded(snapshot, settings or Settings(workers=1)) as engine:
                return await engine.answer(Question(text, table, formats.TURTLE, namespaces.BASE))

        return asyncio.run(run())

    return asked


def select(store: ox.Store, text: str) -> list[dict[str, str]]:
    """The solutions of a SELECT over a store of named graphs, values as text."""
    prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.prefixes().items())
    results = store.query(prologue + text, use_default_graph_as_union=True)
    assert isinstance(results, ox.QuerySolutions)
    body = results.serialize(format=ox.QueryResultsFormat.JSON)
    assert body
    return [{name: term["value"] for name, term in row.items()} for row in json.loads(body)["results"]["bindings"]]


def bindings(answer: Answer) -> list[dict[str, str]]:
    """The solutions of a JSON answer, values as text."""
    found = json.loads(answer.body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it; a test that needs it is skipped where there is none."""
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield running
        running.close()
