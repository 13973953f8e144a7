"""Imports point down only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

LAYERS = (
    {"namespaces", "errors"},
    {"settings", "formats", "dates", "records", "gazetteer"},
    {"guard", "files", "derive", "validation", "slices", "history", "telling"},
    {"questions", "names", "changes", "facets", "desk"},
    {"engine"},
    {"workspace", "description", "chronicle", "directory", "listings"},
    {"review", "publishing", "reconciliation", "extension"},
    {"index"},
    {"tables", "preparing", "deciding"},
    {"export", "proposals", "forms"},
    {"releases", "backups", "drawing"},
    {"web", "cli", "client"},
)
MODULES = sorted((ROOT / "hrc_graph").rglob("*.py"))


def unit(path: Path) -> str:
    """The module or subpackage a file belongs to."""
    return path.relative_to(ROOT / "hrc_graph").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "hrc_graph":
            parts = (node.module or "").split(".")[1:]
            found |= {parts[0]} if parts else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("hrc_graph.")}
    return {name for name in found if not name.startswith("__")}


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", [p for p in MODULES if not unit(p).startswith("__")], ids=lambda p: str(p.name))
def test_a_module_imports_only_from_layers_below_its_own(path: Path) -> None:
    own = unit(path)
    for other in imported(path) - {own}:
        if (own, other) == ("cli", "web"):
            continue  # `hrc serve` starts the web application
        assert layer(other) < layer(own), f"{path.name} imports {other}"


def test_every_module_has_a_layer() -> None:
    units = {unit(path) for path in MODULES if not unit(path).startswith("__")}
    assert units == set().union(*LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.name))
def test_no_module_is_two_things(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_only_validation_knows_the_shacl_engine() -> None:
    knowing = [path.name for path in MODULES if re.search(r"import_module|import pyshacl", path.read_text("utf-8"))]
    assert knowing == ["validation.py"]


def test_a_worker_imports_nothing_heavy() -> None:
    assert imported(ROOT / "hrc_graph" / "engine" / "worker.py") == {"engine"}
    assert imported(ROOT / "hrc_graph" / "engine" / "sandbox.py") == set()
