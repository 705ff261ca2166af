"""What the rows of an instance and its tasks must say, worked out from the journal alone: verification compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service import engine
from service.db.canonical import dumps
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.models import (
    CANCELLED,
    COMPLETED,
    DONE,
    OPEN,
    RUNNING,
    SUSPENDED,
    TERMINATED,
    Instance,
    UserTask,
)

_FIXED = ("process", "task", "name", "scope", "stage", "role", "unit", "slot", "paused")
_DUE = {
    "due_on": "due_on",
    "warn_on": "warn_on",
    "due_provisional": "provisional",
    "due_basis": "basis",
    "due_explanation": "explanation",
}


@dataclass
class _Task:
    """A user task as the journal tells it."""

    seq: int
    at: datetime
    fixed: Mapping[str, Any]
    due: Mapping[str, Any]
    status: str = OPEN
    assignee: str | None = None
    urges: int = 0
    done: HistoryEvent | None = None


def instance_faults(
    instance: Instance, rows: Sequence[UserTask], landing: engine.Landing, events: Sequence[HistoryEvent]
) -> Iterator[str]:
    """Each thing about the instance's row that is not as its journal says, in words."""
    started = events[0]
    if (instance.process, instance.version) != (started.data["process"], started.data["version"]):
        yield "事项的流程或版本与记录不符"
    begun = (started.actor, started.data["data"]["initiator_unit"], started.at)
    if (instance.initiator, instance.initiator_unit, instance.started_at) != begun:
        yield "事项的发起人、单位或时间与记录不符"
    if instance.status != (status := _status(landing, events)):
        yield f"事项的状态 {instance.status} 与记录的 {status} 不符"
    if instance.number is not None and instance.number not in _results(events):
        yield f"事项的编号 {instance.number} 没有记录"
    if instance.urges != sum(event.kind == "urged" for event in events):
        yield "事项的催办次数与记录不符"
    if instance.late != any(row.late_days for row in rows):
        yield "事项的超期标志与记录不符"
    if instance.title != str(instance.data.get("title") or ""):
        yield "事项的标题与记录不符"
    ended = next((event for event in reversed(events) if event.kind == fx.ENDED), None)
    wanted = ended.data["name"] if instance.status == COMPLETED and ended is not None else None
    if instance.status in (RUNNING, SUSPENDED, COMPLETED) and instance.end_name != wanted:
        yield "事项的结束方式与记录不符"


def task_faults(
    rows: Sequence[UserTask], landing: engine.Landing, events: Sequence[HistoryEvent]
) -> Iterator[tuple[int | None, str]]:
    """(sequence number, what) of each user task that is not as the journal says."""
    told = _tasks(events)
    if {str(row.id) for row in rows} != set(told):
        yield None, "任务的记录有增减，与历史不符"
    if {str(row.id) for row in rows if row.status == OPEN} != set(landing.open_tasks):
        yield None, "待办任务与重放结果不符"
    for row in rows:
        if (task := told.get(str(row.id))) is not None:
            yield from _row_faults(row, task)


def _row_faults(row: UserTask, task: _Task) -> Iterator[tuple[int | None, str]]:
    name = str(task.fixed["name"])
    if any(getattr(row, field) != task.fixed[field] for field in _FIXED) or row.entered_at != task.at:
        yield task.seq, f"任务「{name}」的岗位、单位或环节与记录不符"
    have = {key: _plain(getattr(row, field)) for field, key in _DUE.items()}
    if dumps(have) != dumps({key: task.due[key] for key in _DUE.values()}):
        yield task.seq, f"任务「{name}」的期限 {row.due_on} 与记录的 {task.due['due_on']} 不符"
    if row.status != task.status:
        yield task.seq, f"任务「{name}」的状态 {row.status} 与记录的 {task.status} 不符"
    if (row.assignee, row.urges) != (task.assignee, task.urges):
        yield task.seq, f"任务「{name}」的领办人或催办次数与记录不符"
    if row.status != DONE:
        return
    event = task.done
    if event is None:
        yield row.completed_seq, f"任务「{name}」的办理没有记录"
    elif (event.actor, event.on_behalf_of, event.at, event.seq) != (
        row.completed_by,
        row.on_behalf_of,
        row.completed_at,
        row.completed_seq,
    ) or dumps(event.data["data"]) != dumps(row.submitted):
        yield event.seq, f"任务「{name}」的办理内容与记录不符"
    elif event.data["late_days"] != row.late_days:
        yield event.seq, f"任务「{name}」的逾期天数与记录不符"


def _tasks(events: Sequence[HistoryEvent]) -> dict[str, _Task]:
    told: dict[str, _Task] = {}
    seq = 0  # of the input that the effects follow from
    for event in events:
        if event.kind not in fx.EFFECTS:
            seq = event.seq if event.kind != "action" else seq
        if event.task is None:
            continue
        if event.kind == fx.ENTERED:
            told[event.task] = _Task(seq, event.at, event.data, event.data)
        elif event.task in told:
            _tell(told[event.task], event)
    return told


def _tell(task: _Task, event: HistoryEvent) -> None:
    if event.kind == fx.DUE_CHANGED:
        task.due = event.data
    elif event.kind == fx.CANCELLED:
        task.status = CANCELLED
    elif event.kind == fx.REOPENED:
        task.status, task.done = OPEN, None
    elif event.kind == "completed":
        task.status, task.done = DONE, event
    elif event.kind == "claimed":
        task.assignee = event.data["assignee"]
    elif event.kind == "released":
        task.assignee = None
    elif event.kind == "reassigned":
        task.assignee = event.data["to"]
    elif event.kind == "urged":
        task.urges += 1


def _status(landing: engine.Landing, events: Sequence[HistoryEvent]) -> str:
    kinds = [event.kind for event in events if event.kind in ("terminated", "suspended", "resumed")]
    if "terminated" in kinds:
        return TERMINATED
    if kinds and kinds[-1] == "suspended":
        return SUSPENDED
    return COMPLETED if landing.completed else RUNNING


def _results(events: Sequence[HistoryEvent]) -> list[Any]:
    return [event.data["result"] for event in events if event.kind == "action"]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
