"""What a table of each kind says, column by column: read from `ontology/tables/<kind>.yaml`.

A kind file is data, so that a new column is one line:

    title: {en: Awards, id: Penghargaan}
    files: [awards]                        file or sheet names that are read as this kind
    columns:
      recipient: {names: [government, place_id, penerima], is: gov, required: true}
      year: {names: [year, tahun], is: year}
      sources: {names: [sources, source_ids, sumber], is: source, many: true, required: true}
    things:
      - iri: act/{recipient}--award--{programme}-{year}
        graph: of recipient                the dossier it is written to
        class: hrc:Award
        says: {hrc:recipient: recipient, hrc:date: year, hrc:cites: sources}

`docs/tables.md` explains every word of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hrc_graph.errors import BadFile, NotFound
from hrc_graph.names import fold

TYPES = frozenset(
    (
        *("text", "label", "date", "year", "integer", "ordinal", "link", "language", "concept", "code", "codes"),
        *("place", "gov", "org", "actor", "party", "person", "instrument", "event", "aim", "milestone"),
        *("act", "source", "thing"),
    )
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the headers that mean it, what its cells are, and what they may hold."""

    key: str
    names: tuple[str, ...]
    type: str
    required: bool = False
    many: bool = False
    """Several values in a cell, separated by `;`."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Words that mean a certain value: a short IRI, or "" for nothing."""
    scheme: str = ""
    """For concepts: the vocabulary, and after a slash the top concept they stand under."""
    language: str = "en"
    """For labels: a language tag, or `of <field>` for a column that holds it."""
    help: str = ""
    source: str = ""
    """For a column that is not in the table: the field it is taken from, by the first group of `pattern`."""
    pattern: str = ""
    form: str = "{}"
    """How what is taken is written out: the braces stand for it."""
    join: tuple[str, ...] = ()
    """Fields that make one text: first and last day of an interval, or words; the text must fit `pattern`."""
    sign: str = ""
    """What stands between joined words; a space, or `/` in a date, if nothing is said."""
    paired: tuple[str, frozenset[str]] | None = None
    """A field of words that go with the values of `source` one by one, and which words take their value here."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Patterns and the short IRI that a text means in which one is found; the first that fits."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """For a web address: how its host ends, with the beginning of its path or without, and the short IRI it means."""
    prefix: str = ""
    name_of: str = ""
    """For a label made of the name of what another field refers to; `form` may name other fields too."""

    @property
    def made(self) -> bool:
        """Whether its text is made from other columns."""
        return bool(self.source or self.join or self.name_of)

    @property
    def header(self) -> str:
        """What the column is called in a table."""
        return self.names[0] if self.names else self.key

    def taken_from(self, texts: Mapping[str, str]) -> str:
        """The text of a column that is made from others; "" when it is not, or does not fit."""
        text = texts.get(self.source, "")
        if self.join and self.key not in texts:
            sign = self.sign or ("/" if self.type == "date" else " ")
            text = sign.join(dict.fromkeys(texts[name] for name in self.join if texts.get(name)))
        if self.paired:
            name, wanted = self.paired
            words = [fold(word) for word in texts.get(name, "").split(";")]
            values = text.split(";")
            words += words[-1:] * (len(values) - len(words))
            text = ";".join(value for value, word in zip(values, words, strict=False) if word in wanted)
        found = re.search(self.pattern, text)
        return self.form.format(found[1]) if found else ""


@dataclass(frozen=True, slots=True)
class Match:
    """How a row finds the thing it speaks of, if that exists already."""

    types: tuple[str, ...]
    names: tuple[str, ...]
    country: str = ""
    kind: str = ""
    codes: str = ""
    number: str = ""
    link: str = ""
    decided: bool = False
    """Whether only a decision says that two are one: for parts, whose names are those of many."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that a row makes or adds to."""

    iri: str
    graph: str
    classes: Mapping[str, str]
    """Class by the value of `class_field`; "" is the class of every other value."""
    class_field: str
    says: Mapping[str, tuple[str, ...]]
    when: Mapping[str, tuple[str, ...]]
    """Only for rows whose field has one of these values; `any` for any value, `none` for no value."""
    match: Match | None
    enrich: str = ""
    infers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Properties that follow from a field where nobody says them, and the basis that their claims give."""
    confirms: Mapping[str, str] = field(default_factory=dict)
    """Properties and fields: what was only inferred so far is said by this row."""


@dataclass(frozen=True, slots=True)
class Claims:
    """How a row says what sources say of one matter, side by side."""

    subject: str
    matter: str
    sides: tuple[tuple[str, str], ...]
    """Fields of a value and of its source."""
    properties: Mapping[str, tuple[str, str]]
    """By the word for a matter, its property and the type of its values; any other matter is a remark.

    Of a `withheld` value, an e-mail address, only the domain is said.
    """
    comment: str
    dispute: str
    """The field that names the disagreement whose sides the row tells."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of table."""

    name: str
    title: Mapping[str, str]
    files: tuple[str, ...]
    columns: Mapping[str, Column]
    things: tuple[Thing, ...]
    claims: Claims | None
    order: int
    """Kinds with a lower number are read first: what others point at."""
    ignored: tuple[str, ...] = ()
    """Headers that are not read, on purpose."""

    def bears(self, name: str) -> bool:
        """Whether tables of that name are read as this kind; a number behind it does not count (“places (2)”)."""
        known = {fold(each) for each in (self.name, *self.files)}
        return fold(name) in known or fold(re.sub(r"[\s_-]*\(?\d+\)?\Z", "", name)) in known

    def headers(self, header: Iterable[str]) -> tuple[dict[str, Column], list[str]]:
        """The column that each header means, and the headers that mean none."""
        known = {
            fold(name): column
            for column in self.columns.values()
            for name in (*(() if column.made else (column.key,)), *column.names)
        }
        skipped = {fold(name) for name in self.ignored}
        found = {text: known[fold(text)] for text in header if fold(text) in known}
        unknown = [text for text in header if fold(text) not in known and fold(text) not in skipped]
        return found, unknown

    def template_header(self) -> list[str]:
        """The header of an empty table: what a person fills in."""
        return [column.header for column in self._written()]

    def notes(self) -> dict[str, str]:
        """By header, what to write there."""
        return {
            header: " ".join(
                filter(
                    None,
                    (
                        "Required." if column.required else "",
                        column.help,
                        "Several, separated by ;" if column.many else "",
                    ),
                )
            )
            for header, column in zip(self.template_header(), self._written(), strict=True)
        }

    def meant(self, name: str) -> list[str]:
        """The words for a field that decide what a row makes."""
        said = dict.fromkeys(value for thing in self.things for value in thing.when.get(name, ()))
        return [value for value in said if " " not in value and value not in ("any", "none")]

    def _written(self) -> list[Column]:
        return [column for column in self.columns.values() if not column.made or column.names]


