"""A fictional secretariat: a workspace with a desk of its own, the server on it, and the people who work there."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from hrc_graph.desk import Desk, open_desk
from hrc_graph.desk.accounts import Account, Role
from hrc_graph.settings import Settings
from tests.conftest import ROOT, Server, serving
from tests.past import built

PASSWORD = "four words nobody knows"
PERSON = {"name": "Siti Rekaan", "email": "siti.rekaan@kota.example", "phone": "+62 811 5550 0199"}
"""A fictional person."""
_NUMBERS = itertools.count(1)


@dataclass
class Office:
    """A running server, and its desk as the operator has it."""

    server: Server
    root: Path
    desk: Desk
    stamps: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return self.server.url.rstrip("/")

    def get(self, path: str, cookie: str = "", **headers: str) -> httpx.Response:
        return self.server.get(path, headers=headers | ({"cookie": cookie} if cookie else {}))

    def send(self, path: str, cookie: str = "", headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        """Send a form as a browser does, from our own page, with the stamp that this page has for this session."""
        fields.setdefault("stamp", self.stamp(path, cookie))
        sent = {"sec-fetch-site": "same-origin", "x-forwarded-for": address()} | (headers or {})
        return self.server.post(path, data=fields, headers=sent | ({"cookie": cookie} if cookie else {}))

    def stamp(self, path: str, cookie: str = "") -> str:
        known = f"{path} {cookie}"
        if known not in self.stamps:
            page = "desk/" if path == "desk/sign-out" else path
            self.stamps[known] = stamp_in(self.get(page, cookie).text)
        return self.stamps[known]

    def account(self, role: Role = Role.editor, password: str = "") -> Account:
        """Somebody new; with a password it takes half a second."""
        number = next(_NUMBERS)
        account, code = self.desk.accounts.add(f"Rekaan {number}", f"rekaan{number}@desk.example", role, "operator")
        return self.desk.accounts.redeem(code, password) if password else account

    def cookie(self, account: Account) -> str:
        """The cookie of a new session."""
        return f"__Host-hrc={self.desk.sessions.begin(account)}"

    def apply(self, **fields: Any) -> tuple[str, str]:
        """Send an application; its reference and its secret."""
        response = self.send("join", **form(**fields))
        assert response.status_code == 201, re.findall(r'class="error"[^>]*>([^<]+)', response.text)
        reference, secret = re.findall(r'<code id="\w+">([^<]+)', response.text)
        return reference, secret


def form(**fields: Any) -> dict[str, Any]:
    """A fictional application, filled in as it should be."""
    return {
        "do": "send",
        "government": "Pemerintah Kota Rekaan",
        "place": "Kota Rekaan",
        "country": "place:id",
        "wave": "aim:campaign-10-100-1000-wave-2",
        "instrument": "text:european-charter-2000",
        "other": "",
        "mode": "mode:signed",
        "date": "2021-05",
        "evidence": "https://kota.example/piagam",
        "theme": "theme:peace",
        "consent": "yes",
        **PERSON,
        **fields,
    }


def stamp_in(page: str) -> str:
    found = re.search(r'name="stamp" value="([^"]+)"', page)
    assert found, page
    return found[1]


def address() -> str:
    """An address that nobody has used yet, as a proxy would tell it."""
    number = next(_NUMBERS)
    return f"198.51.{number // 250}.{number % 250}"


@contextlib.contextmanager
def opened(root: Path, *arguments: str) -> Iterator[Office]:
    """The office of a new workspace on the shipped files."""
    for name in ("ontology", "data", "queries"):
        (root / name).symlink_to(ROOT / name)
    built(root)
    with serving(*arguments, workspace=root) as running:
        desk = open_desk(root, Settings())
        yield Office(running, root, desk)
        desk.database.close()
