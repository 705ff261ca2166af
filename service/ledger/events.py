"""The journal of all cases as steps that process mining understands. No form's content leaves the service this way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history import HistoryEvent, stream_events
from service.processes.advance import stream_of
from service.processes.models import Instance

# Kind of event -> transition of the XES lifecycle extension, for events on a user task ...
ON_TASK: Mapping[str, str] = {
    "entered": "schedule",
    "reopened": "schedule",
    "claimed": "assign",
    "reassigned": "reassign",
    "completed": "complete",
    "cancelled": "ate_abort",
}
# ... and the names of what happens to a case or beside its tasks, each complete in itself.
BESIDE: Mapping[str, str] = {
    "started": "启动",
    "returned": "退回",
    "taken_back": "撤回",
    "urged": "催办",
    "acknowledged": "签收",
    "circular_issued": "通报",
    "suspended": "挂起",
    "resumed": "恢复",
    "terminated": "终止",
    "calendar_changed": "期限重算",
    "woken": "恢复等候",
    "ended": "",
    "timer_fired": "",
}


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One step. ``activity`` is what people call it, ``step`` the diagram's id where it is a user task's."""

    id: str
    kind: str
    at: datetime
    activity: str
    transition: str
    resource: str
    task: str | None
    step: str | None
    stage: str | None
    role: str | None
    unit: str | None
    due_on: str | None
    late_days: int | None


def cases(session: Session) -> Iterator[Instance]:
    """All cases of all processes, the oldest first; one at a time in memory."""
    for instance_id in session.scalars(select(Instance.id).order_by(Instance.started_at, Instance.id)).all():
        yield session.get_one(Instance, instance_id)
        session.expunge_all()


def case_events(session: Session, case: Instance) -> list[CaseEvent]:
    """The steps of a case in order."""
    about: dict[str, Mapping[str, Any]] = {}
    found = []
    for event in stream_events(session, stream_of(case.id)):
        if event.kind == "entered" and event.task:
            about[event.task] = event.data
        if event.kind in ON_TASK or event.kind in BESIDE:
            found.append(_step(event, about))
    return found


def _step(event: HistoryEvent, about: Mapping[str, Mapping[str, Any]]) -> CaseEvent:
    task = about.get(event.task or "", {})
    name = BESIDE.get(event.kind) or event.data.get("name") or task.get("name") or event.kind
    return CaseEvent(
        id=str(event.id),
        kind=event.kind,
        at=event.at,
        activity=str(name),
        transition=ON_TASK.get(event.kind, "complete"),
        resource=event.actor,
        task=event.task if task else None,
        step=task.get("task"),
        stage=task.get("stage"),
        role=task.get("role"),
        unit=task.get("unit") or (event.data.get("unit") if event.kind == "circular_issued" else None),
        due_on=task.get("due_on"),
        late_days=event.data.get("late_days") if event.kind == "completed" else None,
    )
