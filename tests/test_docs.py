"""Generated pages are up to date, and every passage of the founding documents is accounted for."""

from __future__ import annotations

import subprocess
import sys

import pyoxigraph as ox
import pytest

from hrc_graph import questions
from tests.conftest import ROOT, select


@pytest.mark.slow
def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


SEEDS = {f"seed-{number:03}": passages for number, passages in enumerate((40, 12, 6, 6, 10))}


@pytest.mark.parametrize(("seed", "least"), SEEDS.items(), ids=SEEDS.keys())
def test_every_passage_of_a_seed_that_carries_a_fact_is_cited_and_every_other_says_why_not(
    store: ox.Store, seed: str, least: int
) -> None:
    passages = select(
        store,
        f"""SELECT ?passage (COUNT(DISTINCT ?node) AS ?nodes) (COUNT(DISTINCT ?why) AS ?reasons) WHERE {{
          ?passage hrc:source <https://w3id.org/hrcity/id/source/{seed}>
          OPTIONAL {{ ?node hrc:cites ?passage FILTER (!STRSTARTS(STR(?node), "https://w3id.org/hrcity/id/claim/")) }}
          OPTIONAL {{ ?passage dcterms:type kind:aside ; skos:editorialNote ?why }}
        }} GROUP BY ?passage""",
    )
    assert len(passages) >= least
    assert [p["passage"] for p in passages if (p["nodes"] == "0") == (p["reasons"] == "0")] == []


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for verb in ("serve", "build", "validate", "query"):
        assert f"hrc {verb}" in text


def test_the_example_of_a_question_is_one() -> None:
    example = (ROOT / "docs" / "questions.md").read_text("utf-8").partition("```sparql\n")[2].partition("```")[0]
    question = questions.parse("example", example)
    assert [parameter.name for parameter in question.parameters] == ["government"]
    ox.Store().query(question.bound({}))
    ox.Store().query(question.parameters[0].choices_query())


def test_the_readme_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines[3:5]] == ["make serve", "make test"]


def test_the_changelog_knows_the_version() -> None:
    from hrc_graph import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
