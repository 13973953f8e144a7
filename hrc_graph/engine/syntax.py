"""Turns a parser's complaint into what a person can mend: where, and what was probably meant."""

from __future__ import annotations

import difflib
import itertools
import re

from hrc_graph import guard, namespaces
from hrc_graph.errors import BadQuery

_UPDATES = frozenset(("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"))
_PLACE = re.compile(r"(?:error )?at (\d+):(\d+):?\s*")


def explain(complaint: str, query: str) -> BadQuery:
    """A `BadQuery` with line, column and hint for Oxigraph's complaint about a query."""
    words = list(guard.tokens(query))
    undeclared = _undeclared(words)
    if undeclared:
        token, prefix = undeclared
        return _at(query, token.start, f"Unknown prefix {prefix}:", _declare(prefix))
    update = next((token for token in words if token.kind == "word" and token.text.upper() in _UPDATES), None)
    if update and not any(token.text.upper() in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE") for token in words):
        said = f"{update.text.upper()} changes data; this endpoint only reads."
        return _at(query, update.start, said, "Ask with SELECT, ASK, CONSTRUCT or DESCRIBE.")
    if not words:
        return BadQuery("The query is empty.", "Write, for example, SELECT * WHERE { ?s ?p ?o } LIMIT 10.")
    place = _PLACE.search(complaint)
    said = _PLACE.sub("", complaint).strip().rstrip(".")
    if not place:
        return BadQuery(f"This is not SPARQL: {said}.", "Compare it with a question of the library.")
    line, column = int(place[1]), int(place[2])
    hint = "Look at this place and just before it."
    return BadQuery(f"This is not SPARQL: {said}.", hint, line, column, excerpt=_line(query, line))


def _at(query: str, offset: int, message: str, hint: str) -> BadQuery:
    line, column = guard.position(query, offset)
    return BadQuery(message, hint, line, column, excerpt=_line(query, line))


def _line(query: str, number: int) -> str:
    """One line of a query, or as much of it as a page can show."""
    return "".join(query.split("\n")[number - 1 : number]).strip()[:200]


def _undeclared(words: list[guard.Token]) -> tuple[guard.Token, str] | None:
    declared = {
        following.text.rstrip(":")
        for token, following in itertools.pairwise(words)
        if token.text.upper() == "PREFIX" and following.kind == "name"
    }
    for token in words:
        if token.kind == "name" and not token.text.startswith("@"):
            prefix = token.text.partition(":")[0]
            if prefix not in declared and prefix != "_":
                return token, prefix
    return None


def _declare(prefix: str) -> str:
    known = namespaces.prefixes()
    if prefix in known:
        return f"Add this line at the top: PREFIX {prefix}: <{known[prefix]}>"
    close = difflib.get_close_matches(prefix, known, n=1, cutoff=0.5)
    guess = f"Did you mean {close[0]}: <{known[close[0]]}>? " if close else ""
    return f"{guess}Declare it at the top with PREFIX {prefix}: <…>."
