"""The researcher's client, against the real server and against endpoints that misbehave."""

from __future__ import annotations

import contextlib
import email.utils
import http.server
import inspect
import json
import pydoc
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs

import nbformat
import pandas as pd
import pytest
import rdflib
from nbclient import NotebookClient
from rdflib.namespace import XSD

from hrc_graph import errors
from hrc_graph.client import Graph
from hrc_graph.errors import (
    BadInput,
    BadParameter,
    BadQuery,
    Busy,
    EngineFailure,
    HrcError,
    NotFound,
    OutOfMemory,
    ServiceRefused,
    TimedOut,
)
from hrc_graph.web import problems
from tests.conftest import ROOT, serving
from tests.test_engine import CROSS
from tests.test_queries import LIBRARY

LAHAT = "https://w3id.org/hrcity/id/place/id-lahat"
PREFIXES = """PREFIX hrc: <https://w3id.org/hrcity/def/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
NAMES = f"SELECT ?name WHERE {{ <{LAHAT}> <http://www.w3.org/2004/02/skos/core#prefLabel> ?name }}"
ORDERED = "SELECT ?s WHERE { ?s ?p ?o } ORDER BY ?s"


@pytest.fixture(scope="module")
def graph() -> Iterator[Graph]:
    with serving("--time-limit", "20") as running:
        yield Graph(running.url, time_limit=120)


def table(*values: str, name: str = "s") -> bytes:
    """SPARQL JSON results with one column of text."""
    rows = [{name: {"type": "literal", "value": value}} for value in values]
    return json.dumps({"head": {"vars": [name]}, "results": {"bindings": rows}}).encode()


@dataclass
class Reply:
    """What an endpoint says to one request. Without a length, the body ends with the connection."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/sparql-results+json"
    length: int | None = None
    drip: bool = False
    """Send one byte after the other, until the test is over."""


HANG_UP = Reply(status=0)


