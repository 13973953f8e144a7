"""Tables in: all or nothing, every problem at its cell, nothing twice, and a way back."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import openpyxl
import pyoxigraph as ox
import pytest
import yaml
from typer.testing import CliRunner, Result

from hrc_graph import files, namespaces, publishing
from hrc_graph.cli import app
from hrc_graph.engine import snapshots
from hrc_graph.index import Index
from hrc_graph.tables import Row, Sheet, bringing, cells, exporting, kinds, sheets
from hrc_graph.tables.cells import CellError
from hrc_graph.tables.rows import Outcome
from hrc_graph.workspace import Workspace, open_workspace
from tests.conftest import ROOT, select
from tests.past import built, closed, state_a

HEADER = ["government", "instrument", "mode", "date", "sources"]
KINDS = kinds.load(ROOT / "ontology" / "tables")
INSTRUMENTS = (
    "text:gwangju-guiding-principles",
    "text:gwangju-declaration-2011",
    "text:global-charter-agenda-2011",
    "text:european-charter-2000",
    "text:udhr",
)


@pytest.fixture
def quarter(tmp_path: Path) -> Workspace:
    """A workspace of its own with a quarter of the shipped files, in which all is that they lead to."""
    named = (f"instruments/{text.removeprefix('text:')}" for text in INSTRUMENTS)
    return closed(tmp_path / "quarter", "sources/seed-003", *named).workspace


@pytest.fixture
def copy(tmp_path: Path) -> Workspace:
    """A workspace of its own with the shipped files, built."""
    for name in ("ontology", "data", "queries"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    built(tmp_path / "copy")
    return open_workspace(tmp_path / "copy")


NAMED = (
    "continents/asia",
    "continents/europe",
    "continents/south-america",
    "events/whrcf-2011",
    "governments/es/barcelona",
    "governments/es/es",
    "governments/id/id",
    "governments/kr/gwangju",
    "governments/kr/kr",
    "governments/uy/uy",
    "instruments/id-lampung-timur-perbup-48-2016",
    "instruments/udhr",
    "organisations/uclg",
    "sources/dwipa-lamtim-2018",
    "sources/iso3166-1",
    "sources/seed-001",
    "sources/seed-003",
    "sources/suara-lamtim-2017",
)
"""What the tables of these tests speak of, beside what `state_a` has."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some of the shipped files, built; not to be changed."""
    past = state_a(tmp_path_factory.mktemp("few") / "few", *NAMED)
    shutil.rmtree(past.root / ".git")
    Index.open(past.workspace)
    return past.root


@pytest.fixture
def few(template: Path, tmp_path: Path) -> Workspace:
    """A workspace of its own with some of the shipped files, built."""
    shutil.copytree(template, tmp_path / "few")
    return open_workspace(tmp_path / "few")


