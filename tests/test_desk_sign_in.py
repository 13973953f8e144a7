"""Coming in to the desk, and every way in that must stay shut."""

from __future__ import annotations

import re
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from playwright.sync_api import Browser, Request

from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.database import links, sessions, tokens
from hrc_graph.desk.tokens import Scope
from hrc_graph.errors import Conflict, Unauthorized
from hrc_graph.settings import Settings
from tests.office import PASSWORD, Office, address, opened, stamp_in

pytestmark = pytest.mark.slow


def test_signing_in_gives_a_cookie_that_no_script_and_no_other_host_gets(office: Office) -> None:
    account = office.account(password=PASSWORD)
    response = office.send("desk/sign-in", email=f" {account.email.upper()} ", password=PASSWORD)
    assert (response.status_code, response.headers["location"]) == (303, "/desk/")
    value, *attributes = response.headers["set-cookie"].split("; ")
    assert value.startswith("__Host-hrc=")
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=43200"}
    assert account.name in office.get("desk/", value).text


def test_a_session_has_a_new_id_whatever_the_browser_had_before(office: Office) -> None:
    account = office.account(password=PASSWORD)
    planted = "__Host-hrc=" + "a" * 43
    first = office.send("desk/sign-in", planted, {}, email=account.email, password=PASSWORD, stamp=stamp(office))
    got = first.headers["set-cookie"].partition(";")[0]
    assert got != planted
    assert office.get("desk/", planted).status_code == 401
    again = office.send("desk/sign-in", got, {}, email=account.email, password=PASSWORD, stamp=stamp(office))
    assert again.headers["set-cookie"].partition(";")[0] != got
    assert office.get("desk/", got).status_code == 401, "what the browser had before ends"


def stamp(office: Office) -> str:
    return office.stamp("desk/sign-in")


def test_a_session_ends_when_its_owner_signs_out(office: Office) -> None:
    cookie = office.cookie(office.account())
    assert office.send("desk/sign-out", cookie).status_code == 303
    replayed = office.get("desk/", cookie)
    assert replayed.status_code == 401
    assert "Sign in" in replayed.text or replayed.json()["title"]


def test_a_session_ends_after_twelve_hours(office: Office) -> None:
    account = office.account()
    cookie = office.cookie(account)
    with office.desk.database.writing() as connection:
        mine = sql.select(sessions.c.expires).where(sessions.c.account == account.id)
        left = connection.scalars(mine).one() - time.time()
        assert 11.9 * 3600 < left <= 12 * 3600
        connection.execute(sessions.update().where(sessions.c.account == account.id).values(expires=time.time() - 1))
    assert office.get("desk/", cookie).status_code == 401


def test_a_disabled_account_is_out_at_once_and_its_role_is_read_each_time(office: Office) -> None:
    account = office.account(Role.admin)
    cookie = office.cookie(account)
    assert office.get("desk/accounts", cookie).status_code == 200
    office.desk.accounts.set_role(account.id, Role.editor, "operator")
    assert office.get("desk/accounts", cookie).status_code == 403
    office.desk.accounts.set_disabled(account.id, True, "operator")
    assert office.get("desk/", cookie).status_code == 401
    office.desk.accounts.set_disabled(account.id, False, "operator")
    assert office.get("desk/", cookie).status_code == 401, "its sessions do not come back"


