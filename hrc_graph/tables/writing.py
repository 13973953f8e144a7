"""Writes tables as CSV and XLSX such that nothing in a cell can run: exports, templates, tables with their errors."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from openpyxl import Workbook
from openpyxl.cell import Cell as WrittenCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from hrc_graph import files
from hrc_graph.errors import BadFile
from hrc_graph.tables import CELL_CHARACTERS, ERRORS, HELP, HOSTILE, Sheet, Table, Value

_PLAIN_NUMBER = re.compile(r"-[0-9]+(?:[.,][0-9]+)?\Z")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEADER_FONT = Font(bold=True)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_TINT, _MARK = (PatternFill("solid", fgColor=colour) for colour in ("FFFDECEA", "FFF4B6AE"))
_WIDTHS = (10, 60)
_SEEN, _PIECE = 500, 1_000
"""So many rows say how wide columns are; so many are written together."""
_EXACT_DIGITS = 15  # Excel rounds longer numbers


class Sink(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Write them all."""

    def flush(self) -> None:
        """Nothing has to be done."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A table that was read, with what is wrong with it."""

    name: str
    """What it is to be called."""
    sheet: Sheet
    rows: Mapping[int, str]
    """By row number."""
    cells: Mapping[tuple[int, str], str]
    """By row number and header; comments of cells in XLSX, which CSV does not have."""


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a table as CSV for Excel (UTF-8 with BOM, CRLF). Text that Excel would run gets an apostrophe before it."""
    files.replace(path, b"".join(csv_pieces(header, rows)))


def write_xlsx(path: Path, tables: Iterable[Table]) -> None:
    """Write tables as sheets of a workbook, text as text. The same tables give the same bytes.

    Raises `BadFile` for a text longer than a cell holds.
    """
    out = io.BytesIO()
    save_xlsx(tables, out)
    files.replace(path, out.getvalue())


def save_xlsx(tables: Iterable[Table], sink: Sink) -> None:
    """Write tables as a workbook into a sink, a row at a time, as `write_xlsx` does."""
    with _workbook() as book:
        for table in tables:
            _add(book, table)
        _save(book, sink)


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Value]], top: int = 1) -> Iterator[bytes]:
    """A table as `write_csv` writes it, with its header in row `top`, in pieces."""
    out = io.StringIO("\ufeff", newline="")
    out.seek(1)
    out.write("\r\n" * (top - 1))
    # a quoted header leaves no doubt about the delimiter
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([_guarded(_written(name)) for name in header])
    left = iter(rows)
    while True:
        yield out.getvalue().encode()
        out = io.StringIO(newline="")
        piece = list(itertools.islice(left, _PIECE))
        if not piece:
            return
        csv.writer(out).writerows([_guarded(_written(value)) for value in row] for row in piece)


def with_errors(tables: Sequence[Marked], path: Path) -> None:
    """Write tables back, every row at its number, with what is wrong in a last column `errors`.

    Raises `BadFile` for several tables in a CSV file, or a text longer than a cell of XLSX holds.
    """
    if is_csv(path, len(tables)):
        files.replace(path, b"".join(csv_pieces(*_with_errors(tables[0]), tables[0].sheet.header_row)))
        return
    out = io.BytesIO()
    with _workbook() as book:
        for table in tables:
            columns = {header: column for column, header in enumerate(table.sheet.header, 1)}
            notes = {(row, columns[header]): text for (row, header), text in table.cells.items() if header in columns}
            _add(book, Table(table.name, *_with_errors(table)), table.sheet.header_row, table.rows.keys(), notes)
        _save(book, out)
    files.replace(path, out.getvalue())


def is_csv(path: Path, tables: int = 1) -> bool:
    """Whether so many tables are to be written as CSV, or else XLSX.

    Raises `BadFile` for a name that ends in neither, and for several tables in a CSV file.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise BadFile(f"“{path.name}” ends in neither .csv nor .xlsx.", "End it in one of them.")
    if path.suffix.lower() == ".csv" and tables > 1:
        raise BadFile(f"{tables} tables do not fit in {path.name}.", "Name an .xlsx file, or a folder.")
    return path.suffix.lower() == ".csv"


