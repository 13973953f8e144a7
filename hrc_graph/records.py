"""Dossiers: Turtle text ↔ triples, and the one canonical way to write them.

A dossier is one file of `data/`: one named graph, one unit of change. The same triples always give
the same bytes, in an order made for reading: the thing first, then what it did, then the claims
about it; within a thing its type and names first and its evidence last. Relative IRIs keep the
file independent of the address it is served under; there are no blank nodes.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.errors import BadFile

Term = ox.NamedNode | ox.BlankNode | ox.Literal
Key = tuple[int, str, str]
ObjectKey = tuple[int, str, str, str]

_RDF_TYPE = namespaces.VOCABULARY["rdf"] + "type"
_XSD = namespaces.VOCABULARY["xsd"]
_LOCAL_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\Z")
_BARE = {_XSD + "integer": re.compile(r"[+-]?\d+\Z"), _XSD + "boolean": re.compile(r"(true|false)\Z")}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LINE = 110

_CLASSES = (
    "hrc:Place geo:Geometry hrc:LocalGovernment org:Organization org:FormalOrganization org:OrganizationalUnit "
    "foaf:Person hrc:Charter hrc:Regulation hrc:Resolution hrc:Agreement hrc:Recommendation hrc:Instrument "
    "hrc:Provision hrc:EventSeries hrc:Event hrc:Campaign hrc:AwardProgramme hrc:Goal hrc:Wave hrc:Target hrc:Tally "
    "hrc:Commitment hrc:Change hrc:Award hrc:Participation hrc:Milestone hrc:Source hrc:Citation hrc:Claim "
    "hrc:Decision"
)
_FIRST = (
    "rdf:type dcterms:type skos:prefLabel skos:altLabel foaf:name dcterms:title dcterms:alternative hrc:office "
    "skos:notation hrc:number hrc:ordinal hrc:partOf hrc:primaryPlace dcterms:spatial hrc:actor hrc:recipient "
    "hrc:representedBy hrc:mode hrc:role hrc:under hrc:inWave hrc:at hrc:date hrc:programmeYear hrc:basis hrc:count "
    "hrc:outOf hrc:due hrc:about hrc:spelling rdf:subject rdf:predicate hrc:matter rdf:object wikibase:rank "
    "hrc:rankReason hrc:source hrc:locator hrc:quote"
)
_LAST = "hrc:theme hrc:remark skos:note skos:editorialNote foaf:page hrc:cites"


def _expand(names: str) -> dict[str, int]:
    split = (name.split(":") for name in names.split())
    return {namespaces.VOCABULARY[prefix] + local: rank for rank, (prefix, local) in enumerate(split)}


_CLASS_RANK = _expand(_CLASSES)
_FIRST_RANK = _expand(_FIRST)
_LAST_RANK = _expand(_LAST)
_DATES = tuple(namespaces.DEF + name for name in ("date", "due", "programmeYear", "ordinal"))


def read(text: bytes, *, base: str, name: str) -> list[ox.Triple]:
    """The triples of a Turtle text; `name` is what an error calls it.

    Raises `BadFile` with line and column.
    """
    try:
        triples = [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri=base)]
    except SyntaxError as error:
        raise BadFile(f"{name} is not Turtle: {error.msg}", "Mend the line.", error.lineno, error.offset) from error
    if any(isinstance(triple.object, ox.Triple) or isinstance(triple.subject, ox.Triple) for triple in triples):
        raise BadFile(f"{name} holds a statement about a statement (RDF 1.2).", "Write it as a hrc:Claim.")
    return triples


def lines(text: str, *, base: str) -> dict[str, int]:
    """The line, from 1, on which each subject's record begins, in Turtle that begins each on a line of its own."""
    spaces = namespaces.prefixes(base)
    found: dict[str, int] = {}
    ended = True
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        begins, ended = ended, line.endswith(".") if line and not line.startswith("#") else ended
        word = line.partition(" ")[0]
        if not begins or not word or word[0] in "@#":
            continue
        prefix, colon, local = word.partition(":")
        if word.startswith("<"):
            iri = word.strip("<>")
            found.setdefault(iri if "://" in iri else base + iri, number)
        elif colon and prefix in spaces:
            found.setdefault(spaces[prefix] + local, number)
    return found


