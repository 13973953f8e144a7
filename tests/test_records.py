"""Canonical Turtle."""

from __future__ import annotations

import random
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_graph import namespaces, records
from hrc_graph.errors import BadFile
from tests.conftest import ROOT

DOSSIERS = sorted((ROOT / "data").rglob("*.ttl"))
BASE = namespaces.BASE


@pytest.mark.parametrize("path", DOSSIERS, ids=lambda path: str(path.relative_to(ROOT / "data")))
def test_a_shipped_dossier_is_canonical_to_the_byte(path: Path) -> None:
    triples = records.read(path.read_bytes(), base=BASE, name=path.name)
    random.Random(4).shuffle(triples)
    assert records.write(triples, base=BASE) == path.read_text("utf-8")


@pytest.mark.parametrize("base", ["http://localhost:8080/hr/", "https://example.org/"])
def test_a_dossier_says_the_same_under_another_base(base: str) -> None:
    path = ROOT / "data" / "governments" / "id" / "lampung-timur.ttl"
    triples = records.read(path.read_bytes(), base=base, name=path.name)
    assert records.write(triples, base=base) == path.read_text("utf-8")


@given(st.text(), st.sampled_from(["en", "id", "ko", None]))
def test_any_text_survives_being_written_and_read(text: str, language: str | None) -> None:
    literal = ox.Literal(text.encode("utf-8", "ignore").decode(), language=language)
    triple = ox.Triple(ox.NamedNode(BASE + "id/place/x"), ox.NamedNode(namespaces.DEF + "quote"), literal)
    assert records.read(records.write([triple], base=BASE).encode(), base=BASE, name="x") == [triple]


def test_a_blank_node_is_refused() -> None:
    triple = ox.Triple(ox.BlankNode(), ox.NamedNode(namespaces.DEF + "date"), ox.Literal("2016"))
    with pytest.raises(BadFile):
        records.write([triple], base=BASE)


def test_text_that_is_not_turtle_is_refused_with_its_line() -> None:
    with pytest.raises(BadFile) as caught:
        records.read(b"<a> <b> <c> .\n<a> <b> .\n", base=BASE, name="broken.ttl")
    assert caught.value.line == 2
    assert "broken.ttl" in caught.value.message


def test_a_claim_has_the_same_name_under_any_base() -> None:
    def name(base: str) -> str:
        statement = ox.Triple(
            ox.NamedNode(base + "id/text/a"), ox.NamedNode(namespaces.DEF + "date"), ox.Literal("2014")
        )
        cited = [ox.NamedNode(base + "id/cite/b"), ox.NamedNode(base + "id/cite/a")]
        return records.claim_iri(statement, cited, base=base).value.removeprefix(base)

    assert name(BASE) == name("http://localhost/")


def test_the_lines_of_a_dossier_are_those_where_records_begin() -> None:
    text = "@prefix place: <id/place/> .\n\nplace:id-lahat\n  a place:x .\n\n<id/place/id-lahat/point>\n  a place:y .\n"
    assert records.lines(text, base=BASE) == {BASE + "id/place/id-lahat": 3, BASE + "id/place/id-lahat/point": 6}
