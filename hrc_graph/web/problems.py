"""Errors as HTTP: the one place that knows a status code. RFC 9457 problem+json, or a page, by Accept."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from starlette.responses import Response

from hrc_graph import errors, formats
from hrc_graph.web import headers
from hrc_graph.web.languages import READER
from hrc_graph.web.templates import render

_LOG = logging.getLogger("hrc_graph.web")

_STATUS: tuple[tuple[type[errors.HrcError], int], ...] = (
    (errors.Unauthorized, 401),
    (errors.SlowRequest, 408),
    (errors.Throttled, 429),
    (errors.Conflict, 409),
    (errors.Unwritable, 503),
    (errors.NotConforming, 422),
    (errors.QueryTooLarge, 400),
    (errors.ServiceRefused, 403),
    (errors.AnswerTooLarge, 413),
    (errors.BatchTooLarge, 413),
    (errors.NotFound, 404),
    (errors.Gone, 410),
    (errors.NotAcceptable, 406),
    (errors.WrongMethod, 405),
    (errors.WrongMediaType, 415),
    (errors.Overrun, 503),
    (errors.Busy, 503),
    (errors.BadInput, 400),
    (errors.Refused, 403),
    (errors.EngineFailure, 502),
)
_PROBLEM = formats.Format("problem", ("application/problem+json", "application/json"), ".json")


def status_of(error: errors.HrcError) -> int:
    """The HTTP status for an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def respond(error: errors.HrcError, accept: str | None, allow: str = "") -> Response:
    """The response for an error, readable by whoever asked."""
    status = status_of(error)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    problem: dict[str, Any] = {"type": f"urn:hrc:error:{kind}", "title": error.message, "status": status}
    if error.hint:
        problem["detail"] = error.hint
    if error.line:
        problem |= {"line": error.line, "column": error.column or 1}
    if error.excerpt:
        problem["excerpt"] = error.excerpt
    if error.setting:
        problem["limit"] = error.setting
    extra = headers.COMMON | {"Vary": "Accept", "Cache-Control": "no-store"}
    if isinstance(error, errors.Busy):
        extra["Retry-After"] = "5"
    if isinstance(error, errors.Throttled):
        extra["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Gone) and error.successors:
        problem["successors"] = list(error.successors)
        extra["Link"] = ", ".join(f'<{iri}>; rel="successor-version"' for iri in error.successors)
    if isinstance(error, errors.Conflict) and error.version:
        problem |= {"version": error.version, "stored": json.loads(error.stored), "sent": json.loads(error.sent)}
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if allow:
        extra["Allow"] = allow
    if wants_page(accept):
        page = render("problem.html", title=error.message, problem=problem)
        extra |= {"Vary": "Accept, Accept-Language", "Content-Language": READER.get().language}
        return Response(page, status, extra, media_type="text/html")
    body = json.dumps(problem, ensure_ascii=False, indent=1)
    return Response(body, status, extra, media_type="application/problem+json")


def unexpected(error: Exception, accept: str | None) -> Response:
    """The response for a bug: logged whole, told to the client in one sentence."""
    _LOG.error("unexpected error", exc_info=error)
    return respond(errors.HrcError("Something went wrong here, not with you.", "It has been logged."), accept)


def wants_page(accept: str | None) -> bool:
    """Whether who asked would rather read a page than JSON."""
    try:
        return formats.negotiate(accept, (_PROBLEM, formats.HTML)) is formats.HTML
    except errors.NotAcceptable:
        return False
