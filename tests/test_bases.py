"""The same files under another address, and things that were renamed, merged or withdrawn, in a fictional workspace."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import rdflib
import rdflib.compare

from hrc_graph import questions
from hrc_graph.workspace import open_workspace
from tests.conftest import ROOT, Server, serving
from tests.test_habits import Page

pytestmark = pytest.mark.slow

BASE = "https://example.org/hrc/"
DATA = """
@prefix act: <id/act/> .
@prefix cite: <id/cite/> .
@prefix edtf: <http://id.loc.gov/datatypes/edtf/> .
@prefix gov: <id/gov/> .
@prefix hrc: <https://w3id.org/hrcity/def/> .
@prefix mode: <https://w3id.org/hrcity/vocab/mode/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix place: <id/place/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix src: <id/source/> .
@prefix text: <id/text/> .

src:form a hrc:Source ; dcterms:title "A fictional form"@en .
cite:form--p1 a hrc:Citation ; hrc:source src:form ; hrc:locator "paragraph 1" .
place:contoh a hrc:Place ; skos:prefLabel "Contoh (fictional)"@en ; hrc:cites cite:form--p1 .
gov:contoh a hrc:LocalGovernment ; skos:prefLabel "Contoh Government (fictional)"@en ; hrc:primaryPlace place:contoh ;
  hrc:cites cite:form--p1 .
text:charter a hrc:Charter ; skos:prefLabel "A fictional charter"@en ; hrc:cites cite:form--p1 .
act:contoh a hrc:Commitment ; hrc:actor gov:contoh ; hrc:mode mode:signed ; hrc:under text:charter ;
  hrc:date "2022"^^edtf:EDTF ; hrc:cites cite:form--p1 .

gov:hostile a hrc:LocalGovernment ; hrc:primaryPlace place:contoh ; hrc:cites cite:form--p1 ;
  skos:prefLabel "</script><script>alert(1)</script><!-- & \\u2028 ]]> <b>"@en .

gov:contoh-old owl:deprecated true ; dcterms:isReplacedBy gov:contoh-older ; skos:changeNote "Renamed."@en .
gov:contoh-older owl:deprecated true ; dcterms:isReplacedBy gov:contoh ; skos:changeNote "Recorded twice."@en .
gov:withdrawn owl:deprecated true ; skos:changeNote "No source ever named it."@en .
gov:parted owl:deprecated true ; dcterms:isReplacedBy gov:contoh , gov:hostile .
gov:round owl:deprecated true ; dcterms:isReplacedBy gov:about .
gov:about owl:deprecated true ; dcterms:isReplacedBy gov:round .
place:town a hrc:Place ; skos:prefLabel "A town that became a city (fictional)"@en ; dcterms:isReplacedBy place:contoh ;
  hrc:cites cite:form--p1 .
"""


@pytest.fixture(scope="module")
def fictional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fictional")
    for name in ("ontology", "queries"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "data").mkdir()
    (folder / "data" / "fictional.ttl").write_text(DATA, "utf-8")
    return folder


@pytest.fixture(scope="module")
def moved(fictional: Path) -> Iterator[Server]:
    """The fictional workspace, served under another address."""
    with serving("--base", BASE, workspace=fictional) as running:
        yield running


def test_things_are_under_the_base_and_terms_are_what_they_are(moved: Server) -> None:
    dump = moved.get("dumps/hrcity.nq").text
    assert f"<{BASE}id/gov/contoh>" in dump
    assert f"<{BASE}graph/fictional>" in dump
    assert "<https://w3id.org/hrcity/def/Commitment>" in dump
    assert not re.search("<https://w3id.org/hrcity/(id|graph)/", dump)
    for path in (".well-known/void", ".well-known/sparql-examples", "sparql"):
        described = moved.get(path, headers={"accept": "text/turtle"}).text
        assert "https://w3id.org/hrcity/id/" not in described
        assert BASE in described


def test_documents_and_pages_name_the_base_and_link_to_this_server(moved: Server) -> None:
    answer = moved.get("doc/gov/contoh", headers={"accept": "text/turtle"})
    graph = rdflib.Graph().parse(data=answer.text, format="turtle")
    assert (rdflib.URIRef(BASE + "id/act/contoh"), None, rdflib.URIRef(BASE + "id/gov/contoh")) in graph
    assert f'<{BASE}id/gov/contoh>; rel="canonical"' in answer.headers["link"]
    page = moved.get("doc/gov/contoh.html").text
    assert f'<link rel="canonical" href="{BASE}id/gov/contoh">' in page
    for path in ("/id/act/contoh", "/def/LocalGovernment", "/id/place/contoh", "/id/source/form"):
        assert f'href="{path}"' in page
        assert httpx.get(moved.url.rstrip("/") + path, follow_redirects=True).status_code == 200
    terms = moved.get("def/Commitment")
    assert (terms.status_code, terms.headers["location"]) == (303, "/doc/def/Commitment")
    assert (
        '<https://w3id.org/hrcity/def/Commitment>; rel="canonical"' in moved.get("doc/def/Commitment").headers["link"]
    )


def test_the_whole_path_of_an_iri_under_the_base_is_followed_too(moved: Server) -> None:
    found = httpx.get(moved.url + "hrc/id/gov/contoh", follow_redirects=True, headers={"accept": "text/turtle"})
    assert (found.status_code, found.history[0].status_code) == (200, 303)
    assert moved.get("hrc/nowhere").status_code == 404


def test_questions_are_asked_of_the_things_under_the_base(moved: Server) -> None:
    asked = moved.get("queries/commitments-of-a-government?government=gov:contoh&format=csv")
    assert "A fictional charter" in asked.text
    choices = moved.get("queries/commitments-of-a-government/parameters").json()[0]["choices"]
    assert {"value": "gov:contoh", "label": "Contoh Government (fictional)", "iri": BASE + "id/gov/contoh"} in choices


def test_a_question_that_names_things_names_those_under_the_base() -> None:
    text = """#+ title:
