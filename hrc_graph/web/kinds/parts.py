"""What sections of the page of a thing are made of, and those that pages of several kinds show.

`?thing` is the thing. A row of a section is one `?key`, or each solution where there is none; what the solutions of one
key say in a column stands in one cell. A column of `evidence` has the passages that the key cites.
"""

from __future__ import annotations

from dataclasses import dataclass


def _(text: str) -> str:
    """Marks a text that pages translate."""
    return text


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a section: the variable, its title, and what its values are."""

    name: str
    title: str
    values: str = "thing"
    """`thing`, `text`, `date`, `number` or `evidence`."""
    below: str = ""
    """The column in whose cells it stands as a second line; empty for one of its own."""


@dataclass(frozen=True, slots=True)
class Part:
    """One section of a page."""

    name: str
    """Of its anchor."""
    title: str
    query: str
    columns: tuple[Cell, ...]
    lead: str = ""
    more: str = ""
    """Where all of it can be narrowed; `{}` stands for the thing."""
    grouped: tuple[str, ...] = ()
    """The columns that make a heading; the rows below it then stand side by side."""
    moment: str = ""
    """What its dated rows are on the page's line of time: `act`, `award` or `event`; empty when they are not on it."""
    told: tuple[str, ...] = ()
    """The columns that say what such a moment is."""
    counted: str = ""
    """What is counted above the table: `years`, a column for each, by mode; `countries`, a bar for each."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the page of one kind of thing shows."""

    listing: str
    """The listing it belongs to; empty when it is in none."""
    parts: tuple[Part, ...]
    glance: tuple[tuple[str, str], ...] = ()
    """What stands beside the name: a title, and the pattern that finds `?value`."""
    trail: str = ""
    """The query of what it is part of, the largest first, as `?step`."""
    narrowed: str = ""
    """Where a step of the trail leads in the listing; `{}` stands for the step. Without it, to its own page."""
    line: str = ""
    """The title of its line of time; empty when it has none."""
    spread: str = ""
    """The query of what its map shows, as `?key` and `?point`."""
    point: str = ""
    """The pattern of where it is itself, as `?value`."""


EVIDENCE = Cell("evidence", _("Evidence"), "evidence")
WHEN = Cell("date", _("When"), "date")
UPWARD = "OPTIONAL { ?step hrc:partOf* ?above } } GROUP BY ?step ORDER BY ?depth"
OF_CLASS = "VALUES ?class { hrc:Instrument hrc:Charter hrc:Regulation hrc:Resolution hrc:Agreement hrc:Recommendation }"
COUNTRY = "OPTIONAL { ?actor hrc:primaryPlace/hrc:partOf* ?country . ?country dcterms:type kind:country }"


def _sides(pattern: str) -> str:
    """The claims about the thing, its place, what it did and what it was awarded; `pattern` goes on from `?subject`.

    It stands in each branch: an engine that joins the branches with all claims afterwards takes 20 times as long.
    """
    about = ("?subject hrc:actor ?thing", "?subject hrc:recipient ?thing", "?thing hrc:primaryPlace ?subject")
    branches = [pattern.replace("?subject", "?thing") + " BIND (?thing AS ?subject)"]
    branches += [f"{found} . {pattern}" for found in about]
    return " UNION ".join(f"{{ {branch} }}" for branch in branches)


