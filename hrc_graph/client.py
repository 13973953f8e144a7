"""The researcher's way in: ask a server of ours, or any SPARQL endpoint, from Python.

    from hrc_graph.client import Graph

    graph = Graph("http://127.0.0.1:8000")
    answer = graph.ask("awards-in-a-province", province="place:id-sumatera-selatan")
    answer.frame(), answer.snapshot

Importing it starts nothing and loads no server and no store. Source of the results' format: SPARQL 1.1 Query
Results JSON Format, W3C Recommendation of 21 March 2013.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import keyword
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import rdflib
from rdflib.namespace import XSD
from rdflib.term import BNode, Literal, URIRef

from hrc_graph import formats, guard, namespaces
from hrc_graph.engine import Question
from hrc_graph.engine.remote import Remote
from hrc_graph.errors import BadInput, BadParameter, BadQuery, EngineFailure, NotFound
from hrc_graph.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from hrc_graph.questions import NamedQuery

Term: TypeAlias = URIRef | Literal | BNode
Row: TypeAlias = dict[str, Term | None]
Value: TypeAlias = str | int | date
_Held = TypeVar("_Held")

_INTEGERS = frozenset(
    XSD[sign + size]
    for sign, size in (
        *(("", each) for each in ("integer", "int", "long", "short", "byte")),
        *(("unsigned", each) for each in ("Int", "Long", "Short", "Byte")),
        *((sign, "Integer") for sign in ("positive", "negative", "nonPositive", "nonNegative")),
    )
)
_REALS = _INTEGERS | {XSD.decimal, XSD.double, XSD.float}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer: rows of a SELECT, the truth of an ASK, or the graph of a CONSTRUCT or DESCRIBE."""

    snapshot: str
    """Which state of the data it speaks of, to be cited with it; empty when the endpoint names none."""
    variables: tuple[str, ...]
    """The columns of a SELECT, in its order."""
    held: list[Row] | bool | rdflib.Graph = dataclasses.field(repr=False)

    @property
    def rows(self) -> list[Row]:
        """The solutions of a SELECT: RDF terms by variable, None where there is no value.

        A term knows its language and datatype; `toPython()` gives its plain value. Raises `BadInput` for other forms.
        """
        return self._of(list)

    @property
    def boolean(self) -> bool:
        """What an ASK found. Raises `BadInput` for other forms."""
        return self._of(bool)

    def graph(self) -> rdflib.Graph:
        """The triples of a CONSTRUCT or DESCRIBE. Raises `BadInput` for other forms."""
        return self._of(rdflib.Graph)

    def frame(self) -> pd.DataFrame:
        """The solutions of a SELECT as a table of pandas, missing values as NA.

        A column whose values are all numbers, booleans, days or moments has the type for it; any other is text:
        IRIs whole, literals without their language. Raises `NotFound` when pandas is not installed.
        """
        rows = self.rows
        try:
            import pandas as pd
        except ImportError as error:
            raise NotFound("pandas is not installed.", "Install it with: pip install 'hrc-graph[client]'.") from error
        columns = {name: _column([row[name] for row in rows]) for name in self.variables}
        return pd.DataFrame(columns, columns=list(self.variables))

    def _of(self, kind: type[_Held]) -> _Held:
        if not isinstance(self.held, kind):
            names = {list: "rows", bool: "boolean", rdflib.Graph: "graph()"}
            raise BadInput(f"This answer has no {names[kind]}.", f"It has {names[type(self.held)]}.")
        return self.held


