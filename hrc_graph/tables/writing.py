"""Writes tables as CSV and XLSX such that nothing in a cell can run: exports, templates, tables with their errors."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
from hrc_graph.tables import CELL_CHARACTERS, ERRORS, HELP, HOSTILE, Sheet, Table, Value

_PLAIN_NUMBER = re.compile(r"-[0-9]+(?:[.,][0-9]+)?\Z")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEADER_FONT = Font(bold=True)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_TINT, _MARK = (PatternFill("solid", fgColor=colour) for colour in ("FFFDECEA", "FFF4B6AE"))
_WIDTHS = (10, 60)
_EXACT_DIGITS = 15  # Excel rounds longer numbers


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
    files.replace(path, _csv(header, rows))


def write_xlsx(path: Path, tables: Iterable[Table]) -> None:
    """Write tables as sheets of a workbook, text as text. The same tables give the same bytes.

    Raises `BadFile` for a text longer than a cell holds.
    """
    book = Workbook(write_only=True)
    for table in [_checked(table) for table in tables]:
        _add(book, table)
    files.replace(path, _bytes(book))


def with_errors(tables: Sequence[Marked], path: Path) -> None:
    """Write tables back, every row at its number, with what is wrong in a last column `errors`.

    Raises `BadFile` for several tables in a CSV file, or a text longer than a cell of XLSX holds.
    """
    if is_csv(path, len(tables)):
        files.replace(path, _csv(*_with_errors(tables[0]), tables[0].sheet.header_row))
        return
    book = Workbook(write_only=True)
    for table in tables:
        columns = {header: column for column, header in enumerate(table.sheet.header, 1)}
        notes = {(row, columns[header]): text for (row, header), text in table.cells.items() if header in columns}
        filled = _checked(Table(table.name, *_with_errors(table)))
        _add(book, filled, table.sheet.header_row, table.rows.keys(), notes)
    files.replace(path, _bytes(book))


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
