"""The front page, the map and the line of time, through the server: numbers are answers, drawings have tables."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit
from xml.etree import ElementTree

import pytest

from hrc_graph import guard, namespaces
from tests.conftest import ROOT, Server, serving
from tests.test_hostile import LABELS, inert, turtle

SVG = "{http://www.w3.org/2000/svg}"
PAGE = {"accept": "text/html"}
PAGES = (
    "",
    "map",
    "map?country=id",
    "map?view=europe&mode=signed",
    "map?view=-5,39,4,43",
    "timeline",
    "timeline?show=commitments&country=kr",
    "timeline?show=events",
    "timeline?show=texts",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def page(server: Server, path: str, **asked: str) -> str:
    answer = server.get(path, headers=PAGE | asked)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(server: Server, name: str, **given: str) -> list[dict[str, str]]:
    """The answer of a question, as its CSV has it."""
    return list(csv.DictReader(io.StringIO(server.get(f"queries/{name}", params=given | {"format": "csv"}).text)))


def drawings(text: str) -> dict[str, ElementTree.Element]:
    """The drawings of a page by their ids, each read as XML."""
    found = re.findall(r'<svg xmlns="[^"]*" id="([^"]+)".*?</desc>', text, re.DOTALL)
    return {ident: ElementTree.fromstring(_whole(text, ident)) for ident in found}


def _whole(text: str, ident: str) -> str:
    """The text of a drawing, to the end that belongs to its beginning."""
    start = text.index(f'<svg xmlns="http://www.w3.org/2000/svg" id="{ident}"')
    depth = 0
    for tag in re.finditer(r"<(/?)svg\b", text[start:]):
        depth += -1 if tag[1] else 1
        if not depth:
            return text[start : start + tag.end()] + ">"
    raise AssertionError(f"{ident} does not end")


def section(text: str, name: str) -> str:
    return text.split(f'<section aria-labelledby="{name}">')[1].split("</section>")[0]


def linked(text: str, question: str) -> list[int]:
    """The numbers that link to a question."""
    return [int(number) for number in re.findall(rf'<a href="/queries/{question}">(\d+)</a>', text)]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "id", "es", "fr"])
def test_each_page_is_inert_and_its_drawings_are_xml(server: Server, path: str, language: str) -> None:
    text = page(server, path, **{"accept-language": language})
    assert "<script" not in text
    assert inert(text).text
    drawn = drawings(text)
    assert drawn
    for ident in drawn:
        assert text.count(f'id="{ident}"') == 1
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_bars_of_the_campaign_are_the_answer_of_their_question(server: Server) -> None:
    text = section(page(server, ""), "campaign")
    asked = sorted(rows(server, "waves-against-their-targets"), key=lambda row: int(row["wanted"]))
    assert [row["wanted"] for row in asked] == ["10", "100", "1000"]
    assert linked(text, "waves-against-their-targets") == [int(row["governments"]) for row in asked]
    others = [int(row["joined"]) - int(row["governments"]) for row in asked]
    assert linked(text, "members-by-kind") == [number for number in others if number]
    untold = next(row for row in rows(server, "members-by-wave") if not row["wave"])
    assert linked(text, "members-by-wave") == [int(untold["governments"])]
    for number, row in enumerate(asked):
        told = " ".join(title.text or "" for title in drawings(text)[f"goal-{number}"].iter() if "title" in title.tag)
        assert f"count: {row['governments']}" in told


def test_the_numbers_at_the_top_are_those_of_their_questions(server: Server) -> None:
    text = page(server, "").split("<section")[0]
    countries, modes = rows(server, "commitments-by-country"), rows(server, "commitments-by-mode")
    assert linked(text, "commitments-by-country") == [sum(int(row["governments"]) for row in countries), len(countries)]
    assert linked(text, "commitments-by-mode") == [sum(int(row["commitments"]) for row in modes)]
    things = {row["name"]: int(row["things"]) for row in rows(server, "things-by-class")}
    for name, number in (("sources", things["Source"]), ("awards", things["Award"])):
        assert f'<a href="/{name}">{number}</a>' in text
        assert f"of {number:,}" in page(server, name)
    undecided = {(row["thing"], row["property"]) for row in rows(server, "undecided-contradictions")}
    assert linked(text, "undecided-contradictions") == [len(undecided)]


def test_what_is_not_known_is_told_and_counted(server: Server) -> None:
    text = section(page(server, ""), "unknown")
    prologue = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in namespaces.prefixes().items())
    located = "?c a hrc:Commitment ; hrc:actor ?g . ?g a hrc:LocalGovernment . "
    (without,) = server.rows(
        f"{prologue} SELECT (COUNT(DISTINCT ?g) AS ?n) {{ {located} "
        "MINUS { ?g hrc:primaryPlace/geo:hasDefaultGeometry ?p } }"
    )
    (undated,) = server.rows(
        f"{prologue} SELECT (COUNT(?c) AS ?n) {{ ?c a hrc:Commitment MINUS {{ ?c hrc:date ?d }} }}"
    )
    assert linked(text, "commitments-by-country") == [int(without["n"])]
    assert linked(text, "commitments-by-mode") == [int(undated["n"])]


def test_each_new_commitment_leads_to_its_record_and_its_source(server: Server) -> None:
    text = section(page(server, ""), "newest")
    newest = list(dict.fromkeys(row["commitment"] for row in rows(server, "latest-commitments")))[:6]
    assert re.findall(r'href="(/id/act/[^"]+)"', text) == [namespaces.path(iri) for iri in newest]
    assert len(re.findall(r'href="/id/source/', text)) == 6


def test_both_sides_of_a_contradiction_stand_with_their_sources(server: Server) -> None:
    text = section(page(server, ""), "contested")
    row = rows(server, "undecided-contradictions")[0]
    for told in (row["title"], row["value"], row["contrary"], namespaces.path(row["citation"])):
        assert html.escape(told, quote=False) in text or html.escape(told) in text
    assert namespaces.path(row["contrary_citation"]) in text


def test_columns_and_their_table_say_what_the_question_says(server: Server) -> None:
    text = section(page(server, ""), "numbers")
    asked = [row for row in rows(server, "commitments-by-year") if int(row["year"] or 0) >= 1990]
    titles = {title.text for title in drawings(text)["years"].iter(f"{SVG}title")}
    assert {f"{row['year']}, {row['how']}: {row['commitments']}" for row in asked} <= titles
    assert sum(int(row["commitments"]) for row in asked) == sum(
        int(title.rpartition(": ")[2]) for title in titles if title and ", " in title
    )


def test_following_the_numbers_of_a_map_one_comes_to_each_government_that_is_located(server: Server) -> None:
    data = server.get("map?format=geojson&country=es")
    assert data.headers["content-type"].startswith("application/geo+json")
    features = data.json()["features"]
    located = {feature["id"] for feature in features if feature["geometry"]}
    spain = next(row for row in rows(server, "commitments-by-country") if row["country"].endswith("/es"))
    assert len(located) == int(spain["located"])
    assert len(features) == int(spain["governments"])
    seen, views = set(), ["/map?country=es"]
    for view in views:
        targets = [link.attrib["href"] for link in drawings(page(server, view))["map"].iter(f"{SVG}a")]
        assert len(targets) == len(set(targets))
        views += [each for each in targets if each.startswith("/map") and each not in views]
        seen |= {each for each in targets if not each.startswith("/map")}
        assert len(views) < 40
    assert seen == {namespaces.path(iri) for iri in located}


AWARDED = "?thing a hrc:Award ; hrc:earliest ?day ; hrc:recipient/hrc:primaryPlace ?place FILTER (YEAR(?day) = 2020)"
WITHIN = "dcterms:spatial ?place . ?place hrc:partOf* <https://w3id.org/hrcity/id/place/kr>"
NOWHERE = "?thing a hrc:LocalGovernment ; hrc:primaryPlace ?place FILTER (false)"


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("awards?year=2020", AWARDED),
        ("events?country=place:kr&q=world", f"?thing a hrc:Event ; {WITHIN}"),
        ("instruments?country=place:kr", f"?thing a/rdfs:subClassOf* hrc:Instrument ; {WITHIN}"),
        ("governments?award=aim:kkp-ham&country=place:it", NOWHERE),
    ],
)
def test_the_map_of_a_list_has_exactly_what_is_chosen_and_has_a_place(server: Server, path: str, pattern: str) -> None:
    chosen = {next(iter(row.values())) for row in csv.DictReader(io.StringIO(server.get(f"{path}&format=csv").text))}
    query = f"SELECT DISTINCT ?thing {{ {pattern} . ?place geo:hasDefaultGeometry ?point }}"
    located = {row["thing"] for row in server.rows(guard.prefixed(query, namespaces.BASE))} & chosen
    assert bool(located) == (pattern != NOWHERE)
    assert ("on a map" in page(server, path)) == bool(located)
    seen, views = set(), [f"/{path}&view=all"]
    for view in views:
        for drawing in drawings(page(server, view)).values():
            targets = [urljoin(view, link.attrib["href"]) for link in drawing.iter(f"{SVG}a")]
            assert len(targets) == len(set(targets))
            views += [each for each in targets if "view=" in each and each not in views]
            seen |= {each for each in targets if "view=" not in each}
        assert len(views) < 60
    assert seen == {namespaces.path(iri) for iri in located}


@pytest.mark.parametrize("asked", ["", "country=kr", "mode=signed", "year=2010", "country=fr&mode=joined&year=2022"])
def test_what_a_page_shows_is_what_its_query_finds(server: Server, asked: str) -> None:
    text = page(server, f"map?{asked}")
    queries = {
        parse_qs(urlsplit(html.unescape(link)).query)["query"][0]
        for link in re.findall(r'href="(/sparql\?[^"]*)"', text)
    }
    (query,) = queries
    found = server.rows(query)
    table = text.split("<tbody>")[1]
    assert set(re.findall(r'href="(/id/act/[^"]+)"', table)) == {namespaces.path(row["commitment"]) for row in found}
    on_line = page(server, f"timeline?show=commitments&{asked}").split("<tbody>")[1]
    dated = {namespaces.path(row["commitment"]) for row in found if "date" in row}
    assert set(re.findall(r'href="(/id/act/[^"]+)"', on_line)) == dated


def test_the_line_of_time_has_each_date_of_its_question(server: Server) -> None:
    for show, kind in (("milestones", "hrc:Milestone"), ("events", "hrc:Event")):
        text = page(server, f"timeline?show={show}")
        asked = rows(server, "timeline", **{"class": kind})
        links = [link.attrib["href"] for link in drawings(text)["time"].iter(f"{SVG}a")]
        assert sorted(links) == sorted(namespaces.path(row["thing"]) for row in asked)
        assert text.split("<tbody>")[1].count("<tr>") == len(asked)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("map?country=atlantis", "country"),
        ("map?mode=%3Cscript%3E", "mode"),
        ("map?year=soon", "year"),
        ("map?view=1,2", "view"),
        ("events?view=nowhere", "view"),
        ("themes?view=all", "does not narrow themes"),
        ("timeline?show=secrets", "milestones"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(server: Server, path: str, hint: str) -> None:
    answer = server.get(path, headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert hint in answer.text
    assert "<script>" not in server.get(path, headers=PAGE).text


@pytest.mark.parametrize("path", ["", "map?country=es", "timeline"])
def test_a_page_is_kept_until_the_snapshot_or_the_language_changes(server: Server, path: str) -> None:
    first = server.get(path, headers=PAGE)
    tag = first.headers["etag"]
    assert server.get("health").json()["snapshot"] in tag
    assert server.get(path, headers=PAGE | {"if-none-match": tag}).status_code == 304
    assert server.get(path, headers=PAGE | {"if-none-match": tag, "accept-language": "id"}).status_code == 200
    assert server.get(path, headers=PAGE).text == first.text


def test_links_of_drawings_stay_in_the_chosen_language(server: Server) -> None:
    for path, ident in (("?lang=fr", "world"), ("map?lang=fr", "map"), ("timeline?lang=fr", "time")):
        links = [link.attrib["href"] for link in drawings(page(server, path))[ident].iter(f"{SVG}a")]
        assert links
        assert all("lang=fr" in link for link in links)


FICTIONAL = """
place:xx-fictional-{n} a hrc:Place ; skos:prefLabel {label}@en ; hrc:cites cite:fictional--p1 ;
  geo:hasDefaultGeometry <id/place/xx-fictional-{n}/point> .
