"""What the shapes look at when they judge some nodes: a slice of the graph that gives the same report.

A rule can look from a node along its statements as far as they lead, at whatever points to it, at its
siblings: acts of the same body, parts of the same whole, bearers of the same code; and at the changes
that ended a body or place it leads to. `reached` is the other way round: whose judgement a change of some
statements can alter. Tests hold the reports of slices against those of the whole graph.
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
_SEEN_FROM_AFAR = frozenset(
    ox.NamedNode(_V[prefix] + local)
    for prefix, local in (
        ("rdf", "type"),
        ("dcterms", "type"),
        ("hrc", "earliest"),
        ("hrc", "latest"),
        ("hrc", "partOf"),
        ("hrc", "primaryPlace"),
        ("hrc", "criteria"),
        ("hrc", "before"),
        ("hrc", "after"),
        ("hrc", "claimable"),
        ("skos", "broader"),
        ("skos", "inScheme"),
        ("schema", "valuePattern"),
    )
)
"""What rules ask of a thing that another one leads to. All else they ask of a thing only when they judge itself."""
_COMPARED = _SHARED | {
    ox.NamedNode(_V[prefix] + local)
    for prefix, local in (
        ("rdf", "type"),
        ("hrc", "ordinal"),
        ("hrc", "under"),
        ("hrc", "mode"),
        ("hrc", "programmeYear"),
    )
}
"""What decides whether siblings are alike."""
_BEFORE, _PRIMARY_PLACE = ox.NamedNode(_V["hrc"] + "before"), ox.NamedNode(_V["hrc"] + "primaryPlace")
_CRITERIA, _UNDER = ox.NamedNode(_V["hrc"] + "criteria"), ox.NamedNode(_V["hrc"] + "under")
_PART_OF, _SUBJECT = ox.NamedNode(_V["hrc"] + "partOf"), ox.NamedNode(_V["rdf"] + "subject")
_ORDINAL = ox.NamedNode(_V["hrc"] + "ordinal")


def around(store: ox.Store, focus: Iterable[str], *, base: str) -> list[ox.Quad]:
    """The quads that the shapes look at for these nodes, with the whole ontology."""
    return [*near(store, focus), *model(store, base=base)]


def model(store: ox.Store, *, base: str) -> list[ox.Quad]:
    """The ontology and its vocabularies, as quads without a graph."""
    graphs = [graph for graph in store.named_graphs() if str(graph.value).startswith(_model(base))]
    quads = (quad for graph in graphs for quad in store.quads_for_pattern(None, None, None, graph))
    return [ox.Quad(quad.subject, quad.predicate, quad.object) for quad in quads]


def near(store: ox.Store, focus: Iterable[str]) -> list[ox.Quad]:
    """The quads that the shapes look at for these nodes, beside the ontology."""
    nodes = {ox.NamedNode(iri) for iri in focus}
    linked = nodes | _pointing(store, nodes)
    beside = {
        sibling
        for node in nodes
        for quad in store.quads_for_pattern(node, None, None, None)
        for sibling in _siblings(store, quad)
    }
    wanted = linked | beside
    edge = wanted
    for _ in range(_FAR):
        edge = {
            quad.object
            for node in edge
            for quad in store.quads_for_pattern(node, None, None, None)
            if isinstance(quad.object, ox.NamedNode)
        } - wanted
        wanted |= edge
    ended = store.quads_for_pattern(None, _BEFORE, None, None)
    wanted |= {quad.subject for quad in ended if quad.object in wanted and isinstance(quad.subject, ox.NamedNode)}
    return [quad for node in wanted for quad in store.quads_for_pattern(node, None, None, None)]


def reached(store: ox.Store, changed: Iterable[ox.Quad]) -> set[str]:
    """The nodes whose judgement can be another since these quads came into the store or went."""
    found: set[ox.NamedNode] = set()
    afar: set[ox.NamedNode] = set()
    compared: set[ox.NamedNode] = set()
    ended: set[ox.NamedNode] = set()
    wholes: set[ox.NamedNode] = set()
    for quad in changed:
        if isinstance(quad.subject, ox.NamedNode) and not _only_repeats(quad):
            found.add(quad.subject)
            if quad.predicate in _SEEN_FROM_AFAR:
                afar.add(quad.subject)
            if quad.predicate in _COMPARED:
                compared.add(quad.subject)
                found.update(_siblings(store, quad))
            if quad.predicate == _SUBJECT and isinstance(quad.object, ox.NamedNode):
                found.add(quad.object)
            if quad.predicate == _BEFORE and isinstance(quad.object, ox.NamedNode):
                ended.add(quad.object)
            if quad.predicate == _PART_OF and isinstance(quad.object, ox.NamedNode):
                wholes.add(quad.object)
    for node in tuple(found):
        found |= _objects(store, node, _SUBJECT)
    for node in compared:
        for quad in store.quads_for_pattern(node, None, None, None):
            found.update(_siblings(store, quad))
    for node in afar:
        ended |= _objects(store, node, _BEFORE)
        wholes |= _objects(store, node, _PART_OF)
    while wholes:  # a circle of places is told of each of them
        found |= wholes
        wholes = {above for whole in wholes for above in _objects(store, whole, _PART_OF)} - found
    found |= _pointing(store, afar)
    found |= _pointing(store, _pointing(store, afar, _CRITERIA), _UNDER)
    found |= _pointing(store, ended | _pointing(store, ended, _PRIMARY_PLACE))
    return {node.value for node in found}


def _model(base: str) -> tuple[str, ...]:
    return (f"{base}graph/ontology", f"{base}graph/vocabularies/")


def _objects(store: ox.Store, node: ox.NamedNode, predicate: ox.NamedNode) -> set[ox.NamedNode]:
    found = (quad.object for quad in store.quads_for_pattern(node, predicate, None, None))
    return {value for value in found if isinstance(value, ox.NamedNode)}


def _pointing(
    store: ox.Store, nodes: Iterable[ox.NamedNode], predicate: ox.NamedNode | None = None
) -> set[ox.NamedNode]:
    """Whatever leads to these nodes, by one property or by any."""
    return {subject for node in nodes for subject in _subjects(store, predicate, node)}


def _siblings(store: ox.Store, quad: ox.Quad) -> Iterator[ox.NamedNode]:
    """What has the same value for one of the shared properties; of parts, those that have a position in the whole."""
    if quad.predicate in _SHARED:
        for subject in _subjects(store, quad.predicate, quad.object):
            # rules compare positions, and places have none: the countries of a continent would come with all their own
            if quad.predicate != _PART_OF or next(store.quads_for_pattern(subject, _ORDINAL, None, None), None):
                yield subject


def _subjects(
    store: ox.Store, predicate: ox.NamedNode | None, value: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
) -> Iterator[ox.NamedNode]:
    """What says so."""
    for quad in store.quads_for_pattern(None, predicate, value, None):
        if isinstance(quad.subject, ox.NamedNode) and not _only_repeats(quad):
            yield quad.subject


def _only_repeats(quad: ox.Quad) -> bool:
    """Whether it is of the claims that are made for each statement, and are not judged."""
    return str(quad.graph_name).endswith("/graph/derived/claims>")
