"""What changed, to be followed: an Atom feed, and a Linked Data Event Stream of the versions of each dossier.

Both are made from the chronicle of the newest commit. Full pages never change, so they may be kept for ever.

Sources: RFC 4287 (Atom), RFC 5005, section 4 (archived feeds); Linked Data Event Streams 1.0 and the TREE hypermedia
specification, with the payload of each member in a graph that is called as the member is.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import xml.etree.ElementTree as ET
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

import pyoxigraph as ox
from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import __version__, chronicle, formats, history, namespaces, records
from hrc_graph.chronicle import Chronicle, Entry, Page
from hrc_graph.engine.worker import packed
from hrc_graph.errors import NotFound
from hrc_graph.web import protocol
from hrc_graph.web.answers import VARY, Whole, encoding_of, matches
from hrc_graph.workspace import Workspace

ATOM: Final = formats.Format("atom", ("application/atom+xml", "application/xml", "text/xml"), ".atom")
STREAM: Final = (formats.TRIG, formats.N_QUADS, formats.JSON_LD)
"""The syntaxes that can hold a graph for each member."""

_SPACES: Final = {
    "as": "https://www.w3.org/ns/activitystreams#",
    "ldes": "https://w3id.org/ldes#",
    "tree": "https://w3id.org/tree#",
}
_NEWEST = b"no-cache"
_FOR_EVER = b"public, max-age=31536000, immutable"
_KEPT = 32
"""So many documents are kept as they were sent."""
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TITLE = "What changed in the Human Rights Cities graph"


class Feeds:
    """Makes each document once for a commit; that is no client's cost."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._base = workspace.settings.base
        self._chronicle: Chronicle | None = None
        self._making = asyncio.Lock()
        self._changes: tuple[str, dict[str, list[Entry]]] = ("", {})
        self._sorting = asyncio.Lock()
        self._made: OrderedDict[tuple[str, ...], tuple[bytes, str, str]] = OrderedDict()

    async def chronicle(self) -> Chronicle:
        """The chronicle up to the newest commit."""
        try:
            head = history.head(self._workspace.root)
        except NotFound:
            head = ""
        async with self._making:
            if self._chronicle is None or self._chronicle.head != head:
                state, base = self._workspace.state, self._base
                self._chronicle = await asyncio.to_thread(chronicle.current, self._workspace.root, state, base=base)
            return self._chronicle

    async def changes(self, dossier: str) -> list[Entry]:
        """The changes of a dossier, the newest first; read once for a commit."""
        told = await self.chronicle()
        async with self._sorting:
            if self._changes[0] != told.head:
                self._changes = told.head, await asyncio.to_thread(_by_dossier, told)
            return self._changes[1].get(dossier, [])

    async def prepare(self) -> None:
        """Read the history before anybody asks."""
        await self.changes("")

    async def respond(
        self, request: Request, format: formats.Format, name: str, is_fixed: bool, make: Callable[[], bytes]
    ) -> Response:
        """A document, or 304. `name` tells it from all others of this format and server, in all states."""
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        key = (name, format.name, _origin(request), encoding)
        async with self._making:  # one is made at a time
            if key not in self._made:
                body, coding = packed(await asyncio.to_thread(make), encoding)
                digest = hashlib.blake2b("\n".join((__version__, *key)).encode() + body, digest_size=12).hexdigest()
                self._made[key] = body, coding, f'W/"{digest}"'
            self._made.move_to_end(key)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
            body, coding, tag = self._made[key]
        about = [
            (b"etag", tag.encode()),
            VARY,
            (b"cache-control", _FOR_EVER if is_fixed else _NEWEST),
        ]
        if matches(tag, request.headers.get("if-none-match", "")):
            return Whole(b"", about, 304)
        kind = format.content_type.encode() + (b"; charset=utf-8" if format is ATOM else b"")
        coded = [(b"content-encoding", coding.encode())] if coding else []
        return Whole(body, [(b"content-type", kind), *about, *coded])

    def atom(self, told: Chronicle, page: Page | None, origin: str) -> bytes:
        """The newest changes, or with a page the archive of these, newest first."""
        made = _Element("feed", xmlns="http://www.w3.org/2005/Atom")
        made.set("xml:lang", "en")
        full = [each for each in told.pages if each.is_full]
        shown = [page] if page else list(told.pages[-2:])
        entries = [entry for each in shown for entry in told.entries(each)][-chronicle.PAGE :]
        updated = entries[-1].when if entries else datetime.fromtimestamp(_made_at(self._workspace), UTC)
        made.add("id", f"{self._base}feeds/changes.atom")
        made.add("title", _TITLE)
        made.add("author").add("name", "Human Rights Cities graph")
        if told.remark:
            made.add("subtitle", told.remark)
        made.add("updated", updated.isoformat())
        here = f"{origin}/feeds/changes/{page.id}.atom" if page else f"{origin}/feeds/changes.atom"
        made.add("link", rel="self", type=ATOM.media_types[0], href=here)
        made.add("link", rel="alternate", type="application/trig", href=f"{origin}/feeds/ldes")
        made.add("link", rel="alternate", type="text/html", href=f"{origin}/feeds/")
        older = full[: full.index(page)] if page else full
        if page:
            made.add("fh:archive", **{"xmlns:fh": "http://purl.org/syndication/history/1.0"})
            made.add("link", rel="current", type=ATOM.media_types[0], href=f"{origin}/feeds/changes.atom")
        if older:
            href = f"{origin}/feeds/changes/{older[-1].id}.atom"
            made.add("link", rel="prev-archive", type=ATOM.media_types[0], href=href)
        made.add("rights", "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/")
        made.add("generator", "Human Rights Cities graph", version=__version__)
        for entry in reversed(entries):
            made.append(self._entry(entry, origin))
        return bytes(ET.tostring(made, encoding="utf-8", xml_declaration=True))

    def _entry(self, entry: Entry, origin: str) -> ET.Element:
        made = _Element("entry")
        made.add("id", entry.version)
        made.add("title", entry.title)
        made.add("updated", entry.when.isoformat())
        made.add("published", entry.when.isoformat())
        made.add("author").add("name", entry.who)
        for kind in dict.fromkeys(event.kind for event in entry.events):
            made.add("category", term=kind.name.replace("_", "-"), label=kind)
        at = origin + "/" + entry.version.removeprefix(self._base)
        made.add("link", rel="alternate", type="text/turtle", href=at)
        for thing in dict.fromkeys(thing for event in entry.events for thing in event.things):
            if thing.startswith(self._base):
                made.add("link", rel="related", href=f"{origin}/{thing.removeprefix(self._base)}")
        told = [f"{event.kind.capitalize()}: {event.words}" for event in entry.events]
        made.add("summary", entry.why, type="text")
        made.add("content", "\n".join(told), type="text")
        return made

    def root(self, told: Chronicle, origin: str, format: formats.Format) -> bytes:
        """The entry point of the stream: what it is, and where its pages are."""
        stream, root = _node(f"{self._base}feeds/ldes#stream"), f"{origin}/feeds/ldes"
        quads = [
            _quad(stream, _RDF_TYPE, _name("ldes", "EventStream")),
            _quad(stream, _name("tree", "view"), _node(root)),
            _quad(stream, _name("ldes", "timestampPath"), _WHEN),
            _quad(stream, _name("ldes", "versionOfPath"), _OF),
            *(
                _quad(stream, _name("ldes", f"version{s}Object"), _name("as", s))
                for s in ("Create", "Update", "Delete")
            ),
            _quad(stream, _vocabulary("dcterms", "title"), ox.Literal(_TITLE, language="en")),
            _quad(stream, _vocabulary("dcterms", "license"), _node("https://creativecommons.org/licenses/by/4.0/")),
            _quad(_node(root), _RDF_TYPE, _name("tree", "Node")),
        ]
        if told.remark:
            quads.append(_quad(stream, _vocabulary("rdfs", "comment"), ox.Literal(told.remark, language="en")))
        for page in told.pages:
            bounds = [("from", "GreaterThanOrEqualToRelation", page.first)]
            if page.is_full:
                bounds.append(("to", "LessThanOrEqualToRelation", page.last))
            for side, kind, when in bounds:
                relation = _node(f"{root}#{side}-{page.id}")
                quads += [
                    _quad(_node(root), _name("tree", "relation"), relation),
                    _quad(relation, _RDF_TYPE, _name("tree", kind)),
                    _quad(relation, _name("tree", "path"), _WHEN),
                    _quad(relation, _name("tree", "value"), _time(when)),
                    _quad(relation, _name("tree", "node"), _node(f"{root}/{page.id}")),
                ]
        return self._written(quads, format)

    def page(self, told: Chronicle, page: Page, origin: str, format: formats.Format) -> bytes:
        """The members of a page, oldest first, each with its triples in a graph of its own."""
        stream, here = _node(f"{self._base}feeds/ldes#stream"), _node(f"{origin}/feeds/ldes/{page.id}")
        quads = [
            _quad(stream, _RDF_TYPE, _name("ldes", "EventStream")),
            _quad(stream, _name("tree", "view"), here),
            _quad(here, _RDF_TYPE, _name("tree", "Node")),
        ]
        if page.is_full:
            quads.append(_quad(here, _name("ldes", "immutable"), ox.Literal(True)))
        for entry in told.entries(page):
            quads += self._member(stream, entry)
        if format is formats.N_QUADS:
            return self._written(quads, format) + told.quads(page)
        return self._written([*quads, *ox.parse(told.quads(page), format=ox.RdfFormat.N_QUADS)], format)

    def version(self, told: Chronicle, page: Page, iri: str, format: formats.Format) -> bytes:
        """The triples of a dossier as a change left it."""
        graph = _node(iri)
        quads = ox.parse(told.quads(page), format=ox.RdfFormat.N_QUADS)
        return self._written([_quad(q.subject, q.predicate, q.object) for q in quads if q.graph_name == graph], format)

    def _member(self, stream: ox.NamedNode, entry: Entry) -> Iterator[ox.Quad]:
        member = _node(entry.version)
        yield _quad(stream, _name("tree", "member"), member)
        yield _quad(member, _RDF_TYPE, _name("as", entry.step))
        yield _quad(member, _OF, _node(f"{self._base}graph/{entry.dossier}"))
        yield _quad(member, _WHEN, _time(entry.when.isoformat()))
        yield _quad(member, _vocabulary("dcterms", "title"), ox.Literal(entry.title, language="en"))
        yield _quad(member, _vocabulary("dcterms", "description"), ox.Literal(entry.why))
        yield _quad(member, _vocabulary("schema", "creditText"), ox.Literal(entry.who))

    def _written(self, quads: list[ox.Quad], format: formats.Format) -> bytes:
        syntax = ox.RdfFormat.from_media_type(format.media_types[0])
        assert syntax is not None
        prefixes = namespaces.prefixes(self._base) | _SPACES
        given = quads if syntax.supports_datasets else [quad.triple for quad in quads]
        return ox.serialize(given, format=syntax, prefixes=prefixes) or b""