class Endpoint(http.server.ThreadingHTTPServer):
    """An endpoint that gives the replies it was told to give, one a request, and the last one again and again."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.queries: list[str] = []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def graph(self) -> Graph:
        return Graph(f"http://127.0.0.1:{self.server_port}/sparql", time_limit=20)

    def next(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.server.queries += form["query"]
        reply = self.server.next()
        if reply.status == 0:
            return
        self.send_response(reply.status)
        self.send_header("content-type", reply.media_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.length is not None:
            self.send_header("content-length", str(reply.length))
        self.end_headers()
        self.wfile.write(reply.body)
        with contextlib.suppress(OSError):
            while reply.drip and not self.server.over.wait(0.1):
                self.wfile.write(b" ")

    def log_message(self, format: str, *args: object) -> None:
        return


@contextlib.contextmanager
def endpoint(*replies: Reply) -> Iterator[Endpoint]:
    with Endpoint(*replies) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield listening
        listening.over.set()
        listening.shutdown()


def test_the_client_brings_no_server_and_no_store() -> None:
    code = "import sys, hrc_graph.client; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(done.stdout.split())
    assert "SPARQLWrapper" in loaded
    assert loaded & {"fastapi", "granian", "starlette", "pyoxigraph", "pandas", "numpy", "yaml", "typer"} == set()


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/sparql"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/sparql"),
        ("https://query.example/sparql", "https://query.example/sparql"),
        ("https://query.example/repositories/one", "https://query.example/repositories/one"),
    ],
)
def test_a_site_is_asked_at_its_endpoint_and_an_endpoint_as_it_is(url: str, asked: str) -> None:
    assert Graph(url).endpoint == asked


def test_what_is_no_web_address_is_refused() -> None:
    for url in ("", "query.example/sparql", "file:///etc/passwd"):
        with pytest.raises(NotFound, match="begins with https"):
            Graph(url)


def test_rows_are_terms_with_their_language_and_the_answer_keeps_its_snapshot(graph: Graph) -> None:
    answer = graph.sparql(NAMES)
    assert {"name": rdflib.Literal("Kabupaten Lahat", lang="id")} in answer.rows
    assert len(answer.snapshot) == 12
    assert answer.variables == ("name",)


def test_a_variable_without_a_value_is_none_in_a_row_and_missing_in_a_frame(graph: Graph) -> None:
    answer = graph.sparql("SELECT ?a ?b WHERE { VALUES (?a ?b) { (1 UNDEF) (2 3) } } ORDER BY ?a")
    assert answer.rows[0]["b"] is None
    assert answer.frame()["b"].isna().tolist() == [True, False]


def test_a_literal_is_kept_as_it_is_written() -> None:
    typed = table("007").replace(b'"literal"', b'"literal", "datatype": "' + XSD.integer.encode() + b'"')
    with endpoint(Reply(typed)) as listening:
        (row,) = listening.graph.sparql(ORDERED).rows
    value = row["s"]
    assert isinstance(value, rdflib.Literal)
    assert (str(value), value.datatype, value.toPython()) == ("007", XSD.integer, 7)


def test_the_columns_of_a_frame_have_the_types_of_their_values(graph: Graph) -> None:
    answer = graph.sparql(
        PREFIXES
        + """SELECT * WHERE { VALUES (?whole ?decimal ?real ?truth ?day ?moment ?local ?name ?thing ?mixed ?huge ?bad) {
          (1 1.5 2 true "2016-05-17"^^xsd:date "2016-05-17T10:00:00+07:00"^^xsd:dateTime
           "2016-05-17T10:00:00"^^xsd:dateTime "Lahat"@id hrc:Act 1 99999999999999999999 "x"^^xsd:integer)
          (UNDEF UNDEF 0.5 UNDEF UNDEF UNDEF UNDEF UNDEF UNDEF "a" UNDEF 1)
        } }"""
    )
    frame = answer.frame()
    text = ("name", "thing", "mixed", "huge", "bad")
    assert {name: str(type) for name, type in frame.dtypes.items()} == {
        "whole": "Int64",
        "decimal": "Float64",
        "real": "Float64",
        "truth": "boolean",
        "day": "datetime64[s]",
        "moment": "datetime64[us, UTC]",
        "local": "datetime64[us]",
    } | dict.fromkeys(text, "string")
    first = frame.iloc[0]
    assert (first["whole"], first["real"], first["truth"]) == (1, 2.0, True)
    assert first["day"] == pd.Timestamp(2016, 5, 17)
    assert first["moment"] == pd.Timestamp("2016-05-17T03:00:00Z")
    assert first["thing"] == "https://w3id.org/hrcity/def/Act"
    assert first["huge"] == "99999999999999999999"
    assert frame.iloc[1].drop(["real", "mixed", "bad"]).isna().all()


def test_a_frame_without_rows_has_its_columns(graph: Graph) -> None:
    assert list(graph.sparql("SELECT ?a ?b WHERE { FILTER (false) }").frame().columns) == ["a", "b"]


def test_without_pandas_a_frame_says_how_to_get_it(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = graph.sparql(NAMES)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NotFound, match=r"hrc-graph\[client\]"):
        answer.frame()


def test_an_ask_is_true_or_false_and_a_graph_is_of_rdflib(graph: Graph) -> None:
    assert graph.sparql(f"ASK {{ <{LAHAT}> ?p ?o }}").boolean is True
    assert graph.sparql("ASK { <urn:nothing> ?p ?o }").boolean is False
    described = graph.sparql(f"DESCRIBE <{LAHAT}>")
    assert (rdflib.URIRef(LAHAT), rdflib.SKOS.prefLabel, rdflib.Literal("Kabupaten Lahat", lang="id")) in (
        described.graph()
    )
    assert described.snapshot == graph.sparql("ASK {}").snapshot


def test_asking_an_answer_for_what_it_has_not_names_what_it_has(graph: Graph) -> None:
    with pytest.raises(BadInput, match="It has boolean"):
        _ = graph.sparql("ASK {}").rows
    with pytest.raises(BadInput, match="It has rows"):
        graph.sparql(NAMES).graph()
    with pytest.raises(BadInput, match=r"It has graph\(\)"):
        graph.sparql(f"DESCRIBE <{LAHAT}>").frame()


def test_a_long_query_is_asked_like_any_other(graph: Graph) -> None:
    assert graph.sparql(NAMES + "\n# " + "long " * 3500).rows == graph.sparql(NAMES).rows


@pytest.mark.parametrize("name", LIBRARY)
def test_every_question_is_asked_by_its_name(graph: Graph, name: str) -> None:
    answer = graph.ask(name)
    assert answer.variables
    assert len(answer.frame()) == len(answer.rows)


def test_a_question_takes_its_parameters_by_name(graph: Graph) -> None:
    answer = graph.ask("commitments-of-a-government", government="gov:id-lampung-timur")
    assert "48" in str(answer.rows)
    events = graph.ask("timeline", class_="hrc:Event", lang="id").rows
    assert {row["thing"] for row in events}.isdisjoint(row["thing"] for row in graph.ask("timeline").rows)


def test_a_parameter_may_be_a_number_a_date_or_a_term(graph: Graph) -> None:
    assert (
        graph.ask("adopted-by-a-date", day=date(2030, 1, 1)).rows
        == graph.ask("adopted-by-a-date", day="2030-01-01").rows
    )
    assert graph.ask("rule-after-a-forum", years=3).rows == graph.ask("rule-after-a-forum", years="3").rows
    whole = rdflib.URIRef("https://w3id.org/hrcity/id/gov/id-lampung-timur")
    asked = graph.ask("commitments-of-a-government", government=whole)
    assert asked.rows == graph.ask("commitments-of-a-government", government="gov:id-lampung-timur").rows


def test_a_wrong_parameter_is_named(graph: Graph) -> None:
    with pytest.raises(BadParameter, match="colour"):
        graph.ask("timeline", colour="red")
    with pytest.raises(BadParameter, match="“years”"):
        graph.ask("rule-after-a-forum", years="some")
    with pytest.raises(BadParameter, match="“class” cannot be None"):
        graph.ask("timeline", class_=None)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no-such-question"):
        graph.ask("no-such-question")


def test_the_questions_are_listed_in_plain_words_and_help_shows_their_parameters(graph: Graph) -> None:
    assert set(graph.questions) == set(LIBRARY)
    assert graph.questions["timeline"] == "What happened when, in the story of human rights cities?"
    timeline = graph.question("timeline")
    assert str(inspect.signature(timeline)) == "(*, class_='hrc:Milestone', lang='en')"
    shown = pydoc.plain(pydoc.render_doc(timeline))
    for said in (graph.questions["timeline"], "class_: iri, default hrc:Milestone", "The class of things to put"):
        assert said in shown
    assert timeline(lang="id").rows == graph.ask("timeline", lang="id").rows


def test_pages_lose_no_row_even_where_the_order_leaves_many_equal(graph: Graph) -> None:
    counted = "SELECT ?s (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?s"  # each worker meets them in another order
    text = f"SELECT ?s ?n WHERE {{ {{ {counted} }} FILTER (isIRI(?s)) }} ORDER BY ?n"
    whole = graph.sparql(text)
    paged = graph.sparql(text, page=5000)
    assert len(whole.rows) > 15_000
    assert {(row["s"], row["n"]) for row in paged.rows} == {(row["s"], row["n"]) for row in whole.rows}
    assert [row["n"] for row in paged.rows] == [row["n"] for row in whole.rows]
    assert (paged.snapshot, paged.variables) == (whole.snapshot, whole.variables)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * WHERE { ?place a hrc:Place ; skos:prefLabel ?name } ORDER BY LANG(?name) # by language",
        "SELECT ?place WHERE { ?place a hrc:Place } ORDER BY DESC(?place) VALUES ?unused { 1 }",
        "SELECT DISTINCT (LANG(?name) AS ?l) { ?place skos:prefLabel ?name } ORDER BY ?l",
        "SELECT (EXISTS { ?place hrc:partOf ?x } AS ?in) ?place { ?place a hrc:Place } ORDER BY ?in",
        "SELECT ?p { { SELECT ?p { ?p a hrc:Place } ORDER BY ?p LIMIT 20 } } ORDER BY ?p",
    ],
    ids=["star", "values", "distinct", "exists", "subquery"],
)
def test_any_form_of_an_ordered_select_is_read_in_pages(graph: Graph, text: str) -> None:
    whole, paged = graph.sparql(PREFIXES + text), graph.sparql(PREFIXES + text, page=300)
    assert len(whole.rows) > 1
    assert sorted(map(repr, paged.rows)) == sorted(map(repr, whole.rows))
    small = graph.sparql(PREFIXES + text, page=1 + len(whole.rows) // 2)
    assert small.rows == paged.rows


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT ?s WHERE { ?s ?p ?o }", "Without ORDER BY"),
        ("SELECT ?s WHERE { { SELECT ?s { ?s ?p ?o } ORDER BY ?s } }", "Without ORDER BY"),
        (ORDERED + " LIMIT 5", "with LIMIT"),
        (ORDERED + "\noffset 5", "with OFFSET cannot be read in pages. .line 2, column 1"),
        ("CONSTRUCT { ?s ?p ?o } WHERE { { SELECT * { ?s ?p ?o } } } ORDER BY ?s", "Only a SELECT"),
        ("ASK {}", "Only a SELECT"),
    ],
)
def test_what_has_no_stable_pages_is_refused_before_it_is_asked(text: str, said: str) -> None:
    with endpoint(Reply(table("a"))) as listening:
        with pytest.raises(BadQuery, match=said):
            listening.graph.sparql(text, page=10)
        with pytest.raises(BadParameter, match="0 rows"):
            listening.graph.sparql(ORDERED, page=0)
        assert listening.queries == []


def test_blank_nodes_are_not_read_in_pages(graph: Graph) -> None:
    with pytest.raises(BadQuery, match="blank nodes"):
        graph.sparql("SELECT ?s WHERE { ?s ?p ?o FILTER (isBlank(?s)) } ORDER BY ?s", page=10)


def test_pages_of_two_snapshots_are_never_mixed() -> None:
    pages = [Reply(table("a", "b"), headers={"X-Snapshot": each}) for each in ("one", "two")]
    with endpoint(*pages) as listening, pytest.raises(EngineFailure, match="snapshots one and two"):
        listening.graph.sparql(ORDERED, page=2)


def test_a_short_page_ends_at_a_server_that_names_its_snapshot() -> None:
    with endpoint(
        Reply(table("a", "b"), headers={"X-Snapshot": "one"}), Reply(table("c"), headers={"X-Snapshot": "one"})
    ) as listening:
        assert [str(row["s"]) for row in listening.graph.sparql(ORDERED, page=2).rows] == ["a", "b", "c"]
        assert [query.splitlines()[-1] for query in listening.queries] == ["LIMIT 2 OFFSET 0", "LIMIT 2 OFFSET 2"]


def test_an_endpoint_that_shortens_pages_silently_is_read_to_the_end() -> None:
    with endpoint(Reply(table("a", "b")), Reply(table("c")), Reply(table())) as listening:
        assert len(listening.graph.sparql(ORDERED, page=5).rows) == 3
        assert [query.splitlines()[-1] for query in listening.queries][-1] == "LIMIT 5 OFFSET 3"


BUSY = Reply(b"later", 503)


@pytest.mark.parametrize("first", [BUSY, Reply(b"slower", 429), HANG_UP], ids=["503", "429", "reset"])
def test_a_question_that_meets_a_busy_server_is_asked_again(first: Reply) -> None:
    with endpoint(first, first, Reply(table("a"))) as listening:
        assert len(listening.graph.sparql(ORDERED).rows) == 1
        assert len(listening.queries) == 3


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_a_server_is_not_asked_again_before_it_wants_to_be(as_date: bool) -> None:
    free = time.time() + 2
    wanted = email.utils.formatdate(free + 1, usegmt=True) if as_date else "2"
    replies = Reply(b"later", 503, {"Retry-After": wanted}), Reply(table("a"))
    with endpoint(*replies) as listening:
        listening.graph.sparql(ORDERED)
        assert time.time() >= free
        assert len(listening.queries) == 2


def test_a_server_that_wants_more_time_than_there_is_is_not_waited_for() -> None:
    with endpoint(Reply(b"later", 503, {"Retry-After": "3600"})) as listening:
        with pytest.raises(Busy, match="Ask again in 3600 seconds"):
            listening.graph.sparql(ORDERED)
        assert len(listening.queries) == 1


def test_asking_again_ends() -> None:
    with endpoint(BUSY) as listening:
        with pytest.raises(Busy, match="later"):
            listening.graph.sparql(ORDERED)
        assert len(listening.queries) == 4


def test_a_server_that_is_just_starting_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    listening = Endpoint.__new__(Endpoint)

    def start() -> None:
        listening.replies, listening.queries, listening.over = [Reply(table("a"))], [], threading.Event()
        http.server.ThreadingHTTPServer.__init__(listening, ("127.0.0.1", port), _Handler)
        listening.serve_forever(poll_interval=0.02)

    threading.Timer(0.2, start).start()
    try:
        assert len(Graph(f"http://127.0.0.1:{port}", time_limit=20).sparql(ORDERED).rows) == 1
    finally:
        listening.shutdown()
        listening.server_close()


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Reply(b"no", 400), BadQuery, "did not understand the query: no"),
        (Reply(b"who?", 401), EngineFailure, "HTTP 401: who?"),
        (Reply(b"gone", 404), NotFound, "is not there: gone"),
        (Reply(b"oops", 500), EngineFailure, "HTTP 500: oops"),
        (Reply(b"<html>", media_type="text/html"), EngineFailure, "text/html"),
        (Reply(table("a")[:-5], length=len(table("a"))), EngineFailure, "stopped in the middle"),
        (Reply(table("a", "b")[:-30]), EngineFailure, "cut off"),
        (Reply(b"[]"), EngineFailure, "cannot be read"),
        (Reply(b'{"head": {}, "boolean": "yes"}'), EngineFailure, "neither true nor false"),
        (Reply(table("a").replace(b'"literal"', b'"triple"')), EngineFailure, "of type “triple”"),
        (Reply(table("a").replace(b'["s"]', b'["t"]')), EngineFailure, "does not name"),
        (Reply(table("a").replace(b'"a"', b"1")), EngineFailure, "not text"),
    ],
)
def test_what_is_wrong_is_said_once_and_not_asked_again(reply: Reply, kind: type[HrcError], said: str) -> None:
    with endpoint(reply) as listening:
        with pytest.raises(kind, match=said) as caught:
            listening.graph.sparql(ORDERED)
        assert type(caught.value) is kind
        assert "127.0.0.1" in caught.value.message
        assert len(listening.queries) == 1


def test_a_graph_that_was_cut_off_is_an_error() -> None:
    cut = Reply(b"<urn:a> <urn:b> <urn:c> . <urn:a> <ur", media_type="text/turtle")
    with endpoint(cut) as listening, pytest.raises(EngineFailure, match="text/turtle"):
        listening.graph.sparql("CONSTRUCT WHERE { ?s ?p ?o }")


@pytest.mark.parametrize("drip", [Reply(drip=True, status=200), Reply(table("a"), drip=True)], ids=["space", "answer"])
def test_an_endpoint_that_never_ends_is_left_at_the_time_limit(drip: Reply) -> None:
    with endpoint(drip) as listening, pytest.raises(TimedOut, match="within 1 seconds"):
        Graph(listening.graph.endpoint, time_limit=1).sparql(ORDERED)


def test_an_endpoint_that_says_nothing_is_left_at_the_time_limit() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimedOut, match="within 1 seconds"):
        Graph(f"http://127.0.0.1:{silent.getsockname()[1]}", time_limit=1).sparql(ORDERED)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("SELECT * WHERE { ?s hcr:date ?o }", BadQuery, r"Unknown prefix hcr: \(line 1, column 21\) Did you mean hrc:"),
        ("INSERT DATA { <a> <b> <c> }", BadQuery, "this endpoint only reads"),
        ("SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", ServiceRefused, "SERVICE"),
    ],
)
def test_an_error_of_our_server_is_the_same_error_here(
    graph: Graph, text: str, kind: type[HrcError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        graph.sparql(text)
    assert type(caught.value) is kind
    assert caught.value.hint


def test_a_query_that_was_stopped_at_its_limit_is_not_asked_again() -> None:
    with serving("--time-limit", "0.5") as running:
        graph = Graph(running.url, time_limit=60)
        with pytest.raises((TimedOut, OutOfMemory)):
            graph.sparql(CROSS)
    stopped = json.dumps({"type": "urn:hrc:error:timed-out", "title": "stopped", "status": 503}).encode()
    with endpoint(Reply(stopped, 503, {"Retry-After": "1"}, "application/problem+json")) as listening:
        with pytest.raises(TimedOut):
            listening.graph.sparql(ORDERED)
        assert len(listening.queries) == 1


def test_every_error_of_ours_is_known_by_the_name_the_server_gives_it() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HrcError)]
    for kind in kinds:
        told = problems.respond(kind("what", "hint"), "application/json")
        reply = Reply(bytes(told.body), 400, media_type="application/problem+json")
        with endpoint(reply) as listening, pytest.raises(kind, match="what hint") as caught:
            listening.graph.sparql(ORDERED)
        assert type(caught.value) is kind


def test_the_notebook_runs_from_top_to_bottom(graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    notebook = nbformat.read(ROOT / "docs" / "researcher.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    monkeypatch.setenv("HRC_URL", graph.endpoint)
    for folder in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(folder, str(tmp_path / folder))
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": ROOT}}).execute()
    shown = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    assert "Kabupaten Lahat" in shown["first"][0].data["text/plain"]
    assert "title" in shown["pivot"][0].data["text/html"]
    assert graph.sparql("ASK {}").snapshot in shown["cite"][0].data["text/plain"]
