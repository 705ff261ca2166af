"""How much waits for somebody: the number beside 待办, which is asked for often, and the work of a desk by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, bindparam, func, literal, literal_column, select
from sqlalchemy.orm import Session

from service.processes import pools
from service.processes.models import IS_OPEN, RUNNING, SUSPENDED, Instance, UserTask
from service.rights import Actor

MOST = 100
"""Beyond so many nobody counts: the menu says 99+."""


def waiting_tasks(mine: ColumnElement[bool]) -> Select[int]:
    """Counts the tasks that 待办 would list, up to ``MOST``, out of the condition that they are somebody's
    (``pools.Question``)."""
    some = select(literal(1).label("one")).select_from(UserTask).join(UserTask.instance)
    found = some.where(_listed(mine)).limit(literal_column(str(MOST))).subquery()
    return select(func.count()).select_from(found)


@dataclass(frozen=True, slots=True)
class StageWork:
    """The open tasks of somebody at a ``stage`` of a ``process``: how many, of these overdue, of these due soon."""

    process: str
    stage: str | None
    count: int
    overdue: int
    near: int


def work_by_stage(session: Session, actor: Actor, today: date) -> Sequence[StageWork]:
    """The tasks of 待办 by stage, those with most overdue ones first; one statement."""
    rows = _BY_STAGE.rows(session, actor, today, {"today": today})
    return [StageWork(*row) for row in rows if row[0] is not None]


def _by_stage(mine: ColumnElement[bool]) -> Select[Any]:
    # asked of each task, for PostgreSQL takes somebody's tasks for many and would read all cases that go on; none for
    # those of another case
    process = select(Instance.process).where(Instance.id == UserTask.instance_id, _GOES_ON)
    halted = UserTask.instance_id.in_(pools.HALTED)
    told = (UserTask.stage, UserTask.due_on, UserTask.warn_on, UserTask.paused)
    some = select(process.correlate(UserTask).scalar_subquery().label("process"), *told, halted.label("halted"))
    work = some.where(IS_OPEN, mine).subquery()
    today = bindparam("today", type_=Date)
    counted = and_(work.c.paused.is_(False), ~work.c.halted)
    late = func.count().filter(counted, work.c.due_on < today)
    near = func.count().filter(counted, work.c.due_on >= today, work.c.warn_on <= today)
    found = select(work.c.process, work.c.stage, func.count(), late, near)
    found = found.group_by(work.c.process, work.c.stage)
    return found.order_by(late.desc(), near.desc(), func.count().desc(), work.c.process, work.c.stage)


_GOES_ON = Instance.status.in_((RUNNING, SUSPENDED))
_BY_STAGE = pools.Question(_by_stage)


def _listed(mine: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition on somebody's tasks, joined with their cases, that 待办 lists them."""
    return and_(IS_OPEN, mine, _GOES_ON)
