"""The query library: every question is answered as expected, on two engines, whatever its parameters hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.query import ResultRow

from hrc_graph import derive, guard, namespaces, questions, records
from hrc_graph.engine import snapshots
from hrc_graph.errors import BadFile, BadParameter
from hrc_graph.questions import NamedQuery, Parameter
from hrc_graph.settings import Settings
from hrc_graph.validation import to_rdflib
from hrc_graph.workspace import Workspace
from tests.conftest import ROOT

EXPECTED = Path(__file__).parent / "expected"
LIBRARY = questions.library(ROOT / "queries")
every_question = pytest.mark.parametrize("question", LIBRARY.values(), ids=LIBRARY.keys())

SLOW_ON_RDFLIB = {"statements-without-a-claim"}
MAY_BE_EMPTY = {
    "acts-after-dissolution",
    "commitments-recorded-twice",
    "statements-without-a-claim",
    "what-became-of-a-place",
}
"""Nothing to report is a good answer to these."""
FICTIONAL = """
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

place:rekaan a hrc:Place ; dcterms:type kind:continent ;
  skos:prefLabel "Benua (rekaan)"@id ; hrc:cites cite:rekaan--p1 .
place:xx a hrc:Place ; dcterms:type kind:country ; hrc:partOf place:rekaan ;
  skos:prefLabel "Rekaland (fictional)"@en ; hrc:cites cite:rekaan--p1 .
place:xx-province a hrc:Place ; dcterms:type kind:province ; hrc:partOf place:xx ;
  skos:prefLabel "Province (fictional)"@en ; hrc:cites cite:rekaan--p1 .
place:xx-rekaan a hrc:Place ; hrc:partOf place:xx-province ;
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
  skos:prefLabel "Regla (ficticia)"@es , "Aturan (rekaan)"@id , "Règle (fictive)"@fr ;
  hrc:theme theme:peace ; hrc:date "2021-03"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--enacted--rule a hrc:Commitment ; hrc:actor gov:xx-rekaan ; hrc:mode mode:enacted ;
  hrc:under text:xx-rekaan-rule ; hrc:date "2021-03"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
text:xx-rekaan-order a hrc:Regulation ; skos:prefLabel "Order (fictional)"@en ; hrc:date "2018"^^edtf:EDTF ;
  hrc:cites cite:rekaan--p1 .
claim:x1 a hrc:Claim ; rdf:subject text:xx-rekaan-order ; rdf:predicate hrc:adoptedBy ; rdf:object gov:xx-rekaan ;
  wikibase:rank wikibase:NormalRank ; hrc:basis basis:issuer-inferred ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--joined a hrc:Commitment ; hrc:actor gov:xx-rekaan ; hrc:mode mode:joined ; hrc:cites cite:rekaan--p1 ;
  hrc:under aim:campaign-10-100-1000 ; hrc:inWave aim:campaign-10-100-1000-wave-1 ; hrc:date "2022-08"^^edtf:EDTF .
act:xx-rekaan--joined-again a hrc:Commitment ; hrc:actor gov:xx-rekaan ; hrc:mode mode:joined ;
  hrc:under aim:campaign-10-100-1000 ; hrc:date "2021/2022"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--award--named a hrc:Award ; hrc:recipient gov:xx-rekaan ; hrc:under aim:kkp-ham ;
  dcterms:type kind:peduli-ham ; hrc:date "2021-12"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
act:xx-rekaan--award--listed a hrc:Award ; hrc:recipient gov:xx-rekaan ; hrc:under aim:kkp-ham ;
  dcterms:type kind:peduli-ham ; hrc:date "2022-12"^^edtf:EDTF ; hrc:programmeYear 2021 ;
  hrc:basis basis:enumerated ; hrc:cites cite:rekaan--p1 .
aim:xx-rekaan-tally a hrc:Tally ; hrc:under aim:kkp-ham ; dcterms:type kind:peduli-ham ; hrc:count 5 ;
  dcterms:spatial place:xx-rekaan ; hrc:date "2021"^^edtf:EDTF ; hrc:cites cite:rekaan--p1 .
