"""延期: who must do a step asks for a later date, with a reason; the Talent Office agrees, on another too, or refuses.

The date that the step first had stays beside each that is agreed on (W7). Asking moves nothing and stops nothing: until
somebody has decided, the date is the one of before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.errors import Conflict, Finding, Invalid, NotAllowed
from service.history import HistoryEvent
from service.processes import access
from service.processes.agreed import EXTENDED
from service.processes.asking import ASKED, DROPPED, REFUSED
from service.processes.calendars import current, days_late
from service.processes.commands import locked_task
from service.processes.free_text import optional_text, required_text
from service.processes.models import Instance, UserTask
from service.processes.moving_dates import move_dates
from service.processes.operations import notify
from service.processes.recording import record, stream_of
from service.processes.visibility import known_only
from service.processes.wiring import wiring
from service.rights import LEADER, Actor
from service.workdays import Calendar

LONGEST_NAME = 100
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}")
AGAIN = "本步骤已申请延期，正等候区人才办审批；要改日期的，请先撤销申请再提"
NOTHING_ASKED = "本步骤没有待审批的延期申请，或已经处理，请刷新后查看"


@known_only
def ask(session: Session, *, task_id: UUID | str, due_on: object, reason: str, actor: Actor, now: datetime) -> UserTask:
    """申请延期: who may do an open task asks for a later date, with a reason. Moves nothing yet.

    ``due_on`` is a date or its ISO text. Raises Invalid (``/due_on``, ``/reason``), Conflict (asked already, a step
    without a date, one of the Talent Office itself), NotAllowed.
    """
    task, instance = locked_task(session, task_id)
    doer = access.require_take(session, actor, task, now)
    _require_movable(task)
    if not askable(task):
        raise Conflict("本步骤由联系领导本人办理，不用申请延期")
    text = required_text(reason, "reason", "延期理由", longest=1000)
    if task.asked_due_on is not None:
        raise Conflict(AGAIN)
    day = _later(session, task, due_on, now)
    said = {"due_on": _iso(task.due_on), "asked_due_on": day.isoformat(), "reason": text}
    _note(session, instance, task, ASKED, doer, now, said)
    task.asked_due_on = day
    told = f"申请延至 {day.isoformat()}，理由：{text}"
    notify(session, instance, "extension_asked", actor=doer, now=now, task=task, role=access.OFFICE, text=told)
    return task


@known_only
def drop(session: Session, *, task_id: UUID | str, actor: Actor, now: datetime) -> UserTask:
    """撤销申请: who may do the task no longer asks for a later date. Raises Conflict where nobody does."""
    task, instance = locked_task(session, task_id)
    doer = access.require_take(session, actor, task, now)
    if task.asked_due_on is None:
        raise Conflict(NOTHING_ASKED)
    _note(session, instance, task, DROPPED, doer, now, {"was": task.asked_due_on.isoformat()})
    task.asked_due_on = None
    return task


@known_only
def extend(
    session: Session,
    *,
    task_id: UUID | str,
    due_on: object = None,
    reason: str = "",
    asked_by: str = "",
    actor: Actor,
    now: datetime,
) -> UserTask:
    """同意延期: the task is due on ``due_on`` from now on, the date asked for (None) or another one. Its timers follow.

    Nobody in the system having asked, ``asked_by`` says in words who did; then, and for another date than was asked
    for, ``reason`` must be given. A step that is late by now stays late. For the Talent Office, not for who asked.
    Raises Invalid, Conflict, NotAllowed.
    """
    task, instance = locked_task(session, task_id)
    access.require_manage(actor)
    _require_movable(task)
    last = _last_asked(session, task)
    if last is not None and last.actor == actor.username:  # also who has taken the request back
        raise NotAllowed("延期由本人申请，须由区人才办其他人员审批")
    asked = last if task.asked_due_on is not None else None
    proposed = task.asked_due_on
    day = _later(session, task, due_on or proposed, now)
    known = asked is not None and day == proposed
    said = (optional_text if known else required_text)(reason, "reason", "理由", longest=1000)
    who = required_text(asked_by, "asked_by", "提出人", longest=LONGEST_NAME) if asked is None else ""
    old, today = task.due_on, clock.local(now).date()
    data: dict[str, Any] = {
        "step": task.task,
        "name": task.name,
        "due_on": day.isoformat(),
        "was": _iso(old),
        "proposed": _iso(proposed),
        "asked": asked.seq if asked is not None else None,
        "asked_by": who,
        "reason": said,
        "late_days": days_late(current(session), old, today),
        "basis": f"区人才办 {today.isoformat()} 同意延期（原期限 {_iso(old)}）",
        "notice": f"区人才办同意延期，原期限 {_iso(old)}",
    }
    move_dates(session, instance, EXTENDED, data, task, actor=actor, now=now)
    return task


@known_only
def refuse(session: Session, *, task_id: UUID | str, reason: str, actor: Actor, now: datetime) -> UserTask:
    """不同意延期: the date stays, with a reason; who asked is told. For the Talent Office."""
    task, instance = locked_task(session, task_id)
    access.require_manage(actor)
    text = required_text(reason, "reason", "理由", longest=1000)
    if task.asked_due_on is None:
        raise Conflict(NOTHING_ASKED)
    asked = _asked(session, task)
    said = {"due_on": _iso(task.due_on), "was": task.asked_due_on.isoformat(), "asked": asked.seq, "reason": text}
    _note(session, instance, task, REFUSED, actor, now, said)
    task.asked_due_on = None
    told = f"区人才办不同意延期：{text}"
    notify(session, instance, "extension_refused", actor=actor, now=now, task=task, usernames=[asked.actor], text=told)
    return task


def movable(task: UserTask) -> bool:
    """Whether the task has a date that the Talent Office may put off: not one of its own."""
    return task.due_on is not None and not task.paused and task.role != access.OFFICE


def askable(task: UserTask) -> bool:
    """Whether who does the task may ask for a later date: not a leader, whom nobody judges by it."""
    return movable(task) and task.leader_id is None and task.role != LEADER


def _require_movable(task: UserTask) -> None:
    if task.due_on is None or task.paused:
        raise Conflict("本步骤不计时，没有期限可以延")
    if task.role == access.OFFICE:
        raise Conflict("区人才办自己的步骤不能由自己延期；确需停办的，请挂起本事项并说明理由")


def _said(calendar: Calendar, day: date) -> str:
    """The day with its weekday, and 暂定 where the notice of its year is not known yet."""
    return clock.written(day) + ("（暂定）" if calendar.is_provisional(day) else "")


def _later(session: Session, task: UserTask, value: object, now: datetime) -> date:
    """The date that is asked for or agreed on: a working day after today and after the date of now, not too far off."""
    calendar, today, most = current(session), clock.local(now).date(), wiring(session).most_extension
    day = _day(value)
    since = max(today, task.due_on or today)
    limit = calendar.add(since, most).due
    fault = ""
    if day <= today:
        fault = "须晚于今天"
    elif task.due_on is not None and day <= task.due_on:
        fault = f"须晚于现在的期限 {_said(calendar, task.due_on)}"
    elif day > limit:
        fault = f"一次最多延后 {most} 个工作日（本系统默认，非文件规定），最迟 {_said(calendar, limit)}"
    elif not calendar.is_working_day(day):
        instead = _said(calendar, calendar.add(day, 1).due)
        fault = f"{_said(calendar, day)} 不是工作日（{calendar.reason(day)}），请改为 {instead} 等工作日"
    if fault:
        raise Invalid("延期的日期有误", [Finding("/due_on", f"延期至：{fault}")])
    return day


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    text = str(value or "").strip()
    try:
        return date.fromisoformat(text if _WRITTEN.fullmatch(text) else "")
    except ValueError:
        raise Invalid("请填写延期的日期", [Finding("/due_on", "延期至：请填写日期，例如 2026-10-13")]) from None


def _asked(session: Session, task: UserTask) -> HistoryEvent:
    """The entry by which the later date was asked for that nobody has decided on; one statement."""
    found = _last_asked(session, task)
    if found is None:
        raise Conflict(NOTHING_ASKED)
    return found


def _last_asked(session: Session, task: UserTask) -> HistoryEvent | None:
    """The entry by which a later date was last asked for, whatever has come of it; one statement."""
    query = select(HistoryEvent).where(
        HistoryEvent.stream == stream_of(task.instance_id),
        HistoryEvent.kind == ASKED,
        HistoryEvent.task == str(task.id),
    )
    return session.scalar(query.order_by(HistoryEvent.seq.desc()).limit(1))


def _note(
    session: Session,
    instance: Instance,
    task: UserTask,
    kind: str,
    actor: Actor,
    now: datetime,
    data: Mapping[str, object],
) -> None:
    task.revision += 1
    said = {"step": task.task, "name": task.name, **data}
    record(session, instance, kind=kind, actor=actor, now=now, task=str(task.id), data=said)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
