r"""Tables out and back: every record of `data/` as rows, a table a class, from which the same graph can be made.

A column is a property with the sort of its values: `hrc:actor` holds things, `skos:prefLabel@id` words in a
language, `hrc:date^^edtf:EDTF` values of a type. Several values stand in a cell with `;` between them; `\\`
comes before a `;` that belongs to a value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from hrc_graph import namespaces, records
from hrc_graph.files import Files
from hrc_graph.records import Term
from hrc_graph.tables import Sheet, writing
from hrc_graph.tables.cells import CellError
from hrc_graph.tables.kinds import Kind

HEADER = ("iri", "dossier")
"""The first two columns, by which such a table is known."""
RECORDS = Kind("record", {"en": "Records", "id": "Catatan"}, (), {}, (), None, 0)
_RDF_TYPE = namespaces.VOCABULARY["rdf"] + "type"
_STRING = namespaces.VOCABULARY["xsd"] + "string"
_COLUMN = re.compile(r"(?P<prop>[^@^]+)(?:@(?P<language>[A-Za-z0-9-]+)|\^\^(?P<type>.+))?\Z")
_SIGNS = {"\\": "\\\\", ";": "\\;", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "s": " "}

Statement = tuple[ox.NamedNode, ox.NamedNode, Term]


def is_records(sheet: Sheet) -> bool:
    """Whether a table is one of these."""
    return sheet.header[:2] == HEADER


def export(files: Files, folder: Path, *, base: str) -> list[Path]:
    """Write a CSV file for each class of record; the same data, the same bytes."""
    tables: dict[str, dict[tuple[str, str], dict[str, list[Term]]]] = defaultdict(dict)
    for name, path in files.dossiers().items():
        about: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for triple in records.read(path.read_bytes(), base=base, name=str(path)):
            assert isinstance(triple.subject, ox.NamedNode)
            assert not isinstance(triple.object, ox.Triple)
            about[triple.subject.value][_column(triple.predicate, triple.object)].append(triple.object)
        for subject, statements in about.items():
            kinds = sorted(str(term.value) for term in statements[_short(ox.NamedNode(_RDF_TYPE), base)])
            tables[re.split(r"[/#]", kinds[0])[-1] if kinds else "Thing"][subject, name] = statements
    written = []
    for kind, rows in sorted(tables.items()):
        columns = sorted({column for statements in rows.values() for column in statements})
        path = folder / f"{kind.lower()}.csv"
        folder.mkdir(parents=True, exist_ok=True)
        writing.write_csv(
            path,
            [*HEADER, *columns],
            (
                [_short(ox.NamedNode(subject), base), name, *(_cell(said.get(column, []), base) for column in columns)]
                for (subject, name), said in sorted(rows.items())
            ),
        )
        written.append(path)
    return written


def statements(sheet: Sheet, row: int, *, base: str) -> Iterator[tuple[str, Statement]]:
    """The dossier and statements of one row of such a table. Raises `CellError`, with the header in `rule`."""
    cells = sheet.rows[row].cells
    if any(name not in cells for name in HEADER):
        raise CellError("A record needs an iri and a dossier.", "Fill in both.")
    subject, dossier = _iri(cells["iri"].text, base), cells["dossier"].text
    for header in sheet.header[2:]:
        if header in cells:
            column = _COLUMN.match(header)
            if column is None:
                raise CellError(f"“{header}” is not a property.", "Write it as hrc:date^^edtf:EDTF.")
            for text in _split(cells[header].text):
                yield dossier, (subject, _iri(column["prop"], base), _term(text, column, base))


def _column(predicate: ox.NamedNode, value: Term) -> str:
    name = _short(predicate, namespaces.BASE)
    if isinstance(value, ox.NamedNode):
        return name
    assert isinstance(value, ox.Literal)
    return f"{name}@{value.language}" if value.language else f"{name}^^{_short(value.datatype, namespaces.BASE)}"


def _cell(values: list[Term], base: str) -> str:
    texts = (_short(value, base) if isinstance(value, ox.NamedNode) else _escaped(str(value.value)) for value in values)
    return "; ".join(sorted(texts))


def _escaped(text: str) -> str:
    marked = "".join(_SIGNS.get(sign, sign) for sign in text)
    return re.sub(r"^\s|\s$", r"\\s", marked)


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.findall(r"(?:\\.|[^;\\])+", text, re.DOTALL) if part.strip()]


def _term(text: str, column: re.Match[str], base: str) -> Term:
    if column["language"] or column["type"]:
        plain = _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1]), text)
        if column["language"]:
            return ox.Literal(plain, language=column["language"])
        return ox.Literal(plain, datatype=_iri(column["type"], base))
    return _iri(text, base)


def _short(node: ox.NamedNode, base: str) -> str:
    for prefix, namespace in namespaces.prefixes(base).items():
        local = node.value.removeprefix(namespace)
        if node.value.startswith(namespace) and re.fullmatch(r"[A-Za-z0-9_-]+", local):
            return f"{prefix}:{local}"
    return f"<{node.value}>".replace(";", "%3B")


def _iri(text: str, base: str) -> ox.NamedNode:
    prefix, colon, local = text.partition(":")
    known = namespaces.prefixes(base)
    try:
        if text.startswith("<"):
            return ox.NamedNode(text.strip("<>"))
        if colon and prefix in known:
            return ox.NamedNode(known[prefix] + local)
    except ValueError:
        pass
    raise CellError(f"“{text}” is not the name of a thing.", "Write it as gov:id-lahat or <https://…>.")
