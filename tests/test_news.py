"""What changed, as a page: in plain words, newest first, of one kind or of all; from the real server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from hrc_graph.telling import Kind
from hrc_graph.web import news
from tests import past as pasts
from tests.conftest import Server, serving
from tests.past import TEN, WHO


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    past = pasts.state_a(tmp_path_factory.mktemp("told"))
    pasts.ten_changes(past)
    past.edit("people/made-up-first", 'who:made-up-first skos:note "Fictional."@en .')
    past.commit("<script>alert(1)</script> & more, says the fictional gazette")
    with serving(workspace=past.root) as running:
        yield running


def shown(server: Server, query: str = "", **fields: str) -> httpx.Response:
    return server.get(f"feeds/{query}", headers={"accept": "text/html"} | fields)


def events(page: str) -> list[tuple[str, str]]:
    """The kind and the words of each event, as they stand on the page."""
    found = re.findall(r'<span class="badge">([^<]+)</span> <(?:a|span)[^>]*>([^<]*)<', page)
    return [(kind, words.replace("&#34;", '"')) for kind, words in found]


def test_the_newest_changes_stand_first_in_plain_words_with_who_when_and_why(server: Server) -> None:
    page = shown(server).text
    told = [f"{kind.capitalize()}: {words}" for kind, words in events(page)]
    single = [words for words in TEN if words.partition(":")[0].lower() in list(Kind)]
    assert [words for words in told if words in single] == single[::-1]
    assert WHO in page
    assert "Lahat is awarded, says the fictional gazette" in page
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT', page)
    for path in ("/feeds/changes.atom", "/feeds/ldes"):
        assert f'href="{path}"' in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script>" not in page


def test_every_link_of_an_event_leads_to_the_thing_or_to_what_it_was_then(server: Server) -> None:
    main = shown(server).text.partition("<main")[2].partition("</main>")[0]
    links = set(re.findall(r'href="(/(?:id|version)/[^"]+)"', main))
    assert len(links) > 15
    for link in links:
        assert server.get(link).status_code == (303 if link.startswith("/id/") else 200), link


def test_pages_lead_from_the_newest_to_the_first_and_lose_nothing(server: Server) -> None:
    path, read = "", []
    while path is not None:
        page = shown(server, path).text
        read += events(page)
        following = re.search(r'<a rel="next" href="/feeds/([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else None  # type: ignore[assignment]
    counted = sum(
        int(count.replace(",", "")) for count in re.findall(r'<span class="quiet">([\d,]+)</span></a></li>', page)
    )
    assert len(read) == counted > 3 * news.SHOWN
    assert shown(server, "?page=99999").text.count('class="badge"') == 0


def test_one_kind_of_change_can_be_read_alone(server: Server) -> None:
    page = shown(server, "?kind=award-recorded")
    found = events(page.text)
    assert found[0] == ("award recorded", TEN[2].partition(": ")[2])
    assert {kind for kind, _ in found} == {"award recorded"}
    assert 'aria-current="true">award recorded' in page.text
    for wrong in ("?kind=nothing", "?page=0", "?page=x"):
        assert server.get(f"feeds/{wrong}").status_code == 400


def test_the_page_speaks_the_readers_language_and_says_that_the_words_are_english(server: Server) -> None:
    page = shown(server, "?lang=id").text
    assert '<html lang="id">' in page
    assert 'lang="en">Human-Rights-Caring Regency or City to Lahat Regency Government, 2025<' in page
    assert 'href="/feeds/?kind=award-recorded&amp;lang=id"' in page


def test_who_holds_the_page_is_told_so(server: Server) -> None:
    first = shown(server)
    again = shown(server, **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert shown(server, "?kind=award-recorded", **{"if-none-match": first.headers["etag"]}).status_code == 200
    assert server.get("feeds").headers["location"] == "/feeds/"
