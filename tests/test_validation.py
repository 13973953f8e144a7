"""The shapes: each has a fixture that conforms and one that breaks it, and says so in words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import RDF, SH, Graph, Literal, URIRef

from hrc_graph import namespaces, records, validation
from hrc_graph.derive import derive
from hrc_graph.engine import snapshots
from hrc_graph.files import Files
from hrc_graph.review import review
from hrc_graph.settings import Judge
from hrc_graph.validation import Report
from hrc_graph.workspace import open_workspace
from tests.conftest import FIXTURES, ROOT
from tests.test_cli import BREAKAGES, HEAD

BASE, SHAPE = namespaces.BASE, namespaces.SHAPE
LANGUAGES = ("en", "id", "es", "fr")


@cache
def shapes() -> Graph:
    return validation.to_rdflib(records.read((ROOT / "ontology" / "shapes.ttl").read_bytes(), base=BASE, name="shapes"))


@cache
def model() -> list[ox.Quad]:
    """The ontology and vocabularies, without any data."""
    store = ox.Store()
    for name, path in Files(ROOT).graphs().items():
        if name.startswith(("ontology", "vocab")):
            triples = records.read(path.read_bytes(), base=BASE, name=name)
            store.extend(snapshots.in_graph(name, triples, base=BASE))
    return list(store)


@cache
def judged(path: Path) -> Report:
    """A fixture judged with the model and all that follows, but without the shipped data."""
    return validation.judge(judged_graph(path), shapes())


def judged_graph(path: Path) -> Graph:
    """A file's records with the model and all that follows."""
    store = ox.Store()
    store.extend(model())
    own = records.read(path.read_bytes(), base=BASE, name=path.name)
    store.extend(snapshots.in_graph("fixture", own, base=BASE))
    store.extend(list(derive(store, base=BASE)))
    derived_claims = ox.NamedNode(f"{BASE}graph/derived/claims")  # the product leaves them out as well
    return validation.to_rdflib(quad for quad in store if quad.graph_name != derived_claims)


def node_shapes() -> list[str]:
    return sorted(
        str(shape).removeprefix(SHAPE)
        for shape in set(shapes().subjects(RDF.type, SH.NodeShape))
        if isinstance(shape, URIRef) and any((shape, target, None) in shapes() for target in TARGETS)
    )


TARGETS = (SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf, SH.targetNode)


def parts(shape: str) -> set[str]:
    """A node shape and the property shapes it is made of."""
    node = URIRef(SHAPE + shape)
    return {str(node), *(str(part) for part in shapes().objects(node, SH.property))}


@pytest.mark.parametrize("shape", node_shapes())
def test_a_conforming_fixture_has_no_violation_and_nothing_from_its_shape(shape: str) -> None:
    report = judged(FIXTURES / "shapes" / f"{shape}.conforms.ttl")
    assert report.conforms, report.results
    assert [result for result in report.results if result.shape in parts(shape)] == []


@pytest.mark.parametrize("shape", node_shapes())
def test_a_breaking_fixture_is_caught_by_its_shape(shape: str) -> None:
    report = judged(FIXTURES / "shapes" / f"{shape}.breaks.ttl")
    assert {result.shape for result in report.results} & parts(shape)


def test_no_fixture_is_left_without_a_shape() -> None:
    named = {path.name.split(".")[0] for path in (FIXTURES / "shapes").glob("*.ttl")}
    assert named == set(node_shapes())


def test_every_property_shape_and_rule_is_broken_by_some_fixture() -> None:
    caught = {result.shape for path in (FIXTURES / "shapes").glob("*.breaks.ttl") for result in judged(path).results}
    reporting = {str(shape) for shape in shapes().subjects(RDF.type, SH.PropertyShape) if isinstance(shape, URIRef)}
    reporting |= {str(shape) for shape in shapes().subjects(SH.sparql, None)}
    assert reporting - caught == set()


def texts(predicate: URIRef) -> Iterator[tuple[str, str, set[str]]]:
    for shape in set(shapes().subjects(predicate, None)):
        spoken = {o.language or "" for o in shapes().objects(shape, predicate) if isinstance(o, Literal)}
        yield str(shape), predicate.rpartition("#")[2], spoken


