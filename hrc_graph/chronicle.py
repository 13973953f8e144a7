"""The changes of `data/` in pages, kept in `.hrc/history/`; a new commit only adds to them. The feeds are made of it.

A page holds `PAGE` changes. When it is full it stays as it is; only the newest page grows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, MutableMapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from hrc_graph import __version__, changes
from hrc_graph.changes import Change
from hrc_graph.errors import NotFound
from hrc_graph.files import replace
from hrc_graph.history import History, Revision
from hrc_graph.telling import Event, Kind, Triples

PAGE = 250
"""So many changes stand on a page."""
_BEFORE = "before.json"
"""The file of what has to be known to tell the next change."""


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
    """The chronicle up to the newest commit: the one on disk, to which what was committed since is added.

    Where there is no history it is empty and says why. After a commit that is no successor on the main line of the one
    it reached, it is made anew.
    """
    folder, head = state / "history", ""
    try:
        with History(root) as history:
            head, known = history.head, _read(folder, base)
            if known and known.head == head:
                return known
            remark = "The clone is shallow: what was changed before is not told." if history.is_shallow else ""
            pages = _pages(history, known, folder, base)
            made = Chronicle(folder, head, pages, remark)
    except NotFound as error:
        return Chronicle(folder, head, (), str(error))
    about = {"for": _for(base), "head": made.head, "remark": remark, "pages": [asdict(page) for page in pages]}
    replace(folder / "index.json", json.dumps(about).encode())
    kept = {page.file for page in (*pages, *(known.pages if known else ()))}
    for path in folder.iterdir():
        if path.stem not in kept and path.name not in ("index.json", _BEFORE):
            path.unlink(missing_ok=True)
    return made


def _pages(history: History, known: Chronicle | None, folder: Path, base: str) -> tuple[Page, ...]:
    """Every page up to the newest commit; full ones of what is known stay as they are."""
    before = _told_before(folder, known) if known and known.head in history.main_line() else None
    if known is None or before is None:
        known, before = Chronicle(folder, "", ()), ({}, datetime.fromtimestamp(0, UTC))
    names, last = before

    def noted(revisions: Iterator[Revision]) -> Iterator[Revision]:
        nonlocal last
        for revision in revisions:
            last = revision.when
            yield revision

    revisions = noted(history.revisions(known.head, last))
    told = changes.of(revisions, history, _Standing(known, base), names, base=base)
    full = tuple(page for page in known.pages if page.is_full)
    begun = known.pages[len(full) :]
    entries, quads = (known.entries(begun[0]), known.quads(begun[0])) if begun else ([], b"")
    paged = enumerate(_paged(told, entries, quads, base), len(full) + 1)
    pages = (*full, *(_written(folder, number, entries, quads, base) for number, (entries, quads) in paged))
    kept = {"head": history.head, "last": last.isoformat(), "names": names}
    replace(folder / _BEFORE, json.dumps(kept, ensure_ascii=False).encode())
    return pages


def _told_before(folder: Path, known: Chronicle) -> tuple[dict[str, str], datetime] | None:
    """What each thing was last called, and when the last revision was; None when that was not kept."""
    try:
        kept = json.loads((folder / _BEFORE).read_bytes())
    except (OSError, ValueError):
        return None
    return (kept["names"], datetime.fromisoformat(kept["last"])) if kept["head"] == known.head else None


class _Standing(MutableMapping[str, Triples]):
    """The dossiers as a chronicle leaves them; each is read from its pages when it is asked for."""

    def __init__(self, known: Chronicle, base: str) -> None:
        self._known = known
        self._at: dict[str, tuple[Page, str]] = {}
        for page in known.pages:
            for version in page.versions:
                self._at[version.removeprefix(f"{base}version/").partition("/")[2]] = page, version
        self._read: dict[str, Triples] = {}

    def __getitem__(self, dossier: str) -> Triples:
        if dossier not in self._read:
            page, version = self._at[dossier]
            end = f" <{version}> .\n".encode()
            lines = (line for line in self._known.quads(page).splitlines(keepends=True) if line.endswith(end))
            parsed = ox.parse(b"".join(lines), format=ox.RdfFormat.N_QUADS)
            self._read[dossier] = frozenset(quad.triple for quad in parsed)
        return self._read[dossier]

    def __setitem__(self, dossier: str, triples: Triples) -> None:
        self._read[dossier] = triples

    def __delitem__(self, dossier: str) -> None:
        self._read[dossier] = frozenset()

    def __iter__(self) -> Iterator[str]:
        return iter({**self._at, **self._read})

    def __len__(self) -> int:
        return len({**self._at, **self._read})


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


def _paged(
    told: Iterator[Change], entries: list[Entry], quads: bytes, base: str
) -> Iterator[tuple[list[Entry], bytes]]:
    """Entries and the triples that stood after each, a page at a time; the first page has these already."""
    while True:
        added = list(islice(told, PAGE - len(entries)))
        entries = [*entries, *(_told(change, base) for change in added)]
        if not entries:
            return
        yield entries, quads + b"".join(_quads(change, base) for change in added)
        entries, quads = [], b""


def _told(change: Change, base: str) -> Entry:
    was_there = bool(change.removed) or len(change.added) < len(change.after)
    step = "Delete" if not change.after else "Update" if was_there else "Create"
    version = changes.version(base, change.commit, change.dossier)
    return Entry(version, change.dossier, change.when, change.who, change.why, change.title, change.events, step)


def _quads(change: Change, base: str) -> bytes:
    graph = changes.version(base, change.commit, change.dossier)
    return "".join(sorted(f"{triple} <{graph}> .\n" for triple in change.after)).encode()


def _written(folder: Path, number: int, entries: list[Entry], quads: bytes, base: str) -> Page:
    versions = tuple(entry.version for entry in entries)
    first = hashlib.sha256(f"{_for(base)} {versions[0]}".encode()).hexdigest()[:12]
    file = hashlib.sha256("\n".join((_for(base), *versions)).encode()).hexdigest()[:16]
    if not (folder / f"{file}.nq").exists():
        listed = [asdict(entry) | {"when": entry.when.isoformat()} for entry in entries]
        replace(folder / f"{file}.json", json.dumps(listed, ensure_ascii=False).encode())
        replace(folder / f"{file}.nq", quads)
    first_when, last_when = entries[0].when.isoformat(), entries[-1].when.isoformat()
    return Page(f"{number}-{first}", file, first_when, last_when, versions)


def _entry(read: dict[str, Any]) -> Entry:
    events = tuple(Event(Kind(each["kind"]), each["words"], tuple(each["things"])) for each in read["events"])
    return Entry(**read | {"when": datetime.fromisoformat(read["when"]), "events": events})
