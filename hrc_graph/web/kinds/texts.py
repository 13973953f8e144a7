"""The pages of what is written: instruments and their themes, sources, and claims that differ."""

from __future__ import annotations

from typing import Final

from hrc_graph.web.kinds.parts import (
    CONFLICTS,
    COUNTRY,
    EVIDENCE,
    MILESTONES,
    OF_CLASS,
    WHEN,
    Cell,
    Kind,
    Part,
    _,
)

INSTRUMENT: Final = Kind(
    "instruments",
    (
        Part(
            "standing",
            _("Who stands under it"),
            f"""
SELECT ?key ?country ?date ?mode ?actor WHERE {{
  ?key hrc:under ?thing ; a hrc:Commitment ; hrc:mode ?mode ; hrc:actor ?actor .
  OPTIONAL {{ ?key hrc:date ?date }} {COUNTRY}
}} ORDER BY (!BOUND(?country)) ?country ?date ?actor""",
            (Cell("country", _("Country")), WHEN, Cell("mode", _("Mode")), Cell("actor", _("Who")), EVIDENCE),
            more="/governments?instrument={}",
            counted="years",
        ),
        Part(
            "provisions",
            _("What it says"),
            """
SELECT ?key ?number ?provision ?theme WHERE {
  ?key hrc:partOf ?thing ; a hrc:Provision BIND (?key AS ?provision)
  OPTIONAL { ?key hrc:ordinal ?ordinal } OPTIONAL { ?key hrc:number ?number } OPTIONAL { ?key hrc:theme ?theme }
} ORDER BY ?ordinal ?key""",
            (Cell("number", _("Number"), "text"), Cell("provision", _("Provision")), Cell("theme", _("Themes"))),
        ),
        Part(
            "carried-out",
            _("What carries it out, renews it or names it"),
            """
SELECT ?key ?link ?text ?date WHERE {
  VALUES ?link { hrc:givesEffectTo dcterms:replaces dcterms:references hrc:criteria } ?key ?link ?thing
  BIND (?key AS ?text) OPTIONAL { ?key hrc:date ?date }
} ORDER BY ?link ?date ?key""",
            (Cell("text", _("Text")), Cell("link", _("How")), WHEN),
        ),
        Part(
            "rests",
            _("What it carries out, renews or names"),
            """
SELECT ?key ?link ?text ?date WHERE {
  VALUES ?link { hrc:givesEffectTo dcterms:replaces dcterms:references } ?thing ?link ?key BIND (?key AS ?text)
  OPTIONAL { ?key hrc:date ?date }
} ORDER BY ?link ?date ?key""",
            (Cell("text", _("Text")), Cell("link", _("How")), WHEN),
        ),
        MILESTONES,
        CONFLICTS,
    ),
    (
        (_("Kind"), "?thing dcterms:type ?value"),
        (_("Date"), "?thing hrc:date ?value"),
        (_("Number"), "?thing hrc:number ?value"),
        (_("Adopted by"), "?thing hrc:adoptedBy ?value"),
        (_("Parties"), "?thing hrc:party ?value"),
        (_("At"), "?thing hrc:at ?value"),
        (_("Where"), "?thing dcterms:spatial ?value"),
        (_("Themes"), "?thing hrc:theme ?value"),
    ),
    spread="""
SELECT DISTINCT ?key ?point WHERE {
  ?act hrc:under ?thing ; a hrc:Commitment ; hrc:actor ?key .
  ?key hrc:primaryPlace/geo:hasDefaultGeometry/geo:asWKT ?point
} ORDER BY ?key""",
)
THEME: Final = Kind(
    "themes",
    (
        Part(
            "narrower",
            _("Narrower themes"),
            "SELECT ?key ?theme WHERE { ?key skos:broader ?thing BIND (?key AS ?theme) } ORDER BY ?key",
            (Cell("theme", _("Theme")),),
        ),
        Part(
            "texts",
            _("Texts that speak of it"),
            f"""
SELECT ?key ?text ?kind ?date WHERE {{
  {OF_CLASS} {{ ?key hrc:theme ?thing }} UNION {{ ?key ^hrc:partOf/hrc:theme ?thing }} ?key a ?class
  BIND (?key AS ?text)
  OPTIONAL {{ ?key dcterms:type ?kind }} OPTIONAL {{ ?key hrc:date ?date }}
}} ORDER BY ?date ?key""",
            (Cell("text", _("Text")), Cell("kind", _("Kind")), WHEN),
            more="/instruments?theme={}",
        ),
        Part(
            "acting",
            _("Who acts on it"),
            f"""
SELECT ?key ?country ?actor ?mode ?under ?date WHERE {{
  ?key a hrc:Commitment ; hrc:theme|(hrc:under/hrc:theme) ?thing ; hrc:actor ?actor ; hrc:mode ?mode .
  ?key hrc:under ?under .
  OPTIONAL {{ ?key hrc:date ?date }} {COUNTRY}
}} ORDER BY (!BOUND(?country)) ?country ?actor ?date""",
            (
                Cell("country", _("Country")),
                Cell("actor", _("Who")),
                Cell("under", _("What"), below="actor"),
                Cell("mode", _("Mode")),
                WHEN,
                EVIDENCE,
            ),
            more="/governments?theme={}",
            counted="countries",
        ),
        Part(
            "nobody",
            _("Where nobody is known to act on it"),
            """
SELECT ?key ?country (COUNT(DISTINCT ?government) AS ?governments) WHERE {
  ?government a hrc:LocalGovernment ; hrc:primaryPlace/hrc:partOf* ?key .
  ?key dcterms:type kind:country BIND (?key AS ?country)
  MINUS { ?act a hrc:Commitment ; hrc:theme|(hrc:under/hrc:theme) ?thing ; hrc:actor/hrc:primaryPlace/hrc:partOf* ?key }
} GROUP BY ?key ?country ORDER BY DESC(?governments) ?key""",
            (Cell("country", _("Country")), Cell("governments", _("Governments recorded there"), "number")),
            _(
                "Countries with recorded governments, none of which is recorded as acting on this theme. That is what "
                "is known here, not proof that nobody acts."
            ),
        ),
    ),
    (
        (_("Meaning"), "?thing skos:definition ?value"),
        (
            _("Treaty articles"),
            "?thing skos:relatedMatch ?value . ?value skos:inScheme <https://w3id.org/hrcity/vocab/article>",
        ),
        (
            _("Development goals"),
            "?thing skos:relatedMatch ?value . ?value skos:inScheme <https://w3id.org/hrcity/vocab/sdg>",
        ),
    ),
    "SELECT ?step (COUNT(?above) AS ?depth) WHERE { ?thing skos:broader+ ?step "
    "OPTIONAL { ?step skos:broader* ?above } } GROUP BY ?step ORDER BY ?depth",
)
SOURCE: Final = Kind(
    "sources",
    (
        Part(
            "rests",
            _("What rests on it"),
            """
SELECT ?key ?what ?class ?passage WHERE {
  ?passage hrc:source ?thing . ?key hrc:cites ?passage ; a ?class FILTER (?class != hrc:Claim) BIND (?key AS ?what)
} ORDER BY ?class ?key""",
            (Cell("what", _("What")), Cell("class", _("Class")), Cell("passage", _("Passage"))),
        ),
        Part(
            "passages",
            _("Its passages"),
            """
SELECT ?key ?passage ?quote ?aside WHERE {
  ?key hrc:source ?thing BIND (?key AS ?passage)
  OPTIONAL { ?key hrc:quote ?quote } OPTIONAL { ?key skos:editorialNote ?aside }
} ORDER BY ?key""",
            (Cell("passage", _("Passage")), Cell("quote", _("Words"), "text"), Cell("aside", _("Note"), "text")),
        ),
    ),
    (
        (_("Kind"), "?thing dcterms:type ?value"),
        (_("Published by"), "?thing dcterms:publisher ?value"),
        (_("Published"), "?thing dcterms:issued ?value"),
        (_("Language"), "?thing dcterms:language ?value"),
        (_("On the web"), "?thing foaf:page ?value"),
    ),
)
CLAIM: Final = Kind(
    "conflicts",
    (
        Part(
            "sides",
            _("What each source says"),
            """
SELECT ?key ?claim ?says ?rank ?reason ?note WHERE {
  ?thing rdf:subject ?subject ; rdf:predicate ?property . ?key rdf:subject ?subject .
  FILTER EXISTS { ?key rdf:predicate ?property }
  OPTIONAL { ?thing hrc:matter ?matter } OPTIONAL { ?key hrc:matter ?topic }
  FILTER (COALESCE(STR(?matter), "") = COALESCE(STR(?topic), ""))
  ?key rdf:object ?says ; wikibase:rank ?rank .
  OPTIONAL { ?key hrc:rankReason ?reason } OPTIONAL { ?key skos:editorialNote ?note }
} ORDER BY DESC(STR(?rank)) STR(?says)""",
            (
                Cell("says", _("A source says")),
                Cell("rank", _("Rank")),
                Cell("reason", _("Reason")),
                Cell("note", _("Note"), "text"),
                EVIDENCE,
            ),
            grouped=("about",),
        ),
    ),
    (
        (_("About"), "?thing rdf:subject ?value"),
        (_("What"), "?thing rdf:predicate ?value"),
        (_("In words"), "?thing hrc:matter ?value"),
    ),
)
