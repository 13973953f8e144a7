"""`hrc`, as typed."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rdflib
from dulwich import porcelain
from typer.testing import CliRunner

from hrc_graph import __version__, namespaces
from hrc_graph.cli import app
from tests.conftest import ROOT, Server
from tests.past import state_a
from tests.test_engine import CROSS

ASK = "SELECT ?label WHERE { <https://w3id.org/hrcity/id/place/id-lahat> <http://www.w3.org/2004/02/skos/core#prefLabel> ?label }"  # noqa: E501


def hrc(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "hrc_graph", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=120)


def test_the_version_is_printed() -> None:
    assert hrc("--version").stdout == __version__ + "\n"


@pytest.mark.slow
def test_build_prints_the_same_id_twice() -> None:
    first, second = hrc("build", "--fresh"), hrc("build")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout
    assert "triples" in first.stdout


@pytest.mark.slow
def test_the_shipped_data_conforms() -> None:
    done = hrc("validate")
    assert done.returncode == 0, done.stdout
    assert "conforms: 0 errors" in done.stdout
    assert done.stderr == ""


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A workspace of some of the shipped files, which is not changed."""
    return str(state_a(tmp_path_factory.mktemp("few"), "sources/seed-003").root)


@pytest.mark.parametrize("format", ["json", "csv", "turtle"])
def test_a_report_comes_in_every_format(format: str, few: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.ttl"
    broken.write_text(HEAD + BREAKAGES["no primary place"])
    done = hrc("validate", str(broken), "--format", format, "--workspace", few)
    assert done.returncode == 1
    if format == "turtle":
        assert (None, rdflib.SH.conforms, None) in rdflib.Graph().parse(data=done.stdout, format="turtle")
    elif format == "json":
        (result,) = [r for r in json.loads(done.stdout)["results"] if r["severity"] == "Violation"]
        assert result["file"] == str(broken)
        assert result["line"] > 1
        assert result["path"].endswith("primaryPlace")
    else:
        assert done.stdout.startswith("file,line,severity,subject,property,value,message,shape")


@pytest.mark.parametrize(
    ("text", "said"),
    [("this is not turtle", "is not Turtle"), (None, "There is no file")],
)
def test_what_cannot_be_judged_exits_2(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "x.ttl"
    if text:
        file.write_text(text)
    done = hrc("validate", str(file))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_query_is_asked_from_a_file_a_name_or_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "mine.rq"
    file.write_text(ASK)
    from_file = hrc("query", str(file), "--format", "csv").stdout
    assert "Kabupaten Lahat" in from_file
    assert hrc("query", "-", "--format", "csv", stdin=ASK).stdout == from_file
    assert hrc("query", "timeline", "--format", "csv").stdout.count("\n") > 10


def test_a_question_takes_parameters_and_names_a_wrong_one() -> None:
    given = hrc("query", "commitments-of-a-government", "--param", "government=gov:id-lampung-timur", "--format", "csv")
    assert "48" in given.stdout
    wrong = hrc("query", "commitments-of-a-government", "--param", "colour=red")
    assert wrong.returncode == 2
    assert "colour" in wrong.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("query", "-"), "SELECT * WHERE { ?s ?p }", "line 1"),
        (("query", "no-such-question"), "", "no-such-question"),
        (("query", "missing-labels", "--param", "class=hrc:Claim"), "", "Give one of: hrc:Agreement"),
        (("query", "-", "--format", "png"), ASK, "png"),
        (("query", "-", "--time-limit", "0.5"), CROSS, "0.5 seconds"),
        (("query", "-", "--workspace", "/"), ASK, "not a workspace"),
    ],
)
def test_an_error_is_two_lines_and_exit_2(arguments: tuple[str, ...], stdin: str, said: str) -> None:
    done = hrc(*arguments, stdin=stdin)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_only_what_differs_from_the_last_commit_is_judged(tmp_path: Path) -> None:
    for name in ("ontology", "data", "queries"):
        shutil.copytree(ROOT / name, tmp_path / name)
    porcelain.init(str(tmp_path))
    porcelain.add(str(tmp_path))
    porcelain.commit(str(tmp_path), message=b"all", author=b"Test <test>", committer=b"Test <test>")
    nothing = hrc("validate", "--changed", "--workspace", str(tmp_path))
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing differs from the last commit.\n")
    dossier = tmp_path / "data" / "governments" / "id" / "lahat.ttl"
    dossier.write_text(dossier.read_text("utf-8").replace("hrc:primaryPlace place:id-lahat ;\n", ""), "utf-8")
    changed = hrc("validate", "--changed", "--workspace", str(tmp_path))
    assert changed.returncode == 1
    assert "data/governments/id/lahat.ttl" in changed.stdout


