"""What the desk decides and records: conflicts ranked, commitments ended, governments renamed, merged and split."""

from __future__ import annotations

import html
import re
import resource
import time
from collections.abc import Iterator

import httpx
import pytest

from hrc_graph import namespaces
from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.settings import Settings
from tests.conftest import serving
from tests.office import Office, stamp_in
from tests.test_desk_import import MARKUP, own_workspace, press, problem, upload

pytestmark = pytest.mark.slow

EVIDENCE = {
    "source-0": "https://kota.example/keputusan",
    "title-0": "Keputusan rekaan",
    "language-0": "id",
    "published-0": "2026-03",
    "locator-0": "page 2",
}
"""A fictional page."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A fictional secretariat with a workspace of its own, in git."""
    root = own_workspace(tmp_path_factory.mktemp("office"))
    with serving(workspace=root) as running:
        desk = open_desk(root, Settings())
        yield Office(running, root, desk)
        desk.database.close()


@pytest.fixture(scope="module")
def reviewer(office: Office) -> str:
    return office.cookie(office.account(Role.reviewer))


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page of the desk, but for the stamp."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found if name != "stamp"}


def checked(office: Office, act: str, cookie: str, **fields: str) -> httpx.Response:
    return press(office, f"desk/acts/{act}", cookie, do="check", **fields)


def published(office: Office, act: str, cookie: str, **fields: str) -> str:
    """Look at an act and publish it; the address of what was published."""
    told = checked(office, act, cookie, **fields)
    assert told.status_code == 200, problem(told)
    assert "What this would say" in told.text
    seen = {name: value for name, value in hidden(told.text).items() if name in ("on", "will")}
    done = press(office, f"desk/acts/{act}", cookie, do="publish", **fields, **seen)
    assert done.status_code == 303, problem(done)
    return str(done.headers["location"]).lstrip("/")


def asks(office: Office, pattern: str) -> bool:
    """Whether the public soon sees this."""
    prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.prefixes().items())
    for _ in range(50):
        answer = office.server.sparql(f"{prologue}ASK {{ {pattern} }}", accept="application/sparql-results+json")
        assert answer.status_code == 200, answer.text
        if answer.json()["boolean"]:
            return True
        time.sleep(0.1)
    return False


def conflicts(office: Office, cookie: str) -> list[str]:
    return re.findall(r'href="/(desk/conflicts/[0-9a-f]{16})"', office.get("desk/conflicts", cookie).text)


def test_a_conflict_is_ranked_for_a_reason_shown_and_taken_back(office: Office, reviewer: str) -> None:
    open_ones = conflicts(office, reviewer)
    assert len(open_ones) > 50
    page = open_ones[0]
    told = office.get(page, reviewer).text
    claims = re.findall(r'name="claim" value="([^"]+)"', told)
    assert len(claims) > 1
    reason = re.findall(r'<option value="(https://w3id.org/hrcity/vocab/rank-reason/[^"]+)"', told)[0]
    fields = {"claim": claims[1], "rank": "preferred", "reason": reason, "seen": hidden(told)["seen"]}
    assert press(office, page, reviewer, do="check", **fields | {"reason": ""}).status_code == 400
    assert press(office, page, reviewer, do="check", **fields | {"claim": "javascript:alert(1)"}).status_code == 400
    assert press(office, page, reviewer, do="check", **fields, note="ask siti@kota.example").status_code == 400
    preview = press(office, page, reviewer, do="check", **fields)
    assert preview.status_code == 200, problem(preview)
    assert "Readers would see" in preview.text
    editor = office.cookie(office.account())
    assert press(office, page, editor, do="publish", **fields).status_code == 403
    done = press(office, page, reviewer, do="publish", **fields, note="a fictional decision")
    assert done.status_code == 303, problem(done)
    assert page not in conflicts(office, reviewer)
    claim = f"<{claims[1]}>"
    assert asks(office, f"{claim} wikibase:rank wikibase:PreferredRank")
    assert asks(office, f"<{claims[0]}> a hrc:Claim"), "nothing goes"
    second = press(office, page, reviewer, do="publish", **fields | {"claim": claims[0]})
    assert second.status_code == 409, "somebody has decided since the page was opened"
    assert "a fictional decision" in second.text
    undone = press(office, done.headers["location"].lstrip("/"), reviewer, why="it was fictional")
    assert "It was taken back" in undone.text
    assert page in conflicts(office, reviewer)
    assert not office.desk.audit.broken()


