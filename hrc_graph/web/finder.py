"""The directory of the snapshot that answers now, made once, and asked off the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request

from hrc_graph import __version__, directory, formats, preparing
from hrc_graph.directory import Directory
from hrc_graph.engine import Question
from hrc_graph.engine.embedded import Embedded
from hrc_graph.errors import Busy
from hrc_graph.settings import Settings
from hrc_graph.web.answers import LATEST, Answers, Whole, client_of, matches, sent
from hrc_graph.web.clients import Clients
from hrc_graph.web.languages import READER

_WAITING = 64
"""So many requests may wait for their turn to search; one more is "busy"."""

T = TypeVar("T")


class Finder:
    """Holds the directory of one snapshot; a new snapshot gets its own when it is prepared or first asked for."""

    def __init__(self, answers: Answers, clients: Clients, settings: Settings) -> None:
        self.answers = answers
        self._clients = clients
        self._base = settings.base
        self._making = asyncio.Lock()
        self._turn = asyncio.Semaphore(1)  # two searches at once would only share one interpreter
        self._waiting = 0
        self._held: Directory | None = None

    async def directory(self) -> Directory:
        """The directory of the snapshot that answers now; that is no client's cost. Raises `EngineFailure`."""
        async with self._making:  # who asks at the same time waits for it
            if self._held is None or self._held.snapshot != self.answers.engine.snapshot:
                self._held = await self._made()
            return self._held

    async def prepare(self) -> None:
        """Read the directory; where no build has left it, as after a change that was accepted, it is made."""
        if isinstance(self.answers.engine.engine, Embedded):
            await self.directory()

    async def _made(self) -> Directory:
        engine = self.answers.engine.engine
        if isinstance(engine, Embedded):
            return await asyncio.to_thread(preparing.read, engine.pool.snapshot, self._base)
        question = Question(directory.rows_query(self._base), formats.JSON, formats.TURTLE, self._base, own=True)
        answer = await engine.answer(question)
        rows = json.loads(answer.body)["results"]["bindings"]
        return await asyncio.to_thread(Directory.of, rows, answer.snapshot, self._base)

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """The result of some work, done in a thread; its seconds count against the client.

        Raises `Busy`, `Throttled` and what the work raises, which counts as an error of the client.
        """
        if self._waiting >= _WAITING:
            raise Busy(f"{_WAITING} searches are waiting already.", "Ask again in a few seconds.")
        with self._clients.share_of(client_of(request)) as share:
            self._waiting += 1
            try:
                async with self._turn:
                    started = time.monotonic()
                    try:
                        return await asyncio.to_thread(work)
                    finally:
                        share.spent(time.monotonic() - started)
            finally:
                self._waiting -= 1

    def tag(self, request: Request) -> str:
        """The entity tag of the answer to a GET request, in whatever format and coding its headers ask for.

        `Host` is told apart too: addresses of this server stand in some answers.
        """
        names = ("accept", "accept-encoding", "host")
        path = f"{request.scope['path']}?{request.scope['query_string'].decode('latin-1')}"
        parts = (__version__, path, READER.get().language, *(request.headers.get(name, "") for name in names))
        digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()
        return f'W/"{self.answers.engine.snapshot}-{digest}"'

    def unchanged(self, request: Request) -> Whole | None:
        """304, if the client holds the answer already."""
        tag = self.tag(request)
        held = request.headers.get("if-none-match", "")
        return self.answers.unchanged(tag) if held and request.method != "POST" and matches(tag, held) else None

    def about(self, request: Request, snapshot: str) -> list[tuple[bytes, bytes]]:
        """The headers that let an answer from a snapshot be kept and repeated."""
        fields = [LATEST, (b"x-snapshot", snapshot.encode())]
        tag = self.tag(request)
        if request.method != "POST" and tag.startswith(snapshot, 3):  # no new snapshot took over meanwhile
            fields.append((b"etag", tag.encode()))
        return fields

    def json(self, data: Any, request: Request, snapshot: str, media_type: str = "application/json") -> Whole:
        """An answer as JSON, in the coding that the request asks for."""
        return self.body(json.dumps(data, ensure_ascii=False).encode(), media_type, request, snapshot)

    def body(self, body: bytes, media_type: str, request: Request, snapshot: str) -> Whole:
        """An answer in bytes, in the coding that the request asks for."""
        return sent(body, media_type, request.headers, self.about(request, snapshot))
