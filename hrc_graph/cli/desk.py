"""`hrc account`, `hrc token`, `hrc audit` and `hrc contact`: the desk from the shell of whoever runs the server."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterator
from typing import Annotated

import typer

from hrc_graph.cli.shell import DeskUrl, WorkspaceOption, errors
from hrc_graph.desk import Desk, open_desk
from hrc_graph.desk.accounts import FIRST_LINK_HOURS, LINK_HOURS, Role
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.tokens import MOST_DAYS, Scope
from hrc_graph.settings import Settings
from hrc_graph.workspace import open_workspace

_BY = "operator"

_account = typer.Typer(help="Who works at the desk.", no_args_is_help=True)
_token = typer.Typer(help="What works for them.", no_args_is_help=True)
_audit = typer.Typer(help="Who did what.", no_args_is_help=True)
_contact = typer.Typer(help="The people behind applications.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The e-mail address of the account.")]
Who = Annotated[str, typer.Argument(help="The reference of an application, or an e-mail address.")]


def add_to(app: typer.Typer) -> None:
    """Make these commands part of `hrc`."""
    for name, commands in (("account", _account), ("token", _token), ("audit", _audit), ("contact", _contact)):
        app.add_typer(commands, name=name)


@_account.command("add")
def add_account(
    name: Annotated[str, typer.Argument(help="The name of the person.")],
    email: Email,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.editor,
    desk_url: DeskUrl = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Add an account; prints the link that sets its password."""
    with _desk(workspace, desk_url) as desk:
        account, code = desk.accounts.add(name, email, role, _BY)
        print(f"account {account.id}: {account.name}, {account.role.value}")
        _print_link(code, LINK_HOURS)


@_account.command("list")
def list_accounts(desk_url: DeskUrl = "", workspace: WorkspaceOption = None) -> None:
    """Show every account."""
    with _desk(workspace, desk_url) as desk:
        for account in desk.accounts.all():
            state = "disabled" if account.disabled else account.signs_in or "no password yet"
            print(f"{account.id}\t{account.email}\t{account.name}\t{account.role.value}\t{state}")


@_account.command("disable")
def disable_account(
    email: Email,
    undo: Annotated[bool, typer.Option("--undo", help="Let the person in again.")] = False,
    desk_url: DeskUrl = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Shut somebody out, at once."""
    with _desk(workspace, desk_url) as desk:
        account = desk.accounts.find(email)
        desk.accounts.set_disabled(account.id, not undo, _BY)
        print(f"account {account.id} is {'enabled' if undo else 'disabled'}")


@_account.command("role")
def set_role(email: Email, role: Role, desk_url: DeskUrl = "", workspace: WorkspaceOption = None) -> None:
    """Change what somebody may do."""
    with _desk(workspace, desk_url) as desk:
        account = desk.accounts.find(email)
        desk.accounts.set_role(account.id, role, _BY)
        print(f"account {account.id} is {role.value}")


@_account.command("link")
def make_link(
    email: Annotated[str, typer.Argument(help="The account; without it, the first account is made.")] = "",
    desk_url: DeskUrl = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Print a link that sets a password, once; earlier ones end."""
    with _desk(workspace, desk_url) as desk:
        if email:
            _print_link(desk.accounts.link(desk.accounts.find(email).id, _BY), LINK_HOURS)
            return
        code = desk.accounts.first_link()
        if not code:
            print("There are accounts already; name one.")
            raise typer.Exit(2)
        _print_link(code, FIRST_LINK_HOURS)


@_token.command("create")
def create_token(
    email: Email,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[Scope, typer.Option(help="Whether it may write.")] = Scope.read,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How long it lasts.")] = 90,
    desk_url: DeskUrl = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Print a new token, this once."""
    with _desk(workspace, desk_url) as desk:
        token, text = desk.tokens.create(desk.accounts.find(email), name, scope, days, _BY)
        print(f"token {token.id}, until {_day(token.expires)}")
        print(text)


@_token.command("list")
def list_tokens(desk_url: DeskUrl = "", workspace: WorkspaceOption = None) -> None:
    """Show every token, without its secret."""
    with _desk(workspace, desk_url) as desk:
        for token in desk.tokens.all():
            state = f"until {_day(token.expires)}" if token.lives else "ended"
            print(f"{token.id}\t{token.account.email}\t{token.name}\t{token.scope.value}\t{state}")


@_token.command("revoke")
def revoke_token(
    number: Annotated[int, typer.Argument(help="As `hrc token list` numbers it.")],
    desk_url: DeskUrl = "",
    workspace: WorkspaceOption = None,
) -> None:
    """End a token, at once."""
    with _desk(workspace, desk_url) as desk:
        desk.tokens.revoke(number, _BY)
        print(f"token {number} is revoked")


@_audit.command("verify")
def verify_audit(workspace: WorkspaceOption = None) -> None:
    """Look for lines of the audit log that were changed or are missing. Exits 1 when there are some."""
    with errors():
        audit = Audit(open_workspace(workspace).root / ".hrc")
        broken = audit.broken()
        for sentence in broken:
            print(sentence)
        if not broken:
            lines = len(audit.path.read_bytes().splitlines()) if audit.path.is_file() else 0
            print(f"{lines} lines, each as it was written.")
    raise typer.Exit(1 if broken else 0)


@_contact.command("export")
def export_contact(who: Who, desk_url: DeskUrl = "", workspace: WorkspaceOption = None) -> None:
    """Print all that is held of a person, as JSON."""
    with _desk(workspace, desk_url) as desk:
        print(json.dumps(desk.contacts.export(who), ensure_ascii=False, indent=1))


@_contact.command("erase")
def erase_contact(who: Who, desk_url: DeskUrl = "", workspace: WorkspaceOption = None) -> None:
    """Erase a person, for good; the applications stay."""
    with _desk(workspace, desk_url) as desk:
        for reference in desk.contacts.erase(who, _BY):
            print(f"{reference}: erased")


@_contact.command("expire")
def expire_contacts(desk_url: DeskUrl = "", workspace: WorkspaceOption = None) -> None:
    """Erase everybody who was kept long enough; a running server does so every day."""
    with _desk(workspace, desk_url) as desk:
        print(f"{len(desk.contacts.expire(_BY))} contacts were erased")


@contextlib.contextmanager
def _desk(workspace: WorkspaceOption, desk_url: str) -> Iterator[Desk]:
    with errors():
        desk = open_desk(open_workspace(workspace).root, Settings(desk_url=desk_url))
        try:
            yield desk
        finally:
            desk.database.close()


def _print_link(code: str, hours: int) -> None:
    print(f"Open /desk/set-up#{code} at your server, once, within {hours} hours.")


def _day(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
