"""Asks what the page of a thing shows beside its document: sections, place in larger things, evidence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pyoxigraph as ox
from markupsafe import Markup

from hrc_graph import formats, guard, namespaces
from hrc_graph.chronicle import Entry
from hrc_graph.engine import Question
from hrc_graph.listings import LISTINGS
from hrc_graph.web.answers import Answers
from hrc_graph.web.documents import Document, best, term
from hrc_graph.web.kinds import CONFLICTS, KINDS, THEME, Cell, Kind, Part
from hrc_graph.web.labels import Labels, Name, Naming
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.languages import number as as_number
from hrc_graph.web.links import Links
from hrc_graph.web.pictures import LOCATED, Picture, pictures, small_map
from hrc_graph.web.results import endpoint

_ROWS = 200
"""So many rows of a section are in a page; the listing has them all."""
_CHANGES = 5
"""So many changes of the dossier are told; the page of changes has them all."""
_BOUND = 50
"""Terms in one VALUES: more nests too much text."""
_PASSAGES = """
SELECT ?key ?passage ?source ?locator ?quote ?page WHERE {
  VALUES ?key { %s } ?key hrc:cites ?passage . ?passage hrc:source ?source
  OPTIONAL { ?passage hrc:locator ?locator } OPTIONAL { ?passage hrc:quote ?quote } OPTIONAL { ?source foaf:page ?page }
} ORDER BY ?key ?source ?passage ?quote"""
_DOSSIER = "SELECT DISTINCT ?graph WHERE { GRAPH ?graph { ?thing a ?class } } ORDER BY ?graph"
_EDTF = namespaces.VOCABULARY["edtf"] + "EDTF"


@dataclass(slots=True)
class Passage:
    """A passage that something rests on: where it stands, its words, and the web page."""

    source: Name
    passage: Name
    quotes: list[Name] = field(default_factory=list)
    page: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A section as the template takes it."""

    part: Part
    columns: tuple[Cell, ...]
    """Those that have a value somewhere."""
    rows: Sequence[Sequence[Sequence[Name | Passage]]]
    total: int
    more: str = ""
    csv: str = ""
    """Where all its rows are to be had as a table."""
    groups: tuple[tuple[tuple[Name, ...], list[dict[str, Sequence[Name | Passage]]]], ...] = ()
    """Of a part whose rows stand side by side: what the heading says, and the cells of each row by column."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a page shows of a thing for people."""

    listing: Name | None = None
    trail: tuple[Name, ...] = ()
    names: tuple[Name, ...] = ()
    """What else it is called."""
    glance: tuple[tuple[str, tuple[Name, ...]], ...] = ()
    sections: tuple[Shown, ...] = ()
    dossier: str = ""
    """Where the dossier is that holds the thing."""
    pictures: tuple[Picture, ...] = ()
    small_map: str = ""
    """SVG of where it is; empty when no source gives coordinates."""
    history: tuple[Entry, ...] = ()
    """The newest changes of the dossier, the last one first."""
    evidence: tuple[Passage, ...] = ()
    """The passages that the thing itself cites."""
    is_undisputed: bool = False
    """Whether disagreements would be told here, and there are none."""


