"""`hrc`: one short function a verb. Exit codes: 0 done, 1 does not conform, 2 could not run."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hrc_graph import __version__, cli_desk, formats, namespaces, questions
from hrc_graph.engine import Engine, Question, snapshots
from hrc_graph.errors import BadFile, BadParameter
from hrc_graph.settings import Judge, Settings
from hrc_graph.shell import ERR as _ERR
from hrc_graph.shell import DeskUrl, WorkspaceOption
from hrc_graph.shell import errors as _errors
from hrc_graph.workspace import Workspace, open_workspace

app = typer.Typer(help="The Human Rights Cities graph.", no_args_is_help=True, pretty_exceptions_enable=False)
cli_desk.add_to(app)

BaseOption = Annotated[
    str,
    typer.Option("--base", envvar="HRC_BASE", help="The IRI that things are under; ends in a slash."),
]
TimeLimit = Annotated[float, typer.Option("--time-limit", min=0.1, help="Seconds after which a query is stopped.")]


class ReportFormat(StrEnum):
    """How `hrc validate` reports."""

    text = "text"
    json = "json"
    csv = "csv"
    turtle = "turtle"


class HistoryFormat(StrEnum):
    """How `hrc history` tells."""

    text = "text"
    json = "json"


class Language(StrEnum):
    """The languages of the interface."""

    en = "en"
    id = "id"
    es = "es"
    fr = "fr"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8000,
    time_limit: TimeLimit = 10.0,
    allow_update: Annotated[
        bool, typer.Option("--allow-update", help="Take updates on a copy that is forgotten at the end; for tests.")
    ] = False,
    token: Annotated[
        str, typer.Option(envvar="HRC_UPDATE_TOKEN", help="Who sends updates needs it; must be given off loopback.")
    ] = "",
    allow_service: Annotated[
        list[str] | None,
        typer.Option(help="SERVICE may call endpoints that start so, up to the slash after the host."),
    ] = None,
    base: BaseOption = namespaces.BASE,
    desk_url: DeskUrl = "",
    own_review: Annotated[
        bool, typer.Option("--own-review", help="Whoever drafted an application may also accept it.")
    ] = False,
    sign_in_issuer: Annotated[
        str, typer.Option(envvar="HRC_SIGN_IN_ISSUER", help="An OpenID provider to sign in with.")
    ] = "",
    sign_in_client: Annotated[
        str, typer.Option(envvar="HRC_SIGN_IN_CLIENT", help="As what that provider knows this server.")
    ] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Answer questions over HTTP: build the index if files changed, start, print the address."""
    from hrc_graph.web import server

    with _errors():
        services = tuple(map(_service_prefix, allow_service or ()))
        settings = Settings(
            base=_base(base),
            time_limit=time_limit,
            services=services,
            desk_url=desk_url,
            own_review=own_review,
            sign_in_issuer=sign_in_issuer,
            sign_in_client=sign_in_client,
        )
        opened = _open(workspace, settings)
        snapshot = _snapshot(opened)
        server.run(
            opened,
            snapshot,
            server.Place(host, port, allow_update, token),
            announce=lambda address: print(f"Listening on {address}", flush=True),
            welcome=lambda link: print(f"No account yet; make the first within an hour: {link}", flush=True),
        )


@app.command()
def build(
    fresh: Annotated[bool, typer.Option("--fresh", help="Build again even when no file changed.")] = False,
    base: BaseOption = namespaces.BASE,
    workspace: WorkspaceOption = None,
) -> None:
    """Derive the snapshot that questions are answered from; prints its id."""
    with _errors():
        snapshot = _snapshot(_open(workspace, Settings(base=_base(base))), fresh=fresh)
        print(f"{snapshot.id}  {snapshot.triples} triples in {snapshot.graphs} graphs")


