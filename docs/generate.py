"""Writes the pages of docs/ that are made from the files. `--check` fails when one is out of date."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.engine import snapshots
from hrc_graph.workspace import open_workspace

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
            nodes = ", ".join(f"`{_short(node)}`" for node in sorted(cells["node"]))
            said = " … ".join(sorted(cells["quote"])).replace("|", "\\|").replace("\n", " ")
            behind = nodes or f"*no fact: {' '.join(sorted(cells['aside']))}*"
            out.append(f"| {' '.join(cells['locator'])} | {said} | {behind} |")
    return "\n".join(out) + "\n"


def _natural(text: str) -> list[tuple[int, str]]:
    parts = text.rpartition("/")[2].replace("-", " ").split()
    return [(int("".join(filter(str.isdigit, part)) or 0), part) for part in parts]


def _short(iri: str) -> str:
    for prefix, path in namespaces.THINGS.items():
        if iri.startswith(BASE + path):
            return f"{prefix}:{iri.removeprefix(BASE + path)}"
    return iri


def pages() -> dict[str, str]:
    """Every generated page by its file name."""
    store = snapshots.load(open_workspace(DOCS.parent).files, base=BASE)
    return {"seeds.md": seeds(store)}


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
