"""Hostile text in the data and in requests: every page that can show it stays inert. All of it is fictional."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.conftest import FIXTURES, ROOT, Listener, Server, serving

RUN = "window.__xss=1;document.documentElement.setAttribute('data-xss','1')"
LABELS = (
    f"<script>{RUN}</script>",
    f'<img src=x onerror="{RUN}">',
    f"</title></textarea></pre></code><svg onload=\"{RUN}\">",
    f"\"'><a href=\"javascript:{RUN}\">x</a>",
    "{{ 7*7 }} {% raw %} ${7*7}",
)  # fmt: skip
SCHEMES = (f"javascript:{RUN.replace(' ', '')}", "data:text/html,%3Cscript%3Ealert(1)%3C/script%3E", "vbscript:x", "file:///etc/passwd")  # fmt: skip  # noqa: E501
LANGUAGES = ("en", "id", "en-x-onload", "zzzzzzzz-aaaaaaaa")
THINGS = ("text/fictional-hostile", "gov/fictional-hostile", "place/fictional-hostile", "source/fictional-hostile")
_ALLOWED = (
    "html head meta title link body a header nav main h1 h2 h3 h4 p footer table thead tbody tfoot tr th td caption "
    "colgroup col code pre span br form label textarea select option optgroup button input datalist output fieldset "
    "legend details summary div ul ol li dl dt dd q strong em mark section article aside figure figcaption small abbr "
    "time b i kbd blockquote hr img svg g path circle rect line polyline polygon text tspan desc defs use symbol "
    "marker pattern"
)


class Inert(HTMLParser):
    """Fails on whatever a browser would run, fetch or follow beyond what our templates hold."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links: list[str] = []
        self._block = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and "src" not in dict(attrs):  # a block of data, which no browser runs
            assert dict(attrs).get("type") in ("application/ld+json", "application/json")
            return
        if tag in ("script", "img", "use"):
            assert (dict(attrs).get("src") or dict(attrs).get("href") or "").startswith(("/static/", "#")), attrs
        assert tag in (*_ALLOWED.split(), "script"), tag
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert name not in ("style", "srcdoc", "formaction", "background", "http-equiv"), (tag, name)
            if name in ("href", "src", "action"):
                self.links.append(value or "")
                assert (value or "").startswith(("/", "?", "#", "http://", "https://")), (tag, value)
                assert not (value or "").startswith("//")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            json.loads(self._block or "null")  # whole: no label has ended it
            self._block = ""

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self._block += data
        else:
            self.text += data


def inert(page: str) -> Inert:
    parser = Inert()
    parser.feed(page)
    parser.close()
    return parser


