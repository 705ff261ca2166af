"""挂起 and 恢复: a case stands still for a while. Whether its dates come later by as many days (顺延) or stay as they
are is said when it is suspended, and kept with who asked for it and who approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.errors import Conflict, Finding, Invalid
from service.history import HistoryEvent
from service.processes import access
from service.processes.advance import open_tasks
from service.processes.agreed import SHIFTED
from service.processes.calendars import current
from service.processes.clocks import begun, gone_on, stopped
from service.processes.commands import locked_instance, require_running
from service.processes.free_text import optional_text, required_text
from service.processes.links import require_apart
from service.processes.models import RUN_SUSPENDED, RUNNING, SUSPENDED, Instance
from service.processes.moving_dates import move_dates
from service.processes.recording import record, stream_of
from service.processes.spans import keep
from service.processes.visibility import known_only
from service.rights import Actor

HALTED, GOES_ON = "suspended", "resumed"
SHIFT, KEEP = "shift", "keep"
CHOICES: Mapping[str, str] = {SHIFT: "期限顺延", KEEP: "期限不变"}
"""The choices for the dates of a case that is suspended; of one suspended before there was a choice: KEEP."""
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Halt:
    """A suspension that lasts, as it was entered in the journal."""

    seq: int
    since: date
    due: str


@known_only
def suspend(
    session: Session,
    *,
    instance_id: UUID | str,
    reason: str,
    due: str = KEEP,
    asked_by: str = "",
    approved_by: str = "",
    actor: Actor,
    now: datetime,
) -> Instance:
    """挂起: nothing can be done and no timer fires until it is resumed, and nobody becomes late meanwhile.

    ``due``: SHIFT moves dates and timers by the working days that it stood still, when it is resumed; KEEP leaves them.
    ``asked_by`` and ``approved_by`` (a unit, a person) are in words; without them it is who suspends. For the Talent
    Office. Raises Invalid (``/reason``, ``/due`` …), Conflict (it does not run).
    """
    instance = locked_instance(session, instance_id)
    access.require_manage(actor)
    text = required_text(reason, "reason", "挂起理由")
    if due not in CHOICES:
        raise Invalid("请选择期限怎样处理", [Finding("/due", f"请选择 {SHIFT}（顺延）或 {KEEP}（不变）")])
    said = {
        "reason": text,
        "due": due,
        "asked_by": optional_text(asked_by, "asked_by", "提出人", longest=LONGEST_NAME),
        "approved_by": optional_text(approved_by, "approved_by", "同意人", longest=LONGEST_NAME),
    }
    require_running(instance)
    instance.status = SUSPENDED
    waiting = [task.id for task in open_tasks(session, instance.id)]
    stopped(session, waiting, clock.local(now).date(), RUN_SUSPENDED)
    record(session, instance, kind=HALTED, actor=actor, now=now, data=said)
    keep(session, instance, now)
    return instance


@known_only
def resume(session: Session, *, instance_id: UUID | str, reason: str, actor: Actor, now: datetime) -> Instance:
    """恢复 a suspended instance; its dates as was said when it was suspended. For the Talent Office.

    The days that stood still are the working days after the one on which it was suspended, up to today.
    """
    instance = locked_instance(session, instance_id)
    access.require_manage(actor)
    if instance.status != SUSPENDED:
        raise Conflict("该事项没有挂起，无需恢复")
    require_apart(session, instance)
    text = optional_text(reason, "reason", "恢复理由")
    halt, today = halt_of(session, instance.id), clock.local(now).date()
    days = current(session).between(halt.since, today) if halt is not None and halt.due == SHIFT else 0
    instance.status = RUNNING
    waiting = [(task, task.due_on) for task in open_tasks(session, instance.id)]
    gone_on(session, [task.id for task, _ in waiting], today)
    begun(session, waiting, today)
    record(session, instance, kind=GOES_ON, actor=actor, now=now, data={"reason": text})
    keep(session, instance, now)
    if halt is not None and days > 0:
        said: dict[str, Any] = {
            "suspended": halt.seq,
            "since": halt.since.isoformat(),
            "until": today.isoformat(),
            "days": days,
            "notice": f"挂起 {days} 个工作日，期限顺延",
        }
        move_dates(session, instance, SHIFTED, said, None, actor=actor, now=now)
    return instance


def halt_of(session: Session, instance_id: UUID) -> Halt | None:
    """The last time that a case was suspended; None: never. One statement."""
    query = select(HistoryEvent.seq, HistoryEvent.at, HistoryEvent.data)
    query = query.where(HistoryEvent.stream == stream_of(instance_id), HistoryEvent.kind == HALTED)
    row = session.execute(query.order_by(HistoryEvent.seq.desc()).limit(1)).one_or_none()
    return Halt(row.seq, clock.local(row.at).date(), row.data.get("due", KEEP)) if row is not None else None
