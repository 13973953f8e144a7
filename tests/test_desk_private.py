"""What is private stays so, is told to whom it concerns, and can be erased; nobody edits unseen what was done."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import State
from hrc_graph.desk.audit import Audit
from hrc_graph.desk.contacts import Contact
from hrc_graph.desk.database import contacts, steps
from hrc_graph.errors import EngineFailure, Forbidden
from hrc_graph.settings import Settings
from tests.office import PASSWORD, PERSON, Office, form

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def office(office: Office) -> Office:
    """With a form of joining that was opened long enough ago to have been filled in."""
    office.stamp("join")
    time.sleep(3.1)
    return office


@pytest.fixture
def hrc(office: Office) -> Run:
    """The command, in the workspace of the office, whose server is running."""

    def run(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hrc_graph", *arguments, "--workspace", str(office.root)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        return done

    return run


def person(number: int) -> dict[str, Any]:
    return {
        "name": f"Siti Rekaan{number}",
        "email": f"siti{number}@kota.example",
        "phone": f"+62 811 5550 {number:04}",
    }


def test_no_query_reaches_the_desk(office: Office) -> None:
    one = person(1)
    reference, _ = office.apply(**one)
    office.desk.accounts.add("Rekaan Rahasia", "rahasia@desk.example", Role.editor, "operator")
    private = (*one.values(), reference, "rahasia@desk.example", "Kota Rekaan")
    file = (office.root / ".hrc" / "desk.sqlite").as_uri()
    patterns = "\n".join(f'CONTAINS(LCASE(STR(?o)), "{text.lower()}") ||' for text in private)
    for where in ("?s ?p ?o", "GRAPH ?g { ?s ?p ?o }", "?s !<x:y> ?o", "?s (<x:a>|!<x:b>)+ ?o FILTER(isLiteral(?o))"):
        query = f"SELECT ?s ?o WHERE {{ {where} FILTER({patterns} false) }} LIMIT 5"
        answer = office.server.sparql(query, accept="application/sparql-results+json")
        assert answer.status_code in (200, 503)
        if answer.status_code == 200:
            assert answer.json()["results"]["bindings"] == []
    for query in (
        f"SELECT * FROM <{file}> WHERE {{ ?s ?p ?o }}",
        f"SELECT * FROM NAMED <{file}> WHERE {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        f"DESCRIBE <{file}>",
        "DESCRIBE <urn:hrc:desk> <accounts> <contacts>",
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{file}> {{ ?s ?p ?o }} }}",
    ):
        answer = office.server.sparql(query)
        assert answer.status_code in (200, 400)
        assert not any(text in answer.text for text in private)
    for path in ("dumps/hrcity.nq", "graphs", "dataset", "queries"):
        told = office.get(path)
        assert told.status_code == 200
        assert not any(text in told.text for text in private), path
    for text in private[:-1]:
        found = office.server.get("search", params={"q": text, "format": "json"}).json()["results"]
        assert not any(text in json.dumps(one) for one in found)


def test_a_person_is_told_all_that_is_held(office: Office, hrc: Run) -> None:
    one = person(2)
    reference, _ = office.apply(**one)
    for who in (reference, one["email"].upper()):
        told = json.loads(hrc("contact", "export", who).stdout)
        assert [each["application"] for each in told] == [reference]
        held = told[0]["contact"]
        assert {name: held[name] for name in one} == one
        assert held["basis"].startswith("consent")
        assert "writes to you about this application" in held["purpose"]
        assert held["expires"] - held["given"] == 730 * 86400
    assert "No contact is held" in hrc("contact", "export", "nobody@kota.example", status=2).stderr


def test_an_erased_person_is_nowhere_in_the_workspace(office: Office, hrc: Run) -> None:
    one = person(3)
    reference, secret = office.apply(**one, place=f"Kota {one['name']}")
    other, _ = office.apply(**one, government="Kantor Rekaan")
    editor = office.account()
    office.desk.applications.save(reference, json.dumps({"note": f"ask {one['email']}, {one['phone']}"}), 0, editor)
    with office.desk.database.writing() as connection:  # as somebody with the database in hand could write it
        connection.execute(steps.update().where(steps.c.account.is_(None)).values(why=f"came from {one['name']}"))
    assert traces(office.root, one)
    assert set(hrc("contact", "erase", one["email"]).stdout.split()) >= {f"{reference}:", f"{other}:"}
    assert traces(office.root, one) == set()
    hrc("contact", "export", reference, status=2)
    shown = office.send("join/status", reference=reference, secret=secret)
    assert "Kota [erased]" in shown.text, "the application itself stays"
    log = office.desk.audit.path.read_text("utf-8")
    assert f'"what": "contact erased", "on": "application {reference}"' in log
    hrc("audit", "verify")
    assert not any(value in "".join(office.server.log) for value in one.values())
    assert json.loads(office.desk.applications.get(other).payload)["government"]["name"] == "Kantor Rekaan"


def traces(root: Path, one: dict[str, Any]) -> set[str]:
    """The files of a workspace that hold a word of a person."""
    words = [text.encode(code) for text in one.values() for code in ("utf-8", "utf-16-le", "utf-16-be")]
    held = set()
    for folder in (root / ".hrc", root):
        for file in folder.rglob("*") if folder != root else folder.glob("*"):
            if file.is_file() and any(word in file.read_bytes() for word in words):
                held.add(file.name)
    return held


def test_who_was_kept_long_enough_is_erased(office: Office, hrc: Run) -> None:
    one, other = person(4), person(5)
    reference, _ = office.apply(**one)
    kept, _ = office.apply(**other)
    with office.desk.database.writing() as connection:
        mine = contacts.c.email == one["email"]
        connection.execute(contacts.update().where(mine).values(expires=int(time.time()) - 1))
    assert hrc("contact", "expire").stdout == "1 contacts were erased\n"
    assert traces(office.root, one) == set()
    assert office.desk.contacts.of(office.desk.applications.get(kept).id)
    assert f'"what": "contact expired", "on": "application {reference}"' in office.desk.audit.path.read_text("utf-8")


def test_a_server_erases_by_itself_who_was_kept_long_enough(tmp_path: Path) -> None:
    from tests.conftest import serving
    from tests.office import opened

    with opened(tmp_path) as office:
        one = Contact(**person(6))
        office.desk.applications.receive("{}", "Kota Rekaan", "id", one)
        with office.desk.database.writing() as connection:
            connection.execute(contacts.update().values(expires=1))
    with serving(workspace=tmp_path):
        until = time.monotonic() + 10
        while traces(tmp_path, person(6)) and time.monotonic() < until:
            time.sleep(0.1)
    assert traces(tmp_path, person(6)) == set()


def test_accounts_and_tokens_from_the_shell(office: Office, hrc: Run) -> None:
    added = hrc("account", "add", "Rekaan Kerang", "kerang@desk.example", "--role", "reviewer").stdout
    code = added.split("#")[1].split()[0]
    assert office.send("desk/set-up", code=code, password=PASSWORD, again=PASSWORD).status_code == 303
    cookie = office.cookie(office.desk.accounts.find("kerang@desk.example"))
    assert "\tkerang@desk.example\tRekaan Kerang\treviewer\tpassword\n" in hrc("account", "list").stdout
    made = hrc("token", "create", "kerang@desk.example", "--name", "harvest", "--scope", "write", "--days", "7").stdout
    bearer = {"authorization": f"Bearer {made.splitlines()[1]}"}
    assert office.get("desk/api/applications", **bearer).status_code == 200
    number = made.split()[1].strip(",")
    assert f"{number}\tkerang@desk.example\tharvest\twrite\tuntil " in hrc("token", "list").stdout
    hrc("token", "revoke", number)
    assert office.get("desk/api/applications", **bearer).status_code == 401
    hrc("account", "role", "kerang@desk.example", "admin")
    assert office.get("desk/accounts", cookie).status_code == 200
    hrc("account", "disable", "kerang@desk.example")
    assert office.get("desk/", cookie).status_code == 401
    hrc("account", "disable", "--undo", "kerang@desk.example")
    link = hrc("account", "link", "kerang@desk.example").stdout.split("#")[1].split()[0]
    assert office.send("desk/set-up", code=link, password=PASSWORD, again=PASSWORD).status_code == 303
    assert "no such account" in hrc("account", "link", "nobody@desk.example", status=2).stderr
    assert "is an account with this address" in hrc("account", "add", "x", "KERANG@desk.example", status=2).stderr
    assert hrc("account", "link", status=2).stdout == "There are accounts already; name one.\n"


LINES = 12


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """A log of twelve lines."""
    written = Audit(tmp_path)
    for number in range(1, LINES + 1):
        written.append("operator", "role changed", f"account {number}", "as agreed")
    assert written.broken() == []
    return written


def edited(audit: Audit, edit: Callable[[list[str]], object]) -> list[str]:
    """What is found wrong after an edit of the lines."""
    lines = audit.path.read_text("utf-8").splitlines(keepends=True)
    edit(lines)
    audit.path.write_text("".join(lines), "utf-8")
    return audit.broken()


@pytest.mark.parametrize("number", [1, 2, 7, LINES - 1, LINES])
def test_a_line_of_the_audit_log_that_was_changed_is_named(audit: Audit, number: int) -> None:
    def forge(lines: list[str]) -> None:
        lines[number - 1] = lines[number - 1].replace("as agreed", "as nobody agreed")

    assert edited(audit, forge) == [f"Line {number} was changed."]


@pytest.mark.parametrize("number", [1, 2, 7, LINES - 1, LINES])
def test_a_line_of_the_audit_log_that_is_missing_is_named(audit: Audit, number: int) -> None:
    assert edited(audit, lambda lines: lines.pop(number - 1)) == [f"Line {number} is missing."]


def test_other_ways_to_lie_in_the_audit_log_are_seen(audit: Audit) -> None:
    text = audit.path.read_text("utf-8")

    def swapped(lines: list[str]) -> None:
        lines[3], lines[4] = lines[4], lines[3]

    def renumbered(lines: list[str]) -> None:
        del lines[5]
        for at in range(5, len(lines)):
            line = json.loads(lines[at])
            lines[at] = json.dumps(line | {"line": line["line"] - 1}) + "\n"

    def garbled(lines: list[str]) -> None:
        lines[2] = "{}\n"

    edits: list[tuple[Callable[[list[str]], object], str]] = [
        (swapped, "4"),
        (renumbered, "5"),
        (garbled, "3"),
        (lambda lines: lines.insert(4, lines[4]), "5"),
        (list.clear, "1"),
    ]
    for edit, number in edits:
        found = edited(audit, edit)
        assert any(f"Line {number} " in sentence or f"Line {int(number) + 1} " in sentence for sentence in found), found
        audit.path.write_text(text, "utf-8")
    assert audit.broken() == []
    (audit.path.parent / "audit.head").unlink()
    assert "cannot be told" in audit.broken()[0]


def test_a_line_that_a_power_failure_cut_off_is_written_again(audit: Audit) -> None:
    with audit.path.open("ab") as file:
        file.write(b'{"line": 13, "wh')
    assert audit.broken() == ["The last line is not whole."]
    audit.append("operator", "account added", "account 13")
    assert audit.broken() == []
    assert json.loads(audit.path.read_bytes().splitlines()[-1])["line"] == LINES + 1


def test_a_log_that_cannot_be_read_takes_no_more_lines(audit: Audit) -> None:
    with audit.path.open("ab") as file:
        file.write(b"nonsense\n")
    with pytest.raises(EngineFailure, match="cannot be read"):
        audit.append("operator", "account added", "account 13")


def test_audit_verify_tells_the_shell(office: Office, hrc: Run) -> None:
    office.desk.accounts.add("Rekaan", "verify@desk.example", Role.editor, "operator")
    assert "each as it was written" in hrc("audit", "verify").stdout
    whole = office.desk.audit.path.read_bytes()
    try:
        office.desk.audit.path.write_bytes(whole.replace(b'"role": "editor"', b'"role": "admin"', 1))
        assert "was changed." in hrc("audit", "verify", status=1).stdout
    finally:
        office.desk.audit.path.write_bytes(whole)
    assert not any(value in whole.decode() for value in (*PERSON.values(), "verify@desk.example", "desk.example"))


def test_what_is_not_logged_is_not_done(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, Settings())
    desk.accounts.redeem(desk.accounts.first_link(), PASSWORD, "Rekaan", "a@desk.example")
    desk.audit.path.write_bytes(b"nonsense\n")
    with pytest.raises(EngineFailure):
        desk.accounts.add("Rekaan", "b@desk.example", Role.editor, "operator")
    assert [account.email for account in desk.accounts.all()] == ["a@desk.example"]
    desk.database.close()


def test_one_who_works_alone_may_be_allowed_to_accept_their_own_draft(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, Settings(own_review=True))
    alone = desk.accounts.redeem(desk.accounts.first_link(), PASSWORD, "Rekaan", "a@desk.example")
    application, _ = desk.applications.receive("{}", "Kota Rekaan", "id", by=alone)
    desk.applications.step(application.reference, State.in_review, "", alone)
    desk.applications.save(application.reference, "{}", 0, alone)
    strict = open_desk(tmp_path, Settings())
    with pytest.raises(Forbidden):
        strict.applications.step(application.reference, State.accepted, "complete", alone)
    assert desk.applications.step(application.reference, State.accepted, "complete", alone).state is State.accepted
    desk.database.close()
    strict.database.close()


def test_the_database_may_stand_elsewhere(tmp_path: Path) -> None:
    settings = Settings(desk_url=f"sqlite:///{tmp_path}/elsewhere.sqlite")
    desk = open_desk(tmp_path, settings)
    desk.accounts.redeem(desk.accounts.first_link(), PASSWORD, "Rekaan", "a@desk.example")
    desk.database.close()
    with sqlite3.connect(tmp_path / "elsewhere.sqlite") as file:
        assert file.execute("SELECT email FROM accounts").fetchall() == [("a@desk.example",)]
    file.close()
    assert not (tmp_path / ".hrc" / "desk.sqlite").exists()
    for wrong in ("nonsense", "postgresql+nothing://x/y", "sqlite:////nowhere/at/all.sqlite"):
        with pytest.raises(EngineFailure, match="cannot be opened"):
            open_desk(tmp_path, Settings(desk_url=wrong))


def test_an_application_with_a_wrong_contact_is_not_kept(office: Office) -> None:
    before = len(office.desk.applications.all())
    assert office.send("join", **form(email="x@y")).status_code == 400
    assert len(office.desk.applications.all()) == before
    with office.desk.database.reading() as connection:
        held = connection.scalar(sql.select(sql.func.count()).select_from(contacts).where(contacts.c.email == "x@y"))
    assert held == 0
