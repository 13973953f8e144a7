"""`hrc`: one short function a verb. Exit codes: 0 done, 1 does not conform, 2 could not run."""

from __future__ import annotations

import asyncio
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hrc_graph import __version__, formats, namespaces, questions
from hrc_graph.cli import data, desk, link
from hrc_graph.cli.shell import DeskUrl, Language, WorkspaceOption, errors, prepared, progress, snapshot
from hrc_graph.engine import Engine, Question
from hrc_graph.errors import BadParameter
from hrc_graph.settings import Judge, Settings
from hrc_graph.workspace import Workspace, open_workspace

app = typer.Typer(help="The Human Rights Cities graph.", no_args_is_help=True, pretty_exceptions_enable=False)

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

    with errors():
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
        opened = open_workspace(workspace, settings)
        server.run(
            opened,
            prepared(opened),
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
    """Derive the snapshot that questions are answered from, index its names, read the history; prints its id."""
    with errors():
        made = prepared(open_workspace(workspace, Settings(base=_base(base))), fresh=fresh)
        print(f"{made.id}  {made.triples} triples in {made.graphs} graphs")


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

    with errors():
        opened = open_workspace(workspace)
        wanted = [*(paths or ()), *(opened.files.changed() if changed else ())]
        if changed and not wanted:
            print("Nothing differs from the last commit.")
            raise typer.Exit
        with progress() as told:
            report = review.review(opened, wanted, told, engine)
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
    with errors():
        opened = open_workspace(workspace, Settings(time_limit=time_limit, workers=1))
        asked = _question(opened, question, param or [], format)
        body = asyncio.run(_ask(opened, asked, endpoint))
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


for commands in (data, link, desk):
    commands.add_to(app)


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

    async with Embedded(snapshot(workspace), workspace.settings) as engine:
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
