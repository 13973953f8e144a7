"""The living index: what it judges, publishes and shows is what the whole would be, made anew."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from dulwich.repo import Repo
from typer.testing import CliRunner

from hrc_graph import errors, namespaces, publishing, records, review
from hrc_graph.cli import app
from hrc_graph.engine import snapshots
from hrc_graph.history import History
from hrc_graph.index import Index
from hrc_graph.publishing import Author
from hrc_graph.validation import Report
from hrc_graph.web import problems
from hrc_graph.workspace import Workspace, open_workspace
from tests import past as pasts
from tests.conftest import ROOT, serving
from tests.past import PREFIXES, Past
from tests.test_validation import key

pytestmark = pytest.mark.slow

BASE = namespaces.BASE
LAHAT = "governments/id/lahat"
ANA = Author("Ana Editor", "ana@example.org")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter of the shipped files in git, with their snapshot; not to be changed."""
    root = pasts.closed(tmp_path_factory.mktemp("quarter"), "sources/seed-004").root
    Index.open(open_workspace(root))
    return root


@pytest.fixture
def past(template: Path, tmp_path: Path) -> Past:
    shutil.copytree(template, tmp_path / "copy")
    return Past(tmp_path / "copy")


@pytest.fixture
def index(past: Past) -> Index:
    return Index.open(past.workspace)


@pytest.fixture(scope="module")
def reader(template: Path) -> Index:
    """An index that is only asked."""
    return Index.open(open_workspace(template))


def named(workspace: Workspace, name: str, dossier: str = LAHAT) -> dict[str, bytes]:
    """A dossier with another name for Lahat."""
    text = workspace.files.path(dossier).read_bytes()
    return {dossier: text + f'<id/gov/id-lahat> <{namespaces.VOCABULARY["skos"]}altLabel> "{name}"@en .\n'.encode()}


def canonical(store: ox.Store) -> bytes:
    return b"".join(sorted((store.dump(format=ox.RdfFormat.N_QUADS) or b"").splitlines(keepends=True)))


def is_as_if_built_anew(index: Index, state: Path) -> None:
    fresh = snapshots.current(index.workspace.files, state, base=BASE, fresh=True)
    made = index.snapshot
    assert canonical(index.store) == Path(fresh.path).read_bytes()
    assert (made.id, made.digest, made.triples, made.graphs) == (fresh.id, fresh.digest, fresh.triples, fresh.graphs)
    assert Path(made.path).read_bytes() == Path(fresh.path).read_bytes()
    assert bool(made.default) == bool(fresh.default)
    assert snapshots.read(index.workspace.state / "current.json") == made


# ---- What it holds ----


def at_random(chance: random.Random, workspace: Workspace) -> None:
    """Change some dossiers by hand: statements go, go elsewhere, are said twice; claims are ranked; dossiers go."""
    there = workspace.files.dossiers()
    with_claims = [name for name, path in there.items() if "hrc:Claim" in path.read_text("utf-8")]
    for _ in range(4):
        name, other = chance.choice([*there]), chance.choice([*there])
        if chance.random() < 0.5:
            name = chance.choice(with_claims)
        path = there[name]
        triples = records.read(path.read_bytes(), base=BASE, name=name)
        some = chance.sample(triples, min(len(triples), chance.randint(1, 5)))
        match chance.choice(("less", "elsewhere", "twice", "ranks", "types", "gone")):
            case "less":
                triples = [triple for triple in triples if triple not in some]
            case "ranks":
                text = path.read_text("utf-8").replace("wikibase:NormalRank", "wikibase:PreferredRank")
                triples = records.read(text.encode(), base=BASE, name=name)
            case "types":
                triples = [t for t in triples if not t.predicate.value.endswith(("#type", "/actor", "/under"))]
            case "gone":
                triples = []
            case move:
                into = records.read(there[other].read_bytes(), base=BASE, name=other)
                there[other].write_text(records.write([*into, *some], base=BASE), "utf-8")
                if move == "elsewhere" and other != name:
                    triples = [triple for triple in triples if triple not in some]
        if triples:
            path.write_text(records.write(triples, base=BASE), "utf-8")
        else:
            path.unlink()
            del there[name]
            with_claims = [each for each in with_claims if each in there]


