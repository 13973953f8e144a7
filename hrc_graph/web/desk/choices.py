"""What the form of joining offers: countries, waves, texts, modes and themes, from the graph, by their names."""

from __future__ import annotations

import json
from collections.abc import Mapping

from babel import Locale

from hrc_graph import formats, gazetteer, namespaces
from hrc_graph.engine import Question
from hrc_graph.web.answers import Answers
from hrc_graph.web.languages import READER

Choices = dict[str, dict[str, str]]
"""By list, the names in the reader's language by short IRI."""

_LISTS = {
    "countries": "?value a hrc:Place ; dcterms:type kind:country .",
    "waves": "?value a hrc:Wave .",
    "instruments": """{ ?value a hrc:Charter } UNION {
        SELECT ?value WHERE { ?act hrc:under ?value ; hrc:actor ?actor . FILTER NOT EXISTS { ?value a hrc:Campaign } }
        GROUP BY ?value HAVING (COUNT(DISTINCT ?actor) > 1) }""",
    "modes": "?value skos:inScheme <https://w3id.org/hrcity/vocab/mode> .",
    "themes": "?value skos:inScheme <https://w3id.org/hrcity/vocab/theme> .",
}
_NAMED = "SELECT DISTINCT ?value ?label WHERE { %s ?value skos:prefLabel ?label }"


async def of(answers: Answers, base: str, client: str) -> Choices:
    """The choices as the graph has them now, each list by name."""
    prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in namespaces.prefixes(base).items())
    found: Choices = {}
    for name, pattern in _LISTS.items():
        question = Question(prologue + _NAMED % pattern, formats.JSON, formats.TURTLE, base, own=True)
        named: dict[str, dict[str, str]] = {}
        for row in json.loads((await answers.ask(question, client)).body)["results"]["bindings"]:
            by_language = named.setdefault(namespaces.short(row["value"]["value"], base), {})
            by_language[row["label"].get("xml:lang", "")] = row["label"]["value"]
        labels = {value: _best(by_language) for value, by_language in named.items()}
        found[name] = dict(sorted(labels.items(), key=lambda each: each[1].casefold()))
    known = {value.rpartition(":")[2].upper(): label for value, label in found["countries"].items()}
    found["countries"] = {f"place:{code.lower()}": label for code, label in countries(known).items()}
    return found


def countries(known: Mapping[str, str]) -> dict[str, str]:
    """The names of all countries by their ISO 3166-1 codes: as they are known here, else as CLDR has them.

    GeoNames has some that are no more; CLDR does not.
    """
    words = Locale.parse(READER.get().language).territories
    codes = gazetteer.codes() & words.keys() | known.keys()
    named = {code: known.get(code) or words[code] for code in codes}
    return dict(sorted(named.items(), key=lambda each: gazetteer.fold(each[1])))


def _best(by_language: dict[str, str]) -> str:
    """The name in the reader's language, else in English, else in the first there is."""
    first = min(by_language)
    return by_language.get(READER.get().language) or by_language.get("en") or by_language[first]
