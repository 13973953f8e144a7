"""The living index as the desk uses it: opened when it is first needed, one at a time, off the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from hrc_graph.errors import Busy, Unwritable
from hrc_graph.index import Index
from hrc_graph.proposals.ground import Ground
from hrc_graph.workspace import Workspace

T = TypeVar("T")


class LiveGraph:
    """The index of the workspace and the ground that its newest snapshot is."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._ground: tuple[str, Ground] | None = None

    async def use(self, work: Callable[[Index, Ground], T]) -> T:
        """What `work` makes of the index and its ground, in a thread; nobody else changes them meanwhile.

        The first use opens the index, which takes seconds. Raises what `Index.open` raises.
        """
        return await asyncio.to_thread(self.used, work)

    def used(self, work: Callable[[Index, Ground], T]) -> T:
        """`use`, for who is in a thread already."""
        with self._lock:
            if self._index is None:
                self._index = Index.open(self.workspace)
        index = self._index
        with contextlib.suppress(Busy, Unwritable):
            index.refresh(wait=0)
        with index.reading() as store:
            state = index.snapshot.id
            if self._ground is None or self._ground[0] != state:
                self._ground = (state, Ground(self.workspace, store))
            return work(index, self._ground[1])