@pytest.mark.parametrize("seed", range(4))
def test_after_random_changes_it_holds_what_a_fresh_build_gives(seed: int, tmp_path: Path) -> None:
    past = pasts.shipped(tmp_path / "shipped")
    for number, path in enumerate(past.workspace.files.dossiers().values()):
        if (number + seed) % 4:  # another fourth for each seed: together they have all
            path.unlink()
    chance, index = random.Random(seed), Index.open(past.workspace)
    for _ in range(5):
        at_random(chance, index.workspace)
        assert index.refresh()
        is_as_if_built_anew(index, tmp_path / "fresh")
    assert not index.refresh()


def test_a_changed_ontology_is_read_anew(index: Index, tmp_path: Path) -> None:
    terms = index.workspace.root / "ontology" / "hrc.ttl"
    terms.write_text(terms.read_text("utf-8").replace("hrc:attendance", "hrc:headcount"), "utf-8")
    assert index.refresh()
    is_as_if_built_anew(index, tmp_path / "fresh")


# ---- What it judges ----


def whole(workspace: Workspace, changes: dict[str, bytes | None]) -> Report:
    """The report of the whole graph with some dossiers changed."""
    gone = {name: b"" for name, text in changes.items() if text is None}
    store = snapshots.load(workspace.files, base=BASE, instead={n: t for n, t in changes.items() if t} | gone)
    return review.judge_records(store, workspace)


