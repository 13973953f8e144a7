"""What is computed from the files, and never typed: shown values, claims, date bounds.

Five graphs come out, each of them the same for the same files:

- `derived/values`: for a property that has written claims, the value that readers see: preferred
  claims if there are any, else the normal ones; among dates that agree, the narrowest; never a
  deprecated one. Contraries that nobody has decided are all shown.
- `derived/claims`: a claim for every other statement that must rest on evidence, citing what its
  subject cites.
- `derived/dates`: the earliest and latest day of whatever has a date, so that queries can compare.
- `derived/links`: the treaty articles and goals of a theme's broader themes, which are its own too.
- `derived/counts`: how many governments, and how many other bodies, stand under a text, campaign or wave.

Ranks as in Wikibase's RDF mapping; the reasons are in the ontology's change notes.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

import pyoxigraph as ox

from hrc_graph import dates, namespaces, records
from hrc_graph.errors import BadDate

_V = namespaces.VOCABULARY


def _term(prefix: str, local: str) -> ox.NamedNode:
    return ox.NamedNode(_V[prefix] + local)


_TYPE = _term("rdf", "type")
_SUBJECT, _PREDICATE, _OBJECT = _term("rdf", "subject"), _term("rdf", "predicate"), _term("rdf", "object")
_CLAIM, _CLAIMABLE, _CITES = _term("hrc", "Claim"), _term("hrc", "claimable"), _term("hrc", "cites")
_DATE, _DUE, _MATTER = _term("hrc", "date"), _term("hrc", "due"), _term("hrc", "matter")
_EARLIEST, _LATEST = _term("hrc", "earliest"), _term("hrc", "latest")
_RANK = _term("wikibase", "rank")
_PREFERRED, _NORMAL = _term("wikibase", "PreferredRank"), _term("wikibase", "NormalRank")
_DUE_CLASSES = (_term("hrc", "Wave"), _term("hrc", "Target"))
_BROADER, _RELATED = _term("skos", "broader"), _term("skos", "relatedMatch")
_GOVERNMENT, _COMMITMENT = _term("hrc", "LocalGovernment"), _term("hrc", "Commitment")
_ACTOR, _UNDER, _IN_WAVE = _term("hrc", "actor"), _term("hrc", "under"), _term("hrc", "inWave")
_GOVERNMENT_COUNT, _BODY_COUNT = _term("hrc", "governmentCount"), _term("hrc", "otherBodyCount")
_INTEGER = _term("xsd", "integer")
_EDTF, _XSD_DATE = _term("edtf", "EDTF"), _term("xsd", "date")
_LINKED = frozenset((_BROADER, _RELATED))
_COUNTED = frozenset((_TYPE, _ACTOR, _UNDER, _IN_WAVE))
"""The properties behind the links and the counts, which are made anew when a statement of one of these changes."""

Nodes = Collection[ox.NamedNode] | tuple[None]
"""Some nodes, or with None alone whatever there is."""

Statement = tuple[ox.NamedNode, ox.NamedNode, str]
"""A subject, a property, and for remarks the matter they speak about: each is decided by itself."""


def derive(store: ox.Store, *, base: str) -> Iterator[ox.Quad]:
    """The quads that follow from a store of the files' graphs; the store itself is left as it is.

    A date that cannot be read gives no bounds: saying so is validation's task.
    """
    files = _Files(store, base)
    yield from _about(files, (None,))
    yield from _in_graph("links", _inherited_links(files), base)
    yield from _in_graph("counts", _counts(files), base)


def again(store: ox.Store, changed: Collection[ox.Quad], *, base: str) -> tuple[set[ox.Quad], set[ox.Quad]]:
    """What is derived and has to go, and what has to come, after quads of the files came into a store or went.

    The store holds the files' graphs as they are now, and what was derived before.
    """
    files = _Files(store, base)
    predicates = {quad.predicate for quad in changed}
    if _CLAIMABLE in predicates:
        old = {quad for quad in store if quad.graph_name in files.derived}
        new = set(derive(store, base=base))
        return old - new, new - old
    nodes = {quad.subject for quad in changed if isinstance(quad.subject, ox.NamedNode)}
    nodes |= {quad.object for quad in changed if quad.predicate == _SUBJECT and isinstance(quad.object, ox.NamedNode)}
    nodes |= {
        value
        for node in tuple(nodes)
        for _, _, value in files.statements(node, _SUBJECT)
        if isinstance(value, ox.NamedNode)
    }
    old, new = set(_derived_about(files, nodes)), set(_about(files, nodes))
    for name, parts, made in (("links", _LINKED, _inherited_links), ("counts", _COUNTED, _counts)):
        if not parts.isdisjoint(predicates):
            old |= set(store.quads_for_pattern(None, None, None, _graph(name, base)))
            new |= set(_in_graph(name, made(files), base))
    return old - new, new - old


class _Files:
    """The statements of the files' graphs in a store that may hold derived ones too."""

    def __init__(self, store: ox.Store, base: str) -> None:
        self.store = store
        self.base = base
        self.derived = frozenset(_graph(name, base) for name in ("values", "claims", "dates", "links", "counts"))

    def statements(
        self,
        subject: ox.NamedNode | None = None,
        predicate: ox.NamedNode | None = None,
        value: ox.NamedNode | None = None,
    ) -> Iterator[tuple[ox.NamedNode, ox.NamedNode, records.Term]]:
        """The statements of a pattern about named things, once each graph that makes them."""
        for quad in self.store.quads_for_pattern(subject, predicate, value, None):
            if (
                isinstance(quad.subject, ox.NamedNode)
                and not isinstance(quad.object, ox.Triple)
                and quad.graph_name not in self.derived
            ):
                yield quad.subject, quad.predicate, quad.object

    def is_a(self, node: ox.NamedNode, kind: ox.NamedNode) -> bool:
        return next(self.statements(node, _TYPE, kind), None) is not None


