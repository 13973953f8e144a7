"""Following an IRI, and the pages, on the real server."""

from __future__ import annotations

import json
import re

import pyoxigraph as ox
import pytest
import rdflib
import rdflib.compare

from hrc_graph.workspace import Workspace
from tests.conftest import ROOT, Server, select
from tests.test_habits import Page

OF_EACH_KIND = (
    "id/act/id-lahat--award--kkp-ham-2022",
    "id/aim/campaign-10-100-1000",
    "id/cite/seed-003--p4",
    "id/claim/%(claim)s",
    "id/decision/%(decision)s",
    "id/event/whrcf-2017",
    "id/gov/id-lampung-timur",
    "id/milestone/campaign-deadline-2022",
    "id/org/uclg",
    "id/person/chusnunia",
    "id/place/uy-montevideo",
    "id/place/uy-montevideo/point",
    "id/source/seed-003",
    "id/text/gwangju-guiding-principles",
    "def/Place",
    "def/mode",
    "def/claimable",
    "vocab/theme/human-rights-city",
    "vocab/mode",
    "shape/Label",
    "shape/KindFits",
    "ontology",
)


@pytest.mark.parametrize("pattern", OF_EACH_KIND)
def test_for_every_kind_the_page_holds_the_same_graph_as_every_other_format(
    server: Server, store: ox.Store, pattern: str
) -> None:
    thing = pattern % {kind: first_of(store, kind) for kind in ("claim", "decision")}
    document = server.get(thing).headers["location"]
    assert document == "/doc/" + thing.removeprefix("id/")
    turtle = server.get(document + ".ttl")
    reference = rdflib.compare.to_isomorphic(rdflib.Graph().parse(data=turtle.text, format="turtle"))
    assert (rdflib.URIRef(f"https://w3id.org/hrcity/{thing}"), None, None) in reference
    for suffix, syntax in ((".nt", "nt"), (".jsonld", "json-ld"), (".rdf", "xml")):
        found = rdflib.Graph().parse(data=server.get(document + suffix).text, format=syntax)
        assert rdflib.compare.to_isomorphic(found) == reference
    page = Page(server.get(document + ".html").text)
    embedded = rdflib.Graph().parse(data=page.scripts["graph"], format="json-ld")
    assert rdflib.compare.to_isomorphic(embedded) == reference


def first_of(store: ox.Store, kind: str) -> str:
    start = f"https://w3id.org/hrcity/id/{kind}/"
    found = select(store, f'SELECT (MIN(STR(?s)) AS ?first) WHERE {{ ?s a ?c FILTER (STRSTARTS(STR(?s), "{start}")) }}')
    return found[0]["first"].removeprefix(start)


def test_every_iri_of_ours_in_a_document_can_be_followed(server: Server) -> None:
    graph = rdflib.Graph().parse(data=server.get("doc/gov/id-lahat.ttl").text, format="turtle")
    ours = {str(term) for triple in graph for term in triple if str(term).startswith("https://w3id.org/hrcity/")}
    assert len(ours) > 30
    for iri in ours:
        path = iri.removeprefix("https://w3id.org/hrcity/")
        assert server.get(path).status_code == (200 if path.startswith("doc/") else 303), iri


def test_a_document_holds_acts_claims_and_evidence(server: Server) -> None:
    page = server.get("doc/gov/id-lahat.html").text
    for word in ("Acts", "Award", "2022", "Evidence", "paragraph 7", "Pemerintah Kabupaten Lahat"):
        assert word in page
    graph = rdflib.Graph().parse(data=server.get("doc/gov/id-lahat.ttl").text, format="turtle")
    asked = """
      PREFIX hrc: <https://w3id.org/hrcity/def/> PREFIX dcterms: <http://purl.org/dc/terms/>
      PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
      ASK {
        ?act a hrc:Award ; hrc:recipient ?thing ; hrc:date ?date ; hrc:under/skos:prefLabel ?programme .
        ?thing hrc:cites/hrc:source/dcterms:title ?title . ?claim rdf:subject ?thing ; hrc:cites ?passage .
      }"""
    assert graph.query(asked).askAnswer


