"""What an open endpoint must survive, sent to the real server: rows 1 to 12, 22, 33 and 34 of our list of attacks."""

from __future__ import annotations

import http.client
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.conftest import Listener, Server, serving
from tests.test_engine import CROSS
from tests.test_guard import BOMBS
from tests.test_sparql import LABEL

PLACES = "SELECT ?s WHERE { ?s a <https://w3id.org/hrcity/def/Place> } ORDER BY ?s LIMIT 500"
SLOW = "SELECT (COUNT(*) AS ?n%d) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
SORT = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i"
DOUBLED = " ".join(f"BIND (CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(29))
HUNGRY = {
    "sorting a cross product": SORT,
    "doubling a string": f'SELECT (STRLEN(?x29) AS ?n) WHERE {{ BIND ("xxxxxxxxxxxxxxxx" AS ?x0) {DOUBLED} }}',
    "joining every string to one": "SELECT (GROUP_CONCAT(?all) AS ?c) WHERE { ?a ?b ?c1 . ?d ?e ?f "
    "BIND (CONCAT(STR(?c1), STR(?f)) AS ?all) }",
    "keeping every pair apart": "SELECT (COUNT(*) AS ?n) WHERE "
    "{ SELECT DISTINCT ?c ?f ?d WHERE { ?a ?b ?c . ?d ?e ?f } }",
}  # fmt: skip


def children_of(process: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            about = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(about[1]), []).append(int(path.parent.name))
    found: list[int] = []
    waiting = [process]
    while waiting:
        more = parents.get(waiting.pop(), [])
        found += more
        waiting += more
    return found


def of_each(processes: list[int], read: Callable[[Path], int]) -> list[int]:
    found = []
    for process in processes:
        try:
            found.append(read(Path(f"/proc/{process}")))
        except (OSError, StopIteration):
            continue  # it has ended
    return found


def resident(process: Path) -> int:
    """Bytes of memory that are its own: what a worker shares with the process it was forked from is counted there."""
    kept = (line for line in (process / "smaps_rollup").read_text().splitlines() if line.startswith("Private_Dirty"))
    return int(next(kept).split()[1]) * 1024


def held(process: Path) -> int:
    return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ticks(process: Path) -> int:
    used = (process / "stat").read_text().rpartition(")")[2].split()
    return int(used[11]) + int(used[12])


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("way", ["form", "direct", "GET"])
def test_a_bomb_is_refused_and_no_process_is_lost(server: Server, bomb: str, way: str) -> None:
    before = children_of(server.process.pid)
    if way == "GET":
        response = server.get("sparql", params={"query": bomb[:20_000]})
        assert response.status_code in (400, 413, 414, 431)
    else:
        direct = {"content": bomb, "headers": {"content-type": "application/sparql-query"}}
        response = server.post("sparql", **(direct if way == "direct" else {"data": {"query": bomb}}))
        assert response.status_code == 400
        assert response.json()["limit"] in ("query_depth", "query_tokens", "query_bytes")
    assert server.sparql("ASK {}").json()["boolean"] is True
    assert set(before) <= set(children_of(server.process.pid))


def test_after_a_cross_product_is_stopped_nothing_goes_on_working(server: Server) -> None:
    response = server.sparql(CROSS)
    assert response.status_code == 503
    assert response.json()["limit"] == "time_limit"
    # What a server makes ready after its start may still be at work; a question that went on would be so for hours.
    for _ in range(60):
        processes = children_of(server.process.pid)
        before = sum(of_each(processes, ticks))
        time.sleep(1)
        used = sum(of_each(processes, ticks)) - before
        if used < os.sysconf("SC_CLK_TCK") / 2:
            break
    else:
        pytest.fail(f"a minute later it still used {used} ticks in a second")


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    with serving(memory_limit=128 * 2**20, time_limit=4, client_errors=1000) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("hungry", HUNGRY.values(), ids=HUNGRY.keys())
def test_a_hungry_query_stays_under_its_cap_while_others_are_served(small: Server, hungry: str) -> None:
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(small.sparql(hungry)))
    asking.start()
    most, served = 0, 0
    nursery = {child for child in children_of(small.process.pid) if children_of(child)}
    while asking.is_alive():
        workers = [child for child in children_of(small.process.pid) if child not in nursery]
        most = max([most, *of_each(workers, resident)])
        assert small.sparql(LABEL).status_code == 200
        served += 1
    asking.join()
    assert answers[0].status_code in (413, 503), answers[0].text
    assert answers[0].json()["limit"] in ("memory_limit", "time_limit", "answer_bytes", "answer_rows")
    assert 0 < most <= 128 * 2**20 + max(of_each([*nursery], held)), "the cap, and a copy of all it was forked with"
    assert served > 3
    assert small.process.poll() is None


