"""Writes the pages of docs/ that are made from the files. `--check` fails when one is out of date."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.engine import snapshots
from hrc_graph.review import review
from hrc_graph.tables import bringing
from hrc_graph.validation import Report
from hrc_graph.workspace import Workspace, open_workspace

DOCS = Path(__file__).parent
BASE = namespaces.BASE
PROLOGUE = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.prefixes().items())
SEEDS = (
    PROLOGUE
    + """
SELECT ?source ?title ?passage ?locator ?quote ?aside ?node WHERE {
  ?source a hrc:Source ; dcterms:title ?title . ?passage hrc:source ?source ; hrc:locator ?locator .
  FILTER (STRSTARTS(STR(?source), "https://w3id.org/hrcity/id/source/seed-") && LANG(?title) = "en")
  OPTIONAL { ?passage hrc:quote ?quote }
  OPTIONAL { ?passage dcterms:type kind:aside ; skos:editorialNote ?aside }
  OPTIONAL { GRAPH ?file { ?node hrc:cites ?passage }
             FILTER (!STRSTARTS(STR(?file), "https://w3id.org/hrcity/graph/derived/")) }
}
"""
)


def rows(store: ox.Store, query: str) -> list[dict[str, str]]:
    """The solutions of a SELECT over all graphs, values as text."""
    results = store.query(query, use_default_graph_as_union=True)
    assert isinstance(results, ox.QuerySolutions)
    body = results.serialize(format=ox.QueryResultsFormat.JSON) or b""
    return [{name: term["value"] for name, term in row.items()} for row in json.loads(body)["results"]["bindings"]]


def seeds(store: ox.Store) -> str:
    """Which passage of the founding documents stands behind which nodes."""
    passages: dict[str, dict[str, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    titles = {}
    for row in rows(store, SEEDS):
        titles[row["source"]] = row["title"]
        cells = passages[row["source"]][row["passage"]]
        for name in ("locator", "quote", "aside", "node"):
            if name in row:
                cells[name].add(row[name])
    out = [
        "# The five documents it started from, passage by passage",
        "",
        "Generated from `data/` by `make docs`. Every passage that carries a fact is cited by at least one node;",
        "a passage that carries none says why.",
    ]
    for source in sorted(passages):
        slug = source.rpartition("/")[2]
        cited = sum(bool(cells["node"]) for cells in passages[source].values())
        out += ["", f"## {slug}: {titles[source]}", ""]
        out += [f"{len(passages[source])} passages, {cited} with facts.", ""]
        out += ["| passage | words as found | nodes that cite it |", "|---|---|---|"]
        for passage in sorted(passages[source], key=_natural):
            cells = passages[source][passage]
            nodes = ", ".join(f"`{namespaces.short(node)}`" for node in sorted(cells["node"]))
            said = " … ".join(sorted(cells["quote"])).replace("|", "\\|").replace("\n", " ")
            behind = nodes or f"*no fact: {' '.join(sorted(cells['aside']))}*"
            out.append(f"| {' '.join(cells['locator'])} | {said} | {behind} |")
    return "\n".join(out) + "\n"


COUNTS = (
    PROLOGUE
    + """
SELECT ?label (COUNT(DISTINCT ?thing) AS ?n) WHERE {
  ?thing a ?class . ?class rdfs:label ?label FILTER (LANG(?label) = "en")
  FILTER (STRSTARTS(STR(?class), "https://w3id.org/hrcity/def/")) } GROUP BY ?label ORDER BY DESC(?n) ?label
"""
)
COUNTRIES = (
    PROLOGUE
    + """
SELECT ?label (COUNT(DISTINCT ?gov) AS ?n) WHERE {
  ?gov a hrc:LocalGovernment ; hrc:primaryPlace/hrc:partOf* ?country . ?country dcterms:type kind:country ;
    skos:prefLabel ?label FILTER (LANG(?label) = "en") } GROUP BY ?label ORDER BY DESC(?n) ?label
"""
)
SOURCES = (
    PROLOGUE
    + """
