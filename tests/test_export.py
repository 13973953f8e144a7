"""What leaves as files: the whole graph in every syntax, tables, views, and what describes them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyoxigraph as ox
import pytest
import zstandard

from hrc_graph import export, namespaces
from hrc_graph.engine import snapshots
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.export.jsonld import Context
from hrc_graph.export.listings import LISTINGS, Listing
from hrc_graph.export.quads import Quads
from hrc_graph.workspace import open_workspace
from tests.conftest import ROOT, select

pytestmark = pytest.mark.slow

CONTEXT = ROOT / "ontology" / "context.jsonld"
RDF = ox.RdfFormat
WHOLE = {"hrcity.nq": RDF.N_QUADS, "hrcity.trig": RDF.TRIG, "hrcity.jsonld": RDF.JSON_LD}
DEFAULT = {"hrcity.ttl": RDF.TURTLE, "hrcity.rdf": RDF.RDF_XML}
CLAIMS = {"hrcity-claims.nt": RDF.N_TRIPLES, "hrcity-claims.ttl": RDF.TURTLE}


@pytest.fixture(scope="module")
def folder(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the shipped data."""
    path = tmp_path_factory.mktemp("export")
    export.export(snapshot, CONTEXT, path, base=namespaces.BASE)
    return path


def canonical(quads: Iterator[ox.Quad]) -> str:
    """The SHA-256 of quads in canonical form, worked out over all of them at once."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    written = ox.serialize(dataset, format=RDF.N_QUADS) or b""
    return hashlib.sha256(b"".join(sorted(written.splitlines(keepends=True)))).hexdigest()


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    text = (folder / "tables" / f"{name}.csv").read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_dump_loaded_into_an_empty_engine_has_the_hash_of_the_live_one(folder: Path, store: ox.Store) -> None:
    told = hashlib.sha256((folder / "hrcity.nq").read_bytes()).hexdigest()
    loaded = ox.Store()
    loaded.bulk_load(path=str(folder / "hrcity.nq"), format=RDF.N_QUADS)
    assert told == canonical(iter(store)) == canonical(iter(loaded))


@pytest.mark.parametrize("name", list(WHOLE)[1:])
def test_every_syntax_of_the_whole_holds_the_same_graph(folder: Path, name: str) -> None:
    told = hashlib.sha256((folder / "hrcity.nq").read_bytes()).hexdigest()
    assert canonical(ox.parse(path=folder / name, format=WHOLE[name])) == told


def test_every_syntax_of_the_default_graph_holds_the_union(folder: Path) -> None:
    quads = ox.parse(path=folder / "hrcity.nq", format=RDF.N_QUADS)
    union = canonical(ox.Quad(quad.subject, quad.predicate, quad.object) for quad in quads)
    for name, format in DEFAULT.items():
        assert canonical(ox.parse(path=folder / name, format=format)) == union, name


def test_two_graphs_that_say_the_same_say_it_once_in_the_default_graph(tmp_path: Path) -> None:
    for part in ("ontology", "data/aims", "queries"):
        shutil.copytree(ROOT / part, tmp_path / "w" / part)
    shutil.copy(tmp_path / "w/data/aims/kkp-ham.ttl", tmp_path / "w/data/aims/again.ttl")
    again = open_workspace(tmp_path / "w")
    snapshot = snapshots.current(again.files, again.state, base=namespaces.BASE)
    assert snapshot.default, "the file repeats what another says"
    export.export(snapshot, CONTEXT, tmp_path / "out", base=namespaces.BASE)
    written = list(ox.parse(path=tmp_path / "out" / "hrcity.ttl", format=RDF.TURTLE))
    assert len(written) == len(set(written)) == snapshot.triples


def test_the_same_files_give_the_same_bytes_in_another_process(folder: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    command = [sys.executable, "-m", "hrc_graph", "export", str(tmp_path), "--workspace", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    sums = (folder / "SHA256SUMS").read_text()
    assert (tmp_path / "SHA256SUMS").read_text() == sums
    told = hashlib.sha256((folder / "hrcity.nq").read_bytes()).hexdigest()
    assert f"{told}  RDFC-1.0" in done.stdout


def test_the_checksums_are_those_of_every_file(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    assert {line.split("  ")[1] for line in lines} == found
    for line in lines:
        told, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == told


def test_each_packed_file_unpacks_to_the_one_beside_it(folder: Path) -> None:
    packed = list(folder.rglob("*.zst"))
    assert {path.name.removesuffix(".zst") for path in packed} == {*WHOLE, *DEFAULT, *CLAIMS}
    for path in packed:
        with path.open("rb") as file:
            assert zstandard.ZstdDecompressor().stream_reader(file).read() == path.with_suffix("").read_bytes()


@pytest.mark.parametrize("name", CLAIMS)
def test_every_claim_is_a_reifier_of_what_it_claims(folder: Path, store: ox.Store, name: str) -> None:
    loaded = ox.Store()
    loaded.bulk_load(path=str(folder / name), format=CLAIMS[name])
    asked = """
    PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> PREFIX hrc: <https://w3id.org/hrcity/def/>
    SELECT ?claim ?s ?p ?o WHERE { ?claim a hrc:Claim ; rdf:reifies <<( ?s ?p ?o )>> }"""
    solutions = loaded.query(asked)
    assert isinstance(solutions, ox.QuerySolutions)
    reified = {tuple(str(row[name]) for name in ("claim", "s", "p", "o")) for row in solutions}
    solutions = store.query(
        """PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
        SELECT ?claim ?s ?p ?o WHERE { ?claim rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o }""",
        use_default_graph_as_union=True,
    )
    assert isinstance(solutions, ox.QuerySolutions)
    assert reified == {tuple(str(row[name]) for name in ("claim", "s", "p", "o")) for row in solutions}
    assert len(reified) > 14_000


def test_a_value_that_its_term_has_no_room_for_keeps_its_meaning_in_json_ld(tmp_path: Path) -> None:
    written = """
    <https://w3id.org/hrcity/id/gov/x> <http://www.w3.org/2004/02/skos/core#prefLabel> "plain" , "wordy"@en , "two"@en ;
      <https://w3id.org/hrcity/def/date> "not a date", "2021"^^<http://id.loc.gov/datatypes/edtf/EDTF>, <urn:x> ;
      <https://w3id.org/hrcity/def/theme> "a text" , "words"@fr, <https://w3id.org/hrcity/vocab/theme/health>, [] ;
      <https://w3id.org/hrcity/def/count> "007"^^<http://www.w3.org/2001/XMLSchema#integer>, "1"^^<urn:type> ;
      a <https://w3id.org/hrcity/def/Place>, <urn:other> ; <urn:p> true, "x", <hrc://odd> .
    """
    graph = ox.NamedNode("urn:graph")
    triples = [quad.triple for quad in ox.parse(written, format=RDF.TURTLE)]
    quads = sorted((ox.Quad(t.subject, t.predicate, t.object, graph) for t in triples), key=str)
    out = io.BytesIO()
    Context(CONTEXT).write([quads], out)
    assert canonical(ox.parse(out.getvalue(), format=RDF.JSON_LD)) == canonical(iter(quads))


COUNTS = {
    "members": "?row a hrc:Commitment ; hrc:under/a hrc:Campaign",
    "commitments": "?row a hrc:Commitment",
    "instruments": "?row a/rdfs:subClassOf* hrc:Instrument",
    "awards": "?row a hrc:Award",
    "events": "?row a hrc:Event",
    "sources": "?row a hrc:Source",
    "conflicts": "?row hrc:dispute ?any",
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_table_has_a_row_for_each_thing(folder: Path, store: ox.Store, name: str) -> None:
    counted = select(store, f"SELECT (COUNT(DISTINCT ?row) AS ?n) WHERE {{ {COUNTS[name]} }}")
    found = rows(folder, name)
    assert len(found) == int(counted[0]["n"])
    assert len({tuple(row.values()) for row in found}) == len(found)


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.name)
def test_a_cell_holds_what_its_column_finds_in_the_whole_graph(folder: Path, store: ox.Store, listing: Listing) -> None:
    told = rows(folder, listing.name)
    subject = next(column.name for column in listing.columns if not column.pattern)
    for column in listing.columns:
        found: dict[str, set[str]] = {}
        pattern = column.pattern or "BIND (?row AS ?value)"
        for row in select(store, f"SELECT ?row ?value WHERE {{ {listing.rows} {pattern} }}"):
            found.setdefault(row["row"], set()).add(row["value"])
        assert {row[subject] for row in told if row[column.name]} == found.keys(), column.name
        iris = all(value.startswith("http") for values in found.values() for value in values)
        if iris and not column.named:
            assert {row[subject]: set(row[column.name].split("; ")) for row in told if row[column.name]} == found


def test_what_is_said_of_a_subject_is_found_wherever_it_stands(snapshot: Snapshot) -> None:
    said: dict[bytes, list[bytes]] = {}
    with Path(snapshot.path).open("rb") as file:
        for line in file:
            said.setdefault(line.split(b" ")[0], []).append(line)
    first, *between, last = said
    quads = Quads(Path(snapshot.path))
    for subject in (last, first, *between[:: len(between) // 500], *(each for each in between if each[:1] == b"_")):
        assert quads.around([subject], ()) == b"".join(said[subject])
    before, after, longer = b"<a>", b"_:zzz", last[:-1] + b"/>"
    assert quads.around([before, after, longer], ()) == b""
    quads.close()


def test_a_member_is_told_in_words_with_its_sources(folder: Path) -> None:
    lands = [row for row in rows(folder, "members") if row["member"].endswith("/kr-gwangju")]
    assert [(row["member_name"], row["country_name"], row["how"]) for row in lands] == [
        ("Gwangju Metropolitan City Government", "Republic of Korea", "joined")
    ]
    assert all(row["sources"].startswith(namespaces.BASE + "id/source/") for row in rows(folder, "members"))


def test_the_workbook_holds_what_the_tables_hold(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "hrcity.xlsx", read_only=True)
    assert book.sheetnames == [listing.name for listing in LISTINGS]
    for listing in LISTINGS:
        found = [
            ["" if cell is None else str(cell) for cell in row]
            for row in book[listing.name].iter_rows(values_only=True)
        ]
        header, *body = found
        assert header == [column.name for column in listing.columns]
        assert body == [list(row.values()) for row in rows(folder, listing.name)]
    book.close()


def test_the_data_package_describes_every_file_and_every_cell(folder: Path) -> None:
    package: dict[str, Any] = json.loads((folder / "datapackage.json").read_text("utf-8"))
    resources = {resource["path"]: resource for resource in package["resources"]}
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert resources.keys() == present - {"SHA256SUMS", "datapackage.json"}
    assert len({resource["name"] for resource in package["resources"]}) == len(resources)
    readers: dict[str, Callable[[str], object]] = {"string": str, "integer": int, "date": date.fromisoformat}
    for path, resource in resources.items():
        content = (folder / path).read_bytes()
        assert re.fullmatch(r"[a-z0-9._-]+", resource["name"])
        assert resource["title"]
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        if "schema" in resource:
            fields = resource["schema"]["fields"]
            table = rows(folder, path.removeprefix("tables/").removesuffix(".csv"))
            assert [field["name"] for field in fields] == list(table[0])
            for field in fields:
                for row in table:
                    assert not row[field["name"]] or readers[field["type"]](row[field["name"]]) is not None


def test_members_lie_where_they_are_longitude_first(folder: Path) -> None:
    collection = json.loads((folder / "members.geojson").read_text("utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) == len(rows(folder, "members"))
    points = {f["properties"]["member"].rpartition("/")[2]: f["geometry"] for f in collection["features"]}
    longitude, latitude = points["kr-gwangju"]["coordinates"]
    assert (round(longitude), round(latitude)) == (127, 35)
    assert points["ame-ecuador"] is None  # an association has no place


def test_a_regulation_has_a_day_in_eli_only_when_its_sources_leave_one(folder: Path, store: ox.Store) -> None:
    eli = "http://data.europa.eu/eli/ontology#"
    triples = [quad.triple for quad in ox.parse(path=folder / "hrcity-eli.ttl", format=RDF.TURTLE)]
    dated = [t for t in triples if t.predicate.value == eli + "date_document"]
    assert len({t.subject for t in dated}) == len(dated) > 20
    resources = {t.subject.value for t in triples if t.object == ox.NamedNode(eli + "LegalResource")}
    assert resources == {row["row"] for row in select(store, "SELECT ?row WHERE { ?row a hrc:Regulation }")}
    by_text = {str(t.subject).rpartition("/")[2][:-1]: str(t.object) for t in dated}
    assert by_text["ulsan-ordinance"].startswith('"2012-10-11"')


def test_an_export_without_a_folder_says_what_to_name() -> None:
    done = subprocess.run([sys.executable, "-m", "hrc_graph", "export"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "hrc export DIR" in done.stderr
