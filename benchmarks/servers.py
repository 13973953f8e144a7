"""Starts SPARQL servers on loopback and watches what their processes take."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.connection import target

HOST = "127.0.0.1"
_PROC = Path("/proc")
_START_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that can be started: its name, the path it answers at, and the command for a port."""

    name: str
    path: str
    command: Callable[[int], Sequence[str]]
    posted: tuple[str, Path] | None = None
    """Where to send a file of N-Triples once it listens, for a server that begins empty."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    kind: Kind
    port: int
    process: subprocess.Popen[bytes]
    ready: float
    """Seconds from the start of the process to the first right answer."""

    def get(self, query: str, accept: str, limit: float) -> bytes | None:
        """The body of the answer to a query, on a connection of its own; None when it took longer than `limit` seconds.

        Raises `OSError` when there is no answer, or none with status 200.
        """
        return _get(self.kind, self.port, query, accept, limit)

    def memory(self) -> tuple[int, int]:
        """Bytes resident in the process tree, as sums of RSS and of PSS; 0 where the system does not tell."""
        return sum(map(_rss, tree(self.process.pid))), sum(map(_pss, tree(self.process.pid)))

    def cpu(self) -> float:
        """Seconds of processor that the process tree has used, with children that have ended."""
        return sum(map(_cpu, tree(self.process.pid)))

    def settle(self, limit: float = 15.0) -> None:
        """Wait until the server is idle, but no longer than `limit` seconds: some go on with what nobody waits for."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(0.2)
            if self.cpu() - before < 0.05:
                break


def ours(workspace: Path, *options: str) -> Kind:
    """`hrc serve` on a workspace."""
    command = [sys.executable, "-m", "hrc_graph", "serve", "--workspace", str(workspace), *options, "--port"]
    return Kind("hrc serve", "/sparql", lambda port: [*command, str(port)])


def oxigraph_on_disk(triples: Path, folder: Path) -> Kind:
    """`oxigraph serve-read-only` on a store in `folder`, which is loaded from a file and compacted first."""
    for verb in (["load", "--file", str(triples)], ["optimize"]):
        subprocess.run([program("oxigraph"), *verb, "--location", str(folder)], check=True, capture_output=True)
    command = [program("oxigraph"), "serve-read-only", "--location", str(folder), "--bind"]
    return Kind("oxigraph on disk", "/query", lambda port: [*command, f"{HOST}:{port}"])


def oxigraph_in_memory(triples: Path) -> Kind:
    """`oxigraph serve` without a folder, sent a file after its start."""
    command = [program("oxigraph"), "serve", "--bind"]
    return Kind("oxigraph in memory", "/query", lambda port: [*command, f"{HOST}:{port}"], ("/store?default", triples))


def rdflib(triples: Path) -> Kind:
    """`rdflib-endpoint serve` on a file, which it reads into memory at its start."""
    command = [program("rdflib-endpoint"), "serve", str(triples), "--host", HOST, "--port"]
    return Kind("rdflib-endpoint", "/", lambda port: [*command, str(port)])


def program(name: str) -> str:
    """A program that a Python package has put beside the interpreter. Raises `SystemExit` when it is missing."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise SystemExit(f"{name} is missing: make bench installs it.")
    return str(path)


@contextlib.contextmanager
def running(kind: Kind, probe: str, is_right: Callable[[bytes], bool]) -> Iterator[Server]:
    """Start a server, wait until it answers the probe rightly, and end it afterwards."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    started = time.monotonic()
    process = subprocess.Popen(kind.command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        is_filled = kind.posted is None
        while not (is_filled and _answers(kind, port, probe, is_right)):
            if process.poll() is not None or time.monotonic() - started > _START_LIMIT:
                raise SystemExit(f"{kind.name} did not start.")
            time.sleep(0.01)
            is_filled = is_filled or _fill(kind, port)
        yield Server(kind, port, process, time.monotonic() - started)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def versions(*packages: str) -> str:
    """The versions of packages, in one line."""
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)


def tree(root: int) -> list[int]:
    """A process and all that descend from it; empty where there is no /proc."""
    parents: dict[int, int] = {}
    for path in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [root] if root in parents else []
    for process in found:  # grows while it is read
        found += [child for child, parent in parents.items() if parent == process]
    return found


def _fill(kind: Kind, port: int) -> bool:
    """Send a server its data; False while it does not listen."""
    assert kind.posted
    path, triples = kind.posted
    connection = http.client.HTTPConnection(HOST, port, timeout=_START_LIMIT)
    try:
        connection.request("POST", path, triples.read_bytes(), {"Content-Type": "application/n-triples"})
        return connection.getresponse().status < 300
    except OSError:
        return False
    finally:
        connection.close()


def _answers(kind: Kind, port: int, probe: str, is_right: Callable[[bytes], bool]) -> bool:
    try:
        body = _get(kind, port, probe, "application/sparql-results+json", _START_LIMIT)
    except (OSError, http.client.HTTPException):
        return False
    return body is not None and is_right(body)


def _get(kind: Kind, port: int, query: str, accept: str, limit: float) -> bytes | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=limit)
    try:
        connection.request("GET", target(kind.path, query), headers={"Accept": accept})
        response = connection.getresponse()
        body = response.read()
    except TimeoutError:
        return None
    finally:
        connection.close()
    if response.status != 200:
        raise OSError(f"{kind.name} answered {response.status}: {body[:200]!r}")
    return body


def _rss(process: int) -> int:
    return _field(process, "statm", lambda text: int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE"))


def _pss(process: int) -> int:
    return _field(process, "smaps_rollup", lambda text: int(text.partition("Pss:")[2].split()[0]) * 1024)


def _cpu(process: int) -> float:
    def seconds(text: str) -> int:
        return sum(map(int, text.rpartition(")")[2].split()[11:15]))

    return _field(process, "stat", seconds) / os.sysconf("SC_CLK_TCK")


def _field(process: int, name: str, read: Callable[[str], int]) -> int:
    try:
        return read((_PROC / str(process) / name).read_text())
    except (OSError, IndexError):  # it has ended, or may not be read
        return 0
