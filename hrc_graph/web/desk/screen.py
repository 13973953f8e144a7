"""`/desk/applications/<reference>` and `/desk/new`: one page from what was asked to what is published."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph import deciding, namespaces
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.applications import Application, State, check_role
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadInput, BadParameter, Conflict, Forbidden, NotConforming
from hrc_graph.index import Index
from hrc_graph.proposals.ground import Ground
from hrc_graph.web.answers import Answers, Whole, client_of
from hrc_graph.web.assets import Assets
from hrc_graph.web.desk import choices
from hrc_graph.web.desk.choosing import Offered, offered
from hrc_graph.web.desk.door import Door, Form, to, what
from hrc_graph.web.desk.findings import Findings, examine
from hrc_graph.web.desk.graph import Graph
from hrc_graph.web.desk.joining import shown, state_names
from hrc_graph.web.desk.preview import public_page
from hrc_graph.web.desk.sheet import MOST, Sheet
from hrc_graph.web.desk.staff import day
from hrc_graph.web.languages import LANGUAGES, READER, gettext
from hrc_graph.web.problems import status_of


@dataclasses.dataclass
class Opened:
    """The page as one request has it."""

    session: Session
    sheet: Sheet
    version: int = 0
    application: Application | None = None
    problem: str = ""
    status: int = 200
    why: str = ""
    stored: Sheet | None = None
    """What somebody else saved meanwhile."""


def router(door: Door, room: type[APIRoute], answers: Answers, graph: Graph, assets: Assets) -> APIRouter:
    """The routes of the one screen."""
    routes = APIRouter(prefix="/desk", route_class=room, include_in_schema=False)
    desk = door.desk

    @routes.get("/new")
    async def blank(request: Request) -> Response:
        return await shown_page(request, Opened(await door.session(request), Sheet()))

    @routes.post("/new")
    async def begin(request: Request) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        opened = Opened(session, Sheet.from_form(form), why=form.get("why", ""))
        if form.get("do") != "save":
            return await acted(request, opened, form.get("do", ""))

        def received() -> str:
            place, by = opened.sheet.place, session.account
            name = place.name or place.query or gettext("without a name")
            asked = {"government": {"name": place.government or name, "place": name, "country": place.country}}
            summary = f"{name}, {place.country}".rstrip(", ")
            language = READER.get().language
            application, _ = desk.applications.receive(json.dumps(asked), summary, language, None, by)
            desk.applications.step(application.reference, State.in_review, "", by)
            desk.applications.save(application.reference, opened.sheet.to_json(), 0, by)
            return application.reference

        return to(f"/desk/applications/{await asyncio.to_thread(received)}")

    @routes.get("/applications/{reference}")
    async def application(request: Request, reference: str) -> Response:
        session = await door.session(request)
        return await shown_page(request, await asyncio.to_thread(loaded, session, reference))

    @routes.post("/applications/{reference}")
    async def act(request: Request, reference: str) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        opened = await asyncio.to_thread(loaded, session, reference)
        saved, opened.why = opened.sheet, form.get("why", "")
        if "version" in form:
            opened.sheet = Sheet.from_form(form)
        try:
            if to_state := form.get("to"):
                await decided(opened, to_state, form, saved)
            elif form.get("do") == "save":
                version = int(form.get("version", "0")) if form.get("version", "0").isdigit() else 0
                await asyncio.to_thread(
                    desk.applications.save, reference, opened.sheet.to_json(), version, session.account
                )
            else:
                return await acted(request, opened, form.get("do", ""))
        except Conflict as error:
            opened.problem, opened.status = what(error), 409
            if error.stored:
                opened.stored = saved
        except (BadInput, Forbidden) as error:
            opened.problem, opened.status = what(error), status_of(error)
        else:
            return to(f"/desk/applications/{reference}")
        return await shown_page(request, opened)

    async def acted(request: Request, opened: Opened, do: str) -> Response:
        """What a button inside the page does to the sheet; nothing is kept."""
        if do == "page":
            found = await graph.use(lambda index, ground: previewed(opened.sheet, index, ground, assets))
            if found:
                return found
            opened.problem = gettext("Its page can be shown when nothing is wrong any more.")
        change(opened.sheet, do)
        return await shown_page(request, opened)

    def loaded(session: Session, reference: str) -> Opened:
        found = desk.applications.get(reference)
        draft = desk.applications.draft(reference)
        sheet, problem = Sheet.of_application(json.loads(found.payload)), ""
        if draft:
            try:
                sheet = Sheet.from_json(draft.payload)
            except BadInput as error:
                problem = what(error)
        return Opened(session, sheet, draft.version if draft else 0, found, problem)

    async def decided(opened: Opened, to_state: str, form: Form, saved: Sheet) -> None:
        found, by = opened.application, opened.session.account
        known = [each for each in State if each.value == to_state]
        assert found
        if to_state == "undo":
            check_role(by, Role.reviewer)
            made = [each for each in desk.decisions.of(found.reference) if each.kind == "acceptance" and each.done]
            if not made or found.state is not State.accepted:
                raise Conflict("There is nothing to undo.", "Look at it again.")
            await graph.use(lambda index, _: deciding.undo(desk, index, made[0].change, by, opened.why))
        elif known == [State.accepted]:
            await accepted(opened, form, saved)
        elif known:
            seen = next((each for each in State if each.value == form.get("state")), None)
            await asyncio.to_thread(desk.applications.step, found.reference, known[0], opened.why, by, "", seen)
        else:
            raise BadParameter("The form does not say what to do.", "Use the buttons of the page.")

    async def accepted(opened: Opened, form: Form, saved: Sheet) -> None:
        """Publish the draft as the reviewer saw it."""
        application, by = opened.application, opened.session.account
        assert application
        await asyncio.to_thread(desk.applications.can_step, application.reference, State.accepted, opened.why, by)

        def publish(index: Index, ground: Ground) -> None:
            for each in (opened.sheet, saved):
                friendly(each, ground)
            if opened.sheet != saved or form.get("version") != str(opened.version):
                raise Conflict("What is on the page was not saved.", "Save it, look at it, and accept it then.")
            found = examine(saved, index, ground)
            if found.blocked:
                raise BadInput("Something is still wrong.", "It is said beside the fields.")
            if form.get("seen") != found.seen:
                raise Conflict("The data changed since you looked.", "Look at what it will say now, and decide again.")
            name = found.sentences[0] if found.sentences else application.summary
            who = ground.name(found.draft.government) if ground.is_a(found.draft.government) else application.summary
            told = f"Accepted: {who}" if who else name
            deciding.accept(
                desk, index, application.reference, opened.version, found.draft.changes, told, by, opened.why
            )

        await graph.use(publish)

    async def shown_page(request: Request, opened: Opened) -> Whole:
        def gathered(index: Index, ground: Ground) -> tuple[Findings, Offered]:
            friendly(opened.sheet, ground)
            if opened.stored:
                friendly(opened.stored, ground)
            return examine(opened.sheet, index, ground), offered(ground)

        found, lists = await graph.use(gathered)
        values: dict[str, Any] = {"found": found, "offered": lists, "sheet": opened.sheet, "most": MOST}
        values |= {"version": opened.version, "problem": opened.problem, "why": opened.why, "languages_of": LANGUAGES}
        values |= {"application": opened.application, "differing": [], "may": [], "names": state_names(), "day": day}
        values["path_of_application"] = "/desk/new"
        title = gettext("A new link")
        if opened.stored:
            values["differing"] = differing(opened.stored, opened.sheet)
        if opened.application:
            values |= await asyncio.to_thread(history, opened.application, opened.session)
            offered_lines = await choices.of(answers, graph.workspace.settings.base, client_of(request))
            values["lines"] = shown(json.loads(opened.application.payload), offered_lines)
            values["path_of_application"] = f"/desk/applications/{opened.application.reference}"
            title = opened.application.summary
        return door.page("screen.html", opened.session, opened.status, title=title, **values)

    def history(found: Application, session: Session) -> dict[str, Any]:
        names = {account.id: account.name for account in desk.accounts.all()}
        steps = [(one, names.get(one.account or 0, "")) for one in desk.applications.steps(found.reference)]
        deciding_states = (State.accepted, State.declined)
        reviews = session.account.role.may(Role.reviewer)
        may = [each for each in found.next if reviews or not (each in deciding_states or found.state is State.declined)]
        made = [each for each in desk.decisions.of(found.reference) if each.kind == "acceptance" and each.done]
        undoable = made[0].change if made and found.state is State.accepted and reviews else ""
        return {"steps": steps, "contact": desk.contacts.of(found.id), "may": may, "undoable": undoable}

    return routes


def previewed(sheet: Sheet, index: Index, ground: Ground, assets: Assets) -> Response | None:
    """The public page of the government of a sheet; none while something is wrong."""
    found = examine(sheet, index, ground)
    if not found.draft.changes:
        return None
    try:
        thing = found.draft.government.removeprefix(f"{ground.base}id/")
        return public_page(thing, found.draft.changes, index, assets)
    except NotConforming:
        return None


def change(sheet: Sheet, do: str) -> None:
    """What a button does to a sheet."""
    act, _, about = do.partition(":")
    if do == "text":
        sheet.add_text()
    elif do == "passage":
        sheet.add_passage()
    elif act == "drop":
        sort, _, number = about.partition(":")
        sheet.drop(sort, int(number) if number.isdigit() else MOST)
    elif act == "same":
        sheet.place.chosen, sheet.place.different = about, ""
    elif act == "different":
        sheet.place.different = "yes"
    elif act == "mean":
        name, _, iri = about.partition(":")
        mean(sheet, name, iri)
    elif act == "theme":
        sheet.themes = list(dict.fromkeys([*sheet.themes, about.rpartition("/")[2]]))
    elif act == "under":
        mode, _, iri = about.partition(":")
        sheet.add_text()
        sheet.texts[-1].under, sheet.texts[-1].mode = iri, mode


def mean(sheet: Sheet, name: str, iri: str) -> None:
    """Put what was meant into a field."""
    row, _, own = name.partition(".")
    if name == "place.part_of":
        sheet.place.part_of = iri
    elif row.startswith("text") and row[4:].isdigit() and int(row[4:]) < len(sheet.texts) and own == "under":
        sheet.texts[int(row[4:])].under = iri
    elif row.startswith("passage") and row[7:].isdigit() and int(row[7:]) < len(sheet.passages) and own == "source":
        sheet.passages[int(row[7:])].source = iri


def friendly(sheet: Sheet, ground: Ground) -> None:
    """Put names in place of identifiers where the names mean the same, and identifiers whole where they do not."""
    language = READER.get().language
    sheet.wave = ground.iri(sheet.wave)
    sheet.themes = [each.rpartition("/")[2].rpartition(":")[2] for each in sheet.themes]
    fields = [(row, "under", ("text", "aim")) for row in sheet.texts if not row.new]
    rows: list[tuple[Any, str, tuple[str, ...]]] = [
        *fields,
        *((row, "source", ("source",)) for row in sheet.passages),
        (sheet.place, "part_of", ("place",)),
    ]
    for row, name, types in rows:
        iri = ground.iri(getattr(row, name))
        if iri.startswith(ground.base) and ground.is_a(iri):
            known = ground.name(iri, language)
            hits = ground.names.find(known, types=types)
            means = bool(hits) and hits[0].certain and hits[0].iri == iri
            setattr(row, name, known if means else namespaces.short(iri, ground.base))


def differing(stored: Sheet, sent: Sheet) -> list[tuple[str, str, str]]:
    """Field, what is stored and what was sent, of all that differs."""
    theirs, yours = _flat(dataclasses.asdict(stored)), _flat(dataclasses.asdict(sent))
    names = [name for name in dict.fromkeys([*theirs, *yours]) if theirs.get(name) != yours.get(name)]
    return [(_called(name), theirs.get(name, ""), yours.get(name, "")) for name in names]


def _called(name: str) -> str:
    """A field of a sheet in the reader's words."""
    words = {
        "place": gettext("Place"), "query": gettext("name as written"), "country": gettext("Country"),
        "chosen": gettext("chosen"), "different": gettext("not the same"), "name": gettext("Name"),
        "language": gettext("Language"), "government": gettext("Government"), "kind": gettext("Kind"),
        "part_of": gettext("part of"), "code": gettext("Code"), "texts": gettext("Text"), "under": gettext("Text"),
        "mode": gettext("How"), "date": gettext("When"), "on": gettext("Evidence"), "new": gettext("new"),
        "number": gettext("Number"), "own": gettext("its own"), "issued": gettext("Date of the text"),
        "passages": gettext("Evidence"), "source": gettext("Source"), "title": gettext("Title"),
        "publisher": gettext("Publisher"), "locator": gettext("Where in it"), "quote": gettext("Quote"),
        "wave": gettext("Wave of the campaign"), "wave_date": gettext("Wave: when"),
        "wave_on": gettext("Wave: evidence"), "themes": gettext("Themes"),
    }  # fmt: skip
    return " › ".join(words.get(part, part) for part in name.split())


def _flat(value: Any, name: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {k: v for key, each in value.items() for k, v in _flat(each, f"{name} {key}".strip()).items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {k: v for n, each in enumerate(value, 1) for k, v in _flat(each, f"{name} {n}").items()}
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return {name: text} if text else {}