def test_all_pairs_are_refused_whole(server: Server) -> None:
    pairs = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f }"
    for response in (server.sparql(pairs), server.sparql(pairs, accept="text/csv"), server.shown(pairs)):
        assert response.status_code in (413, 503), response.text[:200]
        assert int(response.headers["content-length"]) == len(response.content) < 10_000
    problem = server.sparql("SELECT (1 AS ?one) WHERE { ?a ?b ?c } LIMIT 100001").json()
    assert (problem["status"], problem["limit"]) == (413, "answer_rows")
    assert "/dumps/" in problem["detail"]


CALLS = {
    "plainly": "ASK { SERVICE <%s> { ?s ?p ?o } }",
    "silently": "ASK { SERVICE SILENT <%s> { ?s ?p ?o } }",
    "in odd case": "ASK { sErViCe sIlEnT <%s> { ?s ?p ?o } }",
    "after a comment": "ASK { SERVICE # a comment\n\n\t SILENT#\n <%s> { ?s ?p ?o } }",
    "by a prefix": "PREFIX x: <%s> ASK { SERVICE x: { ?s ?p ?o } }",
    "by a base": "BASE <%s> ASK { SERVICE <> { ?s ?p ?o } }",
    "by a variable": "ASK { VALUES ?e { <%s> } SERVICE ?e { ?s ?p ?o } }",
    "by a bound variable": "ASK { BIND (IRI('%s') AS ?e) SERVICE ?e { ?s ?p ?o } }",
    "in a subquery": "ASK { { SELECT * { OPTIONAL { SERVICE <%s> { ?s ?p ?o } } } } }",
    "in EXISTS": "ASK { FILTER EXISTS { SERVICE <%s> { ?s ?p ?o } } }",
    "close to a bracket": "ASK{SERVICE<%s>{?s ?p ?o}}",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_no_query_calls_another_server(server: Server, listener: Listener, call: str) -> None:
    for response in (
        server.sparql(call % listener.url),
        server.shown(call % listener.url),
        server.post("sparql", data={"query": call % listener.url}),
    ):
        assert response.status_code == 403
    assert listener.calls == 0


def test_a_keyword_written_with_escapes_calls_nobody(server: Server, listener: Listener) -> None:
    for escaped in ("S\\u0045RVICE", "\\U00000053ERVICE"):
        response = server.sparql(f"ASK {{ {escaped} SILENT <{listener.url}> {{ ?s ?p ?o }} }}")
        assert response.status_code in (400, 403)
    assert listener.calls == 0


@pytest.mark.parametrize(
    "text",
    ["LOAD <%s>", "LOAD SILENT <%s> INTO GRAPH <urn:x>", "INSERT DATA { <%s> <urn:b> 1 }", "DROP ALL", "CLEAR ALL",
     "DELETE WHERE { ?s ?p ?o }", "CREATE GRAPH <urn:x>", "COPY DEFAULT TO <urn:x>", "ASK {} ; DROP ALL",
     "WITH <urn:x> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }"],
)  # fmt: skip
def test_an_update_sent_as_a_query_is_refused(server: Server, listener: Listener, text: str) -> None:
    text = text.replace("%s", listener.url)
    assert server.get("sparql", params={"query": text}).status_code == 400
    assert server.post("sparql", data={"query": text}).status_code == 400
    assert listener.calls == 0


def test_no_graph_is_fetched_or_read_from_a_file(server: Server, listener: Listener) -> None:
    every = "SELECT * %s WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
    places = (listener.url, "file:///etc/passwd", "file:" + __file__, "../../etc/passwd", "ftp://127.0.0.1/")
    for place in places:
        for chosen in (f"FROM <{place}>", f"FROM NAMED <{place}>", f"FROM <{place}> FROM NAMED <{place}>"):
            assert server.rows(every % chosen) == []
        for name in ("default-graph-uri", "named-graph-uri"):
            response = server.get("sparql", params={"query": every % "", name: place})
            assert response.status_code == 400 or response.json()["results"]["bindings"] == []
        assert server.get("graphs", params={"graph": place}).status_code in (400, 404)
    assert listener.calls == 0


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$", "a{1,1000000}", "((a{1,1000}){1,1000}){1,1000}", "(.*){50}x",
     "(?=a)", "\\\\1", "[", "(((((((((((("],
)  # fmt: skip
def test_a_hostile_regular_expression_is_answered_or_refused(server: Server, pattern: str) -> None:
    text = f'SELECT ?m WHERE {{ BIND (REGEX("{"a" * 5000}!", "{pattern}") AS ?m) }}'
    replaced = f'SELECT ?m WHERE {{ BIND (REPLACE("{"a" * 5000}!", "{pattern}", "b$0$9") AS ?m) }}'
    for each in (text, replaced):
        response = server.sparql(each)
        assert response.status_code in (200, 400), response.text


