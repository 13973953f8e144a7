"""Thirty habits of linked data that can be followed, each held against ten things of different kinds.

Sources: Cool URIs for the Semantic Web (W3C, 2008); Best Practice Recipes for Publishing RDF Vocabularies (W3C, 2008);
Data on the Web Best Practices (W3C, 2017); RFC 9110 (HTTP), RFC 8288 (Link).
"""

from __future__ import annotations

import html.parser
import json
import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
import rdflib
import rdflib.compare

from tests.conftest import Server

THINGS = (
    "id/gov/id-lampung-timur",
    "id/place/uy-montevideo",
    "id/text/gwangju-guiding-principles",
    "id/event/whrcf-2017",
    "id/person/chusnunia",
    "id/source/seed-003",
    "id/aim/kkp-ham",
    "def/Commitment",
    "vocab/mode/enacted",
    "shape/Commitment-mode",
)
BASE = "https://w3id.org/hrcity/"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SYNTAX = {
    "text/turtle": (".ttl", "turtle"),
    "application/n-triples": (".nt", "nt"),
    "application/ld+json": (".jsonld", "json-ld"),
    "application/rdf+xml": (".rdf", "xml"),
}
TYPES = {"text/html": ".html"} | {kind: suffix for kind, (suffix, _) in SYNTAX.items()}

Get = Callable[..., httpx.Response]

every_thing = pytest.mark.parametrize("thing", THINGS)


@pytest.fixture(scope="module")
def get(server: Server) -> Get:
    """GET, or another method, of a path; the same request is sent once."""
    known: dict[str, httpx.Response] = {}

    def ask(path: str, accept: str = "", method: str = "GET", **fields: str) -> httpx.Response:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        headers |= {"accept": accept} if accept else {}
        key = f"{method} {path} {sorted(headers.items())}"
        if key not in known:
            known[key] = httpx.request(method, urljoin(server.url, path), headers=headers, timeout=30)
        return known[key]

    return ask


def document(thing: str) -> str:
    return "/doc/" + thing.removeprefix("id/")


def parsed(response: httpx.Response) -> rdflib.Graph:
    kind = response.headers["content-type"].partition(";")[0]
    return rdflib.Graph().parse(data=response.text, format=SYNTAX[kind][1])


def links(response: httpx.Response) -> list[tuple[str, str, str]]:
    """Target, relation and type of each link of the header."""
    found = re.findall(r'<([^>]*)>; rel="([^"]*)"(?:; type="([^"]*)")?', response.headers["link"])
    return [(target, relation, kind) for target, relation, kind in found]