def test_what_much_points_to_comes_in_pages_that_lose_nothing(server: Server) -> None:
    thing = rdflib.URIRef("https://w3id.org/hrcity/id/aim/kkp-ham")
    seen: list[set[rdflib.term.Node]] = []
    place, steps = "doc/aim/kkp-ham.ttl", 0
    while place:
        answer = server.get(place)
        graph = rdflib.Graph().parse(data=answer.text, format="turtle")
        assert (thing, rdflib.SKOS.prefLabel, None) in graph
        assert answer.headers["x-result-complete"] == "false"
        under = rdflib.URIRef("https://w3id.org/hrcity/def/under")
        seen.append(set(graph.subjects(under, thing)))
        following = [link for link in answer.headers["link"].split(", ") if link.endswith('rel="next"')]
        following_in_graph = list(graph.objects(None, rdflib.URIRef("http://www.w3.org/ns/hydra/core#next")))
        assert len(following) == len(following_in_graph) <= 1
        place = following[0].partition(">")[0][2:] if following else ""
        steps += 1
    assert steps > 5
    counted = server.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ ?s <https://w3id.org/hrcity/def/under> <{thing}> }}")
    assert len(set().union(*seen)) == sum(map(len, seen)) == int(counted[0]["n"])
    page = server.get("doc/aim/kkp-ham.html?page=2").text
    assert "101 to 200" in page
    assert 'rel="next" href="/doc/aim/kkp-ham.html?page=3"' in page
    for wrong, status in (("0", 400), ("x", 400), ("-1", 400), ("9999", 404)):
        assert server.get(f"doc/aim/kkp-ham?page={wrong}").status_code == status


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("shapes", "/doc/shapes"),
        ("ontology/", "/doc/ontology"),
        ("ontology/1.0.0", "/doc/ontology"),
        ("def/", "/doc/ontology"),
        ("vocab/mode/", "/doc/vocab/mode"),
        ("shape/", "/doc/shapes"),
        ("query/timeline", "/queries/timeline"),
    ],
)
def test_what_is_no_single_term_leads_to_what_holds_it(server: Server, path: str, place: str) -> None:
    assert (server.get(path).status_code, server.get(path).headers["location"]) == (303, place)
    assert server.get(place).status_code == 200


def test_the_ontology_is_one_document_and_one_page(server: Server, workspace: Workspace) -> None:
    graph = rdflib.Graph().parse(data=server.get("doc/ontology.ttl").text, format="turtle")
    written = rdflib.Graph().parse(workspace.root / "ontology" / "hrc.ttl")
    terms = set(written.subjects(rdflib.RDFS.isDefinedBy, None))
    assert terms <= set(graph.subjects(rdflib.RDFS.isDefinedBy, None))
    page = server.get("doc/ontology.html").text
    assert all(f'href="/def/{str(term).rpartition("/")[2]}"' in page for term in terms)
    assert 'href="/vocab/theme"' in page
    assert server.get("ontology/9.9.9").status_code == 404


def test_the_page_of_a_class_is_its_documentation(server: Server) -> None:
    page = server.get("doc/def/Commitment.html").text
    for words in (
        "The act by which an actor takes on an instrument or joins a campaign, in a stated mode.",
        "Komitmen",
        "gist:Commitment",
        "exactly 1; of the class Organisation",
        "Choose exactly one government or organisation that made this commitment, not the place.",
        "from the list Modes of commitment",
        "No commitment before its text",
        "Questions that use it",
        'href="/queries/commitments-of-a-government"',
        "an example",
    ):
        assert words in page, words


def test_the_page_of_a_property_is_its_documentation(server: Server) -> None:
    page = server.get("doc/def/mode.html").text
    count = server.rows("SELECT (COUNT(*) AS ?n) WHERE { ?s <https://w3id.org/hrcity/def/mode> ?o }")[0]["n"]
    for words in ("said of", 'href="/def/Commitment"', "its values are", "special case of", "exactly 1", "cara", count):
        assert words in page, words


