"""The only writer under `data/`: many files change together, or none does, and a change can be undone.

Where git keeps the workspace, a change is a commit of its dossiers alone, whatever else is staged, and undoing it is
another commit. Elsewhere each change is a folder `.hrc/changes/<number>/` with the bytes that stood before and a record
of what was done. In either case that folder is there while files are written: if a change is cut short, the next start
puts the old bytes back.

Only one process at a time may write: whoever calls `publish`, `undo` or `recover` has the `turn` of the workspace.
`index` is the way in for everybody: it judges a change first and shows it afterwards.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from hrc_graph import files
from hrc_graph.errors import BadInput, Busy, NotFound, Unwritable
from hrc_graph.history import History, Revision
from hrc_graph.workspace import Workspace

_KIND, _UNDOES = "Hrc-Change", "Hrc-Undoes"
"""Trailers of our commits: `publish` or `undo`, and the commit that is undone."""
_TRAILER = re.compile(r"[A-Za-z][A-Za-z-]*")
WAIT = 60.0
"""Seconds to wait for another process to end its change."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a change, as git is told. Raises `BadInput` for what git could not hold."""

    name: str
    email: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or re.search(r"[<>\x00-\x1f]", self.name + self.email):
            raise BadInput("An author has a name without < and > and line breaks.", "Write it as people do.")

    def __str__(self) -> str:
        return f"{self.name.strip()} <{self.email.strip()}>"


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
    author: str = ""
    """Who made it, as `Name <address>`; empty for whom git is told to be."""
    why: str = ""
    """What its author says of it."""
    trailers: Mapping[str, str] = field(default_factory=dict)
    """What programs are told; in git these stand in the commit."""


@dataclass(frozen=True, slots=True)
class Told:
    """A change as a list of changes tells it."""

    id: str
    what: str
    why: str
    who: str
    when: float
    """In seconds since 1970; 0 where there is no git."""
    dossiers: tuple[str, ...]
    undoes: str
    """The id of the change that it undid, if it did."""
    undone: bool
    ours: bool
    """Whether it was published here, and not by a commit of another kind."""


@contextlib.contextmanager
def turn(workspace: Workspace, wait: float = WAIT) -> Iterator[None]:
    """The turn to write in a workspace, which one process and thread has at a time; it ends with the process.

    Raises `Busy` when another has it for so many seconds, `Unwritable` where no file can be made.
    """
    with alone(workspace, "lock", "Another change of the data is being made.", wait):
        yield


