"""A table comes in through the desk: told first, mended, published as one change and taken back as one."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.settings import Settings
from tests.conftest import ROOT, serving
from tests.office import Office, stamp_in
from tests.past import built, closed

pytestmark = pytest.mark.slow

ORIGIN = {"sec-fetch-site": "same-origin"}
NEEDED = (
    "governments/es/barcelona",
    "governments/id/wonosobo",
    "instruments/global-charter-agenda-2011",
    "instruments/udhr",
    "sources/seed-003",
)
"""What the tables name."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A fictional secretariat with a workspace of its own, in git."""
    root = closed(tmp_path_factory.mktemp("office"), *NEEDED).root
    with serving("--time-limit", "2", workspace=root) as running:
        desk = open_desk(root, Settings())
        yield Office(running, root, desk)
        desk.database.close()


def own_workspace(root: Path) -> Path:
    """A copy of the shipped files, built, with a history that begins here."""
    for name in ("ontology", "queries"):
        (root / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "data", root / "data")
    for command in (
        ("init", "-q"),
        ("config", "user.name", "operator"),
        ("config", "user.email", "operator@desk.example"),
        ("add", "data"),
        ("commit", "-qm", "begin"),
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    built(root)
    return root


def upload(office: Office, cookie: str, name: str, content: bytes, kind: str = "", **fields: str) -> httpx.Response:
    fields = {"stamp": stamp_in(office.get("desk/import", cookie).text), "kind": kind} | fields
    headers = {"cookie": cookie, "accept": "text/html", **ORIGIN}
    return office.server.post("desk/import", data=fields, files={"file": (name, content)}, headers=headers)


def press(
    office: Office, page: str, cookie: str, site: str = "same-origin", stamp: str = "", **fields: str
) -> httpx.Response:
    """Send a form of the desk."""
    stamp = stamp or stamp_in(office.get("desk/import", cookie).text)
    headers = {"cookie": cookie, "accept": "text/html", "sec-fetch-site": site}
    return office.server.post(page, data={"stamp": stamp} | fields, headers=headers)


def sent(office: Office, cookie: str, name: str, content: bytes, kind: str = "") -> str:
    """The address of a table that was sent and tried."""
    response = upload(office, cookie, name, content, kind)
    assert response.status_code == 303, problem(response)
    return str(response.headers["location"]).lstrip("/")


def problem(response: httpx.Response) -> str:
    return " ".join(re.findall(r'class="(?:problem|error)"[^>]*>([^<]+)', response.text)) or response.text[:2000]


def book(*rows: tuple[Any, ...], title: str = "places") -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


ADOPTIONS = "government,instrument,mode,date,sources\n"
LAHAT = "gov:id-lahat,text:udhr,endorsed,2019-05,src:seed-003\n"


def test_a_right_table_is_told_then_published_and_taken_back_as_one_change(office: Office) -> None:
    cookie = office.cookie(office.account(Role.reviewer))
    before = office.server.rows("SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/hrcity/def/Commitment> }")
    rows = LAHAT + LAHAT.replace("gov:id-lahat", "gov:id-wonosobo")
    page = sent(office, cookie, "adoption.csv", (ADOPTIONS + rows).encode())
    told = office.get(page, cookie)
    assert "The table is right" in told.text
    assert office.server.rows("SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/hrcity/def/Commitment> }") == before
    folder = office.root / ".hrc" / "uploads"
    assert [(each.stat().st_mode & 0o077) for each in folder.iterdir()] == [0]
    done = press(office, page, cookie, do="publish", why="fictional")
    assert done.status_code == 303, problem(done)
    where = done.headers["location"].lstrip("/")
    assert list(folder.iterdir()) == [], "what was sent is gone"
    log = subprocess.run(
        ["git", "log", "-2", "--format=%an <%ae>|%s|%b"], cwd=office.root, capture_output=True, text=True
    )
    assert re.match(r"Rekaan \d+ <>\|.*import of adoption.csv", log.stdout), log.stdout
    assert "|Some of the shipped" in log.stdout.splitlines()[-2] + log.stdout.splitlines()[-1]
    assert "It is published" in office.get(where, cookie).text
    shown(office, int(before[0]["n"]) + 2)
    assert press(office, where, cookie, why="").status_code == 400
    undone = press(office, where, cookie, why="it was fictional")
    assert "It was taken back" in undone.text
    shown(office, int(before[0]["n"]))
    assert not office.desk.audit.broken()


def shown(office: Office, commitments: int) -> None:
    """The public sees so many commitments, soon."""
    for _ in range(50):
        found = office.server.rows("SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/hrcity/def/Commitment> }")
        if int(found[0]["n"]) == commitments:
            return
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_wrong_table_is_told_by_sheet_row_and_column_and_given_back_to_be_mended(office: Office) -> None:
    cookie = office.cookie(office.account(Role.reviewer))
    rows = LAHAT + LAHAT.replace("2019-05", "one fine day") + LAHAT.replace("endorsed", "hugged")
    page = sent(office, cookie, "adoption.csv", (ADOPTIONS + rows).encode())
    told = office.get(page, cookie)
    cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", told.text)]
    for row, column, value in (("3", "date", "one fine day"), ("4", "mode", "hugged")):
        at = cells.index(value)
        assert cells[at - 3 : at] == ["adoption", row, column]
        assert cells[at + 1]
    assert "Publish<" not in told.text
    refused = press(office, page, cookie, do="publish")
    assert refused.status_code == 400
    report = office.get(f"{page}/errors.xlsx", cookie)
    sheet = load_workbook(io.BytesIO(report.content)).active
    assert sheet is not None
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0][-1] == "errors"
    assert [bool(row[-1]) for row in found[1:]] == [False, True, True]
    in_indonesian = office.get(f"{page}?lang=id", cookie)
    assert in_indonesian.status_code == 200


