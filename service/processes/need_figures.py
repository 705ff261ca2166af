"""The figures of needs, each defined once: the words beside it, and which cases it counts as of the end of a day.

Statistics count by these definitions and the ledger finds by them, so that a figure opens exactly the cases that it
counts. Lateness is that of ``lateness``; a figure of one unit tells of what that unit was asked alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, literal_column, or_, select, true
from sqlalchemy.orm import aliased

from service.processes import lateness
from service.processes.models import (
    COMPLETED,
    RUN_ANSWERED,
    RUN_HANDED_BACK,
    RUN_MOVED,
    RUN_SUSPENDED,
    ClockRun,
    Instance,
    UserTask,
)
from service.processes.past import Rows, said
from service.rights import RESPONSIBLE_UNIT

ON_THE_SPOT, REJECTED = "end_on_the_spot", "end_rejected"
"""The ends of a need that was answered at once, or not accepted."""
POLICY_LIMITED = "policy_limited"
"""The outcome 目前政策框架下尚未能解决 (W13)."""
INTERIM_STEP = "confirm_interim"
"""The step that comes up when a unit answers for the time being (阶段反馈, W7)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its name, which needs it counts in words, and of which other figure it is a share."""

    key: str
    name: str
    meaning: str
    share_of: str | None = None
    share_name: str = ""


REGISTERED, ACCEPTED, ASKED, JUDGED = "registered", "accepted", "asked", "judged"
IN_SEVEN, IN_TIME, LATE, OVERDUE = "in_seven", "in_time", "late", "overdue"
INTERIM, REDISPATCHED, DONE, LIMITED = "interim", "redispatched", "completed", "policy_limited"

FIGURES: Mapping[str, Figure] = {
    one.key: one
    for one in (
        Figure(REGISTERED, "登记", "所选期间登记的需求，不含尚未填写内容的。"),
        Figure(ACCEPTED, "受理", "其中已受理编号的（现场解答、不予受理和待受理的没有编号）。", REGISTERED, "受理率"),
        Figure(ASKED, "派单", "其中已派到责任单位的；按单位统计时，是派到该单位的。", ACCEPTED, "派单率"),
        Figure(JUDGED, "应答复", "已派单的当中，责任单位已经答复或者已经超期的；未到期的、未超期退回改派的不算。"),
        Figure(
            IN_SEVEN,
            "7日内答复",
            "应答复的当中，各责任单位第一次答复（含阶段反馈）都没有超过收到后第 7 个工作日的（实施方案三（二）3）；"
            "经同意顺延的，以顺延后的日期为准。",
            JUDGED,
            "7日答复率",
        ),
        Figure(
            IN_TIME,
            "全程按期",
            "应答复的当中，各责任单位每一轮答复都没有超期的；阶段反馈经区人才办同意后，以商定日期为准。",
            JUDGED,
            "按期率",
        ),
        Figure(LATE, "超期", "有责任单位超期答复，或者到期仍未答复的；与台账“时限：超期”相同。", JUDGED, "超期率"),
        Figure(
            OVERDUE,
            "尚在超期",
            "截至当日仍有责任单位超期未答复的，按件计；督办台办理步骤的红灯按单位计，一件可有几个。",
        ),
        Figure(INTERIM, "阶段反馈", "有责任单位提出过阶段反馈的（当前无法解决或须分步解决）。", ASKED, "阶段反馈率"),
        Figure(REDISPATCHED, "退回改派", "有责任单位以“不属于本单位职责”退回的。", ASKED, "退回改派率"),
        Figure(
            DONE,
            "办结",
            "已受理的当中，已经办结反馈的，不含终止的；并入其他事项的，随该事项一并办结后计入。",
            ACCEPTED,
            "办结率",
        ),
        Figure(LIMITED, "政策受限", "办结的当中，结果是“目前政策框架下尚未能解决”的。", DONE, "政策受限率"),
    )
}
"""Figure → its words, in the order in which they are shown."""
OF_RUNS = (JUDGED, IN_SEVEN, IN_TIME, LATE, OVERDUE, REDISPATCHED)
"""The figures that are told by the clocks of responsible units."""


# --- By case: for statistics, in one pass ----------------------------------------------------------------------------


def by_case_and_unit(on: date) -> CTE:
    """A row for each case and responsible unit that had been asked by the end of a day: 1 or 0 of ``OF_RUNS``."""
    late = lateness.is_late(on)
    judged = or_(answered(on), late)
    is_judged, is_late = func.max(flag(judged)), func.max(flag(late))
    return (
        select(
            ClockRun.instance_id,
            ClockRun.unit,
            is_judged.label(JUDGED),
            (is_judged * (1 - _first_late(late, judged))).label(IN_SEVEN),
            (is_judged * (1 - is_late)).label(IN_TIME),
            is_late.label(LATE),
            func.max(flag(and_(late, lateness.is_open(on)))).label(OVERDUE),
            func.max(flag(_handed_back(on))).label(REDISPATCHED),
        )
        .where(lateness.by_unit(), lateness.counts(on))
        .group_by(ClockRun.instance_id, ClockRun.unit)
        .cte("by_case_and_unit")
    )


def _first_late(late: ColumnElement[bool], judged: ColumnElement[bool]) -> ColumnElement[int]:
    """Whether, of the runs of a unit in a case, the first that had to be answered was late: 1 or 0."""
    first, first_late = (func.min(case((which, ClockRun.id))) for which in (judged, late))
    return flag(first == first_late)


def by_case(units: CTE) -> CTE:
    """A row for each case that was asked of a unit: the same of all its units together."""
    judged, late = func.max(units.c[JUDGED]), func.max(units.c[LATE])
    # a case is answered within seven days where each unit that had to answer did
    missed = func.max(units.c[JUDGED] * (1 - units.c[IN_SEVEN]))
    return (
        select(
            units.c.instance_id,
            judged.label(JUDGED),
            (judged * (1 - missed)).label(IN_SEVEN),
            (judged * (1 - late)).label(IN_TIME),
            late.label(LATE),
            func.max(units.c[OVERDUE]).label(OVERDUE),
            func.max(units.c[REDISPATCHED]).label(REDISPATCHED),
        )
        .group_by(units.c.instance_id)
        .cte("by_case")
    )


def interims(on: date) -> Select[UUID, str | None]:
    """(case, unit) of each unit that had answered for the time being by the end of a day."""
    review, began, answer, run = aliased(UserTask), aliased(ClockRun), aliased(UserTask), aliased(ClockRun)
    # what was taken back counts until then; another date or a suspension of the review takes nothing back
    counted = or_(began.void_on.is_(None), began.void_on > on, began.ended.in_((RUN_MOVED, RUN_SUSPENDED)))
    return (
        select(review.instance_id, run.unit)
        .join(began, and_(began.task_id == review.id, began.from_on <= on, counted))
        .join(answer, and_(answer.instance_id == review.instance_id, answer.scope == review.scope))
        .join(
            run,
            and_(
                run.task_id == answer.id,
                # the reviews are few: SQLite, which counts no values, is kept from walking through all answers first,
                # and from making an index of them
                run.role.concat("") == RESPONSIBLE_UNIT,
                lateness.counts(on, run),
                run.ended.concat("") == RUN_ANSWERED,
                run.until_on.between(began.from_on, began.from_on),
            ),
        )
        # as a literal: SQLite looks into a partial index only where it reads the step in the statement
        .where(review.task == literal_column(f"'{INTERIM_STEP}'"))
        .distinct()
    )


def accepted(rows: Rows) -> ColumnElement[bool]:
    """The needs that were accepted: they have their number."""
    return rows.number.is_not(None)


def completed(rows: Rows) -> ColumnElement[bool]:
    """The accepted needs that had come to their end, with a result for the talent."""
    ends = and_(rows.end.is_not(None), rows.end.not_in((ON_THE_SPOT, REJECTED)))
    return and_(rows.ended_at.is_not(None), rows.status == COMPLETED, ends)


def limited(rows: Rows) -> ColumnElement[bool]:
    """Those of them that present policy does not solve (W13)."""
    return and_(completed(rows), said(rows, "outcome") == POLICY_LIMITED)


# --- As a condition: for the ledger ----------------------------------------------------------------------------------


def found_in(key: str, rows: Rows, on: date, unit: str | None = None) -> ColumnElement[bool]:
    """The cases that a figure counts as of the end of a day; of one unit, those in which it was asked."""
    whole = {ACCEPTED: accepted, DONE: completed, LIMITED: limited}
    clauses = [rows.title != ""]
    if unit is not None or key == ASKED:
        clauses.append(_with(_one_of(on, unit, true())))
    if key in whole:
        clauses.append(whole[key](rows))
    elif key == INTERIM:
        told = interims(on).subquery()
        clauses.append(_with(select(told.c.instance_id).where(told.c.unit == unit if unit is not None else true())))
    elif key in OF_RUNS:
        clauses.append(_of_runs(key, on, unit))
    elif key not in (REGISTERED, ASKED):
        raise LookupError(key)
    return and_(*clauses)


def done_in(step: str, on: date, unit: str | None = None) -> ColumnElement[bool]:
    """The cases in which a step of a stage had been done by the end of a day: ``handling`` by the office, and
    ``handling.unit`` by a responsible unit, by ``unit`` where it is named."""
    stage, _, whose = step.partition(".")
    run, task = aliased(ClockRun), aliased(UserTask)
    mine = lateness.by_unit(run) if whose else lateness.by_others(run)
    if whose and unit is not None:
        mine = and_(mine, run.unit == unit)
    query = select(run.instance_id).join(task, task.id == run.task_id)
    return _with(query.where(task.stage == stage, mine, answered(on, run), lateness.counts(on, run)))


def answered(on: date, run: type[ClockRun] = ClockRun) -> ColumnElement[bool]:
    """The runs that had ended with an answer by the end of a day."""
    return and_(run.ended == RUN_ANSWERED, run.until_on <= on)


def _of_runs(key: str, on: date, unit: str | None) -> ColumnElement[bool]:
    late = lateness.is_late(on)
    judged = or_(answered(on), late)
    if key == JUDGED:
        return _with(_one_of(on, unit, judged))
    if key == LATE:
        return _with(_one_of(on, unit, late))
    if key == OVERDUE:
        return _with(_one_of(on, unit, and_(late, lateness.is_open(on))))
    if key == REDISPATCHED:
        return _with(_one_of(on, unit, _handed_back(on)))
    if key == IN_TIME:
        return and_(_with(_one_of(on, unit, judged)), ~_with(_one_of(on, unit, late)))
    units = by_case_and_unit(on)
    mine = units.c.unit == unit if unit is not None else true()
    missed = select(units.c.instance_id).where(mine, units.c[JUDGED] == 1, units.c[IN_SEVEN] == 0)
    return and_(_with(_one_of(on, unit, judged)), ~_with(missed))


def _one_of(on: date, unit: str | None, which: ColumnElement[bool]) -> Select[UUID]:
    mine = ClockRun.unit == unit if unit is not None else true()
    return select(ClockRun.instance_id).where(lateness.by_unit(), lateness.counts(on), mine, which)


def _with(cases: Select[Any]) -> ColumnElement[bool]:
    return Instance.id.in_(cases)


def _handed_back(on: date) -> ColumnElement[bool]:
    return and_(ClockRun.ended == RUN_HANDED_BACK, ClockRun.until_on <= on)


def flag(which: ColumnElement[bool]) -> ColumnElement[int]:
    """1 where a condition holds, 0 where it does not or where nothing is known of it."""
    return case((which, 1), else_=0)
