"""Judges a graph by the shapes. The only file that knows the SHACL engines.

pySHACL is the judge of record. pyshacl-turbo has the same interface and is many times faster; it judges
by default where it is installed, and a test holds its reports against pySHACL's. Their report texts are
unfit for people and drop the language of messages that fill in values, so messages are looked up in
the shapes again, by template.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import RDF, SH, XSD
from rdflib.term import Node

from hrc_graph.errors import EngineFailure
from hrc_graph.settings import Judge

if TYPE_CHECKING:
    from rdflib.plugins.sparql.sparql import Query

Keep = Callable[[str], bool]
"""Whether results about this focus node are wanted."""

_XSD_STRING = str(XSD.string)
_PLACEHOLDER = re.compile(r"\\\{\\[?$]\w+\\\}")  # as re.escape leaves `{?name}`


@dataclass(frozen=True, slots=True)
class Result:
    """One thing the shapes have to say, with where it stands."""

    severity: str
    """`Violation`, `Warning` or `Info`."""
    focus: str
    path: str
    value: str
    messages: dict[str, str]
    """By language; "" for a message without one."""
    shape: str
    file: str = ""
    line: int = 0

    def message(self, language: str) -> str:
        """The message in a language, else in English, else whatever there is."""
        return self.messages.get(language) or self.messages.get("en") or next(iter(self.messages.values()), "")


@dataclass(frozen=True, slots=True)
class Report:
    """What the shapes say of a graph. It conforms when nothing is a violation."""

    results: tuple[Result, ...]
    graph: Graph = field(repr=False, compare=False)
    """The SHACL validation report as RDF."""

    @property
    def conforms(self) -> bool:
        """True when no result is a violation; warnings and wishes do not count."""
        return not self.of("Violation")

    def of(self, severity: str) -> list[Result]:
        """The results of one severity."""
        return [result for result in self.results if result.severity == severity]


class _JudgedGraph(Graph):
    """A graph that parses each SPARQL rule once: pySHACL asks the same text again for every node."""

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Any:
        prepared = _prepared(query_object) if isinstance(query_object, str) else query_object
        return super().query(prepared, *args, **kwargs)


@lru_cache(maxsize=1024)
def _prepared(text: str) -> Query:
    from rdflib.plugins.sparql import prepareQuery  # here: it takes a tenth of a second, and a server may never judge

    return prepareQuery(text)


def to_rdflib(quads: Iterable[ox.Quad | ox.Triple], graph: Graph | None = None) -> Graph:
    """The triples in rdflib's terms; `xsd:string` becomes the plain literal that SHACL engines compare with."""
    graph = _JudgedGraph(bind_namespaces="none") if graph is None else graph
    for quad in quads:
        graph.add((_node(quad.subject), _node(quad.predicate), _node(quad.object)))
    return graph


@lru_cache(maxsize=65536)
def _node(term: ox.NamedNode | ox.BlankNode | ox.Literal) -> Node:
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    if term.language:
        return Literal(term.value, lang=term.language)
    datatype = term.datatype.value
    return Literal(term.value, datatype=None if datatype == _XSD_STRING else URIRef(datatype), normalize=False)


def fastest() -> Judge:
    """The fastest engine that is installed here: turbo has no build for some systems."""
    return Judge.turbo if importlib.util.find_spec("pyshacl_turbo") else Judge.pyshacl


def judge(data: Graph, shapes: Graph, keep: Keep = lambda _focus: True, engine: Judge | None = None) -> Report:
    """Judge a graph that already holds the ontology and everything derived; `keep` chooses the focus nodes to report.

    Raises `EngineFailure` when the engine cannot judge at all.
    """
    turbo = (engine or fastest()) is Judge.turbo
    module = importlib.import_module("pyshacl_turbo" if turbo else "pyshacl")
    # pySHACL copies the graph unless it may work in place; turbo copies it back when it does
    options = {"inplace": not turbo, "do_owl_imports": False, "advanced": False}
    try:
        _, report, _ = module.validate(data, shacl_graph=shapes, **options)
    except (module.errors.ReportableRuntimeError, module.errors.ValidationFailure) as error:
        raise EngineFailure(f"The shapes could not be applied: {error}", "Check ontology/shapes.ttl.") from error
    if not isinstance(report, Graph):
        raise EngineFailure(f"The shapes could not be applied: {report}", "Check ontology/shapes.ttl.")
    return _report(report, shapes, keep)


