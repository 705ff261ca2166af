"""Moved dates: of open steps (放假安排, 迁移), and of a step that came up anew with another date (阶段反馈, 退回)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased

from service.audit.questions import more
from service.audit.questions.again import Decided, in_journal, stream_in_sql
from service.audit.questions.declared import Asked
from service.audit.questions.journal import Event
from service.audit.questions.known import Known
from service.history import HistoryEvent
from service.ids import as_id
from service.processes.models import UserTask
from service.processes.rules import one_line

ENTERED, MOVED = "entered", "due_changed"
KINDS = (MOVED, ENTERED)


def moved(asked: Asked) -> list[ColumnElement[bool]]:
    """Of the steps that came up those whose date is another one than in the time before, in the same slot."""
    session = asked.session
    entry, task, before, between = aliased(HistoryEvent), aliased(UserTask), aliased(UserTask), aliased(UserTask)
    newer = select(between.id).where(
        *_alike(between, task), between.entered_seq > before.entered_seq, between.entered_seq < task.entered_seq
    )
    last = select(before.id).where(
        *_alike(before, task),
        before.entered_seq < task.entered_seq,
        before.due_on.is_distinct_from(task.due_on),
        ~newer.correlate(task, before).exists(),
    )
    same = and_(entry.stream == stream_in_sql(session, task.instance_id), entry.task == in_journal(session, task.id))
    found = select(entry.id).join(task, same).where(entry.kind == ENTERED, last.correlate(task).exists())
    return [(HistoryEvent.kind != ENTERED) | HistoryEvent.id.in_(found)]


def dates(session: Session, events: Sequence[Event], known: Known) -> Mapping[int, Mapping[str, Any]]:
    """The step, the date before and after, and why it moved; three statements, and definitions."""
    found = dict(more.dates(session, events, known))
    anew = [one for one in events if one.kind == ENTERED]
    cases = {case for one in anew if (case := as_id(one.stream.partition(":")[2])) is not None}
    if not cases:
        return found
    tasks: dict[UUID, list[UserTask]] = {}
    query = select(UserTask).where(UserTask.instance_id.in_(cases)).order_by(UserTask.entered_seq, UserTask.id)
    for row in session.scalars(query):
        tasks.setdefault(row.instance_id, []).append(row)
    decided = Decided(session, cases)
    for one in anew:
        case = UUID(one.stream.partition(":")[2])
        rows = tasks.get(case, [])
        now = next((row for row in rows if str(row.id) == one.task), None)
        if now is not None:
            found[one.id] = _anew(one, now, rows, decided)
    return found


def _anew(event: Event, now: UserTask, rows: Sequence[UserTask], decided: Decided) -> Mapping[str, Any]:
    before = [one for one in rows if _place(one) == _place(now) and one.entered_seq < now.entered_seq]
    by = next((one for one in rows if one.completed_seq == now.entered_seq), None)
    why = "退回后重新办理"
    if by is not None:
        said = decided.told(now.instance_id, {"process": by.process, "step": by.task, "data": by.submitted or {}})
        why = f"再次办理，「{one_line(by.name)}」{f'：{said}' if said else '办结之后'}"
    return {
        "step": one_line(now.name),
        "before": before[-1].due_on if before else None,
        "after": more.day(event.data.get("due_on")),
        "detail": why,
    }


def _place(one: UserTask) -> tuple[str, str, str]:
    return one.process, one.task, one.scope


def _alike(one: Any, other: Any) -> list[ColumnElement[bool]]:
    """The conditions that a row is of the same step in the same slot."""
    return [getattr(one, name) == getattr(other, name) for name in ("instance_id", "process", "task", "scope")]
