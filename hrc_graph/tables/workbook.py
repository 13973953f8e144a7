"""A process that opens one workbook, prints what its sheets hold, and ends.

    python -m hrc_graph.tables.workbook PATH

Each line is JSON: `{"sheet": name}`, then `[row, [[column, text], …]]` for each of its filled rows; or, as the
last line, `{"error": [message, hint, line, column]}`. Sizes are judged from the archive's directory before
anything is inflated, then every part is inflated piece by piece to prove them and to find a DOCTYPE. Memory is
capped and the network taken away all the same.
Source: ECMA-376 part 1, sections 18.3 (worksheets) and 22.9.2.19 (escaped characters).
"""

from __future__ import annotations

import datetime
import json
import re
import sys
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any
from xml.parsers import expat

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import get_column_letter

from hrc_graph.engine import sandbox
from hrc_graph.errors import BadFile
from hrc_graph.tables import CELLS, TEXT_CHARACTERS

EXPANDED_BYTES = 200_000_000
"""A workbook whose parts are larger together is refused."""
RATIO = 100
"""A part that grows by more than this when inflated is refused,"""
SMALL = 10_000_000
"""unless it is no larger than so many bytes: a column of one long sentence repeated is harmless."""
PARTS = 10_000
"""A workbook of more parts is refused."""
MEMORY = 2**30
"""So many bytes may be taken beyond what the process has at its start."""
LAST_ROW = 1_048_576
_PIECE = 2**16

_SAVE_AGAIN = "Open it in a spreadsheet program and save it as .xlsx or .csv."
_SPLIT = "Split it into several files."
_UNSHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')  # parts of a number format that show no digit of a date
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005F)_")


@dataclass
class _Survey:
    """What the XML of a sheet says and openpyxl's cells do not: merged ranges, formulas without a value, cells."""

    merged: dict[str, str] = field(default_factory=dict)
    """The range by its first cell, the only one of it that keeps a value."""
    uncalculated: str = ""
    filled: int = 0


