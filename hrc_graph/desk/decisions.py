"""Decisions that change the graph too: written down before the graph is changed, and finished after it.

Whatever stops the process in between, the one that comes next sees from the graph's history whether the change was
made, and finishes the decision or drops it: `hrc_graph.deciding` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sql

from hrc_graph.desk import secret
from hrc_graph.desk.accounts import Account, Role
from hrc_graph.desk.applications import Applications, State, check_role, move, row_of
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.contacts import Contacts, mentions
from hrc_graph.desk.database import Database, applications, decisions, drafts, now
from hrc_graph.errors import BadParameter, Conflict

_LONGEST = 2_000


class Kind(StrEnum):
    """What is decided."""

    acceptance = "acceptance"
    publication = "publication"
    undoing = "undoing"


_SAID = {
    Kind.acceptance: "application accepted",
    Kind.publication: "change published",
    Kind.undoing: "change undone",
}
"""As the audit log has it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `change` is the change of the graph that it made, or is to undo; `account` who decided."""

    code: str
    kind: Kind
    reference: str
    """Of the application; "" where none asked for the change."""
    account: int
    why: str
    change: str
    done: bool


class Decisions:
    """The decisions of a desk that change the graph."""

    def __init__(self, database: Database, audit: Audit, cases: Applications, contacts: Contacts) -> None:
        self._database = database
        self._audit = audit
        self._cases = cases
        self._contacts = contacts

    def begin_acceptance(self, reference: str, version: int, why: str, by: Account) -> Decision:
        """Write down that an application is accepted, as its draft of this version has it.

        Raises what `Applications.step` raises, and `Conflict` when a later version was saved.
        """
        check_role(by, Role.reviewer)
        with self._database.writing() as connection:
            row = row_of(connection, reference)
            self._cases.check(connection, row, State.accepted, why, by)
            saved = sql.select(sql.func.max(drafts.c.version)).where(drafts.c.application == row.id)
            if (connection.scalar(saved) or 0) != version:
                raise Conflict("Somebody has saved another version meanwhile.", "Look at it, and decide again.")
            return _begun(connection, Kind.acceptance, row, by, why, "")

    def begin_publication(self, why: str, by: Account) -> Decision:
        """Write down that a change of the graph is published that no application asked for. Raises `Forbidden`."""
        check_role(by, Role.reviewer)
        with self._database.writing() as connection:
            return _begun(connection, Kind.publication, None, by, " ".join(why.split()), "")

    def begin_undoing(self, change: str, why: str, by: Account) -> Decision:
        """Write down that a change of the graph is undone, with the acceptance that made it, if one did.

        Raises `Forbidden`, or `BadParameter` for a reason that is missing or names a person.
        """
        check_role(by, Role.reviewer)
        why = " ".join(why.split())
        if not why or len(why) > _LONGEST:
            raise BadParameter("The reason is missing, or too long.", f"Say why, in at most {_LONGEST:,} characters.")
        with self._database.writing() as connection:
            mine = sql.and_(decisions.c.change == change, decisions.c.kind == Kind.acceptance.value)
            made = connection.execute(sql.select(decisions).where(mine)).first()
            row = None
            if made is not None:
                row = connection.execute(sql.select(applications).where(applications.c.id == made.application)).one()
            held = self._contacts.of(row.id) if row is not None else None
            if "@" in why or (held and mentions(why, held)):
                raise BadParameter("The reason names a person.", "It is kept for good: leave names and addresses out.")
            return _begun(connection, Kind.undoing, row, by, why, change)

    def finish(self, decision: Decision, change: str) -> None:
        """The graph has changed: bring the application to its state, and write the line of the audit log."""
        with self._database.writing() as connection:
            mine = decisions.c.code == decision.code
            if connection.scalar(sql.select(decisions.c.done).where(mine)):
                return
            if decision.reference:
                row = row_of(connection, decision.reference)
                accepts = decision.kind is Kind.acceptance
                if accepts or State(row.state) is State.accepted:
                    to = State.accepted if accepts else State.in_review
                    move(connection, row, to, decision.account, decision.why)
            connection.execute(decisions.update().where(mine).values(done=True, change=change))
            if decision.code not in self._audit.tail():  # it was written, and then the process ended
                said = _SAID[decision.kind]
                on = f"application {decision.reference}" if decision.reference else f"change {change}"
                more = {"change": change, "decision": decision.code}
                self._audit.append(f"account {decision.account}", said, on, decision.why, **more)

    def drop(self, decision: Decision) -> None:
        """The graph was not changed: as if nothing had been decided."""
        with self._database.writing() as connection:
            connection.execute(decisions.delete().where(decisions.c.code == decision.code))

    def unfinished(self) -> list[Decision]:
        """Those that were begun, and neither finished nor dropped."""
        return self._select(decisions.c.done.is_(False))

    def of(self, reference: str) -> list[Decision]:
        """Those on an application, the newest first."""
        return self._select(applications.c.reference == reference)

    def _select(self, mine: sql.ColumnElement[bool]) -> list[Decision]:
        query = sql.select(decisions, applications.c.reference).outerjoin(applications).where(mine)
        with self._database.reading() as connection:
            return [_decision(row) for row in connection.execute(query.order_by(decisions.c.begun.desc()))]


def _begun(
    connection: sql.Connection, kind: Kind, row: sql.Row[Any] | None, by: Account, why: str, change: str
) -> Decision:
    code = secret.new()
    values = {"code": code, "application": row.id if row is not None else None, "account": by.id, "kind": kind.value}
    connection.execute(decisions.insert().values(begun=now(), why=why, change=change, done=False, **values))
    return Decision(code, kind, row.reference if row is not None else "", by.id, why, change, False)


def _decision(row: Any) -> Decision:
    return Decision(row.code, Kind(row.kind), row.reference or "", row.account, row.why, row.change, row.done)
