"""通报 of a case: those that a person approved, numbered, each ready for print (W10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import Conflict, NotFound
from service.fields import Entry
from service.history import HistoryEvent
from service.ledger.case_record import Paper, Record, day
from service.ledger.clock_facts import facts_of_clock
from service.ledger.own_papers import given
from service.ledger.stamped import stamped
from service.processes import effects
from service.processes.course import Step, standing, steps_of
from service.processes.house_prints import ISSUE
from service.processes.rules import HANDLING
from service.rights import Actor

ACTION = ISSUE
SCOPES: Mapping[str, str] = {"unit": "该单位", "members": "各成员单位", "district": "全区各单位"}
"""To whom a circular goes, on paper where it is more than the unit itself; a circular that does not say goes to it."""
SCOPE = "circular_scope"
"""The field of the approval that says so."""
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
    stamps = stamped(record, "circular", n)
    data = {
        "stamps": stamps.names,
        "number": number,
        "unit": record.unit(unit),
        "case_number": record.instance.number or "",
        "title": record.instance.title,
        "text": str(parameters.get("text") or ""),
        "scope": SCOPES.get(str(step.event.data.get("data", {}).get(SCOPE)), SCOPES["unit"]),
        "on": day(action.at),
        "facts": _facts(record, step, action, unit),
        "sign": record.sign(step.event),
        **given(record, actor),
    }
    return Paper(data, action.at, f"{number} {record.unit(unit)}", stamps.files)


def _issued(record: Record) -> list[tuple[Step, HistoryEvent]]:
    """Every circular ever issued with the step that issued it: numbers stay when one is taken back."""
    return [(step, action) for step in record.all_steps for action in step.actions if action.data["name"] == ACTION]


def _facts(record: Record, issuing: Step, action: HistoryEvent, unit: object) -> list[dict[str, str]]:
    """Since when, by when and how late, as it stood when the circular was issued: of the work that it was proposed for,
    not of what the unit was given since (退回重办)."""
    entered = [effect for step in record.all_steps for effect in step.effects if effect.kind == effects.ENTERED]
    proposed = next((one.seq for one in entered if one.task == issuing.event.task), issuing.event.seq)
    task = None
    for effect in entered:
        if effect.seq < proposed and effect.data["unit"] == unit and effect.data["stage"] == HANDLING:
            task = effect.task
    return facts_of_clock(record, task, issuing.event.seq, action, record.calendar_of(issuing.event))
