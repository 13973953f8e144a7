"""The tables that people work with: what each lists and what its columns mean, as patterns of SPARQL.

A column is a pattern from `?row` to `?value`, so that a row with three organisers and two sources stays one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


def _(text: str) -> str:
    """Marks a text that pages translate."""
    return text


Selection = tuple[str, str]
"""A pattern that `?row` fits, and one from there to the `?value` that tells the order, empty for the row itself."""

_COUNTRY: Final = "hrc:partOf* ?value . ?value dcterms:type kind:country"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the pattern that finds its values, and what it means."""

    name: str
    pattern: str
    """From `?row` to `?value`; empty for the row itself."""
    description: str
    type: str = "string"
    """As Table Schema calls it. A number or day is one value; strings may be several with `; ` between them."""
    named: bool = False
    """Whether the names of the things found are written, and not their IRIs."""
    last: bool = False
    """Whether the greatest of several numbers or days is meant, and not the least."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A table: the things it lists, one a row, and what it says of each."""

    name: str
    title: str
    rows: str
    """The pattern that finds `?row`."""
    columns: tuple[Column, ...]

    @property
    def selection(self) -> Selection:
        """Its rows, in the order of its first column."""
        return self.rows, self.columns[0].pattern


def _both(name: str, pattern: str, description: str) -> tuple[Column, Column]:
    """The IRI of something, and its name in a column of its own."""
    return (
        Column(name, pattern, f"{description}: IRI."),
        Column(f"{name}_name", pattern, f"{description}: name, in English where there is one.", named=True),
    )


def _itself(name: str, what: str) -> tuple[Column, Column]:
    return _both(name, "", what)


_DATE = (
    Column("date", "?row hrc:date ?value", "When, as the sources say it, in EDTF: 2021, 2021-05 or 2021~."),
    Column("earliest", "?row hrc:earliest ?value", "The first day that the date can mean.", "date"),
    Column("latest", "?row hrc:latest ?value", "The last day that the date can mean.", "date", last=True),
)
_SOURCES = (
    Column("sources", "?row hrc:cites/hrc:source ?value", "The sources this rests on: IRIs."),
    Column("source_pages", "?row hrc:cites/hrc:source/foaf:page ?value", "The web pages of these sources."),
)
_ACTOR = (
    *_both("actor", "?row hrc:actor ?value", "Who committed itself"),
    *_both("country", f"?row hrc:actor/hrc:primaryPlace/{_COUNTRY}", "The country of a government"),
)
_HOW = Column("how", "?row hrc:mode ?value", "How: signed, adopted, joined and so on.", named=True)