def check(path: Path) -> None:
    """Let an archive pass whose parts are as small as it says and have no DOCTYPE, or raise `BadFile`."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_directory(path.name, archive.infolist())
            for part in archive.infolist():
                with archive.open(part) as stream:
                    _check_part(path.name, part.filename, stream)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise BadFile(f"{path.name} is damaged: {error}.", _SAVE_AGAIN) from error


def lines(path: Path) -> Iterator[Any]:
    """What the workbook holds, sheet by sheet, as described above. Raises `BadFile`."""
    check(path)
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader, parts = _opened(file)
        cells = characters = 0
        for sheet in reader.wb.worksheets:
            place = f"{path.name}, sheet {sheet.title}"
            with reader.archive.open(parts[sheet.title]) as stream:
                survey = _survey(stream, place)
            if survey.uncalculated:
                raise BadFile(
                    f"A formula has no calculated value ({place}, cell {survey.uncalculated}).",
                    "Open the file in a spreadsheet program and save it, or put the value in place of the formula.",
                )
            yield {"sheet": sheet.title}
            sheet.reset_dimensions()
            seen = 0
            for number, row in enumerate(sheet.iter_rows(), 1):
                filled = [(cell.column, _text(cell, survey, place)) for cell in row if cell.value is not None]
                seen += len(filled)
                cells += len(filled)
                characters += sum(len(text) for _, text in filled)
                if cells > CELLS or characters > TEXT_CHARACTERS:
                    raise BadFile(f"{path.name} holds more than {CELLS:,} cells or {TEXT_CHARACTERS:,} signs.", _SPLIT)
                if filled:
                    yield [number, filled]
            if seen != survey.filled:
                raise BadFile(f"Rows or cells are out of order ({place}).", _SAVE_AGAIN)


def _opened(file: IO[bytes]) -> tuple[ExcelReader, dict[str, str]]:
    """A reader of the worksheets alone, and the part each is in: charts, links and macros stay shut."""
    reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    found = [(sheet, part) for sheet, part in reader.parser.find_sheets() if str(part.Type).endswith("/worksheet")]
    reader.parser.sheets = [sheet for sheet, _ in found]
    apply_stylesheet(reader.archive, reader.wb)
    reader.read_worksheets()
    return reader, {str(sheet.name): str(part.target) for sheet, part in found}


def _check_directory(file: str, parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    if "[Content_Types].xml" not in names:
        kind = "an OpenDocument file" if "mimetype" in names else "an archive, but not a workbook"
        raise BadFile(f"{file} is {kind}.", "Save it as .xlsx or .csv.")
    if len(parts) > PARTS or len(set(names)) < len(names):
        raise BadFile(f"{file} has more than {PARTS:,} parts, or two of one name.", _SAVE_AGAIN)
    for part in parts:
        name = part.filename.replace("\\", "/")
        if ".." in PurePosixPath(name).parts or name.startswith("/") or ":" in name.partition("/")[0]:
            raise BadFile(f"{file} has a part that would lie outside it: “{part.filename}”.", _SAVE_AGAIN)
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadFile(f"{file} is packed in a way that no workbook is (“{part.filename}”).", _SAVE_AGAIN)
        if part.flag_bits & 1:
            raise BadFile(f"{file} is protected with a password.", "Save it without one.")
        if part.file_size > max(RATIO * part.compress_size, SMALL):
            raise BadFile(f"{file} grows more than {RATIO}-fold when it is opened (“{part.filename}”).", _SPLIT)
    if sum(part.file_size for part in parts) > EXPANDED_BYTES:
        raise BadFile(f"{file} grows beyond {EXPANDED_BYTES // 10**6} MB when it is opened.", _SPLIT)


def _check_part(file: str, name: str, stream: IO[bytes]) -> None:
    """Read a part to its checksum; refuse a DOCTYPE, in whatever encoding, before its first element."""
    begun = False

    def start(*_: object) -> None:
        nonlocal begun
        begun = True

    def refuse(*_: object) -> None:
        raise BadFile(f"{file} has a DOCTYPE, which is not allowed (“{name}”).", _SAVE_AGAIN)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    while chunk := stream.read(_PIECE):
        if not begun:
            try:
                parser.Parse(chunk)
            except expat.ExpatError:
                begun = True  # a picture, say; what openpyxl reads as XML it finds faulty itself


def _survey(stream: IO[bytes], place: str) -> _Survey:
    survey = _Survey()
    open_tags: list[str] = []
    cell = {"r": "", "t": "", "formula": "", "value": "", "inline": ""}

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        open_tags.append(name)
        if name == "c":
            cell.update(r=attributes.get("r", "?"), t=attributes.get("t", "n"), formula="", value="", inline="")
        elif name == "f":
            cell["formula"] = "yes"
        elif name == "is":
            cell["inline"] = "yes"
        elif name == "mergeCell":
            reference = attributes.get("ref", "")
            survey.merged[reference.partition(":")[0]] = reference
        elif name == "row" and int(attributes.get("r", "1")) > LAST_ROW:
            raise BadFile(f"There is a row beyond {LAST_ROW:,} ({place}).", _SAVE_AGAIN)

    def characters(_: str) -> None:
        if open_tags[-1] == "v":
            cell["value"] = "yes"

    def end(_: str) -> None:
        if open_tags.pop() == "c":
            survey.filled += bool(cell["inline"] if cell["t"] == "inlineStr" else cell["value"])
            if cell["formula"] and not cell["value"] and cell["t"] != "str":  # an empty text is a value
                survey.uncalculated = survey.uncalculated or cell["r"]

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.ParseFile(stream)
    return survey


def _text(cell: Any, survey: _Survey, place: str) -> str:
    where = f"{place}, cell {get_column_letter(cell.column)}{cell.row}"
    if cell.data_type == "e":
        raise BadFile(f"There is an error, {cell.value} ({where}).", "Mend the formula.", cell.row, cell.column)
    if merged := survey.merged.get(f"{get_column_letter(cell.column)}{cell.row}"):
        raise BadFile(
            f"The cells {merged} are merged ({where}).",
            "Unmerge them and write the value in each cell that it holds for.",
            cell.row,
            cell.column,
        )
    match cell.value:
        case bool(truth):
            return "true" if truth else "false"
        case int() | float() as number:
            return _number(number, cell.number_format)
        case datetime.datetime() as moment:
            return _moment(moment, cell.number_format)
        case datetime.timedelta() as span:
            minutes, seconds = divmod(round(span.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        case datetime.date() | datetime.time() as other:
            return other.isoformat()
        case other:
            return _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), str(other))


def _number(number: float, number_format: str) -> str:
    """As a person sees it: fifteen digits, and the leading zeros of a format such as `000`."""
    if isinstance(number, float) and not number.is_integer():
        return f"{number:.15g}"
    width = len(number_format) if re.fullmatch("0+", number_format) else 1
    return f"{int(number):0{width}}"


def _moment(moment: datetime.datetime, number_format: str) -> str:
    """The ISO date, or as much of it as the format shows.

    “May 2016” typed into a cell is stored as the first of May: that day is the program's, not the person's.
    """
    if moment.time() != datetime.time.min:
        return moment.isoformat(timespec="seconds")
    shown = set(_UNSHOWN.sub("", number_format).lower())
    if "y" in shown and not shown & set("dh"):
        if moment.day == 1 and "m" in shown:
            return f"{moment:%Y-%m}"
        if (moment.month, moment.day) == (1, 1):
            return f"{moment:%Y}"
    return moment.date().isoformat()


def main(path: str) -> None:
    """Print the lines of the workbook at `path`."""
    sandbox.confine()
    sandbox.cap_memory(MEMORY)
    try:
        for line in lines(Path(path)):
            print(json.dumps(line))
    except BadFile as error:
        print(json.dumps({"error": [error.message, error.hint, error.line, error.column]}))
    except MemoryError:
        print(json.dumps({"error": [f"{Path(path).name} needs too much memory.", _SPLIT, None, None]}))


if __name__ == "__main__":
    main(sys.argv[1])
