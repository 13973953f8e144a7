"""JSON-LD with the context of the ontology, written as a stream: one graph, one subject at a time.

Source: JSON-LD 1.1, W3C Recommendation of 16 July 2020; what is written expands to the same quads.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.export.dumps import Sink

_TYPE = namespaces.VOCABULARY["rdf"] + "type"
_STRING = namespaces.VOCABULARY["xsd"] + "string"

Said = ox.NamedNode | ox.BlankNode | ox.Literal


class Context:
    """A context that has prefixes, terms named by prefix, and their coercions."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text("utf-8")
        entries = json.loads(self.text)["@context"]
        self._prefixes = {name: iri for name, iri in entries.items() if isinstance(iri, str)}
        terms = {name: about for name, about in entries.items() if isinstance(about, dict)}
        self._terms = {self._expanded(name): (name, about) for name, about in terms.items()}
        self.shortened = lru_cache(2**14)(self._shortened)

    def write(self, subjects: Iterable[list[ox.Quad]], sink: Sink) -> None:
        """Write quads, sorted by subject and graph, as a document."""
        context = json.dumps(json.loads(self.text)["@context"], ensure_ascii=False)
        sink.write(f'{{"@context":{context},\n"@graph":['.encode())
        comma = "\n"
        for said in subjects:
            for graph, of_graph in itertools.groupby(said, key=lambda quad: quad.graph_name):
                assert isinstance(graph, ox.NamedNode)
                named = {"@id": graph.value, "@graph": [self._node(list(of_graph))]}
                text = json.dumps(named, ensure_ascii=False, separators=(",", ":"))
                sink.write(f"{comma}{text}".encode())
                comma = ",\n"
        sink.write(b"\n]}\n")

    def _node(self, said: list[ox.Quad]) -> dict[str, Any]:
        node: dict[str, Any] = {"@id": _id(said[0].subject)}
        for predicate, quads in itertools.groupby(said, key=lambda quad: quad.predicate):
            values = [quad.object for quad in quads]
            if predicate.value == _TYPE:
                node["@type"] = _plain([self._iri(value) for value in values])
                continue
            name, about = self._terms.get(predicate.value, (self.shortened(predicate.value), {}))
            container = about.get("@container", ())
            if "@language" in container:
                worded = [value for value in values if isinstance(value, ox.Literal) and value.language]
                if worded:
                    node[name] = _by_language(worded, "@set" in container)
                values = [value for value in values if value not in worded]
                name = predicate.value  # as a whole IRI it is not the term, and has no container
                about = {}
            if values:
                node[name] = _plain([self._value(value, about.get("@type", "")) for value in values])
        return node

    def _value(self, value: object, coerced: str) -> Any:
        if not isinstance(value, ox.Literal):
            return self._iri(value) if coerced == "@id" else {"@id": self._iri(value)}
        if value.language:
            return {"@value": value.value, "@language": value.language}
        datatype = value.datatype.value
        if coerced and coerced != "@id" and self._expanded(coerced) == datatype:
            return value.value
        if datatype == _STRING:
            return {"@value": value.value} if coerced else value.value
        return {"@value": value.value, "@type": self.shortened(datatype)}

    def _iri(self, value: object) -> str:
        return self.shortened(value.value) if isinstance(value, ox.NamedNode) else _id(value)

    def _expanded(self, name: str) -> str:
        prefix, colon, local = name.partition(":")
        return self._prefixes[prefix] + local if colon and prefix in self._prefixes else name

    def _shortened(self, iri: str) -> str:
        found = [(len(space), prefix, space) for prefix, space in self._prefixes.items() if iri.startswith(space)]
        if not found:
            return iri
        _, prefix, space = max(found)
        local = iri.removeprefix(space)
        return iri if local.startswith("//") else f"{prefix}:{local}"


def _id(node: object) -> str:
    return node.value if isinstance(node, ox.NamedNode) else str(node)


def _plain(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _by_language(values: list[ox.Literal], as_set: bool) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for value in values:
        found.setdefault(value.language or "", []).append(value.value)
    return {language: texts if as_set else _plain(texts) for language, texts in found.items()}