def template(path: Path, header: Sequence[str], notes: Mapping[str, str]) -> None:
    """Write an empty table to fill in; in XLSX a second sheet says what each column is for (`notes`, by header)."""
    if is_csv(path):
        write_csv(path, header, ())
    else:
        name, columns = HELP
        explained = [(column, notes.get(column)) for column in header]
        write_xlsx(path, (Table(path.stem, header, ()), Table(name, columns, explained)))


def _guarded(text: str) -> str:
    return f"'{text}" if HOSTILE.match(text) and not _PLAIN_NUMBER.match(text) else text


def _written(value: Value) -> str:
    return "" if value is None else _UNWRITABLE.sub("\ufffd", str(value))


def _with_errors(table: Marked) -> tuple[tuple[str, ...], list[list[Value]]]:
    """The header and the rows of a table with what is wrong in a last column."""
    by_number = {row.number: row.cells for row in table.sheet.rows}
    rows: list[list[Value]] = []
    for number in range(table.sheet.header_row + 1, max([*by_number, *table.rows], default=0) + 1):
        cells = by_number.get(number, {})
        texts = (cells[header].text if header in cells else None for header in table.sheet.header)
        rows.append([*texts, table.rows.get(number)])
    return (*table.sheet.header, ERRORS), rows


@contextlib.contextmanager
def _workbook() -> Iterator[Workbook]:
    """A workbook to be written; when that fails, no sheet of it is left open."""
    book = Workbook(write_only=True)
    try:
        yield book
    except BaseException:
        for sheet in book.worksheets:
            with contextlib.suppress(WorkbookAlreadySaved):
                sheet.close()
        raise


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
    rows = iter(table.rows)
    seen = list(itertools.islice(rows, _SEEN))
    for column, title in enumerate(table.header, 1):
        longest = max([len(title), *(len(_written(row[column - 1])) for row in seen if len(row) >= column)])
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width = min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1])
        dimension.number_format = "@"  # what a person types stays as typed: 01, 2016-05
    sheet.freeze_panes = f"A{top + 1}"
    for _ in range(top - 1):
        sheet.append([])
    for number, row in enumerate(itertools.chain([table.header], seen, rows), top):
        cells = [_cell(sheet, value, number - top + 1, column) for column, value in enumerate(row, 1)]
        for column, cell in enumerate(cells, 1):
            mark = (marks or {}).get((number, column))
            if number == top:
                cell.font = _HEADER_FONT
            elif mark or number in tinted:
                cell.fill, cell.alignment = _MARK if mark else _TINT, _WRAPPED
            if mark:
                cell.comment = Comment(_written(mark), "hrc")
        sheet.append(cells)


def _cell(sheet: Any, value: Value, row: int, column: int) -> WrittenCell:
    """A cell, when its text fits: openpyxl would cut it."""
    if isinstance(value, int) and len(str(abs(value))) <= _EXACT_DIGITS:
        return WriteOnlyCell(sheet, value)
    text = _written(value)
    if len(text) > CELL_CHARACTERS:
        raise BadFile(
            f"The text for cell {get_column_letter(column)}{row} has more than {CELL_CHARACTERS:,} signs.",
            "Write the table as .csv.",
            row,
            column,
        )
    cell = WriteOnlyCell(sheet)
    cell.value = re.sub(r"_(?=x00(?:[01][0-9A-Fa-f]|5F)_)", "_x005F_", text).replace("\r", "_x000D_") or None
    cell.number_format = "@"
    if text:
        cell.data_type = "s"  # never a formula, nor an error
    return cell


def _save(book: Workbook, sink: Sink) -> None:
    """Write a workbook without the hour in which it was written."""
    with tempfile.TemporaryFile() as timed:
        book.save(timed)
        with (
            zipfile.ZipFile(timed) as source,
            zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED) as target,
        ):
            for name in source.namelist():
                part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                part.create_system = 3  # as on Unix, wherever it is written
                part.compress_type = zipfile.ZIP_DEFLATED
                with source.open(name) as content, target.open(part, "w") as written:
                    if name == "docProps/core.xml":
                        told = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", content.read())
                        written.write(told)
                    else:
                        shutil.copyfileobj(content, written)
