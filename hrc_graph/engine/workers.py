"""The web process's side of the nursery and its workers: start, ask, kill, and learn how one ended."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from importlib import metadata
from typing import Any, cast

from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.errors import EngineFailure

_START_LIMIT = 60.0
_PATIENT = 10
"""The nice value of a worker with a slow question: a tenth of a core beside busy ones, all of it on an idle machine."""
_GLIBC = {
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=512:glibc.malloc.trim_threshold=67108864:glibc.malloc.top_pad=8388608",
}
"""How glibc manages a worker's memory where mimalloc is missing: with more small pieces at hand than it usually keeps,
in one arena, since an arena of a thread's own would leave what was freed unused."""
_MIMALLOC = {
    "MIMALLOC_ARENA_RESERVE": "32768",
    "MIMALLOC_ARENA_MAX_OBJECT_SIZE": "8192",
    "MIMALLOC_ALLOW_THP": "0",
}
"""So many KiB of addresses are reserved at a time, and what is larger than so many goes back to the system when it is
freed. A worker's memory limit counts addresses: what is kept for later would be room past its limit. No huge pages: the
system makes them by copying, and after some seconds the nursery would share nothing with its workers any more."""
_LENGTHS = struct.Struct(">II")

Reply = tuple[dict[str, Any], bytes]


class Passed(Exception):
    """The worker will not come to this question; another one is to be asked."""


class Worker(asyncio.Protocol):
    """One worker process, which answers one question after the other."""

    def __init__(self, nursery: Nursery) -> None:
        self.tired = False
        """Whether it holds memory that it will not give back."""
        self.started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Its process id."""
        self.freed: Callable[[Worker], None] = lambda _: None
        """Called when it has replied, before whoever asked is told."""
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """How it ended: an exit code, or the negative number of a signal."""
        self._nursery = nursery
        self._transport: asyncio.Transport | None = None
        self.pending: deque[asyncio.Future[Reply]] = deque()
        """What was asked and not replied to yet, in order; it works on the first."""
        self._since = 0.0
        self._received = bytearray()

    def ask(self, frame: bytes) -> asyncio.Future[Reply]:
        """Send a question; the reply, or `EOFError` when the worker ends over it, or `Passed`."""
        assert self._transport
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Reply] = loop.create_future()
        if self._transport.is_closing():
            _fail(reply, Passed())  # it ended between being given and being asked
            return reply
        if not self.pending:
            self._since = loop.time()
        self.pending.append(reply)
        self._transport.write(struct.pack(">I", len(frame)) + frame)
        return reply

    def is_on(self, reply: asyncio.Future[Reply]) -> bool:
        """Whether it works on this question now."""
        return bool(self.pending) and self.pending[0] is reply

    def spent_on(self, reply: asyncio.Future[Reply]) -> float:
        """Seconds for which it has worked on this question."""
        return asyncio.get_running_loop().time() - self._since if self.is_on(reply) else 0.0

    def give_up(self, reply: asyncio.Future[Reply]) -> None:
        """Nobody wants this reply any more. What was sent cannot be unsent: the process ends when its turn comes."""
        reply.cancel()
        if self.is_on(reply):
            self.kill()

    def pass_on(self) -> None:
        """Whoever asked behind the first question is to ask another worker."""
        for reply in list(self.pending)[1:]:
            _fail(reply, Passed())

    def kill(self) -> None:
        """End the process now. What it was asked is not answered."""
        self._nursery.kill(self)
        self.hang_up()

    def hang_up(self) -> None:
        """Close the channel; whoever waits for a reply gets EOFError."""
        if self._transport:
            self._transport.abort()

    def yield_cores(self) -> None:
        """Let other processes go first from now on. Nobody but root can take that back."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self.started.result(), _PATIENT)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # other event loops have classes of their own

    def data_received(self, data: bytes) -> None:
        """Called by the event loop: gathers replies."""
        self._received += data
        start = 0
        while len(self._received) >= start + _LENGTHS.size:
            head, body = _LENGTHS.unpack_from(self._received, start)
            begin = start + _LENGTHS.size + head
            if len(self._received) < begin + body:
                break
            header = json.loads(self._received[start + _LENGTHS.size : begin])
            with memoryview(self._received) as whole:
                content = bytes(whole[begin : begin + body])
            start = begin + body
            self._replied(header, content)
        if start:
            del self._received[:start]

    def connection_lost(self, _: Exception | None) -> None:
        """Called by the event loop."""
        for reply in self.pending:
            _fail(reply, EOFError() if self.is_on(reply) else Passed())

    def _replied(self, header: dict[str, Any], body: bytes) -> None:
        self.tired = header.pop("tired", False)
        reply = self.pending.popleft()
        self._since = asyncio.get_running_loop().time()
        if self.pending and self.pending[0].cancelled():
            self.kill()
        else:
            self.freed(self)
        if not reply.done():
            reply.set_result((header, body))


