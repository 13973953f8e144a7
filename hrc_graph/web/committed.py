"""Who committed, where and when: one query that can be narrowed by country, mode and year, and its rows as values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.web.kept import Row

_PREFIXES = ("dcterms", "geo", "hrc", "kind", "skos")
_POINT = re.compile(r"POINT ?\((-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?)\)\Z")
_NAMED = """
  OPTIONAL {{ {thing} skos:prefLabel {name}1 FILTER (LANG({name}1) = {language}) }}
  OPTIONAL {{ {thing} skos:prefLabel {name}2 FILTER (LANG({name}2) = "en") }}
  OPTIONAL {{ {thing} skos:prefLabel {name}3 FILTER (LANG({name}3) = "id") }}
  OPTIONAL {{
    {thing} skos:prefLabel {name}4
    FILTER NOT EXISTS {{ {thing} skos:prefLabel ?o FILTER (LANG(?o) < LANG({name}4)) }}
  }}
  BIND (COALESCE({name}1, {name}2, {name}3, {name}4) AS {name})"""
_IN_COUNTRY = """?actor hrc:primaryPlace/hrc:partOf* ?country .
  ?country dcterms:type kind:country ."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a reader wants to see; "" and 0 for everything. Country and mode are IRIs."""

    country: str = ""
    mode: str = ""
    year: int = 0
    """The first year in which the commitment may have been made."""

    def holds(self, made: Commitment) -> bool:
        """Whether a commitment is wanted; `query` says the same to the endpoint."""
        return (
            (not self.country or made.country == self.country)
            and (not self.mode or made.mode == self.mode)
            and (not self.year or made.year == self.year)
        )


@dataclass(frozen=True, slots=True)
class Name:
    """A name and its language tag, which may not be the reader's."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """One commitment, with what a map, a line of time or a table tells of it."""

    iri: str
    actor: str
    name: Name
    is_government: bool
    country: str
    country_name: Name
    mode: str
    how: Name
    under: str
    title: Name
    dates: tuple[str, ...]
    """EDTF; more than one where sources disagree, none where no source tells."""
    year: int
    """The first year in which it may have been made; 0 when no source tells."""
    point: tuple[float, float] | None
    """Longitude and latitude of the place of a government, where they are known."""


def query(narrowed: Narrowed, language: str, base: str) -> str:
    """The SPARQL for the commitments wanted, with names in a language where there are such."""
    known = namespaces.prefixes(base)
    lines = [f"PREFIX {prefix}: <{known[prefix]}>\n" for prefix in _PREFIXES]
    country = f"OPTIONAL {{ {_IN_COUNTRY} }}"
    if narrowed.country:
        country = f"VALUES ?country {{ {ox.NamedNode(narrowed.country)} }}\n  {_IN_COUNTRY}"
    mode = f"\n  VALUES ?mode {{ {ox.NamedNode(narrowed.mode)} }}" if narrowed.mode else ""
    year = f"\n  FILTER (?year = {narrowed.year:d})" if narrowed.year else ""
    said = str(ox.Literal(language))
    names = "".join(
        _NAMED.format(thing=thing, name=name, language=said)
        for thing, name in (("?actor", "?name"), ("?mode", "?how"), ("?under", "?title"), ("?told", "?country_name"))
    )
    return f"""{"".join(lines)}
SELECT ?commitment ?actor ?name ?local ?country ?country_name ?mode ?how ?under ?title ?date ?year ?point
WHERE {{{mode}
  ?commitment a hrc:Commitment ;
    hrc:actor ?actor ;
    hrc:mode ?mode ;
    hrc:under ?under .
  OPTIONAL {{ ?actor a ?local FILTER (?local = hrc:LocalGovernment) }}
  OPTIONAL {{ ?commitment hrc:date ?date }}
  OPTIONAL {{
    SELECT ?commitment (MIN(YEAR(?earliest)) AS ?year)
    WHERE {{ ?commitment a hrc:Commitment ; hrc:earliest ?earliest }}
    GROUP BY ?commitment
  }}{year}
  {country}
  OPTIONAL {{ ?actor hrc:primaryPlace/geo:hasDefaultGeometry/geo:asWKT ?point }}

  # What is unbound would take any name.
  BIND (COALESCE(?country, "") AS ?told){names}
}}
ORDER BY ?actor ?commitment ?mode ?under STR(?date) STR(?point)
"""


def read(rows: Iterable[Row]) -> list[Commitment]:
    """The commitments of an answer to `query`, each once, by the name of who made them."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["commitment"]["value"], []).append(row)
    return sorted(map(_read, found.values()), key=lambda each: (each.name.text.casefold(), each.iri))


def named(row: Row, variable: str, otherwise: str = "") -> Name:
    """The name in a variable of a row; without one, the last part of the IRI in another variable."""
    if variable in row:
        return Name(row[variable]["value"], row[variable].get("xml:lang", ""))
    return Name(row[otherwise]["value"].rpartition("/")[2] if otherwise in row else "", "")


def point(text: str) -> tuple[float, float] | None:
    """Longitude and latitude of a point as the data write it; `None` for any other shape."""
    found = _POINT.match(text)
    return (float(found[1]), float(found[2])) if found else None


def _read(rows: list[Row]) -> Commitment:
    row = rows[0]
    points = (point(each["point"]["value"]) for each in rows if "point" in each)
    return Commitment(
        iri=row["commitment"]["value"],
        actor=row["actor"]["value"],
        name=named(row, "name", "actor"),
        is_government="local" in row,
        country=row["country"]["value"] if "country" in row else "",
        country_name=named(row, "country_name", "country"),
        mode=row["mode"]["value"],
        how=named(row, "how", "mode"),
        under=row["under"]["value"],
        title=named(row, "title", "under"),
        dates=tuple(dict.fromkeys(each["date"]["value"] for each in rows if "date" in each)),
        year=int(row["year"]["value"]) if "year" in row else 0,
        point=next((found for found in points if found), None),
    )