SELECT ?label (COUNT(DISTINCT ?source) AS ?n) WHERE {
  ?source a hrc:Source OPTIONAL { ?source dcterms:type ?kind . ?kind skos:prefLabel ?l FILTER (LANG(?l) = "en") }
  BIND (COALESCE(?l, "not stated") AS ?label) } GROUP BY ?label ORDER BY DESC(?n) ?label
"""
)
MEMBERS = (
    PROLOGUE
    + """
SELECT ?label (COUNT(DISTINCT ?member) AS ?n) WHERE {
  ?act hrc:mode mode:joined ; hrc:under aim:campaign-10-100-1000 ; hrc:actor ?member
  OPTIONAL { ?member a hrc:LocalGovernment BIND ("local and regional governments" AS ?g) }
  BIND (COALESCE(?g, "networks and other organisations") AS ?label) } GROUP BY ?label ORDER BY DESC(?n)
"""
)
SHARES = {
    "statements that must rest on evidence, with a source": (
        "SELECT (COUNT(*) AS ?n) { ?c a hrc:Claim }",
        "SELECT (COUNT(*) AS ?n) { ?c a hrc:Claim FILTER EXISTS { ?c hrc:cites ?k } }",
    ),
    "places with coordinates": (
        "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?p a hrc:Place }",
        "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?p a hrc:Place ; geo:hasDefaultGeometry ?g }",
    ),
    "places with a GeoNames id": (
        "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?p a hrc:Place }",
        "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?p a hrc:Place ; skos:notation ?k FILTER (DATATYPE(?k) = code:geonames) }",
    ),
    "places with an official code of their country": (
        "SELECT (COUNT(DISTINCT ?p) AS ?n) { ?p a hrc:Place }",
        "SELECT (COUNT(DISTINCT ?p) AS ?n)"
        " { ?p a hrc:Place ; skos:notation ?k FILTER (DATATYPE(?k) != code:geonames) }",
    ),
    "awards that a page names outright": (
        "SELECT (COUNT(DISTINCT ?a) AS ?n) { ?a a hrc:Award }",
        "SELECT (COUNT(DISTINCT ?a) AS ?n) { ?a a hrc:Award FILTER NOT EXISTS { ?a hrc:basis ?b } }",
    ),
}


def data(store: ox.Store, report: Report) -> str:
    """How much there is of what, how well sourced, and what the shapes still warn of."""
    out = ["# The data in numbers", "", "Generated from `data/` by `make docs`.", ""]
    parts = {
        "Records by class": COUNTS,
        "Local and regional governments by country": COUNTRIES,
        "Sources by kind": SOURCES,
        "Members of the campaign": MEMBERS,
    }
    for title, query in parts.items():
        out += [f"## {title}", "", "| | number |", "|---|---:|"]
        out += [f"| {row['label']} | {row['n']} |" for row in rows(store, query)] + [""]
    out += ["## Shares", "", "| | of | share |", "|---|---:|---:|"]
    for title, (whole, part) in SHARES.items():
        (of,), (n,) = rows(store, PROLOGUE + whole), rows(store, PROLOGUE + part)
        share = 100 * int(n["n"]) / max(int(of["n"]), 1)
        out.append(f"| {title} | {of['n']} | {share:.1f} % |")
    shapes = Counter(result.shape.rpartition("/")[2] for result in report.of("Warning"))
    out += [
        "",
        "## What the shapes warn of",
        "",
        "No record breaks a rule. A warning is a conflict that nobody has decided,",
    ]
    out += ["or a name that is not translated.", "", "| shape | warnings |", "|---|---:|"]
    out += [f"| {shape} | {n} |" for shape, n in sorted(shapes.items(), key=lambda item: (-item[1], item[0]))]
    return "\n".join(out) + "\n"


WORDS = """
## The words of a kind file

`ontology/tables/<kind>.yaml` says what a table of a kind means. A new column is one line under `columns`, and its name
in a `says` of one of the `things`.

