"""Everything that can go wrong, as one tree.

    HrcError
    ├── BadInput                somebody gave us something that cannot be right
    │   ├── BadDate             a date outside our EDTF profile
    │   ├── BadFile             a file that does not parse or lies in the wrong place
    │   ├── BadQuery            SPARQL that does not parse, or asks for an update
    │   ├── BadParameter        a parameter of a question that is missing or ill-typed
    │   ├── BadRequest          an HTTP request against the SPARQL protocol
    │   ├── BadRelease          a release that cannot be made: its name, the tree, what the shapes say
    │   └── NotConforming       a change that the shapes do not allow
    ├── Refused                 well-formed, but this service does not do it
    │   ├── QueryTooLarge       past the size, depth or number of tokens allowed
    │   ├── ServiceRefused      SERVICE would call another server
    │   ├── BatchTooLarge       more questions at once, or more bytes of them, than are taken
    │   ├── Forbidden           not with this role, or not from another site
    │   └── AnswerTooLarge      the answer is past the cap; nothing of it is sent
    ├── Conflict                somebody else has saved or done something meanwhile
    │   └── ChangedMeanwhile    the same dossiers
    ├── NotFound                no such thing, graph, question or file
    ├── Gone                    it was there and was withdrawn
    ├── NotAcceptable           none of the formats asked for is offered
    ├── WrongMethod             the address exists, the method does not
    ├── WrongMediaType          the body is not in a type this address reads
    ├── SlowRequest             the body did not arrive in time
    ├── Overrun                 a query that was stopped
    │   ├── TimedOut            at its time limit
    │   └── OutOfMemory         at its memory limit
    ├── Busy                    too many questions are waiting already
    ├── Throttled               one client has asked for more than its share
    ├── Unwritable              the disk is full, or the folder takes no files
    ├── Unauthorized            nobody we know: no session, password or token, or not the right one
    └── EngineFailure           the engine or a remote endpoint failed

Lower layers raise these; `web.problems` alone knows their HTTP status, `cli` their exit code.
Each carries what was wrong, where if known, and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class HrcError(Exception):
    """`message` says what was wrong, `hint` what to do; `line` and `column` count from 1.

    `excerpt` is the offending line; `setting` the name in `Settings` of a limit that was reached.
    """

    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None
    excerpt: str = field(default="", kw_only=True)
    setting: str = field(default="", kw_only=True)

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line and self.column else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.message}{place}{hint}"


class BadInput(HrcError):
    """Somebody gave us something that cannot be right."""


class BadDate(BadInput):
    """A date outside our EDTF profile."""


class BadFile(BadInput):
    """A file that does not parse or lies in the wrong place."""


class BadQuery(BadInput):
    """SPARQL that does not parse, or asks for an update."""


class BadParameter(BadInput):
    """A parameter of a question that is missing or ill-typed."""


class BadRequest(BadInput):
    """An HTTP request against the SPARQL protocol."""


class BadRelease(BadInput):
    """A release that cannot be made as things stand."""


@dataclass
class NotConforming(BadInput):
    """A change that the shapes do not allow; `report` is the `validation.Report` that says why."""

    report: Any = field(default=None, kw_only=True, repr=False)


class Refused(HrcError):
    """Well-formed, but this service does not do it."""


class QueryTooLarge(Refused):
    """A query past the size, depth or number of tokens allowed."""


class ServiceRefused(Refused):
    """A query with SERVICE, which would call another server."""


class BatchTooLarge(Refused):
    """More questions at once, or more bytes of them, than are taken."""


class Forbidden(Refused):
    """Not with this role, or not from another site."""


class AnswerTooLarge(Refused):
    """The answer is past the cap; nothing of it is sent."""


@dataclass
class Conflict(HrcError):
    """Somebody else has saved or done something meanwhile.

    Of a draft, `stored` is the newest version, called `version`, and `sent` what was to be saved; both are JSON.
    """

    version: int = field(default=0, kw_only=True)
    stored: str = field(default="", kw_only=True)
    sent: str = field(default="", kw_only=True)


@dataclass
class ChangedMeanwhile(Conflict):
    """Somebody else changed the same dossiers: by name what was to be written, and what stands there now.

    None is for a dossier that is not there.
    """

    yours: dict[str, bytes | None] = field(default_factory=dict, kw_only=True, repr=False)
    current: dict[str, bytes | None] = field(default_factory=dict, kw_only=True, repr=False)


class NotFound(HrcError):
    """No such thing, graph, question or file."""


@dataclass
class Gone(HrcError):
    """A thing that was there and was withdrawn; `successors` are the IRIs of what stands in its place."""

    successors: tuple[str, ...] = field(default=(), kw_only=True)


class NotAcceptable(HrcError):
    """None of the formats asked for is offered."""


class WrongMethod(HrcError):
    """The address exists, the method does not."""


class WrongMediaType(HrcError):
    """The body is not in a type this address reads."""


class SlowRequest(HrcError):
    """The body of a request did not arrive in time."""


class Overrun(HrcError):
    """A query that was stopped at one of its limits."""


class TimedOut(Overrun):
    """A query that was stopped at its time limit."""


class OutOfMemory(Overrun):
    """A query that was stopped at its memory limit."""


class Busy(HrcError):
    """Too many questions are waiting already."""


@dataclass
class Throttled(HrcError):
    """One client has asked for more than its share; it may come back after so many seconds."""

    retry_after: int = field(default=60, kw_only=True)


class Unwritable(HrcError):
    """The disk is full, or the folder takes no files. Nothing was changed."""


class Unauthorized(HrcError):
    """Nobody we know: no session, password or token, or not the right one."""


class EngineFailure(HrcError):
    """The engine or a remote endpoint failed."""
