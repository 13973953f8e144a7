"""A busy day: four people at the desk at once, and whoever comes second is told so; nothing is lost or done twice."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from hrc_graph import namespaces
from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import State
from hrc_graph.settings import Settings
from tests.conftest import serving
from tests.office import Office, stamp_in
from tests.test_desk_import import own_workspace
from tests.test_tables import HEADER, commitments

APPLICATIONS, ROWS, CLIENTS = 100, 1_000, 4
COUNT = "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/hrcity/def/Commitment> }"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    root = own_workspace(tmp_path)
    with serving(workspace=root) as running:
        desk = open_desk(root, Settings())
        yield Office(running, root, desk)
        desk.database.close()


class Client:
    """A reviewer with a browser, who counts what they are told."""

    def __init__(self, office: Office) -> None:
        cookie = office.cookie(office.account(Role.reviewer))
        headers = {"cookie": cookie, "accept": "text/html", "sec-fetch-site": "same-origin"}
        self._http = httpx.Client(base_url=office.server.url, headers=headers, timeout=600)
        self._stamp = stamp_in(self._http.get("desk/import").text)
        self.told: Counter[int] = Counter()

    def get(self, page: str) -> str:
        return self._http.get(page).text

    def press(self, page: str, **fields: str) -> httpx.Response:
        response = self._http.post(page, data={"stamp": self._stamp} | fields)
        self.told[response.status_code] += 1
        return response

    def send(self, rows: list[list[str]]) -> str:
        """Send a table; its page."""
        text = io.StringIO()
        csv.writer(text).writerows([HEADER, *rows])
        file = {"file": ("adoption.csv", text.getvalue().encode())}
        response = self._http.post("desk/import", data={"stamp": self._stamp}, files=file)
        assert response.status_code == 303, response.text
        return str(response.headers["location"]).lstrip("/")

    def publish(self, page: str) -> None:
        """Publish, again where somebody else was first, until it is done."""
        for _ in range(2 * CLIENTS):
            response = self.press(page, do="publish")
            if response.status_code == 303:
                return
            assert response.status_code == 409, response.text
        raise AssertionError("somebody else was always first")

    def decline(self, references: list[str]) -> None:
        """Take applications on, and decline them; somebody else may have."""
        for reference in references:
            self.press(f"desk/applications/{reference}", state="received", to="in-review")
            self.press(f"desk/applications/{reference}", state="in-review", to="declined", why="a fictional reason")

    def close(self) -> None:
        """Close the browser."""
        self._http.close()


@pytest.fixture
def clients(office: Office) -> Iterator[list[Client]]:
    people = [Client(office) for _ in range(CLIENTS)]
    yield people
    for each in people:
        each.close()


@pytest.mark.slow
def test_four_people_work_off_a_hundred_applications_and_a_thousand_rows(
    office: Office, clients: list[Client], store: ox.Store
) -> None:
    office.stamp("join")
    time.sleep(3.1)
    references = [office.apply(government=f"Kota Rekaan {number}")[0] for number in range(APPLICATIONS)]
    at_once(clients, lambda client: client.decline(references))
    told = sum((client.told for client in clients), Counter[int]())
    assert told == {303: 2 * APPLICATIONS, 409: 2 * APPLICATIONS * (CLIENTS - 1)}
    for reference in references:
        steps = [step.after for step in office.desk.applications.steps(reference)]
        assert steps == [State.received, State.in_review, State.declined]

    before = int(office.server.rows(COUNT)[0]["n"])
    new = [row for row in commitments(store, 100 * ROWS) if not is_recorded(row, store)]
    rows = sorted(new)[:ROWS]  # by government: the clients meet in the same records
    assert len(rows) == ROWS
    wrong = [[*row[:2], "hugged", *row[3:]] if number % 2 else row for number, row in enumerate(rows)]
    page = clients[0].send(wrong)
    said = clients[0].get(page)
    assert f"{ROWS // 2} problems" in said
    first = [int(row) for row in re.findall(r'adoption</td><td class="number">(\d+)</td><td>mode', said)]
    assert first == [number + 2 for number in range(1, ROWS, 2)]
    assert clients[0].press(page, do="publish").status_code == 400

    right = rows[::2]
    pages = {client: client.send(right[number::CLIENTS]) for number, client in enumerate(clients)}
    for client in clients:
        client.told.clear()
    at_once(clients, lambda client: client.publish(pages[client]))
    told = sum((client.told for client in clients), Counter[int]())
    assert told[303] == CLIENTS
    assert set(told) <= {303, 409}
    assert told[409] >= 1, "they wrote on the same records"
    for _ in range(100):
        if int(office.server.rows(COUNT)[0]["n"]) == before + len(right):
            break
        time.sleep(0.1)
    assert int(office.server.rows(COUNT)[0]["n"]) == before + len(right)
    log = subprocess.run(["git", "log", "--format=%s"], cwd=office.root, capture_output=True, text=True, check=True)
    assert log.stdout.count("import of adoption.csv") == CLIENTS
    verify = [sys.executable, "-m", "hrc_graph", "audit", "verify", "--workspace", str(office.root)]
    assert subprocess.run(verify, capture_output=True).returncode == 0


def is_recorded(row: list[str], store: ox.Store) -> bool:
    """Whether a government endorses this text already."""
    government, text, mode = (word.rpartition(":")[2] for word in row[:3])
    act = ox.NamedNode(f"{namespaces.BASE}id/act/{government}--{mode}--{text}")
    return next(store.quads_for_pattern(act, None, None, None), None) is not None


def at_once(clients: list[Client], work: Callable[[Client], object]) -> None:
    with ThreadPoolExecutor(CLIENTS) as people:
        list(people.map(work, clients))
