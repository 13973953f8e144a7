"""What the one screen offers to choose from, and what its fields are called: from the shapes and the graph."""

from __future__ import annotations

from dataclasses import dataclass

from hrc_graph import forms
from hrc_graph.forms import Form
from hrc_graph.proposals.checking import SORTS
from hrc_graph.proposals.ground import Ground
from hrc_graph.web.desk.choices import countries
from hrc_graph.web.languages import READER

_WAVES = "SELECT DISTINCT ?value WHERE { ?value a hrc:Wave }"
_TEXTS = """
SELECT DISTINCT ?value WHERE {
  { ?value a/rdfs:subClassOf* hrc:Instrument } UNION { ?value a hrc:Campaign } FILTER ISIRI(?value) }"""
_COUNTRIES = "SELECT DISTINCT ?value WHERE { ?value a hrc:Place ; dcterms:type kind:country }"
_FORMS = ("Commitment", "Instrument", "Citation", "Source", "Place")


@dataclass(frozen=True, slots=True)
class Offered:
    """Lists of what can be chosen, names by value, and the forms of the shapes by class."""

    waves: dict[str, str]
    texts: list[str]
    """Names, to be typed or picked."""
    countries: dict[str, str]
    modes: dict[str, str]
    sorts: dict[str, str]
    text_kinds: dict[str, str]
    place_kinds: dict[str, str]
    source_kinds: dict[str, str]
    themes: dict[str, str]
    forms: dict[str, Form]

    def label(self, cls: str, key: str) -> str:
        """What a property is called in the form of a class."""
        name = self.forms[cls].field(key).name
        return name[:1].upper() + name[1:]

    def hint(self, cls: str, key: str) -> str:
        """What the shape says about how to fill it in."""
        return self.forms[cls].field(key).description


def offered(ground: Ground) -> Offered:
    """What there is to choose now, in the reader's language; made once for each state of the data."""
    language = READER.get().language
    if (known := _KEPT.get(language)) and known[0] is ground:
        return known[1]
    made = {cls: forms.form(ground.store, f"hrc:{cls}", language, base=ground.base) for cls in _FORMS}

    def listed(pattern: str) -> dict[str, str]:
        named = {row["value"]: ground.name(row["value"], language) for row in ground.select(pattern)}
        return dict(sorted(named.items(), key=lambda each: each[1].casefold()))

    def choices(cls: str, key: str) -> dict[str, str]:
        found = {each.value.rpartition("/")[2]: each.label for each in made[cls].field(key).choices}
        return dict(sorted(found.items(), key=lambda each: each[1].casefold()))

    result = Offered(
        waves=listed(_WAVES),
        texts=sorted(set(listed(_TEXTS).values()), key=str.casefold),
        countries=countries({iri.rpartition("/")[2].upper(): name for iri, name in listed(_COUNTRIES).items()}),
        modes=choices("Commitment", "hrc:mode"),
        sorts={sort: forms.form(ground.store, f"hrc:{sort}", language, base=ground.base).name for sort in SORTS},
        text_kinds=choices("Instrument", "dcterms:type"),
        place_kinds=choices("Place", "dcterms:type"),
        source_kinds=choices("Source", "dcterms:type"),
        themes=choices("Commitment", "hrc:theme"),
        forms=made,
    )
    _KEPT[language] = (ground, result)
    return result


_KEPT: dict[str, tuple[Ground, Offered]] = {}
"""By language, the newest that was made."""
