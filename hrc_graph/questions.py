"""The query library: each `queries/<name>.rq` is a question, a route and a test of the same name.

The header is YAML in `#+` comment lines, as grlc writes it. A parameter is a variable that begins with
an underscore (`?_place`); it is replaced, word for word, by an RDF term made from the given value, so
no text of a caller ever becomes SPARQL. `choices` says what a parameter may be: constants, or a graph pattern
that finds them in the data. docs/questions.md has the words of the header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import yaml

from hrc_graph import guard, namespaces
from hrc_graph.errors import BadFile, BadParameter, NotFound

_XSD = namespaces.VOCABULARY["xsd"]
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_LANGUAGES_OF_NAMES = '?thing skos:prefLabel ?name . BIND (LANG(?name) AS ?value) FILTER (?value != "und")'
_CHOICES = """
SELECT ?value (SUBSTR(MIN(?ranked), 2) AS ?label)
WHERE {
  { SELECT DISTINCT ?value WHERE { %s } }
  %s
  # The least of these comes out: English before Indonesian before any other.
  BIND (IF(LANG(?name) = "en", "0", IF(LANG(?name) = "id", "1", "2")) AS ?rank)
  BIND (COALESCE(CONCAT(?rank, STR(?name)), "") AS ?ranked)
}
GROUP BY ?value
ORDER BY LCASE(?label) ?value
"""
_THINGS = tuple({namespaces.BASE + path.partition("/")[0] + "/" for path in namespaces.THINGS.values()})
_NAMES = "OPTIONAL { ?value skos:prefLabel|rdfs:label|dcterms:title ?name }"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A blank in a question: its name, what may fill it, and what fills it when nothing is given."""

    name: str
    type: str
    """`iri`, `integer`, `date`, `language` or `text`."""
    default: str | None
    description: str
    choices: str | tuple[str, ...] = ()
    """The only values there are; or a graph pattern that finds in `?value` those that are of use; or nothing."""

    def choices_query(self, *, base: str = namespaces.BASE) -> str:
        """The SPARQL for what may be chosen, a row a choice: `value` and `label`; "" without choices.

        The label is the English name, else the Indonesian, else any, else empty; the rows are in its order.
        """
        if not self.choices:
            return ""
        if isinstance(self.choices, str):
            pattern = self.choices
        else:
            pattern = f"VALUES ?value {{ {' '.join(str(self._term(value, base)) for value in self.choices)} }}"
        return guard.prefixed(_CHOICES % (pattern, _NAMES if self.type == "iri" else ""), base)

    def term(self, value: str, *, base: str) -> ox.NamedNode | ox.Literal:
        """The RDF term for a value as people write it.

        Raises `BadParameter`, naming the parameter, for one that is ill-typed or not among its constants. What a
        pattern does not find is no mistake: its answer may be empty, and tomorrow's data may have it.
        """
        term = self._term(value, base)
        constants = self.choices if isinstance(self.choices, tuple) else ()
        if constants and term not in [self._term(constant, base) for constant in constants]:
            offered = ", ".join(constants)
            raise BadParameter(
                f"Parameter “{self.name}”: “{value}” is not one of its choices.", f"Give one of: {offered}."
            )
        return term

    def _term(self, value: str, base: str) -> ox.NamedNode | ox.Literal:
        try:
            match self.type:
                case "iri":
                    return ox.NamedNode(namespaces.full(value, base))
                case "integer":
                    return ox.Literal(str(int(value)), datatype=ox.NamedNode(_XSD + "integer"))
                case "date":
                    if not re.match(r"\d{4}-\d{2}-\d{2}\Z", value):
                        raise ValueError
                    return ox.Literal(value, datatype=ox.NamedNode(_XSD + "date"))
                case "language":
                    if not _LANGUAGE.match(value):
                        raise ValueError
                    return ox.Literal(value.lower())
                case _:
                    return ox.Literal(value)
        except ValueError:
            hint = {
                "iri": "Give a whole IRI or a short one like gov:id-lahat.",
                "integer": "Give a whole number.",
                "date": "Give a day as 2016-05-17.",
                "language": "Give a language tag such as en or id.",
            }.get(self.type, "")
            raise BadParameter(
                f"Parameter “{self.name}”: “{value}” is not a value of type {self.type}.", hint
            ) from None


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """One question of the library."""

    name: str
    title: Mapping[str, str]
    """The question in plain words, by language."""
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str
    """The SPARQL, header included."""

    def bound(self, values: Mapping[str, str], *, base: str = namespaces.BASE) -> str:
        """The SPARQL with its parameters filled. Raises `BadParameter` for an unknown, missing or ill-typed one."""
        known = {parameter.name: parameter for parameter in self.parameters}
        unknown = sorted(set(values) - set(known))
        if unknown:
            offered = ", ".join(known) or "none"
            raise BadParameter(f"“{self.name}” has no parameter “{unknown[0]}”.", f"It has: {offered}.")
        terms = {}
        for parameter in self.parameters:
            value = values.get(parameter.name) or parameter.default
            if value is None:
                raise BadParameter(f"Parameter “{parameter.name}” is missing.", parameter.description)
            terms[f"?_{parameter.name}"] = str(parameter.term(value, base=base))
        return guard.filled(self.text, terms)

    def plain(self, values: Mapping[str, str], *, base: str = namespaces.BASE) -> str:
        """The SPARQL with its parameters filled, without the header. Raises `BadParameter`, as `bound` does."""
        lines = self.bound(values, base=base).splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("#+")).strip() + "\n"


