"""A slice of the graph is judged as the whole is."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from hrc_graph import namespaces, records, review, slices
from hrc_graph.engine import snapshots
from hrc_graph.workspace import Workspace
from tests.test_cli import BREAKAGES, HEAD
from tests.test_validation import key

BASE = namespaces.BASE


@pytest.mark.slow
def test_the_report_of_each_twentieth_dossier_is_that_of_the_whole_graph(workspace: Workspace, store: ox.Store) -> None:
    whole = review.judge_records(store, workspace)
    for name, path in list(workspace.files.dossiers().items())[::20]:
        focus = {
            triple.subject.value
            for triple in records.read(path.read_bytes(), base=BASE, name=name)
            if isinstance(triple.subject, ox.NamedNode)
        }
        part = review.judge_records(store, workspace, focus=focus)
        assert key(part) == {result for result in key(whole) if result[1] in focus}, name


@pytest.mark.slow
@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES.keys())
def test_the_report_of_a_breakage_is_that_of_the_whole_graph(workspace: Workspace, breakage: str) -> None:
    broken = records.read((HEAD + breakage).encode(), base=BASE, name="broken")
    store = snapshots.load(workspace.files, base=BASE, extra={"broken": broken})
    focus = {triple.subject.value for triple in broken if isinstance(triple.subject, ox.NamedNode)}
    whole = review.judge_records(store, workspace)
    part = review.judge_records(store, workspace, focus=focus)
    assert key(part) == {result for result in key(whole) if result[1] in focus}


def test_a_slice_is_small(store: ox.Store) -> None:
    quads = slices.around(store, [BASE + "id/gov/id-lahat"], base=BASE)
    assert len(quads) < len(store) / 2
    assert ox.NamedNode(BASE + "graph/governments/id/lahat") in {quad.graph_name for quad in quads}
