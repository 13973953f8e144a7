"""Both feeds, read as a follower reads them, from a server over a repository made for these tests."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
import rdflib
from dulwich import porcelain
from dulwich.objects import ObjectID
from dulwich.repo import Repo
from rdflib.namespace import DCTERMS, PROV, RDF, XSD

from hrc_graph import chronicle
from tests import past as pasts
from tests.conftest import Server, serving
from tests.past import BASE, TEN, WHO, Past

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
LDES = rdflib.Namespace("https://w3id.org/ldes#")
TREE = rdflib.Namespace("https://w3id.org/tree#")
ACTIVITY = rdflib.Namespace("https://www.w3.org/ns/activitystreams#")
STREAM = rdflib.URIRef(BASE + "feeds/ldes#stream")
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dataset.* is deprecated:DeprecationWarning"),  # by rdflib's own parsers
    pytest.mark.slow,
]
WHO_BYTES = b"Ana Editor <ana@example.org>"
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """State A and ten changes."""
    made = pasts.state_a(tmp_path_factory.mktemp("past"))
    pasts.ten_changes(made)
    return made


@pytest.fixture(scope="module")
def server(past: Past) -> Iterator[Server]:
    with serving(workspace=past.root) as running:
        yield running


# ---- Atom ----


def atom(server: Server, path: str) -> ET.Element:
    """A feed document that keeps the rules of RFC 4287 and RFC 5005."""
    response = server.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(response.content)
    assert feed.tag == ATOM + "feed"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    entries = feed.findall(ATOM + "entry")
    for element in (feed, *entries):  # RFC 4287, sections 4.1.1 and 4.1.2
        for name in ("id", "title", "updated"):
            (one,) = element.findall(ATOM + name)
            assert one.text
        identity = element.findtext(ATOM + "id") or ""
        assert re.match(r"https://\S+\Z", identity)
        for name in ("updated", "published"):
            for found in element.findall(ATOM + name):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", found.text or "")
        alternates = [link for link in element.findall(ATOM + "link") if link.get("rel") == "alternate"]
        kinds = [(link.get("type"), link.get("hreflang")) for link in alternates]
        assert len(kinds) == len(set(kinds))
        assert all(re.match(r"https?://", link.get("href", "")) for link in element.findall(ATOM + "link"))
        assert len(element.findall(ATOM + "content")) <= 1
        assert len(element.findall(ATOM + "summary")) <= 1
        for category in element.findall(ATOM + "category"):
            assert category.get("term")
    for entry in entries:
        assert entry.findtext(f"{ATOM}author/{ATOM}name")
        assert entry.find(ATOM + "content") is not None
        assert "@" not in (entry.findtext(f"{ATOM}author/{ATOM}name") or "")
    ids = [entry.findtext(ATOM + "id") for entry in entries]
    assert len(ids) == len(set(ids))
    times = [dt.datetime.fromisoformat(entry.findtext(ATOM + "updated") or "") for entry in entries]
    assert times == sorted(times, reverse=True)
    assert links(feed, "self") == [server.url + path]
    return feed


def links(element: ET.Element, rel: str) -> list[str]:
    return [link.get("href", "") for link in element.findall(ATOM + "link") if link.get("rel") == rel]


def test_the_atom_feed_tells_the_ten_changes_newest_first(server: Server) -> None:
    feed = atom(server, "feeds/changes.atom")
    newest = feed.findall(ATOM + "entry")[:11]  # renaming changed two files
    titles = [entry.findtext(ATOM + "title") for entry in newest]
    assert [title for title in reversed(titles) if title in TEN] == list(TEN)
    award = newest[titles.index(TEN[2])]
    assert award.findtext(f"{ATOM}author/{ATOM}name") == WHO
    assert award.findtext(ATOM + "summary") == "Lahat is awarded, says the fictional gazette"
    assert [category.get("term") for category in award.findall(ATOM + "category")] == ["award-recorded"]
    assert server.url + "id/gov/id-lahat" in links(award, "related")
    (version,) = links(award, "alternate")
    there = rdflib.Graph().parse(data=server.get(version.removeprefix(server.url)).text, format="turtle")
    act = rdflib.URIRef(BASE + "id/act/id-lahat--award--kkp-ham-2025")
    assert (act, rdflib.URIRef(BASE + "def/recipient"), rdflib.URIRef(BASE + "id/gov/id-lahat")) in there
    assert len(feed.findall(ATOM + "entry")) == chronicle.PAGE


def test_archives_lead_back_to_the_first_change_and_never_change(server: Server) -> None:
    feed = atom(server, "feeds/changes.atom")
    ids = {entry.findtext(ATOM + "id") for entry in feed.findall(ATOM + "entry")}
    seen = 0
    while older := links(feed, "prev-archive"):
        path = older[0].removeprefix(server.url)
        assert server.get(path).headers["cache-control"] == FOR_EVER
        feed, seen = atom(server, path), seen + 1
        assert feed.find(HISTORY + "archive") is not None
        assert links(feed, "current") == [server.url + "feeds/changes.atom"]
        assert len(feed.findall(ATOM + "entry")) == chronicle.PAGE
        ids |= {entry.findtext(ATOM + "id") for entry in feed.findall(ATOM + "entry")}
    assert seen == 2
    assert ids == {str(member) for page in pages(server) for member in page.objects(STREAM, TREE.member)}


# ---- Linked Data Event Stream ----


def trig(server: Server, path: str, accept: str = "application/trig") -> rdflib.Dataset:
    response = server.get(path, headers={"accept": accept})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == accept
    form = {"application/trig": "trig", "application/n-quads": "nquads", "application/ld+json": "json-ld"}[accept]
    found = rdflib.Dataset()
    found.parse(data=response.text, format=form)
    return found


def addresses(server: Server) -> list[str]:
    """The pages that the stream's entry point leads to, in order of time."""
    root = trig(server, "feeds/ldes")
    (view,) = root.objects(STREAM, TREE.view)
    assert str(view) == server.url + "feeds/ldes"
    found: dict[str, dict[rdflib.term.Node, dt.datetime]] = {}
    for relation in root.objects(view, TREE.relation):
        (node,) = root.objects(relation, TREE.node)
        (kind,) = root.objects(relation, RDF.type)
        (value,) = root.objects(relation, TREE.value)
        (path,) = root.objects(relation, TREE.path)
        assert isinstance(value, rdflib.Literal)
        assert (path, value.datatype) == (PROV.generatedAtTime, XSD.dateTime)
        found.setdefault(str(node), {})[kind] = value.toPython()
    assert all(TREE.GreaterThanOrEqualToRelation in bounds for bounds in found.values())
    ordered = sorted(found, key=lambda page: int(page.rpartition("/")[2].partition("-")[0]))
    lower = [found[page][TREE.GreaterThanOrEqualToRelation] for page in ordered]
    assert lower == sorted(lower)
    assert [TREE.LessThanOrEqualToRelation in found[page] for page in ordered][:-1] == [True] * (len(ordered) - 1)
    return [page.removeprefix(server.url) for page in ordered]


