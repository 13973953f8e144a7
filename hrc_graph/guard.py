"""What a public query may cost, decided before anything parses it.

A query is cut into the words and signs of the SPARQL 1.1 grammar (strings, IRIs and comments whole),
because depth counted on raw text is wrong as soon as a string holds a brace. Deep nesting must be
refused here: it overflows the stack of a recursive parser and ends its process.
Source: SPARQL 1.1 Query Language, section 19.8 (terminals).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hrc_graph.errors import QueryTooLarge, ServiceRefused
from hrc_graph.settings import Settings

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+|\#[^\r\n]*)
    | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    | (?P<string>\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
               |"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    | (?P<variable>[?$]\w+)
    | (?P<name>@?[^\W\d]?[\w.\-]*:(?:[\w.\-:]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])*|@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<word>[^\W\d]\w*)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN, _CLOSE = "{([", "})]"
_PREFIXING = "!^-+"  # each of these before a term nests the expression once more


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of a query: its kind (a group of the pattern above), text, and offset."""

    kind: str
    text: str
    start: int


def tokens(query: str) -> Iterator[Token]:
    """The words and signs of a query in order, without space and comments. Never fails: what fits nothing is a sign."""
    for match in _TOKEN.finditer(query):
        if match.lastgroup and match.lastgroup != "space":
            yield Token(match.lastgroup, match[0], match.start())


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1


def check(query: str, settings: Settings) -> None:
    """Let a query pass, or raise `QueryTooLarge` or `ServiceRefused` and say where.

    Depth counts open brackets together with a run of prefix operators, because parsers recurse on both.
    """
    size = len(query.encode("utf-8", "surrogatepass"))
    if size > settings.query_bytes:
        raise QueryTooLarge(
            f"The query has {size:,} bytes; this endpoint reads up to {settings.query_bytes:,}.",
            "Ask in several queries, or use the dumps.",
        )
    depth = run = 0
    for count, token in enumerate(tokens(query), 1):
        if count > settings.query_tokens:
            raise QueryTooLarge(
                f"The query has more than {settings.query_tokens:,} words and signs.",
                "Ask in several queries, or use the dumps.",
                *position(query, token.start),
            )
        if token.kind == "word" and token.text.upper() == "SERVICE":
            raise ServiceRefused(
                "This endpoint does not call other servers: SERVICE is switched off.",
                "Ask the other endpoint yourself and join the answers.",
                *position(query, token.start),
            )
        run = run + 1 if token.kind == "sign" and token.text in _PREFIXING else 0
        if token.kind == "sign" and token.text in _OPEN:
            depth += 1
        elif token.kind == "sign" and token.text in _CLOSE:
            depth -= 1
        if depth + run > settings.query_depth:
            raise QueryTooLarge(
                f"The query nests deeper than {settings.query_depth} levels.",
                "Flatten its brackets.",
                *position(query, token.start),
            )