@contextlib.contextmanager
def alone(workspace: Workspace, name: str, busy: str, wait: float) -> Iterator[None]:
    """What one process and thread does at a time, by a lock of this name; it ends with the process.

    Raises `Busy`, with these words, when another goes on for so many seconds, `Unwritable` where no file can be made.
    """
    until = time.monotonic() + wait
    with unwritable(workspace):
        _state(workspace).mkdir(exist_ok=True)
        lock = os.open(_state(workspace) / name, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Busy(busy, "Try again in a minute.") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def unwritable(workspace: Workspace) -> Iterator[None]:
    """Errors of the file system as `Unwritable`."""
    try:
        yield
    except OSError as error:
        raise Unwritable(
            f"{workspace.root} cannot be written: {error.strerror}.", "Make room or mend its permissions; try again."
        ) from error


def publish(
    workspace: Workspace,
    changes: Mapping[str, bytes | None],
    what: str,
    *,
    author: Author | None = None,
    why: str = "",
    trailers: Mapping[str, str] | None = None,
) -> Change:
    """Write the dossiers of a change, None for one that is taken away; `what` says in a few words what it is.

    Trailers are for programs that read the history. Raises `BadInput` while a merge or the like is under way in git.
    """
    said = {_KIND: "publish"}
    for name, value in (trailers or {}).items():
        if not _TRAILER.fullmatch(name) or name in (_KIND, _UNDOES):
            raise BadInput(f"“{name}” cannot be the name of a trailer.", "Write it like Reviewed-by.")
        said[name] = " ".join(value.split())
    return _write(workspace, changes, _Saying(" ".join(what.split()), author, why, said))


def undo(workspace: Workspace, id: str = "", *, author: Author | None = None, why: str = "") -> Change:
    """Put back what stood before a change, by default the newest that is not undone. Returns what was undone.

    Raises `NotFound` when there is none, `BadInput` when a file of it was changed again since.
    """
    change, contents = undoing(workspace, id)
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            commit = _wanted(past, change.id).id
            _write(workspace, contents, _Saying(f"Undo: {change.what}", author, why, {_KIND: "undo", _UNDOES: commit}))
            return change
    _record(workspace, replace(change, state="writing"))  # cut short, it is put back by the next start
    _put_back(workspace, change)
    return _record(workspace, change)


def undoing(workspace: Workspace, id: str = "") -> tuple[Change, dict[str, bytes | None]]:
    """The change that `undo` would undo, and what its dossiers would hold then. Raises what `undo` raises."""
    recover(workspace)
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            revision = _wanted(past, id)
            contents = {name: past.text(old) if old else None for name, (old, _) in revision.files.items()}
            after = {name: _digest(past.text(new) if new else None) for name, (_, new) in revision.files.items()}
            was_there = {name: old is not None for name, old in contents.items()}
            change = Change(revision.id[:12], revision.why.partition("\n")[0], "undone", after, was_there)
            _check_unchanged(workspace, change)
            return change, contents
    done = [change for change in history(workspace) if change.state == "done" and id in ("", change.id)]
    if not done:
        raise NotFound("There is no such change to undo.", "Without git, changes are numbered from 1.")
    change = replace(done[-1], state="undone")
    _check_unchanged(workspace, change)
    return change, _before(workspace, change)


def told(workspace: Workspace, most: int = 100) -> list[Told]:
    """The newest changes, newest first."""
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            revisions = sorted(past.revisions(), key=lambda revision: revision.when, reverse=True)
            undone = {revision.trailers[_UNDOES][:12] for revision in _standing(revisions)}
            return [
                Told(
                    revision.id[:12],
                    revision.why.partition("\n")[0],
                    revision.why.partition("\n")[2].strip(),
                    revision.who,
                    revision.when.timestamp(),
                    tuple(sorted(revision.files)),
                    revision.trailers.get(_UNDOES, "")[:12],
                    revision.id[:12] in undone,
                    _KIND in revision.trailers,
                )
                for revision in [each for each in revisions if not each.merges and not each.begins][:most]
            ]
    done = [change for change in history(workspace) if change.state != "writing"][::-1][:most]
    return [
        Told(
            each.id, each.what, each.why, each.author.partition(" <")[0], 0.0, tuple(sorted(each.after)), "",
            each.state == "undone", True,
        )
        for each in done
    ]  # fmt: skip


def carrying(workspace: Workspace, trailer: str, value: str) -> str:
    """The id of the change that has this trailer; "" when there is none. Call `recover` first."""
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            return next((each.id[:12] for each in past.revisions() if each.trailers.get(trailer) == value), "")
    done = [change for change in history(workspace) if change.state == "done"]
    return next((change.id for change in done if change.trailers.get(trailer) == value), "")


def is_undone(workspace: Workspace, id: str) -> bool:
    """Whether a change was put back by `undo`, and that was not put back in its turn. Call `recover` first."""
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            revisions = sorted(past.revisions(), key=lambda revision: revision.when, reverse=True)
            return any(revision.trailers[_UNDOES].startswith(id) for revision in _standing(revisions))
    return any(change.id == id and change.state == "undone" for change in history(workspace))


def recover(workspace: Workspace) -> None:
    """Put back the old bytes of a change that was cut short; one that was committed already is finished."""
    unfinished = [change for change in history(workspace) if change.state == "writing"]
    if not unfinished:
        return
    with _git(workspace) or contextlib.nullcontext() as past:
        for change in unfinished:
            if past:
                past.let_go((_folder(workspace, change) / "change.json").stat().st_mtime)
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
    records = sorted((_state(workspace) / "changes").glob("*/change.json"))
    return [Change(**json.loads(record.read_text("utf-8"))) for record in records]


@dataclass(frozen=True, slots=True)
class _Saying:
    """What is told of a change."""

    what: str
    author: Author | None
    why: str
    trailers: Mapping[str, str]

    @property
    def message(self) -> str:
        return "\n\n".join(filter(None, (self.what, self.why.strip())))


def _write(workspace: Workspace, contents: Mapping[str, bytes | None], told: _Saying) -> Change:
    """Change files, all or none; None takes a file away."""
    recover(workspace)
    with _git(workspace) or contextlib.nullcontext() as past:
        if past:
            past.check_at_rest()
        change = _begun(workspace, contents, told)
        try:
            for name, content in contents.items():
                _set(workspace, name, content)
            if past:
                commit = past.commit(contents, told.message, told.trailers, change.author)
                past.stage(contents)
        except BaseException:
            recover(workspace)
            raise
        if past:
            shutil.rmtree(_folder(workspace, change))
            return replace(change, id=commit[:12], state="done")
    return _record(workspace, replace(change, state="done"))


def _begun(workspace: Workspace, contents: Mapping[str, bytes | None], told: _Saying) -> Change:
    """The record of a change, with the bytes that stand before it, on disk."""
    paths = {name: workspace.files.path(name) for name in contents}
    after = {name: _digest(content) for name, content in contents.items()}
    id = str(max((int(change.id) for change in history(workspace)), default=0) + 1)
    was_there = {name: path.exists() for name, path in paths.items()}
    author, why = str(told.author or ""), told.why.strip()
    change = Change(id, told.what, "writing", after, was_there, author, why, dict(told.trailers))
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


def _standing(revisions: list[Revision]) -> list[Revision]:
    """Of commits, newest first, those that undo another and were not undone themselves."""
    undone: set[str] = set()
    found = []
    for revision in revisions:
        if _UNDOES in revision.trailers and revision.id not in undone:
            undone.add(revision.trailers[_UNDOES])
            found.append(revision)
    return found


def _check_unchanged(workspace: Workspace, change: Change) -> None:
    for name, digest in change.after.items():
        path = workspace.files.path(name)
        if _digest(path.read_bytes() if path.exists() else None) != digest:
            raise BadInput(f"{path} was changed again after change {change.id}.", "Undo the later change first.")


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _put_back(workspace: Workspace, change: Change) -> None:
    for name, content in _before(workspace, change).items():
        _set(workspace, name, content)


def _before(workspace: Workspace, change: Change) -> dict[str, bytes | None]:
    """What stood before a change that is recorded here."""
    folder = _folder(workspace, change) / "before"
    return {name: (folder / f"{name}.ttl").read_bytes() if there else None for name, there in change.before.items()}


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
    return _state(workspace) / "changes" / f"{int(change.id):06}"


def _state(workspace: Workspace) -> Path:
    """The folder of what is one for a workspace, whatever IRI its things are under."""
    return workspace.root / ".hrc"


def _record(workspace: Workspace, change: Change) -> Change:
    files.replace(_folder(workspace, change) / "change.json", json.dumps(asdict(change), indent=1).encode())
    return change
