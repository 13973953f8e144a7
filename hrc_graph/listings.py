"""The listings of the explorer, as data: what each holds, its columns and its facets."""

from __future__ import annotations

from typing import Final

from hrc_graph.facets import NAMES, Column, Facet, Listing

_COUNTRY = "hrc:partOf* ?value . ?value dcterms:type kind:country ."
_REGION = "hrc:partOf* ?value . ?value hrc:partOf/dcterms:type kind:country . ?below hrc:partOf ?value ."
_SAID = f"{NAMES}|skos:altLabel|skos:hiddenLabel|dcterms:alternative"
_YEAR = "BIND (YEAR(?day) AS ?value)"
_INSTRUMENTS = (
    "VALUES ?class { hrc:Instrument hrc:Charter hrc:Regulation hrc:Resolution hrc:Agreement hrc:Recommendation } "
    "?thing a ?class ."
)
_SINGLE = "hrc:attendance hrc:date hrc:due hrc:endedOn hrc:number hrc:ordinal"
_SIDE = """?side rdf:subject ?about ; rdf:predicate ?property ; rdf:object ?said_so .
      OPTIONAL { ?side hrc:matter ?matter }"""
_CONFLICTS = f"""{{ SELECT ?about ?property ?topic (IRI(MIN(STR(?side))) AS ?thing) WHERE {{
        {{ SELECT DISTINCT ?about ?property WHERE {{
          {{ ?marked hrc:dispute ?dispute ; rdf:subject ?about ; rdf:predicate ?property }}
          UNION {{ ?marked hrc:rankReason ?reason ; rdf:subject ?about ; rdf:predicate ?property }}
          UNION {{ VALUES ?property {{ {_SINGLE} }} ?about ?property ?one , ?two FILTER (STR(?one) < STR(?two)) }}
        }} }}
        {_SIDE} BIND (COALESCE(STR(?matter), "") AS ?topic)
      }} GROUP BY ?about ?property ?topic HAVING (COUNT(DISTINCT ?said_so) > 1) }}"""
# OPTIONAL asks for what is said of the few claims found; a plain join would first list all claims.
_SIDES = _SIDE + ' FILTER (COALESCE(STR(?matter), "") = ?topic)'