<id/place/xx-fictional-{n}/point> a geo:Geometry ; geo:asWKT "POINT({n}0.5 -5.1)"^^geo:wktLiteral .
gov:xx-fictional-{n} a hrc:LocalGovernment ; skos:prefLabel {label}@en ; hrc:primaryPlace place:xx-fictional-{n} ;
  hrc:cites cite:fictional--p1 .
act:xx-fictional-{n}--joined a hrc:Commitment ; hrc:actor gov:xx-fictional-{n} ; hrc:mode mode:joined ;
  hrc:under aim:campaign-10-100-1000 ; hrc:date "2026-1{n}-0{n}"^^edtf:EDTF ; hrc:cites cite:fictional--p1 .
milestone:fictional-{n} a hrc:Milestone ; skos:prefLabel {label}@en ; hrc:date "202{n}"^^edtf:EDTF ;
  hrc:cites cite:fictional--p1 .
"""


@pytest.mark.slow
def test_hostile_names_are_only_names_in_every_drawing(tmp_path: Path) -> None:
    for folder in ("ontology", "queries", "data"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    known = namespaces.prefixes("")
    text = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in known.items())
    labels = [label for label in LABELS if "{{" not in label][:3]
    for number, label in enumerate(labels):
        text += FICTIONAL.replace("{n}", str(number)).replace("{label}", turtle(label))
    text = text.replace('"2026-10-00"', '"2026-10-09"')
    (tmp_path / "data" / "governments" / "xx").mkdir()
    (tmp_path / "data" / "governments" / "xx" / "fictional.ttl").write_text(text, "utf-8")
    with serving(workspace=tmp_path) as hostile:
        for path in ("", "map", "timeline", "timeline?show=commitments", "timeline?show=commitments&mode=joined"):
            shown = page(hostile, path)
            assert inert(shown).text
            assert drawings(shown)
            assert labels[0] in inert(shown).text
