"""Everything as files, of the snapshot that answers now; each is made when it is first asked for, and kept beside."""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import zstandard
from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hrc_graph import __version__, export
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.errors import Busy, EngineFailure, NotFound
from hrc_graph.export import dumps, package
from hrc_graph.export.listings import LISTINGS
from hrc_graph.web import headers
from hrc_graph.web.answers import Answers, encoding_of, matches, page
from hrc_graph.web.languages import gettext
from hrc_graph.workspace import Workspace

_MAKE = "from hrc_graph import export; export.make()"
_WAITING = 16
"""So many requests may wait for files that are being made; one more is "busy"."""
_CHUNK = 2**18


class Dump(FileResponse):
    """A file of which one range may be asked; who asks for several gets it whole (RFC 9110, section 14.2)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file or the range."""
        kept = [(name, value) for name, value in scope["headers"] if name != b"range" or b"," not in value]
        await super().__call__({**scope, "headers": kept}, receive, send)


class Dumps:
    """Makes the files, one after the other; that is no client's cost."""

    def __init__(self, answers: Answers, workspace: Workspace) -> None:
        self._answers = answers
        self._context = workspace.root / "ontology" / "context.jsonld"
        self._base = workspace.settings.base
        self._making = asyncio.Lock()
        self._waiting = 0

    def snapshot(self) -> Snapshot:
        """The snapshot that answers now. Raises `NotFound` for a copy that takes updates."""
        engine = self._answers.engine.engine
        if not isinstance(engine, Embedded):
            raise NotFound("A copy that takes updates has no dump.", "Ask CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }.")
        return engine.pool.snapshot

    def listed(self, snapshot: Snapshot) -> list[tuple[str, str, int | None]]:
        """The name of each file, what it is, and its bytes if it was made."""
        paths = {name: _path(snapshot, name) for name in export.NAMES}
        return [
            (name, package.described(name, LISTINGS, gettext), path.stat().st_size if path.exists() else None)
            for name, path in paths.items()
        ]

    async def file(self, snapshot: Snapshot, name: str) -> Path:
        """A file of a snapshot, made now if it is not there. Raises `NotFound`, `Busy` or `EngineFailure`."""
        if name not in export.NAMES:
            raise NotFound(f"There is no dump “{name[:80]}”.", "They are listed at /dumps/.")
        path = _path(snapshot, name)
        if path.exists():
            return path
        if self._waiting >= _WAITING:
            raise Busy(f"{_WAITING} requests wait for dumps already.", "Ask again in a minute.")
        self._waiting += 1
        try:
            async with self._making:
                if not path.exists():
                    await self._make(snapshot, name)
        finally:
            self._waiting -= 1
        return path

    async def _make(self, snapshot: Snapshot, name: str) -> None:
        arguments = (json.dumps(asdict(snapshot)), self._base, str(self._context), str(_folder(snapshot)), name)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _MAKE, *arguments)
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise EngineFailure(f"{name} could not be made.", "The log says why.")


def router(made: Dumps) -> APIRouter:
    """The routes of dumps."""
    routes = APIRouter(tags=["graphs"])

    @routes.get("/dumps", include_in_schema=False)
    @routes.get("/dumps/", summary="The files that hold everything")
    async def listed(request: Request) -> Response:
        snapshot = made.snapshot()
        fields = ((b"cache-control", b"no-cache"), (b"x-snapshot", snapshot.id.encode()))
        files = made.listed(snapshot)
        return page(
            "dumps.html", request.headers, fields=fields, title=gettext("Dumps"), files=files, snapshot=snapshot
        )

    @routes.get("/dumps/{name:path}", summary="The data as a file, in the syntax that its name ends in")
    async def dump(name: str, request: Request) -> Response:
        snapshot = made.snapshot()
        coding = "" if "range" in request.headers else encoding_of(request.headers.get("accept-encoding", ""))
        coding = "" if name.endswith(".xlsx") else coding
        tag = f'"{snapshot.id}-{__version__}-{name}{coding and "-" + coding}"'
        about = {"ETag": tag, "X-Snapshot": snapshot.id, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        held = request.headers.get("if-none-match", "")
        if name in export.NAMES and held and matches(tag, held):
            return Response(status_code=304, headers=headers.COMMON | about)
        path = await made.file(snapshot, name)
        type = package.media_type(name)
        about["Content-Type"] = type + ("; charset=utf-8" if type.startswith("text/") else "")
        if not coding:
            return Dump(path, headers=headers.COMMON | about)
        return StreamingResponse(_packed(path, coding), headers=headers.COMMON | about | {"Content-Encoding": coding})

    return routes


def _folder(snapshot: Snapshot) -> Path:
    return Path(snapshot.path).with_name(f"dumps-{__version__}")


def _path(snapshot: Snapshot, name: str) -> Path:
    return Path(snapshot.path) if name == dumps.CANONICAL else _folder(snapshot) / name


def _packed(path: Path, coding: str) -> Iterator[bytes]:
    """A file in a content coding, as a stream."""
    packer = zlib.compressobj(5, wbits=31) if coding == "gzip" else zstandard.ZstdCompressor(level=3).compressobj()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if piece := packer.compress(chunk):
                yield piece
    yield packer.flush()
