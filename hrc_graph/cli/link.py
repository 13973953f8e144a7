"""`hrc link`: one commitment from the shell, judged and published as one change."""

from __future__ import annotations

import gettext
from typing import Annotated

import typer

from hrc_graph.cli.shell import WorkspaceOption, errors
from hrc_graph.workspace import open_workspace


def add_to(app: typer.Typer) -> None:
    """Make the command part of `hrc`."""
    app.command()(link)


def link(
    government: Annotated[str, typer.Argument(help="A local government, by id, code or any name.")],
    to: Annotated[str, typer.Option(help="A text, campaign or wave, by id or any name.")],
    mode: Annotated[str, typer.Option(help="How: adopted, signed, endorsed, joined, enacted or pledged.")],
    source: Annotated[str, typer.Option(help="The page that says so, by address, id or title.")],
    date: Annotated[str, typer.Option(help="When, as people write it: 2016, May 2016, 17 Mei 2016, about 2012.")] = "",
    locator: Annotated[str, typer.Option(help="Where in the source. Default: the whole page.")] = "",
    title: Annotated[str, typer.Option(help="The title of a page that is not recorded yet.")] = "",
    language: Annotated[str, typer.Option(help="The language of that page: a tag, such as id.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Record that a government took on a text or campaign. Exits 0 when it could, 1 when the shapes refuse, 2 else."""
    from hrc_graph.index import Index
    from hrc_graph.proposals import drafting, linking, sentences
    from hrc_graph.proposals.ground import Ground

    with errors():
        index = Index.open(open_workspace(workspace))
        ground = Ground(index.workspace, index.store)
        proposal = linking.link(
            government, to, ground, mode=mode, source=source, date=date, locator=locator, title=title, language=language
        )
        draft = drafting.draft(proposal, ground)
        told = sentences.sentences(proposal, "en", gettext.NullTranslations(), ground)
        print("\n".join(told))
        if not draft.changes:
            print("It is recorded already: nothing was changed.")
            return
        report = index.judge(draft.changes)
        for problem in draft.beside(report, ground):
            if problem.severity != "Info":
                print(f"{problem.severity.lower()}: {problem.message('en')}")
        if not report.conforms:
            print("Nothing was changed.")
            raise typer.Exit(1)
        if dry_run:
            print(f"would change {', '.join(draft.changes)}")
            return
        change = index.accept(draft.changes, told[0].rstrip("."), None)
        print(f"changed {', '.join(draft.changes)}")
        print(f"hrc undo {change.id} takes it back")
