"""A release, ten changes, another release; each tells its truth, and feeds lead from one to the next."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from hrc_graph import namespaces, publishing, records
from hrc_graph.engine import snapshots
from hrc_graph.export import dumps
from hrc_graph.files import Files
from tests.conftest import Server, serving
from tests.past import Past, closed
from tests.test_releases import hrc

pytestmark = pytest.mark.slow

BASE = namespaces.BASE
A, B = "2026.11", "2026.12"
ATOM = "{http://www.w3.org/2005/Atom}"
LAHAT = "governments/id/lahat"
PAGE = "cite:made-up--page-1"
AWARD = "act:id-lahat--award--kkp-ham-2031"


@dataclass
class Published(Past):
    """A past whose changes go the way that every change of the product goes."""

    pending: dict[str, bytes] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        self.pending[name] = text.encode()

    def commit(self, message: str, who: str = "") -> str:
        made = publishing.publish(self.workspace, self.pending, message)
        self.pending = {}
        return made.id


@dataclass(frozen=True)
class Step:
    """A change of one dossier, what the feed is to call it, and a question that is true from then on."""

    dossier: str
    add: str
    remove: str
    told: str
    ask: str


_RANK = "claim:00000000000000aa wikibase:rank wikibase:"
STEPS = (
    Step(
        "sources/made-up",
        'src:made-up a hrc:Source ; dcterms:title "Fictional gazette"@en ; dcterms:type kind:press ; '
        f'dcterms:publisher "Fictional press" . '
        f'{PAGE} a hrc:Citation ; hrc:source src:made-up ; hrc:locator "page 1" .',
        "",
        "Fictional gazette: source added, passage added",
        "ASK { src:made-up a hrc:Source }",
    ),
    Step(
        LAHAT,
        "act:id-lahat--joined--campaign-10-100-1000 a hrc:Commitment ; hrc:mode mode:joined ; hrc:actor gov:id-lahat ; "
        f'hrc:under aim:campaign-10-100-1000 ; hrc:date "2024"^^edtf:EDTF ; hrc:cites {PAGE} .',
        "",
        "Member joined: Lahat Regency Government joined ",
        "ASK { ?act hrc:mode mode:joined ; hrc:actor gov:id-lahat ; hrc:under aim:campaign-10-100-1000 }",
    ),
    Step(
        LAHAT,
        "act:id-lahat--signed--european-charter-2000 a hrc:Commitment ; hrc:mode mode:signed ; "
        "hrc:actor gov:id-lahat ; hrc:under text:european-charter-2000 ; "
        f'hrc:date "2024"^^edtf:EDTF ; hrc:cites {PAGE} .',
        "",
        "Commitment linked: Lahat Regency Government signed European Charter",
        "ASK { gov:id-lahat ^hrc:actor/hrc:under text:european-charter-2000 }",
    ),
    Step(
        LAHAT,
        f"{AWARD} a hrc:Award ; dcterms:type kind:peduli-ham ; hrc:recipient gov:id-lahat ; hrc:under aim:kkp-ham ; "
        f'hrc:date "2025"^^edtf:EDTF ; hrc:cites {PAGE} .',
        "",
        "Award recorded: Human-Rights-Caring Regency or City to Lahat Regency Government, 2025",
        f"ASK {{ {AWARD} a hrc:Award }}",
    ),
    Step(
        "events/whrcf-2022",
        "claim:00000000000000aa a hrc:Claim ; rdf:subject event:whrcf-2022 ; rdf:predicate hrc:attendance ; "
        f"rdf:object 900 ; hrc:cites {PAGE} . {_RANK}NormalRank .",
        "",
        "Claim made: World Human Rights Cities Forum 2022: attendance 900 (normal)",
        "ASK { event:whrcf-2022 hrc:attendance 900 }",
    ),
    Step(
        "events/whrcf-2022",
        f"{_RANK}PreferredRank . claim:00000000000000aa hrc:rankReason why:issuing-body .",
        f"{_RANK}NormalRank .",
        "World Human Rights Cities Forum 2022: claim decided, detail added",
        "ASK { ?claim rdf:subject event:whrcf-2022 ; rdf:object 900 ; wikibase:rank wikibase:PreferredRank }",
    ),
    Step(
        LAHAT,
        'gov:id-lahat skos:prefLabel "Government of Lahat Regency"@en .',
        'gov:id-lahat skos:prefLabel "Lahat Regency Government"@en .',
        "Label corrected: Government of Lahat Regency: name “Lahat Regency Government” is now ",
        'ASK { gov:id-lahat skos:prefLabel "Government of Lahat Regency"@en }',
    ),
    Step(
        "people/made-up-one",
        'who:made-up-first a foaf:Person ; foaf:name "Fictional one" ; skos:prefLabel "Fictional one"@en ; '
        f"hrc:cites {PAGE} .",
        'who:made-up-one a foaf:Person ; foaf:name "Fictional one" ; skos:prefLabel "Fictional one"@en ; '
        "hrc:cites cite:seed-004--p3 .",
        "Thing renamed: Fictional one: who:made-up-one is who:made-up-first now",
        "ASK { who:made-up-first a foaf:Person }",
    ),
    Step(
        "people/made-up-two",
        'who:made-up-two owl:deprecated true ; skos:changeNote "Nobody knows of this fictional person."@en .',
        'who:made-up-two a foaf:Person ; foaf:name "Fictional two" ; skos:prefLabel "Fictional two"@en ; '
        "hrc:cites cite:seed-004--p3 .",
        "Thing withdrawn: Fictional two (person)",
        "ASK { who:made-up-two owl:deprecated true }",
    ),
    Step(
        LAHAT,
        f'{AWARD} hrc:date "2026"^^edtf:EDTF .',
        f'{AWARD} hrc:date "2025"^^edtf:EDTF .',
        "Detail corrected: Human-Rights-Caring Regency or City to Government of Lahat Regency, 2026: date 2025 is now ",
        f'ASK {{ {AWARD} hrc:date "2026"^^edtf:EDTF }}',
    ),
)
PROLOGUE = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.prefixes().items())


def made(root: Path, name: str) -> dict[str, Any]:
    """A release, as it tells of itself."""
    done = hrc("release", name, "--workspace", str(root))
    assert done.returncode == 0, done.stderr
    return dict(json.loads((root / "releases" / name / "about.json").read_text()))


def members(server: Server) -> list[tuple[str, str, str, list[ox.Triple]]]:
    """Every member of the stream in order: its title, its dossier, the step, and its triples."""
    space, tree = "https://www.w3.org/ns/activitystreams#", "https://w3id.org/tree#"
    accept = {"accept": "application/n-quads"}

    def read(path: str) -> list[ox.Quad]:
        return list(ox.parse(server.get(path, headers=accept).content, format=ox.RdfFormat.N_QUADS))

    def text(quad: ox.Quad) -> str:
        assert not isinstance(quad.object, ox.Triple)
        return quad.object.value

    nodes = {text(quad) for quad in read("feeds/ldes") if quad.predicate.value == tree + "node"}
    found = []
    for node in nodes:
        said: dict[str, dict[str, Any]] = {}
        graphs: dict[str, list[ox.Triple]] = {}
        listed = []
        for quad in read(node.removeprefix(server.url)):
            if quad.predicate.value == tree + "member":
                listed.append(text(quad))
            if isinstance(quad.graph_name, ox.DefaultGraph):
                said.setdefault(str(quad.subject)[1:-1], {})[quad.predicate.value] = text(quad)
            else:
                graphs.setdefault(quad.graph_name.value, []).append(quad.triple)
        for member in listed:
            about = said[member]
            when = about[namespaces.VOCABULARY["prov"] + "generatedAtTime"]
            of = about[namespaces.VOCABULARY["dcterms"] + "isVersionOf"].removeprefix(BASE + "graph/")
            step = about[namespaces.VOCABULARY["rdf"] + "type"].removeprefix(space)
            title = about[namespaces.VOCABULARY["dcterms"] + "title"]
            found.append((when, title, of, step, graphs.get(member, [])))
    return [rest for _, *rest in sorted(found, key=lambda one: one[0])]  # type: ignore[misc]


def built_again(read: list[tuple[str, str, str, list[ox.Triple]]], ontology: Path, folder: Path) -> str:
    """The hash of the graph that a harvester builds, who starts with nothing but the ontology."""
    shutil.copytree(ontology, folder / "ontology")
    (folder / "data").mkdir()
    for _, dossier, step, triples in read:
        path = folder / "data" / f"{dossier}.ttl"
        assert path.exists() == (step != "Create")
        path.parent.mkdir(parents=True, exist_ok=True)
        if step == "Delete":
            path.unlink()
        else:
            path.write_text(records.write(triples, base=BASE), "utf-8")
    snapshot = snapshots.current(Files(folder), folder / "state", base=BASE)
    return hashlib.sha256(
        b"".join(line for lines in dumps.canonical(Path(snapshot.path)) for line in lines)
    ).hexdigest()


def test_two_releases_and_the_live_data_each_tell_their_truth_and_the_feeds_lead_from_one_to_the_other(
    tmp_path: Path,
) -> None:
    root = closed(tmp_path / "w", "sources/seed-000", "sources/seed-004").root
    past = Published(root)
    for name in ("one", "two"):
        past.edit(
            f"people/made-up-{name}",
            f'who:made-up-{name} a foaf:Person ; foaf:name "Fictional {name}" ; skos:prefLabel "Fictional {name}"@en ; '
            "hrc:cites cite:seed-004--p3 .",
        )
    past.commit("Two fictional people")
    about = {A: made(root, A)}
    with serving("--time-limit", "10", workspace=root) as server:
        for step in STEPS:
            past.edit(step.dossier, step.add, step.remove)
            past.commit("So says the fictional gazette")
        built = hrc("build", "--workspace", str(root)).stdout.split()[0]
        about[B] = made(root, B)
        assert about[B]["snapshot"] == built
        end = time.monotonic() + 60
        while server.get("health").json()["snapshot"] != built:
            assert time.monotonic() < end, "the server does not turn to the new snapshot"
            time.sleep(0.05)

        truths(server, about)
        feed = ET.fromstring(server.get("feeds/changes.atom").content)
        entries = feed.findall(ATOM + "entry")[: len(STEPS)]
        titles = [entry.findtext(ATOM + "title") or "" for entry in reversed(entries)]
        assert [title[: len(step.told)] for title, step in zip(titles, STEPS, strict=True)] == [s.told for s in STEPS]

        read = members(server)
        assert [title for title, *_ in read[-len(STEPS) :]] == titles
        assert built_again(read, root / "ontology", tmp_path / "b") == about[B]["hash"]
        assert built_again(read[: -len(STEPS)], root / "ontology", tmp_path / "a") == about[A]["hash"]


def truths(server: Server, about: dict[str, dict[str, Any]]) -> None:
    """Ask both releases and the live data at the same time, in every way in which they can be asked."""

    def asked(number: int) -> None:
        name = (A, B, "")[number % 3]
        start = f"releases/{name}/" if name else ""
        has = name != A
        step = STEPS[number // 3 % len(STEPS)]
        answer = server.get(f"{start}sparql", params={"query": PROLOGUE + step.ask})
        assert answer.json()["boolean"] == has, step.ask
        marked(answer.headers, name or B)
        document = server.get(f"{start}doc/gov/id-lahat.ttl")
        marked(document.headers, name or B)
        labels = ("Government of Lahat Regency", "Lahat Regency Government")
        assert [label in document.text for label in labels] == [has, not has]
        assert server.get(f"{start}doc/person/made-up-two").status_code == (410 if has else 200)
        assert server.get(f"{start}doc/source/made-up").status_code == (200 if has else 404)
        given = {"government": "gov:id-lahat", "format": "csv"} | ({"release": name} if name else {})
        question = server.get("queries/commitments-of-a-government", params=given)
        marked(question.headers, name or B)
        assert ("european-charter-2000" in question.text) == has

    def marked(headers: Any, name: str) -> None:
        assert (headers["x-release"], headers["x-snapshot"]) == (name, about[name]["snapshot"])

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(asked, range(3 * len(STEPS))))
