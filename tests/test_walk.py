"""Every page in Chromium, in each language, narrow and wide, light and dark: nothing breaks, nothing calls out.

Where `HRC_SCREENSHOTS` names a folder, what was seen is kept there as pictures, to be looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FloatRect, Page

import hatch_build
from hrc_graph.drawing import land
from hrc_graph.listings import LISTINGS
from hrc_graph.web.languages import LANGUAGES
from tests import office
from tests.conftest import CHROMIUM, ROOT, Server
from tests.test_studio import COUNTS

AXE: Final = ROOT / hatch_build.SOURCES / "node_modules/axe-core/axe.min.js"
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: make lint installs it"),
    pytest.mark.skipif(not (ROOT / hatch_build.BUILT).is_dir(), reason="the front end is not built: make setup"),
    pytest.mark.slow,
]

Scheme = Literal["light", "dark"]
NARROW, WIDE = 360, 1280
WAYS: Final[tuple[tuple[int, Scheme], ...]] = ((WIDE, "light"), (WIDE, "dark"), (NARROW, "dark"), (NARROW, "light"))
"""How each page is looked at; each way differs from the one before in one thing only, as a change takes time."""
KEPT: Final = ((NARROW, "light"), (WIDE, "dark"))
LONGEST: Final = 4_000
"""So many pixels of a page are kept from its top."""
EVERY_RULE: Final[tuple[str, ...]] = ()
COLOURS: Final = ("color-contrast", "link-in-text-block")
JUDGED: Final[dict[tuple[int, Scheme], tuple[str, ...]]] = {
    (NARROW, "light"): EVERY_RULE,
    (NARROW, "dark"): COLOURS,
    (WIDE, "dark"): EVERY_RULE,
    (WIDE, "light"): COLOURS,
}
"""The rules by which axe-core judges a page: a scheme changes its colours, and nothing else."""
BUILD = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER (ISIRI(?o)) } LIMIT 30"

LOOK = """() => {
  const shown = (each) => !each.closest("[aria-hidden=true]");
  const named = (each) => each.hasAttribute("alt") || each.getAttribute("aria-label")
    || each.getAttribute("aria-labelledby") || each.querySelector(":scope > title");
  const wide = document.documentElement.clientWidth;
  return {
    language: document.documentElement.lang,
    title: document.title.trim(),
    headings: document.querySelectorAll("h1").length,
    over: document.documentElement.scrollWidth - wide,
    widest: document.documentElement.scrollWidth <= wide ? "" : [...document.querySelectorAll("body *")]
      .filter((each) => each.getBoundingClientRect().right > wide + 1 && !each.closest(".scroll"))
      .slice(0, 3).map((each) => each.outerHTML.slice(0, 90)).join(" | "),
    nameless: [...document.querySelectorAll("img, svg")].filter((each) => shown(each) && !named(each)
      && !each.parentElement.closest("svg")).map((each) => each.outerHTML.slice(0, 90)),
    stuck: [...document.querySelectorAll("body *")].filter((each) => (each.scrollWidth > each.clientWidth + 13
      || each.scrollHeight > each.clientHeight + 13) && /auto|scroll/.test(getComputedStyle(each).overflow)
      && each.tabIndex < 0 && ![...each.querySelectorAll("*")].some((inner) => inner.tabIndex >= 0))
      .map((each) => each.outerHTML.slice(0, 90)),
    xss: window.__xss,
  };
}"""
FACTS = """async () => {
  const controls = "script, style, template, button, label, select, output, svg, [role=status], .cm-editor, "
    + "#permalink, #near";
  const told = (page, skipped) => {
    const found = new Set();
    const walker = page.createTreeWalker(page.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.replace(/\\s+/g, " ").trim();
      if (text && !walker.currentNode.parentElement.closest(skipped)) found.add(text);
    }
    for (const link of page.querySelectorAll("main a[href]"))
      if (!link.closest(skipped)) found.add(new URL(link.getAttribute("href"), location.href).href);
    return found;
  };
  const sent = await new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.setRequestHeader("accept", "text/html");
    request.responseType = "document";
    request.onload = () => done(request.response);
    request.send();
  });
  const without = told(sent, controls), read = told(document, controls + ", noscript");
  return {
    only: [...read].filter((each) => !without.has(each)),
    lost: [...told(sent, controls + ", noscript")].filter((each) => !read.has(each)),
  };
}"""
"""The words and links that a page has only with JavaScript, and those that it has only without; none of a control."""
STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0'], "
  + "[contenteditable=true]")].filter((each) => !each.disabled && each.tabIndex >= 0 && each.type !== "hidden"
  && each.checkVisibility({visibilityProperty: true})
  && (each.type !== "radio" || each.checked || !document.querySelector(`input[name="${each.name}"]:checked`))).length"""