@app.command()
def validate(
    paths: Annotated[list[Path] | None, typer.Argument(help="Turtle files or folders. Default: everything.")] = None,
    format: Annotated[ReportFormat, typer.Option("--format", help="How to report.")] = ReportFormat.text,
    lang: Annotated[Language, typer.Option("--lang", help="The language of the messages.")] = Language.en,
    changed: Annotated[bool, typer.Option("--changed", help="Only dossiers that differ from the last commit.")] = False,
    engine: Annotated[Judge | None, typer.Option("--engine", help="Default: the fastest installed.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Judge records by the shapes. Exits 0 when they conform, 1 when not, 2 when they cannot be judged."""
    from hrc_graph import review

    with _errors():
        opened = _open(workspace)
        wanted = [*(paths or ()), *(opened.files.changed() if changed else ())]
        if changed and not wanted:
            print("Nothing differs from the last commit.")
            raise typer.Exit
        with _progress() as progress:
            report = review.review(opened, wanted, progress, engine)
        match format:
            case ReportFormat.text:
                text = review.as_text(report, lang)
            case ReportFormat.json:
                text = review.as_json(report)
            case ReportFormat.csv:
                text = review.as_csv(report, lang)
            case ReportFormat.turtle:
                text = review.as_turtle(report)
        sys.stdout.write(text)
    raise typer.Exit(0 if report.conforms else 1)


@app.command()
def query(
    question: Annotated[str, typer.Argument(help="A file, the name of a question of the library, or - to read one.")],
    param: Annotated[list[str] | None, typer.Option("--param", help="name=value for a question's parameter.")] = None,
    format: Annotated[str, typer.Option("--format", help="json xml csv tsv; turtle ntriples json-ld rdf+xml n3.")] = "",
    endpoint: Annotated[str, typer.Option(help="Ask this SPARQL endpoint instead of the workspace.")] = "",
    time_limit: TimeLimit = 10.0,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask SPARQL of the workspace or of any endpoint; the whole answer goes to standard output."""
    with _errors():
        opened = _open(workspace, Settings(time_limit=time_limit, workers=1))
        asked = _question(opened, question, param or [], format)
        body = asyncio.run(_ask(opened, asked, endpoint))
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


@app.command(name="import")
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

    with _errors():
        opened = _open(workspace)
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
        with _progress() as progress:
            outcome, change = bringing.bring(opened, tables, dry_run=dry_run, language=lang, progress=progress)
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


@app.command()
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

    with _errors():
        opened = _open(workspace)
        if folder is None and tables is None:
            raise BadParameter("No folder was named.", "hrc export DIR writes dumps and tables into it.")
        if tables:
            for path in exporting.export(opened.files, tables, base=opened.settings.base):
                print(path)
        if folder:
            snapshot = _snapshot(opened)
            context = opened.root / "ontology" / "context.jsonld"
            with _progress() as progress:
                done = leaving.export(snapshot, context, folder, base=opened.settings.base, progress=progress)
            for name, file in sorted(done.files.items()):
                print(f"{file.sha256}  {folder / name}")
            print(f"{done.hash}  RDFC-1.0 of snapshot {snapshot.id}")


@app.command()
def release(
    name: Annotated[str, typer.Argument(help="Year and month, such as 2026.11; of a second one 2026.11.1.")],
    notes: Annotated[Path | None, typer.Option("--notes", help="A text file that says what is new.")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Tag the last commit as a release and write it below releases/; of a tag without a folder, write it again."""
    from hrc_graph import releases

    with _errors():
        opened = _open(workspace)
        if notes and not notes.is_file():
            raise BadFile(f"There is no file {notes}.", "Name a text file.")
        with _progress() as progress:
            made = releases.make(opened, name, notes.read_text("utf-8") if notes else None, progress)
        print(f"{opened.root / releases.FOLDER / name}")
        print(f"release {made.release} of commit {made.commit[:12]}: snapshot {made.snapshot}, {made.triples} triples")
        print(f"{made.hash}  RDFC-1.0")
        print("The tag is in this repository only, until it is pushed.")


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet, or is empty.")],
    workspace: WorkspaceOption = None,
) -> None:
    """Copy the workspace with its history and a dump; the copy is a workspace itself, to be served or copied back."""
    from hrc_graph import backups

    with _errors():
        opened = _open(workspace)
        with _progress() as progress:
            made = backups.make(opened, folder, progress)
        print(f"{made.hash}  RDFC-1.0 of snapshot {made.snapshot}, {made.triples} triples")


@app.command()
def undo(
    change: Annotated[str, typer.Argument(help="The commit, or the number without git. Default: the newest.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Put back what stood before a change of data/."""
    from hrc_graph.index import Index

    with _errors():
        with _progress() as progress:
            undone = Index.open(_open(workspace), progress).undo(change)
        print(f"Undone: {undone.what} ({len(undone.after)} dossiers)")


@app.command(name="history")
def tell(
    thing: Annotated[str, typer.Argument(help="An IRI, a short one (gov:id-lahat) or a dossier. Default: all.")] = "",
    format: Annotated[HistoryFormat, typer.Option("--format", help="How to tell it.")] = HistoryFormat.text,
    workspace: WorkspaceOption = None,
) -> None:
    """Who changed what in data/, when and why, newest first, from the git repository it stands in."""
    from hrc_graph import changes
    from hrc_graph.history import History

    with _errors():
        opened = _open(workspace)
        base = opened.settings.base
        with History(opened.root) as history:
            told = list(changes.told(history, base=base))
            if history.is_shallow:
                _ERR.print("This clone is shallow: what was changed before is not told.")
        if thing:
            told = changes.about(told, thing, base=base)
        if format is HistoryFormat.json:
            sys.stdout.writelines(changes.as_json(told, base=base))
        else:
            sys.stdout.writelines(f"{line}\n" for line in changes.as_text(told))


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """The Human Rights Cities graph."""
    if version:
        print(__version__)
        raise typer.Exit


async def _ask(workspace: Workspace, question: Question, endpoint: str) -> bytes:
    if endpoint:
        from hrc_graph.engine.remote import Remote

        remote: Engine = Remote(endpoint, workspace.settings)
        return (await remote.answer(question)).body
    from hrc_graph.engine.embedded import Embedded

    async with Embedded(_snapshot(workspace), workspace.settings) as engine:
        return (await engine.answer(question)).body


def _question(workspace: Workspace, asked: str, given: list[str], format: str) -> Question:
    tables, graphs = formats.named(format, formats.TABLES), formats.named(format, formats.GRAPHS)
    if format and not tables and not graphs:
        offered = " ".join(each.name for each in (*formats.TABLES, *formats.GRAPHS))
        raise BadParameter(f"There is no format “{format}”.", f"Offered: {offered}.")
    base = workspace.settings.base
    values = {name: value for name, _, value in (pair.partition("=") for pair in given)}
    if asked == "-":
        text = sys.stdin.read()
    elif Path(asked).is_file():
        text = Path(asked).read_text("utf-8")
    else:
        text = questions.find(workspace.questions, asked).text
    if text.startswith("#+"):
        text = questions.parse(Path(asked).stem, text).bound(values, base=base)
    return Question(text, tables or formats.TABLES[0], graphs or formats.GRAPHS[0], base)


def _service_prefix(given: str) -> str:
    if not re.match(r"https?://[^/]+/", given):
        raise BadParameter(f"“{given}” would let other hosts in.", "Write it to the slash: https://query.example.org/")
    return given


def _base(given: str) -> str:
    if not re.match(r"https?://[^/?#\s<>\"{}|\\^`]+/([^?#\s<>\"{}|\\^`]*/)?\Z", given):
        raise BadParameter(f"“{given}” cannot be what things are under.", "Write it so: https://example.org/hrc/")
    return given


def _open(folder: Path | None, settings: Settings | None = None) -> Workspace:
    return open_workspace(folder, settings)


def _snapshot(workspace: Workspace, *, fresh: bool = False) -> snapshots.Snapshot:
    from hrc_graph import index

    with _progress() as progress:
        return index.current(workspace, fresh=fresh, progress=progress)


@contextlib.contextmanager
def _progress() -> Iterator[snapshots.Progress]:
    """A bar on standard error for each thing that is done, gone when all is done."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=_ERR, transient=True, disable=not _ERR.is_terminal) as bars:
        tasks = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done, total=of)

        yield show
