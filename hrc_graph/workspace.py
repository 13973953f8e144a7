"""Opens a workspace once: its files, its questions, where its state lives. No behaviour of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hrc_graph import namespaces
from hrc_graph.errors import NotFound
from hrc_graph.files import Files
from hrc_graph.questions import NamedQuery, library
from hrc_graph.settings import Settings

_PACKAGED = Path(__file__).parent / "workspace_files"  # put there by the wheel
_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with `ontology/`, `data/` and `queries/`, opened."""

    root: Path
    files: Files
    state: Path
    """`.hrc/`: the index and all else that can be made again from the files."""
    questions: dict[str, NamedQuery]
    settings: Settings


def find_root(start: Path) -> Path:
    """The nearest folder upwards that is a workspace, else the one that came with the package."""
    for folder in (start, *start.parents):
        if _is_workspace(folder):
            return folder
    return shipped()


def shipped() -> Path:
    """The workspace that came with the package."""
    return _PACKAGED if _is_workspace(_PACKAGED) else _CHECKOUT


def open_workspace(folder: Path | None = None, settings: Settings | None = None) -> Workspace:
    """The workspace in a folder, or the nearest one. Raises `NotFound` when the folder is none."""
    root = find_root(Path.cwd()) if folder is None else folder.resolve()
    if not _is_workspace(root):
        raise NotFound(f"{root} is not a workspace.", "It needs the folders ontology/ and data/.")
    settings = settings or Settings()
    state = root / ".hrc"
    if settings.base != namespaces.BASE:  # so that servers under two addresses do not take each other's snapshots
        state /= "base-" + hashlib.sha256(settings.base.encode()).hexdigest()[:12]
    return Workspace(
        root=root,
        files=Files(root),
        state=state,
        questions=library(root / "queries", base=settings.base),
        settings=settings,
    )


def _is_workspace(folder: Path) -> bool:
    return (folder / "ontology" / "hrc.ttl").is_file() and (folder / "data").is_dir()
