"""Backups: a folder that is a workspace itself, with the history of `data/`, a canonical dump, and what to compare."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from hrc_graph import history, publishing
from hrc_graph.engine import snapshots
from hrc_graph.engine.snapshots import Progress, quiet
from hrc_graph.errors import BadFile, NotFound
from hrc_graph.export import dumps
from hrc_graph.export.folder import Folder
from hrc_graph.workspace import Workspace

_PARTS = ("ontology", "data", "queries")
DUMP, ABOUT = "backup/hrcity.nq", "backup/about.json"
"""Below the folder: the canonical N-Quads, and what `Backup` says."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    snapshot: str
    triples: int
    hash: str
    """The SHA-256 of the canonical N-Quads (RDFC-1.0)."""
    commit: str
    """The newest commit; empty where git does not keep the workspace."""


def make(workspace: Workspace, folder: Path, progress: Progress = quiet) -> Backup:
    """Write a backup into a folder that is not there yet or is empty; no change of the data is made meanwhile.

    Raises `BadFile` for another folder, `Busy` while another process makes a change, `Unwritable`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadFile(f"{folder} holds something already.", "Name a folder that is not there yet.")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    with publishing.turn(workspace), publishing.unwritable(workspace):
        publishing.recover(workspace)
        snapshot = snapshots.current(workspace.files, workspace.state, base=workspace.settings.base, progress=progress)
        shutil.rmtree(unfinished, ignore_errors=True)
        commit = _copy(workspace, unfinished)
        out = Folder(unfinished)
        with out.stream(DUMP) as sink:
            for lines in dumps.canonical(Path(snapshot.path)):
                sink.write(b"".join(lines))
        made = Backup(snapshot.id, snapshot.triples, out.files[DUMP].sha256, commit)
        out.write_json(ABOUT, asdict(made))
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
    return made


def _copy(workspace: Workspace, target: Path) -> str:
    """Copy the history, if there is one, and the files as they are; the newest commit."""
    try:
        root, commit = history.clone(workspace.root, target)
    except NotFound:
        root, commit = target, ""
    for name in _PARTS:
        if (workspace.root / name).is_dir():
            shutil.rmtree(root / name, ignore_errors=True)  # what is not committed is kept too
            shutil.copytree(workspace.root / name, root / name)
    return commit


def read(folder: Path) -> Backup:
    """What the backup in a folder says of itself. Raises `BadFile` when it holds none."""
    try:
        return Backup(**json.loads((folder / ABOUT).read_text("utf-8")))
    except (OSError, TypeError, ValueError):
        raise BadFile(f"{folder} holds no backup.", "hrc backup DIR makes one.") from None
