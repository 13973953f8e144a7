"""What everything is called, in every language, from one snapshot: names for pages in the reader's language."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hrc_graph import formats, namespaces
from hrc_graph.engine import Answer, Question
from hrc_graph.facets import NAMES
from hrc_graph.web.answers import Answers
from hrc_graph.web.languages import gettext
from hrc_graph.web.links import Links


def _(text: str) -> str:
    """Marks a text that pages translate."""
    return text


_NAMED = """
PREFIX hrc: <https://w3id.org/hrcity/def/> PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?thing ?name WHERE { ?thing %s|hrc:locator ?name FILTER (ISIRI(?thing)) }
"""
_ACTS = """
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX hrc: <https://w3id.org/hrcity/def/>
SELECT ?thing ?who ?how ?what WHERE {
  VALUES ?class { hrc:Commitment hrc:Participation hrc:Award hrc:Change } ?thing a ?class
  OPTIONAL { ?thing hrc:actor|hrc:recipient|hrc:after ?who } OPTIONAL { ?thing hrc:mode|hrc:role|dcterms:type ?how }
  OPTIONAL { ?thing hrc:under|hrc:at ?what }
}
"""
_BORROWED = {
    namespaces.VOCABULARY["org"] + "Organization": _("Organisation"),
    namespaces.VOCABULARY["org"] + "FormalOrganization": _("Formal organisation"),
    namespaces.VOCABULARY["org"] + "OrganizationalUnit": _("Unit of an organisation"),
    namespaces.VOCABULARY["foaf"] + "Person": _("Person"),
    namespaces.VOCABULARY["geo"] + "Geometry": _("Geometry"),
    namespaces.VOCABULARY["skos"] + "Concept": _("Concept"),
    namespaces.VOCABULARY["dcterms"] + "references": _("mentions"),
    namespaces.VOCABULARY["dcterms"] + "replaces": _("replaces"),
}
"""Names of classes and properties that come from elsewhere without names."""
_RANKS = "http://wikiba.se/ontology#"
RANKS = {"PreferredRank": _("preferred"), "NormalRank": _("normal"), "DeprecatedRank": _("deprecated")}
"""What the ranks of claims are called."""
_LANGUAGES = namespaces.VOCABULARY["lang"]


_Row = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Name:
    """A thing as a page shows it."""

    text: str
    language: str = ""
    """Of the text; empty when it has none."""
    href: str = ""
    """Where a click leads, if anywhere."""


class Labels:
    """The names of one snapshot."""

    def __init__(self, snapshot: str, rows: Iterable[_Row], acts: Iterable[_Row], links: Links) -> None:
        self.snapshot = snapshot
        self._links = links
        self._acts = {
            row["thing"]["value"]: [row[part]["value"] for part in ("who", "how", "what") if part in row]
            for row in acts
        }
        self._names: dict[str, dict[str, str]] = defaultdict(dict)
        for row in rows:
            names, name = self._names[row["thing"]["value"]], row["name"]
            language = name.get("xml:lang", "")
            names[language] = min(name["value"], names.get(language, name["value"]))

    def name(self, iri: str, language: str) -> Name:
        """What a thing is called: in the language, else in English, else in any, else its IRI in short."""
        href = self._links.thing(iri) or (iri if iri.startswith(("http://", "https://")) else "")
        text, spoken = self.text(iri, language)
        return Name(text or namespaces.short(iri, self._links.base), spoken, href)

    def text(self, iri: str, language: str) -> tuple[str, str]:
        """The same as text and language; both empty for what has no name."""
        names = self._names.get(iri)
        if iri in self._acts and not names:
            parts = [self.name(part, language) for part in self._acts[iri]]
            return ", ".join(part.text for part in parts), parts[0].language if parts else ""
        if not names:
            if iri in _BORROWED:
                return gettext(_BORROWED[iri]), ""
            if iri.removeprefix(_RANKS) in RANKS:
                return gettext(RANKS[iri.removeprefix(_RANKS)]), ""
            return (iri.removeprefix(_LANGUAGES), "") if iri.startswith(_LANGUAGES) else ("", "")
        for wanted in (language, "en"):
            if wanted in names:
                return names[wanted], wanted
        spoken = min(names, key=lambda each: names[each])
        return names[spoken], "" if spoken == "und" else spoken


class Naming:
    """Holds the labels of the snapshot that answers now; read when they are first asked for."""

    def __init__(self, answers: Answers, links: Links) -> None:
        self._answers = answers
        self._links = links
        self._reading = asyncio.Lock()
        self._held: Labels | None = None

    async def labels(self) -> Labels:
        """The names of the snapshot that answers now."""
        async with self._reading:
            if self._held is None or self._held.snapshot != self._answers.engine.snapshot:
                bodies = [await self._ask(_NAMED % NAMES), await self._ask(_ACTS)]
                snapshots = {answer.snapshot for answer in bodies}
                snapshot = snapshots.pop() if len(snapshots) == 1 else ""
                self._held = await asyncio.to_thread(_read, [answer.body for answer in bodies], snapshot, self._links)
            return self._held

    async def _ask(self, text: str) -> Answer:
        asked = Question(text, formats.JSON, formats.TURTLE, self._links.base, own=True)
        answer: Answer = await self._answers.engine.engine.answer(asked)
        return answer


def _read(bodies: list[bytes], snapshot: str, links: Links) -> Labels:
    rows, acts = (json.loads(body)["results"]["bindings"] for body in bodies)
    return Labels(snapshot, rows, acts, links)
