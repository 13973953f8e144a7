"""The engine on this machine: pools of worker processes on snapshots, one of which answers now.

A new snapshot takes over between two questions: those that are being answered are answered from the one they began
with, and its processes end with the last of them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import Any

from hrc_graph import formats, guard
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.pool import Pool, out_of_memory
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.engine.syntax import explain
from hrc_graph.errors import AnswerTooLarge, BadQuery, EngineFailure
from hrc_graph.settings import Settings

_FORMATS = {format.name: format for format in (*formats.TABLES, *formats.GRAPHS)}


class Embedded:
    """Answers from one snapshot at a time. Use as `async with Embedded(snapshot, settings)`."""

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self.events: Counter[str] = Counter()
        """How often workers were replaced, by reason."""
        self.pool = Pool(snapshot, settings, self.events)
        self._settings = settings
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that answers now."""
        return self.pool.snapshot.id

    @property
    def quads(self) -> str:
        """The file that holds what is answered from, as N-Quads."""
        return self.pool.snapshot.path

    async def __aenter__(self) -> Embedded:
        try:
            await self.pool.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def turn_to(self, snapshot: Snapshot) -> None:
        """Answer from another snapshot from now on. Raises `EngineFailure`, and then the old one stays."""
        pool = Pool(snapshot, self._settings, self.events)
        try:
            await pool.start(self.pool)
        except BaseException:
            await pool.close()
            raise
        old, self.pool = self.pool, pool
        task = asyncio.create_task(_end(old))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def answer(self, question: Question) -> Answer:
        """The whole answer, or an error. A caller that is cancelled takes its worker with it."""
        pool = self.pool
        started = time.monotonic()
        header, body = await pool.answer(
            question.text, frame(question, pool.snapshot, self._settings), own=question.own
        )
        if header["kind"] != "answer":
            raise failure(header, question.text, self._settings)
        return answer(header, body, pool.snapshot.id, time.monotonic() - started)

    async def close(self) -> None:
        """End every process."""
        for task in tuple(self._ending):
            task.cancel()
        await asyncio.gather(self.pool.close(), *self._ending, return_exceptions=True)


async def _end(pool: Pool) -> None:
    try:
        while pool.asked:
            await asyncio.sleep(0.05)
    finally:
        await pool.close()


def frame(question: Question, snapshot: Snapshot, settings: Settings) -> bytes:
    """What a worker is told of a question."""
    fields: dict[str, Any] = {
        "query": question.text,
        "table": question.table.name,
        "graph": question.graph.name,
        "base": question.base,
        "default_graphs": question.default_graphs,
        "named_graphs": question.named_graphs,
        "union": not snapshot.default and not guard.names_dataset(question.text),
        "encoding": question.encoding,
        "snapshot": snapshot.id,
        "answer_bytes": settings.answer_bytes,
        "answer_rows": settings.answer_rows,
    }
    return json.dumps(fields).encode()


def answer(header: dict[str, Any], body: bytes, snapshot: str, seconds: float) -> Answer:
    """A worker's reply as an answer."""
    return Answer(body, _FORMATS[header["format"]], header["rows"], snapshot, seconds, header["encoding"])


def failure(header: dict[str, Any], text: str, settings: Settings) -> Exception:
    """A worker's reply as an error."""
    match header["kind"]:
        case "syntax":
            return explain(header["message"], text)
        case "full":
            return AnswerTooLarge(
                f"The answer has more than {header['message']}, the most this endpoint sends.",
                "Nothing was sent. Add LIMIT and OFFSET, or take everything from /dumps/.",
                setting=header["setting"],
            )
        case "memory":
            return out_of_memory(settings)
        case "failure" if header["message"].startswith("The custom "):
            return BadQuery(f"{header['message']}.", "Use the functions of SPARQL 1.1.")
        case _:
            return EngineFailure(f"The engine failed: {header['message']}")