def breakages(workspace: Workspace) -> Iterator[dict[str, bytes | None]]:
    """Changes that break a rule in what they change, and elsewhere."""
    there = workspace.files.dossiers()
    text = there[LAHAT].read_text("utf-8")
    yield {LAHAT: text.replace("hrc:primaryPlace place:id-lahat", "hrc:primaryPlace place:id-nowhere").encode()}
    yield {"sources/seed-004": None}
    yield {LAHAT: None, "aims/kkp-ham": None}
    date = there["instruments/european-charter-2000"].read_text("utf-8").replace('"2000', '"2031')
    yield {"instruments/european-charter-2000": date.encode()}
    chance = random.Random(7)
    for name in chance.sample([name for name in there if not name.startswith("sources/")], 1):
        triples = records.read(there[name].read_bytes(), base=BASE, name=name)
        yield {name: records.write(chance.sample(triples, len(triples) // 2 + 1), base=BASE).encode()}


def test_the_report_is_that_of_the_whole_graph_and_leaves_nothing_out(reader: Index) -> None:
    workspace = reader.workspace
    before, standing = canonical(reader.store), key(whole(workspace, {}))
    for changes in breakages(workspace):
        found, expected = key(reader.judge(changes)), key(whole(workspace, changes))
        told = {result[1] for result in found}
        assert {result for result in expected if result[1] in told} == found, changes.keys()
        altered = {result for result in expected ^ standing if result in expected}
        assert altered <= found, changes.keys()
        assert canonical(reader.store) == before


def test_what_a_change_breaks_elsewhere_is_told_with_its_place(reader: Index) -> None:
    report = reader.judge({"sources/seed-004": None})
    assert not report.conforms
    assert {result.file for result in report.results} > {f"data/{LAHAT}.ttl"}
    assert all(result.line for result in report.results)
    assert reader.judge(named(reader.workspace, "Fictional")).conforms


def test_judging_writes_nothing(reader: Index) -> None:
    state = reader.workspace.state
    before = reader.workspace.files.digest(), sorted(state.rglob("*")), canonical(reader.store)
    reader.judge({LAHAT: None})
    reader.judge({"people/fictional": f'{PREFIXES} who:fictional a foaf:Person ; foaf:name "Fictional" .'.encode()})
    assert (reader.workspace.files.digest(), sorted(state.rglob("*")), canonical(reader.store)) == before


def test_an_index_may_be_asked_from_many_threads(reader: Index) -> None:
    reports: list[Report] = []
    changes: list[dict[str, bytes | None]] = [{LAHAT: None}, {"sources/seed-004": None}]
    expected = [len(reader.judge(change).results) for change in changes]
    threads = [
        threading.Thread(target=lambda change=change: reports.append(reader.judge(change))) for change in changes * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(report.results) for report in reports) == sorted(expected * 2)


# ---- What it accepts ----


def test_a_change_is_committed_in_its_authors_name_and_shown(
    index: Index, past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Fictional server")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "server@example.org")
    change = index.accept(
        named(past.workspace, "Fictional"), "A fictional name", ANA, "The gazette says so.", {"Reviewed-by": "Ben"}
    )
    with Repo(str(past.root)) as repository:
        head = repository[repository.head()]
        assert head.id.decode().startswith(change.id)
        assert head.author == b"Ana Editor <ana@example.org>"  # type: ignore[attr-defined]
        assert head.committer == b"Fictional server <server@example.org>"  # type: ignore[attr-defined]
    with History(past.root) as history:
        last = list(history.revisions())[-1]
    assert (last.who, last.why) == ("Ana Editor", "A fictional name\n\nThe gazette says so.")
    assert last.trailers == {"Hrc-Change": "publish", "Reviewed-by": "Ben"}
    text = past.workspace.files.path(LAHAT).read_bytes()
    assert text.decode() == records.write(records.read(text, base=BASE, name=LAHAT), base=BASE)
    is_as_if_built_anew(index, tmp_path / "fresh")
    assert index.undo(author=Author("Ben")).id == change.id
    is_as_if_built_anew(index, tmp_path / "fresh")
    with pytest.raises(errors.BadInput, match="changes nothing"):
        index.accept({LAHAT: past.workspace.files.path(LAHAT).read_bytes()}, "Nothing", ANA)


def test_what_the_shapes_do_not_allow_is_refused_whole(index: Index, past: Past) -> None:
    before = past.workspace.files.digest(), index.snapshot, canonical(index.store)
    changes = named(past.workspace, "Fictional") | {"sources/seed-004": None}
    with pytest.raises(errors.NotConforming, match="do not allow") as refused:
        index.accept(changes, "A source goes", ANA)
    assert refused.value.report.of("Violation")
    assert problems.status_of(refused.value) == 422
    assert (past.workspace.files.digest(), index.snapshot, canonical(index.store)) == before


def test_the_second_of_two_editors_is_told_what_the_first_wrote(index: Index, past: Past) -> None:
    seen = {LAHAT: hashlib.sha256(past.workspace.files.path(LAHAT).read_bytes()).hexdigest()}
    first, second = named(past.workspace, "Fictional one"), named(past.workspace, "Fictional two")
    index.accept(first, "One", ANA, on=seen)
    with pytest.raises(errors.ChangedMeanwhile, match=LAHAT) as conflict:
        index.accept(second, "Two", Author("Ben"), on=seen)
    assert problems.status_of(conflict.value) == 409
    assert conflict.value.yours == second
    assert conflict.value.current == {LAHAT: past.workspace.files.path(LAHAT).read_bytes()}
    assert b"Fictional one" in (conflict.value.current[LAHAT] or b"")
    assert "Fictional two" not in past.workspace.files.path(LAHAT).read_text("utf-8")


@pytest.mark.parametrize("name", ["../outside", "Lahat", "vocabularies/mode", "derived/claims", "people/A b"])
def test_a_name_that_no_dossier_can_have_is_refused(name: str, reader: Index) -> None:
    with pytest.raises(errors.BadFile, match="can be called"):
        reader.check({name: b"<a> <b> <c> ."})


def test_an_author_cannot_forge_a_commit() -> None:
    with pytest.raises(errors.BadInput):
        Author("Ana\ncommitter Eve")


def test_while_one_process_writes_no_other_does(past: Past) -> None:
    holding = f"""
from pathlib import Path
from hrc_graph import publishing
from hrc_graph.workspace import open_workspace
with publishing.turn(open_workspace(Path({str(past.root)!r}))):
    print("holds", flush=True)
    input()
"""
    other = subprocess.Popen([sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout
    assert other.stdout.readline() == "holds\n"
    with pytest.raises(errors.Busy), publishing.turn(past.workspace, wait=0.05):
        pass
    other.kill()
    other.communicate()
    with publishing.turn(past.workspace, wait=0.05):
        pass


# ---- What a server shows ----

ASKED = f"SELECT ?name {{ <{BASE}id/gov/id-lahat> <{namespaces.VOCABULARY['skos']}altLabel> ?name }}"


def shown(server: object, name: str) -> None:
    """Wait until a server tells a name of Lahat."""
    until = time.monotonic() + 60
    while name not in {row["name"] for row in server.rows(f"{ASKED} # {time.monotonic()}")}:  # type: ignore[attr-defined]
        assert time.monotonic() < until, f"{name} is not shown"
        time.sleep(0.02)


def test_a_server_shows_each_change_and_an_import_of_another_process_and_its_undoing(index: Index, past: Past) -> None:
    table = past.root / "commitments.csv"
    table.write_text(
        "government,instrument,mode,date,sources\ngov:id-lahat,text:european-charter-2000,endorsed,2025,src:seed-004\n",
        "utf-8",
    )
    said = f"<{BASE}def/under> <{BASE}id/text/european-charter-2000> ; <{BASE}def/actor> <{BASE}id/gov/id-lahat>"
    act = f"ASK {{ ?act {said} }}"
    with serving(workspace=past.root) as server:
        for number in range(3):
            index.accept(named(past.workspace, f"Fictional {number}"), "A name", ANA)
            shown(server, f"Fictional {number}")
            assert server.get("health").json()["snapshot"] == index.snapshot.id
        counted = server.rows("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")[0]["n"]
        assert counted == str(index.snapshot.triples)
        done = CliRunner().invoke(
            app, ["import", str(table), "--as", "adoption", "--workspace", str(past.root)], catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        for expected in (True, False):
            until = time.monotonic() + 60
            while server.sparql(f"{act} # {time.monotonic()}").json()["boolean"] is not expected:
                assert time.monotonic() < until
                time.sleep(0.05)
            assert index.refresh()
            if expected:
                undone = CliRunner().invoke(app, ["undo", "--workspace", str(past.root)], catch_exceptions=False)
                assert undone.output == "Undone: import of commitments.csv (1 dossiers)\n"
        assert server.get("health").json()["snapshot"] == index.snapshot.id
        assert not [line for line in server.log if "could not" in line]


# ---- When something fails ----

_ACCEPTING = """
import sys
from pathlib import Path
from hrc_graph.index import Index
from hrc_graph.publishing import Author
from hrc_graph.workspace import open_workspace
workspace = open_workspace(Path(sys.argv[1]))
index = Index.open(workspace)
print("open", flush=True)
for number in range(1000):
    name, changes = f"Fictional {sys.argv[2]}-{number}", {}
    for town in ("lahat", "palembang"):
        said = f'<id/gov/id-{town}> <http://www.w3.org/2004/02/skos/core#altLabel> "{name}"@en .'
        dossier = f"governments/id/{town}"
        changes[dossier] = workspace.files.path(dossier).read_bytes() + said.encode()
    index.accept(changes, name, Author("Ana"))
    print(name, flush=True)
"""


def test_whenever_a_process_is_killed_no_change_that_was_acknowledged_is_lost_and_none_is_half_there(
    tmp_path: Path,
) -> None:
    chance, past = random.Random(20), pasts.state_a(tmp_path / "past", "governments/id/palembang")
    snapshots.current(past.workspace.files, past.workspace.state, base=BASE)
    acknowledged: list[str] = []
    for attempt in range(12):
        command = [sys.executable, "-c", _ACCEPTING, str(past.root), str(attempt)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        time.sleep(chance.uniform(0.05, 2.5))
        process.send_signal(signal.SIGKILL)
        acknowledged += process.communicate()[0].splitlines()
        about = snapshots.read(past.workspace.state / "current.json")
        assert about
        seen = Path(about.path).read_text("utf-8")
        assert set(acknowledged) - set(published(seen, "lahat")) <= set(acknowledged[-1:])
        assert published(seen, "lahat") == published(seen, "palembang"), "half a change is shown"
    index = Index.open(past.workspace)
    text = canonical(index.store).decode()
    assert set(acknowledged) <= set(published(text, "lahat"))
    assert published(text, "lahat") == published(text, "palembang")
    assert len(acknowledged) > 3
    is_as_if_built_anew(index, tmp_path / "fresh")
    assert not publishing.history(past.workspace)
    with History(past.root) as history:
        assert {revision.why for revision in history.revisions()} >= set(acknowledged)
    with serving(workspace=past.root) as server:
        shown(server, acknowledged[-1])


def published(quads: str, town: str) -> list[str]:
    start = f'<{BASE}id/gov/id-{town}> <{namespaces.VOCABULARY["skos"]}altLabel> "Fictional '
    return sorted("Fictional " + line[len(start) :].partition('"')[0] for line in quads.splitlines() if start in line)


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file may grow past a size, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("size", [0, 1_000, 20_000, 2**20])
def test_on_a_full_disk_a_change_is_refused_whole_and_reading_goes_on(size: int, index: Index, past: Past) -> None:
    before = past.workspace.files.digest(), index.snapshot
    with small_disk(size), pytest.raises(errors.Unwritable, match="cannot be written") as full:
        index.accept(named(past.workspace, "Fictional"), "A name", ANA)
    assert problems.status_of(full.value) == 503
    assert (past.workspace.files.digest(), index.snapshot) == before
    assert snapshots.latest(past.workspace.state) == index.snapshot
    with small_disk(size):
        assert index.judge(named(past.workspace, "Fictional")).conforms
    index.accept(named(past.workspace, "Fictional"), "A name", ANA)
    assert b"Fictional" in canonical(index.store)


def test_where_nothing_can_be_written_a_change_is_refused_and_a_server_answers_from_the_last_snapshot(
    past: Past,
) -> None:
    lock = past.workspace.state / "lock"
    lock.unlink()
    lock.mkdir()  # nobody can open it to write, not even root
    before = past.workspace.files.digest()
    done = CliRunner().invoke(app, ["undo", "--workspace", str(past.root)], catch_exceptions=False)
    assert done.exit_code == 2
    with pytest.raises(errors.Unwritable, match="cannot be written: Is a directory"):
        Index.open(past.workspace)
    assert past.workspace.files.digest() == before
    with serving(workspace=past.root) as server:
        assert server.rows("SELECT ?p { ?s ?p ?o } LIMIT 1")
        assert server.get("health").json()["snapshot"] == json.loads((lock.parent / "current.json").read_text())["id"]


def test_a_clock_that_jumps_keeps_no_change_from_being_shown(index: Index, past: Past, tmp_path: Path) -> None:
    later = time.time() + 86_400 * 365
    for path in (past.workspace.state / "current.json", past.workspace.files.path(LAHAT), *past.root.glob(".git/*")):
        os.utime(path, (later, later))
    index.accept(named(past.workspace, "Fictional"), "A name", ANA)
    os.utime(past.workspace.files.path(LAHAT), (0, 0))
    assert not index.refresh()
    is_as_if_built_anew(index, tmp_path / "fresh")


# ---- Backups ----


def test_a_backup_restored_into_an_empty_folder_is_the_same_graph_with_the_same_history(
    past: Past, index: Index, tmp_path: Path
) -> None:
    index.accept(named(past.workspace, "Fictional"), "A name", ANA)
    not_committed = past.root / "data" / "people" / "fictional.ttl"
    not_committed.write_text(f'{PREFIXES} who:fictional foaf:name "Fictional" .', "utf-8")
    done = CliRunner().invoke(
        app, ["backup", str(tmp_path / "backup"), "--workspace", str(past.root)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    shutil.copytree(tmp_path / "backup", tmp_path / "restored")
    restored = Index.open(open_workspace(tmp_path / "restored"))
    about = json.loads((tmp_path / "restored" / "backup" / "about.json").read_text())
    assert (restored.snapshot.id, restored.snapshot.triples) == (about["snapshot"], about["triples"])
    store = ox.Dataset(restored.store)
    store.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted((ox.serialize(store, format=ox.RdfFormat.N_QUADS) or b"").splitlines(keepends=True))
    assert hashlib.sha256(b"".join(lines)).hexdigest() == about["hash"]
    with History(past.root) as ours, History(tmp_path / "restored") as theirs:
        assert list(ours.revisions()) == list(theirs.revisions())
    restored.undo(author=ANA)
    again = CliRunner().invoke(app, ["backup", str(tmp_path / "backup"), "--workspace", str(past.root)])
    assert again.exit_code == 2
    assert "holds something already" in again.output
