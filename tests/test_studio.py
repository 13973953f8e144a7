"""The SPARQL page in a browser: what it completes, marks, draws and cancels, and that nothing runs or calls out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

import hatch_build
from tests.conftest import CHROMIUM, ROOT, Server, serving
from tests.test_hostile import LABELS, SCHEMES, hostile

__all__ = ["hostile"]

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed"),
    pytest.mark.skipif(not (ROOT / hatch_build.BUILT).is_dir(), reason="the front end is not built: make setup"),
    pytest.mark.slow,
]

PREFIXES = """PREFIX hrc: <https://w3id.org/hrcity/def/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
"""
CHARTERS = (
    PREFIXES
    + """SELECT ?charter ?name ?date WHERE {
  ?charter a hrc:Charter ; skos:prefLabel ?name ; hrc:date ?date FILTER (LANG(?name) = "en") }"""
)
POINTS = PREFIXES + "SELECT ?place ?point WHERE { ?place geo:hasDefaultGeometry/geo:asWKT ?point }"
COUNTS = (
    PREFIXES
    + """SELECT ?whole (COUNT(?part) AS ?parts) WHERE { ?part hrc:partOf ?whole ; a hrc:Place }
GROUP BY ?whole ORDER BY DESC(?parts) LIMIT 20"""
)
YEARS = (
    PREFIXES
    + """SELECT ?year (COUNT(?act) AS ?acts) WHERE {
  ?act a hrc:Award ; hrc:date ?date BIND (xsd:integer(SUBSTR(STR(?date), 1, 4)) AS ?year) } GROUP BY ?year"""
)
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


class Tab:
    """A tab, and what it did: what the console said, which requests it made."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.server = server
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.requests: list[Request] = []
        self.page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}"))

    def open(self, query: str = "", **also: str) -> Page:
        self.page.goto(self.server.url + "sparql?" + urlencode(({"query": query} if query else {}) | also))
        expect(self.editor).to_be_visible()
        return self.page

    @property
    def editor(self) -> Locator:
        return self.page.get_by_role("textbox", name=re.compile(r"SPARQL\. Tab "))

    def write(self, text: str) -> None:
        """Type in the place of what stands there."""
        self.editor.focus()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(text)

    def run(self, query: str) -> Page:
        page = self.open(query)
        page.get_by_role("button", name="Run").click()
        expect(page.locator("#answer table, #answer [role=alert]").first).to_be_visible(timeout=15_000)
        return page

    def show(self, view: str) -> Locator:
        self.page.get_by_role("button", name=view, exact=True).click()
        drawing = self.page.locator("#answer svg")
        expect(drawing).to_be_visible()
        return drawing

    def asked(self) -> list[Request]:
        return [each for each in self.requests if urlsplit(each.url).path.endswith("/sparql") and each.method == "POST"]


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Tab]:
    yield from quiet(browser, server)


@pytest.fixture
def hostile_tab(browser: Browser, hostile: Server) -> Iterator[Tab]:
    yield from quiet(browser, hostile)


def quiet(browser: Browser, server: Server) -> Iterator[Tab]:
    """A tab that, at the end, has said nothing, reported nothing and called nobody else."""
    context = browser.new_context(locale="en")
    context.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
    )
    opened = Tab(context, server)
    yield opened
    context.close()
    refused = "Failed to load resource: the server responded with a status of 400"
    assert [said for said in opened.said if not said.startswith(refused)] == []
    hosts = {urlsplit(each.url).netloc for each in opened.requests if not each.url.startswith("data:")}
    assert hosts <= {urlsplit(server.url).netloc}


def names(drawing: Locator) -> set[str]:
    return set(drawing.locator("title").all_text_contents())


def test_a_name_is_completed_by_its_label_and_its_prefix_declared(tab: Tab) -> None:
    tab.open()
    tab.write("SELECT * WHERE { ?act a commitm")
    option = tab.page.locator(".cm-tooltip-autocomplete li", has_text="hrc:Commitment").first
    expect(option).to_be_visible()
    expect(tab.page.get_by_text(re.compile(r"Uses in the data: [1-9]"))).to_be_visible()
    tab.page.wait_for_timeout(250)  # Enter counts only when the list has stood for a moment
    tab.page.keyboard.press("Enter")
    expect(tab.editor).to_contain_text("PREFIX hrc: <https://w3id.org/hrcity/def/>")
    expect(tab.editor).to_contain_text("?act a hrc:Commitment")


