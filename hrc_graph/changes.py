"""The history of `data/` as changes of dossiers: who, when, why, what it means, and which triples came and went."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby

from hrc_graph import namespaces, records
from hrc_graph.errors import BadFile, NotFound
from hrc_graph.history import History, Revision
from hrc_graph.telling import Event, Kind, Telling, Triples

_MANY = 20
"""A commit of more dossiers is summed up for people."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did to one dossier."""

    commit: str
    when: datetime
    who: str
    why: str
    dossier: str
    title: str
    events: tuple[Event, ...]
    added: Triples
    removed: Triples
    after: Triples
    """Every triple of the dossier now; none when it is gone."""


def version(base: str, commit: str, dossier: str) -> str:
    """The IRI of a dossier as a commit left it."""
    return f"{base}version/{commit}/{dossier}"


def full(thing: str, base: str) -> str:
    """A thing's IRI, from it or from its short form; anything else as it is."""
    prefix, _, local = thing.partition(":")
    namespace = namespaces.prefixes(base).get(prefix)
    return namespace + local if namespace else thing


def told(history: History, *, base: str) -> Iterator[Change]:
    """Every change, oldest first, those of one commit by dossier. Applied in turn to nothing they make what is."""
    return of(history.revisions(), history, {}, {}, base=base)


def of(
    revisions: Iterable[Revision],
    history: History,
    state: MutableMapping[str, Triples],
    names: dict[str, str],
    *,
    base: str,
) -> Iterator[Change]:
    """The changes of revisions; `state`, how dossiers stood before, and the names of things are kept up to date."""
    for revision in revisions:
        changed = dict(_changed(history, revision, state, base))
        telling = Telling(changed, names, base=base, begins=revision.begins)
        for dossier, (before, after) in changed.items():
            title, events = telling.told(dossier)
            yield Change(
                revision.id, revision.when, revision.who, revision.why, dossier,
                title, events, after - before, before - after, after,
            )  # fmt: skip
            state[dossier] = after


def _changed(
    history: History, revision: Revision, state: MutableMapping[str, Triples], base: str
) -> Iterator[tuple[str, tuple[Triples, Triples]]]:
    """The dossiers that a revision changed, before and after.

    On a side line the change is made to what stands now, which the main line may have changed since. What a merge
    adds of its own is what then still differs.
    """

    def read(name: str, blob: str) -> Triples | None:
        try:
            return frozenset(records.read(history.text(blob), base=base, name=name) if blob else ())
        except BadFile:
            return None  # a file that nobody could read said nothing

    files = dict(revision.files)
    if revision.merges and revision.on_main_line:
        merged = history.dossiers(revision.id)
        files = {name: ("", merged.get(name, "")) for name in sorted(state.keys() | merged.keys())}
    for name, (old, new) in files.items():
        now, after = state.get(name, frozenset()), read(name, new)
        if after is None:
            continue
        before = now if revision.on_main_line else read(name, old)
        if before is not None and before != now:
            after = (now - (before - after)) | (after - before)
        if now != after:
            yield name, (now, after)


def about(told: Iterable[Change], thing: str, *, base: str) -> list[Change]:
    """The changes of a dossier, or what of each is about a thing: given by its IRI or the short form of that.

    Raises `NotFound` when there are none.
    """
    iri = full(thing, base)
    found = []
    for change in told:
        events = tuple(event for event in change.events if iri in event.things)
        if change.dossier == thing:
            found.append(change)
        elif events:
            found.append(replace(change, events=events))
    if not found:
        hint = "Give an IRI, a short one such as gov:id-lahat, or a dossier such as governments/id/lahat."
        raise NotFound(f"The history does not speak of “{thing}”.", hint)
    return found


def as_text(told: Sequence[Change]) -> Iterator[str]:
    """Lines to be read, newest first; a commit of very many dossiers is summed up."""
    for commit, group in groupby(reversed(told), key=lambda change: change.commit):
        changes = list(group)[::-1]
        first = changes[0]
        yield f"{first.when:%Y-%m-%d %H:%M}  {first.who}  {commit[:12]}"
        yield from (f"  {line}" for line in first.why.splitlines() if line)
        if len(changes) > _MANY:
            counts = Counter(event.kind for change in changes for event in change.events)
            told_all = ", ".join(f"{kind} ({counts[kind]})" for kind in Kind if kind in counts)
            yield f"  {len(changes)} dossiers: {told_all}"
        for change in changes if len(changes) <= _MANY else ():
            yield f"  {change.dossier}"
            yield from (f"    {event.kind.capitalize()}: {event.words}" for event in change.events)
        yield ""


def as_json(told: Sequence[Change], *, base: str) -> Iterator[str]:
    """A JSON array, newest first, in pieces; triples are N-Triples."""
    yield "["
    for place, change in enumerate(reversed(told)):
        piece = {
            "commit": change.commit,
            "when": change.when.isoformat(),
            "who": change.who,
            "why": change.why,
            "dossier": change.dossier,
            "version": version(base, change.commit, change.dossier),
            "title": change.title,
            "events": [asdict(event) for event in change.events],
            "added": sorted(map(str, change.added)),
            "removed": sorted(map(str, change.removed)),
        }
        yield (",\n" if place else "\n") + json.dumps(piece, ensure_ascii=False, indent=1)
    yield "\n]\n"
