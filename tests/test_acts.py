"""What the secretariat does to records that are there, on the shipped data; what happens here is fictional."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest
from dulwich.repo import Repo

from hrc_graph import namespaces
from hrc_graph.errors import BadInput
from hrc_graph.index import Index
from hrc_graph.proposals import Evidence, acts, conflicts, effect, linking
from hrc_graph.proposals.ground import Ground
from hrc_graph.publishing import Author
from hrc_graph.workspace import Workspace, open_workspace
from tests.conftest import ROOT, serving
from tests.past import closed, shipped

pytestmark = pytest.mark.slow

BASE = namespaces.BASE
JOINED = f"{BASE}id/act/kr-gwangju--joined--campaign-10-100-1000"


@pytest.fixture(scope="module")
def ground(workspace: Workspace, store: ox.Store) -> Ground:
    return Ground(workspace, store)


@pytest.fixture(scope="module")
def news(ground: Ground) -> tuple[Evidence, ...]:
    return (Evidence(ground.iri("src:cisdp-campaign-page"), "fictional news"),)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of the shipped files that is only asked."""
    return Index.open(shipped(tmp_path_factory.mktemp("shipped")).workspace)


def as_if(changes: dict[str, bytes], index: Index) -> Ground:
    """The ground as a change would make it."""
    made = ox.Store()
    with index.as_if(changes) as store:
        made.bulk_extend(store)
    return Ground(index.workspace, made)


def then(changes: dict[str, bytes], index: Index) -> Ground:
    """The ground as a change would make it; the change must conform."""
    assert index.judge(changes).conforms
    return as_if(changes, index)


def shown(ground: Ground, thing: str, predicate: str) -> set[str]:
    return {namespaces.short(str(term.value)) for term in ground.values(ground.iri(thing), predicate)}


def test_a_withdrawal_ends_a_commitment_on_the_word_of_its_own_source(
    ground: Ground, news: tuple[Evidence, ...], index: Index
) -> None:
    changes = acts.withdraw(JOINED, "May 2025", news, ground)
    after = then(changes, index)
    assert {term.value for term in after.values(JOINED, "hrc:endedOn")} == {"2025-05"}
    (claim,) = after.select("SELECT ?claim { ?claim rdf:subject ?act ; rdf:predicate hrc:endedOn }", act=JOINED)
    assert shown(after, claim["claim"], "hrc:cites") == {"cite:cisdp-campaign-page--fictional-news"}
    assert after.values(JOINED, "hrc:cites") == ground.values(JOINED, "hrc:cites")
    assert not effect.difference(changes, ground).removed
    for wrong in (("gov:kr-gwangju", "2025", news), (JOINED, "soon", news), (JOINED, "2025", ())):
        with pytest.raises(BadInput):
            acts.withdraw(ground.iri(wrong[0]), wrong[1], wrong[2], ground)


def test_a_new_name_leaves_the_old_one_to_be_found_and_is_an_act_with_a_date(
    ground: Ground, news: tuple[Evidence, ...], index: Index
) -> None:
    lahat = ground.iri("gov:id-lahat")
    after = then(acts.rename(lahat, {"en": "New Lahat", "fr": "Lahat"}, "2025-01", news, ground), index)
    assert after.name(lahat) == "New Lahat"
    assert {"Lahat Regency Government", "Lahat Regency"} <= shown(after, lahat, "skos:altLabel")
    assert linking.find("Lahat Regency Government", "government", after) == lahat
    act = "act:id-lahat--renaming--2025-01"
    assert shown(after, act, "dcterms:type") == {"kind:renaming"}
    assert shown(after, act, "hrc:before") == shown(after, act, "hrc:after") == {"gov:id-lahat"}


