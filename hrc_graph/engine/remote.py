"""Any SPARQL 1.1 endpoint, asked through SPARQLWrapper: the same answers and errors as our own engine.

A query changes nothing, so one that meets a busy server or no connection is asked again: three times at
most, and never past the time limit. Source: RFC 9110, sections 9.2.2 (idempotent) and 10.2.3 (Retry-After).
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import http.client
import json
import time
import urllib.error
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import NoReturn

from SPARQLWrapper import POST, SPARQLExceptions, SPARQLWrapper

from hrc_graph import errors, formats, guard
from hrc_graph.engine import Answer, Question
from hrc_graph.engine.counting import count_rows
from hrc_graph.errors import AnswerTooLarge, BadQuery, Busy, EngineFailure, HrcError, NotFound, Overrun, TimedOut
from hrc_graph.settings import Settings

_BY_STATUS: dict[int, tuple[Callable[[str], HrcError], str]] = {
    400: (BadQuery, "did not understand the query"),
    404: (NotFound, "is not there"),
    413: (AnswerTooLarge, "finds the answer too large"),
    429: (Busy, "asks us to slow down"),
    503: (Busy, "is busy, or stopped the query at its time limit"),
}
_PAUSES = (0.5, 1.0, 2.0)
"""Seconds before a question is asked again, unless the server wants more."""


class _Again(Exception):
    """An error that may be gone when the question is asked again, and the seconds the server wants until then."""

    def __init__(self, error: HrcError, after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


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
        return await asyncio.to_thread(self.ask, question)

    def ask(self, question: Question) -> Answer:
        """The same, for callers without an event loop.

        Raises what the endpoint reports; `TimedOut` at the time limit; `EngineFailure` when it cannot be reached,
        stops in the middle or answers in another format.
        """
        started = time.monotonic()
        deadline = started + self._settings.time_limit
        for pause in (*_PAUSES, None):
            try:
                return self._attempt(question, started, deadline)
            except _Again as again:
                if pause is None or time.monotonic() + max(pause, again.after) >= deadline:
                    raise again.error from again.__cause__
                time.sleep(max(pause, again.after))
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, question: Question, started: float, deadline: float) -> Answer:
        wrapper = SPARQLWrapper(self._endpoint, agent="hrc-graph")
        wrapper.setQuery(question.text)
        wrapper.setMethod(POST)  # takes queries of any length, and keeps them out of logs
        wrapper.setOnlyConneg(True)
        wrapper.setTimeout(max(1, round(deadline - time.monotonic())))
        for iri in question.default_graphs:
            wrapper.addParameter("default-graph-uri", iri)
        for iri in question.named_graphs:
            wrapper.addParameter("named-graph-uri", iri)
        wrapper.queryType = _form(question.text)  # its own guess reads comments, and may take them for an update
        wanted = question.graph if wrapper.queryType in ("CONSTRUCT", "DESCRIBE") else question.table
        wrapper.addCustomHttpHeader("Accept", ", ".join(wanted.media_types))
        try:
            with contextlib.closing(wrapper.query().response) as response:
                body = self._body(response, deadline)
        except SPARQLExceptions.SPARQLWrapperException as error:
            raise self._refused(_status(error), _said(error)) from error
        except urllib.error.HTTPError as error:
            self._turned_away(error)
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            self._broken(error)
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in wanted.media_types:
            raise EngineFailure(
                f"{self._endpoint} answered in “{media_type}” when asked for {wanted.media_types[0]}.",
                "Check that this is the address of a SPARQL endpoint, or try another format.",
            )
        self._snapshot = response.headers.get("X-Snapshot", "")
        return Answer(body, wanted, _rows(self._endpoint, wanted, body), self._snapshot, time.monotonic() - started)

    def _body(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        """All that was announced, piece by piece: the socket's own time-out begins anew with each."""
        announced = response.length  # none when it comes in chunks, or until the connection ends
        body = bytearray()
        while len(body) != announced and (piece := response.read1(2**16)):
            body += piece
            if len(body) > self._settings.answer_bytes:
                raise AnswerTooLarge(
                    f"{self._endpoint} sends more than {self._settings.answer_bytes:,} bytes.", "Add LIMIT."
                )
            if time.monotonic() > deadline:
                raise TimeoutError
        if announced is not None and len(body) < announced:
            raise http.client.IncompleteRead(bytes(body), announced - len(body))
        return bytes(body)

    def _turned_away(self, error: urllib.error.HTTPError) -> NoReturn:
        with error:
            refused = self._refused(error.code, error.read(10_000))
        # Another attempt would be stopped at the same limit.
        if error.code not in (429, 503) or isinstance(refused, Overrun):
            raise refused from error
        after = _retry_after(error.headers.get("Retry-After", ""))
        if after and not refused.hint:
            refused.hint = f"Ask again in {after:.0f} seconds."
        raise _Again(refused, after) from error

    def _broken(self, error: Exception) -> NoReturn:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            limit = f"{self._settings.time_limit:g} seconds"
            raise TimedOut(
                f"{self._endpoint} did not answer within {limit}.", "Ask for less, or raise the time limit."
            ) from error
        if isinstance(error, http.client.IncompleteRead):
            raise EngineFailure(f"{self._endpoint} stopped in the middle of its answer.", "Ask again.") from error
        failure = EngineFailure(f"{self._endpoint} cannot be reached: {reason}.", "Check the address.")
        if isinstance(reason, ConnectionError):
            raise _Again(failure) from error
        raise failure from error

    def _refused(self, status: int, said: bytes) -> HrcError:
        ours = _problem(said)
        if ours:
            ours.message = f"{self._endpoint}: {ours.message}"
            return ours
        kind, what = _BY_STATUS.get(status, (EngineFailure, f"failed with HTTP {status}"))
        return kind(f"{self._endpoint} {what}: {' '.join(said.decode('utf-8', 'replace').split())[:300]}")