def hrc(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def table(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def commitments(store: ox.Store, number: int) -> list[list[str]]:
    """Rows that nobody has made yet: each government endorses each of five texts, dated long from now (fictional)."""
    governments = select(store, "SELECT ?g WHERE { ?g a hrc:LocalGovernment } ORDER BY ?g")
    made = [
        [row["g"].replace(namespaces.BASE + "id/gov/", "gov:"), text, "endorsed", "2019-05", "src:seed-003"]
        for text in INSTRUMENTS
        for row in governments
    ]
    return made[:number]


MISTAKES: dict[str, tuple[int, str, str]] = {
    "a government nobody knows": (0, "Kabupaten Antah Berantah", "not found"),
    "a name that two governments bear": (0, "gov:no-such", "not found"),
    "no government": (0, "", "is empty"),
    "an instrument nobody knows": (1, "Charter of Nowhere", "not found"),
    "no instrument": (1, "", "is empty"),
    "a mode nobody knows": (2, "hugged", "is not a known mode"),
    "a date in words": (3, "one fine day", "not a date"),
    "a day that does not exist": (3, "2019-02-30", "not a date"),
    "a date that can be read in two ways": (3, "03/04/2019", "two ways"),
    "a source nobody knows": (4, "src:no-such-source", "not found"),
    "no source": (4, "", "is empty"),
    "a date before the text": (3, "1900", ""),
}


@pytest.mark.slow
def test_twelve_mistakes_in_two_hundred_rows_are_marked_and_nothing_comes_in(
    quarter: Workspace, tmp_path: Path
) -> None:
    rows = commitments(snapshots.load(quarter.files, base=namespaces.BASE), 200)
    right = [list(row) for row in rows]
    wrong: dict[int, tuple[str, str]] = {}
    for step, (column, text, said) in enumerate(MISTAKES.values()):
        rows[7 + 15 * step][column] = text
        wrong[7 + 15 * step + 2] = (HEADER[column], said)  # the header is row 1
    before = quarter.files.digest()
    brought = table(tmp_path / "adoptions.csv", rows)
    report = tmp_path / "report.csv"
    done = hrc("import", brought, "--workspace", quarter.root, "--report", report)
    assert done.exit_code == 1, done.output
    assert quarter.files.digest() == before

    (sheet,) = sheets.read(brought)
    outcome, _ = bringing.bring(quarter, [(sheet, KINDS["adoption"])], dry_run=True)
    unreadable = {row: said for row, said in wrong.items() if said[1]}
    assert {(p.row, p.column) for p in outcome.problems} == {(row, said[0]) for row, said in unreadable.items()}
    for problem in outcome.problems:
        assert unreadable[problem.row][1] in problem.rule
        assert problem.remedy

    with report.open(encoding="utf-8-sig", newline="") as file:
        returned = list(csv.reader(file))
    assert returned[0] == [*HEADER, "errors"]
    assert {number for number, row in enumerate(returned, 1) if number > 1 and row[-1]} == set(unreadable)

    only_late = [list(row) for row in right]
    late = next(row for row, said in wrong.items() if not said[1])
    only_late[late - 2][3] = "1900"
    done = hrc("import", table(brought, only_late), "--workspace", quarter.root)
    assert done.exit_code == 1
    assert f"row {late}" in done.output
    assert quarter.files.digest() == before

    corrected = [*returned[1:]]
    for number in wrong:
        corrected[number - 2][:5] = right[number - 2]
    done = hrc("import", table(brought, corrected, returned[0]), "--workspace", quarter.root)
    assert done.exit_code == 0, done.output
    assert quarter.files.digest() != before
    assert hrc("validate", "--workspace", quarter.root).exit_code == 0
    again = hrc("import", brought, "--workspace", quarter.root)
    assert again.exit_code == 0
    assert "changed 0 dossiers" in again.output
    assert hrc("undo", "--workspace", quarter.root).exit_code == 0
    assert quarter.files.digest() == before


PLACES = ["id", "name", "country", "kind", "sources"]
MENDED = {
    ("places", 2): ["id-rekaan-satu", "Rekaan Satu (fictional)", "ID", "regency", "src:seed-000"],
    ("places", 3): ["id-rekaan-dua", "Rekaan Dua (fictional)", "ID", "regency", "src:seed-000"],
    ("adoptions", 2): ["gov:id-rekaan-satu", "text:udhr", "endorsed", "2019-05", "src:seed-000"],
    ("adoptions", 4): ["gov:id-lahat", "text:udhr", "endorsed", "2019-05", "src:seed-000"],
}
"""Two tables by row, of which the second speaks of the first; row 3 of adoptions is empty."""
SPOILT = {("places", 3, "sources"): "", ("adoptions", 2, "mode"): "hugged", ("adoptions", 4, "date"): "soon"}


def two_tables(folder: Path) -> Path:
    """A folder of these tables with a mistake here and there, and a file that is no table of ours."""
    folder.mkdir()
    for name, header in (("places", PLACES), ("adoptions", HEADER)):
        rows = [list(MENDED.get((name, number), [])) for number in (2, 3, 4)]
        for (spoilt, number, column), text in SPOILT.items():
            if spoilt == name:
                rows[number - 2][header.index(column)] = text
        table(folder / f"{name}.csv", rows, header)
    table(folder / "notes.csv", [["x"]], ["note"])
    return folder


@pytest.mark.slow
def test_a_folder_comes_back_with_its_mistakes_and_goes_in_when_mended(quarter: Workspace, tmp_path: Path) -> None:
    before, back = quarter.files.digest(), tmp_path / "back"
    done = hrc("import", two_tables(tmp_path / "tables"), "--report", back, "--workspace", quarter.root)
    assert done.exit_code == 1, done.output
    assert quarter.files.digest() == before
    assert sorted(path.name for path in back.iterdir()) == ["adoptions.csv", "places.csv"]
    marked = set()
    for path in back.iterdir():
        with path.open(encoding="utf-8-sig", newline="") as file:
            returned = list(csv.reader(file))
        assert returned[0] == [*(PLACES if path.stem == "places" else HEADER), "errors"]
        for number, row in enumerate(returned[1:], 2):
            marked |= {(path.stem, number, said.partition(":")[0]) for said in row[-1].split(" | ") if said}
            row[:-1] = MENDED.get((path.stem, number), row[:-1])
        table(path, returned[1:], returned[0])
    assert marked == set(SPOILT)
    done = hrc("import", back, "--workspace", quarter.root)
    assert done.exit_code == 0, done.output
    assert hrc("validate", "--workspace", quarter.root).exit_code == 0
    made = (quarter.root / "data" / "governments" / "id" / "rekaan-satu.ttl").read_text("utf-8")
    assert "hrc:under text:udhr" in made


@pytest.mark.slow
def test_a_workbook_comes_back_with_a_sheet_a_table_and_a_comment_at_each_mistake(
    few: Workspace, tmp_path: Path
) -> None:
    back = tmp_path / "back.xlsx"
    done = hrc("import", two_tables(tmp_path / "tables"), "--report", back, "--workspace", few.root)
    assert done.exit_code == 1, done.output
    book = openpyxl.load_workbook(back)
    assert book.sheetnames == ["adoptions", "places"]
    marked = {
        (sheet.title, int(cell.row or 0), str(sheet.cell(1, cell.column or 0).value)): cell
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }
    assert marked.keys() == SPOILT.keys()
    for (name, number, column), cell in marked.items():
        cell.value = MENDED[name, number][(PLACES if name == "places" else HEADER).index(column)]
    book.save(back)
    done = hrc("import", back, "--workspace", few.root)
    assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_tables_of_one_name_are_told_apart(few: Workspace, tmp_path: Path) -> None:
    spoilt = two_tables(tmp_path / "first") / "adoptions.csv"
    (tmp_path / "second").mkdir()
    mended = table(tmp_path / "second" / "adoptions.csv", [MENDED["adoptions", 4]])
    other = table(tmp_path / "report.csv", [["Nowhere", *MENDED["adoptions", 4][1:]]])
    back = tmp_path / "back"
    done = hrc(
        "import", mended, spoilt, other, "--as", "adoption", "--report", back, "--dry-run", "--workspace", few.root
    )
    assert "adoptions 2, row 4, date" in done.output
    reports = {path.stem: path.read_text("utf-8-sig").splitlines() for path in back.iterdir()}
    wrong = {name: [number for number, line in enumerate(lines, 1) if ": " in line] for name, lines in reports.items()}
    assert wrong == {"adoptions": [], "adoptions 2": [2, 4], "adoption": [2]}
    brought, unread = bringing.read([back], KINDS)
    assert ([kind.name for _, kind in brought], unread) == (["adoption"] * 3, [])


@pytest.mark.slow
def test_what_is_wrong_with_a_header_stands_in_the_row_below_it(few: Workspace, tmp_path: Path) -> None:
    brought = table(tmp_path / "adoptions.csv", [["x"]], ["colour"])
    back = tmp_path / "back.xlsx"
    hrc("import", brought, "--report", back, "--workspace", few.root)
    sheet = openpyxl.load_workbook(back).worksheets[0]
    assert "The column “colour” is not known." in str(sheet["B2"].value)
    assert "The column “instrument” is missing." in str(sheet["B2"].value)
    assert sheet["A1"].comment


@pytest.mark.slow
def test_a_problem_of_a_column_that_is_not_there_is_said_of_its_row(few: Workspace, tmp_path: Path) -> None:
    header = ["title", "kind", "number", "adopted", "sources"]
    row = ["id lampung timur perbup 48 2016", "regent-regulation", "99/2016", "2016", "src:seed-001"]
    brought = table(tmp_path / "instruments.csv", [row], header)
    back = tmp_path / "back.xlsx"
    done = hrc("import", brought, "--report", back, "--workspace", few.root)
    assert done.exit_code == 1, done.output
    sheet = openpyxl.load_workbook(back).worksheets[0]
    assert "id: “id lampung timur perbup 48 2016” is the id of something else" in str(sheet["F2"].value)
    assert not any(cell.comment for cell in sheet[2])


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("back.csv", "2 tables do not fit in back.csv"),
        ("back.ods", "ends in neither"),
        ("tables", "holds other tables: notes.csv"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_comes_in(
    few: Workspace, tmp_path: Path, report: str, said: str
) -> None:
    before, brought = few.files.digest(), two_tables(tmp_path / "tables")
    table(brought / "places.csv", [MENDED["places", 2], MENDED["places", 3]], PLACES)
    table(brought / "adoptions.csv", [MENDED["adoptions", 2]])
    done = hrc("import", brought, "--report", tmp_path / report, "--workspace", few.root)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert few.files.digest() == before


def test_a_sheet_whose_name_leads_elsewhere_stays_in_the_folder(tmp_path: Path) -> None:
    sheet = Sheet("x.xlsx", "../../places", ("iri", "dossier"), (Row(2, {}),))
    (tmp_path / "a").mkdir()
    bringing.write_report([(sheet, exporting.RECORDS)], Outcome(), tmp_path / "a" / "b")
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv")] == [Path("a/b/record.csv")]


@pytest.mark.slow
def test_a_dry_run_says_what_would_change_and_changes_nothing(few: Workspace, tmp_path: Path) -> None:
    before, brought = few.files.digest(), table(tmp_path / "adoptions.csv", [MENDED["adoptions", 4]])
    done = hrc("import", brought, "--dry-run", "--workspace", few.root)
    assert done.exit_code == 0, done.output
    assert "would change" in done.output
    assert few.files.digest() == before


@pytest.mark.slow
def test_a_dossier_of_which_a_table_says_nothing_stays_as_it_was_written(tmp_path: Path) -> None:
    past = state_a(tmp_path / "past")
    by_hand = past.root / "data" / "people" / "made-up-one.ttl"
    by_hand.write_text("# by hand\n" + by_hand.read_text("utf-8"), "utf-8")
    row = ["gov:id-lahat", "text:european-charter-2000", "endorsed", "2025", "src:seed-004"]
    done = hrc("import", table(tmp_path / "adoptions.csv", [row]), "--workspace", past.root)
    assert done.exit_code == 0, done.output
    assert "changed 1 dossiers" in done.output
    assert by_hand.read_text("utf-8").startswith("# by hand")


@pytest.mark.slow
def test_a_second_value_stands_beside_the_first_as_a_claim(few: Workspace, tmp_path: Path) -> None:
    text = "Peraturan Bupati Lampung Timur Nomor 48 Tahun 2016 tentang Lampung Timur Kabupaten Ramah HAM"
    header = ["title", "local title", "local_language", "kind", "number", "adopted", "sources"]
    row = ["", text, "id", "regent-regulation", "48/2016", "2017", "src:seed-001"]
    row[0] = "Regent Regulation on East Lampung (fictional second date)"
    done = hrc("import", table(tmp_path / "instruments.csv", [row], header), "--workspace", few.root)
    assert done.exit_code == 0, done.output
    written = (few.root / "data" / "instruments" / "id-lampung-timur-perbup-48-2016.ttl").read_text("utf-8")
    assert written.count("rdf:predicate hrc:date") == 2
    assert '"2016"^^edtf:EDTF' in written
    assert '"2017"^^edtf:EDTF' in written


@pytest.mark.slow
def test_a_page_is_of_the_kind_that_its_host_tells_unless_the_table_says_more(few: Workspace, tmp_path: Path) -> None:
    header = ["id", "title", "url", "kind"]
    pages = {  # fictional pages of real hosts
        "rekaan-press": ("https://jatim.antaranews.com/rekaan", "page", "kind:press"),
        "rekaan-office": ("https://www.rekaankab.go.id/rekaan", "page", "kind:official-page"),
        "rekaan-given": ("https://www.rekaankab.go.id/aturan", "instrument", "kind:statute"),
        "rekaan-path": ("https://uclg-cisdp.org/en/right-to-the-city/european-charter/99", "page", "kind:statute"),
        "rekaan-network": ("https://uclg-cisdp.org/en/news/rekaan", "page", "kind:organisation-page"),
        "rekaan-look-alike": ("https://rekaanantaranews.com/rekaan", "page", "kind:web-page"),
    }
    rows = [[slug, f"Rekaan {slug} (fictional)", url, given] for slug, (url, given, _) in pages.items()]
    done = hrc("import", table(tmp_path / "sources.csv", rows, header), "--workspace", few.root)
    assert done.exit_code == 0, done.output
    for slug, (_, _, kind) in pages.items():
        assert f"dcterms:type {kind} " in (few.root / "data" / "sources" / f"{slug}.ttl").read_text("utf-8")


def test_every_host_is_listed_once_under_a_kind_of_source(store: ox.Store) -> None:
    text = (ROOT / "ontology" / "tables" / "source.yaml").read_text("utf-8")
    listed = [page for pages in yaml.safe_load(text)["columns"]["page"]["pages"].values() for page in pages.split()]
    assert sorted(listed) == sorted(set(listed))
    vocabularies = cells.Vocabularies(store)
    for kind in set(KINDS["source"].columns["page"].pages.values()):
        assert vocabularies.find(kind.removeprefix("kind:"), "kind/source-kind") == cells.short_iri(kind)


@pytest.mark.slow
def test_a_draft_is_nobodys_rule_yet(few: Workspace, tmp_path: Path) -> None:
    header = ["id", "title", "kind", "adopted by", "place", "sources"]
    row = [
        "rekaan-draft",
        "Draft Local Regulation (fictional)",
        "local-regulation",
        "gov:kr-gwangju",
        "Gwangju",
        "src:seed-003",
    ]
    done = hrc("import", table(tmp_path / "instruments.csv", [row], header), "--workspace", few.root)
    assert done.exit_code == 0, done.output
    written = (few.root / "data" / "instruments" / "rekaan-draft.ttl").read_text("utf-8")
    assert "dcterms:type kind:draft" in written
    assert "dcterms:contributor gov:kr-gwangju" in written
    assert "adoptedBy" not in written


@pytest.mark.slow
def test_an_issuer_that_follows_from_the_place_is_marked_until_a_row_says_it(few: Workspace, tmp_path: Path) -> None:
    header = ["id", "title", "kind", "place", "sources"]
    rule = ["rekaan-rule", "Rekaan ordinance (fictional)", "ordinance", "Gwangju", "src:seed-003"]
    rules = table(tmp_path / "instruments.csv", [rule], header)
    first = hrc("import", rules, "--workspace", few.root)
    assert first.exit_code == 0, first.output
    written = few.root / "data" / "instruments" / "rekaan-rule.ttl"
    assert written.read_text("utf-8").count("hrc:basis basis:issuer-inferred") == 1
    assert "rdf:object gov:kr-gwangju" in written.read_text("utf-8")

    said = ["gov:kr-gwangju", "text:rekaan-rule", "adopted", "2019", "src:seed-003"]
    assert hrc("import", table(tmp_path / "adoptions.csv", [said]), "--workspace", few.root).exit_code == 0
    assert "hrc:basis" not in written.read_text("utf-8")
    assert "hrc:adoptedBy gov:kr-gwangju" in written.read_text("utf-8")
    again = hrc("import", rules, "--workspace", few.root)
    assert "changed 0 dossiers" in again.output


@pytest.mark.slow
def test_of_a_contested_address_only_the_domain_is_said(few: Workspace, tmp_path: Path) -> None:
    header = ["id", "subject", "property", "value_a", "source_a", "value_b", "source_b"]
    row = ["c-rekaan", "orgn:uclg", "secretariat address", "a@rekaan.example", "src:seed-000"]
    done = hrc(
        "import",
        table(tmp_path / "conflicts.csv", [[*row, "b@rekaan.example", "src:seed-001"]], header),
        "--workspace",
        few.root,
    )
    assert done.exit_code == 0, done.output
    written = (few.root / "data" / "organisations" / "uclg.ttl").read_text("utf-8")
    assert "@rekaan" not in written
    assert written.count('address at rekaan.example (withheld)"@en') == 2
    assert written.count('hrc:dispute "c-rekaan"') == 2


@pytest.mark.slow
def test_a_doubt_is_asked_once_and_its_answer_is_remembered(few: Workspace, tmp_path: Path) -> None:
    header = ["name", "country", "kind", "sources", "same_as"]
    doubtful = ["City of Barcelona", "ES", "city", "src:seed-000", ""]
    file = tmp_path / "places.csv"
    asked = hrc("import", table(file, [doubtful], header), "--workspace", few.root)
    assert asked.exit_code == 1
    assert "place:es-barcelona" in asked.output
    answered = hrc("import", table(file, [[*doubtful[:4], "place:es-barcelona"]], header), "--workspace", few.root)
    assert answered.exit_code == 0, answered.output
    assert (few.root / "data" / "decisions" / "place.ttl").exists()
    again = hrc("import", table(file, [doubtful], header), "--workspace", few.root)
    assert again.exit_code == 0, again.output
    assert "changed 0 dossiers" in again.output


@pytest.mark.slow
def test_an_unknown_column_and_a_missing_one_are_named(few: Workspace, tmp_path: Path) -> None:
    done = hrc("import", table(tmp_path / "adoptions.csv", [["x"]], ["colour"]), "--workspace", few.root)
    assert done.exit_code == 1
    assert "colour" in done.output
    assert "instrument" in done.output


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_every_kind_has_a_template_whose_headers_are_understood(name: str, suffix: str, tmp_path: Path) -> None:
    target = tmp_path / f"{name}{suffix}"
    assert hrc("import", target, "--template", name).exit_code == 0
    found, unknown = KINDS[name].headers(KINDS[name].template_header())
    assert unknown == []
    assert {column.key for column in found.values() if column.required} == {
        column.key for column in KINDS[name].columns.values() if column.required
    }
    assert target.stat().st_size > 0


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2016", "2016"),
        ("May 2014", "2014-05"),
        ("17 May 2014", "2014-05-17"),
        ("May 17, 2014", "2014-05-17"),
        ("17 Mei 2014", "2014-05-17"),
        ("about 2012", "2012~"),
        ("sekitar 2012", "2012~"),
        ("17 de mayo de 2014", "2014-05-17"),
        ("1er mai 2014", "2014-05-01"),
        ("14-17 September 2017", "2017-09-14/2017-09-17"),
        ("2017-09-14/2017-09-17", "2017-09-14/2017-09-17"),
        ("17/05/2014", ""),
        ("soon", ""),
    ],
)
def test_dates_are_read_as_people_write_them_or_refused(said: str, meant: str) -> None:
    if meant:
        assert cells.date(said) == meant
    else:
        with pytest.raises(CellError) as caught:
            cells.date(said)
        assert "2016-05-17" in caught.value.remedy


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "www.example.org"]
)
def test_only_web_addresses_become_links(address: str) -> None:
    with pytest.raises(CellError):
        cells.link(address)


