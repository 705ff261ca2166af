"""The work of the units on a case, read from its steps: round after round, whose part it was, what each said, what was
decided on it. Nothing here is read from the case's data, of which a later round covers an earlier one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service import clock
from service.processes.calendars import current, days_late
from service.processes.clocks import handed_back
from service.processes.models import DONE, OPEN, SUSPENDED, Instance, UserTask
from service.processes.rules import GREY, NAMED, light
from service.processes.visibility import seen
from service.rights import Actor
from service.workdays import Calendar

LEAD, OPINION = "lead_unit", "opinion"
"""The fields of a step that opens a round (派单): who leads, and what the units are told."""
LEADS, ASSISTS = "主办", "协办"


@dataclass(slots=True)
class Turn:
    """A unit's own step in its slot, open or done, and the steps in which others decided on it, in order.

    ``late_days`` are working days: those frozen with the answer, of an open step those of today; ``days_left`` until
    the date of an open one, None where nothing is counted. A need that was ``handed_back`` was not answered.
    """

    task: UserTask
    late_days: int = 0
    days_left: int | None = None
    light: str = GREY
    handed_back: bool = False
    after: list[UserTask] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether the answer is still out."""
        return self.task.status == OPEN


@dataclass(slots=True)
class Slot:
    """The part of one unit in a round. ``opened_for`` is the unit's code to which it went first (改派 hands it on)."""

    scope: str
    opened_for: str
    opened_at: int
    part: str = ""
    turns: list[Turn] = field(default_factory=list)
    waits: bool = False
    """Whether any step in it is open, be it another's."""

    @property
    def last(self) -> Turn:
        """The present or last turn."""
        return self.turns[-1]

    @property
    def unit(self) -> str:
        """The code of the unit whose it is now."""
        return self.last.task.unit or self.opened_for

    @property
    def given_up(self) -> bool:
        """Whether its unit handed it back and nobody was given it in its place (不再改派)."""
        return self.last.handed_back and bool(self.last.after) and not self.waits

    @property
    def goes_on(self) -> bool:
        """Whether its unit is at work or has answered."""
        return self.last.task.status in (OPEN, DONE) and not self.last.handed_back


@dataclass(frozen=True, slots=True)
class Round:
    """A round of dispatch: the step that opened it (None where the process has none) and its slots, who leads first."""

    opened_by: UserTask | None
    slots: Sequence[Slot]

    @property
    def opinion(self) -> str:
        """转办意见."""
        return str((self.opened_by.submitted or {}).get(OPINION) or "") if self.opened_by is not None else ""


def rounds_of(session: Session, instance: Instance, actor: Actor, today: date) -> list[Round]:
    """The rounds of a case as far as the actor, who may see it, sees them, in order; one statement.

    A slot that is no unit's (a leader's, a talent's) is not among them.
    """
    rows = list(seen(session, instance, actor).rows(session.scalars(_steps(instance))))
    return _rounds(session, instance, rows, today)


def round_of(session: Session, instance: Instance, task: UserTask, today: date) -> Round:
    """The whole round in which the slot of ``task`` stands, whoever may see it; one statement."""
    rounds = _rounds(session, instance, list(session.scalars(_steps(instance))), today)
    found = (one for one in rounds if any(slot.scope == task.scope for slot in one.slots))
    return next(found, Round(None, ()))


def _steps(instance: Instance) -> Select[UserTask]:
    return select(UserTask).where(UserTask.instance_id == instance.id).order_by(UserTask.entered_seq, UserTask.id)


def _rounds(session: Session, instance: Instance, rows: Sequence[UserTask], today: date) -> list[Round]:
    slots = _slots(session, rows, today, suspended=instance.status == SUSPENDED)
    openers = [row for row in rows if row.status == DONE and not row.scope and (row.submitted or {}).get(LEAD)]
    found: dict[UUID | None, list[Slot]] = defaultdict(list)
    for slot in slots:
        opener = next((one for one in reversed(openers) if (one.completed_seq or 0) <= slot.opened_at), None)
        if opener is not None:
            slot.part = LEADS if (opener.submitted or {})[LEAD] == slot.opened_for else ASSISTS
        found[opener.id if opener is not None else None].append(slot)
    known = {row.id: row for row in openers}
    return [
        Round(known[key] if key is not None else None, sorted(some, key=lambda slot: slot.part != LEADS))
        for key, some in found.items()
    ]


def _slots(session: Session, rows: Iterable[UserTask], today: date, *, suspended: bool) -> list[Slot]:
    """The slots in which a unit had work of its own, in the order in which they opened."""
    calendar, found = current(session), dict[str, Slot]()
    for row in rows:
        if not row.scope or not row.slot or row.slot.startswith(NAMED):
            continue
        slot = found.setdefault(row.scope, Slot(row.scope, row.slot, row.entered_seq))
        slot.waits = slot.waits or row.status == OPEN
        if row.unit:
            slot.turns.append(_turn(row, calendar, today, suspended=suspended))
        elif row.status == DONE and slot.turns:
            slot.last.after.append(row)
    return [slot for slot in found.values() if slot.turns]


def _turn(row: UserTask, calendar: Calendar, today: date, *, suspended: bool) -> Turn:
    if row.status == OPEN:
        if row.due_on is None or row.paused or suspended:
            return Turn(row)
        shown = light(due_on=row.due_on, warn_on=row.warn_on, paused=False, today=today)
        return Turn(row, days_late(calendar, row.due_on, today), calendar.between(today, row.due_on), shown)
    until = clock.local(row.completed_at).date() if row.completed_at is not None else today
    late = row.late_days if row.late_days is not None else days_late(calendar, row.due_on, until)
    return Turn(row, 0 if row.paused else late, handed_back=row.status == DONE and handed_back(row))


def told_in(rounds: Iterable[Round]) -> frozenset[str]:
    """The ids of the steps that the rounds tell of."""
    found: set[str] = set()
    for one in rounds:
        found |= {str(one.opened_by.id)} if one.opened_by is not None else set()
        for slot in one.slots:
            found |= {str(task.id) for turn in slot.turns for task in (turn.task, *turn.after)}
    return frozenset(found)
