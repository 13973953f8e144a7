"""What the page about a thing shows: read from the graph of its document, nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from hrc_graph import formats, namespaces
from hrc_graph.web.documents import NAMING, POINTING, TYPE, Document, Statements, Term, best, term
from hrc_graph.web.languages import LANGUAGES, N_, READER, gettext
from hrc_graph.web.links import Links
from hrc_graph.web.portraits import plain_date

_V = namespaces.VOCABULARY
_ACTS = ("hrc:Commitment", "hrc:Participation", "hrc:Award", "hrc:Change")
_DOERS = ("hrc:actor", "hrc:recipient", "hrc:representedBy", "hrc:before", "hrc:after")
_TOWARD = ("hrc:under", "hrc:at", "hrc:inWave")
_HOW = ("hrc:mode", "hrc:role", "dcterms:type")
_PLAIN = (_V["xsd"], _V["rdf"], _V["edtf"], _V["geo"])
"""Datatypes that a reader need not be told of."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A term as a page shows it: its text, and where a click leads if anywhere."""

    text: str
    href: str = ""
    language: str = ""
    note: str = ""
    """What the value is, where the text alone does not tell: the kind of a code."""


class Reader:
    """Says what the terms of a graph are called on a page."""

    def __init__(self, statements: Statements, words: Mapping[str, str], links: Links) -> None:
        self.statements = statements
        self._words = words
        self._links = links
        self._base = links.base

    def word(self, prop: str) -> str:
        """What a property is called."""
        if prop in _WORDS:
            return gettext(_WORDS[prop])
        return self._words.get(prop) or namespaces.short(prop, self._base)

    def shown(self, value: Term) -> Shown:
        """A value, with its link if it is a thing."""
        if isinstance(value, ox.Literal):
            kind = "" if value.datatype.value.startswith(_PLAIN) else value.datatype.value
            return Shown(value.value, language=value.language or "", note=re.split("[/#]", kind)[-1])
        if isinstance(value, ox.BlankNode):
            return Shown(self._unnamed(value))
        text, language = self.name(value)
        return Shown(text, self.href(value.value), language)

    def name(self, node: ox.NamedNode) -> tuple[str, str]:
        """What a thing is called, and in what language."""
        for prop in NAMING:
            found = best(self.statements.about(node).get(prop.value, []))
            if isinstance(found, ox.Literal):
                return found.value, found.language or ""
        told = self._told(node) or self._words.get(node.value, "")
        return told or namespaces.short(node.value, self._base), ""

    def href(self, iri: str) -> str:
        """Where a click on an IRI leads."""
        return self._links.thing(iri) or (iri if iri.startswith(("http://", "https://")) else "")

    def _told(self, node: ox.NamedNode) -> str:
        """The name of an act or a claim, which has none of its own: what it says."""
        said = self.statements
        if subject := said.nodes(node, "rdf:subject"):
            about = said.nodes(node, "rdf:predicate")
            word = self.word(about[0].value) if about else gettext("claim")
            return gettext("%(word)s of %(thing)s") % {"thing": self._plain(subject[0]), "word": word}
        if not set(map(term, _ACTS)) & set(said.values(node, "rdf:type")):
            return ""
        doers, kinds, aims = (
            [v for name in names for v in said.nodes(node, name)] for names in (_DOERS, _HOW, _TOWARD)
        )
        kind = self._plain(kinds[0]) if kinds else self._plain(said.nodes(node, "rdf:type")[0])
        when = [date.value for date in said.values(node, "hrc:date")][:1]
        what = ", ".join([kind, *(self._plain(aim) for aim in aims[:1]), *when])
        return f"{self._plain(doers[0])}: {what}" if doers else what

    def _plain(self, node: ox.NamedNode) -> str:
        for prop in NAMING:
            if found := best(self.statements.about(node).get(prop.value, [])):
                return found.value
        return self._words.get(node.value) or namespaces.short(node.value, self._base)

    def _unnamed(self, node: ox.BlankNode) -> str:
        members = list(self.statements.members(node))
        if members:
            return ", ".join(self.shown(member).text for member in members)
        said = self.statements.about(node)
        return "; ".join(
            f"{self.word(prop)} {', '.join(self.shown(value).text for value in values)}"
            for prop, values in sorted(said.items())
            if prop != TYPE.value
        )


def page_of(document: Document, words: Mapping[str, str], links: Links) -> dict[str, Any]:
    """What the template of a thing takes."""
    reader = Reader(document.statements, words, links)
    said = document.statements.about(document.thing)
    title, language = reader.name(document.thing)
    return {
        "title": title,
        "title_language": language,
        "iri": document.thing.value,
        "at": links.document(document.path),
        "release": links.release,
        "live": Links(links.base).document(document.path),
        "own": [
            (reader.word(prop), [reader.shown(value) for value in sorted(said[prop], key=_in_order)])
            for prop in sorted(said, key=_reading_order)
            if prop not in _HIDDEN
        ],
        "acts": _acts(document, reader),
        "contested": _contested(document, reader),
        "evidence": _evidence(document, reader),
        "pointing": _pointing(document, reader),
        "total": document.total,
        "page": document.page,
        "pages": document.pages,
        "from_to": ((document.page - 1) * POINTING + 1, min(document.page * POINTING, document.total)),
        "paging": "" if document.page == 1 else f"?page={document.page}",
        "licence": document.licence,
        "alternates": [(_NAMES[f], f.suffix, f.media_types[0]) for f in formats.DOCUMENTS if f is not formats.HTML],
        "deprecated": any(
            value.value == "true" for value in document.statements.values(document.thing, "owl:deprecated")
        ),
    }