def test_after_a_merger_the_old_governments_say_what_came_of_them(
    ground: Ground, news: tuple[Evidence, ...], index: Index
) -> None:
    old, kept = ground.iri("gov:id-empat-lawang"), ground.iri("gov:id-lahat")
    after = then(acts.merge([old, kept], kept, "2025", news, ground), index)
    assert shown(after, old, "dcterms:isReplacedBy") == {"gov:id-lahat"}
    assert shown(after, "place:id-empat-lawang", "dcterms:isReplacedBy") == {"place:id-lahat"}
    assert shown(after, old, "hrc:endedOn") == {"2025"}
    assert not after.values(kept, "hrc:endedOn")
    assert not after.values(old, "owl:deprecated")
    act = "act:id-empat-lawang--merger--2025"
    assert shown(after, act, "hrc:after") == {"gov:id-lahat", "place:id-lahat"}
    assert {"gov:id-empat-lawang", "place:id-empat-lawang"} < shown(after, act, "hrc:before")
    text = (ROOT / "queries" / "what-became-of-a-place.rq").read_text("utf-8").replace("?_before", f"<{old}>")
    assert act in {namespaces.short(row["change"]) for row in after.select(text.replace("?_lang", "'en'"))}


def test_who_goes_on_after_a_split_has_not_ended(ground: Ground, news: tuple[Evidence, ...], index: Index) -> None:
    old, new = ground.iri("gov:id-musi-rawas"), ground.iri("gov:id-musi-rawas-utara")
    after = then(acts.split(old, [old, new], "2013", news, ground), index)
    assert not after.values(old, "hrc:endedOn")
    assert "gov:id-musi-rawas-utara" in shown(after, "act:id-musi-rawas--split--id-musi-rawas-utara", "hrc:after")
    ended = then(acts.split(old, [new, ground.iri("gov:id-lahat")], "2013", news, ground), index)
    assert shown(ended, old, "dcterms:isReplacedBy") == {"gov:id-lahat", "gov:id-musi-rawas-utara"}
    with pytest.raises(BadInput):
        acts.split(old, [new], "2013", news, ground)


def test_a_double_gives_all_it_says_to_the_other_and_nothing_points_at_it_any_more(
    ground: Ground, index: Index
) -> None:
    gone, kept = ground.iri("gov:kr-gwangju"), ground.iri("gov:kr-wanju")
    changes = acts.retire(gone, kept, {"en": "Recorded twice (fictional)."}, ground)
    after = then(changes, index)
    assert shown(after, gone, "dcterms:isReplacedBy") == {"gov:kr-wanju"}
    assert shown(after, gone, "skos:changeNote") == {"Recorded twice (fictional)."}
    assert not after.values(gone, "rdf:type")
    assert not after.select("SELECT ?s ?p { ?s ?p ?gone }", gone=gone)
    assert shown(after, JOINED, "hrc:actor") == {"gov:kr-wanju"}
    assert "Gwangju Metropolitan City Government" in shown(after, kept, "skos:altLabel")
    with pytest.raises(BadInput, match="point at it"):
        acts.retire(gone, "", {"en": "Fictional."}, ground)
    with pytest.raises(BadInput):
        acts.retire(gone, kept, {}, ground)


def test_claims_about_a_double_take_the_iri_that_their_new_words_make(ground: Ground, index: Index) -> None:
    gone = ground.iri("act:kr-gwangju--adopted--kr-gwangju-charter-2012")
    kept = ground.iri("act:kr-gwangju--adopted--gwangju-ordinance-2012")
    (date,) = conflicts.conflicts(ground, decided=True, subject=gone)
    ranked = conflicts.rank(date.sides[0].claim, "deprecated", "misprint", ground)
    before = as_if(ranked, index)
    changes = ranked | acts.retire(gone, kept, {"en": "Fictional."}, before)
    after = as_if(changes, index)
    claims = after.select(
        "SELECT ?date ?passage { ?claim rdf:subject ?act ; rdf:predicate hrc:date ; rdf:object ?date ;"
        " hrc:cites ?passage }",
        act=kept,
    )
    assert {(row["date"], namespaces.short(row["passage"])) for row in claims} == {
        ("2012", "cite:whrcf-gwangju--page"),
        ("2012", "cite:uclg-gca-en--page"),
        ("../2011?", "cite:seed-000--milestone-before"),
        ("2012-05-21", "cite:gjhr-charter--page"),
    }
    (decided,) = after.select("SELECT ?claim { ?decision hrc:about ?claim . ?claim rdf:subject ?act }", act=kept)
    assert decided["claim"] != date.sides[0].claim
    assert shown(after, decided["claim"], "wikibase:rank") == {"wikibase:DeprecatedRank"}


