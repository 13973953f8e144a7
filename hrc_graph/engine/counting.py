"""How many solutions a table holds that Oxigraph wrote. Imports nothing: a worker starts with it."""

from __future__ import annotations

import re

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_QUOTED = re.compile(rb'"[^"]*"')


def count_rows(name: str, body: bytes) -> int:
    """The solutions in a table of that format. Counted on the bytes: rows in Python cost ten times the query."""
    match name:
        case "json":
            return _json_rows(body)
        case "xml":
            return body.count(b"<result>")
        case "csv":
            return _QUOTED.sub(b"", body).count(b"\r\n") - 1
        case _:
            return body.count(b"\n") - 1


def _json_rows(body: bytes) -> int:
    """Counts what stands between two solutions: it holds a bare quote, so the only string it can be in is one's end."""
    if body.endswith(b"[]}}"):
        return 0
    if b"{}" in body:  # perhaps a solution without any value
        return _STRING.sub(b"", body).count(b"},{") + 1
    ends_of_strings = body.count(b'}},{"}') + body.count(b'}},{",')
    return body.count(b'}},{"') - ends_of_strings + 1
