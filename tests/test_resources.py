"""Following an IRI, and the pages, on the real server."""

from __future__ import annotations

import json

import pytest
import rdflib
import rdflib.compare

from tests.conftest import ROOT, Server

THINGS = (
    "gov/id-lampung-timur",
    "place/id-lahat",
    "text/gwangju-guiding-principles",
    "event/whrcf-2017",
    "org/uclg",
    "aim/campaign-10-100-1000",
    "source/seed-003",
    "cite/seed-003--p4",
)


@pytest.mark.parametrize("thing", THINGS)
def test_an_id_sees_other_and_its_document_is_the_same_graph_in_every_format(server: Server, thing: str) -> None:
    seen = server.get(f"id/{thing}")
    assert (seen.status_code, seen.headers["location"]) == (303, f"/doc/{thing}")
    reference = rdflib.Graph().parse(data=server.get(f"doc/{thing}.ttl").text, format="turtle")
    assert (rdflib.URIRef(f"https://w3id.org/hrcity/id/{thing}"), None, None) in reference
    for accept, syntax in (
        ("application/n-triples", "nt"),
        ("application/ld+json", "json-ld"),
        ("application/rdf+xml", "xml"),
    ):
        response = server.get(f"doc/{thing}", headers={"accept": accept})
        assert response.headers["content-type"].startswith(accept)
        assert response.headers["vary"] == "Accept, Accept-Encoding"
        assert rdflib.compare.isomorphic(rdflib.Graph().parse(data=response.text, format=syntax), reference)


@pytest.mark.parametrize("thing", THINGS)
def test_a_browser_gets_a_page_with_links_to_the_formats(server: Server, thing: str) -> None:
    page = server.get(f"doc/{thing}", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<html lang=" in page.text
    assert f'href="/doc/{thing}.ttl"' in page.text
    assert f'<link rel="canonical" href="https://w3id.org/hrcity/id/{thing}">' in page.text


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
    assert "The SPARQL" in page.text
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
