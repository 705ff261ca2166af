"""Lateness, one truth as of any day (W6, W10): every list, paper, figure and gauge asks here.

A step is late as of the end of a day when it was answered after its due date, or when its due date had passed and it
was still open. An end without an answer (returned, cancelled with its case, handed back as 不属于本单位职责)
takes nothing back: a step that was open past its date stays late, though its case is suspended (挂起) or the step that
had brought it is taken back (撤回). Not late is what has no date, what is paused (待上会), what becomes due in a
suspended case as long as that lasts, and an answer that was taken back, from that day on. The due date is the one that
stood on that day: a notice that moved it later says nothing about the days before.

The answers of responsible units, within the 7 working days of the policy, are told apart from all other steps, whose
days are the office's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from service import clock
from service.db.prepared import Prepared, listed, places, size_of
from service.processes.models import RUN_ANSWERED, ClockRun, Instance
from service.rights import RESPONSIBLE_UNIT

MEANING = (
    "超期：责任单位在到期日之后才答复，或到期日已过仍未答复（退回改派不算答复），按所示日期当天的情况计算；"
    "会议研究、挂起期间不计，挂起前已经超期的仍算超期。环节超期：其他步骤超过本系统默认时限（非文件规定）。"
)
"""The explanation beside the figures."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a case stands as of a day. ``late``: a responsible unit was late in it, ``late_steps``: somebody else was.

    ``overdue`` and ``overdue_steps``: on that very day somebody still is.
    """

    late: bool = False
    overdue: bool = False
    late_steps: bool = False
    overdue_steps: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """The requests to a unit in a period: answers in time, answers late, and what is late without an answer."""

    in_time: int = 0
    late: int = 0
    unanswered: int = 0

    @property
    def asked(self) -> int:
        """All of them."""
        return self.in_time + self.late + self.unanswered


@dataclass(frozen=True, slots=True)
class Work:
    """The open tasks of a responsible unit as of a day; ``overdue`` of them past their due date."""

    unit: str
    open: int
    overdue: int


IN_TIME = Standing()


def by_unit(run: type[ClockRun] = ClockRun) -> ColumnElement[bool]:
    """The runs of the answers that responsible units owe [T]; all others are the office's own days [A]."""
    return run.role == RESPONSIBLE_UNIT


def by_others(run: type[ClockRun] = ClockRun) -> ColumnElement[bool]:
    """The runs of all other steps [A]."""
    return or_(run.role.is_(None), run.role != RESPONSIBLE_UNIT)


def is_late(on: date) -> ColumnElement[bool]:
    """The runs that are late as of the end of a day."""
    return and_(
        counts(on),
        ClockRun.due_on < on,
        or_(ClockRun.until_on.is_(None), ClockRun.due_on < ClockRun.until_on),
    )


def is_open(on: date, run: type[ClockRun] = ClockRun) -> ColumnElement[bool]:
    """The runs that still went on at the end of a day."""
    return and_(counts(on, run), or_(run.until_on.is_(None), run.until_on > on))


def late_cases(on: date, *, steps: bool = False) -> Select[UUID]:
    """The ids of the cases in which a responsible unit (``steps``: somebody else) is late as of a day."""
    return select(ClockRun.instance_id).where(by_others() if steps else by_unit(), is_late(on))


def late_case(on: date, *, steps: bool = False) -> ColumnElement[bool]:
    """The same, asked of the ``Instance`` of the statement around it."""
    own = late_cases(on, steps=steps).where(ClockRun.instance_id == Instance.id)
    return own.correlate(Instance).exists()


def standings(session: Session, cases: Iterable[Instance | UUID], on: date) -> dict[UUID, Standing]:
    """How each of these cases stands as of a day; those in which nobody is late are left out. One statement."""
    ids = [case.id if isinstance(case, Instance) else case for case in cases]
    if not ids:
        return {}
    return _stand(_standings(on, size_of(ids)).rows(session, listed("case", ids)))


def standing_soon(session: Session, case: Instance, on: date) -> Callable[[], Standing]:
    """The same of one case, asked together with what its caller asks next."""
    read = _standings(on, 1).soon(session, listed("case", [case.id]))
    return lambda: _stand(read()).get(case.id, IN_TIME)


def _stand(rows: Iterable[Sequence[Any]]) -> dict[UUID, Standing]:
    return {case: Standing(*(number > 0 for number in numbers)) for case, *numbers in rows}


