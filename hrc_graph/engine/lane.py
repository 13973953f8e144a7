"""Workers that are asked in turn, and the line of those who wait for one."""

from __future__ import annotations

import asyncio
from collections import deque

from hrc_graph.engine.workers import Reply, Worker
from hrc_graph.errors import Busy

Place = tuple[Worker, asyncio.Future[Reply]]
"""The worker that was asked, and where its reply will be."""


class Lane:
    """Up to `most` workers, each with `depth` places: one for the question it works on, others for what comes next.

    With a next question at hand a worker goes on at once; else it sleeps until the web process has read its reply.
    """

    def __init__(self, most: int, depth: int, most_waiting: int) -> None:
        self.members: set[Worker] = set()
        self.coming = 0
        """Workers that are being forked."""
        self.waiting: deque[tuple[asyncio.Future[Place], bytes]] = deque()
        """Who waits for a place, and the question, which is asked as soon as there is one."""
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
        """A place with a worker is free: it is asked now what the first in line wants to know."""
        if worker not in self.members:
            return
        while self.waiting:
            place, frame = self.waiting.popleft()
            if not place.done():
                place.set_result((worker, worker.ask(frame)))
                return
        self._free.append(worker)

    async def ask(self, frame: bytes, limit: float) -> Place:
        """Ask the least busy worker. Raises `Busy` when too many wait or none becomes free in so many seconds."""
        if self._free:
            worker = min(self._free, key=lambda each: len(each.pending))
            self._free.remove(worker)
            return worker, worker.ask(frame)
        if len(self.waiting) >= self._most_waiting:
            raise Busy("Too many questions are waiting.", "Ask again in a few seconds.", setting="queue")
        loop = asyncio.get_running_loop()
        place: asyncio.Future[Place] = loop.create_future()
        waits = (place, frame)
        self.waiting.append(waits)
        timer = loop.call_later(limit, _late, place)
        try:
            return await place
        except (asyncio.CancelledError, Busy):
            if waits in self.waiting:
                self.waiting.remove(waits)
            elif not place.cancelled() and place.exception() is None:  # it was asked a moment ago
                worker, reply = place.result()
                worker.give_up(reply)
            raise
        finally:
            timer.cancel()


def _late(place: asyncio.Future[Place]) -> None:
    if not place.done():
        place.set_exception(Busy("No worker became free in time.", "Ask again in a few seconds.", setting="workers"))
