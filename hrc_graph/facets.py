"""A listing of things that can be narrowed by facets: what it asks of the graph, and the sets it counts with.

A listing is data: a pattern for its things, columns, facets. From it come one query that reads all of it into an
`Index`, which counts in memory, and the query of exactly what is chosen, for files and for who wants to go on from it.
Both find the same things. Values reach SPARQL as terms or literals, never as text.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from hrc_graph import guard, namespaces
from hrc_graph.errors import BadParameter

_XSD = namespaces.VOCABULARY["xsd"]
NAMES = "skos:prefLabel|rdfs:label|foaf:name|dcterms:title"
"""The properties that name things."""
SEPARATOR = "; "
"""Between several values of one cell."""
_ACCENTED = {
    "a": "àáâãäåāăą", "c": "çćĉċč", "d": "ďđ", "e": "èéêëēĕėęě", "g": "ĝğġģ", "i": "ìíîïĩīĭįı", "l": "ĺļľł",
    "n": "ñńņň", "o": "òóôõöøōŏő", "r": "ŕŗř", "s": "śŝşšș", "t": "ţťŧț", "u": "ùúûüũūŭůűų", "y": "ýÿŷ",
    "z": "źżž", "'": "’ʻ`",
}  # fmt: skip
"""Letters that count as the plain one; the same table makes the SPARQL, so that both find the same."""
_FOLDING = str.maketrans({letter: plain for plain, letters in _ACCENTED.items() for letter in letters})


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow a listing."""

    name: str
    """Of the parameter."""
    title: str
    """In English, as pages translate it."""
    pattern: str
    """SPARQL that finds `?value` of `?thing`, or of the node that `through` names."""
    through: str = ""
    """The related node whose value it is: choices through the same one must hold for one and the same node."""
    values: str = "thing"
    """`thing` for what has an IRI, `year`, or `text`."""

    @property
    def variable(self) -> str:
        """What the SPARQL calls its value."""
        return "of_" + self.name.replace("-", "_")

    def term(self, value: str, base: str) -> ox.NamedNode | ox.Literal:
        """The RDF term for a value as an address has it. Raises `BadParameter`."""
        try:
            if self.values == "thing":
                return ox.NamedNode(namespaces.full(value, base))
            if self.values == "year":
                if not re.fullmatch(r"-?[0-9]{1,4}", value):
                    raise ValueError
                return ox.Literal(value, datatype=ox.NamedNode(_XSD + "integer"))
            return ox.Literal(value)
        except ValueError:
            hint = (
                "Give a year such as 2020." if self.values == "year" else "Give an IRI, or a short one like place:id."
            )
            raise BadParameter(f"“{value[:80]}” is not a value of “{self.name}”.", hint) from None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a listing."""

    name: str
    title: str
    pattern: str
    """SPARQL that finds `?value` of `?thing`."""
    values: str = "thing"
    """`thing`, shown by its name; `text`, `date`; or `count`, the number of them."""
    naming: str = "skos:prefLabel"
    """The properties that name its things."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What may be listed, with which columns, narrowed by which facets."""

    name: str
    """Of its address: `governments`."""
    one: str
    """Of one row, as the SPARQL calls it: `government`."""
    title: str
    lead: str
    """A sentence that says what is here."""
    things: str
    """SPARQL that finds every `?thing`."""
    said: str
    """SPARQL that finds each `?value` by which the text filter knows a thing."""
    columns: tuple[Column, ...]
    facets: tuple[Facet, ...]
    sort: str
    """The column to sort by at first; from large to small with “-” before it."""
    linked: str = "name"
    """The column that leads to the page of the row's thing."""
    related: Mapping[str, str] = field(default_factory=dict)
    """SPARQL that finds the related nodes of a thing, by the name of their variable."""
    once: tuple[str, ...] = ()
    """The variables of `things` that patterns go on from, where it takes so long that it is asked once for all."""
    located: str = ""
    """SPARQL that finds the `?value` of each thing that has a point, in WKT; empty where things have no place."""

    def facet(self, name: str) -> Facet | None:
        """The facet of that name."""
        return next((facet for facet in self.facets if facet.name == name), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader has chosen of a listing."""

    values: Mapping[str, tuple[str, ...]]
    """By facet, the IRIs or texts of which one has to fit."""
    text: str = ""
    sort: str = ""

    def without(self, facet: str) -> Choice:
        """The same without one facet."""
        return Choice({name: chosen for name, chosen in self.values.items() if name != facet}, self.text, self.sort)


def folded(text: str) -> str:
    """A text in small letters without the usual accents."""
    return text.lower().translate(_FOLDING)


class Index:
    """All of a listing in memory: who has which value. Made from the rows of `reading`."""

    def __init__(self, listing: Listing, rows: Iterable[Mapping[str, str]]) -> None:
        self.listing = listing
        self.things: set[str] = set()
        self.cells: dict[str, dict[str, list[str]]] = {column.name: {} for column in listing.columns}
        """By column and thing, its values."""
        self.points: dict[str, list[str]] = {}
        """By thing, where it is, in WKT."""
        self._having: dict[str, dict[str, set[str]]] = {facet.name: defaultdict(set) for facet in listing.facets}
        self._owners: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in listing.related}
        self._said: dict[str, list[str]] = defaultdict(list)
        self._last: tuple[str, set[str]] = ("", set())
        for row in rows:
            # many rows say the same: one text of it is kept
            part, thing, value = row["part"], sys.intern(row["thing"]), sys.intern(row.get("value", ""))
            if not value and part != "thing":
                continue
            if part == "thing":
                self.things.add(thing)
            elif part == "said":
                self._said[thing].append(folded(value))
            elif part == "point":
                self.points.setdefault(thing, []).append(value)
            elif part.startswith("column "):
                self.cells[part[7:]].setdefault(thing, []).append(value)
            else:
                facet = listing.facet(part[6:])
                assert facet is not None
                node = sys.intern(row["node"]) if facet.through else thing
                self._having[facet.name][value].add(node)
                if facet.through:
                    self._owners[facet.through][node].add(thing)

    def chosen(self, choice: Choice) -> set[str]:
        """The things that fit all that is chosen."""
        found = self._fitting(choice, self.listing.facets)
        if text := folded(choice.text.strip()):
            found &= self._saying(text)
        return found

    def counts(self, facet: Facet, choice: Choice) -> dict[str, int]:
        """By each value of a facet that is left, how many things have it, given what is chosen of all others."""
        others = choice.without(facet.name)
        left = self.chosen(others)
        nodes = self._nodes(facet.through, others) if facet.through else None
        found = {}
        for value, having in self._having[facet.name].items():
            if nodes is not None and facet.through:
                owners = self._owners[facet.through]
                having = {thing for node in having & nodes for thing in owners[node]}
            if number := len(having & left):
                found[value] = number
        return found

    def _saying(self, text: str) -> set[str]:
        """The things that a text is in a name of; one page asks for the same text again and again."""
        last, found = self._last  # one value, so that threads never mix two texts
        if last != text:
            found = {thing for thing, said in self._said.items() if any(text in name for name in said)}
            self._last = (text, found)
        return found

    def _fitting(self, choice: Choice, facets: Sequence[Facet]) -> set[str]:
        found = set(self.things)
        for facet in facets:
            if facet.name in choice.values and not facet.through:
                found &= self._with(facet, choice)
        for through, owners in self._owners.items():
            if any(facet.through == through and facet.name in choice.values for facet in facets):
                found &= {thing for node in self._nodes(through, choice) for thing in owners[node]}
        return found

    def _nodes(self, through: str, choice: Choice) -> set[str]:
        """The related nodes that fit all that is chosen of them."""
        found = set(self._owners[through])
        for facet in self.listing.facets:
            if facet.through == through and facet.name in choice.values:
                found &= self._with(facet, choice)
        return found

    def _with(self, facet: Facet, choice: Choice) -> set[str]:
        having = self._having[facet.name]
        return set().union(*(having.get(value, ()) for value in choice.values[facet.name]))


def finding(listing: Listing, base: str) -> str:
    """The query of the things that `reading` has to be told; empty where it finds them itself."""
    if not listing.once:
        return ""
    return guard.prefixed(f"SELECT DISTINCT {_named(listing.once)} WHERE {{ {listing.things} }}", base)


def reading(listing: Listing, found: Iterable[Mapping[str, Mapping[str, str]]], base: str) -> tuple[str, ...]:
    """The queries whose rows make the `Index`: `part` says which piece of it a row is of.

    `found` are the rows of `finding`, as SPARQL results in JSON have them.
    """
    things = listing.things
    if listing.once:
        rows = "\n".join(f"({' '.join(_said(row[name]) for name in listing.once)})" for row in found)
        things = f"VALUES ({_named(listing.once)}) {{ {rows} }}"
    parts = [("thing", ""), ("said", listing.said)]
    parts += [("point", listing.located)] if listing.located else []
    parts += [(f"column {column.name}", column.pattern) for column in listing.columns]
    for facet in listing.facets:
        node = f" BIND (?{facet.through} AS ?node)" if facet.through else ""
        parts.append((f"facet {facet.name}", f"{listing.related.get(facet.through, '')} {facet.pattern}{node}"))
    select = 'SELECT DISTINCT ("%s" AS ?part) ?thing ?node ?value WHERE { %s %s }'
    return tuple(guard.prefixed(select % (part, things, pattern), base) for part, pattern in parts)


def _named(variables: Iterable[str]) -> str:
    return " ".join(f"?{name}" for name in variables)


def _said(term: Mapping[str, str]) -> str:
    return str(ox.NamedNode(term["value"]) if term["type"] == "uri" else ox.Literal(term["value"]))


def table(listing: Listing, choice: Choice, language: str, base: str) -> str:
    """The query of exactly the rows that are chosen, named in a language, in their order."""
    columns = "\n".join(_column(listing, column, language) for column in listing.columns)
    shown = " ".join(
        f"(COALESCE(?{column.name}_, 0) AS ?{column.name})" if column.values == "count" else f"?{column.name}"
        for column in listing.columns
    )
    text = (
        f"SELECT ?{listing.one} {shown}\nWHERE {{\n{_narrowed(listing, choice, base)}\n{columns}\n}}\n"
        f"ORDER BY {_order(listing, choice)} ?thing"
    )
    return guard.prefixed(guard.filled(text, {"?thing": f"?{listing.one}"}), base)


def triples(listing: Listing, choice: Choice, base: str) -> str:
    """The query of what is said of the things that are chosen, as a graph."""
    narrowed = _narrowed(listing, choice, base)
    text = f"CONSTRUCT {{ ?thing ?says ?what }}\nWHERE {{\n{narrowed}\n  OPTIONAL {{ ?thing ?says ?what }}\n}}"
    return guard.prefixed(guard.filled(text, {"?thing": f"?{listing.one}"}), base)


def _narrowed(listing: Listing, choice: Choice, base: str) -> str:
    """The pattern of the things that are chosen, each once."""
    lines = [listing.things]
    met = set()
    for facet in listing.facets:
        if facet.name not in choice.values:
            continue
        if facet.through and facet.through not in met:
            met.add(facet.through)
            lines.append(listing.related[facet.through])
        values = ", ".join(_written(facet.term(value, base), base) for value in choice.values[facet.name])
        lines.append(guard.filled(facet.pattern, {"?value": f"?{facet.variable}"}))
        lines.append(f"FILTER (?{facet.variable} IN ({values}))")
    if text := folded(choice.text.strip()):
        lines.append(guard.filled(listing.said, {"?value": "?said"}))
        lines.append(f"FILTER (REGEX(LCASE(STR(?said)), {ox.Literal(_like(text))}))")
    body = "\n".join(f"      {line}" for line in lines)
    return f"  {{\n    SELECT DISTINCT ?thing WHERE {{\n{body}\n    }}\n  }}"


def _column(listing: Listing, column: Column, language: str) -> str:
    match column.values:
        case "count":
            chosen = f"(COUNT(DISTINCT ?value) AS ?{column.name}_)"
            inner = f"{listing.things} {column.pattern}"
        case "thing":
            chosen = f'(GROUP_CONCAT(DISTINCT ?label; separator="{SEPARATOR}") AS ?{column.name})'
            inner = (
                "{ SELECT ?thing ?value (SUBSTR(MIN(?ranked), 2) AS ?label) WHERE { "
                f"{listing.things} {column.pattern} ?value {column.naming} ?called "
                f'BIND (CONCAT(IF(LANG(?called) = {ox.Literal(language)}, "0", IF(LANG(?called) = "en", "1", "2")), '
                "STR(?called)) AS ?ranked) } GROUP BY ?thing ?value ORDER BY ?label }"
            )
        case _:
            chosen = f'(GROUP_CONCAT(DISTINCT ?text; separator="{SEPARATOR}") AS ?{column.name})'
            inner = (
                f"{{ SELECT DISTINCT ?thing (STR(?value) AS ?text) WHERE {{ {listing.things} {column.pattern} }} "
                "ORDER BY ?text }"
            )
    return f"  OPTIONAL {{ SELECT ?thing {chosen} WHERE {{ {inner} }} GROUP BY ?thing }}"


def _order(listing: Listing, choice: Choice) -> str:
    wanted = choice.sort or listing.sort
    name = wanted.removeprefix("-")
    column = next(column for column in listing.columns if column.name == name)
    if column.values == "count":
        return f"{'DESC' if wanted.startswith('-') else 'ASC'}(?{name})"
    return f"(!BOUND(?{name})) {'DESC' if wanted.startswith('-') else 'ASC'}(LCASE(?{name}))"


def _like(text: str) -> str:
    """The regular expression that finds a folded text in another in small letters."""
    return "".join(
        f"[{letter}{_ACCENTED[letter]}]"
        if letter in _ACCENTED
        else re.sub(r"([^\w\s]|_)", r"\\\1", letter, flags=re.ASCII)
        if letter.isascii()
        else letter
        for letter in text
    )


def _written(term: ox.NamedNode | ox.Literal, base: str) -> str:
    """A term, short where that is plain to read."""
    if isinstance(term, ox.NamedNode):
        short = namespaces.short(term.value, base)
        return short if re.fullmatch(r"[a-z]+:[A-Za-z0-9]+(-[A-Za-z0-9]+)*", short) else str(term)
    return term.value if term.datatype.value == _XSD + "integer" else str(term)
