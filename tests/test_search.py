"""Searching by any name, for people and programs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import defusedxml.ElementTree
import pytest

from tests.conftest import ROOT, Server, serving

HTML = {"accept": "text/html"}
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


def found(server: Server, q: str, **given: str) -> dict[str, Any]:
    response = server.get("search", params={"q": q, "format": "json", **given})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    ("q", "first", "language"),
    [
        ("Gwangju Metropolitan City", "id/gov/kr-gwangju", "en"),
        ("Kabupaten Lampung Timur", "id/gov/id-lampung-timur", "id"),
        ("Ayuntamiento de Barcelona", "id/gov/es-barcelona", "es"),
        ("Barcelone", "id/gov/es-barcelona", "fr"),
        ("Ajuntament de Barcelona", "id/gov/es-barcelona", "ca"),
        ("광주인권도시원칙", "id/text/gwangju-guiding-principles", "ko"),
        ("Wien", "id/gov/at-vienna", "de"),
        ("droit à la ville", "vocab/theme/right-to-the-city", "fr"),
        ("Prinsip-prinsip Panduan Gwangju", "id/text/gwangju-guiding-principles", "id"),
    ],
)
def test_a_thing_is_found_by_its_name_in_any_language(server: Server, q: str, first: str, language: str) -> None:
    results = found(server, q)["results"]
    assert results[0]["id"] == first
    assert results[0]["iri"] == f"https://w3id.org/hrcity/{first}"
    assert results[0]["matched"]["language"] == language


@pytest.mark.parametrize(
    ("q", "thing"),
    [
        ("16.04", "id/place/id-lahat"),
        ("KR", "id/place/kr"),
        ("gov:id-lahat", "id/gov/id-lahat"),
        ("https://w3id.org/hrcity/id/gov/id-lahat", "id/gov/id-lahat"),
        ("Kab. Lampung Timur", "id/place/id-lampung-timur"),
        ("Wenen", "id/place/at-vienna"),
        ("Barclona", "id/place/es-barcelona"),
        ("wonos", "id/place/id-wonosobo"),
        ("timur lampung", "id/place/id-lampung-timur"),
        ("WHRCF", "id/event/whrcf-2018"),
        ("world human rights cities forum", "id/event/whrcf-2017"),
        ("suyoto", "id/person/suyoto"),
    ],
)
def test_codes_ids_exonyms_typos_and_beginnings_find_too(server: Server, q: str, thing: str) -> None:
    assert thing in [result["id"] for result in found(server, q)["results"]]


def test_a_thing_is_described_by_its_country_and_not_by_its_continent(server: Server) -> None:
    (lahat,) = [
        each for each in found(server, "16.04", type="hrc:Place")["results"] if each["id"] == "id/place/id-lahat"
    ]
    assert lahat["description"].endswith("Indonesia")


def test_types_divide_what_is_found(server: Server) -> None:
    everything = found(server, "human rights")
    counts = {type["id"]: type["count"] for type in everything["types"]}
    assert sum(counts.values()) == everything["total"] > 50 == len(everything["results"])
    events = found(server, "human rights", type="hrc:Event")
    assert events["total"] == counts["hrc:Event"]
    assert all("hrc:Event" in result["types"] for result in events["results"])
    assert found(server, "human rights", type="Nothing")["total"] == 0
    second = found(server, "human rights", page="2")["results"]
    assert second
    assert not {result["id"] for result in second} & {result["id"] for result in everything["results"]}


def test_the_page_marks_what_agrees_and_says_in_which_language(server: Server) -> None:
    page = server.get("search?q=droit+ville", headers=HTML)
    assert page.status_code == 200
    assert (
        '<a href="/vocab/theme/right-to-the-city" lang="fr"><mark>Droit</mark> à la <mark>ville</mark></a>' in page.text
    )
    assert '<span class="quiet">(fr)</span>' in page.text
    assert "Right to the city" in page.text
    assert re.search(r'href="/search\?q=droit\+ville&amp;type=skos%3AConcept">Theme \(\d+\)</a>', page.text)
    spain = server.get("search?q=barcelona", headers=HTML).text
    assert "municipality, Spain" in spain


def test_the_page_and_the_json_are_chosen_by_accept(server: Server) -> None:
    assert server.get("search?q=lahat", headers={"accept": "application/json"}).json()["total"] >= 2
    page = server.get("search?q=lahat", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert server.get("search", headers=HTML).status_code == 200
    assert server.get("search?q=lahat", headers={"accept": "image/png"}).status_code == 406


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_an_answer_is_kept_until_the_snapshot_changes(server: Server, accept: str, coding: str) -> None:
    asked = {"accept": accept, "accept-encoding": coding}
    first = server.get("search?q=kota", headers=asked)
    assert first.headers["content-encoding"] == coding
    language = ", Accept-Language" if accept == "text/html" else ""
    assert first.headers["vary"] == "Accept, Accept-Encoding" + language
    assert server.get("health").json()["snapshot"] in first.headers["etag"]
    again = server.get("search?q=kota", headers={**asked, "if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = server.get("search?q=kabupaten", headers={**asked, "if-none-match": first.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "q", ["<script>alert(1)</script>", '"><img src=x>', "%", "\0", "a" * 10_000, "((((", "x y " * 90]
)
def test_hostile_words_are_only_words(server: Server, q: str) -> None:
    page = server.get("search", params={"q": q}, headers=HTML)
    assert page.status_code == 200
    assert not re.search(r"<script|<img src=x", page.text)
    assert server.get("search", params={"q": q, "format": "json"}).status_code == 200


@pytest.mark.parametrize(
    "query", ["q=x&page=0", "q=x&page=-1", "q=x&page=x", "q=x&page=99999", "format=json", "q=+&format=json"]
)
def test_what_cannot_be_asked_is_a_clear_error(server: Server, query: str) -> None:
    response = server.get(f"search?{query}", headers={"accept": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")


def test_browsers_learn_of_the_search(server: Server) -> None:
    for path in ("", "search?q=lahat", "queries"):
        link = re.search(
            r'<link rel="search" type="([^"]+)" title="[^"]+" href="([^"]+)">', server.get(path, headers=HTML).text
        )
        assert link
        assert link.groups() == ("application/opensearchdescription+xml", "/opensearch.xml")
    described = server.get("opensearch.xml")
    assert described.headers["content-type"].startswith("application/opensearchdescription+xml")
    root = defusedxml.ElementTree.fromstring(described.content)
    assert 0 < len(root.findtext(f"{OPENSEARCH}ShortName") or "") <= 16
    templates = {url.get("type"): url.get("template", "") for url in root.findall(f"{OPENSEARCH}Url")}
    address = templates["application/json"].replace("{searchTerms}", "lahat").replace("{startPage?}", "1")
    assert address.startswith(server.url)
    assert server.get(address.removeprefix(server.url)).json()["total"] >= 2


def memory(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


@pytest.mark.slow
def test_a_new_snapshot_brings_its_own_names_and_the_index_stays_small(tmp_path: Path) -> None:
    for folder in ("ontology", "queries", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    with serving(workspace=tmp_path) as server:
        before = memory(server)
        fictional = "id/place/zz-rekaanville"
        assert fictional not in [result["id"] for result in found(server, "Rekaanville")["results"]]
        for number in range(50):
            found(server, f"kota {number}")
        grown = memory(server) - before
        print(f"the index of names takes {grown:.1f} MB in the web process")
        assert grown <= 60  # with the lists, which are made ready at the same time
        dossier = (
            "@prefix hrc: <https://w3id.org/hrcity/def/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        )
        dossier += '<id/place/zz-rekaanville> a hrc:Place ; skos:prefLabel "Rekaanville (fictional)"@en .\n'
        (tmp_path / "data" / "governments" / "rekaanville.ttl").write_text(dossier, "utf-8")
        command = [sys.executable, "-m", "hrc_graph", "build", "--workspace", str(tmp_path)]
        built = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0]
        end = time.monotonic() + 20
        while server.get("health").json()["snapshot"] != built:
            assert time.monotonic() < end, "the server does not turn to the new snapshot"
            time.sleep(0.05)
        response = server.get("search?q=Rekaanville&format=json")
        assert response.headers["x-snapshot"] == built
        assert response.json()["results"][0]["id"] == fictional


@pytest.mark.parametrize(("language", "name"), [("id", "Acara"), ("es", "Evento"), ("fr", "Événement")])
def test_types_are_called_by_their_names_in_the_readers_language(server: Server, language: str, name: str) -> None:
    text = server.get("search", params={"q": "forum", "lang": language}, headers={"accept": "text/html"}).text
    assert re.search(rf">{name} \(\d+\)</a>", text)
    assert ">Event (" not in text


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "regency (Indonesia), South Sumatra"), ("fr", "régence"), ("id", "kabupaten, Provinsi")],
)
def test_what_is_found_is_described_in_the_readers_language(server: Server, language: str, said: str) -> None:
    text = server.get("search", params={"q": "lahat", "lang": language}, headers={"accept": "text/html"}).text
    assert f'<br><span class="quiet">{said}' in text


def test_what_is_found_by_another_name_is_called_as_its_readers_call_it(server: Server) -> None:
    text = server.get("search", params={"q": "lahat regency", "lang": "id"}, headers={"accept": "text/html"}).text
    assert re.search(r"Regency.*</a>\s*<span class=\"quiet\">\(en\)</span>\s* Pemerintah Kabupaten Lahat", text)
