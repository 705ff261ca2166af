"""What the desk shows beside one's own tasks: the units' open work for the Talent Office, a leader's own talents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from service.auth import Actor
from service.auth.policy import LEADER
from service.liaisons import served_ids
from service.processes.models import OPEN, RUNNING, Instance, UserTask
from service.talents.models import Talent
from service.talents.queries import search_talents

MOST = 100


@dataclass(frozen=True, slots=True)
class UnitWork:
    """How many open tasks a unit has, how many of them are late."""

    unit: str
    open: int
    late: int


def units_at_work(session: Session, today: date) -> Sequence[UnitWork]:
    """Every unit with open tasks, those with most late ones first (R1); one statement."""
    late = func.sum(case((UserTask.due_on < today, 1), else_=0)).label("late")
    rows = session.execute(
        select(UserTask.unit, func.count(), late)
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(
            UserTask.status == OPEN,
            UserTask.unit.is_not(None),
            UserTask.paused.is_(False),
            Instance.status == RUNNING,
        )
        .group_by(UserTask.unit)
        .order_by(late.desc(), func.count().desc(), UserTask.unit)
    )
    return [UnitWork(str(unit), count, int(behind)) for unit, count, behind in rows]


def own_talents(session: Session, actor: Actor) -> Sequence[Talent]:
    """The talents that a leader serves; none for others."""
    if not actor.has_role(LEADER) or actor.person_id is None:
        return []
    return search_talents(session, among=served_ids(person_id=actor.person_id), limit=MOST).items