def test_the_open_conflicts_are_those_that_the_shapes_tell(ground: Ground) -> None:
    told = conflicts.conflicts(ground)
    campaign = ground.iri("aim:campaign-10-100-1000")
    (date,) = [each for each in told if each.subject == campaign and each.predicate.endswith("/date")]
    assert date.before == ("2022-02", "2022-06-14")
    assert [side.shown for side in date.sides] == ["2022", "2022-02", "2022-06-14"]
    assert all(side.cited and side.after == (side.shown,) for side in date.sides)
    assert date.sides[2].cited[0].title
    everything = conflicts.conflicts(ground, decided=True)
    assert len(everything) > len(told) > 50
    assert {(each.subject, each.predicate, each.matter) for each in told} == {
        (each.subject, each.predicate, each.matter) for each in everything if each.open
    }
    assert conflicts.conflicts(ground, subject=campaign) == [each for each in told if each.subject == campaign]


def test_what_readers_see_of_each_conflict_is_what_a_build_derives(ground: Ground) -> None:
    for each in conflicts.conflicts(ground):
        if not each.matter:
            terms = ground.values(each.subject, each.predicate)
            seen = {
                ground.name(str(term.value)) if isinstance(term, ox.NamedNode) else str(term.value) for term in terms
            }
            assert seen == set(each.before), each.name


def test_a_ranked_claim_is_shown_and_the_rank_outlives_an_import(ground: Ground, index: Index) -> None:
    campaign = ground.iri("aim:campaign-10-100-1000")
    (date,) = [each for each in conflicts.conflicts(ground, subject=campaign) if each.predicate.endswith("/date")]
    first, last = date.sides[1].claim, date.sides[2].claim
    after = then(conflicts.rank(last, "preferred", "issuing-body", ground, note="Fictional."), index)
    assert {term.value for term in after.values(campaign, "hrc:date")} == set(date.sides[2].after)
    assert shown(after, last, "hrc:rankReason") == {"why:issuing-body"}
    decided = after.decisions().rank(ox.NamedNode(last))
    assert decided is not None
    assert {term.value.rpartition("/")[2] for term in decided.values()} == {"ontology#PreferredRank", "issuing-body"}
    (again,) = [each for each in conflicts.conflicts(after, decided=True, subject=campaign) if each.detail == "date"]
    assert not again.open
    assert again.sides[2].note == "Fictional."
    both = conflicts.rank(last, "preferred", "issuing-body", ground)
    middle = as_if(both, index)
    changed = both | conflicts.rank(first, "preferred", "closer-in-time", middle)
    swapped = then(changed, index)
    assert shown(swapped, last, "wikibase:rank") == {"wikibase:NormalRank"}
    assert not swapped.values(last, "hrc:rankReason")
    assert {term.value for term in swapped.values(campaign, "hrc:date")} == {"2022-02"}


@pytest.mark.parametrize(
    ("rank", "reason"), [("preferred", ""), ("best", "issuing-body"), ("deprecated", "because"), ("deprecated", "")]
)
def test_a_ranking_needs_a_rank_and_a_reason(ground: Ground, rank: str, reason: str) -> None:
    claim = conflicts.conflicts(ground)[0].sides[0].claim
    with pytest.raises(BadInput):
        conflicts.rank(claim, rank, reason, ground)


def test_what_nobody_disputes_is_not_ranked(ground: Ground) -> None:
    (derived, *_) = ground.select(
        "SELECT ?claim { GRAPH ?graph { ?claim a hrc:Claim } FILTER (STRENDS(STR(?graph), 'derived/claims')) } LIMIT 1"
    )
    with pytest.raises(BadInput):
        conflicts.rank(derived["claim"], "preferred", "issuing-body", ground)