_NAMES = {
    formats.TURTLE: "Turtle",
    formats.N_TRIPLES: "N-Triples",
    formats.JSON_LD: "JSON-LD",
    formats.RDF_XML: "RDF/XML",
}


def _acts(document: Document, reader: Reader) -> list[dict[str, Any]]:
    """The acts that point to the thing, by date."""
    said = document.statements
    kinds = set(map(term, _ACTS))
    acts = dict.fromkeys(other for other, _ in document.pointing if kinds & set(said.values(other, "rdf:type")))
    shown = []
    for act in acts:
        others = [
            value
            for names in (_HOW, _TOWARD, _DOERS)
            for name in names
            for value in said.nodes(act, name)
            if value != document.thing
        ]
        shown.append(
            {
                "date": gettext(" or ").join(sorted(plain_date(date.value) for date in said.values(act, "hrc:date"))),
                "kind": Shown(reader.shown(said.nodes(act, "rdf:type")[0]).text, reader.href(act.value)),
                "what": [reader.shown(value) for value in dict.fromkeys(others)],
                "passages": len(said.values(act, "hrc:cites")),
            }
        )
    return sorted(shown, key=lambda act: (act["date"] or "9999", act["kind"].text))


def _pointing(document: Document, reader: Reader) -> list[tuple[str, int, list[Shown]]]:
    """Whatever else points to the thing: the property, how often in all, and those of this page."""
    kinds = set(map(term, _ACTS))
    found: dict[str, list[Shown]] = defaultdict(list)
    for other, link in document.pointing:
        if not kinds & set(document.statements.values(other, "rdf:type")):
            found[link.value].append(reader.shown(other))
    return [
        (_inverse(prop, reader), document.counts.get(prop, 0), sorted(shown, key=_by_text))
        for prop, shown in sorted(found.items(), key=lambda item: item[0] not in _INVERSE)
    ]


def _inverse(prop: str, reader: Reader) -> str:
    """What stands above the things that point to this one with a property."""
    return gettext(_INVERSE[prop]) if prop in _INVERSE else gettext("as %(word)s") % {"word": reader.word(prop)}


def _by_text(value: Shown) -> str:
    return value.text.casefold()


def _contested(document: Document, reader: Reader) -> list[tuple[str, Shown, str, list[Shown]]]:
    """Claims that do not all say the same: about what, the value, its rank, and who says so."""
    said = document.statements
    claims: dict[str, list[ox.NamedNode]] = defaultdict(list)
    for node in sorted({t.subject for t in said.triples if t.predicate == term("rdf:subject")}, key=str):
        if document.thing in said.values(node, "rdf:subject") and isinstance(node, ox.NamedNode):
            for about in said.nodes(node, "rdf:predicate"):
                claims[about.value].append(node)
    shown = []
    for prop, sides in sorted(claims.items()):
        ranks = [_rank(said, claim) for claim in sides]
        values = {str(value) for claim in sides for value in said.values(claim, "rdf:object")}
        differ = prop == term("hrc:date").value and len(values) > 1
        if len(sides) > 1 and (differ or any(rank != "normal" for rank in ranks)):
            for claim, rank in sorted(zip(sides, ranks, strict=True), key=lambda side: _RANKS.get(side[1], 1)):
                sources = {s: None for cite in said.nodes(claim, "hrc:cites") for s in said.nodes(cite, "hrc:source")}
                value = said.first(claim, "rdf:object")
                if value is not None:
                    shown.append((reader.word(prop), reader.shown(value), rank, [reader.shown(s) for s in sources]))
    return shown


_RANKS = {"preferred": 0, "normal": 1, "deprecated": 2}


def _rank(said: Statements, claim: ox.NamedNode) -> str:
    return said.text(claim, "wikibase:rank").rpartition("#")[2].removesuffix("Rank").lower()


def _evidence(document: Document, reader: Reader) -> list[tuple[Shown, Shown, list[Shown]]]:
    """The passages that the thing cites: the source, the place in it, the words."""
    said = document.statements
    cited = said.nodes(document.thing, "hrc:cites")
    shown = []
    for passage in cited:
        sources = said.nodes(passage, "hrc:source")
        quotes = [reader.shown(quote) for quote in said.values(passage, "hrc:quote")]
        shown.append((reader.shown(sources[0]) if sources else Shown(""), reader.shown(passage), quotes))
    return sorted(shown, key=lambda row: (row[0].text.casefold(), row[1].text))


def _in_order(value: Term) -> tuple[int, str, str]:
    if isinstance(value, ox.Literal):
        languages = tuple(dict.fromkeys((READER.get().language, *LANGUAGES)))
        language = value.language or ""
        return (languages.index(language) if language in languages else 9, language, value.value)
    return (0, "", value.value)


