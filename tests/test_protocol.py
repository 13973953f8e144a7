"""The SPARQL 1.1 Protocol, both sides, on `hrc serve --allow-update`.

The cases are those of the W3C's manifest for the Protocol, 34 of them, by their names there, said in our own words.
Source: http://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/manifest#
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hrc_graph import formats
from tests.conftest import ROOT, Listener, Server, serving

FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
DATA = "http://kasei.us/2009/09/sparql/data/data%d.rdf"
ONE, TWO, THREE = (DATA % number for number in (1, 2, 3))
NONE = DATA % 0
FOAF = "PREFIX foaf: <http://xmlns.com/foaf/0.1/> PREFIX dc: <http://purl.org/dc/terms/> "
STORED = " ".join(f"GRAPH <{iri}> {{ <{iri}> a foaf:Document }}" for iri in (ONE, TWO, THREE))
NAMED = f"GRAPH ?g1 {{ <{ONE}> a ?type }} GRAPH ?g2 {{ <{TWO}> a ?type }}"
TARGET = "http://example.org/protocol-update-dataset-test/"
MARK = f"INSERT {{ GRAPH <{TARGET}> {{ ?s a dc:BibliographicResource }} }} WHERE "
MARKED = "<%s> a <http://purl.org/dc/terms/BibliographicResource>"
TWO_MARKED = (
    f"ASK {{ GRAPH <{TARGET}> {{ {MARKED % ONE} . {MARKED % TWO} }} "
    f"FILTER NOT EXISTS {{ GRAPH <{TARGET}> {{ {MARKED % THREE} }} }} }}"
)
TABLE = {format.content_type for format in formats.TABLES}
GRAPH = {format.content_type for format in formats.GRAPHS}

Fields = list[tuple[str, str]]


@dataclass
class Sent:
    """One request of a case and what must come back: a class of statuses, a kind of result, a truth."""

    method: str
    url: Fields
    body: str = ""
    type: str = ""
    status: int = 2
    media: set[str] | None = None
    truth: bool | None = None

    def to(self, server: Server) -> httpx.Response:
        encoding = "utf-16" if "UTF-16" in self.type else "utf-8"
        body: dict[str, Any] = {"content": self.body.encode(encoding)} if self.body else {}
        body["headers"] = {"content-type": self.type} if self.type else {}
        return server.request(self.method, "sparql", params=self.url, **body)


def ask(text: str, *url: tuple[str, str]) -> Sent:
    return Sent("POST", list(url), text, QUERY, media=TABLE, truth=True)


def refused(method: str = "POST", url: Fields | None = None, body: str = "", type: str = "") -> Sent:
    return Sent(method, url or [], body, type, status=4)


def default(*iris: str) -> Fields:
    return [("default-graph-uri", iri) for iri in iris]


def named(*iris: str) -> Fields:
    return [("named-graph-uri", iri) for iri in iris]


def update(text: str, *url: tuple[str, str]) -> Sent:
    return Sent("POST", list(url), FOAF + text, UPDATE)


W3C: dict[str, list[Sent]] = {
    "query_post_form": [Sent("POST", default(NONE), "query=ASK%20%7B%7D", FORM, media=TABLE, truth=True)],
    "query_dataset_default_graphs_get": [
        Sent(
            "GET",
            [("query", f"ASK {{ <{ONE}> a ?type . <{TWO}> a ?type . }}"), *default(ONE, TWO)],
            media=TABLE,
            truth=True,
        )
    ],
    "query_dataset_default_graphs_post": [
        ask(f"ASK {{ <{ONE}> a ?type . <{TWO}> a ?type . }}", *default(ONE, TWO)),
    ],
    "query_dataset_named_graphs_post": [ask(f"ASK {{ {NAMED} }}", *named(ONE, TWO))],
    "query_dataset_named_graphs_get": [
        Sent("GET", [("query", f"ASK {{ {NAMED} }}"), *named(ONE, TWO)], media=TABLE, truth=True)
    ],
    "query_dataset_full": [ask(f"ASK {{ <{THREE}> a ?type {NAMED} }}", *default(THREE), *named(ONE, TWO))],
    "query_multiple_dataset": [ask(f"ASK FROM <{THREE}> {{ {NAMED} }}", *named(ONE, TWO))],
    "query_get": [Sent("GET", [("query", "ASK {}"), *default(NONE)], media=TABLE, truth=True)],
    "query_content_type_select": [Sent("POST", default(NONE), "SELECT (1 AS ?value) {}", QUERY, media=TABLE)],
    "query_content_type_ask": [Sent("POST", default(NONE), "ASK {}", QUERY, media=TABLE, truth=True)],
    "query_content_type_describe": [Sent("POST", default(NONE), "DESCRIBE <http://example.org/>", QUERY, media=GRAPH)],
    "query_content_type_construct": [
        Sent("POST", default(NONE), "CONSTRUCT { <s> <p> 1 } WHERE {}", QUERY, media=GRAPH)
    ],
    "update_dataset_default_graph": [
        update(
            f"CLEAR ALL ; INSERT DATA {{ GRAPH <{ONE}> {{ <{ONE}> a foaf:Document }} }} ; "
            + MARK
            + "{ ?s a foaf:Document }",
            ("using-graph-uri", ONE),
        ),
        ask(f"ASK {{ GRAPH <{TARGET}> {{ {MARKED % ONE} }} }}"),
    ],
    "update_dataset_default_graphs": [
        update(
            f"DROP ALL ; INSERT DATA {{ {STORED} }} ; " + MARK + "{ ?s a foaf:Document }",
            ("using-graph-uri", ONE),
            ("using-graph-uri", TWO),
        ),
        ask(TWO_MARKED),
    ],
    "update_dataset_named_graphs": [
        update(
            f"DROP ALL ; INSERT DATA {{ {STORED} }} ; " + MARK + "{ GRAPH ?g { ?s a foaf:Document } }",
            ("using-named-graph-uri", ONE),
            ("using-named-graph-uri", TWO),
        ),
        ask(TWO_MARKED),
    ],
    "update_dataset_full": [
        update(
            f"DROP ALL ; INSERT DATA {{ {STORED} }} ; "
            f"INSERT {{ GRAPH <{TARGET}> {{ ?s <http://example.org/in> ?in }} }}"
            " WHERE { { GRAPH ?g { ?s a foaf:Document } BIND (?g AS ?in) }"
            ' UNION { ?s a foaf:Document . BIND ("default" AS ?in) } }',
            ("using-graph-uri", ONE),
            ("using-named-graph-uri", TWO),
        ),
        ask(
            f'ASK {{ GRAPH <{TARGET}> {{ <{ONE}> <http://example.org/in> "default" . '
            f"<{TWO}> <http://example.org/in> <{TWO}> }} "
            f'FILTER NOT EXISTS {{ GRAPH <{TARGET}> {{ <{TWO}> <http://example.org/in> "default" }} }} '
            f"FILTER NOT EXISTS {{ GRAPH <{TARGET}> {{ <{THREE}> ?p ?o }} }} "
            f"FILTER NOT EXISTS {{ GRAPH <{TARGET}> {{ <{ONE}> <http://example.org/in> <{ONE}> }} }} }}"
        ),
    ],
    "update_post_form": [
        Sent("POST", [], "update=CLEAR+ALL", FORM),
        ask("ASK { FILTER NOT EXISTS { ?s ?p ?o } FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } }"),
    ],
    "update_post_direct": [
        Sent("POST", [], "CLEAR ALL", UPDATE),
        ask("ASK { FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } }"),
    ],
    "update_base_uri": [
        update(
            "CLEAR SILENT GRAPH <http://example.org/protocol-base-test/> ; INSERT DATA { "
            "GRAPH <http://example.org/protocol-base-test/> { <http://example.org/s> <http://example.org/p> <test> } }"
        ),
        ask(
            "ASK { GRAPH <http://example.org/protocol-base-test/> { <http://example.org/s> <http://example.org/p> ?o "
            'FILTER (isIRI(?o) && STR(?o) != "test") } }'
        ),
    ],
    "query_post_direct": [ask("ASK {}")],
    "bad_query_method": [refused("PUT", [("query", "ASK {}"), *default(NONE)], type=FORM)],
    "bad_multiple_queries": [refused("GET", [("query", "ASK {}"), ("query", "SELECT * {}")])],
    "bad_query_wrong_media_type": [refused(body="ASK {}", type="text/plain")],
    "bad_query_missing_form_type": [refused(body="query=ASK%20%7B%7D")],
    "bad_query_missing_direct_type": [refused(body="ASK {}")],
    "bad_query_non_utf8": [refused(body="ASK {}", type=f"{QUERY}; charset=UTF-16")],
    "bad_query_syntax": [refused("GET", [("query", "ASK {")])],
    "bad_update_get": [refused("GET", [("update", "CLEAR ALL")])],
    "bad_multiple_updates": [refused(body="update=CLEAR%20NAMED&update=CLEAR%20DEFAULT", type=FORM)],
    "bad_update_wrong_media_type": [refused(body="CLEAR NAMED", type="text/plain")],
    "bad_update_missing_form_type": [refused(body="update=CLEAR%20NAMED")],
    "bad_update_non_utf8": [refused(body="CLEAR NAMED", type=f"{UPDATE}; charset=UTF-16")],
    "bad_update_syntax": [refused(body="update=CLEAR%20XYZ", type=FORM)],
    "bad_update_dataset_conflict": [
        Sent(
            "POST",
            [("using-named-graph-uri", "http://example/people")],
            "PREFIX foaf: <http://xmlns.com/foaf/0.1/> WITH <http://example/addresses> "
            "DELETE { ?p foaf:givenName 'Bill' } INSERT { ?p foaf:givenName 'William' } "
            "WHERE { ?p foaf:givenName 'Bill' }",
            UPDATE,
            status=4,
        )
    ],
}
EVERYTHING = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"


@pytest.fixture(scope="module")
def scratch() -> Iterator[Server]:
    with serving("--allow-update") as running:
        yield running


@pytest.fixture(scope="module")
def untouched(server: Server) -> tuple[str, int]:
    """A hash of the dump of a server that takes no updates, and how many quads it answers from."""
    return dumped(server), count(server)


def dumped(server: Server) -> str:
    return hashlib.sha256(server.get("dumps/hrcity.nq").content).hexdigest()


def count(server: Server) -> int:
    return int(server.rows(EVERYTHING)[0]["n"])


def digest(*folders: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path} {path.stat().st_mtime_ns} ".encode() + path.read_bytes())
    return found.hexdigest()


def test_all_cases_of_the_manifest_are_here() -> None:
    assert len(W3C) == 34


@pytest.mark.parametrize("name", W3C)
def test_the_w3c_protocol_case_passes(scratch: Server, name: str) -> None:
    stored = scratch.post("sparql", data={"update": f"{FOAF} DROP ALL ; INSERT DATA {{ {STORED} }}"})
    assert stored.status_code == 204
    before = count(scratch)
    for sent in W3C[name]:
        response = sent.to(scratch)
        assert response.status_code // 100 == sent.status, response.text
        if sent.media:
            assert response.headers["content-type"] in sent.media
        if sent.truth is not None:
            assert response.json()["boolean"] is sent.truth
    if name.startswith("bad_"):
        assert count(scratch) == before == 3


def test_an_update_needs_the_token_and_a_query_does_not() -> None:
    with serving("--allow-update", "--token", "fictional-token") as server:
        drop = {"data": {"update": "INSERT DATA { <urn:a> <urn:b> 1 }"}}
        before = count(server)
        for wrong in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic fictional-token"}):
            response = server.post("sparql", headers=wrong, **drop)
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        in_url = server.post("sparql?token=fictional-token&access_token=fictional-token", **drop)
        assert in_url.status_code == 401
        assert count(server) == before
        assert server.post("sparql", headers={"authorization": "Bearer fictional-token"}, **drop).status_code == 204
        assert server.sparql("ASK { <urn:a> <urn:b> 1 }").json()["boolean"]
    assert "fictional-token" not in "".join(server.log)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_updates_without_a_token_are_refused_off_loopback_at_the_start(host: str) -> None:
    command = [sys.executable, "-m", "hrc_graph", "serve", "--allow-update", "--host", host, "--port", "0"]
    ended = subprocess.run([*command, "--workspace", str(ROOT)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert "--token" in ended.stderr


@pytest.mark.parametrize(
    "sent",
    [
        Sent("GET", [("update", "DROP ALL")]),
        Sent("HEAD", [("update", "DROP ALL")]),
        Sent("POST", [("update", "DROP ALL")], "", FORM),
        Sent("POST", [], "update=DROP+ALL", FORM),
        Sent("POST", [], "query=ASK%20%7B%7D&update=DROP+ALL", FORM),
        Sent("POST", [], "DROP ALL", UPDATE),
        Sent("POST", [("query", "ASK {}")], "DROP ALL", UPDATE),
        Sent("PUT", [], "DROP ALL", UPDATE),
        Sent("PATCH", [], "DROP ALL", UPDATE),
        Sent("DELETE", []),
    ],
    ids=lambda sent: f"{sent.method} {sent.url} {sent.type}",
)
def test_without_the_switch_no_form_of_update_changes_anything(
    server: Server, untouched: tuple[str, int], sent: Sent
) -> None:
    response = sent.to(server)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert (dumped(server), count(server)) == untouched


def test_updates_change_the_copy_alone_and_the_tag_of_every_answer() -> None:
    kept = ROOT / "data", ROOT / "ontology", ROOT / ".hrc"
    with serving("--allow-update") as server:
        before = digest(*kept)
        first = server.sparql(EVERYTHING)
        added = server.post("sparql", data={"update": "INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> <relative> } }"})
        assert (added.status_code, added.content) == (204, b"")
        second = server.sparql(EVERYTHING, **{"if-none-match": first.headers["etag"]})
        assert second.status_code == 200
        assert second.headers["etag"] != first.headers["etag"]
        assert second.headers["x-snapshot"] == added.headers["x-snapshot"] != first.headers["x-snapshot"]
        (relative,) = server.rows("SELECT ?o WHERE { GRAPH <urn:g> { <urn:a> <urn:b> ?o } }")
        assert relative["o"] == f"{server.url}relative"
        failed = server.post("sparql", data={"update": "INSERT DATA { <urn:c> <urn:d> 1 } ; CREATE GRAPH <urn:g>"})
        assert failed.status_code >= 400, "the second operation cannot be done"
        assert server.sparql(EVERYTHING).headers["etag"] == second.headers["etag"]
        assert server.sparql("ASK { <urn:c> ?p ?o }").json()["boolean"] is False
    assert digest(*kept) == before


@pytest.mark.parametrize("load", ["LOAD <%s>", "LOAD SILENT <%s>", "LOAD <%s> INTO GRAPH <urn:x>"])
def test_load_brings_nothing_in_and_fetches_nothing(scratch: Server, listener: Listener, load: str) -> None:
    before = count(scratch)
    response = scratch.post("sparql", data={"update": load % listener.url})
    assert response.status_code >= 400 or "SILENT" in load
    assert count(scratch) == before
    assert listener.calls == 0
    assert scratch.sparql("ASK {}").json()["boolean"] is True


@pytest.mark.parametrize(
    "text",
    [
        "WITH <urn:x> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "DELETE { ?s ?p ?o } USING <urn:x> WHERE { ?s ?p ?o }",
        "DELETE WHERE { ?s ?p ?o }",
    ],
)
def test_graphs_are_chosen_in_one_place_only(scratch: Server, text: str) -> None:
    response = scratch.post("sparql?using-graph-uri=urn:y", data={"update": text})
    assert response.status_code == 400
    assert response.json()["detail"]


def test_a_request_is_a_query_or_an_update_and_not_both(scratch: Server) -> None:
    before = count(scratch)
    assert scratch.post("sparql", data={"query": "ASK {}", "update": "CLEAR ALL"}).status_code == 400
    assert scratch.post("sparql?update=CLEAR%20ALL", data={"query": "ASK {}"}).status_code == 400
    assert count(scratch) == before
