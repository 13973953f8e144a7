"""Errors as HTTP: the one place that knows a status code. RFC 9457 problem+json, or a page, by Accept."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from starlette.responses import Response

from hrc_graph import errors, formats
from hrc_graph.web import headers
from hrc_graph.web.languages import N_, READER, gettext
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
        page = _page(error, problem)
        extra |= {"Vary": "Accept, Accept-Language", "Content-Language": READER.get().language}
        return Response(page, status, extra, media_type="text/html")
    body = json.dumps(problem, ensure_ascii=False, indent=1)
    return Response(body, status, extra, media_type="application/problem+json")


def _page(error: errors.HrcError, problem: dict[str, Any]) -> str:
    """The page of a problem. Where its words hold values of the request they are in English, and marked so."""
    message, hint = gettext(error.message) if error.message else "", gettext(error.hint) if error.hint else ""
    said = {"title": message, "title_language": "" if message != error.message else "en", "hint": hint}
    return render("problem.html", **said, hint_language="" if hint != error.hint else "en", problem=problem)


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


_FIXED = (
    N_("You are not signed in."),
    N_("Sign in at /desk/sign-in."),
    N_("What the provider says cannot be trusted."),
    N_("Begin again."),
    N_("This link was used already, or is too old."),
    N_("Ask for another."),
    N_("The provider did not let you in."),
    N_("That did not work."),
    N_("Check the address and the password, or ask for a new link."),
    N_("Follow a link from /."),
    N_("Look for it at /search."),
    N_("Look for it at /sparql."),
    N_("They are listed at /releases/."),
    N_("They are listed at /docs/."),
    N_("They are listed at /dumps/."),
    N_("The library is listed at /queries."),
    N_("The graphs are listed at /graphs."),
    N_("The ontology is at /ontology."),
    N_("The feeds at /feeds/ name them all."),
    N_("The kinds are listed at /feeds/."),
    N_("Start at the front page."),
    N_("It is one page."),
    N_("There is no such thing."),
    N_("Use the buttons of the page."),
    N_("The form does not say what to do."),
    N_("There is no such application."),
    N_("The desk lists them."),
    N_("There is no application with this number and this secret."),
    N_("Check both."),
    N_("Nobody else vouches for people here."),
    N_("Sign in with a password."),
    N_("Ask an admin."),
    N_("You have worked on this draft yourself."),
    N_("Somebody else has to accept it."),
    N_("This form was sent from another site."),
    N_("Open the page here and send it from there."),
    N_("This form is too old, or is not ours."),
    N_("Open the page again and send it once more."),
    N_("Too many questions are waiting."),
    N_("No worker became free in time."),
    N_("The data are changing just now."),
    N_("Ask again in a few seconds."),
    N_("Ask again in a minute."),
    N_("Send it again."),
    N_("Send fewer."),
    N_("The parameter page is not a whole number from 1."),
    N_("Leave it out for the first page."),
    N_("Pages count from 1: ?page=2."),
    N_("Give four digits, such as 2016."),
    N_("Something went wrong here, not with you."),
    N_("It has been logged."),
    N_("Add LIMIT."),
)
"""What errors that people meet on pages say, for the translators: their words are fixed where they are raised."""
