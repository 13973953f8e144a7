"""A slice of the graph is judged as the whole is."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox
import pytest

from hrc_graph import namespaces, records, review, slices, validation
from hrc_graph.engine import snapshots
from hrc_graph.workspace import Workspace
from tests.test_cli import BREAKAGES, HEAD
from tests.test_validation import key, shapes

BASE = namespaces.BASE


@dataclass(frozen=True, slots=True)
class Broken:
    """The shipped data with every breakage, each in a graph of its own, and the report of all of it."""

    store: ox.Store
    subjects: dict[str, set[str]]
    report: set[tuple[str, str, str, str, str]]


@pytest.fixture(scope="module")
def broken(workspace: Workspace) -> Broken:
    texts = {name: (HEAD + text).encode() for name, text in BREAKAGES.items()}
    triples = {name: records.read(text, base=BASE, name=name) for name, text in texts.items()}
    extra = {f"broken/{number}": each for number, each in enumerate(triples.values())}
    store = snapshots.load(workspace.files, base=BASE, extra=extra)
    return Broken(
        store, {name: subjects(each) for name, each in triples.items()}, key(review.judge_records(store, workspace))
    )


def subjects(triples: list[ox.Triple]) -> set[str]:
    return {triple.subject.value for triple in triples if isinstance(triple.subject, ox.NamedNode)}


@pytest.mark.slow
def test_the_report_of_each_fiftieth_dossier_is_that_of_the_whole_graph(workspace: Workspace, store: ox.Store) -> None:
    whole = key(review.judge_records(store, workspace))
    rules, model = validation.Rules(shapes()), slices.model(store, base=BASE)
    apart = {ox.NamedNode(f"{BASE}graph/{name}") for name in ("shapes", "derived/claims")}
    for name, path in list(workspace.files.dossiers().items())[::50]:
        focus = subjects(records.read(path.read_bytes(), base=BASE, name=name))
        near = [quad for quad in slices.near(store, focus) if quad.graph_name not in apart]
        part = key(rules.judge(near, focus, model))
        assert part == {result for result in whole if result[1] in focus}, name


@pytest.mark.slow
@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_report_of_a_breakage_is_that_of_the_whole_graph(
    workspace: Workspace, broken: Broken, breakage: str
) -> None:
    focus = broken.subjects[breakage]
    part = key(review.judge_records(broken.store, workspace, focus=focus))
    assert part == {result for result in broken.report if result[1] in focus}
    assert part


def test_a_country_is_judged_without_the_others_of_its_continent(store: ox.Store) -> None:
    near = slices.near(store, [BASE + "id/place/kr"])
    about = {quad.subject.value for quad in near if isinstance(quad.subject, ox.NamedNode)}
    assert BASE + "id/place/asia" in about
    assert BASE + "id/place/id" not in about


def test_a_slice_is_small(store: ox.Store) -> None:
    quads = slices.around(store, [BASE + "id/gov/id-lahat"], base=BASE)
    assert len(quads) < len(store) / 2
    assert ox.NamedNode(BASE + "graph/governments/id/lahat") in {quad.graph_name for quad in quads}
