"""Spreadsheets as people send them, and as nobody should."""

from __future__ import annotations

import datetime
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_graph.errors import BadFile
from hrc_graph.tables import CELL_CHARACTERS, COLUMNS, ROWS, Sheet, Table, sheets, writing

SHEET = "xl/worksheets/sheet1.xml"
HOSTILE = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1", " ' =1", "＝1", "=HYPERLINK(1)"]


def csv_file(folder: Path, content: str | bytes, name: str = "cities.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder: Path, *rows: list[Any], formats: Mapping[str, str] | None = None) -> Path:
    """A workbook with the sheet “Members”, as a program saves it."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Members"
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    path = folder / "members.xlsx"
    book.save(path)
    return path


def changed(path: Path, change: Mapping[str, bytes | None]) -> Path:
    """The same archive with some parts exchanged, added, or (None) left out."""
    with zipfile.ZipFile(path) as archive:
        parts: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | dict(change)).items():
            if content is not None:
                archive.writestr(name, content)
    return path


def part(path: Path, name: str = SHEET) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def texts(sheet: Sheet) -> list[dict[str, str]]:
    return [{header: cell.text for header, cell in row.cells.items()} for row in sheet.rows]


def refusal(path: Path) -> BadFile:
    with pytest.raises(BadFile) as caught:
        sheets.read(path)
    assert caught.value.hint
    return caught.value


def measured(path: Path) -> tuple[str, float, float]:
    """How a small process refuses a file: the message, the seconds, and the MB that its child took."""
    script = (
        "import json, resource, sys, time; from pathlib import Path; from hrc_graph.errors import BadFile\n"
        "from hrc_graph.tables import sheets; start = time.monotonic(); said = ''\n"
        "try: sheets.read(Path(sys.argv[1]))\n"
        "except BadFile as error: said = error.message\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(json.dumps([said, time.monotonic() - start, used / 1024]))\n"
    )
    found = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=True, text=True)
    said, seconds, megabytes = json.loads(found.stdout)
    return said, seconds, megabytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_read_in_the_encodings_and_with_the_delimiters_people_have(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    lines = [["Ciudad", "País", "Año"], ["Nariño", "“Colombia”", "2016"], ["Malmö", "", "1,5;2"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines)
    path = csv_file(tmp_path, text.encode(encoding), "ciudades.txt")
    (sheet,) = sheets.read(path)
    assert (sheet.file, sheet.name, sheet.header) == ("ciudades.txt", "ciudades", ("Ciudad", "País", "Año"))
    assert texts(sheet) == [
        {"Ciudad": "Nariño", "País": "“Colombia”", "Año": "2016"},
        {"Ciudad": "Malmö", "Año": "1,5;2"},
    ]


def test_utf_16_of_either_order_is_read_by_its_mark(tmp_path: Path) -> None:
    text = "\ufeffname\nถนน\n"
    for encoding in ("utf-16-le", "utf-16-be"):
        (sheet,) = sheets.read(csv_file(tmp_path, text.encode(encoding)))
        assert texts(sheet) == [{"name": "ถนน"}]


def test_quotes_and_line_breaks_belong_to_their_cell_and_begin_no_row(tmp_path: Path) -> None:
    text = 'name,note\r\nLahat,"first\nsecond, with ""quotes"""\r\n\r\nWonosobo,"a;b;c;d"\r\n'
    (sheet,) = sheets.read(csv_file(tmp_path, text))
    assert texts(sheet)[0]["note"] == 'first\nsecond, with "quotes"'
    assert [row.number for row in sheet.rows] == [2, 4]
    cell = sheet.rows[1].cells["note"]
    assert (cell.row, cell.column, cell.header, cell.text) == (4, 2, "note", "a;b;c;d")


def test_the_header_may_stand_lower_and_empty_columns_do_not_count(tmp_path: Path) -> None:
    for path in (
        csv_file(tmp_path, "\ufeff\n;;\n;\u00a0name\u00a0;;year \n;\u202f Lahat;;2022\n;;;\n"),
        workbook(tmp_path, [None], [None], [None, "\u00a0name\u00a0", None, "year "], [None, "\u202f Lahat", "", 2022]),
    ):
        (sheet,) = sheets.read(path)
        assert (sheet.header_row, sheet.header) == (3, ("name", "year"))
        assert texts(sheet) == [{"name": "Lahat", "year": "2022"}]
        assert sheet.rows[0].number == 4


@pytest.mark.parametrize("file", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "said", "place"),
    [
        ([["name", "year", "name"], ["Lahat", "1", "2"]], "columns A and C are both called “name”", (1, 3)),
        ([["name", "year"], ["Lahat"], ["Batang", "1", "", "x"]], "cell D3)", (3, 4)),
        ([["name"], ["a" * (CELL_CHARACTERS + 1)]], "cell A2)", (2, 1)),
        ([[f"h{column}" for column in range(COLUMNS + 1)], ["x"]], "more than 200 columns", (1, 201)),
        ([["name", "year"]], "no row below it", (None, None)),
        ([["", " "]], "is empty", (None, None)),
    ],
    ids=["double header", "no header", "long cell", "many columns", "header only", "empty"],
)
def test_a_table_that_cannot_be_meant_is_refused_and_the_place_named(
    tmp_path: Path, file: str, rows: list[list[str]], said: str, place: tuple[int | None, int | None]
) -> None:
    if file == "csv":
        path = csv_file(tmp_path, "\r\n".join(",".join(row) for row in rows))
    else:
        path = workbook(tmp_path, *rows)
        if "a" * 99 in str(rows):  # openpyxl would cut it
            path = changed(path, {SHEET: part(path).replace(b"aaa<", b"aaaa<")})
    error = refusal(path)
    assert said in error.message
    assert (error.line, error.column) == place


