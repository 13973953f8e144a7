"""The data as files of the snapshot that answers now, from the real server."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pyoxigraph as ox
import pytest
import zstandard

from hrc_graph import export
from tests import past as pasts
from tests.conftest import ROOT, Server, serving

SYNTAXES = {
    "hrcity.nq": ox.RdfFormat.N_QUADS,
    "hrcity.trig": ox.RdfFormat.TRIG,
    "hrcity.jsonld": ox.RdfFormat.JSON_LD,
    "hrcity.ttl": ox.RdfFormat.TURTLE,
    "hrcity.rdf": ox.RdfFormat.RDF_XML,
}
PLAIN = {"accept-encoding": "identity"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    past = pasts.state_a(tmp_path_factory.mktemp("dumped"))
    regulation = "data/instruments/id-lampung-timur-perbup-48-2016.ttl"
    shutil.copy(ROOT / regulation, past.root / regulation)
    with serving(workspace=past.root) as running:
        yield running


def dump(server: Server, name: str, **fields: str) -> httpx.Response:
    return server.get(f"dumps/{name}", headers=PLAIN | {key.replace("_", "-"): value for key, value in fields.items()})


def canonical(body: bytes, format: ox.RdfFormat, *, union: bool) -> set[str]:
    quads = ox.parse(body, format=format)
    found = ox.Dataset(ox.Quad(q.subject, q.predicate, q.object) if union else q for q in quads)
    found.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(map(str, found))


def test_a_file_is_made_once_however_many_ask_for_it_at_first(server: Server) -> None:
    assert "not made yet" in server.get("dumps/", headers={"accept": "text/html"}).text
    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: dump(server, "hrcity.ttl"), range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["last-modified"] for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize("name", SYNTAXES)
def test_every_syntax_holds_what_the_endpoint_answers_from(server: Server, name: str) -> None:
    union = name in ("hrcity.ttl", "hrcity.rdf")
    quads = canonical(dump(server, "hrcity.nq").content, ox.RdfFormat.N_QUADS, union=union)
    answer = dump(server, name)
    assert canonical(answer.content, SYNTAXES[name], union=union) == quads
    assert answer.headers["x-snapshot"] == server.get("health").json()["snapshot"]


@pytest.mark.parametrize("name", export.NAMES)
def test_every_file_that_is_listed_is_there_whole_packed_and_in_part(server: Server, name: str) -> None:
    plain = dump(server, name)
    assert plain.status_code == 200, plain.text
    assert len(plain.content) == int(plain.headers["content-length"]) > 0
    tags = {plain.headers["etag"]}
    for coding in ("gzip", "zstd") if not name.endswith(".xlsx") else ():
        with httpx.stream("GET", f"{server.url}dumps/{name}", headers={"accept-encoding": coding}) as answer:
            assert answer.headers["content-encoding"] == coding
            packed = b"".join(answer.iter_raw())
        unpack = gzip.decompress if coding == "gzip" else zstandard.ZstdDecompressor().decompressobj().decompress
        body = unpack(packed)
        assert body == plain.content
        tags.add(answer.headers["etag"])
    assert len(tags) == (1 if name.endswith(".xlsx") else 3)
    part = dump(server, name, range="bytes=3-9", accept_encoding="gzip")
    assert (part.status_code, part.content) == (206, plain.content[3:10])
    held = dump(server, name, if_none_match=plain.headers["etag"])
    assert (held.status_code, held.content) == (304, b"")
    page = server.get("dumps/", headers={"accept": "text/html"}).text
    assert re.search(rf'href="/dumps/{re.escape(name)}">.*{len(plain.content):,}</td>', page)


def test_ten_thousand_ranges_get_the_file_once_or_an_error(server: Server) -> None:
    whole = dump(server, "hrcity.trig").content
    for ranges in ("bytes=0-0" + ",5-9" * 1500, "bytes=5-2", "bytes=99999999999-", "lines=1-2"):
        answer = dump(server, "hrcity.trig", range=ranges)
        assert answer.status_code in (400, 416, 431) or (answer.status_code, answer.content) == (200, whole)


@pytest.mark.parametrize("name", ["nothing.nq", "hrcity.hdt", "../quads.nq", "..%2fquads.nq", "tables/", "SHA256SUMS"])
def test_nothing_but_the_files_that_are_listed_can_be_had(server: Server, name: str) -> None:
    assert dump(server, name).status_code == 404