def load(folder: Path) -> dict[str, Kind]:
    """Every kind of a folder, in the order in which their tables are read."""
    found = [_kind(path) for path in sorted(folder.glob("*.yaml"))]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: (kind.order, kind.name))}


def find(kinds: Mapping[str, Kind], name: str) -> Kind:
    """The kind of that name, or the one that tables of that name are read as. Raises `NotFound`."""
    for kind in kinds.values():
        if kind.bears(name):
            return kind
    raise NotFound(f"There is no kind of table “{name}”.", f"There are: {', '.join(kinds)}.")


def _kind(path: Path) -> Kind:
    try:
        spec = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        columns = {name: _column(name, each) for name, each in spec["columns"].items()}
        things = tuple(_thing(each) for each in spec.get("things", ()))
        for thing in things:
            said = (
                part.partition(" is ")[0] for names in thing.says.values() for name in names for part in name.split("|")
            )
            named = {name for name in said if name[0] != "="} | {name for name, _ in thing.infers.values()}
            named |= set(thing.confirms.values())
            missing = (named | set(thing.when) | ({thing.class_field} - {""})) - set(columns)
            if missing:
                raise ValueError(f"no column is called {', '.join(sorted(missing))}")
        return Kind(
            name=path.stem,
            title=spec["title"],
            files=tuple(spec.get("files", ())),
            columns=columns,
            things=things,
            claims=_claims(spec["claims"]) if "claims" in spec else None,
            order=int(spec.get("order", 50)),
            ignored=tuple(spec.get("ignored", ())),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFile(
            f"{path} does not describe a kind of table: {error!r}.", "Compare it with another one."
        ) from error


def _column(name: str, spec: dict[str, Any]) -> Column:
    if spec["is"] not in TYPES:
        raise ValueError(f"column {name} is “{spec['is']}”, which is no type")
    return Column(
        key=name,
        names=tuple(str(each) for each in spec.get("names", ())),
        type=spec["is"],
        required=bool(spec.get("required")),
        many=bool(spec.get("many")),
        values={fold(str(word)): str(value or "") for word, value in (spec.get("values") or {}).items()},
        scheme=spec.get("scheme", ""),
        language=spec.get("language", "en"),
        help=spec.get("help", ""),
        source=spec.get("from", ""),
        pattern=spec.get("pattern", "(.+)"),
        form=spec.get("form", "{}"),
        join=tuple(spec.get("join", ())),
        sign=spec.get("sign", ""),
        paired=_paired(spec["paired"]) if "paired" in spec else None,
        prefix=spec.get("prefix", ""),
        name_of=spec.get("name_of", ""),
        rules=spec.get("rules") or {},
        pages={page: iri for iri, pages in (spec.get("pages") or {}).items() for page in pages.split()},
    )


def _paired(spec: dict[str, Any]) -> tuple[str, frozenset[str]]:
    return spec["with"], frozenset(fold(str(word)) for word in spec["words"])


def _thing(spec: dict[str, Any]) -> Thing:
    classes = spec["class"]
    by_field = isinstance(classes, dict)
    return Thing(
        iri=spec["iri"],
        graph=spec["graph"],
        classes={fold(str(word)): name for word, name in classes["values"].items()} if by_field else {"": classes},
        class_field=classes["field"] if by_field else "",
        says={
            name: tuple(said) if isinstance(said, list) else (str(said),) for name, said in spec.get("says", {}).items()
        },
        when={name: tuple(map(str, _listed(values))) for name, values in spec.get("when", {}).items()},
        match=_match(spec["match"]) if "match" in spec else None,
        enrich=spec.get("enrich", ""),
        infers={name: (each["from"], each["basis"]) for name, each in spec.get("infers", {}).items()},
        confirms=spec.get("confirms", {}),
    )


def _match(spec: dict[str, Any]) -> Match:
    words = {name: str(spec.get(name, "")) for name in ("country", "kind", "codes", "number", "link")}
    decided = bool(spec.get("decided"))
    return Match(types=tuple(spec["types"]), names=tuple(spec["names"]), decided=decided, **words)


def _claims(spec: dict[str, Any]) -> Claims:
    words = {fold(word): (said["property"], said["is"]) for said in spec["properties"] for word in said["words"]}
    return Claims(
        spec["subject"], spec["matter"], tuple(map(tuple, spec["sides"])), words, spec["comment"], spec["dispute"]
    )


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]
