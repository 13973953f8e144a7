"""Files and graphs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hrc_graph.errors import BadFile
from hrc_graph.files import Files, replace
from hrc_graph.workspace import Workspace, find_root, open_workspace
from tests.conftest import ROOT


def test_every_file_holds_one_graph_named_by_its_path(workspace: Workspace) -> None:
    graphs = workspace.files.graphs()
    assert graphs["governments/id/lampung-timur"] == ROOT / "data" / "governments" / "id" / "lampung-timur.ttl"
    assert graphs["ontology"] == ROOT / "ontology" / "hrc.ttl"
    assert graphs["vocabularies/theme"] == ROOT / "ontology" / "vocabularies" / "theme.ttl"
    assert workspace.files.path("governments/id/lahat") == graphs["governments/id/lahat"]


@pytest.mark.parametrize("name", ["../LICENSE", "governments/../../ontology/hrc", "/etc/passwd"])
def test_no_graph_lies_outside_data(workspace: Workspace, name: str) -> None:
    with pytest.raises(BadFile):
        workspace.files.path(name)


def test_the_digest_changes_with_any_byte_and_any_name(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    (tmp_path / "data").mkdir()
    files = Files(tmp_path)
    empty = files.digest()
    dossier = tmp_path / "data" / "a.ttl"
    replace(dossier, b"<a> <b> <c> .\n")
    first = files.digest()
    replace(dossier, b"<a> <b> <d> .\n")
    second = files.digest()
    dossier.rename(tmp_path / "data" / "b.ttl")
    assert len({empty, first, second, files.digest()}) == 4


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.ttl"
    replace(target, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_nearest_workspace_upwards_is_found_else_the_packaged_one(tmp_path: Path) -> None:
    assert find_root(ROOT / "data" / "governments") == ROOT
    assert find_root(tmp_path) == ROOT


def test_a_folder_without_ontology_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="not a workspace"):
        open_workspace(tmp_path)