@lru_cache(maxsize=64)
def _standings(on: date, size: int) -> Prepared:
    mine, others = by_unit(), by_others()
    open_then = is_open(on)
    return Prepared(
        select(
            ClockRun.instance_id,
            func.count().filter(mine),
            func.count().filter(mine, open_then),
            func.count().filter(others),
            func.count().filter(others, open_then),
        )
        .where(ClockRun.instance_id.in_(places("case", size, ClockRun.instance_id.type)), is_late(on))
        .group_by(ClockRun.instance_id)
    )


def unit_work(session: Session, on: date) -> list[Work]:
    """Every responsible unit with open answers as of a day, those with most overdue ones first; one statement."""
    overdue = func.count().filter(ClockRun.due_on < on)
    # of today these are few, and an index holds them alone: nothing stops or is void only later
    going = and_(ClockRun.until_on.is_(None), ClockRun.void_on.is_(None)) if on >= clock.today() else is_open(on)
    rows = session.execute(
        select(ClockRun.unit, func.count(), overdue)
        .where(by_unit(), going, ClockRun.unit.is_not(None))
        .group_by(ClockRun.unit)
        .order_by(overdue.desc(), func.count().desc(), ClockRun.unit)
    )
    return [Work(str(unit), number, behind) for unit, number, behind in rows]


def unit_answers(session: Session, *, process: str, since: date, on: date) -> Mapping[str, Answers]:
    """Responsible unit → what it was asked from ``since`` to ``on``, as of ``on``: each round of handling counts (W6).

    A hand-back in time is no answer and asks for none; whatever ended a late one, it counts. One statement.
    """
    # nearly all such runs are of this process: looking up the few others' cases spares a look at each run's case
    others = select(Instance.id).where(or_(Instance.process < process, Instance.process > process))
    in_time, late, unanswered = _answers(on)
    rows = session.execute(
        select(
            ClockRun.unit,
            func.count().filter(in_time),
            func.count().filter(late),
            func.count().filter(unanswered),
        )
        .where(
            ClockRun.instance_id.not_in(others),
            by_unit(),
            ClockRun.unit.is_not(None),
            counts(on),
            _since(since),
            or_(in_time, late, unanswered),
        )
        .group_by(ClockRun.unit)
    )
    return {str(unit): Answers(*numbers) for unit, *numbers in rows}


ASKED_FOR, ANSWERED_IN_TIME, MISSED = "asked", "in_time", "missed"
ANSWERS: Mapping[str, str] = {ASKED_FOR: "应答复", ANSWERED_IN_TIME: "按期答复", MISSED: "未按期答复"}
"""The kinds of requests that ``unit_answers`` counts, in words."""


def answer_cases(which: str, on: date, since: date | None, unit: str | None) -> Select[UUID]:
    """The cases of what ``unit_answers`` counts from ``since`` on, as of a day: all of it (``ASKED_FOR``), what was
    answered in time, or what was not; of one ``unit`` or of all."""
    in_time, late, unanswered = _answers(on)
    wanted = {ASKED_FOR: or_(in_time, late, unanswered), ANSWERED_IN_TIME: in_time, MISSED: or_(late, unanswered)}
    found = select(ClockRun.instance_id).where(by_unit(), counts(on), wanted[which])
    found = found.where(ClockRun.unit == unit if unit is not None else ClockRun.unit.is_not(None))
    return found.where(_since(since)) if since is not None else found


def _answers(on: date) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """As of a day: the answers in time, those that were late, and what is late without an answer."""
    answered = and_(ClockRun.ended == RUN_ANSWERED, ClockRun.until_on <= on)
    in_time = and_(answered, ClockRun.due_on >= ClockRun.until_on)
    late = and_(answered, ClockRun.due_on < ClockRun.until_on)
    return in_time, late, and_(is_late(on), or_(is_open(on), ClockRun.ended != RUN_ANSWERED))


def _since(day: date) -> ColumnElement[bool]:
    """The runs that went on, or ended, on a day or later."""
    return or_(ClockRun.until_on.is_(None), ClockRun.until_on >= day)


def counts(on: date, run: type[ClockRun] = ClockRun) -> ColumnElement[bool]:
    """The runs that had begun by the end of a day and that still counted then."""
    return and_(run.from_on <= on, or_(run.void_on.is_(None), run.void_on > on))
