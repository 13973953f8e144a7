"""How many solutions a serialized table holds. Imports nothing: a worker starts with it."""

from __future__ import annotations

import re

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
"""A JSON string. Without its strings, a table has `},{` between solutions and nowhere else."""
_QUOTED = re.compile(rb'"[^"]*"')


def count_rows(name: str, body: bytes) -> int:
    """The solutions in a table of that format. Counted on the bytes: rows in Python cost ten times the query."""
    match name:
        case "json":
            bare = _STRING.sub(b"", body)
            return bare.count(b"},{") + (b"[{" in bare)
        case "xml":
            return body.count(b"<result>")
        case "csv":
            return _QUOTED.sub(b"", body).count(b"\r\n") - 1
        case _:
            return body.count(b"\n") - 1
