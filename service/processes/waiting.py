"""How much waits for somebody: the number beside 待办, which is asked for often, and the work of a desk by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, literal, literal_column, select
from sqlalchemy.orm import Session

from service.processes import pools
from service.processes.filters import light_clause
from service.processes.models import IS_OPEN, RUNNING, SUSPENDED, Instance, UserTask
from service.processes.rules import RED, YELLOW
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
    late, near = (func.count().filter(light_clause(colour, today)) for colour in (RED, YELLOW))
    query = (
        select(Instance.process, UserTask.stage, func.count(), late, near)
        .select_from(UserTask)
        .join(UserTask.instance)
        .where(_listed(pools.whose(session, actor, today)))
        .group_by(Instance.process, UserTask.stage)
        .order_by(late.desc(), near.desc(), func.count().desc(), Instance.process, UserTask.stage)
    )
    return [StageWork(*row) for row in session.execute(query)]


def _listed(mine: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition on somebody's tasks, joined with their cases, that 待办 lists them."""
    return and_(IS_OPEN, mine, Instance.status.in_((RUNNING, SUSPENDED)))
