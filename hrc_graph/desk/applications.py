"""Applications to the campaign: what was asked, the steps it takes, and the drafts of what it becomes."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sql

from hrc_graph.desk import secret
from hrc_graph.desk.accounts import Account, Role
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.contacts import Contact, Contacts, mentions
from hrc_graph.desk.database import Database, applications, drafts, now, steps
from hrc_graph.errors import BadParameter, Conflict, Forbidden, NotFound

_LONGEST = 2_000


class State(StrEnum):
    """Where an application is."""

    received = "received"
    in_review = "in-review"
    returned = "returned"
    accepted = "accepted"
    declined = "declined"


_NEXT = {
    State.received: (State.in_review,),
    State.in_review: (State.returned, State.accepted, State.declined),
    State.returned: (State.in_review,),
    State.accepted: (),
    State.declined: (State.in_review,),
}


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody asked for. `payload` is JSON; `received` is in seconds since 1970."""

    id: int
    reference: str
    state: State
    received: int
    language: str
    summary: str
    payload: str

    @property
    def next(self) -> tuple[State, ...]:
        """The states that it may come to from here."""
        return _NEXT[self.state]


@dataclass(frozen=True, slots=True)
class Step:
    """From one state to another: when (seconds since 1970), why, and by which account; None is the applicant."""

    taken: int
    before: str
    after: str
    why: str
    account: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """One saved version of what an application is to become. `payload` is JSON; `saved` in seconds since 1970."""

    version: int
    payload: str
    account: int
    saved: int


class Applications:
    """The applications of a desk."""

    def __init__(self, database: Database, audit: Audit, contacts: Contacts, own_review: bool) -> None:
        self._database = database
        self._audit = audit
        self._contacts = contacts
        self._own_review = own_review

    def receive(
        self, payload: str, summary: str, language: str, contact: Contact | None = None, by: Account | None = None
    ) -> tuple[Application, str]:
        """Keep a new application; with it, the secret by which the applicant asks for it. Raises `BadParameter`.

        Without a contact it is one that somebody at the desk, `by`, has written down.
        """
        reference, code = secret.reference(), secret.new()
        values = {
            "reference": reference, "secret": secret.hashed(code), "state": State.received.value, "received": now(),
            "language": language, "summary": summary, "payload": _json(payload),
        }  # fmt: skip
        with self._database.writing() as connection:
            id = int(connection.scalar(applications.insert().values(values).returning(applications.c.id)))
            if contact:
                self._contacts.add(connection, id, contact)
            _take(connection, id, by.id if by else None, "", State.received, "")
            self._audit.append(by.who if by else "applicant", "application received", f"application {reference}")
        return self.get(reference), code

    def all(self, state: State | None = None) -> list[Application]:
        """Applications in a state, or every one; the oldest first."""
        mine = sql.true() if state is None else applications.c.state == state.value
        with self._database.reading() as connection:
            rows = connection.execute(sql.select(applications).where(mine).order_by(applications.c.id))
            return [_application(row) for row in rows]

    def get(self, reference: str) -> Application:
        """An application. Raises `NotFound`."""
        with self._database.reading() as connection:
            return _application(row_of(connection, reference))

    def of_applicant(self, reference: str, code: str) -> Application:
        """An application, for who has its secret. Raises `NotFound`, the same for a wrong one."""
        with self._database.reading() as connection:
            mine = applications.c.reference == reference.strip().upper()
            row = connection.execute(sql.select(applications).where(mine)).one_or_none()
        known = row.secret if row is not None else secret.hashed("")
        if not hmac.compare_digest(known, secret.hashed(code.strip())) or row is None:
            raise NotFound("There is no application with this number and this secret.", "Check both.")
        return _application(row)

    def steps(self, reference: str) -> list[Step]:
        """What has become of an application, the first step first. Raises `NotFound`."""
        with self._database.reading() as connection:
            id = row_of(connection, reference).id
            rows = connection.execute(sql.select(steps).where(steps.c.application == id).order_by(steps.c.id))
            return [Step(row.taken, row.before, row.after, row.why, row.account) for row in rows]

    def step(
        self, reference: str, to: State, why: str, by: Account, source: str = "", seen: State | None = None
    ) -> Application:
        """Bring an application to another state. `source` is what acted in the name of the account, such as “token 5”.

        Raises `NotFound`; `Forbidden` for a role that may not, or who reviews a draft of their own; `Conflict` when it
        cannot come there from where it is now, or is no longer where it was `seen`; `BadParameter` for a reason that is
        missing or names a person.
        """
        needed = Role.reviewer if to in (State.accepted, State.declined) else Role.editor
        check_role(by, needed)
        why = " ".join(why.split())
        with self._database.writing() as connection:
            row = row_of(connection, reference)
            if seen not in (None, State(row.state)):
                raise Conflict(f"This application is {row.state} meanwhile.", "Look at it again.")
            self.check(connection, row, to, why, by)
            move(connection, row, to, by.id, why)
            self._audit.append(source or by.who, f"application {to.value}", f"application {reference}", why)
        return self.get(reference)

    def can_step(self, reference: str, to: State, why: str, by: Account) -> None:
        """Raise what `step` raises, and change nothing."""
        check_role(by, Role.reviewer if to in (State.accepted, State.declined) else Role.editor)
        with self._database.reading() as connection:
            self.check(connection, row_of(connection, reference), to, why, by)

    def check(self, connection: sql.Connection, row: sql.Row[Any], to: State, why: str, by: Account) -> None:
        """Raise what `step` raises of an application, but for its not being there."""
        before = State(row.state)
        if to not in _NEXT[before]:
            raise Conflict(f"This application is {before.value}; it cannot become {to.value}.", "Look at it again.")
        if before is State.declined:
            check_role(by, Role.reviewer)
        self.check_reason(row.id, why, to)
        editors = set(connection.scalars(sql.select(drafts.c.account).where(drafts.c.application == row.id)))
        if to is State.accepted and by.id in editors and not self._own_review:
            raise Forbidden("You have worked on this draft yourself.", "Somebody else has to accept it.")

    def answer(self, reference: str, code: str, text: str) -> Application:
        """The applicant answers the question with which an application was returned: it is in review again.

        Raises `NotFound` as `of_applicant` does, `Conflict` when nothing is asked, `BadParameter` for an answer that is
        missing or names a person.
        """
        found = self.of_applicant(reference, code)
        text = " ".join(text.split())
        if not text:
            raise BadParameter("The answer is missing.", "Write it into the field.")
        with self._database.writing() as connection:
            row = row_of(connection, found.reference)
            if State(row.state) is not State.returned:
                raise Conflict("Nothing is asked any more.", "Look at it again.")
            self.check_reason(row.id, text, State.in_review)
            move(connection, row, State.in_review, None, text)
            self._audit.append("applicant", "question answered", f"application {found.reference}")
        return self.get(found.reference)

    def draft(self, reference: str) -> Draft | None:
        """The newest draft of an application, if one was saved. Raises `NotFound`."""
        with self._database.reading() as connection:
            return _newest(connection, row_of(connection, reference).id)

    def save(self, reference: str, payload: str, version: int, by: Account, source: str = "") -> Draft:
        """Save the next version of a draft; `version` is the one it was made from, 0 for none.

        Raises `NotFound`, `Forbidden`, `BadParameter`, or `Conflict`, with both texts, when somebody saved a later one.
        """
        check_role(by, Role.editor)
        payload = _json(payload)
        with self._database.writing() as connection:
            row = row_of(connection, reference)
            if State(row.state) in (State.accepted, State.declined):
                raise Conflict(f"This application is {row.state}.", "What was decided is not changed any more.")
            newest = _newest(connection, row.id)
            stored = newest.version if newest else 0
            if version != stored:
                raise Conflict(
                    f"Somebody has saved version {stored} meanwhile; yours was made from version {version}.",
                    "Take over what you want to keep of yours, and save again.",
                    version=stored,
                    stored=newest.payload if newest else "null",
                    sent=payload,
                )
            values = {"application": row.id, "version": stored + 1, "account": by.id, "saved": now()}
            connection.execute(drafts.insert().values(payload=payload, **values))
            self._audit.append(source or by.who, "draft saved", f"application {reference}", version=stored + 1)
        return Draft(stored + 1, payload, by.id, now())

    def check_reason(self, application: int, why: str, to: State) -> None:
        """Raise `BadParameter` for a reason that is missing or too long, or names a person."""
        if to in (State.returned, State.declined) and not why:
            raise BadParameter("The reason is missing.", "Say why; the applicant reads it.")
        if len(why) > _LONGEST:
            raise BadParameter("The reason is too long.", f"Say it in {_LONGEST:,} characters.")
        contact = self._contacts.of(application)
        if re.search(r"\S@\S", why) or (contact and mentions(why, contact)):
            raise BadParameter("The reason names a person.", "It is kept for good: leave names and addresses out.")


