"""What a query may cost before it is parsed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_graph import guard
from hrc_graph.errors import HrcError, QueryTooLarge, ServiceRefused
from hrc_graph.settings import Settings

BOMBS = {
    "3,000 braces": "SELECT * WHERE " + "{" * 3000 + "}" * 3000,
    "5,000 parentheses": "SELECT * WHERE { FILTER" + "(" * 5000 + "1" + ")" * 5000 + "}",
    "10,000 negations": "SELECT * WHERE { FILTER(" + "!" * 10000 + "true) }",
    "15,000 path parentheses": "SELECT * WHERE { ?s " + "(" * 15000,
    "7,000 unions": "SELECT * WHERE {" + "{} UNION " * 7000 + "{} }",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_before_it_is_parsed(bomb: str) -> None:
    with pytest.raises(QueryTooLarge):
        guard.check(bomb, Settings())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
        "SELECT * { service silent <http://127.0.0.1/> { ?s ?p ?o } }",
        "SELECT * { SeRvIcE#comment\n\n ex:endpoint { ?s ?p ?o } }",
        "SELECT * { VALUES ?e { <http://127.0.0.1/> } SERVICE ?e { ?s ?p ?o } }",
    ],
)
def test_service_is_refused_however_it_is_written(query: str) -> None:
    with pytest.raises(ServiceRefused) as caught:
        guard.check(query, Settings())
    assert caught.value.line


ALLOWED = Settings(services=("https://query.example.org/", "https://other.example.org/sparql/"))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <https://query.example.org/sparql> { ?s ?p ?o } }",
        "SELECT * { service silent <https://other.example.org/sparql/1> { ?s ?p ?o } }",
    ],
)
def test_service_may_call_what_is_allowed(query: str) -> None:
    guard.check(query, ALLOWED)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <https://query.example.org.evil.example/> { ?s ?p ?o } }",
        "SELECT * { SERVICE <http://query.example.org/> { ?s ?p ?o } }",
        "SELECT * { SERVICE <https://other.example.org/> { ?s ?p ?o } }",
        "PREFIX q: <https://query.example.org/> SELECT * { SERVICE q:sparql { ?s ?p ?o } }",
        "SELECT * { VALUES ?e { <https://query.example.org/> } SERVICE ?e { ?s ?p ?o } }",
        "SELECT * { SERVICE <https://query.example.org/> { } SERVICE SILENT <http://127.0.0.1/> { } }",
        "SELECT * { SERVICE SERVICE <http://127.0.0.1/> { } }",
    ],
)
def test_service_may_call_nothing_else(query: str) -> None:
    with pytest.raises(ServiceRefused):
        guard.check(query, ALLOWED)


@pytest.mark.parametrize(
    "query",
    [
        'ASK { ?s ?service "SERVICE" }',
        "ASK { ?s <SERVICE> 'a SERVICE b' } # SERVICE",
        'PREFIX service: <http://x/> ASK { ?s service:SERVICE """SERVICE {{{ """ }',
        "SELECT * { ?s ?p ?o FILTER (?a < ?b && ?c > ?d) }",
        "SELECT * { ?s ?p '" + "{" * 500 + "' }",
    ],
)
def test_words_in_strings_names_and_comments_do_not_count(query: str) -> None:
    guard.check(query, Settings())


def test_an_error_says_where() -> None:
    with pytest.raises(QueryTooLarge) as caught:
        guard.check("ASK {\n" + "{" * 70, Settings())
    assert (caught.value.line, caught.value.column) == (2, 64)


@given(st.text(alphabet=st.sampled_from(list("{}()[]<>\"'\\#?$:@.;,!^-+*/| \nSERVICEselect\u00e91a")), max_size=300))
@settings(deadline=None)
def test_no_text_crashes_the_guard_and_no_character_is_lost(text: str) -> None:
    try:
        guard.check(text, Settings())
    except HrcError:
        return
    kept = "".join(token.text for token in guard.tokens(text))
    assert set(kept) <= set(text)
