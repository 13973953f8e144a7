"""The private half of the secretariat's desk: who may do what, and everything that is nobody else's business."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hrc_graph.desk.accounts import Accounts
from hrc_graph.desk.applications import Applications
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.contacts import Contacts
from hrc_graph.desk.database import Database
from hrc_graph.desk.decisions import Decisions
from hrc_graph.desk.secret import Stamps
from hrc_graph.desk.sessions import Sessions
from hrc_graph.desk.tokens import Tokens
from hrc_graph.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything at the desk, opened."""

    database: Database
    audit: Audit
    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    contacts: Contacts
    applications: Applications
    decisions: Decisions
    stamps: Stamps


def open_desk(root: Path, settings: Settings) -> Desk:
    """The desk of the workspace in a folder; made when it is not there. Raises `EngineFailure`."""
    state = root / ".hrc"
    database, audit = Database(settings.desk_url, state / "desk.sqlite"), Audit(state)
    contacts = Contacts(database, audit, settings.contact_days)
    applications = Applications(database, audit, contacts, settings.own_review)
    return Desk(
        database=database,
        audit=audit,
        accounts=Accounts(database, audit),
        sessions=Sessions(database),
        tokens=Tokens(database, audit),
        contacts=contacts,
        applications=applications,
        decisions=Decisions(database, audit, applications, contacts),
        stamps=Stamps(database.key("forms")),
    )
