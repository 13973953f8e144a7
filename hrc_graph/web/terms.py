"""What the pages of the ontology, its terms, the shapes and the vocabularies show beside their graph.

All of it is asked of the ontology, the shapes, the data and the library; nothing is written by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from hrc_graph import guard, namespaces
from hrc_graph.questions import NamedQuery
from hrc_graph.web.documents import Document, Documents, Statements, term
from hrc_graph.web.languages import N_, READER, gettext, number
from hrc_graph.web.links import Links
from hrc_graph.web.things import Reader, Shown

_USED = """SELECT (COUNT(*) AS ?n) (MIN(STR(?s)) AS ?first) WHERE { ?s %s ?o FILTER (ISIRI(?s)) }"""
_EXAMPLE = """
CONSTRUCT { ?s ?p ?o . ?s ?named ?name . ?o ?called ?call } WHERE {
  VALUES ?s { <%s> } VALUES ?p { %s } ?s ?p ?o
  OPTIONAL { VALUES ?named { skos:prefLabel rdfs:label dcterms:title } ?s ?named ?name }
  OPTIONAL { VALUES ?called { skos:prefLabel rdfs:label dcterms:title } ?o ?called ?call }
}
"""
_OF_CLASS = """
DESCRIBE ?node ?shape ?group ?rule WHERE {
  %s rdfs:subClassOf* ?up . ?node sh:targetClass ?up
  OPTIONAL { ?node sh:property ?shape OPTIONAL { ?shape sh:group ?group } } OPTIONAL { ?node sh:sparql ?rule }
}
"""
_OF_PROPERTY = "DESCRIBE ?shape WHERE { ?shape sh:path/(sh:alternativePath/rdf:rest*/rdf:first)? %s }"
_OF_SHAPE = """
DESCRIBE ?node ?shape ?group ?rule WHERE {
  VALUES ?node { %s }
  OPTIONAL { ?node sh:property ?shape OPTIONAL { ?shape sh:group ?group } } OPTIONAL { ?node sh:sparql ?rule }
}
"""
_CLASSES = """
SELECT ?class (COUNT(*) AS ?n) WHERE { ?class rdfs:isDefinedBy ?ontology . ?thing a ?class } GROUP BY ?class
"""
_CONCEPTS = """
SELECT ?concept (COUNT(*) AS ?n) WHERE {
  ?concept skos:inScheme %s . ?thing ?property ?concept
  FILTER (ISIRI(?thing) && ?property != rdf:object && !STRSTARTS(STR(?property), STR(skos:)))
} GROUP BY ?concept
"""
_SCHEMES = """
SELECT ?scheme (COUNT(DISTINCT ?concept) AS ?n) WHERE {
  ?scheme a skos:ConceptScheme . ?concept skos:inScheme ?scheme
} GROUP BY ?scheme ORDER BY ?scheme
"""
_WORDS = """
SELECT ?term ?label WHERE {
  { ?term rdfs:isDefinedBy ?ontology ; rdfs:label ?label } UNION { ?term a skos:ConceptScheme ; dcterms:title ?label }
  FILTER (LANG(?label) IN ("en", "%s"))
} ORDER BY (LANG(?label) = "%s")
"""
_SEVERITY = {"": N_("must"), "Violation": N_("must"), "Warning": N_("should"), "Info": N_("may")}
_TEMPLATES = {
    "sh:class": N_("of the class %s"),
    "sh:datatype": N_("of the datatype %s"),
    "sh:hasValue": "%s",
    "sh:minInclusive": N_("not less than %s"),
    "sh:maxInclusive": N_("not more than %s"),
    "sh:minLength": N_("of %s or more characters"),
    "sh:maxLength": N_("of %s or fewer characters"),
    "sh:pattern": N_("of the form %s"),
    "dcterms:conformsTo": N_("from the list %s"),
}
_KINDS = {
    "IRI": N_("a thing that has an address"),
    "Literal": N_("a text, number or date"),
    "BlankNodeOrIRI": N_("a thing"),
}

_OUTSIDE = {
    term(name).value: label
    for name, label in {
        "foaf:Person": N_("Person"),
        "geo:Geometry": N_("Geometry"),
        "org:FormalOrganization": N_("Formal organisation"),
        "org:Organization": N_("Organisation"),
        "org:OrganizationalUnit": N_("Unit of an organisation"),
        "skos:Concept": N_("Concept"),
        "skos:ConceptScheme": N_("List of concepts"),
        "owl:AnnotationProperty": N_("Property of terms"),
        "owl:Class": N_("Class"),
        "owl:DatatypeProperty": N_("Property whose values are texts, numbers or dates"),
        "owl:ObjectProperty": N_("Property whose values are things"),
        "owl:Ontology": N_("Ontology"),
        "sh:NodeShape": N_("Shape of a record"),
        "sh:PropertyShape": N_("Shape of a property"),
        "sh:SPARQLConstraint": N_("Rule in SPARQL"),
        "sh:Violation": N_("Violation"),
        "sh:Warning": N_("Warning"),
        "sh:Info": N_("Info"),
    }.items()
}
"""What terms of other vocabularies are called, which do not come with their names."""

Cell = str | Shown | list[Shown]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: a heading, and a table or a text below it."""

    heading: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    text: str = ""
    code: str = ""


