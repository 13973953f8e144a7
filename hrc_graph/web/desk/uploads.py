"""Tables that were sent to the desk: kept for an hour in a folder of their own, and tried in a process of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from hrc_graph import publishing
from hrc_graph.desk.accounts import Account, Role
from hrc_graph.errors import BadFile, BadRequest, BatchTooLarge, Busy, NotFound, SlowRequest, WrongMediaType
from hrc_graph.tables import FILE_BYTES
from hrc_graph.tables.trial import OUTCOME, REPORT
from hrc_graph.web.desk.door import Form
from hrc_graph.workspace import Workspace

KEPT = 3600.0
"""Seconds until what was sent is deleted."""
_EACH, _ALL = 3, 20
"""So many uploads of one account, and of all, are kept at once; the oldest makes room."""
_TRIAL = 120.0
_WHOLE = 300.0
"""Seconds that a trial, and the arrival of a file, may take."""
_BESIDE = 100_000
"""Bytes of a form beside its file."""
_FIELDS = 20
_SUFFIXES = (".csv", ".tsv", ".xlsx")


@dataclass
class Upload:
    """A table that somebody sent, and what a trial said of it."""

    id: str
    account: int
    folder: Path
    name: str
    kind: str
    ends: float
    language: str = "en"
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    """By sheet and number of the row, what it is the same as: an IRI, or “new”."""

    @property
    def file(self) -> Path:
        """Where the table lies."""
        return self.folder / "sent" / self.name

    @property
    def report(self) -> Path:
        """The table with a column of its errors, where there are some."""
        return self.folder / REPORT


class Uploads:
    """The tables that are being brought in. They do not outlast the server."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._root = workspace.root / ".hrc" / "uploads"
        self._known: dict[str, Upload] = {}
        self._room = asyncio.Semaphore(2)
        self._waiting = 0
        shutil.rmtree(self._root, ignore_errors=True)

    def get(self, id: str, account: Account) -> Upload:
        """An upload of this account, or for who reviews, of anybody. Raises `NotFound`, whoever else has it."""
        self._sweep()
        found = self._known.get(id)
        if found is None or (found.account != account.id and not account.role.may(Role.reviewer)):
            raise NotFound("This table is not here (any more).", "Send it again: it is kept for an hour.")
        return found

    def add(self, account: Account, name: str, kind: str, language: str) -> Upload:
        """The place for a new table. Raises `BadFile` for a name that no table has, `Unwritable`."""
        self._sweep()
        name = plain_name(name)
        own = [each for each in self._known.values() if each.account == account.id]
        for full, among in ((_EACH, own), (_ALL, list(self._known.values()))):
            if len(among) >= full:
                self.forget(min(among, key=lambda each: each.ends))
        id = secrets.token_urlsafe(18)
        upload = Upload(id, account.id, self._root / id, name, kind, time.monotonic() + KEPT, language)
        with publishing.unwritable(self._workspace):
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            upload.folder.mkdir(mode=0o700)
            upload.file.parent.mkdir()
        self._known[id] = upload
        asyncio.get_running_loop().call_later(KEPT, self.forget, upload)
        return upload

    def forget(self, upload: Upload) -> None:
        """Delete a table and all that was made of it."""
        self._known.pop(upload.id, None)
        shutil.rmtree(upload.folder, ignore_errors=True)

    def outcome(self, upload: Upload) -> dict[str, Any]:
        """What the last trial told. Raises `BadFile` with what it could not read."""
        try:
            told: dict[str, Any] = json.loads((upload.folder / OUTCOME).read_text("utf-8"))
        except (OSError, ValueError):
            raise BadFile("The table is too large, or damaged.", "Split it, or save it again.") from None
        if "error" in told:
            raise (Busy if told["busy"] else BadFile)(*told["error"])
        return told

    async def trial(self, upload: Upload) -> dict[str, Any]:
        """Try a table on the graph as it is now. Raises `BadFile`, `Busy`, `Unwritable`."""
        if self._waiting >= _ALL:
            raise Busy("Too many tables are being read.", "Try it again in a minute.")
        self._waiting += 1
        try:
            async with self._room:
                await asyncio.to_thread(self._tried, upload)
        finally:
            self._waiting -= 1
        return await asyncio.to_thread(self.outcome, upload)

    def _tried(self, upload: Upload) -> None:
        asked = {
            "workspace": str(self._workspace.root),
            "base": self._workspace.settings.base,
            "files": [str(upload.file)],
            "kind": upload.kind,
            "language": upload.language,
            "answers": upload.answers,
            "folder": str(upload.folder),
        }
        for made in (upload.folder / OUTCOME, upload.report):
            made.unlink(missing_ok=True)
        command = [sys.executable, "-m", "hrc_graph.tables.trial"]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        where = os.environ | {"TMPDIR": str(upload.folder)}  # what the reading of workbooks spills goes with the table
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, env=where, **quiet) as child:
            try:
                child.communicate(json.dumps(asked).encode(), timeout=_TRIAL)
            except subprocess.TimeoutExpired:
                raise BadFile(f"The table takes longer than {_TRIAL:g} seconds to read.", "Split it.") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)

    def _sweep(self) -> None:
        for each in [each for each in self._known.values() if each.ends < time.monotonic()]:
            self.forget(each)


async def received(request: Request, patience: float) -> tuple[Form, UploadFile | None]:
    """The fields of a form and its file, counted while they arrive; between two pieces `patience` seconds may pass.

    Raises `BatchTooLarge`, `SlowRequest`, `BadRequest`, `WrongMediaType`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        raise WrongMediaType("A table is not sent so.", "Send it with the form of the page.")
    most = FILE_BYTES + _BESIDE
    too_large = BatchTooLarge(f"The file is larger than {FILE_BYTES // 10**6} MB.", "Split it into several.")
    if request.headers.get("content-length", "0").isdigit() and int(request.headers.get("content-length", "0")) > most:
        raise too_large

    async def counted() -> AsyncGenerator[bytes, None]:
        size = 0
        pieces = request.stream()
        with contextlib.suppress(StopAsyncIteration):
            while True:
                async with asyncio.timeout(patience):
                    piece = await anext(pieces)
                size += len(piece)
                if size > most:
                    raise too_large
                yield piece

    parser = MultiPartParser(request.headers, counted(), max_files=1, max_fields=_FIELDS, max_part_size=_BESIDE)
    try:
        async with asyncio.timeout(_WHOLE):
            form = await parser.parse()
    except TimeoutError:
        raise SlowRequest("The file did not arrive in time.", "Send it again.") from None
    except ClientDisconnect:
        raise BadRequest("The file did not arrive.", "Send it again.") from None
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise BatchTooLarge("The form has too many fields or files.", "Send one file with the form.") from None
        raise BadRequest("The form cannot be read.", "Send it with the form of the page.") from None
    except (FormParserError, ValueError, KeyError):
        raise BadRequest("The form cannot be read.", "Send it with the form of the page.") from None
    texts = [(name, value.replace("\0", "")) for name, value in form.multi_items() if isinstance(value, str)]
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    return Form(texts), files[0] if files else None


def plain_name(name: str) -> str:
    """The name of a file without its folders and whatever else could lead astray. Raises `BadFile`."""
    own = re.sub(r"[^\w ().-]", "_", re.split(r"[/\\]", name)[-1]).strip(" .-")
    stem, dot, suffix = own.rpartition(".")
    if f"{dot}{suffix}".lower() not in _SUFFIXES:
        raise BadFile("This is no table.", "Send a file whose name ends in .csv or .xlsx.")
    return f"{stem[:80].strip(' .-') or 'table'}.{suffix.lower()}"
