"""Reads tables from CSV and XLSX as people keep them, and writes such that nothing in a cell can run.

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
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as WrittenCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from hrc_graph import files
from hrc_graph.errors import BadFile
from hrc_graph.tables import (
    CELL_CHARACTERS,
    CELLS,
    COLUMNS,
    ERRORS,
    FILE_BYTES,
    ROWS,
    Cell,
    Row,
    Sheet,
    Table,
    Value,
)

__all__ = [
    "HELP",
    "SECONDS",
    "Cell",
    "Row",
    "Sheet",
    "Table",
    "read",
    "template",
    "with_errors",
    "write_csv",
    "write_xlsx",
]

SECONDS = 60.0
"""A workbook that takes longer to open is refused."""
HELP = ("Help", ("Column", "What to write"))
"""Name and header of the sheet that explains a template; it is never read."""

_Records = Iterable[tuple[int, dict[int, str]]]

_SAVE = "Save it as .xlsx or .csv."
_WANTED = "The first filled row names the columns; below it, one row for each thing."
_BLANK = r"\s\u200b\u2060\ufeff"
_BLANKS = "".join(re.findall(f"[{_BLANK}]", "".join(map(chr, range(2**16)))))
_HOSTILE = re.compile(rf"[{_BLANK}']*[=+\-@＝＋－＠\t\r\n]")
_GUARD = re.compile(rf"\A[{_BLANK}]*'({_HOSTILE.pattern})")
_PLAIN_NUMBER = re.compile(r"-[0-9]+(?:[.,][0-9]+)?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile(r"\s*<(?:!doctype|\?xml|html|table|!--)", re.IGNORECASE)
_FOREIGN = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel file (.xls)",
    b"%PDF-": "a PDF",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a compressed file",
}
_HEADER_FONT = Font(bold=True)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_TINT, _MARK = (PatternFill("solid", fgColor=colour) for colour in ("FFFDECEA", "FFF4B6AE"))
_WIDTHS = (10, 60)
_EXACT_DIGITS = 15  # Excel rounds longer numbers


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


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a table as CSV for Excel (UTF-8 with BOM, CRLF). Text that Excel would run gets an apostrophe before it."""
    files.replace(path, _csv(header, rows))


def write_xlsx(path: Path, tables: Iterable[Table]) -> None:
    """Write tables as sheets of a workbook, text as text. The same tables give the same bytes.

    Raises `BadFile` for a text longer than a cell holds.
    """
    book = Workbook(write_only=True)
    for table in [_checked(table) for table in tables]:
        _add(book, table)
    files.replace(path, _bytes(book))


def with_errors(
    sheet: Sheet, problems: Mapping[int, str], path: Path, marks: Mapping[tuple[int, str], str] | None = None
) -> None:
    """Write a table back, every row at its number, with what is wrong in a last column `errors`.

    `problems` is by row number; `marks` is by row number and header, and becomes comments of cells in XLSX.
    """
    columns = {header: column for column, header in enumerate(sheet.header, 1)}
    by_number = {row.number: row for row in sheet.rows}
    rows: list[list[Value]] = []
    for number in range(sheet.header_row + 1, max([*by_number, *problems], default=0) + 1):
        texts = {header: cell.text for header, cell in by_number[number].cells.items()} if number in by_number else {}
        rows.append([*(texts.get(header) for header in columns), problems.get(number)])
    header = (*sheet.header, ERRORS)
    if _is_csv(path):
        files.replace(path, _csv(header, rows, sheet.header_row))
        return
    book = Workbook(write_only=True)
    notes = {(number, columns[header]): text for (number, header), text in (marks or {}).items()}
    _add(book, _checked(Table(sheet.name, header, rows)), sheet.header_row, problems.keys(), notes)
    files.replace(path, _bytes(book))


def template(path: Path, header: Sequence[str], notes: Mapping[str, str]) -> None:
    """Write an empty table to fill in; in XLSX a second sheet says what each column is for (`notes`, by header)."""
    if _is_csv(path):
        write_csv(path, header, ())
    else:
        name, columns = HELP
        explained = [(column, notes.get(column)) for column in header]
        write_xlsx(path, (Table(path.stem, header, ()), Table(name, columns, explained)))


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


