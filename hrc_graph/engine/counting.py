"""How many solutions a serialized table holds. Imports nothing: a worker starts with it."""

from __future__ import annotations

import re

_SOLUTION = re.compile(rb'"(?:[^"\\]|\\.)*"|(\},\{|\[\{)')
"""A string, passed over whole, or what stands before a solution and nowhere else outside strings."""
_QUOTED = re.compile(rb'"[^"]*"')


def count_rows(name: str, body: bytes) -> int:
    """The solutions in a table of that format. Counted on the bytes: rows in Python cost ten times the query."""
    match name:
        case "json":
            return sum(1 for found in _SOLUTION.finditer(body) if found.lastindex)
        case "xml":
            return body.count(b"<result>")
        case "csv":
            return _QUOTED.sub(b"", body).count(b"\r\n") - 1
        case _:
            return body.count(b"\n") - 1
