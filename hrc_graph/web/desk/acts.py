"""`/desk/acts`: a withdrawal, a new name, a merger, a split, a double taken back; looked at before it is published."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph import namespaces
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadInput, ChangedMeanwhile, Forbidden, NotConforming, NotFound
from hrc_graph.proposals import Evidence, Source
from hrc_graph.proposals.ground import Ground
from hrc_graph.publishing import Change
from hrc_graph.tables import cells
from hrc_graph.web.answers import Whole
from hrc_graph.web.desk import actings
from hrc_graph.web.desk.door import Door, Form, to, what
from hrc_graph.web.desk.graph import Graph, Preview, digest, versions_in
from hrc_graph.web.languages import LANGUAGES, READER, gettext
from hrc_graph.web.problems import status_of

_EVIDENCE = ("source", "title", "language", "publisher", "published", "locator", "quote")
_PASSAGES = 2
_MANY = 12
_COMMITMENTS = """
SELECT ?act WHERE { ?act a hrc:Commitment ; hrc:actor ?actor } ORDER BY ?act"""


@dataclass
class Filled:
    """A form of an act as it was filled in, what its names were found to mean, and what comes into question."""

    values: dict[str, str]
    found: dict[str, list[str]] = field(default_factory=dict)
    """By field, the IRIs."""
    candidates: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By field with a doubt, ids and names to choose from."""
    wrong: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, form: Form) -> Filled:
        """What the form says, with the candidate that was picked in place of the doubtful name."""
        filled = cls({name: value.strip() for name, value in form.items()})
        name, _, rest = form.get("pick", "").partition(" ")
        written, _, id = rest.rpartition(" ")
        if name in actings.NAMED and id:
            lines = filled.values.get(name, "").splitlines()
            filled.values[name] = "\n".join(id if line.strip() == written else line for line in lines)
        return filled

    def find(self, act: actings.Act, ground: Ground) -> None:
        """Find what the names mean; say beside a field where that is not sure."""
        for name in act.fields:
            if name not in actings.NAMED:
                continue
            types, several, needed = actings.NAMED[name]
            texts = [line.strip() for line in self.values.get(name, "").splitlines() if line.strip()]
            if not texts and needed:
                self.wrong[name] = gettext("This is missing.")
            if len(texts) > (_MANY if several else 1):
                self.wrong[name] = gettext("These are too many.")
                continue
            for text in texts:
                iri = self._one(name, text, types, ground)
                if iri:
                    self.found.setdefault(name, []).append(iri)

    def _one(self, name: str, text: str, types: tuple[str, ...], ground: Ground) -> str:
        iri = ground.iri(text)
        if any(iri.startswith(f"{ground.base}id/{each}/") for each in types) and ground.is_a(iri):
            return iri
        hits = ground.names.find(text[:300], types=types, limit=8)
        certain = {hit.iri for hit in hits if hit.certain}
        if len(certain) == 1:
            return certain.pop()
        self.candidates[name] = [
            (f"{name} {text} {namespaces.short(hit.iri, ground.base)}", ground.name(hit.iri, READER.get().language))
            for hit in {hit.iri: hit for hit in hits}.values()
        ]
        said = gettext("“%(a)s” may mean more than one: choose.") if hits else gettext("“%(a)s” is not recorded.")
        self.wrong[name] = said % {"a": text[:100]}
        return ""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The passages of the form."""
        found = []
        for number in range(_PASSAGES):
            said = {name: self.values.get(f"{name}-{number}", "") for name in _EVIDENCE}
            if not any(said.values()):
                continue
            is_id = self.values.get(f"source-{number}", "").startswith("source:")
            source = Source(said["source"], said["title"], said["language"], said["publisher"], said["published"])
            found.append(Evidence(said["source"] if is_id else source, said["locator"], said["quote"]))
        return tuple(found)

    def texts(self, name: str) -> dict[str, str]:
        """What stands in the fields `name-en`, `name-id` and so on, by language; those of the form only."""
        given = {language: self.values.get(f"{name}-{language}", "") for language in LANGUAGES}
        own = self.values.get(f"{name}-language", "").lower()
        if own and self.values.get(f"{name}-own"):
            try:
                cells.language_concept(own)
            except cells.CellError as error:
                raise BadInput(error.rule, error.remedy) from error
            given[own] = self.values[f"{name}-own"]
        return {language: text for language, text in given.items() if text}


def router(door: Door, room: type[APIRoute], graph: Graph) -> APIRouter:
    """The routes of acts."""
    routes = APIRouter(prefix="/desk/acts", route_class=room, include_in_schema=False)

    @routes.get("")
    async def listed(request: Request) -> Response:
        session = await door.session(request)
        return door.page("acts.html", session, title=gettext("Acts"), acts=actings.offered())

    @routes.get("/{name}")
    async def asked(request: Request, name: str) -> Response:
        session = await door.session(request)
        given = request.query_params
        filled = Filled({each: given[each] for each in _act(name).fields if given.get(each)})
        return await act_page(session, name, filled, is_sent=False)

    @routes.post("/{name}")
    async def act(request: Request, name: str) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        filled = Filled.of(form)
        if form.get("do") != "publish":
            return await act_page(session, name, filled)
        try:
            change = await asyncio.to_thread(published, name, filled, session)
        except ChangedMeanwhile as error:
            return await act_page(session, name, filled, what(error), 409)
        except _Unseen:
            return await act_page(session, name, filled, gettext("Look at it once more, and publish it then."), 409)
        except (BadInput, NotConforming, Forbidden) as error:
            return await act_page(session, name, filled, what(error), status_of(error))
        return to(f"/desk/published/{change.id}")

    def published(name: str, filled: Filled, session: Session) -> Change:
        """Publish what was previewed: on the same versions, and with the same words."""
        on, act = versions_in(filled.values.get("on", "")), _act(name)

        def made(ground: Ground) -> Mapping[str, bytes]:
            filled.find(act, ground)
            if filled.wrong:
                raise BadInput(next(iter(filled.wrong.values())), "")
            changes = act.changes(filled, ground)
            if digest(changes) != filled.values.get("will") and graph.versions(changes) == on:
                raise _Unseen
            return changes

        return graph.publish(made, act.what, session.account, filled.values.get("why", ""), on)

    async def act_page(
        session: Session, name: str, filled: Filled, problem: str = "", status: int = 200, is_sent: bool = True
    ) -> Whole:
        act = _act(name)

        def gathered() -> dict[str, Any]:
            said, number = problem, status
            preview: Preview | None = None
            sentences: list[str] = []
            choices: dict[str, str] = {}
            with graph.ground() as ground:
                filled.found, filled.wrong, filled.candidates = {}, {}, {}
                if is_sent or "government" in filled.values:
                    filled.find(act, ground)
                if name == "withdrawal" and "government" in filled.found:
                    choices = _commitments(filled.found["government"][0], ground)
                    if filled.values.get("commitment") not in choices and is_sent:
                        filled.wrong["commitment"] = gettext("Choose the commitment that ends.")
                if is_sent and not filled.wrong:
                    try:
                        preview = graph.preview(act.changes(filled, ground), ground)
                        sentences = act.sentences(filled, ground)
                    except BadInput as error:
                        said, number = said or what(error), number if number != 200 else 400
                elif is_sent and number == 200:
                    number = 400
            return {
                "preview": preview,
                "sentences": sentences,
                "commitments": choices,
                "problem": said,
                "status": number,
            }

        values = await asyncio.to_thread(gathered)
        values |= {"act": act, "filled": filled, "may": session.account.role.may(Role.reviewer)}
        values |= {"passages": range(_PASSAGES), "named": actings.NAMED}
        return door.page("act.html", session, values.pop("status"), title=act.title, **values)

    return routes


class _Unseen(Exception):
    """Something else would be published than what was shown."""


def _act(name: str) -> actings.Act:
    found = actings.offered().get(name)
    if found is None:
        raise NotFound("There is no such act.", "The desk lists them.")
    return found


def _commitments(government: str, ground: Ground) -> dict[str, str]:
    """The commitments of a government by their IRIs: to what, how, when."""
    language = READER.get().language
    found = {}
    for row in ground.select(_COMMITMENTS, actor=government):
        iri = row["act"]
        under = ground.value(iri, "hrc:under") or ground.value(iri, "hrc:inWave")
        mode = ground.value(iri, "hrc:mode")
        words = [ground.name(each, language) for each in (under, mode) if each]
        found[iri] = ", ".join(filter(None, [*words, ground.value(iri, "hrc:date")]))
    return found