def turtle(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # the escapes of JSON are those of Turtle


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the ontology, the questions, and dossiers whose every text is hostile."""
    root = tmp_path_factory.mktemp("hostile")
    for folder in ("ontology", "queries"):
        shutil.copytree(ROOT / folder, root / folder)
    for dossier in ("governments/id/lahat", "instruments/gwangju-guiding-principles"):
        (root / "data" / dossier).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "data" / f"{dossier}.ttl", root / "data" / f"{dossier}.ttl")
    labels = ", ".join(f"{turtle(label)}@{language}" for label in LABELS for language in LANGUAGES)
    pages = ", ".join(f"<{iri}>" for iri in (*SCHEMES, "http://example.org/'onclick=1"))
    text = (FIXTURES / "hostile.ttl").read_text("utf-8").replace("$labels", labels).replace("$pages", pages)
    (root / "data/instruments/fictional-hostile.ttl").write_text(text.replace("$script", SCHEMES[0]), "utf-8")
    with serving("--time-limit", "5", workspace=root) as running:
        yield running


def page(server: Server, path: str, **parameters: str) -> Inert:
    response = server.get(path, params=parameters or None, headers={"accept": "text/html"})
    assert response.status_code < 500, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in response.headers["content-security-policy"]
    return inert(response.text)


def test_lists_of_hostile_things_are_inert_and_choosing_them_too(hostile: Server) -> None:
    for name in ("governments", "instruments", "themes", "events", "awards", "sources", "conflicts"):
        page(hostile, name)
        page(hostile, name, q=LABELS[0], sort="-name" if name not in ("awards", "conflicts") else "")
    shown = page(hostile, "governments", lang="id")
    assert any(label in shown.text for label in LABELS)
    for label in (*LABELS, *SCHEMES):
        page(hostile, "governments", country=label, theme=label)
        page(hostile, "sources", publisher=label)


def test_hostile_labels_are_text_on_every_page_of_a_thing(hostile: Server) -> None:
    for thing in THINGS:
        shown = page(hostile, f"doc/{thing}")
        assert "<script>window.__xss" in shown.text
        assert "{{ 7*7 }}" in shown.text
    assert "<script>" in page(hostile, "").text, "the label of a class, on the front page"


@pytest.mark.parametrize("iri", SCHEMES)
def test_an_iri_that_a_browser_would_run_is_text_and_no_link(hostile: Server, iri: str) -> None:
    shown = page(hostile, "doc/text/fictional-hostile")
    assert iri.partition(":")[0] in shown.text
    assert not [link for link in shown.links if link.startswith(iri.partition(":")[0])]
    everywhere = "SELECT * WHERE { { ?s ?p ?o FILTER (STR(?o) = '%s') } UNION { ?s ?p ?o FILTER (STR(?s) = '%s') } }"
    answer = page(hostile, "sparql", format="html", query=everywhere % ((iri.replace("'", "\\'"),) * 2))
    assert iri in answer.text


def test_hostile_terms_are_text_wherever_a_term_can_stand(hostile: Server) -> None:
    for text in (f"SELECT * WHERE {{ ?s ?p ?o FILTER (STRSTARTS(STR(?{where}), 'javascript:')) }}" for where in "spo"):
        assert "javascript:" in page(hostile, "sparql", format="html", query=text).text
    typed = "SELECT ?o ?d { ?s ?p ?o BIND (DATATYPE(?o) AS ?d) FILTER (STRSTARTS(STR(?d), 'javascript')) }"
    assert "typed" in page(hostile, "sparql", format="html", query=typed).text
    triple = "SELECT (<<( <javascript:x> <javascript:y> '<script>' )>> AS ?t) WHERE {}"
    assert "javascript:x" in page(hostile, "sparql", format="html", query=triple).text
    build = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER (CONTAINS(STR(?o), 'xss')) }"
    built = page(hostile, "sparql", format="html", query=build)
    assert "<script>" in built.text


def test_every_question_shows_hostile_data_as_text(hostile: Server) -> None:
    showing = []
    for path in sorted((ROOT / "queries").glob("*.rq")):
        shown = page(hostile, f"queries/{path.stem}")
        showing += [path.stem] if "__xss" in shown.text else []
        (name, *_) = [each["name"] for each in hostile.get(f"queries/{path.stem}/parameters").json()] or ["none"]
        page(hostile, f"queries/{path.stem}", **{name: LABELS[2]})
    assert len(showing) >= 3, "otherwise this shows nothing"


@pytest.mark.parametrize("text", LABELS)
def test_what_a_request_says_comes_back_as_text(hostile: Server, text: str) -> None:
    echoes = 0
    for path in (
        f"doc/{quote(text)}", f"id/{quote(text)}", f"queries/{quote(text)}", f"graphs/{quote(text)}", quote(text),
        "graphs?" + urlencode({"graph": text}), "graphs?" + urlencode({"graph": "http://x/" + text}),
        "queries/timeline?" + urlencode({text: text}), "queries/timeline?" + urlencode({"class": text}),
        "sparql?" + urlencode({"query": text}), "sparql?" + urlencode({"query": text, "format": "html"}),
        "sparql?" + urlencode({"query": f"ASK {{ {text} }}", "format": "html"}),
        "sparql?" + urlencode({"query": f"SELECT * {{ ?s x{text}:y ?o }}", "format": "html"}),
        "sparql?" + urlencode({"query": f"SELECT ({turtle(text)} AS ?x) {{}}", "format": "html"}),
        "sparql?" + urlencode({"query": "ASK {}", "default-graph-uri": text, "format": "html"}),
        "sparql?" + urlencode({"query": "ASK {}", "format": text, "output": text}),
    ):  # fmt: skip
        echoes += "7*7" in page(hostile, path).text or "__xss" in page(hostile, path).text
    assert echoes >= 8
    refused = hostile.get("sparql", params={"query": "ASK {}"}, headers={"accept": text.encode()})
    assert refused.headers["content-type"] in ("application/problem+json", "application/sparql-results+json")


@pytest.mark.parametrize("name", ["onload", "constructor", "__proto__", "été", "ａlert", "href", "srcdoc", "names"])
def test_a_hostile_name_of_a_column_is_text(hostile: Server, name: str) -> None:
    shown = page(hostile, "sparql", format="html", query=f"SELECT (1 AS ?{name}) WHERE {{}}")
    assert name.replace("_", " ") in shown.text


def test_a_hostile_permalink_sends_nothing_anywhere(hostile: Server, listener: Listener) -> None:
    link = {
        "endpoint": listener.url,
        "title": LABELS[0],
        "url": listener.url,
        "callback": "alert",
        "requestMethod": "X",
    }
    shown = page(hostile, "sparql", format="html", query="SELECT * WHERE { ?s ?p ?o } LIMIT 1", **link)
    assert listener.url not in "".join(shown.links)
    bare = page(hostile, "sparql", **link)
    assert "__xss" not in bare.text
    json_again = hostile.get("sparql", params={"query": "ASK {}", "callback": "alert"})
    assert json_again.json() == {"head": {}, "boolean": True}
    assert listener.calls == 0


@pytest.mark.parametrize(
    "accept", ["application/ld+json", "application/rdf+xml", "text/turtle", "application/n-triples"]
)
def test_a_document_for_machines_is_never_taken_for_a_page(hostile: Server, accept: str) -> None:
    for path in ("doc/text/fictional-hostile", "graphs/instruments/fictional-hostile", "nowhere<script>"):
        response = hostile.get(path, headers={"accept": accept})
        assert not response.headers["content-type"].startswith("text/html")
        assert response.headers["x-content-type-options"] == "nosniff"
    if accept == "application/ld+json":
        assert "__xss" in json.dumps(hostile.get("doc/text/fictional-hostile.jsonld").json())


def test_headers_hold_no_text_of_a_request(hostile: Server) -> None:
    for path in ("id/x%0d%0aset-cookie:%20a=b", "sparql?query=ASK%7B%7D&format=%0d%0aset-cookie:a=b", "doc/%0d%0ax:y"):
        response = hostile.get(path)
        assert "set-cookie" not in response.headers
        assert "x" not in response.headers


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_runs_nothing_of_it(hostile: Server, tmp_path: Path) -> None:
    control = tmp_path / "control.html"
    control.write_text(f"<!doctype html><html><script>{RUN}</script>", "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --dump-dom"

    def loaded(url: str) -> str:
        command: list[Any] = ["chromium", *flags.split(), *more.split(), f"--user-data-dir={tmp_path / 'profile'}", url]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    assert 'data-xss="1"' in loaded(control.as_uri()), "otherwise this shows nothing"
    everything = urlencode({"query": "SELECT * WHERE { ?s ?p ?o FILTER (CONTAINS(STR(?o), 'xss')) }", "format": "html"})
    wrong = urlencode({"query": LABELS[2], "format": "html"})
    for path in ("", "doc/text/fictional-hostile", f"sparql?{everything}", f"sparql?{wrong}", "queries/timeline"):
        dom = loaded(hostile.url + path)
        assert "</footer>" in dom
        assert "data-xss=" not in dom.partition("<body")[0]
