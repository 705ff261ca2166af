"""督办台: all open steps of all units by unit, stage and light, and the steps behind each figure (R1, W10).

The lights are those of the lists of tasks (``processes.filters``): what is red here is late, as of today, by
``processes.lateness``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from service.auth.queries import acting_for
from service.db.lists import MAX_LIMIT, Page
from service.errors import Finding, Invalid
from service.fields import condition
from service.processes import shown, visibility
from service.processes.bundles import compiled
from service.processes.calendars import current
from service.processes.calendars import days_left as due_days
from service.processes.definitions import newest_versions
from service.processes.facts import step_facts
from service.processes.filters import STAGE, TaskFilter, task_clauses
from service.processes.models import IS_OPEN, SUSPENDED, Instance, UserTask
from service.processes.rules import GREEN, GREY, HANDLING, NEED, RED, YELLOW, light
from service.processes.searching import found_by
from service.processes.shown import columns_of_tasks, tasks_of
from service.rights import Actor, may, units_with

RIGHT, PAGE_RIGHT = "view_board", "view_board_pages"
LIGHTS = (RED, YELLOW, GREEN, GREY)
SORTS: Mapping[str, Sequence[Any]] = {
    "due": (UserTask.due_on.asc().nulls_last(), UserTask.entered_at, UserTask.task, UserTask.id),
    "-due": (UserTask.due_on.desc().nulls_last(), UserTask.entered_at, UserTask.task, UserTask.id),
    "entered": (UserTask.entered_at, UserTask.task, UserTask.id),
    "-urges": (
        UserTask.urges.desc(),
        UserTask.due_on.asc().nulls_last(),
        UserTask.entered_at,
        UserTask.task,
        UserTask.id,
    ),
}
LEADING, ASSISTING = "主办", "协办"
_BEFORE = "urged before"
_FACTS: Mapping[str, str] = {
    "编号": "number",
    "事项": "title",
    "单位": "unit",
    "步骤": "step",
    "主协办": "part",
    "期限": "due",
    "时限": "left",
    "催办次数": "urges",
    "此前催办": _BEFORE,
    "今天": "today",
}
"""The names of facts in the texts of the office → those that ``processes.facts`` gives them; ``_BEFORE`` is a sentence
about the urges so far, empty of the first."""


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """The conditions of the rows of the board. ``role`` finds the steps of that role which are no unit's."""

    process: str | None = None
    unit: str | None = condition(note="code of the unit that must act")
    role: str | None = condition(note="role of the steps that are of no unit, as the Talent Office's own")
    stage: str | None = condition(note=STAGE)
    light: str | None = condition(choices=LIGHTS)
    urged: bool | None = condition(note="whether it was urged")
    asked: bool | None = condition(note="whether its unit asks for a later date")
    q: str | None = condition(note="as in the ledger: number, matter, text, talent, unit; 汉字, pinyin or initials")
    sort: str = condition("due", choices=tuple(SORTS))


