"""What a build leaves ready for the first request."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hrc_graph import chronicle, facets, history, namespaces, preparing
from hrc_graph.engine import snapshots
from hrc_graph.errors import EngineFailure
from hrc_graph.index import Index
from hrc_graph.listings import LISTINGS
from hrc_graph.publishing import Author
from hrc_graph.workspace import open_workspace
from tests import past as pasts
from tests.conftest import serving
from tests.past import Past

pytestmark = pytest.mark.slow

BASE = namespaces.BASE


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """A small repository that was built by the command line."""
    made = pasts.state_a(tmp_path_factory.mktemp("built"))
    command = [sys.executable, "-m", "hrc_graph", "build", "--workspace", str(made.root)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def test_a_build_leaves_the_names_and_the_history_ready(past: Past) -> None:
    workspace = past.workspace
    snapshot = snapshots.read(workspace.state / "current.json")
    assert snapshot
    names = preparing.read(snapshot, BASE)
    assert names.snapshot == snapshot.id
    assert [found.thing.id for found in names.search("Kabupaten Lahat")][:2] == ["id/gov/id-lahat", "id/place/id-lahat"]
    written = {path: path.stat().st_mtime_ns for path in workspace.state.rglob("*") if path.is_file()}
    assert preparing.build(workspace) == snapshot
    assert chronicle.current(past.root, workspace.state, base=BASE).head == history.head(past.root)
    assert {path: path.stat().st_mtime_ns for path in workspace.state.rglob("*") if path.is_file()} == written


def test_a_server_finds_by_the_names_that_the_build_left(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".hrc"))
    workspace = open_workspace(tmp_path / "copy")
    snapshot = preparing.build(workspace)
    names = preparing.read(snapshot, BASE)
    thing = names.things["id/gov/id-lahat"]
    thing.names, thing.folded = (*thing.names, ("Fictional name", "en")), (*thing.folded, "fictional name")
    preparing.shelf(snapshot, BASE).write_bytes(pickle.dumps(names))
    with serving(workspace=workspace.root) as server:
        found = server.get("search?q=Fictional+name&format=json").json()["results"]
        assert found[0]["id"] == "id/gov/id-lahat"


def test_servers_turn_to_a_snapshot_only_when_all_is_ready(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(past.root, tmp_path / "copy")
    workspace = open_workspace(tmp_path / "copy")
    shown = json.loads((workspace.state / "current.json").read_text())
    Past(workspace.root).edit("people/made-up-one", 'who:made-up-one skos:note "More."@en .')
    monkeypatch.setattr(preparing, "_MAKE", "raise SystemExit(1)")
    with pytest.raises(EngineFailure, match="names"):
        preparing.build(workspace)
    assert json.loads((workspace.state / "current.json").read_text()) == shown
    monkeypatch.undo()
    snapshot = preparing.build(workspace)
    assert json.loads((workspace.state / "current.json").read_text())["id"] == snapshot.id != shown["id"]
    assert preparing.shelf(snapshot, BASE).exists()


def test_after_an_accepted_change_the_names_are_ready_before_anybody_asks(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy")
    workspace = open_workspace(tmp_path / "copy")
    preparing.build(workspace)
    with serving(workspace=workspace.root):
        opened = Index.open(workspace)
        text = workspace.files.path("people/made-up-one").read_bytes()
        more = (
            text + b'<id/person/made-up-one> <http://www.w3.org/2004/02/skos/core#note> "More, and fictional."@en .\n'
        )
        before = opened.snapshot
        opened.accept({"people/made-up-one": more}, "More", Author("Fictional Editor", "editor@example.org"))
        assert opened.snapshot.id != before.id
        shelf = preparing.shelf(opened.snapshot, BASE)
        end = time.monotonic() + 60
        while not shelf.exists() and time.monotonic() < end:
            time.sleep(0.1)
        assert shelf.exists()
        assert preparing.read(opened.snapshot, BASE).snapshot == opened.snapshot.id


def test_a_copy_of_a_workspace_reads_its_own_snapshot(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy")
    snapshot = preparing.build(open_workspace(tmp_path / "copy"))
    assert Path(snapshot.path).is_relative_to(tmp_path / "copy")
    assert Path(snapshot.path).stat().st_mtime_ns < (tmp_path / "copy").stat().st_ctime_ns, "it was built again"


def test_a_server_reads_the_lists_that_the_last_one_left(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy")
    workspace = open_workspace(tmp_path / "copy")
    with serving(workspace=workspace.root) as server:
        assert "Lahat" in server.get("governments").text
        end = time.monotonic() + 60
        while len(kept := sorted(workspace.state.rglob("list-*.pickle"))) < len(LISTINGS) and time.monotonic() < end:
            time.sleep(0.1)
        assert [path.name.split("-")[1] for path in kept] == sorted(LISTINGS)
    governments = next(path for path in kept if path.name.startswith("list-governments"))
    governments.write_bytes(pickle.dumps(facets.Index(LISTINGS["governments"], [])))
    with serving(workspace=workspace.root) as server:
        assert "Lahat" not in server.get("governments").text