def _form(text: str) -> str:
    """What a query asks with; SELECT when it asks with nothing, so that an update is sent as a query and refused."""
    words = (token.text.upper() for token in guard.tokens(text) if token.kind == "word")
    return next((word for word in words if word in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")), "SELECT")


def _status(error: SPARQLExceptions.SPARQLWrapperException) -> int:
    kinds = {
        SPARQLExceptions.QueryBadFormed: 400,
        SPARQLExceptions.Unauthorized: 401,
        SPARQLExceptions.EndPointNotFound: 404,
        SPARQLExceptions.URITooLong: 414,
    }
    return next((status for kind, status in kinds.items() if isinstance(error, kind)), 500)


def _said(error: SPARQLExceptions.SPARQLWrapperException) -> bytes:
    """The body of the response, which SPARQLWrapper keeps as a Python literal at the end of its message."""
    _, _, literal = str(error).partition("Response:\n")
    return bytes(ast.literal_eval(literal)) if literal else b""


def _problem(said: bytes) -> HrcError | None:
    """The error that a server of ours reports, as it was raised there; see `web.problems`."""
    try:
        problem = json.loads(said)
        name = str(problem["type"]).removeprefix("urn:hrc:error:")
        kind = getattr(errors, "".join(word.capitalize() for word in name.split("-")), None)
        if not (isinstance(kind, type) and issubclass(kind, HrcError)):
            return None
        line, column = problem.get("line"), problem.get("column")
        return kind(str(problem["title"]), str(problem.get("detail", "")), line, column)
    except (ValueError, KeyError, TypeError):
        return None


def _retry_after(value: str) -> float:
    """Seconds from now, for a number of seconds or a date; 0 when it is neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def _rows(endpoint: str, format: formats.Format, body: bytes) -> int:
    """The solutions of a table, 0 for a graph. JSON is parsed: other servers set spaces where they like."""
    if format not in formats.TABLES:
        return 0
    if format is not formats.JSON:
        return count_rows(format.name, body)
    try:
        table = json.loads(body)
        return 1 if "boolean" in table else len(table["results"]["bindings"])
    except (ValueError, KeyError, TypeError) as error:
        raise EngineFailure(
            f"The answer of {endpoint} cannot be read as a table in JSON, or was cut off: {error}.",
            "Ask again, or in another format.",
        ) from error