class Portraits:
    """Asks the engine for what pages show."""

    def __init__(
        self, answers: Answers, naming: Naming, links: Links, changes: Callable[[str], Awaitable[list[Entry]]]
    ) -> None:
        """`changes` gives the newest changes of a dossier."""
        self._answers = answers
        self._changes = changes
        self._naming = naming
        self._links = links
        self._base = links.base

    async def of(self, document: Document, client: str) -> Portrait:
        """The portrait of the thing of a document; an empty one for a kind that has none."""
        kind = kind_of(document)
        if kind is None:
            return Portrait()
        labels = await self._naming.labels()
        ask = _Asking(self._answers, document.thing, client, self._base)
        answers = await asyncio.gather(
            self._trail(kind, ask, labels),
            ask.rows(_DOSSIER),
            ask.rows(kind.spread) if kind.spread else _none(),
            ask.rows(f"SELECT ?value WHERE {{ {kind.point} }} ORDER BY ?value") if kind.point else _none(),
            ask.rows(LOCATED) if kind.point else _none(),
            *(ask.rows(f"SELECT DISTINCT ?value WHERE {{ {pattern} }} ORDER BY ?value") for _, pattern in kind.glance),
            *(ask.rows(part.query) for part in kind.parts),
        )
        trail, graphs, spread, places, located = answers[:5]
        found = answers[5:]
        glance = [
            (gettext(title), tuple(_named(row["value"], labels) for row in rows))
            for (title, _), rows in zip(kind.glance, found, strict=False)
            if rows
        ]
        tables = list(zip(kind.parts, found[len(kind.glance) :], strict=True))
        passages = await self._passages(tables, ask, labels)
        dossier = self._dossier(graphs)
        thing = document.thing.value

        def made() -> tuple[list[Shown], list[Picture], Markup]:
            sections = [self._section(part, rows, passages, labels, ask, trail) for part, rows in tables if rows]
            more = next((section.more for section in sections if section.part.counted), "")
            drawn = pictures(kind, tables, spread, labels, READER.get().link(more) if more else "")
            here = labels.name(thing, READER.get().language)
            return sections, drawn, small_map(thing, here, places, located, labels)

        sections, drawn, small = await asyncio.to_thread(made)
        listing = None if self._links.release else LISTINGS.get(kind.listing)
        return Portrait(
            Name(gettext(listing.title), href=f"/{listing.name}") if listing else None,
            tuple(self._step(kind, step) for step in trail),
            _also(document),
            tuple(glance),
            tuple(sections),
            dossier and f"/graphs/{dossier}",
            tuple(drawn),
            small,
            tuple((await self._changes(dossier))[:_CHANGES]) if dossier and not self._links.release else (),
            tuple(sorted(passages.get(thing, ()), key=lambda one: one.source.text.casefold())),
            any(part is CONFLICTS and not rows for part, rows in tables),
        )

    def _dossier(self, graphs: list[dict[str, Any]]) -> str:
        start = self._base + "graph/"
        written = [row["graph"]["value"].removeprefix(start) for row in graphs]
        return next((name for name in written if not name.startswith("derived")), "")

    async def _trail(self, kind: Kind, ask: _Asking, labels: Labels) -> list[tuple[str, Name]]:
        """Each step, with the choice of a facet that narrows a listing to it."""
        found = []
        for row in await ask.rows(kind.trail) if kind.trail else ():
            sort = namespaces.short(row["sort"]["value"]) if "sort" in row else ""
            facet = {"kind:continent": "continent", "kind:country": "country"}.get(sort, "region")
            step = row["step"]["value"]
            choice = f"{facet}={namespaces.short(step, self._base)}"
            found.append((choice, labels.name(step, READER.get().language)))
        return found

    def _step(self, kind: Kind, step: tuple[str, Name]) -> Name:
        choice, name = step
        if not kind.narrowed or self._links.release:  # what may be narrowed is the live data
            return name
        return Name(name.text, name.language, kind.narrowed.format(choice))

    def _section(
        self,
        part: Part,
        rows: list[dict[str, Any]],
        passages: Mapping[str, list[Passage]],
        labels: Labels,
        ask: _Asking,
        trail: list[tuple[str, Name]],
    ) -> Shown:
        merged: dict[str, dict[str, dict[str, Name]]] = {}
        for number, row in enumerate(rows):
            key = row["key"]["value"] if "key" in row else str(number)
            cells = merged.setdefault(key, {})
            for column in part.columns:
                if column.name in row:
                    value = _named(row[column.name], labels, column.values)
                    cells.setdefault(column.name, {})[row[column.name]["value"]] = value
        keys = list(merged)[:_ROWS]
        columns = tuple(
            column
            for column in part.columns
            if any(passages.get(key) if column.values == "evidence" else merged[key].get(column.name) for key in keys)
        )
        shown: list[list[Sequence[Name | Passage]]] = [
            [
                passages.get(key, [])
                if column.values == "evidence"
                else list(merged[key].get(column.name, {}).values())
                for column in columns
            ]
            for key in keys
        ]
        more = ""
        if "{place}" in part.more:
            more = self._step(KINDS["hrc:LocalGovernment"], trail[-1]).href if trail else ""
        elif part.more and not self._links.release:
            more = part.more.format(namespaces.short(ask.thing.value, self._base))
        groups: dict[tuple[Name, ...], list[dict[str, Sequence[Name | Passage]]]] = {}
        for sides in shown if part.grouped else ():
            side = {column.name: cell for column, cell in zip(columns, sides, strict=True)}
            heading = tuple(
                name for each in part.grouped for name in side.get(each, ()) if isinstance(name, Name) and name.text
            )
            groups.setdefault(heading, []).append(side)
        return Shown(part, columns, shown, len(merged), more, self._csv(ask.text(part.query)), tuple(groups.items()))

    def _csv(self, query: str) -> str:
        return f"{endpoint(self._links.release)}?{urlencode({'query': query, 'format': 'csv'})}"

    async def _passages(
        self, tables: list[tuple[Part, list[dict[str, Any]]]], ask: _Asking, labels: Labels
    ) -> dict[str, list[Passage]]:
        """The passages that the thing and the rows of all sections rest on, by the key of the row."""
        keys: dict[str, None] = {ask.thing.value: None}
        for part, rows in tables:
            if any(column.values == "evidence" for column in part.columns):
                keys |= dict.fromkeys([*dict.fromkeys(row["key"]["value"] for row in rows)][:_ROWS])
        wanted = list(keys)
        chunks = [wanted[start : start + _BOUND] for start in range(0, len(wanted), _BOUND)]
        asked = (ask.rows(_PASSAGES % " ".join(str(ox.NamedNode(key)) for key in chunk)) for chunk in chunks)
        language = READER.get().language
        found: dict[str, dict[str, Passage]] = {}
        for rows in await asyncio.gather(*asked):
            for row in rows:
                passage = row["passage"]["value"]
                of_key = found.setdefault(row["key"]["value"], {})
                if passage not in of_key:
                    where = Name(row["locator"]["value"] if "locator" in row else "", "", self._links.thing(passage))
                    page = row["page"]["value"] if "page" in row else ""
                    page = page if page.startswith(("http://", "https://")) else ""
                    of_key[passage] = Passage(labels.name(row["source"]["value"], language), where, page=page)
                if "quote" in row and all(quote.text != row["quote"]["value"] for quote in of_key[passage].quotes):
                    of_key[passage].quotes.append(Name(row["quote"]["value"], row["quote"].get("xml:lang", "")))
        return {key: list(of_key.values()) for key, of_key in found.items()}


