"""Judges the files of a workspace, and says where in which file each result stands."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pyoxigraph as ox

from hrc_graph import namespaces, records, slices, validation
from hrc_graph.engine import snapshots
from hrc_graph.errors import BadFile
from hrc_graph.settings import Judge
from hrc_graph.validation import Report, Result
from hrc_graph.workspace import Workspace

_IRI = re.compile(r"https?://[^\s<>\"{}|\\^`,;()]+[^\s<>\"{}|\\^`,;().:]")
_MARK = {"Violation": "error", "Warning": "warning", "Info": "wish"}


def review(
    workspace: Workspace,
    paths: Sequence[Path] = (),
    progress: snapshots.Progress = snapshots.quiet,
    engine: Judge | None = None,
) -> Report:
    """The shapes' judgement of the workspace, or of the records in some files as if they were part of it.

    Raises `BadFile` for a path that does not exist or does not parse.
    """
    base = workspace.settings.base
    asked = {path: _read(path, base) for path in _turtle_files(paths)}
    inside = set(workspace.files.graphs().values())
    extra = {f"review/{number}": triples for number, (path, triples) in enumerate(asked.items()) if path not in inside}
    store = snapshots.load(workspace.files, base=base, extra=extra, progress=progress)
    progress("judging", 0, 1)
    focus = {str(triple.subject)[1:-1] for triples in asked.values() for triple in triples}
    if paths:
        report = judge_records(store, workspace, engine, focus)
    else:
        report, house = judge_records(store, workspace, engine), _judge_terms(store, workspace, engine)
        report = Report(report.results + house.results, report.graph + house.graph)
    progress("judging", 1, 1)
    places = _Places(workspace, asked)
    return Report(tuple(places.locate(result) for result in report.results), report.graph)


def judge_records(
    store: ox.Store, workspace: Workspace, engine: Judge | None = None, focus: Collection[str] | None = None
) -> Report:
    """The shapes' judgement of a store of all graphs: of every record, or of these and no others."""
    base = workspace.settings.base
    rules = validation.to_rdflib(_read(workspace.root / "ontology" / "shapes.ttl", base))
    # derived claims repeat what is judged where it stands, and are most of the graph
    apart = {ox.NamedNode(f"{base}graph/{name}") for name in ("shapes", "derived/claims")}
    quads: Iterable[ox.Quad] = store if focus is None else slices.around(store, focus, base=base)
    judged = (quad for quad in quads if quad.graph_name not in apart)
    if focus is None:
        return validation.judge(validation.to_rdflib(judged), rules, engine=engine)
    return validation.Rules(rules, engine).judge(judged, focus)


def _judge_terms(store: ox.Store, workspace: Workspace, engine: Judge | None) -> Report:
    """The house rules' judgement of the ontology, the shapes and the vocabularies."""
    base = workspace.settings.base
    model = ("ontology", "shapes", "vocabularies/")
    quads = (quad for quad in store if quad.graph_name.value.removeprefix(f"{base}graph/").startswith(model))
    rules = validation.to_rdflib(_read(workspace.root / "ontology" / "house-rules.ttl", base))
    return validation.judge(validation.to_rdflib(quads), rules, engine=engine)


def _turtle_files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadFile(f"There is no file {path}.", "Name Turtle files, or folders that hold some.")
        found += sorted(path.rglob("*.ttl")) if path.is_dir() else [path]
    return [path.resolve() for path in found]


def _read(path: Path, base: str) -> list[ox.Triple]:
    try:
        return records.read(path.read_bytes(), base=base, name=str(path))
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error


class _Places:
    """Finds the file and line of a focus node; files are read once, and only when asked for."""

    def __init__(self, workspace: Workspace, asked: dict[Path, list[ox.Triple]]) -> None:
        self._root = workspace.root
        self._base = workspace.settings.base
        every = [*asked, *(path for path in workspace.files.graphs().values() if path not in asked)]
        self._waiting = list(reversed(every))
        self._known: dict[str, tuple[str, int]] = {}

    def locate(self, result: Result) -> Result:
        while result.focus not in self._known and self._waiting:
            path = self._waiting.pop()
            shown = str(path.relative_to(self._root)) if path.is_relative_to(self._root) else str(path)
            for subject, line in records.lines(path.read_text("utf-8"), base=self._base).items():
                self._known.setdefault(subject, (shown, line))
        file, line = self._known.get(result.focus, ("", 0))
        return dataclasses.replace(result, file=file, line=line)


def as_text(report: Report, language: str) -> str:
    """The report for people: a line for where and what, a line for what to do; a count at the end."""
    out = []
    for result in report.results:
        where = f"{result.file}:{result.line}" if result.file else "derived"
        about = f" {namespaces.short(result.path)}" if result.path else ""
        value = f" = {namespaces.short(result.value)}" if result.value and result.value != result.focus else ""
        out.append(f"{where}: {_MARK[result.severity]}: {namespaces.short(result.focus)}{about}{value}")
        out.append(f"    {_IRI.sub(lambda iri: namespaces.short(iri[0]), result.message(language))}")
    counts = [len(report.of(severity)) for severity in _MARK]
    verdict = "conforms" if report.conforms else "does not conform"
    out.append(f"{verdict}: {counts[0]} errors, {counts[1]} warnings, {counts[2]} wishes")
    return "\n".join(out) + "\n"


def as_json(report: Report) -> str:
    """The report for programs."""
    results = [dataclasses.asdict(result) for result in report.results]
    return json.dumps({"conforms": report.conforms, "results": results}, ensure_ascii=False, indent=1) + "\n"


def as_csv(report: Report, language: str) -> str:
    """The report as a table, one row a result."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(("file", "line", "severity", "subject", "property", "value", "message", "shape"))
    for r in report.results:
        table.writerow((r.file, r.line, r.severity, r.focus, r.path, r.value, r.message(language), r.shape))
    return out.getvalue()


def as_turtle(report: Report) -> str:
    """The SHACL validation report."""
    return report.graph.serialize(format="turtle")
