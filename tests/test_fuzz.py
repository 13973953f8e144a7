"""Requests that nobody thought of: queries made from real ones, and what the OpenAPI document describes."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hrc_graph import guard, questions
from tests.conftest import ROOT, Server, serving

pytestmark = pytest.mark.slow

OURS = {200, 303, 304, 400, 401, 403, 404, 406, 413, 414, 415, 431, 503}
"""What may come back. Not 500, which is a bug, nor 502, which is a query that ended its process."""
QUERIES = [questions.parse(path.stem, path.read_text("utf-8")).text for path in sorted((ROOT / "queries").glob("*.rq"))]
WORDS = sorted({token.text for text in QUERIES for token in guard.tokens(text)})
ODD_WORDS = (
    "SERVICE", "<<(", ")>>", "{|", "|}", "LOAD", "VALUES", "UNDEF", "MINUS", "NOT EXISTS", "GROUP_CONCAT", "REGEX",
    "REPLACE", "STRDT", "STRLANG", "IRI", "BNODE()", "1e400", "-0", "9999999999999999999", "'''", '"', "\\u0000", "^^",
    "@en--ltr", "*", "+", "?", "/", "|", "^", "!", "\0", "\u202e", "LATERAL", "DESCRIBE", "FROM", "BASE <", "LIMIT 0",
    "OFFSET 9223372036854775808", "LIMIT -1", "HAVING", "<http://[>", "_:b", "[]", "()", "a", "true", "SELECT *",
)  # fmt: skip
PIECES = (*WORDS, *ODD_WORDS)


@pytest.fixture(scope="module")
def hasty() -> Iterator[Server]:
    with serving("--time-limit", "0.5") as running:
        yield running


def words_of(text: str) -> list[str]:
    """The words and signs of a query, each with the space after it: what is close together stays so."""
    starts = [token.start for token in guard.tokens(text)]
    return [text[start:end] for start, end in itertools.pairwise([*starts, len(text)])]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A question of the library with some of its words left out, doubled, exchanged or replaced."""
    words = words_of(draw(st.sampled_from(QUERIES)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(words) - 1)))
        match draw(st.sampled_from(("drop", "double", "replace", "insert", "swap", "cut", "splice", "text"))):
            case "drop":
                del words[at : at + draw(st.integers(1, 5))]
            case "double":
                words[at:at] = words[at : at + 10] * draw(st.integers(1, 5))
            case "replace":
                words[at : at + 1] = [f" {draw(st.sampled_from(PIECES))} "]
            case "insert":
                words.insert(at, f" {draw(st.sampled_from(PIECES))} ")
            case "swap":
                other = draw(st.integers(0, max(0, len(words) - 1)))
                words[at : at + 1], words[other : other + 1] = words[other : other + 1], words[at : at + 1]
            case "cut":
                del words[at + 1 :]
            case "splice":
                second = words_of(draw(st.sampled_from(QUERIES)))
                words[at:] = second[draw(st.integers(0, len(second) - 1)) :]
            case "text":
                words.insert(at, draw(st.text(max_size=8)))
    return "".join(words)


def fuzz(hasty: Server, seconds: float, examples: int) -> dict[int, int]:
    until, seen = time.monotonic() + seconds, dict[int, int]()

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(mutated(), st.sampled_from(("application/json", "text/html", "text/csv", "application/rdf+xml", "*/*")))
    def run(text: str, accept: str) -> None:
        if time.monotonic() > until:
            return
        about = {"accept": accept, "content-type": "application/sparql-query"}
        response = client.post(hasty.url + "sparql", content=text.encode(), headers=about)
        seen[response.status_code] = seen.get(response.status_code, 0) + 1
        assert response.status_code in OURS, (text, response.text)
        if response.status_code >= 400 and "html" not in response.headers["content-type"]:
            assert response.json()["type"].startswith("urn:hrc:error:")

    with httpx.Client(timeout=30) as client:
        run()
        assert client.get(hasty.url + "sparql?query=ASK%20%7B%7D").json()["boolean"] is True
    assert hasty.process.poll() is None
    assert not [line for line in hasty.log if "traceback" in line]
    return seen


