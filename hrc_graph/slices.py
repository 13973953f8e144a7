"""What the shapes look at when they judge some nodes: a slice of the graph that gives the same report.

A rule can look from a node along its statements as far as they lead, at whatever points to it, and at
its siblings: acts of the same body, parts of the same whole, bearers of the same code. A test holds the
reports of slices against those of the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from hrc_graph import namespaces

_FAR = 6
"""So many steps along statements; the longest path of a rule has four."""
_V = namespaces.VOCABULARY
_SHARED = frozenset(
    ox.NamedNode(_V[prefix] + local)
    for prefix, local in (
        ("hrc", "actor"),
        ("hrc", "recipient"),
        ("hrc", "representedBy"),
        ("hrc", "partOf"),
        ("rdf", "subject"),
        ("skos", "notation"),
    )
)
"""The properties by which rules compare siblings: doubled acts and awards, ordinals, codes, rival claims."""


def around(store: ox.Store, focus: Iterable[str], *, base: str) -> list[ox.Quad]:
    """The quads that the shapes look at for these nodes, with the whole ontology."""
    nodes = {ox.NamedNode(iri) for iri in focus}
    near = nodes | _pointing(store, nodes)
    beside = {
        sibling
        for node in nodes
        for quad in store.quads_for_pattern(node, None, None, None)
        for sibling in _siblings(store, quad)
    }
    wanted = near | beside
    edge = wanted
    for _ in range(_FAR):
        edge = {
            quad.object
            for node in edge
            for quad in store.quads_for_pattern(node, None, None, None)
            if isinstance(quad.object, ox.NamedNode)
        } - wanted
        wanted |= edge
    quads = [quad for node in wanted for quad in store.quads_for_pattern(node, None, None, None)]
    graphs = [graph for graph in store.named_graphs() if str(graph.value).startswith(_model(base))]
    return [*quads, *(quad for graph in graphs for quad in store.quads_for_pattern(None, None, None, graph))]


def _model(base: str) -> tuple[str, ...]:
    return (f"{base}graph/ontology", f"{base}graph/vocabularies/")


def _pointing(store: ox.Store, nodes: set[ox.NamedNode]) -> set[ox.NamedNode]:
    found = (quad.subject for node in nodes for quad in store.quads_for_pattern(None, None, node, None))
    return {node for node in found if isinstance(node, ox.NamedNode)}


def _siblings(store: ox.Store, quad: ox.Quad) -> Iterator[ox.NamedNode]:
    """What has the same value for one of the shared properties."""
    if quad.predicate in _SHARED:
        for other in store.quads_for_pattern(None, quad.predicate, quad.object, None):
            if isinstance(other.subject, ox.NamedNode):
                yield other.subject
