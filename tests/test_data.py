"""The shipped data: whole, sourced, and true to the founding documents."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from hrc_graph import namespaces, records
from tests.conftest import ROOT, select
from tests.test_records import DOSSIERS

BASE = namespaces.BASE


def test_a_subject_is_described_in_exactly_one_file() -> None:
    seen: dict[str, str] = {}
    for path in DOSSIERS:
        for subject in {str(t.subject) for t in records.read(path.read_bytes(), base=BASE, name=path.name)}:
            assert seen.setdefault(subject, str(path)) == str(path)


def test_every_thing_pointed_at_is_described(store: ox.Store) -> None:
    dangling = select(
        store,
        """SELECT DISTINCT ?o WHERE { ?s ?p ?o FILTER (isIRI(?o) && STRSTARTS(STR(?o), "https://w3id.org/hrcity/"))
           OPTIONAL { ?o ?q ?v } FILTER (!BOUND(?v))
           FILTER (?o NOT IN (<https://w3id.org/hrcity/def/>)
             && !STRSTARTS(STR(?o), "https://w3id.org/hrcity/ontology/")) }""",
    )
    assert dangling == []


def test_every_thing_but_evidence_cites_a_source(store: ox.Store) -> None:
    bare = select(
        store,
        """SELECT DISTINCT ?s WHERE { ?s a ?class FILTER (STRSTARTS(STR(?s), "https://w3id.org/hrcity/id/"))
           OPTIONAL { ?s a ?skip FILTER (?skip IN (hrc:Source, hrc:Citation, geo:Geometry, hrc:Decision)) }
           FILTER (!BOUND(?skip))
           OPTIONAL { ?s hrc:cites ?passage } FILTER (!BOUND(?passage)) }""",
    )
    assert bare == []


def test_every_country_is_part_of_one_continent(store: ox.Store) -> None:
    countries = select(store, "SELECT ?place WHERE { ?place dcterms:type kind:country }")
    placed = select(
        store,
        """SELECT ?place ?in WHERE { ?place dcterms:type kind:country ; hrc:partOf ?in .
           ?in dcterms:type kind:continent }""",
    )
    assert len(countries) == len({row["place"] for row in placed}) == len(placed)
    lying = {row["place"].rpartition("/")[2]: row["in"].rpartition("/")[2] for row in placed}
    assert (lying["id"], lying["mx"], lying["uy"], lying["es"], lying["za"]) == (
        "asia", "north-america", "south-america", "europe", "africa",
    )  # fmt: skip


def test_lampung_timur_enacted_its_own_rule_and_pledged_in_gwangju(store: ox.Store) -> None:
    acts = select(
        store,
        """SELECT ?mode ?under ?date WHERE { ?act a hrc:Commitment ; hrc:actor gov:id-lampung-timur ;
           hrc:mode ?mode ; hrc:under ?under ; hrc:date ?date } ORDER BY ?mode""",
    )
    modes = {row["mode"].rpartition("/")[2]: row for row in acts}
    assert modes["enacted"]["under"].endswith("perbup-48-2016")
    assert modes["enacted"]["date"] == "2016"
    assert modes["pledged"]["date"].startswith("2017-09-17")


def test_south_sumatra_has_seventeen_governments_three_awards_and_a_target_of_ten(store: ox.Store) -> None:
    governments = select(store, "SELECT ?g WHERE { ?g hrc:primaryPlace ?p . ?p hrc:partOf place:id-sumatera-selatan }")
    awards = select(
        store, "SELECT ?name WHERE { ?a a hrc:Award ; hrc:programmeYear 2022 ; hrc:recipient/hrc:primaryPlace ?p ."
        " ?p hrc:partOf place:id-sumatera-selatan ; skos:prefLabel ?name FILTER (LANG(?name) = 'id') } ORDER BY ?name"
    )  # fmt: skip
    targets = select(
        store, "SELECT ?count ?of WHERE { ?t a hrc:Target ; dcterms:spatial place:id-sumatera-selatan ;"
        " hrc:programmeYear 2023 ; hrc:count ?count ; hrc:outOf ?of }"
    )  # fmt: skip
    assert len(governments) == 17
    assert [row["name"] for row in awards] == ["Kabupaten Lahat", "Kabupaten Musi Rawas", "Kota Lubuk Linggau"]
    assert targets == [{"count": "10", "of": "17"}]


def test_the_guiding_principles_keep_both_years_and_say_which_is_shown_and_why(store: ox.Store) -> None:
    claims = select(
        store,
        """SELECT ?date ?rank ?reason WHERE { ?c rdf:subject text:gwangju-guiding-principles ; rdf:predicate hrc:date ;
           rdf:object ?date ; wikibase:rank ?rank OPTIONAL { ?c hrc:rankReason ?reason } }""",
    )
    ranks = {row["date"]: row["rank"].rpartition("#")[2] for row in claims}
    assert ranks["2014-05-17"] == "PreferredRank"
    assert ranks["2011"] == "DeprecatedRank"
    assert all("reason" in row for row in claims if not row["rank"].endswith("NormalRank"))
    shown = select(store, "SELECT ?date WHERE { text:gwangju-guiding-principles hrc:date ?date }")
    assert shown == [{"date": "2014-05-17"}]


def test_agreement_or_letter_stands_open_with_both_shown(store: ox.Store) -> None:
    kinds = select(store, "SELECT ?kind WHERE { ?a a hrc:Agreement ; dcterms:type ?kind ; hrc:party orgn:ohchr }")
    assert {row["kind"].rpartition("/")[2] for row in kinds} == {"cooperation-agreement", "cooperation-letter"}


def test_183_disputes_have_two_sides_each_and_tell_no_address(store: ox.Store) -> None:
    sides = select(
        store,
        """SELECT ?dispute ?subject ?value WHERE { ?claim a hrc:Claim ; hrc:dispute ?dispute ; rdf:subject ?subject ;
           rdf:object ?value } ORDER BY ?value""",
    )
    disputes: dict[tuple[str, str], list[str]] = {}
    for side in sides:
        disputes.setdefault((side["dispute"], side["subject"]), []).append(side["value"])
    assert len(disputes) == 183
    assert {len(values) for values in disputes.values()} == {2}
    assert not [side for side in sides if "@" in side["value"]]
    secretariat = disputes["c-email", f"{BASE}id/aim/campaign-10-100-1000"]
    assert secretariat == [f"{which} e-mail address at uclg.org (withheld)" for which in ("An", "Another")]


def test_ramah_ham_and_peduli_ham_are_never_merged(store: ox.Store) -> None:
    mixed = select(
        store,
        """SELECT ?s ?name WHERE { ?s a hrc:AwardProgramme ; skos:prefLabel|skos:altLabel ?name
           FILTER (CONTAINS(LCASE(?name), "ramah")) }""",
    )
    same = select(store, "SELECT ?a WHERE { ?a a hrc:Award ; hrc:under ?r . ?r a hrc:Regulation }")
    assert (mixed, same) == ([], [])


@pytest.mark.parametrize(
    ("count", "query"),
    [
        (4, "SELECT ?g WHERE { ?g a hrc:Goal ; hrc:partOf aim:campaign-10-100-1000 }"),
        (3, "SELECT ?n WHERE { ?t a hrc:Target ; hrc:count ?n ; hrc:under/hrc:partOf* aim:campaign-10-100-1000 }"),
        (11, "SELECT ?m WHERE { ?m a hrc:Milestone }"),
        (5, "SELECT ?p WHERE { ?p a hrc:Provision ; hrc:partOf ?r . ?r a hrc:Recommendation ;"
            " hrc:at event:national-conference-hr-cities-2015 }"),
        (9, "SELECT DISTINCT ?t WHERE { ?m a hrc:Milestone ; hrc:latest ?d ; hrc:about ?t . ?t a hrc:Charter"
            " FILTER (STR(?d) < '2012-12') }"),
    ],
)  # fmt: skip
def test_the_campaign_and_the_conference_are_whole(store: ox.Store, count: int, query: str) -> None:
    assert len(select(store, query)) >= count


def test_the_repository_names_no_machine_and_no_host_of_packages() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert "--hash=sha256:" in text
