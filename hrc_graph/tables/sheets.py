"""Reads tables from CSV and XLSX as people keep them.

What a file is, its content says, not its name. Everything that is not quite right is refused with the cell it
stands in: a table that is half understood becomes a false statement.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hrc_graph.errors import BadFile
from hrc_graph.tables import (
    BLANK,
    CELL_CHARACTERS,
    CELLS,
    COLUMNS,
    ERRORS,
    FILE_BYTES,
    HELP,
    HOSTILE,
    ROWS,
    Cell,
    Row,
    Sheet,
)

SECONDS = 60.0
"""A workbook that takes longer to open is refused."""

_Records = Iterable[tuple[int, dict[int, str]]]

_SAVE = "Save it as .xlsx or .csv."
_WANTED = "The first filled row names the columns; below it, one row for each thing."
_BLANKS = "".join(re.findall(f"[{BLANK}]", "".join(map(chr, range(2**16)))))
_GUARD = re.compile(rf"\A[{BLANK}]*'({HOSTILE.pattern})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MARKUP = re.compile(r"\s*<(?:!doctype|\?xml|html|table|!--)", re.IGNORECASE)
_FOREIGN = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel file (.xls)",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a compressed file",
}


def read(path: Path) -> tuple[Sheet, ...]:
    """The tables of a CSV or XLSX file that have a header. Raises `BadFile` with the cell, where there is one.

    A sheet of a workbook that has a header but no rows is given as it is; a file without any row is refused.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= FILE_BYTES and path.is_file() else None
    except OSError as error:
        raise BadFile(f"{path.name} cannot be read: {error.strerror}.", "Is the name right?") from error
    if content is None:
        raise BadFile(f"{path.name} is larger than {FILE_BYTES // 10**6} MB, or no file.", "Split it into several.")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = [_sheet(path.name, name, records, f"sheet {name}, ") for name, records in _worksheets(path)]
    else:
        found = [_sheet(path.name, path.stem, _records(path.name, _decode(path.name, content)), "")]
    sheets = tuple(sheet for sheet in found if sheet and (sheet.name, sheet.header) != HELP)
    if not any(sheet.rows for sheet in sheets):
        what = "has a header, but no row below it" if sheets else "is empty"
        raise BadFile(f"{path.name} {what}.", _WANTED)
    return sheets


def _worksheets(path: Path) -> list[tuple[str, _Records]]:
    """The sheets of a workbook, opened in a process of its own."""
    found: list[tuple[str, list[tuple[int, dict[int, str]]]]] = []
    for line in _child(path):
        if isinstance(line, list):
            found[-1][1].append((line[0], {column: _trim(text) for column, text in line[1]}))
        elif "sheet" in line:
            found.append((line["sheet"], []))
        else:
            raise BadFile(*line["error"])
    return [(name, records) for name, records in found]


def _child(path: Path) -> Iterator[Any]:
    command = [sys.executable, "-m", "hrc_graph.tables.workbook", str(path)]
    with tempfile.TemporaryFile() as out:
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL, timeout=SECONDS, check=True
            )
        except subprocess.TimeoutExpired:
            raise BadFile(f"{path.name} takes longer than {SECONDS:g} seconds to open.", "Split it.") from None
        except subprocess.CalledProcessError as error:
            raise BadFile(
                f"{path.name} is damaged, or not a workbook.",
                "Open it in a spreadsheet program and save it as .xlsx or .csv.",
            ) from error
        out.seek(0)
        yield from map(json.loads, out)


def _decode(file: str, content: bytes) -> str:
    for signature, kind in _FOREIGN.items():
        if content.startswith(signature):
            locked = "EncryptedPackage".encode("utf-16-le") in content
            raise BadFile(f"{file} is {'protected with a password' if locked else kind}.", _SAVE)
    encodings: tuple[str, ...] = ("utf-8-sig", "cp1252")
    if content.startswith(b"\xef\xbb\xbf"):
        encodings = encodings[:1]
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ("utf-16",)
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and not _MARKUP.match(text):
            return text
        break
    raise BadFile(f"{file} is not a table.", _SAVE)


def _records(file: str, text: str) -> Iterator[tuple[int, dict[int, str]]]:
    """The rows of a CSV text as Excel counts them: a line break inside a cell begins no row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, 1):
            yield number, {column: _unguarded(field) for column, field in enumerate(record, 1) if field}
    except csv.Error as error:
        raise BadFile(
            f"The quotation marks are wrong in {file}, row {number + 1}: {error}.",
            'Put one at either end of the cell, and write "" for one inside it.',
            number + 1,
            1,
        ) from error


def _delimiter(text: str) -> str:
    """The sign that separates most cells of the first row with a name in it; a comma when there is none."""
    counts: Counter[str] = Counter()
    quoted = named = False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        elif sign in "\r\n" and not quoted:
            if named:
                break
            counts.clear()
        elif sign in ",;\t" and not quoted:
            counts[sign] += 1
        elif not sign.isspace():
            named = True
    return max(",;\t", key=lambda sign: counts[sign])


def _letters(column: int) -> str:
    from openpyxl.utils import get_column_letter  # here: it takes time and memory, and most tables are in order

    return get_column_letter(column)


def _sheet(file: str, name: str, records: _Records, place: str) -> Sheet | None:
    """A table from its records (number, texts by column), or None when nothing is filled."""
    header: dict[int, str] = {}
    rows: list[Row] = []
    header_row = filled = 0

    def bad(what: str, hint: str, column: int) -> BadFile:
        return BadFile(f"{what} ({file}, {place}cell {_letters(column)}{number}).", hint, number, column)

    for number, texts in records:
        texts = {column: text for column, text in texts.items() if text}
        for column, text in texts.items():
            if len(text) > CELL_CHARACTERS:
                raise bad(f"A cell holds more than {CELL_CHARACTERS:,} signs", "Shorten it.", column)
            if control := _CONTROL.search(text):
                raise bad(f"A cell holds the control character U+{ord(control[0]):04X}", "Delete it.", column)
        if not texts:
            continue
        if not header:
            header, header_row = texts, number
            if max(header) > COLUMNS:
                raise bad(f"The header has more than {COLUMNS} columns", "Leave out what is not needed.", max(header))
            for column, text in header.items():
                first = next(other for other in header if header[other] == text)
                if first != column and text != ERRORS:
                    both = f"{_letters(first)} and {_letters(column)}"
                    raise bad(f"The columns {both} are both called “{text}”", "Rename one of them.", column)
            continue
        stray = next((column for column in texts if column not in header), None)
        if stray:
            raise bad(
                f"No header stands above “{texts[stray][:40]}”", "Name the column in the header, or empty it.", stray
            )
        cells = {
            header[column]: Cell(number, column, header[column], text)
            for column, text in texts.items()
            if header[column] != ERRORS
        }
        filled += len(cells)
        if cells:
            rows.append(Row(number, cells))
        if len(rows) > ROWS or filled > CELLS:
            raise bad(f"There are more than {ROWS:,} rows or {CELLS:,} cells", "Split the file into several.", 1)
    names = tuple(text for _, text in sorted(header.items()) if text != ERRORS)
    return Sheet(file, name, names, tuple(rows), header_row) if names else None


def _trim(text: str) -> str:
    return text.strip(_BLANKS)


def _unguarded(field: str) -> str:
    return _trim(_GUARD.sub(r"\1", field, count=1))