def test_a_commitment_ends_and_stays_on_record(office: Office, reviewer: str) -> None:
    pattern = f"?act a ?kind ; <{namespaces.DEF}actor> ?actor ; <{namespaces.DEF}date> ?date"
    query = (
        f"SELECT ?actor {{ {pattern} . FILTER(?kind = <{namespaces.DEF}Commitment> && STR(?date) < '2025') }} LIMIT 1"
    )
    actor = office.server.rows(query)[0]["actor"]
    told = checked(office, "withdrawal", reviewer, government=actor, date="2026", **EVIDENCE)
    assert told.status_code == 400, "which one is not said yet"
    commitments = re.findall(r'<option value="(https://w3id.org/hrcity/id/act/[^"]+)"', told.text)
    assert commitments
    fields = {"government": actor, "commitment": commitments[0], "date": "March 2026", **EVIDENCE}
    no_evidence = {name: value for name, value in fields.items() if name not in EVIDENCE}
    assert checked(office, "withdrawal", reviewer, **no_evidence).status_code == 400
    assert checked(office, "withdrawal", reviewer, **fields | {"date": "one fine day"}).status_code == 400
    where = published(office, "withdrawal", reviewer, **fields)
    assert asks(office, f'<{commitments[0]}> hrc:endedOn "2026-03"^^edtf:EDTF ; a hrc:Commitment')
    again = press(office, where, reviewer, why="it was fictional")
    assert "It was taken back" in again.text
    assert asks(
        office, f"<{commitments[0]}> a hrc:Commitment FILTER NOT EXISTS {{ <{commitments[0]}> hrc:endedOn ?o }}"
    )
    assert press(office, where, reviewer, why="once more").status_code == 409


def test_a_government_is_renamed_and_its_old_name_finds_it(office: Office, reviewer: str) -> None:
    fields = {"thing": "gov:id-lahat", "name-en": "Lahat Rekaan Regency", "date": "2026", **EVIDENCE}
    where = published(office, "renaming", reviewer, **fields)
    assert asks(office, 'gov:id-lahat skos:prefLabel "Lahat Rekaan Regency"@en ; skos:altLabel ?old')
    assert "It was taken back" in press(office, where, reviewer, why="it was fictional").text


def test_governments_merge_and_one_splits(office: Office, reviewer: str) -> None:
    merged = {"governments": "gov:id-lahat\ngov:id-wonosobo", "into": "gov:id-wonosobo", "date": "2026", **EVIDENCE}
    told = checked(office, "merger", reviewer, **merged)
    assert "became Wonosobo" in told.text, problem(told)
    where = published(office, "merger", reviewer, **merged)
    assert asks(office, "gov:id-lahat dcterms:isReplacedBy gov:id-wonosobo")
    assert "It was taken back" in press(office, where, reviewer, why="it was fictional").text
    parts = {"government": "gov:id-lahat", "parts": "gov:id-lahat\ngov:id-wonosobo", "date": "2026", **EVIDENCE}
    where = published(office, "split", reviewer, **parts)
    assert asks(office, "?act a hrc:Change ; dcterms:type kind:split ; hrc:before gov:id-lahat")
    assert "It was taken back" in press(office, where, reviewer, why="it was fictional").text


def test_a_double_leads_to_the_record_that_stays(office: Office, reviewer: str) -> None:
    fields = {"double": "gov:id-lahat", "instead": "gov:id-wonosobo", "reason-en": "A fictional double."}
    where = published(office, "double", reviewer, **fields)
    assert asks(office, "gov:id-lahat owl:deprecated true")
    moved = office.get("id/gov/id-lahat", accept="text/html")
    assert moved.status_code == 301
    assert moved.headers["location"].endswith("/id/gov/id-wonosobo")
    assert "It was taken back" in press(office, where, reviewer, why="it was fictional").text
    alone = checked(office, "double", reviewer, **fields | {"instead": ""})
    assert alone.status_code == 400
    assert "statements point at it" in alone.text


def test_what_was_not_looked_at_is_not_published(office: Office, reviewer: str) -> None:
    fields = {"thing": "gov:id-lahat", "name-en": "Lahat Rekaan Regency", "date": "2026", **EVIDENCE}
    told = checked(office, "renaming", reviewer, **fields)
    seen = {name: value for name, value in hidden(told.text).items() if name in ("on", "will")}
    other = press(office, "desk/acts/renaming", reviewer, do="publish", **fields | {"name-en": "Another"}, **seen)
    assert other.status_code == 409
    assert press(office, "desk/acts/renaming", reviewer, do="publish", **fields).status_code == 400
    editor = office.cookie(office.account())
    assert press(office, "desk/acts/renaming", editor, do="publish", **fields, **seen).status_code == 403
    assert "Publish<" not in checked(office, "renaming", editor, **fields).text


def test_two_editors_of_one_record_are_told_apart(office: Office, reviewer: str) -> None:
    one = {"thing": "gov:id-lahat", "name-en": "Lahat Satu", "date": "2026", **EVIDENCE}
    other = one | {"name-en": "Lahat Dua"}
    told = checked(office, "renaming", reviewer, **other)
    seen = {name: value for name, value in hidden(told.text).items() if name in ("on", "will")}
    where = published(office, "renaming", reviewer, **one)
    second = press(office, "desk/acts/renaming", reviewer, do="publish", **other, **seen)
    assert second.status_code == 409
    assert "Lahat Satu" in second.text, "what stands there now"
    assert 'value="Lahat Dua"' in second.text, "what was to be written"
    assert "It was taken back" in press(office, where, reviewer, why="it was fictional").text


