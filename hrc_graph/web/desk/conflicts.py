"""`/desk/conflicts`: what sources say against each other, and which claim stands above the others. Nothing goes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph.desk.accounts import Role
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadInput, ChangedMeanwhile, Forbidden, NotFound
from hrc_graph.proposals.conflicts import RANKS, Conflict, conflicts, rank
from hrc_graph.proposals.ground import Ground
from hrc_graph.publishing import Change
from hrc_graph.web.answers import Whole
from hrc_graph.web.desk.door import Door, Form, to, what
from hrc_graph.web.desk.graph import Graph, Preview, checked_words
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.problems import status_of


@dataclass(frozen=True, slots=True)
class Ranking:
    """A rank for one claim, as a form says it."""

    claim: str
    rank: str
    reason: str
    note: str

    @classmethod
    def of(cls, form: Form) -> Ranking:
        """What the form says."""
        return cls(*(form.get(name, "").strip() for name in ("claim", "rank", "reason", "note")))

    def changes(self, ground: Ground) -> dict[str, bytes]:
        """The dossiers with this ranking. Raises `BadInput`."""
        note = checked_words(self.note)
        return rank(self.claim, self.rank, self.reason, ground, note=note, language=READER.get().language)


def router(door: Door, room: type[APIRoute], graph: Graph) -> APIRouter:
    """The routes of conflicts."""
    routes = APIRouter(prefix="/desk/conflicts", route_class=room, include_in_schema=False)
    told: dict[
        str, tuple[Ground, dict[str, Conflict]]
    ] = {}  # by language, of the last state: to find them takes seconds

    def known(ground: Ground) -> dict[str, Conflict]:
        """Every detail with several claims by its key, in the reader's language."""
        language = READER.get().language
        held = told.get(language)
        if held is None or held[0] is not ground:
            found = conflicts(ground, language, decided=True)
            held = told[language] = ground, {key_of(each): each for each in found}
        return held[1]

    @routes.get("")
    async def listed(request: Request, all: str = "") -> Response:
        session = await door.session(request)

        def found() -> list[tuple[str, Conflict]]:
            with graph.ground() as ground:
                wanted = [(key, each) for key, each in known(ground).items() if each.open or all]
            return sorted(wanted, key=lambda each: each[1].name.casefold())

        values: dict[str, Any] = {"conflicts": await asyncio.to_thread(found), "all": bool(all)}
        return door.page("conflicts.html", session, title=gettext("Where sources differ"), **values)

    @routes.get("/{key}")
    async def shown(request: Request, key: str) -> Response:
        session = await door.session(request)
        return await conflict_page(session, key)

    @routes.post("/{key}")
    async def act(request: Request, key: str) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        ranking = Ranking.of(form)
        if form.get("do") != "publish":
            return await conflict_page(session, key, ranking)
        try:
            change = await asyncio.to_thread(published, key, ranking, form.get("seen", ""), session)
        except (BadInput, Forbidden, ChangedMeanwhile) as error:
            return await conflict_page(session, key, ranking, what(error), status_of(error))
        return to(f"/desk/published/{change.id}")

    def published(key: str, ranking: Ranking, seen: str, session: Session) -> Change:
        """Publish a ranking of the conflict that was seen, and of no other state of it."""

        def made(ground: Ground) -> Mapping[str, bytes]:
            conflict = _of(key, known(ground))
            _check_side(conflict, ranking)
            if state_of(conflict) != seen:
                raise ChangedMeanwhile(
                    "Somebody has decided on this since you opened it.", "Look at it as it is now, and decide again."
                )
            return ranking.changes(ground)

        with graph.ground() as ground:
            named = _of(key, known(ground))
        return graph.publish(made, f"ranking of {named.detail} of {named.name}"[:200], session.account, ranking.note)

    async def conflict_page(
        session: Session, key: str, ranking: Ranking | None = None, problem: str = "", status: int = 200
    ) -> Whole:
        def gathered() -> dict[str, Any]:
            said, number = problem, status
            with graph.ground() as ground:
                conflict = _of(key, known(ground))
                language = READER.get().language
                preview: Preview | None = None
                if ranking and not problem:
                    try:
                        _check_side(conflict, ranking)
                        preview = graph.preview(ranking.changes(ground), ground)
                    except BadInput as error:
                        said, number = what(error), 400
                reasons = {iri: ground.name(iri, language) for iri in _reasons(ground)}
            after = next((each.after for each in conflict.sides if ranking and each.claim == ranking.claim), ())
            return {
                "conflict": conflict,
                "seen": state_of(conflict),
                "reasons": dict(sorted(reasons.items(), key=lambda each: each[1])),
                "preview": preview,
                "after": after if ranking and ranking.rank == "preferred" else (),
                "problem": said,
                "status": number,
            }

        values = await asyncio.to_thread(gathered)
        names = {"preferred": gettext("preferred"), "normal": gettext("normal"), "deprecated": gettext("deprecated")}
        may = session.account.role.may(Role.reviewer)
        values |= {"key": key, "ranking": ranking, "ranks": {each: names[each] for each in RANKS}, "may": may}
        conflict = values["conflict"]
        title = f"{conflict.name}: {conflict.matter or conflict.detail}"
        return door.page("conflict.html", session, values.pop("status"), title=title, **values)

    return routes


def key_of(conflict: Conflict) -> str:
    """What a conflict is called in addresses: the same as long as it is about the same detail."""
    said = f"{conflict.subject} {conflict.predicate} {conflict.matter.casefold()}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def state_of(conflict: Conflict) -> str:
    """The SHA-256 of what is said and how it ranks: another one when anybody changed that."""
    told = "\n".join(f"{each.claim} {each.rank} {each.reason} {each.note}" for each in conflict.sides)
    return hashlib.sha256(told.encode()).hexdigest()


def _of(key: str, known: Mapping[str, Conflict]) -> Conflict:
    if key not in known:
        raise NotFound("There is no such conflict.", "The list shows them.")
    return known[key]


def _check_side(conflict: Conflict, ranking: Ranking) -> None:
    if ranking.claim not in {each.claim for each in conflict.sides}:
        raise BadInput(gettext("Choose what one of the sources says."), "")


def _reasons(ground: Ground) -> list[str]:
    rows = ground.select("SELECT ?reason WHERE { ?reason skos:inScheme <https://w3id.org/hrcity/vocab/rank-reason> }")
    return sorted({row["reason"] for row in rows})
