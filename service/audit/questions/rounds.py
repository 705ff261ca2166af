"""Moved dates: of open steps (放假安排, 迁移), and of a step that came up anew with another date (阶段反馈, 退回)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from service.audit.questions import more
from service.audit.questions.again import Decided, alike, came_again, stream_in_sql
from service.audit.questions.declared import Asked
from service.audit.questions.journal import Event, period
from service.audit.questions.known import Known, the_case, the_people
from service.history import HistoryEvent
from service.ids import as_id
from service.processes.models import UserTask
from service.processes.rules import one_line

ENTERED, MOVED = "entered", "due_changed"


def moved(asked: Asked) -> Select[Any]:
    """Selects the entries of steps that came up with another date than the time before in the same slot."""
    task, before, entry = aliased(UserTask), aliased(UserTask), aliased(HistoryEvent)
    last = (
        select(before.due_on)
        .where(*alike(before, task), before.entered_seq < task.entered_seq)
        .order_by(before.entered_seq.desc(), before.id)
        .limit(1)
    )
    columns: list[Any] = [
        task.entered_at.label("at"),
        task.instance_id.label("case"),
        task.entered_seq.label("seq"),
        task.id.label("task"),
    ]
    found = select(*columns).where(
        came_again(task),
        *period(asked, task.entered_at),
        last.correlate(task).scalar_subquery().is_distinct_from(task.due_on),
    )
    if person := asked.text("person"):
        by = select(entry.id).where(
            entry.stream == stream_in_sql(asked.session, task.instance_id),
            entry.seq == task.entered_seq,
            entry.actor.in_(the_people(asked.session, person)),
        )
        found = found.where(by.correlate(task).exists())
    if written := asked.text("case"):
        found = found.where(task.instance_id == the_case(asked.session, written))
    return found


ANEW = (ENTERED, moved, ENTERED)
"""Steps that came up anew with another date, beside entries of other kinds."""


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
