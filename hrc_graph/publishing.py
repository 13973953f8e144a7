"""The only writer under `data/`: many files change together, or none does, and a change can be undone.

Where git keeps the workspace, a change is a commit of its dossiers alone, whatever else is staged, and undoing it is
another commit. Elsewhere each change is a folder `.hrc/changes/<number>/` with the bytes that stood before and a record
of what was done. In either case that folder is there while files are written: if a change is cut short, the next start
puts the old bytes back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hrc_graph import files
from hrc_graph.errors import BadInput, NotFound
from hrc_graph.history import History, Revision
from hrc_graph.workspace import Workspace

_KIND, _UNDOES = "Hrc-Change", "Hrc-Undoes"
"""Trailers of our commits: `publish` or `undo`, and the commit that is undone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of `data/`."""

    id: str
    """The commit, shortened, or a number where there is no git."""
    what: str
    state: str
    """`writing`, `done` or `undone`."""
    after: dict[str, str]
    """The SHA-256 of each file's new bytes, by graph name; empty for a file that is taken away."""
    before: dict[str, bool]
    """Whether each file was there before."""


def publish(workspace: Workspace, changes: Mapping[str, bytes], what: str) -> Change:
    """Write the dossiers of a change; `what` says in a few words what it is.

    Raises `BadInput` while a merge or the like is under way in git.
    """
    return _write(workspace, changes, " ".join(what.split()), {_KIND: "publish"})


def undo(workspace: Workspace, id: str = "") -> Change:
    """Put back what stood before a change, by default the newest that is not undone.

    Raises `NotFound` when there is none, `BadInput` when a file of it was changed again since.
    """
    recover(workspace)
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            return _undo_commit(workspace, past, _wanted(past, id))
    done = [change for change in history(workspace) if change.state == "done" and id in ("", change.id)]
    if not done:
        raise NotFound("There is no such change to undo.", "Without git, changes are numbered from 1.")
    _check_unchanged(workspace, done[-1].after, done[-1].id)
    _put_back(workspace, done[-1])
    return _record(workspace, replace(done[-1], state="undone"))


def recover(workspace: Workspace) -> None:
    """Put back the old bytes of a change that was cut short; one that was committed already is finished."""
    unfinished = [change for change in history(workspace) if change.state == "writing"]
    if not unfinished:
        return
    with _git(workspace) or contextlib.nullcontext() as past:
        for change in unfinished:
            blobs = past.dossiers(past.head) if past else {}
            if not past or any(
                _digest(past.text(blobs[name]) if name in blobs else None) != digest
                for name, digest in change.after.items()
            ):
                _put_back(workspace, change)
            if past:
                past.stage(change.after)
                shutil.rmtree(_folder(workspace, change))
            else:
                _record(workspace, replace(change, state="undone"))


def history(workspace: Workspace) -> list[Change]:
    """Every change that was made here without git, oldest first, and one that is being made."""
    records = sorted((workspace.state / "changes").glob("*/change.json"))
    return [Change(**json.loads(record.read_text("utf-8"))) for record in records]


def _write(
    workspace: Workspace, contents: Mapping[str, bytes | None], what: str, trailers: Mapping[str, str]
) -> Change:
    """Change files, all or none; None takes a file away."""
    recover(workspace)
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            past.check_at_rest()
        change = _begun(workspace, contents, what)
        try:
            for name, content in contents.items():
                _set(workspace, name, content)
            if past:
                commit = past.commit(contents, what, trailers)
                past.stage(contents)
        except BaseException:
            recover(workspace)
            raise
        if past:
            shutil.rmtree(_folder(workspace, change))
            return replace(change, id=commit[:12], state="done")
    return _record(workspace, replace(change, state="done"))


def _begun(workspace: Workspace, contents: Mapping[str, bytes | None], what: str) -> Change:
    """The record of a change, with the bytes that stand before it, on disk."""
    paths = {name: workspace.files.path(name) for name in contents}
    after = {name: _digest(content) for name, content in contents.items()}
    id = str(max((int(change.id) for change in history(workspace)), default=0) + 1)
    change = Change(id, what, "writing", after, {name: path.exists() for name, path in paths.items()})
    for name, path in paths.items():
        if path.exists():
            files.replace(_folder(workspace, change) / "before" / f"{name}.ttl", path.read_bytes())
    return _record(workspace, change)


def _git(workspace: Workspace) -> History | None:
    """The commits that hold `data/`, if any do."""
    try:
        return History(workspace.root)
    except NotFound:
        return None


def _undo_commit(workspace: Workspace, past: History, revision: Revision) -> Change:
    contents = {name: past.text(old) if old else None for name, (old, _) in revision.files.items()}
    after = {name: _digest(past.text(new) if new else None) for name, (_, new) in revision.files.items()}
    _check_unchanged(workspace, after, revision.id[:12])
    what = revision.why.partition("\n")[0]
    _write(workspace, contents, f"Undo: {what}", {_KIND: "undo", _UNDOES: revision.id})
    return Change(revision.id[:12], what, "undone", after, {name: old is not None for name, old in contents.items()})


def _wanted(past: History, id: str) -> Revision:
    """The commit to undo: the one that is named, else the newest of ours that is not undone."""
    undone: set[str] = set()
    for revision in sorted(past.revisions(), key=lambda revision: revision.when, reverse=True):
        if revision.id not in undone and _UNDOES in revision.trailers:
            undone.add(revision.trailers[_UNDOES])
        ours = revision.trailers.get(_KIND) == "publish" and revision.id not in undone
        named = len(id) >= 4 and revision.id.startswith(id)
        if (named if id else ours) and revision.files and not revision.begins:
            return revision
    raise NotFound("There is no such change to undo.", "hrc history lists the changes.")


def _check_unchanged(workspace: Workspace, after: Mapping[str, str], id: str) -> None:
    for name, digest in after.items():
        path = workspace.files.path(name)
        if _digest(path.read_bytes() if path.exists() else None) != digest:
            raise BadInput(f"{path} was changed again after change {id}.", "Undo the later change first.")


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _put_back(workspace: Workspace, change: Change) -> None:
    for name, was_there in change.before.items():
        old = _folder(workspace, change) / "before" / f"{name}.ttl"
        _set(workspace, name, old.read_bytes() if was_there else None)


def _set(workspace: Workspace, name: str, content: bytes | None) -> None:
    """Replace a file, or take it away with the folders that this leaves empty."""
    path = workspace.files.path(name)
    if content is not None:
        files.replace(path, content)
        return
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == workspace.root / "data" or any(folder.iterdir()):
            break
        folder.rmdir()


def _folder(workspace: Workspace, change: Change) -> Path:
    return workspace.state / "changes" / f"{int(change.id):06}"


def _record(workspace: Workspace, change: Change) -> Change:
    files.replace(_folder(workspace, change) / "change.json", json.dumps(asdict(change), indent=1).encode())
    return change
