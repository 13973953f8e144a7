"""The lists that facets narrow, and the pages of things, on the real server with the shipped data."""

from __future__ import annotations

import csv
import html
import html.parser
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import openpyxl
import pytest
import rdflib

from hrc_graph import namespaces
from hrc_graph.facets import Choice, Index
from hrc_graph.listings import GOVERNMENTS, LISTINGS
from tests.conftest import Server, serving

PREFIXES = "".join(
    f"PREFIX {prefix}: <{iri}>\n"
    for prefix, iri in {
        "hrc": "https://w3id.org/hrcity/def/",
        "dcterms": "http://purl.org/dc/terms/",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "mode": "https://w3id.org/hrcity/vocab/mode/",
        "kind": "https://w3id.org/hrcity/vocab/kind/",
        "place": "https://w3id.org/hrcity/id/place/",
        "text": "https://w3id.org/hrcity/id/text/",
        "aim": "https://w3id.org/hrcity/id/aim/",
        "theme": "https://w3id.org/hrcity/vocab/theme/",
    }.items()
)
CONTINENT = "hrc:partOf+ ?value . ?value dcterms:type kind:continent"
COUNTRY = "?g hrc:primaryPlace/hrc:partOf* ?value . ?value dcterms:type kind:country ."


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """`hrc serve` on the shipped data, with the limits that it has."""
    with serving() as running:
        yield running


