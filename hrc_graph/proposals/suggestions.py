"""What else may be true of a government, each with its reason and the records it rests on. Nothing is taken over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hrc_graph.proposals.ground import Ground
from hrc_graph.proposals.sentences import Translator

_FEW = 2
"""So many neighbours must stand under a text before it is suggested."""
_MOST = 6
"""So many suggestions of each sort."""

# Neighbours are governments whose places lie in the same country and that joined the same campaign.
_NEIGHBOURS = """
SELECT ?text (COUNT(DISTINCT ?other) AS ?number) (GROUP_CONCAT(DISTINCT STR(?act); SEPARATOR=" ") AS ?acts) WHERE {
  ?place hrc:partOf* ?country . ?country dcterms:type kind:country .
  ?theirs hrc:partOf+ ?country . ?other hrc:primaryPlace ?theirs .
  ?joining hrc:actor ?other ; hrc:mode mode:joined .
  ?act hrc:actor ?other ; hrc:under ?text ; hrc:mode ?mode .
  ?text a/rdfs:subClassOf* hrc:Instrument .
  FILTER (?theirs != ?place)
  FILTER NOT EXISTS { ?text hrc:adoptedBy ?other }
  FILTER NOT EXISTS { ?act hrc:endedOn ?ended }
}
GROUP BY ?text ORDER BY DESC(?number) ?text"""
_MEMBERS = """
SELECT (COUNT(DISTINCT ?other) AS ?number) WHERE {
  ?place hrc:partOf* ?country . ?country dcterms:type kind:country .
  ?theirs hrc:partOf+ ?country . ?other hrc:primaryPlace ?theirs .
  ?joining hrc:actor ?other ; hrc:mode mode:joined . FILTER (?theirs != ?place)
}"""
_OWN = """
SELECT DISTINCT ?text WHERE { ?text hrc:adoptedBy ?government ; a/rdfs:subClassOf* hrc:Instrument } ORDER BY ?text"""
_UNDER = """
SELECT DISTINCT ?text ?act WHERE { ?act hrc:actor ?government ; hrc:under ?text } ORDER BY ?text ?act"""
_CARRIED_OUT = """
SELECT DISTINCT ?text ?other WHERE {
  ?act hrc:actor ?government ; hrc:under ?other .
  ?other hrc:givesEffectTo|dcterms:references ?text . ?text a/rdfs:subClassOf* ?class
  FILTER (?class IN (hrc:Charter, hrc:Campaign)) } ORDER BY ?text ?other"""
_THEMES = """
SELECT DISTINCT ?theme ?text ?part WHERE {
  { ?act hrc:actor ?government ; hrc:under ?text } UNION { ?text hrc:adoptedBy ?government }
  ?text a/rdfs:subClassOf* ?class . FILTER (?class IN (hrc:Regulation, hrc:Charter, hrc:Resolution))
  { ?text hrc:theme ?theme BIND (?text AS ?part) } UNION { ?part hrc:partOf ?text ; hrc:theme ?theme }
  FILTER NOT EXISTS { ?own hrc:actor ?government ; hrc:theme ?theme }
} ORDER BY ?theme ?text ?part"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that may be asked for too."""

    sort: str
    """`text` or `campaign` for a commitment, `theme`."""
    thing: str
    """The IRI of the text, campaign or theme."""
    name: str
    reason: str
    """In words."""
    rests_on: tuple[str, ...]
    """The IRIs of the records that the reason speaks of."""
    mode: str = ""
    """The mode of a commitment that the records tell, such as `enacted`."""


def suggest(
    government: str, language: str, translator: Translator, ground: Ground, *, place: str = ""
) -> list[Suggestion]:
    """What may be asked for of a government, by its IRI; of a new one by the IRI of the larger `place` alone."""
    place = ground.value(government, "hrc:primaryPlace") or place
    held = {row["text"] for row in ground.select(_UNDER, government=government)} if government else set()
    found = [
        *(_own(government, held, language, translator, ground) if government else ()),
        *(_carried_out(government, held, language, translator, ground) if government else ()),
        *(_neighbours(place, held, language, translator, ground) if place else ()),
        *(_themes(government, language, translator, ground) if government else ()),
    ]
    return list({each.thing: each for each in reversed(found)}.values())[::-1]


def _own(
    government: str, held: set[str], language: str, translator: Translator, ground: Ground
) -> Iterator[Suggestion]:
    _ = translator.gettext
    for row in ground.select(_OWN, government=government)[:_MOST]:
        if row["text"] not in held:
            name = ground.name(row["text"], language)
            reason = _("It made “%(text)s” itself, and no commitment says so.") % {"text": name}
            mode = "enacted" if ground.is_a(row["text"], "hrc:Regulation") else "adopted"
            yield Suggestion("text", row["text"], name, reason, (row["text"],), mode)


def _carried_out(
    government: str, held: set[str], language: str, translator: Translator, ground: Ground
) -> Iterator[Suggestion]:
    _ = translator.gettext
    for row in ground.select(_CARRIED_OUT, government=government)[:_MOST]:
        if row["text"] not in held:
            name, other = ground.name(row["text"], language), ground.name(row["other"], language)
            reason = _("“%(other)s”, under which it stands, carries out or names “%(text)s”.")
            sort = "campaign" if ground.is_a(row["text"], "hrc:Campaign") else "text"
            yield Suggestion(sort, row["text"], name, reason % {"other": other, "text": name}, (row["other"],))


def _neighbours(
    place: str, held: set[str], language: str, translator: Translator, ground: Ground
) -> Iterator[Suggestion]:
    members = int(next(iter(ground.select(_MEMBERS, place=place)), {}).get("number", "0"))
    rows = [row for row in ground.select(_NEIGHBOURS, place=place) if row["text"] not in held]
    for row in rows[:_MOST]:
        number = int(row["number"])
        if number >= _FEW:
            name = ground.name(row["text"], language)
            reason = translator.gettext(
                "Of the %(members)s other governments of its country in a campaign, %(number)s stand under “%(text)s”."
            )
            said = {"members": members, "number": number, "text": name}
            yield Suggestion("text", row["text"], name, reason % said, tuple(sorted(row["acts"].split())))


def _themes(government: str, language: str, translator: Translator, ground: Ground) -> Iterator[Suggestion]:
    _ = translator.gettext
    rests: dict[tuple[str, str], list[str]] = {}
    for row in ground.select(_THEMES, government=government):
        rests.setdefault((row["theme"], row["text"]), []).append(row["part"])
    for (theme, text), parts in list(rests.items())[: 2 * _MOST]:
        reason = _("“%(text)s”, under which it stands, names this theme.") % {"text": ground.name(text, language)}
        yield Suggestion("theme", theme, ground.name(theme, language), reason, tuple(parts))