def test_every_message_and_name_is_in_every_language_of_the_interface() -> None:
    gaps = [(shape, what) for predicate in (SH.message, SH.name) for shape, what, spoken in texts(predicate)
            if spoken != set(LANGUAGES)]  # fmt: skip
    assert gaps == []


def test_every_property_shape_has_a_name_and_a_message() -> None:
    for shape in shapes().subjects(RDF.type, SH.PropertyShape):
        assert (shape, SH.message, None) in shapes(), shape
        assert (shape, SH.name, None) in shapes(), shape


@pytest.mark.parametrize("path", sorted((FIXTURES / "shapes").glob("*.breaks.ttl")), ids=lambda path: path.stem)
def test_every_result_speaks_every_language_and_fills_its_blanks(path: Path) -> None:
    for result in judged(path).results:
        assert set(result.messages) == set(LANGUAGES), result
        assert not any("{?" in message or "{$" in message for message in result.messages.values())


def test_fixtures_say_that_they_are_fictional() -> None:
    for path in (FIXTURES / "shapes").glob("*.ttl"):
        text = path.read_text("utf-8")
        assert "fictional" in text or "rekaan" in text, path.name


def test_the_ontology_keeps_its_own_house_rules(store: ox.Store) -> None:
    rules = records.read((ROOT / "ontology" / "house-rules.ttl").read_bytes(), base=BASE, name="house-rules")
    kept = ("ontology", "shapes", "vocabularies/")
    quads = [quad for quad in store if quad.graph_name.value.removeprefix(f"{BASE}graph/").startswith(kept)]
    report = validation.judge(validation.to_rdflib(quads), validation.to_rdflib(rules))
    assert report.results == ()


def key(report: Report) -> set[tuple[str, str, str, str, str]]:
    """What a report says, without the engine's own words and order."""
    return {(r.severity, r.focus, r.path, r.value, r.shape) for r in report.results}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((FIXTURES / "shapes").glob("*.ttl")), ids=lambda path: path.stem)
def test_both_engines_judge_a_fixture_alike(path: Path) -> None:
    assert validation.fastest() is Judge.turbo  # by which it is judged
    assert key(judged(path)) == key(validation.judge(judged_graph(path), shapes(), engine=Judge.pyshacl))


@pytest.mark.slow
@pytest.mark.parametrize("breakage", BREAKAGES.values(), ids=BREAKAGES.keys())
def test_both_engines_judge_a_breakage_alike(breakage: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttl"
    broken.write_text(HEAD + breakage)
    graph = judged_graph(broken)
    assert key(validation.judge(graph, shapes(), engine=Judge.turbo)) == key(
        validation.judge(graph, shapes(), engine=Judge.pyshacl)
    )


@pytest.mark.slow
def test_both_engines_judge_a_sixth_of_the_shipped_data_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ontology").symlink_to(ROOT / "ontology")
    (tmp_path / "queries").symlink_to(ROOT / "queries")
    for path in sorted((ROOT / "data").rglob("*.ttl"))[::6]:  # and so with much missing that the rest speaks of
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(path)
    workspace = open_workspace(tmp_path)
    started = time.monotonic()
    fast = review(workspace, engine=Judge.turbo)
    between = time.monotonic()
    slow = review(workspace, engine=Judge.pyshacl)
    ended = time.monotonic()
    with capsys.disabled():
        print(f"\npySHACL {ended - between:.1f} s, turbo {between - started:.1f} s, "
              f"ratio {(ended - between) / (between - started):.1f}")  # fmt: skip
    assert key(fast) == key(slow)
    assert len(fast.results) > 1_000


def test_the_house_rules_catch_a_term_without_definition() -> None:
    rules = records.read((ROOT / "ontology" / "house-rules.ttl").read_bytes(), base=BASE, name="house-rules")
    term = b"@prefix owl: <http://www.w3.org/2002/07/owl#> . <def/madeUp> a owl:ObjectProperty ."
    report = validation.judge(
        validation.to_rdflib(records.read(term, base=BASE, name="term")), validation.to_rdflib(rules)
    )
    assert not report.conforms
