"""One commitment in one go: who took on what, found by any name, with its evidence."""

from __future__ import annotations

from hrc_graph import namespaces
from hrc_graph.errors import BadInput
from hrc_graph.proposals import Commitment, Evidence, Government, Proposal, Source
from hrc_graph.proposals.evidence import recorded
from hrc_graph.proposals.ground import Ground
from hrc_graph.tables import cells

_SORTS = {"government": ("gov",), "text or campaign": ("text", "aim"), "source": ("source",)}


def link(
    government: str,
    to: str,
    ground: Ground,
    *,
    mode: str,
    source: str,
    date: str = "",
    locator: str = "",
    title: str = "",
    language: str = "",
) -> Proposal:
    """The proposal that says that a government took on a text or campaign; each may be an id, a code or a name.

    `source` is an address, recorded or new, or an id or title of what is recorded; `title` and `language` are of a new
    one. Raises `BadInput` for a doubt, naming what comes into question, and for a mode that there is not.
    """
    if not ground.concept("mode", mode):
        known = ", ".join(ground.vocabularies.words("mode"))
        raise BadInput(f"“{mode}” is no mode of commitment.", f"Write one of: {known}.")
    if date:
        try:
            cells.date(date)
        except cells.CellError as error:
            raise BadInput(error.rule, error.remedy) from error
    at: str | Source = recorded(source, ground) if "://" in source else find(source, "source", ground)
    if not at:
        at = Source(source, title, language)
    taken, evidence = find(to, "text or campaign", ground), (Evidence(at, locator),)
    if ground.is_a(taken, "hrc:Wave"):
        committed = Commitment(wave=taken, mode=mode, date=date, evidence=evidence)
    else:
        committed = Commitment(under=taken, mode=mode, date=date, evidence=evidence)
    return Proposal(Government(find(government, "government", ground)), (committed,))


def find(text: str, sort: str, ground: Ground) -> str:
    """The IRI of the one thing of a sort that a text means. Raises `BadInput` that names what comes into question."""
    hits = ground.names.find(text, types=_SORTS[sort], limit=8)
    certain = {hit.iri for hit in hits if hit.certain}
    if len(certain) == 1:
        return certain.pop()
    named = [f"  {namespaces.short(hit.iri, ground.base)}  {hit.name}  ({hit.why})" for hit in hits]
    if not named:
        raise BadInput(f"No {sort} is called “{text}”.", "Write its name, code or id as it is recorded.")
    what = (
        f"“{text}” may mean more than one {sort}." if len(named) > 1 else f"“{text}” is not surely a {sort} recorded."
    )
    raise BadInput(what, "\n".join(("Write the id of one of these:", *named)))