def test_completion_speaks_the_readers_language(tab: Tab) -> None:
    tab.open(lang="id")
    tab.page.locator(".cm-content").focus()
    tab.page.keyboard.press("Control+a")
    tab.page.keyboard.type("SELECT * WHERE { ?act a hrc:Commitm")
    label = next(
        each["label"]
        for each in tab.server.get("sparql/terms?lang=id").json()["terms"]
        if each["name"] == "hrc:Commitment"
    )
    assert label != "Commitment"
    expect(tab.page.locator(".cm-tooltip-autocomplete li").first).to_contain_text(label)


def test_a_prefix_that_is_typed_is_declared(tab: Tab) -> None:
    tab.open()
    tab.write('# skos: in a comment\nSELECT * WHERE { ?x skos:prefLabel "hrc:y"')
    expect(tab.editor).to_contain_text("PREFIX skos: <http://www.w3.org/2004/02/skos/core#>")
    expect(tab.editor).not_to_contain_text("PREFIX hrc:")


def test_the_terms_count_what_the_data_hold(server: Server) -> None:
    told = server.get("sparql/terms")
    terms = {each["name"]: each for each in told.json()["terms"]}
    (row,) = server.rows(PREFIXES + "SELECT (COUNT(*) AS ?n) WHERE { ?s a hrc:Commitment }")
    assert terms["hrc:Commitment"]["count"] == int(row["n"]) > 100
    assert terms["mode:enacted"]["kind"] == "concept"
    assert server.get("sparql/terms", headers={"if-none-match": told.headers["etag"]}).status_code == 304
    assert server.get("sparql/terms?lang=fr", headers={"if-none-match": told.headers["etag"]}).status_code == 200


def test_an_error_is_marked_at_its_line_and_gone_to_by_key(tab: Tab) -> None:
    wrong = "SELECT *\nWHERE {\n  ?s ?p }\n# no object\n"
    page = tab.run(wrong)
    problem = tab.server.sparql(wrong).json()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(problem["title"])
    expect(page.locator(".cm-line").nth(problem["line"] - 1).locator(".cm-lintRange-error")).to_have_count(1)
    go = alert.get_by_role("button", name=f"Go to line {problem['line']}, column {problem['column']}")
    go.press("Enter")
    expect(tab.editor).to_be_focused()
    tab.write(COUNTS)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answer table")).to_be_visible()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)


def test_an_answer_is_a_table_with_names_sorted_filtered_and_counted(tab: Tab) -> None:
    page = tab.run(COUNTS)
    expected = tab.server.rows(COUNTS)
    expect(page.locator("#status")).to_contain_text(f"Rows: {len(expected)}")
    expect(page.locator("#status")).to_contain_text(tab.server.sparql("ASK {}").headers["x-snapshot"])
    first = page.locator("#answer tbody tr").first
    link = first.get_by_role("link")
    expect(link).to_have_attribute("href", "/" + expected[0]["whole"].removeprefix("https://w3id.org/hrcity/"))
    expect(first.locator("code")).to_have_text("place:" + expected[0]["whole"].rpartition("/")[2])
    expect(first.locator("td.number")).to_have_text(expected[0]["parts"])
    page.get_by_role("button", name="parts").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("parts")
    expect(page.locator("#answer tbody td.number").first).to_have_text(min((row["parts"] for row in expected), key=int))
    page.get_by_label("Filter the rows").fill("place/fr")
    few = [row for row in expected if "place/fr" in row["whole"]]
    expect(page.locator("#answer tbody tr")).to_have_count(len(few))
    assert 0 < len(few) < len(expected)


def test_a_long_answer_is_shown_a_page_at_a_time(tab: Tab) -> None:
    page = tab.run("SELECT * WHERE { ?s ?p ?o } LIMIT 250")
    expect(page.locator("#answer tbody tr")).to_have_count(100)
    for _ in range(2):
        page.get_by_role("button", name="Next").click()
    expect(page.locator("#answer tbody tr")).to_have_count(50)
    expect(page.get_by_text("Rows 201 to 250 of 250")).to_be_visible()
    expect(page.get_by_role("button", name="Next")).to_be_disabled()