def test_twenty_clients_with_slow_queries_do_not_keep_another_from_its_page(server: Server) -> None:
    things = itertools.cycle(row["s"].rpartition("/id/")[2] for row in server.rows(PLACES))
    slow: list[httpx.Response] = []

    def ask(number: int) -> None:
        slow.append(server.sparql(SLOW % number, **{"x-forwarded-for": f"198.51.100.{number}"}))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in asking:
        thread.start()
    pages: list[int] = []
    while any(thread.is_alive() for thread in asking):
        headers = {"accept": "text/html", "x-forwarded-for": "203.0.113.7"}
        pages.append(server.get(f"doc/{next(things)}", headers=headers).status_code)
    print(f"\n{len(pages)} pages beside them, {pages.count(503)} of them refused")
    assert pages.count(200) > 0.9 * len(pages)
    assert len(pages) > 2, "pages came while the others were waited for"
    assert {response.status_code for response in slow} <= {429, 503}
    for response in slow:
        busy = response.json()["type"].rpartition(":")[2] in ("busy", "throttled")
        assert ("retry-after" in response.headers) is busy


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?o WHERE { GRAPH ?g { ?s ?p ?o } FILTER REGEX(STR(?o), '[A-Za-z0-9._-]+@[A-Za-z-]+[.][A-Za-z]') }",
        "SELECT ?s WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } FILTER REGEX(STR(?p), 'mbox|phone|hasEmail') }",
        "SELECT ?g WHERE { GRAPH ?g { } FILTER REGEX(STR(?g), 'private|contact') }",
        "SELECT ?o WHERE { ?s <http://xmlns.com/foaf/0.1/mbox>|<http://www.w3.org/2006/vcard/ns#hasEmail> ?o }",
        "SELECT ?o FROM NAMED <https://w3id.org/hrcity/graph/contacts> WHERE { GRAPH ?g { ?s ?p ?o } }",
        "SELECT ?o WHERE { ?s ?p ?o FILTER (STRSTARTS(STR(?o), 'mailto:') || STRSTARTS(STR(?o), 'tel:')) }",
    ],
)
def test_no_contact_data_is_answered(server: Server, text: str) -> None:
    assert server.rows(text) == []


