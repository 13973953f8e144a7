"""Runs the web application on Granian, in this process, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.errors import EngineFailure
from hrc_graph.web.app import create
from hrc_graph.workspace import Workspace


def run(workspace: Workspace, snapshot: Snapshot, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is called with the address once questions are answered.

    Port 0 takes a free one. Raises `EngineFailure` when the address is taken.
    """
    asyncio.run(_run(workspace, snapshot, host, _free(host, port), announce))


async def _run(workspace: Workspace, snapshot: Snapshot, host: str, port: int, announce: Callable[[str], None]) -> None:
    async with Embedded(snapshot, workspace.settings) as engine:
        server = Server(
            create(workspace, engine),
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            log_level=LogLevels.error,
            websockets=False,
        )
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, server.stop)
        announcing = asyncio.create_task(_announce(host, port, announce))
        await server.serve()
        announcing.cancel()


async def _announce(host: str, port: int, announce: Callable[[str], None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.02)
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}/")


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
