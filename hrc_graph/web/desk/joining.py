"""`/join`: a government asks to join the campaign; `/join/status`: what has become of that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from hrc_graph import dates
from hrc_graph.desk.applications import State
from hrc_graph.desk.contacts import Contact
from hrc_graph.desk.tries import Tries
from hrc_graph.errors import BadDate, BadParameter, Conflict, NotFound
from hrc_graph.settings import Settings
from hrc_graph.web.answers import Answers, Whole, client_of
from hrc_graph.web.clients import holder
from hrc_graph.web.desk import choices
from hrc_graph.web.desk.choices import Choices
from hrc_graph.web.desk.door import Door, Form, check_own, own_address, what
from hrc_graph.web.desk.staff import day
from hrc_graph.web.languages import READER, gettext

_QUICKEST, _OLDEST = 3.0, 24 * 3600.0
_ROWS = 20
_LONGEST = 300
_ROW = ("instrument", "other", "mode", "date", "evidence")


@dataclass
class Filled:
    """A form as it was filled in, and what is wrong with it, by field."""

    values: dict[str, str]
    rows: list[dict[str, str]]
    themes: list[str]
    wrong: dict[str, str] = field(default_factory=dict)

    def check(self, offered: Choices) -> None:
        """Say what is wrong, beside the field."""
        for name in ("government", "place", "country", "name", "email"):
            if not self.values[name]:
                self.wrong[name] = gettext("This is missing.")
        for name, text in self.values.items():
            if len(text) > _LONGEST:
                self.wrong[name] = gettext("This is too long.")
        if not self.values["consent"]:
            self.wrong["consent"] = gettext("Without your consent nobody can write to you.")
        for name, among in (("country", "countries"), ("wave", "waves")):
            if self.values[name] and self.values[name] not in offered[among]:
                self.wrong[name] = gettext("Choose one of the list.")
        if not set(self.themes) <= set(offered["themes"]):
            self.wrong["themes"] = gettext("Choose from the list.")
        for number, row in enumerate(self.rows):
            for name, problem in _wrong_in(row, offered).items():
                self.wrong[f"{name}-{number}"] = problem

    def payload(self) -> dict[str, Any]:
        """What is asked, without the person who asks."""
        government = {name: self.values[name] for name in ("government", "place", "country")}
        filled = [{name: text for name, text in row.items() if text} for row in self.rows if any(row.values())]
        return {
            "government": {"name": government.pop("government"), **government},
            "wave": self.values["wave"],
            "commitments": filled,
            "themes": self.themes,
        }


def router(door: Door, answers: Answers, settings: Settings) -> APIRouter:
    """The routes of joining."""
    routes = APIRouter(prefix="/join", include_in_schema=False)
    desk = door.desk
    sent, looked = Tries(5, 3600.0), Tries(30, 900.0)

    async def form_page(request: Request, filled: Filled, problem: str = "", status: int = 200) -> Whole:
        offered = await choices.of(answers, settings.base, client_of(request))
        values: dict[str, Any] = {
            "choices": offered,
            "filled": filled,
            "problem": problem,
            "purpose": _purpose(settings),
        }
        return door.page("join.html", None, status, title=gettext("Join the campaign"), **values)

    @routes.get("")
    async def asked(request: Request) -> Response:
        return await form_page(request, _filled(Form([])))

    @routes.post("")
    async def send(request: Request) -> Response:
        check_own(request)
        form = await door.fields(request)
        filled = _filled(form)
        if form.get("do") == "row":
            filled.rows = [*filled.rows, dict.fromkeys(_ROW, "")][:_ROWS]
            return await form_page(request, filled)
        age = desk.stamps.age(form.get("stamp", ""))
        if form.get("website"):
            filled.wrong["website"] = gettext("Leave this field empty.")
        elif age < _QUICKEST:
            return await form_page(request, filled, gettext("That was very quick. Please send it once more."), 400)
        elif age > _OLDEST:
            return await form_page(request, filled, gettext("The form had become too old. Send it once more."), 400)
        offered = await choices.of(answers, settings.base, client_of(request))
        filled.check(offered)
        contact = Contact(filled.values["name"], filled.values["email"], filled.values["phone"], _purpose(settings))
        if not filled.wrong:
            try:
                contact.checked()
            except BadParameter as error:
                filled.wrong["email" if "e-mail" in error.message else "phone"] = what(error)
        if filled.wrong:
            return await form_page(request, filled, gettext("Some of it needs another look."), 400)
        sent.take(holder(client_of(request)))
        summary = f"{filled.values['government']}, {offered['countries'][filled.values['country']]}"
        payload, language = json.dumps(filled.payload()), READER.get().language
        application, code = await asyncio.to_thread(desk.applications.receive, payload, summary, language, contact)
        link = f"{own_address(request)}/join/status#{application.reference}.{code}"
        title = gettext("Your application has arrived")
        return door.page("joined.html", None, 201, title=title, application=application, code=code, status_link=link)

    @routes.get("/status")
    async def ask() -> Response:
        return _status_page(door)

    @routes.post("/status")
    async def progress(request: Request) -> Response:
        form = await door.form(request)
        looked.take(holder(client_of(request)))
        reference, code = form.get("reference", ""), form.get("secret", "")
        problem, answer = "", form.get("answer", "")
        try:
            found = await asyncio.to_thread(desk.applications.of_applicant, reference, code)
            if form.get("do") == "answer":
                try:
                    found = await asyncio.to_thread(desk.applications.answer, reference, code, answer)
                    answer = ""
                except (BadParameter, Conflict) as error:
                    problem = what(error)
        except NotFound as error:
            return _status_page(door, what(error), reference, 404)
        steps = await asyncio.to_thread(desk.applications.steps, found.reference)
        offered = await choices.of(answers, settings.base, client_of(request))
        lines = shown(json.loads(found.payload), offered)
        values = {"application": found, "steps": steps, "lines": lines, "day": day, "code": code}
        values |= {"problem": problem, "answer": answer}
        status = 400 if problem else 200
        return door.page("progress.html", None, status, title=found.summary, names=state_names(), **values)

    return routes


def state_names() -> dict[State, str]:
    """The states in the reader's words."""
    return {
        State.received: gettext("received"),
        State.in_review: gettext("in review"),
        State.returned: gettext("returned, with a question"),
        State.accepted: gettext("accepted"),
        State.declined: gettext("declined"),
    }