LISTINGS: Final = (
    Listing(
        "members",
        _("Members of campaigns: governments and other bodies, one row for each way to take part"),
        "?row a hrc:Commitment ; hrc:under/a hrc:Campaign .",
        (
            Column("commitment", "", "The act of joining or endorsing: IRI."),
            *_both("member", "?row hrc:actor ?value", "Who takes part"),
            Column("nature", "?row hrc:actor/a ?value", "Its class.", named=True),
            Column("kind", "?row hrc:actor/hrc:primaryPlace?/dcterms:type ?value", "Its kind.", named=True),
            *_both("country", f"?row hrc:actor/hrc:primaryPlace/{_COUNTRY}", "The country of a government"),
            *_both("place", "?row hrc:actor/hrc:primaryPlace ?value", "The place of a government"),
            Column("point", "?row hrc:actor/hrc:primaryPlace/geo:hasDefaultGeometry/geo:asWKT ?value",
                   "Where that is: WKT in CRS84, longitude before latitude."),
            *_both("campaign", "?row hrc:under ?value", "The campaign"),
            _HOW,
            *_DATE,
            *_SOURCES,
        ),
    ),
    Listing(
        "commitments",
        _("Commitments: who took on which text or campaign"),
        "?row a hrc:Commitment .",
        (
            Column("commitment", "", "The commitment: IRI."),
            *_ACTOR,
            _HOW,
            *_both("under", "?row hrc:under ?value", "The text or campaign"),
            *_both("wave", "?row hrc:inWave ?value", "The wave of a campaign"),
            *_both("event", "?row hrc:at ?value", "The event at which it happened"),
            *_DATE,
            *_SOURCES,
        ),
    ),
    Listing(
        "instruments",
        _("Instruments: charters, regulations, resolutions and other texts"),
        "?row a/rdfs:subClassOf* hrc:Instrument .",
        (
            *_itself("instrument", "The text"),
            Column("class", "?row a ?value", "Its class.", named=True),
            Column("kind", "?row dcterms:type ?value", "Its kind.", named=True),
            Column("number", "?row hrc:number ?value", "Its official number."),
            *_both("adopted_by", "?row hrc:adoptedBy ?value", "Who adopted it"),
            *_both("place", "?row dcterms:spatial ?value", "Where it was adopted, or is valid"),
            Column("themes", "?row hrc:theme ?value", "What it is about.", named=True),
            *_DATE,
            Column("governments", "?row hrc:governmentCount ?value", "Governments that stand under it.", "integer"),
            Column("other_bodies", "?row hrc:otherBodyCount ?value", "Other bodies that stand under it.", "integer"),
            *_SOURCES,
        ),
    ),
    Listing(
        "awards",
        _("Awards to governments"),
        "?row a hrc:Award .",
        (
            Column("award", "", "The award: IRI."),
            *_both("recipient", "?row hrc:recipient ?value", "Who received it"),
            *_both("country", f"?row hrc:recipient/hrc:primaryPlace/{_COUNTRY}", "The country of the recipient"),
            *_both("programme", "?row hrc:under ?value", "The award programme"),
            Column("kind", "?row dcterms:type ?value", "The kind of award.", named=True),
            *_both("given_by", "?row hrc:organiser ?value", "Who gave it"),
            Column("basis", "?row hrc:basis ?value", "How directly a source tells of it.", named=True),
            *_DATE,
            *_SOURCES,
        ),
    ),
    Listing(
        "events",
        _("Events: forums, conferences and workshops"),
        "?row a hrc:Event .",
        (
            *_itself("event", "The event"),
            Column("kind", "?row dcterms:type ?value", "Its kind.", named=True),
            *_both("series", "?row hrc:partOf ?value", "The series it belongs to"),
            Column("ordinal", "?row hrc:ordinal ?value", "Which edition of the series it is.", "integer"),
            *_both("place", "?row dcterms:spatial ?value", "Where it was"),
            *_both("organiser", "?row hrc:organiser ?value", "Who organised it"),
            Column("attendance", "?row hrc:attendance ?value", "How many people came; several where sources differ."),
            *_DATE,
            *_SOURCES,
        ),
    ),
    Listing(
        "sources",
        _("Sources: what every fact rests on"),
        "?row a hrc:Source .",
        (
            *_itself("source", "The source"),
            Column("kind", "?row dcterms:type ?value", "Its kind.", named=True),
            Column("publisher", "?row dcterms:publisher ?value", "Who published it."),
            Column("published", "?row dcterms:issued ?value", "When it was published, as a date of EDTF."),
            Column("language", "?row dcterms:language ?value", "Its language: IRI of the EU's list of languages."),
            Column("page", "?row foaf:page ?value", "Its web page."),
        ),
    ),
    Listing(
        "conflicts",
        _("Conflicts: what sources say differently, one row for each side"),
        "?row hrc:dispute ?any .",
        (
            Column("dispute", "?row hrc:dispute ?value", "The disagreement; the same for all sides of it."),
            Column("claim", "", "The claim: IRI."),
            *_both("thing", "?row rdf:subject ?value", "What the claim is about"),
            Column("property", "?row rdf:predicate ?value", "Which of its properties.", named=True),
            Column("matter", "?row hrc:matter ?value", "What a remark speaks about."),
            Column("value", "?row rdf:object ?value", "What is claimed."),
            Column("value_name", "?row rdf:object ?value FILTER (ISIRI(?value))", "Its name.", named=True),
            Column("rank", "?row wikibase:rank ?value", "Wikibase's NormalRank, PreferredRank or DeprecatedRank: IRI."),
            Column("reason", "?row hrc:rankReason ?value", "Why one side was preferred.", named=True),
            Column("note", "?row skos:editorialNote ?value", "What the editors note."),
            *_SOURCES,
        ),
    ),
)  # fmt: skip
"""Every table, in the order in which they are told of."""
