"""The living index of a workspace: what a change would do, is judged by, and makes of the snapshot, within a second.

It holds every graph, of the files and derived, in memory. A change touches only its own dossiers and what is derived
from them; the store is then what a fresh build gives, which tests compare byte by byte. The way of a change: judged,
its snapshot written, its dossiers written and committed, its snapshot shown. Before the commit any failure leaves all
as it was; after it, the next start or the next change shows what was committed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pyoxigraph as ox

from hrc_graph import derive, files, publishing, records, slices, validation
from hrc_graph.engine import snapshots
from hrc_graph.engine.snapshots import Progress, Snapshot
from hrc_graph.errors import BadFile, BadInput, Busy, ChangedMeanwhile, NotConforming, Unwritable
from hrc_graph.publishing import Author, Change
from hrc_graph.validation import Report, Result
from hrc_graph.workspace import Workspace

_LOG = logging.getLogger("hrc_graph")
_NAME = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(/[a-z0-9]+(-+[a-z0-9]+)*)+\Z")
_OURS = ("ontology", "shapes", "vocabularies/", "derived/", "review/")
"""How the names of graphs begin that are no dossiers."""
_NOT_JUDGED = ("shapes", "derived/claims")
"""The shapes themselves, and the claims that repeat what is judged where it stands, which are most of the graph."""

Contents = Mapping[str, bytes | None]
"""The Turtle of dossiers by their names; None for one that is not there, or is to be taken away."""


def current(
    workspace: Workspace,
    *,
    fresh: bool = False,
    progress: Progress = snapshots.quiet,
    prepare: Callable[[Snapshot], None] | None = None,
) -> Snapshot:
    """The snapshot of the files as they are, after putting back or finishing a change that was cut short.

    `prepare` is called with a new one before it is shown.
    Where it cannot be written the last one has to do, unless it should be `fresh`. Raises `Busy`, `Unwritable`.
    """
    try:
        with publishing.turn(workspace), publishing.unwritable(workspace):
            publishing.recover(workspace)
            base = workspace.settings.base
            return snapshots.current(
                workspace.files, workspace.state, base=base, fresh=fresh, progress=progress, prepare=prepare
            )
    except Unwritable as error:
        last = snapshots.latest(workspace.state)
        if fresh or not last:
            raise
        _LOG.warning("the last snapshot answers", extra={"fields": {"snapshot": last.id, "error": error.message}})
        return last


class Index:
    """The index of a workspace for one process; any thread may use it. Use `Index.open`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.store = ox.Store()
        """Every graph; to be read only, and by nobody while a change is judged: use `reading`."""
        self._base = workspace.settings.base
        self._mutex = threading.RLock()
        self._sums: dict[str, str] = {}
        self._stamps: dict[str, tuple[int, int, int]] = {}
        self._snapshot: Snapshot
        self._rules: validation.Rules
        self._model: list[ox.Quad]

    @classmethod
    def open(cls, workspace: Workspace, progress: Progress = snapshots.quiet) -> Index:
        """The index of the files as they are, from the current snapshot if that is theirs; else it is built first.

        A change that was cut short is put back or finished. Raises `BadFile` for a file that does not parse, `Busy`
        while another process makes a change, `Unwritable`.
        """
        index = cls(workspace)
        with publishing.turn(workspace):
            index._read(progress)
        return index

    @property
    def snapshot(self) -> Snapshot:
        """What the store holds, as servers read it."""
        return self._snapshot

    @contextlib.contextmanager
    def reading(self) -> Iterator[ox.Store]:
        """The store, while no change is tried on it."""
        with self._mutex:
            yield self.store

    def refresh(self, wait: float = publishing.WAIT) -> bool:
        """Take in what other processes did to the files, and show it; whether there was anything.

        `wait` is for how many seconds another process may go on with its change. Raises as `open`.
        """
        with self._mutex, publishing.turn(self.workspace, wait):
            return self._refresh()

    @contextlib.contextmanager
    def as_if(self, changes: Contents) -> Iterator[ox.Store]:
        """The store as if these dossiers were written, to be read while nobody else has it; nothing is written.

        Raises `BadFile` for a text that does not parse.
        """
        with self._mutex, self._tried(self._parsed(changes)):
            yield self.store

    def judge(self, changes: Contents) -> Report:
        """The shapes' judgement of the workspace as if these dossiers were written; nothing is.

        It speaks of what stands in them, and of whatever else these changes can put right or wrong. A result's file and
        line are those of the new text. Raises `BadFile` for a text that does not parse.
        """
        with self._mutex:
            with contextlib.suppress(Busy, Unwritable), publishing.turn(self.workspace, wait=0):
                self._refresh()
            with self._tried(self._parsed(changes)) as trial:
                return self._judged(trial.nodes(self.store), changes)

    def check(self, changes: Contents) -> None:
        """Raise what `accept` would raise of these dossiers, and write nothing."""
        with self._mutex:
            with contextlib.suppress(Busy, Unwritable), publishing.turn(self.workspace, wait=0):
                self._refresh()
            self._check(self._canonical(changes))

    def accept(
        self,
        changes: Contents,
        what: str,
        author: Author | None,
        why: str = "",
        trailers: Mapping[str, str] | None = None,
        *,
        on: Mapping[str, str] | None = None,
    ) -> Change:
        """Publish dossiers, written in the one canonical way, and show them: all of them or none.

        Without an author it is whom git is told to be.

        `on` has the SHA-256 of the version of each dossier that the author saw, empty for one that was not there.
        Raises `ChangedMeanwhile` when one is another now, `NotConforming` with the report of what this change would
        break, `BadFile` for a text that does not parse or a name that no dossier can have, `BadInput` when nothing
        changes or git is in the middle of something, `Busy`, `Unwritable`.
        """
        with self._mutex, publishing.turn(self.workspace):
            self._refresh()
            self._check_seen(changes, on or {})
            contents = self._canonical(changes)

            def publish() -> Change:
                return publishing.publish(self.workspace, contents, what, author=author, why=why, trailers=trailers)

            return self._publish(contents, publish)

    def undo(self, change_id: str = "", author: Author | None = None, why: str = "") -> Change:
        """Put back what stood before a change, by default the newest that is not undone; what was undone.

        Raises what `accept` raises, `NotFound` when there is no such change, `BadInput` when a dossier of it was
        changed again since.
        """
        with self._mutex, publishing.turn(self.workspace):
            self._refresh()
            with publishing.unwritable(self.workspace):
                change, contents = publishing.undoing(self.workspace, change_id)

            def undo() -> Change:
                return publishing.undo(self.workspace, change.id, author=author, why=why)

            return self._publish(contents, undo)

    def _read(self, progress: Progress) -> None:
        """Begin anew from the files."""
        with publishing.unwritable(self.workspace):
            publishing.recover(self.workspace)
            self._stamps, self._sums = self.workspace.files.stamps(), self.workspace.files.sums()
            kept = self.workspace.files, self.workspace.state
            self._snapshot = snapshots.current(*kept, base=self._base, progress=progress)
        progress("reading the snapshot", 0, 1)
        self.store = ox.Store()
        # to load a file would rename its blank nodes
        self.store.bulk_extend(ox.parse(path=self._snapshot.path, format=ox.RdfFormat.N_QUADS))
        shapes = self.workspace.root / "ontology" / "shapes.ttl"
        said = records.read(shapes.read_bytes(), base=self._base, name=str(shapes))
        self._rules = validation.Rules(validation.to_rdflib(said))
        self._model = slices.model(self.store, base=self._base)
        progress("reading the snapshot", 1, 1)

    def _refresh(self) -> bool:
        with publishing.unwritable(self.workspace):
            publishing.recover(self.workspace)
        if not Path(self._snapshot.path).exists():
            self._read(snapshots.quiet)
            return True
        stamps = self.workspace.files.stamps()
        touched = [name for name in stamps.keys() | self._stamps.keys() if stamps.get(name) != self._stamps.get(name)]
        contents = self._on_disk(touched) if touched else {}
        contents = {name: text for name, text in contents.items() if _sum(text) != self._sums.get(name, "")}
        if any(name.startswith(_OURS) for name in contents):
            self._read(snapshots.quiet)  # the ontology is another, and all that follows from it
            return True
        shown = snapshots.latest(self.workspace.state)
        with publishing.unwritable(self.workspace):
            if contents:
                with self._tried(self._parsed(contents)) as trial:
                    known = shown if shown and shown.digest == self._made_from(contents) else None
                    self._keep(trial, contents, known or self._written(trial, contents))
            if not shown or shown.digest != self._snapshot.digest:
                snapshots.show(self._snapshot, self.workspace.state)
        self._stamps = stamps
        return bool(contents)

    def _check(self, contents: Contents) -> None:
        """Raise `NotConforming` when these dossiers would break a rule that is not broken already."""
        with self._tried(self._parsed(contents)) as trial:
            report = self._judged(trial.nodes(self.store), contents)
        if report.conforms:
            return
        standing = self._judged({result.focus for result in report.of("Violation")}, {})
        known = {(result.shape, result.focus, result.path, result.value) for result in standing.of("Violation")}
        wrong = [r for r in report.of("Violation") if (r.shape, r.focus, r.path, r.value) not in known]
        if wrong:
            said = f"The shapes do not allow this change: {wrong[0].message('en')}"
            raise NotConforming(said, "Mend it first.", report=Report(tuple(wrong), report.graph))

    def _publish(self, contents: Contents, publish: Callable[[], Change]) -> Change:
        self._check(contents)
        with self._tried(self._parsed(contents)) as trial:
            with publishing.unwritable(self.workspace):
                made = self._written(trial, contents)
                change = publish()
            self._keep(trial, contents, made)
        try:
            snapshots.show(made, self.workspace.state)
        except OSError as error:  # what was committed is shown with the next change, or by the next start
            _LOG.error("a change could not be shown", extra={"fields": {"change": change.id, "error": str(error)}})
        return change

    def _check_seen(self, changes: Contents, on: Mapping[str, str]) -> None:
        others = [name for name, seen in on.items() if self._sums.get(name, "") != seen]
        if others:
            raise ChangedMeanwhile(
                f"{', '.join(others)} was changed by somebody else since you opened it.",
                "Look at both versions and save again.",
                yours={name: changes.get(name) for name in others},
                current=self._on_disk(others),
            )

    def _on_disk(self, names: Collection[str]) -> dict[str, bytes | None]:
        graphs = self.workspace.files.graphs()
        return {name: graphs[name].read_bytes() if name in graphs else None for name in names}

    def _canonical(self, changes: Contents) -> dict[str, bytes | None]:
        """The bytes of the dossiers that change."""
        contents: dict[str, bytes | None] = {}
        for name, text in changes.items():
            if not _NAME.match(name) or name.startswith(_OURS):
                raise BadFile(f"No dossier can be called “{name}”.", "Name a graph like governments/id/lahat.")
            if text is not None:
                triples = records.read(text, base=self._base, name=name)
                if not triples:
                    raise BadFile(f"{name} would hold nothing.", "Take the dossier away instead.")
                text = records.write(triples, base=self._base).encode()
            if _sum(text) != self._sums.get(name, ""):
                contents[name] = text
        if not contents:
            raise BadInput("This changes nothing.", "It is already written so.")
        return contents

    def _parsed(self, contents: Contents) -> dict[str, set[ox.Quad]]:
        return {
            name: snapshots.in_graph(
                name, records.read(text, base=self._base, name=name) if text else [], base=self._base
            )
            for name, text in contents.items()
        }

    @contextlib.contextmanager
    def _tried(self, graphs: Mapping[str, set[ox.Quad]]) -> Iterator[_Trial]:
        """The store as if these graphs were so; as it was afterwards, unless the trial is kept."""
        less: set[ox.Quad] = set()
        more: set[ox.Quad] = set()
        focus: set[str] = set()
        for name, new in graphs.items():
            old = self._graph(name)
            less |= old - new
            more |= new - old
            focus |= _subjects(old | new)
        trial = _Trial(less, more, focus)
        try:
            self._turn(less, more)
            derived_less, derived_more = derive.again(self.store, less | more, base=self._base)
            trial.less, trial.more = less | derived_less, more | derived_more
            self._turn(derived_less, derived_more)
            yield trial
        finally:
            if not trial.kept:
                self._turn(trial.more, trial.less)

    def _graph(self, name: str) -> set[ox.Quad]:
        return set(self.store.quads_for_pattern(None, None, None, ox.NamedNode(f"{self._base}graph/{name}")))

    def _turn(self, less: Collection[ox.Quad], more: Collection[ox.Quad]) -> None:
        """Take quads out of the store and put others in. Graphs that this leaves empty go."""
        for quad in less:
            self.store.remove(quad)
        self.store.extend(more)
        for graph in {quad.graph_name for quad in less}:
            if next(self.store.quads_for_pattern(None, None, None, graph), None) is None:
                self.store.remove_graph(graph)

    def _judged(self, focus: set[str], contents: Contents) -> Report:
        """The judgement of these nodes by the store as it is; lines are those of `contents`, else of the files."""
        apart = {ox.NamedNode(f"{self._base}graph/{name}") for name in _NOT_JUDGED}
        quads = (quad for quad in slices.near(self.store, focus) if quad.graph_name not in apart)
        report = self._rules.judge(quads, focus, self._model)
        places: dict[str, dict[str, int]] = {}
        return Report(tuple(self._placed(result, contents, places) for result in report.results), report.graph)

    def _placed(self, result: Result, contents: Contents, places: dict[str, dict[str, int]]) -> Result:
        """The result with its file, and its line there; texts are read once."""
        for quad in self.store.quads_for_pattern(ox.NamedNode(result.focus), None, None, None):
            name = str(quad.graph_name)[1:-1].removeprefix(f"{self._base}graph/")
            if name.startswith(_OURS):
                continue
            if name not in places:
                text = contents.get(name) or self.workspace.files.path(name).read_bytes()
                places[name] = records.lines(text.decode("utf-8"), base=self._base)
            return dataclasses.replace(result, file=f"data/{name}.ttl", line=places[name].get(result.focus, 0))
        return result

    def _made_from(self, contents: Contents) -> str:
        sums = self._sums | {name: _sum(text) for name, text in contents.items()}
        return snapshots.digest(files.digest({name: sum for name, sum in sums.items() if sum}), base=self._base)

    def _written(self, trial: _Trial, contents: Contents) -> Snapshot:
        """The snapshot of the store as it is on trial, on disk but not shown."""
        if not trial.less and not trial.more:
            return dataclasses.replace(self._snapshot, digest=self._made_from(contents))
        old, new = ({quad.triple for quad in quads} for quads in (trial.less, trial.more))
        gone = sum(1 for triple in old - new if not self._graphs_with(triple))
        times = Counter(quad.triple for quad in trial.more)
        come = sum(1 for triple in new - old if self._graphs_with(triple) == times[triple])
        return snapshots.after(
            self._snapshot,
            list(trial.less),
            list(trial.more),
            self.workspace.state,
            made_from=self._made_from(contents),
            triples=self._snapshot.triples - gone + come,
            graphs=sum(1 for _ in self.store.named_graphs()),
        )

    def _graphs_with(self, triple: ox.Triple) -> int:
        return sum(1 for _ in self.store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None))

    def _keep(self, trial: _Trial, contents: Contents, made: Snapshot) -> None:
        trial.kept = True
        self._snapshot = made
        self._sums |= {name: _sum(text) for name, text in contents.items()}
        self._sums = {name: sum for name, sum in self._sums.items() if sum}


@dataclasses.dataclass
class _Trial:
    """What a change takes out of the store and puts into it, derived quads among them."""

    less: set[ox.Quad]
    more: set[ox.Quad]
    focus: set[str]
    """The things in the changed dossiers, as they were and as they would be."""
    kept: bool = False

    def nodes(self, store: ox.Store) -> set[str]:
        """Whatever has to be judged: those things, and what else the change can put right or wrong."""
        return self.focus | slices.reached(store, (*self.less, *self.more))


def _subjects(quads: Iterable[ox.Quad]) -> set[str]:
    return {quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)}


def _sum(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()