def test_points_are_a_map(tab: Tab) -> None:
    tab.run(POINTS)
    drawing = tab.show("Map")
    points = {row["point"] for row in tab.server.rows(POINTS)}
    assert drawing.get_attribute("aria-label")
    circles = drawing.locator("circle").count()
    assert 0.9 * len(points) < circles <= len(points)
    near = drawing.get_attribute("viewBox")
    tab.page.get_by_role("button", name="World").click()
    expect(drawing).to_have_attribute("viewBox", "0.0 0.0 960.0 467.0")
    assert near


def test_longitude_and_latitude_are_a_map_too(tab: Tab) -> None:
    tab.run(
        'SELECT * WHERE { VALUES (?name ?lat ?long) { ("Fictional Equator" 0.0 0.0) ("Fictional Pole" 90.0 0.0) } }'
    )
    drawing = tab.show("Map")
    tab.page.get_by_role("button", name="World").click()
    at = {
        circle.locator("title").text_content(): (circle.get_attribute("cx"), circle.get_attribute("cy"))
        for circle in drawing.locator("circle").all()
    }
    assert at["Fictional Equator"] == ("480.0", "233.5")
    assert float(at["Fictional Pole"][1] or "") == pytest.approx(0, abs=1)


def test_what_is_wrong_at_the_end_is_marked_just_before_it(tab: Tab) -> None:
    page = tab.run("SELECT *\nWHERE {\n  ?s ?p }\n")
    expect(page.locator(".cm-lintRange-error")).to_have_text("}")


def test_numbers_are_bars_and_years_a_line(tab: Tab) -> None:
    tab.run(COUNTS)
    drawing = tab.show("Chart")
    assert drawing.locator("rect").count() == 20
    assert drawing.get_attribute("aria-label") == "parts by whole"
    tab.run("PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n" + YEARS)
    assert tab.show("Chart").locator("polyline").count() == 1


def test_dates_are_a_line_of_time(tab: Tab) -> None:
    tab.run(CHARTERS)
    drawing = tab.show("Timeline")
    rows = tab.server.rows(CHARTERS)
    assert drawing.locator("rect").count() == len(rows)
    assert drawing.locator("rect.doubtful").count() >= sum(row["date"].startswith("..") for row in rows) > 0


def test_what_is_constructed_is_a_graph(tab: Tab) -> None:
    about = "DESCRIBE <https://w3id.org/hrcity/id/gov/id-lahat>"
    page = tab.run(about)
    triples = tab.server.sparql(about, accept="application/n-triples").text.splitlines()
    expect(page.locator("#status")).to_contain_text(f"Triples: {len(triples)}")
    drawing = tab.show("Graph")
    assert drawing.locator("g.edge").count() == sum(
        bool(re.search(r"> <[^>]*> [<_][^\"]* \.$", each)) for each in triples
    )
    assert "https://w3id.org/hrcity/id/gov/id-lahat" in names(drawing)
    assert page.get_by_role("link", name="Turtle").get_attribute("href")


def test_an_answer_can_be_taken_in_every_format(tab: Tab) -> None:
    page = tab.run(CHARTERS)
    for name in ("CSV", "XLSX", "JSON", "XML", "TSV"):
        path = page.locator(".downloads").get_by_role("link", name=name).get_attribute("href") or ""
        response = tab.server.get(path)
        assert (response.status_code, response.headers["x-result-complete"]) == (200, "true")


def running(server: Server) -> float:
    found = re.search(r"^hrc_questions_running (\S+)", server.get("metrics").text, re.MULTILINE)
    assert found
    return float(found[1])


def until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never was")


@pytest.mark.parametrize("how", ["button", "key"])
def test_what_is_cancelled_stops_at_the_server_too(tab: Tab, how: str) -> None:
    with serving("--time-limit", "120") as patient:
        tab.server, own = patient, tab.server
        page = tab.open(ENDLESS)
        page.get_by_role("button", name="Run").click()
        until(lambda: running(patient) == 1)
        if how == "button":
            page.get_by_role("button", name="Cancel").click()
        else:
            page.keyboard.press("Escape")
        expect(page.locator("#status")).to_have_text("Cancelled.")
        until(lambda: running(patient) == 0)
        tab.server = own
        tab.requests.clear()


