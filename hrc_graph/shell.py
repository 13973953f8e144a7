"""What commands of the shell have in common: the workspace, and errors in two lines."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hrc_graph.errors import HrcError

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
