"""What the endpoint says of itself, against the real server and what its data hold."""

from __future__ import annotations

import asyncio
import re

import httpx
import pyoxigraph as ox
import pytest
import rdflib
import rdflib.compare
from rdflib.namespace import DCTERMS, RDF, RDFS, SH, VOID

from hrc_graph import description, formats, namespaces, questions
from hrc_graph.description import Facts
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.questions import NamedQuery
from hrc_graph.settings import Settings
from hrc_graph.workspace import Workspace
from tests.conftest import ROOT, Server, serving

pytestmark = pytest.mark.slow

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
SCHEMA = rdflib.Namespace("https://schema.org/")
W3C = "http://www.w3.org/ns/formats/"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATASET = rdflib.URIRef("https://w3id.org/hrcity/dataset")
ADDRESSES = ("sparql", ".well-known/void", ".well-known/sparql-examples")
MEDIA_TYPES = {
    W3C + "SPARQL_Results_JSON": "application/sparql-results+json",
    W3C + "SPARQL_Results_XML": "application/sparql-results+xml",
    W3C + "SPARQL_Results_CSV": "text/csv",
    W3C + "SPARQL_Results_TSV": "text/tab-separated-values",
    "https://www.iana.org/assignments/media-types/" + XLSX: XLSX,
    W3C + "Turtle": "text/turtle",
    W3C + "N-Triples": "application/n-triples",
    W3C + "JSON-LD": "application/ld+json",
    W3C + "RDF_XML": "application/rdf+xml",
    W3C + "N3": "text/n3",
    W3C + "TriG": "application/trig",
    W3C + "N-Quads": "application/n-quads",
}
"""The formats as Unique URIs for File Formats names them, and what a client has to say in Accept to get each."""


def described(server: Server, address: str, **headers: str) -> rdflib.Graph:
    response = server.get(address, headers={"accept": "text/turtle"} | headers)
    assert response.status_code == 200, response.text
    return rdflib.Graph().parse(data=response.text, format="turtle")


@pytest.fixture(scope="module")
def service(server: Server) -> rdflib.Graph:
    return described(server, "sparql")


@pytest.fixture(scope="module")
def void(server: Server) -> rdflib.Graph:
    return described(server, ".well-known/void")


@pytest.fixture(scope="module")
def examples(server: Server) -> rdflib.Graph:
    return described(server, ".well-known/sparql-examples")


def number(graph: rdflib.Graph, subject: rdflib.term.Node, name: str) -> int:
    (value,) = graph.objects(subject, VOID[name])
    assert isinstance(value, rdflib.Literal)
    return int(value)


# ---- The same from whichever side one asks ----


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_syntax_says_the_same(server: Server, address: str) -> None:
    said = {}
    for format in formats.GRAPHS:
        by_accept = server.get(address, headers={"accept": format.media_types[0]})
        by_name = server.get(address, params={"format": format.name}, headers={"accept": "application/n-triples"})
        for response in (by_accept, by_name):
            assert response.headers["content-type"] == format.content_type
            syntax = ox.RdfFormat.from_media_type(format.media_types[0])
            assert syntax
            quads = list(ox.parse(response.content, format=syntax))
            assert len(quads) == int(response.headers["x-row-count"])
            said[response.headers["etag"]] = {quad.triple for quad in quads}
    first, *others = said.values()
    assert len(others) == len(formats.GRAPHS) - 1, "each format has its own tag, by whichever way it is asked for"
    assert all(other == first for other in others)
    assert not any(isinstance(term, ox.BlankNode) for triple in first for term in (triple.subject, triple.object))