def test_some_mutated_questions_get_an_answer_or_an_error_of_ours(hasty: Server) -> None:
    seen = fuzz(hasty, 20, 150)
    assert seen[200] >= 5
    assert seen[400] >= 30


def test_many_mutated_questions_get_an_answer_or_an_error_of_ours(hasty: Server) -> None:
    seen = fuzz(hasty, 60, 4000)
    print(f"\n{seen}")
    assert sum(seen.values()) > 500


ODD = (
    "", " ", "0", "-1", "1e9", "null", "true", "%", "%00", "'", '"', "<script>", "\u202e", "é", "🏙", "a b", "../..",
    "//x", "gov:id-lampung-timur", "gov:", ":", "urn:x", "https://w3id.org/hrcity/id/x", "http://[", "2020-13-45",
    "2011-12-31", "9" * 400, "x" * 3000, "} UNION { ?s ?p ?o", "> } #", "\\", "\n", "\x7f", "en", "zz-ZZ-x-y",
    "hrc:Charter", "html", "csv",
)  # fmt: skip


def requests_of(
    document: dict[str, Any], chance: random.Random, each: int
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests to every operation: parameters and bodies as described, odd ones, none, and ones nobody described."""
    operations = [(path, method, told) for path, told in document["paths"].items() for method in told]
    for path, method, described in ((path, method, told[method]) for path, method, told in operations):
        for _ in range(each):
            filled = path
            given: dict[str, Any] = {}
            for parameter in described.get("parameters", []):
                value = value_for(parameter["schema"], chance)
                if parameter["in"] == "path":
                    filled = filled.replace(f"{{{parameter['name']}}}", quote(str(value), safe="/"))
                elif chance.random() < 0.7:
                    given[parameter["name"]] = chance.choice((value, [value, value]))
            if chance.random() < 0.2:
                given[chance.choice(ODD)] = chance.choice(ODD)
            yield method, filled, {"params": given} | ({} if method == "get" else body_for(described, chance))


def value_for(schema: dict[str, Any], chance: random.Random) -> Any:
    """What a description offers, or something odd."""
    return chance.choice([*schema.get("enum", []), schema.get("default", ""), chance.choice(ODD), chance.choice(ODD)])


def body_for(described: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A form, JSON, or bytes that are neither, with the fields that are described or with odd ones."""
    media = [*described.get("requestBody", {}).get("content", {}).values(), {}]
    named = {name: schema for each in media for name, schema in each.get("schema", {}).get("properties", {}).items()}
    fields = {name: value_for(schema, chance) for name, schema in named.items() if chance.random() < 0.7}
    fields |= {chance.choice((*ODD, "to", "why", "queries", "extend")): chance.choice(ODD)}
    odd = {
        "content": chance.choice(ODD).encode(),
        "headers": {"content-type": chance.choice(("application/json", "x"))},
    }
    return chance.choice(({"data": fields}, {"json": fields}, {"json": chance.choice(ODD)}, odd))


def test_every_operation_of_the_openapi_document_answers_whatever_it_is_given(hasty: Server) -> None:
    document = hasty.get("openapi.json").json()
    chance = random.Random(11)
    asked = 0
    with httpx.Client(timeout=30, base_url=hasty.url) as client:
        for method, path, given in requests_of(document, chance, each=6):
            accept = {"accept": chance.choice(("application/json", "text/html", "text/csv", "*/*"))}
            response = client.request(method, path, **given | {"headers": given.get("headers", {}) | accept})
            asked += 1
            assert response.status_code in OURS, (method, path, given, response.text)
            if response.status_code >= 400 and "json" in response.headers["content-type"]:
                assert json.loads(response.content)["status"] == response.status_code
    assert asked >= 6 * 45
    assert hasty.process.poll() is None
    assert not [line for line in hasty.log if "traceback" in line]
