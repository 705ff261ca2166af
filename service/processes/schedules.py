"""Timer start events: when each process's newest version starts its next instance by itself.

A row a start event. A start that was due before a version came into force is never made up; a row whose interval stays
as it was keeps its place over a deployment. Starting them is in ``starts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.engine import Program
from service.history.records import record
from service.processes.cycles import Cycle
from service.processes.models import Definition, Schedule
from service.rights import SYSTEM, Actor

PLANNED, DROPPED = "schedule_planned", "schedule_dropped"
STARTED, FAILED, RETRIED = "schedule_started", "schedule_failed", "schedule_retried"


def sync(session: Session, definition: Definition, program: Program, *, now: datetime) -> None:
    """Brings the rows of a process in line with the version that comes into force at ``now``."""
    known = select(Schedule).where(Schedule.process == definition.key).with_for_update()
    rows = {row.event: row for row in session.scalars(known)}
    for start in program.timer_starts:
        row = rows.pop(start.event, None)
        if row is None or row.cycle != start.cycle:
            cycle = Cycle.parse(start.cycle)
            n = cycle.after(now)
            if row is None:
                row = Schedule(process=definition.key, event=start.event)
                session.add(row)
            row.cycle, row.occurrence, row.next_at = start.cycle, n, cycle.moment(n)
        else:
            row.next_at = planned_at(row)
        row.digest, row.attempts, row.incident_id = definition.digest, 0, None
        journal(session, row, PLANNED, actor=SYSTEM, now=now)
    for row in rows.values():
        session.delete(row)
        journal(session, row, DROPPED, actor=SYSTEM, now=now)
    session.flush()


def journal(session: Session, row: Schedule, kind: str, *, actor: Actor, now: datetime) -> None:
    """Enters what happened to a row, and how it stands then, in the journal of its process's starts."""
    said = {
        "event": row.event,
        "digest": row.digest,
        "cycle": row.cycle,
        "occurrence": row.occurrence,
        "next_at": row.next_at.isoformat() if row.next_at is not None else None,
        "last_at": row.last_at.isoformat() if row.last_at is not None else None,
        "last_instance_id": row.last_instance_id,
        "attempts": row.attempts,
        "incident_id": row.incident_id,
    }
    record(session, f"schedule:{row.process}", kind, said, actor=actor, now=now)


def planned_at(row: Schedule) -> datetime | None:
    """The moment for which the row's next start is planned, whatever failed since; None when there is no more."""
    return Cycle.parse(row.cycle).moment(row.occurrence)


def upcoming(session: Session) -> Sequence[Schedule]:
    """All rows, the next to start first; those that are over last."""
    return list(
        session.scalars(
            select(Schedule).order_by(Schedule.next_at.is_(None), Schedule.next_at, Schedule.process, Schedule.event)
        )
    )
