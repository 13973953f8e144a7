"""The people behind applications: why their data are held, on what basis, until when; to be told and to be erased."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sql

from hrc_graph.desk.accounts import checked_email, checked_name, normal
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.database import Database, applications, contacts, decisions, drafts, now, steps
from hrc_graph.errors import BadParameter, NotFound

CONSENT = "consent (GDPR, article 6(1)(a))"
ERASED = "[erased]"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to write to about an application. `given` and `expires` are in seconds since 1970."""

    name: str
    email: str
    phone: str = ""
    purpose: str = ""
    basis: str = CONSENT
    given: int = 0
    expires: int = 0

    def checked(self) -> Contact:
        """The same, tidy. Raises `BadParameter`."""
        phone = " ".join(self.phone.split())
        if not re.fullmatch(r"[+0-9 ()./-]{0,40}", phone):
            raise BadParameter("That is no telephone number.", "Write it so: +62 721 000000.")
        return Contact(checked_name(self.name), checked_email(self.email), phone, self.purpose, self.basis)


class Contacts:
    """The contacts of a desk. `by` is who does it, as the audit log names them."""

    def __init__(self, database: Database, audit: Audit, days: int) -> None:
        self._database = database
        self._audit = audit
        self._days = days

    def add(self, connection: sql.Connection, application: int, contact: Contact) -> None:
        """Keep the contact of an application, within the change that makes it. Raises `BadParameter`."""
        values = asdict(contact.checked()) | {"given": now(), "expires": now() + self._days * 86400}
        connection.execute(contacts.insert().values(application=application, **values))

    def of(self, application: int) -> Contact | None:
        """Whom to write to about an application, unless that was erased."""
        with self._database.reading() as connection:
            row = connection.execute(sql.select(contacts).where(contacts.c.application == application)).one_or_none()
        return _contact(row) if row is not None else None

    def export(self, who: str) -> list[dict[str, Any]]:
        """All that is held of a person, by the reference of an application or an e-mail address. Raises `NotFound`."""
        with self._database.reading() as connection:
            return [_told(connection, row) for row in self._found(connection, _named(who), who)]

    def erase(self, who: str, by: str) -> list[str]:
        """Erase a person, for good; the references of the applications they stood behind. Raises `NotFound`."""
        with self._database.writing() as connection:
            found = self._erase(connection, self._found(connection, _named(who), who), "contact erased", by)
        self._database.scrub()
        return found

    def expire(self, by: str) -> list[str]:
        """Erase whoever has been kept long enough; the references of their applications."""
        with self._database.writing() as connection:
            rows = connection.execute(_joined(contacts.c.expires <= now())).all()
            found = self._erase(connection, rows, "contact expired", by)
        if found:
            self._database.scrub()
        return found

    def _found(self, connection: sql.Connection, mine: sql.ColumnElement[bool], who: str) -> list[sql.Row[Any]]:
        rows = list(connection.execute(_joined(mine)))
        if not rows:
            raise NotFound(
                f"No contact is held under “{who[:100]}”.", "Give an e-mail address or the reference of an application."
            )
        return rows

    def _erase(self, connection: sql.Connection, rows: Iterable[sql.Row[Any]], what: str, by: str) -> list[str]:
        erased = []
        for row in rows:
            connection.execute(contacts.delete().where(contacts.c.application == row.application))
            for table in (applications, steps, drafts, decisions):
                _without(connection, table, row)
            self._audit.append(by, what, f"application {row.reference}")
            erased.append(str(row.reference))
        return erased


def _named(who: str) -> sql.ColumnElement[bool]:
    return contacts.c.email == normal(who) if "@" in who else applications.c.reference == who.strip().upper()


def _joined(mine: sql.ColumnElement[bool]) -> sql.Select[Any]:
    return sql.select(contacts, applications.c.reference).join(applications).where(mine)


def _contact(row: Any) -> Contact:
    return Contact(row.name, row.email, row.phone, row.purpose, row.basis, row.given, row.expires)


def _told(connection: sql.Connection, row: sql.Row[Any]) -> dict[str, Any]:
    application = connection.execute(sql.select(applications).where(applications.c.id == row.application)).one()
    taken = connection.execute(sql.select(steps).where(steps.c.application == row.application).order_by(steps.c.id))
    return {
        "application": row.reference,
        "contact": asdict(_contact(row)),
        "received": application.received,
        "language": application.language,
        "summary": application.summary,
        "payload": application.payload,
        "steps": [{"taken": step.taken, "from": step.before, "to": step.after, "why": step.why} for step in taken],
    }


def mentions(text: str, contact: Contact) -> bool:
    """Whether a text names a person."""
    return any(pattern.search(text) for pattern in _patterns(contact))


def _patterns(contact: Any) -> list[re.Pattern[str]]:
    held = [value for value in (contact.email, contact.name, contact.phone) if value]
    return [re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE) for value in held]


def _without(connection: sql.Connection, table: sql.Table, contact: sql.Row[Any]) -> None:
    """Take a person out of texts, of whichever application, should they stand there too."""
    texts = [column for column in table.c if isinstance(column.type, sql.Text)]
    for row in connection.execute(sql.select(table)).mappings().all():
        cleaned = {}
        for column in texts:
            text = str(row[column.name])
            for pattern in _patterns(contact):
                text = pattern.sub(ERASED, text)
            if text != row[column.name]:
                cleaned[column.name] = text
        if cleaned:
            same = sql.and_(*(column == row[column.name] for column in table.primary_key))
            connection.execute(table.update().where(same).values(cleaned))
