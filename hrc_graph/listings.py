"""The listings of the explorer, as data: what each holds, its columns and its facets."""

from __future__ import annotations

from typing import Final

from hrc_graph.facets import NAMES, Column, Facet, Listing


def _(text: str) -> str:
    """Marks a text that pages translate; this module is of no language."""
    return text


_COUNTRY = "hrc:partOf* ?value . ?value dcterms:type kind:country ."
_CONTINENT = "hrc:partOf* ?value . ?value dcterms:type kind:continent ."
_REGION = "hrc:partOf* ?value . ?value hrc:partOf/dcterms:type kind:country . ?below hrc:partOf ?value ."
_POINT = "geo:hasDefaultGeometry/geo:asWKT ?value ."
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
    title=_("Governments"),
    lead=_("Local and regional governments that have committed themselves to human rights, or were honoured for it."),
    things="?thing a hrc:LocalGovernment .",
    said=f"?thing hrc:primaryPlace?/({_SAID}) ?value .",
    columns=(
        Column("name", _("Name"), "BIND (?thing AS ?value)"),
        Column("country", _("Country"), f"?thing hrc:primaryPlace/{_COUNTRY}"),
        Column("kind", _("Kind"), "?thing hrc:primaryPlace/dcterms:type ?value ."),
        Column("commitments", _("Commitments"), "?value hrc:actor ?thing ; a hrc:Commitment .", "count"),
        Column("awards", _("Awards"), "?value hrc:recipient ?thing ; a hrc:Award .", "count"),
        Column("participations", _("Participations"), "?value hrc:actor ?thing ; a hrc:Participation .", "count"),
    ),
    facets=(
        Facet("continent", _("Continent"), f"?thing hrc:primaryPlace/{_CONTINENT}"),
        Facet("country", _("Country"), f"?thing hrc:primaryPlace/{_COUNTRY}"),
        Facet("region", _("Region or province"), f"?thing hrc:primaryPlace/{_REGION}"),
        Facet("kind", _("Kind of place"), "?thing hrc:primaryPlace/dcterms:type ?value ."),
        Facet("mode", _("Mode of commitment"), "?act hrc:mode ?value .", "act"),
        Facet("instrument", _("Committed to"), "?act hrc:under ?value .", "act"),
        Facet("theme", _("Theme of commitment"), "?act hrc:theme|(hrc:under/hrc:theme) ?value .", "act"),
        Facet("year", _("Year of commitment"), f"?act hrc:earliest ?day . {_YEAR}", "act", "year"),
        Facet("wave", _("Wave of the campaign"), "?act hrc:inWave ?value .", "act"),
        Facet("evidence", _("Evidence of commitment"), "?act hrc:cites/hrc:source/dcterms:type ?value .", "act"),
        Facet("award", _("Award"), "?honour hrc:under ?value .", "honour"),
        Facet("award-year", _("Year of award"), f"?honour hrc:earliest ?day . {_YEAR}", "honour", "year"),
        Facet("event", _("Took part in"), "?visit hrc:at/hrc:partOf? ?value .", "visit"),
    ),
    related={
        "act": "?act hrc:actor ?thing ; a hrc:Commitment .",
        "honour": "?honour hrc:recipient ?thing ; a hrc:Award .",
        "visit": "?visit hrc:actor ?thing ; a hrc:Participation .",
    },
    located=f"?thing hrc:primaryPlace/{_POINT}",
    sort="name",
)
INSTRUMENTS: Final = Listing(
    name="instruments",
    one="instrument",
    title=_("Instruments"),
    lead=_("Charters, regulations, resolutions, agreements and recommendations, with those who stand under them."),
    things=_INSTRUMENTS,
    said=f"?thing {_SAID}|hrc:number ?value .",
    columns=(
        Column("name", _("Name"), "BIND (?thing AS ?value)"),
        Column("kind", _("Kind"), "?thing dcterms:type ?value ."),
        Column("country", _("Country"), f"?thing dcterms:spatial/{_COUNTRY}"),
        Column("date", _("Date"), "?thing hrc:date ?value .", "date"),
        Column("commitments", _("Commitments"), "?value hrc:under ?thing ; a hrc:Commitment .", "count"),
        Column("provisions", _("Provisions"), "?value hrc:partOf ?thing ; a hrc:Provision .", "count"),
    ),
    facets=(
        Facet("class", _("Class"), "?thing a ?value ."),
        Facet("kind", _("Kind"), "?thing dcterms:type ?value ."),
        Facet("continent", _("Continent"), f"?thing dcterms:spatial/{_CONTINENT}"),
        Facet("country", _("Country"), f"?thing dcterms:spatial/{_COUNTRY}"),
        Facet("region", _("Region or province"), f"?thing dcterms:spatial/{_REGION}"),
        Facet("issuer", _("Adopted by"), "?thing hrc:adoptedBy ?value ."),
        Facet("theme", _("Theme"), "?thing hrc:theme|(^hrc:partOf/hrc:theme) ?value ."),
        Facet("year", _("Year"), f"?thing hrc:earliest ?day . {_YEAR}", values="year"),
        Facet("mode", _("Mode of commitment"), "?act hrc:mode ?value .", "act"),
        Facet(
            "actor-country", _("Country of who stands under it"), f"?act hrc:actor/hrc:primaryPlace/{_COUNTRY}", "act"
        ),
        Facet("evidence", _("Evidence"), "?thing hrc:cites/hrc:source/dcterms:type ?value ."),
    ),
    related={"act": "?act hrc:under ?thing ; a hrc:Commitment ."},
    located=f"?thing dcterms:spatial/{_POINT}",
    sort="-commitments",
)
THEMES: Final = Listing(
    name="themes",
    one="theme",
    title=_("Themes"),
    lead=_("The rights and subjects that instruments and acts speak of, and who acts on them."),
    things="?thing skos:inScheme <https://w3id.org/hrcity/vocab/theme> .",
    said=f"?thing {_SAID} ?value .",
    columns=(
        Column("name", _("Name"), "BIND (?thing AS ?value)"),
        Column("branch", _("Branch"), "?thing skos:broader+ ?value . ?value skos:topConceptOf ?scheme ."),
        Column(
            "instruments",
            _("Instruments"),
            f"?value hrc:theme|(^hrc:partOf/hrc:theme) ?thing . {_INSTRUMENTS.replace('?thing', '?value')}",
            "count",
        ),
        Column(
            "governments",
            _("Governments"),
            "?stand hrc:actor ?value ; a hrc:Commitment ; hrc:theme|(hrc:under/hrc:theme) ?thing . "
            "?value a hrc:LocalGovernment .",
            "count",
        ),
        Column("events", _("Events"), "?value hrc:theme ?thing ; a hrc:Event .", "count"),
    ),
    facets=(
        Facet("branch", _("Branch"), "?thing skos:broader* ?value . ?value skos:topConceptOf ?scheme ."),
        Facet(
            "goal",
            _("Sustainable Development Goal"),
            "?thing skos:relatedMatch ?value . ?value skos:inScheme <https://w3id.org/hrcity/vocab/sdg> .",
        ),
        Facet(
            "article",
            _("Treaty article"),
            "?thing skos:relatedMatch ?value . ?value skos:inScheme <https://w3id.org/hrcity/vocab/article> .",
        ),
        Facet("instrument", _("Named by"), "?text hrc:theme ?thing . BIND (?text AS ?value)", "text"),
        Facet("class", _("Class of instrument"), "?text a ?value .", "text"),
        Facet("country", _("Country of who acts on it"), f"?act hrc:actor/hrc:primaryPlace/{_COUNTRY}", "act"),
        Facet("mode", _("Mode of commitment"), "?act hrc:mode ?value .", "act"),
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
    title=_("Events"),
    lead=_("Forums, meetings and signings, and who took part in them."),
    things="?thing a hrc:Event .",
    said=f"?thing dcterms:spatial?/({_SAID}) ?value .",
    columns=(
        Column("name", _("Name"), "BIND (?thing AS ?value)"),
        Column("date", _("Date"), "?thing hrc:date ?value .", "date"),
        Column("place", _("Place"), "?thing dcterms:spatial ?value ."),
        Column("series", _("Series"), "?thing hrc:partOf ?value ."),
        Column("kind", _("Kind"), "?thing dcterms:type ?value ."),
        Column("participations", _("Participations"), "?value hrc:at ?thing ; a hrc:Participation .", "count"),
    ),
    facets=(
        Facet("series", _("Series"), "?thing hrc:partOf ?value ."),
        Facet("kind", _("Kind"), "?thing dcterms:type ?value ."),
        Facet("continent", _("Continent"), f"?thing dcterms:spatial/{_CONTINENT}"),
        Facet("country", _("Country"), f"?thing dcterms:spatial/{_COUNTRY}"),
        Facet("year", _("Year"), f"?thing hrc:earliest ?day . {_YEAR}", values="year"),
        Facet("theme", _("Theme"), "?thing hrc:theme ?value ."),
        Facet("organiser", _("Organiser"), "?thing hrc:organiser ?value ."),
        Facet("role", _("Role of participants"), "?visit hrc:role ?value .", "visit"),
        Facet(
            "visitor-country", _("Country of participants"), f"?visit hrc:actor/hrc:primaryPlace/{_COUNTRY}", "visit"
        ),
        Facet("evidence", _("Evidence"), "?thing hrc:cites/hrc:source/dcterms:type ?value ."),
    ),
    related={"visit": "?visit hrc:at ?thing ; a hrc:Participation ."},
    located=f"?thing dcterms:spatial/{_POINT}",
    sort="-date",
)
AWARDS: Final = Listing(
    name="awards",
    one="award",
    title=_("Awards"),
    lead=_("Titles that programmes conferred on governments by name, each with its year. Sources often count more."),
    things="?thing a hrc:Award .",
    said=f"?thing hrc:recipient/hrc:primaryPlace?/({_SAID}) ?value .",
    columns=(
        Column("recipient", _("Awarded to"), "?thing hrc:recipient ?value ."),
        Column("region", _("Region or province"), f"?thing hrc:recipient/hrc:primaryPlace/{_REGION}"),
        Column("programme", _("Programme"), "?thing hrc:under ?value ."),
        Column("kind", _("Award title"), "?thing dcterms:type ?value ."),
        Column("date", _("Year"), "?thing hrc:date ?value .", "date"),
        Column("sources", _("Sources"), "?thing hrc:cites/hrc:source ?value .", "count"),
    ),
    facets=(
        Facet("programme", _("Programme"), "?thing hrc:under ?value ."),
        Facet("year", _("Year"), f"?thing hrc:earliest ?day . {_YEAR}", values="year"),
        Facet("kind", _("Award title"), "?thing dcterms:type ?value ."),
        Facet("continent", _("Continent"), f"?thing hrc:recipient/hrc:primaryPlace/{_CONTINENT}"),
        Facet("country", _("Country"), f"?thing hrc:recipient/hrc:primaryPlace/{_COUNTRY}"),
        Facet("region", _("Region or province"), f"?thing hrc:recipient/hrc:primaryPlace/{_REGION}"),
        Facet("evidence", _("Evidence"), "?thing hrc:cites/hrc:source/dcterms:type ?value ."),
        Facet("basis", _("Basis"), "?thing hrc:basis ?value ."),
    ),
    located=f"?thing hrc:recipient/hrc:primaryPlace/{_POINT}",
    sort="-date",
    linked="kind",
)
SOURCES: Final = Listing(
    name="sources",
    one="source",
    title=_("Sources"),
    lead=_("The documents that every fact rests on, with what rests on each."),
    things="?thing a hrc:Source .",
    said=f"?thing {_SAID}|dcterms:publisher ?value .",
    columns=(
        Column("name", _("Title"), "BIND (?thing AS ?value)", naming="dcterms:title"),
        Column("kind", _("Kind"), "?thing dcterms:type ?value ."),
        Column("publisher", _("Publisher"), "?thing dcterms:publisher ?value .", "text"),
        Column("date", _("Published"), "?thing dcterms:issued ?value .", "date"),
        Column(
            "records",
            _("Records that rest on it"),
            "?value hrc:cites/hrc:source ?thing . ?value a ?class . FILTER (?class NOT IN (hrc:Claim))",
            "count",
        ),
    ),
    facets=(
        Facet("kind", _("Kind"), "?thing dcterms:type ?value ."),
        Facet(
            "year",
            _("Year"),
            "?thing dcterms:issued ?date . BIND (xsd:integer(SUBSTR(STR(?date), 1, 4)) AS ?value)",
            values="year",
        ),
        Facet("language", _("Language"), "?thing dcterms:language ?value ."),
        Facet(
            "publisher", _("Publisher"), "?thing dcterms:publisher ?text . BIND (STR(?text) AS ?value)", values="text"
        ),
        Facet("class", _("What rests on it"), "?fact a ?value . FILTER (?value NOT IN (hrc:Claim))", "fact"),
        Facet(
            "country",
            _("Country of what rests on it"),
            f"?fact hrc:actor?/hrc:recipient?/hrc:primaryPlace?/{_COUNTRY}",
            "fact",
        ),
    ),
    related={"fact": "?fact hrc:cites/hrc:source ?thing ."},
    sort="-records",
)
CONFLICTS: Final = Listing(
    name="conflicts",
    one="conflict",
    title=_("Conflicts"),
    lead=_("Where sources say different things: each side with its source, its rank and the reason."),
    things=_CONFLICTS,
    said=f"?about {_SAID} ?value .",
    columns=(
        Column(
            "about",
            _("About"),
            "OPTIONAL { ?about hrc:actor|hrc:recipient ?who } BIND (COALESCE(?who, ?about) AS ?value)",
            naming=NAMES,
        ),
        Column("property", _("What"), "BIND (?property AS ?value)", naming="rdfs:label"),
        Column("topic", _("In words"), 'BIND (?topic AS ?value) FILTER (?topic != "")', "text"),
        Column(
            "values",
            _("What sources say"),
            f"{_SIDES} OPTIONAL {{ ?said_so skos:prefLabel ?its_name FILTER (LANG(?its_name) = 'en') }} "
            "BIND (COALESCE(STR(?its_name), STR(?said_so)) AS ?value)",
            "text",
        ),
        Column("sides", _("Sides"), f"{_SIDES} BIND (?side AS ?value)", "count"),
    ),
    facets=(
        Facet("rank", _("Ranks given"), f"{_SIDES} OPTIONAL {{ ?side wikibase:rank ?value }}"),
        Facet("class", _("Class of what it is about"), "OPTIONAL { ?about a ?value }"),
        Facet("property", _("What"), "BIND (?property AS ?value)"),
        Facet("reason", _("Reason"), f"{_SIDES} OPTIONAL {{ ?side hrc:rankReason ?value }}"),
        Facet(
            "evidence",
            _("Evidence"),
            f"{_SIDES} OPTIONAL {{ ?side hrc:cites ?passage . "
            "?passage hrc:source ?source . ?source dcterms:type ?value }",
        ),
    ),
    sort="about",
    linked="property",
    once=("thing", "about", "property", "topic"),
)
LISTINGS: Final = {
    listing.name: listing for listing in (GOVERNMENTS, INSTRUMENTS, THEMES, EVENTS, AWARDS, SOURCES, CONFLICTS)
}
