"""Spreadsheets as people keep them: what a table is, and how large it may be.

`sheets` reads CSV and XLSX, `writing` writes them; `workbook` is the process in which a workbook is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

FILE_BYTES = 20_000_000
"""A larger file is refused before it is read."""
ROWS = 100_000
"""A sheet with more rows below its header is refused."""
COLUMNS = 200
"""A sheet with a header further to the right is refused."""
CELL_CHARACTERS = 32_767
"""What one cell of Excel holds."""
CELLS = 1_000_000
"""A file with more filled cells is refused."""
TEXT_CHARACTERS = 20_000_000
"""A file with more text in its cells is refused: a workbook may name one long text from every cell."""
ERRORS = "errors"
"""The header of the column that tells a person what to mend; it is never read."""
HELP = ("Help", ("Column", "What to write"))
"""Name and header of the sheet that explains a template; it is never read."""
BLANK = r"\s\u200b\u2060\ufeff"
"""White space, and what looks like none, as the inside of a character class."""
HOSTILE = re.compile(rf"[{BLANK}']*[=+\-@＝＋－＠\t\r\n]")
"""How a text begins that a spreadsheet program would run; it is written with an apostrophe before it."""

Value: TypeAlias = str | int | None
"""What a written cell holds."""

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def written(value: Value) -> str:
    """The text of a cell; a sign that no table can hold becomes U+FFFD."""
    return "" if value is None else _UNWRITABLE.sub("\ufffd", str(value))


@dataclass(frozen=True, slots=True)
class Cell:
    """A filled cell: `row` and `column` count from 1, as in the file; `text` has no white space around it."""

    row: int
    column: int
    header: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """The filled cells of a row by header; `number` is the one a spreadsheet program shows beside it."""

    number: int
    cells: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that was read: its file's name, its own (the file's stem for CSV), its columns and filled rows."""

    file: str
    name: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    header_row: int = 1
    """The number of the row that holds the header."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be written as one sheet of a workbook."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Value]]