| word of a column | meaning |
|---|---|
| `names` | headers that mean it, besides its own name |
| `is` | what a cell holds: `text`, `label` (words in a language), `date`, `year`, `integer`, `ordinal` (12, XII or c), `link`, `language`, `concept`, `codes`, or a record: `place`, `gov`, `org`, `actor`, `party`, `person`, `instrument`, `event`, `aim`, `milestone`, `act`, `source`, `thing` |
| `required`, `many`, `help` | it must be filled; several values stand between `;`; what a template tells a person |
| `values` | words that mean a certain short IRI, or `""` for nothing |
| `scheme` | for a concept: the vocabulary, and after a slash the top concept |
| `language`, `prefix` | for a label: a tag, or `of <column>`; words put before it |
| `from`, `pattern`, `form` | it is taken from another column: the first group of the pattern, written as the form says |
| `join`, `sign` | it is made of several columns: an interval of dates, or words |
| `paired` | its values go with the words of another column one by one |
| `rules` | patterns, and the short IRI that a text means in which one is found |
| `pages` | for a web address: short IRIs, each with the hosts (and beginnings of paths) that mean it; the longest fits |
| `name_of` | the name of what another column refers to |

| word of a thing | meaning |
|---|---|
| `iri`, `graph` | its address below `id/` and its dossier; `{column}` is filled in, `{slug}` is the row's id or name, `{self}` the row's first thing, `of <column>` the dossier of a record |
| `class` | its class, or one by the value of a column |
| `when` | only for rows with these values; `any`, `none`, `not x`, or `is <sort>` for what a reference leads to |
| `match` | how it is found if it exists: sorts, columns of names, country, kind, codes, number, link; `decided`: only by a decision |
| `says` | properties and the columns they take; `a\\|b` the first that says anything, `=x` a constant, `a is gov org` only records of these sorts |
| `infers` | what follows from a column where no source says it, written as a claim with its `basis` |
| `confirms` | what was inferred so far and is said by this row: it becomes a plain statement |
| `enrich` | what GeoNames and ISO 3166 add, where the match is certain |

A kind with `claims` holds what sources say differently: each side becomes a claim; `properties` maps the word for a
matter to a property, and any other matter becomes a remark. Of a value that is `withheld`, an e-mail address, only the
domain is said. The row's id names the dispute: `hrc:dispute` on both sides.
"""


def tables(workspace: Workspace) -> str:
    """What a table of each kind may hold."""
    out = ["# Tables that can be brought in", "", "Generated from `ontology/tables/` by `make docs`.", ""]
    out += ["`hrc import FILE --as KIND` reads CSV and XLSX; `hrc import --template KIND` writes an empty table."]
    out += ["Headers are understood however they are cased and spaced; several names mean the same column."]
    for kind in bringing.table_kinds(workspace).values():
        read_as = (
            f" Files called {', '.join(f'`{name}`' for name in kind.files)} are read as this kind."
            if kind.files
            else ""
        )
        out += ["", f"## {kind.name}: {kind.title['en']}", "", f"{kind.title['id']}.{read_as}", ""]
        out += ["| column | also called | holds | |", "|---|---|---|---|"]
        for column in kind.columns.values():
            if column.source and not column.names:
                continue
            others = ", ".join(name for name in dict.fromkeys((*column.names, column.key)) if name != column.header)
            holds = f"words of `{column.scheme}`" if column.type == "concept" else column.type
            notes = (
                ["required"] * column.required + ["several, by `;`"] * column.many + [column.help] * bool(column.help)
            )
            out.append(f"| {column.header} | {others} | {holds} | {'; '.join(notes)} |")
    out.append(WORDS.rstrip())
    return "\n".join(out) + "\n"


def _natural(text: str) -> list[tuple[int, str]]:
    parts = text.rpartition("/")[2].replace("-", " ").split()
    return [(int("".join(filter(str.isdigit, part)) or 0), part) for part in parts]


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    workspace = open_workspace(DOCS.parent)
    store = snapshots.load(workspace.files, base=BASE)
    return {"seeds.md": seeds(store), "data.md": data(store, review(workspace)), "tables.md": tables(workspace)}


def main(check: bool) -> int:
    """Write the pages, or with `check` only compare them. Returns the exit code."""
    stale = []
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, "utf-8")
    if stale:
        print(("out of date, run make docs: " if check else "written: ") + ", ".join(stale))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
