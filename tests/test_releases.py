"""Releases: made from a commit, made again from its tag, served, asked; and the catalogue that tells of them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
import rdflib
import rdflib.compare
import yaml
import zstandard
from dulwich import porcelain
from dulwich.refs import Ref
from dulwich.repo import Repo

from hrc_graph import __version__, formats, index, namespaces, releases
from hrc_graph.engine import Question, snapshots
from hrc_graph.engine.aside import Aside
from hrc_graph.engine.embedded import Embedded
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.errors import BadRelease, Busy
from hrc_graph.settings import Settings
from hrc_graph.workspace import open_workspace
from tests.conftest import ROOT, Server, serving
from tests.past import closed
from tests.test_habits import BASE, Page, links

pytestmark = pytest.mark.slow

NAME = "2026.11"
COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
DCAT = "http://www.w3.org/ns/dcat#"
DCTERMS = "http://purl.org/dc/terms/"


def commit(root: Path, message: str) -> None:
    if not (root / ".git").exists():
        porcelain.init(root)
    with Repo(root) as repo:
        porcelain.add(repo, [str(root)])
        porcelain.commit(repo, message=message.encode(), author=b"A <a@example.org>", committer=b"A <a@example.org>")


def hrc(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hrc_graph", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a release in it."""
    root = closed(tmp_path_factory.mktemp("released"), "sources/seed-003").root
    notes = root.parent / "notes.md"
    notes.write_text("The first one.\n")
    done = hrc("release", NAME, "--notes", str(notes), "--workspace", str(root))
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "releases" / NAME


@pytest.fixture(scope="module")
def about(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "about.json").read_text()))


@pytest.fixture(scope="module")
def live(root: Path, folder: Path) -> Iterator[Server]:
    """The released repository, served; its data have changed since."""
    (root / "data/aims/after.ttl").write_text("<id/aim/after> <urn:test:said> 'after the release' .")
    with serving("--time-limit", "5", workspace=root) as running:
        yield running
    (root / "data/aims/after.ttl").unlink()


def test_a_release_is_tagged_with_its_notes_and_holds_what_it_lists(folder: Path, root: Path) -> None:
    with Repo(root) as repo:
        tag = repo[repo.refs[Ref(f"refs/tags/{NAME}".encode())]]
        assert tag.object[1] == repo.head()  # type: ignore[attr-defined]
        assert tag.message == b"The first one.\n"  # type: ignore[attr-defined]
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {line[66:] for line in lines} == found - {"SHA256SUMS"}
    for line in lines:
        assert hashlib.sha256((folder / line[66:]).read_bytes()).hexdigest() == line[:64]
    assert {path.name for path in (folder / "queries").iterdir()} == {p.name for p in (ROOT / "queries").glob("*.rq")}


def test_a_release_is_made_again_from_its_tag_byte_for_byte(folder: Path, root: Path, tmp_path: Path) -> None:
    sums = (folder / "SHA256SUMS").read_text()
    shutil.move(folder, tmp_path / "before")
    try:
        refused = hrc("release", NAME, "--notes", str(ROOT / "README.md"), "--workspace", str(root))
        assert refused.returncode == 2
        assert "has its notes already" in refused.stderr
        done = hrc("release", NAME, "--workspace", str(root), PYTHONHASHSEED="11")
        assert done.returncode == 0, done.stderr
        assert (folder / "SHA256SUMS").read_text() == sums
    finally:
        if not folder.exists():
            shutil.move(tmp_path / "before", folder)


@pytest.mark.parametrize("name", ["2026", "2026.13", "2026.1", "2026.11.0", "v2026.11", "../2026.11", "2026.11/x", ""])
def test_a_name_that_is_no_month_is_refused(root: Path, name: str) -> None:
    with pytest.raises(BadRelease, match="not the name"):
        releases.make(open_workspace(root), name)


def test_a_release_does_not_change(root: Path, folder: Path) -> None:
    with pytest.raises(BadRelease, match="already"):
        releases.make(open_workspace(root), NAME)


