"""What changed dossiers would say, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from hrc_graph import records
from hrc_graph.proposals.ground import Ground


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes would say anew and what they would say no more."""

    added: tuple[ox.Triple, ...]
    removed: tuple[ox.Triple, ...]


def difference(changed: Mapping[str, bytes | None], ground: Ground) -> Difference:
    """What changed dossiers say anew and no more, in the order of reading."""
    added: list[ox.Triple] = []
    removed: list[ox.Triple] = []
    for name, text in sorted(changed.items()):
        graph = ox.NamedNode(f"{ground.base}graph/{name}")
        before = {quad.triple for quad in ground.store.quads_for_pattern(None, None, None, graph)}
        after = records.read(text or b"", base=ground.base, name=name)
        added += [triple for triple in after if triple not in before]
        removed += sorted(before - set(after), key=str)
    return Difference(tuple(added), tuple(removed))
