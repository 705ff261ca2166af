"""The day by which a half-year report is due: by the calendar, and as its step in a round moves (T6)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history.records import record
from service.reports.models import HalfYearReport
from service.reports.rules import EDITABLE
from service.rights import Actor
from service.workdays import Calendar


def move_due(session: Session, instance_id: UUID, unit_code: str, due_on: date, *, actor: Actor, now: datetime) -> None:
    """Gives the report of a unit in a round, while it is owed, the date that its step has now; nothing where there is
    none. Sends nothing that waits."""
    own = select(HalfYearReport).where(HalfYearReport.instance_id == instance_id, HalfYearReport.unit_code == unit_code)
    with session.no_autoflush:
        report = session.scalar(own)
    if report is None or report.status not in EDITABLE or report.due_on == due_on:
        return
    was, report.due_on = report.due_on, due_on
    record(session, f"report:{report.id}", "report_due_moved", {"due_on": due_on, "was": was}, actor=actor, now=now)


def due_of(calendar: Calendar, ends_on: date, days: int) -> date:
    """The day by which the report of a half-year that ends on ``ends_on`` is due: ``days`` working days later (T6)."""
    return calendar.add(ends_on, days).due


def due_provisional(report: HalfYearReport, calendar: Calendar) -> bool:
    """Whether the day by which a report is still, or once more, to be sent may move: the days off of its year are not
    announced."""
    return report.status in EDITABLE and report.due_on is not None and calendar.is_provisional(report.due_on)
