"""Writes tables as CSV and XLSX such that nothing in a cell can run: exports, templates, tables with their errors."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hrc_graph import files
from hrc_graph.errors import BadFile
from hrc_graph.tables import ERRORS, HELP, HOSTILE, Sheet, Table, Value, written

if TYPE_CHECKING:
    from hrc_graph.tables.worksheets import Sink

_PLAIN_NUMBER = re.compile(r"-[0-9]+(?:[.,][0-9]+)?\Z")
_PIECE = 1_000
"""So many rows are written together."""


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
    from hrc_graph.tables import worksheets  # here: it takes time and memory, and few tables become workbooks

    with worksheets.opened() as book:
        for table in tables:
            worksheets.add(book, table)
        worksheets.save(book, sink)


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Value]], top: int = 1) -> Iterator[bytes]:
    """A table as `write_csv` writes it, with its header in row `top`, in pieces."""
    out = io.StringIO("\ufeff", newline="")
    out.seek(1)
    out.write("\r\n" * (top - 1))
    # a quoted header leaves no doubt about the delimiter
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([_guarded(written(name)) for name in header])
    left = iter(rows)
    while True:
        yield out.getvalue().encode()
        out = io.StringIO(newline="")
        piece = list(itertools.islice(left, _PIECE))
        if not piece:
            return
        csv.writer(out).writerows([_guarded(written(value)) for value in row] for row in piece)


def with_errors(tables: Sequence[Marked], path: Path) -> None:
    """Write tables back, every row at its number, with what is wrong in a last column `errors`.

    Raises `BadFile` for several tables in a CSV file, or a text longer than a cell of XLSX holds.
    """
    if is_csv(path, len(tables)):
        files.replace(path, b"".join(csv_pieces(*_with_errors(tables[0]), tables[0].sheet.header_row)))
        return
    from hrc_graph.tables import worksheets

    out = io.BytesIO()
    with worksheets.opened() as book:
        for table in tables:
            columns = {header: column for column, header in enumerate(table.sheet.header, 1)}
            notes = {(row, columns[header]): text for (row, header), text in table.cells.items() if header in columns}
            worksheets.add(
                book, Table(table.name, *_with_errors(table)), table.sheet.header_row, table.rows.keys(), notes
            )
        worksheets.save(book, out)
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


def _with_errors(table: Marked) -> tuple[tuple[str, ...], list[list[Value]]]:
    """The header and the rows of a table with what is wrong in a last column."""
    by_number = {row.number: row.cells for row in table.sheet.rows}
    rows: list[list[Value]] = []
    for number in range(table.sheet.header_row + 1, max([*by_number, *table.rows], default=0) + 1):
        cells = by_number.get(number, {})
        texts = (cells[header].text if header in cells else None for header in table.sheet.header)
        rows.append([*texts, table.rows.get(number)])
    return (*table.sheet.header, ERRORS), rows