class Graph:
    """A knowledge graph behind a SPARQL endpoint."""

    def __init__(self, url: str, *, time_limit: float = 60.0) -> None:
        """`url` is a site of ours (no path: its endpoint is `/sparql`) or the address of any endpoint.

        `time_limit` is in seconds and covers asking again when the endpoint is busy. Raises `NotFound` when the
        address is no web address.
        """
        url = url.strip()
        parts = urlsplit(url)
        is_site = parts.path in ("", "/") and not parts.query
        self.endpoint = url.rstrip("/") + "/sparql" if is_site else url
        self._remote = Remote(self.endpoint, Settings(time_limit=time_limit))

    def __repr__(self) -> str:
        return f"Graph({self.endpoint!r})"

    def sparql(self, text: str, *, page: int | None = None) -> Answer:
        """The whole answer to a query.

        With `page`, a SELECT with ORDER BY is read in pages of so many rows and put together again, for answers
        larger than the endpoint gives at once. Rows of one rank are put in order too: pages would lose some
        otherwise. Raises what the endpoint reports; `BadQuery` when a query cannot be read in pages, or its answer
        holds blank nodes, which have no order; `EngineFailure` when the endpoint fails, or its data change between
        two pages.
        """
        return self._answer(text) if page is None else self._joined(text, page)

    @property
    def questions(self) -> dict[str, str]:
        """The questions of the library by name, each in plain words."""
        return {name: question.title["en"] for name, question in _library().items()}

    def ask(self, name: str, /, **values: Value) -> Answer:
        """The answer to a question of the library, its parameters given by name.

        A parameter named like a word of Python takes an underscore at its end: `class_`. Raises `NotFound` for a
        question that is not there, `BadParameter` for an unknown, missing or ill-typed parameter.
        """
        given = {_parameter(parameter): _as_text(parameter, value) for parameter, value in values.items()}
        return self.sparql(_question(name).bound(given))

    def question(self, name: str) -> Callable[..., Answer]:
        """One question of the library as a function; `help()` shows what it asks and its parameters."""
        found = _question(name)

        def asked(**values: Value) -> Answer:
            return self.ask(name, **values)

        asked.__name__ = asked.__qualname__ = name.replace("-", "_")
        asked.__doc__ = _described(found)
        # `help()` and notebooks read it, but no type declares it.
        asked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(
                    _keyword(parameter.name),
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if parameter.default is None else parameter.default,
                )
                for parameter in found.parameters
            ]
        )
        return asked

    def _joined(self, text: str, page: int) -> Answer:
        if page < 1:
            raise BadParameter(f"A page of {page} rows is not a page.", "Give a whole number from 1.")
        before, after = _paged(text)
        rows: list[Row] = []
        snapshots: set[str] = set()
        while True:
            answer = self._answer(f"{before}\nLIMIT {page} OFFSET {len(rows)}\n{after}")
            snapshots.add(answer.snapshot)
            if len(snapshots) > 1:
                raise EngineFailure(
                    f"{self.endpoint} changed its data between two pages: they are of the snapshots "
                    f"{' and '.join(sorted(snapshots))}.",
                    "Ask again.",
                )
            if any(isinstance(term, BNode) for row in answer.rows for term in row.values()):
                raise BadQuery(
                    "The answer holds blank nodes, which have no order: pages could lose rows.",
                    "Leave them out with FILTER (!isBlank(…)), or ask without page.",
                )
            rows += answer.rows
            # A server of ours, which names its snapshot, never shortens an answer; others may: they end with no row.
            if not answer.rows or (answer.snapshot and len(answer.rows) < page):
                return Answer(answer.snapshot, answer.variables, rows)

    def _answer(self, text: str) -> Answer:
        answer = self._remote.ask(Question(text, formats.JSON, formats.TURTLE, namespaces.BASE))
        try:
            if answer.format is formats.TURTLE:
                graph = rdflib.Graph().parse(data=answer.body, format="turtle", publicID=self.endpoint)
                return Answer(answer.snapshot, (), graph)
            return _table(answer.snapshot, json.loads(answer.body))
        except (SyntaxError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise EngineFailure(
                f"{self.endpoint} sent an answer that cannot be read as {answer.format.media_types[0]}: {error}.",
                "It may have been cut off: ask again.",
            ) from error


@functools.cache
def _library() -> Mapping[str, NamedQuery]:
    from hrc_graph import questions, workspace  # only here: they bring the store, which makes the terms

    return questions.library(workspace.shipped() / "queries")


def _question(name: str) -> NamedQuery:
    from hrc_graph import questions

    return questions.find(_library(), name)


def _described(question: NamedQuery) -> str:
    lines = [question.title["en"], "", question.description, ""]
    for parameter in question.parameters:
        default = "" if parameter.default is None else f", default {parameter.default}"
        lines += [f"{_keyword(parameter.name)}: {parameter.type}{default}", f"    {parameter.description}"]
    return "\n".join(lines)


def _keyword(parameter: str) -> str:
    return parameter + "_" if keyword.iskeyword(parameter) else parameter


def _parameter(word: str) -> str:
    return word[:-1] if word.endswith("_") and keyword.iskeyword(word[:-1]) else word


def _as_text(parameter: str, value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | date):
        raise BadParameter(
            f"Parameter “{_parameter(parameter)}” cannot be {value!r}.", "Give text, a whole number or a date."
        )
    return value.isoformat() if isinstance(value, date) else str(value)


def _table(snapshot: str, results: Any) -> Answer:
    """The answer in SPARQL JSON results. Raises a built-in error for whatever is not as the format says."""
    if "boolean" in results:
        if not isinstance(results["boolean"], bool):
            raise ValueError("its boolean is neither true nor false")
        return Answer(snapshot, (), results["boolean"])
    variables = tuple(results["head"]["vars"])
    nodes: dict[str, BNode] = {}
    rows: list[Row] = []
    for binding in results["results"]["bindings"]:
        if not binding.keys() <= set(variables):
            raise ValueError("a row has a variable that the head does not name")
        rows.append({name: _term(binding[name], nodes) if name in binding else None for name in variables})
    return Answer(snapshot, variables, rows)


def _term(said: Mapping[str, str], nodes: dict[str, BNode]) -> Term:
    value = said["value"]
    if not isinstance(value, str):
        raise TypeError(f"the value {value!r} is not text")
    match said["type"]:
        case "uri":
            return URIRef(value)
        case "literal" | "typed-literal":
            datatype = said.get("datatype")
            return Literal(value, said.get("xml:lang"), URIRef(datatype) if datatype else None, normalize=False)
        case "bnode":  # its label means something in this answer only
            return nodes.setdefault(value, BNode())
        case other:
            raise ValueError(f"a term is of type “{other}”")


def _paged(text: str) -> tuple[str, str]:
    """A query before and after the place for LIMIT, with an ORDER BY that leaves no two rows to chance.

    Source: SPARQL 1.1 Query Language, section 19.8: LIMIT stands after ORDER BY and before VALUES.
    """
    tokens = list(guard.tokens(text))
    depth = 0
    clauses: dict[str, guard.Token] = {}
    projected: list[str] = []
    for number, token in enumerate(tokens):
        word = token.text.upper() if token.kind == "word" else token.text
        if word in ("{", "(", "["):
            depth += 1
        elif word in ("}", ")", "]"):
            depth -= 1
        is_renamed = depth == 1 and number > 0 and tokens[number - 1].text.upper() == "AS"
        if (word == "{" and depth == 1) or (depth == 0 and word in ("WHERE", "FROM")):
            clauses.setdefault("WHERE", token)
        elif token.kind == "variable" and "WHERE" not in clauses and (depth == 0 or is_renamed):
            projected.append(word)
        elif depth == 0 and token.kind == "word":
            clauses[word] = token
    if "SELECT" not in clauses:
        raise BadQuery("Only a SELECT can be read in pages.", "Leave out page.")
    for word in ("LIMIT", "OFFSET"):
        if word in clauses:
            place = guard.position(text, clauses[word].start)
            raise BadQuery(f"A query with {word} cannot be read in pages.", f"Leave out {word}, or page.", *place)
    if "ORDER" not in clauses:
        raise BadQuery("Without ORDER BY, pages may repeat some rows and lose others.", "Add ORDER BY.")
    shown = projected or [token.text for token in tokens if token.kind == "variable"]  # SELECT * shows what it can
    ties = " ".join(f"STR({each}) LANG({each}) STR(DATATYPE({each}))" for each in dict.fromkeys(shown))
    end = clauses["VALUES"].start if "VALUES" in clauses else len(text)
    return f"{text[:end]}\n{ties}", text[end:]


def _column(terms: Sequence[Term | None]) -> pd.Series[Any]:
    """A column in the narrowest type that holds all its values; text when there is none."""
    import numpy as np
    import pandas as pd

    literals = [term for term in terms if isinstance(term, Literal) and term.value is not None]
    values: list[Any] = [None if term is None else term.toPython() for term in terms]
    known = [value for value in values if value is not None]
    types = {literal.datatype for literal in literals}
    if known and len(literals) == len(known):
        if types <= _INTEGERS and all(abs(value) < 2**63 for value in known):
            return pd.Series(values, dtype="Int64")
        if types <= _REALS and not types <= _INTEGERS:
            return pd.Series([None if value is None else float(value) for value in values], dtype="Float64")
        if types == {XSD.boolean}:
            return pd.Series(values, dtype="boolean")
        if types == {XSD.date}:
            return pd.Series(np.array(values, dtype="datetime64[s]"))
        if types == {XSD.dateTime} and len({value.tzinfo is None for value in known}) == 1:
            return _moments(values)
    return pd.Series([None if term is None else str(term) for term in terms], dtype="string")


def _moments(values: Sequence[datetime | None]) -> pd.Series[Any]:
    """Moments of one kind: with a time zone, in UTC, or without any."""
    import numpy as np
    import pandas as pd

    zoned = any(value.tzinfo for value in values if value)
    plain = [value.astimezone(UTC).replace(tzinfo=None) if value and zoned else value for value in values]
    column = pd.Series(np.array(plain, dtype="datetime64[us]"))
    return column.dt.tz_localize("UTC") if zoned else column