def test_an_error_in_a_workbook_names_its_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["name"], *[["x"]] * 5, ["y", None, None, None, None, "stray"])
    assert "(members.xlsx, sheet Members, cell F7)" in refusal(path).message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"name\nLa\0hat\n", "is not a table"),
        ("\ufeffname\nx".encode("utf-32"), "is not a table"),
        (b"\xef\xbb\xbfname\nL\xff\n", "is not a table"),
        (b"\xff\xfen\x00\x00\xd8", "is not a table"),
        (b"name\n\x81\x8d\n", "is not a table"),
        (b"name\nLa\x0bhat\n", "U+000B (cities.csv, cell A2)"),
        (b'name\nBatang\n"Lahat\nWonosobo\n', "row 3"),
        (b'name\n"Lahat"x\n', "row 2"),
        (b"name\n" + b"a" * 200_000, "row 2"),
        (b"<html><table><tr><td>name", "is not a table"),
        (b'<?xml version="1.0"?><Workbook/>', "is not a table"),
        (b"%PDF-1.7 \x01", "is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "is an old Excel file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected with a password"),
        (b"PK\x03\x04 and no more", "is damaged"),
        (b"PK\x05\x06" + bytes(18), "not a workbook"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(csv_file(tmp_path, content)).message


def test_a_missing_file_a_folder_and_a_large_file_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.csv").message
    assert "no file" in refusal(tmp_path).message
    assert "larger than 20 MB" in refusal(csv_file(tmp_path, b"name\n" + b"x\n" * 10_000_000)).message


def test_a_cell_of_blanks_takes_no_time(tmp_path: Path) -> None:
    started = time.monotonic()
    (sheet,) = sheets.read(csv_file(tmp_path, "name\n" + f"x{' ' * 30_000}y\n" * 300))
    assert len(sheet.rows) == 300
    assert time.monotonic() - started < 3


def test_so_many_rows_are_read_and_not_one_more(tmp_path: Path) -> None:
    (sheet,) = sheets.read(csv_file(tmp_path, "name\n" + "x\n" * ROWS))
    assert len(sheet.rows) == ROWS
    assert "100,000 rows" in refusal(csv_file(tmp_path, "name\n" + "x\n" * (ROWS + 1))).message
    wide = ",".join(f"h{column}" for column in range(COLUMNS))
    assert "1,000,000 cells" in refusal(csv_file(tmp_path, wide + ("\n" + "x," * 199 + "x") * 5_001)).message


def test_the_values_of_a_workbook_become_what_a_person_sees(tmp_path: Path) -> None:
    day, moment = datetime.date(2016, 5, 17), datetime.datetime(2016, 5, 17, 9, 30)
    values = [day, moment, datetime.datetime(2016, 5, 17), datetime.time(9, 30), 2016, 3.0, 0.1 + 0.2, True, False]
    values += [datetime.timedelta(hours=26, minutes=5), " text ", "_x0041_", 7, "007", 1e20]
    path = workbook(tmp_path, [f"h{number}" for number in range(len(values))], values, formats={"M2": "000"})
    (sheet,) = sheets.read(path)
    assert list(texts(sheet)[0].values()) == [
        *("2016-05-17", "2016-05-17T09:30:00", "2016-05-17", "09:30:00", "2016", "3", "0.3", "true", "false"),
        *("26:05:00", "text", "_x0041_", "007", "007", "1" + "0" * 20),
    ]


def test_a_month_typed_into_a_cell_does_not_become_its_first_day(tmp_path: Path) -> None:
    first, other = datetime.date(2016, 5, 1), datetime.date(2016, 5, 17)
    formats = {"A2": "mmm-yy", "B2": "yyyy", "C2": "mmm-yy", "D2": '[$-421]mmmm\\ yyyy"d"', "E2": "dd/mm/yyyy"}
    row = [first, datetime.date(2016, 1, 1), other, first, first]
    (sheet,) = sheets.read(workbook(tmp_path, list("abcde"), row, formats=formats))
    assert list(texts(sheet)[0].values()) == ["2016-05", "2016", "2016-05-17", "2016-05", "2016-05-01"]


def test_every_sheet_with_a_header_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["name"])
    book.create_sheet("Empty")
    book.create_chartsheet("Chart")
    book.create_sheet("Cities & towns").append(["city"])
    book["Cities & towns"].append(["Lahat"])
    book.save(tmp_path / "two.xlsx")
    first, second = sheets.read(tmp_path / "two.xlsx")
    assert (first.name, first.rows) == ("Sheet", ())
    assert (second.name, texts(second)) == ("Cities & towns", [{"city": "Lahat"}])


def test_a_formula_gives_the_value_it_had_when_it_was_saved(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["sum", "text", "nothing"], ["=1+2", '="a"', '=""'])
    content = part(path)
    for cell, attributes, value in (("A2", b"", b"3"), ("B2", b' t="str"', b"a"), ("C2", b' t="str"', b"")):
        pattern = rb'<c r="%s"( ?)><f>(.*?)</f><v ?/?>(?:</v>)?</c>' % cell.encode()
        replacement = rb'<c r="%s"%s><f>\2</f><v>%s</v></c>' % (cell.encode(), attributes, value)
        content, count = re.subn(pattern, replacement, content)
        assert count == 1
    (sheet,) = sheets.read(changed(path, {SHEET: content}))
    assert texts(sheet) == [{"sum": "3", "text": "a"}]


def test_a_formula_without_a_value_and_an_error_are_refused(tmp_path: Path) -> None:
    error = refusal(workbook(tmp_path, ["name"], ["x"], ["=1+2"]))
    assert "formula" in error.message
    assert "sheet Members, cell A3" in error.message
    error = refusal(workbook(tmp_path, ["name", "year"], ["x", "#REF!"]))
    assert "#REF! (members.xlsx, sheet Members, cell B2)" in error.message


def test_merged_cells_are_refused_where_they_hold_something(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["name", "country"], ["Lahat", "ID"], ["Batang"]):
        sheet.append(row)
    sheet.merge_cells("D5:E6")
    book.save(tmp_path / "a.xlsx")
    assert texts(sheets.read(tmp_path / "a.xlsx")[0]) == [{"name": "Lahat", "country": "ID"}, {"name": "Batang"}]
    sheet.merge_cells("B2:B3")
    book.save(tmp_path / "a.xlsx")
    assert "B2:B3 are merged" in refusal(tmp_path / "a.xlsx").message


def shared(path: Path, strings: list[bytes], rows: bytes) -> Path:
    """A workbook with these shared strings and these rows in its sheet."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    names = b"".join(b"<si><t>%s</t></si>" % text for text in strings)
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    change: dict[str, bytes | None] = {
        "[Content_Types].xml": part(path, "[Content_Types].xml").replace(b"</Types>", override),
        "xl/sharedStrings.xml": b'<sst xmlns="%s">%s</sst>' % (main, names),
        SHEET: b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (main, rows),
    }
    return changed(path, change)


def test_shared_strings_and_rows_without_numbers_are_read(tmp_path: Path) -> None:
    rows = b'<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row><c t="s"><v>2</v></c></row>'
    path = shared(workbook(tmp_path, ["a", "b"], ["c"]), [b"name", b"year", b"La_x000D_hat"], rows)
    assert texts(sheets.read(path)[0]) == [{"name": "La\rhat"}]


def inflating(path: Path, start: bytes) -> tuple[Path, zipfile.ZipInfo]:
    """The workbook with a sheet of 629 MB: `start`, then blanks."""
    path = changed(path, {SHEET: None})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(SHEET, "w") as stream:
            stream.write(start)
            for _ in range(629):
                stream.write(b" " * 1_000_000)
        return path, archive.getinfo(SHEET)


def test_a_bomb_is_refused_fast_and_in_little_memory(tmp_path: Path) -> None:
    path, _ = inflating(workbook(tmp_path, ["name"], ["x"]), b"<worksheet>")
    assert path.stat().st_size < 700_000
    said, seconds, megabytes = measured(path)
    assert "grows more than 100-fold" in said
    assert seconds < 5
    assert megabytes < 150


def test_many_parts_that_are_small_alone_are_summed(tmp_path: Path) -> None:
    path = workbook(tmp_path, ["name"], ["x"])
    piece = bytes(range(256)) * 16
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(11):
            with archive.open(f"xl/media/{number}.bin", "w") as stream:
                for count in range(5_000):
                    stream.write(piece if count % 4 else random.randbytes(400) + bytes(3696))
    said, seconds, megabytes = measured(path)
    assert "grows beyond 200 MB" in said
    assert seconds < 5
    assert megabytes < 150


@pytest.mark.parametrize("fitting", [False, True])
def test_sizes_that_lie_do_not_help(tmp_path: Path, fitting: bool) -> None:
    """The directory says 1,000 bytes; the part inflates to 629 MB. Its checksum may fit the first 1,000."""
    start = b"<worksheet>" + b" " * 989
    path, true = inflating(workbook(tmp_path, ["name"], ["x"]), start)
    content = path.read_bytes()
    told = zlib.crc32(start) if fitting else true.CRC
    stamp, lie = (
        b"".join(number.to_bytes(4, "little") for number in (checksum, true.compress_size, size))
        for checksum, size in ((true.CRC, true.file_size), (told, 1000))
    )
    assert stamp in content
    path.write_bytes(content.replace(stamp, lie))
    said, seconds, megabytes = measured(path)
    assert said
    assert seconds < 10
    assert megabytes < 1_200


@pytest.mark.parametrize("name", ["../../evil.xml", "/etc/evil.xml", "xl\\..\\..\\evil.xml", "C:/evil.xml"])
def test_names_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    path = changed(workbook(tmp_path, ["name"], ["x"]), {name: b"<evil/>"})
    assert "outside" in refusal(path).message
    assert sorted(file.name for file in tmp_path.iterdir()) == ["members.xlsx"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", [SHEET, "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml"])
def test_a_doctype_is_refused_in_every_part(tmp_path: Path, name: str, encoding: str) -> None:
    path = workbook(tmp_path, ["name"], ["x"])
    content = re.sub(r"^<\?xml.*?\?>\s*", "", part(path, name).decode())
    doctype = (
        f'<?xml version="1.0" encoding="{encoding}"?><!-- --><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hosts">]>'
    )
    path = changed(path, {name: (doctype + content).encode(encoding)})
    assert "DOCTYPE" in refusal(path).message


def test_entities_would_be_refused_a_second_time() -> None:
    assert openpyxl.DEFUSEDXML


def test_an_archive_inside_is_left_alone(tmp_path: Path) -> None:
    inner = workbook(tmp_path, ["other"], ["y"]).read_bytes()
    path = changed(workbook(tmp_path, ["name"], ["x"]), {"xl/embeddings/inner.xlsx": inner, "xl/media/a.zip": inner})
    assert texts(sheets.read(path)[0]) == [{"name": "x"}]


@pytest.mark.parametrize(
    "change",
    [
        {"[Content_Types].xml": None},
        {"[Content_Types].xml": None, "mimetype": b"application/vnd.oasis.opendocument.spreadsheet"},
        {"xl/workbook.xml": None},
        {"xl/workbook.xml": b"<x/>"},
        {SHEET: b"<worksheet"},
        {SHEET: b'<worksheet><sheetData><row r="99999999999"/></sheetData></worksheet>'},
        {"xl/styles.xml": b"\0"},
    ],
)
def test_a_damaged_workbook_is_refused(tmp_path: Path, change: dict[str, bytes | None]) -> None:
    assert refusal(changed(workbook(tmp_path, ["name"], ["x"]), change)).message


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="3"><c r="A3"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
        b'<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        b'<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
    ],
)
def test_no_cell_is_lost_in_silence(tmp_path: Path, rows: bytes) -> None:
    path = workbook(tmp_path, ["name"], ["x"])
    content = re.sub(rb'<row r="2".*?</row>', rows, part(path))
    assert "out of order" in refusal(changed(path, {SHEET: content})).message


def test_one_long_text_named_by_many_cells_is_refused(tmp_path: Path) -> None:
    rows = b"".join(b'<row><c t="s"><v>%d</v></c></row>' % bool(number) for number in range(1_000))
    path = shared(workbook(tmp_path, ["a"], ["b"]), [b"name", b"long " * 6_000], rows)
    assert "20,000,000 signs" in refusal(path).message


def test_a_workbook_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SECONDS", 0.01)
    started = time.monotonic()
    assert "longer than 0.01 seconds" in refusal(workbook(tmp_path, ["name"], ["x"])).message
    assert time.monotonic() - started < 5


WRITABLE = st.text(
    st.one_of(
        st.sampled_from(list("=+-@'\"\t\r\n ,;\u00a0\u200b0127aé＝_xX")),
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    ),
    max_size=12,
)


def trimmed(text: str) -> str:
    return re.sub(r"\A[\s\u200b\u2060\ufeff]+|[\s\u200b\u2060\ufeff]+\Z", "", text)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    names = WRITABLE.filter(trimmed).filter(lambda name: trimmed(name) != "errors")
    header = draw(st.lists(names, min_size=1, max_size=4, unique_by=trimmed))
    row = st.lists(WRITABLE, min_size=len(header), max_size=len(header))
    return header, [*draw(st.lists(row, max_size=5)), ["x"] * len(header)]


def expected(header: list[str], rows: list[list[str]]) -> list[dict[str, str]]:
    kept = [
        {trimmed(name): trimmed(text) for name, text in zip(header, row, strict=True) if trimmed(text)} for row in rows
    ]
    return [row for row in kept if row]


@given(tables())
@settings(deadline=None, max_examples=300)
def test_a_csv_comes_back_as_it_was_written(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        writing.write_csv(path, header, rows)
        (sheet,) = sheets.read(path)
    assert sheet.header == tuple(map(trimmed, header))
    assert texts(sheet) == expected(header, rows)


@given(tables())
@settings(deadline=None, max_examples=15)
def test_a_workbook_comes_back_as_it_was_written(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        writing.write_xlsx(path, [Table("Members", header, rows)])
        (sheet,) = sheets.read(path)
    assert sheet.header == tuple(map(trimmed, header))
    assert texts(sheet) == expected(header, rows)


def test_nothing_in_a_written_csv_can_run(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    rows: list[list[str | int | None]] = [[text, -5] for text in HOSTILE]
    rows += [["-5", "-5,5"], ["+62", None]]
    writing.write_csv(path, ["=name", "year"], rows)
    content = path.read_bytes().decode("utf-8")
    assert content.startswith('\ufeff"\'=name","year"\r\n')
    cells = re.findall(r'(?:^|,|\n)"?([^,"\r\n]+)', content.removeprefix("\ufeff"))
    assert {cell for cell in cells if re.match(r"[=+\-@＝\t\r]", cell)} == {"-5"}
    (sheet,) = sheets.read(path)
    assert [row["=name"] for row in texts(sheet)] == [*map(str.strip, HOSTILE), "-5", "+62"]


def test_nothing_in_a_written_workbook_can_run(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    rows: list[list[str | int | None]] = [[text] for text in HOSTILE]
    rows += [["#REF!"], [5], [10**17]]
    writing.write_xlsx(path, [Table("a/b:c" * 9, ["=name"], rows)])
    assert b"<f>" not in part(path)
    (sheet,) = openpyxl.load_workbook(path).worksheets
    assert [row[0].data_type for row in sheet.iter_rows()] == ["s"] * (len(HOSTILE) + 2) + ["n", "s"]
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].number_format) == ("A2", True, "@")
    assert [row["=name"] for row in texts(sheets.read(path)[0])] == [
        *map(str.strip, HOSTILE),
        *("#REF!", "5", "1" + "0" * 17),
    ]


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    table = Table("Members", ["name", "year"], [["Lahat", 2022], ["Wonosobo", None]])
    for name in ("a.xlsx", "b.xlsx"):
        writing.write_xlsx(tmp_path / name, [table, table])
        time.sleep(1.1)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {part.date_time[0] for part in archive.infolist()} == {1980}


def test_signs_that_no_cell_holds_are_replaced_and_long_texts_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "a.csv", tmp_path / "a.xlsx"):
        if path.suffix == ".csv":
            writing.write_csv(path, ["name"], [["a\0\ud800\x1fb"]])
        else:
            writing.write_xlsx(path, [Table("a", ["name"], [["a\0\ud800\x1fb"]])])
        assert texts(sheets.read(path)[0]) == [{"name": "a\ufffd\ufffd\ufffdb"}]
    with pytest.raises(BadFile) as caught:
        writing.write_xlsx(tmp_path / "b.xlsx", [Table("a", ["name"], [["x" * (CELL_CHARACTERS + 1)]])])
    assert (caught.value.line, caught.value.column) == (2, 1)
    assert not (tmp_path / "b.xlsx").exists()


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_table_with_its_errors_can_be_mended_and_brought_again(tmp_path: Path, suffix: str) -> None:
    original = "\n\nname;year;errors\nLahat;20x2;old remark\n\n=Batang;2022;\n;;left alone\n"
    (sheet,) = sheets.read(csv_file(tmp_path, original))
    assert sheet.header == ("name", "year")
    path = tmp_path / f"again{suffix}"
    problems = {4: "“20x2” is no year.", 9: "=A row that is missing"}
    writing.with_errors([writing.Marked("cities", sheet, problems, {(4, "year"): "Write 2022."})], path)
    (again,) = sheets.read(path)
    assert (again.header, again.header_row, again.rows) == (sheet.header, sheet.header_row, sheet.rows)
    assert [row.number for row in again.rows] == [4, 6]
    if suffix == ".csv":
        lines = path.read_text("utf-8-sig").splitlines()
        assert lines[2:6] == ['"name","year","errors"', "Lahat,20x2,“20x2” is no year.", ",,", "'=Batang,2022,"]
    else:
        (written,) = openpyxl.load_workbook(path).worksheets
        assert [cell.value for cell in written[3]] == ["name", "year", "errors"]
        assert written["C4"].value == "“20x2” is no year."
        assert written["C9"].data_type == "s"
        assert written["B4"].comment.text == "Write 2022."
        fills = {cell: written[cell].fill.fgColor.rgb for cell in ("A4", "B4", "A6")}
        assert fills["A4"] != fills["B4"]
        assert fills["A6"] == "00000000"
        assert written.freeze_panes == "A4"


def test_a_template_is_filled_in_and_read(tmp_path: Path) -> None:
    path = tmp_path / "members.xlsx"
    writing.template(path, ["name", "date"], {"name": "As the city writes it.", "date": "2016-05"})
    assert "no row below it" in refusal(path).message
    book = openpyxl.load_workbook(path)
    assert [[cell.value for cell in row] for row in book["Help"].iter_rows()] == [
        ["Column", "What to write"],
        ["name", "As the city writes it."],
        ["date", "2016-05"],
    ]
    assert book["members"].column_dimensions["B"].number_format == "@"
    book["members"].append(["Lahat", "2022-12"])
    book.save(path)
    (sheet,) = sheets.read(path)
    assert texts(sheet) == [{"name": "Lahat", "date": "2022-12"}]
    writing.template(tmp_path / "members.csv", ["name", "date"], {})
    assert (tmp_path / "members.csv").read_text("utf-8-sig") == '"name","date"\n'


def test_a_table_is_written_only_as_what_its_name_says(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        writing.template(tmp_path / "members.ods", ["name"], {})