"""How many stops a page has for the Tab key; of a group of radio buttons the one that is chosen."""
STOP = """() => {
  const outer = document.activeElement, at = outer.shadowRoot?.activeElement ?? outer;
  if (at === document.body) return null;
  const marked = (each) => each && (getComputedStyle(each).outlineStyle !== "none"
    || getComputedStyle(each).boxShadow !== "none");
  const stop = (window.__stops ??= new Map()), seen = stop.has(at);
  stop.set(at, true);
  const told = () => ({seen, marked: marked(at) || marked(at.closest(".cm-editor")), what: at.outerHTML.slice(0, 90)});
  return new Promise((done) => {  // the editor marks itself a moment after it was reached
    const until = performance.now() + 2000;
    const look = () => told().marked || performance.now() > until ? done(told()) : setTimeout(look, 10);
    look();
  });
}"""
"""Where the Tab key stopped: whether it was there before, and whether one sees where it is. Nothing past the end."""
SHORTEN = """() => {
  const rest = "tbody tr:nth-child(n+7), li:nth-child(n+12), dl > :nth-child(n+17), option:nth-child(n+4)";
  for (const each of document.querySelectorAll(rest + ", svg :nth-child(n+16)")) each.remove();
}"""
AXE_RUN = """async (rules) => (await axe.run(
  {exclude: [[".cm-editor :nth-child(n+16)"]]},
  {resultTypes: ["violations"], preload: false, ...(rules.length ? {runOnly: rules} : {})})).violations.map(
  (each) => `${each.id}: ${each.nodes
    .slice(0, 3).map((node) => node.target + " " + node.html.slice(0, 90)).join(" | ")}`)"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`hrc serve` on the shipped data, with a desk of its own."""
    with office.opened(tmp_path_factory.mktemp("walk")) as running:
        running.account()
        yield running.server