class _Asking:
    """Asks about one thing for one client."""

    def __init__(self, answers: Answers, thing: ox.NamedNode, client: str, base: str) -> None:
        self._answers = answers
        self.thing = thing
        self._client = client
        self._base = base

    def text(self, query: str) -> str:
        """A query in which `?thing` is the thing, whole."""
        return guard.prefixed(guard.filled(query, {"?thing": str(self.thing)}), self._base)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """The solutions of a query in which `?thing` is the thing."""
        question = Question(self.text(query), formats.JSON, formats.TURTLE, self._base, own=True)
        answer = await self._answers.ask(question, self._client)
        found: list[dict[str, Any]] = json.loads(answer.body)["results"]["bindings"]
        return found


async def _none() -> list[dict[str, Any]]:
    return []


def kind_of(document: Document) -> Kind | None:
    """What kind of thing a document is about, as far as pages of a kind go."""
    if document.path.startswith("vocab/theme/"):
        return THEME
    types = set(document.statements.values(document.thing, "rdf:type"))
    return next((kind for name, kind in KINDS.items() if term(name) in types), None)


def _named(value: Mapping[str, str], labels: Labels, values: str = "thing") -> Name:
    """A value of an answer as a page shows it."""
    text = value["value"]
    if value["type"] == "uri":
        return labels.name(text, READER.get().language)
    if values == "number" and text.isdigit():
        return Name(as_number(int(text)))
    is_date = value.get("datatype", "") == _EDTF
    return Name(plain_date(text) if is_date else text, value.get("xml:lang", ""))


def plain_date(text: str) -> str:
    """An EDTF date as people read it: an interval with a dash, a doubt in words."""
    doubt = {"?": gettext("uncertain"), "~": gettext("about"), "%": gettext("about, uncertain")}
    notes = [note for sign, note in doubt.items() if sign in text]
    start, slash, end = text.translate(str.maketrans("", "", "?~%")).partition("/")
    if slash and start in ("..", ""):
        shown = gettext("until %(date)s") % {"date": end}
    elif slash and end in ("..", ""):
        shown = gettext("from %(date)s") % {"date": start}
    else:
        shown = f"{start} – {end}" if slash else start
    return f"{shown} ({', '.join(notes)})" if notes else shown


def _also(document: Document) -> tuple[Name, ...]:
    """What else a thing is called, the labels of other languages first."""
    shown = best(document.statements.values(document.thing, "skos:prefLabel"))
    names: dict[str, Name] = {}
    for prop in ("skos:prefLabel", "skos:altLabel"):
        values = document.statements.values(document.thing, prop)
        for value in sorted(values, key=lambda each: (getattr(each, "language", "") or "", each.value)):
            if isinstance(value, ox.Literal) and value != shown:
                names.setdefault(value.value, Name(value.value, value.language or ""))
    return tuple(names.values())