def test_every_failure_gets_the_same_answer(office: Office) -> None:
    known, shut = (office.account(password=PASSWORD) for _ in range(2))
    office.desk.accounts.set_disabled(shut.id, True, "operator")
    fresh, _ = office.desk.accounts.add("Rekaan Baru", "baru@desk.example", Role.editor, "operator")
    tries = (
        (known.email, "not the right one"),
        (shut.email, PASSWORD),
        (fresh.email, ""),
        ("nobody@desk.example", PASSWORD),
        ("", ""),
        ("' OR 1=1 --", "x" * 100_000),
    )
    answers = [office.send("desk/sign-in", email=email, password=password) for email, password in tries]
    assert {answer.status_code for answer in answers} == {401}
    assert len({re.sub(r'name="stamp" value="[^"]+"', "", answer.text) for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_every_failure_takes_the_same_work(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, Settings())
    desk.accounts.redeem(desk.accounts.first_link(), PASSWORD, "Rekaan", "known@desk.example")

    def took(email: str) -> float:
        times = []
        for _ in range(5):
            started = time.process_time()
            with pytest.raises(Unauthorized):
                desk.accounts.sign_in(email, "not the right one")
            times.append(time.process_time() - started)
        return statistics.median(times)

    ratio = took("nobody@desk.example") / took("known@desk.example")
    desk.database.close()
    assert 0.5 < ratio < 2, "without the work for nobody, it is less than a hundredth"


def test_guessing_is_slowed_for_the_account_and_address_alone(office: Office) -> None:
    account, elsewhere = office.account(password=PASSWORD), address()
    guessing = {"x-forwarded-for": address()}
    for _ in range(5):
        assert office.send("desk/sign-in", headers=guessing, email=account.email, password="x").status_code == 401
    slowed = office.send("desk/sign-in", headers=guessing, email=account.email, password=PASSWORD)
    assert slowed.status_code == 429
    assert 1 <= int(slowed.headers["retry-after"]) <= 901
    other = {"x-forwarded-for": elsewhere}
    assert office.send("desk/sign-in", headers=other, email=account.email, password=PASSWORD).status_code == 303
    nobody = {"x-forwarded-for": address()}
    answers = [office.send("desk/sign-in", headers=nobody, email="no@x.example", password="x") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429], "as if there were such an account"


def test_one_address_cannot_try_every_account(office: Office) -> None:
    one = {"x-forwarded-for": address()}
    answers = [office.send("desk/sign-in", headers=one, email=f"n{n}@x.example", password="x") for n in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]


def test_nothing_in_an_address_lets_anybody_in(office: Office) -> None:
    account = office.account(Role.admin)
    session = office.cookie(account).partition("=")[2]
    _, token = office.desk.tokens.create(account, "rekaan", Scope.write, 1, "operator")
    for name in ("token", "access_token", "session", "__Host-hrc", "code"):
        for secret in (session, token):
            assert office.get(f"desk/?{name}={secret}").status_code == 401
            assert office.get(f"desk/api/applications?{name}={secret}").status_code == 401
    assert office.get("desk/", f"hrc={session}").status_code == 401


def test_a_link_works_once_and_not_for_long_and_only_from_a_form(office: Office) -> None:
    account, code = office.desk.accounts.add("Rekaan Tamu", "tamu@desk.example", Role.editor, "operator")
    assert office.get(f"desk/set-up?code={code}").status_code == 200
    assert not office.desk.accounts.get(account.id).signs_in, "looking at it changes nothing"
    fields: dict[str, Any] = {"password": PASSWORD, "again": PASSWORD}
    assert office.send("desk/set-up", code=code, password=PASSWORD, again="another").status_code == 400
    assert office.send("desk/set-up", code=code, password="short", again="short").status_code == 400
    used = office.send("desk/set-up", code=code, **fields)
    assert used.status_code == 303
    assert office.get("desk/", used.headers["set-cookie"].partition(";")[0]).status_code == 200
    assert office.send("desk/set-up", code=code, **fields).status_code == 401
    first = office.desk.accounts.link(account.id, "operator")
    second = office.desk.accounts.link(account.id, "operator")
    assert office.send("desk/set-up", code=first, **fields).status_code == 401, "a newer one ends it"
    with office.desk.database.writing() as connection:
        connection.execute(links.update().where(links.c.account == account.id).values(expires=time.time() - 1))
    assert office.send("desk/set-up", code=second, **fields).status_code == 401


def test_a_new_password_ends_the_sessions_of_the_old_one(office: Office) -> None:
    account = office.account(password=PASSWORD)
    cookie = office.cookie(account)
    office.desk.accounts.redeem(office.desk.accounts.link(account.id, "operator"), PASSWORD + " now")
    assert office.get("desk/", cookie).status_code == 401
    assert office.send("desk/sign-in", email=account.email, password=PASSWORD).status_code == 401


def test_the_database_holds_hashes_only(office: Office) -> None:
    account = office.account()
    session = office.cookie(account).partition("=")[2]
    _, token = office.desk.tokens.create(account, "rekaan", Scope.read, 1, "operator")
    code = office.desk.accounts.link(account.id, "operator")
    for file in (office.root / ".hrc").glob("*.*"):
        if file.is_file():
            if file.name.startswith(("desk", "audit")):
                assert file.stat().st_mode & 0o077 == 0
            raw = file.read_bytes()
            assert not any(secret.encode() in raw for secret in (PASSWORD, session, token, code)), file.name


def test_tokens_open_the_api_alone_and_cookies_do_not(office: Office) -> None:
    account = office.account()
    cookie = office.cookie(account)
    made, text = office.desk.tokens.create(account, "rekaan", Scope.read, 1, "operator")
    bearer = f"Bearer {text}"
    assert office.get("desk/api/applications", authorization=bearer).status_code == 200
    assert office.get("desk/", authorization=bearer).status_code == 401
    refused = office.get("desk/api/applications", cookie)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    for wrong in (text, f"Basic {text}", "Bearer", "Bearer hrc_x", f"Bearer {text[:-1]}"):
        assert office.get("desk/api/applications", authorization=wrong).status_code == 401
    with office.desk.database.writing() as connection:
        connection.execute(tokens.update().where(tokens.c.id == made.id).values(expires=time.time() - 1))
    assert office.get("desk/api/applications", authorization=bearer).status_code == 401


def test_a_token_ends_when_it_is_revoked_or_its_account_is_shut(office: Office) -> None:
    account = office.account()
    cookie = office.cookie(account)
    page = office.send("desk/tokens", cookie, name="harvest", days="30", scope="read")
    text = re.findall(r"hrc_[\w-]{43}", page.text)[0]
    assert text not in office.get("desk/tokens", cookie).text, "it is told once"
    bearer = f"Bearer {text}"
    assert office.get("desk/api/applications", authorization=bearer).status_code == 200
    number = re.findall(r'name="token" value="(\d+)"', office.get("desk/tokens", cookie).text)[0]
    other = office.cookie(office.account())
    assert office.send("desk/tokens", other, do="revoke", token=number).status_code == 404
    assert office.get("desk/api/applications", authorization=bearer).status_code == 200
    assert office.send("desk/tokens", cookie, do="revoke", token=number).status_code == 303
    assert office.get("desk/api/applications", authorization=bearer).status_code == 401
    _, second = office.desk.tokens.create(account, "rekaan", Scope.read, 1, "operator")
    office.desk.accounts.set_disabled(account.id, True, "operator")
    assert office.get("desk/api/applications", authorization=f"Bearer {second}").status_code == 401


def test_the_last_admin_stays(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, Settings())
    admin = desk.accounts.redeem(desk.accounts.first_link(), PASSWORD, "Rekaan", "admin@desk.example")
    assert desk.accounts.first_link() == ""
    with pytest.raises(Conflict):
        desk.accounts.set_disabled(admin.id, True, "operator")
    with pytest.raises(Conflict):
        desk.accounts.set_role(admin.id, Role.editor, "operator")
    assert desk.accounts.get(admin.id) == admin
    desk.database.close()


def test_the_first_account_is_made_in_a_browser_from_the_printed_link(tmp_path: Path, browser: Browser) -> None:
    browser_page = browser.new_page()
    with opened(tmp_path) as office:
        time.sleep(0.5)
        printed = re.findall(r"make the first within an hour: (\S+)", "".join(office.server.log))
        assert len(printed) == 1
        code = printed[0].partition("#")[2]
        asked: list[Request] = []
        wrong: list[str] = []
        browser_page.on("request", lambda request: asked.append(request))
        browser_page.on("pageerror", lambda error: wrong.append(str(error)))
        browser_page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        browser_page.goto(printed[0])
        assert browser_page.input_value("#code") == code
        assert "#" not in browser_page.url
        browser_page.fill("#name", "Rekaan Pertama")
        browser_page.fill("#email", "pertama@desk.example")
        browser_page.fill("#password", PASSWORD)
        browser_page.fill("#again", PASSWORD)
        browser_page.click("main button:has-text('Set the password')")
        assert browser_page.url.endswith("/desk/")
        assert "Rekaan Pertama, admin" in browser_page.inner_text("main")
        assert not any(code in request.url for request in asked)
        browser_page.click("text=Sign out")
        assert browser_page.url.endswith("/desk/sign-in")
        assert wrong == []
        again = office.send("desk/set-up", code=code, password=PASSWORD, again=PASSWORD, name="x", email="x@x.example")
        assert again.status_code == 401
        assert "".join(office.server.log).count(code) == 1


def test_stamps_are_each_another_text_and_of_one_session(office: Office) -> None:
    cookie = office.cookie(office.account(Role.admin))
    one, two = (stamp_in(office.get("desk/accounts", cookie).text) for _ in range(2))
    assert one != two, "else a packed page would tell it, letter by letter"
    other = office.cookie(office.account(Role.admin))
    fields: dict[str, Any] = {"do": "add", "name": "Rekaan", "email": "cross@desk.example", "role": "editor"}
    assert office.send("desk/accounts", other, stamp=one, **fields).status_code == 403
    assert office.send("desk/accounts", other, stamp=stamp(office), **fields).status_code == 403
    assert "cross@desk.example" not in [account.email for account in office.desk.accounts.all()]
