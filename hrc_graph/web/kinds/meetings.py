"""The pages of what people meet and strive for: events, series, campaigns, award programmes."""

from __future__ import annotations

from typing import Final

from hrc_graph.web.kinds.parts import (
    CONFLICTS,
    COUNTRY,
    EVIDENCE,
    MILESTONES,
    TARGETS,
    WHEN,
    Cell,
    Kind,
    Part,
    _,
)

EVENT: Final = Kind(
    "events",
    (
        Part(
            "people",
            _("Who took part"),
            """
SELECT ?key ?role ?actor ?person ?country WHERE {
  ?key hrc:at ?thing ; a hrc:Participation ; hrc:role ?role .
  OPTIONAL { ?key hrc:actor ?actor } OPTIONAL { ?key hrc:representedBy ?person }
  OPTIONAL { ?key hrc:actor/hrc:primaryPlace/hrc:partOf* ?country . ?country dcterms:type kind:country }
} ORDER BY ?role ?country ?actor""",
            (
                Cell("role", _("Role")),
                Cell("actor", _("Who")),
                Cell("person", _("Person")),
                Cell("country", _("Country")),
                EVIDENCE,
            ),
        ),
        Part(
            "here",
            _("What was adopted, signed or pledged there"),
            """
SELECT ?key ?what ?mode ?actor WHERE {
  ?key hrc:at ?thing MINUS { ?key a hrc:Participation } BIND (?key AS ?what)
  OPTIONAL { ?key hrc:mode ?mode } OPTIONAL { ?key hrc:actor ?actor }
} ORDER BY ?key""",
            (Cell("what", _("What")), Cell("mode", _("Mode")), Cell("actor", _("Who")), EVIDENCE),
        ),
        Part(
            "editions",
            _("Other editions"),
            """
SELECT ?key ?ordinal ?edition ?date ?place WHERE {
  ?thing hrc:partOf/^hrc:partOf ?key FILTER (?key != ?thing) BIND (?key AS ?edition)
  OPTIONAL { ?key hrc:ordinal ?ordinal } OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key dcterms:spatial ?place }
} ORDER BY ?date ?ordinal""",
            (Cell("ordinal", _("Edition"), "number"), Cell("edition", _("Event")), WHEN, Cell("place", _("Where"))),
        ),
        MILESTONES,
        CONFLICTS,
    ),
    (
        (_("Date"), "?thing hrc:date ?value"),
        (_("Where"), "?thing dcterms:spatial ?value"),
        (_("Kind"), "?thing dcterms:type ?value"),
        (_("Organised by"), "?thing hrc:organiser ?value"),
        (_("Attendance, at least"), "?thing hrc:attendance ?value"),
        (_("Themes"), "?thing hrc:theme ?value"),
    ),
    "SELECT ?step WHERE { ?thing hrc:partOf ?step }",
)
SERIES: Final = Kind(
    "events",
    (
        Part(
            "editions",
            _("Editions"),
            """
SELECT ?key ?ordinal ?edition ?date ?place WHERE {
  ?key hrc:partOf ?thing BIND (?key AS ?edition)
  OPTIONAL { ?key hrc:ordinal ?ordinal } OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key dcterms:spatial ?place }
} ORDER BY ?date ?ordinal""",
            (
                Cell("ordinal", _("Edition"), "number"),
                Cell("edition", _("Event")),
                WHEN,
                Cell("place", _("Where")),
                EVIDENCE,
            ),
            more="/events?series={}",
            moment="event",
            told=("edition",),
        ),
        MILESTONES,
        CONFLICTS,
    ),
    ((_("Organised by"), "?thing hrc:organiser ?value"),),
    line=_("Its editions"),
)
CAMPAIGN: Final = Kind(
    "",
    (
        Part(
            "waves",
            _("Waves"),
            """
SELECT ?key ?wave ?due ?note (COUNT(DISTINCT ?member) AS ?members) WHERE {
  ?key hrc:partOf ?thing ; a hrc:Wave BIND (?key AS ?wave)
  OPTIONAL { ?key hrc:due ?due } OPTIONAL { ?key skos:note ?note }
  OPTIONAL { ?joined hrc:inWave ?key ; hrc:actor ?member }
} GROUP BY ?key ?wave ?due ?note ORDER BY ?key""",
            (
                Cell("wave", _("Wave")),
                Cell("due", _("Due"), "date"),
                Cell("note", _("Note"), "text"),
                Cell("members", _("Members known to be in it"), "number"),
                EVIDENCE,
            ),
        ),
        TARGETS,
        Part(
            "goals",
            _("Goals"),
            """
SELECT ?key ?goal ?theme WHERE {
  ?key hrc:partOf ?thing ; a hrc:Goal BIND (?key AS ?goal)
  OPTIONAL { ?key hrc:ordinal ?ordinal } OPTIONAL { ?key hrc:theme ?theme }
} ORDER BY ?ordinal""",
            (Cell("goal", _("Goal")), Cell("theme", _("Themes")), EVIDENCE),
        ),
        Part(
            "members",
            _("Who joined"),
            f"""
SELECT ?key ?country ?actor ?mode ?date ?wave WHERE {{
  ?key hrc:under ?thing ; a hrc:Commitment ; hrc:actor ?actor ; hrc:mode ?mode .
  OPTIONAL {{ ?key hrc:date ?date }} OPTIONAL {{ ?key hrc:inWave ?wave }} {COUNTRY}
}} ORDER BY ?country ?actor""",
            (
                Cell("country", _("Country")),
                Cell("actor", _("Who")),
                Cell("mode", _("Mode")),
                WHEN,
                Cell("wave", _("Wave")),
                EVIDENCE,
            ),
            more="/governments?instrument={}",
        ),
        MILESTONES,
        CONFLICTS,
    ),
    (
        (_("Began"), "?thing hrc:date ?value"),
        (_("Run by"), "?thing hrc:organiser ?value"),
        (_("Themes"), "?thing hrc:theme ?value"),
    ),
)
PROGRAMME: Final = Kind(
    "",
    (
        Part(
            "years",
            _("Awards by year"),
            """
SELECT ?year (COUNT(DISTINCT ?award) AS ?awards) (COUNT(DISTINCT ?recipient) AS ?governments) WHERE {
  ?award hrc:under ?thing ; a hrc:Award ; hrc:recipient ?recipient ; hrc:earliest ?day BIND (YEAR(?day) AS ?year)
} GROUP BY ?year ORDER BY ?year""",
            (
                Cell("year", _("Year"), "date"),
                Cell("awards", _("Awards known"), "number"),
                Cell("governments", _("Governments"), "number"),
            ),
            more="/awards?programme={}",
        ),
        TARGETS,
        Part(
            "tallies",
            _("What sources count"),
            """
SELECT ?key ?date ?where ?kind ?count WHERE {
  ?key a hrc:Tally ; hrc:under ?thing ; hrc:count ?count .
  OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key dcterms:spatial ?where } OPTIONAL { ?key dcterms:type ?kind }
} ORDER BY ?date ?where""",
            (
                Cell("date", _("Year"), "date"),
                Cell("where", _("Where")),
                Cell("kind", _("Kind")),
                Cell("count", _("How many"), "number"),
                EVIDENCE,
            ),
        ),
        CONFLICTS,
    ),
    (
        (_("Began"), "?thing hrc:date ?value"),
        (_("Run by"), "?thing hrc:organiser ?value"),
        (_("Criteria"), "?thing hrc:criteria ?value"),
        (_("Themes"), "?thing hrc:theme ?value"),
    ),
)