def library(folder: Path, *, base: str = namespaces.BASE) -> dict[str, NamedQuery]:
    """Every question of a folder, by name, about the things under `base`."""
    return {path.stem: parse(path.stem, path.read_text("utf-8"), base=base) for path in sorted(folder.glob("*.rq"))}


def find(questions: Mapping[str, NamedQuery], name: str) -> NamedQuery:
    """The question of that name. Raises `NotFound`."""
    if name not in questions:
        raise NotFound(f"There is no question “{name[:80]}”.", "The library is listed at /queries.")
    return questions[name]


def parse(name: str, text: str, *, base: str = namespaces.BASE) -> NamedQuery:
    """A question from its text, in which things are written as the shipped files have them.

    Under another `base` they are the things there; terms and concepts stay what they are.
    Raises `BadFile` when the header cannot be read.
    """
    header = "\n".join(line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+"))
    try:
        fields: dict[str, Any] = yaml.load(header, Loader=yaml.CSafeLoader) or {}
        parameters = tuple(
            Parameter(
                name=str(key),
                type=field["type"],
                default=_text_or_none(field.get("default")),
                description=str(field.get("description", "")),
                choices=_choices(field, base),
            )
            for key, field in (fields.get("parameters") or {}).items()
        )
        return NamedQuery(
            name=name,
            title=dict(fields["title"]),
            description=str(fields.get("description", "")).strip(),
            tags=tuple(fields.get("tags", ())),
            parameters=parameters,
            text=_under(text, base),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise BadFile(
            f"The header of the question {name} cannot be read: {error}.", "It is YAML in #+ lines."
        ) from error


def _under(text: str, base: str) -> str:
    """The SPARQL with the IRIs of things, and the prefixes of such, under another base."""
    pieces, end = [], 0
    for token in guard.tokens(text) if base != namespaces.BASE else ():
        if token.kind == "iri" and token.text[1:].startswith(_THINGS):
            pieces += [text[end : token.start], f"<{base}{token.text[1 + len(namespaces.BASE) :]}"]
            end = token.start + len(token.text)
    return "".join([*pieces, text[end:]])


def _choices(field: Mapping[str, Any], base: str) -> str | tuple[str, ...]:
    """The constants or the pattern of a parameter's header. Raises `ValueError` for anything else."""
    match field.get("choices", _LANGUAGES_OF_NAMES if field["type"] == "language" else []):
        case str(pattern) if any(token.text == "?value" for token in guard.tokens(pattern)):
            return _under(pattern, base)
        case list(constants):
            return tuple(map(str, constants))
        case other:
            raise ValueError(f"choices are a list or a graph pattern with ?value, not “{other}”")


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)