def test_a_doubtful_name_is_chosen_from_a_list(office: Office, reviewer: str) -> None:
    told = checked(office, "withdrawal", reviewer, government="Lahat Barat Daya")
    assert told.status_code == 400
    picks = re.findall(r'name="pick" value="([^"]+)"', told.text)
    assert picks
    chosen = press(
        office, "desk/acts/withdrawal", reviewer, government="Lahat Barat Daya", pick=html.unescape(picks[0])
    )
    assert f'value="{picks[0].rpartition(" ")[2]}"' in chosen.text
    unknown = checked(office, "withdrawal", reviewer, government="Zzyzx Qwrty")
    assert unknown.status_code == 400


def test_a_full_disk_is_said_and_reading_goes_on(office: Office, reviewer: str) -> None:
    fields = {"thing": "gov:id-lahat", "name-en": "Lahat Rekaan Regency", "date": "2026", **EVIDENCE}
    told = checked(office, "renaming", reviewer, **fields)
    seen = {name: value for name, value in hidden(told.text).items() if name in ("on", "will")}
    before = (office.root / "data" / "governments" / "id" / "lahat.ttl").read_bytes()
    pid = office.server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (100, hard))
    try:
        full = press(office, "desk/acts/renaming", reviewer, do="publish", **fields, **seen)
        assert full.status_code == 503, problem(full)
        assert upload(office, reviewer, "adoption.csv", b"x" * 5_000).status_code == 503
        for page in ("desk/conflicts", "desk/acts/renaming", "desk/"):
            assert office.get(page, reviewer).status_code == 200
        assert office.server.sparql("ASK { ?s ?p ?o }").status_code == 200
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert (office.root / "data" / "governments" / "id" / "lahat.ttl").read_bytes() == before
    where = published(office, "renaming", reviewer, **fields)
    assert "It was taken back" in press(office, where, reviewer, why="it was fictional").text
    assert not office.desk.audit.broken()


def test_hostile_words_stay_words_in_every_form(office: Office, reviewer: str) -> None:
    names = ("thing", "name-en", "name-own", "name-language", "date", "law", "why", *EVIDENCE, "quote-0", "publisher-0")
    hostile = dict.fromkeys(names, MARKUP)
    links = dict.fromkeys(names, "javascript:alert(1)")
    for fields in (hostile, links, hostile | {"thing": "gov:id-lahat", "law": ""}, {"thing": "gov:id-lahat", **EVIDENCE,
                   "source-0": "javascript:alert(1)", "name-en": MARKUP, "date": "2026"}):  # fmt: skip
        told = checked(office, "renaming", reviewer, **fields)
        assert told.status_code in (200, 400)
        assert "<img src=x" not in told.text
        assert "<script>window" not in told.text
        assert 'href="javascript:' not in told.text
    reference, _ = application(office)
    for page in ("desk/", f"desk/applications/{reference}"):
        told = office.get(page, reviewer)
        assert told.status_code == 200
        assert "<img src=x" not in told.text
        assert "<script>window" not in told.text
    assert press(office, "desk/conflicts/" + "0" * 16, reviewer, claim=MARKUP).status_code == 404
    assert office.get("desk/conflicts/<script>", reviewer).status_code == 404
    assert office.get("desk/acts/nothing", reviewer).status_code == 404
    assert office.get("desk/published/zzz", reviewer).status_code == 404


def application(office: Office) -> tuple[str, str]:
    office.stamp("join")
    time.sleep(3.1)
    return office.apply(government=MARKUP, place=MARKUP, other=MARKUP, instrument="")


def test_strangers_see_nothing_of_the_desk(office: Office) -> None:
    for page in (
        "import",
        "import/x",
        "conflicts",
        "conflicts/0000000000000000",
        "acts",
        "acts/merger",
        "published/abc",
    ):
        assert office.get(f"desk/{page}").status_code == 401, page
    assert press_as_stranger(office).status_code == 401


def press_as_stranger(office: Office) -> httpx.Response:
    return office.server.post("desk/acts/merger", data={"do": "publish"}, headers={"sec-fetch-site": "same-origin"})


def test_every_page_is_there_in_every_language(office: Office, reviewer: str) -> None:
    key = conflicts(office, reviewer)[0]
    for language in ("en", "id", "es", "fr"):
        for page in ("desk/import", "desk/conflicts", key, "desk/acts", "desk/acts/renaming", "desk/acts/double"):
            told = office.get(f"{page}?lang={language}", reviewer)
            assert told.status_code == 200, (page, language)
            assert stamp_in(told.text)
