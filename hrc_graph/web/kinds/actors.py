"""The pages of who acts, and where: governments, places, organisations, people."""

from __future__ import annotations

from typing import Final

from hrc_graph.web.kinds.parts import (
    ADOPTED,
    COMMITMENTS,
    CONFLICTS,
    EVIDENCE,
    MILESTONES,
    PARTICIPATIONS,
    UPWARD,
    WHEN,
    Cell,
    Kind,
    Part,
    _,
)

AWARDS = Part(
    "awards",
    _("Awards"),
    """
SELECT ?key ?date ?kind ?under WHERE {
  ?key hrc:recipient ?thing ; a hrc:Award ; hrc:under ?under .
  OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key dcterms:type ?kind }
} ORDER BY ?date ?key""",
    (Cell("date", _("Year"), "date"), Cell("kind", _("Award title")), Cell("under", _("Programme")), EVIDENCE),
    moment="award",
    told=("kind", "under"),
)
GOVERNMENT: Final = Kind(
    "governments",
    (
        COMMITMENTS,
        ADOPTED,
        AWARDS,
        PARTICIPATIONS,
        MILESTONES,
        CONFLICTS,
        Part(
            "similar",
            _("Similar governments"),
            """
SELECT ?key ?government ?country ?shared WHERE {
  { SELECT ?key (COUNT(DISTINCT ?both) AS ?number) (MAX(?here) AS ?near) WHERE {
      ?own hrc:actor ?thing ; a hrc:Commitment ; hrc:under ?both .
      ?other hrc:under ?both ; a hrc:Commitment ; hrc:actor ?key .
      ?key a hrc:LocalGovernment FILTER (?key != ?thing)
      OPTIONAL { ?key hrc:primaryPlace/hrc:partOf+ ?up . ?thing hrc:primaryPlace/hrc:partOf+ ?up
                 FILTER NOT EXISTS { ?up dcterms:type kind:continent } }
      BIND (IF(BOUND(?up), 1, 0) AS ?here)
    } GROUP BY ?key ORDER BY DESC(?number) DESC(?near) ?key LIMIT 8 }
  ?one hrc:actor ?thing ; a hrc:Commitment ; hrc:under ?shared .
  ?two hrc:actor ?key ; a hrc:Commitment ; hrc:under ?shared .
  BIND (?key AS ?government)
  OPTIONAL { ?key hrc:primaryPlace/hrc:partOf* ?country . ?country dcterms:type kind:country }
} ORDER BY DESC(?number) DESC(?near) ?key ?shared""",
            (
                Cell("government", _("Government")),
                Cell("country", _("Country")),
                Cell("shared", _("Both stand under")),
            ),
            _("Those that share most texts and campaigns with it, the nearest first."),
        ),
        Part(
            "neighbours",
            _("In the same region or country"),
            """
SELECT ?key ?government ?kind ?up WHERE {
  ?thing hrc:primaryPlace/hrc:partOf ?up . ?place hrc:partOf ?up . ?key hrc:primaryPlace ?place
  FILTER (?key != ?thing) BIND (?key AS ?government) OPTIONAL { ?place dcterms:type ?kind }
} ORDER BY ?key LIMIT 40""",
            (Cell("government", _("Government")), Cell("kind", _("Kind")), Cell("up", _("Part of"))),
            more="/governments?region={place}",
        ),
    ),
    (
        (_("Governs"), "?thing hrc:primaryPlace ?value"),
        (_("Kind of place"), "?thing hrc:primaryPlace/dcterms:type ?value"),
        (_("Joined"), "?act hrc:actor ?thing ; hrc:mode mode:joined ; hrc:under ?value"),
        (_("Wave"), "?act hrc:actor ?thing ; hrc:inWave ?value"),
        (_("Member of"), "?thing org:memberOf ?value"),
        (_("Codes"), "?thing hrc:primaryPlace/skos:notation ?value"),
    ),
    "SELECT ?step (SAMPLE(?kind) AS ?sort) (COUNT(?above) AS ?depth) WHERE { "
    "?thing hrc:primaryPlace/hrc:partOf+ ?step OPTIONAL { ?step dcterms:type ?kind } " + UPWARD,
    "/governments?{}",
    line=_("What it committed to, was awarded and took part in"),
    point="?thing hrc:primaryPlace/geo:hasDefaultGeometry/geo:asWKT ?value",
)
PLACE: Final = Kind(
    "",
    (
        Part(
            "governments",
            _("Governed by"),
            "SELECT ?key ?government WHERE { ?key hrc:primaryPlace ?thing BIND (?key AS ?government) } ORDER BY ?key",
            (Cell("government", _("Government")), EVIDENCE),
        ),
        Part(
            "parts",
            _("Places in it"),
            """
SELECT ?key ?place ?kind ?government WHERE {
  ?key hrc:partOf ?thing ; a hrc:Place BIND (?key AS ?place)
  OPTIONAL { ?key dcterms:type ?kind } OPTIONAL { ?government hrc:primaryPlace ?key }
} ORDER BY ?key""",
            (Cell("place", _("Place")), Cell("kind", _("Kind")), Cell("government", _("Government"))),
        ),
        Part(
            "changes",
            _("What became of it"),
            """
SELECT ?key ?date ?kind ?before ?after WHERE {
  { ?key hrc:before ?thing } UNION { ?key hrc:after ?thing } ?key a hrc:Change
  OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key dcterms:type ?kind }
  OPTIONAL { ?key hrc:before ?before } OPTIONAL { ?key hrc:after ?after }
} ORDER BY ?date""",
            (WHEN, Cell("kind", _("Change")), Cell("before", _("Before")), Cell("after", _("After")), EVIDENCE),
        ),
        CONFLICTS,
    ),
    ((_("Kind"), "?thing dcterms:type ?value"), (_("Codes"), "?thing skos:notation ?value")),
    "SELECT ?step (COUNT(?above) AS ?depth) WHERE { ?thing hrc:partOf+ ?step " + UPWARD,
    point="?thing geo:hasDefaultGeometry/geo:asWKT ?value",
)
ORGANISATION: Final = Kind(
    "",
    (
        COMMITMENTS,
        ADOPTED,
        PARTICIPATIONS,
        Part(
            "runs",
            _("What it runs"),
            """
SELECT ?key ?what ?date WHERE {
  ?key hrc:organiser ?thing MINUS { ?key a hrc:Award } BIND (?key AS ?what) OPTIONAL { ?key hrc:date ?date }
} ORDER BY ?date ?key""",
            (WHEN, Cell("what", _("What"))),
        ),
        Part(
            "members",
            _("Its members and units"),
            "SELECT ?key ?body WHERE { ?key org:memberOf|org:unitOf ?thing BIND (?key AS ?body) } ORDER BY ?key",
            (Cell("body", _("Who")),),
        ),
        MILESTONES,
        CONFLICTS,
    ),
    (
        (_("Kind"), "?thing dcterms:type ?value"),
        (_("Unit of"), "?thing org:unitOf ?value"),
        (_("Member of"), "?thing org:memberOf ?value"),
        (_("Where"), "?thing dcterms:spatial ?value"),
    ),
    line=_("What it committed to and took part in"),
)
PERSON: Final = Kind(
    "",
    (
        Part(
            "acts",
            _("Acted for"),
            """
SELECT ?key ?date ?what ?actor ?role ?event WHERE {
  ?key hrc:representedBy ?thing BIND (?key AS ?what)
  OPTIONAL { ?key hrc:date ?date } OPTIONAL { ?key hrc:actor ?actor } OPTIONAL { ?key hrc:role|hrc:mode ?role }
  OPTIONAL { ?key hrc:at|hrc:under ?event }
} ORDER BY ?date ?key""",
            (WHEN, Cell("actor", _("For")), Cell("role", _("Role")), Cell("event", _("Where, or what")), EVIDENCE),
        ),
        CONFLICTS,
    ),
    ((_("Office"), "?thing hrc:office ?value"), (_("Member of"), "?thing org:memberOf ?value")),
)
