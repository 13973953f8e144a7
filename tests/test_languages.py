"""Pages speak the reader's language: the one in the address, else the one the browser likes best, else English."""

from __future__ import annotations

import csv
import functools
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser

import pyoxigraph as ox
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hrc_graph.web.headings import WORDS
from hrc_graph.web.languages import LANGUAGES
from hrc_graph.workspace import Workspace
from tests.conftest import ROOT, Server, serving

PAGES = ("", "queries", "search?q=gwangju", "sparql", "doc/gov/id-lahat.html", "queries/timeline", "nothing-here")
LOCALES = ROOT / "hrc_graph" / "web" / "locales"
TRANSLATED = [language for language in LANGUAGES if language != "en"]
WALKED = (
    "", "governments", "instruments", "themes", "events", "awards", "sources", "conflicts", "map", "timeline",
    "queries", "queries/latest-commitments", "queries/awards-against-target", "sparql", "dataset", "releases/",
    "dumps/", "graphs",
    "reconcile/about", "search", "search?q=gwangju", "search?q=zzzz", "feeds/", "docs/", "join", "desk/sign-in",
    "ontology.html", "shapes.html", "doc/def/Commitment.html", "doc/vocab/mode.html", "doc/gov/id-lahat.html",
    "doc/gov/at-vienna.html",
    "doc/text/gwangju-guiding-principles.html", "nothing-here",
)  # fmt: skip
TELLTALE = re.compile(
    r"(?<![-/])\b(the|and|of|with|from|which|this|that|they|these|has|have|are|was|what)\b(?![-/])", re.I
)
"""Words that stand in nearly every English sentence, and in no Indonesian one."""
EMPTY = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "path")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def language(server: Server, path: str, accepted: str = "") -> str:
    answer = server.get(path, headers={"accept": "text/html"} | ({"accept-language": accepted} if accepted else {}))
    said = re.search(r'<html lang="(..)">', answer.text)
    assert said
    assert answer.headers["content-language"] == said[1]
    assert "Accept-Language" in answer.headers["vary"]
    return said[1]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_in_the_language_that_the_browser_likes_best(server: Server, path: str) -> None:
    assert language(server, path) == "en"
    assert language(server, path, "id") == "id"
    assert language(server, path, "es-MX, es;q=0.9, en;q=0.5") == "es"
    assert language(server, path, "ko, fr;q=0.3, en;q=0.2") == "fr"
    assert language(server, path, "ko") == "en"
    assert language(server, path, "id;q=0, fr") == "fr"
    assert language(server, path, ";q=;,,*;q=x" + "x" * 500) == "en"


@pytest.mark.parametrize("path", PAGES)
def test_the_address_decides_before_the_browser(server: Server, path: str) -> None:
    also = "&" if "?" in path else "?"
    assert language(server, f"{path}{also}lang=fr", "id") == "fr"


def test_the_switch_leads_to_the_same_page_and_links_stay_in_the_chosen_language(server: Server) -> None:
    page = server.get("search?q=gwangju&lang=es", headers={"accept": "text/html"}).text
    assert '<link rel="alternate" hreflang="id" href="/search?q=gwangju&amp;lang=id">' in page
    assert 'href="/governments?lang=es"' in page
    unchosen = server.get("search?q=gwangju", headers={"accept": "text/html", "accept-language": "es"}).text
    assert 'href="/governments"' in unchosen


@pytest.mark.parametrize("path", ["search?q=gwangju", "doc/gov/id-lahat.html", "sparql?query=ASK%7B%7D&format=html"])
def test_what_was_kept_in_one_language_is_not_taken_for_another(server: Server, path: str) -> None:
    asked = {"accept": "text/html", "accept-language": "id"}
    tag = server.get(path, headers=asked).headers["etag"]
    assert server.get(path, headers=asked | {"if-none-match": tag}).status_code == 304
    assert server.get(path, headers=asked | {"if-none-match": tag, "accept-language": "fr"}).status_code == 200


def catalogue(language: str) -> Catalog:
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@functools.cache
def extracted() -> Catalog:
    """What the templates and the code say, as `make words` gathers it."""
    found = Catalog()
    methods = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["babel"]["mappings"]
    mapping = [(each["pattern"], each["method"]) for each in methods]
    options = {each["pattern"]: {"trimmed": each.get("trimmed", "")} for each in methods}
    for _, _, text, _, context in extract_from_dir(ROOT / "hrc_graph", mapping, options):
        found.add(text, context=context)
    return found


def texts(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def placeholders(text: str) -> Counter[str]:
    """What must stand in a translation as in the source: values to fill in, and elements."""
    return Counter(re.findall(r"%\(\w+\)\w|%[sd]|</?\w+|\{\w+\}", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_holds_every_text_that_pages_show_and_no_other(language: str) -> None:
    assert {message.id for message in catalogue(language) if message.id} == {
        message.id for message in extracted() if message.id
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_with_what_is_filled_in_and_in_each_number(language: str) -> None:
    known = catalogue(language)
    for message in known:
        if not message.id:
            continue
        said = texts(message.string)
        assert all(said or ("",)), message.id
        assert not message.fuzzy, message.id
        assert len(said) == (1 if isinstance(message.id, str) else known.num_plurals), message.id
        source = texts(message.id)
        for text in said:
            assert placeholders(text) in [placeholders(each) for each in source], (message.id, text)


def test_a_question_has_its_words_in_every_language(workspace: Workspace) -> None:
    for name, question in workspace.questions.items():
        assert set(question.title) == set(LANGUAGES), name
        shown = {parameter.name.replace("_", " ") for parameter in question.parameters}
        shown |= {tag for tag in question.tags if not re.match(r"(cq|more)\d", tag)}
        shown |= {variable.replace("_", " ") for variable in columns(name)}
        assert shown <= WORDS, name


def columns(name: str) -> list[str]:
    """The columns of the answer to a question."""
    with (ROOT / "tests" / "expected" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


class Spoken(HTMLParser):
    """The texts of a page that are in its own language: not code, nor marked as of another."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[tuple[str, bool]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in EMPTY:
            other = dict(attrs).get("lang") not in (None, "id") or tag in ("code", "pre", "script", "style", "svg")
            self.inside.append((tag, other))

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(other for _, other in self.inside):
            self.words.append(data.strip())


@pytest.fixture(scope="module")
def names(store: ox.Store) -> list[str]:
    """What the data call things and say of them in such words, whatever the language of the page."""
    said = {quad.object.value.strip() for quad in store if isinstance(quad.object, ox.Literal)}
    return sorted((text for text in said if TELLTALE.search(text)), key=len, reverse=True)


@pytest.mark.parametrize("path", WALKED)
def test_a_page_in_indonesian_shows_no_english(server: Server, names: list[str], path: str) -> None:
    page = Spoken()
    page.feed(server.get(path, headers={"accept": "text/html", "accept-language": "id"}).text)
    assert page.words
    told = []
    for text in filter(TELLTALE.search, page.words):
        for name in names:
            text = text.replace(name, "")
        told += [text] if TELLTALE.search(text) else []
    assert not told, told


def test_numbers_are_written_as_the_reader_writes_them(server: Server) -> None:
    asked = {"accept": "text/html", "accept-language": "id"}
    assert re.search(r">\d+\.\d{3}<", server.get("graphs", headers=asked).text)
    assert re.search(r">\d+,\d{3}<", server.get("graphs", headers=asked | {"accept-language": "en"}).text)
