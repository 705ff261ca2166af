"""The first form of a process, before any case exists: the engine runs up to it without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, engine
from service.engine.expressions import as_date
from service.errors import LiaisonError, NotAllowed, NotFound
from service.processes import access
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.contexts import context_of
from service.processes.definitions import latest, newest_versions
from service.processes.effects import entered
from service.processes.forms import Form
from service.processes.rules import BY_ITSELF, holds, one_line
from service.processes.told_texts import day_facts, told_form
from service.processes.wiring import wiring
from service.rights import Actor

NOWHERE = UUID(int=0)
NO_FIRST_STEP = "该流程没有需要填写的首个步骤，请联系流程管理员"
REMEMBERED = 1000
"""Answers about who may begin a process, kept with its compiled version; as many people sign in on a day."""


@dataclass(frozen=True, slots=True)
class FirstStep:
    """The step that a new case of ``process`` opens with."""

    process: str
    name: str
    form: Form


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where a new case opens: a user task of a process of the bundle, and the role and unit that may take it."""

    process: str
    task: str
    role: str | None
    unit: str | None


def first_step(session: Session, process: str, actor: Actor) -> FirstStep:
    """The first step of the newest version. Raises NotFound, NotAllowed where ``actor`` may not take it."""
    made = compiled(session, latest(session, process).digest, process)
    opening = _opening(session, made, actor)
    info = made.program.user_tasks[opening.process, opening.task]
    if not _may_take(actor, opening):
        role = wiring(session).role_name(opening.role) or "指定人员"
        raise NotAllowed(f"「{info.name}」由{role}办理，您没有登记的权限。")
    form = made.form_of(opening.process, opening.task)
    days = DayFunctions(current(session), clock.now())
    return FirstStep(process, one_line(info.name), _with_values(form, info.properties.get("due"), days))


def _with_values(form: Form, due: str | None, days: DayFunctions) -> Form:
    """The form with the values in its help texts, as far as they are known before any case exists."""
    try:
        day = as_date(engine.evaluate(due, {}, days.table())) if due else None
    except engine.ExpressionError:
        day = None
    schema, ui_schema = told_form(form, day_facts(day, days.today, days.calendar), days.table())
    return replace(form, schema=schema, ui_schema=ui_schema)


def may_start(session: Session, process: str, actor: Actor) -> bool:
    """Whether ``first_step`` is for ``actor``: what a menu asks."""
    found = newest_versions(session).get(process)
    return found is not None and may_start_made(session, compiled(session, found.digest, process), actor)


def may_start_made(session: Session, made: Compiled, actor: Actor) -> bool:
    """As :func:`may_start`, of the version that ``made`` is: no statement to find it.

    The engine runs up to the first step once a day for each kind of actor, not once a page: a menu stays quick.
    """
    calendar = current(session)
    key = (
        actor.username,
        access.origin_unit(actor, wiring(session).scopes),
        frozenset(actor.roles),
        calendar.digest,
        clock.today(),
        repr((wiring(session).settings, wiring(session).scopes)),
    )
    if key not in made.openings:
        if len(made.openings) >= REMEMBERED:
            made.openings.clear()
        try:
            made.openings[key] = _opening(session, made, actor)
        except LiaisonError:
            made.openings[key] = None  # a menu stays usable where a definition cannot be started
    opening = made.openings[key]
    return isinstance(opening, _Opening) and _may_take(actor, opening)


def _opening(session: Session, made: Compiled, actor: Actor) -> _Opening:
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
    said = entered(made, {"scopes": dict(wiring(session).scopes)}, opened, days)
    return _Opening(opened.process, opened.task, said["role"], said["unit"])


def _may_take(actor: Actor, opening: _Opening) -> bool:
    return opening.role is None or holds(actor, opening.role, opening.unit)


def _nothing(call: engine.Call) -> Any:
    raise NotFound(BY_ITSELF)
