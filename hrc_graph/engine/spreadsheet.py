"""A table of results as an XLSX workbook: a sheet of rows, and one that names the query and the snapshot."""

from __future__ import annotations

import io
import re
from typing import Any

import pyoxigraph as ox
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

_XSD = "http://www.w3.org/2001/XMLSchema#"
_WHOLE = frozenset(_XSD + name for name in ("integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger"))
_BROKEN = frozenset(_XSD + name for name in ("decimal", "double", "float"))
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CELL = 32_767
"""Characters a cell can hold."""
_EXACT = 2**53
"""Past it a spreadsheet's numbers lose digits."""


class CellTooLong(ValueError):
    """A value that no cell can hold; cutting it would be a lie."""


def write(results: Any, query: str, snapshot: str, most: int) -> tuple[bytes, int]:
    """The workbook and its number of rows; reading stops one row past `most`. Raises `CellTooLong`."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("results")
    rows = 0
    if isinstance(results, ox.QueryBoolean):
        sheet.append(["answer"])
        sheet.append([bool(results)])
        rows = 1
    else:
        variables = [variable.value for variable in results.variables]
        sheet.append([_text(sheet, name) for name in variables])
        for solution in results:
            rows += 1
            if rows > most:
                return b"", rows
            sheet.append([_cell(sheet, solution[name]) for name in variables])
    about = book.create_sheet("about")
    about.append(["snapshot", _text(about, snapshot)])
    about.append(["query", _text(about, query)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue(), rows


def _cell(sheet: Any, term: Any) -> Any:
    if term is None:
        return None
    if isinstance(term, ox.Literal):
        kind, value = term.datatype.value, term.value
        try:
            if kind in _WHOLE and abs(int(value)) < _EXACT:
                return int(value)
            if kind in _BROKEN and (number := float(value)) * 0 == 0:
                return number
        except ValueError:
            return _text(sheet, value)
        if kind == _XSD + "boolean":
            return value in ("true", "1")
        return _text(sheet, value)
    return _text(sheet, str(term) if isinstance(term, (ox.Triple, ox.BlankNode)) else term.value)


def _text(sheet: Any, value: str) -> Any:
    """A cell that stays text, also when it begins like a formula."""
    if len(value) > _CELL:
        raise CellTooLong(f"a value of {len(value):,} characters does not fit a spreadsheet cell; ask for CSV")
    cell = WriteOnlyCell(sheet, _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value))
    cell.data_type = "s"
    return cell
