"""Which things a row speaks of and points at: found where they exist, named where they are new."""

from __future__ import annotations

import pyoxigraph as ox

from hrc_graph import namespaces
from hrc_graph.names import NameIndex, fold
from hrc_graph.tables import cells, kinds
from hrc_graph.tables.decisions import Decisions
from hrc_graph.tables.kinds import Column, Thing
from hrc_graph.tables.merging import Dossiers
from hrc_graph.tables.rows import SEGMENTS, Line, Merge, segment

_DOUBT = 93.0
"""A score from which two names may be one thing: it is asked, never assumed."""


class Finder:
    """Finds things by id, code, link or name, in the graph and among the rows of the batch."""

    def __init__(
        self, index: NameIndex, vocabularies: cells.Vocabularies, decisions: Decisions, dossiers: Dossiers
    ) -> None:
        self._index = index
        self._vocabularies = vocabularies
        self._decisions = decisions
        self._dossiers = dossiers
        self._keys: dict[str, dict[str, ox.NamedNode]] = {}

    def identify(self, line: Line) -> None:
        """Find or name the things that a row makes or adds to, as far as is known of other rows."""
        for number, thing in enumerate(line.kind.things):
            if number in line.things or thing.match is None or not line.applies(thing):
                continue
            try:
                minted = self.node(line.filled(thing.iri))
            except KeyError:
                continue  # it is named after another row: `resolve` comes back to it
            found = None if thing.iri.endswith("{self}") else self._found(line, thing, minted)
            node = line.things[number] = found or minted
            names = () if thing.match.decided else thing.match.names
            self._remember(line, node, *(line.texts.get(name, "") for name in names))

    def _found(self, line: Line, thing: Thing, minted: ox.NamedNode) -> ox.NamedNode | None:
        match = thing.match
        assert match
        texts = line.texts
        names = [texts[name] for name in match.names if texts.get(name)]
        spelling = f"{names[0] if names else ''} ({texts.get('id', '')})".removesuffix(" ()")
        answer = texts.get("same_as", "")
        if answer and names:
            self._decisions.take(match.types[0], spelling, None if fold(answer) == "new" else self._iri(answer))
        decided, same = self._decisions.find(match.types[0], spelling)
        if decided and names:
            return self._merged(line, spelling, same, "decided before") if same else None
        if self._dossiers.has(minted):
            if self._agrees(line, match, minted.value):
                return self._merged(line, spelling, minted, "same id")
            other = namespaces.short(minted.value, self._dossiers.base)
            rule = f"“{texts.get('id') or names[0]}” is the id of something else: {other}."
            line.problem("id", rule, "Write another id.", question=True)
        if match.decided:
            return None
        spellings = [code for code in texts.get(match.codes, "").split(";") if code]
        spellings += [texts[match.link]] if texts.get(match.link) else []
        country, sort = texts.get(match.country) or None, self.kind_slug(line, match.kind)
        found = [
            hit
            for text in (*spellings, *names)
            for hit in self._index.find(text, types=match.types, country=country, kind=sort)
        ]
        found = [hit for hit in found if self._agrees(line, match, hit.iri)]
        certain = next((hit for hit in found if hit.certain), None)
        if certain:
            return self._merged(line, spelling, ox.NamedNode(certain.iri), certain.why)
        doubt = next((hit for hit in found if hit.score >= _DOUBT), None)
        if doubt:
            line.problem(
                match.names[0],
                f"“{names[0]}” may be {doubt.name} ({namespaces.short(doubt.iri, self._dossiers.base)}): {doubt.why}.",
                f"Write {namespaces.short(doubt.iri, self._dossiers.base)} or “new” in a column same_as.",
                question=True,
                candidate=doubt.iri,
            )
        return None

    def _merged(self, line: Line, name: str, node: ox.NamedNode, why: str) -> ox.NamedNode:
        line.outcome.merges.append(Merge(line.sheet.name, line.row.number, name, node.value, why))
        return node

    def _agrees(self, line: Line, match: kinds.Match, iri: str) -> bool:
        """Whether number and page of a thing that was found do not speak against its being the row's."""
        node = ox.NamedNode(iri)
        if match.number and line.texts.get(match.number):
            numbers = self._dossiers.values(node, ox.NamedNode(namespaces.DEF + "number"))
            if numbers and all(fold(str(n.value)) != fold(line.texts[match.number]) for n in numbers):
                return False
        pages = self._dossiers.values(node, cells.short_iri("foaf:page")) if line.texts.get(match.link) else []
        try:
            return not pages or cells.link(line.texts[match.link]) in pages
        except cells.CellError:
            return True  # said when it is read

    def resolve(self, line: Line) -> None:
        """Find what the row's references name; what is not found is a problem of its cell."""
        for name, (column, _) in line.columns.items():
            if column.type in SEGMENTS and name in line.texts:
                for part in cells.parts(line.texts[name], column):
                    if fold(part) in column.values:
                        value = column.values[fold(part)]
                        found = cells.short_iri(value) if value else None
                    else:
                        found = self._reference(line, column, part)
                    if found is not None:
                        line.references.setdefault(name, []).append(found)

        self.identify(line)
        for thing in line.kind.things:
            if thing.match is None and line.applies(thing):
                try:
                    self._remember(line, self.node(line.filled(thing.iri)))
                except KeyError:
                    continue  # a reference it is named after was not found: said already

    def _remember(self, line: Line, node: ox.NamedNode, *names: str) -> None:
        for spelling in filter(
            None, (line.texts.get("id", ""), namespaces.short(node.value, self._dossiers.base), *names)
        ):
            self._keys.setdefault(spelling, {}).setdefault(segment(node), node)

    def _reference(self, line: Line, column: Column, text: str) -> ox.NamedNode | None:
        segments = SEGMENTS[column.type]
        local = self._keys.get(text, {})
        for part in segments:
            if part in local:
                return local[part]
        hits = self._index.find(text, types=segments, country=line.texts.get("country") or None)
        certain = [hit for hit in hits if hit.certain]
        if len(certain) == 1 or (certain and len({hit.iri for hit in certain}) == 1):
            return ox.NamedNode(certain[0].iri)
        near = "; ".join(f"{hit.name} ({namespaces.short(hit.iri, self._dossiers.base)})" for hit in hits[:3])
        remedy = (
            f"Write one of: {near}." if near else f"Add it to the table of {column.type}s first, or check the spelling."
        )
        line.problem(column.key, f"“{text}” is not found.", remedy, value=text)
        return None

    def kind_slug(self, line: Line, name: str) -> str | None:
        """The slug of the concept that a column of kinds holds, if it holds one."""
        column = line.kind.columns.get(name)
        if column is None or not line.texts.get(name):
            return None
        try:
            found = cells.term(line.texts[name], column, line.texts, self._vocabularies)
        except cells.CellError:
            return None
        return str(found.value).rpartition("/")[2] if found else None

    def node(self, path: str) -> ox.NamedNode:
        """The node at a path below `id/`."""
        return ox.NamedNode(f"{self._dossiers.base}id/{path}")

    def _iri(self, text: str) -> ox.NamedNode | None:
        hits = self._index.find(text, types=SEGMENTS["thing"] + ("source",))
        return ox.NamedNode(hits[0].iri) if hits and hits[0].certain else None
