"""What everything is called, in every language, from one snapshot: names for pages in the reader's language."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hrc_graph import formats, namespaces
from hrc_graph.engine import Question
from hrc_graph.facets import NAMES
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Answers

_NAMED = """
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?thing ?name WHERE { ?thing %s ?name FILTER (ISIRI(?thing)) }
"""
_RANKS = "http://wikiba.se/ontology#"
_LANGUAGES = namespaces.VOCABULARY["lang"]


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

    def __init__(self, snapshot: str, rows: Iterable[Mapping[str, Mapping[str, str]]], base: str) -> None:
        self.snapshot = snapshot
        self._base = base
        self._names: dict[str, dict[str, str]] = defaultdict(dict)
        for row in rows:
            names, name = self._names[row["thing"]["value"]], row["name"]
            language = name.get("xml:lang", "")
            names[language] = min(name["value"], names.get(language, name["value"]))

    def name(self, iri: str, language: str) -> Name:
        """What a thing is called: in the language, else in English, else in any, else its IRI in short."""
        href = namespaces.path(iri, self._base) or (iri if iri.startswith(("http://", "https://")) else "")
        text, spoken = self.text(iri, language)
        return Name(text or namespaces.short(iri, self._base), spoken, href)

    def text(self, iri: str, language: str) -> tuple[str, str]:
        """The same as text and language; both empty for what has no name."""
        names = self._names.get(iri)
        if not names:
            if iri.startswith(_RANKS):
                return iri.removeprefix(_RANKS).removesuffix("Rank").lower(), "en"
            return (iri.removeprefix(_LANGUAGES), "") if iri.startswith(_LANGUAGES) else ("", "")
        for wanted in (language, "en"):
            if wanted in names:
                return names[wanted], wanted
        spoken = min(names, key=lambda each: names[each])
        return names[spoken], "" if spoken == "und" else spoken


class Naming:
    """Holds the labels of the snapshot that answers now; read when they are first asked for."""

    def __init__(self, answers: Answers, settings: Settings) -> None:
        self._answers = answers
        self._base = settings.base
        self._reading = asyncio.Lock()
        self._held: Labels | None = None

    async def labels(self) -> Labels:
        """The names of the snapshot that answers now."""
        async with self._reading:
            if self._held is None or self._held.snapshot != self._answers.engine.snapshot:
                asked = Question(_NAMED % NAMES, formats.JSON, formats.TURTLE, self._base, own=True)
                answer = await self._answers.engine.engine.answer(asked)
                self._held = await asyncio.to_thread(_read, answer.body, answer.snapshot, self._base)
            return self._held


def _read(body: bytes, snapshot: str, base: str) -> Labels:
    return Labels(snapshot, json.loads(body)["results"]["bindings"], base)
