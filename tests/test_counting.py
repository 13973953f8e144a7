"""Counting the rows of a table without reading it."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hrc_graph.engine.counting import count_rows

FORMATS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
HOSTILE = st.text(alphabet='{}[],:"\\\n\r\t<>a', max_size=8)
CELL = st.none() | st.builds(ox.Literal, HOSTILE) | st.just(ox.NamedNode("http://example.org/a"))
ROWS = st.lists(st.tuples(CELL, CELL), max_size=6)


@pytest.mark.parametrize("name", FORMATS)
@given(rows=ROWS)
@example(rows=[(ox.Literal("}},{"), ox.Literal("}},{")), (ox.Literal('}},{"x":{'), None)])
@example(rows=[(None, None), (None, None)])
@example(rows=[(ox.Literal("[]}}"), None)])
@example(rows=[])
def test_rows_are_counted_whatever_the_values_hold(
    name: str, rows: list[tuple[ox.Literal | ox.NamedNode | None, ...]]
) -> None:
    cells = " ".join(f"({' '.join('UNDEF' if cell is None else str(cell) for cell in row)})" for row in rows)
    results = ox.Store().query(f"SELECT ?a ?b WHERE {{ VALUES (?a ?b) {{ {cells} }} }}")
    assert isinstance(results, ox.QuerySolutions)
    body = results.serialize(format=FORMATS[name])
    assert body is not None
    assert count_rows(name, body) == len(rows)
