"""How long a change takes: from being judged to being seen at a running server, on a copy of the shipped data in git.

    python -m benchmarks.accepting

Prints the median and the worst of twenty changes, step by step, in milliseconds.
"""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

import httpx
from dulwich import porcelain

from hrc_graph import publishing
from hrc_graph.engine import snapshots
from hrc_graph.index import Index
from hrc_graph.publishing import Author
from hrc_graph.workspace import open_workspace

P = ParamSpec("P")
T = TypeVar("T")

ROUNDS = 20
DOSSIER = "governments/id/lahat"
EDITOR = Author("Fictional Editor", "editor@example.org")
TARGETS = {"judge": 200, "accept to visible": 1000}
"""Milliseconds."""


def main() -> None:
    """Measure and print."""
    took: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _copy(root)
        workspace = open_workspace(root)
        started = time.perf_counter()
        index = Index.open(workspace)
        print(f"opened, and built, in {time.perf_counter() - started:.1f} s")
        with _serving(root) as address, httpx.Client() as client:
            for number in range(ROUNDS):
                text = _with_name(root, f"Fictional {number}")
                with _timed(took, "judge"):
                    index.judge({DOSSIER: text})
                with _timed(took, "accept to visible"):
                    with _timed(took, "accept"), _steps(took):
                        index.accept({DOSSIER: text}, "A fictional name", EDITOR)
                    while not _seen(client, address, f"Fictional {number}"):
                        time.sleep(0.002)
            with _timed(took, "undo"):
                index.undo(author=EDITOR)
    print(f"{'':24}{'median':>8}{'worst':>8}{'target':>8}")
    for name, times in took.items():
        target = TARGETS.get(name, "")
        print(f"{name:24}{statistics.median(times) * 1000:8.0f}{max(times) * 1000:8.0f}{target:>8}")


def _copy(root: Path) -> None:
    """The shipped files in a git repository of their own."""
    shipped = Path(__file__).parent.parent
    for name in ("ontology", "data", "queries"):
        shutil.copytree(shipped / name, root / name)
    (root / ".gitignore").write_text(".hrc/\n")
    porcelain.init(str(root)).close()
    porcelain.add(str(root))
    porcelain.commit(str(root), b"The shipped files", author=str(EDITOR).encode(), committer=str(EDITOR).encode())


def _with_name(root: Path, name: str) -> bytes:
    label = f'<id/gov/id-lahat> <http://www.w3.org/2004/02/skos/core#altLabel> "{name}"@en .\n'
    return (root / "data" / f"{DOSSIER}.ttl").read_bytes() + label.encode()


def _seen(client: httpx.Client, address: str, name: str) -> bool:
    query = f'ASK {{ ?s <http://www.w3.org/2004/02/skos/core#altLabel> "{name}"@en }}'
    answer = client.get(f"{address}sparql", params={"query": query}, headers={"accept": "application/json"})
    return bool(answer.raise_for_status().json()["boolean"])


@contextlib.contextmanager
def _serving(root: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "hrc_graph", "serve", "--port", "0", "--workspace", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        yield next(line for line in process.stdout if line.startswith("Listening")).split()[-1]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def _timed(took: dict[str, list[float]], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took[name].append(time.perf_counter() - started)


@contextlib.contextmanager
def _steps(took: dict[str, list[float]]) -> Iterator[None]:
    """Time what `accept` does, step by step."""
    with contextlib.ExitStack() as back:
        for owner, name, step in (
            (Index, "_refresh", "  look for other changes"),
            (Index, "_judged", "  judge it"),
            (snapshots, "after", "  write the snapshot"),
            (publishing, "publish", "  write and commit"),
            (snapshots, "show", "  show it"),
        ):
            back.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, _watched(getattr(owner, name), took, step))
        yield


def _watched(function: Callable[P, T], took: dict[str, list[float]], step: str) -> Callable[P, T]:
    def watched(*arguments: P.args, **named: P.kwargs) -> T:
        with _timed(took, step):
            return function(*arguments, **named)

    return watched


if __name__ == "__main__":
    main()