def pages(server: Server, accept: str = "application/trig") -> list[rdflib.Dataset]:
    return [trig(server, path, accept) for path in addresses(server)]


def members(page: rdflib.Dataset) -> list[tuple[dt.datetime, rdflib.URIRef]]:
    """The members of a page by time."""
    found = []
    for member in page.objects(STREAM, TREE.member):
        assert isinstance(member, rdflib.URIRef)
        (when,) = page.objects(member, PROV.generatedAtTime)
        assert isinstance(when, rdflib.Literal)
        found.append((when.toPython(), member))
    return sorted(found)


def replayed(read: list[rdflib.Dataset]) -> ox.Dataset:
    """What a follower who starts with nothing holds in the end."""
    graphs: dict[str, rdflib.Graph] = {}
    for page in read:
        for _, member in members(page):
            (of,) = page.objects(member, DCTERMS.isVersionOf)
            (step,) = page.objects(member, RDF.type)
            if step == ACTIVITY.Delete:
                assert len(page.graph(member)) == 0
                del graphs[str(of)]
            else:
                assert (str(of) in graphs) == (step == ACTIVITY.Update)
                graphs[str(of)] = page.graph(member)
    found = ox.Dataset()
    for name, graph in graphs.items():
        for quad in ox.parse(graph.serialize(format="nt", encoding="utf-8"), format=ox.RdfFormat.N_TRIPLES):
            found.add(ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(name)))
    return found


def canonical(quads: ox.Dataset) -> str:
    quads.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return hashlib.sha256("".join(sorted(f"{quad} .\n" for quad in quads)).encode()).hexdigest()


def test_the_stream_says_how_its_members_are_read(server: Server) -> None:
    root = trig(server, "feeds/ldes")
    assert (STREAM, RDF.type, LDES.EventStream) in root
    for name, value in (
        ("timestampPath", PROV.generatedAtTime),
        ("versionOfPath", DCTERMS.isVersionOf),
        ("versionCreateObject", ACTIVITY.Create),
        ("versionUpdateObject", ACTIVITY.Update),
        ("versionDeleteObject", ACTIVITY.Delete),
    ):
        assert list(root.objects(STREAM, LDES[name])) == [value]


@pytest.mark.parametrize("accept", ["application/trig", "application/n-quads", "application/ld+json"])
def test_replaying_the_stream_from_nothing_gives_the_data_as_they_are(server: Server, past: Past, accept: str) -> None:
    assert canonical(replayed(pages(server, accept))) == canonical(past.quads())