def test_a_doubt_is_answered_once_and_remembered(office: Office) -> None:
    cookie = office.cookie(office.account(Role.reviewer))
    table = b"name,country,kind,sources\nCity of Barcelona,ES,city,src:seed-000\n"
    page = sent(office, cookie, "places.csv", table)
    told = office.get(page, cookie)
    assert "Is it the same?" in told.text
    answer = re.search(r'value="(doubt-\d+ same)"', told.text)
    assert answer
    assert press(office, page, cookie, answer=answer[1]).status_code == 303
    told = office.get(page, cookie)
    assert "Is it the same?" not in told.text
    assert "place:es-barcelona" in told.text
    assert "decisions/place" in told.text
    assert press(office, page, cookie, do="publish").status_code == 303
    page = sent(office, cookie, "places.csv", table)
    assert "Is it the same?" not in office.get(page, cookie).text


def test_who_may_see_and_publish_a_table(office: Office) -> None:
    one, other = office.cookie(office.account()), office.cookie(office.account())
    reviewer = office.cookie(office.account(Role.reviewer))
    page = sent(office, one, "adoption.csv", (ADOPTIONS + LAHAT).encode())
    assert office.get(page, one).status_code == 200
    assert office.get(page, reviewer).status_code == 200
    for path in (page, f"{page}/errors.xlsx"):
        assert office.get(path, other).status_code == 404
    assert office.get(page).status_code == 401
    assert press(office, page, one, do="publish").status_code == 403
    stamp = stamp_in(office.get("desk/import", other).text)
    assert press(office, page, other, do="publish", stamp=stamp).status_code == 404
    assert press(office, page, one, site="cross-site", do="forget", stamp="x").status_code == 403
    assert press(office, page, one, stamp=stamp, do="forget").status_code == 403
    assert upload(office, one, "adoption.csv", b"x", stamp="made up").status_code == 403
    assert office.get(page, one, origin="https://evil.example").headers.get("access-control-allow-origin") is None
    assert office.get(page, one).headers["cache-control"] == "no-store"
    assert press(office, page, one, do="forget").status_code == 303
    assert office.get(page, one).status_code == 404