def raw(server: Server, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request that no client tidies up first."""
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    got = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return got


def test_ten_thousand_ranges_get_the_file_once_or_an_error(server: Server) -> None:
    status, _, body = raw(server, "GET", "/dumps/hrcity.nq", range="bytes=0-0" + ",5-9" * 1500)
    whole = server.get("dumps/hrcity.nq").content
    assert status in (400, 416, 431) or (status == 200 and body == whole)
    status, _, body = raw(server, "GET", "/dumps/hrcity.nq", range="bytes=" + ",".join(["0-"] * 10_000))
    assert status in (400, 416, 431) or (status == 200 and body == whole)
    status, about, body = raw(server, "GET", "/dumps/hrcity.nq", range="bytes=10-19")
    assert (status, body) == (206, whole[10:20])
    assert about["content-range"] == f"bytes 10-19/{len(whole)}"
    for wrong in ("bytes=9999999999-", "bytes=5-2", "lines=1-2", "bytes=a-b"):
        status, _, body = raw(server, "GET", "/dumps/hrcity.nq", range=wrong)
        assert status in (400, 416) or (status == 200 and body == whole)


HOSTS = ('evil"><script>', "evil.example/..", "a b", "evil@127.0.0.1", "evil.example:99999999", "[::1", "é", "")


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_that_is_none_is_refused(server: Server, host: str) -> None:
    status, _, body = raw(server, "GET", "/sparql?query=ASK%7B%7D", host=host.encode().decode("latin-1"))
    assert status == 400
    assert b"<script>" not in body


@pytest.mark.parametrize(
    "path",
    ["/", "/queries", "/queries/", "/doc/place/id-lahat", "/id/place/id-lahat", "/graphs/", "/dumps", "/sparql/",
     "/static", "//evil.example/", "//evil.example/..", "/id//evil.example", "/doc//evil.example", "/\\evil.example",
     "/sparql?query=ASK%7B%7D&format=html", "/nowhere", "/openapi.json"],
)  # fmt: skip
def test_no_page_and_no_redirect_leads_to_the_host_a_client_made_up(server: Server, path: str) -> None:
    for host in ("evil.example", "127.0.0.1"):
        status, about, body = raw(server, "GET", path, host=host, accept="text/html")
        assert status < 500
        assert "evil.example" not in about.get("location", "")
        assert about.get("location", "/x")[1] != "/"
        assert b"://evil.example" not in body


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/..%5capp.py", "/static//etc/passwd",
     "/dumps/../../etc/passwd", "/dumps/%2e%2e/%2e%2e/pyproject.toml", "/graphs/../../../etc/passwd",
     "/graph/..%2f..%2fetc%2fpasswd", "/doc/..%2f..%2fpyproject.toml", "/static/site.css%00.html", "/queries/..%2fx"],
)  # fmt: skip
def test_no_path_leads_out_of_its_folder(server: Server, path: str) -> None:
    status, _, body = raw(server, "GET", path)
    assert status in (400, 404, 405)
    assert b"root:" not in body
    assert b"[project]" not in body


ROUTES = (
    "/", "/sparql", "/sparql?query=ASK%7B%7D", "/queries", "/queries/timeline", "/queries/timeline/parameters",
    "/id/place/id-lahat", "/doc/place/id-lahat", "/doc/place/id-lahat.ttl", "/graphs", "/graphs/governments/id/lahat",
    "/graph/governments/id/lahat", "/dumps/", "/dumps/hrcity.nq", "/static/site.css", "/health", "/metrics",
    "/openapi.json", "/nowhere",
)  # fmt: skip


@pytest.mark.parametrize("path", ROUTES)
def test_odd_headers_and_methods_never_break_a_route(server: Server, path: str) -> None:
    odd = (
        "garbage", ";;;q=", "text/html;q=nan", "text/html;q=1e999", "*/*;q=-1", ",,,", "a/b;q=2;q=x", "*",
        "text/" + "x" * 8000, quote("\0\1"), "é".encode().decode("latin-1"), "text/html;level=1;q=0.4, */*;q=0",
    )  # fmt: skip
    for accept in odd:
        status, _, _ = raw(server, "GET", path, accept=accept)
        assert status in (200, 303, 400, 404, 406, 431), accept[:50]
    for name in ("accept-encoding", "if-none-match", "x-forwarded-for", "accept-language", "range"):
        for value in ("garbage", ";q=;,", '"' * 2000, "*;q=nan", "\xff"):
            assert raw(server, "GET", path, **{name: value})[0] in (200, 206, 303, 304, 400, 404, 406, 416), (
                name,
                value,
            )
    for method in ("OPTIONS", "TRACE", "CONNECT", "PROPFIND", "G" * 500):
        status, about, _ = raw(server, method, path)
        assert status in (200, 204, 400, 404, 405, 501), method
        if status == 405:
            assert about["allow"]
