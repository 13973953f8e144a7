"""What a public query may cost, decided before anything parses it.

A query is cut into the words and signs of the SPARQL 1.1 grammar (strings, IRIs and comments whole),
because depth counted on raw text is wrong as soon as a string holds a brace. Deep nesting must be
refused here: it overflows the stack of a recursive parser and ends its process.
Source: SPARQL 1.1 Query Language, section 19.8 (terminals).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hrc_graph import namespaces
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
_PROLOGUE = re.compile(
    r"\s*(?:(?:PREFIX\s+[\w.\-]*:\s*<[^<>\s]*>|BASE\s+<[^<>\s]*>)\s*)*(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.IGNORECASE
)
"""The plain case of a query's beginning; comments and all else are left to the tokens."""
_FORMS = frozenset(("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"))
_FICKLE_WORDS = frozenset(("NOW", "RAND", "UUID", "STRUUID", "BNODE"))
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


def words(query: str) -> Iterator[str]:
    """The words of a query that are no strings, names or variables, in capitals."""
    return (token.text.upper() for token in tokens(query) if token.kind == "word")


def filled(query: str, terms: Mapping[str, str]) -> str:
    """The query with variables, such as `?thing`, replaced by what is given for them; strings stay as they are."""
    pieces, end = [], 0
    for token in tokens(query):
        if token.kind == "variable" and token.text in terms:
            pieces += [query[end : token.start], terms[token.text]]
            end = token.start + len(token.text)
    return "".join([*pieces, query[end:]])


def prefixed(query: str, base: str) -> str:
    """The query with the prefixes that it uses, of our table."""
    used = {token.text.partition(":")[0] for token in tokens(query) if token.kind == "name"}
    known = namespaces.prefixes(base).items()
    return "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in known if prefix in used) + query


def names_dataset(query: str) -> bool:
    """Whether the query chooses its graphs itself, with FROM."""
    return "from" in query.lower() and "FROM" in words(query)


def form(query: str) -> str:
    """`SELECT`, `ASK`, `CONSTRUCT` or `DESCRIBE`; empty when it is none of them."""
    found = _PROLOGUE.match(query)
    return found[1].upper() if found else next((word for word in words(query) if word in _FORMS), "")


def changes_by_itself(query: str) -> bool:
    """Whether two answers from the same data may differ: the query asks for the time, chance or new names."""
    capitals = query.upper()
    return any(word in capitals for word in _FICKLE_WORDS) and not _FICKLE_WORDS.isdisjoint(words(query))


def check(query: str, settings: Settings) -> None:
    """Let a query pass, or raise `QueryTooLarge` or `ServiceRefused` and say where.

    Depth counts open brackets together with a run of prefix operators, because parsers recurse on both.
    """
    is_short = len(query) <= settings.query_tokens and sum(map(query.count, _OPEN + _PREFIXING)) <= settings.query_depth
    if is_short and "service" not in query.lower():
        return  # no way of cutting it into tokens can reach a limit
    size = len(query.encode("utf-8", "surrogatepass"))
    if size > settings.query_bytes:
        raise QueryTooLarge(
            f"The query has {size:,} bytes; this endpoint reads up to {settings.query_bytes:,}.",
            "Ask in several queries, or use the dumps.",
            setting="query_bytes",
        )
    depth = run = 0
    calling = False
    for count, token in enumerate(tokens(query), 1):
        if count > settings.query_tokens:
            raise QueryTooLarge(
                f"The query has more than {settings.query_tokens:,} words and signs.",
                "Ask in several queries, or use the dumps.",
                *position(query, token.start),
                setting="query_tokens",
            )
        if calling and not _is(token, "SILENT"):
            calling = False
            _check_service(query, token, settings.services)
        elif _is(token, "SERVICE"):
            calling = True
            if not settings.services:
                _check_service(query, token, ())
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
                setting="query_depth",
            )


def _is(token: Token, word: str) -> bool:
    return token.kind == "word" and token.text.upper() == word


def _check_service(query: str, endpoint: Token, allowed: tuple[str, ...]) -> None:
    """Only an IRI written out can be compared with what is allowed: a variable or a prefix may become anything."""
    if endpoint.kind == "iri" and allowed and endpoint.text[1:-1].startswith(allowed):
        return
    off = "This endpoint calls only servers that it is set up for." if allowed else "SERVICE is switched off here."
    raise ServiceRefused(
        f"{off} A query may not call another one.",
        "Ask the other endpoint yourself and join the answers.",
        *position(query, endpoint.start),
        setting="services",
    )
