"""Releases over HTTP: what there are, their files, and of each the documents and an endpoint, started when asked."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from hrc_graph import formats, releases
from hrc_graph.engine.aside import Aside
from hrc_graph.engine.cached import Cached
from hrc_graph.engine.embedded import Embedded
from hrc_graph.errors import HrcError, NotFound
from hrc_graph.export import citing, package
from hrc_graph.export.folder import SUMS, File, Folder
from hrc_graph.export.listings import LISTINGS
from hrc_graph.questions import NamedQuery, library
from hrc_graph.releases import Release
from hrc_graph.web import headers, problems
from hrc_graph.web.answers import Answers, Whole, encoding_of, matches, page
from hrc_graph.web.assets import Assets
from hrc_graph.web.clients import Clients
from hrc_graph.web.descriptions import Descriptions
from hrc_graph.web.dumps import Dump
from hrc_graph.web.feeds import Feeds
from hrc_graph.web.languages import N_, gettext
from hrc_graph.web.metrics import Metrics
from hrc_graph.web.representations import Representations
from hrc_graph.web.results import Studio
from hrc_graph.web.sparql import SparqlApp
from hrc_graph.workspace import Workspace

HEADER = b"x-release"
_LOOK_EVERY = 5.0
"""Seconds between two looks for releases that were made meanwhile."""
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Opened:
    """A state of the data that can be asked: the live one, or a release."""

    release: str
    """Its name; empty for the live data."""
    answers: Answers
    questions: dict[str, NamedQuery]
    documents: Representations
    sparql: SparqlApp | None = None


class Releases:
    """Knows the releases of a workspace, and asks them."""

    def __init__(
        self, workspace: Workspace, clients: Clients, metrics: Metrics, studio: Studio, assets: Assets, feeds: Feeds
    ) -> None:
        self._workspace = workspace
        self._clients = clients
        self._metrics = metrics
        self._studio = studio
        self._assets = assets
        self._feeds = feeds
        self._known: dict[str, Release] = {}
        self._of_snapshot: dict[str, str] = {}
        self._looked = -_LOOK_EVERY
        self._sums: dict[str, dict[str, File]] = {}
        self._aside: Aside[Opened] = Aside(workspace.settings, self._open)

    def known(self) -> dict[str, Release]:
        """The releases by name, the newest first."""
        if time.monotonic() - self._looked >= _LOOK_EVERY:
            self._known = releases.known(self._workspace.root)
            self._of_snapshot = {each.snapshot: name for name, each in reversed(self._known.items())}
            self._looked = time.monotonic()
        return self._known

    def find(self, name: str) -> Release:
        """The release of that name. Raises `NotFound`."""
        found = self.known().get(name)
        if found is None:
            raise NotFound(f"There is no release “{name[:40]}”.", "They are listed at /releases/.")
        return found

    def of(self, snapshot: str) -> str:
        """The newest release that is this snapshot; empty when there is none."""
        self.known()
        return self._of_snapshot.get(snapshot, "")

    def folder(self, name: str) -> Path:
        """Where the files of a release lie."""
        return self._workspace.root / releases.FOLDER / name

    def files(self, name: str) -> dict[str, File]:
        """The files of a release: those in its checksums, and these."""
        if name not in self._sums:
            folder = Folder(self.folder(name))
            told = (folder.path / SUMS).read_text("utf-8").splitlines()
            split = ((line[:64], line[66:]) for line in told)
            files = {path: File((folder.path / path).stat().st_size, sha256) for sha256, path in split}
            folder.note(SUMS)
            self._sums[name] = files | folder.files
        return self._sums[name]

    @contextlib.asynccontextmanager
    async def opened(self, name: str) -> AsyncIterator[Opened]:
        """A release, to be asked. Raises `NotFound` or `Busy`."""
        release = self.find(name)
        root, state = self._workspace.root, self._workspace.state
        async with self._aside.use(name, lambda: releases.snapshot(root, release, state)) as found:
            yield found

    async def sparql(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint of a release, as a plain ASGI application."""
        try:
            async with self.opened(scope["path"].split("/")[2]) as found:
                assert found.sparql
                await found.sparql(scope, receive, send)
        except HrcError as error:
            accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
            await problems.respond(error, accept)(scope, receive, send)

    async def close(self) -> None:
        """End every engine."""
        await self._aside.close()

    def marking(self, send: Send, path: str) -> Send:
        """A `send` that names the release which an answer belongs to."""
        self.known()
        if not self._known:
            return send
        asked = path.split("/")[2] if path.startswith("/releases/") else ""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = message["headers"]
                snapshot = next((value for name, value in fields if name == b"x-snapshot"), b"").decode()
                name = asked if snapshot and asked in self._known else self._of_snapshot.get(snapshot, "")
                if name and not any(field == HEADER for field, _ in fields):
                    message = {**message, "headers": [*fields, (HEADER, name.encode())]}
            await send(message)

        return marked

    def _open(self, name: str, engine: Embedded) -> Opened:
        settings = self._workspace.settings
        questions = library(self.folder(name) / "queries", base=settings.base)
        answers = Answers(Cached(engine, settings.cache_bytes // 4), self._clients)
        described = Descriptions(answers, replace(self._workspace, questions=questions))

        async def describe(format: formats.Format, url: str, asked: Mapping[str, str]) -> Response:
            return await described.respond("service", format, url, asked)

        documents = Representations(answers, questions, settings, self._assets, self._feeds.changes, name)
        metrics, naming = self._metrics, documents.naming
        sparql = SparqlApp(answers, self._clients, metrics, settings, describe, self._studio, naming, name)
        return Opened(name, answers, questions, documents, sparql)


def router(known: Releases, base: str) -> APIRouter:
    """The routes of releases, except their endpoints."""
    routes = APIRouter(tags=["releases"])

    @routes.get("/releases/", summary="The releases of the data")
    async def listed(request: Request) -> Response:
        return page("releases.html", request.headers, title=gettext("Releases"), releases=known.known().values())

    @routes.get("/releases/{name}/", summary="A release: what it is, its files, how to cite it")
    async def shown(name: str, request: Request) -> Response:
        release = known.find(name)
        files = await asyncio.to_thread(known.files, name)
        told = releases.edition(release, _with(files), base)
        rows = [(path, _title(path), file) for path, file in sorted(files.items())]
        return page(
            "release.html",
            request.headers,
            fields=_of(release),
            title=gettext("Release %(name)s") % {"name": name},
            release=release,
            home=told.home,
            cite=citing.sentence(told),
            dumps=[row for row in rows if row[0].startswith("dumps/")],
            about=[row for row in rows if "/" not in row[0]],
            questions=[row[0] for row in rows if row[0].startswith("queries/")],
        )

    @routes.get("/releases/{name}", include_in_schema=False)
    async def without_slash(name: str) -> Response:
        return RedirectResponse(f"/releases/{known.find(name).release}/", 308, headers.COMMON)

    @routes.get("/releases/{name}/doc/{path:path}", summary="The document about a thing or term, as a release has it")
    async def document(name: str, path: str, request: Request) -> Response:
        async with known.opened(name) as found:
            return await found.documents.respond(path, request)

    @routes.get("/releases/{name}/{path:path}", summary="A file of a release")
    async def file(name: str, path: str, request: Request) -> Response:
        release = known.find(name)
        files = await asyncio.to_thread(known.files, name)
        if path not in files:
            raise NotFound(f"Release {name} has no file “{path[:100]}”.", f"They are listed at /releases/{name}/.")
        coding, stored = "", path
        packed = path + package.PACKED
        accepted = encoding_of(request.headers.get("accept-encoding", ""))
        if packed in files and accepted == "zstd" and "range" not in request.headers:
            coding, stored = "zstd", packed
        tag = f'"{files[stored].sha256[:24]}{"-zstd" if coding else ""}"'
        about = {"ETag": tag, "X-Snapshot": release.snapshot, "Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
        if coding:
            about["Content-Encoding"] = coding
        if matches(tag, request.headers.get("if-none-match", "")):
            return Whole(b"", [(name.lower().encode(), value.encode()) for name, value in about.items()], 304)
        kept = known.folder(name) / stored
        type = package.media_type(path)
        type += "; charset=utf-8" if type.startswith("text/") else ""
        return Dump(kept, headers=headers.COMMON | about | {"Content-Type": type})

    return routes


def _of(release: Release) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"cache-control", b"no-cache"), (b"x-snapshot", release.snapshot.encode()))


def _with(files: dict[str, File]) -> Folder:
    folder = Folder(Path())
    folder.files = files
    return folder


def _title(path: str) -> str:
    told = package.described(path.removeprefix("dumps/"), LISTINGS, gettext)
    name = path.rpartition("/")[2]
    return told or (gettext(_ABOUT[name]) if name in _ABOUT else "")


_ABOUT = {
    SUMS: N_("Checksums: sha256sum --check"),
    package.NAME: N_("The folder as a Data Package, with a schema for each table"),
    releases.ABOUT: N_("What the release says of itself"),
    citing.CRATE: N_("The whole as an RO-Crate"),
    "catalogue.ttl": N_("The catalogue: DCAT 3 and VoID"),
    "schema-org.jsonld": N_("schema.org Dataset"),
    "datacite.json": N_("Metadata as DataCite takes them"),
    "CITATION.cff": N_("How to cite it: Citation File Format"),
    "shacl-report.ttl": N_("What the shapes say of it: SHACL report"),
}
