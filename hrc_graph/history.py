"""The history of `data/`, as git keeps it: read and written through dulwich, so that no git program is needed.

Revisions come in one order, oldest first: each after its parents, what a merge brought in right before that merge.
A new commit on the same branch therefore only adds to the end.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dulwich.errors import NotGitRepository
from dulwich.file import FileLocked
from dulwich.object_store import commit_tree_changes
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import HEADREF
from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion, get_user_identity

from hrc_graph.errors import BadInput, Busy, NotFound

_ADDRESS = re.compile(r"<?[\w.+-]+@[\w-]+(\.[\w-]+)+>?")
_TRAILER = re.compile(r"([A-Za-z][A-Za-z-]*): (.+)")
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
_TICK = timedelta(milliseconds=1)
_BEGINNING = datetime.fromtimestamp(0, UTC)
_PATIENCE = 2.0
"""Seconds to wait for another program to let go of the repository."""
_SECONDS_OF_A_COMMIT = 60.0


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit that touched `data/`."""

    id: str
    when: datetime
    """When it was committed; later than every revision before it, if only by a millisecond."""
    who: str
    """The author's name, without any address."""
    why: str
    """The message without trailers and addresses."""
    trailers: Mapping[str, str]
    merges: bool
    on_main_line: bool
    """Whether it is reached from the newest commit by first parents alone."""
    begins: bool
    """Whether what came before it is missing here: the clone is shallow."""
    files: Mapping[str, tuple[str, str]]
    """Of each dossier that it changed the blob before and after; empty where there was none. Empty for a merge."""


class History:
    """The commits behind a workspace. Use as `with History(root) as history`.

    Raises `NotFound`, saying why, when there are none.
    """

    def __init__(self, root: Path) -> None:
        try:
            self._repository = Repo.discover(str(root.resolve()))
        except NotGitRepository:
            raise NotFound(
                f"{root} is in no git repository, so it has no history.", "Clone the repository of the data."
            ) from None
        except (UnsupportedExtension, UnsupportedVersion) as error:
            raise NotFound(
                f"The git repository of {root} cannot be read: {error}.", "Clone it again, plainly."
            ) from None
        top = Path(os.fsdecode(self._repository.path)).resolve()
        self._data = os.fsencode((root.resolve() / "data").relative_to(top).as_posix())
        try:
            self.head: str = self._repository.head().decode()
        except KeyError:
            self.close()
            raise NotFound(f"Nothing has been committed in {top} yet.", "Commit data/ first.") from None
        if not self._tree(self.head):
            self.close()
            raise NotFound(f"{root}/data is not committed in the git repository of {top}.", "Commit data/ first.")

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the repository's files."""
        self._repository.close()

    @property
    def is_shallow(self) -> bool:
        """Whether older commits are missing here."""
        return bool(self._repository.get_shallow())

    def order(self) -> list[str]:
        """Every commit up to the newest, parents first."""
        seen: set[str] = set()
        ordered: list[str] = []
        waiting = [(self.head, False)]
        while waiting:
            commit, done = waiting.pop()
            if done:
                ordered.append(commit)
            elif commit not in seen:
                seen.add(commit)
                waiting.append((commit, True))
                waiting += [(parent, False) for parent in reversed(self._parents(commit)) if parent not in seen]
        return ordered

    def main_line(self) -> set[str]:
        """The commits reached from the newest by first parents."""
        found = [self.head]
        while parents := self._parents(found[-1]):
            found.append(parents[0])
        return set(found)

    def revisions(self, after: str = "", last: datetime = _BEGINNING) -> Iterator[Revision]:
        """The commits that touched `data/`, oldest first; or only those after one of the main line.

        `last` is when the newest revision up to that one was.
        """
        main, shallow = self.main_line(), self._repository.get_shallow()
        ordered = self.order()
        for commit in ordered[ordered.index(after) + 1 :] if after else ordered:
            parents = self._parents(commit)
            if self._tree(commit) == (self._tree(parents[0]) if parents else None):
                continue
            merges = len(parents) > 1
            found = self._commit(commit)
            last = max(datetime.fromtimestamp(found.commit_time, UTC), last + _TICK)
            why, trailers = _message(found.message.decode("utf-8", "replace"))
            yield Revision(
                commit, last, _name(found.author.decode("utf-8", "replace")), why, trailers, merges, commit in main,
                not parents and commit.encode() in shallow, {} if merges else self._changed(commit, parents),
            )  # fmt: skip

    def dossiers(self, commit: str) -> dict[str, str]:
        """The blob of every dossier as of a commit."""
        tree = self._tree(commit)
        found = self._repository.object_store.iter_tree_contents(tree) if tree else ()
        return {name: entry.sha.decode() for entry in found if (name := _dossier(entry.path))}

    def text(self, blob: str) -> bytes:
        """The bytes of a blob. Raises `NotFound` in a clone that left them out."""
        try:
            found = self._repository[ObjectID(blob.encode())]
        except KeyError:
            raise NotFound("Old versions of files are missing in this clone.", "Clone without --filter.") from None
        assert isinstance(found, Blob)
        return found.data

    def check_at_rest(self) -> None:
        """Raise `BadInput` while a merge or the like is under way: a commit now would end it."""
        control = Path(os.fsdecode(self._repository.controldir()))
        if any((control / name).exists() for name in _UNDER_WAY):
            raise BadInput("A merge or rebase is under way in git.", "End it, then try again.")

    def commit(
        self, contents: Mapping[str, bytes | None], message: str, trailers: Mapping[str, str], author: str = ""
    ) -> str:
        """Commit dossiers, and nothing else, on top of the newest commit; None takes one away. Returns its id.

        The author, as `Name <address>`, is by default whom git is told to be. Raises `BadInput` when somebody else
        committed meanwhile, `Busy` while another program holds the repository.
        """
        store, there = self._repository.object_store, self.dossiers(self.head)
        changes: list[tuple[bytes, int | None, ObjectID | None]] = []
        for name, content in contents.items():
            if content is not None:
                blob = Blob.from_string(content)
                store.add_object(blob)
                changes.append((self._path(name), 0o100644, blob.id))
            elif name in there:
                changes.append((self._path(name), None, None))
        made, parent = Commit(), ObjectID(self.head.encode())
        made.tree = commit_tree_changes(store, self._commit(self.head).tree, changes)
        made.parents = [parent]
        made.author, made.committer = author.encode() or self._identity("AUTHOR"), self._identity("COMMITTER")
        made.author_time = made.commit_time = int(time.time())
        made.author_timezone = made.commit_timezone = 0
        made.encoding = b"UTF-8"
        last = "".join(f"{name}: {value}\n" for name, value in trailers.items())
        made.message = f"{message}\n\n{last}".encode()
        store.add_object(made)
        told = b"commit: " + message.partition("\n")[0].encode()
        with _held():
            if not self._repository.refs.set_if_equals(HEADREF, parent, made.id, message=told):
                raise BadInput("Somebody else committed at the same time.", "Try again.")
        self.head = made.id.decode()
        return self.head

    def stage(self, names: Iterable[str]) -> None:
        """Let git's index hold these dossiers as they are on disk. Raises `Busy` as `commit` does."""
        with _held():
            self._repository.get_worktree().stage([self._path(name) for name in names])

    def let_go(self, since: float) -> None:
        """Take away the locks of a commit that was cut short within seconds of a time; wait for those of others."""
        control = Path(os.fsdecode(self._repository.controldir()))
        common = Path(os.fsdecode(self._repository.commondir()))
        names, _ = self._repository.refs.follow(HEADREF)
        locks = [
            control / "index.lock",
            *(folder / f"{os.fsdecode(name)}.lock" for folder in {control, common} for name in names),
        ]
        until = time.monotonic() + _PATIENCE
        while any(lock.exists() for lock in locks) and time.monotonic() < until:
            time.sleep(0.02)
        for lock in locks:
            if lock.exists() and since <= lock.stat().st_mtime < since + _SECONDS_OF_A_COMMIT:
                lock.unlink()

    def _path(self, name: str) -> bytes:
        return self._data + b"/" + os.fsencode(name) + b".ttl"

    def _identity(self, kind: str) -> bytes:
        """Who commits, as git is told; never the name of the account and the machine."""
        config = self._repository.get_config_stack()
        told = f"GIT_{kind}_NAME" in os.environ or config.has_section((b"user",))
        return get_user_identity(config, kind) if told else b"Human Rights Cities graph <>"

    def _changed(self, commit: str, parents: list[str]) -> dict[str, tuple[str, str]]:
        old = self._tree(parents[0]) if parents else None
        found = {}
        for paths, _, blobs in self._repository.object_store.tree_changes(old, self._tree(commit)):
            name = _dossier(paths[0] or paths[1] or b"")
            if name:
                before, after = blobs
                found[name] = ((before or b"").decode(), (after or b"").decode())
        return dict(sorted(found.items()))

    def _commit(self, commit: str) -> Commit:
        found = self._repository[ObjectID(commit.encode())]
        assert isinstance(found, Commit)
        return found

    def _parents(self, commit: str) -> list[str]:
        return [parent.decode() for parent in self._repository.get_parents(ObjectID(commit.encode()))]

    def _tree(self, commit: str) -> ObjectID | None:
        """The tree of `data/` as of a commit, if there was one."""
        whole = self._repository[self._commit(commit).tree]
        assert isinstance(whole, Tree)
        try:
            return whole.lookup_path(self._repository.object_store.__getitem__, self._data)[1]
        except KeyError:
            return None


