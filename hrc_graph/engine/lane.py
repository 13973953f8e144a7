"""Workers that are asked in turn, and the line of those who wait for one."""

from __future__ import annotations

import asyncio
from collections import deque

from hrc_graph.engine.workers import Worker
from hrc_graph.errors import Busy


class Lane:
    """Up to `most` workers, each with `depth` places: one for the question it works on, others for what comes next.

    With a next question at hand a worker goes on at once; else it sleeps until the web process has read its reply.
    """

    def __init__(self, most: int, depth: int, most_waiting: int) -> None:
        self.members: set[Worker] = set()
        self.coming = 0
        """Workers that are being forked."""
        self.waiting: deque[asyncio.Future[Worker]] = deque()
        self._free: list[Worker] = []
        """A worker for each of its free places."""
        self._most = most
        self._depth = depth
        self._most_waiting = most_waiting

    @property
    def has_room(self) -> bool:
        """Whether another worker may join."""
        return len(self.members) + self.coming < self._most

    def has_free(self, worker: Worker | None = None) -> bool:
        """Whether a place is free, with this worker or any."""
        return bool(self._free) if worker is None else worker in self._free

    def join(self, worker: Worker) -> None:
        """A worker is new here, and free."""
        self.members.add(worker)
        for _ in range(self._depth):
            self.give(worker)

    def leave(self, worker: Worker) -> None:
        """A worker is not asked here any more."""
        self.members.discard(worker)
        self._free = [each for each in self._free if each is not worker]

    def give(self, worker: Worker) -> None:
        """A place with a worker is free: the first in line gets it."""
        if worker not in self.members:
            return
        while self.waiting:
            place = self.waiting.popleft()
            if not place.done():
                place.set_result(worker)
                return
        self._free.append(worker)

    async def take(self, limit: float) -> Worker:
        """A place with the least busy worker. Raises `Busy` when too many wait or none becomes free in time."""
        if self._free:
            worker = min(self._free, key=lambda each: len(each.pending))
            self._free.remove(worker)
            return worker
        if len(self.waiting) >= self._most_waiting:
            raise Busy("Too many questions are waiting.", "Ask again in a few seconds.", setting="queue")
        place: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self.waiting.append(place)
        try:
            await asyncio.wait((place,), timeout=limit)
        except asyncio.CancelledError:
            self._withdraw(place)
            raise
        if place.done():
            return place.result()
        self._withdraw(place)
        raise Busy("No worker became free in time.", "Ask again in a few seconds.", setting="workers")

    def _withdraw(self, place: asyncio.Future[Worker]) -> None:
        if place.done():
            self.give(place.result())
        else:
            self.waiting.remove(place)
            place.cancel()
