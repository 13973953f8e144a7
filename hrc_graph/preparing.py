"""What is made before anybody asks for it: the snapshot, the index of its names, the pages of the history.

So the first request after a build is as quick as the second. The index is made in a process of its own, because what
GeoNames says takes a hundred megabytes to look at.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import pyoxigraph as ox

from hrc_graph import __version__, chronicle, directory, gazetteer, index, names
from hrc_graph.directory import Directory
from hrc_graph.engine import snapshots
from hrc_graph.engine.snapshots import Progress, Snapshot, quiet
from hrc_graph.errors import EngineFailure
from hrc_graph.files import replace
from hrc_graph.workspace import Workspace

T = TypeVar("T")

_MAKE = "from hrc_graph import preparing; preparing.make()"


def build(workspace: Workspace, *, fresh: bool = False, progress: Progress = quiet) -> Snapshot:
    """The snapshot of the files as they are, which servers turn to when all is ready that is asked of it.

    Raises what `index.current` raises, and `EngineFailure` when the names cannot be indexed.
    """
    base = workspace.settings.base

    def prepare(snapshot: Snapshot) -> None:
        if not shelf(snapshot, base).exists():
            progress("indexing names", 0, 1)
            index_names(snapshot, base)
            progress("indexing names", 1, 1)

    made = index.current(workspace, fresh=fresh, progress=progress, prepare=prepare)
    with contextlib.suppress(OSError):  # a folder that takes no files: who asks first waits
        prepare(made)  # one that was made by a version that indexed other names
        progress("reading the history", 0, 1)
        chronicle.current(workspace.root, workspace.state, base=base)
        progress("reading the history", 1, 1)
    return made


def beside(snapshot: Snapshot, what: str, modules: Iterable[ModuleType], *asked: str) -> Path:
    """Where something made of a snapshot is kept, as these modules make it from what they are told."""
    sources = (Path(module.__file__ or "").read_bytes() for module in modules)
    told = (each.encode() for each in (__version__, *asked))
    digest = hashlib.sha256(b"\0".join((*told, *sources))).hexdigest()[:12]
    return Path(snapshot.path).with_name(f"{what}-{digest}.pickle")


def shelf(snapshot: Snapshot, base: str) -> Path:
    """Where the index of names of a snapshot is kept."""
    return beside(snapshot, "names", (directory, gazetteer, names), base)


def index_names(snapshot: Snapshot, base: str) -> None:
    """Index the names of a snapshot and keep that beside it. Raises `EngineFailure`."""
    command = [sys.executable, "-c", _MAKE, json.dumps(asdict(snapshot)), base]
    done = subprocess.run(command, stdout=subprocess.PIPE)
    if done.returncode:
        raise EngineFailure("The index of names could not be made.", "The log says why.")
    replace(shelf(snapshot, base), done.stdout)


def read(snapshot: Snapshot, base: str) -> Directory:
    """The index of names of a snapshot; made now, when it is not kept. Raises `EngineFailure`."""
    kept = shelf(snapshot, base)
    if not kept.exists():
        index_names(snapshot, base)
    return unpickled(kept, Directory)


def unpickled(path: Path, kind: type[T]) -> T:
    """What is kept in a file beside a snapshot."""
    made = pickle.loads(path.read_bytes())  # noqa: S301  (a process of our own has written it)
    assert isinstance(made, kind)
    return made


def make() -> None:
    """Write the index of names of the snapshot that the arguments tell of to standard output, pickled."""
    snapshot, base = Snapshot(**json.loads(sys.argv[1])), sys.argv[2]
    store = snapshots.opened(snapshot)
    found = store.query(directory.rows_query(base), use_default_graph_as_union=not snapshot.default)
    assert isinstance(found, ox.QuerySolutions)
    rows = json.loads(found.serialize(format=ox.QueryResultsFormat.JSON) or b"")["results"]["bindings"]
    sys.stdout.buffer.write(pickle.dumps(Directory.of(rows, snapshot.id, base), pickle.HIGHEST_PROTOCOL))