def router(feeds: Feeds, base: str) -> APIRouter:
    """The routes of both feeds, and of the versions that they name."""
    routes = APIRouter(tags=["feeds"])

    @routes.get("/feeds/changes.atom", summary="The newest changes, as Atom")
    async def newest(request: Request) -> Response:
        told = await feeds.chronicle()
        formats.negotiate(request.headers.get("accept"), (ATOM,))
        origin = _origin(request)
        return await feeds.respond(request, ATOM, f"atom {told.head}", False, lambda: feeds.atom(told, None, origin))

    @routes.get("/feeds/changes/{page}.atom", summary="Older changes, as Atom")
    async def archive(page: str, request: Request) -> Response:
        told = await feeds.chronicle()
        found = _page(told, page)
        if not found.is_full:
            raise NotFound(f"The page {found.id} is not full yet.", "Its changes are in /feeds/changes.atom.")
        formats.negotiate(request.headers.get("accept"), (ATOM,))
        origin = _origin(request)
        return await feeds.respond(request, ATOM, found.file, True, lambda: feeds.atom(told, found, origin))

    @routes.get("/feeds/ldes", summary="The event stream: what it is and where its pages are")
    async def stream(request: Request) -> Response:
        told = await feeds.chronicle()
        format, origin = _format(request, STREAM), _origin(request)
        return await feeds.respond(
            request, format, f"ldes {told.head}", False, lambda: feeds.root(told, origin, format)
        )

    @routes.get("/feeds/ldes/{page}", summary="A page of the event stream")
    async def members(page: str, request: Request) -> Response:
        told = await feeds.chronicle()
        found, format, origin = _page(told, page), _format(request, STREAM), _origin(request)
        return await feeds.respond(
            request, format, found.file, found.is_full, lambda: feeds.page(told, found, origin, format)
        )

    @routes.get("/version/{path:path}", summary="A dossier as a commit left it")
    async def version(path: str, request: Request) -> Response:
        told = await feeds.chronicle()
        iri = f"{base}version/{path}"
        found = next((page for page in told.pages if iri in page.versions), None)
        if found is None:
            raise NotFound(f"There is no version {path[:200]}.", "The feeds at /feeds/ name them all.")
        format = _format(request, formats.GRAPHS)
        return await feeds.respond(request, format, iri, True, lambda: feeds.version(told, found, iri, format))

    return routes


