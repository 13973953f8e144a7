"""Reads an HTTP request as the SPARQL 1.1 Protocol defines it: what is asked, in which form the answer should come.

Source: SPARQL 1.1 Protocol, W3C Recommendation of 21 March 2013, sections 2.1 and 2.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import pyoxigraph as ox

from hrc_graph import formats, guard
from hrc_graph.engine import Question
from hrc_graph.errors import BadRequest, NotAcceptable, WrongMediaType
from hrc_graph.web.answers import encoding_of

FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?\Z|\[[0-9a-fA-F:.]+\](:\d{1,5})?\Z")
_PARAMETERS = 100

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and whether a page should show its answer."""

    question: Question
    page: bool


def url_of(scheme: str, host: str, path: str) -> str:
    """The URL of a request, which relative IRIs resolve against. Raises `BadRequest` for a Host that is none."""
    if not _HOST.match(host):
        raise BadRequest("The Host header is not the name of a host.", "Send the host that you connect to.")
    return f"{scheme}://{host}{path}"


@lru_cache(512)
def asked(parameters: Parameters, accept: str, accept_encoding: str, url: str) -> Asked:
    """The question of a request that has one. Raises `BadRequest` or `NotAcceptable`."""
    text = only(parameters, "query")
    table, graph, page = _formats(parameters, accept, text)
    question = Question(
        text=text,
        table=table,
        graph=graph,
        base=url,
        default_graphs=_graphs(parameters, "default-graph-uri"),
        named_graphs=_graphs(parameters, "named-graph-uri"),
        encoding="" if page else encoding_of(accept_encoding),
    )
    return Asked(question, page)


def only(parameters: Parameters, name: str) -> str:
    """The value of a parameter that is there once. Raises `BadRequest`."""
    found = values(parameters, name)
    if len(found) != 1:
        said = f"no parameter {name}" if not found else f"{len(found)} parameters {name}"
        raise BadRequest(f"The request has {said}; it takes exactly one.", f"Send {name}=… once.")
    return found[0]


def values(parameters: Parameters, name: str) -> tuple[str, ...]:
    """Every value of a parameter."""
    return tuple(value for key, value in parameters if key == name)


def _graphs(parameters: Parameters, name: str) -> tuple[str, ...]:
    """The graphs that a parameter names. Raises `BadRequest` for what is no IRI."""
    found = values(parameters, name)
    for iri in found:
        try:
            ox.NamedNode(iri)
        except ValueError:
            raise BadRequest(f"“{iri[:200]}” in {name} is not an IRI.", "Give the whole IRI of a graph.") from None
    return found


@lru_cache(512)
def decode(raw: bytes) -> Parameters:
    """The parameters of a query string or form. Raises `BadRequest` when they are not UTF-8 or too many."""
    pairs = raw.split(b"&") if raw else []
    if len(pairs) > _PARAMETERS:
        raise BadRequest(f"The request has more than {_PARAMETERS} parameters.", "Send fewer.")
    split = (pair.replace(b"+", b" ").partition(b"=") for pair in pairs)
    return tuple((utf8(unquote_to_bytes(name)), utf8(unquote_to_bytes(value))) for name, _, value in split)


def body_parameters(body: bytes, content_type: str) -> Parameters:
    """The parameters that a POST body stands for. Raises `WrongMediaType` or `BadRequest`."""
    media_type, _, rest = content_type.partition(";")
    media_type = media_type.strip().lower()
    charset = rest.partition("charset=")[2].strip().strip('"').lower()
    if media_type not in (FORM, QUERY, UPDATE):
        raise WrongMediaType(
            f"A query cannot be sent as “{media_type[:100] or 'nothing'}”.", f"Send {QUERY} or {FORM}, in UTF-8."
        )
    if charset not in ("", "utf-8", "utf8"):
        raise WrongMediaType(f"The body is in {charset[:40]}.", "Send UTF-8.")
    if media_type == FORM:
        return decode(body)
    return (("query" if media_type == QUERY else "update", utf8(body)),)


def utf8(raw: bytes) -> str:
    """The text of bytes. Raises `BadRequest` when they are not UTF-8."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"Byte {error.start} of the request is not UTF-8.", "Send UTF-8.") from None


def _formats(parameters: Parameters, accept: str, text: str) -> tuple[formats.Format, formats.Format, bool]:
    """The formats for a table and for a graph, and whether a page is wanted.

    `format`, `output` or `results` count before Accept; a short name that is unknown, or of the other kind of result,
    is ignored. Accept is held against the kind of result that the query asks for.
    """
    offered = formats.GRAPHS if guard.form(text) in ("CONSTRUCT", "DESCRIBE") else formats.TABLES
    others = formats.TABLES if offered is formats.GRAPHS else formats.GRAPHS
    chosen = called(parameters, (*offered, formats.HTML)) or formats.negotiate(accept, (*offered, formats.HTML))
    page = chosen is formats.HTML
    first, other = offered[0] if page else chosen, others[0]
    return (other, first, page) if offered is formats.GRAPHS else (first, other, page)


def called(parameters: Parameters, offered: tuple[formats.Format, ...]) -> formats.Format | None:
    """The first of what is offered that `format`, `output` or `results` calls by its short name."""
    names = (value for name, value in parameters if name in ("format", "output", "results"))
    return next((format for name in names if (format := formats.named(name, offered))), None)


def wants(accept: str, offered: tuple[formats.Format, ...]) -> formats.Format | None:
    """What an Accept header likes best of what is offered; None when it refuses all of it."""
    try:
        return formats.negotiate(accept, offered)
    except NotAcceptable:
        return None