@pytest.mark.parametrize(
    ("text", "sort", "said"),
    [
        ("Bandung", "government", "gov:id-bandung-regency"),
        ("Global Charter-Agenda", "text or campaign", "text:global-charter-agenda-2011"),
        ("Zzyzx Zzyzx", "government", "as it is recorded"),
    ],
)
def test_a_doubt_is_told_with_what_comes_into_question(ground: Ground, text: str, sort: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        linking.find(text, sort, ground)
    assert said in told.value.hint


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with those of the shipped files that these acts are about, and all that they lead to."""
    return closed(tmp_path_factory.mktemp("copied") / "quarter", *NAMED).root


def hrc(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hrc_graph", *arguments, "--workspace", str(root)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200)


NAMED = (
    "governments/id/bandung",
    "governments/id/bandung-regency",
    "governments/id/empat-lawang",
    "governments/id/musi-rawas",
    "governments/id/musi-rawas-utara",
    "governments/kr/gwangju",
    "governments/kr/wanju",
    "instruments/global-charter-agenda-2011",
    "sources/cisdp-campaign-page",
)
LINK = ("link", "Kab. Lahat", "--to", "European Charter for the Safeguarding of Human Rights in the City")
PAGE = ("--source", "https://example.org/rekaan", "--title", "Rekaan (fictional)", "--locator", "page 2")


def test_a_link_is_one_commit_and_is_undone(copied: Path) -> None:
    how = ("--mode", "adopted", "--date", "Mei 2016", *PAGE)
    dossier = copied / "data" / "governments" / "id" / "lahat.ttl"
    before = dossier.read_bytes()
    tried = hrc(copied, *LINK, *how, "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert "would change governments/id/lahat" in tried.stdout
    assert dossier.read_bytes() == before
    done = hrc(copied, *LINK, *how)
    assert done.returncode == 0, done.stderr
    assert "adopted “European Charter" in done.stdout
    assert "act:id-lahat--adopted--european-charter-2000" in dossier.read_text("utf-8")
    with Repo(str(copied)) as repository:
        commits = [entry.commit for entry in repository.get_walker()]
        assert len(commits) == 2
        assert commits[0].message.startswith("Lahat Regency Government adopted “European Charter".encode())
    again = hrc(copied, *LINK, *how)
    assert again.stdout.endswith("It is recorded already: nothing was changed.\n")
    assert hrc(copied, "undo").returncode == 0
    assert dossier.read_bytes() == before
    assert not list((copied / "data" / "sources").glob("*rekaan*"))


def test_a_link_that_cannot_be_is_refused_with_what_to_do(copied: Path) -> None:
    doubtful = hrc(copied, "link", "Bandung", *LINK[2:], "--mode", "signed", *PAGE)
    assert doubtful.returncode == 2
    assert "gov:id-bandung-regency  Bandung Regency" in doubtful.stderr
    unfit = hrc(copied, *LINK, "--mode", "joined", *PAGE)
    assert unfit.returncode == 1
    assert "only a campaign is joined" in unfit.stdout
    for wrong in (("--mode", "sang"), ("--mode", "signed", "--date", "soon")):
        told = hrc(copied, *LINK, *wrong, *PAGE)
        assert told.returncode == 2
        assert "Write" in told.stderr
        assert "Traceback" not in told.stderr


def test_a_retired_record_is_301_and_a_merged_one_says_what_became_of_it(tmp_path: Path) -> None:
    root = closed(tmp_path / "quarter", *NAMED).root
    index = Index.open(open_workspace(root))
    ground = Ground(index.workspace, index.store)
    evidence = (Evidence(ground.iri("src:cisdp-campaign-page"), "fictional news"),)
    lahat, ana = ground.iri("gov:id-lahat"), Author("Ana")
    index.accept(acts.merge([ground.iri("gov:id-empat-lawang")], lahat, "2025", evidence, ground), "merger", ana)
    ground = Ground(index.workspace, index.store)
    why = {"en": "Recorded twice (fictional)."}
    changes = acts.retire(ground.iri("gov:kr-gwangju"), ground.iri("gov:kr-wanju"), why, ground)
    index.accept(changes, "double", ana)
    with serving(workspace=root) as running:
        moved = running.get("id/gov/kr-gwangju", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (301, "/id/gov/kr-wanju")
        merged = running.get("id/gov/id-empat-lawang", follow_redirects=True, headers={"accept": "text/turtle"})
        assert merged.status_code == 200
        assert "isReplacedBy" in merged.text