class _Element(ET.Element):
    """An element of a feed; what XML cannot hold is left out of its text."""

    def add(self, tag: str, text: str = "", **attributes: str) -> _Element:
        """Add an element, and return it."""
        made = _Element(tag, {name: _NOT_XML.sub("", value) for name, value in attributes.items()})
        made.text = _NOT_XML.sub("", text) or None
        self.append(made)
        return made


def _by_dossier(told: Chronicle) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for page in reversed(told.pages):
        for entry in reversed(told.entries(page)):
            found.setdefault(entry.dossier, []).append(entry)
    return found


def _origin(request: Request) -> str:
    return protocol.url_of(request.scope["scheme"], request.headers.get("host", "localhost"), "")


def _format(request: Request, offered: tuple[formats.Format, ...]) -> formats.Format:
    format = formats.named(request.query_params.get("format", ""), offered)
    return format or formats.negotiate(request.headers.get("accept"), offered)


def _page(told: Chronicle, id: str) -> Page:
    found = next((page for page in told.pages if page.id == id), None)
    if found is None:
        raise NotFound(f"There is no page {id[:80]}.", "Start at /feeds/ldes or /feeds/changes.atom.")
    return found


def _made_at(workspace: Workspace) -> float:
    return (workspace.root / "data").stat().st_mtime


def _name(prefix: str, local: str) -> ox.NamedNode:
    return ox.NamedNode(_SPACES[prefix] + local)


def _vocabulary(prefix: str, local: str) -> ox.NamedNode:
    return ox.NamedNode(namespaces.VOCABULARY[prefix] + local)


def _node(iri: str) -> ox.NamedNode:
    return ox.NamedNode(iri)


def _time(iso: str) -> ox.Literal:
    return ox.Literal(iso, datatype=_vocabulary("xsd", "dateTime"))


def _quad(
    subject: ox.NamedNode | ox.BlankNode | ox.Triple, predicate: ox.NamedNode, value: records.Term | ox.Triple
) -> ox.Quad:
    return ox.Quad(subject, predicate, value)


_RDF_TYPE = _vocabulary("rdf", "type")
_WHEN, _OF = _vocabulary("prov", "generatedAtTime"), _vocabulary("dcterms", "isVersionOf")
