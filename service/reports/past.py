"""Half-year reports as of a past day: what a roll-up of that day counts, read from their journals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.clock import end_of, today
from service.history.models import HistoryEvent, of_kinds
from service.reports.models import HalfYearReport
from service.reports.rules import ACCEPTED, DRAFT, RETURNED, SUBMITTED, overdue

_BECAME: Mapping[str, str] = {
    "report_submitted": SUBMITTED,
    "report_returned": RETURNED,
    "report_accepted": ACCEPTED,
}
"""Kind of entry → the status that it gave the report."""


@dataclass(frozen=True, slots=True)
class ReportThen:
    """The state of a report at the end of a day. ``late`` is None before it was first sent."""

    id: UUID
    status: str
    late: bool | None
    due_on: date | None
    facts: Mapping[str, Any]

    def overdue(self, on: date) -> bool:
        """Whether it is owed at the end of a day (``rules.overdue``)."""
        return overdue(self.status, self.due_on, on)


def reports_then(session: Session, reports: Iterable[HalfYearReport], on: date) -> dict[UUID, ReportThen]:
    """The reports as they stood at the end of a day, by id, without those not begun by then. At most one statement."""
    rows = list(reports)
    if on >= today() or not rows:
        return {one.id: ReportThen(one.id, one.status, one.late, one.due_on, one.facts) for one in rows}
    listed = {f"report:{one.id}": one.id for one in rows}
    events = (
        select(HistoryEvent.stream, HistoryEvent.kind, HistoryEvent.data)
        .where(
            HistoryEvent.stream.in_(listed),
            of_kinds("report_compiled", "report_due_moved", *_BECAME),
            HistoryEvent.at < end_of(on),
        )
        .order_by(HistoryEvent.stream, HistoryEvent.seq)
    )
    found: dict[UUID, ReportThen] = {}
    for stream, kind, data in session.execute(events):
        key = listed[stream]
        then = found.get(key, ReportThen(key, DRAFT, None, None, {}))
        found[key] = replace(
            then,
            status=_BECAME.get(kind, then.status),
            late=data.get("late", then.late),
            due_on=date.fromisoformat(data["due_on"]) if data.get("due_on") else then.due_on,
            facts=data.get("facts", then.facts),
        )
    return found
