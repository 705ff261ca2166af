"""The units that a task is about for another's decision: a reply is reviewed, a circular approved, a need assessed.

A task in a unit's slot is about that unit. Others say it in their diagram (property ``about``): an expression over the
task's data that gives the code of a unit or several, or ``slots:`` and a condition over what was filled in in each slot
of the round just finished. Nothing of it is kept with the task, so a case shows it whenever it began: a step that its
own version says nothing of takes the word of the newest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import literal_column, select, union
from sqlalchemy.orm import Session, aliased

from service import clock, engine
from service.db.by_hand import loaded
from service.db.prepared import Prepared, listed, places, size_of
from service.people.models import Unit
from service.people.queries import unit_names
from service.processes.at_hand import held
from service.processes.bundles import compiled
from service.processes.calendars import DayFunctions, current, days_late
from service.processes.definitions import newest_versions
from service.processes.models import DONE, OPEN, Instance, UserTask
from service.processes.rules import ABOUT, NAMED, SLOTS, one_line


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit that a task is about, by code and name, and how its own work in the slot stands today.

    ``task`` is the id of that work, None where the unit has none; ``late_days`` (working days) and ``urges`` are its.
    ``opened_for`` is the code of the unit that the slot was opened for: another one where it was handed on (改派).
    """

    unit: str
    name: str
    late_days: int = 0
    urges: int = 0
    task: UUID | None = None
    opened_for: str | None = None

    @property
    def standing(self) -> str:
        """超期 3 个工作日，催办 2 次; empty for a unit in time that nobody had to urge."""
        late = f"超期 {self.late_days} 个工作日" if self.late_days else ""
        return "，".join(part for part in (late, f"催办 {self.urges} 次" if self.urges else "") if part)

    def __str__(self) -> str:
        return f"{self.name}（{self.standing}）" if self.standing else self.name


Subjects = Mapping[UUID, Sequence[Subject]]
"""By the ids of tasks; those that are about nobody else are missing."""


def titled(name: str, subjects: Sequence[Subject]) -> str:
    """The title of a task with those whom it is about: 通报审批：区教育局（超期 6 个工作日，催办 1 次）."""
    shown = one_line(name)
    told = [subject.standing if subject.name in shown else str(subject) for subject in subjects]
    words = "、".join(one for one in told if one)
    if not words:
        return shown
    return f"{shown}（{words}）" if "：" in shown else f"{shown}：{words}"


def subjects_of(session: Session, tasks: Iterable[UserTask], *, today: date | None = None) -> Subjects:
    """The units that each of ``tasks`` is about; at most six statements for any number, if their cases are loaded."""
    day = today or clock.today()
    rows = list(tasks)
    wanted = {
        row.id: [(row.slot, row.scope)]
        for row in rows
        if row.scope and row.slot and not row.slot.startswith(NAMED) and row.slot != row.unit
    }
    said, slots = _said(session, rows)
    slots |= _turns(session, [row for row in rows if row.id in wanted and row.id not in said])
    wanted |= said
    if not wanted:
        return {}
    return _subjects(session, [row for row in rows if row.id in wanted], wanted, slots, day)


def _subjects(
    session: Session,
    rows: Sequence[UserTask],
    wanted: Mapping[UUID, Sequence[tuple[str, str]]],
    slots: Mapping[tuple[UUID, str], Sequence[_Slot]],
    day: date,
) -> dict[UUID, list[Subject]]:
    names = {one.slot: one.unit_name for slot in slots.values() for one in slot if one.slot and one.unit_name}
    outside = {unit for pairs in wanted.values() for unit, scope in pairs if not scope}
    names |= unit_names(session, outside) if outside else {}
    calendar = current(session)
    found: dict[UUID, list[Subject]] = {}
    for row in rows:
        subjects = []
        for unit, scope in wanted[row.id]:
            if unit not in names:  # a slot may be of a scope that is no unit
                continue
            earlier = slots.get((row.id, scope), ())
            own = next((one for one in reversed(earlier) if one.unit == unit), None)
            first = next((one.slot for one in earlier if one.slot), None)
            subject = Subject(unit, names[unit], opened_for=first)
            if own is not None:
                until = day if own.status == OPEN else clock.local(own.completed_at or row.entered_at).date()
                late = own.late_days if own.late_days is not None else days_late(calendar, own.due_on, until)
                subject = Subject(unit, names[unit], 0 if own.paused else late, own.urges, own.id, first)
            subjects.append(subject)
        if subjects:
            found[row.id] = subjects
    return found


