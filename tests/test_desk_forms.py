"""Forms of the desk and of joining: other sites, bodies without end, roles, and what is nobody else's business."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import State
from hrc_graph.desk.tokens import Scope
from tests.office import PASSWORD, PERSON, Office, address, form, stamp_in

FORMS = ("desk/sign-in", "desk/set-up", "join", "join/status")
INSIDE = ("desk/accounts", "desk/tokens")


@pytest.fixture(scope="module")
def office(office: Office) -> Office:
    """With a form of joining that was opened long enough ago to have been filled in."""
    office.stamp("join")
    time.sleep(3.1)
    return office


@pytest.mark.parametrize("path", [*FORMS, *INSIDE])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "OWN"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
    ids=["cross-site", "same-site", "lying", "other origin", "null origin", "no browser"],
)
def test_a_form_from_elsewhere_does_nothing(office: Office, path: str, headers: dict[str, str]) -> None:
    admin = office.account(Role.admin)
    cookie = office.cookie(admin) if path in INSIDE else ""
    before = len(office.desk.accounts.all()), len(office.desk.applications.all()), len(office.desk.tokens.all())
    fields = form(do="add", role="admin", email="evil@evil.example", days="1", stamp=office.stamp(path, cookie))
    given = {name: value.replace("OWN", office.origin) for name, value in headers.items()}
    response = office.server.post(path, data=fields, headers=given | ({"cookie": cookie} if cookie else {}))
    assert response.status_code == 403
    after = len(office.desk.accounts.all()), len(office.desk.applications.all()), len(office.desk.tokens.all())
    assert after == before


def test_a_browser_without_sec_fetch_is_known_by_its_origin(office: Office) -> None:
    account = office.account()
    fields = {"email": account.email, "password": "x", "stamp": office.stamp("desk/sign-in")}
    response = office.server.post("desk/sign-in", data=fields, headers={"origin": office.origin})
    assert response.status_code == 401, "the form was read"


@pytest.mark.parametrize("stamp", ["", "x", "1.2.3", "1795307398.abc." + "0" * 64, "\x00.é.ü"])
def test_a_form_needs_a_stamp_of_ours(office: Office, stamp: str) -> None:
    cookie = office.cookie(office.account(Role.admin))
    fields: dict[str, Any] = {"do": "add", "name": "Rekaan", "email": "stamp@desk.example", "role": "editor"}
    assert office.send("desk/accounts", cookie, stamp=stamp, **fields).status_code == 403
    assert "stamp@desk.example" not in [account.email for account in office.desk.accounts.all()]


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_a_form_comes_as_a_form_only(office: Office, kind: str) -> None:
    for path in (*FORMS, *INSIDE):
        cookie = office.cookie(office.account(Role.admin)) if path in INSIDE else ""
        headers = {"content-type": kind, "sec-fetch-site": "same-origin", "cookie": cookie}
        assert office.server.post(path, content=b'{"do": "add"}', headers=headers).status_code == 415


def test_get_changes_nothing(office: Office) -> None:
    cookie = office.cookie(office.account(Role.admin))
    before = office.desk.audit.path.read_bytes()
    fields = "do=add&name=Rekaan&email=get@desk.example&role=admin&account=1&days=3&token=1"
    for path in (*INSIDE, *FORMS, "desk/", "desk"):
        assert office.get(f"{path}?{fields}", cookie).status_code == 200
    assert office.get("desk/sign-out", cookie).status_code == 405
    assert office.get("desk/", cookie).status_code == 200
    assert office.desk.audit.path.read_bytes() == before


def test_bodies_are_cut_off_while_they_arrive(office: Office) -> None:
    own = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    many = "&".join(f"x{number}=1" for number in range(10_000))
    assert office.server.post("join", content=many, headers=own).status_code == 400
    where = urlsplit(office.server.url)
    for path in FORMS:
        head = f"POST /{path} HTTP/1.1\r\nHost: {where.netloc}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in own.items())
        for length in ("Transfer-Encoding: chunked", "Content-Length: 1073741824"):
            with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
                connection.sendall(f"{head}{length}\r\n\r\n".encode())
                chunk = b"x" * 65536
                chunk = b"10000\r\n" + chunk + b"\r\n" if "chunked" in length else chunk
                try:
                    for _ in range(40):
                        connection.sendall(chunk)
                except OSError:
                    pass  # it has answered already
                assert b" 413 " in connection.recv(4096).partition(b"\r\n")[0]
    assert office.get("health").status_code == 200


def test_nothing_of_the_desk_may_be_kept_or_read_from_elsewhere(office: Office) -> None:
    cookie = office.cookie(office.account(Role.admin))
    for path in (*FORMS, *INSIDE, "desk", "desk/", "desk/api/applications", "desk/nothing", "join/nothing"):
        for origin in ("https://evil.example", "null"):
            for method in ("GET", "HEAD", "OPTIONS", "POST", "DELETE"):
                asked = {"origin": origin, "cookie": cookie, "access-control-request-method": "POST"}
                response = office.server.request(method, path, headers=asked)
                assert not [name for name in response.headers if name.startswith("access-control-")], (method, path)
                assert response.headers["cache-control"] == "no-store"
                assert "etag" not in response.headers
                assert response.headers["referrer-policy"] == "same-origin"
                assert "default-src 'none'" in response.headers["content-security-policy"]
    assert office.get("queries", cookie).headers["access-control-allow-origin"] == "*", "public reads stay public"


def test_no_redirect_leads_elsewhere_and_no_host_is_made_up(office: Office) -> None:
    account = office.account(password=PASSWORD)
    for path in ("desk/sign-in?next=//evil.example", "desk/sign-in?next=https://evil.example&lang=fr"):
        office.stamps[f"{path} "] = office.stamp("desk/sign-in")
        response = office.send(path, email=account.email, password=PASSWORD)
        assert response.status_code == 303
        assert re.fullmatch(r"/desk/(\?lang=fr)?", response.headers["location"])
    admin = office.cookie(office.account(Role.admin))
    fields: dict[str, Any] = {"do": "link", "account": str(account.id)}
    bad = {"host": "evil.example/<script>"}
    assert office.send("desk/accounts", admin, bad, **fields).status_code == 400
    for path in (
        "static/../../.hrc/desk.sqlite",
        "static/%2e%2e/%2e%2e/.hrc/desk.sqlite",
        "static/..%2f..%2f.hrc%2fdesk.sqlite",
    ):
        assert office.get(path).status_code == 404


def test_a_role_may_do_what_it_may_and_no_more(office: Office) -> None:
    editor, reviewer = office.account(), office.account(Role.reviewer)
    as_editor, as_reviewer = office.cookie(editor), office.cookie(reviewer)
    for cookie in (as_editor, as_reviewer):
        assert office.get("desk/accounts", cookie).status_code == 403
        office.stamps[f"desk/accounts {cookie}"] = office.stamp("desk/tokens", cookie)
        fields: dict[str, Any] = {"do": "role", "account": str(editor.id), "role": "admin"}
        assert office.send("desk/accounts", cookie, **fields).status_code == 403
        assert "/desk/accounts" not in office.get("desk/", cookie).text
    assert office.desk.accounts.get(editor.id).role is Role.editor
    reference, _ = office.apply()
    page = f"desk/applications/{reference}"
    assert office.get(page).status_code == 401
    assert office.send(page, as_editor, to="in-review").status_code == 303
    assert office.send(page, as_editor, to="accepted", why="complete").status_code == 403
    assert office.desk.applications.get(reference).state is State.in_review
    assert office.send(page, as_reviewer, to="declined", why="no").status_code == 303
    assert office.send(page, as_editor, to="in-review", why="yes").status_code == 403
    assert office.desk.applications.get(reference).state is State.declined


def test_nobody_accepts_their_own_draft(office: Office) -> None:
    one, other = office.account(Role.reviewer), office.account(Role.reviewer)
    reference, _ = office.apply()
    office.desk.applications.step(reference, State.in_review, "", one)
    office.desk.applications.save(reference, "{}", 0, one)
    office.desk.applications.save(reference, '{"by": "another"}', 1, office.account())
    page = f"desk/applications/{reference}"
    refused = office.send(page, office.cookie(one), to="accepted", why="mine")
    assert refused.status_code == 403
    assert "yourself" in refused.text
    undecided = office.send(page, office.cookie(other), to="accepted", why="complete")
    assert undecided.status_code == 409, "the page that the reviewer saw does not come with it"


def test_a_step_says_why_and_names_nobody(office: Office) -> None:
    cookie = office.cookie(office.account(Role.reviewer))
    reference, secret = office.apply()
    page = f"desk/applications/{reference}"
    assert office.send(page, cookie, to="accepted", why="too early").status_code == 409
    assert office.send(page, cookie, to="in-review").status_code == 303
    for why in ("", f"{PERSON['name']} asked for it", "write to a@b.example", "x" * 2_001):
        assert office.send(page, cookie, to="declined", why=why).status_code == 400
    assert office.send(page, cookie, to="returned", why="Which year was it?").status_code == 303
    told = office.send("join/status", reference=reference, secret=secret)
    assert "Which year was it?" in told.text
    assert PERSON["email"] not in told.text


def test_only_its_own_secret_opens_an_application(office: Office) -> None:
    (one, secret), (other, _) = office.apply(), office.apply()
    assert office.send("join/status", reference=one.lower(), secret=f" {secret} ").status_code == 200
    wrong = [(other, secret), (one, ""), (one, secret[:-1]), ("AAAA-AAAA", secret), ("' OR 1=1", secret)]
    answers = [office.send("join/status", reference=number, secret=code) for number, code in wrong]
    assert {answer.status_code for answer in answers} == {404}
    said = {re.sub(r'(name="stamp"|name="reference") value="[^"]*"', "", answer.text) for answer in answers}
    assert len(said) == 1
    assert "Pemerintah Kota Rekaan" not in office.get(f"join/status?reference={one}&secret={secret}").text


def test_the_second_of_two_who_save_a_draft_gets_both_versions(office: Office) -> None:
    reference, _ = office.apply()
    path = f"desk/api/applications/{reference}/draft"
    bearers = []
    for scope in (Scope.write, Scope.write, Scope.read):
        _, text = office.desk.tokens.create(office.account(), "rekaan", scope, 1, "operator")
        bearers.append({"authorization": f"Bearer {text}"})
    assert office.server.get(path, headers=bearers[0]).status_code == 404

    def save(who: int, version: object, payload: object) -> httpx.Response:
        return office.server.request("PUT", path, json={"version": version, "payload": payload}, headers=bearers[who])

    assert save(0, 0, {"date": "2016"}).json()["version"] == 1
    assert save(0, 1, {"date": "2017", "note": "seen"}).json()["version"] == 2
    late = save(1, 1, {"date": "2018"})
    assert (late.status_code, late.headers["content-type"]) == (409, "application/problem+json")
    assert late.json()["version"] == 2
    assert late.json()["stored"] == {"date": "2017", "note": "seen"}
    assert late.json()["sent"] == {"date": "2018"}
    assert office.server.get(path, headers=bearers[2]).json()["payload"] == {"date": "2017", "note": "seen"}
    assert save(1, 2, {"date": "2018", "note": "seen"}).json()["version"] == 3
    assert save(2, 3, {}).status_code == 403, "it may only read"
    assert [save(1, version, {}).status_code for version in (None, "3", True)] == [400] * 3
    nothing: tuple[object, ...] = ([], "x", None)
    assert [save(1, 3, payload).status_code for payload in nothing] == [400] * 3


def test_a_machine_takes_an_application_on_and_sees_no_contact(office: Office) -> None:
    reference, _ = office.apply()
    editor = office.account()
    made, text = office.desk.tokens.create(editor, "rekaan", Scope.write, 1, "operator")
    bearer = {"authorization": f"Bearer {text}"}
    told = office.server.get("desk/api/applications?state=received", headers=bearer)
    assert reference in [one["reference"] for one in told.json()]
    assert not any(value in told.text for value in PERSON.values())
    assert office.server.get("desk/api/applications?state=lost", headers=bearer).status_code == 400
    steps = f"desk/api/applications/{reference}/steps"
    assert office.server.post(steps, json={"to": "in-review"}, headers=bearer).json()["state"] == "in-review"
    assert office.server.post(steps, json={"to": "accepted", "why": "x"}, headers=bearer).status_code == 403
    one = office.server.get(f"desk/api/applications/{reference}", headers=bearer)
    assert [step["after"] for step in one.json()["steps"]] == ["received", "in-review"]
    assert not any(value in one.text for value in PERSON.values())
    assert f'"token {made.id}"' in office.desk.audit.path.read_text().splitlines()[-1]
    assert (
        office.server.post(
            steps, content="[" * 200_000, headers=bearer | {"content-type": "application/json"}
        ).status_code
        == 400
    )


def test_joining_asks_for_what_the_graph_knows_in_the_readers_language(office: Office) -> None:
    page = office.get("join", **{"accept-language": "id"}).text
    assert "mengadopsi" in page
    assert "Indonesia" in page
    assert ">adopted<" not in page
    assert "European Charter" in office.get("join").text


def test_a_row_is_added_without_script_and_nothing_is_lost(office: Office) -> None:
    before = len(office.desk.applications.all())
    page = office.send("join", **form(do="row", government="Kota <b>Rekaan</b>", date="2019"))
    assert page.status_code == 200
    assert page.text.count('name="instrument"') == 2
    assert "Kota &lt;b&gt;Rekaan&lt;/b&gt;" in page.text
    assert 'value="2019"' in page.text
    assert '<option value="text:european-charter-2000" selected>' in page.text
    assert re.search(r'value="theme:peace" checked', page.text)
    assert len(office.desk.applications.all()) == before
    fields = form() | {"instrument": ["text:udhr", ""], "other": ["", "Piagam Rekaan"], "mode": ["mode:signed"] * 2}
    fields |= {"date": ["2019", "2020?"], "evidence": ["", ""]}
    response = office.send("join", **fields)
    assert response.status_code == 201
    reference = re.findall(r'<code id="reference">([^<]+)', response.text)[0]
    asked = json.loads(office.desk.applications.get(reference).payload)
    assert asked["commitments"] == [
        {"instrument": "text:udhr", "mode": "mode:signed", "date": "2019"},
        {"other": "Piagam Rekaan", "mode": "mode:signed", "date": "2020?"},
    ]
    assert asked["government"] == {"name": "Pemerintah Kota Rekaan", "place": "Kota Rekaan", "country": "place:id"}
    assert not any(value in json.dumps(asked) for value in PERSON.values())


WRONG = (
    ({"government": ""}, "government"),
    ({"country": "place:zz"}, "country"),
    ({"wave": "aim:kkp-ham"}, "wave"),
    ({"instrument": "text:nothing"}, "instrument-0"),
    ({"mode": ""}, "mode-0"),
    ({"date": "May 2014"}, "date-0"),
    ({"date": "2021-02-30"}, "date-0"),
    ({"evidence": "javascript:alert(1)"}, "evidence-0"),
    ({"evidence": "https://"}, "evidence-0"),
    ({"theme": "theme:nothing"}, "themes"),
    ({"email": "nobody"}, "email"),
    ({"phone": "<script>"}, "phone"),
    ({"consent": ""}, "consent"),
    ({"website": "https://spam.example"}, "website"),
    ({"government": "x" * 301}, "government"),
)


@pytest.mark.parametrize(("fields", "field"), WRONG, ids=[f"{field} {next(iter(fields))}" for fields, field in WRONG])
def test_what_is_wrong_stands_beside_its_field(office: Office, fields: dict[str, Any], field: str) -> None:
    before = len(office.desk.applications.all())
    response = office.send("join", **form(**fields))
    assert response.status_code == 400
    assert re.findall(r'class="error" id="([\w-]+)-error"', response.text) == [field]
    assert len(office.desk.applications.all()) == before


def test_programs_that_fill_in_forms_are_too_quick(office: Office) -> None:
    before = len(office.desk.applications.all())
    fresh = stamp_in(office.get("join").text)
    quick = office.send("join", **form(stamp=fresh))
    assert quick.status_code == 400
    assert 'value="Pemerintah Kota Rekaan"' in quick.text
    assert office.send("join", **form(stamp="1.x.0")).status_code == 400
    assert len(office.desk.applications.all()) == before


def test_one_address_sends_five_applications_an_hour(office: Office) -> None:
    one = {"x-forwarded-for": address()}
    answers = [office.send("join", headers=one, **form()).status_code for _ in range(6)]
    assert answers == [201] * 5 + [429]


def test_metrics_and_log_know_the_desk_by_name_only(office: Office) -> None:
    reference, secret = office.apply()
    office.send("join/status", reference=reference, secret="wrong")
    office.send("join", **form(email="broken"))
    office.get(f"desk/applications/{reference}")
    office.get(f"desk/nothing/{reference}?email={PERSON['email']}")
    numbers = office.get("metrics").text
    assert 'hrc_requests_total{place="join",status="201"}' in numbers
    assert 'hrc_requests_total{place="desk",status="401"}' in numbers
    time.sleep(0.2)
    log = "".join(office.server.log) + numbers
    assert not any(private in log for private in (*PERSON.values(), reference, secret))


@pytest.fixture(scope="module", autouse=True)
def nothing_went_wrong(office: Office) -> Iterator[None]:
    """The log of the server has no error of its own."""
    yield
    assert [line for line in office.server.log if "traceback" in line or '"status": 500' in line] == []