@contextlib.contextmanager
def _held() -> Iterator[None]:
    try:
        yield
    except FileLocked as error:
        lock = os.fsdecode(error.lockfilename)
        raise Busy("Another program is at work in the git repository.", f"If none is, delete {lock}.") from error


def clone(root: Path, target: Path) -> tuple[Path, str]:
    """Copy the repository that holds a workspace with all its history; where the workspace is there, and the commit.

    Raises `NotFound` as `History` does.
    """
    from dulwich import porcelain  # slow to read, and no other command needs it

    with History(root) as history:
        top = Path(os.fsdecode(history._repository.path)).resolve()
        quiet = io.BytesIO()
        with porcelain.clone(history._repository, target, checkout=True, errstream=quiet) as copy:
            settings = copy.get_config()
            del settings[b"remote", b"origin"]  # it would lead back here
            settings.write_to_path()
        return target / root.resolve().relative_to(top), history.head


def head(root: Path) -> str:
    """The id of the newest commit. Raises `NotFound`, as `History` does."""
    with History(root) as history:
        return history.head


def _dossier(path: bytes) -> str:
    """The name of the dossier in a file under `data/`; empty for other files."""
    return os.fsdecode(path).removesuffix(".ttl") if path.endswith(b".ttl") else ""


def _name(author: str) -> str:
    return author.partition("<")[0].strip().partition("@")[0] or "someone"


def _message(text: str) -> tuple[str, dict[str, str]]:
    """A message without its last paragraph, if that holds trailers only, and these."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text.strip())]
    trailers: dict[str, str] = {}
    if len(paragraphs) > 1:
        matched = [_TRAILER.fullmatch(line) for line in paragraphs[-1].splitlines()]
        if all(matched):
            trailers = {match[1]: match[2] for match in matched if match}
            paragraphs.pop()
    return _ADDRESS.sub("(address)", "\n\n".join(paragraphs)), trailers