def test_two_editors_of_the_same_record_do_not_overwrite_each_other(office: Office) -> None:
    one, other = (office.cookie(office.account(Role.reviewer)) for _ in range(2))
    pages = [
        sent(office, cookie, "adoption.csv", (ADOPTIONS + LAHAT.replace("udhr", text)).encode())
        for cookie, text in ((one, "european-charter-2000"), (other, "global-charter-agenda-2011"))
    ]
    assert press(office, pages[0], one, do="publish").status_code == 303
    second = press(office, pages[1], other, do="publish")
    assert second.status_code == 409
    assert "governments/id/lahat" in second.text
    assert press(office, pages[1], other, do="publish").status_code == 303, "looked at again, it goes in"
    text = (office.root / "data" / "governments" / "id" / "lahat.ttl").read_text("utf-8")
    assert "european-charter-2000" in text
    assert "global-charter-agenda-2011" in text


def right() -> bytes:
    return book(tuple(ADOPTIONS.strip().split(",")), tuple(LAHAT.strip().split(",")), title="adoption")


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a bomb": ("adoption.xlsx", lambda: again(right(), **{"xl/worksheets/sheet1.xml": b"0" * 300_000_000})),
    "a nested archive": ("adoption.xlsx", lambda: again(b"", **{"inner.xlsx": right()})),
    "a way out": ("adoption.xlsx", lambda: again(right(), **{"../../../../tmp/hrc-evil.txt": b"x"})),
    "a lying size": (
        "adoption.xlsx",
        lambda: lying(again(right(), **{"xl/worksheets/sheet1.xml": b"0" * 20_000_000})),
    ),
    "a formula": ("adoption.xlsx", lambda: book(tuple(ADOPTIONS.strip().split(",")), ("=1+1", *"bcde"))),
    "RDF/XML": ("adoption.csv", lambda: b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aa">]><rdf:RDF>&a;</rdf:RDF>'),
    "RDF": ("data.rdf", lambda: b"<rdf:RDF/>"),
    "Turtle": ("data.ttl", lambda: b"<a> <b> <c> ."),
    "a text of 10 MB": ("adoption.csv", lambda: ADOPTIONS.encode() + b"x" * 10_000_000 + b",,,,\n"),
    "NUL": ("adoption.csv", lambda: (ADOPTIONS + LAHAT).encode() + b"\0,,,,\n"),
    "half of a sign": ("adoption.csv", lambda: b"\xef\xbb\xbf" + ADOPTIONS.encode() + b"\xed\xa0\x80,,,,\n"),
    "quotes that do not end": ("adoption.csv", lambda: ADOPTIONS.encode() + b'"' * 999_999),
    "nothing": ("adoption.csv", lambda: b""),
    "no name": ("../../.csv", lambda: b""),
}
"""Files that no table is, or that were made to do harm."""


