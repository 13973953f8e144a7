"""How fast the pages are while eight clients read them, and what a browser loads for the first one.

    python -m benchmarks.pages [address]

Asks a running server, or one that it starts on the shipped data. Each address is asked once by itself (“first”, when
nothing of it is kept yet), then eight clients ask all of them for some seconds. Prints milliseconds for each kind of
page, and the packed kilobytes of the page with its style sheet, pictures and scripts.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from benchmarks.connection import Connection, Reply
from benchmarks.load import percentile

PAGES: Mapping[str, Sequence[str]] = {
    "front": ("/", "/?lang=id"),
    "list": (
        "/governments",
        "/governments?country=place:id",
        "/instruments",
        "/themes",
        "/conflicts",
        "/awards?page=2",
        "/awards?year=2020&view=all",
    ),
    "government": ("/doc/gov/id-lampung-timur.html", "/doc/gov/at-vienna.html", "/doc/gov/kr-gwangju.html?lang=es"),
    "text": ("/doc/text/gwangju-guiding-principles.html", "/doc/text/european-charter-2000.html"),
    "theme": ("/doc/vocab/theme/right-to-housing.html",),
    "event": ("/doc/event/whrcf.html", "/doc/event/whrcf-2017.html"),
    "place": ("/doc/place/id-lampung.html",),
    "source": ("/doc/source/seed-003.html",),
    "drawing": ("/map", "/timeline"),
    "search": ("/search?q=lampung", "/search?q=human+rights"),
    "question": ("/queries", "/queries/timeline"),
    "guide": ("/docs/",),
    "changes": ("/feeds/",),
    "editor": ("/sparql",),
}
CLIENTS, SECONDS = 8, 15
TARGETS = {"p50": 100.0, "p99": 200.0, "kB": 150.0, "kB of the editor": 300.0}
_FIRST = re.compile(rb'(?:<script[^>]* src|<link rel="(?:stylesheet|icon)"[^>]* href|<img[^>]* src)="(/[^"]+)"')


async def _ask(connection: Connection, target: str) -> Reply:
    """The packed answer to a browser. Raises `RuntimeError` when it is none."""
    reply = await connection.ask(target, Accept="text/html", Accept_Encoding="gzip")
    if reply.status != 200:
        raise RuntimeError(f"{target} answers {reply.status}")
    return reply


async def first(host: str, port: int) -> tuple[dict[str, float], dict[str, float]]:
    """The worst time of a first answer in milliseconds, and the greatest weight in kilobytes, by kind of page."""
    times: dict[str, float] = defaultdict(float)
    weights: dict[str, float] = defaultdict(float)
    async with Connection(host, port) as connection:
        for kind, targets in PAGES.items():
            for target in targets:
                started = time.perf_counter()
                reply = await _ask(connection, target)
                times[kind] = max(times[kind], (time.perf_counter() - started) * 1000)
                plain = await connection.ask(target, Accept="text/html")
                weight = len(reply.body)
                for path in {found.decode() for found in _FIRST.findall(plain.body)}:
                    weight += len((await _ask(connection, path)).body)
                weights[kind] = max(weights[kind], weight / 1000)
    return times, weights


async def mixed(host: str, port: int, seconds: float = SECONDS) -> dict[str, list[float]]:
    """The milliseconds of every answer, by kind of page; each client begins elsewhere in the list."""
    targets = [(kind, target) for kind, each in PAGES.items() for target in each]
    times: dict[str, list[float]] = defaultdict(list)
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        place = number * len(targets) // CLIENTS
        async with Connection(host, port) as connection:
            while (started := time.perf_counter()) < end:
                kind, target = targets[place % len(targets)]
                await _ask(connection, target)
                times[kind].append((time.perf_counter() - started) * 1000)
                place += 1

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    return times


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of a server that is started on the shipped data."""
    command = [sys.executable, "-m", "hrc_graph", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        yield next(found[1] for line in process.stdout if (found := re.search(r"Listening on (\S+)", line)))
    finally:
        process.terminate()
        process.wait(timeout=20)


def main() -> None:
    """Measure and print."""
    with contextlib.ExitStack() as stack:
        parts = urlsplit(sys.argv[1] if len(sys.argv) > 1 else stack.enter_context(served()))
        host, port = parts.hostname or "", parts.port or 80
        times, weights = asyncio.run(first(host, port))
        under = asyncio.run(mixed(host, port))
    everything = [each for kind in under.values() for each in kind]
    print(f"{'page':<12}{'first':>8}{'p50':>8}{'p99':>8}{'kB':>8}")
    for kind in PAGES:
        p50, p99 = percentile(under[kind], 0.5), percentile(under[kind], 0.99)
        print(f"{kind:<12}{times[kind]:>8.0f}{p50:>8.1f}{p99:>8.1f}{weights[kind]:>8.1f}")
    print(f"{'all':<12}{'':>8}{percentile(everything, 0.5):>8.1f}{percentile(everything, 0.99):>8.1f}")
    print(f"{len(everything) / SECONDS:.0f} pages a second for {CLIENTS} clients; targets: {TARGETS}")


if __name__ == "__main__":
    main()
