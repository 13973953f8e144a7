"""The private database: accounts, applications and contacts, in one SQLite file that only its owner may read.

It is no part of the graph: nothing of it is in `data/`, in a snapshot, a dump, a log or an address.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text

from hrc_graph.errors import EngineFailure, Unwritable

_METADATA = MetaData()
_WRITING = 0x687263
"""The number of the lock of PostgreSQL that whoever writes holds."""

keys = Table("keys", _METADATA, Column("name", String, primary_key=True), Column("value", LargeBinary, nullable=False))
"""What this server signs forms with."""

accounts = Table(
    "accounts",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("password", String),  # argon2; none until a link is used, or where a provider vouches
    Column("subject", String, unique=True),  # the issuer and the subject of OpenID Connect
    Column("disabled", Boolean, nullable=False, default=False),
    Column("created", Integer, nullable=False),
)
sessions = Table(
    "sessions",
    _METADATA,
    Column("hash", String, primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("expires", Integer, nullable=False),
)
links = Table(
    "links",
    _METADATA,
    Column("hash", String, primary_key=True),
    Column("account", ForeignKey("accounts.id")),  # none: the first account is made with it
    Column("expires", Integer, nullable=False),
)
tokens = Table(
    "tokens",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("scope", String, nullable=False),
    Column("expires", Integer, nullable=False),
    Column("revoked", Boolean, nullable=False, default=False),
)
applications = Table(
    "applications",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("reference", String, nullable=False, unique=True),
    Column("secret", String, nullable=False),
    Column("state", String, nullable=False),
    Column("received", Integer, nullable=False),
    Column("language", String, nullable=False),
    Column("summary", Text, nullable=False),
    Column("payload", Text, nullable=False),
)
contacts = Table(
    "contacts",
    _METADATA,
    Column("application", ForeignKey("applications.id"), primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("phone", String, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("basis", String, nullable=False),
    Column("given", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
)
steps = Table(
    "steps",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("application", ForeignKey("applications.id"), nullable=False, index=True),
    Column("account", ForeignKey("accounts.id")),  # none: the applicant
    Column("taken", Integer, nullable=False),
    Column("before", String, nullable=False),
    Column("after", String, nullable=False),
    Column("why", Text, nullable=False),
)
drafts = Table(
    "drafts",
    _METADATA,
    Column("application", ForeignKey("applications.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("saved", Integer, nullable=False),
    Column("payload", Text, nullable=False),
)
decisions = Table(
    "decisions",
    _METADATA,
    Column("code", String, primary_key=True),
    Column("application", ForeignKey("applications.id"), index=True),  # none: a change that no application asked for
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("begun", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("change", String, nullable=False),  # of an acceptance: empty until it is made
    Column("done", Boolean, nullable=False, default=False),
)


def now() -> int:
    """Seconds since 1970, as every time in the database."""
    return int(time.time())


class Database:
    """The tables above, behind an address as SQLAlchemy writes it."""

    def __init__(self, url: str, file: Path) -> None:
        """Open it, and make what is missing. Without an address it is the SQLite file. Raises `EngineFailure`."""
        try:
            if not url:
                file.parent.mkdir(parents=True, exist_ok=True)
                os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))  # its WAL is made with the same mode
                file.chmod(0o600)
            # Errors name no values: they end up in the log.
            self._engine = sql.create_engine(url or f"sqlite:///{file}", hide_parameters=True)
            self._is_sqlite = self._engine.dialect.name == "sqlite"
            if self._is_sqlite:
                sql.event.listen(self._engine, "connect", _prepared)
                sql.event.listen(self._engine, "begin", _begun)
            with self._written() as connection:
                _METADATA.create_all(connection)
        except (OSError, sql.exc.SQLAlchemyError, ImportError) as error:
            raise EngineFailure(
                f"The desk's database cannot be opened ({type(error).__name__}).",
                "Check --desk-url, or that .hrc/ can be written.",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """Look at one state of the tables."""
        options = {} if self._is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        """Change the tables, all or nothing; one after the other. Raises `Unwritable`, such as on a full disk."""
        try:
            with self._written() as connection:
                yield connection
        except sql.exc.OperationalError as error:
            raise Unwritable(
                "The desk's database takes no changes now.", "Make room on its disk; try again."
            ) from error

    @contextmanager
    def _written(self) -> Iterator[sql.Connection]:
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            if not self._is_sqlite:
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_WRITING)))
            yield connection

    def key(self, name: str) -> bytes:
        """A random key of this database, made when it is first asked for."""
        with self.writing() as connection:
            found = connection.scalar(sql.select(keys.c.value).where(keys.c.name == name))
            if found is None:
                found = secrets.token_bytes(32)
                connection.execute(keys.insert().values(name=name, value=found))
            return bytes(found)

    def scrub(self) -> None:
        """Overwrite what was deleted, also where SQLite keeps it for a while."""
        if not self._is_sqlite:
            return  # PostgreSQL does so by itself, with VACUUM and its log's retention
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM")
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            if busy:
                raise EngineFailure("Somebody is reading the database; its log was not cut.", "Do it again.")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _prepared(connection: Any, _record: Any) -> None:
    """A new connection of SQLite: safe, private, and with transactions as we begin them."""
    connection.isolation_level = None
    for pragma in (
        "busy_timeout = 15000",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begun(connection: sql.Connection) -> None:
    """Begin what writes as the one writer, so that it never finds out too late that another was first."""
    options = connection.get_execution_options()
    if options.get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