@pytest.mark.slow
def test_a_country_comes_with_its_codes_and_its_continent_and_both_only_once(few: Workspace, tmp_path: Path) -> None:
    header = ["name", "country", "kind", "sources"]
    rows = [
        ["Rekaan (fictional)", "NZ", "city", "src:seed-001"],
        ["Rekaan Baru (fictional)", "UY", "city", "src:seed-001"],
    ]
    asked = ("import", table(tmp_path / "places.csv", rows, header), "--workspace", few.root)
    brought = hrc(*asked)
    assert brought.exit_code == 0, brought.output
    country = (few.root / "data" / "governments" / "nz" / "nz.ttl").read_text("utf-8")
    assert 'skos:notation "2186224"^^code:geonames, "NZ"^^code:iso3166-1' in country
    assert "hrc:partOf place:oceania" in country
    assert '"Océanie"@fr' in (few.root / "data" / "continents" / "oceania.ttl").read_text("utf-8")
    for name in ("governments/uy/uy", "continents/south-america"):  # these were whole already
        assert (few.root / "data" / f"{name}.ttl").read_bytes() == (ROOT / "data" / f"{name}.ttl").read_bytes()
    whole = few.files.digest()
    again = hrc(*asked)
    assert again.exit_code == 0, again.output
    assert few.files.digest() == whole


