"""A row on its way into the graph, and what comes of a batch of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pyoxigraph as ox

from hrc_graph.names import fold
from hrc_graph.tables import Row, Sheet
from hrc_graph.tables.kinds import Column, Kind, Thing

SEGMENTS = {
    "place": ("place",),
    "gov": ("gov",),
    "org": ("org",),
    "actor": ("gov", "org"),
    "party": ("gov", "org", "person"),
    "person": ("person",),
    "instrument": ("text",),
    "event": ("event",),
    "aim": ("aim",),
    "milestone": ("milestone",),
    "act": ("act",),
    "source": ("source",),
    "thing": ("gov", "org", "person", "text", "event", "aim", "milestone", "place"),
}
"""For a type of column, the parts of the graph in which what it names is looked for, in this order."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a cell, or a row: where, by which rule, and what to do."""

    sheet: str
    row: int
    column: str
    value: str
    rule: str
    remedy: str
    question: bool = False
    """A doubt that a person must decide, not a mistake."""
    candidate: str = ""
    """Of a doubt, the IRI of the thing that may be meant."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A row that speaks of a thing that was there already, and why it was taken for the same."""

    sheet: str
    row: int
    name: str
    iri: str
    why: str


@dataclass(slots=True)
class Outcome:
    """What a batch would change."""

    changes: dict[str, bytes] = field(default_factory=dict)
    """The new text of each dossier, by graph name."""
    merges: list[Merge] = field(default_factory=list)
    rows: int = 0
    cells: dict[tuple[str, str], tuple[Sheet, int, str]] = field(default_factory=dict)
    """For a subject and a property (or "" for the whole), the sheet, row and column it came from."""
    _problems: dict[Problem, None] = field(default_factory=dict)

    @property
    def problems(self) -> list[Problem]:
        """Every problem once, in the order in which they were found."""
        return list(self._problems)

    def add(self, problem: Problem) -> None:
        """One more problem."""
        self._problems[problem] = None


@dataclass(slots=True)
class Line:
    """A row on its way: its cells by field, the things it speaks of, and what it points at."""

    sheet: Sheet
    kind: Kind
    row: Row
    columns: dict[str, tuple[Column, str]]
    """By field, the column and its header."""
    texts: dict[str, str]
    outcome: Outcome
    things: dict[int, ox.NamedNode] = field(default_factory=dict)
    references: dict[str, list[ox.NamedNode]] = field(default_factory=dict)

    def applies(self, thing: Thing) -> bool:
        """Whether the row makes this thing of its kind."""
        return all(any(self._is(name, value) for value in wanted) for name, wanted in thing.when.items())

    def _is(self, name: str, wanted: str) -> bool:
        text = self.texts.get(name, "")
        if wanted in ("any", "none"):
            return bool(text) == (wanted == "any")
        if wanted.startswith("not "):
            return fold(wanted[4:]) != fold(text)
        if wanted.startswith("is "):
            return any(segment(node) == wanted[3:] for node in self.references.get(name, ()))
        return bool(text) and fold(wanted) == fold(text)

    def filled(self, template: str, own: str = "") -> str:
        """A template with its blanks filled.

        Blanks are fields, `{self}` for the row's first thing, `{slug}` for the thing itself, and `{local}` for
        that without its country.

        Raises `KeyError` for a blank that names a record which was not found.
        """

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name in ("slug", "local"):
                whole = own or self.slug()
                country = f"{self.texts.get('country', '').lower()}-"
                return whole.removeprefix(country) if name == "local" else whole
            if name == "self":
                return self.things[0].value.rpartition("/")[2]
            if name in self.references:
                return self.references[name][0].value.rpartition("/")[2]
            column = self.kind.columns.get(name)
            if column and column.type in SEGMENTS:
                raise KeyError(name)
            return slug(self.texts.get(name, ""))

        return re.sub(r"\{(\w+)\}", value, template)

    def slug(self) -> str:
        """The slug of a new thing: its id, or its first name, with the country in front."""
        country = self.texts.get("country", "").lower()
        names = (self.texts.get(name, "") for thing in self.kind.things if thing.match for name in thing.match.names)
        text = slug(self.texts.get("id", "") or next(filter(None, names), ""))
        if country and text.endswith(f"-{country}"):
            return f"{country}-{text.removesuffix(f'-{country}')}"
        return f"{country}-{text}" if country and not self.texts.get("id") else text

    def place(self, node: ox.NamedNode, predicate: str, name: str) -> None:
        """Remember which cell a statement came from."""
        header = self.columns[name][1] if name in self.columns else ""
        self.outcome.cells.setdefault((node.value, predicate), (self.sheet, self.row.number, header))

    def problem(
        self, name: str, rule: str, remedy: str, *, value: str = "", question: bool = False, candidate: str = ""
    ) -> None:
        """Say what is wrong with the cell of a field."""
        header = self.columns[name][1] if name in self.columns else name
        shown = value or self.texts.get(name, "")
        place = (self.sheet.name, self.row.number, header)
        self.outcome.add(Problem(*place, shown, rule, remedy, question, candidate))


def slug(text: str) -> str:
    """Lower-case ASCII letters, digits and hyphens of a text."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def segment(node: ox.NamedNode) -> str:
    """The part of an IRI that says what sort of thing it is, such as `gov` or `text`."""
    return node.value.rsplit("/", 2)[1]
