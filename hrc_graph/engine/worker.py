"""A process that reads one snapshot and answers one query at a time, until it is killed.

It imports little, of the project only its neighbours: a start takes milliseconds, and a crash loses nothing.
Frames in both directions: four bytes of length, then that many bytes. A question is one frame of
JSON; an answer is a frame of JSON and a frame with the body (empty on errors).
"""

from __future__ import annotations

import io
import json
import struct
import sys
from typing import IO, Any

import pyoxigraph as ox

from hrc_graph.engine import sandbox
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
}


class _Full(Exception):
    """The answer has reached its cap."""


class _Capped(io.BytesIO):
    """Bytes that refuse to grow past a cap: raising here stops the engine within its next 8 kB."""

    def __init__(self, cap: int) -> None:
        super().__init__()
        self.cap = cap

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.cap:
            raise _Full(f"{self.cap:,} bytes")
        return super().write(data)


def _table(results: Any, name: str, question: dict[str, Any]) -> tuple[bytes, int]:
    out = _Capped(question["answer_bytes"])
    results.serialize(out, format=_TABLES[name])
    body = out.getvalue()
    rows = 1 if isinstance(results, ox.QueryBoolean) else count_rows(name, body)
    if rows > question["answer_rows"]:
        raise _Full(f"{question['answer_rows']:,} rows")
    return body, rows


def _graph(results: Any, name: str, question: dict[str, Any]) -> tuple[bytes, int]:
    triples: dict[ox.Triple, None] = {}
    for triple in results:
        triples[triple] = None
        if len(triples) > question["answer_rows"]:
            raise _Full(f"{question['answer_rows']:,} triples")
    out = _Capped(question["answer_bytes"])
    format = _GRAPHS[name]
    ox.serialize(triples, out, format=format, prefixes=question["prefixes"])
    return out.getvalue(), len(triples)


def _dataset(question: dict[str, Any]) -> dict[str, Any]:
    default, named = question["default_graphs"], question["named_graphs"]
    if not default and not named:
        return {}
    return {
        "default_graph": [ox.NamedNode(iri) for iri in default],
        "named_graphs": [ox.NamedNode(iri) for iri in named],
    }


def answer(store: ox.Store, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The header and body for one question. Results are made, written and dropped here, in one thread."""
    try:
        results = store.query(question["query"], base_iri=question["base"], **_dataset(question))
        is_graph = isinstance(results, ox.QueryTriples)
        name = question["graph"] if is_graph else question["table"]
        body, rows = (_graph if is_graph else _table)(results, name, question)
        return {"kind": "answer", "format": name, "rows": rows}, body
    except (SyntaxError, ValueError) as error:
        return {"kind": "syntax", "message": str(error)}, b""
    except _Full as full:
        return {"kind": "full", "message": str(full)}, b""
    except (MemoryError, RecursionError):
        return {"kind": "memory", "message": ""}, b""
    except (OSError, RuntimeError) as error:
        return {"kind": "failure", "message": str(error)}, b""


def send(out: IO[bytes], header: dict[str, Any], body: bytes) -> None:
    """Write an answer as two frames."""
    head = json.dumps(header).encode()
    out.write(struct.pack(">I", len(head)) + head + struct.pack(">I", len(body)))
    out.write(body)  # by itself: a long answer is not copied once more
    out.flush()


def main(path: str, memory_limit: int) -> None:
    """Read the snapshot at `path` into memory, then answer until standard input ends."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    store = ox.Store()
    store.bulk_load(path=path, format=ox.RdfFormat.N_QUADS)
    confined = sandbox.confine()
    sandbox.cap_memory(memory_limit)
    send(out, {"kind": "ready", "confined": confined}, b"")
    while length := source.read(4):
        question = json.loads(source.read(struct.unpack(">I", length)[0]))
        send(out, *answer(store, question))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
