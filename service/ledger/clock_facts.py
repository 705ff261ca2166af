"""The clock of one task as papers tell it: since when, by when, how late, how often urged, at a moment of the past."""

from __future__ import annotations

from datetime import date, datetime

from service import clock
from service.history import HistoryEvent
from service.ledger.case_record import Record, day
from service.processes import effects
from service.processes.rules import NEED
from service.workdays import Calendar

URGED = "urged"
"""The entry of the journal that an urge leaves: its paper tells of the urges before it."""


def facts_of_clock(
    record: Record, task: str | None, before: int, told: HistoryEvent, calendar: Calendar
) -> list[dict[str, str]]:
    """``{name, value}`` of each fact about ``task``, of what was known before the entry ``before`` of the journal.

    ``told`` is the entry that the paper is about: days late are counted to its day, or to that of the answer, by
    ``calendar``.
    """
    received: datetime | None = None
    due: str | None = None
    first: str | None = None
    provisional = False
    answered: datetime | None = None
    for step in record.all_steps:
        if step.event.seq >= before:
            break
        if step.event.kind == "completed" and step.event.task == task and task is not None:
            answered = step.event.at
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
        "已超期": _late(calendar, answered or told.at, due, answered=answered is not None),
        "此前催办" if told.kind == URGED else "催办": f"{urges} 次" if urges else "",
    }
    return [{"name": name, "value": value} for name, value in rows.items() if value]


def _late(calendar: Calendar, ended: datetime, due: str | None, *, answered: bool) -> str:
    if due is None:
        return ""
    late = calendar.between(date.fromisoformat(due), clock.local(ended).date())
    until = f"{day(ended)}回复" if answered else f"截至{day(ended)}"
    return f"{late} 个工作日（{until}）" if late > 0 else ""
