"""What a new reader comes for, done in Chromium: from the front page, by the names that are seen, in five clicks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.conftest import Server, serving

pytestmark = pytest.mark.slow
_MOST = 5


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """`hrc serve` on the shipped data."""
    with serving() as running:
        yield running


@dataclass
class Reader:
    """Somebody at the front page who clicks on what is written there."""

    page: Page
    clicks: int = 0
    errors: list[str] = field(default_factory=list)

    def click(self, name: str, within: str = "") -> None:
        """Click on a link or button by its visible name, in the page or in the part with that heading or label."""
        place: Page | Locator = self.page
        if within:
            region = self.page.get_by_role("region", name=within, exact=True)
            place = region.or_(self.page.get_by_role("navigation", name=within, exact=True)).first
        link = place.get_by_role("link", name=name, exact=True).or_(place.get_by_role("button", name=name, exact=True))
        self._click(link.first)

    def unfold(self, within: str) -> None:
        """Open what a part with that heading keeps folded."""
        self._click(self.page.get_by_role("region", name=within, exact=True).locator("summary").first)

    def _click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1
        self.page.wait_for_load_state()
        assert self.clicks <= _MOST, "more clicks than a reader will do"

    def search(self, text: str) -> None:
        """Write into the search box of the header and search."""
        box = self.page.get_by_role("searchbox").first
        box.fill(text)
        self._click(self.page.get_by_role("banner").get_by_role("button", name="Search"))

    def filter(self, text: str) -> None:
        """Narrow a list by a name."""
        self.page.get_by_label("Name in any language").fill(text)
        self.click("Filter")

    def reads(self, *words: str) -> None:
        """The words are there to be seen."""
        text = " ".join(self.page.get_by_role("main").inner_text().split())
        for word in words:
            assert word in text, f"{word!r} is not in {text[:2000]!r}"

    @property
    def rows(self) -> list[str]:
        """The first column of the table of a list."""
        return self.page.locator("main table tbody tr td:first-child").all_inner_texts()


@pytest.fixture
def reader(server: Server, browser: Browser) -> Iterator[Reader]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", accept_downloads=True)
    reading = Reader(context.new_page())
    reading.page.on("console", lambda told: reading.errors.append(told.text) if told.type == "error" else None)
    reading.page.goto(server.url)
    yield reading
    assert not reading.errors
    context.close()


def test_which_indonesian_governments_enacted_a_rule_of_their_own(reader: Reader) -> None:
    reader.click("Governments", "Main")
    reader.click("Indonesia", "Country")
    reader.click("enacted", "Mode of commitment")
    assert "Lampung Timur Regency Government" in [row.strip() for row in reader.rows]
    reader.click("Lampung Timur Regency Government")
    reader.reads("Regent Regulation of Lampung Timur No. 48 of 2016", "enacted", "paragraph 4")


def test_who_signed_the_european_charter_in_italy(reader: Reader) -> None:
    reader.click("Texts", "Main")
    reader.click("European Charter for the Safeguarding of Human Rights in the City")
    reader.click("Narrow them in the list")
    reader.click("Italy", "Country")
    reader.click("signed", "Mode of commitment")
    signed = reader.rows
    assert any("Venice" in name for name in signed)
    assert 5 < len(signed) < 12


def test_download_all_awards_of_2020_as_excel(reader: Reader, server: Server, tmp_path: Path) -> None:
    reader.click("Awards", "Main")
    reader.click("2020", "Year")
    with reader.page.expect_download() as waiting:
        reader.page.get_by_role("link", name="XLSX", exact=True).click()
    waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
    book = openpyxl.load_workbook(tmp_path / waiting.value.suggested_filename)
    counted = server.rows(
        "PREFIX hrc: <https://w3id.org/hrcity/def/> SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE "
        "{ ?a a hrc:Award ; hrc:earliest ?day FILTER (YEAR(?day) = 2020) }"
    )
    assert len(list(book["results"].values)) - 1 == int(counted[0]["n"])


def test_what_speaks_against_2014_for_the_gwangju_principles(reader: Reader) -> None:
    reader.search("Gwangju Guiding Principles")
    reader.click("Gwangju Guiding Principles for a Human Rights City")
    reader.reads("Where sources disagree", "2013", "2011", "deprecated", "other instrument", "preferred")


def test_how_do_we_know_that_vienna_is_a_city_of_human_rights(reader: Reader) -> None:
    reader.click("Governments", "Main")
    reader.filter("Wien")
    reader.click("City of Vienna")
    reader.reads("Declaration: Vienna – City of Human Rights", "2014-12-19")
    out = reader.page.get_by_role("link", name=re.compile("web page")).first
    assert (out.get_attribute("href") or "").startswith("http")


def test_who_spoke_at_the_world_forum_of_2017(reader: Reader) -> None:
    reader.click("Events", "Main")
    reader.unfold("Year")
    reader.click("2017", "Year")
    reader.click("World Human Rights Cities Forum 2017")
    reader.reads("Who took part", "speaker", "Lampung Timur Regency Government")
    assert "of them" not in reader.page.inner_text("main"), "who came without a government is not of all of them"


def test_in_which_countries_nobody_is_known_to_act_on_housing(reader: Reader) -> None:
    reader.click("Themes", "Main")
    reader.filter("housing")
    reader.click("Right to housing")
    reader.reads("Where nobody is known to act on it", "Governments recorded there", "Treaty articles")


def test_how_a_record_is_cited(reader: Reader) -> None:
    reader.click("Governments", "Main")
    reader.filter("Barcelona")
    reader.click("Barcelona City Council")
    reader._click(reader.page.get_by_text("BibTeX", exact=True).first)
    assert "@misc{" in reader.page.locator("aside pre").inner_text()


def test_take_the_query_of_a_list_on_to_the_endpoint(reader: Reader) -> None:
    reader.click("Governments", "Main")
    reader.click("Republic of Korea", "Country")
    reader.click("Show the SPARQL")
    assert "place:kr" in reader.page.content()
    assert reader.page.url.partition("?")[0].endswith("/sparql")


def test_read_it_all_in_indonesian(reader: Reader) -> None:
    reader._click(reader.page.locator('a[hreflang="id"]').first)
    reader._click(reader.page.locator('nav.main a[href^="/governments"]'))
    reader._click(reader.page.get_by_role("link", name="Indonesia", exact=True).first)
    assert "Pemerintah Kabupaten Bojonegoro" in [row.strip() for row in reader.rows] or any(
        row.strip().startswith("Kabupaten") for row in reader.rows
    )
    assert reader.page.locator("html").get_attribute("lang") == "id"


def test_which_disagreements_are_about_dates(reader: Reader) -> None:
    reader.click("Where sources disagree", "More")
    reader.click("date", "What")
    assert len(reader.rows) > 15
    reader._click(reader.page.locator("main table tbody tr").first.get_by_role("link", name="date"))
    reader.reads("What each source says", "About", "normal")


def test_a_wrong_turn_leads_on(reader: Reader, server: Server) -> None:
    reader.search("Atlantis Xyzzy")
    reader.reads("Try fewer words")
    reader.click("Governments", "Main")
    reader.filter("Gwangju")
    assert reader.rows
