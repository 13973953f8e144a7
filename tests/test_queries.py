"""The query library: every question is answered as expected, on two engines, whatever its parameters hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.query import ResultRow

from hrc_graph import guard, namespaces, questions, records
from hrc_graph.engine import snapshots
from hrc_graph.errors import BadParameter
from hrc_graph.questions import NamedQuery
from hrc_graph.settings import Settings
from hrc_graph.validation import to_rdflib
from hrc_graph.workspace import Workspace
from tests.conftest import ROOT

EXPECTED = Path(__file__).parent / "expected"
LIBRARY = questions.library(ROOT / "queries")
every_question = pytest.mark.parametrize("question", LIBRARY.values(), ids=LIBRARY.keys())

SLOW_ON_RDFLIB = {"undecided-contradictions"}
EMPTY_ON_PURPOSE = {
    "acts-after-dissolution",
    "commitments-recorded-twice",
    "spoke-then-enacted",
    "statements-without-a-claim",
    "what-became-of-a-place",
}
FICTIONAL = """
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

place:xx-rekaan a hrc:Place ;
  skos:prefLabel "Rekaan (fictional)"@id ; hrc:cites cite:rekaan--p1 ;
  geo:hasDefaultGeometry <id/place/xx-rekaan/point> .
<id/place/xx-rekaan/point> a geo:Geometry ; geo:asWKT "POINT(105.5 -5.1)"^^geo:wktLiteral .
place:xx-rekaan-baru a hrc:Place ; skos:prefLabel "Rekaan Baru (fictional)"@id ; hrc:cites cite:rekaan--p1 .
gov:xx-rekaan a hrc:LocalGovernment ;
  skos:prefLabel "가상시 (fictional)"@ko ; hrc:primaryPlace place:xx-rekaan ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--merger a hrc:Change ; hrc:before place:xx-rekaan ; hrc:after place:xx-rekaan-baru ;
  hrc:date "2021-12"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--speaker--whrcf-2020 a hrc:Participation ; hrc:actor gov:xx-rekaan ; hrc:role role:speaker ;
  hrc:at event:whrcf-2020 ; hrc:date "2020"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
text:xx-rekaan-rule a hrc:Regulation ;
  skos:prefLabel "Rule (fictional)"@en ; hrc:date "2021-03"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--enacted--rule a hrc:Commitment ; hrc:actor gov:xx-rekaan ; hrc:mode mode:enacted ;
  hrc:under text:xx-rekaan-rule ; hrc:date "2021-03"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--joined a hrc:Commitment ; hrc:actor gov:xx-rekaan ; hrc:mode mode:joined ; hrc:cites cite:rekaan--p1 ;
  hrc:under aim:campaign-10-100-1000 ; hrc:inWave aim:campaign-10-100-1000-wave-1 ; hrc:date "2022-08"^^edtf:EDTF .
act:xx-rekaan--joined-again a hrc:Commitment ; hrc:actor gov:xx-rekaan ; hrc:mode mode:joined ;
  hrc:under aim:campaign-10-100-1000 ; hrc:date "2021/2022"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