@pytest.mark.parametrize("address", ADDRESSES[1:])
def test_another_parser_reads_the_same(server: Server, address: str) -> None:
    turtle = described(server, address)
    assert len(turtle) > 500
    for format, syntax in ((formats.JSON_LD, "json-ld"), (formats.RDF_XML, "xml")):
        text = server.get(address, headers={"accept": format.media_types[0]}).text
        assert rdflib.compare.isomorphic(rdflib.Graph().parse(data=text, format=syntax), turtle)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_client_that_holds_a_description_is_told_that_it_still_is_so(server: Server, address: str) -> None:
    first = server.get(address, headers={"accept": "text/turtle", "accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["vary"] == "Accept, Accept-Encoding"
    assert first.headers["etag"].startswith(f'W/"{first.headers["x-snapshot"]}-')
    held = {"accept": "text/turtle", "accept-encoding": "gzip", "if-none-match": first.headers["etag"]}
    again = server.get(address, headers=held)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    for other in ({"accept": "application/n-triples"}, {"accept-encoding": "zstd"}, {"host": "graph.example"}):
        changed = server.get(address, headers=held | other)
        assert changed.status_code == 200, other
        assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_tells_what_get_would(server: Server, address: str) -> None:
    get = server.get(address, headers={"accept": "text/turtle", "accept-encoding": "identity"})
    head = httpx.head(server.url + address, headers={"accept": "text/turtle", "accept-encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "x-row-count", "x-snapshot"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("address", ADDRESSES[1:])
def test_a_client_that_wants_none_of_the_formats_is_told_which_there_are(server: Server, address: str) -> None:
    response = server.get(address, headers={"accept": "image/png"})
    assert response.status_code == 406
    assert all(format.media_types[0] in response.json()["detail"] for format in formats.GRAPHS)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_endpoint_is_where_the_client_found_it(server: Server, address: str) -> None:
    subjects = {"sparql": SD.endpoint, ".well-known/void": VOID.sparqlEndpoint}
    found = set(described(server, address, host="graph.example").objects(None, subjects.get(address, SCHEMA.target)))
    assert found == {rdflib.URIRef("http://graph.example/sparql")}
    no_host = server.get(address, headers={"host": "[::::]", "accept": "text/turtle"})
    assert (no_host.status_code, no_host.json()["type"]) == (400, "urn:hrc:error:bad-request")


# ---- The service ----


@pytest.mark.parametrize("accept", ["*/*", None, "text/turtle", "text/html;q=0.5, text/turtle"])
def test_without_a_query_an_rdf_client_gets_the_description(server: Server, accept: str | None) -> None:
    with httpx.Client(base_url=server.url) as client:
        client.headers.pop("accept")
        response = client.get("sparql", headers={"accept": accept} if accept else {})
    assert response.headers["content-type"] == "text/turtle; charset=utf-8"
    assert f"<{server.url}sparql> a sd:Service" in response.text


def test_without_a_query_a_browser_gets_the_page_which_links_to_the_description(server: Server) -> None:
    page = server.get("sparql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    link = re.search(r'<link rel="service-desc" type="(.+)" href="/(.+)">', page.text)
    assert link
    assert server.get(link[2], headers={"accept": "text/html"}).headers["content-type"].startswith(link[1])


def test_without_a_query_a_client_that_wants_a_table_is_told_what_is_missing(server: Server) -> None:
    response = server.get("sparql", headers={"accept": "application/sparql-results+json"})
    assert response.status_code == 400
    assert "query" in response.json()["title"]


def test_the_formats_described_are_those_offered_and_each_is_answered(server: Server, service: rdflib.Graph) -> None:
    found = {str(iri) for iri in service.objects(None, SD.resultFormat)}
    assert found == set(MEDIA_TYPES)
    assert set(MEDIA_TYPES.values()) == {each.media_types[0] for each in (*formats.TABLES, *formats.GRAPHS)}
    tables = {each.media_types[0] for each in formats.TABLES}
    for iri in found:
        media_type = MEDIA_TYPES[iri]
        text = "SELECT ?s { ?s a ?c } LIMIT 1" if media_type in tables else "CONSTRUCT WHERE { ?s a ?c } LIMIT 1"
        answer = server.sparql(text, accept=media_type)
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == media_type


def test_a_format_that_w3c_has_no_iri_for_is_described(service: rdflib.Graph) -> None:
    for iri in service.objects(None, SD.resultFormat):
        known = str(iri).startswith(W3C)
        about = [service.value(iri, rdflib.URIRef(W3C + name)) for name in ("media_type", "preferred_suffix")]
        assert about == ([None, None] if known else [rdflib.Literal(XLSX), rdflib.Literal(".xlsx")])


def test_the_named_graphs_described_are_those_that_queries_find(server: Server, service: rdflib.Graph) -> None:
    described = {}
    for node in service.objects(DATASET, SD.namedGraph):
        (graph,), (name,) = service.objects(node, SD.graph), service.objects(node, SD.name)
        described[str(name)] = number(service, graph, "triples")
    rows = server.rows("SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
    assert len(rows) > 2_000
    assert described == {row["g"]: int(row["n"]) for row in rows}


def test_the_default_graph_is_the_union_and_as_large_as_described(server: Server, service: rdflib.Graph) -> None:
    (default,) = service.objects(DATASET, SD.defaultGraph)
    (counted,) = server.rows("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert number(service, default, "triples") == int(counted["n"])
    assert set(service.objects(None, SD.feature)) == {SD.UnionDefaultGraph}
    assert set(service.objects(None, SD.supportedLanguage)) == {SD.SPARQL11Query}


@pytest.mark.parametrize("address", ["sparql", ".well-known/sparql-examples"])
def test_the_prefixes_declared_are_those_of_the_project(server: Server, address: str) -> None:
    graph = described(server, address)
    declared = {}
    for node in graph.objects(DATASET, SH.declare):
        (prefix,), (namespace,) = graph.objects(node, SH.prefix), graph.objects(node, SH.namespace)
        assert isinstance(namespace, rdflib.Literal)
        assert namespace.datatype == rdflib.XSD.anyURI
        declared[str(prefix)] = str(namespace)
    assert declared == namespaces.prefixes()


def test_what_an_update_changes_is_described_at_once() -> None:
    with serving("--allow-update") as changing:
        before = described(changing, "sparql")
        update = "INSERT DATA { GRAPH <urn:new> { <urn:a> a <urn:Class> ; <urn:p#q> 1 , 2 } }"
        assert changing.post("sparql", data={"update": update}).status_code == 204
        after = described(changing, "sparql")
        void = described(changing, ".well-known/void")
    graphs = [{*graph.objects(None, SD.name)} for graph in (before, after)]
    assert graphs[1] - graphs[0] == {rdflib.URIRef("urn:new")}
    (partition,) = void.subjects(VOID["class"], rdflib.URIRef("urn:Class"))
    found = {void.value(part, VOID.property): part for part in void.objects(partition, VOID.propertyPartition)}
    assert number(void, found[rdflib.URIRef("urn:p#q")], "triples") == 2


# ---- The data ----


def test_the_dataset_says_where_it_is_to_be_had_and_under_which_licence(server: Server, void: rdflib.Graph) -> None:
    assert set(void.objects(DATASET, DCTERMS.license)) == {
        rdflib.URIRef("https://creativecommons.org/licenses/by/4.0/")
    }
    titles = list(void.objects(DATASET, DCTERMS.title))
    assert {title.language for title in titles if isinstance(title, rdflib.Literal)} == {"en", "id", "es", "fr"}
    assert set(void.objects(DATASET, VOID.sparqlEndpoint)) == {rdflib.URIRef(server.url + "sparql")}
    (dump,) = void.objects(DATASET, VOID.dataDump)
    assert httpx.head(str(dump)).headers["content-type"] == "application/n-quads"


def test_the_numbers_of_the_dataset_are_those_that_queries_count(server: Server, void: rdflib.Graph) -> None:
    (space,) = void.objects(DATASET, VOID.uriSpace)
    counts = {
        "triples": "COUNT(*)",
        "distinctSubjects": "COUNT(DISTINCT ?s)",
        "distinctObjects": "COUNT(DISTINCT ?o)",
        "properties": "COUNT(DISTINCT ?p)",
        "classes": "COUNT(DISTINCT ?c)",
        "entities": "COUNT(DISTINCT ?e)",
    }
    for name, count in counts.items():
        (row,) = server.rows(f"""
            SELECT ({count} AS ?n) {{
              ?s ?p ?o BIND (IF(?p = <{RDF.type}>, ?o, ?x) AS ?c) BIND (IF(STRSTARTS(STR(?s), "{space}"), ?s, ?x) AS ?e)
            }}""")
        assert number(void, DATASET, name) == int(row["n"]) > 0, name


def test_the_partition_of_each_class_has_the_counts_of_queries(server: Server, void: rdflib.Graph) -> None:
    partitions = list(void.objects(DATASET, VOID.classPartition))
    for partition in partitions:
        (iri,) = void.objects(partition, VOID["class"])
        (things,) = server.rows(f"SELECT (COUNT(DISTINCT ?s) AS ?n) {{ ?s a <{iri}> }}")
        assert number(void, partition, "entities") == int(things["n"])
        rows = server.rows(f"SELECT ?p (COUNT(*) AS ?n) {{ ?s a <{iri}> ; ?p ?o }} GROUP BY ?p")
        found = {
            str(void.value(part, VOID.property)): number(void, part, "triples")
            for part in void.objects(partition, VOID.propertyPartition)
        }
        assert found == {row["p"]: int(row["n"]) for row in rows}
    assert len(partitions) == number(void, DATASET, "classes")
    assert rdflib.URIRef(namespaces.DEF + "LocalGovernment") in set(void.objects(None, VOID["class"]))


def test_the_partition_of_each_property_has_the_counts_of_queries(server: Server, void: rdflib.Graph) -> None:
    partitions = list(void.objects(DATASET, VOID.propertyPartition))
    for partition in partitions:
        (iri,) = void.objects(partition, VOID.property)
        (row,) = server.rows(
            f"SELECT (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?ns) (COUNT(DISTINCT ?o) AS ?no) {{ ?s <{iri}> ?o }}"
        )
        found = [number(void, partition, name) for name in ("triples", "distinctSubjects", "distinctObjects")]
        assert found == [int(row[name]) for name in ("n", "ns", "no")], iri
    assert len(partitions) == number(void, DATASET, "properties")


def test_the_vocabularies_described_are_those_whose_terms_are_used(server: Server, void: rdflib.Graph) -> None:
    rows = server.rows("SELECT DISTINCT ?term { { ?s ?term ?o } UNION { ?s a ?term } }")
    found = {str(iri) for iri in void.objects(DATASET, VOID.vocabulary)}
    unused = {iri for iri in found if not any(row["term"].startswith(iri) for row in rows)}
    unsaid = {row["term"] for row in rows if not row["term"].startswith(tuple(found))}
    assert (unused, unsaid) == (set(), set())


def test_the_examples_are_things_of_different_kinds_whose_documents_are_there(
    server: Server, void: rdflib.Graph
) -> None:
    paths = [str(iri).removeprefix("https://w3id.org/hrcity/") for iri in void.objects(DATASET, VOID.exampleResource)]
    kinds = [path.split("/")[1] for path in paths]
    assert len(set(kinds)) == len(kinds)
    assert {"gov", "place", "text", "event", "org", "aim"} <= set(kinds)
    for path in paths:
        assert server.get(path, follow_redirects=True).status_code == 200


# ---- The questions ----


def test_every_question_is_an_example_in_its_own_words(workspace: Workspace, examples: rdflib.Graph) -> None:
    found = set(examples.subjects(RDF.type, SH.SPARQLExecutable))
    assert found == set(examples.subjects(RDF.type, SH.SPARQLSelectExecutable))
    names = {str(iri).removeprefix("https://w3id.org/hrcity/query/"): iri for iri in found}
    assert set(names) == {path.stem for path in (ROOT / "queries").glob("*.rq")}
    for name, iri in names.items():
        question = workspace.questions[name]
        labels = {rdflib.Literal(title, lang=language) for language, title in question.title.items()}
        assert set(examples.objects(iri, RDFS.label)) == labels
        assert set(examples.objects(iri, RDFS.comment)) == {rdflib.Literal(question.description, lang="en")}
        assert set(examples.objects(iri, SCHEMA.keywords)) == set(map(rdflib.Literal, question.tags))
        assert set(examples.objects(iri, SH.prefixes)) == {DATASET}


def test_every_example_runs_as_it_stands_and_is_the_question_with_its_defaults(
    server: Server, examples: rdflib.Graph
) -> None:
    texts = dict(examples.subject_objects(SH.select))
    assert len(texts) >= 40
    for iri, text in texts.items():
        assert "?_" not in str(text)
        assert "#+" not in str(text)
        answer = server.sparql(str(text), accept="text/csv")
        assert answer.status_code == 200, answer.text
        name = str(iri).rpartition("/")[2]
        assert sorted(answer.text.splitlines()) == sorted(server.get(f"queries/{name}?format=csv").text.splitlines())


# ---- What the shipped files and settings do not show ----


BLANK = """#+ title: {{en: Which place}}
#+ parameters:
#+   place: {{type: iri{choices}}}
SELECT ?name WHERE {{ ?_place <http://www.w3.org/2004/02/skos/core#prefLabel> ?name }}"""


def gathered(snapshot: Snapshot, settings: Settings, asked: dict[str, NamedQuery]) -> Facts:
    async def run() -> Facts:
        async with Embedded(snapshot, settings) as engine:
            return await description.gather(engine, asked, settings.base)

    return asyncio.run(run())


def test_a_blank_without_default_takes_its_first_choice_and_a_question_without_any_is_left_out(
    snapshot: Snapshot,
) -> None:
    settings = Settings(workers=1)
    choices = {
        "listed": ', choices: ["place:id-lahat", "place:id-ambon"]',
        "found": ", choices: '?value a hrc:Place FILTER (STRENDS(STR(?value), \"id-lahat\"))'",
        "none-found": ", choices: '?value a hrc:NoSuchClass'",
        "open": "",
    }
    asked = {name: questions.parse(name, BLANK.format(choices=text)) for name, text in choices.items()}
    facts = gathered(snapshot, settings, asked)
    place = namespaces.prefixes()["place"]
    assert set(facts.texts) == {"listed", "found"}
    assert f"<{place}id-ambon>" in facts.texts["listed"], "choices are in the order of their names"
    assert f"<{place}id-lahat>" in facts.texts["found"]
    triples = description.examples(facts, asked, settings, "http://graph.example/sparql")
    texts = [triple.object for triple in triples if triple.predicate == ox.NamedNode(SH.select)]
    assert texts == [ox.Literal(text) for text in facts.texts.values()]


def test_federation_is_described_only_where_it_is_set_up(snapshot: Snapshot) -> None:
    facts = gathered(snapshot, Settings(workers=1), {})
    federated = ox.NamedNode(SD.BasicFederatedQuery)
    for services in ((), ("https://query.example/",)):
        triples = description.service(facts, Settings(services=services), "http://graph.example/sparql")
        assert any(triple.object == federated for triple in triples) == bool(services)
