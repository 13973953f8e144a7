"""The documents of one state of the data as they are sent: in a format and a coding, with what HTTP says of them.

Sources: RFC 9110, sections 8.8, 12.5 and 13; RFC 8288 (Link); RFC 5829 (latest-version).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox
from fastapi import Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from hrc_graph import __version__, formats, namespaces
from hrc_graph.chronicle import Entry
from hrc_graph.engine.worker import packed
from hrc_graph.errors import Gone
from hrc_graph.questions import NamedQuery
from hrc_graph.settings import Settings
from hrc_graph.web import headers, schemaorg
from hrc_graph.web.answers import VARY_PAGE, Answers, Whole, client_of, encoding_of, matches, page_number
from hrc_graph.web.assets import Assets
from hrc_graph.web.citations import Citation
from hrc_graph.web.documents import Document, Documents
from hrc_graph.web.labels import Naming
from hrc_graph.web.languages import READER
from hrc_graph.web.links import Links
from hrc_graph.web.portraits import Portrait, Portraits
from hrc_graph.web.templates import render
from hrc_graph.web.terms import Section, Terms
from hrc_graph.web.things import page_of

SPACES = {"def": "ontology", "vocab": "ontology", "shape": "shapes"}
"""What a namespace by itself leads to."""
_OF_THE_BODY = (b"content-type", b"content-encoding", b"content-language")
_KEPT, _KEPT_SIZE = 64, 256 * 1024
"""So many documents are kept as they were sent, none of more bytes than that."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A document as it is sent."""

    body: bytes
    fields: list[tuple[bytes, bytes]]
    tag: str
    modified: datetime


class Representations:
    """Sends the documents of the live data, or of a release."""

    def __init__(
        self,
        answers: Answers,
        questions: Mapping[str, NamedQuery],
        settings: Settings,
        assets: Assets,
        changes: Callable[[str], Awaitable[list[Entry]]],
        release: str = "",
    ) -> None:
        """`changes` gives the newest changes of a dossier."""
        self.links = Links(settings.base, release)
        self.documents = Documents(answers, settings, self.links)
        self._answers = answers
        self.naming = Naming(answers, self.links)
        self._portraits = Portraits(answers, self.naming, self.links, changes)
        self._terms = Terms(self.documents, questions, self.links)
        self._script = assets.built("near.js")
        self._kept: OrderedDict[tuple[object, ...], _Made] = OrderedDict()

    async def respond(self, path: str, request: Request) -> Response:
        """The document at a path below `/doc/`, which may end in the suffix of a format; 304, or 301 to another.

        Raises `NotFound`, `Gone`, `NotAcceptable`, `BadRequest`, or what the engine raises.
        """
        stem, format = _suffix(path)
        negotiated = format is None
        format = format or formats.negotiate(request.headers.get("accept"), formats.DOCUMENTS)
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        language = READER.get() if format is formats.HTML else None
        key = (self._answers.engine.snapshot, stem, format.name, negotiated, encoding, page_number(request), language)
        made = self._kept.get(key)
        if made is None:
            try:
                made = await self._make(stem, format, negotiated, encoding, request)
            except Gone as gone:
                return self.moved(gone, lambda thing: self.links.document(thing[1:]) + path[len(stem) :])
            if len(made.body) <= _KEPT_SIZE:
                self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        if _is_held(request, made):
            return Whole(b"", [field for field in made.fields if field[0] not in _OF_THE_BODY], 304)
        return Whole(made.body, made.fields)

    def moved(self, gone: Gone, place: Callable[[str], str]) -> Response:
        """301 to a place for the path of the one thing that stands for another. Raises what it is given for others."""
        path = namespaces.path(gone.successors[0], self.links.base) if len(gone.successors) == 1 else ""
        if not path:
            raise gone
        link = f'<{_quoted(gone.successors[0])}>; rel="successor-version"'
        return RedirectResponse(
            READER.get().link(place(path)), 301, headers.COMMON | {"Link": link, "Cache-Control": "no-cache"}
        )

    async def _make(
        self, stem: str, format: formats.Format, negotiated: bool, encoding: str, request: Request
    ) -> _Made:
        client = client_of(request)
        found = await self.documents.find(_thing(stem), client, page_number(request))
        words, sections, portrait = {}, [], Portrait()
        if format is formats.HTML:
            words = await self._terms.words(client)
            sections = await self._terms.sections(found, words, client)
            portrait = await self._portraits.of(found, client)
            if self._answers.engine.snapshot != found.snapshot:  # these may be of another one
                return await self._make(stem, format, negotiated, encoding, request)
        body, coding = await asyncio.to_thread(
            _written, found, format, words, sections, portrait, self.links, encoding, self._script
        )
        tag, modified = _tag(found, format, encoding, self._terms.digest), _modified(self._answers)
        fields = _fields(found, format, tag, modified, negotiated, self.links)
        if coding:
            fields.append((b"content-encoding", coding.encode()))
        return _Made(body, fields, tag, modified)


