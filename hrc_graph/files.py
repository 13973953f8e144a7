"""Which file holds which graph, and how a file is replaced without ever being half there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hrc_graph.errors import BadFile, NotFound


@dataclass(frozen=True, slots=True)
class Files:
    """The Turtle files of a workspace: `ontology/` and `data/` under one root.

    A graph is named by its path: `data/governments/id/lahat.ttl` is `governments/id/lahat`.
    """

    root: Path

    def graphs(self) -> dict[str, Path]:
        """Every named graph and its file, in the order of their names."""
        return dict(sorted((self._ontology() | self.dossiers()).items()))

    def dossiers(self) -> dict[str, Path]:
        """The graphs of `data/` alone, in the order of their paths."""
        data = self.root / "data"
        return {name.removesuffix(".ttl"): data / name for name in sorted(self._below_data(), key=_parts)}

    def _ontology(self) -> dict[str, Path]:
        ontology = self.root / "ontology"
        found = {"ontology": ontology / "hrc.ttl", "shapes": ontology / "shapes.ttl"}
        return found | {f"vocabularies/{path.stem}": path for path in (ontology / "vocabularies").glob("*.ttl")}

    def _below_data(self) -> list[str]:
        """The paths of all dossiers, as text: asked for at every change, and `Path` takes five times as long."""
        data, found = str(self.root / "data"), []
        for folder, _, names in os.walk(data):
            below = folder[len(data) + 1 :]
            found += [f"{below}/{name}" if below else name for name in names if name.endswith(".ttl")]
        return found

    def path(self, graph: str) -> Path:
        """The file of a dossier's graph. Raises `BadFile` for a name that would leave `data/`."""
        path = (self.root / "data" / f"{graph}.ttl").resolve()
        if not path.is_relative_to((self.root / "data").resolve()):
            raise BadFile(f"“{graph}” is not inside data/.", "Name a graph like governments/id/lahat.")
        return path

    def changed(self) -> list[Path]:
        """The dossiers that differ from the last commit, or are not committed yet.

        Raises `NotFound` where there is no git repository.
        """
        from dulwich import porcelain
        from dulwich.errors import NotGitRepository
        from dulwich.repo import Repo

        try:
            with Repo.discover(str(self.root)) as repository:
                status = porcelain.status(repository, untracked_files="all")
                top = Path(os.fsdecode(repository.path))
        except NotGitRepository as error:
            raise NotFound(f"{self.root} is in no git repository.", "Name the files instead.") from error
        named = [*status.unstaged, *status.untracked, *(name for names in status.staged.values() for name in names)]
        differing = {(top / os.fsdecode(name)).resolve() for name in named}
        return [path for path in self.dossiers().values() if path.resolve() in differing]

    def sums(self) -> dict[str, str]:
        """The SHA-256 of the bytes of every graph's file."""
        found = {}
        for name, path in self.graphs().items():
            try:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise BadFile(f"{path} cannot be read: {error.strerror}.", "Is this a workspace?") from error
        return found

    def stamps(self) -> dict[str, tuple[int, int, int]]:
        """Of every graph's file when it was written, its size and its place on disk: another stamp, other bytes."""
        data, found = str(self.root / "data"), {}
        paths = {name: str(path) for name, path in self._ontology().items()}
        paths |= {name.removesuffix(".ttl"): f"{data}/{name}" for name in self._below_data()}
        for name, path in paths.items():
            with contextlib.suppress(FileNotFoundError):  # it went just now
                about = os.stat(path)  # noqa: PTH116
                found[name] = about.st_mtime_ns, about.st_size, about.st_ino
        return found

    def digest(self) -> str:
        """A hash of all names and bytes: the same files, the same digest."""
        return digest(self.sums())


def _parts(path: str) -> list[str]:
    return path.split("/")


def digest(sums: Mapping[str, str]) -> str:
    """The digest of files with these sums."""
    return hashlib.sha256("".join(f"{name}\0{sums[name]}\n" for name in sorted(sums)).encode()).hexdigest()


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a power cut, finds either the old bytes or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644  # a temporary file is for its maker alone
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
