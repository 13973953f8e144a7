"""The promises of the desk, kept with PostgreSQL too."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hrc_graph.desk import open_desk
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import State
from hrc_graph.errors import Conflict
from hrc_graph.settings import Settings
from tests import test_desk_deciding as deciding
from tests import test_desk_private as private
from tests.conftest import serving
from tests.office import Office
from tests.past import state_a

hrc = private.hrc
test_what_was_accepted_can_be_undone = (
    deciding.test_what_was_accepted_is_public_with_its_author_and_reviewer_and_can_be_undone
)
test_a_stale_save_loses_nothing = deciding.test_a_stale_save_shows_both_versions_and_loses_neither
test_the_applicant_answers_the_question = deciding.test_the_applicant_answers_the_question
test_a_person_is_told_all_that_is_held = private.test_a_person_is_told_all_that_is_held
test_who_was_kept_long_enough_is_erased = private.test_who_was_kept_long_enough_is_erased
test_accounts_and_tokens_from_the_shell = private.test_accounts_and_tokens_from_the_shell

_INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_INITDB = shutil.which("initdb") or next((str(path / "initdb") for path in reversed(_INSTALLED)), "")
_WHO = "postgres" if any(each.pw_name == "postgres" for each in pwd.getpwall()) else "nobody"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not _INITDB, reason="PostgreSQL is not installed here.")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A PostgreSQL of its own, which listens on a socket file only."""
    with tempfile.TemporaryDirectory(prefix="hrc-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "run").mkdir()
        user, group, groups = None, None, None
        if os.geteuid() == 0:  # which it refuses
            user, group, groups = _WHO, pwd.getpwnam(_WHO).pw_gid, list[int]()
            for path in (folder, folder / "run"):
                shutil.chown(path, user)
        data, bins = str(folder / "data"), Path(_INITDB).resolve().parent
        made = [_INITDB, "--auth=trust", "--username=hrc", "--no-sync", "--encoding=UTF8", f"--pgdata={data}"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, user=user, group=group, extra_groups=groups)
        command = [str(bins / "postgres"), "-D", data, "-h", "", "-k", str(folder / "run"), "-c", "fsync=off"]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=folder, user=user, group=group, extra_groups=groups
            )
        try:
            until = time.monotonic() + 60
            while "ready to accept connections" not in (folder / "log").read_text("utf-8"):
                assert running.poll() is None, (folder / "log").read_text("utf-8")
                assert time.monotonic() < until
                time.sleep(0.1)
            yield f"postgresql+psycopg://hrc@/postgres?host={folder / 'run'}"
        finally:
            running.terminate()
            running.wait(timeout=30)


@pytest.fixture(scope="module")
def office(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    past = state_a(tmp_path_factory.mktemp("site"), *deciding.NEEDED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HRC_DESK_URL", url)
        with serving(workspace=past.root) as server:
            made = Office(server, past.root, open_desk(past.root, Settings(desk_url=url)))
            made.account(Role.admin)
            made.stamp("join")
            time.sleep(3.1)  # nobody fills it in more quickly
            yield made
            made.desk.database.close()
    assert not (past.root / ".hrc" / "desk.sqlite").exists()


def test_of_many_who_take_the_same_step_at_once_one_succeeds(office: Office) -> None:
    editor, cases = office.account(Role.editor), office.desk.applications
    for _ in range(5):
        application, _code = cases.receive("{}", "Kota Rekaan", "id", None, editor)
        outcomes: list[str] = []

        def step(reference: str = application.reference, outcomes: list[str] = outcomes) -> None:
            try:
                cases.step(reference, State.in_review, "", editor, seen=State.received)
                outcomes.append("done")
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=step) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["conflict"] * 7 + ["done"]
        assert len(cases.steps(application.reference)) == 2  # it came in, and it was taken on