def _written(
    found: Document,
    format: formats.Format,
    words: dict[str, str],
    sections: list[Section],
    portrait: Portrait,
    links: Links,
    encoding: str,
    script: str,
) -> tuple[bytes, str]:
    """The document in its format and coding, and the coding."""
    if format is not formats.HTML:
        return packed(_serialized(found, format, links.base), encoding)
    graph = _serialized(found, formats.JSON_LD, links.base).decode()
    description = json.dumps(schemaorg.described(found), ensure_ascii=False)
    shown = page_of(found, words, links)
    page = render(
        "thing.html",
        **shown,
        sections=sections,
        portrait=portrait,
        script=script,
        file=found.path.removeprefix("id/").replace("/", "-"),
        citation=Citation(shown["title"], found.thing.value, found.snapshot, links.release),
        graph=_inert(graph),
        schema=_inert(description),
    )
    return packed(page.encode(), encoding)


def _serialized(found: Document, format: formats.Format, base: str) -> bytes:
    syntax = ox.RdfFormat.from_media_type(format.media_types[0])
    body = ox.serialize(found.triples, format=syntax, prefixes=namespaces.prefixes(base))
    assert body is not None
    return body


def _inert(text: str) -> Markup:
    """JSON that cannot end the script element it stands in; the JSON says the same (RFC 8259, section 7)."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 no sign is left that HTML reads


def _suffix(path: str) -> tuple[str, formats.Format | None]:
    for format in formats.DOCUMENTS:
        if path.endswith(format.suffix):
            return path.removesuffix(format.suffix), format
    return path, None


def _thing(stem: str) -> str:
    """The path of the thing that a document is about."""
    is_term = stem in ("ontology", "shapes") or stem.partition("/")[0] in SPACES
    return stem if is_term else f"id/{stem}"


def _tag(found: Document, format: formats.Format, encoding: str, library: str) -> str:
    """The entity tag. Weak: prefixes come in another order from another process."""
    language = READER.get().language if format is formats.HTML else ""
    parts = "\0".join((__version__, found.iri, format.name, encoding, str(found.page), library, language))
    return f'W/"{found.snapshot}-{hashlib.blake2b(parts.encode(), digest_size=9).hexdigest()}"'


def _modified(answers: Answers) -> datetime:
    """When the snapshot was made."""
    made = Path(answers.engine.engine.quads).stat().st_mtime
    return datetime.fromtimestamp(int(made), UTC)


def _is_held(request: Request, made: _Made) -> bool:
    """Whether the client has it already; the entity tag is asked first (RFC 9110, section 13.2.2)."""
    held = request.headers.get("if-none-match")
    if held is not None:
        return matches(made.tag, held)
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and made.modified <= since


def _fields(
    found: Document, format: formats.Format, tag: str, modified: datetime, negotiated: bool, at: Links
) -> list[tuple[bytes, bytes]]:
    """The headers of a document, and of the answer that it has not changed."""
    path, query = at.document(found.path), f"?page={found.page}" if found.page > 1 else ""
    links = [
        (found.thing.value, 'rel="canonical"'),
        (found.thing.value, 'rel="http://xmlns.com/foaf/0.1/primaryTopic"'),
    ]
    for other in formats.DOCUMENTS:
        links.append((f"{path}{other.suffix}{query}", f'rel="alternate"; type="{other.media_types[0]}"'))
    links.append((at.description, 'rel="describedby"'))
    if at.release:
        links.append((Links(at.base).document(found.path), 'rel="latest-version"'))
    links.append((found.licence, 'rel="license"'))
    suffix = "" if negotiated else format.suffix
    for name, number in (("first", 1), ("prev", found.page - 1), ("next", found.page + 1), ("last", found.pages)):
        if found.pages > 1 and 1 <= number <= found.pages:
            links.append((f"{path}{suffix}?page={number}", f'rel="{name}"'))
    fields = {
        "content-type": format.content_type,
        "etag": tag,
        "last-modified": format_datetime(modified, usegmt=True),
        "vary": "Accept, Accept-Encoding",
        "cache-control": "no-cache",
        "link": ", ".join(f"<{_quoted(target)}>; {about}" for target, about in links),
        "content-location": _quoted(f"{path}{format.suffix}{query}"),
        "x-snapshot": found.snapshot,
        "x-row-count": str(len(found.triples)),
        "x-result-complete": "true" if found.pages == 1 else "false",
    }
    if format is formats.HTML:
        fields["content-language"] = READER.get().language
        fields["vary"] = VARY_PAGE[1].decode()
    return [(name.encode(), value.encode()) for name, value in fields.items()]


def _quoted(iri: str) -> str:
    """The IRI as a URI, which is all that a header may hold (RFC 3987, section 3.1)."""
    return quote(iri, safe="%:/?#[]@!$&'()*+,;=~")