def test_the_page_of_a_shape_says_it_in_words(server: Server) -> None:
    label = server.get("doc/shape/Label.html").text
    assert "at least 1; 1 or more of them: in one of the languages en, id, es, fr, ca, ko" in label
    either = server.get("doc/shape/Commitment-mode.html").text
    assert "a thing that has an address" in either
    rule = server.get("doc/shape/KindFits.html").text
    assert "The rule in SPARQL" in rule
    assert "SELECT $this" in rule


def test_the_page_of_a_concept_says_what_uses_it(server: Server) -> None:
    page = server.get("doc/vocab/theme/human-rights-city.html").text
    assert "Kota hak asasi manusia" in page
    assert "narrower" in page
    assert 'href="/vocab/theme/local-human-rights-policy"' in page
    used = server.rows(
        "SELECT (COUNT(*) AS ?n) WHERE { ?s <https://w3id.org/hrcity/def/theme>"
        " <https://w3id.org/hrcity/vocab/theme/human-rights-city> }"
    )
    assert f'as theme <span class="quiet number">{int(used[0]["n"]):,}</span>' in page
    scheme = server.get("doc/vocab/mode.html").text
    assert "Made law by the actor" in scheme
    assert 'href="/vocab/mode/enacted"' in scheme


def test_a_page_shows_what_sources_say_differently(server: Server) -> None:
    page = server.get("doc/text/gwangju-guiding-principles.html").text
    assert "What sources say differently" in page
    assert "2011" in page
    assert "deprecated" in page


@pytest.mark.parametrize(
    "path", ["id/gov/no-such-thing", "doc/gov/no-such-thing", "id/a%20b", "id/%3E%3Cscript%3E", "nowhere"]
)
def test_what_is_not_there_is_a_404_that_says_so(server: Server, path: str) -> None:
    response = server.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "<script>" not in server.get(path, headers={"accept": "text/html"}).text


@pytest.mark.parametrize(
    "path", ["static/../app.py", "static/%2e%2e/app.py", "doc/../../etc/passwd", "static//etc/passwd"]
)
def test_no_path_leaves_its_folder(server: Server, path: str) -> None:
    assert server.get(path).status_code in (404, 405)


def test_the_front_page_says_what_is_here(server: Server) -> None:
    page = server.get("").text
    assert "<h1>" in page
    for word in ("Commitment", "Charter", "Milestone", "/sparql", "/queries"):
        assert word in page


def test_a_question_answers_as_a_page_and_as_csv(server: Server) -> None:
    page = server.get("queries/timeline", headers={"accept": "text/html"})
    table = server.get("queries/timeline?format=csv")
    assert page.status_code == 200
    assert "<summary>SPARQL</summary>" in page.text
    assert table.headers["content-type"].startswith("text/csv")
    assert len(table.text.splitlines()) > 10


def test_a_question_with_a_wrong_parameter_says_which(server: Server) -> None:
    response = server.get("queries/timeline?colour=red", headers={"accept": "application/json"})
    assert response.status_code == 400
    assert "colour" in response.json()["title"]


def test_the_page_of_a_question_offers_its_choices_by_name(server: Server) -> None:
    page = server.get("queries/timeline?class=hrc:Event", headers={"accept": "text/html"}).text
    assert page.count(" selected>") == 2
    assert '<option value="hrc:Event" selected>Event</option>' in page
    whole = server.get("queries/timeline?class=https://w3id.org/hrcity/def/Event", headers={"accept": "text/html"})
    assert '<option value="hrc:Event" selected>Event</option>' in whole.text
    many = server.get("queries/commitments-of-a-government?government=gov:id-nowhere", headers={"accept": "text/html"})
    assert 'value="gov:id-nowhere" list="c-government"' in many.text
    assert '<option value="gov:id-lampung-timur">Lampung Timur' in many.text.partition("<datalist")[2]
    other = server.get("queries/timeline?class=hrc:Claim", headers={"accept": "text/html"}).text
    assert "<option selected>hrc:Claim</option>" in other
    free = server.get("queries/adopted-by-a-date", headers={"accept": "text/html"}).text
    assert 'name="day" value="2011-12-31">' in free