class Terms:
    """Makes the sections; finds out once which questions use which terms."""

    def __init__(self, documents: Documents, questions: Mapping[str, NamedQuery], links: Links) -> None:
        self._documents = documents
        self._links = links
        said = "\0".join(question.text for question in questions.values())
        self.digest = hashlib.blake2b(said.encode(), digest_size=9).hexdigest()
        """Of the library: pages name its questions."""
        self._questions: dict[str, list[NamedQuery]] = {}
        for question in questions.values():
            for iri in _named(question.text):
                self._questions.setdefault(iri, []).append(question)

    async def words(self, client: str) -> dict[str, str]:
        """What the terms of the ontology and the lists are called by the reader, and the classes of others."""
        language = READER.get().language
        rows = await self._documents.rows(_WORDS % (language, language), client)  # what is better comes later
        return {term: gettext(label) for term, label in _OUTSIDE.items()} | {row["term"]: row["label"] for row in rows}

    async def sections(self, document: Document, words: Mapping[str, str], client: str) -> list[Section]:
        """What the page of this document shows beside it."""
        kind = document.path.partition("/")[0]
        reader = Reader(document.statements, words, self._links)
        found: list[Section] = []
        match kind:
            case "ontology":
                found = await self._ontology(document, reader, client)
            case "shapes":
                found = [_all_shapes(document, reader)]
            case "def":
                found = [*await self._use(document, reader, client), *await self._rules(document, words, client)]
            case "shape":
                found = await self._rules(document, words, client)
            case "vocab" if not document.counts and document.path.count("/") == 1:
                found = [await self._scheme(document, reader, client)]
        return [*found, *self._asking(document)] if kind in ("def", "vocab") else found

    async def _ontology(self, document: Document, reader: Reader, client: str) -> list[Section]:
        said = document.statements
        counts = {row["class"]: row["n"] for row in await self._documents.rows(_CLASSES, client)}
        terms = sorted({t.subject for t in said.triples if t.predicate == term("rdfs:isDefinedBy")}, key=str)
        classes: list[tuple[Cell, ...]] = []
        properties: list[tuple[Cell, ...]] = []
        for each in terms:
            if not isinstance(each, ox.NamedNode):
                continue
            definition = said.text(each, "skos:definition")
            if term("owl:Class") in said.values(each, "rdf:type"):
                above = [reader.shown(value) for value in said.nodes(each, "rdfs:subClassOf")]
                classes.append((reader.shown(each), above, definition, counts.get(each.value, "0")))
            else:
                ends = [
                    [reader.shown(v) for v in said.nodes(each, f"schema:{end}Includes")] for end in ("domain", "range")
                ]
                properties.append((reader.shown(each), *ends, definition))
        schemes = await self._documents.rows(_SCHEMES, client)
        lists = tuple((Shown(reader.word(s["scheme"]), self._links.thing(s["scheme"])), s["n"]) for s in schemes)
        shapes = Shown(gettext("What a record must hold"), self._links.thing(namespaces.SHAPES))
        return [
            Section(N_("Classes"), (N_("class"), N_("kind of"), N_("definition"), N_("things of it")), tuple(classes)),
            Section(
                N_("Properties"),
                (N_("property"), N_("said of"), N_("its values are"), N_("definition")),
                tuple(properties),
            ),
            Section(N_("Vocabularies"), (N_("list"), N_("concepts")), lists),
            Section(N_("Shapes"), ("", ""), ((shapes, gettext("as SHACL, and in words")),)),
        ]

    async def _use(self, document: Document, reader: Reader, client: str) -> list[Section]:
        """How often the data use a term, and one example."""
        thing = document.thing
        if term("owl:Class") in document.statements.values(thing, "rdf:type"):
            count = document.counts.get(term("rdf:type").value, 0)
            example = [other for other, link in document.pointing if link == term("rdf:type")][:1]
            row: tuple[Cell, ...] = (number(count), [reader.shown(each) for each in example])
            return [Section(N_("In the data"), (N_("things of this class"), N_("an example")), (row,))] if count else []
        used = (await self._documents.rows(_USED % thing, client))[0]
        if "first" not in used:
            return []
        found = await self._documents.graph(_EXAMPLE % (used["first"], thing), client)
        shown = Reader(found, await self.words(client), self._links)
        subject = ox.NamedNode(used["first"])
        values = found.about(subject).get(thing.value, [])
        row = (number(int(used["n"])), shown.shown(subject), [shown.shown(value) for value in values[:5]])
        return [Section(N_("In the data"), (N_("statements"), N_("an example"), N_("its value")), (row,))]

    async def _rules(self, document: Document, words: Mapping[str, str], client: str) -> list[Section]:
        """What the shapes ask, in words."""
        kinds = document.statements.values(document.thing, "rdf:type")
        is_shape = document.path.startswith("shape/")
        wanted = _OF_SHAPE if is_shape else _OF_CLASS if term("owl:Class") in kinds else _OF_PROPERTY
        found = await self._documents.graph(wanted % document.thing, client)
        reader = Reader(found, words, self._links)
        rows = [*_asked(found, reader), *_ruled(found, reader)]
        columns = (N_("shape"), N_("about"), N_("asks for"), N_("weight"), N_("what a person is told"))
        sections = [Section(N_("What a record must hold"), columns, tuple(rows))] if rows else []
        return [
            *sections,
            *(Section(N_("The rule in SPARQL"), code=code) for code in _selects(found, document.thing) if is_shape),
        ]

    async def _scheme(self, document: Document, reader: Reader, client: str) -> Section:
        said = document.statements
        counts = {row["concept"]: row["n"] for row in await self._documents.rows(_CONCEPTS % document.thing, client)}
        concepts = {t.subject for t in said.triples if t.predicate == term("skos:inScheme")}
        rows: list[tuple[Cell, ...]] = [
            (
                reader.shown(concept),
                [reader.shown(value) for value in said.nodes(concept, "skos:broader")],
                said.text(concept, "skos:definition"),
                counts.get(concept.value, "0"),
            )
            for concept in concepts
            if isinstance(concept, ox.NamedNode)
        ]
        rows.sort(key=lambda row: row[0].text.casefold() if isinstance(row[0], Shown) else "")
        return Section(N_("Concepts"), (N_("concept"), N_("broader"), N_("definition"), N_("used")), tuple(rows))

    def _asking(self, document: Document) -> list[Section]:
        found = self._questions.get(document.thing.value, [])
        rows = tuple(
            (
                Shown(
                    question.title.get(READER.get().language, question.title["en"]), self._links.question(question.name)
                ),
            )
            for question in found
        )
        return [Section(N_("Questions that use it"), (N_("question"),), rows)] if rows else []