def test_a_tree_that_differs_from_its_commit_is_refused(root: Path, folder: Path) -> None:
    stray = root / "data" / "stray.ttl"
    stray.write_text("<id/x> <urn:p> <id/y> .")
    try:
        with pytest.raises(BadRelease, match=r"data/stray\.ttl"):
            releases.make(open_workspace(root), "2026.12")
    finally:
        stray.unlink()
    assert not (root / "releases" / "2026.12").exists()


def test_records_that_break_a_rule_are_not_released(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology")
    (tmp_path / "data").mkdir()
    (tmp_path / "queries").mkdir()
    broken = "<id/gov/xx> a <https://w3id.org/hrcity/def/LocalGovernment> ."
    (tmp_path / "data" / "broken.ttl").write_text(broken)
    commit(tmp_path, "a government without a name")
    with pytest.raises(BadRelease, match="break a rule"):
        releases.make(open_workspace(tmp_path), NAME)
    with Repo(tmp_path) as repo:
        assert not list(repo.refs.subkeys(Ref(b"refs/tags/")))
    assert not (tmp_path / "releases").exists()


def test_a_workspace_without_git_cannot_be_released(tmp_path: Path) -> None:
    for part in ("ontology", "queries"):
        shutil.copytree(ROOT / part, tmp_path / part)
    (tmp_path / "data").mkdir()
    done = hrc("release", NAME, "--workspace", str(tmp_path))
    assert done.returncode == 2
    assert "no git repository" in done.stderr


def versions(folder: Path) -> dict[str, set[str]]:
    """Which releases, snapshots and days each file of a release names, by file and by what is named."""
    package = json.loads((folder / "dumps/datapackage.json").read_text())
    crate = {part["@id"]: part for part in json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]}
    cited = yaml.safe_load((folder / "CITATION.cff").read_text())
    datacite = json.loads((folder / "datacite.json").read_text())
    schema_org = json.loads((folder / "schema-org.jsonld").read_text())
    about = json.loads((folder / "about.json").read_text())
    catalogue = list(ox.parse(path=folder / "catalogue.ttl", format=ox.RdfFormat.TURTLE))
    notation = namespaces.VOCABULARY["skos"] + "notation"

    def told(predicate: str) -> set[str]:
        return {quad.object.value for quad in catalogue if quad.predicate.value == predicate}

    found = {
        "release: about.json": {about["release"]},
        "release: datapackage.json": {package["version"]},
        "release: RO-Crate": {crate["./"]["version"]},
        "release: CITATION": {str(cited["version"])},
        "release: DataCite": {datacite["version"]},
        "release: schema.org": {schema_org["version"]},
        "release: catalogue": told(DCAT + "version"),
        "snapshot: about.json": {about["snapshot"]},
        "snapshot: CITATION": {each["value"] for each in cited["identifiers"]},
        "snapshot: DataCite": {each["alternateIdentifier"] for each in datacite["alternateIdentifiers"]},
        "snapshot: schema.org": {schema_org["identifier"]},
        "snapshot: catalogue": told(notation),
        "day: about.json": {about["issued"][:10]},
        "day: RO-Crate": {crate["./"]["datePublished"]},
        "day: CITATION": {str(cited["date-released"])},
        "day: DataCite": {each["date"] for each in datacite["dates"]},
        "day: schema.org": {schema_org["datePublished"]},
        "day: catalogue": told(DCTERMS + "issued"),
        "hash: about.json": {about["hash"]},
        "hash: dumps": {hashlib.sha256((folder / "dumps/hrcity.nq").read_bytes()).hexdigest()},
        "software: about.json": {about["software"]},
        "software: RO-Crate": {crate["#software"]["version"]},
        "software: datapackage.json": {package["hrc:software"].split()[-1]},
    }
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".zst", ".xlsx"):
            named = set(re.findall(r"hrcity/releases/([^/\s]+)/", path.read_text("utf-8")))
            found |= {f"release: addresses in {path.name}": named} if named else {}
    return found


def contradictions(named: dict[str, set[str]]) -> list[str]:
    """The places that do not name what `about.json` names, and that alone."""
    right = {place.partition(":")[0]: names for place, names in named.items() if place.endswith(": about.json")}
    return [place for place, names in named.items() if names != right[place.partition(":")[0]]]