def test_the_choices_of_a_question_come_as_json(server: Server) -> None:
    series, edition, lang = server.get("queries/participants-of-an-edition/parameters").json()
    assert {key: value for key, value in series.items() if key != "choices"} == {
        "name": "series",
        "type": "iri",
        "required": False,
        "default": "event:whrcf",
        "description": "The event series.",
    }
    assert {
        "value": "event:whrcf",
        "iri": "https://w3id.org/hrcity/id/event/whrcf",
        "label": "World Human Rights Cities Forum",
    } in series["choices"]
    assert {"value": "7", "label": "7"} in edition["choices"]
    assert {"en", "id", "es", "fr"} <= {choice["value"] for choice in lang["choices"]}
    assert server.get("queries/adopted-by-a-date/parameters").json()[0]["choices"] is None
    assert server.get("queries/no-such-question/parameters").status_code == 404


def test_health_and_openapi_answer(server: Server) -> None:
    assert server.get("health").json()["status"] == "ok"
    paths = json.loads(server.get("openapi.json").text)["paths"]
    assert {f"/queries/{path.stem}" for path in (ROOT / "queries").glob("*.rq")} <= set(paths)


def test_every_page_forbids_what_it_does_not_need(server: Server) -> None:
    for path in ("", "sparql", "queries", "doc/gov/id-lampung-timur", "nowhere"):
        response = server.get(path, headers={"accept": "text/html"})
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("language", "government", "word"),
    [
        ("en", "Lampung Timur Regency Government", "Place"),
        ("id", "Pemerintah Kabupaten Lampung Timur", "Wilayah"),
        ("fr", "", "Lieu"),
    ],
)
def test_a_page_calls_things_by_the_readers_names_and_says_which_are_in_another_language(
    server: Server, language: str, government: str, word: str
) -> None:
    asked = {"accept": "text/html", "accept-language": language}
    page = server.get("doc/gov/id-lampung-timur", headers=asked).text
    heading = re.search(r"<h1([^>]*)>([^<]*)</h1>", page)
    assert heading
    if government:
        assert (heading[1], heading[2]) == ("", government)
    else:  # nobody has given it a French name
        assert heading[1] == ' lang="en"'
    assert word in server.get("doc/place/id-lampung-timur", headers=asked).text
    document = "doc/gov/id-lampung-timur.nt"
    graphs = {server.get(document, headers={"accept-language": each}).text for each in ("en", "id")}
    assert len(graphs) == 1


def test_links_of_a_page_stay_in_the_language_of_its_address(server: Server) -> None:
    page = server.get("doc/gov/id-lampung-timur.html?lang=id").text
    assert 'href="/id/place/id-lampung-timur?lang=id"' in page


def test_the_iris_of_the_data_set_and_of_questions_can_be_followed_under_any_base(server: Server) -> None:
    for path in ("dataset", "hrcity/dataset"):
        assert server.get(path, headers={"accept": "text/turtle"}).status_code == 200
    for path in ("query/timeline", "hrcity/query/timeline"):
        followed = server.get(path)
        assert (followed.status_code, followed.headers["location"]) == (303, "/queries/timeline")
    examples = server.get(".well-known/sparql-examples", headers={"accept": "application/n-triples"}).text
    named = set(re.findall(r"<https://w3id.org/hrcity/(query/[^>]+)>", examples))
    assert len(named) > 20
    assert {server.get(path).headers["location"] for path in named} == {f"/queries/{p[6:]}" for p in named}
    assert server.get("query/no-such-question").status_code == 404