def _about(files: _Files, nodes: Nodes) -> Iterator[ox.Quad]:
    """The shown values, claims and date bounds of some nodes."""
    written = _written_claims(files, nodes)
    values = [
        (subject, predicate, value) for (subject, predicate, _), claims in written.items() for value in shown(claims)
    ]
    yield from _in_graph("values", (ox.Triple(*value) for value in values), files.base)
    yield from _in_graph("claims", _generated_claims(files, nodes, written), files.base)
    yield from _in_graph("dates", _all_bounds(files, nodes, values), files.base)


def _derived_about(files: _Files, nodes: Collection[ox.NamedNode]) -> Iterator[ox.Quad]:
    """What a store holds of what `_about` gives."""
    values, claims, dates = (_graph(name, files.base) for name in ("values", "claims", "dates"))
    for node in nodes:
        yield from files.store.quads_for_pattern(node, None, None, values)
        yield from files.store.quads_for_pattern(node, None, None, dates)
        for claim in list(files.store.quads_for_pattern(None, _SUBJECT, node, claims)):
            yield from files.store.quads_for_pattern(claim.subject, None, None, claims)


def _graph(name: str, base: str) -> ox.NamedNode:
    return ox.NamedNode(f"{base}graph/derived/{name}")


def _in_graph(name: str, triples: Iterable[ox.Triple], base: str) -> Iterator[ox.Quad]:
    graph = _graph(name, base)
    for triple in triples:
        yield ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def _written_claims(files: _Files, nodes: Nodes) -> dict[Statement, list[tuple[records.Term, records.Term]]]:
    """For each claimed subject and property, the claimed values with their ranks, in a fixed order."""
    found: dict[Statement, list[tuple[records.Term, records.Term]]] = defaultdict(list)
    about = (claim for node in nodes for claim, _, _ in files.statements(None, _SUBJECT, node))
    for claim in sorted({claim.value for claim in about if files.is_a(claim, _CLAIM)}):
        node = ox.NamedNode(claim)
        parts = [
            [value for _, _, value in files.statements(node, part)] for part in (_SUBJECT, _PREDICATE, _OBJECT, _RANK)
        ]
        if all(len(part) == 1 for part in parts):  # anything else breaks the shape of claims, which says so
            subject, predicate, value, rank = (part[0] for part in parts)
            if isinstance(subject, ox.NamedNode) and isinstance(predicate, ox.NamedNode):
                matters = sorted(str(matter.value).casefold() for _, _, matter in files.statements(node, _MATTER))
                found[subject, predicate, " ".join(matters)].append((value, rank))
    return found


def shown(claims: list[tuple[records.Term, records.Term]]) -> list[records.Term]:
    """The values that readers see of claims about one detail, given with their ranks."""
    preferred = [value for value, rank in claims if rank == _PREFERRED]
    candidates = dict.fromkeys(preferred or [value for value, rank in claims if rank == _NORMAL])
    return [value for value in candidates if not any(_narrower(other, value) for other in candidates)]