def _sheet(file: str, name: str, records: _Records, place: str) -> Sheet | None:
    """A table from its records (number, texts by column), or None when nothing is filled."""
    header: dict[int, str] = {}
    rows: list[Row] = []
    header_row = filled = 0

    def bad(what: str, hint: str, column: int) -> BadFile:
        return BadFile(f"{what} ({file}, {place}cell {get_column_letter(column)}{number}).", hint, number, column)

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
                    both = f"{get_column_letter(first)} and {get_column_letter(column)}"
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


def _guarded(text: str) -> str:
    return f"'{text}" if _HOSTILE.match(text) and not _PLAIN_NUMBER.match(text) else text


def _written(value: Value) -> str:
    return "" if value is None else _UNWRITABLE.sub("\ufffd", str(value))


def _is_csv(path: Path) -> bool:
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise BadFile(f"“{path.name}” ends in neither .csv nor .xlsx.", "End it in one of them.")
    return path.suffix.lower() == ".csv"


def _csv(header: Sequence[str], rows: Iterable[Sequence[Value]], top: int = 1) -> bytes:
    """A table as CSV with its header in row `top`."""
    out = io.StringIO(newline="")
    out.write("\r\n" * (top - 1))
    # a quoted header leaves no doubt about the delimiter
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([_guarded(_written(name)) for name in header])
    csv.writer(out).writerows([_guarded(_written(value)) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _add(
    book: Workbook,
    table: Table,
    top: int = 1,
    tinted: Collection[int] = (),
    marks: Mapping[tuple[int, int], str] | None = None,
) -> None:
    """A sheet with its header in row `top`; `tinted` are row numbers, `marks` are comments by row and column."""
    name = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", table.name).strip("' ")[:31] or "Sheet"
    sheet: Any = book.create_sheet(name)  # the stubs do not tell a write-only sheet from others
    rows = [list(row) for row in table.rows]
    for column, title in enumerate(table.header, 1):
        longest = max([len(title), *(len(_written(row[column - 1])) for row in rows[:500] if len(row) >= column)])
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width = min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1])
        dimension.number_format = "@"  # what a person types stays as typed: 01, 2016-05
    sheet.freeze_panes = f"A{top + 1}"
    for _ in range(top - 1):
        sheet.append([])
    lines: list[list[Value]] = [list(table.header), *rows]
    for number, row in enumerate(lines, top):
        cells = [_cell(sheet, value) for value in row]
        for column, cell in enumerate(cells, 1):
            mark = (marks or {}).get((number, column))
            if number == top:
                cell.font = _HEADER_FONT
            elif mark or number in tinted:
                cell.fill, cell.alignment = _MARK if mark else _TINT, _WRAPPED
            if mark:
                cell.comment = Comment(_written(mark), "hrc")
        sheet.append(cells)


def _checked(table: Table) -> Table:
    """The table with its rows at hand, when every text fits in a cell: openpyxl would cut it."""
    rows = [list(row) for row in table.rows]
    lines: list[list[Value]] = [list(table.header), *rows]
    for number, row in enumerate(lines, 1):
        for column, value in enumerate(row, 1):
            if len(_written(value)) > CELL_CHARACTERS:
                raise BadFile(
                    f"The text for cell {get_column_letter(column)}{number} has more than {CELL_CHARACTERS:,} signs.",
                    "Write the table as .csv.",
                    number,
                    column,
                )
    return Table(table.name, table.header, rows)


def _cell(sheet: Any, value: Value) -> WrittenCell:
    if isinstance(value, int) and len(str(abs(value))) <= _EXACT_DIGITS:
        return WriteOnlyCell(sheet, value)
    text = _written(value)
    cell = WriteOnlyCell(sheet)
    cell.value = re.sub(r"_(?=x00(?:[01][0-9A-Fa-f]|5F)_)", "_x005F_", text).replace("\r", "_x000D_") or None
    cell.number_format = "@"
    if text:
        cell.data_type = "s"  # never a formula, nor an error
    return cell


def _bytes(book: Workbook) -> bytes:
    """A workbook without the hour in which it was written."""
    timed, timeless = io.BytesIO(), io.BytesIO()
    book.save(timed)
    with zipfile.ZipFile(timed) as source, zipfile.ZipFile(timeless, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", content)
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.create_system = 3  # as on Unix, wherever it is written
            target.writestr(part, content, zipfile.ZIP_DEFLATED)
    return timeless.getvalue()
