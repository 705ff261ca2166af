"""The first form of a process, before any case exists: the engine runs up to it without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, engine
from service.errors import LiaisonError, NotAllowed, NotFound
from service.processes import access
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.contexts import context_of
from service.processes.definitions import latest
from service.processes.effects import entered
from service.processes.forms import Form
from service.processes.rules import BY_ITSELF, holds, one_line
from service.processes.wiring import wiring
from service.rights import Actor

NOWHERE = UUID(int=0)
NO_FIRST_STEP = "该流程没有需要填写的首个步骤，请联系流程管理员"


@dataclass(frozen=True, slots=True)
class FirstStep:
    """The step that a new case of ``process`` opens with."""

    process: str
    name: str
    form: Form


def first_step(session: Session, process: str, actor: Actor) -> FirstStep:
    """The first step of the newest version. Raises NotFound, NotAllowed where ``actor`` may not take it."""
    return _first(session, process, compiled(session, latest(session, process).digest, process), actor)


def _first(session: Session, process: str, made: Compiled, actor: Actor) -> FirstStep:
    if made.given:
        raise NotFound(BY_ITSELF)
    unit = access.origin_unit(actor, wiring(session).scopes)
    data = {
        "settings": dict(wiring(session).settings),
        "initiator": actor.username,
        "initiator_unit": unit,
        "initiator_roles": sorted(actor.roles),
    }
    days = DayFunctions(current(session), clock.now())
    context = context_of(NOWHERE, 0, days, _nothing, wiring(session).opening)
    landing = engine.start(made.program, data, replace(context, instances=wiring(session).most_instances))
    opened = next(iter(landing.open_tasks.values()), None)
    if opened is None:
        raise NotFound(NO_FIRST_STEP)
    info = made.program.user_tasks[opened.process, opened.task]
    said = entered(made, {"scopes": dict(wiring(session).scopes)}, opened, days)
    if said["role"] is not None and not holds(actor, said["role"], said["unit"]):
        role = wiring(session).role_name(said["role"]) or "指定人员"
        raise NotAllowed(f"「{info.name}」由{role}办理，您没有登记的权限。")
    return FirstStep(process, one_line(info.name), made.form_of(opened.process, opened.task))


def may_start(session: Session, process: str, actor: Actor) -> bool:
    """Whether ``first_step`` is for ``actor``: what a menu asks."""
    try:
        first_step(session, process, actor)
    except LiaisonError:
        return False  # a menu stays usable where a definition cannot be started
    return True


def may_start_made(session: Session, process: str, made: Compiled, actor: Actor) -> bool:
    """As :func:`may_start`, of the version that ``made`` is: no statement to find it."""
    try:
        _first(session, process, made, actor)
    except LiaisonError:
        return False
    return True


def _nothing(call: engine.Call) -> Any:
    raise NotFound(BY_ITSELF)
