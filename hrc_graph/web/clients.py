"""Each client's share of the endpoint: seconds of querying and errors in a minute, as leaky buckets."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from hrc_graph.errors import BadInput, Busy, HrcError, Overrun, Throttled
from hrc_graph.settings import Settings

_MINUTE = 60.0
_REMEMBERED = 10_000
"""So many clients are told apart; the one not seen for longest is forgotten first."""


@dataclass
class Share:
    """What one client has used up of its minute, as of `seen`."""

    seconds: float = 0.0
    errors: float = 0.0
    seen: float = field(default_factory=time.monotonic)

    def spent(self, seconds: float) -> None:
        """Count the seconds of one question."""
        self.seconds += seconds


class Clients:
    """The shares of all clients. A client is an address; the empty one is the operator, who has no limit."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shares: OrderedDict[str, Share] = OrderedDict()

    @contextmanager
    def share_of(self, client: str) -> Iterator[Share]:
        """Let a client ask; what goes wrong inside counts as an error of its, and the time it took as spent.

        Bad input is left to `failed`, however deep it was found.

        Raises `Throttled` when its minute is used up.
        """
        if not client:
            yield Share()
            return
        share = self._now(client)
        self._check("seconds of querying", share.seconds, self._settings.client_seconds, "client_seconds")
        self._check("failed requests", share.errors, self._settings.client_errors, "client_errors")
        started = time.monotonic()
        try:
            yield share
        except HrcError as error:
            if not isinstance(error, Busy | BadInput):
                share.errors += 1
            if isinstance(error, Overrun):
                share.spent(time.monotonic() - started)
            raise

    def failed(self, client: str) -> None:
        """Count a request that could not be understood."""
        if client:
            self._now(client).errors += 1

    def _now(self, client: str) -> Share:
        whose = holder(client)
        share = self._shares.setdefault(whose, Share())
        self._shares.move_to_end(whose)
        if len(self._shares) > _REMEMBERED:
            self._shares.popitem(last=False)
        now = time.monotonic()
        passed = (now - share.seen) / _MINUTE
        share.seconds = max(0.0, share.seconds - passed * self._settings.client_seconds)
        share.errors = max(0.0, share.errors - passed * self._settings.client_errors)
        share.seen = now
        return share

    def _check(self, what: str, used: float, most: float, setting: str) -> None:
        if used >= most:
            wait = max(1, math.ceil((used - most) / most * _MINUTE) + 1)
            raise Throttled(
                f"Your address has used its {most:g} {what} of this minute.",
                f"Ask again in {wait} seconds, or take the dumps.",
                setting=setting,
                retry_after=wait,
            )


def address(peer: str, headers: Mapping[str, str]) -> str:
    """Who asks. For a proxy on this machine, whom it asks for; for this machine itself, nobody in particular."""
    return headers.get("x-forwarded-for", "").rpartition(",")[2].strip() if _is_here(peer) else peer


@lru_cache(1024)
def holder(client: str) -> str:
    """Who has one share: an IPv4 address, or the network of 64 bits that one subscriber of IPv6 gets."""
    try:
        parsed = ipaddress.ip_address(client)
    except ValueError:
        return client
    return client if parsed.version == 4 else str(ipaddress.ip_network((client, 64), strict=False))


@lru_cache(1024)
def _is_here(peer: str) -> bool:
    """Whether an address is of this machine; a socket file, which has none, can only be opened here."""
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return True


def truncated(client: str) -> str:
    """An address as a log may keep it: the network it is in, no person."""
    try:
        parsed = ipaddress.ip_address(client)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((client, 24 if parsed.version == 4 else 48), strict=False))
