"""The changes of `data/` in pages, made once for each commit and kept in `.hrc/history/`; both feeds are made from it.

A page holds `PAGE` changes. When it is full it stays as it is; only the newest page grows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from hrc_graph import __version__, changes
from hrc_graph.changes import Change
from hrc_graph.errors import NotFound
from hrc_graph.files import replace
from hrc_graph.history import History
from hrc_graph.telling import Event, Kind

PAGE = 250
"""So many changes stand on a page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the feeds tell it."""

    version: str
    """The IRI of the dossier as the change left it."""
    dossier: str
    when: datetime
    who: str
    why: str
    title: str
    events: tuple[Event, ...]
    step: str
    """`Create`, `Update` or `Delete`."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page; its changes are in files."""

    id: str
    """Its number and a hash of its first version, and so of all history before it: what its address is made of."""
    file: str
    """The name of its files."""
    first: str
    last: str
    """When the first and the last change were, as ISO 8601."""
    versions: tuple[str, ...]

    @property
    def is_full(self) -> bool:
        """Whether it stays as it is."""
        return len(self.versions) == PAGE


@dataclass(frozen=True, slots=True)
class Chronicle:
    """All pages, oldest first."""

    folder: Path
    head: str
    """The newest commit; empty when there is none."""
    pages: tuple[Page, ...]
    remark: str = ""
    """Why there is no history, or that older commits are missing."""

    def entries(self, page: Page) -> list[Entry]:
        """The changes of a page, oldest first."""
        return [_entry(each) for each in json.loads((self.folder / f"{page.file}.json").read_bytes())]

    def quads(self, page: Page) -> bytes:
        """The triples of every version on a page as N-Quads; a version's graph is called as the version is."""
        return (self.folder / f"{page.file}.nq").read_bytes()


def current(root: Path, state: Path, *, base: str) -> Chronicle:
    """The chronicle up to the newest commit: the one on disk if it reaches there, else made and kept.

    Where there is no history it is empty and says why.
    """
    folder, head = state / "history", ""
    try:
        with History(root) as history:
            head, known = history.head, _read(folder, base)
            if known and known.head == head:
                return known
            remark = "The clone is shallow: what was changed before is not told." if history.is_shallow else ""
            told = changes.told(history, base=base)
            pages = tuple(_written(folder, number, page, base) for number, page in enumerate(_paged(told, base), 1))
            made = Chronicle(folder, head, pages, remark)
    except NotFound as error:
        return Chronicle(folder, head, (), str(error))
    about = {"for": _for(base), "head": made.head, "remark": remark, "pages": [asdict(page) for page in pages]}
    replace(folder / "index.json", json.dumps(about).encode())
    kept = {page.file for page in (*pages, *(known.pages if known else ()))}
    for path in folder.iterdir():
        if path.stem not in kept and path.name != "index.json":
            path.unlink(missing_ok=True)
    return made


def _for(base: str) -> str:
    return f"{__version__} {PAGE} {base}"


def _read(folder: Path, base: str) -> Chronicle | None:
    """The chronicle on disk; None when there is none, or one of another version."""
    try:
        about = json.loads((folder / "index.json").read_bytes())
        pages = tuple(Page(**each | {"versions": tuple(each["versions"])}) for each in about["pages"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    whole = all((folder / f"{page.file}{suffix}").exists() for page in pages for suffix in (".json", ".nq"))
    known = Chronicle(folder, about["head"], pages, about["remark"])
    return known if whole and about["for"] == _for(base) else None


def _paged(told: Iterator[Change], base: str) -> Iterator[list[tuple[Entry, bytes]]]:
    """The changes with the triples that stood after each, a page at a time."""
    there: set[str] = set()
    while page := [(_told(change, base, there), _quads(change, base)) for change in islice(told, PAGE)]:
        yield page


def _told(change: Change, base: str, there: set[str]) -> Entry:
    step = "Delete" if not change.after else "Update" if change.dossier in there else "Create"
    (there.add if change.after else there.discard)(change.dossier)
    version = changes.version(base, change.commit, change.dossier)
    return Entry(version, change.dossier, change.when, change.who, change.why, change.title, change.events, step)


def _quads(change: Change, base: str) -> bytes:
    graph = changes.version(base, change.commit, change.dossier)
    return "".join(sorted(f"{triple} <{graph}> .\n" for triple in change.after)).encode()


def _written(folder: Path, number: int, page: list[tuple[Entry, bytes]], base: str) -> Page:
    entries = [entry for entry, _ in page]
    versions = tuple(entry.version for entry in entries)
    first = hashlib.sha256(f"{_for(base)} {versions[0]}".encode()).hexdigest()[:12]
    file = hashlib.sha256("\n".join((_for(base), *versions)).encode()).hexdigest()[:16]
    if not (folder / f"{file}.nq").exists():
        listed = [asdict(entry) | {"when": entry.when.isoformat()} for entry in entries]
        replace(folder / f"{file}.json", json.dumps(listed, ensure_ascii=False).encode())
        replace(folder / f"{file}.nq", b"".join(quads for _, quads in page))
    first_when, last_when = entries[0].when.isoformat(), entries[-1].when.isoformat()
    return Page(f"{number}-{first}", file, first_when, last_when, versions)


def _entry(read: dict[str, Any]) -> Entry:
    events = tuple(Event(Kind(each["kind"]), each["words"], tuple(each["things"])) for each in read["events"])
    return Entry(**read | {"when": datetime.fromisoformat(read["when"]), "events": events})
