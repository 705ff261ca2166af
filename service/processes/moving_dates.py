"""The step by which people move dates: a later one is agreed on (延期), or days of a suspension do not count (顺延)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import engine
from service.processes import effects as fx
from service.processes.advance import advance, open_tasks
from service.processes.agreed import effects, land, words_after
from service.processes.applying import due_of_row
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import DayFunctions, current
from service.processes.models import Instance, UserTask
from service.processes.recording import Input
from service.rights import Actor


def move_dates(
    session: Session,
    instance: Instance,
    kind: str,
    said: Mapping[str, Any],
    task: UserTask | None,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Moves the dates and timers of the locked instance as the input ``kind`` with the data ``said`` says; ``task`` is
    the open task that it is about, None: all of them."""
    made = compiled(session, instance.digest, instance.process)
    rows = open_tasks(session, instance.id)
    entered = {str(row.id): row.entered_at for row in rows}
    due = {str(row.id): due_of_row(row) for row in rows}
    kept = {str(row.id): row.kept for row in rows if row.kept is not None}
    about, state, settings = str(task.id) if task is not None else None, instance.state, instance.frame["settings"]
    places = {str(row.id): (row.process, row.task) for row in rows}
    words = words_after(said, kind, about, made, settings, places, due, kept)

    def run(made: Compiled, context: engine.Context) -> engine.Landing:
        days = DayFunctions(current(session), now)
        return land(made, state, said, kind, {**kept, **words}, days, context)

    def judge(made: Compiled, landing: engine.Landing, days: DayFunctions) -> list[fx.Effect]:
        return effects(made, landing, words, entered, due, str(said["notice"]), days, engine.RULES)

    advance(session, instance, Input(kind, said, about), run, actor=actor, now=now, judge=judge)
