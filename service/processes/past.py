"""Cases and their tasks as they stood at the end of a day: papers say the state of their day.

Facts of a case that change in its course are asked of its ``spans``; its tasks, whose rows know only their newest
state, are read from the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Uuid,
    and_,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent, of_kinds
from service.processes import effects as fx
from service.processes.course import INPUTS
from service.processes.models import OPEN, CaseSpan, Instance, UserTask
from service.processes.recording import stream_of
from service.processes.spans import COLUMNS, SAID, at_end_of, of_instance
from service.rights import RESPONSIBLE_UNIT

Rows = type[Instance] | type[CaseSpan]
"""Where the columns of cases are read that change in their course."""


@dataclass(frozen=True, slots=True)
class State:
    """The changing facts of a case, as of a day."""

    status: str
    stage: str | None
    number: str | None
    title: str
    search_key: str
    talent_id: str | None
    leader_id: str | None
    category: str | None
    town: str | None
    outcome: str | None
    lead_unit: str | None
    assisting_units: str | None
    urges: int
    ended_at: datetime | None
    end: str | None
    end_name: str | None


@dataclass(frozen=True, slots=True)
class TaskThen:
    """A task that had come up by a day, with the input that brought it; ``open``: it still was at the day's end."""

    seq: int
    id: str
    role: str | None
    unit: str | None
    due_on: date | None
    warn_on: date | None
    provisional: bool
    paused: bool
    open: bool


def is_past(on: date | None) -> bool:
    """Whether the rows of cases and tasks do not tell of the end of this day."""
    return on is not None and on < clock.today()


def cases_on(on: date | None) -> tuple[Rows, Sequence[ColumnElement[bool]]]:
    """Where the columns of a case stand as of a day (``None``: today), and what ties them to its ``Instance``."""
    if on is None or not is_past(on):
        return Instance, ()
    return CaseSpan, (CaseSpan.instance_id == Instance.id, at_end_of(on))


def said(rows: Rows, name: str) -> ColumnElement[str]:
    """The values that forms gave in a field of ``SAID``, such as category, town or outcome."""
    if name not in SAID:
        raise LookupError(name)
    found: ColumnElement[str] = Instance.data[name].as_string() if rows is Instance else getattr(CaseSpan, name)
    return found


def assisted_by(rows: Rows, unit: str) -> ColumnElement[bool]:
    """The cases in whose dispatch a unit assists (协办); the one that leads does not, though it was ticked as well."""
    listed = said(rows, "assisting_units")
    if rows is Instance:  # still a list of JSON
        named = listed.contains(f'"{unit}"', autoescape=True)
    else:
        named = literal(",").concat(listed).concat(",").contains(f",{unit},", autoescape=True)
    return and_(named, said(rows, "lead_unit").is_distinct_from(unit))


