"""What somebody asks to be recorded of one local government, as one piece: an application, or an editor's draft.

A proposal is plain data: it can be kept as JSON, changed, and looked at before anything is written. `drafting` turns it
into dossiers, `sentences` tells what it says, `places` finds the government it may mean, `suggestions` says what else
may be true of it. `acts` and `conflicts` hold what the secretariat does to records that are there already.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hrc_graph.errors import BadInput

LANGUAGES = ("en", "id", "es", "fr")
"""The languages of the interface."""


@dataclass(frozen=True, slots=True)
class Source:
    """A page or document that is not recorded yet; one of the same address that is recorded is used instead."""

    url: str = ""
    title: str = ""
    """Its address without the scheme, if nothing is said."""
    language: str = ""
    """Of the title and the page: a tag such as `id`."""
    publisher: str = ""
    date: str = ""
    """When it was published, as people write it."""
    kind: str = ""
    """A kind of source, such as `press`; what its host tells, if nothing is said."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage that something rests on."""

    source: str | Source
    """The IRI of a source, or a new one."""
    locator: str = ""
    """Where in it, such as “page 2”; the whole page, if nothing is said."""
    quote: str = ""
    quote_language: str = ""


@dataclass(frozen=True, slots=True)
class Government:
    """The local government: one that is recorded, by its IRI, or a new one with its place."""

    iri: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of the place by language tag."""
    government_names: Mapping[str, str] = field(default_factory=dict)
    """Names of the government itself by language tag; those of the place, if nothing is said."""
    country: str = ""
    """ISO 3166-1, two letters."""
    kind: str = ""
    """A kind of place, such as `kabupaten`."""
    part_of: str = ""
    """The IRI of the next larger place; the country, if nothing is said."""
    codes: tuple[str, ...] = ()
    """Scheme and code, such as `kemendagri:18.07`."""
    geonames: str = ""
    """The GeoNames id, which also gives the point on the map."""
    evidence: tuple[Evidence, ...] = ()
    spelling: str = ""
    """The name as it was written by who asked, where a person decided what it means: it is remembered."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A text that is not recorded yet."""

    names: Mapping[str, str]
    """Titles by language tag."""
    sort: str = "Charter"
    """Its class: Charter, Regulation, Resolution, Agreement or Recommendation."""
    kind: str = ""
    """A kind of instrument, such as `local-regulation`."""
    number: str = ""
    date: str = ""
    own: bool = False
    """Whether the government made it itself."""
    evidence: tuple[Evidence, ...] = ()
    """What tells of it; the evidence of the commitment, if nothing is said."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """One text or campaign that the government takes on."""

    under: str | Instrument = ""
    """The IRI of a text or campaign, or a new text; the campaign of the wave, if nothing is said."""
    mode: str = ""
    """Such as `signed`; `joined` for a wave, if nothing is said."""
    date: str = ""
    """As people write it."""
    wave: str = ""
    """The IRI of a wave of the campaign."""
    themes: tuple[str, ...] = ()
    """IRIs of themes."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Participation:
    """One event in which the government took part."""

    at: str
    """The IRI of the event."""
    role: str = "participant"
    date: str = ""
    themes: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """All that is asked for at once."""

    government: Government
    commitments: tuple[Commitment, ...] = ()
    participations: tuple[Participation, ...] = ()
    themes: tuple[str, ...] = ()
    """IRIs of themes on which it works: they go with joining the campaign, or else with every commitment."""

    def to_json(self) -> str:
        """The proposal as JSON, without what is empty."""
        return json.dumps(_plain(self), ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Proposal:
        """The proposal of such JSON. Raises `BadInput`, naming the field that is wrong."""
        try:
            given = json.loads(text)
        except ValueError as error:
            raise BadInput(f"The proposal is not JSON: {error}.", "Send it again as it was made.") from error
        made = _typed(given, cls, "proposal")
        assert isinstance(made, Proposal)
        return made


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a form or proposal."""

    field: str
    """The key of a form's field, or a path in a proposal such as `commitments.0.date`."""
    messages: Mapping[str, str]
    """By language, what to do."""
    severity: str = "Violation"
    """`Violation` keeps it from being published, `Warning` and `Info` do not."""

    def message(self, language: str) -> str:
        """The message in a language, else in English."""
        return self.messages.get(language) or self.messages.get("en") or next(iter(self.messages.values()), "")


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        named = ((each.name, _plain(getattr(value, each.name))) for each in dataclasses.fields(value))
        return {name: said for name, said in named if said or said is False}
    if isinstance(value, Mapping):
        return dict(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _typed(value: Any, kind: Any, place: str) -> Any:
    """A value of JSON as a value of one of our types."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        kind = next(each for each in arguments if (each is str) == isinstance(value, str))
        return _typed(value, kind, place)
    if origin is tuple and isinstance(value, list):
        return tuple(_typed(each, arguments[0], f"{place}.{number}") for number, each in enumerate(value))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        wanted = typing.get_type_hints(kind)
        unknown = value.keys() - wanted.keys()
        if not unknown:
            said = {name: _typed(each, wanted[name], f"{place}.{name}") for name, each in value.items()}
            try:
                return kind(**said)
            except TypeError as error:
                raise BadInput(f"The field {place} is not whole: {error}.", "Fill it in.") from error
        place = f"{place}.{min(unknown)}"
    if origin is not None and origin is not tuple and isinstance(value, dict):
        return {str(name): _typed(each, str, f"{place}.{name}") for name, each in value.items()}
    if kind in (str, bool) and isinstance(value, kind):
        return value
    raise BadInput(f"The field {place} cannot be read.", "Send the proposal again as it was made.")
