"""Engines beside the current one, on snapshots that do not change: each is started when it is first asked for.

At most `settings.aside` of them run at once; the one not asked for longest makes room, and one that is idle ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.errors import Busy
from hrc_graph.settings import Settings

T = TypeVar("T")


@dataclass(slots=True)
class _Running(Generic[T]):
    engine: Embedded
    made: T
    users: int = 0
    ending: asyncio.TimerHandle | None = None


class Aside(Generic[T]):
    """Engines by name. `make` is called with each new one; who asks gets what it made."""

    def __init__(self, settings: Settings, make: Callable[[str, Embedded], T]) -> None:
        self._settings = settings
        self._make = make
        self._running: OrderedDict[str, _Running[T]] = OrderedDict()
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that run, the one asked last at the end."""
        return tuple(self._running)

    @contextlib.asynccontextmanager
    async def use(self, name: str, find: Callable[[], Snapshot]) -> AsyncIterator[T]:
        """What belongs to the engine of that name, which runs at least as long as it is used.

        `find` finds its snapshot; it is called in a thread. Raises `Busy` when as many engines as may run are in use.
        """
        async with self._changing:
            running = self._running.get(name) or await self._start(name, find)
            running.users += 1
        self._running.move_to_end(name)
        if running.ending:
            running.ending.cancel()
        try:
            yield running.made
        finally:
            running.users -= 1
            if not running.users:
                loop = asyncio.get_running_loop()
                running.ending = loop.call_later(self._settings.aside_idle, self._end_later, name, running)

    async def close(self) -> None:
        """End them all."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for name in tuple(self._running):
            await self._end(name)

    async def _start(self, name: str, find: Callable[[], Snapshot]) -> _Running[T]:
        if len(self._running) >= self._settings.aside:
            idle = next((other for other, running in self._running.items() if not running.users), None)
            if idle is None:
                raise Busy(
                    f"{self._settings.aside} releases are being asked already.",
                    "Ask again in a few seconds, or take the dump.",
                    setting="aside",
                )
            await self._end(idle)
        snapshot = await asyncio.to_thread(find)
        engine = await Embedded(snapshot, replace(self._settings, workers=1)).__aenter__()
        self._running[name] = _Running(engine, self._make(name, engine))
        return self._running[name]

    async def _end(self, name: str) -> None:
        running = self._running.pop(name)
        if running.ending:
            running.ending.cancel()
        await running.engine.close()

    def _end_later(self, name: str, running: _Running[T]) -> None:
        async def end() -> None:
            async with self._changing:
                if self._running.get(name) is running and not running.users:
                    await self._end(name)

        task = asyncio.get_running_loop().create_task(end())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
