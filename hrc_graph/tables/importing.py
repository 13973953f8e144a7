"""Tables in: rows to statements, all or nothing, with every problem at its cell.

A batch reads its sheets in the order of their kinds. First every row finds or makes the things it
speaks of, so that rows can point at each other whatever their order; then it says what it has to say.
Nothing touches the disk: the outcome holds the new text of each dossier, or the problems.
"""

from __future__ import annotations

import pyoxigraph as ox

from hrc_graph.names import NameIndex, fold
from hrc_graph.records import Term
from hrc_graph.tables import Sheet, cells, enriching, exporting, kinds
from hrc_graph.tables.decisions import Decisions
from hrc_graph.tables.finding import Finder
from hrc_graph.tables.kinds import Column, Kind, Thing
from hrc_graph.tables.merging import CITES, KIND, LABEL, TYPE, Dossiers, cited_source
from hrc_graph.tables.rows import SEGMENTS, Line, Outcome, Problem, segment
from hrc_graph.workspace import Workspace


class Batch:
    """Some sheets that are imported together."""

    def __init__(self, workspace: Workspace, store: ox.Store) -> None:
        self._base = workspace.settings.base
        self._vocabularies = cells.Vocabularies(store)
        self._decisions = Decisions(store, self._base)
        self._dossiers = Dossiers(workspace.files, self._base, self._decisions.rank, self._vocabularies.narrower)
        index = NameIndex.of(store, base=self._base)
        self._finder = Finder(index, self._vocabularies, self._decisions, self._dossiers)
        self._lines: list[Line] = []
        self._outcome = Outcome()

    def add(self, sheet: Sheet, kind: Kind) -> None:
        """Take a sheet into the batch; its header must be that of the kind."""
        if kind is exporting.RECORDS:
            self._add_records(sheet)
            return
        columns, unknown = kind.headers(sheet.header)
        for header in unknown:
            offered = ", ".join(kind.template_header())
            self._outcome.add(
                Problem(
                    sheet.name,
                    sheet.header_row,
                    header,
                    header,
                    f"The column “{header}” is not known.",
                    f"Known: {offered}.",
                )
            )
        fields = {column.key: (column, header) for header, column in columns.items()}
        for column in kind.columns.values():
            if column.required and column.key not in fields:
                rule = f"The column “{column.header}” is missing."
                self._outcome.add(Problem(sheet.name, sheet.header_row, "", "", rule, "Add it."))
        made = {column.key: (column, fields[column.source][1] if column.source in fields else "")
                for column in kind.columns.values() if column.made}  # fmt: skip
        for row in sheet.rows:
            texts = {name: row.cells[header].text for name, (_, header) in fields.items() if header in row.cells}
            for column in kind.columns.values():
                taken = column.taken_from(texts)
                if taken and not texts.get(column.key):
                    texts[column.key] = taken
            self._lines.append(Line(sheet, kind, row, made | fields, texts, self._outcome))
            self._outcome.rows += 1

    def _add_records(self, sheet: Sheet) -> None:
        """Take in rows that were exported: each says its statements outright."""
        for number, row in enumerate(sheet.rows):
            self._outcome.rows += 1
            try:
                for dossier, (subject, predicate, value) in exporting.statements(sheet, number, base=self._base):
                    self._dossiers.put(dossier, subject, predicate, value)
                    self._outcome.cells.setdefault((subject.value, ""), (sheet, row.number, ""))
            except cells.CellError as error:
                self._outcome.add(Problem(sheet.name, row.number, "", "", error.rule, error.remedy))

    def run(self) -> Outcome:
        """Read every row; the outcome has changes only when there is no problem."""
        self._lines.sort(key=lambda line: line.kind.order)  # stable: rows keep their order within a kind
        for line in self._lines:
            self._check_required(line)
            self._finder.identify(line)
        for line in self._lines:
            self._finder.resolve(line)
        for line in self._lines:
            self._say(line)
        self._decisions.write(self._dossiers)
        if not self._outcome.problems:
            self._outcome.changes = self._dossiers.changed()
        return self._outcome

    def _check_required(self, line: Line) -> None:
        for column in line.kind.columns.values():
            if column.required and column.key in line.columns and not line.texts.get(column.key):
                line.problem(column.key, f"“{column.header}” is empty.", column.help or "Fill it in.")

    def _say(self, line: Line) -> None:
        cited = [self._citation(source) for source in line.references.get("sources", ())]
        said_something = False
        for number, thing in enumerate(line.kind.things):
            if not line.applies(thing):
                continue
            said_something = True
            try:
                node = line.things.get(number) or self._finder.node(line.filled(thing.iri))
                graph = self._graph(line, thing, node)
            except KeyError:
                continue  # a reference it is named after was not found: said already
            line.place(node, "", "id")
            kind = thing.classes.get(fold(line.texts.get(thing.class_field, "")), thing.classes.get("", ""))
            if not self._dossiers.values(node, TYPE):
                self._dossiers.add(graph, node, TYPE, cells.short_iri(kind))
            for said, name, value in self._statements(line, thing):
                predicate = cells.short_iri(said)
                if predicate == CITES or (predicate == KIND and segment(node) != thing.iri.partition("/")[0]):
                    continue  # a row found under another sort of thing says nothing of its kind
                holder = self._dossiers.add(graph, node, predicate, value, cited)
                line.place(holder, predicate.value, name)
            for said, (name, basis) in thing.infers.items():
                for value in self._terms(line, name):
                    self._dossiers.infer(node, cells.short_iri(said), value, cited, cells.short_iri(basis))
            for said, name in thing.confirms.items():
                for value in self._terms(line, name):
                    self._dossiers.confirm(node, cells.short_iri(said), value, cited)
            known = {
                cited_source(term) for term in self._dossiers.values(node, CITES) if isinstance(term, ox.NamedNode)
            }
            for citation in cited if "hrc:cites" in thing.says else ():
                if cited_source(citation) not in known:  # a closer passage of it is cited
                    self._dossiers.add(graph, node, CITES, citation)
            if thing.enrich:
                sort = self._finder.kind_slug(line, "kind")
                for other, about, prop, value in enriching.FINDERS[thing.enrich](node, line.texts, sort, self._base):
                    self._dossiers.add(other or graph, about, prop, value)
        if line.kind.claims:
            self._claim(line, line.kind.claims)
        elif not said_something:
            self._puzzled(line)

    def _puzzled(self, line: Line) -> None:
        """A row of which no thing is made: the word that decides is not one of ours."""
        names = dict.fromkeys(name for thing in line.kind.things for name in thing.when)
        for name in names:
            known = {fold(word) for word in line.kind.meant(name)}
            if name in line.columns and known and fold(line.texts.get(name, "")) not in known:
                said = line.columns[name][0].header
                rule = f"“{line.texts.get(name, '')}” is not a known {said} here."
                line.problem(name, rule, f"Write one of: {', '.join(line.kind.meant(name))}.")

    def _claim(self, line: Line, spec: kinds.Claims) -> None:
        """Write what each side says as a claim; a value without a type of its own is a remark on its matter."""
        subjects = line.references.get(spec.subject)
        if not subjects:
            return
        matter = line.texts[spec.matter]
        prop, kind = spec.properties.get(fold(matter), ("", ""))
        said = [(line.texts[value], line.references[source]) for value, source in spec.sides
                if line.texts.get(value) and line.references.get(source)]  # fmt: skip
        if kind == "withheld":
            words = ("An e-mail address", "Another e-mail address")
            said = [(f"{word} at {text.rpartition('@')[2]} (withheld)", sources)
                    for word, (text, sources) in zip(words, said, strict=False)]  # fmt: skip
        typed = [self._typed(text, kind) for text, _ in said] if prop else []
        graph = self._dossiers.graph_of[subjects[0].value]
        if typed and all(typed):
            predicate, values, more = cells.short_iri(prop), typed, []
            others: dict[Term, set[ox.NamedNode]] = {}
            for value, (_, sources) in zip(typed, said, strict=True):
                assert value is not None
                others.setdefault(value, set()).update(map(self._citation, sources))
            self._dossiers.contest(subjects[0], predicate, others)
        else:
            predicate, values = cells.short_iri("hrc:remark"), [ox.Literal(text, language="en") for text, _ in said]
            more = [(cells.short_iri("hrc:matter"), ox.Literal(matter, language="en"))]
        if line.texts.get(spec.dispute) and len(said) > 1:
            more.append((cells.short_iri("hrc:dispute"), ox.Literal(line.texts[spec.dispute])))
        if line.texts.get(spec.comment):
            more.append((cells.short_iri("skos:editorialNote"), ox.Literal(line.texts[spec.comment], language="en")))
        for value, (_, sources) in zip(values, said, strict=True):
            assert value is not None
            cited = [self._citation(source) for source in sources]
            node = self._dossiers.claim(graph, subjects[0], predicate, value, cited, more)
            line.place(node, "", spec.matter)

    def _typed(self, text: str, kind: str) -> Term | None:
        if kind == "number" and " " in text:
            return None
        kind = "text" if kind == "number" else kind
        try:
            return cells.term(text, Column("value", (), kind), {}, self._vocabularies)
        except cells.CellError:
            return None

    def _statements(self, line: Line, thing: Thing) -> list[tuple[str, str, Term]]:
        return [
            (said, name, value)
            for said, names in thing.says.items()
            for name in names
            for value in self._terms(line, name)
        ]

    def _terms(self, line: Line, name: str) -> list[Term]:
        if "|" in name:  # the first of these that says anything
            return next(filter(None, (self._terms(line, each) for each in name.split("|"))), [])
        if name.startswith("="):
            return [self._finder.node(line.filled(name[1:])) if "/" in name else cells.short_iri(name[1:])]
        name, _, segments = name.partition(" is ")
        if name in line.references:
            return [node for node in line.references[name] if not segments or segment(node) in segments.split()]
        column = line.columns[name][0] if name in line.columns else None
        if column and column.name_of:
            return [self._named_after(node, column, line) for node in line.references.get(column.name_of, ())]
        if column is None or name not in line.texts:
            return []
        if column.type in SEGMENTS:
            return []
        found: list[Term] = []
        for part in cells.parts(line.texts[name], column):
            try:
                value = cells.term(part, column, line.texts, self._vocabularies)
            except cells.CellError as error:
                line.problem(name, error.rule, error.remedy, value=part)
                continue
            if value is not None:
                found.append(value)
        return found

    def _named_after(self, node: ox.NamedNode, column: Column, line: Line) -> Term:
        names = [name for name in self._dossiers.values(node, LABEL) if isinstance(name, ox.Literal)]
        name = next((name for name in names if name.language == column.language), None)
        text = column.form.format(name.value if name else segment(node), **line.texts)
        return ox.Literal(text, language=column.language)

    def _citation(self, source: ox.NamedNode) -> ox.NamedNode:
        """The citation of a whole source, made when it is first needed."""
        node = self._finder.node(f"cite/{source.value.rpartition('/')[2]}--page")
        graph = self._dossiers.graph_of.get(source.value, f"sources/{source.value.rpartition('/')[2]}")
        if not self._dossiers.has(node):
            self._dossiers.add(graph, node, TYPE, cells.short_iri("hrc:Citation"))
            self._dossiers.add(graph, node, cells.short_iri("hrc:source"), source)
            self._dossiers.add(graph, node, cells.short_iri("hrc:locator"), ox.Literal("whole page"))
        return node

    def _graph(self, line: Line, thing: Thing, node: ox.NamedNode) -> str:
        if thing.graph.startswith("of "):
            name = thing.graph.removeprefix("of ")
            owner = line.things[0] if name == "self" else line.references[name][0]
            return self._dossiers.graph_of[owner.value]
        known = self._dossiers.graph_of.get(node.value)
        return known or line.filled(thing.graph, node.value.rpartition("/")[2])
