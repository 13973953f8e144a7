"""Who is signed in: random ids in a cookie, whose hashes stand in the database."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sql

from hrc_graph.desk import secret
from hrc_graph.desk.accounts import Account, account_of
from hrc_graph.desk.database import Database, accounts, now, sessions

HOURS = 12


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one account. `hash` is of its id."""

    hash: str
    account: Account


class Sessions:
    """The sessions of a desk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, account: Account, before: str = "") -> str:
        """The id of a new session; the one that the browser had before ends."""
        id = secret.new()
        with self._database.writing() as connection:
            ended = sql.or_(sessions.c.expires <= now(), sessions.c.hash == secret.hashed(before))
            connection.execute(sessions.delete().where(ended))
            values = {"hash": secret.hashed(id), "account": account.id, "expires": now() + HOURS * 3600}
            connection.execute(sessions.insert().values(values))
        return id

    def find(self, id: str) -> Session | None:
        """The session with this id, if it has not ended and its account is not shut."""
        if not id:
            return None
        hash = secret.hashed(id)
        mine = sql.and_(sessions.c.hash == hash, sessions.c.expires > now(), accounts.c.disabled.is_(False))
        with self._database.reading() as connection:
            row = connection.execute(sql.select(accounts).join(sessions).where(mine)).one_or_none()
        return Session(hash, account_of(row)) if row is not None else None

    def end(self, session: Session) -> None:
        """Sign out."""
        with self._database.writing() as connection:
            connection.execute(sessions.delete().where(sessions.c.hash == session.hash))
