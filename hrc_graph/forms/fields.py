"""What a form is: its fields in groups, and what people typed into them as statements or faults."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.errors import NotFound
from hrc_graph.records import Term
from hrc_graph.tables import cells
from hrc_graph.validation import Result

_V = namespaces.VOCABULARY
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")


class Editor(StrEnum):
    """What a field is filled in with."""

    text = "text"
    long_text = "long text"
    label = "label"
    """A text in a language."""
    long_label = "long label"
    date = "date"
    number = "number"
    choice = "choice"
    thing = "thing"
    """A record that is looked for; of `Field.classes`, if there are any."""
    url = "url"
    code = "code"
    """A scheme and a code."""
    language = "language"
    """A language tag."""
    evidence = "evidence"
    """Passages: each a source, where in it, and its words."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a list."""

    value: str
    """An IRI."""
    label: str
    depth: int = 0
    """How deep it stands under the first of its tree."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One shape that speaks of a field."""

    shape: str
    severity: str
    """`Violation`, `Warning` or `Info`."""
    messages: Mapping[str, str]
    """By language, what to do when it is broken."""
    minimum: int = 0
    maximum: int | None = None
    pattern: str = ""
    least: int | None = None
    most: int | None = None
    shortest: int = 0
    longest: int | None = None
    one_per_language: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a record as a person fills it in."""

    key: str
    """The short IRI of the property, such as `hrc:date`."""
    path: str
    """Its IRI."""
    name: str
    description: str
    message: str
    """What to write, as the shape says to who did not."""
    group: str
    order: float
    editor: Editor
    datatype: str
    classes: tuple[str, ...]
    """The classes of which a thing may be; any of them."""
    choices: tuple[Choice, ...]
    minimum: int
    """So many values it must have; fewer keep the record from being published."""
    wished: bool
    """Whether it is asked for, though not needed."""
    maximum: int | None
    """More than so many are not kept, or become claims side by side where `contested`."""
    contested: bool
    """Whether a second value is a disagreement of sources, to be decided."""
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """What several fields have to hold together: at least so many values in all of them."""

    keys: tuple[str, ...]
    name: str
    minimum: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Group:
    """The fields under one heading."""

    id: str
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of a filled form."""

    field: str
    """The key of the field; of the first, for a demand on several; "" for the record as a whole."""
    messages: Mapping[str, str]
    severity: str = "Violation"

    def message(self, language: str) -> str:
        """The message in a language, else in English."""
        return self.messages.get(language) or self.messages.get("en") or next(iter(self.messages.values()), "")


@dataclass(frozen=True, slots=True)
class Filled:
    """A form that was filled in."""

    statements: tuple[tuple[ox.NamedNode, Term], ...]
    """Properties and values that can be read; the evidence is not among them."""
    faults: tuple[Fault, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Form:
    """What a record of a class holds, in one language."""

    cls: str
    name: str
    groups: tuple[Group, ...]
    demands: tuple[Demand, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in order."""
        return tuple(each for group in self.groups for each in group.fields)

    def field(self, key: str) -> Field:
        """The field of a property. Raises `NotFound`."""
        for each in self.fields:
            if key in (each.key, each.path):
                return each
        raise NotFound(f"The form of {namespaces.short(self.cls)} has no field {key}.")

    def filled(self, values: Mapping[str, Sequence[str]]) -> Filled:
        """The statements that filled-in values make, and what is wrong with them.

        Values stand by the key of their field; those of a label by key and language, as `skos:prefLabel@id`. Empty ones
        do not count. The severity of a fault says whether it keeps the record from being published.
        """
        given: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, texts in values.items():
            key, _, language = name.partition("@")
            given[key] += [(text.strip(), language) for text in texts if text.strip()]
        statements: list[tuple[ox.NamedNode, Term]] = []
        faults: list[Fault] = []
        for each in self.fields:
            terms = []
            for text, language in given.get(each.key, ()):
                try:
                    terms.append(_term(each, text, language))
                except ValueError:
                    faults.append(Fault(each.key, each.rules[0].messages))
            broken = len(terms) < len(given.get(each.key, ()))
            if each.editor is not Editor.evidence:
                statements += [(ox.NamedNode(each.path), term) for term in terms]
            faults += [
                Fault(each.key, rule.messages, rule.severity)
                for rule in each.rules
                if _breaks(rule, terms) and not (broken and rule.minimum)
            ]
        for demand in self.demands:
            if sum(len(given.get(key, ())) for key in demand.keys) < demand.minimum:
                faults.append(Fault(demand.keys[0], demand.rule.messages, demand.rule.severity))
        return Filled(tuple(statements), tuple({(each.field, str(each.messages)): each for each in faults}.values()))

    def beside(self, results: Iterable[Result], focus: str) -> list[Fault]:
        """What a judgement says of a record, each at its field."""
        paths = {each.path: each.key for each in self.fields}
        demands = {demand.rule.shape: demand.keys[0] for demand in self.demands}
        return [
            Fault(paths.get(each.path) or demands.get(each.shape, ""), each.messages, each.severity)
            for each in results
            if each.focus == focus
        ]


def _term(field: Field, text: str, language: str) -> Term:
    """A value as an RDF term. Raises `ValueError` for one that cannot be read."""
    try:
        match field.editor:
            case Editor.date:
                return ox.Literal(cells.date(text), datatype=ox.NamedNode(_V["edtf"] + "EDTF"))
            case Editor.number:
                return ox.Literal(str(int(text.replace(" ", ""))), datatype=ox.NamedNode(_V["xsd"] + "integer"))
            case Editor.label | Editor.long_label:
                if not _LANGUAGE_TAG.match(language):
                    raise ValueError(text)
                return ox.Literal(text, language=language.lower())
            case Editor.choice:
                if text not in {choice.value for choice in field.choices}:
                    raise ValueError(text)
                return ox.NamedNode(text)
            case Editor.language:
                return cells.language_concept(text)
            case Editor.url:
                return cells.link(text)
            case Editor.thing | Editor.evidence:
                return ox.NamedNode(_absolute(text))
            case Editor.code:
                scheme, colon, code = text.partition(":")
                if not (colon and scheme.strip() and code.strip()):
                    raise ValueError(text)
                return ox.Literal(code.strip(), datatype=ox.NamedNode(f"{_V['code']}{scheme.strip().lower()}"))
            case _:
                return ox.Literal(text, datatype=ox.NamedNode(field.datatype or _V["xsd"] + "string"))
    except cells.CellError as error:
        raise ValueError(text) from error


def _absolute(text: str) -> str:
    if "://" not in text:
        raise ValueError(text)
    return text


def _breaks(rule: Rule, terms: Sequence[Term]) -> bool:
    texts = [str(term.value) for term in terms]
    languages = [term.language for term in terms if isinstance(term, ox.Literal) and term.language]
    return (
        len(terms) < rule.minimum
        or (rule.maximum is not None and len(set(terms)) > rule.maximum)
        or (rule.one_per_language and len(set(languages)) < len(languages))
        or any(bool(rule.pattern) and not re.search(rule.pattern, text) for text in texts)
        or any(len(text) < rule.shortest or len(text) > (rule.longest or len(text)) for text in texts)
        or any(rule.least is not None and int(text) < rule.least for text in texts)
        or any(rule.most is not None and int(text) > rule.most for text in texts)
    )
