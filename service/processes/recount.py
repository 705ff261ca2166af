"""Counting the dates of one instance anew, because the calendar is no longer the one that they were counted with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import engine
from service.processes import effects as fx
from service.processes.advance import advance, open_tasks
from service.processes.applying import due_of_row
from service.processes.bundles import compiled
from service.processes.calendars import DayFunctions
from service.processes.contexts import as_of, context_of
from service.processes.models import WAITING, Instance, Timer
from service.processes.recording import Input
from service.processes.wiring import wiring
from service.rights import Actor
from service.workdays import Calendar


def recount(
    session: Session, instance: Instance, *, calendar: Calendar, source: str, actor: Actor, now: datetime
) -> bool:
    """Counts the due dates and timers of the locked instance's open tasks with ``calendar``, which ``source`` made.

    An unchanged date or timer leaves no trace. Gives whether anything changed (CLOCK).
    """
    made = compiled(session, instance.digest, instance.process)
    rows = open_tasks(session, instance.id)
    entered = {str(row.id): row.entered_at for row in rows}
    old = {str(row.id): due_of_row(row) for row in rows}
    kept = {str(row.id): row.kept for row in rows if row.kept is not None}

    def run(_made: object, context: engine.Context) -> engine.Landing:
        given = replace(context, kept=kept)
        return engine.recompute(made.program, instance.state, as_of(calendar, given), given)

    def judge(_made: object, landing: engine.Landing, _days: object) -> list[fx.Effect]:
        found = fx.due_changes(made, landing, entered, calendar, old, source, kept)
        return [*found, fx.Effect(fx.ADVANCED, fx.sealed(landing))]

    trial = run(made, context_of(instance.id, 0, DayFunctions(calendar, now), _nothing, wiring(session).opening))
    timers = {
        str(timer_id): fire_at
        for timer_id, fire_at in session.execute(
            select(Timer.id, Timer.fire_at).where(Timer.instance_id == instance.id, Timer.status == WAITING)
        )
    }
    same_timers = {timer.id: timer.fire_at for timer in trial.timers.values()} == timers
    if same_timers and not fx.due_changes(made, trial, entered, calendar, old, source, kept):
        return False
    advance(session, instance, Input("calendar_changed", {"notice": source}), run, actor=actor, now=now, judge=judge)
    return True


def _nothing(call: engine.Call) -> None:
    raise engine.EngineFailure(f"重新计算期限时不应调用动作 {call.name}")
