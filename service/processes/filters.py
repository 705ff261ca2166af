"""Filters and sort orders of lists of tasks and cases, as conditions of SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute

from service import clock
from service.errors import Finding, Invalid
from service.fields import condition
from service.processes import lateness
from service.processes.models import COMPLETED, DONE, OPEN, RUNNING, SUSPENDED, TERMINATED, Instance, UserTask
from service.processes.past import cases_on, of_unit, said
from service.processes.rules import GREEN, GREY, NEED, RED, YELLOW
from service.spelling import terms

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)

STAGE = "the code of a stage, as the process or `organization.toml` names it"
SEARCHED = "number or matter: 汉字, pinyin or initials"
TASK_SORTS = ("due", "-due", "entered", "-entered", "number", "-number", "stage")
CASE_SORTS = ("started", "-started", "number", "-number", "ended", "-ended", "-urges")


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """The filter of a list of tasks; None leaves it open. ``q`` searches number and matter, 汉字 or pinyin.

    ``status`` says which list is asked for: it is the list that holds to it.
    """

    instance: str | None = condition(note="id of the instance")
    status: str = condition(OPEN, choices=(OPEN, DONE), strict=True)
    process: str | None = None
    light: str | None = condition(choices=(GREEN, YELLOW, RED, GREY), strict=True)
    stage: str | None = condition(note=STAGE)
    unit: str | None = condition(note="code of the unit that must act")
    q: str | None = condition(note=SEARCHED)
    sort: str = condition("due", choices=TASK_SORTS, strict=True)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """The filter of a list of cases (the ledger).

    ``late``: a responsible unit is late in it, ``late_steps``: somebody else is (``lateness``). ``as_of``: as of the
    end of that day (None: today): the cases that had begun, all that is asked of them as it was then.
    """

    process: str | None = NEED
    status: str | None = condition(choices=(RUNNING, SUSPENDED, COMPLETED, TERMINATED), strict=True)
    stage: str | None = condition(note=STAGE)
    number: str | None = None
    talent_id: str | None = condition(sent="talent")
    talents: Collection[str] | None = condition(internal=True)
    leader_id: str | None = condition(sent="leader")
    category: str | None = None
    town: str | None = None
    unit: str | None = condition(note="code of a unit that has, or had, a task in the case")
    end: str | None = condition(note="id of the end event")
    late: bool | None = condition(note="a responsible unit is late in it as of `as_of`")
    late_steps: bool | None = condition(note="another step is late in it as of `as_of`")
    as_of: date | None = condition(note="as of the end of this day (default: today): cases as they stood then")
    since: date | None = condition(note="started on this day or later")
    until: date | None = condition(note="started on this day or earlier")
    q: str | None = condition(note=SEARCHED)
    sort: str = condition("-started", choices=CASE_SORTS, strict=True)


def light_clause(name: str, today: date) -> ColumnElement[bool]:
    """The open tasks that show a light. Raises Invalid for one that there is not."""
    stands = UserTask.paused.is_(False) & UserTask.due_on.is_not(None) & (Instance.status == RUNNING)
    if name == RED:
        return and_(stands, UserTask.due_on < today)
    if name == YELLOW:
        return and_(stands, UserTask.due_on >= today, UserTask.warn_on <= today)
    if name == GREEN:
        return and_(stands, UserTask.due_on >= today, UserTask.warn_on > today)
    if name == GREY:
        return or_(UserTask.paused, UserTask.due_on.is_(None), Instance.status != RUNNING)
    raise Invalid("没有这种灯", [Finding("/light", "请用 green、yellow、red 或 grey")])


def task_clauses(wanted: TaskFilter, today: date) -> list[ColumnElement[bool]]:
    """The tasks that a filter lets through."""
    clauses = _equal(
        {
            Instance.process: wanted.process,
            UserTask.stage: wanted.stage,
            UserTask.unit: wanted.unit,
        }
    )
    if wanted.instance:
        instance_id = _uuid_or_none(wanted.instance)
        clauses.append(UserTask.instance_id == instance_id if instance_id is not None else false())
    if wanted.light:
        clauses.append(light_clause(wanted.light, today))
    return clauses + _holding(wanted.q, Instance.search_key)


def case_clauses(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    """The cases that a filter lets through. Raises Invalid for a day to come."""
    today, on = clock.today(), wanted.as_of
    if on is not None and on > today:
        raise Invalid("不能这样筛选", [Finding("/as_of", f"截至日期不能晚于今天（{today.isoformat()}）")])
    rows, tied = cases_on(on)
    clauses = [*tied]
    clauses += _equal(
        {
            Instance.process: wanted.process,
            rows.status: wanted.status,
            rows.stage: wanted.stage,
            rows.number: wanted.number,
            rows.talent_id: wanted.talent_id,
            rows.leader_id: wanted.leader_id,
            rows.end: wanted.end,
            said(rows, "category"): wanted.category,
            said(rows, "town"): wanted.town,
        }
    )
    if wanted.talents is not None:
        clauses.append(rows.talent_id.in_(wanted.talents))
    if wanted.unit:
        clauses.append(of_unit(wanted.unit, on) if "\x00" not in wanted.unit else false())
    for asked, steps in ((wanted.late, False), (wanted.late_steps, True)):
        if asked is not None:
            late = Instance.id.in_(lateness.late_cases(on or today, steps=steps))
            clauses.append(late if asked else ~late)
    if wanted.since:
        clauses.append(Instance.started_at >= _midnight(wanted.since))
    if wanted.until:
        clauses.append(Instance.started_at < _midnight(wanted.until) + timedelta(days=1))
    return clauses + _holding(wanted.q, rows.search_key)


def _equal(wanted: Mapping[Any, str | None]) -> list[ColumnElement[bool]]:
    """Each column that must be something.

    A NUL character, which PostgreSQL does not even take as a question, is nowhere.
    """
    return [column == value if "\x00" not in value else false() for column, value in wanted.items() if value]


def _holding(q: str | None, key: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Each word of a search must occur; a search of nothing but characters that no case holds finds nothing."""
    words = terms(q or "")
    if q and q.strip() and not words:
        return [false()]
    return [key.contains(word, autoescape=True) for word in words]


