"""A workspace in a git repository of its own, with a past: a state A, then ten changes of ten kinds."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
from dulwich import porcelain
from dulwich.repo import Repo

from hrc_graph import namespaces, preparing, records
from hrc_graph.workspace import Workspace, open_workspace
from tests.conftest import ROOT

BASE = namespaces.BASE
PREFIXES = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in namespaces.prefixes().items())
SHIPPED = (
    "aims/campaign-10-100-1000",
    "aims/kkp-ham",
    "events/whrcf-2022",
    "governments/id/lahat",
    "instruments/european-charter-2000",
)


@dataclass
class Past:
    """The repository. Nobody but the tests commits to it."""

    root: Path

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.root)

    def triples(self, name: str) -> set[ox.Triple]:
        path = self.root / "data" / f"{name}.ttl"
        return set(records.read(path.read_bytes(), base=BASE, name=name)) if path.exists() else set()

    def edit(self, name: str, add: str = "", remove: str = "") -> None:
        """Change a dossier by Turtle, and write it as the product does."""
        gone, new = (set(records.read((PREFIXES + text).encode(), base=BASE, name=name)) for text in (remove, add))
        before = self.triples(name)
        assert gone <= before, f"not in {name}: {gone - before}"
        self.write(name, records.write((before - gone) | new, base=BASE))

    def write(self, name: str, text: str) -> None:
        path = self.root / "data" / f"{name}.ttl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def commit(self, message: str, who: str = "Ana Editor <ana@example.org>") -> str:
        """Commit everything under `data/` as it is on disk."""
        with Repo(str(self.root)) as repository:
            index = repository.open_index()
            known = {os.fsdecode(path) for path in index if path.startswith(b"data/")}
            there = {str(path.relative_to(self.root)) for path in (self.root / "data").rglob("*.ttl")}
            repository.get_worktree().stage(sorted(known | there))
            made = porcelain.commit(repository, message.encode(), author=who.encode(), committer=who.encode())
        return made.decode()

    def quads(self) -> ox.Dataset:
        """Every dossier on disk as a named graph."""
        found = ox.Dataset()
        for path in (self.root / "data").rglob("*.ttl"):
            name = str(path.relative_to(self.root / "data").with_suffix(""))
            graph = ox.NamedNode(f"{BASE}graph/{name}")
            for triple in self.triples(name):
                found.add(ox.Quad(triple.subject, triple.predicate, triple.object, graph))
        return found


def state_a(folder: Path, *more: str) -> Past:
    """A repository with the ontology, the questions, every second source and a few dossiers, in one commit."""
    for name in ("ontology", "queries"):
        shutil.copytree(ROOT / name, folder / name)
    sources = sorted(path.stem for path in (ROOT / "data" / "sources").glob("*.ttl"))
    for name in (*SHIPPED, *more, *(f"sources/{slug}" for slug in sources[::2])):  # the seeds among them
        target = folder / "data" / f"{name}.ttl"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "data" / f"{name}.ttl", target)
    past = Past(folder)
    for name in ("one", "two"):
        past.edit(f"people/made-up-{name}", f'who:made-up-{name} a foaf:Person ; foaf:name "Fictional {name}" .')
    (folder / ".gitignore").write_text(".hrc/\n")
    porcelain.init(str(folder)).close()
    porcelain.add(str(folder), [str(folder / ".gitignore"), str(folder / "ontology"), str(folder / "queries")])
    past.commit("State A, out of the shipped files")
    porcelain.tag_create(str(folder), b"A")
    return past


TEN = (
    "Member joined: Lahat Regency Government joined 10, 100, 1000 Human Rights Cities and Territories by 2030, 2024",
    "Commitment linked: Lahat Regency Government signed European Charter for the Safeguarding of Human Rights "
    "in the City",
    "Award recorded: Human-Rights-Caring Regency or City to Lahat Regency Government, 2025",
    "Claim made: World Human Rights Cities Forum 2022: attendance 900 (normal)",
    "Claim decided: World Human Rights Cities Forum 2022: attendance 900 (preferred)",
    "Made-up gazette: source added, passage added",
    "Label corrected: Government of Lahat Regency: name “Lahat Regency Government” is now “Government of Lahat "
    "Regency”",
    "Thing renamed: Fictional one: who:made-up-one is who:made-up-first now",
    "Thing withdrawn: Fictional two (person)",
    "Detail corrected: Human-Rights-Caring Regency or City to Government of Lahat Regency, 2026: date 2025 is now 2026",
)
"""What the ten changes are, in words; all of it is made up for tests."""
WHO = "Ana Editor"


def ten_changes(past: Past) -> list[str]:
    """Make and commit the ten changes; their commits."""
    lahat, commits = "governments/id/lahat", []

    def done(why: str) -> None:
        commits.append(past.commit(f"{why}, says the fictional gazette"))

    act = "act:id-lahat--joined--campaign-10-100-1000"
    said = "hrc:actor gov:id-lahat ; hrc:cites cite:seed-004--p3"
    past.edit(lahat, f"{act} a hrc:Commitment ; hrc:mode mode:joined ; {said} ; hrc:under aim:campaign-10-100-1000 .")
    past.edit(lahat, f'{act} hrc:date "2024"^^edtf:EDTF .')
    done("Lahat joins")
    act = "act:id-lahat--signed--european-charter-2000"
    past.edit(lahat, f"{act} a hrc:Commitment ; hrc:mode mode:signed ; {said} ; hrc:under text:european-charter-2000 .")
    done("Lahat signs")
    award = "act:id-lahat--award--kkp-ham-2025"
    past.edit(lahat, f"{award} a hrc:Award ; hrc:recipient gov:id-lahat ; hrc:under aim:kkp-ham .")
    past.edit(lahat, f'{award} hrc:date "2025"^^edtf:EDTF ; hrc:cites cite:seed-004--p3 .')
    done("Lahat is awarded")
    claim = "claim:00000000000000aa a hrc:Claim ; rdf:subject event:whrcf-2022 ; rdf:predicate hrc:attendance"
    rank = "claim:00000000000000aa wikibase:rank wikibase:"
    past.edit("events/whrcf-2022", f"{claim} ; rdf:object 900 ; hrc:cites cite:seed-000--p12 . {rank}NormalRank .")
    done("A count of heads")
    past.edit("events/whrcf-2022", f"{rank}PreferredRank .", f"{rank}NormalRank .")
    done("The count is right")
    gazette = 'src:made-up a hrc:Source ; dcterms:title "Made-up gazette"@en ; dcterms:type kind:press .'
    page = 'cite:made-up--p1 a hrc:Citation ; hrc:source src:made-up ; hrc:locator "page 1" .'
    past.edit("sources/made-up", f"{gazette} {page}")
    done("A gazette")
    label = "gov:id-lahat skos:prefLabel"
    past.edit(lahat, f'{label} "Government of Lahat Regency"@en .', f'{label} "Lahat Regency Government"@en .')
    done("A better name")
    person = past.root / "data" / "people" / "made-up-one.ttl"
    past.write("people/made-up-first", person.read_text("utf-8").replace("who:made-up-one", "who:made-up-first"))
    person.unlink()
    done("A better address")
    (past.root / "data" / "people" / "made-up-two.ttl").unlink()
    done("Nobody knows of him")
    past.edit(lahat, f'{award} hrc:date "2026"^^edtf:EDTF .', f'{award} hrc:date "2025"^^edtf:EDTF .')
    done("Another year")
    return commits


def closed(folder: Path, *more: str) -> Past:
    """A repository with a few dossiers and all that they lead to: a quarter of the files, which breaks no rule."""
    data = ROOT / "data"
    found = {str(path.relative_to(data).with_suffix("")): path.read_bytes() for path in data.rglob("*.ttl")}
    triples = {name: records.read(text, base=BASE, name=name) for name, text in found.items()}
    where: dict[object, str] = {triple.subject: name for name, said in triples.items() for triple in said}
    taken, left = set[str](), [*SHIPPED, *more]
    while left:
        if (name := left.pop()) not in taken:
            taken.add(name)
            left += {where[triple.object] for triple in triples[name] if triple.object in where}
    for part in ("ontology", "queries"):
        shutil.copytree(ROOT / part, folder / part)
    for name in taken:
        target = folder / "data" / f"{name}.ttl"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(found[name])
    shutil.copy(ROOT / ".gitignore", folder)
    porcelain.init(str(folder)).close()
    porcelain.add(str(folder))
    porcelain.commit(str(folder), b"Some of the shipped files", author=_WE, committer=_WE)
    return Past(folder)


def shipped(folder: Path) -> Past:
    """The shipped files as they are, in one commit."""
    for name in ("ontology", "queries", "data"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / ".gitignore").write_text(".hrc/\n")
    porcelain.init(str(folder)).close()
    porcelain.add(str(folder))
    porcelain.commit(str(folder), b"The shipped files", author=_WE, committer=_WE)
    built(folder)
    return Past(folder)


def built(folder: Path) -> None:
    """What `hrc build` makes of the shipped files, taken from where it has been made for all tests."""
    made, state = preparing.build(open_workspace(ROOT)), folder / ".hrc"
    shutil.copytree(Path(made.path).parent, state / "snapshots" / made.id)
    shutil.copy(ROOT / ".hrc" / "current.json", state)


_WE = b"Ana Editor <ana@example.org>"
