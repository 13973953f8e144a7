"""An engine that takes updates: one worker on a copy of a snapshot that is forgotten at the end.

For trying SPARQL Update, and for the whole of the W3C protocol tests. The files never change: what is to stay goes
through `hrc import`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time

import pyoxigraph as ox

from hrc_graph import guard, namespaces
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.embedded import answer, failure, frame
from hrc_graph.engine.pool import out_of_memory
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.engine.workers import Nursery, Passed, Reply, Worker
from hrc_graph.errors import BadRequest, EngineFailure, TimedOut
from hrc_graph.settings import Settings


class Scratch:
    """Answers and changes its copy, one request after the other. Use as `async with Scratch(snapshot, settings)`."""

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self._snapshot = snapshot
        self._settings = settings
        self._turn = asyncio.Lock()
        self._done: list[bytes] = []
        """Every update so far, for a worker that has to take over."""
        self._nursery: Nursery | None = None
        self._worker: Worker | None = None

    @property
    def snapshot(self) -> str:
        """The id of the copy's state: it changes with every update."""
        return f"{self._snapshot.id}.{len(self._done)}"

    @property
    def quads(self) -> str:
        """The file that the copy was made from, as N-Quads."""
        return self._snapshot.path

    async def __aenter__(self) -> Scratch:
        prefixes = namespaces.prefixes(self._settings.base)
        self._nursery = await Nursery.start(self._snapshot, self._settings.memory_limit, prefixes, online=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def answer(self, question: Question) -> Answer:
        """The whole answer, or an error."""
        async with self._turn:
            started = time.monotonic()
            header, body = await self._ask(frame(question, self._snapshot, self._settings))
            if header["kind"] != "answer":
                raise failure(header, question.text, self._settings)
            return answer(header, body, self.snapshot, time.monotonic() - started)

    async def update(self, text: str, *, base: str, using: tuple[str, ...], using_named: tuple[str, ...]) -> None:
        """Change the copy, wholly or not at all. The graph lists stand for USING (Protocol, section 2.2.3)."""
        async with self._turn:
            asked = json.dumps({"update": with_dataset(text, using, using_named), "base": base}).encode()
            header, _ = await self._ask(asked)
            if header["kind"] != "updated":
                raise failure(header, text, self._settings)
            self._done.append(asked)

    async def close(self) -> None:
        """End every process."""
        if self._nursery:
            await self._nursery.close()

    async def _ask(self, asked: bytes) -> Reply:
        try:
            return await self._try(asked)
        except Passed:  # the worker had ended before it was asked
            return await self._try(asked)

    async def _try(self, asked: bytes) -> Reply:
        worker = self._worker = self._worker or await self._copy()
        try:
            async with asyncio.timeout(self._settings.time_limit):
                return await worker.ask(asked)
        except TimeoutError:
            self._forget()
            limit = f"{self._settings.time_limit:g} seconds (setting time_limit)"
            raise TimedOut(f"It was stopped at its time limit of {limit}.", setting="time_limit") from None
        except EOFError:
            self._forget()
            raise out_of_memory(self._settings) from None
        except BaseException:
            self._forget()
            raise

    async def _copy(self) -> Worker:
        """A worker in the state that every update so far has led to."""
        assert self._nursery
        try:
            worker = await self._nursery.fork()
            for asked in self._done:
                await worker.ask(asked)
        except EOFError:
            raise EngineFailure("The copy is gone.", "Start the server again.") from None
        return worker

    def _forget(self) -> None:
        if self._worker:
            self._worker.kill()
        self._worker = None


def with_dataset(text: str, using: tuple[str, ...], using_named: tuple[str, ...]) -> str:
    """The update with USING clauses for these graphs. Raises `BadRequest` when it chooses its graphs itself."""
    if not using and not using_named:
        return text
    try:
        clauses = [f"USING {ox.NamedNode(iri)} " for iri in using]
        clauses += [f"USING NAMED {ox.NamedNode(iri)} " for iri in using_named]
    except ValueError as error:
        raise BadRequest(f"A graph to use is no IRI: {error}.", "Give whole IRIs.") from None
    if not {"USING", "WITH"}.isdisjoint(guard.words(text)):
        raise BadRequest(
            "The update says USING or WITH, and the request names graphs to use.", "Say it in one place only."
        )
    pieces, end, depth = [], 0, 0
    for before, token in itertools.pairwise((guard.Token("start", "", 0), *guard.tokens(text))):
        depth += {"{": 1, "}": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if depth == 0 and token.kind == "word" and token.text.upper() == "WHERE":
            if before.text.upper() == "DELETE":
                raise BadRequest("DELETE WHERE takes no graphs from a request.", "Write DELETE { … } WHERE { … }.")
            pieces += [text[end : token.start], *clauses]
            end = token.start
    return "".join([*pieces, text[end:]])