def _said(
    session: Session, rows: Sequence[UserTask]
) -> tuple[dict[UUID, list[tuple[str, str]]], dict[tuple[UUID, str], list[_Slot]]]:
    """(unit, its slot's scope or '') of those that diagrams name; and these slots as they stood when the task opened,
    by task and scope."""
    by_word = [(row, word) for row, word in zip(rows, _words(session, rows), strict=True) if word]
    if not by_word:
        return {}, {}
    chosen = [row for row, word in by_word if word.startswith(SLOTS)]
    rounds = _slots(session, chosen) if chosen else {}
    ids = [row.id for row, word in by_word if not word.startswith(SLOTS)]
    told = select(UserTask.id, UserTask.data).where(UserTask.id.in_(ids))  # which lists leave out
    data: dict[UUID, Mapping[str, Any]] = dict(session.execute(told).all()) if ids else {}
    functions = DayFunctions(current(session), clock.now()).table()
    found: dict[UUID, list[tuple[str, str]]] = {}
    for row, word in by_word:
        try:
            if word.startswith(SLOTS):
                condition = word.removeprefix(SLOTS)
                last = _last_round([slot for (case, _), slot in rounds.items() if case == row.instance_id], row)
                found[row.id] = [
                    (unit, scope) for unit, scope, data in last if engine.evaluate(condition, data, functions)
                ]
            else:
                value = engine.evaluate(word, data[row.id], functions)
                listed = value if isinstance(value, list) else [value]
                found[row.id] = [(unit, "") for unit in listed if isinstance(unit, str)]
        except engine.ExpressionError:  # what a list shows beside a task must not keep anybody from the task
            continue
    found = {task_id: pairs for task_id, pairs in found.items() if pairs}
    slots = {
        (row.id, scope): [one for one in rounds[row.instance_id, scope] if one.entered_seq <= row.entered_seq]
        for row in chosen
        for _, scope in found.get(row.id, ())
    }
    return found, slots