@pytest.mark.slow
def test_exported_tables_make_the_same_graph_again(copy: Workspace, tmp_path: Path) -> None:
    done = hrc("export", "--tables", tmp_path / "tables", "--workspace", copy.root)
    assert done.exit_code == 0, done.output
    whole = copy.files.digest()
    shutil.rmtree(copy.root / "data")
    (copy.root / "data").mkdir()
    brought = hrc("import", tmp_path / "tables", "--workspace", copy.root)
    assert brought.exit_code == 0, brought.output
    assert copy.files.digest() == whole


def crash(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the file system fail after so many written files."""
    real, written = files.replace, []

    def failing(path: Path, content: bytes) -> None:
        if path.suffix == ".ttl" and "changes" not in path.parts:
            written.append(path)
            if len(written) > after:
                raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(files, "replace", failing)


def test_a_change_that_is_cut_short_is_put_back_whole(few: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = few.files.digest()
    changes = {"instruments/udhr": b"<a> <b> <c> .\n", "instruments/new-one": b"<a> <b> <d> .\n"}
    crash(monkeypatch, after=1)
    with pytest.raises(OSError, match="No space"):
        publishing.publish(few, changes, "a test")
    monkeypatch.undo()
    publishing.recover(few)
    assert few.files.digest() == before


def test_a_change_is_not_undone_over_a_later_one(few: Workspace) -> None:
    first = publishing.publish(few, {"instruments/udhr": b"<a> <b> <c> .\n"}, "first")
    publishing.publish(few, {"instruments/udhr": b"<a> <b> <d> .\n"}, "second")
    with pytest.raises(Exception, match="changed again"):
        publishing.undo(few, first.id)
    publishing.undo(few)
    publishing.undo(few)
    assert [change.state for change in publishing.history(few)] == ["undone", "undone"]
