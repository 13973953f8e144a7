"""Content negotiation."""

from __future__ import annotations

import pytest

from hrc_graph import formats
from hrc_graph.errors import NotAcceptable


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("application/sparql-results+xml", "xml"),
        ("application/xml;q=0.5, text/csv;q=0.4", "xml"),
        ("text/csv;q=0.1, */*;q=0.2", "json"),
        ("text/*", "csv"),
        ("application/sparql-results+json;q=0, */*", "xml"),
        ("TEXT/CSV ; Q=1", "csv"),
        ("text/html, text/tab-separated-values;q=0.2", "tsv"),
    ],
)
def test_the_best_liked_format_is_chosen(accept: str | None, expected: str) -> None:
    assert formats.negotiate(accept, formats.TABLES).name == expected


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "garbage", "text/csv;q=nonsense"])
def test_refusing_everything_offered_names_what_is_offered(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        formats.negotiate(accept, formats.TABLES)
    assert "text/csv" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ttl", "turtle"), (".nt", "ntriples"), ("JSON", "json-ld"), ("application/rdf+xml", "rdf+xml"), ("n3", "n3")],
)
def test_short_names_suffixes_and_media_types_name_a_graph_format(name: str, expected: str) -> None:
    found = formats.named(name, formats.GRAPHS)
    assert found is not None
    assert found.name == expected


def test_an_unknown_name_names_nothing() -> None:
    assert formats.named("png", formats.TABLES) is None
