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
    """So many queries run at once."""
    queue: int = 8
    """So many queries may wait for each worker; one more is answered "busy"."""
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
