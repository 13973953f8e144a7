"""Who asks to be forgotten is: no byte of the workspace, its history, its dumps or the log names them any more."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.settings import Settings
from tests.conftest import serving
from tests.office import Office
from tests.past import state_a
from tests.test_desk_import import press, problem, sent

PERSON = {"name": "Siti Terlupa", "email": "siti.terlupa@kota.example", "phone": "+62 811 5550 0777"}
"""A fictional person."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    root = state_a(tmp_path, "instruments/udhr", "sources/seed-003").root
    with serving(workspace=root) as running:
        desk = open_desk(root, Settings())
        yield Office(running, root, desk)
        desk.database.close()


@pytest.mark.slow
def test_an_erased_person_is_in_no_byte_of_anything(office: Office) -> None:
    cookie = office.cookie(office.account(Role.reviewer))
    office.stamp("join")
    time.sleep(3.1)
    reference, secret = office.apply(**PERSON)
    assert office.send("join/status", reference=reference, secret=secret).status_code == 200
    case = f"desk/applications/{reference}"
    assert PERSON["email"] in office.get(case, cookie).text
    assert press(office, case, cookie, to="in-review", why=f"ask {PERSON['email']}").status_code == 400
    assert press(office, case, cookie, to="in-review").status_code == 303
    row = "gov:id-lahat,text:udhr,endorsed,2019-05,src:seed-003\n"
    named = f"government,instrument,mode,date,sources\n{row}{PERSON['name']},{PERSON['email']},x,x,x\n"
    page = sent(office, cookie, "adoption.csv", named.encode())
    assert PERSON["email"] in office.get(page, cookie).text
    assert press(office, page, cookie, do="forget").status_code == 303
    page = sent(office, cookie, "adoption.csv", f"government,instrument,mode,date,sources\n{row}".encode())
    done = press(office, page, cookie, do="publish", why=f"asked by {PERSON['email']}")
    assert done.status_code == 400, "a reason is kept for good"
    done = press(office, page, cookie, do="publish", why="asked by the government")
    assert done.status_code == 303, problem(done)
    assert found(office), "what is searched is there before"
    erase = [sys.executable, "-m", "hrc_graph", "contact", "erase", PERSON["email"], "--workspace", str(office.root)]
    assert subprocess.run(erase, capture_output=True).returncode == 0
    assert found(office) == []
    assert "contact erased" in office.desk.audit.path.read_text("utf-8")
    dumps = sorted(set(re.findall(r'href="/?(dumps/[^"?]+)"', office.get("dumps").text)))
    assert dumps
    for name in dumps:
        assert named_in(office.server.get(name).content) == "", name


def found(office: Office) -> list[str]:
    """Where the person is still named."""
    files = [file for file in office.root.rglob("*") if file.is_file() and "ontology" not in file.parts]
    held = [f"{file}: {word}" for file in files if (word := named_in(_unpacked(file)))]
    return held + [f"log: {line}" for line in office.server.log if named_in(line.encode())]


def _unpacked(file: Path) -> bytes:
    """The bytes of a file, with those of a git object after them."""
    raw = file.read_bytes()
    if ".git" not in file.parts or "objects" not in file.parts:
        return raw
    if file.suffix == ".pack":
        raise AssertionError("the history was packed: look into it")
    try:
        return raw + zlib.decompress(raw)
    except zlib.error:
        return raw


def named_in(content: bytes) -> str:
    """The first word of the person in these bytes: plain, as UTF-16, in base64 or as in an address."""
    return next((name for name, word in WORDS.items() if word in content), "")


def _words() -> dict[str, bytes]:
    words = {}
    for name, text in PERSON.items():
        for code in ("utf-8", "utf-16-le", "utf-16-be"):
            words[f"{name} {code}"] = text.encode(code)
        for way in (quote, quote_plus):
            words[f"{name} {way.__name__}"] = way(text).encode()
        for shift in range(3):  # a word begins at any of three places of a group
            whole = base64.b64encode(b"\0" * shift + text.encode())
            words[f"{name} base64 {shift}"] = whole[(0, 2, 3)[shift] : len(whole) // 4 * 4 - 4]
    return words


WORDS = _words()