def test_every_place_names_the_same_version(folder: Path) -> None:
    named = versions(folder)
    assert named["release: about.json"] == {NAME}
    assert contradictions(named) == []
    addressed = {place.removeprefix("release: addresses in ") for place in named if " addresses in " in place}
    assert addressed >= {
        "catalogue.ttl",
        "CITATION.cff",
        "schema-org.jsonld",
        "datacite.json",
        "ro-crate-metadata.json",
    }
    own = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert named["software: about.json"] == {__version__} == {own["version"]}


DESCRIBING = (
    "CITATION.cff",
    "catalogue.ttl",
    "datacite.json",
    "dumps/datapackage.json",
    "ro-crate-metadata.json",
    "schema-org.jsonld",
)


@pytest.mark.parametrize("name", [*DESCRIBING, "dumps/hrcity.nq"])
def test_a_place_that_names_another_version_is_found(folder: Path, tmp_path: Path, name: str) -> None:
    for each in (*DESCRIBING, "about.json", "dumps/hrcity.nq"):
        (tmp_path / each).parent.mkdir(exist_ok=True)
        shutil.copy(folder / each, tmp_path / each)
    assert contradictions(versions(tmp_path)) == []
    other = tmp_path / name
    text = other.read_text("utf-8")
    other.write_text(text.replace(NAME, "2020.01") if NAME in text else text + "\n", "utf-8")
    assert contradictions(versions(tmp_path))


def test_the_shapes_judged_what_was_released(folder: Path, about: dict[str, Any]) -> None:
    report = {quad.triple for quad in ox.parse(path=folder / "shacl-report.ttl", format=ox.RdfFormat.TURTLE)}
    said = {str(triple.object) for triple in report if triple.predicate.value.endswith("#conforms")}
    results = [triple for triple in report if triple.predicate.value == "http://www.w3.org/ns/shacl#result"]
    assert said
    assert len(results) >= about["warnings"] > 0


