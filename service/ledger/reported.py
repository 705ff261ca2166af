"""The reports of change about one talent (重大事项, R8 R9), for who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from service.engine.expressions import as_date
from service.fields import CHOICE, DATE, Entry, Field
from service.history import HistoryEvent
from service.processes.models import Instance
from service.processes.rules import STATUSES
from service.processes.visibility import visible_clause
from service.rights import Actor

PROCESS = "change_report"
REPORTED = "talent_reported"
"""The entry that an approved report leaves in the talent's journal."""

KINDS: Mapping[str, str] = {
    "job_change": "工作变动",
    "post_change": "职务调整",
    "award": "重大奖励",
    "punishment": "重大处分",
    "other": "其他重大事项",
}
MOST = 50

ENTRIES: Mapping[str, Entry] = {
    REPORTED: Entry(
        "重大事项报告获同意",
        (
            Field("change_type", "重大事项", CHOICE, choices=KINDS),
            Field("event_date", "发生日期", DATE),
            Field("reported_on", "报告日期", DATE),
            Field("late_days", "迟报工作日"),
            Field("starts_on", "开始日期", DATE),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Reported:
    """One report: what happened when, when it was told and how many working days late, how far it has come."""

    id: UUID
    kind: str
    happened_on: date | None
    reported_on: date | None
    late_days: int
    state: str


def reports_about(session: Session, talent_id: str, reader: Actor) -> list[Reported]:
    """The reports about a talent that ``reader`` may see, the newest first; one statement."""
    query = (
        select(Instance)
        .where(Instance.process == PROCESS, Instance.talent_id == talent_id, visible_clause(session, reader))
        .options(defer(Instance.state), defer(Instance.frame))
        .order_by(Instance.started_at.desc(), Instance.id)
        .limit(MOST)
    )
    return [_reported(row) for row in session.scalars(query)]


def seen_entries(
    session: Session, reader: Actor, entries: Iterable[tuple[HistoryEvent, Mapping[str, Any]]]
) -> list[tuple[HistoryEvent, Mapping[str, Any]]]:
    """The entries of a talent's journal without the reports that ``reader`` may not see; at most one statement."""
    listed = list(entries)
    asked = {case for event, data in listed if (case := _case(event, data)) is not None}
    if not asked:
        return listed
    seen = set(session.scalars(select(Instance.id).where(Instance.id.in_(asked), visible_clause(session, reader))))
    return [(event, data) for event, data in listed if event.kind != REPORTED or _case(event, data) in seen]


def _case(event: HistoryEvent, data: Mapping[str, Any]) -> UUID | None:
    return UUID(str(data["instance_id"])) if event.kind == REPORTED else None


def _reported(row: Instance) -> Reported:
    facts = row.data.get("facts") or {}
    return Reported(
        id=row.id,
        kind=KINDS.get(str(row.data.get("change_type")), KINDS["other"]),
        happened_on=as_date(row.data.get("event_date")),
        reported_on=as_date(row.data.get("reported_on")),
        late_days=int(facts.get("late_days") or 0),
        state=row.end_name or STATUSES[row.status],
    )
