"""`/dataset`: the data set as a page, as DCAT and VoID, and for those who cite or archive it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import description, formats, namespaces, releases
from hrc_graph.errors import BadRequest, NotFound
from hrc_graph.export import catalogue, citing, dumps
from hrc_graph.export.catalogue import Edition, Linkset
from hrc_graph.export.folder import as_json, measured
from hrc_graph.web import protocol
from hrc_graph.web.answers import VARY, Answers, Whole, encoding_of, matches, page, sent
from hrc_graph.web.languages import N_, READER
from hrc_graph.web.releases import Releases
from hrc_graph.workspace import Workspace

_OFFERED = (formats.HTML, formats.TURTLE, formats.JSON_LD, formats.N_TRIPLES, formats.RDF_XML, formats.N3, formats.TRIG)
_FILES = {
    "schema-org.jsonld": "application/ld+json",
    "datacite.json": "application/json",
    "CITATION.cff": "application/yaml; charset=utf-8",
}
_SERVICES = {
    N_("SPARQL endpoint"): "/sparql",
    N_("Graphs, by the Graph Store Protocol"): "/graphs",
    N_("Reconciliation of names"): "/reconcile",
}
_FORMAT = {
    "parameters": [{"name": "format", "in": "query", "description": "A short name of a format.",
                    "schema": {"type": "string", "enum": [format.name for format in _OFFERED]}}]
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """What there is to tell of one snapshot at one address of this server."""

    key: tuple[str, ...]
    edition: Edition
    links: list[Linkset]
    triples: list[ox.Triple]
    tag: str


class Catalogue:
    """Makes the catalogue once for a snapshot and its releases; that is no client's cost."""

    def __init__(self, answers: Answers, workspace: Workspace, released: Releases) -> None:
        self._answers = answers
        self._workspace = workspace
        self._released = released
        self._making = asyncio.Lock()
        self._told: _Told | None = None

    async def respond(self, wanted: formats.Format, request: Request) -> Response:
        """The catalogue in one of the formats offered."""
        told = await self._current(request)
        if wanted is formats.HTML:
            return page(
                "dataset.html",
                request.headers,
                fields=self._fields(told, ""),
                title=description.TITLE[READER.get().language],
                about=catalogue.DESCRIPTION,
                edition=told.edition,
                schema_org=citing.schema_org(told.edition),
                cite=citing.sentence(told.edition),
                links=told.links,
                releases=self._released.known().values(),
                services=_SERVICES,
                formats=[(format.name, format.media_types[0]) for format in _OFFERED[1:]],
            )
        body = await asyncio.to_thread(description.written, told.triples, wanted, self._workspace.settings.base)
        return self._whole(told, wanted.name, body, wanted.content_type, request)

    async def file(self, name: str, request: Request) -> Response:
        """The data set in one of the files that describe it."""
        if name not in _FILES:
            raise NotFound(f"The data set has no file “{name[:100]}”.", f"There are {', '.join(_FILES)}.")
        told = await self._current(request)
        made: dict[str, bytes] = {
            "schema-org.jsonld": as_json(citing.schema_org(told.edition)),
            "datacite.json": as_json(citing.datacite(told.edition)),
            "CITATION.cff": citing.citation(told.edition).encode(),
        }
        return self._whole(told, name, made[name], _FILES[name], request)

    async def _current(self, request: Request) -> _Told:
        here = protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), "/")
        known = self._released.known()
        key = (self._answers.engine.snapshot, here, *known)
        async with self._making:
            if self._told is None or self._told.key != key:
                self._told = await self._make(here, key, list(known))
        return self._told

    async def _make(self, here: str, key: tuple[str, ...], names: list[str]) -> _Told:
        engine, settings = self._answers.engine.engine, self._workspace.settings
        quads = Path(engine.quads)
        facts = await description.gather(engine, self._workspace.questions, settings.base)
        links = await catalogue.linksets(engine, settings.base)
        when = datetime.fromtimestamp(quads.stat().st_mtime, UTC).strftime("%Y-%m-%d")
        edition = Edition(
            version=facts.snapshot,
            snapshot=facts.snapshot,
            issued=when,
            iri=settings.base + "dataset",
            home=urljoin(here, "/dataset"),
            files={f"/dumps/{dumps.CANONICAL}": await asyncio.to_thread(measured, quads)},
            services={title: urljoin(here, path) for title, path in _SERVICES.items()},
        )
        try:
            triples = catalogue.catalogue(edition, facts, links, settings)
        except ValueError:
            raise BadRequest(f"“{here[:200]}” is not a URL.", "Send the host that you connect to.") from None
        triples += await asyncio.to_thread(self._of_releases, names)
        said = "\n".join(map(str, triples))
        return _Told(key, edition, links, triples, hashlib.blake2b(said.encode(), digest_size=9).hexdigest())

    def _of_releases(self, names: list[str]) -> list[ox.Triple]:
        """The catalogues of the releases, under the addresses they keep, and their order."""
        base, dcat = self._workspace.settings.base, namespaces.VOCABULARY["dcat"]
        live = ox.NamedNode(base + "dataset")
        triples: list[ox.Triple] = []
        before = None
        for name in reversed(names):
            told = ox.parse(path=self._released.folder(name) / "catalogue.ttl", format=ox.RdfFormat.TURTLE)
            triples += [quad.triple for quad in told]
            release = ox.NamedNode(f"{base}{releases.FOLDER}/{name}/")
            triples.append(ox.Triple(live, ox.NamedNode(dcat + "hasVersion"), release))
            if before:
                triples.append(ox.Triple(release, ox.NamedNode(dcat + "previousVersion"), before))
            before = release
        if before:
            triples.append(ox.Triple(live, ox.NamedNode(dcat + "hasCurrentVersion"), before))
        return triples

    def _fields(self, told: _Told, tag: str) -> list[tuple[bytes, bytes]]:
        fields = [(b"cache-control", b"no-cache"), (b"x-snapshot", told.edition.snapshot.encode())]
        return [*fields, (b"etag", tag.encode())] if tag else fields

    def _whole(self, told: _Told, name: str, body: bytes, type: str, request: Request) -> Whole:
        coding = encoding_of(request.headers.get("accept-encoding", ""))
        tag = f'W/"{told.edition.snapshot}-{told.tag}-{name}{coding}"'
        fields = self._fields(told, tag)
        if matches(tag, request.headers.get("if-none-match", "")):
            return Whole(b"", [*fields, VARY], 304)
        return sent(body, type, request.headers, fields)


def router(told: Catalogue) -> APIRouter:
    """The routes of the catalogue."""
    routes = APIRouter(tags=["descriptions"])

    @routes.get("/dataset", summary="The data set: DCAT and VoID, or a page", openapi_extra=_FORMAT)
    async def dataset(request: Request) -> Response:
        format = formats.named(request.query_params.get("format", ""), _OFFERED)
        format = format or formats.negotiate(request.headers.get("accept"), _OFFERED)
        return await told.respond(format, request)

    @routes.get("/dataset/{name}", summary="How to cite it: schema-org.jsonld, datacite.json, CITATION.cff")
    async def file(name: str, request: Request) -> Response:
        return await told.file(name, request)

    return routes
