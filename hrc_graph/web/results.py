"""The page of `/sparql`: a query to write, and the answer to the one that was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from hrc_graph import formats
from hrc_graph.engine import Answer, Question
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Whole, page

_TABLES = tuple((format.name, format.name.upper()) for format in formats.TABLES)
_GRAPHS = tuple(
    zip(
        (format.name for format in formats.GRAPHS),
        ("Turtle", "N-Triples", "JSON-LD", "RDF/XML", "N3", "TriG", "N-Quads"),
        strict=True,
    )
)


def results_page(
    question: Question | None, answer: Answer | None, settings: Settings, asked: Mapping[str, str], tag: str = ""
) -> Whole:
    """The page for a query and its answer, or for nothing yet.

    It shows whole answers up to `settings.page_rows` rows; of longer ones it shows so many, says so in words and in
    `X-Result-Complete`, and links to the rest. `asked` are the headers of the request.
    """
    shown: dict[str, Any] = {"table": None, "graph": ""}
    complete = True
    if answer and answer.format is formats.JSON:
        shown["table"] = shown_table(answer, settings)
        complete = shown["table"]["complete"]
    elif answer:
        lines = answer.body.decode().splitlines()
        complete = len(lines) <= settings.page_rows
        shown["graph"] = "\n".join(lines[: settings.page_rows])
    fields: list[tuple[bytes, bytes]] = []
    if answer:
        fields = [
            (b"x-result-complete", b"true" if complete else b"false"),
            (b"x-row-count", b"%d" % answer.rows),
            (b"x-snapshot", answer.snapshot.encode()),
            (b"cache-control", b"no-cache" if tag else b"no-store"),
        ]
    if tag:
        fields.append((b"etag", tag.encode()))
    return page(
        "sparql.html",
        asked,
        fields=fields,
        title="Answer" if question else "SPARQL",
        query=question.text if question else "",
        links=_links(question, answer) if question and answer else [],
        rows=answer.rows if answer else 0,
        snapshot=answer.snapshot if answer else "",
        complete=complete,
        time_limit=settings.time_limit,
        base=settings.base,
        choices=(*_TABLES, *_GRAPHS),
        **shown,
    )


def shown_table(answer: Answer, settings: Settings) -> dict[str, Any]:
    """What a page shows of a table: names of columns, rows of terms, whether these are all."""
    parsed = json.loads(answer.body)
    if "boolean" in parsed:
        row = {"answer": {"type": "literal", "value": "yes" if parsed["boolean"] else "no"}}
        return {"names": ["answer"], "rows": [row], "count": 1, "complete": True}
    rows = parsed["results"]["bindings"]
    return {
        "names": parsed["head"]["vars"],
        "rows": rows[: settings.page_rows],
        "count": len(rows),
        "complete": len(rows) <= settings.page_rows,
    }


def _links(question: Question, answer: Answer) -> list[tuple[str, str]]:
    """Where the same answer is to be had as a file."""
    asked = [("query", question.text)]
    asked += [("default-graph-uri", iri) for iri in question.default_graphs]
    asked += [("named-graph-uri", iri) for iri in question.named_graphs]
    offered = _TABLES if answer.format is formats.JSON else _GRAPHS
    return [("/sparql?" + urlencode([*asked, ("format", name)]), label) for name, label in offered]
