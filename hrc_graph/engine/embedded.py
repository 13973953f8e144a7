"""The engine on this machine: worker processes that can be killed, each on the same snapshot.

Only a process can be stopped and capped: Oxigraph's Python interface has no time-out, and one deeply
nested query ends the process that evaluates it. So a query that overruns costs one worker, and the
next one is already starting.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import struct
import subprocess
import sys
import time
from typing import Any

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.engine.syntax import explain
from hrc_graph.errors import AnswerTooLarge, Busy, EngineFailure, OutOfMemory, TimedOut
from hrc_graph.settings import Settings

_START_LIMIT = 60.0
_FORMATS = {format.name: format for format in (*formats.TABLES, *formats.GRAPHS)}


class _Worker:
    """One worker process, ready to answer over a socket that is its standard input and output.

    Started with `subprocess`, not by the event loop: how a loop learns that a child has ended differs between
    versions and platforms, and the exit code tells a memory limit from a crash.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.confined = False
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, path: str, memory_limit: int) -> _Worker:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "hrc_graph.engine.worker", path, str(memory_limit)]
        with theirs:
            process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.DEVNULL
            )
        try:
            worker = cls(process, *await asyncio.open_connection(sock=ours))
            header, _ = await asyncio.wait_for(worker._receive(), _START_LIMIT)
        except BaseException:
            process.kill()
            process.wait()
            ours.close()
            raise
        worker.confined = header["confined"]
        return worker

    async def ask(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        frame = json.dumps(question).encode()
        self._writer.write(struct.pack(">I", len(frame)) + frame)
        await self._writer.drain()
        return await self._receive()

    async def _receive(self) -> tuple[dict[str, Any], bytes]:
        return json.loads(await self._frame()), await self._frame()

    async def _frame(self) -> bytes:
        (length,) = struct.unpack(">I", await self._reader.readexactly(4))
        return await self._reader.readexactly(length)

    async def kill(self) -> int:
        self.process.kill()
        self._writer.close()
        return await asyncio.to_thread(self.process.wait)


class Embedded:
    """`settings.workers` processes on one snapshot. Use as `async with Embedded(snapshot, settings)`."""

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self._snapshot = snapshot
        self._settings = settings
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._alive: set[_Worker] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._closed = False

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that answers now."""
        return self._snapshot.id

    async def __aenter__(self) -> Embedded:
        try:
            await asyncio.gather(*(self._add_worker() for _ in range(self._settings.workers)))
        except (OSError, EOFError, TimeoutError) as error:
            await self.close()
            raise EngineFailure(f"No worker could start on {self._snapshot.path}: {error}.") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def answer(self, question: Question) -> Answer:
        """The whole answer, or an error. A caller that is cancelled takes its worker with it."""
        settings = self._settings
        if self._waiting >= settings.queue * settings.workers and self._idle.empty():
            raise Busy("Too many questions are waiting.", "Ask again in a few seconds.")
        started = time.monotonic()
        worker = await self._free_worker()
        try:
            async with asyncio.timeout(settings.time_limit):
                header, body = await worker.ask(self._frame_of(question))
        except TimeoutError:
            await self._replace(worker)
            raise TimedOut(
                f"The query was stopped at its time limit of {settings.time_limit:g} seconds (setting time_limit).",
                "Ask for less at once: name a thing, add LIMIT, or use the dumps.",
            ) from None
        except (EOFError, ConnectionError):
            raise self._died(await self._replace(worker)) from None
        except BaseException:
            await self._replace(worker)
            raise
        self._idle.put_nowait(worker)
        if header["kind"] != "answer":
            raise self._error(header, question.text)
        return Answer(body, _FORMATS[header["format"]], header["rows"], self.snapshot, time.monotonic() - started)

    async def close(self) -> None:
        """Kill every worker."""
        self._closed = True
        for task in tuple(self._starting):
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in tuple(self._alive)))
        self._alive.clear()

    async def _free_worker(self) -> _Worker:
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.time_limit):
                return await self._idle.get()
        except TimeoutError:
            raise Busy("No worker became free in time.", "Ask again in a few seconds.") from None
        finally:
            self._waiting -= 1

    async def _add_worker(self) -> None:
        worker = await _Worker.start(self._snapshot.path, self._settings.memory_limit)
        self._alive.add(worker)
        self._idle.put_nowait(worker)

    async def _replace(self, worker: _Worker) -> int:
        """Kill a worker and start another; returns how the first one ended."""
        self._alive.discard(worker)
        code = await worker.kill()
        if not self._closed:
            task = asyncio.create_task(self._add_worker())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
        return code

    def _frame_of(self, question: Question) -> dict[str, Any]:
        return {
            "query": question.text,
            "table": question.table.name,
            "graph": question.graph.name,
            "base": question.base,
            "default_graphs": question.default_graphs,
            "named_graphs": question.named_graphs,
            "prefixes": namespaces.prefixes(self._settings.base),
            "answer_bytes": self._settings.answer_bytes,
            "answer_rows": self._settings.answer_rows,
        }

    def _died(self, code: int) -> Exception:
        if code == -signal.SIGABRT:  # how a refused allocation ends a Rust program
            return self._memory()
        return EngineFailure("The query ended the process that evaluated it.", "Simplify it: it nests too deep.")

    def _memory(self) -> OutOfMemory:
        limit = self._settings.memory_limit // 2**20
        return OutOfMemory(
            f"The query was stopped at its memory limit of {limit} MiB (setting memory_limit).",
            "Sort or join less at once, or use the dumps.",
        )

    def _error(self, header: dict[str, Any], query: str) -> Exception:
        match header["kind"]:
            case "syntax":
                return explain(header["message"], query)
            case "full":
                return AnswerTooLarge(
                    f"The answer has more than {header['message']}, the most this endpoint sends.",
                    "Nothing was sent. Add LIMIT and OFFSET, or use the dumps.",
                )
            case "memory":
                return self._memory()
            case _:
                return EngineFailure(f"The engine failed: {header['message']}")
