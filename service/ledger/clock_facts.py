"""The clock of one task as papers tell it: since when, by when, how late, how often urged, at a moment of the past."""

from __future__ import annotations

from datetime import date, datetime

from service import clock
from service.history import HistoryEvent
from service.ledger.case_record import Record, day
from service.processes import effects
from service.processes.clocks import how_done
from service.processes.models import RUN_ANSWERED
from service.processes.rules import NEED
from service.processes.staying_late import TAKEN_BACK
from service.workdays import Calendar

URGED = "urged"
"""The entry of the journal that an urge leaves: its paper tells of the urges before it."""


def facts_of_clock(
    record: Record, task: str | None, before: int, told: HistoryEvent, calendar: Calendar
) -> list[dict[str, str]]:
    """``{name, value}`` of each fact about ``task``, of what was known before the entry ``before`` of the journal.

    ``told`` is the entry that the paper is about: days late are counted to its day, or to that on which the unit
    answered or handed the work back and did not take that back, by ``calendar``.
    """
    received: datetime | None = None
    due: str | None = None
    first: str | None = None
    provisional = False
    ended: HistoryEvent | None = None
    answers = True
    for step in record.all_steps:
        if step.event.seq >= before:
            break
        if step.event.kind == "completed" and step.event.task == task and task is not None:
            ended, answers = step.event, how_done(step.event.data["data"]) == RUN_ANSWERED
        elif step.event.kind == TAKEN_BACK and ended is not None and step.event.data["input"] == ended.seq:
            ended = None
        for effect in step.effects:
            if effect.task is None or effect.task != task:
                continue
            if effect.kind == effects.ENTERED:
                received, due, provisional = effect.at, effect.data["due_on"], effect.data["provisional"]
                first = due
            elif effect.kind == effects.DUE_CHANGED:
                due, provisional = effect.data["due_on"], effect.data["provisional"]
    urges = sum(
        event.kind == URGED and event.seq < told.seq and event.task == task and task is not None
        for event in record.events
    )
    rows = {
        "事项编号": record.instance.number or "",
        "事项": record.instance.title or "",
        "收到处理单" if record.instance.process == NEED else "收到": day(received),
        "办理期限": day(due, provisional=provisional),
        "原定期限": day(first) if first != due else "",
        "已超期": _late(calendar, told.at, due) if ended is None else _late(calendar, ended.at, due, answers=answers),
        "此前催办" if told.kind == URGED else "催办": f"{urges} 次" if urges else "",
    }
    return [{"name": name, "value": value} for name, value in rows.items() if value]


def _late(calendar: Calendar, until: datetime, due: str | None, *, answers: bool | None = None) -> str:
    if due is None:
        return ""
    late = calendar.between(date.fromisoformat(due), clock.local(until).date())
    told = f"截至{day(until)}" if answers is None else f"{day(until)}{'回复' if answers else '退回改派'}"
    return f"{late} 个工作日（{told}）" if late > 0 else ""
