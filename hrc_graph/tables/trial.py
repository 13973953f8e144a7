"""A process that tries tables on the graph, writes down what they would change, and ends; it changes nothing.

    python -m hrc_graph.tables.trial < ASKED

`ASKED` is JSON: the workspace, its base, the tables' files, the kind (or ""), the language, the answers that a person
gave to doubts, and the folder that gets `outcome.json` and, where rows are wrong, `errors.xlsx`. Whoever starts it
watches the time; memory is capped and the network taken away here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hrc_graph import namespaces
from hrc_graph.engine import sandbox
from hrc_graph.errors import BadFile, HrcError
from hrc_graph.settings import Settings
from hrc_graph.tables import Cell, Sheet, bringing, exporting
from hrc_graph.tables.kinds import Kind
from hrc_graph.workspace import Workspace, open_workspace

MEMORY = 3 * 2**29
"""So many bytes may be taken beyond what the process has at its start."""
OUTCOME, REPORT = "outcome.json", "errors.xlsx"


def tried(workspace: Workspace, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the tables would change, as JSON has it, and the report beside it. Raises `HrcError`."""
    before = workspace.files.sums()
    known = bringing.table_kinds(workspace)
    tables, _ = bringing.read([Path(path) for path in asked["files"]], known, asked["kind"])
    answered = [(_answered(sheet, kind, asked["answers"], workspace.settings.base), kind) for sheet, kind in tables]
    outcome, _ = bringing.bring(workspace, answered, dry_run=True, language=asked["language"])
    if outcome.problems:
        bringing.write_report(tables, outcome, Path(asked["folder"]) / REPORT)
    return {
        "tables": [
            {"sheet": sheet.name, "kind": dict(kind.title), "rows": len(sheet.rows), "decides": bool(_column(kind))}
            for sheet, kind in tables
        ],
        "rows": outcome.rows,
        "problems": [asdict(problem) for problem in outcome.problems],
        "merges": [asdict(merge) for merge in outcome.merges],
        "changes": {name: text.decode() for name, text in outcome.changes.items()},
        "on": {name: before.get(name, "") for name in outcome.changes},
    }


def _column(kind: Kind) -> str:
    """The header of a kind's column that says whether a row is the same as something."""
    return "" if kind is exporting.RECORDS or "same_as" not in kind.columns else kind.columns["same_as"].header


def _answered(sheet: Sheet, kind: Kind, answers: Mapping[str, Mapping[str, str]], base: str) -> Sheet:
    """The sheet with what a person decided of its rows, by their numbers: an IRI, or “new”."""
    given, header = answers.get(sheet.name, {}), _column(kind)
    if not given or not header:
        return sheet
    taken = kind.headers(sheet.header)[0]
    header = next((name for name, column in taken.items() if column.key == "same_as"), header)
    rows = []
    for row in sheet.rows:
        if answer := given.get(str(row.number)):
            text = answer if answer == "new" else namespaces.short(answer, base)
            row = replace(row, cells=row.cells | {header: Cell(row.number, len(sheet.header) + 1, header, text)})
        rows.append(row)
    columns = sheet.header if header in sheet.header else (*sheet.header, header)
    return replace(sheet, header=columns, rows=tuple(rows))


def main() -> None:
    """Try what standard input asks for."""
    asked = json.load(sys.stdin)
    sandbox.confine()
    sandbox.cap_memory(MEMORY)
    try:
        told = tried(open_workspace(Path(asked["workspace"]), Settings(base=asked["base"])), asked)
    except (HrcError, MemoryError) as error:
        known = error if isinstance(error, HrcError) else BadFile("This needs too much memory.", "Split the table.")
        place = [known.line, known.column] if known.line else [None, None]
        told = {"error": [known.message, known.hint, *place], "busy": not isinstance(known, BadFile)}
    (Path(asked["folder"]) / OUTCOME).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
