"""HTTP/1.1 over one kept connection: just enough to ask a server and read whole answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole response; header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def target(path: str, query: str) -> str:
    """The request target that asks `query` of the endpoint at `path`."""
    return f"{path}?query={quote(query, safe='')}"


class Connection:
    """One client. Use as `async with Connection(host, port)`; opens when it must, and again when it broke."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._streams:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ask(self, target: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> Reply:
        """Send one request and read its response. Raises `OSError` or `EOFError` when the connection breaks."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=2**20)
        reader, writer = self._streams
        fields = {"Host": f"{self._host}:{self._port}", **headers}
        if body:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        try:
            writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body)
            reply = await _read(reader, bodiless=method == "HEAD")
        except BaseException:
            await self.__aexit__()
            raise
        if reply.headers.get("connection", "").lower() == "close":
            await self.__aexit__()
        return reply


async def _read(reader: asyncio.StreamReader, *, bodiless: bool) -> Reply:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(first.split()[1])
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if bodiless or status in (204, 304):
        return Reply(status, headers, b"")
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return Reply(status, headers, await reader.readexactly(int(headers.get("content-length", "0"))))
    chunks = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return Reply(status, headers, b"".join(chunks))