@dataclass(frozen=True, slots=True)
class Cell:
    """How many open steps of a ``unit`` (or, of none, of a ``role``) at a ``stage`` of a ``process`` show a light."""

    unit: str | None
    role: str | None
    process: str
    stage: str | None
    light: str
    count: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the board that somebody sees: ``units`` (None: of all), and ``rows`` of it as a condition; ``whole``:
    all that is counted is shown."""

    units: frozenset[str] | None
    rows: ColumnElement[bool]
    whole: bool = True

    @property
    def of(self) -> ColumnElement[bool]:
        """The steps that are counted."""
        return true() if self.units is None else UserTask.unit.in_(sorted(self.units))


def scope_of(session: Session, actor: Actor) -> Scope:
    """A unit sees its own part, also a substitute of its people, and whoever has the right for all sees the whole: rows
    of cases that are not theirs to see are counted and not shown."""
    selves = (actor, *acting_for(session, actor))
    if not any(may(one, RIGHT) for one in selves):
        return Scope(frozenset().union(*(units_with(one, RIGHT) for one in selves)), true())
    return Scope(None, visibility.visible_clause(session, actor), visibility.sees_all(actor))


def cells(session: Session, scope: Scope, today: date) -> list[Cell]:
    """The figures of the board as of today, the same whatever is searched for; two statements.

    Only the steps of suspended cases, which are few, are looked up with their case.
    """
    process_of = _processes(session)
    halted_cases = select(Instance.id).where(
        Instance.process.in_(sorted(set(process_of.values()))), Instance.status == SUSPENDED
    )
    found: Counter[tuple[str | None, str | None, str, str | None, str]] = Counter()
    for row in session.execute(_counted().where(scope.of)):
        found[*_place(row, process_of), _shade(row, today)] += row.number
    keys: Sequence[Any] = _KEYS
    for row in session.execute(select(*keys).where(IS_OPEN, scope.of, UserTask.instance_id.in_(halted_cases))):
        found[*_place(row, process_of), _shade(row, today)] -= 1
        found[*_place(row, process_of), GREY] += 1
    return [Cell(*key, count) for key, count in sorted(found.items(), key=lambda one: str(one[0])) if count]


_KEYS = (
    *(UserTask.unit, UserTask.role, UserTask.process, UserTask.stage),
    *(UserTask.due_on, UserTask.warn_on, UserTask.paused),
)


def _counted() -> Select[Any]:
    """The open steps by all that their light is told by: as many rows as there are days to be late by, not steps."""
    keys: Sequence[Any] = _KEYS
    return select(*keys, func.count().label("number")).where(IS_OPEN).group_by(*keys)


def _place(row: Any, process_of: Mapping[str, str]) -> tuple[str | None, str | None, str, str | None]:
    return row.unit, None if row.unit else row.role, process_of.get(row.process, row.process), row.stage


def _shade(row: Any, today: date) -> str:
    """The light of open steps of a case that is not suspended."""
    return light(due_on=row.due_on, warn_on=row.warn_on, paused=row.paused, today=today)


def _processes(session: Session) -> dict[str, str]:
    """Diagram → the process whose cases take its steps."""
    found: dict[str, str] = {}
    for key, newest in sorted(newest_versions(session).items()):
        for diagram, _ in compiled(session, newest.digest, key).program.user_tasks:
            found.setdefault(diagram, key)
        found[key] = key
    return found


def board_rows(
    session: Session,
    scope: Scope,
    figures: Iterable[Cell],
    wanted: BoardFilter,
    *,
    today: date,
    limit: int = 50,
    offset: int = 0,
) -> Page[UserTask]:
    """The steps behind the figures, the most urgent first; one statement, one more where they are searched."""
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, min(offset, 2**31))
    if wanted.sort not in SORTS:
        raise Invalid("不能这样排序", [Finding("/sort", "可用：" + "、".join(SORTS))])
    asked = TaskFilter(process=wanted.process, stage=wanted.stage, unit=wanted.unit, light=wanted.light)
    clauses = [IS_OPEN, scope.of, scope.rows, *task_clauses(asked, today)]
    clauses += found_by(session, wanted.q, None)
    if wanted.role:
        clauses += [UserTask.unit.is_(None), UserTask.role == wanted.role]
    if wanted.urged is not None:
        clauses.append(UserTask.urges > 0 if wanted.urged else UserTask.urges == 0)
    if wanted.asked is not None:
        clauses.append(UserTask.asked_due_on.is_not(None) if wanted.asked else UserTask.asked_due_on.is_(None))
    query = columns_of_tasks().join(UserTask.instance).where(*clauses)
    if wanted.q or wanted.urged is not None or wanted.asked is not None or not scope.whole:
        total = session.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0
    else:
        total = sum(one.count for one in figures if _fits(one, wanted))
    if offset >= total:
        return Page((), total, limit, offset)
    listed = query.order_by(*SORTS[wanted.sort]).limit(limit).offset(offset)
    return Page(tasks_of(session, session.execute(listed)), total, limit, offset)


def count_asked(session: Session, scope: Scope) -> int:
    """How many open steps wait for an answer to a request for a later date (延期); one statement."""
    waiting = select(func.count()).where(UserTask.asked_due_on.is_not(None), IS_OPEN, scope.of)
    return session.scalar(waiting) or 0


def _fits(one: Cell, wanted: BoardFilter) -> bool:
    asked = {"process": wanted.process, "unit": wanted.unit, "stage": wanted.stage, "light": wanted.light}
    if wanted.role and (one.unit is not None or one.role != wanted.role):
        return False
    return all(not value or getattr(one, name) == value for name, value in asked.items())


def parts(session: Session, tasks: Sequence[UserTask]) -> dict[UUID, str]:
    """Step → whether its unit leads (主办) or assists (协办) in the need, of those in a round; two statements.

    A slot is its first unit's: the unit that it was handed on to (改派) takes its part.
    """
    scopes = {task.scope for task in tasks if task.scope and task.slot}
    if not scopes:
        return {}
    first: dict[tuple[UUID, str], str] = {}
    slots = select(UserTask.instance_id, UserTask.scope, UserTask.slot).where(
        UserTask.instance_id.in_({task.instance_id for task in tasks}), UserTask.scope.in_(scopes)
    )
    for case_id, scope, slot in session.execute(slots.order_by(UserTask.entered_seq)):
        if slot is not None:
            first.setdefault((case_id, scope), slot)
    told = select(Instance.id, Instance.data["lead_unit"].as_string())
    leads: dict[UUID, str | None] = dict(session.execute(told.where(Instance.id.in_({key for key, _ in first}))).all())
    found = {}
    for task in tasks:
        slot, lead = first.get((task.instance_id, task.scope)), leads.get(task.instance_id)
        if slot is not None and lead:
            found[task.id] = LEADING if slot == lead else ASSISTING
    return found


def days_left(session: Session, tasks: Iterable[UserTask], today: date) -> dict[UUID, int | None]:
    """Step → working days to its due date, negative past it; None of what has none, and while its case is suspended."""
    calendar = current(session)
    return {
        task.id: due_days(calendar, task.due_on, today, suspended=task.instance.status == SUSPENDED) for task in tasks
    }


def tasks_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, UserTask]:
    """Those of these steps that there are, open or not, each with its case; one statement."""
    return shown.tasks_by_id(session, list(ids))


def by_holder(figures: Iterable[Cell]) -> list[tuple[tuple[str | None, str | None], Counter[str]]]:
    """(unit or None, role) → its steps by light; who has most late ones first."""
    found: dict[tuple[str | None, str | None], Counter[str]] = {}
    for one in figures:
        found.setdefault((one.unit, one.role), Counter())[one.light] += one.count
    return sorted(found.items(), key=lambda one: (-one[1][RED], -one[1][YELLOW], -one[1].total(), str(one[0])))


def units_handling(figures: Iterable[Cell]) -> list[tuple[str, Counter[str]]]:
    """Responsible unit → the needs' steps that it handles (办理), by light; in the order of ``by_holder``."""
    theirs = (one for one in figures if one.unit and (one.process, one.stage) == (NEED, HANDLING))
    return [(unit, lights) for (unit, _), lights in by_holder(theirs) if unit is not None]


def facts_of(session: Session, tasks: Sequence[UserTask], today: date) -> dict[UUID, dict[str, str]]:
    """Step → the facts that a text about it may name (``config.supervision.FACTS``); a fixed number of statements.

    Of a step that decides on a unit's work the facts are those of that work.
    """
    found = step_facts(session, tasks, today=today)
    return {key: {said: _fact(facts, name) for said, name in _FACTS.items()} for key, facts in found.items()}


def _fact(facts: Mapping[str, str], name: str) -> str:
    if name == _BEFORE:
        return f"此前已催办 {facts['urges']} 次。" if facts["urges"] != "0" else ""
    return facts[name]
