"""The deadlines that calendars moved, read from the journal (CLOCK)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history import HistoryEvent
from service.processes.models import Instance, UserTask


@dataclass(frozen=True, slots=True)
class DueChange:
    """One deadline that a calendar moved. ``new`` may be the old day, no longer provisional."""

    number: str | None
    title: str
    step: str
    unit: str | None
    old: str | None
    new: str | None
    provisional: bool


def due_changes(session: Session, *, since: int) -> list[DueChange]:
    """The deadlines that calendars moved after the event ``since``, in the order of the journal."""
    rows = session.execute(
        select(HistoryEvent.data, HistoryEvent.task)
        .where(HistoryEvent.kind == "due_changed", HistoryEvent.id > since)
        .order_by(HistoryEvent.id)
    )
    return [_change(session, data, task) for data, task in rows if task is not None]


def _change(session: Session, data: Mapping[str, Any], task_id: str) -> DueChange:
    task = session.get_one(UserTask, UUID(task_id))
    case = session.get_one(Instance, task.instance_id)
    return DueChange(
        number=case.number,
        title=case.title,
        step=task.name,
        unit=task.unit,
        old=data["old_due_on"],
        new=data["due_on"],
        provisional=data["provisional"],
    )
