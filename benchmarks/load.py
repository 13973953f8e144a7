"""Puts load on a server: with wrk where it is installed, else with a Python client in a process of its own.

wrk costs a few microseconds a request. The Python client costs about 80, of a core that the server then lacks:
on two cores it finds up to half of wrk's rates, and never more than 12,000 a second; ratios between fast servers
come out too small. Both keep their connections, and each sends its next request when the last one is answered.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.connection import Connection

_SCRIPT = Path(__file__).with_name("load.lua")
_GRACE = 10.0
"""Seconds an answer may take before it counts as failed."""

Asked = tuple[str, str]
"""A request target and an Accept header."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one run measured. Times of answers in milliseconds."""

    answers: int
    failed: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return max(self.answers - self.failed, 0) / self.seconds


def client() -> str:
    """The program that puts the load on."""
    return "wrk" if shutil.which("wrk") else "a Python client"


def run(
    host: str, port: int, requests: Sequence[Asked], *, clients: int, seconds: int, first: int | None = None
) -> Speed:
    """Send the requests in turn, over and over, from `clients` connections at once.

    With `first`, each target is followed by a number that grows from there, so that none is sent twice.
    """
    run_one = _wrk if shutil.which("wrk") else _python
    return run_one(host, port, requests, clients, seconds, first)


def percentile(times: Sequence[float], part: float) -> float:
    """The value that a part of all values do not exceed; 0 for none."""
    return sorted(times)[min(int(len(times) * part), len(times) - 1)] if times else 0.0


def _wrk(host: str, port: int, requests: Sequence[Asked], clients: int, seconds: int, first: int | None) -> Speed:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.writelines(f"{target}\t{accept}\n" for target, accept in requests)
        listed.flush()
        options = ["--threads", "1", "--connections", str(clients), "--duration", f"{seconds}s"]
        command = ["wrk", *options, "--timeout", f"{_GRACE:.0f}s", "--script", str(_SCRIPT), f"http://{host}:{port}"]
        numbers = [] if first is None else [str(first)]
        printed = subprocess.run(
            [*command, "--", listed.name, *numbers], capture_output=True, text=True, check=True
        ).stdout
    return Speed(**json.loads(printed.rpartition("RESULT ")[2]))


def _python(host: str, port: int, requests: Sequence[Asked], clients: int, seconds: int, first: int | None) -> Speed:
    job = {"host": host, "port": port, "requests": requests, "clients": clients, "seconds": seconds, "first": first}
    command = [sys.executable, "-m", "benchmarks.load"]
    printed = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=True).stdout
    return Speed(**json.loads(printed))


async def _load(
    host: str, port: int, requests: Sequence[Asked], clients: int, seconds: float, first: int | None
) -> Speed:
    numbers = itertools.repeat("") if first is None else map(str, itertools.count(first))
    asked = ((target + number, accept) for (target, accept), number in zip(itertools.cycle(requests), numbers))
    times: list[float] = []
    failed = 0
    started = time.perf_counter()
    end = started + seconds

    async def one_client() -> None:
        nonlocal failed
        async with Connection(host, port) as connection:
            while (sent := time.perf_counter()) < end:
                target, accept = next(asked)
                try:
                    async with asyncio.timeout(_GRACE):
                        right = (await connection.ask(target, Accept=accept)).status == 200
                except (OSError, EOFError):
                    right = False
                answered = time.perf_counter()
                if answered > end:
                    break  # as wrk does, what is under way at the end is not counted
                times.append((answered - sent) * 1000)
                failed += not right

    await asyncio.gather(*(one_client() for _ in range(clients)))
    return Speed(len(times), failed, seconds, percentile(times, 0.5), percentile(times, 0.99))


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_load(**json.load(sys.stdin))))))
