"""The page of `/sparql`: a query to write, questions to start from, and the answer to a query that was asked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Question
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Whole, page
from hrc_graph.web.assets import Assets
from hrc_graph.web.labels import Labels
from hrc_graph.web.languages import READER
from hrc_graph.web.languages import gettext as _
from hrc_graph.workspace import Workspace

_TABLES = tuple((format.name, format.name.upper()) for format in formats.TABLES)
_GRAPHS = tuple(
    zip(
        (format.name for format in formats.GRAPHS),
        ("Turtle", "N-Triples", "JSON-LD", "RDF/XML", "N3", "TriG", "N-Quads"),
        strict=True,
    )
)


class Studio:
    """The page, for the live data and for each release. `releases` names those that can be asked now."""

    def __init__(self, workspace: Workspace, assets: Assets, releases: Callable[[], Iterable[str]]) -> None:
        self._settings = workspace.settings
        self._questions = workspace.questions
        self._assets = assets
        self._releases = releases

    def blank(self, asked: Mapping[str, str], query: str = "", release: str = "") -> Whole:
        """The page with a query to run, or the one to start from. `asked` are the headers of the request."""
        return self._page(asked, (), title=_("SPARQL"), query=query, release=release)

    def answered(
        self, question: Question, answer: Answer, asked: Mapping[str, str], release: str, tag: str, labels: Labels
    ) -> Whole:
        """The page with a query and its answer.

        It shows whole answers up to `settings.page_rows` rows; of longer ones it shows so many, says so in words and in
        `X-Result-Complete`, and links to the rest.
        """
        table, graph = None, ""
        if answer.format is formats.JSON:
            table = shown_table(answer, self._settings, labels)
            complete = table["complete"]
        else:
            lines = answer.body.decode().splitlines()
            complete = len(lines) <= self._settings.page_rows
            graph = "\n".join(lines[: self._settings.page_rows])
        fields = [
            (b"x-result-complete", b"true" if complete else b"false"),
            (b"x-row-count", b"%d" % answer.rows),
            (b"x-snapshot", answer.snapshot.encode()),
            (b"cache-control", b"no-cache" if tag else b"no-store"),
            *([(b"etag", tag.encode())] if tag else []),
        ]
        return self._page(
            asked,
            fields,
            title=_("Answer"),
            query=question.text,
            release=release,
            answer=answer,
            table=table,
            graph=graph,
            complete=complete,
            links=_links(question, answer, endpoint(release)),
        )

    def _page(self, asked: Mapping[str, str], fields: Iterable[tuple[bytes, bytes]], **shown: Any) -> Whole:
        base = self._settings.base
        about = {
            "base": base,
            "project": namespaces.BASE,
            "prefixes": namespaces.prefixes(base),
            "land": self._assets.built("land.json"),
        }
        values = {"answer": None, "table": None, "graph": ""} | shown
        return page(
            "sparql.html",
            asked,
            fields=tuple(fields) or ((b"cache-control", b"no-cache"),),
            releases=list(self._releases()),
            questions=self._questions.values(),
            time_limit=self._settings.time_limit,
            base=base,
            choices=(*_TABLES, *_GRAPHS),
            script=self._assets.built("studio.js"),
            about=about,
            **values,
        )


def endpoint(release: str) -> str:
    """Where a release, or the live data, are asked."""
    return f"/releases/{quote(release, safe='')}/sparql" if release else "/sparql"


def shown_table(answer: Answer, settings: Settings, labels: Labels) -> dict[str, Any]:
    """What a page shows of a table: names of columns, rows of terms, whether these are all.

    The terms are those of SPARQL's JSON results; an IRI of ours has its `name` and its `language` too.
    """
    parsed = json.loads(answer.body)
    if "boolean" in parsed:
        row = {"answer": {"type": "literal", "value": _("yes") if parsed["boolean"] else _("no")}}
        return {"names": ["answer"], "rows": [row], "count": 1, "complete": True}
    rows = parsed["results"]["bindings"]
    return {
        "names": parsed["head"]["vars"],
        "rows": [_named(row, labels, settings.base) for row in rows[: settings.page_rows]],
        "count": len(rows),
        "complete": len(rows) <= settings.page_rows,
    }


def folded(table: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """The same table, where a column that only names the things of the column before it is one with that."""
    rows: list[dict[str, dict[str, Any]]] = table["rows"]
    names: dict[str, str] = {}
    for thing, name in itertools.pairwise(table["names"]):
        if (name == f"{thing}_name" or any(name in row for row in rows)) and all(
            _is_name(row, thing, name, labels) for row in rows
        ):
            names[name] = thing

    def told(row: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        said = {
            thing: row[thing] | {"name": row[name]["value"], "language": row[name].get("xml:lang", "")}
            for name, thing in names.items()
            if name in row
        }
        return row | said

    return table | {"names": [name for name in table["names"] if name not in names], "rows": list(map(told, rows))}


def _is_name(row: Mapping[str, dict[str, Any]], thing: str, name: str, labels: Labels) -> bool:
    """Whether a cell says what the thing in another is called, or nothing."""
    if name not in row:
        return True
    said = row[name]
    is_thing = thing in row and row[thing]["type"] == "uri" and said["type"] == "literal"
    return is_thing and labels.text(row[thing]["value"], said.get("xml:lang", ""))[0] == said["value"]


def _named(row: dict[str, dict[str, Any]], labels: Labels, base: str) -> dict[str, dict[str, Any]]:
    language = READER.get().language

    def named(term: dict[str, Any]) -> dict[str, Any]:
        if term["type"] != "uri" or not namespaces.path(term["value"], base):
            return term
        text, spoken = labels.text(term["value"], language)
        return term | {"name": text, "language": spoken} if text else term

    return {name: named(term) for name, term in row.items()}


def _links(question: Question, answer: Answer, at: str) -> list[tuple[str, str]]:
    """Where the same answer is to be had as a file."""
    asked = [("query", question.text)]
    asked += [("default-graph-uri", iri) for iri in question.default_graphs]
    asked += [("named-graph-uri", iri) for iri in question.named_graphs]
    offered = _TABLES if answer.format is formats.JSON else _GRAPHS
    return [(f"{at}?" + urlencode([*asked, ("format", name)]), label) for name, label in offered]