def _reading_order(prop: str) -> tuple[float, str]:
    return (_ORDER.get(prop, _REMARKS - 0.5), prop)


def _known(names: Mapping[str, str]) -> dict[str, str]:
    return {term(name).value: word for name, word in names.items()}


_WORDS = _known(
    {
        "rdf:type": N_("is a"),
        "dcterms:type": N_("kind"),
        "skos:prefLabel": N_("name"),
        "rdfs:label": N_("name"),
        "skos:altLabel": N_("other name"),
        "skos:hiddenLabel": N_("also found by"),
        "foaf:name": N_("name as written"),
        "dcterms:title": N_("title"),
        "dcterms:alternative": N_("other title"),
        "dcterms:description": N_("description"),
        "skos:definition": N_("definition"),
        "skos:scopeNote": N_("how it is used"),
        "skos:example": N_("example"),
        "dcterms:publisher": N_("publisher"),
        "dcterms:creator": N_("made by"),
        "dcterms:created": N_("made"),
        "dcterms:issued": N_("published"),
        "dcterms:language": N_("language"),
        "dcterms:license": N_("licence"),
        "dcterms:conformsTo": N_("chosen from"),
        "dcterms:isReplacedBy": N_("replaced by"),
        "dcterms:replaces": N_("replaces"),
        "owl:deprecated": N_("withdrawn"),
        "owl:versionInfo": N_("version"),
        "owl:versionIRI": N_("address of this version"),
        "rdfs:subClassOf": N_("kind of"),
        "rdfs:subPropertyOf": N_("special case of"),
        "rdfs:isDefinedBy": N_("defined in"),
        "rdfs:seeAlso": N_("see also"),
        "schema:domainIncludes": N_("said of"),
        "schema:rangeIncludes": N_("its values are"),
        "foaf:page": N_("web page"),
        "skos:notation": N_("code"),
        "skos:inScheme": N_("in the list"),
        "skos:topConceptOf": N_("first step in the list"),
        "skos:broader": N_("broader"),
        "skos:narrower": N_("narrower"),
        "skos:exactMatch": N_("the same elsewhere"),
        "skos:closeMatch": N_("nearly the same elsewhere"),
        "skos:relatedMatch": N_("related elsewhere"),
        "skos:related": N_("related"),
        "dcterms:spatial": N_("where"),
        "org:memberOf": N_("member of"),
        "org:unitOf": N_("unit of"),
        "geo:hasDefaultGeometry": N_("point"),
        "geo:asWKT": N_("coordinates"),
        "vann:preferredNamespacePrefix": N_("prefix"),
        "vann:preferredNamespaceUri": N_("namespace"),
        "wikibase:rank": N_("rank"),
        "rdf:subject": N_("about"),
        "rdf:predicate": N_("which of its properties"),
        "rdf:object": N_("says"),
        "sh:targetClass": N_("speaks of"),
        "sh:targetSubjectsOf": N_("speaks of whatever has"),
        "sh:property": N_("asks of"),
        "sh:path": N_("property"),
        "sh:sparql": N_("rule"),
        "sh:name": N_("name in forms"),
        "sh:message": N_("message"),
        "sh:severity": N_("severity"),
        "sh:minCount": N_("at least"),
        "sh:maxCount": N_("at most"),
        "skos:changeNote": N_("change"),
        "skos:note": N_("note"),
        "skos:editorialNote": N_("editor's note"),
    }
)
"""What a page calls the properties of other vocabularies, in the order in which they are read."""
_ORDER = {prop: number for number, prop in enumerate(_WORDS)}
_INVERSE = _known(
    {
        "skos:broader": N_("narrower"),
        "rdfs:subClassOf": N_("kinds of it"),
        "rdfs:subPropertyOf": N_("special cases of it"),
        "rdf:type": N_("things of this class"),
        "hrc:partOf": N_("its parts"),
        "hrc:primaryPlace": N_("governed by"),
        "hrc:source": N_("passages of it"),
        "hrc:cites": N_("what rests on it"),
        "hrc:about": N_("what is about it"),
        "org:memberOf": N_("its members"),
        "org:unitOf": N_("its units"),
        "dcterms:isReplacedBy": N_("in place of"),
        "dcterms:replaces": N_("replaced by"),
        "schema:domainIncludes": N_("properties it may have"),
        "schema:rangeIncludes": N_("properties with such values"),
        "sh:targetClass": N_("shapes that speak of it"),
        "sh:path": N_("shapes that speak of it"),
        "sh:class": N_("shapes that ask for it"),
        "sh:property": N_("asked by"),
        "sh:sparql": N_("asked by"),
    }
)
"""What stands above the things that point to this one with a property."""
_REMARKS = _ORDER[term("skos:changeNote").value]
"""Properties that have no place in the order come before those from here on."""
_HIDDEN = frozenset(_known({"hrc:earliest": "", "hrc:latest": "", "hrc:cites": ""}))
"""What repeats a date for queries to compare, and what is told under “Evidence”."""
