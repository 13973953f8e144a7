"""What commands of the shell have in common: the workspace, and errors in two lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hrc_graph.engine import snapshots
from hrc_graph.errors import HrcError
from hrc_graph.workspace import Workspace

ERR = Console(stderr=True, highlight=False)

WorkspaceOption = Annotated[
    Path | None,
    typer.Option("--workspace", help="A folder with ontology/ and data/. Default: the nearest one upwards."),
]
DeskUrl = Annotated[
    str,
    typer.Option(
        envvar="HRC_DESK_URL", help="The desk's database, as SQLAlchemy writes it. Default: .hrc/desk.sqlite."
    ),
]


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Errors of ours as two lines on standard error and exit code 2."""
    try:
        yield
    except HrcError as error:
        where = f" (line {error.line}, column {error.column or 1})" if error.line else ""
        ERR.print(f"[bold red]error[/]: {error.message}{where}", markup=True, soft_wrap=True)
        if error.hint:
            ERR.print(error.hint, markup=False, soft_wrap=True)
        raise typer.Exit(2) from None


class Language(StrEnum):
    """The languages of the interface."""

    en = "en"
    id = "id"
    es = "es"
    fr = "fr"


def snapshot(workspace: Workspace) -> snapshots.Snapshot:
    """The snapshot of the files as they are, built if it is not there; with a bar."""
    from hrc_graph import index

    with progress() as told:
        return index.current(workspace, progress=told)


def prepared(workspace: Workspace, *, fresh: bool = False) -> snapshots.Snapshot:
    """The same, with all that the first request to a server would wait for."""
    from hrc_graph import preparing

    with progress() as told:
        return preparing.build(workspace, fresh=fresh, progress=told)


@contextlib.contextmanager
def progress() -> Iterator[snapshots.Progress]:
    """A bar on standard error for each thing that is done, gone when all is done."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bars:
        tasks = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=of)
            bars.update(tasks[what], completed=done, total=of)

        yield show
