"""What follows from the files."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from hrc_graph import namespaces, records
from hrc_graph.derive import derive
from hrc_graph.engine import snapshots
from tests.conftest import select

BASE = namespaces.BASE
HEAD = """
@prefix hrc: <https://w3id.org/hrcity/def/> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix wikibase: <http://wikiba.se/ontology#> . @prefix edtf: <http://id.loc.gov/datatypes/edtf/> .
@prefix text: <id/text/> . @prefix claim: <id/claim/> . @prefix cite: <id/cite/> .
hrc:date hrc:claimable true .
"""


def derived(turtle: str) -> ox.Store:
    """A store of one small graph and all that follows from it."""
    store = ox.Store()
    store.extend(snapshots.in_graph("x", records.read((HEAD + turtle).encode(), base=BASE, name="x"), base=BASE))
    store.extend(list(derive(store, base=BASE)))
    return store


def values(store: ox.Store, subject: str, prop: str) -> set[str]:
    node, predicate = ox.NamedNode(f"{BASE}id/{subject}"), ox.NamedNode(namespaces.DEF + prop)
    found = (quad.object for quad in store.quads_for_pattern(node, predicate, None, None))
    return {term.value for term in found if isinstance(term, ox.Literal)}


def claims(*dates_and_ranks: tuple[str, str]) -> str:
    return "".join(
        f'claim:c{number} a hrc:Claim ; rdf:subject text:t ; rdf:predicate hrc:date ; rdf:object "{date}"^^edtf:EDTF ;'
        f" wikibase:rank wikibase:{rank}Rank ; hrc:cites cite:c{number} .\n"
        for number, (date, rank) in enumerate(dates_and_ranks)
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([("2014", "Normal"), ("2011", "Normal")], {"2014", "2011"}),
        ([("2014", "Preferred"), ("2011", "Normal")], {"2014"}),
        ([("2014", "Normal"), ("2011", "Deprecated")], {"2014"}),
        ([("2021", "Normal"), ("2021-11", "Normal")], {"2021-11"}),
        ([("2014-05-17", "Preferred"), ("2014", "Preferred")], {"2014-05-17"}),
        ([("2017-09-17?", "Normal"), ("2017-09-17", "Normal")], {"2017-09-17"}),
        ([("2011", "Deprecated")], set()),
        ([("2014", "Normal"), ("2014", "Normal")], {"2014"}),
    ],
)
def test_readers_see_preferred_else_normal_and_the_narrowest_of_what_agrees(
    said: list[tuple[str, str]], shown: set[str]
) -> None:
    assert values(derived(claims(*said)), "text/t", "date") == shown


def test_a_statement_its_node_cites_evidence_for_becomes_a_claim_with_a_stable_name() -> None:
    turtle = 'text:t hrc:date "2016-05"^^edtf:EDTF ; hrc:cites cite:b , cite:a .'
    once, twice = derived(turtle), derived(turtle)
    assert set(once) == set(twice)
    cited = select(once, "SELECT ?cited WHERE { ?claim a hrc:Claim ; hrc:cites ?cited } ORDER BY ?cited")
    assert cited == [{"cited": BASE + "id/cite/a"}, {"cited": BASE + "id/cite/b"}]
    assert values(once, "text/t", "earliest") == {"2016-05-01"}
    assert values(once, "text/t", "latest") == {"2016-05-31"}


def test_a_written_claim_is_not_claimed_again() -> None:
    store = derived(claims(("2014", "Normal")) + "text:t hrc:cites cite:x .")
    rank = ox.NamedNode(namespaces.VOCABULARY["wikibase"] + "rank")
    assert len(list(store.quads_for_pattern(None, rank, None, None))) == 1


def test_a_date_nobody_can_read_gives_no_bounds_and_stops_nothing() -> None:
    store = derived('text:t hrc:date "May 2014"^^edtf:EDTF ; hrc:cites cite:x .')
    assert values(store, "text/t", "earliest") == set()


def test_a_theme_inherits_the_treaty_articles_and_goals_of_its_broader_themes(store: ox.Store) -> None:
    missing = select(
        store,
        """SELECT ?theme ?match WHERE { ?theme skos:broader ?above . ?above skos:relatedMatch ?match
           OPTIONAL { ?theme skos:relatedMatch ?own FILTER (?own = ?match) } FILTER (!BOUND(?own)) }""",
    )
    links = "GRAPH <https://w3id.org/hrcity/graph/derived/links>"
    inherited = select(store, f"SELECT ?match WHERE {{ {links} {{ ?theme skos:relatedMatch ?match }} }}")
    assert missing == []
    assert inherited


def test_members_are_counted_with_networks_apart_from_governments(store: ox.Store) -> None:
    for row in select(
        store, "SELECT ?thing ?governments ?others WHERE { ?thing hrc:governmentCount ?governments ;"
        " hrc:otherBodyCount ?others }"
    ):  # fmt: skip
        acts = f"{{ ?act hrc:under <{row['thing']}> }} UNION {{ ?act hrc:inWave <{row['thing']}> }}"
        bodies = select(
            store,
            f"SELECT DISTINCT ?actor ?government WHERE {{ {acts} ?act a hrc:Commitment ; hrc:actor ?actor "
            "OPTIONAL { ?actor a ?government FILTER (?government = hrc:LocalGovernment) } }",
        )
        assert int(row["governments"]) == sum("government" in body for body in bodies)
        assert int(row["others"]) == sum("government" not in body for body in bodies)


def test_every_claimable_statement_of_the_shipped_data_has_a_claim(store: ox.Store) -> None:
    uncovered = select(
        store,
        """SELECT DISTINCT ?s ?p ?o WHERE {
          ?p hrc:claimable true . ?s ?p ?o FILTER (STRSTARTS(STR(?s), "https://w3id.org/hrcity/id/"))
          OPTIONAL { ?c rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o } FILTER (!BOUND(?c))
          OPTIONAL { ?s a ?evidence FILTER (?evidence IN (hrc:Source, hrc:Citation, hrc:Decision)) }
          FILTER (!BOUND(?evidence)) }""",
    )
    assert uncovered == []


def test_every_claim_is_named_by_what_it_says(store: ox.Store) -> None:
    def objects(node: ox.NamedNode, prefix: str, local: str) -> list[ox.NamedNode | ox.Literal]:
        quads = store.quads_for_pattern(node, ox.NamedNode(namespaces.VOCABULARY[prefix] + local), None, None)
        return [quad.object for quad in quads if isinstance(quad.object, ox.NamedNode | ox.Literal)]

    for row in select(store, "SELECT ?claim WHERE { ?claim a hrc:Claim }"):
        claim = ox.NamedNode(row["claim"])
        (subject,), (predicate,) = objects(claim, "rdf", "subject"), objects(claim, "rdf", "predicate")
        (value,) = objects(claim, "rdf", "object")
        cited = [term for term in objects(claim, "hrc", "cites") if isinstance(term, ox.NamedNode)]
        assert isinstance(subject, ox.NamedNode)
        assert isinstance(predicate, ox.NamedNode)
        matter = next((str(term.value) for term in objects(claim, "hrc", "matter")), "")
        assert records.claim_iri(ox.Triple(subject, predicate, value), cited, base=BASE, matter=matter) == claim