def claim_iri(statement: ox.Triple, citations: Iterable[ox.NamedNode], *, base: str, matter: str = "") -> ox.NamedNode:
    """The IRI of the claim that these citations support this statement: always the same for the same.

    `matter` is what a remark speaks about; the same words on two matters are two claims.

    The hash is taken over IRIs relative to the base, so that it is the same wherever the data is served.
    """

    def relative(term: object) -> str:
        return str(term).replace(f"<{base}id/", "<id/")

    said = [relative(term) for term in (statement.subject, statement.predicate, statement.object)]
    text = "\n".join(said + sorted({relative(citation) for citation in citations}) + [matter] * bool(matter))
    return ox.NamedNode(f"{base}id/claim/{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def write(triples: Iterable[ox.Triple], *, base: str) -> str:
    """Canonical Turtle for a dossier.

    Raises `BadFile` when there is a blank node: it could not be named from outside, nor compared.
    """
    subjects: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for triple in triples:
        if not isinstance(triple.subject, ox.NamedNode) or not isinstance(triple.object, ox.NamedNode | ox.Literal):
            raise BadFile(f"A dossier has no unnamed nodes, but here is {triple.subject} {triple.object}.", "Name it.")
        subjects[triple.subject.value][triple.predicate.value].append(triple.object)
    writer = _Writer(base)
    blocks = [writer.block(subject, subjects[subject]) for subject in sorted(subjects, key=_reading_order(subjects))]
    header = [f"@prefix {prefix}: <{namespace}> ." for prefix, namespace in sorted(writer.used.items())]
    return "\n".join(header) + "\n\n" + "\n\n".join(blocks) + "\n"


def _reading_order(subjects: dict[str, dict[str, list[Term]]]) -> Callable[[str], Key]:
    def key(subject: str) -> Key:
        statements = subjects[subject]
        ranks = [_CLASS_RANK.get(term.value, len(_CLASS_RANK)) for term in statements.get(_RDF_TYPE, ())]
        when = next((min(t.value for t in statements[date]) for date in _DATES if date in statements), "9999")
        return min(ranks, default=len(_CLASS_RANK)), when.zfill(4), _natural(subject)

    return key


def _natural(text: str) -> str:
    """The text with its numbers padded, so that paragraph 10 follows paragraph 9."""
    return re.sub(r"\d+", lambda number: number[0].zfill(6), text)


class _Writer:
    """Shortens terms and remembers which prefixes that took."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.used: dict[str, str] = {}
        spaces = {base + path: (prefix, path) for prefix, path in namespaces.THINGS.items()}
        spaces |= {iri: (prefix, iri) for prefix, iri in namespaces.VOCABULARY.items()}
        self.spaces = dict(sorted(spaces.items(), key=lambda item: -len(item[0])))

    def block(self, subject: str, statements: dict[str, list[Term]]) -> str:
        lines = []
        for predicate in sorted(statements, key=_predicate_order):
            verb = "a" if predicate == _RDF_TYPE else self.iri(predicate)
            objects = [self.term(term) for term in sorted(set(statements[predicate]), key=_object_order)]
            inline = f"{verb} {', '.join(objects)}"
            if len(objects) == 1 or len(inline) < _LINE:
                lines.append(inline)
            else:
                lines.append(f"{verb}\n    " + ",\n    ".join(objects))
        return f"{self.iri(subject)}\n  " + " ;\n  ".join(lines) + " ."

    def term(self, term: Term) -> str:
        if isinstance(term, ox.NamedNode):
            return self.iri(term.value)
        assert isinstance(term, ox.Literal)
        datatype = term.datatype.value
        if datatype in _BARE and _BARE[datatype].match(term.value):
            return term.value
        quoted = '"' + "".join(_ESCAPES.get(sign, sign) for sign in term.value) + '"'
        if term.language:
            return f"{quoted}@{term.language}"
        return quoted if datatype == _XSD + "string" else f"{quoted}^^{self.iri(datatype)}"

    def iri(self, iri: str) -> str:
        for namespace, (prefix, written) in self.spaces.items():
            if iri.startswith(namespace) and _LOCAL_NAME.match(iri[len(namespace) :]):
                self.used[prefix] = written
                return f"{prefix}:{iri[len(namespace) :]}"
        return f"<{iri.removeprefix(self.base)}>"


def _predicate_order(predicate: str) -> tuple[int, int, str]:
    if predicate in _FIRST_RANK:
        return 0, _FIRST_RANK[predicate], predicate
    if predicate in _LAST_RANK:
        return 2, _LAST_RANK[predicate], predicate
    return 1, 0, predicate


def _object_order(term: Term) -> ObjectKey:
    if isinstance(term, ox.NamedNode):
        return 0, "", _natural(term.value), ""
    assert isinstance(term, ox.Literal)
    return 1, term.language or "", term.value, term.datatype.value
