"""What one client may take, what is counted, what is logged, and what happens to a request that never ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT, Server, serving
from tests.test_attacks import SLOW
from tests.test_engine import SOME_WORK
from tests.test_guard import BOMBS
from tests.test_sparql import LABEL

OTHER = {"x-forwarded-for": "203.0.113.5, 203.0.113.9"}


@pytest.fixture(scope="module")
def strict() -> Iterator[Server]:
    """A server with a small share for each client, and little patience."""
    with serving(client_seconds=0.5, client_errors=5, time_limit=1) as running:
        yield running


def test_a_client_past_its_seconds_has_to_wait_while_another_goes_on(strict: Server) -> None:
    greedy = {"x-forwarded-for": "198.51.100.77"}
    assert strict.sparql(SLOW % 1, **greedy).status_code == 503
    refused = strict.sparql(LABEL, **greedy)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["retry-after"] in refused.json()["detail"]
    assert refused.json()["limit"] == "client_seconds"
    page = strict.get("doc/place/id-lahat", headers=greedy | {"accept": "text/html"})
    assert page.status_code == 429
    assert strict.sparql(LABEL, **OTHER).status_code == 200
    assert strict.sparql(LABEL, **greedy).status_code == 200, "what is known already costs nothing"
    assert strict.sparql("ASK {}").status_code == 200, "the operator on this machine has no limit"


WRONG = ("SELECT * WHERE {", "DROP ALL", "SELECT * WHERE { ?s hcr:x ?o }", BOMBS["3,000 braces"])


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_client_gets_so_many_errors_and_no_more_or_fewer(strict: Server, number: int) -> None:
    client = {"x-forwarded-for": f"192.0.2.{number}"}

    def fail() -> None:
        assert strict.post("sparql", data={"query": WRONG[number]}, headers=client).status_code == 400

    for _ in range(4):
        fail()
    assert strict.sparql(f"{LABEL} #{number}", **client).status_code == 200
    fail()
    fail()  # some of the minute has passed
    refused = strict.sparql(f"{LABEL} #{number} again", **client)
    assert (refused.status_code, refused.json()["limit"]) == (429, "client_errors")
    assert strict.sparql(f"{LABEL} #{number} other", **OTHER).status_code == 200


def test_a_proxy_is_believed_about_the_one_address_it_saw(strict: Server) -> None:
    for number in range(7):
        strict.sparql("ASK {", **{"x-forwarded-for": f"203.0.113.{number}, 192.0.2.200"})
    assert strict.sparql(f"{LABEL} #a", **{"x-forwarded-for": "192.0.2.200"}).status_code == 429
    assert strict.sparql(f"{LABEL} #b", **{"x-forwarded-for": "203.0.113.1"}).status_code == 200


def numbers(server: Server) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(server.get("metrics").text)
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_count_what_was_done(server: Server) -> None:
    before = numbers(server)
    query = "SELECT (1 AS ?counted) WHERE {}"
    for _ in range(3):
        assert server.sparql(query).status_code == 200
    assert server.sparql("ASK {").status_code == 400
    assert server.get("nowhere/at/all").status_code == 404
    assert server.get("queries").status_code == 200
    after = numbers(server)
    done = {key: after[key] - before.get(key, 0) for key in after}
    assert done["hrc_requests_total", "sparql 200"] == 3
    assert done["hrc_requests_total", "sparql 400"] == 1
    assert done["hrc_requests_total", "other 404"] == 1
    assert done["hrc_requests_total", "queries 200"] == 1
    assert done["hrc_request_seconds_count", "sparql"] == 4
    assert done["hrc_cache_hits_total", ""] == 2
    assert done["hrc_cache_misses_total", ""] == 2
    assert after["hrc_workers", ""] >= 2
    end = time.monotonic() + 60
    while numbers(server)["hrc_questions_running", ""]:  # what a server asks itself as it starts
        assert time.monotonic() < end
        time.sleep(0.2)
    assert ("hrc_snapshot_info", server.sparql("ASK {}").headers["x-snapshot"]) in after


def test_the_log_is_json_without_queries_or_whole_addresses(strict: Server) -> None:
    secret = "a-word-nobody-may-keep"
    addresses = ("198.51.100.78", "2001:db8:1:2:3:4:5:6", "no-address-<script>")
    for address in addresses:
        for text in (
            f"ASK {{ ?s ?p '{secret}' ",
            f"ASK {{ SERVICE <http://{secret}/> {{}} }}",
            SLOW.replace("n%d", "x"),
        ):
            strict.sparql(text, **{"x-forwarded-for": address})
        strict.get(f"doc/{secret}", headers={"x-forwarded-for": address})
        strict.get(f"queries/timeline?{secret}=1", headers={"x-forwarded-for": address, "user-agent": secret})
    time.sleep(0.3)
    lines = [json.loads(line) for line in strict.log]  # an error here is a line that is no JSON
    assert len(lines) >= 15
    assert all({"time", "event"} <= line.keys() for line in lines)
    whole = "".join(strict.log)
    assert secret not in whole
    assert not any(address in whole for address in addresses)
    assert {"198.51.100.0/24", "2001:db8:1::/48"} <= {line.get("client") for line in lines}
    assert {"BadQuery", "ServiceRefused", "TimedOut"} <= {line.get("error") for line in lines}


def talk(server: Server, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What comes back for bytes on a socket, sent with pauses."""
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except OSError:
            pass  # it has answered already and wants no more
        found = b""
        while data := connection.recv(65536):
            found += data
            if b"\r\n\r\n" in found and b'"status"' in found:
                break
        return found