def test_a_link_opens_and_runs_nothing(tab: Tab) -> None:
    link = {
        "endpoint": "http://evil.example/sparql",
        "title": LABELS[0],
        "url": "http://evil.example/",
        "release": "nowhere",
    }
    page = tab.open(CHARTERS, **link)
    expect(tab.editor).to_contain_text("?charter a hrc:Charter")
    page.wait_for_load_state("networkidle")
    assert tab.asked() == []
    assert "//evil.example" not in page.content()
    assert LABELS[0] not in page.content()
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#answer table")).to_be_visible()
    assert page.url == tab.server.url + "sparql?" + urlencode({"query": CHARTERS})
    assert page.get_by_role("link", name="Link to this query").get_attribute("href") == page.url.removeprefix(
        tab.server.url.rstrip("/")
    )


def test_a_question_of_the_library_fills_the_editor_and_its_blanks_are_fields(tab: Tab) -> None:
    page = tab.open()
    page.get_by_label("Find a question").fill("on the map")
    found = page.locator("#questions li:visible")
    expect(found).to_have_count(2)
    found.get_by_role("link", name=re.compile("^Where on the map")).click()
    expect(tab.editor).to_contain_text("aim/campaign-10-100-1000")
    field = page.get_by_label("The text or campaign.")
    field.focus()
    other = tab.server.get("queries/members-on-a-map/parameters").json()[0]["choices"][0]
    if field.evaluate("node => node.tagName") == "SELECT":
        field.select_option(other["value"])
    else:
        field.fill(other["value"])
        field.press("Tab")
    expect(tab.editor).to_contain_text(other["iri"])
    assert tab.asked() == [], "filling in asks nothing"


def test_recent_queries_are_kept_only_while_one_asks_for_it(tab: Tab) -> None:
    kept = "() => Object.keys(localStorage).length"
    page = tab.run(CHARTERS)
    assert page.evaluate(kept) == 0
    page.get_by_text("Your recent queries").click()
    page.get_by_label("Keep them in this browser").check()
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#recent li")).to_have_count(1)
    tab.open()
    page.get_by_text("Your recent queries").click()
    page.locator("#recent button").click()
    expect(tab.editor).to_contain_text("?charter a hrc:Charter")
    page.get_by_label("Keep them in this browser").uncheck()
    expect(page.locator("#recent li")).to_have_count(0)
    assert page.evaluate(kept) == 0


def test_all_of_it_works_by_keyboard(tab: Tab) -> None:
    page = tab.open()
    tab.write(COUNTS)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "run", "Tab leaves the editor"
    page.keyboard.press("Enter")
    expect(page.locator("#answer table")).to_be_visible()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Chart":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#answer svg.plot-chart")).to_be_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"


HOSTILE = "SELECT * WHERE { ?subject ?said ?object FILTER (CONTAINS(STR(?object), 'xss') || STRSTARTS(STR(?subject), 'javascript:')) }"  # noqa: E501


