"""`/sparql` over HTTP, against the real server."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import httpx
import pytest
import rdflib
import rdflib.compare
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, GET, JSON, JSONLD, N3, POST, RDFXML, TSV, TURTLE, XML, SPARQLWrapper

from tests.conftest import Server
from tests.test_engine import CROSS
from tests.test_guard import BOMBS

LABEL = (
    "SELECT ?label WHERE { <https://w3id.org/hrcity/id/place/id-lahat> "
    "<http://www.w3.org/2004/02/skos/core#prefLabel> ?label FILTER (LANG(?label) = 'id') }"
)
DIRECT = "application/sparql-query"
DESCRIBED = "CONSTRUCT { ?s ?p ?o } WHERE { BIND (<https://w3id.org/hrcity/id/place/id-lahat> AS ?s) ?s ?p ?o }"


def test_get_post_form_and_post_direct_give_the_same_answer(server: Server) -> None:
    by_get = server.get("sparql", params={"query": LABEL})
    by_form = server.post("sparql", data={"query": LABEL})
    direct = server.post("sparql", content=LABEL, headers={"content-type": "application/sparql-query"})
    assert by_get.content == by_form.content == direct.content
    assert by_get.json()["results"]["bindings"][0]["label"] == {
        "type": "literal", "value": "Kabupaten Lahat", "xml:lang": "id",
    }  # fmt: skip


def test_an_answer_says_that_it_is_whole_and_of_which_snapshot(server: Server) -> None:
    response = server.sparql(LABEL)
    assert response.headers["x-result-complete"] == "true"
    assert response.headers["x-row-count"] == "1"
    assert len(response.headers["x-snapshot"]) == 12
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize(
    ("accept", "media_type", "part"),
    [
        ("application/sparql-results+json", "application/sparql-results+json", '"Kabupaten Lahat"'),
        ("application/sparql-results+xml", "application/sparql-results+xml", "<literal"),
        ("text/csv", "text/csv; charset=utf-8", "label\r\nKabupaten Lahat"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8", '"Kabupaten Lahat"@id'),
    ],
)
def test_a_table_comes_in_the_format_asked_for(server: Server, accept: str, media_type: str, part: str) -> None:
    response = server.sparql(LABEL, accept=accept)
    assert response.headers["content-type"] == media_type
    assert part in response.text


@pytest.mark.parametrize(
    ("accept", "syntax"),
    [
        ("text/turtle", "turtle"),
        ("application/n-triples", "nt"),
        ("application/ld+json", "json-ld"),
        ("application/rdf+xml", "xml"),
    ],
)
def test_a_graph_comes_in_the_format_asked_for_and_is_the_same_graph(server: Server, accept: str, syntax: str) -> None:
    response = server.sparql(DESCRIBED, accept=accept)
    assert response.headers["content-type"].startswith(accept)
    graph = rdflib.Graph().parse(data=response.text, format=syntax)
    reference = rdflib.Graph().parse(data=server.sparql(DESCRIBED, accept="text/turtle").text, format="turtle")
    assert len(graph) > 5
    assert rdflib.compare.isomorphic(graph, reference)


@pytest.mark.parametrize("name", ["format", "output", "results"])
def test_a_short_name_overrides_accept_and_an_unknown_one_is_ignored(server: Server, name: str) -> None:
    csv = server.get("sparql", params={"query": LABEL, name: "csv"}, headers={"accept": "text/turtle"})
    assert csv.headers["content-type"].startswith("text/csv")
    unknown = server.get("sparql", params={"query": LABEL, name: "png"})
    assert unknown.headers["content-type"] == "application/sparql-results+json"


def test_named_graphs_are_the_files_and_the_default_graph_is_their_union(server: Server) -> None:
    graph = "https://w3id.org/hrcity/graph/governments/id/lahat"
    (inside,) = server.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
    (everywhere,) = server.rows("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    (union,) = server.rows("SELECT (COUNT(*) AS ?n) WHERE { SELECT DISTINCT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } } }")
    assert 0 < int(inside["n"]) < int(everywhere["n"]) == int(union["n"])


def test_the_protocols_graph_parameters_choose_stored_graphs(server: Server) -> None:
    graph = "https://w3id.org/hrcity/graph/governments/id/lahat"
    count = "SELECT (COUNT(*) AS ?n) FROM <urn:overridden> WHERE { ?s ?p ?o }"
    chosen = server.get("sparql", params={"query": count, "default-graph-uri": graph})
    (direct,) = server.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
    assert chosen.json()["results"]["bindings"][0]["n"]["value"] == direct["n"]
    names = "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }"
    named = server.get("sparql", params={"query": names, "named-graph-uri": graph})
    assert [row["g"]["value"] for row in named.json()["results"]["bindings"]] == [graph]


def test_head_has_the_headers_and_no_body_and_options_says_what_is_allowed(server: Server) -> None:
    head = httpx.head(server.url + "sparql", params={"query": LABEL})
    assert head.status_code == 200
    assert head.content == b""
    options = httpx.options(server.url + "sparql")
    assert options.status_code == 204
    assert options.headers["allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize(
    ("send", "status"),
    [
        ({"method": "GET", "params": {}, "headers": {"accept": "text/csv"}}, 400),
        ({"method": "GET", "params": [("query", LABEL), ("query", LABEL)]}, 400),
        ({"method": "POST", "data": {"other": "x"}}, 400),
        ({"method": "POST", "content": LABEL, "headers": {"content-type": "text/plain"}}, 415),
        ({"method": "POST", "content": LABEL}, 415),
        ({"method": "POST", "content": LABEL, "headers": {"content-type": f"{DIRECT}; charset=utf-16"}}, 415),
        ({"method": "POST", "content": b"\xff", "headers": {"content-type": "application/sparql-query"}}, 400),
        ({"method": "POST", "data": {"update": "DROP ALL"}}, 405),
        ({"method": "GET", "params": {"update": "DROP ALL"}}, 405),
        ({"method": "POST", "content": "DROP ALL", "headers": {"content-type": "application/sparql-update"}}, 405),
        ({"method": "GET", "params": {"query": "DROP ALL"}}, 400),
        ({"method": "GET", "params": {"query": "ASK { SERVICE <http://127.0.0.1:9/> { } }"}}, 403),
        ({"method": "PUT", "content": "x"}, 405),
        ({"method": "DELETE"}, 405),
        ({"method": "GET", "params": {"query": LABEL}, "headers": {"accept": "image/png"}}, 406),
        ({"method": "POST", "content": b"x" * 2_000_000, "headers": {"content-type": "application/sparql-query"}}, 400),
    ],
)  # fmt: skip
def test_what_the_protocol_does_not_allow_is_answered_with_a_problem(
    server: Server, send: dict[str, object], status: int
) -> None:
    response = httpx.request(url=server.url + "sparql", **send)  # type: ignore[arg-type]
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


def test_a_syntax_error_names_line_and_column(server: Server) -> None:
    problem = server.sparql("SELECT *\nWHERE { ?s ?p }").json()
    assert (problem["line"], problem["type"]) == (2, "urn:hrc:error:bad-query")
    assert problem["column"] > 1


def test_a_browser_gets_a_page_for_an_error_with_hostile_text_escaped(server: Server) -> None:
    page = server.shown("SELECT * WHERE { ?s <script>alert(1)</script>:x ?o }")
    assert page.status_code == 400
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_gets_a_400_and_the_same_process_lives_on(server: Server, bomb: str) -> None:
    response = server.post("sparql", data={"query": bomb})
    assert response.status_code == 400
    assert server.process.poll() is None
    assert server.sparql("ASK {}").json()["boolean"] is True


def test_a_runaway_query_gets_a_503_at_its_limit_while_another_is_answered(server: Server) -> None:
    answers: list[httpx.Response] = []
    runaway = threading.Thread(target=lambda: answers.append(server.sparql(CROSS)))
    runaway.start()
    time.sleep(0.3)
    waits = []
    while runaway.is_alive():
        started = time.monotonic()
        assert server.sparql(LABEL).status_code == 200
        waits.append(time.monotonic() - started)
    runaway.join()
    assert answers[0].status_code == 503
    assert "2 seconds" in answers[0].json()["title"]
    assert "retry-after" not in answers[0].headers, "the same query would be stopped again"
    print(f"\n{len(waits)} lookups beside it, the median in {sorted(waits)[len(waits) // 2] * 1000:.1f} ms")
    assert len(waits) > 10


WRAPPED_TABLES = [
    (JSON, "Kabupaten Lahat"),
    (XML, "Kabupaten Lahat"),
    (CSV, "Kabupaten Lahat"),
    (TSV, "Kabupaten Lahat"),
]


@pytest.mark.parametrize("method", [GET, POST])
@pytest.mark.parametrize(("name", "part"), WRAPPED_TABLES, ids=lambda value: str(value)[:6])
def test_sparqlwrapper_gets_tables(server: Server, method: str, name: str, part: str) -> None:
    wrapper = SPARQLWrapper(server.url + "sparql")
    wrapper.setMethod(method)
    wrapper.setQuery(LABEL)
    wrapper.setReturnFormat(name)
    converted: Any = wrapper.query().convert()
    text = converted.toxml() if name == XML else json.dumps(converted) if name == JSON else converted.decode()
    assert part in text


@pytest.mark.parametrize("method", [GET, POST])
@pytest.mark.parametrize("name", [TURTLE, N3, RDFXML, JSONLD, XML])
def test_sparqlwrapper_gets_graphs(server: Server, method: str, name: str) -> None:
    wrapper = SPARQLWrapper(server.url + "sparql")
    wrapper.setMethod(method)
    wrapper.setQuery(DESCRIBED)
    wrapper.setReturnFormat(name)
    converted: Any = wrapper.query().convert()
    graph = rdflib.Graph().parse(data=converted) if isinstance(converted, bytes) else converted
    assert (rdflib.URIRef("https://w3id.org/hrcity/id/place/id-lahat"), None, None) in graph


def test_rdflibs_sparqlstore_gets_answers(server: Server) -> None:
    graph = rdflib.Graph(SPARQLStore(server.url + "sparql"))
    place = rdflib.URIRef("https://w3id.org/hrcity/id/place/id-lahat")
    labels = {str(label) for label in graph.objects(place, rdflib.SKOS.prefLabel)}
    assert "Kabupaten Lahat" in labels
    assert [str(row[0]) for row in graph.query(LABEL)] == ["Kabupaten Lahat"]  # type: ignore[index]


def test_a_plain_client_without_accept_gets_json(server: Server) -> None:
    with urllib.request.urlopen(server.url + "sparql?query=ASK%20%7B%7D") as response:
        assert json.load(response)["boolean"] is True


def test_the_server_announces_its_address_and_only_that(server: Server) -> None:
    assert [line for line in server.output if "Listening" not in line] == []
    assert server.url.startswith("http://127.0.0.1:")


def test_no_contact_data_is_in_the_public_graph(server: Server) -> None:
    found = server.rows(
        "SELECT ?s ?o WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } FILTER REGEX(STR(?o), '[a-z0-9]@[a-z]') }"
    )
    assert found == []
    assert not list(Path(__file__).parent.parent.joinpath("data").rglob("*.sqlite"))
