"""How the house stands, in figures: for monitoring and for the page of the service's state. One statement each."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.processes.models import (
    COMPLETED,
    IS_OPEN,
    RUNNING,
    SUSPENDED,
    TERMINATED,
    WAITING,
    Instance,
    Timer,
    UserTask,
)
from service.processes.rules import GREEN, GREY, RED, YELLOW, light
from service.processes.upkeep import WorkerBeat


def task_lights(session: Session, today: date) -> dict[str, int]:
    """Light → open tasks that show it today; counted by due date, so that the rule of the lights stays in one place."""
    found: Counter[str] = Counter()
    groups = (
        select(UserTask.due_on, UserTask.warn_on, UserTask.paused, Instance.status, func.count())
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(IS_OPEN, Instance.status.in_((RUNNING, SUSPENDED)))
        .group_by(UserTask.due_on, UserTask.warn_on, UserTask.paused, Instance.status)
    )
    for due_on, warn_on, paused, status, number in session.execute(groups):
        found[light(due_on=due_on, warn_on=warn_on, paused=paused or status == SUSPENDED, today=today)] += number
    return {name: found[name] for name in (GREEN, YELLOW, RED, GREY)}


def instance_counts(session: Session) -> dict[str, int]:
    """Status → instances that have it."""
    rows = session.execute(select(Instance.status, func.count()).group_by(Instance.status))
    return dict.fromkeys((RUNNING, SUSPENDED, COMPLETED, TERMINATED), 0) | {row[0]: row[1] for row in rows}


def timers_waiting(session: Session, *, due_by: datetime | None = None) -> int:
    """How many timers wait; with ``due_by`` only those that should have fired by then."""
    query = select(func.count()).select_from(Timer).where(Timer.status == WAITING)
    return session.scalar(query if due_by is None else query.where(Timer.due_at <= due_by)) or 0


def worker_names(session: Session, *, since: datetime) -> list[str]:
    """The workers that have been heard of since then, in the order of their names."""
    alive = select(WorkerBeat.worker).where(WorkerBeat.beat_at >= since)
    return sorted(session.scalars(alive))


def worker_beats(session: Session) -> list[WorkerBeat]:
    """When each worker last looked for work, the latest first."""
    return list(session.scalars(select(WorkerBeat).order_by(WorkerBeat.beat_at.desc())))


def last_beat(session: Session) -> datetime | None:
    """When any worker last looked for work; None where none ever did."""
    return session.scalar(select(func.max(WorkerBeat.beat_at)))
