"""Files of the pages: style sheets, pictures, and the built front end; read and packed once, at the start.

What the front end's build wrote has a hash in its name, so browsers keep it for good; the rest is asked again by tag.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph.engine.worker import packed
from hrc_graph.errors import NotFound
from hrc_graph.web.answers import LATEST, Whole, encoding_of, matches

FOLDER: Final = Path(__file__).parent / "static"
_BUILT: Final = "built/"
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_VARY = (b"vary", b"Accept-Encoding")
_UNSEEN = frozenset((f"{_BUILT}sources.sha256", f"{_BUILT}names.json"))
"""Notes of the build to itself and to this module."""
_KINDS: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
"""Every kind of file that there is; all are text."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file, as it is and in each coding that makes it smaller."""

    content_type: str
    tag: str
    forever: bool
    bodies: dict[str, bytes]
    """By content coding; "" is the file itself."""


class Assets:
    """The files below `folder`, in memory: there are few, and they are small."""

    def __init__(self, folder: Path = FOLDER) -> None:
        names = folder / _BUILT / "names.json"
        self._built: dict[str, str] = json.loads(names.read_text("utf-8")) if names.is_file() else {}
        self._files = {
            name: self._read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (name := path.relative_to(folder).as_posix()) not in _UNSEEN
        }

    def built(self, name: str) -> str:
        """The address of a part of the front end, such as `studio.js`; "" when the front end was not built."""
        return f"/static/{_BUILT}{self._built[name]}" if name in self._built else ""

    def respond(self, path: str, request: Request) -> Response:
        """The file of that path, or 304. Raises `NotFound`."""
        found = self._files.get(path)
        if found is None:
            raise NotFound(f"There is no file “{path[:100]}”.", "Start at the front page.")
        fields = [(b"etag", found.tag.encode()), _FOREVER if found.forever else LATEST, _VARY]
        if matches(found.tag, request.headers.get("if-none-match", "")):
            return Whole(b"", fields, 304)
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        if encoding in found.bodies:
            fields.append((b"content-encoding", encoding.encode()))
        body = found.bodies.get(encoding, found.bodies[""])
        return Whole(body, [(b"content-type", found.content_type.encode()), *fields])

    def _read(self, path: Path) -> _File:
        body = path.read_bytes()
        kind = _KINDS[path.suffix]
        bodies = {"": body} | {coding: smaller for smaller, coding in (packed(body, name) for name in ("gzip", "zstd"))}
        return _File(
            content_type=f"{kind}; charset=utf-8",
            tag=f'W/"{hashlib.blake2b(body, digest_size=9).hexdigest()}"',
            forever=path.name in self._built.values(),
            bodies=bodies,
        )


def router(assets: Assets) -> APIRouter:
    """The route of the files."""
    routes = APIRouter()

    @routes.get("/static/{path:path}", include_in_schema=False)
    async def file(path: str, request: Request) -> Response:
        return assets.respond(path, request)

    return routes
