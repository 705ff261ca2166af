"""When a case's unit got it and by when it owes an answer, as of any day: one run of a clock speaks for the case.

Of the answers of responsible units (7 working days, [T]) the open one that is due first; where none is open, the one
that ended last. Of all other steps (the office's own days, [A]) the open one that is due first. Lists show, sort and
filter by the same run, and name its unit; beside it each unit has a run of its own that speaks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from service.db.prepared import Prepared, listed, places, size_of
from service.processes import lateness
from service.processes.models import RUN_MOVED, RUN_SUSPENDED, ClockRun, Instance, UserTask

MEANING = (
    "收到、期限：责任单位收到和应答复的日期，几个单位同时办理的取最先到期的一家，都已办结的取最后办结的一家，"
    "是哪一家见“期限单位”，每一家的见“各单位期限”；"
    "退回改派写“已退回”，没有答复就不再办理的写“未答复”，挂起期间不写日期；"
    "原定期限：该单位最初的期限，延期、顺延或商定日期后不变；"
    "轮次：该单位第几次承办本事项。环节期限：其他步骤的本系统默认时限（非文件规定）。"
)
"""The explanation beside the columns."""


@dataclass(frozen=True, slots=True)
class Term:
    """The run that speaks for a case as of a day: whose, received when, due when, ended when (None: still open).

    ``ended``: how it ended (``models.RUN_ANSWERED`` …), None while it is open: only an answer is one.
    ``first_due_on``: the date that the unit first had, before an extension, a suspension or an agreed date moved it.
    ``rounds``: how many times the unit had been asked in this case, where that is looked up.
    """

    unit: str | None
    received_on: date
    due_on: date
    first_due_on: date
    until_on: date | None
    ended: str | None
    rounds: int | None


def speaking(on: date, *, steps: bool = False) -> ScalarSelect[int]:
    """The id of the run that speaks for the ``Instance`` of the statement around it, as of the end of a day."""
    run = aliased(ClockRun)
    opened = lateness.is_open(on, run)
    whose = lateness.by_others(run) if steps else lateness.by_unit(run)
    # what stands still in a suspended case speaks for nothing: its date is open
    stands = and_(run.ended == RUN_SUSPENDED, run.until_on <= on)
    counted = and_(lateness.counts(on, run), or_(run.ended.is_(None), ~stands))
    query = select(run.id).where(run.instance_id == Instance.id, whose, opened if steps else counted)
    # of what was open that day it is not asked when it ended: nobody knew
    ended = case((~opened, run.until_on)).desc()
    # what came of the last date speaks before an earlier date that passed on the same day
    moved = case((and_(~opened, run.ended == RUN_MOVED), 1), else_=0)
    first = (case((opened, 0), else_=1), case((opened, run.due_on)), ended, moved, run.due_on, run.id)
    return query.order_by(*first).limit(1).correlate(Instance).scalar_subquery()


def due_on(on: date, *, steps: bool = False) -> ColumnElement[date]:
    """The due date of the run that speaks for a case."""
    run = aliased(ClockRun)
    return select(run.due_on).where(run.id == speaking(on, steps=steps)).correlate(Instance).scalar_subquery()


def first_due_on(on: date) -> ColumnElement[date]:
    """The date that the unit whose run speaks for a case first had."""
    run = aliased(ClockRun)
    first = func.coalesce(UserTask.first_due_on, run.due_on)
    query = select(first).select_from(run).join(UserTask, UserTask.id == run.task_id).where(run.id == speaking(on))
    return query.correlate(Instance).scalar_subquery()


def unit_asked(on: date) -> ColumnElement[str]:
    """The code of the unit whose run speaks for a case."""
    run = aliased(ClockRun)
    return select(run.unit).where(run.id == speaking(on)).correlate(Instance).scalar_subquery()


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
    ids = list(cases)
    return dict(_terms(_spoken(on, steps, size_of(ids)).rows(session, listed("case", ids)), on)) if ids else {}


@lru_cache(maxsize=64)
def _spoken(on: date, steps: bool, size: int) -> Prepared:
    run = aliased(ClockRun)
    query = _told(on, run, _rounds(on, run)).select_from(Instance).join(run, run.id == speaking(on, steps=steps))
    query = query.join(UserTask, UserTask.id == run.task_id)
    return Prepared(query.where(Instance.id.in_(places("case", size, Instance.id.type))))


def unit_terms(session: Session, cases: Iterable[UUID], on: date) -> dict[UUID, list[Term]]:
    """Of each of these cases the run that speaks for each of its units as of the end of a day, who was asked first
    first: the open one that is due first, else the one that ended last. One statement.

    Open is also what stood still in a suspended case (``RUN_SUSPENDED``). How often a unit had been asked is not told.
    """
    ids = list(cases)
    rows = _of_each_unit(on, size_of(ids)).rows(session, listed("case", ids)) if ids else ()
    found: dict[UUID, dict[str | None, Term]] = {}
    for key, term in _terms(rows, on):
        own = found.setdefault(key, {})
        own[term.unit] = min(own.get(term.unit, term), term, key=_first)
    return {key: sorted(own.values(), key=lambda term: term.received_on) for key, own in found.items()}


@lru_cache(maxsize=64)
def _of_each_unit(on: date, size: int) -> Prepared:
    run = aliased(ClockRun)
    query = _told(on, run, null()).select_from(run).join(UserTask, UserTask.id == run.task_id).order_by(run.id)
    theirs = run.instance_id.in_(places("case", size, Instance.id.type))
    return Prepared(query.where(theirs, lateness.by_unit(run), lateness.counts(on, run)))


def _first(term: Term) -> tuple[bool, int, bool, date]:
    if term.until_on is None or term.ended == RUN_SUSPENDED:
        return False, term.due_on.toordinal(), False, term.due_on
    return True, -term.until_on.toordinal(), term.ended == RUN_MOVED, term.due_on


def _told(on: date, run: Any, asked: ColumnElement[Any]) -> Select[Any]:
    """The columns that ``_terms`` reads, of runs and their tasks; the caller says of which."""
    first = func.coalesce(UserTask.first_due_on, run.due_on)
    facts = (run.instance_id, run.unit, _received(on, run), run.due_on, first, run.until_on, run.ended, asked)
    return select(*facts)


def _terms(rows: Iterable[Sequence[Any]], on: date) -> Iterator[tuple[UUID, Term]]:
    # what ended later than the asked day had not ended on it
    for key, unit, received, due, first, until, ended, asked in rows:
        over = until is not None and until <= on
        yield key, Term(unit, received, due, first, until if over else None, ended if over else None, asked)


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
