"""Deciding: the desk's database and the graph change together, whatever stops the server; drafts lose nothing."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from hrc_graph import deciding
from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Account, Role
from hrc_graph.desk.applications import State
from hrc_graph.errors import Conflict
from hrc_graph.history import History
from hrc_graph.index import Index
from hrc_graph.publishing import Author
from hrc_graph.settings import Settings
from hrc_graph.web.desk.sheet import PassageRow, PlaceRow, Sheet, TextRow
from tests.conftest import serving
from tests.office import Office
from tests.past import Past, state_a

pytestmark = pytest.mark.slow

CHARTER = "text:global-charter-agenda-2011"
NEEDED = ("governments/id/id", "instruments/global-charter-agenda-2011")
"""What the sheet names, besides what every small past has."""


def sheet(name: str) -> Sheet:
    """A fictional regency that signs a charter."""
    return Sheet(
        place=PlaceRow(query=name, country="ID", chosen="new", different="yes", name=name, language="id"),
        texts=[TextRow(CHARTER, "signed", "Mei 2025", ["0"])],
        passages=[PassageRow(f"https://rekaan.example/{name.lower()}", title="Piagam", language="id")],
    )


def fields(page: str) -> dict[str, Any]:
    """The fields of the page's form as a browser sends them."""
    form = page[page.index('id="screen"') : page.rindex("</form>")]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = (re.search(rf'\b{each}="([^"]*)"', tag) for each in ("name", "value"))
        if name and not (re.search(r'type="(checkbox|radio)"', tag) and " checked" not in tag):
            found.setdefault(name[1], []).append(unescape(value[1]) if value else "")
    for name, body in re.findall(r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = [unescape(chosen[1]) if chosen else ""]
    return found


@contextlib.contextmanager
def opened(past: Past) -> Iterator[Office]:
    with serving(workspace=past.root) as server:
        office = Office(server, past.root, open_desk(past.root, Settings()))
        yield office
        office.desk.database.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(state_a(tmp_path_factory.mktemp("site"), *NEEDED)) as office:
        yield office


def ready(office: Office, name: str, editor: Account) -> str:
    """An application in review, with a draft that can be accepted."""
    asked = {"government": {"name": name, "place": name, "country": "place:id"}}
    application, _ = office.desk.applications.receive(json.dumps(asked), f"{name}, Indonesia", "id", None, editor)
    office.desk.applications.step(application.reference, State.in_review, "", editor)
    office.desk.applications.save(application.reference, sheet(name).to_json(), 0, editor)
    return application.reference


def send(office: Office, reference: str, cookie: str, **changed: Any) -> httpx.Response:
    path = f"desk/applications/{reference}"
    page = office.get(path, cookie)
    assert page.status_code == 200, page.text
    return office.send(path, cookie, **(fields(page.text) | changed))


def is_public(office: Office, name: str) -> bool:
    return office.server.get(f"doc/gov/id-{name.lower()}").status_code == 200


def test_what_was_accepted_is_public_with_its_author_and_reviewer_and_can_be_undone(office: Office) -> None:
    editor, reviewer = office.account(Role.editor), office.account(Role.reviewer)
    mine, theirs = office.cookie(editor), office.cookie(reviewer)
    reference = ready(office, "Rekasatu", editor)
    assert send(office, reference, mine, to="accepted").status_code == 403
    assert send(office, reference, theirs, to="accepted", why="Sound.").status_code == 303
    assert office.desk.applications.get(reference).state is State.accepted
    until(lambda: is_public(office, "Rekasatu"))
    with History(office.root) as history:
        commit = list(history.revisions())[-1]
    assert commit.who == editor.name
    assert commit.trailers["Reviewed-by"] == reviewer.name
    assert "Sound." in commit.why
    listed = office.get("desk/changes", theirs).text
    assert commit.id[:12] in listed
    no_reason = office.send("desk/changes", theirs, change=commit.id[:12], why=" ")
    assert no_reason.status_code == 400
    assert office.desk.applications.get(reference).state is State.accepted
    assert office.send("desk/changes", theirs, change=commit.id[:12], why="Too early.").status_code == 303
    assert office.desk.applications.get(reference).state is State.in_review
    until(lambda: not is_public(office, "Rekasatu"))
    with History(office.root) as history:
        undoing = list(history.revisions())[-1].id[:12]
    assert office.send("desk/changes", theirs, change=undoing, why="Not twice.").status_code == 404
    assert office.send("desk/changes", theirs, change=commit.id[:6], why="Too short.").status_code == 404
    told = office.desk.audit.path.read_text("utf-8")
    assert told.count('"application accepted"') == told.count('"change undone"') == 1
    assert office.desk.audit.broken() == []


def test_who_drafted_does_not_accept(office: Office) -> None:
    reviewer = office.account(Role.reviewer)
    reference = ready(office, "Rekadua", reviewer)
    refused = send(office, reference, office.cookie(reviewer), to="accepted")
    assert refused.status_code == 403
    assert office.desk.applications.get(reference).state is State.in_review
    assert not is_public(office, "Rekadua")
    assert office.desk.decisions.unfinished() == []


def test_a_stale_save_shows_both_versions_and_loses_neither(office: Office) -> None:
    editor, other = office.account(Role.editor), office.account(Role.editor)
    reference = ready(office, "Rekatiga", editor)
    path = f"desk/applications/{reference}"
    seen = fields(office.get(path, office.cookie(other)).text)
    cookie = office.cookie(editor)
    assert send(office, reference, cookie, **{"do": "save", "text0.date": "April 2025"}).status_code == 303
    other_cookie = office.cookie(other)
    stale = office.send(
        path, other_cookie, **(seen | stamped(office, path, other_cookie) | {"do": "save", "text0.date": "Juni 2025"})
    )
    assert stale.status_code == 409
    assert "April 2025" in stale.text
    assert fields(stale.text)["text0.date"] == ["Juni 2025"], "what was sent stands in the page"
    again = office.send(path, other_cookie, **(fields(stale.text) | {"do": "save"}))
    assert again.status_code == 303
    draft = office.desk.applications.draft(reference)
    assert draft
    assert Sheet.from_json(draft.payload).texts[0].date == "Juni 2025"
    assert draft.version == 3


def test_what_is_not_saved_or_was_not_seen_is_not_accepted(office: Office) -> None:
    editor, reviewer = office.account(Role.editor), office.account(Role.reviewer)
    reference, cookie = ready(office, "Rekaempat", editor), office.cookie(reviewer)
    assert send(office, reference, cookie, **{"to": "accepted", "text0.date": "1999"}).status_code == 409
    assert send(office, reference, cookie, to="accepted", seen="something else").status_code == 409
    assert not is_public(office, "Rekaempat")


def test_mistakes_are_told_beside_the_field_in_the_readers_language(office: Office) -> None:
    editor = office.account(Role.editor)
    reference, cookie = ready(office, "Rekalima", editor), office.cookie(editor)
    path = f"desk/applications/{reference}"
    wrong = fields(office.get(path, cookie).text) | {"do": "check", "text0.date": "someday", "text0.mode": ""}
    page = office.send(path, cookie, headers={"accept-language": "id"}, **wrong).text
    date = page[page.index('id="text0.date-said"') :]
    assert '<p class="error">' in date[: date.index("</div>")]
    assert "Pilih tepat satu" in page[page.index('id="text0.mode-said"') :]


def test_the_preview_is_the_public_page(office: Office) -> None:
    editor, reviewer = office.account(Role.editor), office.account(Role.reviewer)
    reference, cookie = ready(office, "Rekaenam", editor), office.cookie(reviewer)
    before = send(office, reference, cookie, do="page")
    assert before.status_code == 200
    assert not is_public(office, "Rekaenam")
    assert send(office, reference, cookie, to="accepted").status_code == 303
    until(lambda: is_public(office, "Rekaenam"))
    after = office.server.get("doc/gov/id-rekaenam", headers={"accept": "text/html"})
    main = re.compile(r'<h1.*?(?=<section[^>]*id="cite"|</main>)', re.DOTALL)
    assert "Global Charter-Agenda" in before.text
    titles = [re.findall(r"<h2[^>]*>(.*?)</h2>", page.text, re.DOTALL) for page in (before, after)]
    assert titles[0] == titles[1]
    assert main.search(before.text)


def test_the_applicant_answers_the_question(office: Office) -> None:
    editor = office.account(Role.editor)
    office.stamp("join")
    time.sleep(3.2)  # nobody fills it in more quickly
    reference, code = office.apply()
    office.desk.applications.step(reference, State.in_review, "", editor)
    office.desk.applications.step(reference, State.returned, "Tanggal berapa ditandatangani?", editor)
    asked = office.send("join/status", reference=reference, secret=code)
    assert "Tanggal berapa ditandatangani?" in asked.text
    none = office.send("join/status", do="answer", reference=reference, secret=code, answer=" ")
    assert none.status_code == 400
    answered = office.send("join/status", do="answer", reference=reference, secret=code, answer="Tanggal 3 Mei.")
    assert answered.status_code == 200
    assert "Tanggal 3 Mei." in answered.text
    assert office.desk.applications.get(reference).state is State.in_review
    assert "Tanggal 3 Mei." not in office.desk.audit.path.read_text("utf-8")
    with pytest.raises(Conflict):
        office.desk.applications.answer(reference, code, "Once more.")


def test_twenty_times_killed_while_accepting_it_is_accepted_in_both_or_in_neither(tmp_path: Path) -> None:
    chance, past = random.Random("accepting"), state_a(tmp_path, *NEEDED)
    names = [f"Rekakota{letter}" for letter in "abcdefghijklmnopqrst"]
    outcomes = []
    reference, name, reviewer, editor = "", "", None, None
    lasts = 1.0
    for number in range(len(names) + 1):
        with opened(past) as office:
            if reference:
                state = office.desk.applications.get(reference).state
                assert office.desk.decisions.unfinished() == []
                assert is_public(office, name) is (state is State.accepted)
                told = [json.loads(line) for line in office.desk.audit.path.read_text("utf-8").splitlines()]
                lines = [each for each in told if each["what"] == "application accepted" and reference in each["on"]]
                assert len(lines) == (state is State.accepted)
                taken = [step for step in office.desk.applications.steps(reference) if step.after == "accepted"]
                assert len(taken) == (state is State.accepted)
                assert office.desk.audit.broken() == []
                outcomes.append(state)
            if number == len(names):
                break
            name = names[number]
            editor = editor or office.account(Role.editor)
            reviewer = reviewer or office.account(Role.reviewer)
            reference, cookie = ready(office, name, editor), office.cookie(reviewer)
            path = f"desk/applications/{reference}"
            sent = fields(office.get(path, cookie).text) | {"to": "accepted"}

            def accept(sent: dict[str, Any] = sent, office: Office = office, cookie: str = cookie) -> None:
                with contextlib.suppress(httpx.HTTPError):
                    office.send(path, cookie, **sent)  # noqa: B023 it ends within this round

            began = time.monotonic()
            sending = threading.Thread(target=accept)
            sending.start()
            if number:
                sending.join(chance.uniform(0.3, 1.1) * lasts)
            else:
                sending.join()  # the first one tells how long it takes
                lasts = time.monotonic() - began
            os.kill(office.server.process.pid, signal.SIGKILL)
            sending.join()
    assert set(outcomes) == {State.in_review, State.accepted}, "some were killed before, some after"


def stamped(office: Office, path: str, cookie: str) -> dict[str, Any]:
    return {"stamp": office.stamp(path, cookie)}


def until(holds: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def test_a_publication_that_was_cut_short_is_finished_or_dropped(tmp_path: Path) -> None:
    past = state_a(tmp_path)
    index, desk = Index.open(past.workspace), open_desk(tmp_path, Settings())
    by, _code = desk.accounts.add("Rekaan", "rekaan@desk.example", Role.reviewer, "operator")

    def lines() -> list[str]:
        return [line for line in desk.audit.tail().splitlines() if '"change published"' in line]

    text = past.workspace.files.path("people/made-up-one").read_bytes()
    more = text + b'<id/person/made-up-one> <http://www.w3.org/2004/02/skos/core#note> "Fictional."@en .\n'
    begun, _dropped = (desk.decisions.begin_publication("It was forgotten.", by) for _ in range(2))
    change = index.accept({"people/made-up-one": more}, "More", Author("F"), "", {deciding.TRAILER: begun.code})
    assert deciding.settle(desk, past.workspace) == 2  # as the next start does
    assert deciding.settle(desk, past.workspace) == 0
    assert len(lines()) == 1
    assert change.id in lines()[0]
    assert "It was forgotten." in lines()[0]
    deciding.publish(desk, index, {"people/made-up-one": text}, "Less", by)
    assert len(lines()) == 2
    assert desk.audit.broken() == []
    desk.database.close()
