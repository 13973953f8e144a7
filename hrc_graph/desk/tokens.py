"""Tokens that machines carry in `Authorization: Bearer`, each in the name of an account and no more than its role."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sql

from hrc_graph.desk import secret
from hrc_graph.desk.accounts import Account, account_of, checked_name
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.database import Database, accounts, now, tokens
from hrc_graph.errors import BadParameter, NotFound

MOST_DAYS = 366


class Scope(StrEnum):
    """What a token is for."""

    read = "read"
    write = "write"


@dataclass(frozen=True, slots=True)
class Token:
    """A token, without its secret. `expires` is in seconds since 1970."""

    id: int
    name: str
    scope: Scope
    expires: int
    revoked: bool
    account: Account

    @property
    def lives(self) -> bool:
        """Whether it still lets somebody in."""
        return not self.revoked and self.expires > now() and not self.account.disabled


class Tokens:
    """The tokens of a desk."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    def create(self, account: Account, name: str, scope: Scope, days: int, by: str) -> tuple[Token, str]:
        """A new token and its secret, which is told this once. Raises `BadParameter`."""
        if not 1 <= days <= MOST_DAYS:
            raise BadParameter(f"A token cannot last {days} days.", f"Give 1 to {MOST_DAYS} days.")
        text = secret.new("hrc_")
        name, expires = checked_name(name), now() + days * 86400
        values = {"hash": secret.hashed(text), "name": name, "account": account.id, "scope": scope.value}
        with self._database.writing() as connection:
            adding = tokens.insert().values(expires=expires, revoked=False, **values).returning(tokens.c.id)
            id = int(connection.scalar(adding))
            self._audit.append(by, "token made", f"token {id}", scope=scope.value, account=account.id)
        return Token(id, name, scope, expires, False, account), text

    def all(self) -> list[Token]:
        """Every token, the newest first."""
        return self._select(sql.true())

    def find(self, text: str) -> Token | None:
        """The living token with this secret."""
        found = self._select(tokens.c.hash == secret.hashed(text))
        return next((token for token in found if token.lives), None)

    def revoke(self, id: int, by: str) -> None:
        """End a token at once. Raises `NotFound`."""
        with self._database.writing() as connection:
            done = connection.execute(tokens.update().where(tokens.c.id == id).values(revoked=True))
            if not done.rowcount:
                raise NotFound(f"There is no token {id}.", "hrc token list shows them.")
            self._audit.append(by, "token revoked", f"token {id}")

    def _select(self, mine: sql.ColumnElement[bool]) -> list[Token]:
        about = [tokens.c.id.label("token"), tokens.c.name.label("title"), tokens.c.scope, tokens.c.expires]
        query = sql.select(*about, tokens.c.revoked, accounts).join(accounts).where(mine).order_by(tokens.c.id.desc())
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(query)]


def _token(row: Any) -> Token:
    return Token(row.token, row.title, Scope(row.scope), row.expires, row.revoked, account_of(row))
