"""The index of each listing for the snapshot that answers now, kept beside the snapshot for the next start."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle

from hrc_graph import facets, formats, preparing
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.embedded import Embedded
from hrc_graph.facets import Index, Listing
from hrc_graph.files import replace
from hrc_graph.listings import LISTINGS
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Answers
from hrc_graph.web.labels import Naming


class Indexes:
    """Holds the index of each listing for the snapshot that answers now."""

    def __init__(self, answers: Answers, naming: Naming, settings: Settings) -> None:
        self.answers = answers
        self.naming = naming
        self.base = settings.base
        self._reading = {name: asyncio.Lock() for name in LISTINGS}
        self._held: dict[str, tuple[str, Index]] = {}

    async def of(self, listing: Listing) -> tuple[str, Index]:
        """The snapshot and the index of a listing, read when it is first asked for; that is no client's cost."""
        async with self._reading[listing.name]:
            held = self._held.get(listing.name)
            while held is None or held[0] != self.answers.engine.snapshot:
                held = await self._read(listing)
                self._held[listing.name] = held
            return held

    async def prepare(self) -> None:
        """Read the names and the index of every listing, one after the other, before anybody asks."""
        await self.naming.labels()
        for listing in LISTINGS.values():
            await self.of(listing)

    async def _read(self, listing: Listing) -> tuple[str, Index]:
        engine = self.answers.engine.engine
        snapshot = engine.pool.snapshot if isinstance(engine, Embedded) else None
        finding, asked = facets.finding(listing, self.base), facets.reading(listing, (), self.base)
        kept = preparing.beside(snapshot, f"list-{listing.name}", (facets,), finding, *asked) if snapshot else None
        if snapshot and kept and kept.exists():
            return snapshot.id, await asyncio.to_thread(preparing.unpickled, kept, Index)
        found = [await self._ask(finding)] if finding else []
        if found:
            asked = facets.reading(listing, _rows(found[0].body), self.base)
        answers = [await self._ask(text) for text in asked]
        snapshots = {answer.snapshot for answer in (*found, *answers)}
        index = await asyncio.to_thread(_index, listing, [answer.body for answer in answers])
        if snapshot and kept and snapshots == {snapshot.id}:
            with contextlib.suppress(OSError):  # a folder that takes no files: the next start reads again
                await asyncio.to_thread(replace, kept, pickle.dumps(index, pickle.HIGHEST_PROTOCOL))
        return (snapshots.pop() if len(snapshots) == 1 else ""), index

    async def _ask(self, text: str) -> Answer:
        question = Question(text, formats.JSON, formats.TURTLE, self.base, own=True)
        answer: Answer = await self.answers.engine.engine.answer(question)
        return answer


def _rows(body: bytes) -> list[dict[str, dict[str, str]]]:
    rows: list[dict[str, dict[str, str]]] = json.loads(body)["results"]["bindings"]
    return rows


def _index(listing: Listing, bodies: list[bytes]) -> Index:
    return Index(
        listing, ({name: term["value"] for name, term in row.items()} for body in bodies for row in _rows(body))
    )