def again(archive: bytes, **parts: bytes) -> bytes:
    """A workbook with parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        if archive:
            with zipfile.ZipFile(io.BytesIO(archive)) as before:
                for name in before.namelist():
                    if name not in parts:
                        made.writestr(name, before.read(name))
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def lying(archive: bytes) -> bytes:
    """An archive whose directory says that its largest part is small."""
    return archive.replace((20_000_000).to_bytes(4, "little"), (20_000).to_bytes(4, "little"))


@pytest.mark.parametrize("attack", list(HOSTILE))
def test_a_hostile_file_is_refused_and_leaves_nothing(office: Office, attack: str) -> None:
    cookie = office.cookie(office.account())
    name, made = HOSTILE[attack]
    content = made()
    folder = office.root / ".hrc" / "uploads"
    held, lying_there = memory(office), set(folder.glob("*"))
    response = upload(office, cookie, name, content, "adoption")
    assert 400 <= response.status_code < 500, response.status_code
    assert problem(response)
    assert memory(office) < held + 150_000_000
    assert not Path("/tmp/hrc-evil.txt").exists()
    assert set(folder.glob("*")) == lying_there
    assert office.server.process.poll() is None
    assert not any("adoption.xlsx" in line for line in office.server.log)


def memory(office: Office) -> int:
    """The bytes of memory that the web process holds."""
    status = Path(f"/proc/{office.server.process.pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_too_much_is_refused_while_it_arrives(office: Office) -> None:
    cookie = office.cookie(office.account())
    stamp = stamp_in(office.get("desk/import", cookie).text)
    head = f'--b\r\nContent-Disposition: form-data; name="stamp"\r\n\r\n{stamp}\r\n'
    head += '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    held, sent_so_far = memory(office), 0

    def endless() -> Iterator[bytes]:
        nonlocal sent_so_far
        yield head.encode()
        while sent_so_far < 1_000_000_000:
            sent_so_far += 2**20
            yield b"x" * 2**20

    headers = {"cookie": cookie, "content-type": "multipart/form-data; boundary=b", **ORIGIN}
    status = post(office, headers, endless())
    assert status in (413, 0)
    assert sent_so_far < 100_000_000, "the server stopped listening"
    assert memory(office) < held + 100_000_000
    assert post(office, headers | {"content-length": "1000000000"}, endless()) in (413, 0)
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="f{number}"\r\n\r\nx\r\n' for number in range(10_000)
    )
    assert post(office, headers, iter([fields.encode() + b"--b--\r\n"])) == 413
    files = '--b\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\nx\r\n' * 3
    assert post(office, headers, iter([files.encode() + b"--b--\r\n"])) == 413
    assert post(office, headers, iter([b"\0" * 2_000])) == 400
    assert post(office, headers | {"content-type": "text/plain"}, iter([b"x"])) == 415


def test_a_slow_upload_is_given_up(office: Office) -> None:
    cookie = office.cookie(office.account())

    def slow() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        time.sleep(4)
        yield b"x"

    headers = {"cookie": cookie, "content-type": "multipart/form-data; boundary=b", **ORIGIN}
    assert post(office, headers, slow()) in (408, 0)


def post(office: Office, headers: dict[str, str], body: Iterator[bytes]) -> int:
    """The status of an upload; 0 where the server hung up before we had read it."""
    try:
        return office.server.post("desk/import", content=body, headers=headers).status_code
    except (httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadError):
        return 0


def test_templates_are_there_for_every_kind(office: Office) -> None:
    cookie = office.cookie(office.account())
    names = re.findall(r'href="/(desk/import/templates/[^"]+)"', office.get("desk/import", cookie).text)
    assert len(names) == 2 * len(list((ROOT / "ontology" / "tables").glob("*.yaml")))
    for name in names[:6]:
        given = office.get(name, cookie)
        assert given.status_code == 200
        assert given.headers["content-disposition"].startswith("attachment")
    assert office.get("desk/import/templates/../../../etc/passwd", cookie).status_code == 404
    assert office.get("desk/import/templates/nothing.csv", cookie).status_code == 404
    assert office.get(names[0]).status_code == 401


MARKUP = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script></title>'


def test_hostile_words_in_a_table_stay_words(office: Office) -> None:
    cookie = office.cookie(office.account(Role.reviewer))
    rows = [
        ["government", "instrument", "mode", "date", "sources"],
        [MARKUP, "javascript:alert(1)", MARKUP, MARKUP, "data:x"],
    ]
    page = sent(office, cookie, f"{MARKUP}.xlsx", book(*map(tuple, rows), title="adoption"), "adoption")
    told = office.get(page, cookie).text
    assert "<img src=x" not in told
    assert "<script>window" not in told
    assert 'href="javascript:' not in told
    assert "&lt;img src=x" in told
