"""What an answer over HTTP carries: the form asked for, tags, codings, graphs and dumps; on the real server."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import openpyxl
import pyoxigraph as ox
import pytest
import zstandard
from SPARQLWrapper import CSV, GET, JSON, JSONLD, N3, POST, RDFXML, TSV, TURTLE, XML, SPARQLWrapper

from hrc_graph import formats
from tests.conftest import Server
from tests.test_attacks import ROUTES, raw
from tests.test_sparql import LABEL

GRAPH = "https://w3id.org/hrcity/graph/governments/id/lahat"
MANY = "SELECT ?s ?o WHERE { ?s ?p ?o } LIMIT 2500"
BUILT = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{GRAPH}> {{ ?s ?p ?o }} }}"
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "table", "graph"),
    [
        ("*/*", formats.JSON, formats.TURTLE),
        ("", formats.JSON, formats.TURTLE),
        ("text/*", formats.CSV, formats.TURTLE),
        ("application/*", formats.JSON, formats.N_TRIPLES),
        ("text/csv;q=0.4, application/sparql-results+xml;q=0.5, text/turtle;q=0.1", formats.XML, formats.TURTLE),
        ("text/csv;q=0.5, */*;q=0.1, application/n-triples;q=0.2", formats.CSV, formats.N_TRIPLES),
        ("application/sparql-results+json;q=0, text/turtle;q=0, */*", formats.XML, formats.N_TRIPLES),
        ("TEXT/CSV, Application/LD+JSON", formats.CSV, formats.JSON_LD),
        ("application/json", formats.JSON, formats.JSON_LD),
        ("application/xml", formats.XML, formats.RDF_XML),
        (CHROME, formats.HTML, formats.HTML),
        ("text/html;q=0.9, text/csv, text/n3", formats.CSV, formats.N3),
    ],
)
def test_the_best_liked_form_of_what_a_query_can_give_is_sent(
    server: Server, accept: str, table: formats.Format, graph: formats.Format
) -> None:
    for query, wanted in ((LABEL, table), ("ASK {}", table), (BUILT, graph), ("DESCRIBE <urn:x>", graph)):
        response = server.sparql(query, accept=accept)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == wanted.content_type


@pytest.mark.parametrize(
    ("query", "accept", "offered", "others"),
    [
        (LABEL, "text/turtle", formats.TABLES, formats.GRAPHS),
        ("ASK {}", "application/ld+json;q=0.8, image/png", formats.TABLES, formats.GRAPHS),
        (BUILT, "text/csv", formats.GRAPHS, formats.TABLES),
        ("DESCRIBE <urn:x>", "application/sparql-results+json", formats.GRAPHS, formats.TABLES),
    ],
)
def test_what_cannot_be_given_is_refused_with_what_can(
    server: Server, query: str, accept: str, offered: tuple[formats.Format, ...], others: tuple[formats.Format, ...]
) -> None:
    response = server.sparql(query, accept=accept)
    assert response.status_code == 406
    said = response.json()["detail"]
    assert all(format.media_types[0] in said for format in offered)
    assert not any(format.media_types[0] in said for format in others)


WRAPPED = [
    *((LABEL, form, "Kabupaten Lahat") for form in (JSON, XML, CSV, TSV)),
    *(("ASK {}", form, "true") for form in (JSON, XML)),
    *((query, form, "id-lahat") for query in (BUILT, f"DESCRIBE <{GRAPH.replace('graph', 'id', 1)}> ?s {{ GRAPH <{GRAPH}> {{ ?s ?p ?o }} }}")  # noqa: E501
      for form in (TURTLE, N3, RDFXML, XML, JSONLD)),
]  # fmt: skip


@pytest.mark.parametrize("way", ["GET", "form", "direct"])
@pytest.mark.parametrize(("query", "form", "part"), WRAPPED, ids=lambda value: str(value)[:8])
def test_sparqlwrapper_gets_every_form_in_every_way_without_a_warning(
    server: Server, query: str, form: str, part: str, way: str
) -> None:
    wrapper = SPARQLWrapper(server.url + "sparql")
    wrapper.setMethod(GET if way == "GET" else POST)
    if way == "direct":
        wrapper.setRequestMethod("postdirectly")
    wrapper.setQuery(query)
    wrapper.setReturnFormat(form)
    converted: Any = wrapper.query().convert()
    if hasattr(converted, "serialize"):
        assert len(converted) >= 60
        converted = converted.serialize(format="nt")
    text = converted.toxml() if hasattr(converted, "toxml") else converted
    assert part in (json.dumps(text) if isinstance(text, dict) else text.decode() if isinstance(text, bytes) else text)


def test_a_workbook_holds_the_values_of_the_csv_and_no_formula(server: Server) -> None:
    query = (
        "SELECT * WHERE { VALUES (?text ?number ?iri) { ('=1+1' 7 <urn:x>) ('+1' -3 <urn:y>) ('@SUM(A1)' 2.5 UNDEF)"
        " ('-2' 0 <urn:z>) ('plain' 1e3 <urn:q>) ('{=A1}' 12345678901234567890 <urn:r>) (UNDEF UNDEF 'end') } }"
    )
    table = list(csv.reader(io.StringIO(server.sparql(query, accept="text/csv").text)))
    response = server.get("sparql", params={"query": query, "format": "xlsx"})
    assert response.headers["content-type"] == formats.XLSX.media_types[0]
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["results", "about"]
    rows = list(book["results"].iter_rows())
    assert [cell.value for cell in rows[0]] == table[0]
    for row, expected in zip(rows[1:], table[1:], strict=True):
        assert not any(cell.data_type == "f" for cell in row)
        for cell, text in zip(row, expected, strict=True):
            if isinstance(cell.value, (int, float)):
                assert cell.value == float(text)
            else:
                assert (cell.value or "") == text
    about = {row[0].value: row[1].value for row in book["about"].iter_rows()}
    assert about == {"snapshot": response.headers["x-snapshot"], "query": query}


def test_a_page_of_many_rows_says_that_they_are_not_all(server: Server) -> None:
    for query, count in ((MANY, 2500), (MANY.replace("2500", "2000"), 2000)):
        page = server.shown(query)
        assert page.headers["x-row-count"] == str(count)
        assert page.headers["x-result-complete"] == ("true" if count == 2000 else "false")
        assert ("2,000 of 2,500 rows are shown here" in page.text) == (count == 2500)
        assert page.text.count("<tr>") == 2001
        assert "format=csv" in page.text
    graph = server.shown("CONSTRUCT WHERE { ?s ?p ?o } LIMIT 9000")
    assert graph.headers["x-result-complete"] == "false"
    assert "The files hold them all" in graph.text


@pytest.mark.parametrize(
    "path", ["sparql?query=" + MANY, "sparql?format=html&query=" + MANY, "queries/timeline?format=csv",
             "doc/place/id-lahat.ttl", "graphs?graph=" + GRAPH, "graphs?format=json", "dumps/hrcity.nq"],
)  # fmt: skip
def test_who_holds_the_answer_is_told_so(server: Server, path: str) -> None:
    first = server.get(path)
    tag = first.headers["etag"]
    assert first.headers["x-snapshot"] in tag
    assert first.headers["cache-control"] == "no-cache"
    for held in (tag, f'"other", {tag}', tag.removeprefix("W/"), "W/" + tag.removeprefix("W/"), "*"):
        again = server.get(path, headers={"if-none-match": held})
        assert (again.status_code, again.content) == (304, b""), held
        assert again.headers["etag"] == tag
    for other in ('"other"', tag[:-2] + '"', "", "garbage"):
        assert server.get(path, headers={"if-none-match": other}).status_code == 200


def test_a_tag_stands_for_one_form_one_coding_and_one_query(server: Server) -> None:
    forms = ("json", "csv", "tsv", "html", "xlsx")
    asked = [{"query": query, "format": form} for query in (MANY, MANY + " ") for form in forms]
    asked.append({"query": MANY, "format": "json", "default-graph-uri": GRAPH})
    asked.append({"query": MANY, "format": "json", "named-graph-uri": GRAPH})
    tags = [server.get("sparql", params=each).headers["etag"] for each in asked]
    plain = server.get("sparql", params=asked[0], headers={"accept-encoding": "identity"}).headers["etag"]
    assert len({*tags, plain}) == len(asked) + 1
    assert server.sparql("ASK {", **{"if-none-match": "*"}).status_code == 400, "of this there is no answer at all"


@pytest.mark.parametrize("call", ["NOW()", "RAND()", "UUID()", "STRUUID()", "BNODE()", "now ()"])
@pytest.mark.parametrize("form", ["json", "csv", "html"])
def test_an_answer_that_changes_by_itself_has_no_tag_and_is_not_kept(server: Server, call: str, form: str) -> None:
    query = f"SELECT ({call} AS ?x) WHERE {{}}"
    first, second = (server.get("sparql", params={"query": query, "format": form}) for _ in range(2))
    assert "etag" not in first.headers
    assert first.headers["cache-control"] == "no-store"
    assert first.content != second.content or call == "BNODE()"
    assert server.get("sparql", params={"query": query}, headers={"if-none-match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"), ("zstd", "zstd"), ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.5, gzip;q=0.9", "gzip"),
        ("gzip;q=0", ""), ("zstd;q=0, gzip", "gzip"), ("*", "zstd"), ("*;q=0", ""), ("identity", ""), ("br", ""),
        ("", ""),
        ("gzip;q=0.0, *;q=0.1", "zstd"), ("GZIP", "gzip"), ("gzip;q=x", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/sparql?query=" + MANY.replace(" ", "%20"), "/sparql?format=html&query=" + MANY.replace(" ", "%20"), "/doc/place/id-lahat", "/queries/timeline?format=csv"])  # fmt: skip  # noqa: E501
def test_a_coding_is_used_as_wanted_and_hides_nothing(server: Server, path: str, accepted: str, coding: str) -> None:
    path = path.replace("{", "%7B").replace("}", "%7D").replace("?s%20?o", "%3Fs%20%3Fo").replace("%20?", "%20%3F")
    _, _, plain = raw(server, "GET", path)
    status, about, body = raw(server, "GET", path, **{"accept-encoding": accepted})
    assert (status, about.get("content-encoding", "")) == (200, coding)
    is_page = about["content-type"].startswith("text/html")
    assert about["vary"] == "Accept, Accept-Encoding" + (", Accept-Language" if is_page else "")
    if coding == "gzip":
        body = gzip.decompress(body)
    elif coding == "zstd":
        body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
    assert len(body) == len(plain)
    assert sorted(body.splitlines()) == sorted(plain.splitlines())


@pytest.mark.parametrize("path", ROUTES)
def test_head_is_get_without_the_body_and_options_and_cors_are_for_all(server: Server, path: str) -> None:
    evil = {"origin": "https://evil.example", "cookie": "a=b", "authorization": "Basic eDp5"}
    status, about, body = raw(server, "GET", path, **evil)
    head_status, head, nothing = raw(server, "HEAD", path, **evil)
    assert (head_status, nothing) == (status, b"")
    assert body or status == 303
    changing = {"date", "content-length"} if path == "/metrics" else {"date"}
    assert {k: v for k, v in head.items() if k not in changing} == {k: v for k, v in about.items() if k not in changing}
    assert about["access-control-allow-origin"] == "*"
    assert about["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in about["content-security-policy"]
    options_status, options, _ = raw(server, "OPTIONS", path, **evil)
    assert options_status == 204
    assert {"GET", "HEAD", "OPTIONS"} <= set(options["allow"].split(", "))
    assert options["access-control-allow-methods"] == options["allow"]
    for answer in (about, head, options):
        assert "access-control-allow-credentials" not in answer
        assert "set-cookie" not in answer


def test_relative_iris_resolve_against_the_address_that_was_asked(server: Server) -> None:
    (row,) = server.rows("SELECT (<x> AS ?x) (<> AS ?self) (<#y> AS ?y) (<//h/p> AS ?h) WHERE {}")
    url = server.url + "sparql"
    assert row == {"x": server.url + "x", "self": url, "y": url + "#y", "h": "http://h/p"}
    based = server.get("sparql", params={"query": "BASE <urn:b:> SELECT (<urn:b:x> AS ?x) WHERE {}"})
    assert based.json()["results"]["bindings"][0]["x"]["value"] == "urn:b:x"


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize("iri", ["relative", "", "not an iri", "http://a b/", "<urn:x>"])
def test_a_graph_parameter_that_is_no_iri_is_named(server: Server, name: str, iri: str) -> None:
    response = server.get("sparql", params={"query": "ASK { ?s ?p ?o }", name: iri})
    assert response.status_code == 400
    assert name in response.json()["title"]


def quads(body: bytes, format: ox.RdfFormat = ox.RdfFormat.TURTLE) -> set[str]:
    return {str(quad.triple) for quad in ox.parse(body, format=format)}


def test_a_graph_is_had_by_its_iri_by_its_name_and_at_its_own_address(server: Server) -> None:
    indirect = server.get("graphs", params={"graph": GRAPH})
    by_name, direct = server.get("graphs/governments/id/lahat"), server.get("graph/governments/id/lahat")
    found = quads(indirect.content)
    assert found == quads(by_name.content) == quads(direct.content) == quads(server.sparql(BUILT).content)
    assert len(found) == int(indirect.headers["x-row-count"]) > 50
    for format, syntax in ((formats.N_TRIPLES, ox.RdfFormat.N_TRIPLES), (formats.JSON_LD, ox.RdfFormat.JSON_LD),
                           (formats.RDF_XML, ox.RdfFormat.RDF_XML), (formats.TRIG, ox.RdfFormat.TRIG)):  # fmt: skip
        each = server.get("graphs", params={"graph": GRAPH}, headers={"accept": format.media_types[0]})
        assert each.headers["content-type"] == format.content_type
        assert quads(each.content, syntax) == found


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("graphs?default", 413), ("graphs?graph=http://example.org/none", 404), ("graphs/no/such", 404),
        ("graph/no/such", 404), (f"graphs?graph={GRAPH}&graph={GRAPH}", 400), (f"graphs?default&graph={GRAPH}", 400),
        ("graphs?graph=", 400), ("graphs?graph=relative", 400),
    ],
)  # fmt: skip
def test_a_graph_that_cannot_be_had_is_a_problem(server: Server, path: str, status: int) -> None:
    response = server.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]
    refused = server.get(f"graphs?graph={GRAPH}", headers={"accept": "text/csv"})
    assert refused.status_code == 406
    assert "text/turtle" in refused.json()["detail"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["graphs", f"graphs?graph={GRAPH}", "graph/governments/id/lahat", "dumps/hrcity.nq"])
def test_no_graph_can_be_written(server: Server, method: str, path: str) -> None:
    response = server.request(method, path, content=b"<urn:a> <urn:b> 1 .")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


def test_the_dump_fills_an_empty_store_with_the_same_quads(server: Server) -> None:
    store = ox.Store()
    body = server.get("dumps/hrcity.nq").content
    store.bulk_load(body, format=ox.RdfFormat.N_QUADS)
    (row,) = server.rows("SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }")
    assert len(store) == int(row["n"]) > 100_000
    half = len(body) // 2
    parts = (
        server.get("dumps/hrcity.nq", headers={"range": f"bytes={part}"}) for part in (f"0-{half}", f"{half + 1}-")
    )
    assert b"".join(part.content for part in parts) == body
    tag = server.get("dumps/", headers={"accept": "text/html"})
    assert "hrcity.nq" in tag.text