GOVERNMENTS: Final = Listing(
    name="governments",
    one="government",
    title="Governments",
    lead="Local and regional governments that have committed themselves to human rights, or were honoured for it.",
    things="?thing a hrc:LocalGovernment .",
    said=f"?thing hrc:primaryPlace?/({_SAID}) ?value .",
    columns=(
        Column("name", "Name", "BIND (?thing AS ?value)"),
        Column("country", "Country", f"?thing hrc:primaryPlace/{_COUNTRY}"),
        Column("kind", "Kind", "?thing hrc:primaryPlace/dcterms:type ?value ."),
        Column("commitments", "Commitments", "?value hrc:actor ?thing ; a hrc:Commitment .", "count"),
        Column("awards", "Awards", "?value hrc:recipient ?thing ; a hrc:Award .", "count"),
        Column("participations", "Participations", "?value hrc:actor ?thing ; a hrc:Participation .", "count"),
    ),
    facets=(
        Facet("country", "Country", f"?thing hrc:primaryPlace/{_COUNTRY}"),
        Facet("region", "Region or province", f"?thing hrc:primaryPlace/{_REGION}"),
        Facet("kind", "Kind of place", "?thing hrc:primaryPlace/dcterms:type ?value ."),
        Facet("mode", "Mode of commitment", "?act hrc:mode ?value .", "act"),
        Facet("instrument", "Committed to", "?act hrc:under ?value .", "act"),
        Facet("theme", "Theme of commitment", "?act hrc:theme|(hrc:under/hrc:theme) ?value .", "act"),
        Facet("year", "Year of commitment", f"?act hrc:earliest ?day . {_YEAR}", "act", "year"),
        Facet("wave", "Wave of the campaign", "?act hrc:inWave ?value .", "act"),
        Facet("evidence", "Evidence of commitment", "?act hrc:cites/hrc:source/dcterms:type ?value .", "act"),
        Facet("award", "Award", "?honour hrc:under ?value .", "honour"),
        Facet("award-year", "Year of award", f"?honour hrc:earliest ?day . {_YEAR}", "honour", "year"),
        Facet("event", "Took part in", "?visit hrc:at/hrc:partOf? ?value .", "visit"),
    ),
    related={
        "act": "?act hrc:actor ?thing ; a hrc:Commitment .",
        "honour": "?honour hrc:recipient ?thing ; a hrc:Award .",
        "visit": "?visit hrc:actor ?thing ; a hrc:Participation .",
    },
    sort="name",
)
INSTRUMENTS: Final = Listing(
    name="instruments",
    one="instrument",
    title="Instruments",
    lead="Charters, regulations, resolutions, agreements and recommendations, with those who stand under them.",
    things=_INSTRUMENTS,
    said=f"?thing {_SAID}|hrc:number ?value .",
    columns=(
        Column("name", "Name", "BIND (?thing AS ?value)"),
        Column("kind", "Kind", "?thing dcterms:type ?value ."),
        Column("country", "Country", f"?thing dcterms:spatial/{_COUNTRY}"),
        Column("date", "Date", "?thing hrc:date ?value .", "date"),
        Column("commitments", "Commitments", "?value hrc:under ?thing ; a hrc:Commitment .", "count"),
        Column("provisions", "Provisions", "?value hrc:partOf ?thing ; a hrc:Provision .", "count"),
    ),
    facets=(
        Facet("class", "Class", "?thing a ?value ."),
        Facet("kind", "Kind", "?thing dcterms:type ?value ."),
        Facet("country", "Country", f"?thing dcterms:spatial/{_COUNTRY}"),
        Facet("region", "Region or province", f"?thing dcterms:spatial/{_REGION}"),
        Facet("issuer", "Adopted by", "?thing hrc:adoptedBy ?value ."),
        Facet("theme", "Theme", "?thing hrc:theme|(^hrc:partOf/hrc:theme) ?value ."),
        Facet("year", "Year", f"?thing hrc:earliest ?day . {_YEAR}", values="year"),
        Facet("mode", "Mode of commitment", "?act hrc:mode ?value .", "act"),
        Facet("actor-country", "Country of who stands under it", f"?act hrc:actor/hrc:primaryPlace/{_COUNTRY}", "act"),
        Facet("evidence", "Evidence", "?thing hrc:cites/hrc:source/dcterms:type ?value ."),
    ),
    related={"act": "?act hrc:under ?thing ; a hrc:Commitment ."},
    sort="-commitments",
)
THEMES: Final = Listing(
    name="themes",
    one="theme",
    title="Themes",
    lead="The rights and subjects that instruments and acts speak of, and who acts on them.",
    things="?thing skos:inScheme <https://w3id.org/hrcity/vocab/theme> .",
    said=f"?thing {_SAID} ?value .",
    columns=(
        Column("name", "Name", "BIND (?thing AS ?value)"),
        Column("branch", "Branch", "?thing skos:broader+ ?value . ?value skos:topConceptOf ?scheme ."),
        Column("instruments", "Instruments", f"?value hrc:theme ?thing . {_INSTRUMENTS.replace('?thing', '?value')}", "count"),
        Column(
            "governments",
            "Governments",
            "?stand hrc:actor ?value ; a hrc:Commitment ; hrc:theme|(hrc:under/hrc:theme) ?thing . "
            "?value a hrc:LocalGovernment .",
            "count",
        ),
        Column("events", "Events", "?value hrc:theme ?thing ; a hrc:Event .", "count"),
    ),
    facets=(
        Facet("branch", "Branch", "?thing skos:broader* ?value . ?value skos:topConceptOf ?scheme ."),
        Facet("goal", "Sustainable Development Goal", "?thing skos:relatedMatch ?value . ?value skos:inScheme <https://w3id.org/hrcity/vocab/sdg> ."),
        Facet("article", "Treaty article", "?thing skos:relatedMatch ?value . ?value skos:inScheme <https://w3id.org/hrcity/vocab/article> ."),
        Facet("instrument", "Named by", f"?text hrc:theme ?thing . BIND (?text AS ?value)", "text"),
        Facet("class", "Class of instrument", "?text a ?value .", "text"),
        Facet("country", "Country of who acts on it", f"?act hrc:actor/hrc:primaryPlace/{_COUNTRY}", "act"),
        Facet("mode", "Mode of commitment", "?act hrc:mode ?value .", "act"),
    ),
    related={
        "text": _INSTRUMENTS.replace("?thing", "?text") + " ?text hrc:theme ?thing .",
        "act": "?act a hrc:Commitment ; hrc:theme|(hrc:under/hrc:theme) ?thing .",
    },
    sort="name",
)
EVENTS: Final = Listing(
    name="events",
    one="event",
    title="Events",
    lead="Forums, meetings and signings, and who took part in them.",
    things="?thing a hrc:Event .",
    said=f"?thing dcterms:spatial?/({_SAID}) ?value .",
    columns=(
        Column("name", "Name", "BIND (?thing AS ?value)"),
        Column("date", "Date", "?thing hrc:date ?value .", "date"),
        Column("place", "Place", "?thing dcterms:spatial ?value ."),
        Column("series", "Series", "?thing hrc:partOf ?value ."),
        Column("kind", "Kind", "?thing dcterms:type ?value ."),
        Column("participations", "Participations", "?value hrc:at ?thing ; a hrc:Participation .", "count"),
    ),
    facets=(
        Facet("series", "Series", "?thing hrc:partOf ?value ."),
        Facet("kind", "Kind", "?thing dcterms:type ?value ."),
        Facet("country", "Country", f"?thing dcterms:spatial/{_COUNTRY}"),
        Facet("year", "Year", f"?thing hrc:earliest ?day . {_YEAR}", values="year"),
        Facet("theme", "Theme", "?thing hrc:theme ?value ."),
        Facet("organiser", "Organiser", "?thing hrc:organiser ?value ."),
        Facet("role", "Role of participants", "?visit hrc:role ?value .", "visit"),
        Facet("visitor-country", "Country of participants", f"?visit hrc:actor/hrc:primaryPlace/{_COUNTRY}", "visit"),
        Facet("evidence", "Evidence", "?thing hrc:cites/hrc:source/dcterms:type ?value ."),
    ),
    related={"visit": "?visit hrc:at ?thing ; a hrc:Participation ."},
    sort="-date",
)
AWARDS: Final = Listing(
    name="awards",
    one="award",
    title="Awards",
    lead="Titles that programmes conferred on governments, each with its year.",
    things="?thing a hrc:Award .",
    said=f"?thing hrc:recipient/hrc:primaryPlace?/({_SAID}) ?value .",
    columns=(
        Column("recipient", "Awarded to", "?thing hrc:recipient ?value ."),
        Column("region", "Region or province", f"?thing hrc:recipient/hrc:primaryPlace/{_REGION}"),
        Column("programme", "Programme", "?thing hrc:under ?value ."),
        Column("kind", "Title", "?thing dcterms:type ?value ."),
        Column("date", "Year", "?thing hrc:date ?value .", "date"),
        Column("sources", "Sources", "?thing hrc:cites/hrc:source ?value .", "count"),
    ),
    facets=(
        Facet("programme", "Programme", "?thing hrc:under ?value ."),
        Facet("year", "Year", f"?thing hrc:earliest ?day . {_YEAR}", values="year"),
        Facet("kind", "Title", "?thing dcterms:type ?value ."),
        Facet("country", "Country", f"?thing hrc:recipient/hrc:primaryPlace/{_COUNTRY}"),
        Facet("region", "Region or province", f"?thing hrc:recipient/hrc:primaryPlace/{_REGION}"),
        Facet("evidence", "Evidence", "?thing hrc:cites/hrc:source/dcterms:type ?value ."),
        Facet("basis", "Basis", "?thing hrc:basis ?value ."),
    ),
    sort="-date",
    linked="kind",
)
SOURCES: Final = Listing(
    name="sources",
    one="source",
    title="Sources",
    lead="The documents that every fact rests on, with what rests on each.",
    things="?thing a hrc:Source .",
    said=f"?thing {_SAID}|dcterms:publisher ?value .",
    columns=(
        Column("name", "Title", "BIND (?thing AS ?value)"),
        Column("kind", "Kind", "?thing dcterms:type ?value ."),
        Column("publisher", "Publisher", "?thing dcterms:publisher ?value .", "text"),
        Column("date", "Published", "?thing dcterms:issued ?value .", "date"),
        Column("records", "Records that rest on it", "?value hrc:cites/hrc:source ?thing . ?value a ?class . FILTER (?class NOT IN (hrc:Claim))", "count"),
    ),
    facets=(
        Facet("kind", "Kind", "?thing dcterms:type ?value ."),
        Facet("year", "Year", "?thing dcterms:issued ?date . BIND (<http://www.w3.org/2001/XMLSchema#integer>(SUBSTR(STR(?date), 1, 4)) AS ?value)", values="year"),
        Facet("language", "Language", "?thing dcterms:language ?value ."),
        Facet("publisher", "Publisher", "?thing dcterms:publisher ?text . BIND (STR(?text) AS ?value)", values="text"),
        Facet("class", "What rests on it", "?fact a ?value . FILTER (?value NOT IN (hrc:Claim))", "fact"),
        Facet("country", "Country of what rests on it", f"?fact hrc:actor?/hrc:recipient?/hrc:primaryPlace?/{_COUNTRY}", "fact"),
    ),
    related={"fact": "?fact hrc:cites/hrc:source ?thing ."},
    sort="-records",
)
CONFLICTS: Final = Listing(
    name="conflicts",
    one="conflict",
    title="Conflicts",
    lead="Where sources say different things: each side with its source, its rank and the reason.",
    things=_CONFLICTS,
    said=f"?about {_SAID} ?value .",
    columns=(
        Column("about", "About", f"OPTIONAL {{ ?about hrc:actor|hrc:recipient ?who }} BIND (COALESCE(?who, ?about) AS ?value)"),
        Column("property", "What", "BIND (?property AS ?value)"),
        Column("topic", "In words", 'BIND (?topic AS ?value) FILTER (?topic != "")', "text"),
        Column(
            "values",
            "What sources say",
            f"{_SIDES} OPTIONAL {{ ?said_so skos:prefLabel ?its_name FILTER (LANG(?its_name) = 'en') }} "
            "BIND (COALESCE(STR(?its_name), STR(?said_so)) AS ?value)",
            "text",
        ),
        Column("sides", "Sides", f"{_SIDES} BIND (?side AS ?value)", "count"),
    ),
    facets=(
        Facet("rank", "Ranks given", f"{_SIDES} OPTIONAL {{ ?side wikibase:rank ?value }}"),
        Facet("class", "Class of what it is about", "OPTIONAL { ?about a ?value }"),
        Facet("property", "What", "BIND (?property AS ?value)"),
        Facet("reason", "Reason", f"{_SIDES} OPTIONAL {{ ?side hrc:rankReason ?value }}"),
        Facet(
            "evidence",
            "Evidence",
            f"{_SIDES} OPTIONAL {{ ?side hrc:cites ?passage }} OPTIONAL {{ ?passage hrc:source ?source }} "
            "OPTIONAL { ?source dcterms:type ?value }",
        ),
    ),
    sort="about",
    linked="property",
)
LISTINGS: Final = {
    listing.name: listing
    for listing in (GOVERNMENTS, INSTRUMENTS, THEMES, EVENTS, AWARDS, SOURCES, CONFLICTS)
}