def shown(payload: Mapping[str, Any], offered: Choices) -> list[tuple[str, str]]:
    """What an application asks for, as lines of a name and a text, in the reader's words where there are some."""
    names = {
        "government": gettext("Government"),
        "name": gettext("Name"),
        "place": gettext("Place"),
        "country": gettext("Country"),
        "wave": gettext("Wave of the campaign"),
        "commitments": gettext("Commitment"),
        "instrument": gettext("Text"),
        "other": gettext("Another text"),
        "mode": gettext("How"),
        "date": gettext("When"),
        "evidence": gettext("Evidence"),
        "themes": gettext("Theme"),
    }
    labels = {value: label for among in offered.values() for value, label in among.items()}
    found: list[tuple[str, str]] = []

    def walk(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, each in value.items():
                own = names.get(str(key), str(key))
                walk(f"{name} › {own}" if name else own, each)
        elif isinstance(value, list):
            for number, each in enumerate(value, 1):
                walk(f"{name} {number}", each)
        elif value not in ("", None):
            found.append((name, labels.get(str(value), str(value))))

    walk("", payload)
    return found


def _filled(form: Form) -> Filled:
    """The form as it came; it may be empty."""
    names = ("government", "place", "country", "wave", "name", "email", "phone", "consent")
    values = {name: " ".join(form.get(name, "").split()) for name in names}
    columns = [form.getlist(name)[:_ROWS] for name in _ROW]
    length = max([1, *map(len, columns)])
    padded = [[*(text.strip() for text in column), *[""] * (length - len(column))] for column in columns]
    rows = [dict(zip(_ROW, row, strict=True)) for row in zip(*padded, strict=True)]
    return Filled(values, rows, list(dict.fromkeys(form.getlist("theme"))))


def _wrong_in(row: Mapping[str, str], offered: Choices) -> dict[str, str]:
    """What is wrong with one commitment, by field; an empty row is left out."""
    wrong: dict[str, str] = {}
    if not any(row.values()):
        return wrong
    if not row["instrument"] and not row["other"]:
        wrong["instrument"] = gettext("Choose a text, or name one.")
    for name, among in (("instrument", "instruments"), ("mode", "modes")):
        if row[name] and row[name] not in offered[among]:
            wrong[name] = gettext("Choose one of the list.")
    if not row["mode"]:
        wrong["mode"] = gettext("Choose how.")
    if len(row["other"]) > _LONGEST:
        wrong["other"] = gettext("This is too long.")
    if row["date"]:
        try:
            dates.bounds(row["date"])
        except BadDate as error:
            wrong["date"] = what(error)
    link = urlsplit(row["evidence"]) if len(row["evidence"]) <= 2_000 and row["evidence"].isprintable() else None
    if row["evidence"] and (link is None or link.scheme not in ("http", "https") or not link.hostname):
        wrong["evidence"] = gettext("Give the address of a web page: https://…")
    return wrong


def _purpose(settings: Settings) -> str:
    text = gettext(
        "The secretariat of the campaign writes to you about this application, and about nothing else. Your name and "
        "address are not published, and are erased after %(days)s days, or sooner if you ask for it."
    )
    return text % {"days": settings.contact_days}


def _status_page(door: Door, problem: str = "", reference: str = "", status: int = 200) -> Whole:
    title = gettext("What has become of an application")
    return door.page("status.html", None, status, title=title, problem=problem, reference=reference)