def test_a_port_that_is_taken_is_an_error(server: Server) -> None:
    done = hrc("serve", "--port", server.url.rstrip("/").rpartition(":")[2])
    assert done.returncode == 2
    assert "--port" in done.stderr


@pytest.mark.parametrize("format", ["json", "xml", "csv", "tsv"])
def test_a_remote_endpoint_answers_as_the_workspace_does(server: Server, format: str) -> None:
    here = hrc("query", "-", "--format", format, stdin=ASK)
    there = hrc("query", "-", "--format", format, "--endpoint", server.url + "sparql", stdin=ASK)
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout


def test_a_question_is_asked_of_a_remote_endpoint(server: Server) -> None:
    there = hrc("query", "timeline", "--format", "csv", "--endpoint", server.url + "sparql")
    assert there.returncode == 0, there.stderr
    assert there.stdout == hrc("query", "timeline", "--format", "csv").stdout


def test_an_update_is_never_sent_to_a_remote_endpoint(server: Server) -> None:
    done = hrc("query", "-", "--endpoint", server.url + "sparql", stdin="INSERT DATA { <urn:a> <urn:b> <urn:c> }")
    assert done.returncode == 2
    assert "INSERT changes data" in done.stderr


@pytest.mark.parametrize(("format", "syntax"), [("turtle", "turtle"), ("ntriples", "nt"), ("rdf+xml", "xml")])
def test_a_remote_endpoint_gives_graphs(server: Server, format: str, syntax: str) -> None:
    text = "DESCRIBE <https://w3id.org/hrcity/id/place/id-lahat>"
    done = hrc("query", "-", "--format", format, "--endpoint", server.url + "sparql", stdin=text)
    assert done.returncode == 0, done.stderr
    assert len(rdflib.Graph().parse(data=done.stdout, format=syntax)) > 5


