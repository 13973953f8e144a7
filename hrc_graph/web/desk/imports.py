"""`/desk/import`: a table is sent, tried, mended, and published as one change."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from hrc_graph import namespaces, publishing
from hrc_graph.desk.accounts import Role
from hrc_graph.desk.sessions import Session
from hrc_graph.errors import BadFile, BadParameter, Busy, ChangedMeanwhile, Forbidden, HrcError, NotConforming
from hrc_graph.tables import bringing, kinds, writing
from hrc_graph.web.answers import Whole
from hrc_graph.web.desk import uploads
from hrc_graph.web.desk.door import Door, Form, check_own, to, what
from hrc_graph.web.desk.graph import Graph
from hrc_graph.web.desk.uploads import Upload, Uploads
from hrc_graph.web.languages import READER, gettext
from hrc_graph.web.problems import status_of

_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SHOWN = 500
"""So many rows of problems, merges and dossiers the page shows; the file with the errors has them all."""


def router(door: Door, room: type[APIRoute], graph: Graph) -> APIRouter:
    """The routes of bringing tables in."""
    routes = APIRouter(prefix="/desk/import", route_class=room, include_in_schema=False)
    kept = Uploads(graph.workspace)
    known = bringing.table_kinds(graph.workspace)

    def start_page(session: Session, problem: str = "", status: int = 200) -> Whole:
        language = READER.get().language
        offered = {name: kind.title.get(language, kind.title["en"]) for name, kind in known.items()}
        values = {"kinds": dict(sorted(offered.items(), key=lambda each: each[1].casefold())), "problem": problem}
        return door.page("import.html", session, status, title=gettext("Bring in a table"), **values)

    @routes.get("")
    async def asked(request: Request) -> Response:
        return start_page(await door.session(request))

    @routes.get("/templates/{name}")
    async def template(request: Request, name: str) -> Response:
        await door.session(request)
        stem, dot, suffix = name.rpartition(".")
        kind = kinds.find(known, stem)
        if dot + suffix not in _TYPES or stem != kind.name:
            raise BadFile("There is no such template.", "The page lists them.")
        return await asyncio.to_thread(_template, kind, dot + suffix)

    @routes.post("")
    async def send(request: Request) -> Response:
        session = await door.session(request)
        check_own(request)
        form, file = await uploads.received(request, graph.workspace.settings.time_limit)
        door.check_stamp(form, session)
        kind = form.get("kind", "")
        try:
            if file is None or not file.filename:
                raise BadFile("No file was chosen.", "Choose a .csv or .xlsx file.")
            if kind and kind not in known:
                raise BadParameter("There is no such kind of table.", "Choose one of the list.")
            upload = kept.add(session.account, file.filename, kind, READER.get().language)
        except (BadFile, BadParameter) as error:
            return start_page(session, what(error), 422)
        try:
            with publishing.unwritable(graph.workspace), upload.file.open("xb") as written:
                await asyncio.to_thread(shutil.copyfileobj, file.file, written)
            await kept.trial(upload)
        except HrcError as error:
            kept.forget(upload)
            if isinstance(error, BadFile):
                return start_page(session, what(error), 422)
            raise
        return to(f"/desk/import/{upload.id}")

    @routes.get("/{id}")
    async def shown(request: Request, id: str) -> Response:
        session = await door.session(request)
        upload = kept.get(id, session.account)
        return await report_page(session, upload)

    @routes.get("/{id}/errors.xlsx")
    async def errors(request: Request, id: str) -> Response:
        session = await door.session(request)
        upload = kept.get(id, session.account)
        if not upload.report.is_file():
            raise BadFile("This table has no errors.", "It can be published.")
        body = await asyncio.to_thread(upload.report.read_bytes)
        return _file(f"{Path(upload.name).stem} errors.xlsx", body, ".xlsx")

    @routes.post("/{id}")
    async def act(request: Request, id: str) -> Response:
        session = await door.session(request)
        form = await door.form(request, session)
        upload = kept.get(id, session.account)
        if form.get("do") == "forget":
            kept.forget(upload)
            return to("/desk/import")
        try:
            if form.get("do") == "publish":
                change = await publish(upload, session, form)
                kept.forget(upload)
                return to(f"/desk/published/{change.id}")
            if form.get("answer"):
                decide(upload, form["answer"])
            upload.language = READER.get().language
            await kept.trial(upload)
        except ChangedMeanwhile as error:
            await kept.trial(upload)  # against what the other one published
            return await report_page(session, upload, what(error), 409)
        except NotConforming as error:
            await kept.trial(upload)
            return await report_page(session, upload, what(error), 422)
        except (BadParameter, BadFile, Forbidden, Busy) as error:
            return await report_page(session, upload, what(error), status_of(error))
        return to(f"/desk/import/{upload.id}")

    async def publish(upload: Upload, session: Session, form: Form) -> publishing.Change:
        told = await asyncio.to_thread(kept.outcome, upload)
        changes = {name: text.encode() for name, text in told["changes"].items()}
        if told["problems"] or not changes:
            raise BadParameter("There is nothing to publish.", "Mend the table and send it again.")
        title = f"import of {upload.name}"
        made, why = (lambda _: changes), form.get("why", "")
        return await asyncio.to_thread(graph.publish, made, title, session.account, why, told["on"])

    def decide(upload: Upload, answer: str) -> None:
        """Keep the answer to a doubt: the number of it in the last trial, and what it is."""
        number, _, said = answer.partition(" ")
        told = kept.outcome(upload)
        sort, _, place = number.partition("-")
        among = told["problems"] if sort == "doubt" else told["merges"] if sort == "merge" else []
        if not (place.isascii() and place.isdigit() and len(place) < 8 and int(place) < len(among)):
            raise BadParameter("The form does not say what to do.", "Use the buttons of the page.")
        row = among[int(place)]
        same = row["candidate"] if sort == "doubt" else row["iri"]
        if said not in ("same", "new") or not same:
            raise BadParameter("The form does not say what to do.", "Use the buttons of the page.")
        upload.answers.setdefault(row["sheet"], {})[str(row["row"])] = same if said == "same" else "new"

    async def report_page(session: Session, upload: Upload, problem: str = "", status: int = 200) -> Whole:
        told = await asyncio.to_thread(kept.outcome, upload)
        values = await asyncio.to_thread(_told, told, graph)
        may = session.account.role.may(Role.reviewer)
        values |= {"upload": upload, "problem": problem, "may": may, "has_report": upload.report.is_file()}
        return door.page("imported.html", session, status, title=upload.name, **values)

    return routes


def _told(told: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """What a trial told, as the page shows it."""
    language = READER.get().language
    base = graph.workspace.settings.base
    deciding = {table["sheet"] for table in told["tables"] if table["decides"]}
    merges = []
    for number, each in enumerate(told["merges"]):
        decides = each["sheet"] in deciding and each["why"] != "same id"  # of that it takes another id to get apart
        merges.append(each | {"short": namespaces.short(each["iri"], base), "number": number, "decides": decides})
    problems = [each | {"number": number} for number, each in enumerate(told["problems"])]
    doubts = [each for each in problems if each["candidate"] and each["sheet"] in deciding]
    tables = [each | {"kind": each["kind"].get(language, each["kind"]["en"])} for each in told["tables"]]
    new = [name for name, before in told["on"].items() if not before]
    changed = [name for name, before in told["on"].items() if before]
    return {
        "tables": tables,
        "rows": told["rows"],
        "doubts": doubts[:_SHOWN],
        "wrong": [each for each in problems if each not in doubts][:_SHOWN],
        "merges": merges[:_SHOWN],
        "new": new[:_SHOWN],
        "changed": changed[:_SHOWN],
        "counts": {"problems": len(problems), "merges": len(merges), "new": len(new), "changed": len(changed)},
        "most": _SHOWN,
    }


def _template(kind: kinds.Kind, suffix: str) -> Response:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind.name}{suffix}"
        writing.template(path, kind.template_header(), kind.notes())
        return _file(path.name, path.read_bytes(), suffix)


def _file(name: str, body: bytes, suffix: str) -> Response:
    safe = name.encode("ascii", "replace").decode().replace("?", "_")
    return Response(body, media_type=_TYPES[suffix], headers={"Content-Disposition": f'attachment; filename="{safe}"'})
