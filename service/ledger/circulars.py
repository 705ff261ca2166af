"""通报 of a case: those that a person approved, numbered, each ready for print (W10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock
from service.errors import Conflict, NotFound
from service.fields import Entry
from service.history import HistoryEvent
from service.ledger.case_record import Paper, Record, day
from service.ledger.own_papers import given
from service.processes import effects
from service.processes.course import Step, standing, steps_of
from service.processes.house_prints import ISSUE
from service.rights import Actor

ACTION = ISSUE
ISSUED = "circular_issued"
"""The entry of the case's journal that a circular leaves."""

ENTRIES: Mapping[str, Entry] = {ISSUED: Entry("发出通报")}


@dataclass(frozen=True, slots=True)
class CircularRef:
    """The ``n``-th circular of a case (from 1); its number, the name of the unit, when it was issued."""

    n: int
    number: str
    unit: str
    issued_at: datetime


def circulars(session: Session, instance_id: UUID, actor: Actor) -> list[CircularRef]:
    """The circulars that stand, in order. Raises NotFound where ``actor`` may not see the case."""
    return circulars_of(Record(session, instance_id, actor))


def circulars_of(record: Record) -> list[CircularRef]:
    """The same of a record that has been read."""
    counted = {step.event.seq for step in record.steps}
    return [
        CircularRef(n, str(action.data["result"]), record.unit(action.data["parameters"].get("unit")), action.at)
        for n, (step, action) in enumerate(_issued(record), start=1)
        if step.event.seq in counted
    ]


def issued(events: Sequence[HistoryEvent]) -> list[tuple[str, datetime]]:
    """The numbers of the circulars that stand in a case's journal, each with the moment of issue, in order."""
    actions = (action for step in standing(steps_of(events)) for action in step.actions)
    return [(str(action.data["result"]), action.at) for action in actions if action.data["name"] == ACTION]


def circular(session: Session, instance_id: UUID, n: int, actor: Actor) -> Paper:
    """The ``n``-th circular of a case, its facts as of the moment of issue.

    Raises NotFound where there is none or ``actor`` may not see the case, Conflict where it was taken back.
    """
    return circular_of(Record(session, instance_id, actor), n, actor)


def circular_of(record: Record, n: int, actor: Actor) -> Paper:
    """The same of a record that has been read."""
    every = _issued(record)
    if not 1 <= n <= len(every):
        raise NotFound("没有这份通报")
    step, action = every[n - 1]
    if all(one is not step for one in record.steps):
        raise Conflict("该通报已撤回，不能打印")
    parameters, number = action.data["parameters"], str(action.data["result"])
    unit = parameters.get("unit")
    data = {
        "number": number,
        "unit": record.unit(unit),
        "case_number": record.instance.number or "",
        "title": record.instance.title,
        "text": str(parameters.get("text") or ""),
        "on": day(action.at),
        "facts": _facts(record, step, action, unit),
        "sign": record.sign(step.event),
        **given(record, actor),
    }
    return Paper(data, action.at, f"{number} {record.unit(unit)}")


def _issued(record: Record) -> list[tuple[Step, HistoryEvent]]:
    """Every circular ever issued with the step that issued it: numbers stay when one is taken back."""
    return [(step, action) for step in record.all_steps for action in step.actions if action.data["name"] == ACTION]


def _facts(record: Record, issuing: Step, action: HistoryEvent, unit: object) -> list[dict[str, str]]:
    """Since when, by when and how late, as it stood when the circular was issued."""
    received: datetime | None = None
    due: str | None = None
    provisional, task = False, None
    for step in record.all_steps:
        if step.event.seq >= issuing.event.seq:
            break
        for effect in step.effects:
            data = effect.data
            if effect.kind == effects.ENTERED and data["unit"] == unit and data["stage"] == "handling":
                received, due, provisional, task = effect.at, data["due_on"], data["provisional"], effect.task
            elif effect.kind == effects.DUE_CHANGED and effect.task == task:
                due, provisional = data["due_on"], data["provisional"]
    urges = sum(
        event.kind == "urged" and event.seq < action.seq and event.task == task and task is not None
        for event in record.events
    )
    rows: dict[str, Any] = {
        "事项编号": record.instance.number or "",
        "事项": record.instance.title,
        "收到处理单": day(received),
        "办理期限": day(due, provisional=provisional),
        "已超期": _late(record, issuing, action, due),
        "催办": f"{urges} 次" if urges else "",
    }
    return [{"name": name, "value": value} for name, value in rows.items() if value]


def _late(record: Record, issuing: Step, action: HistoryEvent, due: str | None) -> str:
    if due is None:
        return ""
    calendar = record.calendar_of(issuing.event)
    late = calendar.between(date.fromisoformat(due), clock.local(action.at).date())
    return f"{late} 个工作日（截至{day(action.at)}）" if late > 0 else ""