class Bad(http.server.BaseHTTPRequestHandler):
    """An endpoint that misbehaves as its path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/slow":
            time.sleep(3)
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        self.send_response(status)
        self.send_header("content-type", "image/png")
        self.end_headers()
        self.wfile.write(b"some text")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def bad() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bad) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/400", "did not understand"),
        ("/404", "is not there"),
        ("/500", "HTTP 500"),
        ("/503", "busy"),
        ("/418", "HTTP 418"),
        ("/png", "image/png"),
        ("/slow", "did not answer within 1"),
    ],
)
def test_an_endpoint_that_fails_is_named_with_what_it_said(bad: str, path: str, said: str) -> None:
    done = hrc("query", "-", "--endpoint", bad + path, "--time-limit", "1", stdin=ASK)
    assert done.returncode == 2
    assert said in done.stderr
    assert bad in done.stderr
    assert "Traceback" not in done.stderr


def test_an_endpoint_that_is_not_there_is_an_error() -> None:
    done = hrc("query", "-", "--endpoint", "http://127.0.0.1:1/sparql", stdin=ASK)
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr


HEAD = """
@prefix hrc: <https://w3id.org/hrcity/def/> . @prefix mode: <https://w3id.org/hrcity/vocab/mode/> .
@prefix kind: <https://w3id.org/hrcity/vocab/kind/> . @prefix theme: <https://w3id.org/hrcity/vocab/theme/> .
@prefix code: <https://w3id.org/hrcity/vocab/id-scheme/> . @prefix edtf: <http://id.loc.gov/datatypes/edtf/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix wikibase: <http://wikiba.se/ontology#> . @prefix why: <https://w3id.org/hrcity/vocab/rank-reason/> .
@prefix place: <id/place/> . @prefix gov: <id/gov/> . @prefix text: <id/text/> . @prefix act: <id/act/> .
@prefix aim: <id/aim/> . @prefix orgn: <id/org/> . @prefix claim: <id/claim/> . @prefix cite: <id/cite/> .
@prefix src: <id/source/> .
"""
PERBUP = "text:id-lampung-timur-perbup-48-2016"
BREAKAGES = {
    "a commitment before its instrument": f"""act:x a hrc:Commitment ; hrc:actor gov:id-lampung-timur ;
        hrc:mode mode:endorsed ; hrc:under {PERBUP} ; hrc:date "2010"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .""",
    "no primary place": """gov:x a hrc:LocalGovernment ; skos:prefLabel "Rekaan (fictional)"@id ;
        hrc:cites cite:seed-003--p4 .""",
    "two primary places": """gov:x a hrc:LocalGovernment ; skos:prefLabel "Rekaan (fictional)"@id ;
        hrc:primaryPlace place:id-lahat, place:id-palembang ; hrc:cites cite:seed-003--p4 .""",
    "an instrument without a source": """text:x a hrc:Charter ; skos:prefLabel "Piagam rekaan (fictional)"@id ;
        hrc:date "2016"^^edtf:EDTF .""",
    "a theme from nowhere": """text:x a hrc:Charter ; skos:prefLabel "Piagam rekaan (fictional)"@id ;
        hrc:date "2016"^^edtf:EDTF ; hrc:theme kind:charter ; hrc:cites cite:seed-003--p4 .""",
    "a code that another place has": """place:x a hrc:Place ; skos:prefLabel "Wilayah rekaan (fictional)"@id ;
        skos:notation "18.07"^^code:kemendagri ; hrc:cites cite:seed-003--p4 .""",
    "a wave of another campaign": """aim:other a hrc:Campaign ; skos:prefLabel "Kampanye rekaan (fictional)"@id ;
        hrc:organiser orgn:uclg ; hrc:date "2022"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .
        act:x a hrc:Commitment ; hrc:actor gov:id-lampung-timur ; hrc:mode mode:joined ; hrc:under aim:other ;
        hrc:inWave aim:campaign-10-100-1000-wave-1 ; hrc:date "2022"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .""",
    "an award year before its criteria": """act:x a hrc:Award ; hrc:under aim:kkp-ham ; hrc:programmeYear 1999 ;
        hrc:recipient gov:id-lahat ; hrc:date "1999"^^edtf:EDTF ; hrc:cites cite:seed-004--p6 .""",
    "the same award twice": """act:x a hrc:Award ; hrc:under aim:kkp-ham ; hrc:programmeYear 2022 ;
        hrc:recipient gov:id-lahat ; hrc:date "2022"^^edtf:EDTF ; hrc:cites cite:seed-004--p6 .""",
    "a campaign that is enacted": """act:x a hrc:Commitment ; hrc:actor gov:id-lampung-timur ; hrc:mode mode:enacted ;
        hrc:under aim:campaign-10-100-1000 ; hrc:date "2022"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .""",
    "a target over the total": """aim:x a hrc:Target ; hrc:under aim:kkp-ham ; hrc:programmeYear 2023 ; hrc:count 18 ;
        hrc:outOf 17 ; hrc:due "2023"^^edtf:EDTF ; skos:prefLabel "Sasaran rekaan (fictional)"@id ;
        hrc:cites cite:seed-004--p9 .""",
    "a claim without a source": f"""claim:x a hrc:Claim ; rdf:subject {PERBUP} ; rdf:predicate hrc:number ;
        rdf:object "49/2016" ; wikibase:rank wikibase:NormalRank .""",
    "a rank without a reason": f"""claim:x a hrc:Claim ; rdf:subject {PERBUP} ; rdf:predicate hrc:number ;
        rdf:object "49/2016" ; wikibase:rank wikibase:PreferredRank ; hrc:cites cite:seed-003--p4 .""",
    "a stray detail on a claim": f"""claim:x a hrc:Claim ; rdf:subject {PERBUP} ; rdf:predicate hrc:number ;
        rdf:object "49/2016" ; wikibase:rank wikibase:NormalRank ; hrc:cites cite:seed-003--p4 ; skos:note "x"@id .""",
    "a date nobody can read": """text:x a hrc:Charter ; skos:prefLabel "Piagam rekaan (fictional)"@id ;
        hrc:date "Mei 2016"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .""",
    "a date of another type": """text:x a hrc:Charter ; skos:prefLabel "Piagam rekaan (fictional)"@id ;
        hrc:date "2016-05-17"^^xsd:date ; hrc:cites cite:seed-003--p4 .""",
    "an e-mail address in a quote": """cite:x a hrc:Citation ; hrc:source src:seed-001 ; hrc:locator "paragraph 7" ;
        hrc:quote "tulis ke sekretariat@contoh.example"@id .""",
    "contact data in public": """gov:id-lahat vcard:hasEmail <mailto:narahubung@contoh.example> .""",
    "an agreement with one party": """text:x a hrc:Agreement ; skos:prefLabel "Perjanjian rekaan (fictional)"@id ;
        hrc:party orgn:uclg ; hrc:date "2021"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .""",
    "two names in one language": """place:x a hrc:Place ; skos:prefLabel "Satu (fictional)"@id, "Dua (fictional)"@id ;
        hrc:cites cite:seed-003--p4 .""",
    "a commitment without a mode": f"""act:x a hrc:Commitment ; hrc:actor gov:id-lahat ; hrc:under {PERBUP} ;
        hrc:date "2017"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 .""",
}
JARGON = ("literal", "IRI", "minCount", "maxCount", "sh:", "datatype", "SPARQL", "triple", "node", "xsd:")


def test_each_breakage_is_caught_in_words_that_a_secretary_understands(tmp_path: Path) -> None:
    broken, subjects = tmp_path / "broken.ttl", dict[str, str]()
    for number, (name, text) in enumerate(BREAKAGES.items()):
        made_up = re.search(r"\b(\w+:x)\b", text)  # gets a name of its own
        subjects[name] = f"{made_up[1]}-{number}" if made_up else text.partition(" ")[0]
        text = re.sub(r"\b(\w+:)(x|other)\b", rf"\1\2-{number}", text)
        broken.write_text((broken.read_text() if number else HEAD) + text + "\n")
    done = CliRunner().invoke(app, ["validate", str(broken), "--format", "json", "--workspace", str(ROOT)])
    assert done.exit_code == 1, done.output
    caught = set()
    for result in json.loads(done.stdout)["results"]:
        if result["severity"] == "Violation":
            caught.add(namespaces.short(result["focus"], namespaces.BASE))
            assert {"en", "id"} <= set(result["messages"])
            assert result["messages"]["en"] != result["messages"]["id"]
            said = result["messages"]["en"]
            assert not [word for word in JARGON if word in said], said
            assert result["line"] > 0
    assert [name for name, subject in subjects.items() if subject not in caught] == []


def test_records_without_a_breakage_conform(tmp_path: Path) -> None:
    fine = tmp_path / "fine.ttl"
    fine.write_text(
        HEAD
        + f"""act:x a hrc:Commitment ; hrc:actor gov:id-lahat ; hrc:mode mode:endorsed ; hrc:under {PERBUP} ;
        hrc:date "2017"^^edtf:EDTF ; hrc:cites cite:seed-003--p4 ."""
    )
    done = CliRunner().invoke(app, ["validate", str(fine), "--workspace", str(ROOT)])
    assert done.exit_code == 0, done.output
