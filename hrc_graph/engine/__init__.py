"""Where questions are answered: snapshots of the files, and processes that read them.

`Engine` is the whole interface. `embedded` answers from worker processes on this machine; another
kind of engine has to offer no more than this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hrc_graph.formats import Format


@dataclass(frozen=True, slots=True)
class Question:
    """A query that has passed the guard, and the form its answer should take.

    `table` is used for SELECT and ASK, `graph` for CONSTRUCT and DESCRIBE: which one it is shows only
    when the query is parsed. The graph lists override FROM when either of them is given (SPARQL 1.1
    Protocol, section 2.1.4).
    """

    text: str
    table: Format
    graph: Format
    base: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    encoding: str = ""
    """The content coding that the body may come in: `gzip`, `zstd` or none."""
    own: bool = False
    """Whether it is a question of this server's own, for a page: it need not give way to others."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: never a part of one."""

    body: bytes
    format: Format
    rows: int
    """Solutions of a SELECT, triples of a graph, 1 for ASK."""
    snapshot: str
    """Which state of the files it speaks of."""
    seconds: float = field(compare=False, default=0.0)
    """How long it took to find."""
    encoding: str = ""
    """The content coding of the body, if any."""


class Engine(Protocol):
    """Answers questions about one snapshot at a time."""

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that answers now."""

    async def answer(self, question: Question) -> Answer:
        """The whole answer, or one of BadQuery, AnswerTooLarge, Overrun, Busy, EngineFailure."""

    async def close(self) -> None:
        """End everything that was started."""