def check_role(account: Account, needed: Role) -> None:
    """Raises `Forbidden` when an account may not do what needs this role."""
    if not account.role.may(needed):
        raise Forbidden(f"This needs the role {needed.value}; yours is {account.role.value}.", "Ask an admin.")


def move(connection: sql.Connection, row: sql.Row[Any], to: State, account: int | None, why: str) -> None:
    """Bring an application to a state, and remember who did it; None is the applicant."""
    connection.execute(applications.update().where(applications.c.id == row.id).values(state=to.value))
    _take(connection, row.id, account, row.state, to, why)


def _json(payload: str) -> str:
    """JSON that stands for an object. Raises `BadParameter`."""
    try:
        if isinstance(found := json.loads(payload), dict):
            return json.dumps(found, ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    raise BadParameter("The proposal is no JSON object.", "Send an object.")


def row_of(connection: sql.Connection, reference: str) -> sql.Row[Any]:
    """An application's row. Raises `NotFound`."""
    row = connection.execute(sql.select(applications).where(applications.c.reference == reference)).one_or_none()
    if row is None:
        raise NotFound("There is no such application.", "The desk lists them.")
    return row


def _application(row: Any) -> Application:
    state = State(row.state)
    return Application(row.id, row.reference, state, row.received, row.language, row.summary, row.payload)


def _newest(connection: sql.Connection, application: int) -> Draft | None:
    mine = sql.select(drafts).where(drafts.c.application == application).order_by(drafts.c.version.desc()).limit(1)
    row = connection.execute(mine).one_or_none()
    return Draft(row.version, row.payload, row.account, row.saved) if row is not None else None


def _take(connection: sql.Connection, id: int, account: int | None, before: str, after: State, why: str) -> None:
    values = {"application": id, "account": account, "taken": now()}
    connection.execute(steps.insert().values(before=before, after=after.value, why=why, **values))