def _all_shapes(document: Document, reader: Reader) -> Section:
    said = document.statements
    rows: list[tuple[Cell, ...]] = []
    for triple in said.triples:
        if triple.predicate == term("rdf:type") and triple.object == term("sh:NodeShape"):
            if not isinstance(triple.subject, ox.NamedNode):
                continue
            about = [*said.nodes(triple.subject, "sh:targetClass"), *said.nodes(triple.subject, "sh:targetSubjectsOf")]
            asked = said.nodes(triple.subject, "sh:property")
            rows.append(
                (reader.shown(triple.subject), [reader.shown(v) for v in about], [reader.shown(v) for v in asked])
            )
    rows.sort(key=lambda row: row[0].text.casefold() if isinstance(row[0], Shown) else "")
    return Section(N_("Shapes"), (N_("shape"), N_("speaks of"), N_("asks for")), tuple(rows))


def _asked(found: Statements, reader: Reader) -> Iterable[tuple[Cell, ...]]:
    """A row for each property shape, in the order of a form."""
    shapes = {
        t.subject for t in found.triples if t.predicate == term("sh:path") and isinstance(t.subject, ox.NamedNode)
    }

    def place(shape: object) -> tuple[float, float, str]:
        groups = [float(found.text(group, "sh:order") or 99) for group in found.nodes(shape, "sh:group")]
        return min(groups, default=99), float(found.text(shape, "sh:order") or 99), str(shape)

    for shape in sorted(shapes, key=place):
        assert isinstance(shape, ox.NamedNode)
        phrases = "; ".join(in_words(found, shape, reader)) or gettext("anything")
        about = [reader.shown(path) for path in _paths(found, shape)]
        yield (reader.shown(shape), about, phrases, _weight(found, shape), found.text(shape, "sh:message"))


