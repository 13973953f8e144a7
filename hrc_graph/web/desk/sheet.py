"""The one screen as it is filled in: what a form says, kept as a draft, and made from an application."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hrc_graph.errors import BadInput
from hrc_graph.web.desk.door import Form

MOST = 12
"""So many rows of one sort at most."""
_LONGEST = 4_000
_NUMBERED = re.compile(r"(text|passage)(\d{1,2})\.")


@dataclass
class PlaceRow:
    """The government and its place."""

    query: str = ""
    """The name as it was written."""
    country: str = ""
    chosen: str = ""
    """The IRI of a government, `geonames:` and a number, or `new`; nothing yet."""
    different: str = ""
    """`yes` when somebody said that it is none of the likely doubles."""
    name: str = ""
    language: str = ""
    government: str = ""
    """The government's own name, where it has another than its place."""
    kind: str = ""
    part_of: str = ""
    code: str = ""


@dataclass
class TextRow:
    """A charter, instrument or campaign that it stands under."""

    under: str = ""
    mode: str = ""
    date: str = ""
    on: list[str] = field(default_factory=list)
    """The passages that it rests on, by their place in the sheet."""
    new: str = ""
    """The class of a text to be recorded, or nothing for one that is there."""
    kind: str = ""
    number: str = ""
    own: str = ""
    issued: str = ""


@dataclass
class PassageRow:
    """A source and the place in it."""

    source: str = ""
    """Its address, or the name of one that is recorded."""
    title: str = ""
    publisher: str = ""
    date: str = ""
    kind: str = ""
    language: str = ""
    locator: str = ""
    quote: str = ""


@dataclass
class Sheet:
    """One filled-in screen."""

    place: PlaceRow = field(default_factory=PlaceRow)
    wave: str = ""
    wave_date: str = ""
    wave_on: list[str] = field(default_factory=list)
    texts: list[TextRow] = field(default_factory=list)
    passages: list[PassageRow] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)

    def to_json(self) -> str:
        """The sheet as JSON."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Sheet:
        """The sheet of such JSON. Raises `BadInput` for any other."""
        try:
            said = json.loads(text)
            rows: dict[str, Any] = {
                "place": PlaceRow(**said.pop("place", {})),
                "texts": [TextRow(**row) for row in said.pop("texts", [])],
                "passages": [PassageRow(**row) for row in said.pop("passages", [])],
            }
            return cls(**said, **rows)
        except (ValueError, TypeError, AttributeError) as error:
            raise BadInput("This draft was not saved by this page.", "Send it as the page does.") from error

    @classmethod
    def from_form(cls, form: Form) -> Sheet:
        """What a form says; rows that were left empty in between keep their place."""
        counts = {"text": 0, "passage": 0}
        for name in form:
            if found := _NUMBERED.match(name):
                counts[found[1]] = max(counts[found[1]], int(found[2]) + 1)
        return cls(
            place=PlaceRow(**_fields(PlaceRow, form, "place.")),
            wave=_one(form, "wave"),
            wave_date=_one(form, "wave.date"),
            wave_on=form.getlist("wave.on")[:MOST],
            texts=[TextRow(**_fields(TextRow, form, f"text{n}.")) for n in range(min(counts["text"], MOST))],
            passages=[
                PassageRow(**_fields(PassageRow, form, f"passage{n}.")) for n in range(min(counts["passage"], MOST))
            ],
            themes=list(dict.fromkeys(form.getlist("theme")))[:50],
        )

    @classmethod
    def of_application(cls, payload: Mapping[str, Any]) -> Sheet:
        """What an application asks for."""
        said = payload.get("government", {})
        sheet = cls(wave=str(payload.get("wave", "")), themes=[str(each) for each in payload.get("themes", [])])
        name = str(said.get("place") or said.get("name") or "")
        country = str(said.get("country", "")).rpartition(":")[2].upper()
        sheet.place = PlaceRow(query=name, country=country, name=name, government=str(said.get("name", "")))
        for row in payload.get("commitments", []):
            text = TextRow(
                under=str(row.get("instrument") or row.get("other") or ""),
                mode=str(row.get("mode", "")).rpartition(":")[2],
                date=str(row.get("date", "")),
            )
            if link := str(row.get("evidence", "")):
                known = [each.source for each in sheet.passages]
                if link not in known:
                    sheet.passages.append(PassageRow(source=link))
                    known.append(link)
                text.on = [str(known.index(link))]
            sheet.texts.append(text)
        sheet.wave_on = [str(number) for number in range(len(sheet.passages))]
        return sheet

    def add_text(self) -> None:
        """One row more; it rests on all there is until somebody says otherwise."""
        if len(self.texts) < MOST:
            self.texts.append(TextRow(on=[str(number) for number in range(len(self.passages))]))

    def add_passage(self) -> None:
        """One source more, for everything until somebody says otherwise."""
        if len(self.passages) < MOST:
            number = str(len(self.passages))
            self.passages.append(PassageRow())
            for ticked in (self.wave_on, *(text.on for text in self.texts)):
                ticked.append(number)

    def drop(self, sort: str, number: int) -> None:
        """Take a row away; what rests on the others goes on doing so."""
        rows: list[Any] = self.texts if sort == "text" else self.passages
        if number >= len(rows):
            return
        del rows[number]
        if sort == "passage":
            for ticked in (self.wave_on, *(text.on for text in self.texts)):
                ticked[:] = [str(int(n) - (int(n) > number)) for n in ticked if n.isdigit() and int(n) != number]


def _fields(row: type, form: Form, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in dataclasses.fields(row):
        name = prefix + each.name
        found[each.name] = form.getlist(name)[:MOST] if each.name == "on" else _one(form, name)
    return found


def _one(form: Form, name: str) -> str:
    return " ".join(form.get(name, "").split())[:_LONGEST]
