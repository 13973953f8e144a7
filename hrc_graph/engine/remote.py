"""Any SPARQL 1.1 endpoint, asked through SPARQLWrapper: the same answers and errors as our own engine."""

from __future__ import annotations

import asyncio
import http.client
import time
import urllib.error
from collections.abc import Callable

from SPARQLWrapper import POST, SPARQLExceptions, SPARQLWrapper
from SPARQLWrapper.Wrapper import CONSTRUCT, DESCRIBE

from hrc_graph import formats
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.worker import count_rows
from hrc_graph.errors import AnswerTooLarge, BadQuery, Busy, EngineFailure, HrcError, NotFound, TimedOut
from hrc_graph.settings import Settings

_BY_STATUS: dict[int, tuple[Callable[[str], HrcError], str]] = {
    400: (BadQuery, "did not understand the query"),
    404: (NotFound, "is not there"),
    413: (AnswerTooLarge, "finds the answer too large"),
    429: (Busy, "asks us to slow down"),
    503: (Busy, "is busy, or stopped the query at its time limit"),
}


class Remote:
    """The endpoint at one address. Nothing is started, so nothing has to be closed."""

    def __init__(self, endpoint: str, settings: Settings) -> None:
        if not endpoint.startswith(("http://", "https://")):
            raise NotFound(f"“{endpoint}” is not the address of an endpoint.", "It begins with https:// or http://.")
        self._endpoint = endpoint
        self._settings = settings
        self._snapshot = ""

    @property
    def snapshot(self) -> str:
        """The snapshot that the last answer named; empty when the endpoint names none."""
        return self._snapshot

    async def __aenter__(self) -> Remote:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing to end."""

    async def answer(self, question: Question) -> Answer:
        """The endpoint's whole answer, or an error that names the endpoint."""
        return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Question) -> Answer:
        started = time.monotonic()
        wrapper = SPARQLWrapper(self._endpoint, agent="hrc-graph")
        wrapper.setQuery(question.text)
        wrapper.setMethod(POST)
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(max(1, round(self._settings.time_limit)))
        for iri in question.default_graphs:
            wrapper.addParameter("default-graph-uri", iri)
        for iri in question.named_graphs:
            wrapper.addParameter("named-graph-uri", iri)
        wanted = question.graph if wrapper.queryType in (CONSTRUCT, DESCRIBE) else question.table
        wrapper.addCustomHttpHeader("Accept", ", ".join(wanted.media_types))
        try:
            response = wrapper.query().response
            body = response.read(self._settings.answer_bytes + 1)
        except SPARQLExceptions.SPARQLWrapperException as error:
            raise self._refused(_status(error), str(error)) from error
        except urllib.error.HTTPError as error:
            raise self._refused(error.code, error.read(2000).decode("utf-8", "replace")) from error
        except TimeoutError as error:
            raise self._late() from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise self._late() from error
            raise EngineFailure(f"{self._endpoint} cannot be reached: {error}.", "Check the address.") from error
        if len(body) > self._settings.answer_bytes:
            raise AnswerTooLarge(
                f"{self._endpoint} sends more than {self._settings.answer_bytes:,} bytes.", "Add LIMIT."
            )
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in wanted.media_types:
            raise EngineFailure(
                f"{self._endpoint} answered in “{media_type}” when asked for {wanted.media_types[0]}.", "Try --format."
            )
        self._snapshot = response.headers.get("X-Snapshot", "")
        rows = count_rows(wanted.name, body) if wanted in formats.TABLES else 0
        return Answer(body, wanted, rows, self._snapshot, time.monotonic() - started)

    def _late(self) -> TimedOut:
        limit = f"{self._settings.time_limit:g} seconds"
        return TimedOut(f"{self._endpoint} did not answer within {limit}.", "Ask for less, or set --time-limit.")

    def _refused(self, status: int, said: str) -> HrcError:
        kind, what = _BY_STATUS.get(status, (EngineFailure, f"failed with HTTP {status}"))
        return kind(f"{self._endpoint} {what}: {' '.join(said.split())[:300]}")


def _status(error: SPARQLExceptions.SPARQLWrapperException) -> int:
    kinds = {SPARQLExceptions.QueryBadFormed: 400, SPARQLExceptions.EndPointNotFound: 404}
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), 500)