def _ruled(found: Statements, reader: Reader) -> Iterable[tuple[Cell, ...]]:
    """A row for each rule that looks across records."""
    rules = {t.object: t.subject for t in found.triples if t.predicate == term("sh:sparql")}
    for rule, shape in sorted(rules.items(), key=lambda item: str(item[0])):
        if isinstance(shape, ox.NamedNode) and isinstance(rule, ox.NamedNode):
            told = re.sub(r"\{[?$](\w+)\}", "…", found.text(rule, "sh:message"))
            yield (reader.shown(shape), "", gettext("a rule across records"), _weight(found, shape), told)


def _weight(found: Statements, shape: ox.NamedNode) -> str:
    return gettext(_SEVERITY.get(found.text(shape, "sh:severity").rpartition("#")[2], _SEVERITY[""]))


def _selects(found: Statements, thing: ox.NamedNode) -> list[str]:
    rules = [thing, *found.nodes(thing, "sh:sparql")]
    texts = (found.text(rule, "sh:select") for rule in rules)
    return [re.sub(r"\n    ", "\n", text).strip("\n ") for text in texts if text]


def _paths(found: Statements, shape: object) -> list[ox.NamedNode]:
    paths: list[ox.NamedNode] = []
    for path in found.values(shape, "sh:path"):
        if isinstance(path, ox.NamedNode):
            paths.append(path)
        else:
            either = found.values(path, "sh:alternativePath")
            paths += [v for v in found.members(either[0] if either else path) if isinstance(v, ox.NamedNode)]
    return paths


def in_words(found: Statements, shape: object, reader: Reader) -> list[str]:
    """What a shape asks of the values of its property, in words."""
    phrases = [_how_many(found, shape)]
    kinds = (v.value.rpartition("#")[2] for v in found.values(shape, "sh:nodeKind"))
    phrases += [gettext(_KINDS[kind]) for kind in kinds if kind in _KINDS]
    for name, template in _TEMPLATES.items():
        phrases += [gettext(template) % reader.shown(value).text for value in found.values(shape, name)]
    for name, template in (("sh:in", N_("one of: %s")), ("sh:languageIn", N_("in one of the languages %s"))):
        for items in found.values(shape, name):
            phrases.append(gettext(template) % ", ".join(reader.shown(value).text for value in found.members(items)))
    if found.text(shape, "sh:uniqueLang") == "true":
        phrases.append(gettext("one for each language"))
    for items in found.values(shape, "sh:or"):
        either = ["; ".join(_inner(found, item, reader)) for item in found.members(items)]
        phrases.append(gettext("either %s") % gettext(", or ").join(filter(None, either)))
    for item in found.values(shape, "sh:not"):
        phrases.append(gettext("not %s") % "; ".join(_inner(found, item, reader)))
    for item in found.values(shape, "sh:qualifiedValueShape"):
        least = found.text(shape, "sh:qualifiedMinCount")
        asked = {"least": least or "1", "what": "; ".join(_inner(found, item, reader))}
        phrases.append(gettext("%(least)s or more of them: %(what)s") % asked)
    return [phrase for phrase in phrases if phrase]


def _inner(found: Statements, shape: object, reader: Reader) -> list[str]:
    """The same of a shape within a shape, which may speak of another property."""
    paths = [reader.word(path.value) for path in _paths(found, shape)] if isinstance(shape, ox.BlankNode) else []
    return [*(gettext("its %(property)s") % {"property": path} for path in paths), *in_words(found, shape, reader)]


def _how_many(found: Statements, shape: object) -> str:
    least, most = found.text(shape, "sh:minCount"), found.text(shape, "sh:maxCount")
    match least, most:
        case "", "":
            return ""
        case (("" | "0"), "0"):
            return gettext("none")
        case (("" | "0"), _):
            return gettext("at most %s") % most
        case _, "":
            return gettext("at least %s") % least
        case _:
            if least == most:
                return gettext("exactly %s") % least
            return gettext("%(least)s to %(most)s") % {"least": least, "most": most}


def _named(text: str) -> set[str]:
    """The IRIs that a query names."""
    spaces: dict[str, str] = {}
    found: set[str] = set()
    before = ""
    for token in guard.tokens(text):
        if token.kind == "iri" and before.endswith(":"):
            spaces[before[:-1]] = token.text[1:-1]
        elif token.kind == "iri":
            found.add(token.text[1:-1])
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            if local and prefix in spaces:
                found.add(spaces[prefix] + local)
        before = token.text
    return found
