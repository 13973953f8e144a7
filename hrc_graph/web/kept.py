"""What pages are drawn from: answers to questions of the server's own, and what is made of them once per snapshot."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar, cast

from hrc_graph import formats
from hrc_graph.engine import Question
from hrc_graph.errors import Busy
from hrc_graph.web.answers import Answers
from hrc_graph.workspace import Workspace

Row = dict[str, dict[str, str]]
"""A solution: by variable, a term as SPARQL's JSON results write it."""
T = TypeVar("T")
_MOST = 128
"""So many things are kept; those not asked for longest go first."""
_TRIES = 3


class Kept:
    """Asks for pages, at nobody's cost, and keeps what was made of the answers until the snapshot changes."""

    def __init__(self, answers: Answers, workspace: Workspace) -> None:
        self.base = workspace.settings.base
        self._answers = answers
        self._questions = workspace.questions
        self._snapshot = ""
        self._things: OrderedDict[Hashable, asyncio.Task[Any]] = OrderedDict()

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that answers now."""
        return self._answers.engine.snapshot

    async def answer(self, name: str, **values: str) -> list[Row]:
        """The rows of a question of the library."""
        return await self.rows(self._questions[name].bound(values, base=self.base))

    async def rows(self, query: str) -> list[Row]:
        """The rows of a SELECT."""
        asked = Question(query, formats.JSON, formats.TURTLE, self.base, own=True)
        answer = await self._answers.engine.answer(asked)
        return cast("list[Row]", json.loads(answer.body)["results"]["bindings"])

    async def once(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `make` gives, made once for a key and a snapshot, of answers of that snapshot only.

        Raises what `make` raises, and `Busy` when snapshots follow on each other faster than it can be made.
        """
        for _ in range(_TRIES):
            before = self.snapshot
            if before != self._snapshot:
                self._things.clear()
                self._snapshot = before
            task = self._things.get(key)
            if task is None:
                task = self._things[key] = asyncio.create_task(make())
                if len(self._things) > _MOST:
                    self._things.popitem(last=False)
            self._things.move_to_end(key)
            try:
                made = await asyncio.shield(task)  # others may wait for it when this client has left
            except Exception:
                self._things.pop(key, None)
                raise
            if self.snapshot == before:
                return cast("T", made)
        raise Busy("The data are changing just now.", "Ask again in a few seconds.")