def _narrower(one: records.Term, other: records.Term) -> bool:
    """Whether one date says the same as the other, but more exactly, or as exactly and without a doubt."""
    first, second = _bounds(one), _bounds(other)
    if first is None or second is None or one == other or not first.within(second):
        return False
    return first != second or (str(other.value)[-1] in "?~%" and str(one.value)[-1] not in "?~%")


def _bounds(term: records.Term) -> dates.Bounds | None:
    if not isinstance(term, ox.Literal) or term.datatype != _EDTF:
        return None
    try:
        return dates.bounds(term.value)
    except BadDate:
        return None


def _generated_claims(files: _Files, nodes: Nodes, written: Iterable[Statement]) -> Iterator[ox.Triple]:
    claimable = {marked for marked, _, _ in files.statements(None, _CLAIMABLE)}
    spoken_for = {(subject, predicate) for subject, predicate, _ in written}
    citations: dict[ox.NamedNode, list[ox.NamedNode]] = defaultdict(list)
    for wanted in nodes:
        for node, _, citation in files.statements(wanted, _CITES):
            if isinstance(citation, ox.NamedNode):
                citations[node].append(citation)
    for node, cited in citations.items():
        if files.is_a(node, _CLAIM):
            continue
        for _, predicate, value in files.statements(node):
            if predicate in claimable and (node, predicate) not in spoken_for:
                claim = records.claim_iri(ox.Triple(node, predicate, value), cited, base=files.base)
                yield ox.Triple(claim, _TYPE, _CLAIM)
                yield ox.Triple(claim, _SUBJECT, node)
                yield ox.Triple(claim, _PREDICATE, predicate)
                yield ox.Triple(claim, _OBJECT, value)
                yield ox.Triple(claim, _RANK, _NORMAL)
                yield from (ox.Triple(claim, _CITES, citation) for citation in cited)
                yield from _days(claim, value)


def _all_bounds(
    files: _Files, nodes: Nodes, values: list[tuple[ox.NamedNode, ox.NamedNode, records.Term]]
) -> Iterator[ox.Triple]:
    said = (found for wanted in nodes for part in (_DATE, _DUE) for found in files.statements(wanted, part))
    for node, predicate, date in itertools.chain(said, values):
        if predicate == _DATE or (predicate == _DUE and any(files.is_a(node, kind) for kind in _DUE_CLASSES)):
            yield from _days(node, date)
    for wanted in nodes:
        for claim, _, value in files.statements(wanted, _OBJECT):
            yield from _days(claim, value)


def _inherited_links(files: _Files) -> Iterator[ox.Triple]:
    broader = {node: value for node, _, value in files.statements(None, _BROADER)}
    for theme in broader:
        own = {value for _, _, value in files.statements(theme, _RELATED)}
        seen, above = {theme}, broader.get(theme)
        while isinstance(above, ox.NamedNode) and above not in seen:
            seen.add(above)
            for _, _, value in files.statements(above, _RELATED):
                if value not in own:
                    own.add(value)
                    yield ox.Triple(theme, _RELATED, value)
            above = broader.get(above)


def _counts(files: _Files) -> Iterator[ox.Triple]:
    governments = {node for node, _, _ in files.statements(None, _TYPE, _GOVERNMENT)}
    bodies: dict[ox.NamedNode, set[records.Term]] = defaultdict(set)
    for act, _, _ in list(files.statements(None, _TYPE, _COMMITMENT)):
        actors = {value for _, _, value in files.statements(act, _ACTOR)}
        for joined in (_UNDER, _IN_WAVE):
            for _, _, value in files.statements(act, joined):
                if isinstance(value, ox.NamedNode):
                    bodies[value] |= actors
    for thing, actors in bodies.items():
        ours = sum(actor in governments for actor in actors)
        yield ox.Triple(thing, _GOVERNMENT_COUNT, ox.Literal(str(ours), datatype=_INTEGER))
        yield ox.Triple(thing, _BODY_COUNT, ox.Literal(str(len(actors) - ours), datatype=_INTEGER))


def _days(node: ox.NamedNode, date: records.Term) -> Iterator[ox.Triple]:
    found = _bounds(date)
    if found and found.earliest:
        yield ox.Triple(node, _EARLIEST, ox.Literal(found.earliest.isoformat(), datatype=_XSD_DATE))
    if found and found.latest:
        yield ox.Triple(node, _LATEST, ox.Literal(found.latest.isoformat(), datatype=_XSD_DATE))
