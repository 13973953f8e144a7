"""Bringing tables in, from files to published dossiers: read, merge, judge, report, write; or none of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from hrc_graph import publishing, review
from hrc_graph.engine import snapshots
from hrc_graph.errors import BadFile, NotFound
from hrc_graph.tables import Sheet, exporting, kinds, sheets
from hrc_graph.tables.importing import Batch
from hrc_graph.tables.kinds import Kind
from hrc_graph.tables.rows import Outcome, Problem
from hrc_graph.workspace import Workspace

_SUFFIXES = (".csv", ".tsv", ".xlsx")


def table_kinds(workspace: Workspace) -> dict[str, Kind]:
    """The kinds of table that the workspace reads."""
    return kinds.load(workspace.root / "ontology" / "tables")


def read(
    paths: Sequence[Path], known: Mapping[str, Kind], name: str = ""
) -> tuple[list[tuple[Sheet, Kind]], list[str]]:
    """The sheets of files and folders with their kinds, and the files of folders that are of no kind.

    Without a name, the kind is that of the file's or the worksheet's own name. Raises `BadFile` or `NotFound`.
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
    return found, unread


def bring(
    workspace: Workspace,
    tables: Sequence[tuple[Sheet, Kind]],
    *,
    dry_run: bool,
    language: str = "en",
    progress: snapshots.Progress = snapshots.quiet,
) -> tuple[Outcome, publishing.Change | None]:
    """Import tables, or with `dry_run` only say what would change. Nothing is written while there is a problem."""
    progress("reading rows", 0, 1)
    batch = Batch(workspace)
    for sheet, kind in tables:
        batch.add(sheet, kind)
    outcome = batch.run()
    progress("reading rows", 1, 1)
    if outcome.changes:
        _judge(workspace, outcome, language, progress)
    if outcome.problems:
        outcome.changes = {}
    if dry_run or not outcome.changes:
        return outcome, None
    names = ", ".join(dict.fromkeys(sheet.file for sheet, _ in tables))
    return outcome, publishing.publish(workspace, outcome.changes, f"import of {names}")


def write_report(tables: Sequence[tuple[Sheet, Kind]], outcome: Outcome, path: Path) -> None:
    """The same table back with a column `errors`, marked where it is wrong. One sheet a report.

    Raises `BadFile` for several sheets: which one is meant would not be clear.
    """
    if len(tables) != 1:
        raise BadFile("A report is made for one table at a time.", "Import one file to get it back.")
    sheet = tables[0][0]
    rows: dict[int, list[str]] = defaultdict(list)
    marks: dict[tuple[int, str], str] = {}
    for problem in outcome.problems:
        column = f"{problem.column}: " if problem.column else ""
        rows[problem.row].append(f"{column}{problem.rule} {problem.remedy}".strip())
        if problem.column:
            marks[problem.row, problem.column] = f"{problem.rule} {problem.remedy}".strip()
    sheets.with_errors(sheet, {row: " | ".join(said) for row, said in rows.items()}, path, marks)


def _judge(workspace: Workspace, outcome: Outcome, language: str, progress: snapshots.Progress) -> None:
    """Add what the shapes say of the rows' things, at the cells that said them."""
    base = workspace.settings.base
    store = snapshots.load(workspace.files, base=base, instead=outcome.changes, progress=progress)
    progress("judging", 0, 1)
    whole: dict[str, tuple[Sheet, int, str]] = {}
    for (subject, _), place in outcome.cells.items():
        whole.setdefault(subject, (place[0], place[1], ""))
    report = review.judge_records(store, workspace, focus=whole)
    for result in report.of("Violation"):
        sheet, row, column = outcome.cells.get((result.focus, result.path), whole[result.focus])
        outcome.add(Problem(sheet.name, row, column, result.value, result.message(language), ""))
    progress("judging", 1, 1)
