"""Accepting an application, publishing a change, undoing one: in the desk's database and in the graph, or in neither.

The order of the steps: the decision is written down in the database; the graph is changed by one commit that carries
the decision's code; the database brings the application to its state, with the line of the audit log before its own
commit. A process that ends before the graph's commit leaves a decision that no commit carries: it is dropped. One that
ends after it leaves a decision whose change is there: it is finished. `settle` does so, at every start and before
every decision.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from hrc_graph import publishing
from hrc_graph.desk import Desk
from hrc_graph.desk.accounts import Account
from hrc_graph.desk.decisions import Decision, Kind
from hrc_graph.errors import HrcError
from hrc_graph.index import Contents, Index
from hrc_graph.publishing import Author, Change
from hrc_graph.workspace import Workspace

TRAILER = "Hrc-Decision"


def accept(
    desk: Desk,
    index: Index,
    reference: str,
    version: int,
    changes: Mapping[str, bytes],
    what: str,
    by: Account,
    why: str = "",
) -> Change:
    """Accept an application: its dossiers are published in the name of who drafted it, and it is accepted.

    `version` is of the draft that the reviewer, `by`, has seen. Raises what `Decisions.begin_acceptance` and
    `Index.accept` raise; then nothing has changed.
    """
    with index.reading(), _one_at_a_time(index.workspace):
        _settle(desk, index.workspace)
        draft = desk.applications.draft(reference)
        decision = desk.decisions.begin_acceptance(reference, version, " ".join(why.split()), by)
        author = desk.accounts.get(draft.account) if draft else by
        trailers = {"Reviewed-by": by.name, TRAILER: decision.code}
        with _dropped_on_failure(desk, index.workspace):
            change = index.accept(changes, what, Author(_printable(author.name)), why, trailers)
        desk.decisions.finish(decision, change.id)
        return change


def publish(
    desk: Desk,
    index: Index,
    changes: Contents,
    what: str,
    by: Account,
    why: str = "",
    on: Mapping[str, str] | None = None,
) -> Change:
    """Publish a change that no application asked for.

    Raises what `Decisions.begin_publication` and `Index.accept` raise; then nothing has changed.
    """
    with index.reading(), _one_at_a_time(index.workspace):
        _settle(desk, index.workspace)
        decision = desk.decisions.begin_publication(why, by)
        trailers = {"Hrc-Account": by.who, TRAILER: decision.code}
        with _dropped_on_failure(desk, index.workspace):
            change = index.accept(changes, what, Author(_printable(by.name)), decision.why, trailers, on=on)
        desk.decisions.finish(decision, change.id)
        return change


def undo(desk: Desk, index: Index, change: str, by: Account, why: str) -> Change:
    """Undo a change; an application whose acceptance made it is in review again.

    Raises what `Decisions.begin_undoing` and `Index.undo` raise; then nothing has changed.
    """
    with index.reading(), _one_at_a_time(index.workspace):
        _settle(desk, index.workspace)
        decision = desk.decisions.begin_undoing(change, why, by)
        with _dropped_on_failure(desk, index.workspace):
            undone = index.undo(change, Author(_printable(by.name)), decision.why)
        desk.decisions.finish(decision, change)
        return undone


def settle(desk: Desk, workspace: Workspace) -> int:
    """Finish or drop what was being decided when a process ended; how many decisions that were."""
    if not desk.decisions.unfinished():
        return 0
    with _one_at_a_time(workspace):
        return _settle(desk, workspace)


def _settle(desk: Desk, workspace: Workspace) -> int:
    unfinished = desk.decisions.unfinished()
    if not unfinished:
        return 0
    with publishing.turn(workspace), publishing.unwritable(workspace):
        publishing.recover(workspace)
        for decision in unfinished:
            change = _made(workspace, decision)
            if change:
                desk.decisions.finish(decision, change)
            else:
                desk.decisions.drop(decision)
    return len(unfinished)


def _made(workspace: Workspace, decision: Decision) -> str:
    """The change of a decision, if it is in the history of the graph."""
    if decision.kind is Kind.undoing:
        return decision.change if publishing.is_undone(workspace, decision.change) else ""
    return publishing.carrying(workspace, TRAILER, decision.code)


@contextlib.contextmanager
def _dropped_on_failure(desk: Desk, workspace: Workspace) -> Iterator[None]:
    """A change that was refused was not decided. What failed otherwise, the history of the graph has to tell."""
    try:
        yield
    except HrcError:
        with contextlib.suppress(HrcError):
            _settle(desk, workspace)
        raise


def _one_at_a_time(workspace: Workspace) -> contextlib.AbstractContextManager[None]:
    """While one decides, no other thread or process does. Raises `Busy`, `Unwritable`."""
    return publishing.alone(workspace, "deciding.lock", "Somebody else is deciding.", publishing.WAIT)


def _printable(name: str) -> str:
    return name.replace("<", "").replace(">", "").strip() or "desk"
