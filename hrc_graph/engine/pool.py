"""Worker processes on one snapshot, in two lanes, so that slow questions never stand before quick ones.

Every question starts in the quick lane. One that takes longer than `settings.quick`, or a fifth of that while others
wait, leaves it: its worker moves to the slow lane, at a low priority, and another is forked in its place. When the
slow lane is full, the question waits for it and starts again there. Its text is remembered, whatever its numbers are,
and next time it goes there at once. Only a process can be stopped and capped, so a question past its limits costs its
worker, and the next one is already starting.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections import Counter, OrderedDict

from hrc_graph import namespaces
from hrc_graph.engine.lane import Lane
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.engine.workers import Nursery, Passed, Reply, Worker
from hrc_graph.errors import EngineFailure, HrcError, OutOfMemory, TimedOut
from hrc_graph.settings import Settings

_DIGITS = re.compile(r"\d+")
_REMEMBERED = 1_000
_RETIRE_AFTER = 5.0
"""Seconds that an idle worker of the slow lane keeps its memory."""
_DEPTH = 3
"""So many questions a quick worker holds: the one it works on and the next ones."""
_QUICK_QUEUE = 16
"""So many times more questions wait for a quick worker than for a slow one."""


class _Killed(Exception):
    """Somebody else ended the worker; the question may be asked of another."""


class Pool:
    """Answers frames from one snapshot. `start`, then `answer` any number at once, then `close`."""

    def __init__(self, snapshot: Snapshot, settings: Settings, events: Counter[str]) -> None:
        self.snapshot = snapshot
        self.asked = 0
        """Questions that are being answered now."""
        self._settings = settings
        self._events = events
        self._nursery: Nursery | None = None
        self._reviving = asyncio.Lock()
        self._quick = Lane(settings.workers, _DEPTH, settings.queue * settings.workers * _QUICK_QUEUE)
        self._slow = Lane(settings.workers, 1, settings.queue * settings.workers)
        self._overran: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def confined(self) -> bool:
        """Whether the kernel keeps the workers off the network."""
        return bool(self._nursery and self._nursery.confined)

    @property
    def processes(self) -> list[int]:
        """The ids of the living workers."""
        return [worker.started.result() for lane in (self._quick, self._slow) for worker in lane.members]

    @property
    def waiting(self) -> int:
        """How many questions wait for a worker."""
        return len(self._quick.waiting) + len(self._slow.waiting)

    async def start(self, before: Pool | None = None) -> None:
        """Start the quick lane; fast, when it comes after a pool on the snapshot before. Raises `EngineFailure`."""
        if before and before._nursery and before.snapshot.id == self.snapshot.before:
            with contextlib.suppress(EngineFailure):
                self._nursery = await before._nursery.heir(self.snapshot)
        await self._revive()
        for _ in range(self._settings.workers):
            self._add_to(self._quick)
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._nursery:
            await self._nursery.close()

    async def answer(self, text: str, frame: bytes, *, own: bool = False) -> Reply:
        """The reply to a frame. A caller that is cancelled takes its worker with it.

        Raises `TimedOut`, `OutOfMemory`, `Busy`, or `EngineFailure` when the query ended its process.
        """
        self.asked += 1
        is_second_try = False
        try:
            while True:
                try:
                    return await self._answer(text, frame, own)
                except Passed:
                    continue
                except _Killed:
                    if is_second_try:
                        raise EngineFailure("The process that evaluated the query was ended, twice.") from None
                    is_second_try = True
                    self._events["asked again"] += 1
        finally:
            self.asked -= 1

    async def _answer(self, text: str, frame: bytes, own: bool) -> Reply:
        settings = self._settings
        pattern = _DIGITS.sub("", text)
        if pattern in self._overran:
            return await self._slowly(pattern, frame)
        worker, reply = await self._quick.ask(frame, settings.time_limit)
        while not await self._done(worker, reply, settings.quick / 5):
            spent = worker.spent_on(reply)
            others_wait = self._quick.waiting or len(worker.pending) > 1
            share = settings.quick / 10 if others_wait and not own else min(settings.quick, settings.time_limit)
            if spent > share:
                break
        else:
            return await self._replied(worker, reply)
        self._remember(pattern)
        if self._slow.has_room:
            self._quick.leave(worker)
            self._slow.members.add(worker)
            worker.pass_on()
            worker.yield_cores()
            self._add_to(self._quick)
            return await self._wait(pattern, worker, reply, spent)
        self._drop(self._quick, worker, "moved")
        return await self._slowly(pattern, frame)

    async def _slowly(self, pattern: str, frame: bytes) -> Reply:
        if not self._slow.has_free():
            self._add_to(self._slow)
        worker, reply = await self._slow.ask(frame, self._settings.time_limit)
        return await self._wait(pattern, worker, reply, 0)

    async def _wait(self, pattern: str, worker: Worker, reply: asyncio.Future[Reply], spent: float) -> Reply:
        """The reply of a worker in the slow lane, which has spent so many seconds on it already."""
        started = asyncio.get_running_loop().time() - spent
        done = await self._done(worker, reply, self._settings.time_limit - spent)
        if done and asyncio.get_running_loop().time() - started < self._settings.quick / 10:
            self._overran.pop(pattern, None)  # it was only in the way of others, and belongs in the quick lane
        if not done:
            self._drop(self._slow, worker, "time limit")
            limit = f"{self._settings.time_limit:g} seconds (setting time_limit)"
            raise TimedOut(
                f"The query was stopped at its time limit of {limit}.",
                "Ask for less at once: name a thing, add LIMIT, or use the dumps.",
                setting="time_limit",
            )
        return await self._replied(worker, reply)

    async def _done(self, worker: Worker, reply: asyncio.Future[Reply], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def wake(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        timer = loop.call_later(seconds, wake)
        reply.add_done_callback(wake)
        try:
            await waiter
        except BaseException:
            if not reply.done():
                worker.give_up(reply)
            raise
        finally:
            timer.cancel()
            reply.remove_done_callback(wake)
        return reply.done()

    async def _replied(self, worker: Worker, reply: asyncio.Future[Reply]) -> Reply:
        try:
            return reply.result()
        except EOFError:
            raise await self._died(worker) from None

    def _freed(self, worker: Worker) -> None:
        """A worker has replied: at once, before anybody reads that, it is asked the next question."""
        is_slow = worker in self._slow.members
        lane = self._slow if is_slow else self._quick
        if is_slow and worker.pending:  # what was passed on is of no use to anybody
            self._drop(lane, worker, "moved")
        elif not worker.tired:
            lane.give(worker)
        elif not worker.pending:
            self._drop(lane, worker, "tired")
        if is_slow:
            asyncio.get_running_loop().call_later(_RETIRE_AFTER, self._retire, worker)

    async def _died(self, worker: Worker) -> Exception:
        """What a worker's end means to whoever waits for its reply."""
        await asyncio.wait((worker.ended,), timeout=5)
        match _why(worker):
            case "memory limit":
                return out_of_memory(self._settings)
            case "crash":
                return EngineFailure(
                    "The query ended the process that evaluated it.", "Simplify it: it nests too deep."
                )
            case _:
                return _Killed()

    def _remember(self, pattern: str) -> None:
        self._overran[pattern] = None
        if len(self._overran) > _REMEMBERED:
            self._overran.popitem(last=False)

    def _drop(self, lane: Lane, worker: Worker, why: str) -> None:
        """End a worker; the quick lane, and whoever waits in the slow one, gets another."""
        if worker not in lane.members:
            return
        self._events[why] += 1
        lane.leave(worker)
        worker.kill()
        if lane is self._quick or lane.waiting:
            self._add_to(lane)

    def _retire(self, worker: Worker) -> None:
        if self._slow.has_free(worker):
            self._slow.leave(worker)
            worker.kill()

    def _add_to(self, lane: Lane) -> None:
        if self._closed or not lane.has_room:
            return
        lane.coming += 1
        task = asyncio.create_task(self._fork_into(lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fork_into(self, lane: Lane) -> None:
        try:
            worker = await self._forked()
        finally:
            lane.coming -= 1
        if lane is self._slow:
            worker.yield_cores()
        worker.freed = self._freed
        lane.join(worker)
        worker.ended.add_done_callback(lambda _: self._ended(worker))

    def _ended(self, worker: Worker) -> None:
        """A worker has ended by itself, or by somebody else's hand."""
        for lane in (self._quick, self._slow):
            self._drop(lane, worker, _why(worker))

    async def _forked(self) -> Worker:
        while True:
            assert self._nursery
            try:
                return await self._nursery.fork()
            except EOFError:
                await self._revive()

    async def _revive(self) -> None:
        """Start the nursery, or another one when it has ended."""
        async with self._reviving:
            prefixes = namespaces.prefixes(self._settings.base)
            while self._nursery is None or self._nursery.gone.done():
                if self._nursery:
                    await self._nursery.close()
                try:
                    self._nursery = await Nursery.start(
                        self.snapshot, self._settings.memory_limit, prefixes, online=bool(self._settings.services)
                    )
                except HrcError:
                    if self._nursery is None:
                        raise
                    await asyncio.sleep(1)


def _why(worker: Worker) -> str:
    """Why a worker has ended, as far as can be told."""
    if worker.pending and worker.pending[0].cancelled():
        return "client gone"
    code = worker.ended.result() if worker.ended.done() else -signal.SIGKILL
    if code == -signal.SIGABRT:  # how a refused allocation ends a Rust program
        return "memory limit"
    return "killed" if code == -signal.SIGKILL else "crash"


def out_of_memory(settings: Settings) -> OutOfMemory:
    """The error for a query that took all the memory it may."""
    limit = settings.memory_limit // 2**20
    return OutOfMemory(
        f"The query was stopped at its memory limit of {limit} MiB (setting memory_limit).",
        "Sort or join less at once, or use the dumps.",
        setting="memory_limit",
    )
