"""The journal of all cases as steps that process mining understands.

No form's content leaves the service this way, and no person's name: an activity is called as the diagram calls its step
(a slot's task says whom it is about, its step does not), and who acted is told by the sign-in name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history import HistoryEvent, stream_events
from service.processes.models import Instance
from service.processes.recording import stream_of
from service.processes.rules import one_line
from service.processes.versions import versions_of

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
    "numbered": "给号",
    "suspended": "挂起",
    "resumed": "恢复",
    "terminated": "终止",
    "calendar_changed": "期限重算",
    "woken": "恢复等候",
    "migrated": "迁移流程版本",
    "ended": "",
    "timer_fired": "",
}


WORDS: Mapping[str, str] = {
    "schedule": "到达",
    "assign": "领办",
    "reassign": "转办",
    "complete": "",
    "ate_abort": "取消",
}
"""Words for transitions of the lifecycle is called beside the step that it is of; completing goes without saying."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One step. ``activity`` is what the diagram calls it, ``step`` the diagram's id where it is a user task's.

    ``resource`` is the sign-in name of who acted; ``late_days`` are working days, of a completed task. ``due_on`` is
    the due date as it stood then, ``due_provisional`` whether the days off of its year were not announced yet (暂定):
    both of a user task that has one.
    """

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
    due_provisional: bool | None
    late_days: int | None

    @property
    def type(self) -> str:
        """The activity with its transition, 办理（到达）: what object-centric tools tell kinds of events apart by."""
        return f"{self.activity}（{WORDS[self.transition]}）" if WORDS[self.transition] else self.activity


def cases(session: Session) -> Iterator[Instance]:
    """All cases of all processes, the oldest first; one at a time in memory."""
    for instance_id in session.scalars(select(Instance.id).order_by(Instance.started_at, Instance.id)).all():
        yield session.get_one(Instance, instance_id)
        session.expunge_all()


def case_events(session: Session, case: Instance) -> list[CaseEvent]:
    """The steps of a case in order."""
    about: dict[str, Mapping[str, Any]] = {}
    found = []
    events = stream_events(session, stream_of(case.id))
    versions = versions_of(session, case, events)
    for event in events:
        if event.kind == "entered" and event.task:
            about[event.task] = event.data
        elif event.kind == "due_changed" and event.task in about:
            moved = {name: event.data[name] for name in ("due_on", "provisional")}
            about[event.task] = {**about[event.task], **moved}
        elif event.kind == "renewed" and event.task in about:
            about[event.task] = {**about[event.task], **event.data}
        if event.kind in ON_TASK or event.kind in BESIDE:
            found.append(_step(event, about, versions.at(event.seq).program.names))
    return found


def _step(
    event: HistoryEvent, about: Mapping[str, Mapping[str, Any]], names: Mapping[tuple[str, str], str]
) -> CaseEvent:
    task = about.get(event.task or "", {})
    drawn = names.get((str(task.get("process")), str(task.get("task")))) if event.kind in ON_TASK else None
    name = BESIDE.get(event.kind) or drawn or event.data.get("name") or event.kind
    return CaseEvent(
        id=str(event.id),
        kind=event.kind,
        at=event.at,
        activity=one_line(str(name)),
        transition=ON_TASK.get(event.kind, "complete"),
        resource=event.actor,
        task=event.task if task else None,
        step=task.get("task"),
        stage=task.get("stage"),
        role=task.get("role"),
        unit=task.get("unit") or (event.data.get("unit") if event.kind == "circular_issued" else None),
        due_on=task.get("due_on"),
        due_provisional=task["provisional"] if task.get("due_on") else None,
        late_days=event.data.get("late_days") if event.kind == "completed" else None,
    )