event:xx-rekaan a hrc:Event ; skos:prefLabel "Event without a source (fictional)"@en ; hrc:attendance 3 .
src:rekaan a hrc:Source ; dcterms:title "Fictional source"@en .
cite:rekaan--p1 a hrc:Citation ; hrc:source src:rekaan ; hrc:locator "paragraph 1" .
"""


@pytest.fixture(scope="module")
def union(snapshot: snapshots.Snapshot) -> ox.Store:
    """The snapshot, loaded as a worker loads it; treat it as read-only."""
    loaded = ox.Store()
    loaded.bulk_load(path=snapshot.path, format=ox.RdfFormat.N_QUADS)
    return loaded


@pytest.fixture(scope="module")
def on_rdflib(union: ox.Store) -> rdflib.Graph:
    """The default graph of the snapshot in rdflib."""
    return to_rdflib(union.quads_for_pattern(None, None, None, ox.DefaultGraph()))


@pytest.fixture(scope="module")
def with_fiction(workspace: Workspace) -> ox.Store:
    """The shipped data and a fictional regency that brings each empty answer to life."""
    prologue = "".join(
        f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in namespaces.prefixes().items() if prefix != "xsd"
    )
    fiction = records.read((prologue + FICTIONAL).encode(), base=namespaces.BASE, name="fiction")
    loaded = snapshots.load(workspace.files, base=namespaces.BASE, extra={"governments/xx/rekaan": fiction})
    loaded.update("INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }")
    return loaded


@pytest.fixture(scope="module")
def written_backwards(with_fiction: ox.Store) -> ox.Store:
    """The same default graph, stored in another order."""
    loaded = ox.Store()
    for quad in reversed(list(with_fiction.quads_for_pattern(None, None, None, ox.DefaultGraph()))):
        loaded.add(quad)
    return loaded


def table(store: ox.Store, text: str) -> str:
    """The answer as CSV with plain line ends."""
    results = store.query(text)
    assert isinstance(results, ox.QuerySolutions)
    return (results.serialize(format=ox.QueryResultsFormat.CSV) or b"").decode().replace("\r\n", "\n")


def rows(store: ox.Store, name: str, **values: str) -> list[dict[str, str]]:
    """The answer to a question, values as text; what is unbound is left out."""
    results = store.query(LIBRARY[name].bound(values))
    assert isinstance(results, ox.QuerySolutions)
    names = [variable.value for variable in results.variables]
    return [{name: row[name].value for name in names if row[name] is not None} for row in results]


def short(iri: str) -> str:
    return iri.removeprefix(namespaces.BASE + "id/")


@every_question
def test_a_question_is_asked_in_english_and_indonesian_and_explains_itself(question: NamedQuery) -> None:
    assert question.title["en"].endswith("?")
    assert question.title["id"].endswith("?")
    assert question.description.endswith(".")
    assert all(parameter.description.endswith(".") for parameter in question.parameters)
    assert {parameter.type for parameter in question.parameters} <= {"iri", "integer", "date", "language", "text"}


def test_each_competency_question_has_a_query() -> None:
    numbered = sorted(tag for question in LIBRARY.values() for tag in question.tags if re.fullmatch(r"cq\d\d", tag))
    assert numbered == [f"cq{number:02}" for number in range(1, 29)]


@every_question
def test_a_question_gives_exactly_the_expected_table(question: NamedQuery, union: ox.Store) -> None:
    expected = (EXPECTED / f"{question.name}.csv").read_text("utf-8")
    assert table(union, question.bound({})) == expected
    assert (expected.count("\n") == 1) == (question.name in EMPTY_ON_PURPOSE)


def test_every_expected_table_belongs_to_a_question() -> None:
    assert {path.stem for path in EXPECTED.glob("*.csv")} == set(LIBRARY)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(question, id=name, marks=[pytest.mark.slow] if name in SLOW_ON_RDFLIB else [])
        for name, question in LIBRARY.items()
    ],
)
def test_rdflib_gives_the_same_rows(question: NamedQuery, union: ox.Store, on_rdflib: rdflib.Graph) -> None:
    text = question.bound({})
    results = union.query(text)
    assert isinstance(results, ox.QuerySolutions)
    here = sorted(tuple("" if term is None else term.value for term in row) for row in results)
    there = sorted(
        tuple("" if term is None else str(term) for term in row)
        for row in on_rdflib.query(text)
        if isinstance(row, ResultRow)
    )
    assert there == here


@every_question
def test_the_rows_of_a_question_have_one_order(
    question: NamedQuery, with_fiction: ox.Store, written_backwards: ox.Store
) -> None:
    assert table(written_backwards, question.bound({})) == table(with_fiction, question.bound({}))


@every_question
def test_a_question_passes_the_guard_and_declares_the_prefixes_of_the_project(question: NamedQuery) -> None:
    guard.check(question.bound({}), Settings())
    declared = dict(re.findall(r"^PREFIX (\w+): <(\S+)>$", question.text, re.MULTILINE))
    known = namespaces.prefixes()
    assert declared == {prefix: known[prefix] for prefix in declared}
    body = "".join(line for line in question.text.splitlines(keepends=True) if not line.startswith("PREFIX"))
    used = {token.text.partition(":")[0] for token in guard.tokens(body) if token.kind == "name" and ":" in token.text}
    assert used == set(declared)
    assert not used & set(namespaces.THINGS)  # a deployment may serve things under another base


@every_question
def test_a_question_names_its_parameters_and_no_others(question: NamedQuery) -> None:
    named = {parameter.name for parameter in question.parameters}
    blanks = {token.text[2:] for token in guard.tokens(question.text) if token.text.startswith("?_")}
    assert blanks == named
    assert not [token for token in guard.tokens(question.bound({})) if token.text.startswith("?_")]


def exists_groups(text: str) -> Iterator[list[guard.Token]]:
    """What stands in the braces of each EXISTS, without its FILTERs."""
    words = list(guard.tokens(text))
    for start, word in enumerate(words):
        if word.kind == "word" and word.text.upper() == "EXISTS":
            group: list[guard.Token] = []
            filters = depth = 0
            for token in words[start + 2 :]:
                if token.text == "}" and not depth:
                    break
                depth += (token.text in "({") - (token.text in ")}")
                if token.text.upper() == "FILTER" and not filters:
                    filters = depth + 1
                elif filters and depth < filters and token.text == ")":
                    filters = 0
                elif not filters:
                    group.append(token)
            yield group


def is_one_pattern(group: list[guard.Token]) -> bool:
    terms = group[:-1] if group and group[-1].text == "." else group
    return len(terms) == 3 and all(term.kind in {"variable", "iri", "name", "word"} for term in terms)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("FILTER NOT EXISTS { ?s ?p ?o }", True),
        ("FILTER (?x || NOT EXISTS { ?s a skos:Concept . FILTER (LANG(?l) = ?m) })", True),
        ("FILTER NOT EXISTS { ?s ?p ?o . ?o ?q ?r }", False),
        ("FILTER NOT EXISTS { ?s ?p ?o ; ?q ?r }", False),
        ("FILTER EXISTS { ?s a/rdfs:subClassOf* ?o }", False),
        ("FILTER NOT EXISTS { { SELECT ?s { ?s ?p ?o } } }", False),
    ],
)
def test_the_lint_tells_one_pattern_from_more(text: str, allowed: bool) -> None:
    assert [is_one_pattern(group) for group in exists_groups(text)] == [allowed]


def test_exists_holds_one_pattern_only_in_questions_and_shapes(union: ox.Store) -> None:
    """Oxigraph asks a larger group again for every row, which is quadratic; MINUS is not."""
    select = ox.NamedNode(namespaces.VOCABULARY["sh"] + "select")
    rules = {str(quad.subject): quad.object for quad in union.quads_for_pattern(None, select, None, ox.DefaultGraph())}
    assert len(rules) > 10
    texts = {name: question.text for name, question in LIBRARY.items()}
    texts |= {name: rule.value for name, rule in rules.items() if isinstance(rule, ox.Literal)}
    slow = [name for name, text in texts.items() if not all(map(is_one_pattern, exists_groups(text)))]
    assert slow == []


@pytest.mark.parametrize(
    ("name", "values", "blamed"),
    [
        ("timeline", {"colour": "red"}, "colour"),
        ("participants-of-an-edition", {"edition": "seventh"}, "edition"),
        ("adopted-by-a-date", {"day": "2011"}, "day"),
        ("timeline", {"lang": 'en" . ?s ?p ?o'}, "lang"),
        ("timeline", {"class": "no iri at all"}, "class"),
        ("why-we-say-so", {"subject": "gov:id-lahat> } DROP ALL #"}, "subject"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(name: str, values: dict[str, str], blamed: str) -> None:
    with pytest.raises(BadParameter, match=f"“{blamed}”"):
        LIBRARY[name].bound(values)


def test_a_parameter_without_a_default_must_be_given() -> None:
    text = "#+ title: {en: Who}\n#+ parameters:\n#+   who: {type: iri}\nSELECT * WHERE { ?_who ?p ?o }"
    question = questions.parse("who", text)
    with pytest.raises(BadParameter, match="“who” is missing"):
        question.bound({})
    assert question.bound({"who": "gov:id-lahat"}).endswith(f"{{ <{namespaces.BASE}id/gov/id-lahat> ?p ?o }}")


@pytest.mark.parametrize(
    "hostile", ["> } DROP ALL #", '"@en . ?s ?p ?o', "18.07\\", '18.07" }', "?_scheme", "'''\n}", "𒀀\u0000\r\n"]
)
def test_a_hostile_value_stays_one_term(hostile: str, union: ox.Store) -> None:
    bound = LIBRARY["place-by-code"].bound({"code": hostile})
    plain = LIBRARY["place-by-code"].bound({"code": "18.07"})
    shapes = [[(token.kind, token.kind == "string" or token.text) for token in guard.tokens(t)] for t in (bound, plain)]
    assert shapes[0] == shapes[1]
    assert table(union, bound) == "place,name,kind,kind_name,larger,larger_name\n"


def test_a_name_comes_in_the_language_asked_for_or_else_in_one_there_is(with_fiction: ox.Store) -> None:
    vienna = {"government": "gov:at-vienna"}
    assert rows(with_fiction, "commitments-of-a-government", lang="id", **vienna)[0]["how"] == "mengadopsi"
    assert rows(with_fiction, "commitments-of-a-government", lang="de", **vienna)[0]["title"].startswith("Deklaration ")
    assert rows(with_fiction, "commitments-of-a-government", lang="ca", **vienna)[0]["title"].startswith("Declaration")
    (member,) = rows(with_fiction, "members-without-a-charter", circle="aim:campaign-10-100-1000", lang="fr")
    assert member["name"] == "가상시 (fictional)"


def test_those_who_join_are_counted_once_toward_each_target(with_fiction: ox.Store) -> None:
    joined = {short(row["target"]): row["joined"] for row in rows(with_fiction, "waves-against-their-targets")}
    assert set(joined.values()) == {"1"}


def test_a_member_with_a_known_point_stands_on_the_map(with_fiction: ox.Store) -> None:
    found = rows(with_fiction, "members-on-a-map", under="aim:campaign-10-100-1000")
    assert {(short(row["place"]), row["point"]) for row in found} == {("place/xx-rekaan", "POINT(105.5 -5.1)")}


def test_an_answer_that_is_empty_today_finds_its_case_when_there_is_one(with_fiction: ox.Store) -> None:
    (twice,) = rows(with_fiction, "commitments-recorded-twice")
    assert (short(twice["commitment"]), short(twice["again"])) == (
        "act/xx-rekaan--joined",
        "act/xx-rekaan--joined-again",
    )
    (spoke,) = rows(with_fiction, "spoke-then-enacted")
    assert (short(spoke["government"]), spoke["spoke"], spoke["enacted"]) == ("gov/xx-rekaan", "2020", "2021")
    (changed,) = rows(with_fiction, "what-became-of-a-place", before="place:xx-rekaan")
    assert (short(changed["after"]), changed["date"]) == ("place/xx-rekaan-baru", "2021-12")
    (late,) = rows(with_fiction, "acts-after-dissolution")
    assert (short(late["act"]), late["ceased"]) == ("act/xx-rekaan--joined", "2021-12")
    (unsourced,) = rows(with_fiction, "statements-without-a-claim")
    assert (short(unsourced["thing"]), unsourced["value"]) == ("event/xx-rekaan", "3")