def _last_round(slots: Iterable[Sequence[Any]], row: UserTask) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(unit, scope, what was filled in) of each slot of the last round that opened before the task."""
    before = [[one for one in slot if one.entered_seq < row.entered_seq] for slot in slots]
    before = [slot for slot in before if slot and slot[0].slot and not slot[0].slot.startswith(NAMED)]
    opened = max((slot[0].entered_seq for slot in before), default=0)
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for slot in before:
        if slot[0].entered_seq != opened:
            continue
        data: dict[str, Any] = {"unit": slot[-1].slot}
        for one in sorted((one for one in slot if one.status == DONE), key=lambda one: one.completed_seq):
            data |= one.submitted or {}
        found.append((slot[-1].slot, slot[0].scope, data))
    return found


_OUTSIDE: Any = literal_column("''")
"""The scope of tasks that are in no slot, as the index of those in slots has it."""


class _Slot(NamedTuple):
    """A task of a slot; ``submitted`` is asked for where all slots are."""

    id: UUID
    instance_id: UUID
    scope: str
    slot: str | None
    unit: str | None
    status: str
    entered_seq: int
    completed_seq: int | None
    completed_at: datetime | None
    due_on: date | None
    late_days: int | None
    paused: bool
    urges: int
    unit_name: str | None
    submitted: Mapping[str, Any] | None = None


def _turns(session: Session, tasks: Sequence[UserTask]) -> dict[tuple[UUID, str], list[_Slot]]:
    """The slot of each task as it stood when the task opened, by task and scope: the first task of the slot, the last
    one of the unit whose slot it is, and the task itself. As little is read after a hundred rounds as after one."""
    ids = [task.id for task in tasks]
    found: dict[tuple[UUID, str], list[_Slot]] = defaultdict(list)
    for about, *row in _turns_of(size_of(ids)).rows(session, listed("of", ids)) if ids else ():
        slot = _Slot(*row)
        found[about, slot.scope].append(slot)
    return found


@lru_cache(maxsize=64)
def _turns_of(tasks: int) -> Prepared:
    about, one = aliased(UserTask), aliased(UserTask)
    in_slot = (
        (one.instance_id == about.instance_id)
        & (one.scope == about.scope)
        & (one.scope != _OUTSIDE)
        & (one.entered_seq <= about.entered_seq)
    )
    first = select(one.id).where(in_slot, one.slot.is_not(None)).order_by(one.entered_seq, one.id).limit(1)
    own = select(one.id).where(in_slot, one.unit == about.slot).order_by(one.entered_seq.desc(), one.id.desc()).limit(1)
    asked = about.id.in_(places("of", tasks, UserTask.id.type))
    chosen = union(
        *(
            select(about.id.label("about"), task.label("task")).where(asked)
            for task in (first.scalar_subquery(), own.scalar_subquery(), about.id)
        )
    ).subquery()
    columns = (getattr(UserTask, name) for name in _Slot._fields if name not in ("unit_name", "submitted"))
    return Prepared(
        select(chosen.c.about, *columns, Unit.name)
        .join(chosen, chosen.c.task == UserTask.id)
        .outerjoin(Unit, Unit.code == UserTask.slot)
        .order_by(UserTask.entered_seq, UserTask.id)
    )


def _slots(session: Session, tasks: Sequence[UserTask]) -> dict[tuple[UUID, str], list[_Slot]]:
    """The tasks of all slots of these tasks' cases with what was filled in, by case and scope in the order in which
    they opened."""
    cases = {task.instance_id for task in tasks}
    found: dict[tuple[UUID, str], list[_Slot]] = defaultdict(list)
    for row in _slots_of(size_of(cases)).rows(session, listed("case", cases)):
        slot = _Slot(*row)
        found[slot.instance_id, slot.scope].append(slot)
    return found


@lru_cache(maxsize=64)
def _slots_of(cases: int) -> Prepared:
    columns: list[Any] = [getattr(UserTask, name) for name in _Slot._fields if name not in ("unit_name", "submitted")]
    query = select(*columns, Unit.name, UserTask.submitted).outerjoin(Unit, Unit.code == UserTask.slot)
    query = query.where(
        UserTask.scope != "", UserTask.instance_id.in_(places("case", cases, UserTask.instance_id.type))
    )
    return Prepared(query.order_by(UserTask.entered_seq, UserTask.id))


def _words(session: Session, rows: Sequence[UserTask]) -> list[str]:
    """The diagram's words for the units that each task is about; at most one statement, where the cases are loaded."""
    found: dict[tuple[object, ...], str] = {}
    cases: dict[UUID, Instance] = {}
    told = []
    for row in rows:
        case = cases.get(row.instance_id) or row.__dict__.get("instance") or loaded(session, Instance, row.instance_id)
        cases[row.instance_id] = case
        step = (case.process, case.digest, case.version, row.process, row.task)
        if step not in found:
            own = _property(session, case.digest, case.process, row)
            if not own and (last := _later_version(session, case)) is not None:
                own = _property(session, last, case.process, row)
            found[step] = own
        told.append(found[step])
    return told


def _later_version(session: Session, case: Instance) -> str | None:
    """The digest of the newest version of the case's process, where that is later than the case's own."""
    hand = held(session, case.id)
    if hand is not None and hand.versions == (case.version, case.version):
        return None
    last = newest_versions(session).get(case.process)
    return last.digest if last is not None and last.version > case.version else None


def _property(session: Session, digest: str, key: str, row: UserTask) -> str:
    info = compiled(session, digest, key).program.user_tasks.get((row.process, row.task))
    return info.properties.get(ABOUT, "") if info is not None else ""