HEAD = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"


def test_a_body_that_does_not_come_gets_a_408(strict: Server) -> None:
    for length in (b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        answer = talk(strict, HEAD + length)
        assert b" 408 " in answer.partition(b"\r\n")[0]
    drops = talk(strict, HEAD + b"Content-Length: 100\r\n\r\n", *[b"#"] * 15, pause=0.1)
    assert b" 408 " in drops.partition(b"\r\n")[0]
    assert strict.sparql("ASK {}").status_code == 200


def test_a_body_without_end_is_refused_while_it_arrives(server: Server) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"# a comment that goes on and on\n" * 2000

    where = server.url + "sparql"
    try:
        status = httpx.post(
            where, content=endless(), headers={"content-type": "application/sparql-query"}, timeout=20
        ).status_code
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        status = 400  # it was cut off while it was sending
    assert status == 400
    chunk = b"10000\r\n" + b"#" * 65536 + b"\r\n"
    answer = talk(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 20)
    assert b" 400 " in answer.partition(b"\r\n")[0]
    form = "&".join(f"x{number}=1" for number in range(10_000))
    many = server.post("sparql", content=form, headers={"content-type": "application/x-www-form-urlencoded"})
    assert many.status_code == 400
    claimed = talk(server, HEAD + b"Content-Length: 1073741824\r\n\r\n", b"#" * 2_000_000)
    assert b" 400 " in claimed.partition(b"\r\n")[0]
    assert server.sparql("ASK {}").status_code == 200


def test_a_client_that_hangs_up_has_its_query_stopped(server: Server) -> None:
    where = urlsplit(server.url)
    before = numbers(server)
    with socket.create_connection((where.hostname, where.port)) as connection:
        query = (SLOW % 99).encode()
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(query) + query)
        time.sleep(0.5)
        assert numbers(server)["hrc_questions_running", ""] == 1
    key = ("hrc_workers_replaced_total", "client gone")
    until = time.monotonic() + 1.5
    after = numbers(server)
    while after.get(key, 0) == before.get(key, 0) and time.monotonic() < until:
        time.sleep(0.05)
        after = numbers(server)
    assert after[key] == before.get(key, 0) + 1
    end = time.monotonic() + 60
    while numbers(server)["hrc_questions_running", ""]:  # what a server asks itself as it starts
        assert time.monotonic() < end
        time.sleep(0.2)
    assert after["hrc_requests_total", "sparql 499"] >= 1


def test_a_log_that_nobody_reads_stops_no_request() -> None:
    command = [sys.executable, "-m", "hrc_graph", "serve", "--port", "0", "--workspace", str(ROOT)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    try:
        url = process.stdout.readline().split()[-1]
        with httpx.Client(timeout=10) as client:
            for _ in range(900):  # more than a pipe holds
                assert client.get(url + "nowhere").status_code == 404
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
        process.stderr.close()


_BROKEN = """
import sys
from pathlib import Path
from starlette.responses import StreamingResponse
from hrc_graph.engine import snapshots
from hrc_graph.web import app, server
from hrc_graph.workspace import open_workspace

create = app.create
def with_bugs(*given):
    made = create(*given)
    @made._rest.get("/bug")
    async def bug(): raise RuntimeError("a-bug")
    @made._rest.get("/torn")
    async def torn():
        async def part():
            yield b"half"
            raise RuntimeError("a-bug")
        return StreamingResponse(part(), headers={"content-length": "8"})
    return made

app.create = with_bugs
opened = open_workspace(Path(sys.argv[1]))
snapshot = snapshots.current(opened.files, opened.state, base=opened.settings.base)
server.run(opened, snapshot, server.Place("127.0.0.1", 0), lambda address: print(f"Listening on {address}", flush=True))
"""


def test_a_bug_is_a_500_that_is_logged_once_and_keeps_nobody_waiting() -> None:
    with serving(program=_BROKEN) as server:
        for _ in range(3):
            for method in ("GET", "HEAD"):
                response = server.request(method, "bug")
                assert response.status_code == 500
                assert response.headers["content-type"] == "application/problem+json"
                assert "a-bug" not in response.text
        page = server.get("bug", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
        assert numbers(server)["hrc_requests_total", "other 500"] == 7
        time.sleep(0.3)
        events = [json.loads(line)["event"] for line in server.log]
        assert (events.count("unexpected error"), events.count("request")) == (7, 7)
        assert all("a-bug" in line for line in server.log if "traceback" in line)
        with pytest.raises(httpx.RemoteProtocolError):
            server.get("torn")
        assert server.get("health").status_code == 200


def test_many_clients_at_once_all_get_the_right_answer(server: Server) -> None:
    expected = server.sparql(SOME_WORK.replace("?a ?q ?y", "?a a ?y")).content
    wrong: list[object] = []

    def ask(number: int) -> None:
        with httpx.Client(timeout=60) as client:
            for each in range(3):
                text = SOME_WORK.replace("?a ?q ?y", "?a a ?y") + f" #{number} {each}"
                answer = client.get(server.url + "sparql", params={"query": text})
                if answer.status_code not in (200, 503) or (answer.status_code == 200 and answer.content != expected):
                    wrong.append((answer.status_code, answer.text[:200]))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert wrong == []
