"""The public page of a thing as it will look: the same page, from the store as if a change were made."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Mapping

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response

from hrc_graph import namespaces
from hrc_graph.chronicle import Entry
from hrc_graph.engine import Answer, Question, embedded, worker
from hrc_graph.engine.cached import Cached
from hrc_graph.engine.snapshots import Snapshot
from hrc_graph.index import Index
from hrc_graph.web.answers import Answers
from hrc_graph.web.assets import Assets
from hrc_graph.web.clients import Clients
from hrc_graph.web.representations import Representations


class _Trial:
    """Answers questions from a store in this process, one after the other; it holds no strangers' questions."""

    def __init__(self, store: ox.Store, index: Index) -> None:
        self._store, self._settings = store, index.workspace.settings
        self._as: Snapshot = index.snapshot
        self.quads = self._as.path

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that the trial is made on."""
        return self._as.id

    async def answer(self, question: Question) -> Answer:
        """The whole answer."""
        asked = json.loads(embedded.frame(question, self._as, self._settings))
        header, body = worker.answer(self._store, {"prefixes": namespaces.prefixes(question.base)} | asked)
        return embedded.answer(header, body, self._as.id, 0.0)


def public_page(thing: str, changes: Mapping[str, bytes | None], index: Index, assets: Assets) -> Response:
    """The page of a thing, by its path below `id/`, as if these dossiers were written. Call it in a thread."""
    workspace = index.workspace
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"accept", b"text/html")]}
    with index.as_if(changes) as store:
        answers = Answers(Cached(_Trial(store, index), 0), Clients(workspace.settings))
        made = Representations(answers, workspace.questions, workspace.settings, assets, _no_history)
        return contextvars.copy_context().run(asyncio.run, made.respond(thing, Request(scope)))


async def _no_history(_dossier: str) -> list[Entry]:
    """What is only tried has none."""
    return []