class Page(html.parser.HTMLParser):
    """What a program reads in a page: its language, title, links and data blocks."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language, self.title = "", ""
        self.links: list[dict[str, str | None]] = []
        self.scripts: dict[str, str] = {}
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._within = (given.get("id") or "") if tag == "script" else tag
        if tag == "html":
            self.language = given.get("lang") or ""
        if tag == "link":
            self.links.append(given)
        if tag == "script":
            assert given["type"] == "application/ld+json"

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "title":
            self.title += data
        elif self._within in ("graph", "schema-org"):
            self.scripts[self._within] = self.scripts.get(self._within, "") + data


@every_thing
def test_01_a_thing_is_no_document_so_its_iri_answers_303(get: Get, thing: str) -> None:
    assert get(thing).status_code == 303


@every_thing
def test_02_the_303_leads_to_a_document_that_is_there(get: Get, thing: str) -> None:
    place = get(thing).headers["location"]
    assert place == document(thing)
    assert get(place).status_code == 200


@every_thing
def test_03_the_303_is_the_same_for_people_and_programs(get: Get, thing: str) -> None:
    assert {get(thing, accept).headers["location"] for accept in (BROWSER, *TYPES)} == {document(thing)}


@every_thing
def test_04_one_step_leads_to_an_answer_and_none_leads_back(server: Server, thing: str) -> None:
    for accept in TYPES:
        with httpx.Client(follow_redirects=True, max_redirects=1, timeout=30) as client:
            found = client.get(server.url + thing, headers={"accept": accept})
        assert [step.status_code for step in (*found.history, found)] == [303, 200]


@every_thing
def test_05_head_of_the_iri_is_the_303_without_a_body(get: Get, thing: str) -> None:
    head = get(thing, method="HEAD")
    assert (head.status_code, head.headers["location"], head.content) == (303, document(thing), b"")


@every_thing
def test_06_head_of_the_document_has_the_headers_of_get_and_no_body(get: Get, thing: str) -> None:
    head, whole = get(document(thing), "text/turtle", "HEAD"), get(document(thing), "text/turtle")
    assert head.content == b""
    for name in ("etag", "last-modified", "content-type", "content-length", "link", "vary", "content-location"):
        assert head.headers[name] == whole.headers[name]


@every_thing
def test_07_accept_chooses_the_format(get: Get, thing: str) -> None:
    for kind in TYPES:
        answer = get(document(thing), kind)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)


@every_thing
def test_08_quality_values_are_obeyed(get: Get, thing: str) -> None:
    for accept, kind in (
        ("text/html;q=0.3, text/turtle;q=0.9, application/rdf+xml;q=0.5", "text/turtle"),
        ("text/*;q=0.1, application/n-triples;q=0.2", "application/n-triples"),
        ("application/ld+json, text/turtle;q=0", "application/ld+json"),
        (BROWSER, "text/html"),
    ):
        assert get(document(thing), accept).headers["content-type"].startswith(kind)


@every_thing
def test_09_what_is_not_offered_is_a_406_that_lists_what_is(get: Get, thing: str) -> None:
    refused = get(document(thing), "image/png")
    assert refused.status_code == 406
    assert all(kind in refused.json()["detail"] for kind in TYPES)


@every_thing
def test_10_each_format_has_an_address_of_its_own(get: Get, thing: str) -> None:
    for kind, suffix in TYPES.items():
        assert get(document(thing) + suffix).headers["content-type"].startswith(kind)


@every_thing
def test_11_a_suffix_is_not_overruled_by_accept(get: Get, thing: str) -> None:
    assert get(document(thing) + ".ttl", BROWSER).headers["content-type"].startswith("text/turtle")
    assert get(document(thing) + ".html", "text/turtle").headers["content-type"].startswith("text/html")


@every_thing
def test_12_the_address_of_the_format_is_told_and_gives_the_same(get: Get, thing: str) -> None:
    for kind, suffix in TYPES.items():
        answer = get(document(thing), kind)
        assert answer.headers["content-location"] == document(thing) + suffix
        assert get(document(thing) + suffix).headers["etag"] == answer.headers["etag"]


@every_thing
def test_13_caches_are_told_what_the_answer_depends_on(get: Get, thing: str) -> None:
    for kind in TYPES:
        depends = "Accept, Accept-Encoding" + (", Accept-Language" if kind == "text/html" else "")
        assert get(document(thing), kind).headers["vary"] == depends
        assert get(document(thing), kind).headers["cache-control"] == "no-cache"


@every_thing
def test_14_texts_say_that_they_are_utf_8_and_are(get: Get, thing: str) -> None:
    for kind in TYPES:
        answer = get(document(thing), kind)
        answer.content.decode("utf-8")
        assert ("charset=utf-8" in answer.headers["content-type"]) == kind.startswith("text/")


@every_thing
def test_15_who_holds_the_entity_tag_is_told_that_nothing_changed(get: Get, thing: str) -> None:
    for kind in TYPES:
        tag = get(document(thing), kind).headers["etag"]
        again = get(document(thing), kind, if_none_match=tag)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@every_thing
def test_16_who_holds_the_date_is_told_that_nothing_changed(get: Get, thing: str) -> None:
    for kind in TYPES:
        date = get(document(thing), kind).headers["last-modified"]
        assert get(document(thing), kind, if_modified_since=date).status_code == 304
        assert get(document(thing), kind, if_modified_since="Mon, 01 Jan 2001 00:00:00 GMT").status_code == 200


@every_thing
def test_17_the_entity_tag_counts_more_than_the_date(get: Get, thing: str) -> None:
    date = get(document(thing), "text/turtle").headers["last-modified"]
    assert get(document(thing), "text/turtle", if_none_match='"other"', if_modified_since=date).status_code == 200


@every_thing
def test_18_each_format_has_an_entity_tag_of_its_own(get: Get, thing: str) -> None:
    assert len({get(document(thing), kind).headers["etag"] for kind in TYPES}) == len(TYPES)


@every_thing
def test_19_the_document_names_the_permanent_iri_of_the_thing(get: Get, thing: str) -> None:
    for kind in TYPES:
        assert (BASE + thing, "canonical", "") in links(get(document(thing), kind))


@every_thing
def test_20_the_document_names_its_other_formats_and_they_are_there(get: Get, thing: str) -> None:
    named = {kind: target for target, relation, kind in links(get(document(thing))) if relation == "alternate"}
    assert set(named) == set(TYPES)
    for kind, target in named.items():
        assert get(target).headers["content-type"].startswith(kind)


@every_thing
def test_21_the_licence_is_in_the_header_and_in_the_graph(get: Get, thing: str) -> None:
    answer = get(document(thing), "text/turtle")
    (licence,) = [target for target, relation, _ in links(answer) if relation == "license"]
    said = parsed(answer).objects(rdflib.URIRef(BASE + document(thing)[1:]), rdflib.DCTERMS.license)
    assert [str(value) for value in said] == [licence]


@every_thing
def test_22_the_iri_and_the_document_lead_to_what_describes_them(get: Get, thing: str) -> None:
    assert (document(thing), "describedby", "") in links(get(thing))
    (place,) = [target for target, relation, _ in links(get(document(thing))) if relation == "describedby"]
    assert get(place, "text/turtle").status_code == 200


@every_thing
def test_23_the_graph_is_about_the_thing_and_says_so(get: Get, thing: str) -> None:
    graph, iri = parsed(get(document(thing), "text/turtle")), rdflib.URIRef(BASE + thing)
    assert list(graph.predicate_objects(iri))
    assert graph.value(rdflib.URIRef(BASE + document(thing)[1:]), rdflib.FOAF.primaryTopic) == iri
    assert graph.value(iri, rdflib.RDF.type) is not None


@every_thing
def test_24_every_format_gives_the_same_graph(get: Get, thing: str) -> None:
    graphs = [rdflib.compare.to_isomorphic(parsed(get(document(thing), kind))) for kind in SYNTAX]
    assert all(graph == graphs[0] for graph in graphs)


@every_thing
def test_25_the_page_carries_the_same_graph_as_data(get: Get, thing: str) -> None:
    page = Page(get(document(thing), "text/html").text)
    embedded = rdflib.Graph().parse(data=page.scripts["graph"], format="json-ld")
    assert rdflib.compare.isomorphic(embedded, parsed(get(document(thing), "text/turtle")))


@every_thing
def test_26_the_page_tells_search_engines_in_their_words(get: Get, thing: str) -> None:
    page = Page(get(document(thing), "text/html").text)
    described = json.loads(page.scripts["schema-org"])
    assert described["@id"] == BASE + thing
    graph = rdflib.Graph().parse(data=page.scripts["schema-org"], format="json-ld")
    words = {str(predicate) for predicate in graph.predicates()} - {str(rdflib.RDF.type)}
    assert words
    assert all(word.startswith("https://schema.org/") for word in words)


@every_thing
def test_27_the_page_has_a_language_a_title_and_links(get: Get, thing: str) -> None:
    answer = get(document(thing), "text/html")
    page = Page(answer.text)
    assert (page.language, answer.headers["content-language"]) == ("en", "en")
    assert len(page.title.partition(" · ")[0]) > 2
    given = {(link["rel"], link.get("type"), urlsplit(link["href"] or "").path) for link in page.links}
    assert {("alternate", kind, document(thing) + suffix) for kind, (suffix, _) in SYNTAX.items()} <= given
    assert ("canonical", None, urlsplit(BASE + thing).path) in given


@every_thing
def test_28_other_sites_may_read_it_and_no_page_runs_a_script(get: Get, thing: str) -> None:
    for kind in TYPES:
        answer = get(document(thing), kind)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "script-src 'self'" in answer.headers["content-security-policy"]


@every_thing
def test_29_what_cannot_be_done_is_a_405_that_says_what_can(get: Get, thing: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in (thing, document(thing)):
            refused = get(path, method=method)
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@every_thing
def test_30_what_is_not_there_is_a_404_for_people_and_programs(get: Get, thing: str) -> None:
    for path in (thing + "-no-such", document(thing) + "-no-such", document(thing) + "-no-such.ttl"):
        assert get(path, "text/turtle").status_code == 404
        assert get(path, BROWSER).headers["content-type"].startswith("text/html")
        assert get(path, "application/json").headers["content-type"] == "application/problem+json"