def test_the_stream_has_the_ten_changes_in_order(server: Server) -> None:
    newest = pages(server)[-1]
    told = [(str(newest.value(member, DCTERMS.title)), newest.value(member, RDF.type)) for _, member in members(newest)]
    titles = [title for title, _ in told]
    assert [title for title in titles if title in TEN] == list(TEN)
    assert dict(told)[TEN[5]] == ACTIVITY.Create
    assert dict(told)[TEN[8]] == ACTIVITY.Delete
    assert dict(told)[TEN[9]] == ACTIVITY.Update


def test_full_pages_are_for_ever_and_the_newest_is_asked_again(server: Server) -> None:
    *full, newest = addresses(server)
    assert len(full) == 2
    for path in full:
        assert server.get(path).headers["cache-control"] == FOR_EVER
        page = trig(server, path)
        assert page.value(rdflib.URIRef(server.url + path), LDES.immutable) == rdflib.Literal(True)
        assert len(members(page)) == chronicle.PAGE
    for path in (newest, "feeds/ldes", "feeds/changes.atom"):
        response = server.get(path)
        assert response.headers["cache-control"] == "no-cache"
        again = server.get(path, headers={"if-none-match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == response.headers["etag"]


def test_each_format_and_coding_has_its_own_tag(server: Server) -> None:
    path = addresses(server)[-1]
    asked = [{"accept": "application/trig"}, {"accept": "application/n-quads"}]
    coded = [each | {"accept-encoding": coding} for each in asked for coding in ("identity", "gzip")]
    answers = [server.get(path, headers=each) for each in coded]
    assert len({answer.headers["etag"] for answer in answers}) == 4
    assert [answer.headers.get("content-encoding") for answer in answers] == [None, "gzip", None, "gzip"]
    assert {answer.headers["vary"] for answer in answers} == {"Accept, Accept-Encoding"}
    head = httpx.head(server.url + path, headers=coded[0])
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answers[0].headers["etag"]


def test_every_version_can_be_looked_up_in_every_syntax(server: Server) -> None:
    page = pages(server)[-1]
    _, member = members(page)[0]
    path = str(member).removeprefix(BASE)
    response = server.get(path, headers={"accept": "application/n-triples"})
    assert response.headers["cache-control"] == FOR_EVER
    assert set(rdflib.Graph().parse(data=response.text, format="nt")) == set(page.graph(member))
    assert server.get(path, headers={"accept": "text/turtle"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "feeds/ldes/99-000000000000",
        "feeds/ldes/x",
        "feeds/changes/1-x.atom",
        "feeds/changes/../x",
        "version/HEAD/people/a",
    ],
)
def test_what_is_not_there_is_a_problem(server: Server, path: str) -> None:
    response = server.get(path, headers={"accept": "application/problem+json"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_a_page_that_is_not_full_is_no_archive(server: Server) -> None:
    newest = addresses(server)[-1].rpartition("/")[2]
    assert server.get(f"feeds/changes/{newest}.atom").status_code == 404


def test_what_is_not_offered_is_refused(server: Server) -> None:
    assert server.get("feeds/ldes", headers={"accept": "text/turtle"}).status_code == 406
    assert server.get("feeds/changes.atom", headers={"accept": "text/html"}).status_code == 406


# ---- As time goes on ----


def test_a_new_commit_is_told_at_once_and_leaves_full_pages_as_they_were(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".hrc"))
    copy = Past(tmp_path / "copy")
    with serving(workspace=copy.root) as server:
        *full, newest = addresses(server)
        before = {path: server.get(path).content for path in (*full, newest)}
        tag = server.get(newest).headers["etag"]
        copy.edit("people/made-up-first", 'who:made-up-first skos:note "<b>]]>&amp; \\u0001"@en .')
        copy.commit("A note with signs: <b>]]>&amp;")
        assert addresses(server) == [*full, newest]
        assert all(server.get(path).content == before[path] for path in full)
        assert server.get(newest, headers={"if-none-match": tag}).status_code == 200
        entry = atom(server, "feeds/changes.atom").findall(ATOM + "entry")[0]
        assert entry.findtext(ATOM + "summary") == "A note with signs: <b>]]>&amp;"
        assert "<b>]]>&amp;" in (entry.findtext(ATOM + "content") or "")
        for number in range(chronicle.PAGE):
            copy.write(f"people/crowd-{number}", f"<id/person/crowd-{number}> a <http://xmlns.com/foaf/0.1/Person> .\n")
        copy.commit("A crowd")
        assert addresses(server)[: len(full) + 1] == [*full, newest]
        assert server.get(newest).headers["cache-control"] == FOR_EVER
        assert canonical(replayed(pages(server, "application/n-quads"))) == canonical(copy.quads())


def test_the_pages_are_made_once_for_a_commit_and_kept(past: Past, tmp_path: Path) -> None:
    made = chronicle.current(past.root, tmp_path, base=BASE)
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "history").iterdir()}
    assert len(made.pages) == 3
    assert chronicle.current(past.root, tmp_path, base=BASE) == made
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "history").iterdir()} == times
    (tmp_path / "history" / f"{made.pages[0].file}.nq").unlink()
    assert chronicle.current(past.root, tmp_path, base=BASE) == made
    assert made.quads(made.pages[0])


