"""The index of each listing for the snapshot that answers now, kept beside the snapshot for the next start."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
from pathlib import Path
from typing import Any

from hrc_graph import facets, formats, preparing
from hrc_graph.engine import Question
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
        texts = facets.reading(listing, self.base)
        engine = self.answers.engine.engine
        snapshot = engine.pool.snapshot if isinstance(engine, Embedded) else None
        kept = preparing.beside(snapshot, f"list-{listing.name}", (facets,), *texts) if snapshot else None
        if snapshot and kept and kept.exists():
            return snapshot.id, await asyncio.to_thread(_kept, kept)
        asked = [Question(text, formats.JSON, formats.TURTLE, self.base, own=True) for text in texts]
        found = [await engine.answer(question) for question in asked]
        snapshots = {answer.snapshot for answer in found}
        index = await asyncio.to_thread(_index, listing, [answer.body for answer in found])
        if snapshot and kept and snapshots == {snapshot.id}:
            with contextlib.suppress(OSError):  # a folder that takes no files: the next start reads again
                await asyncio.to_thread(replace, kept, pickle.dumps(index, pickle.HIGHEST_PROTOCOL))
        return (snapshots.pop() if len(snapshots) == 1 else ""), index


def _kept(path: Path) -> Index:
    made = pickle.loads(path.read_bytes())  # noqa: S301  (a process of our own has written it)
    assert isinstance(made, Index)
    return made


def _index(listing: Listing, bodies: list[bytes]) -> Index:
    def rows() -> Any:
        for body in bodies:
            for row in json.loads(body)["results"]["bindings"]:
                yield {name: term["value"] for name, term in row.items()}

    return Index(listing, rows())
