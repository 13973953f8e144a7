"""Who works at the desk: accounts, their roles, the links that open them, and signing in."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import argon2
import sqlalchemy as sql

from hrc_graph.desk import secret
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.database import Database, accounts, links, now, sessions
from hrc_graph.errors import BadParameter, Conflict, NotFound, Unauthorized

FIRST_LINK_HOURS, LINK_HOURS = 1, 72
_EMAIL = re.compile(r"[^@\s\x00-\x1f<>\"]+@[^@\s\x00-\x1f<>\"]+\.[^@\s\x00-\x1f<>\"]+\Z")
_SHORTEST, _LONGEST = 12, 1_000
_HASHER = argon2.PasswordHasher()
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$ba6R1pBt0wONs8wONUQ16Q$r0ympZh2hmSDRWL5YLKAMhby+R5rS9+brb4G/JTZglg"
"""The hash of random bytes that nobody kept: the same work is done for an account that is not there."""
_ROOM = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB while it is worked out."""


class Role(StrEnum):
    """What somebody may do; each may also do what those before it may."""

    editor = "editor"
    reviewer = "reviewer"
    admin = "admin"

    def may(self, needed: Role) -> bool:
        """Whether this role includes another."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody at the desk."""

    id: int
    name: str
    email: str
    role: Role
    disabled: bool
    signs_in: str
    """`password`, `provider`, or nothing before either."""

    @property
    def who(self) -> str:
        """As the audit log names it."""
        return f"account {self.id}"