def _fail(reply: asyncio.Future[Reply], error: Exception) -> None:
    if not reply.done():
        reply.set_exception(error)
        reply.exception()  # nobody has to look


class Nursery:
    """The process that forks workers on one snapshot. Use `start`, then `fork`; `close` ends them all.

    `heir` gives the nursery of the next snapshot, within milliseconds where `start` takes a second.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None, control: socket.socket) -> None:
        self.confined = False
        """Whether the kernel keeps the workers off the network."""
        self.gone = asyncio.get_running_loop().create_future()
        """Done when the process has ended."""
        self._process = process
        self._control = control
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._forking: deque[Worker] = deque()
        self._workers: dict[int, Worker] = {}
        self._heard = b""

    @classmethod
    async def start(cls, snapshot: Snapshot, memory_limit: int, prefixes: dict[str, str], *, online: bool) -> Nursery:
        """A nursery that has read the snapshot. Raises `EngineFailure`."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "hrc_graph.engine.nursery", str(memory_limit)]
        arguments = [
            "online" if online else "offline",
            json.dumps(prefixes),
            snapshot.path,
            snapshot.default,
            snapshot.index,
        ]
        with theirs:
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(
                [*command, *arguments],
                stdin=theirs.fileno(),
                stdout=quiet,
                stderr=quiet,
                env=os.environ | _allocator(),
            )
        return await cls(process, ours)._begun(snapshot)

    async def heir(self, snapshot: Snapshot) -> Nursery:
        """The nursery of the snapshot that comes after this one's. Raises `EngineFailure`."""
        ours, theirs = socket.socketpair()
        paths = ",".join(os.fsencode(path).hex() for path in snapshot.difference)
        with theirs, contextlib.suppress(OSError):  # it has ended: then the heir never begins
            socket.send_fds(self._control, [f"{paths} ".encode()], [theirs.fileno()])
        return await Nursery(None, ours)._begun(snapshot)

    async def _begun(self, snapshot: Snapshot) -> Nursery:
        self._control.setblocking(False)
        asyncio.get_running_loop().add_reader(self._control, self._hear)
        try:
            async with asyncio.timeout(_START_LIMIT):
                await self._ready
        except BaseException as error:
            await self.close()
            if isinstance(error, (EOFError, TimeoutError)):
                raise EngineFailure(f"No worker could start on {snapshot.path}.", "Try hrc build --fresh.") from error
            raise
        return self

    async def fork(self) -> Worker:
        """A new worker, ready to be asked. Raises `EOFError` when the nursery has ended."""
        if self.gone.done():
            raise EOFError
        worker = Worker(self)
        ours, theirs = socket.socketpair()
        with theirs:
            ours.setblocking(False)
            await asyncio.get_running_loop().create_connection(lambda: worker, sock=ours)
            self._forking.append(worker)
            socket.send_fds(self._control, [b"f "], [theirs.fileno()])
        await asyncio.wait((worker.started, self.gone), return_when=asyncio.FIRST_COMPLETED)
        if self.gone.done():
            raise EOFError
        return worker

    def kill(self, worker: Worker) -> None:
        """Have a worker killed, if it lives."""
        if worker.started.done() and not worker.ended.done() and not self.gone.done():
            with contextlib.suppress(OSError):
                self._control.send(b"%d " % worker.started.result())

    async def close(self) -> None:
        """End the process and its workers; wait until it has ended, if it is a child of ours."""
        self._lost()
        if self._process:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _hear(self) -> None:
        try:
            data = self._control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            match line.decode().split():
                case ["ready", confined]:
                    self.confined = confined == "1"
                    self._ready.set_result(None)
                case ["forked", pid]:
                    self._workers[int(pid)] = self._forking.popleft()
                    self._workers[int(pid)].started.set_result(int(pid))
                case ["ended", pid, code]:
                    self._workers.pop(int(pid)).ended.set_result(int(code))

    def _lost(self) -> None:
        if self.gone.done():
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self.gone.set_result(None)
        if not self._ready.done():
            self._ready.set_exception(EOFError())
        for worker in self._workers.values():
            worker.ended.set_result(-signal.SIGKILL)
        for worker in (*self._workers.values(), *self._forking):
            worker.hang_up()
        self._workers.clear()


@functools.cache
def _allocator() -> dict[str, str]:
    """The environment in which a process takes memory the fastest way there is here.

    The engine takes and gives back many small pieces; with mimalloc it needs a fifth less time than with glibc.
    """
    try:
        files = metadata.files("cmeel-mimalloc") or []
    except metadata.PackageNotFoundError:
        return _GLIBC
    library = next((str(file.locate()) for file in files if file.name == "libmimalloc.so"), "")
    return _MIMALLOC | {"LD_PRELOAD": library} if library else _GLIBC
