"""A fictional regency joins: from its application to the public page and back, by keyboard, and without scripts."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.settings import Settings
from tests.conftest import serving
from tests.office import PASSWORD, PERSON, Office
from tests.past import state_a

GOVERNMENT = "gov/id-lampung-timor"
WAVE = "https://w3id.org/hrcity/id/aim/campaign-10-100-1000-wave-3"
NEEDED = ("governments/id/id", "governments/id/lampung-timur", "instruments/global-charter-agenda-2011")
LAW = "Peraturan Bupati Lampung Timor Nomor 7 Tahun 2024 tentang Kabupaten Ramah HAM"
STANDS = """
PREFIX hrc: <https://w3id.org/hrcity/def/>
SELECT ?under ?source WHERE {
  ?act hrc:actor <https://w3id.org/hrcity/id/%s> ; hrc:under ?under ; hrc:cites/hrc:source ?source }"""


class Hand:
    """Somebody at a page, with a mouse."""

    def __init__(self, page: Page, folder: Path | None) -> None:
        self.page = page
        self._folder = folder
        self._number = 0

    def fill(self, field: str, text: str) -> None:
        self._at(field)
        self.page.locator(field).fill(text)

    def pick(self, field: str, label: str) -> None:
        self._at(field)
        self.page.locator(field).select_option(label=label)

    def press(self, what: str) -> None:
        """A button or link that leads to another page."""
        self._at(what)
        with self.page.expect_navigation():
            self.page.locator(what).click()
        self.look()

    def tick(self, what: str) -> None:
        self._at(what)
        self.page.locator(what).check()

    def look(self) -> None:
        """Keep what is seen, where somebody wants to look at it."""
        if self._folder:
            self._number += 1
            self.page.screenshot(path=self._folder / f"{self._number:02}.png", full_page=True)

    def _at(self, what: str) -> None:
        """Open what it lies in."""
        for summary in self.page.locator(what).locator("xpath=ancestor::details[not(@open)]/summary").all():
            summary.click()


class Keys(Hand):
    """Somebody who has a keyboard only."""

    def fill(self, field: str, text: str) -> None:
        self._to(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def pick(self, field: str, label: str) -> None:
        self._to(field)
        self.page.keyboard.type(label)
        assert self.page.locator(field).locator("option:checked").inner_text() == label

    def press(self, what: str) -> None:
        self._to(what)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.look()

    def tick(self, what: str) -> None:
        self._to(what)
        self.page.keyboard.press("Space")
        assert self.page.locator(what).is_checked()

    def _to(self, what: str) -> None:
        """Go there with the Tab key alone, round the page at most once; open what it lies in on the way."""
        found = self.page.locator(what)
        assert found.count() == 1, f"{what}: {found.count()}"
        target = found.element_handle()  # found once, not anew after each key
        for _ in range(400):
            where = target.evaluate(_WHERE)
            if where == "there":
                return
            if where == "shut":
                self.page.keyboard.press("Enter")
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} is not reached by the Tab key")


_WHERE = """one => {
  const at = document.activeElement;
  if (one === at) return "there";
  if (one.type === "radio" && at.name === one.name) return one.focus(), "there";
  return at.tagName === "SUMMARY" && !at.parentElement.open && at.parentElement.contains(one) ? "shut" : "";
}"""
"""Whether one is there, or at what has to be opened. Within a group of radio buttons one goes on with the arrows."""


@pytest.fixture(params=["by keyboard alone", "without scripts"])
def hand(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Hand]:
    """Somebody with a browser in Indonesian. With HRC_SCREENSHOTS it says where to keep what is seen."""
    scripts = request.param == "by keyboard alone"
    context = browser.new_context(locale="id-ID", java_script_enabled=scripts, viewport={"width": 1200, "height": 900})
    folder = os.environ.get("HRC_SCREENSHOTS")
    kept = Path(folder) / request.param.replace(" ", "-") if folder else None
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield (Keys if scripts else Hand)(page, kept)
    context.close()
    assert wrong == []


@pytest.mark.slow
def test_a_regency_joins_and_the_acceptance_is_undone(hand: Hand, tmp_path: Path) -> None:
    past = state_a(tmp_path, *NEEDED)
    with serving(workspace=past.root) as server:
        office = Office(server, past.root, open_desk(past.root, Settings()))
        secretary, reviewer = (office.account(role, PASSWORD) for role in (Role.editor, Role.reviewer))
        reference = apply(hand, office)
        sign_in(hand, office, secretary.email)
        link(hand, reference)
        sign_out(hand)
        assert office.desk.applications.get(reference).state == "in-review"
        assert server.get(f"doc/{GOVERNMENT}").status_code == 404

        sign_in(hand, office, reviewer.email)
        hand.press(f"a[href='/desk/applications/{reference}']")
        hand.fill("#why", "Kedua sumber sudah dibaca.")
        hand.press("button[value=accepted]")
        assert hand.page.locator("main .badge").first.inner_text() in ("accepted", "diterima")

        until(lambda: server.get(f"doc/{GOVERNMENT}").status_code == 200)
        hand.page.goto(f"{server.url}doc/{GOVERNMENT}")
        hand.look()
        told = hand.page.inner_text("main")
        assert LAW in told
        assert "Piagam" in told
        rows = server.rows(STANDS % GOVERNMENT)
        assert {row["under"].rpartition("/")[2][:21] for row in rows} == {
            "campaign-10-100-1000", "global-charter-agenda", "id-peraturan-bupati-l",
        }  # fmt: skip
        assert len({row["source"] for row in rows}) == 2
        assert "Lampung Timor" in server.get("feeds/changes.atom").text
        dump = server.get("dumps/hrcity.nq").text
        assert len(re.findall(rf"id/{GOVERNMENT}> ", dump)) > 3
        assert "https://lampungtimor.example/perbup-7" in dump
        assert not any(private in dump for private in PERSON.values())

        hand.page.goto(f"{server.url}desk/applications/{reference}")
        hand.fill("#why", "Diterima terlalu cepat.")
        hand.press("button[value=undo]")
        assert office.desk.applications.get(reference).state == "in-review"
        until(lambda: server.get(f"doc/{GOVERNMENT}").status_code == 404)
        assert server.rows(STANDS % GOVERNMENT) == []
        hand.page.goto(f"{server.url}desk/changes")
        hand.look()
        hand.page.goto("about:blank")  # what it still loads is not to miss the server
        assert office.desk.audit.broken() == []
        office.desk.database.close()


def apply(hand: Hand, office: Office) -> str:
    """The regency asks, as a stranger does."""
    page = hand.page
    page.goto(f"{office.server.url}join")
    opened = time.monotonic()
    hand.fill("#government", "Pemerintah Kabupaten Lampung Timor")
    hand.fill("#place", "Kabupaten Lampung Timor")
    hand.pick("#country", "Indonesia")
    hand.pick(
        "#instrument-0", page.locator("#instrument-0 option[value='text:global-charter-agenda-2011']").inner_text()
    )
    hand.pick("#mode-0", page.locator("#mode-0 option[value='mode:signed']").inner_text())
    hand.fill("#date-0", "2025-03")
    hand.fill("#evidence-0", "https://lampungtimor.example/piagam")
    for name, text in PERSON.items():
        hand.fill(f"#{name}", text)
    hand.tick("[name=consent]")
    time.sleep(max(0.0, 3.2 - (time.monotonic() - opened)))  # nobody fills it in more quickly
    hand.press("main form p.actions button[value=send]")
    return page.inner_text("#reference")


def sign_in(hand: Hand, office: Office, email: str) -> None:
    hand.page.goto(f"{office.server.url}desk/sign-in")
    hand.fill("#email", email)
    hand.fill("#password", PASSWORD)
    hand.press("main form button:not(.second)")


def sign_out(hand: Hand) -> None:
    hand.press("form[action='/desk/sign-out'] button")


def link(hand: Hand, reference: str) -> None:
    """The secretary: the place, the wave, two texts, two sources."""
    page = hand.page
    hand.press(f"a[href='/desk/applications/{reference}']")
    hand.press("button[value=in-review]")
    hand.tick("[name='place.chosen'][value=new]")
    hand.press("#place > p.actions button[value=check]")
    doubles = page.inner_text("#places .notice")
    assert "Lampung Timur" in doubles
    hand.press("button[value=different]")
    hand.fill("[id='place.name']", "Lampung Timor")
    hand.pick("[id='place.language']", "Bahasa Indonesia")
    hand.pick("[id=wave]", page.locator(f"#wave option[value='{WAVE}']").inner_text())
    hand.fill("[id='wave.date']", "Mei 2025")
    hand.fill("[id='passage0.title']", "Bupati menandatangani Piagam")
    hand.press("button[value=passage]")
    hand.fill("[id='passage1.source']", "https://lampungtimor.example/perbup-7")
    hand.fill("[id='passage1.title']", "Peraturan Bupati Nomor 7 Tahun 2024")
    hand.fill("[id='passage1.locator']", "Pasal 2")
    hand.press("button[value=text]")
    hand.fill("[id='text1.under']", LAW)
    hand.pick("[id='text1.mode']", page.locator("[id='text1.mode'] option[value=enacted]").inner_text())
    hand.fill("[id='text1.date']", "2024")
    hand.pick("[id='text1.new']", page.locator("[id='text1.new'] option[value=Regulation]").inner_text())
    hand.tick("[name='text1.own']")
    hand.press("#passages + p button[value=check]")
    assert page.locator("#screen .error").all_inner_texts() == []
    assert LAW in page.inner_text("#preview")
    assert "Mei 2025" in page.inner_text("#preview")
    hand.press("button[value=save]")


def until(holds: object, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
