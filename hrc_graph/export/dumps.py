"""The whole snapshot as RDF files, each written as a stream from sorted N-Quads.

The sort keeps all that is said of a subject together, so no more than one subject is held in memory.
Source: RDF Dataset Canonicalization, W3C Recommendation of 21 May 2024 (RDFC-1.0).
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import pyoxigraph as ox

from hrc_graph import namespaces

CANONICAL = "hrcity.nq"
BATCH = 2_000
"""So many lines are passed on together."""

_UNNAMED = re.compile(rb'(?:<[^>]*> <[^>]*> )?_:|.* _:[^\s"<>]+ \.$')
"""A line with a blank node; one inside a literal is followed by the quote that ends it."""
_TYPE, _SUBJECT, _PREDICATE, _OBJECT, _REIFIES = (
    ox.NamedNode(namespaces.VOCABULARY["rdf"] + name) for name in ("type", "subject", "predicate", "object", "reifies")
)
_CLAIM = ox.NamedNode(namespaces.DEF + "Claim")

Statement = ox.Quad | ox.Triple


class Sink(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes) -> int:
        """Write them all."""

    def flush(self) -> None:
        """Nothing has to be done."""


def canonical(quads: Path) -> Iterator[list[bytes]]:
    """The lines of a sorted N-Quads file in canonical form (RDFC-1.0), so many at a time that calls cost little.

    The labels of blank nodes depend on the quads that have some and on no other, so these alone are held in memory.
    """
    with quads.open("rb") as file:
        unnamed = b"".join(line for line in file if _is_unnamed(line))
    dataset = ox.Dataset(ox.parse(unnamed, format=ox.RdfFormat.N_QUADS))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    labelled = ox.serialize(dataset, format=ox.RdfFormat.N_QUADS) or b""
    with quads.open("rb") as file:
        named = itertools.filterfalse(_is_unnamed, file)
        lines = heapq.merge(named, sorted(labelled.splitlines(keepends=True)))
        while batch := list(itertools.islice(lines, BATCH)):
            yield batch


def subjects(quads: Path) -> Iterator[list[ox.Quad]]:
    """What is said of each subject, graph by graph, from sorted N-Quads."""
    parsed = ox.parse(path=quads, format=ox.RdfFormat.N_QUADS)
    for _, said in itertools.groupby(parsed, key=lambda quad: quad.subject):
        yield sorted(said, key=lambda quad: str(quad.graph_name))


def by_graph(quads: Path) -> Iterator[ox.Quad]:
    """Every quad; what one graph says of a subject stands together."""
    return itertools.chain.from_iterable(subjects(quads))


def union(quads: Path) -> Iterator[ox.Triple]:
    """Every triple of the default graph, once."""
    for said in subjects(quads):
        yield from _once(said)


def claims(quads: Path) -> Iterator[ox.Triple]:
    """Every claim as a reifier of RDF 1.2: what is claimed is a triple term, the rest is said of the claim."""
    for said in subjects(quads):
        found = {triple.predicate: triple.object for triple in said}
        of_a_claim = _TYPE in found and any(triple.object == _CLAIM for triple in said)
        if of_a_claim and {_SUBJECT, _PREDICATE, _OBJECT} <= found.keys():
            subject, predicate = found[_SUBJECT], found[_PREDICATE]
            assert isinstance(subject, ox.NamedNode)
            assert isinstance(predicate, ox.NamedNode)
            claimed = ox.Triple(subject, predicate, found[_OBJECT])
            yield ox.Triple(said[0].subject, _REIFIES, claimed)
            for triple in _once(said):
                if triple.predicate not in (_SUBJECT, _PREDICATE, _OBJECT):
                    yield triple


def write(statements: Iterable[Statement], format: ox.RdfFormat, sink: Sink, base: str) -> None:
    """Write statements as they come; the same ones give the same bytes in every process."""
    named = format in (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG)
    prefixes = namespaces.prefixes(base) if named or format == ox.RdfFormat.RDF_XML else None
    headed = _Headed(sink) if named else None
    ox.serialize(statements, headed or sink, format=format, prefixes=prefixes)  # type: ignore[arg-type]
    if headed:
        headed.close()


def _is_unnamed(line: bytes) -> bool:
    return b"_:" in line and _UNNAMED.match(line) is not None


def _once(said: Iterable[ox.Quad]) -> Iterable[ox.Triple]:
    return dict.fromkeys(quad.triple for quad in said)


class _Headed:
    """Passes Turtle on with its prefixes in order: the serializer writes them as a hash table has them."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._head: bytes | None = b""

    def write(self, data: bytes) -> int:
        if self._head is None:
            return self._sink.write(data)
        self._head += data
        if any(not b"@prefix ".startswith(line[:8]) for line in self._head.splitlines()):  # the prefixes have ended
            self.close()
        return len(data)

    def flush(self) -> None:
        """Nothing has to be done."""

    def close(self) -> None:
        """Write what was held back."""
        if self._head is not None:
            lines = self._head.splitlines(keepends=True)
            head = list(itertools.takewhile(lambda line: line.startswith(b"@prefix "), lines))
            self._sink.write(b"".join([*sorted(head), *lines[len(head) :]]))
            self._head = None
