"""Proposals on the shipped data: JSON and back, faults, dossiers, sentences, candidates and suggestions."""

from __future__ import annotations

import gettext

import pyoxigraph as ox
import pytest

from hrc_graph import namespaces
from hrc_graph.errors import BadInput
from hrc_graph.index import Index
from hrc_graph.proposals import (
    Commitment,
    Evidence,
    Government,
    Instrument,
    Participation,
    Proposal,
    Source,
    checking,
    drafting,
    effect,
    places,
    sentences,
    suggestions,
)
from hrc_graph.proposals.ground import Ground
from hrc_graph.tables.decisions import Decisions
from hrc_graph.workspace import Workspace

pytestmark = pytest.mark.slow

BASE = namespaces.BASE
ENGLISH = gettext.NullTranslations()
PAGE = Source("https://www.lahatkab.go.id/rekaan/1", "Contoh rekaan", "id", date="Mei 2024")
"""A fictional page; all that it is made to say is fictional too."""
SAID = (Evidence(PAGE, "paragraph 2", "kata rekaan"),)


@pytest.fixture(scope="module")
def ground(workspace: Workspace, store: ox.Store) -> Ground:
    return Ground(workspace, store)


@pytest.fixture(scope="module")
def index(workspace: Workspace) -> Index:
    """An index that is only asked."""
    return Index.open(workspace)


@pytest.fixture(scope="module")
def proposal(ground: Ground) -> Proposal:
    """Fictional: Lahat joins the second wave, signs a charter, and was at a forum."""
    return Proposal(
        Government(ground.iri("gov:id-lahat")),
        (
            Commitment(wave=ground.iri("aim:campaign-10-100-1000-wave-2"), date="Mei 2024", evidence=SAID),
            Commitment(
                ground.iri("text:european-charter-2000"),
                "signed",
                "17 mai 2024",
                themes=("right-to-food",),
                evidence=(Evidence(ground.iri("src:cisdp-campaign-page")),),
            ),
        ),
        (Participation(ground.iri("event:whrcf-2022"), "speaker", "2022", evidence=SAID),),
        themes=(ground.iri("theme:right-to-health"),),
    )


@pytest.fixture(scope="module")
def new(ground: Ground) -> Proposal:
    """Fictional: a city that is not recorded, with a charter of its own."""
    own = Instrument({"id": "Piagam HAM Kota Rekaan", "en": "Rekaan Charter"}, own=True, date="2023", kind="charter")
    return Proposal(
        Government(
            names={"en": "Rekaan", "id": "Kota Rekaan"},
            country="ID",
            kind="city",
            part_of=ground.iri("place:id-sumatera-selatan"),
            codes=("kemendagri:16.99",),
            evidence=SAID,
            spelling="Kota Rekaan",
        ),
        (Commitment(own, "adopted", "2023", evidence=SAID),),
    )


def said(changes: dict[str, bytes], ground: Ground) -> set[str]:
    """What changes say anew, in short."""

    def short(term: object) -> str:
        text = str(term)
        return namespaces.short(text[1:-1]) if text.startswith("<") else text.partition("^^")[0]

    added = effect.difference(changes, ground).added
    return {f"{short(t.subject)} {short(t.predicate)} {short(t.object)}" for t in added}


def test_a_proposal_goes_through_json_unchanged(proposal: Proposal, new: Proposal) -> None:
    for each in (proposal, new):
        assert Proposal.from_json(each.to_json()) == each


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"government": {"iri": 5}}',
        '{"government": {}, "more": 1}',
        '{"government": {"codes": "16.01"}}',
        '{"government": {}, "commitments": [{"under": {"sort": "Charter"}}]}',
        '{"government": {}, "commitments": [{"evidence": [{"source": 1}]}]}',
        '{"government": {}, "commitments": [[]]}',
    ],
)
def test_json_that_is_no_proposal_is_refused_by_field(text: str) -> None:
    with pytest.raises(BadInput):
        Proposal.from_json(text)


