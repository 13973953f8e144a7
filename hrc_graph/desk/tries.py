"""How often something may be tried in a while; kept in memory."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict

from hrc_graph.errors import Throttled

_REMEMBERED = 20_000


class Tries:
    """So many tries in so many seconds, for each key."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._times: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Count a try. Raises `Throttled` when all are used up."""
        with self._lock:
            now = time.monotonic()
            recent = [at for at in self._times.get(key, []) if now - at < self._seconds]
            if len(recent) >= self._most:
                wait = max(1, math.ceil(recent[0] + self._seconds - now))
                raise Throttled(
                    f"That was tried {self._most} times.", f"Try again in {wait} seconds.", retry_after=wait
                )
            self._times[key] = [*recent, now]
            self._times.move_to_end(key)
            if len(self._times) > _REMEMBERED:
                self._times.popitem(last=False)

    def forget(self, key: str) -> None:
        """Begin again: it worked."""
        with self._lock:
            self._times.pop(key, None)
