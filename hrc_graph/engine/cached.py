"""An engine in front of another: what was answered from this snapshot is not worked out again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from hrc_graph import guard
from hrc_graph.engine import Answer, Engine, Question

_OVERHEAD = 1_000
"""Bytes that the key and the records of an answer take, about."""

E = TypeVar("E", bound=Engine)


class Cached(Generic[E]):
    """Keeps whole answers of `engine`, at most `size` bytes of them; those not asked for longest go first.

    An answer that is larger than an eighth of it all is not kept, nor one to a question about time or chance.
    """

    def __init__(self, engine: E, size: int) -> None:
        self.engine = engine
        self.hits = 0
        self.misses = 0
        self.held = 0
        """Bytes held now."""
        self._size = size
        self._snapshot = ""
        self._answers: OrderedDict[Question, Answer] = OrderedDict()

    @property
    def snapshot(self) -> str:
        """The id of the snapshot that answers now."""
        return self.engine.snapshot

    def known(self, question: Question) -> Answer | None:
        """The answer, if it is held."""
        if self._snapshot != self.engine.snapshot:
            self._answers.clear()
            self.held = 0
            self._snapshot = self.engine.snapshot
        answer = self._answers.get(question)
        if answer is not None:
            self.hits += 1
            self._answers.move_to_end(question)
        return answer

    async def answer(self, question: Question) -> Answer:
        """The whole answer, or an error of the engine behind."""
        found = self.known(question)
        if found is not None:
            return found
        self.misses += 1
        answer = await self.engine.answer(question)
        if answer.snapshot == self._snapshot and not guard.changes_by_itself(question.text):
            self._keep(question, answer)
        return answer

    async def close(self) -> None:
        """Nothing of its own to end."""

    def _keep(self, question: Question, answer: Answer) -> None:
        size = _cost(question, answer)
        if size > self._size // 8 or question in self._answers:
            return
        self._answers[question] = answer
        self.held += size
        while self.held > self._size:
            self.held -= _cost(*self._answers.popitem(last=False))


def _cost(question: Question, answer: Answer) -> int:
    return len(answer.body) + len(question.text) + _OVERHEAD
