"""A snapshot's sorted N-Quads as a file to look things up in: what is said of a subject stands together, in order.

Nothing is kept in memory but what was asked for last, however large the file is.
"""

from __future__ import annotations

import functools
import itertools
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_KEPT: Final = 5_000
"""So many subjects are kept as they were read: a country or a source is asked for again and again."""
_BUFFER: Final = 1_000
"""Bytes that are read at a time: a bisection wants two lines at each step."""
_AFTER_ALL: Final = b"\xff"
"""Sorts after every line."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is said of a subject."""

    lines: bytes
    """N-Quads."""
    links: tuple[tuple[bytes, bytes], ...]
    """The predicates and objects of quads whose object may be a subject too, as N-Quads writes them."""


class Quads:
    """A sorted N-Quads file."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        """Bytes."""
        self._path = path
        self._file = path.open("rb", buffering=_BUFFER)
        self._next = 0
        """Where the subject follows that was read last."""
        self._about = functools.lru_cache(_KEPT)(self._read)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def subjects(self) -> Iterator[tuple[bytes, int]]:
        """Every subject, in order, and after how many bytes of the file the next one comes."""
        at = 0
        with self._path.open("rb") as file:
            for subject, lines in itertools.groupby(file, key=_subject):
                at += sum(map(len, lines))
                yield subject, at

    def around(self, subjects: Iterable[bytes], predicates: Collection[bytes]) -> bytes:
        """What is said of subjects, and of whatever these predicates lead to from there, as N-Quads."""
        found = dict.fromkeys(subjects)
        todo = list(found)
        said = []
        for subject in todo:
            about = self._about(subject)
            said.append(about.lines)
            more = [object for predicate, object in about.links if predicate in predicates and object not in found]
            found |= dict.fromkeys(more)
            todo += dict.fromkeys(more)
        return b"".join(said)

    def _read(self, subject: bytes) -> Subject:
        prefix = subject + b" "
        is_next = self._line(self._next).startswith(prefix)  # as when all are gone through in order
        start = self._next if is_next else bisect_left(range(self.size), prefix, key=self._line)
        self._go_to(start)
        self._next = self._file.tell()
        lines = list(itertools.takewhile(lambda line: line.startswith(prefix), self._file))
        self._next += sum(map(len, lines))
        return Subject(b"".join(lines), tuple(filter(None, map(_link, lines))))

    def _line(self, at: int) -> bytes:
        self._go_to(at)
        return self._file.readline() or _AFTER_ALL

    def _go_to(self, at: int) -> None:
        """To the first line that begins at this byte or later."""
        self._file.seek(max(at - 1, 0))
        if at:
            self._file.readline()


def _subject(line: bytes) -> bytes:
    return line[: line.index(b" ")]


def _link(line: bytes) -> tuple[bytes, bytes] | None:
    _, predicate, rest = line.split(b" ", 2)
    return None if rest.startswith(b'"') else (predicate, _subject(rest))
