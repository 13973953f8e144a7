"""Bringing tables in, from files to published dossiers: read, merge, judge, report, write; or none of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hrc_graph import namespaces, publishing
from hrc_graph.engine import snapshots
from hrc_graph.errors import BadFile, NotConforming, NotFound
from hrc_graph.index import Index
from hrc_graph.tables import Sheet, exporting, kinds, sheets, writing
from hrc_graph.tables.importing import Batch
from hrc_graph.tables.kinds import Kind
from hrc_graph.tables.rows import Outcome, Problem
from hrc_graph.validation import Report
from hrc_graph.workspace import Workspace

_SUFFIXES = (".csv", ".tsv", ".xlsx")
_PLAIN_NAME = re.compile(r"\w[\w ()-]*\Z")  # a name from inside a workbook must not lead out of a folder


def table_kinds(workspace: Workspace) -> dict[str, Kind]:
    """The kinds of table that the workspace reads."""
    return kinds.load(workspace.root / "ontology" / "tables")


def read(
    paths: Sequence[Path], known: Mapping[str, Kind], name: str = ""
) -> tuple[list[tuple[Sheet, Kind]], list[str]]:
    """The sheets of files and folders with their kinds, and the files of folders that are of no kind.

    Without a name, the kind is that of the file's or the worksheet's own name. A sheet of the same name as one before
    gets a number, so that problems tell them apart. Raises `BadFile` or `NotFound`.
    """
    found: list[tuple[Sheet, Kind]] = []
    unread: list[str] = []
    for path in paths:
        if not path.exists():
            raise BadFile(f"There is no file {path}.", "Name CSV or XLSX files, or a folder of them.")
        for each in sorted(path.iterdir()) if path.is_dir() else [path]:
            if path.is_dir() and each.suffix.lower() not in _SUFFIXES:
                continue
            try:
                for sheet in sheets.read(each):
                    by_name = name or (sheet.name if each.suffix.lower() == ".xlsx" else each.stem)
                    kind = exporting.RECORDS if exporting.is_records(sheet) else kinds.find(known, by_name)
                    found.append((sheet, kind))
            except NotFound:
                if not path.is_dir():
                    raise
                unread.append(each.name)
    names = _apart(sheet.name for sheet, _ in found)
    return [(replace(sheet, name=name), kind) for name, (sheet, kind) in zip(names, found, strict=True)], unread


def bring(
    workspace: Workspace,
    tables: Sequence[tuple[Sheet, Kind]],
    *,
    dry_run: bool,
    language: str = "en",
    progress: snapshots.Progress = snapshots.quiet,
) -> tuple[Outcome, publishing.Change | None]:
    """Import tables, or with `dry_run` only say what would change. Nothing is written while there is a problem."""
    index = Index.open(workspace, progress)
    progress("reading rows", 0, 1)
    batch = Batch(workspace, index.store)
    for sheet, kind in tables:
        batch.add(sheet, kind)
    outcome = batch.run()
    progress("reading rows", 1, 1)
    change = None
    if outcome.changes:
        progress("judging", 0, 1)
        names = ", ".join(dict.fromkeys(sheet.file for sheet, _ in tables))
        try:
            if dry_run:
                index.check(outcome.changes)
            else:
                change = index.accept(outcome.changes, f"import of {names}", None)
        except NotConforming as error:
            _tell(error.report, outcome, language)
        progress("judging", 1, 1)
    if outcome.problems:
        outcome.changes = {}
    return outcome, change


def check_report(path: Path, tables: Sequence[tuple[Sheet, Kind]]) -> None:
    """Let a report of these tables be written to `path`, or raise `BadFile`.

    In a folder nothing may lie that is not of them: it would be brought again with the report.
    """
    if not _is_folder(path):
        writing.is_csv(path, len(_filled(tables)))
        return
    ours = {f"{name}.csv" for name in _names(_filled(tables))}
    there = [each.name for each in sorted(path.glob("*")) if each.suffix.lower() in _SUFFIXES and each.name not in ours]
    if there:
        raise BadFile(f"The folder {path} holds other tables: {', '.join(there)}.", "Name another folder.")


def write_report(tables: Sequence[tuple[Sheet, Kind]], outcome: Outcome, path: Path) -> None:
    """The tables back with a column `errors`, marked where they are wrong: as a CSV, a workbook, or a folder of CSVs.

    Each is called by a name of its kind, so that the report can be brought again. What is wrong with a header stands
    in the row below it. Raises `BadFile`.
    """
    tables = _filled(tables)
    marked = []
    for name, (sheet, _) in zip(_names(tables), tables, strict=True):
        rows: dict[int, list[str]] = defaultdict(list)
        cells: dict[tuple[int, str], str] = {}
        for problem in outcome.problems:
            if problem.sheet == sheet.name:
                said = f"{problem.rule} {problem.remedy}".strip()
                column = f"{problem.column}: " if problem.column else ""
                rows[max(problem.row, sheet.header_row + 1)].append(column + said)
                if problem.column:
                    cells[problem.row, problem.column] = said
        marked.append(writing.Marked(name, sheet, {row: " | ".join(said) for row, said in rows.items()}, cells))
    if _is_folder(path):
        for table in marked:
            writing.with_errors([table], path / f"{table.name}.csv")
    else:
        writing.with_errors(marked, path)


def _is_folder(path: Path) -> bool:
    return path.is_dir() or not (path.suffix or path.exists())


def _filled(tables: Sequence[tuple[Sheet, Kind]]) -> list[tuple[Sheet, Kind]]:
    """The tables with rows: a file of a header alone could not be brought again."""
    return [(sheet, kind) for sheet, kind in tables if sheet.rows]


def _names(tables: Sequence[tuple[Sheet, Kind]]) -> list[str]:
    """What the tables are called in a report: their own names where these say their kind, else the kind's."""
    return _apart(
        sheet.name
        if _PLAIN_NAME.match(sheet.name) and (kind is exporting.RECORDS or kind.bears(sheet.name))
        else kind.name
        for sheet, kind in tables
    )


def _apart(names: Iterable[str]) -> list[str]:
    """The names, with a number behind one that is there already."""
    found: dict[str, str] = {}
    for name in names:
        number, free = 1, name
        while free.lower() in found:
            number += 1
            free = f"{name} {number}"
        found[free.lower()] = free
    return list(found.values())


def _tell(report: Report, outcome: Outcome, language: str) -> None:
    """Add what the shapes do not allow, at the cells that said it, or in the dossier of what was there before."""
    whole: dict[str, tuple[str, int]] = {}
    for (subject, _), (sheet, row, _) in outcome.cells.items():
        whole.setdefault(subject, (sheet.name, row))
    for result in report.of("Violation"):
        message = result.message(language)
        cell = outcome.cells.get((result.focus, result.path))
        if cell:
            outcome.add(Problem(cell[0].name, cell[1], cell[2], result.value, message, ""))
        else:
            place, row = whole.get(result.focus, (result.file or namespaces.short(result.focus), result.line))
            outcome.add(Problem(place, row, "", result.value, message, ""))