class Listed(html.parser.HTMLParser):
    """What a page of a list shows: its rows, its facets with their counts, its chips, its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.facets: dict[str, dict[str, int]] = {}
        self.links: dict[str, str] = {}
        self.chips: list[str] = []
        self.languages: list[str] = []
        self.status = ""
        self._facet, self._value, self._link, self._text = "", "", "", ""
        self._in = ""
        self.feed(text)
        found = re.search(r"(\d[\d,.\u202f]*)(?: in all| seluruhnya| au total|$)", self.status.split("(")[0].strip())
        self.total = int(re.sub(r"\D", "", found[1])) if found else 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "section" and given.get("aria-labelledby", "").startswith("facet-"):
            self._facet = given["aria-labelledby"].removeprefix("facet-")
            self.facets[self._facet] = {}
        if tag == "a":
            self._link, self._text = given["href"], ""
            if self._facet:
                pairs = [value for name, value in parse_qsl(urlsplit(given["href"]).query) if name == self._facet]
                self._value = " ".join(pairs)
        if tag == "span" and given.get("class") == "number" and self._facet:
            self._in = "count"
        if tag in ("p", "div") and given.get("role") == "status":
            self._in = "status"
        if tag == "ul" and given.get("class") == "chips":
            self._in = "chips"
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
            self._in = "cell"
            if "lang" in given:
                self.languages.append(given["lang"])
        if tag == "br" and self._in == "cell":
            self.rows[-1][-1] += "; "
        if "lang" in given and tag in ("a", "span") and self._in == "cell":
            self.languages.append(given["lang"])
        if tag == "small":
            self._in = "code" if self._in == "cell" else self._in

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._facet = ""
        if tag == "a":
            self.links[self._text.strip()] = self._link
            if self._in == "chips":
                self.chips.append(self._text)
            self._link = ""
        if tag == "small" and self._in == "code":
            self._in = "cell"
        elif tag in ("td", "p", "ul") or (tag == "span" and self._in == "count"):
            self._in = ""

    def handle_data(self, data: str) -> None:
        if self._link:
            self._text += data
        if self._in == "count" and self._facet:
            self.facets[self._facet][self._value] = int(data.replace(",", ""))
        if self._in == "status":
            self.status += data
        if self._in == "cell":
            self.rows[-1][-1] += data


def listed(server: Server, path: str) -> Listed:
    response = server.get(path, headers={"accept": "text/html"})
    assert response.status_code == 200, response.text
    return Listed(response.text)


def table(server: Server, path: str, format: str = "csv") -> list[dict[str, str]]:
    response = server.get(f"{path}{'&' if '?' in path else '?'}format={format}")
    assert response.status_code == 200, response.text
    assert response.headers["x-result-complete"] == "true"
    return list(csv.DictReader(io.StringIO(response.text)))


def pages(server: Server, path: str) -> Iterator[Listed]:
    number, last = 1, 1
    while number <= last:
        response = server.get(f"{path}{'&' if '?' in path else '?'}page={number}", headers={"accept": "text/html"})
        assert response.status_code == 200, response.text
        found = re.search(r"Page \d+ of (\d+)", response.text)
        last = int(found[1]) if found else 1
        yield Listed(response.text)
        number += 1


@pytest.mark.parametrize(
    ("path", "facet", "pattern"),
    [
        ("governments", "country", f"?g a hrc:LocalGovernment . {COUNTRY}"),
        ("governments", "continent", f"?g a hrc:LocalGovernment ; hrc:primaryPlace/{CONTINENT}"),
        (
            "governments?continent=place:europe&mode=mode:signed",
            "country",
            "?act hrc:actor ?g ; a hrc:Commitment ; hrc:mode mode:signed . ?g a hrc:LocalGovernment ; "
            f"hrc:primaryPlace/hrc:partOf* place:europe . {COUNTRY}",
        ),
        ("events", "continent", f"?g a hrc:Event ; dcterms:spatial/{CONTINENT}"),
        ("instruments", "continent", f"?g a/rdfs:subClassOf? hrc:Instrument ; dcterms:spatial/{CONTINENT}"),
        ("awards", "continent", f"?g a hrc:Award ; hrc:recipient/hrc:primaryPlace/{CONTINENT}"),
        (
            "governments?mode=mode:signed&country=place:it",
            "instrument",
            "?g a hrc:LocalGovernment ; hrc:primaryPlace/hrc:partOf* place:it . "
            "?act hrc:actor ?g ; a hrc:Commitment ; hrc:mode mode:signed ; hrc:under ?value",
        ),
        (
            "governments?instrument=text:european-charter-2000",
            "country",
            "?act hrc:actor ?g ; a hrc:Commitment ; hrc:under text:european-charter-2000 . "
            f"?g a hrc:LocalGovernment . {COUNTRY}",
        ),
        (
            "governments?country=place:id&award=aim:kkp-ham",
            "award-year",
            "?g hrc:primaryPlace/hrc:partOf* place:id . "
            "?a hrc:recipient ?g ; hrc:under aim:kkp-ham ; hrc:earliest ?day "
            "BIND (YEAR(?day) AS ?value)",
        ),
        (
            "governments?instrument=aim:campaign-10-100-1000",
            "wave",
            "?act hrc:actor ?g ; hrc:under aim:campaign-10-100-1000 ; hrc:inWave ?value . ?g a hrc:LocalGovernment",
        ),
        (
            "instruments?country=place:kr",
            "theme",
            "{ ?g hrc:theme ?value } UNION { ?g ^hrc:partOf/hrc:theme ?value } "
            "?g dcterms:spatial/hrc:partOf* place:kr ; a/rdfs:subClassOf? hrc:Instrument",
        ),
        (
            "themes?country=place:mx",
            "mode",
            "?act hrc:theme|(hrc:under/hrc:theme) ?g ; a hrc:Commitment ; hrc:mode ?value ; "
            "hrc:actor/hrc:primaryPlace/hrc:partOf* place:mx . ?g skos:inScheme <https://w3id.org/hrcity/vocab/theme>",
        ),
        ("events?country=place:id", "year", "?g a hrc:Event ; dcterms:spatial/hrc:partOf* place:id ; hrc:earliest ?day "
         "BIND (YEAR(?day) AS ?value)"),
        (
            "awards?year=2020",
            "kind",
            "?g a hrc:Award ; dcterms:type ?value ; hrc:earliest ?day FILTER (YEAR(?day) = 2020)",
        ),
        ("sources?kind=kind:press", "language", "?g a hrc:Source ; dcterms:type kind:press ; dcterms:language ?value"),
    ],
)  # fmt: skip
def test_the_counts_of_a_facet_are_those_of_a_query_written_by_hand(
    server: Server, path: str, facet: str, pattern: str
) -> None:
    asked = f"{PREFIXES} SELECT ?value (COUNT(DISTINCT ?g) AS ?n) WHERE {{ {pattern} }} GROUP BY ?value"
    right = {short(row["value"]): int(row["n"]) for row in server.rows(asked) if "value" in row}
    found = listed(server, path).facets.get(facet, {})
    assert found == right
    assert found


def short(iri: str) -> str:
    for prefix, start in {
        "place": "https://w3id.org/hrcity/id/place/",
        "text": "https://w3id.org/hrcity/id/text/",
        "aim": "https://w3id.org/hrcity/id/aim/",
        "mode": "https://w3id.org/hrcity/vocab/mode/",
        "kind": "https://w3id.org/hrcity/vocab/kind/",
        "theme": "https://w3id.org/hrcity/vocab/theme/",
        "lang": "http://publications.europa.eu/resource/authority/language/",
    }.items():
        if iri.startswith(start):
            return f"{prefix}:{iri.removeprefix(start)}"
    return iri


CHOICES = (
    "governments?country=place:kr&lang=id",
    "governments?mode=mode:enacted&mode=mode:adopted&sort=-commitments",
    "governments?q=lampung",
    "governments?q=MONTREAL",
    "instruments?year=2016&sort=name",
    "themes?sort=-governments",
    "events?country=place:id&sort=date",
    "awards?year=2024",
    "awards?q=palembang&sort=recipient&lang=fr",
    "sources?kind=kind:letter&kind=kind:concept-note",
    "sources?q=%EA%B4%91%EC%A3%BC",
    "conflicts?property=hrc:date",
)


@pytest.mark.parametrize("path", CHOICES)
def test_a_file_has_exactly_the_rows_that_the_pages_show_in_their_order(server: Server, path: str) -> None:
    shown = [row for page in pages(server, path) for row in page.rows if row]
    rows = table(server, path)
    assert len(shown) == len(rows) == listed(server, path).total
    listing = LISTINGS[path.partition("?")[0]]
    names = [column.name for column in listing.columns]
    dates = {column.name for column in listing.columns if column.values == "date"}
    assert list(rows[0]) == [listing.one, *names]
    for cells, row in zip(shown, rows, strict=True):
        for name, cell in zip(names, cells, strict=True):
            plain = " ".join(cell.split()).replace(" ;", ";").replace(",", "")
            if name in dates:
                assert re.findall(r"\d{4}", plain) == re.findall(r"\d{4}", row[name])
            elif name != listing.linked or row[name]:
                assert plain == " ".join(row[name].split()).replace(",", ""), (name, row)


@pytest.mark.parametrize("path", ["governments?country=place:it", "awards?year=2020", "conflicts", "themes?q=housing"])
def test_every_format_and_the_sparql_that_is_shown_hold_the_same_things(server: Server, path: str) -> None:
    rows = {next(iter(row.values())) for row in table(server, path)}
    mark = "&" if "?" in path else "?"
    book = openpyxl.load_workbook(io.BytesIO(server.get(f"{path}{mark}format=xlsx").content))
    assert {line[0] for line in list(book["results"].values)[1:]} == rows
    turtle = server.get(f"{path}{mark}format=turtle")
    assert turtle.headers["content-type"].startswith("text/turtle")
    assert {str(subject) for subject in rdflib.Graph().parse(data=turtle.text, format="turtle").subjects()} == rows
    json = server.get(path, headers={"accept": "application/sparql-results+json"}).json()
    assert len(json["results"]["bindings"]) == len(rows)
    sparql = listed(server, path).links["Show the SPARQL"]
    query = dict(parse_qsl(urlsplit(sparql).query))["query"]
    assert {next(iter(row.values())) for row in server.rows(query)} == rows


def test_choices_of_an_act_must_hold_for_one_and_the_same_act() -> None:
    rows = [
        {"part": "thing", "thing": "a"}, {"part": "thing", "thing": "b"},
        {"part": "facet mode", "thing": "a", "node": "1", "value": "signed"},
        {"part": "facet year", "thing": "a", "node": "2", "value": "2020"},
        {"part": "facet mode", "thing": "b", "node": "3", "value": "signed"},
        {"part": "facet year", "thing": "b", "node": "3", "value": "2020"},
    ]  # fmt: skip
    index = Index(GOVERNMENTS, rows)
    assert index.chosen(Choice({"mode": ("signed",)})) == {"a", "b"}
    assert index.chosen(Choice({"mode": ("signed",), "year": ("2020",)})) == {"b"}
    year = GOVERNMENTS.facet("year")
    assert year
    assert index.counts(year, Choice({"mode": ("signed",)})) == {"2020": 1}


def test_a_chip_takes_its_choice_away_and_a_facet_link_adds_one(server: Server) -> None:
    page = listed(server, "governments?country=place:it&mode=mode:signed")
    assert len(page.chips) == 3
    without = server.get("governments" + page.links[page.chips[0]], headers={"accept": "text/html"})
    assert Listed(without.text).total > page.total
    more = listed(server, "governments" + page.links["Spain"])
    assert more.total > page.total
    assert any("Spain" in chip for chip in more.chips)


def test_names_are_in_the_readers_language_and_others_say_theirs(server: Server) -> None:
    page = listed(server, "governments?country=place:kr&lang=fr")
    assert "en" in page.languages
    assert "fr" not in page.languages
    text = server.get("governments?country=place:id&q=lampung+timur&lang=id", headers={"accept": "text/html"}).text
    assert "Pemerintah Kabupaten Lampung Timur" in text
    asked = server.get("instruments", headers={"accept": "text/html", "accept-language": "es"})
    assert asked.headers["content-language"] == "es"
    assert "Carta Europea de Salvaguarda de los Derechos Humanos en la Ciudad" in asked.text


def test_a_list_that_is_held_already_is_not_sent_again(server: Server) -> None:
    first = server.get("awards?year=2020", headers={"accept": "text/html"})
    assert "Accept-Language" in first.headers["vary"]
    again = server.get("awards?year=2020", headers={"accept": "text/html", "if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    other = server.get(
        "awards?year=2020&lang=id", headers={"accept": "text/html", "if-none-match": first.headers["etag"]}
    )
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("colour=blue", "colour"),
        ("year=soon", "soon"),
        ("country=%3Cx%3E", "country"),
        ("country=place:id%3E%20.%20%3Fs%20%3Fp%20%3Fo", "country"),
        ("sort=shoe-size", "shoe-size"),
        ("page=0", "page"),
        ("page=one", "page"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(server: Server, query: str, word: str) -> None:
    answer = server.get(f"governments?{query}", headers={"accept": "application/json"})
    assert answer.status_code == 400
    assert word in answer.json()["title"] + answer.json()["detail"]


@pytest.mark.parametrize("name", LISTINGS)
def test_hostile_words_are_only_words(server: Server, name: str) -> None:
    for text in ('"><script>alert(1)</script>', '\\") } DROP ALL #', "'; }", "[a-z]+(.*)", "%00\x01", "\u202e{{7*7}}"):
        path = f"{name}?{urlencode({'q': text})}"
        page = server.get(path, headers={"accept": "text/html"})
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert Listed(page.text).total == len(table(server, path)) == 0
        assert "Without" in page.text


def test_nothing_found_leads_on(server: Server) -> None:
    page = listed(server, "governments?country=place:it&award=aim:kkp-ham")
    assert page.total == 0
    assert sum("Without" in text for text in page.links) == 2
    missing = server.get("doc/gov/atlantis", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert 'href="/governments"' in missing.text


THINGS: dict[str, tuple[str, ...]] = {
    "gov/id-lampung-timur": ("Commitments", "Awards", "Took part in", "paragraph 4", "Lampung Province"),
    "gov/at-vienna": ("First step: the first hundred governments", "Wien", "preferred", "2014-12-19", "Graz"),
    "place/id-lampung": ("Places in it", "Indonesia"),
    "text/european-charter-2000": ("Who stands under it", "What it says", "Lyon", "signed"),
    "text/gwangju-guiding-principles": ("Principle 10", "2011", "2013", "deprecated", "other instrument"),
    "vocab/theme/right-to-housing": ("Treaty articles", "Development goals", "Where nobody is known to act on it"),
    "event/whrcf-2017": ("Who took part", "speaker", "Chusnunia", "Other editions"),
    "event/whrcf": ("Editions", "World Human Rights Cities Forum 2017"),
    "aim/campaign-10-100-1000": ("Waves", "1,000", "Goals", "Who joined", "Governments known to count"),
    "aim/kkp-ham": ("Awards by year", "2020", "What sources count"),
    "org/uclg": ("Took part in", "Its members and units"),
    "person/chusnunia": ("Acted for", "speaker"),
    "source/seed-003": ("What rests on it", "Its passages", "paragraph 5"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_the_page_of_a_thing_tells_what_people_ask_of_it(server: Server, thing: str) -> None:
    for language in ("en", "id"):
        answer = server.get(f"doc/{thing}.html?lang={language}")
        assert answer.status_code == 200, answer.text
    page = server.get(f"doc/{thing}.html").text
    before, _, record = page.partition("The record as data")
    assert record
    text = re.sub(r"<[^>]*>", "", before.partition("<main")[2])
    for words in THINGS[thing]:
        assert words in text, words
    assert f"snapshot {server.get('doc/' + thing).headers['x-snapshot']}" in text
    assert "@misc{" in text


def test_the_page_of_a_claim_shows_all_sides(server: Server) -> None:
    shown = server.get("conflicts?property=hrc:date&q=gwangju+guiding", headers={"accept": "text/html"}).text
    link = re.findall(r'href="(/id/claim/[^"]*)"', shown)[0]
    page = server.get(link.lstrip("/"), headers={"accept": "text/html"}, follow_redirects=True).text
    for words in ("What each source says", "2014-05-17", "2013", "2011", "preferred", "deprecated"):
        assert words in page


def test_governments_that_share_more_come_first(server: Server) -> None:
    page = server.get("doc/gov/at-vienna.html").text
    asked = f"""{PREFIXES} SELECT ?other (COUNT(DISTINCT ?both) AS ?n) WHERE {{
      ?a hrc:actor <https://w3id.org/hrcity/id/gov/at-vienna> ; a hrc:Commitment ; hrc:under ?both .
      ?b a hrc:Commitment ; hrc:under ?both ; hrc:actor ?other . ?other a hrc:LocalGovernment
      FILTER (?other != <https://w3id.org/hrcity/id/gov/at-vienna>) }} GROUP BY ?other ORDER BY DESC(?n) LIMIT 8"""
    right: list[dict[str, Any]] = server.rows(asked)
    least, most = int(right[-1]["n"]), [row["other"] for row in right if int(row["n"]) > int(right[-1]["n"])]
    assert least
    section = page.partition('id="similar"')[2].partition("</section>")[0]
    for iri in most:
        assert f'href="/id/{iri.partition("/id/")[2]}"' in section


def test_of_governments_that_share_as_much_those_of_the_same_country_come_first(server: Server) -> None:
    page = server.get("doc/gov/fr-nantes.html").text
    asked = f"""{PREFIXES} SELECT ?other WHERE {{
      ?a hrc:actor <https://w3id.org/hrcity/id/gov/fr-nantes> ; a hrc:Commitment ; hrc:under ?both .
      ?b a hrc:Commitment ; hrc:under ?both ; hrc:actor ?other . ?other a hrc:LocalGovernment ; hrc:primaryPlace ?at
      FILTER (?other != <https://w3id.org/hrcity/id/gov/fr-nantes>) BIND (EXISTS {{ ?at hrc:partOf place:fr }} AS ?near)
      }} GROUP BY ?other ?near ORDER BY DESC(COUNT(DISTINCT ?both)) DESC(?near) ?other LIMIT 8"""
    right = [row["other"].partition("/id/")[2] for row in server.rows(asked)]
    section = page.partition('id="similar"')[2].partition("</section>")[0]
    assert list(dict.fromkeys(re.findall(r'href="/id/(gov/[^"]+)"', section))) == right


def test_the_steps_above_a_government_narrow_the_list_to_the_continent_the_country_and_the_province(
    server: Server,
) -> None:
    page = server.get("doc/gov/id-lahat.html").text
    crumbs = page.partition('class="crumbs"')[2].partition("</nav>")[0]
    assert re.findall(r'href="/governments\?([^"]+)"', crumbs) == [
        "continent=place:asia",
        "country=place:id",
        "region=place:id-sumatera-selatan",
    ]


def test_an_iri_leads_on_in_the_language_that_its_address_chose(server: Server) -> None:
    answer = server.get("id/gov/at-vienna?lang=fr", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/doc/gov/at-vienna?lang=fr"


def test_a_file_is_called_what_was_chosen(server: Server) -> None:
    answer = server.get("governments?country=place:id&q=K%C3%B3ta&format=csv")
    assert 'filename="governments-country-id-Kota.csv"' in answer.headers["content-disposition"]


def drawing(page: str, ident: str) -> str:
    """The drawing of that id on a page; empty when there is none."""
    found = re.search(rf'<svg [^>]*id="{ident}".*?(?=</figure>)', page, re.DOTALL)
    return found[0] if found else ""


def test_a_line_of_time_has_every_dated_row_of_the_tables_below(server: Server) -> None:
    gov = "<https://w3id.org/hrcity/id/gov/id-lampung-timur>"
    rows = server.rows(f"""{PREFIXES} SELECT DISTINCT ?act ?date WHERE {{
      {{ ?act hrc:actor {gov} ; a hrc:Commitment ; hrc:date ?date }}
      UNION {{ ?act hrc:recipient {gov} ; a hrc:Award ; hrc:date ?date }}
      UNION {{ ?act hrc:actor {gov} ; a hrc:Participation ; hrc:at/hrc:date ?date }} }}""")
    line = drawing(server.get("doc/gov/id-lampung-timur.html").text, "line")
    assert len(rows) > 5
    assert line.count("<a href=") == len(rows)
    for row in rows:
        assert f'<a href="/{row["act"].removeprefix("https://w3id.org/hrcity/")}"' in line


def test_the_map_of_a_text_has_everybody_under_it_whose_place_is_known(server: Server) -> None:
    text = "<https://w3id.org/hrcity/id/text/european-charter-2000>"
    [row] = server.rows(f"""{PREFIXES} PREFIX geo: <http://www.opengis.net/ont/geosparql#>
      SELECT (COUNT(DISTINCT ?actor) AS ?n) WHERE {{ ?act a hrc:Commitment ; hrc:under {text} ; hrc:actor ?actor .
        ?actor hrc:primaryPlace/geo:hasDefaultGeometry/geo:asWKT ?point }}""")
    drawn = drawing(server.get("doc/text/european-charter-2000.html").text, "spread")
    together = sum(int(number) for number in re.findall(r"<title>(\d+) places", drawn))
    alone = len(re.findall(r'class="mark (?:other|member)"', drawn))
    assert together + alone == int(row["n"])


def test_a_place_is_on_its_own_small_map_and_one_without_coordinates_has_none(server: Server) -> None:
    assert "mark here" in drawing(server.get("doc/gov/at-vienna.html").text, "here")
    assert not drawing(server.get("doc/gov/id-lampung-timur.html").text, "here")


def test_bars_count_who_acts_on_a_theme_in_a_country(server: Server) -> None:
    theme = "<https://w3id.org/hrcity/vocab/theme/right-to-housing>"
    [row] = server.rows(f"""{PREFIXES} SELECT (COUNT(DISTINCT ?actor) AS ?n) WHERE {{
      ?act a hrc:Commitment ; hrc:theme|(hrc:under/hrc:theme) {theme} ; hrc:actor ?actor .
      ?actor hrc:primaryPlace/hrc:partOf* <https://w3id.org/hrcity/id/place/es> }}""")
    page = server.get("doc/vocab/theme/right-to-housing.html").text
    assert re.search(rf'Spain</a></th><td class="number">{row["n"]}</td>', page)


def test_every_table_of_a_page_is_to_be_had_as_csv(server: Server) -> None:
    page = server.get("doc/gov/at-vienna.html").text
    links = re.findall(r'href="(/sparql\?[^"]*format=csv)" download="([^"]*)"', page)
    assert len(links) == len(re.findall(r'<h2 id="(?!p-|evidence")[a-z]', page)) > 3  # evidence is a list of passages
    commitments = next(link for link, name in links if name == "gov-at-vienna-commitments.csv")
    rows = list(csv.DictReader(io.StringIO(server.get(html.unescape(commitments)).text)))
    assert len({row["key"] for row in rows}) == 5


def test_a_page_tells_the_newest_changes_of_its_dossier_and_where_the_others_are(server: Server) -> None:
    page = server.get("doc/gov/at-vienna.html").text
    listed = re.search(r'<ul class="history">(.*?)</ul>', page, re.DOTALL)
    assert listed
    link = re.search(r'href="(/feeds/\?dossier=[^"]*)"', page)
    assert link
    changes = server.get(html.unescape(link[1])).text
    whens = re.findall(r'<time datetime="([^"]*)"', listed[1])
    assert 1 <= len(whens) <= 5
    assert whens == sorted(whens, reverse=True)
    assert whens == re.findall(r'<section class="change".*?<time datetime="([^"]*)"', changes, re.DOTALL)[: len(whens)]
    versions = re.findall(r'href="(/version/[^"]*)"', changes)
    assert versions
    assert all("governments/at/vienna" in version for version in versions)


def test_an_answer_as_a_page_calls_our_things_by_their_names(server: Server) -> None:
    page = server.shown(
        "SELECT * { VALUES ?thing { <https://w3id.org/hrcity/id/gov/at-vienna> <https://example.org/x> } }"
    ).text
    assert 'title="https://w3id.org/hrcity/id/gov/at-vienna">City of Vienna</a>' in page
    assert ">https://example.org/x</a>" in page


@pytest.mark.parametrize("name", ["themes-by-country", "participants-of-an-edition", "known-only-from-the-press"])
def test_the_page_of_a_question_links_the_name_of_a_thing_and_has_no_second_column_for_it(
    server: Server, name: str
) -> None:
    text = server.get(f"queries/{name}", headers={"accept": "text/html"}).text
    rows = [
        [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall("<td.*?</td>", row)]
        for row in re.findall("<tr><td.*?</tr>", text.replace("\n", " "))
    ]
    answer = list(csv.reader(io.StringIO(server.get(f"queries/{name}?format=csv").text)))
    assert len(rows) == len(answer) - 1
    for row, told in zip(rows, answer[1:], strict=True):
        assert len(row) < len(told)
        assert set(row) >= {one for one in told if not one.startswith("https://")}
        for iri in filter(None, (namespaces.path(one) for one in told)):
            assert f'href="{iri}"' in text
