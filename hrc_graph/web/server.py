"""Runs the web application on Granian, in this process, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvloop
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from hrc_graph.engine import snapshots
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.scratch import Scratch
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.errors import EngineFailure, HrcError, Unauthorized
from hrc_graph.workspace import Workspace

if TYPE_CHECKING:
    from hrc_graph.desk import Desk
    from hrc_graph.web.app import WebApp

_LOG = logging.getLogger("hrc_graph")
_LOOK_EVERY = 0.05
"""Seconds between two looks for a new snapshot."""
_CALM = 1.0
"""Seconds without a new snapshot before all is made ready that pages want of it; who asks before waits for it."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, and whether a copy of the data may be changed there."""

    host: str
    port: int
    updates: bool = False
    token: str = ""


def run(
    workspace: Workspace,
    snapshot: Snapshot,
    place: Place,
    announce: Callable[[str], None],
    welcome: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is called with the address once questions are answered.

    After that, `welcome` is called with a link that makes the desk's first account, as long as it has none.

    Port 0 takes a free one. Raises `EngineFailure` when the address is taken, `Unauthorized` when updates without a
    token would be open to other machines.
    """
    if place.updates and not place.token and not _is_loopback(place.host):
        raise Unauthorized("Updates without a token are taken on loopback only.", "Give a --token.")
    uvloop.run(_run(workspace, snapshot, place, _free(place.host, place.port), announce, welcome))


async def _run(
    workspace: Workspace,
    snapshot: Snapshot,
    place: Place,
    port: int,
    announce: Callable[[str], None],
    welcome: Callable[[str], None] | None,
) -> None:
    kind = Scratch if place.updates else Embedded
    opening = asyncio.create_task(asyncio.to_thread(_opened, workspace))
    async with kind(snapshot, workspace.settings) as engine:
        create, desk = await opening
        code = desk.accounts.first_link() if desk and welcome else ""

        def listening(address: str) -> None:
            announce(address)
            if code and welcome:
                welcome(f"{address}desk/set-up#{code}")

        application = create(workspace, engine, place.token, desk)
        server = Server(
            application,
            address=place.host,
            port=port,
            interface=Interfaces.ASGINL,
            log_level=LogLevels.error,
            websockets=False,
        )
        gc.collect()
        gc.freeze()  # what is here now stays for good; looking through it again and again took 50 ms each time
        gc.set_threshold(20_000, 20, 20)  # what a request leaves behind has no cycles
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, server.stop)
        beside = [asyncio.create_task(_announce(place.host, port, listening))]
        turned = asyncio.Event()
        beside.append(asyncio.create_task(_prepare(application, turned)))
        if isinstance(engine, Embedded):
            beside.append(asyncio.create_task(_follow(workspace, engine, turned)))
        if desk:
            beside.append(asyncio.create_task(_expire(desk)))
        await server.serve()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await application.close()
    if desk:
        desk.database.close()


def _opened(workspace: Workspace) -> tuple[Callable[..., WebApp], Desk | None]:
    """What makes the application, and the desk: their code takes seconds to read, while the engine reads its data."""
    from hrc_graph.web.app import create
    from hrc_graph.web.metrics import log_to_stderr

    log_to_stderr()
    return create, _desk(workspace)


async def _prepare(application: WebApp, turned: asyncio.Event) -> None:
    """Make ready what the first requests need, now and for each new snapshot, while others are answered."""
    while True:
        try:
            await application.prepare()
            gc.freeze()  # the same of what was read now
        except (HrcError, OSError) as error:  # such as a snapshot that has gone again; who asks is told of the error
            _LOG.error("nothing could be prepared", extra={"fields": {"error": str(error)}})
        await turned.wait()
        while turned.is_set():  # of several changes, one after the other, the last is what counts
            turned.clear()
            await asyncio.sleep(_CALM)


async def _follow(workspace: Workspace, engine: Embedded, turned: asyncio.Event) -> None:
    """Turn to each new snapshot that a build or an accepted change in this workspace makes current."""
    about, seen = workspace.state / "current.json", 0
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        with contextlib.suppress(OSError):
            written = about.stat().st_mtime_ns
            if written == seen:
                continue
            seen = written
            snapshot = snapshots.read(about)
            if snapshot is None or snapshot.id == engine.snapshot:
                continue
            try:
                await engine.turn_to(snapshot)
                turned.set()
                _LOG.info("new snapshot", extra={"fields": {"snapshot": snapshot.id}})
            except HrcError as error:
                _LOG.error("a new snapshot could not be read", extra={"fields": {"error": error.message}})


def _desk(workspace: Workspace) -> Desk | None:
    """The desk; questions are answered also where its database cannot be opened."""
    from hrc_graph import deciding
    from hrc_graph.desk import open_desk

    try:
        desk = open_desk(workspace.root, workspace.settings)
    except EngineFailure as error:
        _LOG.error("no desk", extra={"fields": {"error": str(error)}})
        return None
    try:
        if settled := deciding.settle(desk, workspace):
            _LOG.info("decisions settled", extra={"fields": {"number": settled}})
    except HrcError as error:  # the next decision tries again
        _LOG.error("decisions were not settled", extra={"fields": {"error": error.message}})
    return desk


async def _expire(desk: Desk) -> None:
    """Erase, once a day, the contacts that have been kept long enough."""
    while True:
        try:
            await asyncio.to_thread(desk.contacts.expire, "server")
        except Exception as error:
            _LOG.exception("contacts were not expired", extra={"fields": {"error": type(error).__name__}})
        await asyncio.sleep(_DAY)


async def _announce(host: str, port: int, announce: Callable[[str], None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.02)
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _free(host: str, port: int) -> int:
    """The port, or a free one for 0, after checking that it can be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EngineFailure(
                f"{host}:{port} cannot be listened on: {error.strerror}.", "Give another --port."
            ) from error
        return int(probe.getsockname()[1])
