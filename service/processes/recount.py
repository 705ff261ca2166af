"""Counting the dates of one instance anew, because the calendar is no longer the one that they were counted with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import engine
from service.processes import effects as fx
from service.processes.advance import Judge, Run, advance, open_tasks
from service.processes.applying import due_of_row
from service.processes.bundles import compiled
from service.processes.calendars import DayFunctions
from service.processes.contexts import as_of, context_of
from service.processes.models import WAITING, Instance, Timer, UserTask
from service.processes.recording import Input
from service.processes.rules import one_line
from service.processes.wiring import wiring
from service.rights import Actor
from service.workdays import Calendar


@dataclass(frozen=True, slots=True)
class Moved:
    """A date of an open step that another calendar moves, or a wake-up (``timer``): from ``old`` to ``new``.

    Dates are ISO texts, of a wake-up moments; ``provisional`` is that of the new one.
    """

    step: str
    unit: str | None
    timer: str | None
    old: str | None
    new: str | None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class _Trial:
    """A recount as it would come out."""

    run: Run
    judge: Judge
    landing: engine.Landing
    effects: Sequence[fx.Effect]
    rows: Sequence[UserTask]
    timers: Mapping[str, Timer]

    @property
    def moved_timers(self) -> Mapping[str, engine.WaitingTimer]:
        """The wake-ups that are at another moment, or that there are no longer."""
        return {
            key: timer
            for key, timer in self.landing.timers.items()
            if key not in self.timers or self.timers[key].fire_at != timer.fire_at
        }

    @property
    def changes(self) -> bool:
        """Whether anything is another."""
        return bool(self.effects) or bool(self.moved_timers) or self.landing.timers.keys() != self.timers.keys()


def recount(
    session: Session, instance: Instance, *, calendar: Calendar, source: str, actor: Actor, now: datetime
) -> bool:
    """Counts the due dates and timers of the locked instance's open tasks with ``calendar``, which ``source`` made.

    An unchanged date or timer leaves no trace. Gives whether anything changed (CLOCK).
    """
    found = _trial(session, instance, calendar, source, now)
    if not found.changes:
        return False
    given = Input("calendar_changed", {"notice": source})
    advance(session, instance, given, found.run, actor=actor, now=now, judge=found.judge)
    return True


def outlook(session: Session, instance: Instance, *, calendar: Calendar, now: datetime) -> list[Moved]:
    """The dates and wake-ups that ``recount`` would move; nothing is changed (CLOCK).

    Steps are called as the diagram does, not by whom they are about: who keeps the calendar need not know that.
    """
    found = _trial(session, instance, calendar, "", now)
    rows = {str(row.id): row for row in found.rows}
    named = compiled(session, instance.digest, instance.process).program.names
    steps = {key: one_line(named[row.process, row.task]) for key, row in rows.items()}
    told = [
        Moved(
            steps[one.task],
            rows[one.task].unit,
            None,
            one.data["old_due_on"],
            one.data["due_on"],
            bool(one.data["provisional"]),
        )
        for one in found.effects
        if one.task is not None
    ]
    for key, timer in found.moved_timers.items():
        row, old = rows.get(timer.task or ""), found.timers.get(key)
        step, unit = (steps[str(row.id)], row.unit) if row is not None else ("", None)
        was = old.fire_at.isoformat() if old is not None else None
        told.append(Moved(step, unit, timer.name, was, timer.fire_at.isoformat()))
    return told


def _trial(session: Session, instance: Instance, calendar: Calendar, source: str, now: datetime) -> _Trial:
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

    landing = run(made, context_of(instance.id, 0, DayFunctions(calendar, now), _nothing, wiring(session).opening))
    waiting = session.scalars(select(Timer).where(Timer.instance_id == instance.id, Timer.status == WAITING))
    effects = fx.due_changes(made, landing, entered, calendar, old, source, kept)
    return _Trial(run, judge, landing, effects, rows, {str(timer.id): timer for timer in waiting})


def _nothing(call: engine.Call) -> None:
    raise engine.EngineFailure(f"重新计算期限时不应调用动作 {call.name}")