def test_the_crate_lists_every_file(folder: Path) -> None:
    crate = json.loads((folder / "ro-crate-metadata.json").read_text())
    parts = {part["@id"]: part for part in crate["@graph"]}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {part["@id"] for part in parts["./"]["hasPart"]} == found - {"SHA256SUMS", "ro-crate-metadata.json"}
    assert parts["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert all(parts[part["@id"]]["@type"] == "File" for part in parts["./"]["hasPart"])


MANDATORY = {
    "Catalog": ("title", "description", "publisher"),
    "Dataset": ("title", "description"),
    "Distribution": ("accessURL",),
    "DataService": ("title", "endpointURL"),
}


def check_catalogue(triples: set[ox.Triple]) -> None:
    """What DCAT-AP 3.0.1 demands, in our words: its mandatory properties, and the sorts of some values."""
    said: dict[tuple[str, str], list[Any]] = {}
    for triple in triples:
        said.setdefault((str(triple.subject), triple.predicate.value), []).append(triple.object)
    kinds: dict[str, set[str]] = {}
    for (subject, predicate), values in said.items():
        if predicate.endswith("#type"):
            for value in values:
                kinds.setdefault(value.value, set()).add(subject)
    for kind, properties in MANDATORY.items():
        assert kinds[DCAT + kind], kind
        for subject in kinds[DCAT + kind]:
            for name in properties:
                space = DCAT if name.endswith("URL") else DCTERMS
                assert said.get((subject, space + name)), f"{subject} has no {name}"
    agents = {
        str(value) for (_, predicate), values in said.items() if predicate == DCTERMS + "publisher" for value in values
    }
    for agent in agents - {""}:
        if not agent.startswith('"'):
            assert said[agent, "http://xmlns.com/foaf/0.1/name"]
    for (_, predicate), values in said.items():
        if predicate == DCAT + "byteSize":
            assert all(
                value.datatype.value.endswith("#nonNegativeInteger") and int(value.value) > 0 for value in values
            )
        if predicate == DCAT + "distribution":
            assert {str(value) for value in values} <= kinds[DCAT + "Distribution"]
        if predicate == DCAT + "servesDataset":
            assert {str(value) for value in values} <= kinds[DCAT + "Dataset"]


def test_the_catalogue_of_a_release_has_what_dcat_ap_demands(folder: Path) -> None:
    triples = {quad.triple for quad in ox.parse(path=folder / "catalogue.ttl", format=ox.RdfFormat.TURTLE)}
    check_catalogue(triples)
    files = {t.subject.value for t in triples if t.object == ox.NamedNode(DCAT + "Distribution")}
    start = f"{namespaces.BASE}releases/{NAME}/"
    for name in ("hrcity.nq", "hrcity.nq.zst", "hrcity.ttl", "members.geojson", "tables/awards.csv", "hrcity.xlsx"):
        assert f"{start}dumps/{name}" in files
    for url in files:
        assert (folder / url.removeprefix(start)).is_file()


def test_the_live_catalogue_has_what_dcat_ap_demands_and_leads_to_releases(live: Server) -> None:
    response = live.get("dataset", headers={"accept": "text/turtle"})
    assert response.headers["x-snapshot"]
    triples = {quad.triple for quad in ox.parse(response.text, format=ox.RdfFormat.TURTLE)}
    check_catalogue(triples)
    release = ox.NamedNode(f"{namespaces.BASE}releases/{NAME}/")
    dataset = ox.NamedNode(f"{namespaces.BASE}dataset")
    assert ox.Triple(dataset, ox.NamedNode(DCAT + "hasCurrentVersion"), release) in triples
    again = live.get("dataset", headers={"accept": "text/turtle", "if-none-match": response.headers["etag"]})
    assert again.status_code == 304
    served = {t.subject.value for t in triples if t.predicate.value == DCAT + "endpointURL"}
    here = [url for url in served if url.startswith(live.url)]
    assert {f"{live.url}{path}" for path in ("sparql", "graphs", "reconcile")} <= set(here)
    for url in here:
        assert httpx.get(url, timeout=30).status_code == 200
    dumped = [t.object.value for t in triples if t.predicate.value == DCAT + "downloadURL"]
    for url in (each for each in dumped if each.startswith(live.url)):
        assert httpx.head(url, timeout=30).status_code == 200


def test_links_out_of_the_data_are_counted(live: Server) -> None:
    body = live.get("dataset", headers={"accept": "application/n-triples"}).content
    store = ox.Store()
    store.load(body, format=ox.RdfFormat.N_TRIPLES)
    asked = """PREFIX void: <http://rdfs.org/ns/void#> SELECT ?target ?n WHERE {
      <https://w3id.org/hrcity/dataset> void:subset ?l .
      ?l a void:Linkset ; void:objectsTarget ?target ; void:triples ?n ; void:linkPredicate ?p }"""
    solutions = store.query(asked)
    assert isinstance(solutions, ox.QuerySolutions)
    links = {row["target"].value: int(row["n"].value) for row in solutions}
    sdg = live.rows("SELECT (COUNT(*) AS ?n) { ?s <http://www.w3.org/2004/02/skos/core#relatedMatch> ?o "
                    "FILTER (STRSTARTS(STR(?o), 'http://metadata.un.org/sdg/')) }")  # fmt: skip
    assert links["http://metadata.un.org/sdg/"] == int(sdg[0]["n"]) > 100
    codes = live.rows("SELECT (COUNT(*) AS ?n) { ?s <http://www.w3.org/2004/02/skos/core#notation> ?o "
                      "FILTER (DATATYPE(?o) = <https://w3id.org/hrcity/vocab/id-scheme/geonames>) }")  # fmt: skip
    assert links["https://www.geonames.org/"] == int(codes[0]["n"]) > 20


def test_the_page_of_the_data_set_can_be_read_by_search_engines(live: Server) -> None:
    body = live.get("dataset", headers={"accept": "text/html"}).text
    embedded = re.search(r'<script type="application/ld\+json">(.*?)</script>', body, re.DOTALL)
    assert embedded
    told = json.loads(embedded[1])
    assert told["@type"] == "Dataset"
    assert told == live.get("dataset/schema-org.jsonld").json()
    assert 50 <= len(told["description"]) <= 5000
    assert told["version"] == live.get("health").json()["snapshot"]


def test_the_live_data_can_be_cited(live: Server) -> None:
    snapshot = live.get("health").json()["snapshot"]
    cited = yaml.safe_load(live.get("dataset/CITATION.cff").text)
    assert (str(cited["version"]), cited["cff-version"], cited["type"]) == (snapshot, "1.2.0", "dataset")
    datacite = live.get("dataset/datacite.json").json()
    needed = ("identifiers", "creators", "titles", "publisher", "publicationYear", "types", "schemaVersion")
    assert [name for name in needed if not datacite.get(name)] == []
    assert live.get("dataset/nothing").status_code == 404


def test_releases_are_listed_and_shown(live: Server, about: dict[str, Any]) -> None:
    assert f'href="/releases/{NAME}/"' in live.get("releases/").text
    shown = live.get(f"releases/{NAME}/")
    assert shown.headers["x-release"] == NAME
    assert shown.headers["x-snapshot"] == about["snapshot"]
    for text in ("The first one.", about["snapshot"], about["hash"], "dumps/hrcity.nq.zst", "Permalink"):
        assert text in shown.text
    assert live.get(f"releases/{NAME}").headers["location"] == f"/releases/{NAME}/"
    for path in ("releases/2020.01/", "releases/2020.01/sparql?query=ASK{}", f"releases/{NAME}/nothing"):
        missing = live.get(path)
        assert (missing.status_code, missing.json()["type"]) == (404, "urn:hrc:error:not-found")


def test_files_of_a_release_are_whole_packed_or_a_range(live: Server, folder: Path, about: dict[str, Any]) -> None:
    path = f"releases/{NAME}/dumps/hrcity.ttl"
    content = (folder / "dumps/hrcity.ttl").read_bytes()
    plain = live.get(path, headers={"accept-encoding": "identity"})
    assert plain.content == content
    assert plain.headers["x-release"] == NAME
    assert plain.headers["content-type"] == "text/turtle; charset=utf-8"
    with httpx.stream("GET", live.url + path, headers={"accept-encoding": "zstd"}, timeout=30) as response:
        assert response.headers["content-encoding"] == "zstd"
        packed = b"".join(response.iter_raw())
    assert zstandard.ZstdDecompressor().stream_reader(packed).read() == content
    part = live.get(path, headers={"range": "bytes=5-14", "accept-encoding": "zstd"})
    assert (part.status_code, part.content) == (206, content[5:15])
    assert live.get(path, headers={"if-none-match": plain.headers["etag"], "accept-encoding": ""}).status_code == 304


@pytest.mark.parametrize("path", ["..%2f..%2fdata%2fLICENSE", "dumps/../../../data/LICENSE", "dumps", ".hrc", "%00"])
def test_nothing_but_the_files_of_a_release_can_be_had(live: Server, path: str) -> None:
    assert live.get(f"releases/{NAME}/{path}").status_code == 404


def test_a_release_answers_from_its_own_state_while_the_live_data_go_on(live: Server, about: dict[str, Any]) -> None:
    now = live.sparql(COUNT)
    then = live.get(f"releases/{NAME}/sparql", params={"query": COUNT})
    assert "x-release" not in now.headers
    assert then.headers["x-release"] == NAME
    assert then.headers["x-snapshot"] == about["snapshot"] != now.headers["x-snapshot"]
    counted = [int(each.json()["results"]["bindings"][0]["n"]["value"]) for each in (now, then)]
    assert counted == [about["triples"] + 1, about["triples"]]
    again = live.get(
        f"releases/{NAME}/sparql", params={"query": COUNT}, headers={"if-none-match": then.headers["etag"]}
    )
    assert (again.status_code, again.headers["x-release"]) == (304, NAME)
    described = live.get(f"releases/{NAME}/sparql", headers={"accept": "text/turtle"})
    assert f"{live.url}releases/{NAME}/sparql" in described.text
    update = live.post(f"releases/{NAME}/sparql", data={"update": "CLEAR ALL"})
    assert update.status_code == 405


def test_a_question_can_be_asked_of_a_release(live: Server, about: dict[str, Any]) -> None:
    answer = live.get("queries/members-by-kind", params={"release": NAME, "format": "json"})
    assert (answer.headers["x-release"], answer.headers["x-snapshot"]) == (NAME, about["snapshot"])
    assert answer.json()["results"]["bindings"]
    shown = live.get("queries/members-by-kind", params={"release": NAME}, headers={"accept": "text/html"})
    assert f'href="/queries/members-by-kind?lang=en&amp;release={NAME}"' in shown.text
    assert f'name="release" value="{NAME}"' in shown.text
    assert f"release={NAME}&amp;format=csv" in shown.text
    assert "To cite this answer" not in live.get("queries/members-by-kind", headers={"accept": "text/html"}).text
    unknown = live.get("queries/members-by-kind", params={"release": "2020.01"})
    assert unknown.status_code == 404


def test_the_sparql_page_offers_releases_and_sends_a_query_on_to_one(live: Server, about: dict[str, Any]) -> None:
    asked = {"query": COUNT, "release": NAME}
    link = live.get("sparql", params=asked, headers={"accept": "text/html"})
    assert f'<option value="{NAME}" selected>' in link.text
    assert "x-row-count" not in link.headers, "a link runs nothing"
    for way in (
        live.get("sparql", params=asked, follow_redirects=True),
        live.post("sparql", data=asked, follow_redirects=True),
        live.get("sparql", params=asked | {"format": "html"}, follow_redirects=True),
    ):
        assert [each.status_code for each in (*way.history, way)] == [307, 200]
        assert (way.headers["x-release"], way.headers["x-snapshot"]) == (NAME, about["snapshot"])
    assert f"/releases/{NAME}/sparql?query=" in way.text, "files of the same answer"
    for name in ("2020.01", "../queries", "//evil.example/"):
        nowhere = live.get("sparql", params=asked | {"release": name}, follow_redirects=True)
        assert (nowhere.status_code, nowhere.url.host) == (404, "127.0.0.1")


def test_while_a_release_is_current_live_answers_belong_to_it(root: Path, folder: Path) -> None:
    later = root / "data/aims/after.ttl"
    hidden = later.read_bytes() if later.exists() else None
    later.unlink(missing_ok=True)
    try:
        with serving(workspace=root) as running:
            assert running.sparql(COUNT).headers["x-release"] == NAME
            shown = running.get("queries/members-by-kind", headers={"accept": "text/html"})
            assert f'href="/queries/members-by-kind?lang=en&amp;release={NAME}"' in shown.text
    finally:
        if hidden is not None:
            later.write_bytes(hidden)
            index.current(open_workspace(root))  # what the other server follows, too


def test_the_snapshot_of_a_dump_repeats_what_two_graphs_say(tmp_path: Path) -> None:
    lines = [f'<urn:s> <urn:p> "{n}" <urn:g{g}> .\n' for n, g in ((1, 1), (1, 2), (10, 1))]
    (tmp_path / "dump.nq").write_text("".join(sorted(lines)))
    made = snapshots.of_dump("abc", tmp_path / "dump.nq", tmp_path / "beside")
    assert (made.triples, made.graphs, made.id) == (2, 2, "abc")
    assert len(list(ox.parse(path=made.default, format=ox.RdfFormat.N_TRIPLES))) == 2
    assert snapshots.of_dump("abc", tmp_path / "dump.nq", tmp_path / "beside") == made


def test_at_most_two_engines_run_and_idle_ones_end(snapshot: Snapshot) -> None:
    async def run() -> None:
        made: list[str] = []

        def opened(name: str, engine: Embedded) -> Embedded:
            made.append(name)
            return engine

        aside = Aside(Settings(aside=2, aside_idle=0.2), opened)
        try:
            async with aside.use("a", lambda: snapshot) as first:
                question = Question(COUNT, formats.CSV, formats.TURTLE, namespaces.BASE)
                assert (await first.answer(question)).snapshot == snapshot.id
                async with aside.use("b", lambda: snapshot), aside.use("a", lambda: snapshot) as same:
                    assert same is first
                    with pytest.raises(Busy):
                        async with aside.use("c", lambda: snapshot):
                            pass
                async with aside.use("c", lambda: snapshot):
                    assert aside.names == ("a", "c")  # b was idle and made room
            assert made == ["a", "b", "c"]
            deadline = time.monotonic() + 20
            while aside.names and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
            assert not aside.names
        finally:
            await aside.close()

    asyncio.run(run())


# ---- Documents of a release ----

IN_A_RELEASE = (
    "gov/id-lahat",
    "aim/kkp-ham",
    "claim/%s",
    "source/seed-003",
    "def/Commitment",
    "vocab/mode",
    "vocab/mode/enacted",
    "shape/Label",
    "shapes",
    "ontology",
)


def of_release(server: Server, path: str, **fields: str) -> httpx.Response:
    return server.get(f"releases/{NAME}/doc/{path}", headers=fields)


@pytest.mark.parametrize("pattern", IN_A_RELEASE)
def test_a_release_has_its_own_documents_in_every_format_with_links_that_stay(
    live: Server, about: dict[str, Any], pattern: str
) -> None:
    first = live.rows("SELECT (MIN(STR(?c)) AS ?n) { ?c a <https://w3id.org/hrcity/def/Claim> }")[0]["n"]
    path = pattern.replace("%s", first.rpartition("/")[2])
    at = f"/releases/{NAME}/doc/{path}"
    reference = rdflib.compare.to_isomorphic(
        rdflib.Graph().parse(data=of_release(live, f"{path}.ttl").text, format="turtle")
    )
    document = rdflib.URIRef(BASE + at[1:])
    assert (document, rdflib.DCTERMS.isPartOf, rdflib.URIRef(f"{BASE}releases/{NAME}/")) in reference
    assert reference.value(document, rdflib.FOAF.primaryTopic) is not None
    for suffix, kind, syntax in (
        (".nt", "application/n-triples", "nt"),
        (".jsonld", "application/ld+json", "json-ld"),
        (".rdf", "application/rdf+xml", "xml"),
        (".html", "text/html", "json-ld"),
    ):
        answer = of_release(live, path, accept=kind)
        assert (answer.headers["x-release"], answer.headers["x-snapshot"]) == (NAME, about["snapshot"])
        assert answer.headers["content-location"] == at + suffix
        text = Page(answer.text).scripts["graph"] if suffix == ".html" else answer.text
        assert rdflib.compare.to_isomorphic(rdflib.Graph().parse(data=text, format=syntax)) == reference
        again = of_release(live, path, accept=kind, **{"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.headers["x-release"]) == (304, NAME)
        for target, relation, _ in links(answer):
            leads_out = relation in ("canonical", "license", "latest-version") or "primaryTopic" in relation
            assert leads_out or target.startswith(f"/releases/{NAME}/"), relation
            assert relation != "latest-version" or target == f"/doc/{path}"
    page = of_release(live, f"{path}.html").text
    main = page.partition('<main id="main">')[2].partition("</main>")[0]
    inside = {link for link in re.findall(r'href="(/[^"]*)"', main) if link not in ("/", f"/doc/{path}")}
    wrong = {link for link in inside if not link.startswith(f"/releases/{NAME}/") and f"release={NAME}" not in link}
    assert not wrong
    for link in sorted(inside)[:8]:
        followed = live.get(link, headers={"accept": "text/html"})
        assert (followed.status_code, followed.headers["x-release"]) == (200, NAME), link


def test_pages_of_a_document_of_a_release_are_of_the_release(live: Server) -> None:
    answer = of_release(live, "source/geonames.ttl")
    (following,) = [target for target, relation, _ in links(answer) if relation == "next"]
    assert following == f"/releases/{NAME}/doc/source/geonames.ttl?page=2"
    assert live.get(following).headers["x-release"] == NAME
    graph = rdflib.Graph().parse(data=answer.text, format="turtle")
    (view,) = graph.objects(None, rdflib.URIRef("http://www.w3.org/ns/hydra/core#next"))
    assert str(view) == f"{BASE}releases/{NAME}/doc/source/geonames?page=2"


def test_a_document_of_a_release_does_not_know_what_came_later(live: Server) -> None:
    assert live.get("doc/aim/after").status_code == 200
    missing = of_release(live, "aim/after")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:hrc:error:not-found")
    assert live.get("releases/2020.01/doc/gov/id-lahat").status_code == 404
    assert of_release(live, "gov/id-lahat", accept="image/png").status_code == 406
