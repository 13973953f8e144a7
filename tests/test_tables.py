"""Tables in: all or nothing, every problem at its cell, nothing twice, and a way back."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest
import yaml
from typer.testing import CliRunner, Result

from hrc_graph import files, namespaces, publishing
from hrc_graph.cli import app
from hrc_graph.tables import bringing, cells, kinds, sheets
from hrc_graph.tables.cells import CellError
from hrc_graph.workspace import Workspace, open_workspace
from tests.conftest import ROOT, select

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
def copy(tmp_path: Path) -> Workspace:
    """A workspace of its own with the shipped files."""
    for name in ("ontology", "data", "queries"):
        shutil.copytree(ROOT / name, tmp_path / "copy" / name)
    return open_workspace(tmp_path / "copy")


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


def test_twelve_mistakes_in_two_hundred_rows_are_marked_and_nothing_comes_in(
    copy: Workspace, store: ox.Store, tmp_path: Path
) -> None:
    rows = commitments(store, 200)
    right = [list(row) for row in rows]
    wrong: dict[int, tuple[str, str]] = {}
    for step, (column, text, said) in enumerate(MISTAKES.values()):
        rows[7 + 15 * step][column] = text
        wrong[7 + 15 * step + 2] = (HEADER[column], said)  # the header is row 1
    before = copy.files.digest()
    brought = table(tmp_path / "adoptions.csv", rows)
    report = tmp_path / "report.csv"
    done = hrc("import", brought, "--workspace", copy.root, "--report", report)
    assert done.exit_code == 1, done.output
    assert copy.files.digest() == before

    (sheet,) = sheets.read(brought)
    outcome, _ = bringing.bring(copy, [(sheet, KINDS["adoption"])], dry_run=True)
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
    done = hrc("import", table(brought, only_late), "--workspace", copy.root)
    assert done.exit_code == 1
    assert f"row {late}" in done.output
    assert copy.files.digest() == before

    corrected = [*returned[1:]]
    for number in wrong:
        corrected[number - 2][:5] = right[number - 2]
    done = hrc("import", table(brought, corrected, returned[0]), "--workspace", copy.root)
    assert done.exit_code == 0, done.output
    assert copy.files.digest() != before
    assert hrc("validate", "--workspace", copy.root).exit_code == 0
    again = hrc("import", brought, "--workspace", copy.root)
    assert again.exit_code == 0
    assert "changed 0 dossiers" in again.output
    assert hrc("undo", "--workspace", copy.root).exit_code == 0
    assert copy.files.digest() == before


def test_a_dry_run_says_what_would_change_and_changes_nothing(copy: Workspace, store: ox.Store, tmp_path: Path) -> None:
    before = copy.files.digest()
    done = hrc(
        "import", table(tmp_path / "adoptions.csv", commitments(store, 5)), "--dry-run", "--workspace", copy.root
    )
    assert done.exit_code == 0, done.output
    assert "would change" in done.output
    assert copy.files.digest() == before


def test_a_second_value_stands_beside_the_first_as_a_claim(copy: Workspace, tmp_path: Path) -> None:
    text = "Peraturan Bupati Lampung Timur Nomor 48 Tahun 2016 tentang Lampung Timur Kabupaten Ramah HAM"
    header = ["title", "local title", "local_language", "kind", "number", "adopted", "sources"]
    row = ["", text, "id", "regent-regulation", "48/2016", "2017", "src:seed-001"]
    row[0] = "Regent Regulation on East Lampung (fictional second date)"
    done = hrc("import", table(tmp_path / "instruments.csv", [row], header), "--workspace", copy.root)
    assert done.exit_code == 0, done.output
    written = (copy.root / "data" / "instruments" / "id-lampung-timur-perbup-48-2016.ttl").read_text("utf-8")
    assert written.count("rdf:predicate hrc:date") == 2
    assert '"2016"^^edtf:EDTF' in written
    assert '"2017"^^edtf:EDTF' in written


def test_a_page_is_of_the_kind_that_its_host_tells_unless_the_table_says_more(copy: Workspace, tmp_path: Path) -> None:
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
    done = hrc("import", table(tmp_path / "sources.csv", rows, header), "--workspace", copy.root)
    assert done.exit_code == 0, done.output
    for slug, (_, _, kind) in pages.items():
        assert f"dcterms:type {kind} " in (copy.root / "data" / "sources" / f"{slug}.ttl").read_text("utf-8")


def test_every_host_is_listed_once_under_a_kind_of_source(store: ox.Store) -> None:
    text = (ROOT / "ontology" / "tables" / "source.yaml").read_text("utf-8")
    listed = [page for pages in yaml.safe_load(text)["columns"]["page"]["pages"].values() for page in pages.split()]
    assert sorted(listed) == sorted(set(listed))
    vocabularies = cells.Vocabularies(store)
    for kind in set(KINDS["source"].columns["page"].pages.values()):
        assert vocabularies.find(kind.removeprefix("kind:"), "kind/source-kind") == cells.short_iri(kind)


def test_a_draft_is_nobodys_rule_yet(copy: Workspace, tmp_path: Path) -> None:
    header = ["id", "title", "kind", "adopted by", "place", "sources"]
    row = [
        "rekaan-draft",
        "Draft Local Regulation (fictional)",
        "local-regulation",
        "gov:kr-gwangju",
        "Gwangju",
        "src:seed-003",
    ]
    done = hrc("import", table(tmp_path / "instruments.csv", [row], header), "--workspace", copy.root)
    assert done.exit_code == 0, done.output
    written = (copy.root / "data" / "instruments" / "rekaan-draft.ttl").read_text("utf-8")
    assert "dcterms:type kind:draft" in written
    assert "dcterms:contributor gov:kr-gwangju" in written
    assert "adoptedBy" not in written


def test_an_issuer_that_follows_from_the_place_is_marked_until_a_row_says_it(copy: Workspace, tmp_path: Path) -> None:
    header = ["id", "title", "kind", "place", "sources"]
    rule = ["rekaan-rule", "Rekaan ordinance (fictional)", "ordinance", "Gwangju", "src:seed-003"]
    rules = table(tmp_path / "instruments.csv", [rule], header)
    first = hrc("import", rules, "--workspace", copy.root)
    assert first.exit_code == 0, first.output
    written = copy.root / "data" / "instruments" / "rekaan-rule.ttl"
    assert written.read_text("utf-8").count("hrc:basis basis:issuer-inferred") == 1
    assert "rdf:object gov:kr-gwangju" in written.read_text("utf-8")

    said = ["gov:kr-gwangju", "text:rekaan-rule", "adopted", "2019", "src:seed-003"]
    assert hrc("import", table(tmp_path / "adoptions.csv", [said]), "--workspace", copy.root).exit_code == 0
    assert "hrc:basis" not in written.read_text("utf-8")
    assert "hrc:adoptedBy gov:kr-gwangju" in written.read_text("utf-8")
    again = hrc("import", rules, "--workspace", copy.root)
    assert "changed 0 dossiers" in again.output


def test_of_a_contested_address_only_the_domain_is_said(copy: Workspace, tmp_path: Path) -> None:
    header = ["id", "subject", "property", "value_a", "source_a", "value_b", "source_b"]
    row = ["c-rekaan", "orgn:uclg", "secretariat address", "a@rekaan.example", "src:seed-000"]
    done = hrc(
        "import",
        table(tmp_path / "conflicts.csv", [[*row, "b@rekaan.example", "src:seed-001"]], header),
        "--workspace",
        copy.root,
    )
    assert done.exit_code == 0, done.output
    written = (copy.root / "data" / "organisations" / "uclg.ttl").read_text("utf-8")
    assert "@rekaan" not in written
    assert written.count('address at rekaan.example (withheld)"@en') == 2
    assert written.count('hrc:dispute "c-rekaan"') == 2


def test_a_doubt_is_asked_once_and_its_answer_is_remembered(copy: Workspace, tmp_path: Path) -> None:
    header = ["name", "country", "kind", "sources", "same_as"]
    doubtful = ["City of Barcelona", "ES", "city", "src:seed-000", ""]
    file = tmp_path / "places.csv"
    asked = hrc("import", table(file, [doubtful], header), "--workspace", copy.root)
    assert asked.exit_code == 1
    assert "place:es-barcelona" in asked.output
    answered = hrc("import", table(file, [[*doubtful[:4], "place:es-barcelona"]], header), "--workspace", copy.root)
    assert answered.exit_code == 0, answered.output
    assert (copy.root / "data" / "decisions" / "place.ttl").exists()
    again = hrc("import", table(file, [doubtful], header), "--workspace", copy.root)
    assert again.exit_code == 0, again.output
    assert "changed 0 dossiers" in again.output


def test_an_unknown_column_and_a_missing_one_are_named(copy: Workspace, tmp_path: Path) -> None:
    done = hrc("import", table(tmp_path / "adoptions.csv", [["x"]], ["colour"]), "--workspace", copy.root)
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
        ("1er mai 2014", ""),
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

    monkeypatch.setattr(publishing, "replace", failing)


def test_a_change_that_is_cut_short_is_put_back_whole(copy: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = copy.files.digest()
    changes = {"instruments/udhr": b"<a> <b> <c> .\n", "instruments/new-one": b"<a> <b> <d> .\n"}
    crash(monkeypatch, after=1)
    with pytest.raises(OSError, match="No space"):
        publishing.publish(copy, changes, "a test")
    monkeypatch.undo()
    publishing.recover(copy)
    assert copy.files.digest() == before


def test_a_change_is_not_undone_over_a_later_one(copy: Workspace) -> None:
    first = publishing.publish(copy, {"instruments/udhr": b"<a> <b> <c> .\n"}, "first")
    publishing.publish(copy, {"instruments/udhr": b"<a> <b> <d> .\n"}, "second")
    with pytest.raises(Exception, match="changed again"):
        publishing.undo(copy, first.number)
    publishing.undo(copy)
    publishing.undo(copy)
    assert [change.state for change in publishing.history(copy)] == ["undone", "undone"]
