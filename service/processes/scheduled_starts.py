"""Starting what the calendar says: each occurrence once, by whichever worker comes first; retried, never lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.history.notices import NOTICE, Goal, Notice
from service.history.records import record
from service.processes.commands import Occurrence, begin
from service.processes.cycles import Cycle
from service.processes.incidents import open_incident
from service.processes.models import Instance, Schedule
from service.processes.schedules import FAILED, STARTED, journal
from service.rights import ADMIN, SYSTEM

MAX_ATTEMPTS = 5
FIRST_WAIT = timedelta(minutes=1)
SPACE = UUID("7d1a54a8-3f0e-4c37-9a53-5c0be7f0a2d4")
"""Ids of instances that the calendar starts are made of process, event and planned moment: a second one cannot be."""


def due_starts(session: Session, *, now: datetime, limit: int = 100) -> list[tuple[str, str]]:
    """(process, start event) of what is due and not given up, the oldest first."""
    rows = session.execute(
        select(Schedule.process, Schedule.event)
        .where(Schedule.next_at <= now, Schedule.attempts < MAX_ATTEMPTS)
        .order_by(Schedule.next_at, Schedule.process, Schedule.event)
        .limit(limit)
    )
    return [(process, event) for process, event in rows]


def fire(session: Session, *, process: str, event: str, now: datetime) -> bool:
    """Starts the next instance of a timer start event that is due.

    False when another worker is at it, it is no longer due, or it has been given up.
    """
    row = _locked(session, process, event, skip=True)
    if row is None or row.next_at is None or row.next_at > now or row.attempts >= MAX_ATTEMPTS:
        return False
    cycle, n = Cycle.parse(row.cycle), row.occurrence
    planned = cycle.moment(n)
    if planned is not None:
        made = ids.derive(SPACE, f"{process}:{event}:{planned.isoformat()}")
        if session.get(Instance, made) is None:
            occurrence = Occurrence(event, n, planned)
            begin(session, process=process, data={}, actor=SYSTEM, now=now, instance_id=made, occurrence=occurrence)
        row.last_at, row.last_instance_id = now, made
    row.occurrence, row.next_at = n + 1, cycle.moment(n + 1)
    row.attempts, row.incident_id = 0, None
    journal(session, row, STARTED, actor=SYSTEM, now=now)
    session.flush()
    return True


def failed(session: Session, *, process: str, event: str, error: str, now: datetime) -> None:
    """A start failed (its transaction is gone): later again, after ``MAX_ATTEMPTS`` an incident that people see."""
    row = _locked(session, process, event)
    if row is None or row.next_at is None or row.next_at > now or row.attempts >= MAX_ATTEMPTS:
        return
    row.attempts += 1
    row.next_at = now + FIRST_WAIT * 2 ** (row.attempts - 1)
    if row.attempts >= MAX_ATTEMPTS:
        planned = Cycle.parse(row.cycle).moment(row.occurrence)
        day = f"{clock.local(planned):%Y-%m-%d}" if planned is not None else ""
        message = f"流程 {process} 计划于 {day} 的自动启动连续 {row.attempts} 次失败：{error}"
        row.incident_id = open_incident(session, kind="schedule", message=message, now=now).id
        _tell(session, process, now)
    journal(session, row, FAILED, actor=SYSTEM, now=now)
    session.flush()


def _locked(session: Session, process: str, event: str, *, skip: bool = False) -> Schedule | None:
    return session.scalar(
        select(Schedule)
        .where(Schedule.process == process, Schedule.event == event)
        .with_for_update(skip_locked=skip)
        .execution_options(populate_existing=True)
    )


def _tell(session: Session, process: str, now: datetime) -> None:
    """The administrators are told; the journal is the outbox."""
    text = f"流程 {process} 的自动启动失败"
    told = Notice("incident", Goal(role=ADMIN), step="自动启动", text=text)
    record(session, f"schedule:{process}", NOTICE, told.data(), actor=SYSTEM, now=now)
