"""What a deployment may change, frozen at the start and passed down."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from hrc_graph import namespaces


class Judge(StrEnum):
    """The SHACL engines that can judge."""

    pyshacl = "pyshacl"
    turbo = "turbo"


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """Limits and addresses. Sizes in bytes, times in seconds."""

    base: str = namespaces.BASE
    """The IRI that relative IRIs of the data files resolve against; ends in `/`."""
    time_limit: float = 10.0
    """A query is stopped after so many seconds."""
    memory_limit: int = 512 * 2**20
    """A query is stopped when its worker has taken so many bytes beyond the snapshot."""
    workers: int = 2
    """So many processes answer quick queries, and at most so many more the slow ones."""
    queue: int = 8
    """So many slow queries may wait for each worker, and sixteen times as many quick ones; one more is "busy"."""
    quick: float = 0.2
    """A query that takes longer moves to the slow lane, out of the way of the others."""
    query_bytes: int = 20_000
    """A longer query is refused."""
    query_depth: int = 64
    """A query with deeper nesting of brackets and operators is refused."""
    query_tokens: int = 4_000
    """A query with more words and signs is refused."""
    body_bytes: int = 2**20
    """A longer request body is refused while it arrives."""
    answer_bytes: int = 50 * 2**20
    """A longer answer is refused whole."""
    answer_rows: int = 100_000
    """A longer table or graph is refused whole."""
    page_rows: int = 2_000
    """A web page shows so many rows of an answer, says so, and offers the rest as a file."""
    cache_bytes: int = 16 * 2**20
    """So much memory holds answers that are asked for again."""
    client_seconds: float = 60.0
    """So many seconds of querying one client gets in a minute."""
    client_errors: int = 30
    """So many refused or failed requests one client gets in a minute."""
    aside: int = 2
    """So many releases can be asked at once, each in an engine of its own."""
    aside_idle: float = 300.0
    """The engine of a release ends when nobody has asked it for so many seconds."""
    services: tuple[str, ...] = ()
    """SERVICE may call endpoints whose IRI starts with one of these; none by default."""
    desk_url: str = ""
    """The database of the desk, as SQLAlchemy writes it; by default `.hrc/desk.sqlite` in the workspace."""
    own_review: bool = False
    """Whether somebody may accept what they drafted themselves."""
    contact_days: int = 730
    """So many days the contact of an application is kept."""
    sign_in_issuer: str = ""
    """The OpenID provider that accounts may sign in with; none by default."""
    sign_in_client: str = ""
    """As what this server is known to that provider."""
