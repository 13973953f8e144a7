"""What a person decided once and is never asked again: same or not the same, and how a claim ranks.

Decisions are records of `data/decisions/`, so that the same tables give the same data again.
"""

from __future__ import annotations

import hashlib

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.tables.merging import RANK, TYPE, Dossiers

_V = namespaces.VOCABULARY
_DECISION = ox.NamedNode(_V["hrc"] + "Decision")
_SPELLING, _ABOUT = ox.NamedNode(_V["hrc"] + "spelling"), ox.NamedNode(_V["hrc"] + "about")
_REASON = ox.NamedNode(_V["hrc"] + "rankReason")
_KIND = ox.NamedNode(_V["dcterms"] + "type")
_SAME, _NEW = ox.NamedNode(_V["kind"] + "same"), ox.NamedNode(_V["kind"] + "not-same")


class Decisions:
    """The decisions of a workspace, and those taken on the way."""

    def __init__(self, store: ox.Store, base: str) -> None:
        self._base = base
        self._same: dict[tuple[str, str], ox.NamedNode | None] = {}
        self._ranks: dict[ox.NamedNode, dict[ox.NamedNode, ox.NamedNode]] = {}
        self._taken: dict[tuple[str, str], ox.NamedNode | None] = {}
        for quad in store.quads_for_pattern(None, TYPE, _DECISION, None):
            if isinstance(quad.subject, ox.NamedNode):
                self._read(store, quad.subject)

    def find(self, segment: str, spelling: str) -> tuple[bool, ox.NamedNode | None]:
        """Whether it was decided what a spelling in a sort of thing means, and which thing; None for a new one."""
        key = (segment, spelling)
        return key in self._same, self._same.get(key)

    def take(self, segment: str, spelling: str, same: ox.NamedNode | None) -> None:
        """Decide now; `write` remembers it."""
        if self.find(segment, spelling) != (True, same):
            self._same[segment, spelling] = self._taken[segment, spelling] = same

    def rank(self, claim: ox.NamedNode) -> dict[ox.NamedNode, ox.NamedNode] | None:
        """The rank and reason decided for a claim, if they were."""
        return self._ranks.get(claim)

    def write(self, dossiers: Dossiers) -> None:
        """Put the decisions taken on the way into `data/decisions/`."""
        for (segment, spelling), same in self._taken.items():
            name = hashlib.sha256(f"{segment} {spelling}".encode()).hexdigest()[:12]
            node = ox.NamedNode(f"{self._base}id/decision/{name}")
            graph = f"decisions/{segment}"
            if dossiers.has(node):  # somebody thought again
                dossiers.drop(node, _KIND)
                dossiers.drop(node, _ABOUT)
            dossiers.add(graph, node, TYPE, _DECISION)
            dossiers.add(graph, node, _KIND, _NEW if same is None else _SAME)
            dossiers.add(graph, node, _SPELLING, ox.Literal(spelling))
            if same is not None:
                dossiers.add(graph, node, _ABOUT, same)

    def _read(self, store: ox.Store, node: ox.NamedNode) -> None:
        def one(predicate: ox.NamedNode) -> ox.NamedNode | ox.Literal | None:
            quad = next(store.quads_for_pattern(node, predicate, None, None), None)
            return quad.object if quad and isinstance(quad.object, ox.NamedNode | ox.Literal) else None

        about, rank, reason, spelling = one(_ABOUT), one(RANK), one(_REASON), one(_SPELLING)
        if isinstance(rank, ox.NamedNode) and isinstance(about, ox.NamedNode):
            self._ranks[about] = {RANK: rank} | ({_REASON: reason} if isinstance(reason, ox.NamedNode) else {})
        elif isinstance(spelling, ox.Literal):
            graph = next(store.quads_for_pattern(node, TYPE, _DECISION, None)).graph_name
            segment = str(graph.value).rpartition("/")[2] if isinstance(graph, ox.NamedNode) else ""
            self._same[segment, spelling.value] = about if isinstance(about, ox.NamedNode) else None