def test_a_proposal_becomes_the_records_that_an_import_would_write(
    proposal: Proposal, ground: Ground, index: Index
) -> None:
    draft = drafting.draft(proposal, ground)
    assert set(draft.changes) == {"governments/id/lahat", "sources/lahatkab-go-contoh-rekaan"}
    added = said(draft.changes, ground)
    joined, passage = "act:id-lahat--joined--campaign-10-100-1000", "cite:lahatkab-go-contoh-rekaan--paragraph-2"
    assert {
        f"{joined} hrc:under aim:campaign-10-100-1000",
        f"{joined} hrc:inWave aim:campaign-10-100-1000-wave-2",
        f'{joined} hrc:date "2024-05"',
        f"{joined} hrc:theme theme:right-to-health",
        f"{joined} hrc:cites {passage}",
        'act:id-lahat--signed--european-charter-2000 hrc:date "2024-05-17"',
        "act:id-lahat--signed--european-charter-2000 hrc:theme theme:right-to-food",
        "act:id-lahat--signed--european-charter-2000 hrc:cites cite:cisdp-campaign-page--page",
        "act:id-lahat--speaker--whrcf-2022 hrc:at event:whrcf-2022",
        f'{passage} hrc:quote "kata rekaan"@id',
        "src:lahatkab-go-contoh-rekaan dcterms:type kind:official-page",
    } <= added
    assert not effect.difference(draft.changes, ground).removed
    assert index.judge(draft.changes).conforms


