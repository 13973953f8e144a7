"""The history of `data/`: told from git, written to git, in repositories made for these tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest
from dulwich import porcelain
from dulwich.objects import ObjectID
from dulwich.repo import Repo
from typer.testing import CliRunner, Result

from hrc_graph import changes, publishing
from hrc_graph.changes import Change
from hrc_graph.cli import app
from hrc_graph.errors import BadInput, NotFound
from hrc_graph.history import History
from hrc_graph.telling import Kind
from tests import past as pasts
from tests.past import BASE, TEN, WHO, Past

pytestmark = pytest.mark.slow


def hrc(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def told(past: Past) -> list[Change]:
    with History(past.root) as history:
        return list(changes.told(history, base=BASE))


def replayed(changes: list[Change]) -> ox.Dataset:
    """What the changes make of nothing, by what each adds and removes."""
    state: dict[str, set[ox.Triple]] = {}
    for change in changes:
        dossier = state.setdefault(change.dossier, set())
        assert change.removed <= dossier
        assert not change.added & dossier
        state[change.dossier] = (dossier - change.removed) | change.added
    return ox.Dataset(
        ox.Quad(triple.subject, triple.predicate, triple.object, ox.NamedNode(f"{BASE}graph/{name}"))
        for name, triples in state.items()
        for triple in triples
    )


def titles(changes: list[Change], *, after: int = 0) -> list[str]:
    commits = list(dict.fromkeys(change.commit for change in changes))[after:]
    return [change.title for change in changes if change.commit in commits]


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> tuple[Past, list[str]]:
    """State A and ten changes; not to be changed."""
    past = pasts.state_a(tmp_path_factory.mktemp("ten"))
    return past, pasts.ten_changes(past)


@pytest.fixture
def small(tmp_path: Path) -> Past:
    """A repository with one dossier, committed."""
    past = Past(tmp_path)
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "hrc.ttl").write_text("")
    porcelain.init(str(tmp_path)).close()
    past.edit("people/a", 'who:a a foaf:Person ; foaf:name "Fictional A" .')
    past.commit("A begins")
    return past


# ---- What is told ----


def test_ten_changes_are_told_in_order_in_words_of_the_domain(ten: tuple[Past, list[str]]) -> None:
    past, commits = ten
    found = told(past)
    by_commit = [[change for change in found if change.commit == commit] for commit in commits]
    assert [each[0].title for each in by_commit] == list(TEN)
    assert [change.dossier for change in by_commit[7]] == ["people/made-up-first", "people/made-up-one"]
    assert {change.who for each in by_commit for change in each} == {WHO}
    assert by_commit[0][0].why == "Lahat joins, says the fictional gazette"
    assert [each[0].events[0].things[0] for each in by_commit][:3] == [
        BASE + "id/act/id-lahat--joined--campaign-10-100-1000",
        BASE + "id/act/id-lahat--signed--european-charter-2000",
        BASE + "id/act/id-lahat--award--kkp-ham-2025",
    ]
    assert BASE + "id/gov/id-lahat" in by_commit[0][0].events[0].things
    times = [each[0].when for each in by_commit]
    assert times == sorted(set(times))  # though all were committed within a second or two


def test_all_changes_together_make_what_is_on_disk(ten: tuple[Past, list[str]]) -> None:
    past, _ = ten
    assert replayed(told(past)) == past.quads()


def test_layout_and_other_files_are_no_change_of_the_data(small: Past) -> None:
    small.write("people/a", (small.root / "data/people/a.ttl").read_text("utf-8").replace("\n", "\n\n"))
    small.commit("Air")
    (small.root / "ontology" / "hrc.ttl").write_text("# a comment\n")
    porcelain.add(str(small.root), [str(small.root / "ontology")])
    porcelain.commit(str(small.root), b"A comment", author=b"A <a@example.org>", committer=b"A <a@example.org>")
    assert titles(told(small)) == ["Thing added: Fictional A (person)"]


def test_a_file_that_nobody_could_read_changes_nothing_until_it_is_mended(small: Past) -> None:
    good = (small.root / "data/people/a.ttl").read_text("utf-8")
    small.write("people/a", good + "who:a foaf:name")
    small.commit("A slip")
    small.write("people/a", good.replace("Fictional A", "Fictional B"))
    small.commit("Mended")
    assert titles(told(small), after=1) == ["Label corrected: Fictional B: name Fictional A is now Fictional B"]
    assert replayed(told(small)) == small.quads()


def test_what_is_withdrawn_or_merged_keeps_its_iri_and_is_told_so(small: Past) -> None:
    note = 'owl:deprecated true ; skos:changeNote "Recorded twice, says a fictional note."@en'
    small.edit("people/b", 'who:b a foaf:Person ; foaf:name "Fictional B" .')
    small.commit("B begins")
    small.edit("people/a", f"who:a {note} .", 'who:a a foaf:Person ; foaf:name "Fictional A" .')
    small.commit("Withdrawn")
    small.edit("people/a", 'who:a a foaf:Person ; foaf:name "Fictional A" .', f"who:a {note} .")
    small.commit("Back again")
    small.edit("people/a", f"who:a {note} ; dcterms:isReplacedBy who:b .")
    small.commit("Merged")
    titles = [change.title for change in told(small)]
    assert titles[2] == "Thing withdrawn: Fictional A (person)"
    assert titles[4] == "Thing withdrawn: Fictional A (person), in its place Fictional B"


def test_what_a_side_line_did_is_told_with_its_author_before_the_merge(small: Past) -> None:
    with Repo(str(small.root)) as repository:
        start = repository.head()
    small.edit("people/a", 'who:a skos:note "On the side line."@en .')
    side = small.commit("On the side", "Ben Sider <ben@example.org>")
    porcelain.reset(str(small.root), "hard", start)
    small.edit("people/a", 'who:a skos:altLabel "On the main line"@en .')
    small.commit("On the main line")
    small.edit("people/a", 'who:a skos:note "On the side line."@en ; skos:altLabel "In the merge"@en .')
    with Repo(str(small.root)) as repository:
        repository.get_worktree().stage([b"data/people/a.ttl"])
        repository.get_worktree().commit(
            b"Merged",
            author=b"M <m@example.org>",
            committer=b"M <m@example.org>",
            merge_heads=[ObjectID(side.encode())],
        )
    found = told(small)[1:]
    assert [(change.who, change.events[0].kind) for change in found] == [
        (WHO, Kind.detail_added),
        ("Ben Sider", Kind.detail_added),
        ("M", Kind.detail_added),
    ]
    assert "In the merge" in found[2].title
    assert len(found[2].added) == 1
    assert replayed(told(small)) == small.quads()


def test_a_shallow_clone_tells_what_it_has_and_says_so(ten: tuple[Past, list[str]], tmp_path: Path) -> None:
    past, commits = ten
    with porcelain.clone(str(past.root), str(tmp_path / "clone")) as clone:
        clone.update_shallow({ObjectID(commits[5].encode())}, set())
    shallow = Past(tmp_path / "clone")
    found = told(shallow)
    assert {event.kind for change in found if change.commit == commits[5] for event in change.events} == {
        Kind.already_there
    }
    assert [change.title for change in found if change.commit == commits[6]] == [TEN[6]]
    assert replayed(found) == past.quads()
    said = hrc("history", "--workspace", shallow.root)
    assert said.exit_code == 0
    assert "shallow" in said.output


def test_addresses_of_people_are_not_told(small: Past) -> None:
    small.edit("people/a", 'who:a skos:note "Fictional."@en .')
    small.commit(
        "Asked by ana@example.org\n\nShe wrote twice.\n\nSigned-off-by: Ana <ana@example.org>", " <b@example.org>"
    )
    change = told(small)[-1]
    assert change.who == "someone"
    assert change.why == "Asked by (address)\n\nShe wrote twice."


# ---- hrc history ----


def test_history_of_a_thing_is_told_by_iri_short_iri_or_dossier(ten: tuple[Past, list[str]]) -> None:
    past, commits = ten
    act = "act:id-lahat--award--kkp-ham-2025"
    said = hrc("history", act, "--workspace", past.root)
    assert said.exit_code == 0, said.output
    assert [line.strip() for line in said.stdout.splitlines() if ":" in line and line.startswith("    ")] == [
        TEN[9],
        TEN[2],
    ]
    assert f"  {WHO}  {commits[2][:12]}" in said.stdout
    assert hrc("history", BASE + "id/" + act.replace(":", "/"), "--workspace", past.root).stdout == said.stdout
    dossier = hrc("history", "governments/id/lahat", "--format", "json", "--workspace", past.root)
    listed = json.loads(dossier.stdout)
    assert [each["title"] for each in listed][:-1] == [TEN[9], TEN[6], TEN[2], TEN[1], TEN[0]]
    assert listed[0]["removed"] == [
        f'<{BASE}id/act/id-lahat--award--kkp-ham-2025> <{BASE}def/date> "2025"^^<http://id.loc.gov/datatypes/edtf/EDTF>'
    ]
    assert datetime.fromisoformat(listed[0]["when"]) > datetime(2020, 1, 1, tzinfo=UTC)


def test_a_big_commit_is_summed_up(ten: tuple[Past, list[str]]) -> None:
    past, _ = ten
    said = hrc("history", "--workspace", past.root).stdout
    assert "dossiers: " in said
    assert "source added (4" in said
    assert len(said.splitlines()) < 100


def test_what_the_history_does_not_know_is_said(ten: tuple[Past, list[str]], tmp_path: Path) -> None:
    past, _ = ten
    unknown = hrc("history", "gov:id-nowhere", "--workspace", past.root)
    assert (unknown.exit_code, "does not speak of “gov:id-nowhere”" in unknown.output) == (2, True)
    for name in ("ontology", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "ontology" / "hrc.ttl").write_text("")
    outside = hrc("history", "--workspace", tmp_path)
    assert (outside.exit_code, "in no git repository" in outside.output) == (2, True)
    porcelain.init(str(tmp_path)).close()
    unborn = hrc("history", "--workspace", tmp_path)
    assert (unborn.exit_code, "Nothing has been committed" in unborn.output) == (2, True)
    (tmp_path / "README").write_text("Not the data.")
    porcelain.add(str(tmp_path), [str(tmp_path / "README")])
    porcelain.commit(str(tmp_path), b"Not the data", author=b"A <a@example.org>", committer=b"A <a@example.org>")
    with pytest.raises(NotFound, match="not committed"):
        History(tmp_path)


# ---- Publishing ----


def dossier(text: str) -> bytes:
    return f"<id/person/a> <http://xmlns.com/foaf/0.1/name> {text} .\n".encode()


def status(past: Past) -> tuple[dict[str, list[bytes]], list[bytes]]:
    found = porcelain.status(str(past.root), untracked_files="no")
    return {kind: names for kind, names in found.staged.items() if names}, found.unstaged


def test_publishing_is_one_commit_of_the_dossiers_and_of_nothing_else(small: Past) -> None:
    (small.root / "ontology" / "hrc.ttl").write_text("# staged, and not ours\n")
    porcelain.add(str(small.root), [str(small.root / "ontology" / "hrc.ttl")])
    change = publishing.publish(
        small.workspace, {"people/a": dossier('"A"'), "people/new/b": dossier('"B"')}, "import of\nmembers.xlsx"
    )
    with History(small.root) as history:
        revision = list(history.revisions())[-1]
    assert revision.id.startswith(change.id)
    assert (revision.why, dict(revision.trailers)) == ("import of members.xlsx", {"Hrc-Change": "publish"})
    assert sorted(revision.files) == ["people/a", "people/new/b"]
    assert status(small) == ({"add": [b"ontology/hrc.ttl"]}, [])
    assert replayed(told(small)) == small.quads()
    assert not list((small.root / ".hrc" / "changes").glob("*"))


def test_undoing_is_an_inverse_commit_with_its_own_record(small: Past) -> None:
    before = small.quads()
    first = publishing.publish(small.workspace, {"people/a": dossier('"A"')}, "first")
    publishing.publish(small.workspace, {"people/a": dossier('"B"'), "people/deep/er/b": dossier('"B"')}, "second")
    with pytest.raises(BadInput, match="changed again"):
        publishing.undo(small.workspace, first.id)
    assert publishing.undo(small.workspace).what == "second"
    assert not (small.root / "data/people/deep").exists()
    publishing.undo(small.workspace)
    assert small.quads() == before
    assert status(small) == ({}, [])
    with History(small.root) as history:
        revisions = list(history.revisions())
    assert [revision.why for revision in revisions[1:]] == ["first", "second", "Undo: second", "Undo: first"]
    assert revisions[4].trailers == {"Hrc-Change": "undo", "Hrc-Undoes": revisions[1].id}
    with pytest.raises(NotFound, match="no such change"):
        publishing.undo(small.workspace)


def test_a_commit_made_by_hand_can_be_undone_by_name_and_done_again(small: Past) -> None:
    small.edit("people/a", 'who:a skos:note "By hand."@en .')
    by_hand = small.commit("By hand")
    with_note = small.quads()
    publishing.undo(small.workspace, by_hand[:8])
    with History(small.root) as history:
        undoing = history.head
    assert small.quads() != with_note
    publishing.undo(small.workspace, undoing)
    assert small.quads() == with_note


def test_a_change_cut_short_before_its_commit_is_put_back(small: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    before, head = small.quads(), told(small)[-1].commit

    def failing(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(History, "commit", failing)
    with pytest.raises(OSError, match="No space"):
        publishing.publish(small.workspace, {"people/a": dossier('"A"'), "people/b": dossier('"B"')}, "a test")
    assert small.quads() == before
    assert told(small)[-1].commit == head
    assert status(small) == ({}, [])


def test_a_change_cut_short_after_its_commit_is_finished(small: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(History, "stage", killed)
        with pytest.raises(KeyboardInterrupt):
            publishing.publish(small.workspace, {"people/a": dossier('"A"')}, "a test")
    assert publishing.history(small.workspace)[0].state == "writing"
    publishing.recover(small.workspace)
    assert told(small)[-1].why == "a test"
    assert replayed(told(small)) == small.quads()
    assert status(small) == ({}, [])
    assert not publishing.history(small.workspace)


def test_nothing_is_published_into_the_middle_of_a_merge(small: Past) -> None:
    (small.root / ".git" / "MERGE_HEAD").write_text(told(small)[-1].commit + "\n")
    before = small.quads()
    with pytest.raises(BadInput, match="under way"):
        publishing.publish(small.workspace, {"people/a": dossier('"A"')}, "a test")
    assert small.quads() == before


def test_an_import_into_a_repository_is_told_by_its_history(ten: tuple[Past, list[str]], tmp_path: Path) -> None:
    with porcelain.clone(str(ten[0].root), str(tmp_path / "clone")):
        pass
    table = tmp_path / "commitments.csv"
    table.write_text(
        "government,instrument,mode,date,sources\ngov:id-lahat,text:european-charter-2000,endorsed,2025,src:seed-004\n",
        "utf-8",
    )
    done = hrc("import", table, "--as", "adoption", "--workspace", tmp_path / "clone")
    assert done.exit_code == 0, done.output
    last = told(Past(tmp_path / "clone"))[-1]
    assert last.why == "import of commitments.csv"
    assert Kind.commitment_linked in {event.kind for event in last.events}
    assert f"hrc undo {last.commit[:12]} takes it back" in done.output