def inert(tab: Tab) -> None:
    page = tab.page
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.__xss === undefined && !document.documentElement.hasAttribute('data-xss')")
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main *')].flatMap((each) => [...each.attributes]).filter((each) =>
        each.name.startsWith('on') || /^\\s*(javascript|data|vbscript|file):/i.test(each.value)
          && ['href', 'src', 'xlink:href', 'action'].includes(each.name)).map((each) => each.name + '=' + each.value)"""
    )
    assert found == []
    assert page.locator("#answer script, #answer img, #answer iframe, #answer object").count() == 0


def test_hostile_data_are_text_in_every_view(hostile_tab: Tab) -> None:
    tab = hostile_tab
    page = tab.run(HOSTILE)
    expect(page.locator("#answer tbody")).to_contain_text("<script>")
    inert(tab)
    script = SCHEMES[0]
    tab.run(f"CONSTRUCT WHERE {{ <{script}> ?p ?o }}")
    inert(tab)
    tab.run(f"CONSTRUCT {{ <{script}> <{script}> <{SCHEMES[1]}> . ?s ?p ?o }} WHERE {{ ?s a ?o ; ?p ?o }}")
    assert script in names(tab.show("Graph"))
    inert(tab)
    label = LABELS[1].replace("\\", "\\\\").replace('"', '\\"')
    everything = f"""SELECT ?onload ?constructor ?__proto__ ?point ?date ?number WHERE {{
      VALUES (?onload ?constructor ?__proto__ ?point ?date ?number) {{
        (<{script}> "{label}" "{label}"@en-x-onload "POINT (1 2)" "2014-05-17" 3)
        (<{SCHEMES[1]}> "{label}" UNDEF "POINT (3 4)" "2015-05-17" 4) }} }}"""
    page = tab.run(everything)
    heads: list[Any] = page.locator("#answer thead th").all_text_contents()
    assert heads == ["onload", "constructor", "  proto  ", "point", "date", "number"]
    for view in ("Map", "Chart", "Timeline"):
        drawing = tab.show(view)
        assert any("onerror" in each or script in each for each in [*names(drawing), drawing.text_content() or ""])
        inert(tab)
        drawing.locator("a, circle, rect").first.click(force=True)
        inert(tab)


def test_hostile_labels_are_text_where_the_editor_completes(hostile_tab: Tab) -> None:
    hostile_tab.open()
    hostile_tab.write("SELECT * WHERE { ?s a hrc:Fiction")
    expect(hostile_tab.page.locator(".cm-tooltip-autocomplete li").first).to_contain_text("hrc:")
    inert(hostile_tab)


def test_the_page_is_small_and_what_does_not_change_is_kept(tab: Tab) -> None:
    sizes: dict[str, int] = {}
    page = tab.page
    page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    tab.open()
    page.wait_for_load_state("networkidle")
    assert any("studio-" in url for url in sizes)
    assert sum(sizes.values()) < 300_000, sizes
    script = next(urlsplit(url).path for url in sizes if "studio-" in url)
    plain = tab.server.get(script, headers={"accept-encoding": "identity"})
    zipped = tab.server.get(script, headers={"accept-encoding": "gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert plain.content == zipped.content
    assert "immutable" in plain.headers["cache-control"]
    assert tab.server.get(script, headers={"if-none-match": plain.headers["etag"]}).status_code == 304


def test_a_narrow_screen_scrolls_down_only(browser: Browser, server: Server) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}, locale="en") as context:
        tab = Tab(context, server)
        tab.run(COUNTS)
        tab.show("Chart")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_scripts_a_form_asks_and_the_server_makes_the_table(browser: Browser, server: Server) -> None:
    with browser.new_context(java_script_enabled=False, locale="en") as context:
        page = context.new_page()
        page.goto(server.url + "sparql?" + urlencode({"query": COUNTS}))
        expect(page.locator("table")).to_have_count(0)
        page.get_by_label("Your question in SPARQL").fill(CHARTERS)
        page.get_by_role("button", name="Run").click()
        expect(page.locator("#answer tbody tr")).to_have_count(len(server.rows(CHARTERS)))
        expect(page.get_by_role("link", name="XLSX")).to_be_visible()
        page.goto(server.url + "queries")
        page.get_by_label("Find a question").fill("targets")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("link", name="How far has the campaign come").click()
        expect(page.locator("table tbody tr").first).to_be_visible()
        page.get_by_role("link", name="Open in the editor").click()
        expect(page.get_by_label("Your question in SPARQL")).to_have_value(re.compile("hrc:Target"))


def test_every_sentence_of_the_front_end_is_in_the_page_to_be_translated(server: Server) -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "hrc_graph/web/frontend/src").glob("*.ts"))
    said = set(re.findall(r'\bsay\("((?:[^"\\]|\\.)*)"', sources))
    template = (ROOT / "hrc_graph/web/templates/sparql.html").read_text("utf-8")
    offered = dict(re.findall(r'"([^"]+)":\s+_\("([^"]+)"\)', template))
    assert set(offered) == said
    assert all(key == text for key, text in offered.items())


def test_the_front_end_is_built_from_the_sources_as_they_are() -> None:
    assert not hatch_build.build(ROOT), "it has just been built anew: run the tests again"


def test_the_lock_of_the_front_end_names_no_host() -> None:
    text = (ROOT / "hrc_graph/web/frontend/package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    assert '"integrity"' in text


def test_what_is_bundled_is_listed_with_its_licence(server: Server) -> None:
    listed = server.get("static/built/licences.txt").text
    for name in ("@codemirror/view", "codemirror-lang-sparql", "d3-force", "world-atlas"):
        assert re.search(rf"^{re.escape(name)} [\d.]+ \((MIT|ISC)\)$", listed, re.MULTILINE)