def test_a_new_government_comes_with_its_place_its_charter_and_the_decision_that_it_is_new(
    new: Proposal, ground: Ground, index: Index
) -> None:
    draft = drafting.draft(new, ground)
    assert draft.government == ground.iri("gov:id-rekaan")
    added = said(draft.changes, ground)
    assert {
        "place:id-rekaan hrc:partOf place:id-sumatera-selatan",
        'place:id-rekaan skos:notation "16.99"',
        "gov:id-rekaan hrc:primaryPlace place:id-rekaan",
        "text:id-rekaan-charter hrc:adoptedBy gov:id-rekaan",
        "act:id-rekaan--adopted--id-rekaan-charter hrc:under text:id-rekaan-charter",
    } <= added
    written = {"decisions/gov", "decisions/place", "governments/id/rekaan", "instruments/id-rekaan-charter"}
    assert written <= set(draft.changes)
    assert index.judge(draft.changes).conforms
    store = ox.Store()
    graph = ox.NamedNode(f"{BASE}graph/decisions/gov")
    for triple in effect.difference(draft.changes, ground).added:
        store.add(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
    assert Decisions(store, BASE).find("gov", "Kota Rekaan") == (True, None)


def test_what_geonames_knows_of_a_chosen_city_comes_with_it(ground: Ground) -> None:
    government = Government(names={"en": "Tokyo"}, country="JP", kind="city", geonames="1850147", evidence=SAID)
    added = said(drafting.changes(Proposal(government), ground), ground)
    assert 'place:jp-tokyo skos:notation "1850147"' in added
    assert "place:jp-tokyo geo:hasDefaultGeometry place:jp-tokyo/point" in added
    assert "place:jp-tokyo hrc:cites cite:geonames--1850147" in added


def test_a_country_that_is_new_comes_with_its_continent(ground: Ground, index: Index) -> None:
    government = Government(names={"en": "Wellington"}, country="NZ", kind="city", geonames="2179537", evidence=SAID)
    changes = drafting.changes(Proposal(government), ground)
    assert {
        "place:nz hrc:partOf place:oceania",
        'place:nz skos:notation "2186224"',
        "place:nz hrc:cites cite:geonames--2186224",
        "place:oceania dcterms:type kind:continent",
        'place:oceania skos:prefLabel "Oceania"@en',
        'place:oceania skos:prefLabel "Océanie"@fr',
        "place:oceania hrc:cites cite:geonames--6255151",
        'cite:geonames--6255151 hrc:locator "feature 6255151"',
    } <= said(changes, ground)
    assert {"continents/oceania", "governments/nz/nz"} <= set(changes)
    assert index.judge(changes).conforms


def test_the_same_page_is_recorded_once_and_found_again_by_its_address(ground: Ground) -> None:
    page = ground.value(ground.iri("src:cisdp-campaign-page"), "foaf:page")
    evidence = (Evidence(Source(page, "Another title"), "news"), Evidence(PAGE, "a"), Evidence(PAGE, "b"))
    commitment = Commitment(ground.iri("text:european-charter-2000"), "signed", evidence=evidence)
    changes = drafting.changes(Proposal(Government(ground.iri("gov:id-lahat")), (commitment,)), ground)
    added = said(changes, ground)
    assert "cite:cisdp-campaign-page--news hrc:source src:cisdp-campaign-page" in added
    assert sum(each.endswith(" rdf:type hrc:Source") for each in added) == 1


def test_a_second_date_stands_beside_the_first_as_a_claim(ground: Ground) -> None:
    again = Commitment(wave=ground.iri("aim:campaign-10-100-1000-wave-1"), date="2023", evidence=SAID)
    changes = drafting.changes(Proposal(Government(ground.iri("gov:kr-gwangju")), (again,)), ground)
    text = changes["governments/kr/gwangju"].decode()
    assert 'rdf:object "2022"^^edtf:EDTF' in text
    assert 'rdf:object "2023"^^edtf:EDTF' in text
    assert 'hrc:date "2022"^^edtf:EDTF ;\n  skos:note "Named' not in text


def test_every_fault_is_named_by_its_field_in_four_languages(ground: Ground) -> None:
    wrong = Proposal(
        Government(country="Indonesia", kind="planet", codes=("16.01",), geonames="x", part_of="gov:id-lahat"),
        (
            Commitment("text:none", "sang", "17/05/2014", wave="x", themes=("none",)),
            Commitment(Instrument({}, sort="Poem"), "signed", evidence=(Evidence(Source("ftp://x", date="soon")),)),
        ),
        (Participation("event:none", "dancer", "soon", evidence=(Evidence("src:none"),)),),
        ("none",),
    )
    found = checking.faults(wrong, ground)
    assert {fault.field for fault in found} == {
        "government.names",
        "government.country",
        "government.kind",
        "government.codes.0",
        "government.geonames",
        "government.part_of",
        "government.evidence",
        "commitments.0.under",
        "commitments.0.mode",
        "commitments.0.date",
        "commitments.0.wave",
        "commitments.0.themes.0",
        "commitments.0.evidence",
        "commitments.1.under.names",
        "commitments.1.under.sort",
        "commitments.1.evidence.0.source.url",
        "commitments.1.evidence.0.source.date",
        "participations.0.at",
        "participations.0.role",
        "participations.0.date",
        "participations.0.evidence.0.source",
        "themes.0",
    }
    assert all(set(fault.messages) >= {"en", "id", "es", "fr"} for fault in found)
    with pytest.raises(BadInput):
        drafting.changes(wrong, ground)


def test_what_the_shapes_say_stands_at_the_field_with_names_for_addresses(ground: Ground, index: Index) -> None:
    early = Commitment(wave=ground.iri("aim:campaign-10-100-1000-wave-1"), date="about 2012", evidence=SAID)
    draft = drafting.draft(Proposal(Government(ground.iri("gov:id-lahat")), (early,)), ground)
    report = index.judge(draft.changes)
    assert not report.conforms
    (problem,) = [each for each in draft.beside(report, ground) if each.severity == "Violation"]
    assert problem.field == "commitments.0.date"
    assert "“10, 100, 1000 Kota dan Wilayah Hak Asasi Manusia pada tahun 2030”" in problem.message("id")


def test_sentences_say_what_will_be_recorded(proposal: Proposal, new: Proposal, ground: Ground) -> None:
    told = sentences.sentences(proposal, "en", ENGLISH, ground)
    assert told[:2] == [
        "Lahat Regency Government joined “10, 100, 1000 Human Rights Cities and Territories by 2030”; date: May 2024.",
        "It counts toward “Second wave of the global campaign”.",
    ]
    assert "A new source is recorded: “Contoh rekaan”, https://www.lahatkab.go.id/rekaan/1." in told
    told = sentences.sentences(new, "en", ENGLISH, ground)
    assert told[0].startswith("A new place is added, Rekaan (city) in South Sumatra")
    assert "“Kota Rekaan” means none of the governments recorded so far; this is remembered." in told
    assert "Rekaan adopted “Rekaan Charter”; date: 2023." in told


def test_sentences_take_their_words_from_the_translator_and_their_names_from_the_graph(
    proposal: Proposal, ground: Ground
) -> None:
    class Indonesian(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            joined = "%(who)s joined “%(text)s”; date: %(date)s."
            return "%(who)s bergabung: %(text)s, %(date)s." if message == joined else message

    campaign = "10, 100, 1000 Kota dan Wilayah Hak Asasi Manusia pada tahun 2030"
    told = sentences.sentences(proposal, "id", Indonesian(), ground)
    assert told[0] == f"Pemerintah Kabupaten Lahat bergabung: {campaign}, Mei 2024."


@pytest.mark.parametrize(
    ("date", "language", "words"),
    [
        ("2016", "en", "2016"),
        ("2016-05-17", "en", "17 May 2016"),
        ("2016-05-17", "es", "17 de mayo de 2016"),
        ("2012~", "en", "about 2012"),
        ("2011-05?", "en", "May 2011 (uncertain)"),
        ("../2011", "en", "until 2011"),
        ("2021/..", "en", "since 2021"),
        ("2017-09-14/2017-09-17", "fr", "14 septembre 2017 to 17 septembre 2017"),
        ("[2011,2014]", "id", "2011 atau 2014"),
        ("nobody knows", "en", "nobody knows"),
    ],
)
def test_dates_are_told_in_words(date: str, language: str, words: str) -> None:
    assert sentences.spoken(date, language, ENGLISH) == words


@pytest.mark.parametrize(
    ("text", "country", "government", "certain"),
    [
        ("Kab. Lahat", "ID", "gov:id-lahat", True),
        ("16.04", "ID", "gov:id-lahat", True),
        ("Séville", "", "gov:es-seville", True),
        ("Wien", "", "gov:at-vienna", True),
        ("광주광역시", "KR", "gov:kr-gwangju", True),
        ("광주", "KR", "gov:kr-gwangju", False),
        ("Bandung", "ID", "gov:id-bandung", False),
    ],
)
def test_a_government_is_found_by_any_name_or_code_with_a_reason(
    ground: Ground, text: str, country: str, government: str, certain: bool
) -> None:
    known, _ = places.candidates(text, country, ground, ENGLISH)
    assert known[0].iri == ground.iri(government)
    assert known[0].certain is certain
    assert known[0].reasons[0].endswith(".")


def test_a_city_that_is_not_recorded_is_offered_from_geonames(ground: Ground) -> None:
    known, cities = places.candidates("Tokyo", "JP", ground, ENGLISH)
    assert not [each for each in known if each.certain]
    assert (cities[0].geonames, cities[0].country, cities[0].iri) == ("1850147", "JP", "")
    assert cities[0].population
    known, _ = places.candidates("Asia", "", ground, ENGLISH)
    assert ground.iri("place:asia") not in {each.iri for each in known}  # nobody governs it
    _, anywhere = places.candidates("Geneva", "", ground, ENGLISH)
    assert len({city.country for city in anywhere}) > 1


def test_a_double_is_told_by_code_name_and_place_on_the_map(ground: Ground) -> None:
    doubled = Government(names={"en": "Gwangju"}, country="KR", geonames="1841811", evidence=SAID)
    first = places.duplicates(doubled, ground, ENGLISH)[0]
    assert first.iri == ground.iri("gov:kr-gwangju")
    assert len(first.reasons) == 3
    assert not places.duplicates(Government(names={"en": "Zzyzx"}, country="US"), ground, ENGLISH)


def test_a_decision_is_remembered_and_can_be_taken_back(workspace: Workspace, ground: Ground, index: Index) -> None:
    lahat = ground.iri("gov:id-lahat")
    store = ox.Store()
    store.extend(ground.store)
    for government in (lahat, ""):
        own = Ground(workspace, store)
        changes = places.decide("Lahat Rekaan", government, own)
        apart = effect.difference(changes, own)
        for name in ("gov", "place"):
            graph = ox.NamedNode(f"{BASE}graph/decisions/{name}")
            for triple in apart.removed:
                store.remove(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
            for triple in effect.difference({f"decisions/{name}": changes[f"decisions/{name}"]}, own).added:
                store.add(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
        known, _ = places.candidates("Lahat Rekaan", "ID", Ground(workspace, store), ENGLISH)
        assert [(each.iri, each.certain) for each in known] == ([(lahat, True)] if government else [])
        assert index.judge(changes).conforms


@pytest.mark.parametrize(
    ("government", "thing", "sort"),
    [
        ("gov:id-bojonegoro", "theme:human-rights-city", "theme"),
        ("gov:es-barcelona", "text:global-charter-agenda-2011", "text"),
        ("gov:kr-gwangju", "theme:right-to-education", "theme"),
    ],
)
def test_a_suggestion_says_why_and_on_what_it_rests(ground: Ground, government: str, thing: str, sort: str) -> None:
    found = {each.thing: each for each in suggestions.suggest(ground.iri(government), "en", ENGLISH, ground)}
    wanted = found[ground.iri(thing)]
    assert wanted.sort == sort
    assert "“" in wanted.reason
    assert all(ground.is_a(iri) for iri in wanted.rests_on)


def test_neighbours_in_a_campaign_are_counted_for_a_government_that_is_new(ground: Ground) -> None:
    (first, *_) = suggestions.suggest("", "en", ENGLISH, ground, place=ground.iri("place:es"))
    assert first.thing == ground.iri("text:european-charter-2000")
    held = {ground.value(act, "hrc:under") for act in first.rests_on}
    assert held == {first.thing}
    assert f"{len({ground.value(act, 'hrc:actor') for act in first.rests_on})} stand under" in first.reason


def test_nothing_is_suggested_that_a_government_stands_under_already(ground: Ground) -> None:
    for government in ("gov:kr-gwangju", "gov:es-barcelona", "gov:id-lampung-timur"):
        iri = ground.iri(government)
        held = {row["text"] for row in ground.select("SELECT ?text { ?act hrc:actor ?who ; hrc:under ?text }", who=iri)}
        assert held
        assert not held & {each.thing for each in suggestions.suggest(iri, "en", ENGLISH, ground)}
