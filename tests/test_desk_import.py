"""A table comes in through the desk: told first, mended, published as one change and taken back as one."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
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

HEADER = "id,name,name language,kind,country,part of,page,source"
ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A fictional secretariat with a workspace of its own, in git."""
    root = own_workspace(tmp_path_factory.mktemp("office"))
    with serving("--time-limit", "2", workspace=root) as running:
        desk = open_desk(root, Settings())
        yield Office(running, root, desk)
        desk.database.close()


def own_workspace(root: Path) -> Path:
    """A copy of the shipped files with a history that begins here."""
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
    return root


def upload(
    office: Office, cookie: str, name: str, content: bytes, kind: str = "", **fields: str
) -> httpx.Response:
    fields = {"stamp": stamp_in(office.get("desk/import", cookie).text), "kind": kind} | fields
    headers = {"cookie": cookie, "accept": "text/html", **ORIGIN}
    return office.server.post("desk/import", data=fields, files={"file": (name, content)}, headers=headers)


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
