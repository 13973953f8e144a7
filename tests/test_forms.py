"""Forms: drawn from the shapes, in four languages; what people type becomes statements, or a fault of its field."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from hrc_graph import forms, namespaces, records, review
from hrc_graph.engine import snapshots
from hrc_graph.errors import NotFound
from hrc_graph.forms import Editor
from hrc_graph.workspace import Workspace
from tests.conftest import select

BASE, VOCAB = namespaces.BASE, namespaces.VOCAB
CLASSES = [
    "hrc:Place",
    "hrc:LocalGovernment",
    "org:Organization",
    "foaf:Person",
    "hrc:Charter",
    "hrc:Regulation",
    "hrc:Resolution",
    "hrc:Agreement",
    "hrc:Recommendation",
    "hrc:Provision",
    "hrc:Event",
    "hrc:EventSeries",
    "hrc:Milestone",
    "hrc:Campaign",
    "hrc:Goal",
    "hrc:Wave",
    "hrc:Target",
    "hrc:AwardProgramme",
    "hrc:Tally",
    "hrc:Commitment",
    "hrc:Participation",
    "hrc:Award",
    "hrc:Change",
    "hrc:Source",
    "hrc:Citation",
    "hrc:Claim",
    "hrc:Decision",
]


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("language", ["en", "id", "es", "fr"])
def test_every_class_has_a_form_whose_fields_have_words_a_place_and_something_to_fill_in(
    store: ox.Store, cls: str, language: str
) -> None:
    drawn = forms.form(store, cls, language)
    assert drawn.name
    assert drawn.fields
    for group in drawn.groups:
        assert group.name
        for field in group.fields:
            assert field.name
            assert field.message
            assert set(field.rules[0].messages) == {"en", "id", "es", "fr"}
            assert (field.editor is Editor.choice) == bool(field.choices)
            assert all(choice.label and "://" not in choice.label for choice in field.choices)


def test_every_shape_of_a_property_has_a_name_an_order_and_a_group_and_no_description_in_some_languages_only(
    store: ox.Store,
) -> None:
    for shape in select(store, "SELECT ?shape WHERE { ?shape a sh:PropertyShape }"):
        node = ox.NamedNode(shape["shape"])

        def said(predicate: str, node: ox.NamedNode = node) -> list[object]:
            prefix, _, local = predicate.partition(":")
            about = ox.NamedNode(namespaces.VOCABULARY[prefix] + local)
            return [quad.object for quad in store.quads_for_pattern(node, about, None, None)]

        assert said("sh:order"), shape
        assert said("sh:group"), shape
        for words in ("sh:name", "sh:message", "sh:description"):
            languages = {word.language for word in said(words) if isinstance(word, ox.Literal)}
            assert languages == {"en", "id", "es", "fr"} or (words == "sh:description" and not languages), shape


def test_a_commitment_is_asked_for_in_the_order_in_which_people_tell_it(store: ox.Store) -> None:
    form = forms.form(store, "hrc:Commitment", "id")
    assert [group.name for group in form.groups][:3] == ["Apa", "Siapa", "Di mana"]
    assert form.groups[-1].name == "Bukti"
    mode, under, date = form.field("hrc:mode"), form.field("hrc:under"), form.field("hrc:date")
    assert [choice.label for choice in mode.choices][:2] == ["bergabung", "berikrar"]
    assert (mode.minimum, mode.maximum) == (1, 1)
    assert under.classes == (namespaces.DEF + "Instrument", namespaces.DEF + "Campaign")
    assert (date.editor, date.minimum, date.wished, date.contested) == (Editor.date, 0, True, True)
    assert form.field("hrc:cites").editor is Editor.evidence


@pytest.mark.parametrize(
    ("cls", "kind", "other"),
    [
        ("hrc:Place", "kabupaten", "press"),
        ("hrc:Source", "press", "kabupaten"),
        ("hrc:Award", "peduli-ham", "law"),
        ("hrc:Regulation", "law", "peduli-ham"),
    ],
)
def test_a_class_offers_its_own_kinds_and_no_others(store: ox.Store, cls: str, kind: str, other: str) -> None:
    offered = {choice.value for choice in forms.form(store, cls).field("dcterms:type").choices}
    assert f"{VOCAB}kind/{kind}" in offered
    assert f"{VOCAB}kind/{other}" not in offered


def test_the_kinds_that_a_form_offers_are_those_that_the_rule_allows(store: ox.Store) -> None:
    used = select(
        store,
        "SELECT DISTINCT ?class ?kind WHERE { ?thing a ?class ; dcterms:type ?kind . "
        "FILTER (?class IN (hrc:Place, hrc:Charter, hrc:Regulation, org:Organization, hrc:Event, hrc:Change, "
        "hrc:Source, hrc:AwardProgramme, hrc:Award, hrc:Tally, hrc:Decision, hrc:Citation)) }",
    )
    assert len({row["class"] for row in used}) > 8
    for row in used:
        offered = {choice.value for choice in forms.form(store, row["class"]).field("dcterms:type").choices}
        assert row["kind"] in offered, row


def test_a_property_shape_that_is_added_is_a_field(workspace: Workspace) -> None:
    added = """
        @prefix hs: <https://w3id.org/hrcity/shape/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
        @prefix hrc: <https://w3id.org/hrcity/def/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        hs:Award sh:property hs:Award-cities .
        hs:Award-cities a sh:PropertyShape ; sh:path hrc:count ; sh:datatype xsd:integer ; sh:maxCount 1 ;
          sh:name "cities honoured"@en , "kota penerima"@id ; sh:message "Write a number."@en ; sh:order 9 ;
          sh:group hs:gHowMuch ."""
    text = (workspace.root / "ontology" / "shapes.ttl").read_bytes() + added.encode()
    store = snapshots.load(workspace.files, base=BASE)
    store.clear_graph(ox.NamedNode(f"{BASE}graph/shapes"))
    store.extend(snapshots.in_graph("shapes", records.read(text, base=BASE, name="shapes"), base=BASE))
    form = forms.form(store, "hrc:Award", "id")
    field = form.field("hrc:count")
    assert (field.name, field.editor, field.maximum) == ("kota penerima", Editor.number, 1)
    assert [group.name for group in form.groups if field in group.fields] == ["Berapa banyak"]
    assert [
        fault.message("id") for fault in form.filled({"hrc:count": ["many"]}).faults if fault.field == "hrc:count"
    ] == ["Write a number."]


@pytest.mark.parametrize(
    ("typed", "edtf"),
    [
        ("2016", "2016"),
        ("May 2014", "2014-05"),
        ("about 2012", "2012~"),
        ("17 Mei 2016", "2016-05-17"),
        ("enero de 2020", "2020-01"),
        ("1er décembre 2019", "2019-12-01"),
        ("sekitar 2012", "2012~"),
        ("14–17 septembre 2017", "2017-09-14/2017-09-17"),
    ],
)
def test_dates_are_read_as_people_write_them(store: ox.Store, typed: str, edtf: str) -> None:
    filled = forms.form(store, "hrc:Award").filled({"hrc:date": [typed]})
    assert [term.value for path, term in filled.statements if path.value.endswith("date")] == [edtf]


def test_what_is_wrong_stands_beside_its_field_in_every_language(store: ox.Store) -> None:
    form = forms.form(store, "hrc:Award", "es")
    filled = form.filled(
        {
            "hrc:recipient": ["Lahat"],
            "hrc:programmeYear": ["1900"],
            "hrc:date": [" "],
            "dcterms:type": [f"{VOCAB}kind/law"],
            "hrc:cites": [],
        }
    )
    faults = {fault.field: fault for fault in filled.faults}
    assert set(faults) == {"hrc:recipient", "hrc:programmeYear", "dcterms:type", "hrc:under", "hrc:cites"}
    assert faults["hrc:programmeYear"].message("es").startswith("Escriba el año del programa con cuatro cifras")
    assert faults["hrc:recipient"].message("fr").startswith("Choisissez exactement un gouvernement")
    assert all(set(fault.messages) == {"en", "id", "es", "fr"} for fault in filled.faults)


def test_a_demand_on_several_fields_is_met_by_any_of_them(store: ox.Store) -> None:
    form = forms.form(store, "hrc:Award")
    assert form.demands[0].keys == ("hrc:programmeYear", "hrc:date")
    said = {"hrc:programmeYear": ["2022"]}
    assert "year the award is for" not in str(form.filled(said).faults)
    assert "year the award is for" in str(form.filled({}).faults)


def test_names_are_given_by_language_and_one_is_enough(store: ox.Store) -> None:
    form = forms.form(store, "hrc:Event")
    filled = form.filled(
        {"skos:prefLabel@ID": ["Forum rekaan"], "skos:prefLabel@ko": ["", "가상"], "hrc:cites": [f"{BASE}c"]}
    )
    assert [str(term) for _, term in filled.statements] == ['"Forum rekaan"@id', '"가상"@ko']
    assert not [fault for fault in filled.faults if fault.severity == "Violation"]
    twice = form.filled({"skos:prefLabel@id": ["Satu", "Dua"], "skos:altLabel": ["tanpa bahasa"]})
    assert {"skos:prefLabel", "skos:altLabel"} <= {fault.field for fault in twice.faults}


def test_what_a_judgement_says_of_a_record_stands_beside_its_fields(workspace: Workspace, store: ox.Store) -> None:
    award = ox.NamedNode(f"{BASE}id/act/id-lahat--award--kkp-ham-2022")
    broken = ox.Store()
    broken.extend(
        quad
        for quad in store
        if quad.subject != award or not quad.predicate.value.endswith(("recipient", "programmeYear", "date"))
    )
    report = review.judge_records(broken, workspace, focus={award.value})
    beside = forms.form(store, "hrc:Award").beside(report.results, award.value)
    assert {fault.field for fault in beside if fault.severity == "Violation"} >= {"hrc:recipient", "hrc:programmeYear"}


def test_a_class_without_a_shape_has_no_form(store: ox.Store) -> None:
    with pytest.raises(NotFound):
        forms.form(store, "hrc:Nothing")
