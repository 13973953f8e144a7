"""The secretariat's desk on the web. Every answer below `/desk` and `/join` is private: no store, no other origin."""

from __future__ import annotations

from fastapi import APIRouter

from hrc_graph.desk import Desk
from hrc_graph.web.answers import Answers
from hrc_graph.web.assets import Assets
from hrc_graph.web.desk import (
    acts,
    casework,
    conflicts,
    history,
    imports,
    joining,
    machines,
    published,
    screen,
    signing,
    staff,
)
from hrc_graph.web.desk.door import Door
from hrc_graph.web.desk.graph import Graph
from hrc_graph.workspace import Workspace


def router(desk: Desk, answers: Answers, workspace: Workspace, assets: Assets) -> APIRouter:
    """Every route of the desk, and of the public form that leads to it. Raises `BadParameter`."""
    settings = workspace.settings
    door, graph = Door(desk, settings), Graph(workspace, desk)
    provider = None
    if settings.sign_in_issuer:
        from hrc_graph.web.desk.provider import from_environment  # here: its cryptography takes a fifth of a second

        provider = from_environment(settings.sign_in_issuer, settings.sign_in_client)
    room = door.room(lambda problem: signing.sign_in_page(door, provider, problem, 401))
    routes = APIRouter()
    routes.include_router(machines.router(desk, settings))
    routes.include_router(signing.router(door, provider))
    routes.include_router(casework.router(door, room))
    routes.include_router(screen.router(door, room, answers, graph, assets))
    routes.include_router(history.router(door, room, graph))
    routes.include_router(staff.router(door, room))
    for part in (imports, conflicts, acts, published):
        routes.include_router(part.router(door, room, graph))
    routes.include_router(joining.router(door, answers, settings))
    return routes
