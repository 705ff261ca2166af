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
from service.processes.cycles import Cycle
from service.processes.models import Definition, Schedule


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
    for row in rows.values():
        session.delete(row)
    session.flush()


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
