"""Pages speak the reader's language: the one in the address, else the one the browser likes best, else English."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.conftest import Server, serving

PAGES = ("", "queries", "search?q=gwangju", "sparql", "doc/gov/id-lahat.html", "queries/timeline", "nothing-here")


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
