"""Draws a form from the shapes and the vocabularies of a store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.errors import NotFound
from hrc_graph.forms.fields import Choice, Demand, Editor, Field, Form, Group, Rule
from hrc_graph.records import Term
from hrc_graph.tables import cells

_V = namespaces.VOCABULARY
_EDITORS = {
    "TextFieldEditor": Editor.text,
    "TextAreaEditor": Editor.long_text,
    "TextFieldWithLangEditor": Editor.label,
    "TextAreaWithLangEditor": Editor.long_label,
    "DatePickerEditor": Editor.date,
    "EnumSelectEditor": Editor.choice,
    "AutoCompleteEditor": Editor.thing,
    "URIEditor": Editor.url,
    "DetailsEditor": Editor.evidence,
}
_BY_DATATYPE = {
    _V["edtf"] + "EDTF": Editor.date,
    _V["xsd"] + "integer": Editor.number,
    _V["rdf"] + "langString": Editor.label,
}
_BY_PATH = {_V["skos"] + "notation": Editor.code, _V["dcterms"] + "language": Editor.language}


def form(store: ox.Store, cls: str, language: str = "en", *, base: str = namespaces.BASE) -> Form:
    """The form of a class, such as `hrc:Award`, from a store that holds the ontology and the shapes.

    Raises `NotFound` for a class that no shape speaks of.
    """
    return _Drawing(store, language, base).form(cls)


class _Drawing:
    """Reads shapes and what they point at from a store."""

    def __init__(self, store: ox.Store, language: str, base: str) -> None:
        self._store, self._language = store, language
        self._shapes = ox.NamedNode(f"{base}graph/shapes")

    def form(self, cls: str) -> Form:
        own = cells.short_iri(cls) if "://" not in cls else ox.NamedNode(cls)
        above = self._above(own)
        nodes = sorted(
            (quad.subject for each in above for quad in self._quads(None, "sh:targetClass", each)),
            key=lambda node: str(node),
        )
        shapes = {
            shape for node in nodes for shape in self._values(node, "sh:property") if isinstance(shape, ox.NamedNode)
        }
        if not shapes:
            raise NotFound(f"No shape speaks of {namespaces.short(own.value)}.", "Name a class such as hrc:Award.")
        lists = [term for node in nodes for term in self._values(node, "dcterms:conformsTo")]
        by_path: dict[str, list[ox.NamedNode]] = defaultdict(list)
        demands = []
        for shape in sorted(shapes, key=str):
            path = next(iter(self._values(shape, "sh:path")), None)
            if isinstance(path, ox.NamedNode):
                by_path[path.value].append(shape)
            elif either := [each for part in self._values(path, "sh:alternativePath") for each in self._list(part)]:
                rule = self._rule(shape)
                keys = tuple(namespaces.short(str(each.value)) for each in either)
                demands.append(Demand(keys, self._word(shape, "sh:name"), rule.minimum, rule))
        fields = [self._field(path, of, lists) for path, of in by_path.items()]
        return Form(
            own.value,
            self._word(own, "rdfs:label") or namespaces.short(own.value),
            tuple(self._grouped(fields)),
            tuple(demands),
        )

    def _grouped(self, fields: list[Field]) -> Iterator[Group]:
        groups = {each.group for each in fields}
        order = {group: self._number(ox.NamedNode(group), "sh:order", 99) for group in groups if group}
        for group in sorted(groups, key=lambda group: (order.get(group, 99), group)):
            held = sorted((each for each in fields if each.group == group), key=lambda each: (each.order, each.key))
            yield Group(group, self._word(ox.NamedNode(group), "rdfs:label") if group else "", tuple(held))

    def _field(self, path: str, shapes: list[ox.NamedNode], lists: list[Term]) -> Field:
        main = min(shapes, key=lambda shape: (-self._tells(shape), len(shape.value), shape.value))
        rules = [self._rule(shape) for shape in sorted(shapes, key=lambda shape: shape != main)]
        binding = [rule for rule in rules if rule.severity == "Violation"]
        limits = [rule.maximum for rule in rules if rule.maximum is not None]
        datatype = next((str(term.value) for shape in shapes for term in self._values(shape, "sh:datatype")), "")
        choices = self._choices(main, path, lists)
        group = next((str(term.value) for term in self._values(main, "sh:group")), "")
        return Field(
            key=namespaces.short(path),
            path=path,
            name=self._word(main, "sh:name") or self._word(ox.NamedNode(path), "rdfs:label") or namespaces.short(path),
            description=self._word(main, "sh:description"),
            message=self._word(main, "sh:message"),
            group=group,
            order=self._number(main, "sh:order", 99),
            editor=self._editor(main, path, datatype, choices),
            datatype=datatype,
            classes=tuple(self._classes(shapes)),
            choices=choices,
            minimum=max((rule.minimum for rule in binding), default=0),
            wished=any(rule.minimum for rule in rules if rule.severity != "Violation"),
            maximum=min(limits) if limits else None,
            contested=bool(limits) and all(rule.maximum is None for rule in binding),
            rules=tuple(rules),
        )

    def _tells(self, shape: ox.NamedNode) -> int:
        """How much a shape says of what to fill in, so that the one that says most names the field."""
        telling = ("dash:editor", "sh:datatype", "sh:class", "sh:in", "sh:or", "sh:nodeKind")
        return 2 * bool(list(self._values(shape, "dash:editor"))) + any(
            next(iter(self._values(shape, each)), None) is not None for each in telling
        )

    def _rule(self, shape: ox.NamedNode) -> Rule:
        severity = next(
            (str(term.value).rpartition("#")[2] for term in self._values(shape, "sh:severity")), "Violation"
        )
        most = self._number(shape, "sh:maxCount", -1)
        pattern = next((str(term.value) for term in self._values(shape, "sh:pattern")), "")
        said = [term for term in self._values(shape, "sh:message") if isinstance(term, ox.Literal)]
        return Rule(
            shape=shape.value,
            severity=severity,
            messages={term.language or "": term.value for term in said},
            minimum=int(self._number(shape, "sh:minCount", 0)),
            maximum=int(most) if most >= 0 else None,
            pattern=pattern,
            least=self._whole(shape, "sh:minInclusive"),
            most=self._whole(shape, "sh:maxInclusive"),
            shortest=self._whole(shape, "sh:minLength") or 0,
            longest=self._whole(shape, "sh:maxLength"),
            one_per_language=any(str(term.value) == "true" for term in self._values(shape, "sh:uniqueLang")),
        )

    def _editor(self, shape: ox.NamedNode, path: str, datatype: str, choices: tuple[Choice, ...]) -> Editor:
        named = next((str(term.value).rpartition("#")[2] for term in self._values(shape, "dash:editor")), "")
        if named in _EDITORS:
            return _EDITORS[named]
        if choices:
            return Editor.choice
        if path in _BY_PATH:
            return _BY_PATH[path]
        if datatype in _BY_DATATYPE:
            return _BY_DATATYPE[datatype]
        kinds = {str(term.value).rpartition("#")[2] for term in self._values(shape, "sh:nodeKind")}
        return Editor.thing if "IRI" in kinds or any(self._classes([shape])) else Editor.text

    def _classes(self, shapes: Iterable[ox.NamedNode]) -> Iterator[str]:
        for shape in shapes:
            yield from (str(term.value) for term in self._values(shape, "sh:class"))
            for either in self._values(shape, "sh:or"):
                for each in self._list(either):
                    yield from (str(term.value) for term in self._values(each, "sh:class"))

    def _choices(self, shape: ox.NamedNode, path: str, lists: list[Term]) -> tuple[Choice, ...]:
        listed = [each for start in self._values(shape, "sh:in") for each in self._list(start)]
        if listed:
            return tuple(Choice(str(each.value), self._called(each)) for each in listed)
        tops = list(self._values(shape, "dcterms:conformsTo"))
        if path == _V["dcterms"] + "type" and lists:
            tops = lists  # the class says which branch of all kinds is its own
        found: list[Choice] = []
        for top in tops:
            if isinstance(top, ox.NamedNode):
                roots = {quad.subject for quad in self._quads(None, "skos:topConceptOf", top)}
                roots = roots or {quad.subject for quad in self._quads(None, "skos:broader", top)}
                found += self._tree(roots, 0)
        return tuple(found)

    def _tree(self, nodes: Iterable[object], depth: int) -> Iterator[Choice]:
        named = [node for node in nodes if isinstance(node, ox.NamedNode)]
        for node in sorted(named, key=lambda node: self._called(node).casefold()):
            yield Choice(node.value, self._called(node), depth)
            if depth < 9:  # a circle in a vocabulary ends here
                yield from self._tree({quad.subject for quad in self._quads(None, "skos:broader", node)}, depth + 1)

    def _called(self, term: object) -> str:
        if not isinstance(term, ox.NamedNode):
            return str(getattr(term, "value", ""))
        return self._word(term, "skos:prefLabel") or self._word(term, "rdfs:label") or namespaces.short(term.value)

    def _above(self, cls: ox.NamedNode) -> list[ox.NamedNode]:
        found = [cls]
        for each in found:
            found += [
                term
                for term in self._values(each, "rdfs:subClassOf")
                if isinstance(term, ox.NamedNode) and term not in found
            ]
        return found

    def _word(self, node: object, predicate: str) -> str:
        """What a node is called in our language, else in English, else in any; in the interface's words."""
        said = {t.language or "": t.value for t in self._values(node, predicate) if isinstance(t, ox.Literal)}
        return said.get(self._language) or said.get("en") or next(iter(said.values()), "")

    def _number(self, node: object, predicate: str, otherwise: float) -> float:
        return next((float(term.value) for term in self._values(node, predicate)), otherwise)

    def _whole(self, node: object, predicate: str) -> int | None:
        return next((int(term.value) for term in self._values(node, predicate)), None)

    def _values(self, node: object, predicate: str) -> list[Term]:
        if not isinstance(node, ox.NamedNode | ox.BlankNode):
            return []
        quads = self._store.quads_for_pattern(node, cells.short_iri(predicate), None, None)
        found = {quad.object for quad in quads if not isinstance(quad.object, ox.Triple)}
        return sorted(found, key=str)

    def _list(self, start: object) -> Iterator[Term]:
        while isinstance(start, ox.BlankNode):
            yield from self._values(start, "rdf:first")
            start = next(iter(self._values(start, "rdf:rest")), None)

    def _quads(self, subject: None, predicate: str, value: Term) -> Iterator[ox.Quad]:
        yield from self._store.quads_for_pattern(subject, cells.short_iri(predicate), value, None)
