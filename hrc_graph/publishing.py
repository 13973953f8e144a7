"""The only writer under `data/`: many files change together, or none does, and a change can be undone.

Each change is a folder `.hrc/changes/<number>/` with the bytes that stood before and a record of what
was done. If a change is cut short, the next start puts the old bytes back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hrc_graph.errors import BadInput, NotFound
from hrc_graph.files import replace
from hrc_graph.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Change:
    """One change of `data/`."""

    number: int
    what: str
    state: str
    """`writing`, `done` or `undone`."""
    after: dict[str, str]
    """The SHA-256 of each file's new bytes, by graph name."""
    before: dict[str, bool]
    """Whether each file was there before."""


def publish(workspace: Workspace, changes: Mapping[str, bytes], what: str) -> Change:
    """Write the dossiers of a change; `what` says in a few words what it is."""
    recover(workspace)
    number = max((change.number for change in history(workspace)), default=0) + 1
    folder = _folder(workspace, number)
    paths = {name: workspace.files.path(name) for name in changes}
    for name, path in paths.items():
        if path.exists():
            replace(folder / "before" / f"{name}.ttl", path.read_bytes())
    after = {name: hashlib.sha256(content).hexdigest() for name, content in changes.items()}
    change = Change(number, what, "writing", after, {name: path.exists() for name, path in paths.items()})
    _record(workspace, change)
    try:
        for name, content in changes.items():
            replace(paths[name], content)
    except BaseException:
        recover(workspace)
        raise
    return _record(workspace, _with_state(change, "done"))


def undo(workspace: Workspace, number: int | None = None) -> Change:
    """Put back what stood before a change, by default the newest that is not undone.

    Raises `NotFound` when there is none, `BadInput` when a file of it was changed again since.
    """
    recover(workspace)
    open_changes = {change.number: change for change in history(workspace) if change.state == "done"}
    wanted = max(open_changes, default=None) if number is None else number
    if wanted is None or wanted not in open_changes:
        raise NotFound("There is no such change to undo.", "hrc history lists the changes.")
    change = open_changes[wanted]
    for name, digest in change.after.items():
        path = workspace.files.path(name)
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise BadInput(f"{path} was changed again after change {wanted}.", "Undo the later change first.")
    _put_back(workspace, change)
    return _record(workspace, _with_state(change, "undone"))


def recover(workspace: Workspace) -> None:
    """Put back the old bytes of a change that was cut short."""
    for change in history(workspace):
        if change.state == "writing":
            _put_back(workspace, change)
            _record(workspace, _with_state(change, "undone"))


def history(workspace: Workspace) -> list[Change]:
    """Every change made here, oldest first."""
    records = sorted((workspace.state / "changes").glob("*/change.json"))
    return [Change(**json.loads(record.read_text("utf-8"))) for record in records]


def _put_back(workspace: Workspace, change: Change) -> None:
    for name, was_there in change.before.items():
        path = workspace.files.path(name)
        if was_there:
            replace(path, (_folder(workspace, change.number) / "before" / f"{name}.ttl").read_bytes())
        else:
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder == workspace.root / "data" or any(folder.iterdir()):
                    break
                folder.rmdir()


def _folder(workspace: Workspace, number: int) -> Path:
    return workspace.state / "changes" / f"{number:06}"


def _record(workspace: Workspace, change: Change) -> Change:
    replace(_folder(workspace, change.number) / "change.json", json.dumps(asdict(change), indent=1).encode())
    return change


def _with_state(change: Change, state: str) -> Change:
    return Change(change.number, change.what, state, change.after, change.before)
