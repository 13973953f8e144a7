"""Who did what, when and why, one line a change, each with the hash of the line before: no edit goes unseen.

A line has no personal data but the number of an account. `audit.head` keeps how many lines there are and the hash of
the last one, so that lines missing at the end show too.
"""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from hrc_graph.errors import EngineFailure

_FIRST = "0" * 64


class Audit:
    """The file `audit.jsonl` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.jsonl"
        self._head = folder / "audit.head"

    def append(self, who: str, what: str, on: str = "", why: str = "", **more: Any) -> None:
        """Add one line, on the disk when this returns. `who` is “account 3”, “token 5”, “operator” and such."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = _last_line(file.fileno())
            number = _told(last)[0] + 1 if last else 1
            if last and number == 1:
                raise EngineFailure("The last line of the audit log cannot be read.", "Run hrc audit verify.")
            when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            line = {"line": number, "when": when, "who": who, "what": what, "on": on, "why": why}
            line = {name: value for name, value in (line | more).items() if value != ""}
            line["before"] = _hash(last) if last else _FIRST
            raw = json.dumps(line, ensure_ascii=False).encode()
            file.write(raw + b"\n")
            file.flush()
            os.fsync(file.fileno())
            self._remember(number, _hash(raw))

    def tail(self) -> str:
        """The last lines, as text: what was written lately."""
        if not self.path.is_file():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - 65_536))
            return file.read().decode("utf-8", "replace")

    def broken(self) -> list[str]:
        """What is wrong with the file, a sentence each, naming the line; empty when nothing is."""
        raws = self.path.read_bytes().split(b"\n") if self.path.is_file() else [b""]
        found = [] if raws.pop() == b"" else ["The last line is not whole."]
        lines = [_told(raw) for raw in raws]
        expected, before = 1, _FIRST
        for at, (raw, (number, told)) in enumerate(zip(raws, lines, strict=True)):
            goes_on = at + 1 < len(lines) and lines[at + 1][0] == expected + 1
            if number > expected and not goes_on:
                found += [f"Line {missing} is missing." for missing in range(expected, number)]
                expected, before = number, ""
            elif number != expected:
                found.append(f"Line {expected} was changed.")
                before = ""
            if before and told != before:
                found.append(f"Line {max(1, expected - 1)} was changed.")
            expected, before = expected + 1, _hash(raw)
        found += self._missing_at_the_end(expected - 1, before)
        return list(dict.fromkeys(found))

    def _missing_at_the_end(self, last: int, digest: str) -> list[str]:
        """A line more than the head knows may be there, when the power failed between the two; not one less."""
        if not self._head.is_file():
            return ["audit.head is missing: whether the last lines are there cannot be told."] if last else []
        text, _, known_digest = self._head.read_text("ascii").strip().partition(" ")
        known = int(text)
        if known == last and known_digest != digest:
            return [f"Line {last} was changed."]
        return [f"Line {number} is missing." for number in range(last + 1, known + 1)]

    def _remember(self, number: int, digest: str) -> None:
        fresh = self._head.with_suffix(".new")
        descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{number} {digest}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._head)


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _told(raw: bytes) -> tuple[int, str]:
    """The number of a line and the hash it holds of the one before; 0 and nothing when it cannot be read."""
    try:
        line = json.loads(raw)
        return int(line["line"]), str(line["before"])
    except (ValueError, KeyError, TypeError):
        return 0, ""


def _last_line(descriptor: int) -> bytes:
    """The last line of a file, read from its end; one that a power failure left unfinished is cut off."""
    size = os.fstat(descriptor).st_size
    taken = min(size, 4096)
    while True:
        tail = os.pread(descriptor, taken, size - taken)
        if tail.count(b"\n") > 1 or taken == size:
            break
        taken = min(size, taken * 4)
    whole, newline, unfinished = tail.rpartition(b"\n")
    if unfinished:
        os.ftruncate(descriptor, size - len(unfinished))
    return whole.rpartition(b"\n")[2] if newline else b""