#+   en: Which?
#+ parameters:
#+   one:
#+     type: iri
#+     default: gov:contoh
#+     choices: '?value a <https://w3id.org/hrcity/def/Place>'
PREFIX gov: <https://w3id.org/hrcity/id/gov/>
# <https://w3id.org/hrcity/id/gov/in-a-comment>
SELECT * WHERE { gov:a ?p <https://w3id.org/hrcity/id/gov/b> , "<https://w3id.org/hrcity/id/gov/c>" ; a ?_one }"""
    found = questions.parse("which", text, base=BASE)
    assert found.bound({}, base=BASE).splitlines()[-3:] == [
        f"PREFIX gov: <{BASE}id/gov/>",
        "# <https://w3id.org/hrcity/id/gov/in-a-comment>",
        f'SELECT * WHERE {{ gov:a ?p <{BASE}id/gov/b> , "<https://w3id.org/hrcity/id/gov/c>" ;'
        f" a <{BASE}id/gov/contoh> }}",
    ]
    assert "https://w3id.org/hrcity/def/Place" in found.parameters[0].choices_query(base=BASE)
    assert questions.parse("which", text).text == text


def test_servers_under_two_addresses_do_not_share_their_snapshots(fictional: Path, moved: Server) -> None:
    before = moved.get("health").json()["snapshot"]
    with serving(workspace=fictional) as other:
        assert '<https://w3id.org/hrcity/id/gov/contoh>; rel="canonical"' in other.get("doc/gov/contoh").headers["link"]
        assert other.get("health").json()["snapshot"] != before
        assert moved.get("health").json()["snapshot"] == before
    assert open_workspace(fictional).state == fictional / ".hrc"


@pytest.mark.parametrize(
    "given", ["example.org", "https://example.org/hrc", "https://exa mple.org/", "ftp://a/", "https://a/?b/"]
)
def test_what_cannot_be_a_base_is_refused(fictional: Path, given: str) -> None:
    with (
        pytest.raises(AssertionError, match="cannot be what things are under"),
        serving("--base", given, workspace=fictional),
    ):
        pass


@pytest.mark.parametrize("old", ["contoh-old", "contoh-older"])
def test_what_was_renamed_or_merged_is_301_to_what_stands_for_it(moved: Server, old: str) -> None:
    found = moved.get(f"id/gov/{old}")
    assert (found.status_code, found.headers["location"]) == (301, "/id/gov/contoh")
    assert f'<{BASE}id/gov/contoh>; rel="successor-version"' in found.headers["link"]
    document = moved.get(f"doc/gov/{old}.ttl")
    assert (document.status_code, document.headers["location"]) == (301, "/doc/gov/contoh.ttl")


@pytest.mark.parametrize(
    ("old", "successors", "reason"),
    [
        ("withdrawn", set(), "No source ever named it."),
        ("parted", {f"{BASE}id/gov/contoh", f"{BASE}id/gov/hostile"}, "In its place"),
        ("round", set(), ""),
    ],
)
def test_what_was_withdrawn_is_410_and_names_what_stands_in_its_place(
    moved: Server, old: str, successors: set[str], reason: str
) -> None:
    for path in (f"id/gov/{old}", f"doc/gov/{old}", f"doc/gov/{old}.ttl"):
        gone = moved.get(path, headers={"accept": "application/json"})
        assert gone.status_code == 410
        assert set(gone.json().get("successors", ())) == successors
        assert reason in gone.json().get("detail", "")
    assert moved.get(f"id/gov/{old}", headers={"accept": "text/html"}).headers["content-type"].startswith("text/html")


def test_what_became_of_an_address_can_be_asked_in_sparql(moved: Server) -> None:
    rows = moved.rows(
        "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX owl: <http://www.w3.org/2002/07/owl#>"
        f"SELECT ?now WHERE {{ <{BASE}id/gov/contoh-old> owl:deprecated true ; dcterms:isReplacedBy+ ?now"
        " FILTER NOT EXISTS { ?now owl:deprecated true } }"
    )
    assert rows == [{"now": f"{BASE}id/gov/contoh"}]


def test_a_place_that_history_replaced_keeps_its_page(moved: Server) -> None:
    assert moved.get("id/place/town").status_code == 303
    page = moved.get("doc/place/town.html").text
    assert "replaced by" in page
    assert 'href="/id/place/contoh"' in page


def test_a_hostile_name_stays_a_name(moved: Server) -> None:
    hostile = "</script><script>alert(1)</script><!-- & \u2028 ]]> <b>"
    text = moved.get("doc/gov/hostile.html").text
    assert "<script>alert" not in text
    assert text.count("<script") == text.count("</script>") == 2
    page = Page(text)
    assert hostile in [name["@value"] for name in json.loads(page.scripts["schema-org"])["name"]]
    embedded = rdflib.Graph().parse(data=page.scripts["graph"], format="json-ld")
    turtle = rdflib.Graph().parse(data=moved.get("doc/gov/hostile.ttl").text, format="turtle")
    assert rdflib.compare.isomorphic(embedded, turtle)
    assert rdflib.Literal(hostile, lang="en") in set(turtle.objects())
