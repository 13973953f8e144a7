"""What commands do to the data and with its history: bring in, take out, release, undo."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hrc_graph.cli.shell import ERR, Language, WorkspaceOption, errors, progress, snapshot
from hrc_graph.errors import BadFile, BadParameter
from hrc_graph.workspace import open_workspace


def add_to(app: typer.Typer) -> None:
    """Make these commands part of `hrc`."""
    app.command(name="import")(bring)
    app.command(name="history")(tell)
    for command in (export, release, backup, undo):
        app.command()(command)


class HistoryFormat(StrEnum):
    """How `hrc history` tells."""

    text = "text"
    json = "json"


def bring(
    paths: Annotated[list[Path] | None, typer.Argument(help="CSV or XLSX files, or a folder of them.")] = None,
    kind: Annotated[str, typer.Option("--as", help="The kind of table. Default: as the file or sheet is called.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write the tables back with a column of errors: a .csv, an .xlsx, or a folder."),
    ] = None,
    template: Annotated[str, typer.Option("--template", help="Write an empty table of this kind to PATHS.")] = "",
    lang: Annotated[Language, typer.Option("--lang", help="The language of the messages.")] = Language.en,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring tables in, all or nothing. Exits 0 when they could come in, 1 when rows are wrong, 2 on other errors."""
    from hrc_graph.tables import bringing, kinds, writing

    with errors():
        opened = open_workspace(workspace)
        known = bringing.table_kinds(opened)
        if template:
            wanted = kinds.find(known, template)
            target = (paths or [Path(f"{wanted.name}.xlsx")])[0]
            writing.template(target, wanted.template_header(), wanted.notes())
            print(f"An empty table of {wanted.title['en'].lower()}: {target}")
            return
        if not paths:
            raise BadFile("No table was named.", "Name CSV or XLSX files, or a folder of them.")
        tables, unread = bringing.read(paths, known, kind)
        if report:
            bringing.check_report(report, tables)
        with progress() as told:
            outcome, change = bringing.bring(opened, tables, dry_run=dry_run, language=lang, progress=told)
        if report:
            bringing.write_report(tables, outcome, report)
        for problem in outcome.problems:
            print(f"{problem.sheet}, row {problem.row}, {problem.column or 'row'}: {problem.rule} {problem.remedy}")
        if unread:
            print(f"Not read, of no known kind: {', '.join(unread)}")
        would = "would change" if dry_run else "changed"
        done = f"{would} {len(outcome.changes)} dossiers" if not outcome.problems else "nothing was changed"
        print(f"{outcome.rows} rows, {len(outcome.merges)} found again, {len(outcome.problems)} problems: {done}")
        if change:
            print(f"hrc undo {change.id} takes it back")
    raise typer.Exit(1 if outcome.problems else 0)


def export(
    folder: Annotated[Path | None, typer.Argument(help="A folder for dumps, tables and their description.")] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="A folder for CSV tables, which make the same graph again.")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the graph out as RDF, tables and GeoJSON with checksums, or the data as tables to be edited."""
    from hrc_graph import export as leaving
    from hrc_graph.tables import exporting

    with errors():
        opened = open_workspace(workspace)
        if folder is None and tables is None:
            raise BadParameter("No folder was named.", "hrc export DIR writes dumps and tables into it.")
        if tables:
            for path in exporting.export(opened.files, tables, base=opened.settings.base):
                print(path)
        if folder:
            made = snapshot(opened)
            context = opened.root / "ontology" / "context.jsonld"
            with progress() as told:
                done = leaving.export(made, context, folder, base=opened.settings.base, progress=told)
            for name, file in sorted(done.files.items()):
                print(f"{file.sha256}  {folder / name}")
            print(f"{done.hash}  RDFC-1.0 of snapshot {made.id}")


def release(
    name: Annotated[str, typer.Argument(help="Year and month, such as 2026.11; of a second one 2026.11.1.")],
    notes: Annotated[Path | None, typer.Option("--notes", help="A text file that says what is new.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Tag the last commit as a release and write it below releases/; of a tag without a folder, write it again."""
    from hrc_graph import releases

    with errors():
        opened = open_workspace(workspace)
        if notes and not notes.is_file():
            raise BadFile(f"There is no file {notes}.", "Name a text file.")
        with progress() as told:
            made = releases.make(opened, name, notes.read_text("utf-8") if notes else None, told)
        print(f"{opened.root / releases.FOLDER / name}")
        print(f"release {made.release} of commit {made.commit[:12]}: snapshot {made.snapshot}, {made.triples} triples")
        print(f"{made.hash}  RDFC-1.0")
        print("The tag is in this repository only, until it is pushed.")


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet, or is empty.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Copy the workspace with its history and a dump; the copy is a workspace itself, to be served or copied back."""
    from hrc_graph import backups

    with errors():
        opened = open_workspace(workspace)
        with progress() as told:
            made = backups.make(opened, folder, told)
        print(f"{made.hash}  RDFC-1.0 of snapshot {made.snapshot}, {made.triples} triples")


def undo(
    change: Annotated[str, typer.Argument(help="The commit, or the number without git. Default: the newest.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Put back what stood before a change of data/."""
    from hrc_graph.index import Index

    with errors():
        with progress() as told:
            undone = Index.open(open_workspace(workspace), told).undo(change)
        print(f"Undone: {undone.what} ({len(undone.after)} dossiers)")


def tell(
    thing: Annotated[str, typer.Argument(help="An IRI, a short one (gov:id-lahat) or a dossier. Default: all.")] = "",
    format: Annotated[HistoryFormat, typer.Option("--format", help="How to tell it.")] = HistoryFormat.text,
    workspace: WorkspaceOption = None,
) -> None:
    """Who changed what in data/, when and why, newest first, from the git repository it stands in."""
    from hrc_graph import changes
    from hrc_graph.history import History

    with errors():
        opened = open_workspace(workspace)
        base = opened.settings.base
        with History(opened.root) as history:
            told = list(changes.told(history, base=base))
            if history.is_shallow:
                ERR.print("This clone is shallow: what was changed before is not told.")
        if thing:
            told = changes.about(told, thing, base=base)
        if format is HistoryFormat.json:
            sys.stdout.writelines(changes.as_json(told, base=base))
        else:
            sys.stdout.writelines(f"{line}\n" for line in changes.as_text(told))
