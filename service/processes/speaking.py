"""When a case's unit got it and by when it owes an answer, as of any day: one run of a clock speaks for the case.

Of the answers of responsible units (7 working days, [T]) the open one that is due first; where none is open, the one
that ended last. Of all other steps (the office's own days, [A]) the open one that is due first. Lists show, sort and
filter by the same run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from service.processes import lateness
from service.processes.models import RUN_MOVED, RUN_SUSPENDED, ClockRun, Instance

MEANING = (
    "收到、期限：责任单位收到和应答复的日期，几个单位同时办理的取最先到期的一家，都已答复的取最后答复的一家；"
    "轮次：该单位第几次承办本事项。环节期限：其他步骤的本系统默认时限（非文件规定）。"
)
"""The explanation beside the columns."""


@dataclass(frozen=True, slots=True)
class Term:
    """The run that speaks for a case as of a day: whose, received when, due when, ended when (None: still open).

    ``rounds``: how many times the unit had been asked in this case.
    """

    unit: str | None
    received_on: date
    due_on: date
    until_on: date | None
    rounds: int


def speaking(on: date, *, steps: bool = False) -> ScalarSelect[int]:
    """The id of the run that speaks for the ``Instance`` of the statement around it, as of the end of a day."""
    run = aliased(ClockRun)
    opened = lateness.is_open(on, run)
    whose = lateness.by_others(run) if steps else lateness.by_unit(run)
    query = select(run.id).where(run.instance_id == Instance.id, whose, opened if steps else lateness.counts(on, run))
    first = (case((opened, 0), else_=1), case((opened, run.due_on)), run.until_on.desc(), run.due_on, run.id)
    return query.order_by(*first).limit(1).correlate(Instance).scalar_subquery()


def due_on(on: date, *, steps: bool = False) -> ColumnElement[date]:
    """The due date of the run that speaks for a case."""
    run = aliased(ClockRun)
    return select(run.due_on).where(run.id == speaking(on, steps=steps)).correlate(Instance).scalar_subquery()


def received_on(on: date) -> ColumnElement[date]:
    """The day on which the unit got the need whose run speaks for a case."""
    run = aliased(ClockRun)
    return select(_received(on, run)).where(run.id == speaking(on)).correlate(Instance).scalar_subquery()


def rounds(on: date) -> ColumnElement[int]:
    """How many times the unit whose run speaks for a case had been asked in it."""
    run = aliased(ClockRun)
    return select(_rounds(on, run)).where(run.id == speaking(on)).correlate(Instance).scalar_subquery()


def terms(session: Session, cases: Iterable[UUID], on: date, *, steps: bool = False) -> dict[UUID, Term]:
    """The run that speaks for each of these cases as of the end of a day; those without one are left out. One
    statement."""
    run = aliased(ClockRun)
    query = (
        select(Instance.id, run.unit, _received(on, run), run.due_on, run.until_on, _rounds(on, run))
        .join(run, run.id == speaking(on, steps=steps))
        .where(Instance.id.in_(list(cases)))
    )
    found = {}
    for key, unit, received, due, until, asked in session.execute(query):
        found[key] = Term(unit, received, due, until if until is not None and until <= on else None, asked)
    return found


def _received(on: date, run: Any) -> ScalarSelect[date]:
    """From when the clock of the run's task has run: another date or a suspension begins no new one."""
    other = aliased(ClockRun)
    same = or_(other.void_on.is_(None), other.void_on > on, other.ended.in_((RUN_MOVED, RUN_SUSPENDED)))
    return select(func.min(other.from_on)).where(other.task_id == run.task_id, same).correlate(run).scalar_subquery()


def _rounds(on: date, run: Any) -> ScalarSelect[int]:
    other = aliased(ClockRun)
    theirs = and_(other.instance_id == run.instance_id, other.unit == run.unit, lateness.by_unit(other))
    query = select(func.count(other.task_id.distinct())).where(theirs, lateness.counts(on, other))
    return query.correlate(run).scalar_subquery()
