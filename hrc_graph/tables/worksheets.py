"""Writes tables as sheets of a workbook (XLSX): text as text, the same bytes for the same tables."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, Protocol, cast

from openpyxl import Workbook
from openpyxl.cell import Cell as WrittenCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from hrc_graph.errors import BadFile
from hrc_graph.tables import CELL_CHARACTERS, Table, Value, written

_HEADER_FONT = Font(bold=True)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_TINT, _MARK = (PatternFill("solid", fgColor=colour) for colour in ("FFFDECEA", "FFF4B6AE"))
_WIDTHS = (10, 60)
_SEEN = 500
"""So many rows say how wide columns are."""
_EXACT_DIGITS = 15  # Excel rounds longer numbers


class Sink(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Write them all."""

    def flush(self) -> None:
        """Nothing has to be done."""


@contextlib.contextmanager
def opened() -> Iterator[Workbook]:
    """A workbook to be written; when that fails, no sheet of it is left open."""
    book = Workbook(write_only=True)
    try:
        yield book
    except BaseException:
        for sheet in book.worksheets:
            with contextlib.suppress(WorkbookAlreadySaved):
                sheet.close()
        raise


def add(
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
        longest = max([len(title), *(len(written(row[column - 1])) for row in seen if len(row) >= column)])
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
                cell.comment = Comment(written(mark), "hrc")
        sheet.append(cells)


def _cell(sheet: Any, value: Value, row: int, column: int) -> WrittenCell:
    """A cell, when its text fits: openpyxl would cut it."""
    if isinstance(value, int) and len(str(abs(value))) <= _EXACT_DIGITS:
        return WriteOnlyCell(sheet, value)
    text = written(value)
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


def save(book: Workbook, sink: Sink) -> None:
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
