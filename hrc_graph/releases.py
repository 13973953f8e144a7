"""Releases: states of the data that can be cited, kept as a tag of git and a folder made from it.

`releases/<name>/` holds the dumps, the questions, the report of the shapes and the catalogue. Everything in it follows
from the tag, by which the folder can be made again, byte for byte, with the same version of this package.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyoxigraph as ox
from dulwich.errors import NotGitRepository
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, Tag
from dulwich.refs import Ref
from dulwich.repo import Repo, get_user_identity

from hrc_graph import __version__, description, export, validation
from hrc_graph.description import Facts
from hrc_graph.engine import snapshots
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.snapshots import Progress, Snapshot, quiet
from hrc_graph.errors import BadRelease, NotFound
from hrc_graph.export import catalogue, citing, dumps
from hrc_graph.export.catalogue import Edition, Linkset
from hrc_graph.export.folder import Folder
from hrc_graph.review import review
from hrc_graph.validation import Report
from hrc_graph.workspace import Workspace, open_workspace

FOLDER: Final = "releases"
ABOUT: Final = "about.json"
_NAME = re.compile(r"\d{4}\.(?:0[1-9]|1[0-2])(?:\.[1-9]\d*)?\Z")
_PARTS = ("ontology", "data", "queries")


@dataclass(frozen=True, slots=True)
class Release:
    """What a release says of itself, in `about.json`."""

    release: str
    issued: str
    """When its tag was made, in UTC."""
    commit: str
    snapshot: str
    hash: str
    """The SHA-256 of its canonical N-Quads (RDFC-1.0)."""
    triples: int
    graphs: int
    warnings: int
    """So many results of the shapes that are no errors."""
    judge: str
    software: str
    """The version of this package that made the folder."""
    notes: str

    @property
    def day(self) -> str:
        """The day it was issued."""
        return self.issued[:10]

    @property
    def order(self) -> tuple[int, ...]:
        """Earlier releases come first."""
        return tuple(map(int, self.release.split(".")))


def known(root: Path) -> dict[str, Release]:
    """The releases that lie in a workspace, the newest first."""
    found = []
    for about in (root / FOLDER).glob(f"*/{ABOUT}"):
        if _NAME.match(about.parent.name):  # not one that is being written
            found.append(Release(**json.loads(about.read_text("utf-8"))))
    return {release.release: release for release in sorted(found, key=lambda release: release.order, reverse=True)}


def make(workspace: Workspace, name: str, notes: str | None = None, progress: Progress = quiet) -> Release:
    """Make a release of the last commit and tag it; or, when there is a tag but no folder, make that again.

    Raises `BadRelease` when the name is none or taken, when files differ from the commit, or when records break a rule;
    `NotFound` where there is no git repository.
    """
    if not _NAME.match(name):
        raise BadRelease(f"“{name}” is not the name of a release.", "Name it by year and month: 2026.11, or 2026.11.1.")
    folder = workspace.root / FOLDER / name
    if folder.exists():
        raise BadRelease(f"There is a release {name} already.", "A release does not change; make another.")
    try:
        repository = Repo.discover(str(workspace.root))
    except NotGitRepository as error:
        raise NotFound(f"{workspace.root} is in no git repository.", "A release is a commit with a tag.") from error
    with closing(repository), tempfile.TemporaryDirectory(prefix="hrc-release-") as place:
        told = _tag(repository, name)
        if told and notes is not None:
            raise BadRelease(f"The tag {name} has its notes already.", "Leave --notes out to make its folder again.")
        tag = told or _draft(repository, workspace, name, notes or "")
        checked_out = Path(place) / "workspace"
        _check_out(repository, tag, workspace.root, checked_out)
        released = open_workspace(checked_out, workspace.settings)
        unfinished = folder.with_name(f".{name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            release = _write(released, tag, unfinished, progress)
            if not told:
                _keep(repository, tag)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return release


def edition(release: Release, files: Folder, base: str) -> Edition:
    """A release as the catalogue tells of it: under the addresses it keeps, wherever it is served."""
    home = f"{base}{FOLDER}/{release.release}/"
    services = {f"SPARQL endpoint of release {release.release}": f"{home}sparql"}
    return Edition(release.release, release.snapshot, release.day, home, home, files.files, services)


def snapshot(root: Path, release: Release, state: Path, *, in_memory: int = snapshots.IN_MEMORY) -> Snapshot:
    """The snapshot of a release, from its dump; what an engine needs beside the dump is put below `state`."""
    quads = root / FOLDER / release.release / "dumps" / dumps.CANONICAL
    beside = state / FOLDER / f"{release.release}-{release.hash[:12]}"
    return snapshots.of_dump(release.snapshot, quads, beside, in_memory=in_memory)


def _tag(repository: Repo, name: str) -> Tag | None:
    """The tag of a release. Raises `BadRelease` for a tag that is not one of ours."""
    reference = Ref(f"refs/tags/{name}".encode())
    if reference not in repository.refs:
        return None
    tag = repository[repository.refs[reference]]
    if not isinstance(tag, Tag):
        raise BadRelease(f"The tag {name} was not made by hrc release.", "Choose another name.")
    return tag


def _draft(repository: Repo, workspace: Workspace, name: str, notes: str) -> Tag:
    """A tag of the last commit, which is not kept yet. Raises `BadRelease` when files differ from that commit."""
    from dulwich import porcelain  # slow to read, and only who releases needs it

    status = porcelain.status(repository, untracked_files="all")
    differing = [*status.unstaged, *status.untracked, *(path for paths in status.staged.values() for path in paths)]
    top = Path(os.fsdecode(repository.path))
    made = workspace.root / FOLDER
    names = map(os.fsdecode, differing)
    shown = [name for name in names if not (top / name).is_relative_to(made)]
    if shown:
        raise BadRelease(
            f"{len(shown)} files differ from the last commit, such as {sorted(shown)[0]}.",
            "A release is of a commit: commit them, or put them back.",
        )
    try:
        commit = repository.head()
    except KeyError as error:
        raise BadRelease("The repository has no commit yet.", "A release is of a commit.") from error
    tag = Tag()
    tag.name = name.encode()
    tag.object = (Commit, commit)
    tag.tagger = get_user_identity(repository.get_config_stack())
    tag.tag_time = int(time.time())
    tag.tag_timezone = 0
    tag.message = (notes.strip() + "\n").encode()
    return tag


def _keep(repository: Repo, tag: Tag) -> None:
    repository.object_store.add_object(tag)
    repository.refs[Ref(b"refs/tags/" + tag.name)] = tag.id


def _check_out(repository: Repo, tag: Tag, root: Path, target: Path) -> None:
    """Write what the tagged commit holds of a workspace into an empty folder."""
    commit = repository[tag.object[1]]
    assert isinstance(commit, Commit)
    inside = root.resolve().relative_to(Path(os.fsdecode(repository.path)).resolve())
    for entry in iter_tree_contents(repository.object_store, commit.tree):
        path = Path(os.fsdecode(entry.path))
        if not path.is_relative_to(inside) or not stat.S_ISREG(entry.mode):
            continue
        name = path.relative_to(inside)
        if name.parts[0] in _PARTS:
            blob = repository[entry.sha]
            assert isinstance(blob, Blob)
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(blob.data)


def _write(workspace: Workspace, tag: Tag, folder: Path, progress: Progress) -> Release:
    """Judge a checked out workspace and write everything of its release. Raises `BadRelease`."""
    name, base = tag.name.decode(), workspace.settings.base
    report = review(workspace, (), progress)
    if not report.conforms:
        raise BadRelease(f"{len(report.of('Violation'))} records break a rule.", "hrc validate says which.")
    current = snapshots.current(workspace.files, workspace.state, base=base, progress=progress)
    context = workspace.root / "ontology" / "context.jsonld"
    exported = export.export(current, context, folder / "dumps", base=base, version=name, progress=progress)
    release = Release(
        release=name,
        issued=datetime.fromtimestamp(tag.tag_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commit=tag.object[1].decode(),
        snapshot=current.id,
        hash=exported.hash,
        triples=current.triples,
        graphs=current.graphs,
        warnings=len(report.results),
        judge=validation.fastest().value,
        software=__version__,
        notes=(tag.message or b"").decode().strip(),
    )
    out = Folder(folder)
    out.files = {f"dumps/{path}": file for path, file in exported.files.items()}
    for path in sorted((workspace.root / "queries").glob("*.rq")):
        out.write(f"queries/{path.name}", path.read_bytes())
    with out.stream("shacl-report.ttl") as sink:
        dumps.write(_as_triples(report), ox.RdfFormat.TURTLE, sink, base)
    told = edition(release, out, base)
    facts, links = asyncio.run(_counted(workspace, current))
    with out.stream("catalogue.ttl") as sink:
        listed = sorted(catalogue.catalogue(told, facts, links, workspace.settings), key=str)
        dumps.write(dict.fromkeys(listed), ox.RdfFormat.TURTLE, sink, base)
    out.write_json("schema-org.jsonld", citing.schema_org(told))
    out.write_json("datacite.json", citing.datacite(told))
    out.write("CITATION.cff", citing.citation(told).encode())
    out.write_json(ABOUT, asdict(release))
    out.write_json(citing.CRATE, citing.crate(told, out.files))
    out.write_sums()
    return release


def _as_triples(report: Report) -> list[ox.Triple]:
    """A report whose blank nodes have the same labels wherever it is made."""
    text = report.graph.serialize(format="nt", encoding="utf-8")
    graph = ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_TRIPLES))
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return [quad.triple for quad in sorted(graph, key=str)]


async def _counted(workspace: Workspace, current: Snapshot) -> tuple[Facts, list[Linkset]]:
    base = workspace.settings.base
    async with Embedded(current, workspace.settings) as engine:
        return await description.gather(engine, workspace.questions, base), await catalogue.linksets(engine, base)