class Walk:
    """A tab that goes from page to page and notes what is wrong with each."""

    def __init__(self, browser: Browser, server: Server, language: str) -> None:
        self.server, self.language = server, language
        self.wrong: list[str] = []
        self.context: BrowserContext = browser.new_context(locale="en")
        self.context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
        )
        self.context.add_init_script(path=AXE)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._note(str(error)))
        self.page.on("dialog", lambda dialog: self._note(f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._asked(request.url))
        self._here = ""
        self._width, self._scheme = 0, ""

    def _note(self, problem: str) -> None:
        self.wrong.append(f"{self._here} [{self.language}]: {problem}")

    def _said(self, message: ConsoleMessage) -> None:
        about, here = (url.partition("#")[0] for url in (message.location["url"], self.page.url))
        own = message.text.startswith("Failed to load resource") and about == here
        if message.type == "error" and not own:  # the status of a page that tells of an error is no error
            self._note(message.text)

    def _asked(self, url: str) -> None:
        if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != urlsplit(self.server.url).netloc:
            self._note(f"a request to {url}")

    def open(self, path: str) -> Page:
        """Go to a page, in the language of the walk."""
        self._here = path
        address, _, fragment = path.partition("#")
        mark = "&" if "?" in address else "?"
        self.page.goto(f"{self.server.url}{address}{mark}lang={self.language}{'#' + fragment if fragment else ''}")
        return self.page

    def look(self) -> None:
        """Look at the open page at each width and in each scheme of colours."""
        for width, scheme in WAYS:
            self._show(width, scheme)
            seen = self.page.evaluate(LOOK)
            where = f"at {width} {scheme}: "
            if seen["language"] != self.language:
                self._note(f"its language is {seen['language']!r}")
            if seen["headings"] != 1 or not seen["title"]:
                self._note(f"{seen['headings']} main headings, title {seen['title']!r}")
            if seen["over"] > 0:
                self._note(f"{where}{seen['over']} pixels too wide: {seen['widest']}")
            if seen["xss"] is not None:
                self._note("a script of the data was run")
            for each in seen["nameless"]:
                self._note(f"an image without a name: {each}")
            for each in seen["stuck"]:
                self._note(f"{where}it scrolls, but not with keys: {each}")
            self._keep(width, scheme)

    def compare(self) -> None:
        """Compare the open page with what a browser without JavaScript shows of it."""
        told = self.page.evaluate(FACTS)
        for what, found in (("only with", told["only"]), ("only without", told["lost"])):
            if found:
                self._note(f"told {what} JavaScript: {found[:5]}")

    def judge(self) -> None:
        """Ask axe-core about the open page, which is the last thing done with it: its long tables and lists are cut
        to how they begin, as the rest is alike and would take most of the time.
        """
        self.page.evaluate(SHORTEN)
        for (width, scheme), rules in JUDGED.items():
            self._show(width, scheme)
            for violation in self.page.evaluate(AXE_RUN, rules):
                self._note(f"at {width} {scheme}: {violation}")

    def _show(self, width: int, scheme: Scheme) -> None:
        if width != self._width:
            self.page.set_viewport_size({"width": width, "height": 800})
        if scheme != self._scheme:
            self.page.emulate_media(color_scheme=scheme)
        self._width, self._scheme = width, scheme

    def _keep(self, width: int, scheme: str) -> None:
        folder = os.environ.get("HRC_SCREENSHOTS")
        if folder and self.language == "en" and (width, scheme) in KEPT:
            name = re.sub(r"[^a-z0-9]+", "-", self._here.lower()).strip("-")[:60] or "front"
            file = Path(folder) / f"{self.language}-{width}-{scheme}" / f"{name}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            top: FloatRect = {"x": 0, "y": 0, "width": width, "height": LONGEST}
            self.page.screenshot(path=file, full_page=True, clip=top, type="jpeg", quality=60)

    def end(self) -> None:
        self.context.close()
        assert not self.wrong, f"{len(self.wrong)} things are wrong:\n" + "\n".join(dict.fromkeys(self.wrong))


def kinds(server: Server) -> list[str]:
    """One document of every kind of thing, and of every kind of term."""
    things = server.rows(
        "SELECT ?kind (MIN(?path) AS ?one) WHERE { ?thing a ?class FILTER (ISIRI(?thing)) "
        "FILTER (STRSTARTS(STR(?thing), 'https://w3id.org/hrcity/id/')) "
        "BIND (STRAFTER(STR(?thing), 'hrcity/id/') AS ?path) BIND (STRBEFORE(?path, '/') AS ?kind) } GROUP BY ?kind"
    )
    assert len(things) > 12
    return [f"doc/{row['one']}" for row in sorted(things, key=lambda row: row["kind"])]


def terms(server: Server) -> list[str]:
    """The ontology, the shapes, a class, a property, each vocabulary, and a concept of each."""
    concepts = server.rows(
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> SELECT ?scheme (MIN(STR(?concept)) AS ?one) "
        "WHERE { ?concept skos:inScheme ?scheme FILTER (STRSTARTS(STR(?concept), 'https://w3id.org/hrcity/')) } "
        "GROUP BY ?scheme ORDER BY ?scheme"
    )
    named = [each.removeprefix("https://w3id.org/hrcity/") for row in concepts for each in row.values()]
    return [f"doc/{name}" for name in ("ontology", "shapes", "def/Commitment", "def/date", *named)]


def lists() -> list[str]:
    """Each list plain and narrowed to nothing, the first narrowed by a facet and on its second page, one as a map."""
    narrowed = ["governments?country=place%3Aid", "governments?page=2", "awards?year=2020&view=all"]
    return [*LISTINGS, *(f"{name}?q=nowhere+to+be+found" for name in LISTINGS), *narrowed]


def others() -> list[str]:
    """The pages that are one of their kind."""
    drawn = [f"map?view={name}" for name in land.VIEWS] + [
        "map",
        "map?country=" + quote("https://w3id.org/hrcity/id/place/id"),
    ]
    drawn += [f"timeline?show={kind}" for kind in ("milestones", "commitments", "events", "texts")]
    said = ["sparql", *(f"sparql?{urlencode({'query': text, 'format': 'html'})}" for text in (COUNTS, BUILD, "ASK {}"))]
    guides = [
        "researcher",
        "secretariat",
        "maintainer",
        "model",
        "operating",
        "addresses",
        "questions",
        "tables",
        "data",
    ]
    found = ["search", "search?q=barcelona", "search?q=nowhere+to+be+found", "queries", "reconcile/about"]
    told = ["dataset", "releases/", "feeds/", "graphs", "dumps/", "docs/"]
    desk = ["join", "join/status", "desk/sign-in", "desk/set-up"]
    return ["", *drawn, *said, *(f"docs/{name}" for name in guides), *found, *told, *desk]


def refusals() -> list[str]:
    """Pages that tell of an error."""
    wrong = urlencode({"query": "SELECT * WHERE { ?s ?p }", "format": "html"})
    return ["nowhere", "doc/gov/nowhere", "map?view=nowhere", "map?format=nothing", "governments?sort=nowhere",
            f"sparql?{wrong}", "timeline?show=nowhere", "queries/nowhere", "releases/nowhere/"]  # fmt: skip


def questions() -> list[str]:
    return [f"queries/{path.stem}" for path in sorted((ROOT / "queries").glob("*.rq"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_in_order(browser: Browser, server: Server, language: str) -> None:
    walk = Walk(browser, server, language)
    for path in [*others(), *lists(), *kinds(server), *terms(server), *refusals(), *questions()]:
        walk.open(path)
        walk.compare()
        walk.look()
        walk.judge()
    walk.end()


KEYED = ("", "governments?country=place%3Aid", "conflicts", "map", "timeline?show=milestones", "search?q=barcelona",
         "sparql", "doc/gov/id-lampung-timur", "doc/vocab/theme", "queries/members-on-a-map", "docs/model", "join",
         "desk/sign-in")  # fmt: skip


@pytest.mark.parametrize("path", KEYED)
def test_the_tab_key_comes_to_everything_shows_where_it_is_and_leaves_again(
    browser: Browser, server: Server, path: str
) -> None:
    page = browser.new_page(viewport={"width": WIDE, "height": 800})
    page.goto(server.url + path)
    page.wait_for_load_state()
    stops = page.evaluate(STOPS)
    met = 0
    while True:
        page.keyboard.down("Tab")  # and held, as it takes half the time
        stop = page.evaluate(STOP)
        if stop is None:
            break
        assert not stop["seen"], f"it comes back to {stop['what']}"
        assert stop["marked"], f"nobody sees that it is at {stop['what']}"
        met += 1
        assert met <= stops + 20, "it does not end"
    assert met >= stops * 0.98, f"{met} of {stops}"
    page.close()