def _midnight(day: date) -> datetime:
    """The beginning of a day; days beyond all cases stay within what a moment can be."""
    within = min(max(day, FIRST_DAY), LAST_DAY)
    return datetime.combine(within, time(0), tzinfo=clock.SHANGHAI)


_TASK_SORTS: Mapping[str, Any] = {
    "due": (UserTask.due_on.is_(None), UserTask.due_on, UserTask.entered_at, UserTask.id),
    "-due": (UserTask.due_on.is_(None), UserTask.due_on.desc(), UserTask.entered_at, UserTask.id),
    "entered": (UserTask.entered_at, UserTask.id),
    "-entered": (UserTask.entered_at.desc(), UserTask.id),
    "number": (Instance.number.is_(None), Instance.number, UserTask.id),
    "-number": (Instance.number.is_(None), Instance.number.desc(), UserTask.id),
    "stage": (UserTask.stage, UserTask.due_on.is_(None), UserTask.due_on, UserTask.id),
}


def task_order(sort: str) -> Any:
    """How tasks are sorted. Raises Invalid."""
    if sort not in _TASK_SORTS:
        raise Invalid("不能这样排序", [Finding("/sort", "可用：" + "、".join(_TASK_SORTS))])
    return _TASK_SORTS[sort]


def case_order(sort: str, as_of: date | None = None) -> Any:
    """How cases are sorted, by what was so at the end of a day (default: today). Raises Invalid."""
    if sort not in CASE_SORTS:
        raise Invalid("不能这样排序", [Finding("/sort", "可用：" + "、".join(CASE_SORTS))])
    if sort.endswith("started"):
        return (Instance.started_at.desc() if sort.startswith("-") else Instance.started_at, Instance.id)
    rows, _ = cases_on(as_of)
    if sort == "-urges":
        return (rows.urges.desc(), Instance.started_at.desc(), Instance.id)
    column = rows.number if sort.endswith("number") else rows.ended_at
    return (column.is_(None), column.desc() if sort.startswith("-") else column, Instance.id)


def _uuid_or_none(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
