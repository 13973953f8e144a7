"""A folder of exported files: each is written as a stream, whole or not at all, with its SHA-256."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

SUMS = "SHA256SUMS"
_LEVEL = 9
"""Of Zstandard: the size of gzip's best at ten times its speed, and the same bytes from the same package."""
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written."""

    size: int
    sha256: str


class Stream:
    """Takes bytes for a file, and for a packed one beside it."""

    def __init__(self, file: IO[bytes], packer: IO[bytes] | None) -> None:
        self.size = 0
        self._sum = hashlib.sha256()
        self._file = file
        self._packer = packer

    def write(self, data: bytes) -> int:
        """Write bytes; the number of bytes written."""
        self._file.write(data)
        self._sum.update(data)
        self.size += len(data)
        if self._packer:
            self._packer.write(data)
        return len(data)

    def flush(self) -> None:
        """Called by writers that know no more than that this is a file."""

    def noted(self) -> File:
        """What was written."""
        return File(self.size, self._sum.hexdigest())


class Folder:
    """Writes files below a folder, and remembers which."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: dict[str, File] = {}

    @contextlib.contextmanager
    def stream(self, name: str, *, packed: bool = False) -> Iterator[Stream]:
        """A stream into the file of that name, and packed into another with `.zst` after it."""
        with contextlib.ExitStack() as open_files:
            plain = open_files.enter_context(_whole(self.path / name))
            packer = None
            if packed:
                target = open_files.enter_context(_whole(self.path / f"{name}.zst"))
                packer = zstandard.ZstdCompressor(level=_LEVEL).stream_writer(target, closefd=False)
                open_files.enter_context(packer)
            stream = Stream(plain, packer)
            yield stream
        self.files[name] = stream.noted()
        if packed:
            self.note(f"{name}.zst")

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with self.stream(name) as stream:
            stream.write(content)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write an object as JSON for people to read too."""
        self.write(name, as_json(content))

    def note(self, name: str) -> None:
        """Remember a file that another hand has written."""
        self.files[name] = measured(self.path / name)

    def write_sums(self) -> None:
        """Write the checksums of all files, as `sha256sum --check` reads them."""
        lines = (f"{file.sha256}  {name}\n" for name, file in sorted(self.files.items()))
        self.write(SUMS, "".join(lines).encode())


def as_json(content: dict[str, Any]) -> bytes:
    """An object as JSON for people to read too."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"


def measured(path: Path) -> File:
    """The size and checksum of a file."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return File(path.stat().st_size, total.hexdigest())


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb", buffering=_CHUNK) as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