event:xx-rekaan a hrc:Event ; skos:prefLabel "Event without a source (fictional)"@en ; hrc:attendance 3 .
src:rekaan a hrc:Source ; dcterms:title "Fictional source"@en .
cite:rekaan--p1 a hrc:Citation ; hrc:source src:rekaan ; hrc:locator "paragraph 1" .
"""


@pytest.fixture(scope="module")
def union(snapshot: snapshots.Snapshot) -> ox.Store:
    """The graphs of the snapshot, and their union as the default graph; treat it as read-only."""
    loaded = ox.Store()
    loaded.bulk_load(path=snapshot.path, format=ox.RdfFormat.N_QUADS)
    loaded.update("INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }")
    return loaded


@pytest.fixture(scope="module")
def with_fiction(workspace: Workspace) -> ox.Store:
    """A small graph: the dossiers that cite the founding documents, and a fictional regency.

    The regency brings to life what may be empty; rdflib would need minutes for everything there is.
    """
    prologue = "".join(
        f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in namespaces.prefixes().items() if prefix != "xsd"
    )
    loaded = ox.Store()
    dossiers = workspace.files.dossiers()
    for name, path in workspace.files.graphs().items():
        text = path.read_bytes()
        if name not in dossiers or b"cite:seed-00" in text:
            triples = records.read(text, base=namespaces.BASE, name=name)
            loaded.extend(snapshots.in_graph(name, triples, base=namespaces.BASE))
    fiction = records.read((prologue + FICTIONAL).encode(), base=namespaces.BASE, name="fiction")
    loaded.extend(snapshots.in_graph("governments/xx/rekaan", fiction, base=namespaces.BASE))
    loaded.extend(list(derive.derive(loaded, base=namespaces.BASE)))
    loaded.update("INSERT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }")
    return loaded


@pytest.fixture(scope="module")
def on_rdflib(with_fiction: ox.Store) -> rdflib.Graph:
    """The default graph of the small graph in rdflib."""
    return to_rdflib(with_fiction.quads_for_pattern(None, None, None, ox.DefaultGraph()))


def backwards(store: ox.Store) -> ox.Store:
    """The same default graph, stored in another order."""
    loaded = ox.Store()
    loaded.extend(reversed(list(store.quads_for_pattern(None, None, None, ox.DefaultGraph()))))
    return loaded


@pytest.fixture(scope="module")
def two_orders(union: ox.Store, with_fiction: ox.Store) -> list[tuple[ox.Store, ox.Store]]:
    """Each graph of these tests, stored in two orders."""
    return [(union, backwards(union)), (with_fiction, backwards(with_fiction))]


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
    further = sorted(tag for question in LIBRARY.values() for tag in question.tags if tag.startswith("more"))
    assert further == [f"more{number:02}" for number in range(1, 13)]


@every_question
def test_a_question_gives_exactly_the_expected_table(question: NamedQuery, union: ox.Store) -> None:
    expected = (EXPECTED / f"{question.name}.csv").read_text("utf-8")
    assert table(union, question.bound({})) == expected
    assert expected.count("\n") > 1 or question.name in MAY_BE_EMPTY
    assert expected.count("\n") <= 301, "a person should be able to read the difference; ask for less by default"


def test_every_expected_table_belongs_to_a_question() -> None:
    assert {path.stem for path in EXPECTED.glob("*.csv")} == set(LIBRARY)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(question, id=name, marks=[pytest.mark.slow] if name in SLOW_ON_RDFLIB else [])
        for name, question in LIBRARY.items()
    ],
)
def test_rdflib_gives_the_same_rows(question: NamedQuery, with_fiction: ox.Store, on_rdflib: rdflib.Graph) -> None:
    text = question.bound({})
    results = with_fiction.query(text)
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
    question: NamedQuery, two_orders: list[tuple[ox.Store, ox.Store]]
) -> None:
    for forwards, reverse in two_orders:
        assert table(reverse, question.bound({})) == table(forwards, question.bound({}))


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


def choices(store: ox.Store, parameter: Parameter) -> dict[str, str]:
    """What is offered for a parameter, values as people write them, with their labels."""
    results = store.query(parameter.choices_query())
    assert isinstance(results, ox.QuerySolutions)
    offered = [(row["value"], row["label"]) for row in results]
    found = {namespaces.short(value.value): label.value for value, label in offered}
    assert len(found) == len(offered)
    assert [parameter.term(value, base=namespaces.BASE).value for value in found] == [v.value for v, _ in offered]
    return found


def parameter(question: str, name: str) -> Parameter:
    return next(each for each in LIBRARY[question].parameters if each.name == name)


@every_question
def test_what_is_offered_for_a_parameter_binds_and_holds_its_default(question: NamedQuery, union: ox.Store) -> None:
    for each in question.parameters:
        if each.choices:
            guard.check(each.choices_query(), Settings())
            offered = choices(union, each)
            assert each.default in offered
            named = [label.lower() for label in offered.values()]
            assert named == sorted(named)
            for value in offered:
                guard.check(question.bound({each.name: value}), Settings())


def test_only_days_codes_and_thresholds_are_free() -> None:
    free = {(each.type, each.name) for question in LIBRARY.values() for each in question.parameters if not each.choices}
    assert free == {("date", "day"), ("text", "code"), ("integer", "least"), ("integer", "years")}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("adopted-or-pledged-at-an-event", "event"),
        ("awards-in-a-province", "province"),
        ("commitments-of-a-government", "government"),
        ("commitments-on-a-theme", "theme"),
        ("local-rights-institutions", "kind"),
        ("members-on-a-map", "under"),
        ("parties-of-an-agreement", "agreement"),
        ("path-of-a-place", "place"),
        ("waves-against-their-targets", "campaign"),
        ("what-sources-say-differently", "class"),
        ("who-stands-under-an-instrument", "instrument"),
    ],
)
def test_what_is_offered_has_an_answer(question: str, name: str, union: ox.Store) -> None:
    assert [
        each for each in choices(union, parameter(question, name)) if not rows(union, question, **{name: each})
    ] == []


def test_a_choice_is_called_by_its_english_name_or_else_by_one_there_is(with_fiction: ox.Store) -> None:
    texts = choices(with_fiction, parameter("who-stands-under-an-instrument", "instrument"))
    assert texts["text:xx-rekaan-rule"] == "Aturan (rekaan)"
    assert texts["aim:campaign-10-100-1000"] == "10, 100, 1000 Human Rights Cities and Territories by 2030"
    governments = choices(with_fiction, parameter("commitments-of-a-government", "government"))
    assert governments["gov:xx-rekaan"] == "가상시 (fictional)"


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("commitments-of-a-government", "government"),
        ("missing-labels", "class"),
        ("participants-of-an-edition", "edition"),
        ("timeline", "lang"),
    ],
)
def test_rdflib_offers_the_same(question: str, name: str, with_fiction: ox.Store, on_rdflib: rdflib.Graph) -> None:
    asked = parameter(question, name)
    there = [row for row in on_rdflib.query(asked.choices_query()) if isinstance(row, ResultRow)]
    assert {namespaces.short(str(row.value)): str(row.label) for row in there} == choices(with_fiction, asked)


def test_a_value_that_is_none_of_the_constants_is_refused_and_they_are_named() -> None:
    question = LIBRARY["missing-labels"]
    with pytest.raises(BadParameter, match=r"“class”: “hrc:Claim” is not one .* hrc:Place, .* skos:Concept\."):
        question.bound({"class": "hrc:Claim"})
    assert question.bound({"class": namespaces.DEF + "Place"}) == question.bound({"class": "hrc:Place"})


@pytest.mark.parametrize("choices", ["hrc:Place", "{a: b}", "7", "'?values a hrc:Place'"])
def test_choices_are_a_list_or_a_pattern_with_a_value(choices: str) -> None:
    text = f"#+ title: {{en: Who}}\n#+ parameters:\n#+   who: {{type: iri, choices: {choices}}}\nASK {{ ?_who ?p ?o }}"
    with pytest.raises(BadFile, match="choices are a list or a graph pattern"):
        questions.parse("who", text)


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
    def rule(lang: str) -> tuple[str, str]:
        found = rows(with_fiction, "commitments-of-a-government", government="gov:xx-rekaan", lang=lang)
        (row,) = [row for row in found if short(row["under"]) == "text/xx-rekaan-rule"]
        return row["how"], row["title"]

    assert rule("id") == ("menetapkan", "Aturan (rekaan)")
    assert rule("es")[1] == "Regla (ficticia)"
    assert rule("de") == ("enacted", "Aturan (rekaan)")
    members = rows(with_fiction, "members-without-a-charter", circle="aim:campaign-10-100-1000", lang="fr")
    assert {short(row["member"]): row["name"] for row in members}["gov/xx-rekaan"] == "가상시 (fictional)"


def test_a_rule_whose_issuer_is_a_conclusion_says_so(with_fiction: ox.Store) -> None:
    found = rows(with_fiction, "own-rules-by-theme-and-year")
    bases = {short(row["rule"]): row.get("basis_name", "") for row in found if "rekaan" in row["rule"]}
    assert bases == {"text/xx-rekaan-rule": "", "text/xx-rekaan-order": "issuer inferred"}


def test_those_who_join_are_counted_once_toward_each_target(with_fiction: ox.Store) -> None:
    members = rows(with_fiction, "who-stands-under-an-instrument", instrument="aim:campaign-10-100-1000")
    joined = {row["actor"] for row in members if short(row["mode"]).endswith("/joined")}
    found = rows(with_fiction, "waves-against-their-targets")
    counts = {row["joined"] for row in found if short(row["stage"]) == "aim/campaign-10-100-1000"}
    assert counts == {str(len(joined))}


def test_a_member_with_a_known_point_stands_on_the_map(with_fiction: ox.Store) -> None:
    found = rows(with_fiction, "members-on-a-map", under="aim:campaign-10-100-1000")
    assert ("place/xx-rekaan", "POINT(105.5 -5.1)") in {(short(row["place"]), row.get("point")) for row in found}


def test_an_award_that_no_page_names_is_told_apart(with_fiction: ox.Store) -> None:
    path = rows(with_fiction, "path-of-a-place", place="place:xx-rekaan")
    assert [(row["year"], row.get("basis_name")) for row in path] == [("2021", None), ("2021", "enumerated")]
    (compared,) = [
        row for row in rows(with_fiction, "provinces-against-the-count") if short(row["place"]) == "place/xx-rekaan"
    ]
    assert (compared["recorded"], compared["not_named_outright"], compared["counted_most"]) == ("1", "1", "5")
    (of_the_year,) = {
        (row["awards"], row["not_named_outright"])
        for row in rows(with_fiction, "award-criteria")
        if row.get("year") == "2021"
    }
    assert of_the_year == ("2", "1")


def test_an_answer_that_may_be_empty_finds_its_case_when_there_is_one(with_fiction: ox.Store) -> None:
    def fictional(name: str, column: str, **values: str) -> dict[str, str]:
        (found,) = [row for row in rows(with_fiction, name, **values) if "xx-rekaan" in row[column]]
        return found

    twice = fictional("commitments-recorded-twice", "actor")
    assert (short(twice["commitment"]), short(twice["again"])) == (
        "act/xx-rekaan--joined",
        "act/xx-rekaan--joined-again",
    )
    spoke = fictional("spoke-then-enacted", "government")
    assert (spoke["spoke"], spoke["enacted"]) == ("2020", "2021")
    attended = fictional("rule-after-a-forum", "government")
    assert (attended["part"], attended["held"], attended["adopted"]) == ("attended", "2020", "2021")
    changed = fictional("what-became-of-a-place", "after", before="place:xx-rekaan")
    assert (short(changed["after"]), changed["date"]) == ("place/xx-rekaan-baru", "2021-12")
    late = {short(row["act"]): row["ceased"] for row in rows(with_fiction, "acts-after-dissolution")}
    assert late["act/xx-rekaan--joined"] == "2021-12"
    unsourced = fictional("statements-without-a-claim", "thing")
    assert (short(unsourced["thing"]), unsourced["value"]) == ("event/xx-rekaan", "3")