def merge_with_a_side_line(past: Past, name: str) -> None:
    """A side line that adds a note to a person, and a merge that adds a name of its own."""
    with Repo(str(past.root)) as repository:
        start = repository.head()
    past.edit("people/made-up-first", f'who:made-up-first skos:note "{name} on the side."@en .')
    side = past.commit("On the side", "Ben Sider <ben@example.org>")
    porcelain.reset(str(past.root), "hard", start)
    past.edit("people/made-up-first", f'who:made-up-first skos:altLabel "{name} on the main line"@en .')
    past.commit("On the main line")
    past.edit(
        "people/made-up-first", f'who:made-up-first skos:note "{name} on the side."@en, "{name} in the merge"@en .'
    )
    with Repo(str(past.root)) as repository:
        tree = repository.get_worktree()
        tree.stage([b"data/people/made-up-first.ttl"])
        tree.commit(b"Merged", author=WHO_BYTES, committer=WHO_BYTES, merge_heads=[ObjectID(side.encode())])


def test_what_each_commit_adds_makes_the_same_pages_as_reading_all_at_once(tmp_path: Path) -> None:
    past = pasts.state_a(tmp_path / "w")
    step_by_step = tmp_path / "step-by-step"

    class Followed(Past):
        def commit(self, message: str, who: str = "Ana Editor <ana@example.org>") -> str:
            made = super().commit(message, who)
            chronicle.current(self.root, step_by_step, base=BASE)
            return made

    followed = Followed(past.root)
    pasts.ten_changes(followed)
    for name in ("first", "second"):
        merge_with_a_side_line(followed, name)
        chronicle.current(past.root, step_by_step, base=BASE)
    for number in range(chronicle.PAGE):
        followed.write(f"people/crowd-{number}", f"<id/person/crowd-{number}> a <http://xmlns.com/foaf/0.1/Person> .\n")
    followed.commit("A crowd")
    (past.root / "data" / "people" / "crowd-7.ttl").unlink()
    followed.commit("One of the crowd leaves")
    (past.root / "queries" / "other.rq").write_text("")
    with Repo(str(past.root)) as repository:
        repository.get_worktree().stage([b"queries/other.rq"])
        repository.get_worktree().commit(b"No data", author=WHO_BYTES, committer=WHO_BYTES)

    added = chronicle.current(past.root, step_by_step, base=BASE)
    at_once = chronicle.current(past.root, tmp_path / "at-once", base=BASE)
    assert added.pages == at_once.pages
    assert len(added.pages) == 4
    for page in added.pages:
        assert added.entries(page) == at_once.entries(page)
        assert added.quads(page) == at_once.quads(page)
    before = [
        json.loads((tmp_path / each / "history" / "before.json").read_text()) for each in ("step-by-step", "at-once")
    ]
    assert before[0] == before[1]


def test_history_that_was_rewritten_is_told_anew(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".hrc"))
    copy = Past(tmp_path / "copy")
    chronicle.current(copy.root, tmp_path / "state", base=BASE)
    with Repo(str(copy.root)) as repository:
        parents = repository[repository.head()].parents  # type: ignore[attr-defined]
    porcelain.reset(str(copy.root), "hard", parents[0])
    copy.edit("people/made-up-first", 'who:made-up-first skos:note "Another way on."@en .')
    copy.commit("Another way on")
    rewritten = chronicle.current(copy.root, tmp_path / "state", base=BASE)
    assert rewritten.pages == chronicle.current(copy.root, tmp_path / "anew", base=BASE).pages
    assert rewritten.entries(rewritten.pages[-1])[-1].why == "Another way on"


def test_without_git_the_feeds_are_empty_and_say_why(past: Past, tmp_path: Path) -> None:
    shutil.copytree(past.root, tmp_path / "copy", ignore=shutil.ignore_patterns(".git", ".hrc"))
    with serving(workspace=tmp_path / "copy") as server:
        feed = atom(server, "feeds/changes.atom")
        assert not feed.findall(ATOM + "entry")
        assert "in no git repository" in (feed.findtext(ATOM + "subtitle") or "")
        root = trig(server, "feeds/ldes")
        (why,) = root.objects(STREAM, rdflib.RDFS.comment)
        assert "in no git repository" in str(why)
        assert addresses(server) == []