class Accounts:
    """The accounts of a desk. `by` is who does it, as the audit log names them."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._database.reading() as connection:
            return [account_of(row) for row in connection.execute(sql.select(accounts).order_by(accounts.c.name))]

    def exist(self) -> bool:
        """Whether there is an account yet."""
        with self._database.reading() as connection:
            return bool(connection.scalar(sql.select(sql.func.count()).select_from(accounts)))

    def get(self, id: int) -> Account:
        """An account by its number. Raises `NotFound`."""
        with self._database.reading() as connection:
            return account_of(self._row(connection, accounts.c.id == id))

    def find(self, email: str) -> Account:
        """An account by its e-mail address. Raises `NotFound`."""
        with self._database.reading() as connection:
            return account_of(self._row(connection, accounts.c.email == normal(email)))

    def first_link(self) -> str:
        """The code that makes the first account, for an hour; nothing when there is an account already."""
        with self._database.writing() as connection:
            if connection.scalar(sql.select(sql.func.count()).select_from(accounts)):
                return ""
            connection.execute(links.delete())
            return _link(connection, None, FIRST_LINK_HOURS)

    def add(self, name: str, email: str, role: Role, by: str) -> tuple[Account, str]:
        """A new account and the code that sets its password. Raises `BadParameter` or `Conflict`."""
        with self._database.writing() as connection:
            id = _insert(connection, name, email, role)
            link = _link(connection, id, LINK_HOURS)
            self._audit.append(by, "account added", f"account {id}", role=role.value)
        return self.get(id), link

    def link(self, id: int, by: str) -> str:
        """A new code that sets the password of an account; earlier ones end. Raises `NotFound`."""
        with self._database.writing() as connection:
            self._row(connection, accounts.c.id == id)
            connection.execute(links.delete().where(links.c.account == id))
            link = _link(connection, id, LINK_HOURS)
            self._audit.append(by, "link made", f"account {id}")
            return link

    def set_role(self, id: int, role: Role, by: str) -> None:
        """Let somebody do more or less. Raises `NotFound`, or `Conflict` for the last admin."""
        with self._database.writing() as connection:
            before = account_of(self._row(connection, accounts.c.id == id))
            connection.execute(accounts.update().where(accounts.c.id == id).values(role=role.value))
            if before.role is Role.admin:
                _check_an_admin_is_left(connection)
            self._audit.append(by, "role changed", before.who, before_role=before.role.value, role=role.value)

    def set_disabled(self, id: int, disabled: bool, by: str) -> None:
        """Shut somebody out at once, or let them in again. Raises `NotFound`, or `Conflict` for the last admin."""
        with self._database.writing() as connection:
            before = account_of(self._row(connection, accounts.c.id == id))
            connection.execute(accounts.update().where(accounts.c.id == id).values(disabled=disabled))
            connection.execute(sessions.delete().where(sessions.c.account == id))
            connection.execute(links.delete().where(links.c.account == id))
            if before.role is Role.admin:
                _check_an_admin_is_left(connection)
            self._audit.append(by, "account disabled" if disabled else "account enabled", f"account {id}")

    def redeem(self, code: str, password: str, name: str = "", email: str = "") -> Account:
        """Use a code once: set a password, or make the first account, an admin, which needs a name and an address.

        Raises `Unauthorized` for a code that is none, was used or is too old; `BadParameter`, which leaves it usable.
        """
        if not _SHORTEST <= len(password) <= _LONGEST:
            raise BadParameter(
                f"The password has {len(password)} characters.", f"Take at least {_SHORTEST}, such as four words."
            )
        with _ROOM:
            hash = _HASHER.hash(password)
        with self._database.writing() as connection:
            mine = sql.and_(links.c.hash == secret.hashed(code), links.c.expires > now())
            row = connection.execute(sql.select(links).where(mine)).one_or_none()
            if row is None:
                raise Unauthorized("This link was used already, or is too old.", "Ask for another.")
            id = row.account
            if id is None:
                id = _insert(connection, name, email, Role.admin)
                self._audit.append("set-up", "account added", f"account {id}", role=Role.admin.value)
            connection.execute(links.delete().where(links.c.hash == row.hash))
            connection.execute(sessions.delete().where(sessions.c.account == id))
            connection.execute(accounts.update().where(accounts.c.id == id).values(password=hash))
            self._audit.append(f"account {id}", "password set", f"account {id}")
        return self.get(id)

    def sign_in(self, email: str, password: str) -> Account:
        """The account with this address and password.

        Raises `Unauthorized`, with the same words after the same work, whether there is no such account, it is shut,
        or the password is another.
        """
        with self._database.reading() as connection:
            row = connection.execute(sql.select(accounts).where(accounts.c.email == normal(email))).one_or_none()
        stored = row.password if row is not None and not row.disabled else None
        with _ROOM:
            fits = _fits(stored or _NOBODYS, password[: _LONGEST + 1])
        if row is None or stored is None or not fits:
            raise refused()
        return account_of(row)

    def vouched(self, issuer: str, subject: str, email: str) -> Account:
        """The account that an OpenID provider vouches for; `email` is one that it has verified, or nothing.

        The first time it is found by its address, from then on by the provider's name for it. Raises `Unauthorized`.
        """
        known = f"{issuer} {subject}"
        with self._database.writing() as connection:
            row = connection.execute(sql.select(accounts).where(accounts.c.subject == known)).one_or_none()
            if row is None and email:
                mine = sql.and_(accounts.c.email == normal(email), accounts.c.subject.is_(None))
                row = connection.execute(sql.select(accounts).where(mine)).one_or_none()
                if row is not None and not row.disabled:
                    connection.execute(accounts.update().where(accounts.c.id == row.id).values(subject=known))
                    self._audit.append(f"account {row.id}", "provider bound", f"account {row.id}")
        if row is None or row.disabled:
            raise refused()
        return account_of(row)

    def _row(self, connection: sql.Connection, mine: sql.ColumnElement[bool]) -> sql.Row[Any]:
        row = connection.execute(sql.select(accounts).where(mine)).one_or_none()
        if row is None:
            raise NotFound("There is no such account.", "hrc account list shows them.")
        return row


def refused() -> Unauthorized:
    """What everybody is told who is not let in."""
    return Unauthorized("That did not work.", "Check the address and the password, or ask for a new link.")


def account_of(row: Any) -> Account:
    """A row of the table as an account."""
    signs_in = "provider" if row.subject else "password" if row.password else ""
    return Account(row.id, row.name, row.email, Role(row.role), row.disabled, signs_in)


def normal(email: str) -> str:
    """An address as it is compared."""
    return email.strip().casefold()


def checked_email(email: str) -> str:
    """An address as it is compared. Raises `BadParameter` for what cannot be one."""
    if len(email) > 254 or not _EMAIL.match(normal(email)):
        raise BadParameter("That is no e-mail address.", "Write it so: name@city.example.")
    return normal(email)


def checked_name(name: str) -> str:
    """The name of a person on one line. Raises `BadParameter`."""
    name = " ".join(name.split())
    if not name or len(name) > 200 or not name.isprintable():
        raise BadParameter("A name is missing, or too long.", "Give a name of at most 200 characters.")
    return name


def _insert(connection: sql.Connection, name: str, email: str, role: Role) -> int:
    email, name = checked_email(email), checked_name(name)
    if connection.scalar(sql.select(accounts.c.id).where(accounts.c.email == email)):
        raise Conflict("There is an account with this address.", "hrc account link gives it a new link.")
    values = {"name": name, "email": email, "role": role.value, "disabled": False, "created": now()}
    return int(connection.scalar(accounts.insert().values(values).returning(accounts.c.id)))


def _link(connection: sql.Connection, account: int | None, hours: int) -> str:
    code = secret.new()
    values = {"hash": secret.hashed(code), "account": account, "expires": now() + hours * 3600}
    connection.execute(links.insert().values(values))
    return code


def _check_an_admin_is_left(connection: sql.Connection) -> None:
    admins = sql.and_(accounts.c.role == Role.admin.value, accounts.c.disabled.is_(False))
    if not connection.scalar(sql.select(sql.func.count()).select_from(accounts).where(admins)):
        raise Conflict("Nobody would be left who may see to the accounts.", "Make somebody else admin first.")


def _fits(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
