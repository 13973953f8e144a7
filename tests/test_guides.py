"""The pages that teach: what they tell people to type is typed here, and what they show is what the server answers."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest

from hrc_graph.drawing import model
from hrc_graph.workspace import Workspace
from tests.conftest import ROOT, Server, serving
from tests.past import closed

pytestmark = pytest.mark.slow

GUIDES = ("", "researcher", "secretariat", "maintainer", "model")
FILES = ("operating", "addresses", "questions", "tables", "data")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A git repository with those of the shipped files that the guides write of, and all that they lead to."""
    return closed(tmp_path / "hrcity", "governments/id/lampung-timur", "instruments/gwangju-guiding-principles").root


def snippets(server: Server, guide: str, language: str) -> list[str]:
    """What a page shows in a language of machines, in order."""
    page = server.get(f"docs/{guide}").text
    found = re.findall(rf'<code class="language-{language}">(.*?)</code>', page, re.DOTALL)
    return [html.unescape(text) for text in found]


def shell(commands: str, folder: Path, hrc: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{hrc.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        ["sh", "-e", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def hrc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `hrc`, of these files."""
    command = tmp_path_factory.mktemp("bin") / "hrc"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hrc_graph "$@"\n')
    command.chmod(0o755)
    return command


class Tags(HTMLParser):
    """The tags of a page, each with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.found if name in attributes]


@pytest.mark.parametrize("guide", [*GUIDES, *FILES])
def test_a_guide_is_a_page_that_needs_no_script_and_is_not_sent_twice(server: Server, guide: str) -> None:
    response = server.get(f"docs/{guide}")
    assert response.status_code == 200
    assert response.headers["x-snapshot"]
    tags = Tags(response.text)
    assert [tag for tag, _ in tags.found if tag == "h1"] == ["h1"]
    assert not tags.values("style")
    assert not {"script", "style"} & {tag for tag, _ in tags.found}
    ids = tags.values("id")
    assert len(ids) == len(set(ids))
    again = server.get(f"docs/{guide}", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304
    assert "Accept-Language" in again.headers["vary"]
    other = server.get(f"docs/{guide}", params={"lang": "id"}, headers={"if-none-match": response.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["content-language"] == "id"


@pytest.fixture(scope="module")
def unhurried() -> Iterator[Server]:
    """A server with the time limit that is shipped: links lead to pages that ask much the first time."""
    with serving() as running:
        yield running


@pytest.mark.parametrize("guide", [*GUIDES, *FILES])
def test_every_link_of_a_guide_leads_somewhere(unhurried: Server, guide: str) -> None:
    page = unhurried.get(f"docs/{guide}").text
    ids = set(Tags(page).values("id"))
    main = page.partition("<main")[2].partition("</main>")[0]
    links = set(Tags(main).values("href"))
    assert links
    for link in sorted(links):
        if link.startswith("#"):
            assert link[1:] in ids, link
        elif link.startswith("/"):
            path, _, part = link.partition("#")
            found = unhurried.get(path, follow_redirects=True)
            assert found.status_code == (401 if path.startswith("/desk") else 200), link  # strangers are to sign in
            assert not part or f'id="{part}"' in found.text, link


def test_the_guides_stand_below_one_address_and_others_are_not_made_up(server: Server) -> None:
    assert server.get("docs").headers["location"] == "/docs/"
    for name in ("nothing", "seeds", "..%2FREADME"):
        assert server.get(f"docs/{name}").status_code == 404


def test_every_query_of_the_guides_has_an_answer(server: Server) -> None:
    queries = [text for guide in GUIDES for text in snippets(server, guide, "sparql")]
    assert len(queries) >= 13
    for query in queries:
        assert server.rows(query), query


def test_each_recipe_shows_the_answer_that_its_query_and_its_file_give(server: Server) -> None:
    page = server.get("docs/researcher").text
    recipes = page.split('<section class="recipe"')[1:]
    assert len(recipes) == 10
    for recipe in recipes:
        query = html.unescape(re.findall(r'language-sparql">(.*?)</code>', recipe, re.DOTALL)[0])
        file = html.unescape(re.findall(r'href="(/queries/[^"]+)" download', recipe)[0])
        answered = server.rows(query)
        taken = list(csv.DictReader(io.StringIO(server.get(file).text)))
        counted = re.search(r"All (\d+) rows\.|of ([\d,]+) rows\.", recipe)
        assert counted
        assert int((counted[1] or counted[2]).replace(",", "")) == len(answered) == len(taken) > 0
        shown = re.findall(r"<tr>(.*?)</tr>", recipe.partition("<tbody>")[2].partition("</tbody>")[0], re.DOTALL)
        assert len(shown) == min(5, len(answered))
        columns = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', recipe)
        first = [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", shown[0])]
        for name, cell in zip(columns, first, strict=True):
            value = answered[0].get(name.replace(" ", "_"), "")
            assert cell.removesuffix(" en") in (value, value.rpartition("/")[2]) or value.endswith(
                cell.rpartition(":")[2]
            )


def test_recipes_speak_the_language_of_the_reader(server: Server) -> None:
    page = server.get("docs/researcher", params={"lang": "id"}).text
    assert "Sejauh mana kampanye ini menuju tiap sasarannya?" in page
    assert "pemerintah daerah" in page.lower()


@pytest.mark.parametrize("number", range(3))
def test_the_python_of_the_guide_runs(server: Server, tmp_path: Path, number: int) -> None:
    program = snippets(server, "researcher", "python")[number]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout)
    assert not done.stderr


def test_there_is_no_more_python_than_is_tried(server: Server) -> None:
    assert [len(snippets(server, guide, "python")) for guide in GUIDES] == [0, 3, 0, 0, 0]


@pytest.mark.parametrize("number", range(2))
def test_the_r_of_the_guide_runs(server: Server, tmp_path: Path, number: int) -> None:
    program = snippets(server, "researcher", "r")[number]
    if not shutil.which("Rscript"):
        pytest.skip("Rscript is not installed here, so R is not tried.")
    done = subprocess.run(["Rscript", "-e", program], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout)


def test_the_commands_for_researchers_run(server: Server, tmp_path: Path, hrc: Path) -> None:
    commands = snippets(server, "researcher", "sh")
    assert len(commands) >= 12
    for command in commands:
        done = shell(command, tmp_path, hrc)
        assert done.returncode == 0, done.stderr
        assert done.stdout or list(tmp_path.iterdir())
    assert len(list(tmp_path.glob("*.csv"))) == 10


def fill(table: Path, row: dict[str, str]) -> None:
    """Write a row below the head of a template, as a person would."""
    workbook = openpyxl.load_workbook(table)
    sheet = workbook.worksheets[0]
    head = [str(cell.value) for cell in sheet[1]]
    assert set(row) <= set(head)
    sheet.append([row.get(name, "") for name in head])
    workbook.save(table)


MEMBER = {"member": "Lahat Regency Government", "network": "aim:campaign-10-100-1000", "sources": "src:seed-000"}
ADOPTED = {
    "government": "Lahat Regency Government",
    "instrument": "text:gwangju-guiding-principles",
    "mode": "endorsed",
}
FICTIONAL = {"membership": MEMBER, "adoption": ADOPTED | {"date": "2031", "sources": "src:seed-000"}}
"""Rows that no source states; they are fictional, and live in a copy of the data."""


def test_what_a_secretariat_types_brings_a_table_in_and_takes_it_back(server: Server, copy: Path, hrc: Path) -> None:
    """Each of its ten commands reads the whole graph."""
    said = {}
    for commands in snippets(server, "secretariat", "sh"):
        for command in commands.splitlines():
            done = shell(command, copy, hrc)
            assert done.returncode == 0, command + done.stdout + done.stderr
            said[command] = done.stdout
            template = re.match(r"hrc import --template (\w+) (\S+)", command)
            if template:
                fill(copy / template[2], FICTIONAL[template[1]])
    dossier = "data/governments/id/lahat.ttl"
    assert "would change 1 dossiers" in said["hrc import members.xlsx --as membership --dry-run --report checked.xlsx"]
    assert "changed 1 dossiers" in said["hrc import members.xlsx --as membership"]
    linked = next(words for command, words in said.items() if command.startswith("hrc link"))
    assert "enacted “Regent Regulation of Lampung Timur" in linked
    assert "recorded already" in linked
    assert "would change 1 dossiers" in said["hrc import commitments.xlsx --as adoption --dry-run"]
    assert len(list(csv.reader(io.StringIO(said["hrc query undecided-contradictions --format csv"])))) > 2
    assert "Undone" in said["hrc undo"]
    assert (copy / dossier).read_bytes() == (ROOT / dossier).read_bytes()


def test_the_columns_that_a_secretariat_is_told_of_are_those_of_the_template(
    server: Server, tmp_path: Path, hrc: Path
) -> None:
    told = re.findall(r'<th scope="row"><code lang="en">(\w+)</code>', server.get("docs/secretariat").text)
    assert shell("hrc import --template membership members.xlsx", tmp_path, hrc).returncode == 0
    head = [cell.value for cell in openpyxl.load_workbook(tmp_path / "members.xlsx").worksheets[0][1]]
    assert told
    assert set(told) <= set(head)


def test_what_a_maintainer_types_works_and_a_release_can_be_asked(server: Server, copy: Path, hrc: Path) -> None:
    """Export and release write the whole graph."""
    for commands in snippets(server, "maintainer", "sh"):
        done = shell(commands, copy, hrc)
        assert done.returncode == 0, commands + done.stderr
    assert (copy / "releases" / "2026.11" / "about.json").parent.is_dir()
    with serving(workspace=copy) as released:
        page = released.get("docs/researcher").text
        assert "2026.11" in page
        asked = [text for text in snippets(released, "researcher", "sh") if "release" in text]
        assert len(asked) == 1
        done = shell(asked[0], copy.parent, hrc)
        assert done.returncode == 0, done.stderr
        assert "triples" in done.stdout
        assert "nature" in done.stdout


@pytest.fixture(scope="module")
def drawings(server: Server) -> list[ElementTree.Element]:
    """The drawings of the page of the model."""
    page = server.get("docs/model").text
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg class=\"model\".*?</svg>", page, re.DOTALL)]


def test_the_drawing_has_every_class_and_property_of_the_ontology(
    server: Server, drawings: list[ElementTree.Element]
) -> None:
    terms = server.rows("""
        PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?term WHERE { ?term rdfs:isDefinedBy <https://w3id.org/hrcity/ontology>
          FILTER NOT EXISTS { ?term a owl:AnnotationProperty } }""")
    paths = {"/def/" + row["term"].rpartition("/")[2] for row in terms}
    linked = {link.attrib["href"] for drawing in drawings[1:] for link in drawing.iter(f"{SVG}a")}
    assert len(paths) > 60
    assert paths <= linked
    classes = {link.attrib["href"] for link in drawings[0].iter(f"{SVG}a")}
    assert {"/def/LocalGovernment", "/def/Commitment", "/def/Charter", "/def/Campaign", "/def/Claim"} <= classes
    assert len(drawings) == 6


def test_an_arrow_leads_only_where_the_data_lead(drawings: list[ElementTree.Element]) -> None:
    written = ["".join(text.itertext()) for text in drawings[0].iter(f"{SVG}text") if text.attrib["class"] == "arrow"]
    assert "under · in wave" in written
    assert not [text for text in written if "part of" in text]  # wholes and their parts are of one finger


def test_the_letters_of_a_drawing_are_text_and_inert() -> None:
    evil = "<script>alert(1)</script>\"&'"
    finger = model.Finger(evil, evil, (model.Class(model.Term(evil, '/def/"><script>'), evil),))
    last = model.Finger("z", "z", (), (model.Property(model.Term(evil), (model.Term(evil),)),))
    for drawn in (model.overview((finger, last), evil, evil), model.portrait(last, 0, evil, evil, evil, evil)):
        root = ElementTree.fromstring(drawn)
        assert not list(root.iter(f"{SVG}script"))
        assert not list(root.iter("script"))
        assert evil in "".join(root.itertext())


def test_the_five_fingers_hold_every_class_of_the_ontology_once(server: Server) -> None:
    rows = server.rows("""
        PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX owl: <http://www.w3.org/2002/07/owl#>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        SELECT ?class (COUNT(?finger) AS ?n) WHERE {
          ?class a owl:Class ; rdfs:isDefinedBy ?ontology
          OPTIONAL { ?ontology dcterms:hasPart ?finger . ?finger skos:member ?class }
        } GROUP BY ?class""")
    assert len(rows) > 25
    assert {row["n"] for row in rows} == {"1"}


def test_the_openapi_document_tells_of_every_place_in_words(server: Server, workspace: Workspace) -> None:
    described = json.loads(server.get("openapi.json").text)
    assert described["info"]["description"]
    operations = {path: each for path, methods in described["paths"].items() for each in methods.values()}
    assert not [path for path, each in operations.items() if not each.get("summary")]
    for place in ("/sparql", "/search", "/reconcile", "/graphs", "/dataset", "/releases/", "/feeds/changes.atom"):
        assert place in operations, place
    assert {f"/queries/{name}" for name in workspace.questions} <= set(operations)
    assert {tag for each in operations.values() for tag in each["tags"]} == {tag["name"] for tag in described["tags"]}
    ids = [each["operationId"] for methods in described["paths"].values() for each in methods.values()]
    assert len(ids) == len(set(ids))