CONFLICTS = Part(
    "conflicts",
    _("Where sources disagree"),
    f"""
SELECT DISTINCT ?key ?about ?property ?topic ?says ?rank ?reason ?note WHERE {{
  {{ SELECT ?subject ?property ?topic (COUNT(DISTINCT ?value) AS ?sides) WHERE {{
      {_sides("?claim rdf:subject ?subject ; rdf:predicate ?property ; rdf:object ?value")}
      FILTER (?property IN (hrc:date, hrc:due, hrc:number, hrc:ordinal, hrc:attendance, hrc:endedOn, hrc:remark)
              || EXISTS {{ ?claim hrc:dispute ?dispute }} || EXISTS {{ ?claim hrc:rankReason ?why }})
      OPTIONAL {{ ?claim hrc:matter ?matter }} BIND (COALESCE(STR(?matter), "") AS ?topic)
    }} GROUP BY ?subject ?property ?topic HAVING (COUNT(DISTINCT ?value) > 1) }}
  {_sides("?key rdf:subject ?subject ; rdf:predicate ?property ; rdf:object ?says ; wikibase:rank ?rank")}
  OPTIONAL {{ ?key hrc:matter ?named }} FILTER (COALESCE(STR(?named), "") = ?topic)
  OPTIONAL {{ ?key hrc:rankReason ?reason }} OPTIONAL {{ ?key skos:editorialNote ?note }}
  BIND (IF(?subject = ?thing, ?nothing, ?subject) AS ?about)
}} ORDER BY ?subject ?property ?topic DESC(STR(?rank)) STR(?says)""",
    (
        Cell("about", _("About")),
        Cell("property", _("What")),
        Cell("topic", _("In words"), "text"),
        Cell("says", _("A source says")),
        Cell("rank", _("Rank")),
        Cell("reason", _("Reason")),
        Cell("note", _("Note"), "text"),
        EVIDENCE,
    ),
    _("Each side as its source has it. A preferred side is shown elsewhere; a deprecated one never is."),
    grouped=("about", "property", "topic"),
)
PARTICIPATIONS = Part(
    "participations",
    _("Took part in"),
    """
SELECT ?key ?date ?event ?role ?person WHERE {
  ?key hrc:actor ?thing ; a hrc:Participation ; hrc:at ?event ; hrc:role ?role .
  OPTIONAL { ?key hrc:date ?own } OPTIONAL { ?event hrc:date ?whole } BIND (COALESCE(?whole, ?own) AS ?date)
  OPTIONAL { ?key hrc:representedBy ?person }
} ORDER BY (!BOUND(?date)) ?date ?event""",
    (WHEN, Cell("event", _("Event")), Cell("role", _("Role")), Cell("person", _("Represented by")), EVIDENCE),
    moment="event",
    told=("role", "event"),
)
COMMITMENTS = Part(
    "commitments",
    _("Commitments"),
    """
SELECT ?key ?date ?mode ?under ?event ?theme WHERE {
  ?key hrc:actor ?thing ; a hrc:Commitment ; hrc:mode ?mode ; hrc:under ?under .
  OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key hrc:at ?event }
  OPTIONAL { ?key hrc:theme|(hrc:under/hrc:theme) ?theme }
} ORDER BY (!BOUND(?date)) ?date ?under ?theme""",
    (
        WHEN,
        Cell("mode", _("Mode")),
        Cell("under", _("What")),
        Cell("event", _("At"), below="under"),
        Cell("theme", _("Themes"), below="under"),
        EVIDENCE,
    ),
    moment="act",
    told=("mode", "under"),
)
MILESTONES = Part(
    "milestones",
    _("What happened"),
    """
SELECT ?key ?date ?milestone WHERE {
  ?key a hrc:Milestone ; hrc:about ?thing BIND (?key AS ?milestone)
  OPTIONAL { ?key hrc:date ?date }
} ORDER BY (!BOUND(?date)) ?date ?key""",
    (WHEN, Cell("milestone", _("What")), EVIDENCE),
)
ADOPTED = Part(
    "adopted",
    _("Texts it adopted"),
    """
SELECT ?key ?text ?kind ?date WHERE {
  ?key hrc:adoptedBy ?thing BIND (?key AS ?text)
  OPTIONAL { ?key dcterms:type ?kind } OPTIONAL { ?key hrc:date ?date }
} ORDER BY (!BOUND(?date)) ?date ?key""",
    (WHEN, Cell("text", _("Text")), Cell("kind", _("Kind")), EVIDENCE),
)
TARGETS = Part(
    "targets",
    _("Targets, and what is known to have been reached"),
    """
SELECT ?key ?target ?due ?count ?out ?where ?by ?known WHERE {
  ?key a hrc:Target ; hrc:under ?of . ?of hrc:partOf? ?thing BIND (?key AS ?target)
  OPTIONAL { ?key hrc:due ?due } OPTIONAL { ?key hrc:count ?count } OPTIONAL { ?key hrc:outOf ?out }
  OPTIONAL { ?key dcterms:spatial ?where } OPTIONAL { ?key hrc:setBy ?by }
  OPTIONAL { SELECT ?key (COUNT(DISTINCT ?government) AS ?known) WHERE {
    ?key a hrc:Target ; hrc:under ?whole . ?whole hrc:partOf? ?thing
    { ?whole a hrc:Campaign . ?act hrc:under ?whole ; a hrc:Commitment ; hrc:actor ?government }
    UNION { ?whole a hrc:Wave . ?act hrc:inWave ?whole ; hrc:actor ?government }
    UNION { ?whole a hrc:AwardProgramme . ?key dcterms:spatial ?land ; hrc:latest ?last .
            ?act hrc:under ?whole ; a hrc:Award ; hrc:recipient ?government ; hrc:earliest ?day
            FILTER (YEAR(?day) = YEAR(?last)) ?government hrc:primaryPlace/hrc:partOf* ?land }
    ?government a hrc:LocalGovernment
  } GROUP BY ?key }
} ORDER BY ?due ?count ?key""",
    (
        Cell("target", _("Target")),
        Cell("due", _("Due"), "date"),
        Cell("count", _("How many"), "number"),
        Cell("out", _("Out of"), "number"),
        Cell("known", _("Governments known to count"), "number"),
        Cell("where", _("Where")),
        Cell("by", _("Set by")),
        EVIDENCE,
    ),
)