class Rules:
    """Shapes that have been read once, to judge some nodes again and again."""

    def __init__(self, shapes: Graph, engine: Judge | None = None) -> None:
        self._shapes = shapes
        self._compiled: Any = None
        if (engine or fastest()) is Judge.turbo:
            self._turbo = importlib.import_module("pyshacl_turbo")
            self._compiled = self._turbo.compile_shapes(shapes)

    def judge(self, quads: Iterable[ox.Quad], focus: Collection[str], model: Iterable[ox.Quad] = ()) -> Report:
        """The judgement of these nodes by what `quads` say, the ontology and everything derived among them.

        The ontology may be told apart, as a `model` without graphs, by who judges often.

        Raises `EngineFailure` when the engine cannot judge at all.
        """
        if self._compiled is None:
            return judge(to_rdflib([*model, *quads]), self._shapes, lambda node: node in focus, Judge.pyshacl)
        data = ox.Store()
        data.extend([*model, *(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in quads)])
        try:
            _, report, _ = self._compiled.validate(data, focus_nodes=[URIRef(iri) for iri in focus])
        except (RuntimeError, self._turbo.ValidationFailure) as error:
            raise EngineFailure(f"The shapes could not be applied: {error}", "Check ontology/shapes.ttl.") from error
        return _report(report, self._shapes, lambda node: node in focus)


def _report(report: Graph, shapes: Graph, keep: Keep) -> Report:
    results = [_result(report, node, shapes) for node in report.objects(None, SH.result)]
    once = {(r.focus, r.path, r.value, r.shape): r for r in results}  # two constraints of a shape may say the same
    kept = [result for result in once.values() if keep(result.focus)]
    order = {"Violation": 0, "Warning": 1, "Info": 2}
    kept.sort(key=lambda r: (order.get(r.severity, 3), r.focus, r.path, r.shape, r.value))
    return Report(tuple(kept), report)


def _result(report: Graph, node: Node, shapes: Graph) -> Result:
    shape = report.value(node, SH.sourceShape)
    constraint = report.value(node, SH.sourceConstraint)
    said = [str(message) for message in report.objects(node, SH.resultMessage)]
    templates = list(shapes.objects(constraint, SH.message)) if constraint is not None else []
    templates = templates or list(shapes.objects(shape, SH.message))
    path = report.value(node, SH.resultPath)
    value = report.value(node, SH.value)
    return Result(
        severity=str(report.value(node, SH.resultSeverity)).rpartition("#")[2],
        focus=str(report.value(node, SH.focusNode)),
        path="" if path is None else _path(report, path),
        value="" if value is None else str(value),
        messages=_in_languages(said, templates),
        shape=str(shape),
    )


def _in_languages(said: list[str], templates: list[Node]) -> dict[str, str]:
    found: dict[str, str] = {}
    for template in templates:
        language = getattr(template, "language", None) or ""
        pattern = re.compile(_PLACEHOLDER.sub("(.*)", re.escape(str(template))) + r"\Z", re.DOTALL)
        match = next((message for message in said if pattern.match(message)), None)
        if match is not None:
            found[language] = match
    return found or dict.fromkeys([""], said[0] if said else "")


def _path(report: Graph, path: Node) -> str:
    if isinstance(path, URIRef):
        return str(path)
    steps = []
    while path and path != RDF.nil:
        first = report.value(path, RDF.first)
        if first is None:
            return "(complex path)"
        steps.append(str(first))
        path = report.value(path, RDF.rest) or RDF.nil
    return " / ".join(steps)
