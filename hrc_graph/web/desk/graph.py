"""The graph as the desk changes it: what a change would say, publishing it in an account's name, taking it back."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from hrc_graph import deciding
from hrc_graph.desk import Desk
from hrc_graph.desk.accounts import Account, Role
from hrc_graph.desk.applications import check_role
from hrc_graph.errors import BadParameter, Busy, NotConforming, Unwritable
from hrc_graph.index import Contents, Index
from hrc_graph.proposals import effect
from hrc_graph.proposals.effect import Difference
from hrc_graph.proposals.ground import Ground
from hrc_graph.publishing import Change
from hrc_graph.validation import Report
from hrc_graph.web.languages import READER
from hrc_graph.workspace import Workspace

_LONGEST = 2_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do, before it is published."""

    difference: Difference
    wrong: tuple[str, ...]
    """What the shapes do not allow, in the reader's language."""
    on: str
    """The versions of the dossiers that it was made from, as JSON."""
    will: str
    """The SHA-256 of what it would write: the same for the same change only."""


class Graph:
    """The living index of a workspace, opened when the desk first needs it. For threads, not for the event loop."""

    def __init__(self, workspace: Workspace, desk: Desk) -> None:
        self.workspace = workspace
        self._desk = desk
        self._opening = threading.Lock()
        self._index: Index | None = None
        self._ground: tuple[str, Ground] | None = None

    @property
    def index(self) -> Index:
        """The index. Raises what `Index.open` raises."""
        with self._opening:
            if self._index is None:
                self._index = Index.open(self.workspace)
            return self._index

    @contextlib.contextmanager
    def ground(self) -> Iterator[Ground]:
        """The graph as it is now, while nobody changes it."""
        index = self.index
        with index.reading() as store:
            with contextlib.suppress(Busy, Unwritable):  # to read, the last state does
                index.refresh(wait=0)
                store = index.store
            if self._ground is None or self._ground[0] != index.snapshot.id:
                self._ground = index.snapshot.id, Ground(self.workspace, store)
            yield self._ground[1]

    async def use(self, work: Callable[[Index, Ground], T]) -> T:
        """What `work` makes of the index and the graph as it is now, in a thread; nobody changes them meanwhile."""

        def used() -> T:
            with self.ground() as ground:
                return work(self.index, ground)

        return await asyncio.to_thread(used)

    def preview(self, changes: Contents, ground: Ground) -> Preview:
        """What these dossiers would change."""
        wrong: tuple[str, ...] = ()
        try:
            self.index.check(changes)
        except NotConforming as error:
            language, report = READER.get().language, cast("Report", error.report)
            found = (ground.worded(result.messages) for result in report.of("Violation"))
            wrong = tuple(dict.fromkeys(said.get(language) or said.get("en") or str(error) for said in found))
        on = json.dumps(self.versions(changes), sort_keys=True)
        return Preview(effect.difference(changes, ground), wrong, on, digest(changes))

    def versions(self, changes: Contents) -> dict[str, str]:
        """The SHA-256 of each of these dossiers as it stands, empty for one that is not there."""
        files = self.workspace.files.graphs()
        return {name: hashlib.sha256(files[name].read_bytes()).hexdigest() if name in files else "" for name in changes}

    def publish(
        self,
        make: Callable[[Ground], Contents],
        what: str,
        by: Account,
        why: str = "",
        on: Mapping[str, str] | None = None,
    ) -> Change:
        """Publish what `make` makes of the graph as it is now, in the name of an account.

        Raises `Forbidden` for who may not, `BadParameter` for a reason with an address, and what `Index.accept` raises.
        """
        check_role(by, Role.reviewer)
        why = checked_words(why)
        with self.ground() as ground:
            changes = make(ground)
            seen = self.versions(changes) if on is None else on
            return deciding.publish(self._desk, self.index, changes, what, by, why, on=seen)

    def undo(self, id: str, by: Account, why: str) -> Change:
        """Take a change back, for a reason; an application that it accepted is in review again.

        Raises what `publish` raises, and `NotFound`.
        """
        check_role(by, Role.reviewer)
        return deciding.undo(self._desk, self.index, id, by, checked_words(why))


def digest(changes: Contents) -> str:
    """The SHA-256 of what a change would write."""
    whole = hashlib.sha256()
    for name, text in sorted(changes.items()):
        whole.update(f"{name} {len(text or b'')}\n".encode() + (text or b""))
    return whole.hexdigest()


def versions_in(text: str) -> dict[str, str]:
    """The versions that a form brings back. Raises `BadParameter` when they are none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise BadParameter("The form is not whole.", "Open the page again.")
    return found


def checked_words(text: str) -> str:
    """Words that are kept for good, on one line. Raises `BadParameter` for an e-mail address, or too many."""
    text = " ".join(text.split())
    if re.search(r"\S@\S", text):
        raise BadParameter("The reason names a person.", "It is kept for good: leave names and addresses out.")
    if len(text) > _LONGEST or not text.isprintable():
        raise BadParameter("The reason is too long.", f"Say it in {_LONGEST:,} characters.")
    return text


def filled(text: str, *names: str) -> str:
    """A sentence with its blanks filled in order: `%(a)s`, `%(b)s` and `%(c)s`."""
    return text % dict(zip("abc", names, strict=False))