def assisting(listed: SQLColumnExpression[Any], lead: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """The units that assist, out of those that were ticked (with commas) and the one that leads; none is no value."""
    comma = literal(",")
    between = comma.concat(listed).concat(comma)
    others = func.replace(between, comma.concat(func.coalesce(lead, "")).concat(comma), comma)
    found: ColumnElement[str] = func.nullif(func.trim(others, ","), "")
    return found


def states(session: Session, cases: Iterable[Instance], on: date) -> dict[UUID, State]:
    """How each of these cases stood at the end of a day; those that had not begun are left out. One statement."""
    listed = list(cases)
    if not is_past(on):
        return {case.id: State(**of_instance(case)) for case in listed}
    if not listed:
        return {}
    query = select(CaseSpan.instance_id, *(getattr(CaseSpan, name) for name in COLUMNS)).where(
        CaseSpan.instance_id.in_([case.id for case in listed]), at_end_of(on)
    )
    return {
        row["instance_id"]: State(**{name: row[name] for name in COLUMNS}) for row in session.execute(query).mappings()
    }


def tasks_then(session: Session, cases: Iterable[UUID], on: date) -> dict[UUID, list[TaskThen]]:
    """The tasks that had come up in these cases by the end of a day, in order, as they stood then. One statement."""
    ids = list(cases)
    if not is_past(on):
        return _tasks_now(session, ids)
    streams = {stream_of(case): case for case in ids}
    query = (
        select(HistoryEvent.stream, HistoryEvent.seq, HistoryEvent.kind, HistoryEvent.task, HistoryEvent.data)
        .where(HistoryEvent.stream.in_(streams), HistoryEvent.at < clock.end_of(on))
        .where(of_kinds(*_TELLING))
        .order_by(HistoryEvent.stream, HistoryEvent.seq)
    )
    found: dict[UUID, dict[str, TaskThen]] = {}
    cause = 0
    for stream, seq, kind, task, data in session.execute(query):
        cause = seq if kind in INPUTS else cause
        _turn(found.setdefault(streams[stream], {}), kind, task or "", data, cause)
    return {case: sorted(tasks.values(), key=lambda one: (one.seq, one.id)) for case, tasks in found.items()}


def open_tasks_then(session: Session, cases: Iterable[UUID], on: date) -> dict[UUID, list[TaskThen]]:
    """Those of ``tasks_then`` that were open at the end of the day. One statement."""
    ids = list(cases)
    if not is_past(on):
        return _tasks_now(session, ids, UserTask.status == OPEN)
    return {case: [one for one in tasks if one.open] for case, tasks in tasks_then(session, ids, on).items()}


def units_of_role_then(session: Session, cases: Iterable[UUID], role: str, on: date) -> dict[UUID, list[str]]:
    """The units that tasks of ``role`` had gone to by the end of a day, each once, in order. One statement."""
    ids = list(cases)
    found: dict[UUID, dict[str, None]] = {}
    if is_past(on):
        for case, tasks in tasks_then(session, ids, on).items():
            found[case] = {task.unit: None for task in tasks if task.role == role and task.unit}
    else:
        theirs = select(UserTask.instance_id, UserTask.unit).where(UserTask.instance_id.in_(ids), UserTask.role == role)
        for case, unit in session.execute(theirs.order_by(*_NOW[:2])):
            if unit:
                found.setdefault(case, {})[unit] = None
    return {case: list(units) for case, units in found.items()}


def units_awaiting(session: Session, cases: Iterable[UUID], on: date) -> dict[UUID, list[str]]:
    """The responsible units of these cases whose open step no clock counted on a day (待上会). One statement."""
    found: dict[UUID, list[str]] = {}
    for case, tasks in open_tasks_then(session, cases, on).items():
        units = [one.unit for one in tasks if one.paused and one.role == RESPONSIBLE_UNIT and one.unit]
        if units:
            found[case] = list(dict.fromkeys(units))
    return found


def of_unit(unit: str | Select[str], on: date | None) -> ColumnElement[bool]:
    """The cases in which a unit, or one of several, had been given a task by the end of a day (``None``: ever)."""
    theirs = select(UserTask.instance_id).where(_is(UserTask.unit, unit))
    if on is None or not is_past(on):
        return Instance.id.in_(theirs)
    end = clock.end_of(on)
    # a task whose case went back and came this way again says of itself that it came up the second time
    again = select(_case_of(HistoryEvent.stream)).where(
        HistoryEvent.stream.in_(taken_back_after(end)),
        HistoryEvent.kind == fx.ENTERED,
        HistoryEvent.at < end,
        _is(HistoryEvent.data["unit"].as_string(), unit),
    )
    return or_(Instance.id.in_(theirs.where(UserTask.entered_at < end)), Instance.id.in_(again))


def cases_of(units: Select[str]) -> Select[UUID]:
    """The ids of the cases in which one of the units has had a task."""
    return select(UserTask.instance_id).where(UserTask.unit.in_(units))


def _is(column: Any, unit: str | Select[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column == unit if isinstance(unit, str) else column.in_(unit)
    return found


def taken_back_after(moment: datetime) -> Select[str]:
    """The streams of cases in which somebody took a step back at this moment or later."""
    # as a literal: SQLite looks into a partial index only where it reads the kind in the statement
    return select(HistoryEvent.stream).where(
        HistoryEvent.kind == literal_column("'taken_back'"), HistoryEvent.at >= moment
    )


def _case_of(stream: SQLColumnExpression[str]) -> ColumnElement[UUID]:
    """The id of the case whose stream it is, as either database keeps ids."""
    digits = func.replace(func.substr(stream, len("instance:") + 1), "-", "")
    found: ColumnElement[UUID] = cast(digits, Uuid)
    return found


_TELLING = (*INPUTS, fx.ENTERED, fx.CANCELLED, fx.DUE_CHANGED, fx.REOPENED, fx.RENEWED)


def _turn(tasks: dict[str, TaskThen], kind: str, task: str, data: Mapping[str, Any], cause: int) -> None:
    """Applies an event to the tasks of its case."""
    if kind == fx.ENTERED:
        tasks[task] = TaskThen(cause, task, data["role"], data["unit"], *_due(data), data["paused"], True)
    elif task not in tasks:
        return
    elif kind == fx.DUE_CHANGED:
        due_on, warn_on, provisional = _due(data)
        tasks[task] = replace(tasks[task], due_on=due_on, warn_on=warn_on, provisional=provisional)
    elif kind == fx.RENEWED:
        tasks[task] = replace(tasks[task], role=data["role"], unit=data["unit"], paused=data["paused"])
    elif kind in ("completed", "returned", fx.CANCELLED, fx.REOPENED):
        tasks[task] = replace(tasks[task], open=kind == fx.REOPENED)


def _due(data: Mapping[str, Any]) -> tuple[date | None, date | None, bool]:
    due_on, warn_on = (date.fromisoformat(data[name]) if data[name] else None for name in ("due_on", "warn_on"))
    return due_on, warn_on, data["provisional"]


def _tasks_now(session: Session, ids: Sequence[UUID], *which: ColumnElement[bool]) -> dict[UUID, list[TaskThen]]:
    query = select(UserTask.instance_id, *_NOW).where(UserTask.instance_id.in_(ids), *which).order_by(*_NOW[:2])
    found: dict[UUID, list[TaskThen]] = {}
    for case, seq, task, role, unit, due_on, warn_on, provisional, paused, status in session.execute(query):
        told = TaskThen(seq, str(task), role, unit, due_on, warn_on, provisional, paused, status == OPEN)
        found.setdefault(case, []).append(told)
    return found


_NOW = (
    UserTask.entered_seq,
    UserTask.id,
    UserTask.role,
    UserTask.unit,
    UserTask.due_on,
    UserTask.warn_on,
    UserTask.due_provisional,
    UserTask.paused,
    UserTask.status,
)
