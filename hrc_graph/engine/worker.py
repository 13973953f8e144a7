"""A process that answers one query at a time from the store it was forked with, until it is killed.

It imports nothing of the project but what it answers with: a fork takes milliseconds, and a crash loses nothing.
Frames in both directions start with lengths of four bytes. A question is a frame of JSON; an answer is two lengths,
then JSON, then the body (empty on errors).
"""

from __future__ import annotations

import gzip
import io
import json
import resource
import socket
import struct
from typing import IO, Any

import pyoxigraph as ox
import zstandard

from hrc_graph.engine.counting import count_rows

_TABLES = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
_GRAPHS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "json-ld": ox.RdfFormat.JSON_LD,
    "rdf+xml": ox.RdfFormat.RDF_XML,
    "n3": ox.RdfFormat.N3,
    "trig": ox.RdfFormat.TRIG,
    "nquads": ox.RdfFormat.N_QUADS,
}
_WORTH_PACKING = 1_000
"""A shorter body fits one network packet either way."""
_COPIED = 64 * 1024
"""A shorter body is copied, to be sent in one go with its header."""
_TIRED = 64 * 1024
"""A process whose peak memory grew by so many kB does not give it back; it is to be replaced."""


class Full(Exception):
    """The answer has reached its cap."""


class _Capped(io.BytesIO):
    """Bytes that refuse to grow past a cap: raising here stops the engine within its next 8 kB."""

    def __init__(self, cap: int) -> None:
        super().__init__()
        self.cap = cap

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.cap:
            raise Full(f"{self.cap:,} bytes", "answer_bytes")
        return super().write(data)


def _table(results: Any, name: str, question: dict[str, Any]) -> tuple[bytes, int]:
    cap = question["answer_rows"]
    if name == "xlsx":
        from hrc_graph.engine import spreadsheet  # here: few ask for it, and it takes memory

        body, rows = spreadsheet.write(results, question["query"], question["snapshot"], cap)
    else:
        out = _Capped(question["answer_bytes"])
        results.serialize(out, format=_TABLES[name])
        body = out.getvalue()
        rows = 1 if isinstance(results, ox.QueryBoolean) else count_rows(name, body)
    if rows > cap:
        raise Full(f"{cap:,} rows", "answer_rows")
    return body, rows


def _graph(results: Any, name: str, question: dict[str, Any]) -> tuple[bytes, int]:
    triples: dict[ox.Triple, None] = {}
    for triple in results:
        triples[triple] = None
        if len(triples) > question["answer_rows"]:
            raise Full(f"{question['answer_rows']:,} triples", "answer_rows")
    out = _Capped(question["answer_bytes"])
    ox.serialize(triples, out, format=_GRAPHS[name], prefixes=question["prefixes"])
    return out.getvalue(), len(triples)


def _dataset(question: dict[str, Any]) -> dict[str, Any]:
    default, named = question["default_graphs"], question["named_graphs"]
    if not default and not named:
        return {"use_default_graph_as_union": question["union"]}
    return {
        "default_graph": [ox.NamedNode(iri) for iri in default],
        "named_graphs": [ox.NamedNode(iri) for iri in named],
    }


def packed(body: bytes, encoding: str) -> tuple[bytes, str]:
    """The body in the content coding asked for, and the coding it is in."""
    if len(body) < _WORTH_PACKING or encoding not in ("gzip", "zstd"):
        return body, ""
    if encoding == "gzip":
        return gzip.compress(body, compresslevel=5, mtime=0), encoding
    return zstandard.ZstdCompressor(level=3).compress(body), encoding


def answer(store: ox.Store, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The header and body for one question. Results are made, written and dropped here, in one thread."""
    try:
        if "update" in question:
            store.update(question["update"], base_iri=question["base"])
            return {"kind": "updated"}, b""
        results = store.query(question["query"], base_iri=question["base"], **_dataset(question))
        is_graph = isinstance(results, ox.QueryTriples)
        name = question["graph"] if is_graph else question["table"]
        body, rows = (_graph if is_graph else _table)(results, name, question)
        body, encoding = packed(body, "" if name == "xlsx" else question["encoding"])
        return {"kind": "answer", "format": name, "rows": rows, "encoding": encoding}, body
    except (SyntaxError, ValueError) as error:
        return {"kind": "syntax", "message": str(error)}, b""
    except Full as full:
        return {"kind": "full", "message": full.args[0], "setting": full.args[1]}, b""
    except (MemoryError, RecursionError):
        return {"kind": "memory", "message": ""}, b""
    except (OSError, RuntimeError) as error:
        return {"kind": "failure", "message": str(error)}, b""


def _read(source: IO[bytes]) -> bytes:
    length = source.read(4)
    return source.read(struct.unpack(">I", length)[0]) if length else b""


def serve(store: ox.Store, channel: socket.socket, prefixes: dict[str, str]) -> None:
    """Answer over a socket until its other end closes."""
    source = channel.makefile("rb")
    at_first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while frame := _read(source):
        header, body = answer(store, {"prefixes": prefixes} | json.loads(frame))
        header["tired"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > at_first + _TIRED
        head = json.dumps(header).encode()
        head = struct.pack(">II", len(head), len(body)) + head
        if len(body) < _COPIED:
            channel.sendall(head + body)
        else:
            channel.sendall(head)
            channel.sendall(body)
