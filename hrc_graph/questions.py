"""The query library: each `queries/<name>.rq` is a question, a route and a test of the same name.

The header is YAML in `#+` comment lines, as grlc writes it. A parameter is a variable that begins with
an underscore (`?_place`); it is replaced, word for word, by an RDF term made from the given value, so
no text of a caller ever becomes SPARQL.
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


@dataclass(frozen=True, slots=True)
class Parameter:
    """A blank in a question: its name, what may fill it, and what fills it when nothing is given."""

    name: str
    type: str
    """`iri`, `integer`, `date`, `language` or `text`."""
    default: str | None
    description: str

    def term(self, value: str, *, base: str) -> ox.NamedNode | ox.Literal:
        """The RDF term for a value as people write it. Raises `BadParameter`, naming the parameter."""
        try:
            match self.type:
                case "iri":
                    return ox.NamedNode(_full_iri(value, base))
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
        pieces, end = [], 0
        for token in guard.tokens(self.text):
            if token.kind == "variable" and token.text in terms:
                pieces += [self.text[end : token.start], terms[token.text]]
                end = token.start + len(token.text)
        return "".join([*pieces, self.text[end:]])


def library(folder: Path) -> dict[str, NamedQuery]:
    """Every question of a folder, by name."""
    return {path.stem: parse(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.rq"))}


def find(questions: Mapping[str, NamedQuery], name: str) -> NamedQuery:
    """The question of that name. Raises `NotFound`."""
    if name not in questions:
        raise NotFound(f"There is no question “{name[:80]}”.", "The library is listed at /queries.")
    return questions[name]


def parse(name: str, text: str) -> NamedQuery:
    """A question from its text. Raises `BadFile` when the header cannot be read."""
    header = "\n".join(line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+"))
    try:
        fields: dict[str, Any] = yaml.safe_load(header) or {}
        parameters = tuple(
            Parameter(str(key), field["type"], _text_or_none(field.get("default")), str(field.get("description", "")))
            for key, field in (fields.get("parameters") or {}).items()
        )
        return NamedQuery(
            name=name,
            title=dict(fields["title"]),
            description=str(fields.get("description", "")).strip(),
            tags=tuple(fields.get("tags", ())),
            parameters=parameters,
            text=text,
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise BadFile(
            f"The header of the question {name} cannot be read: {error}.", "It is YAML in #+ lines."
        ) from error


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _full_iri(value: str, base: str) -> str:
    prefix, colon, local = value.partition(":")
    known = namespaces.prefixes(base)
    if colon and prefix in known and not local.startswith("//"):
        return known[prefix] + local
    return value
