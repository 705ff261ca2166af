"""Who has a part in a case, beside those who only see it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service import clock
from service.auth import Actor
from service.auth.policy import EMPLOYER, LIAISON, TALENT_OFFICE
from service.auth.queries import acting_for
from service.errors import NotAllowed
from service.processes.access import account_of, may_take
from service.processes.advance import open_tasks
from service.processes.models import Instance


def require_part(session: Session, instance: Instance, actor: Actor, now: datetime) -> Actor:
    """The actor as who something is added to the case: in person, or for somebody on leave (代理).

    Who or whose office started it, who may do one of its open tasks, and the Talent Office have a part in it; who sees
    it otherwise only looks on. Raises ``NotAllowed``.
    """
    waiting = open_tasks(session, instance.id)
    for one in (actor, *acting_for(session, actor, clock.local(now).date())):
        offices = one.units_of(LIAISON) | one.units_of(EMPLOYER)
        if (
            one.has_role(TALENT_OFFICE)
            or instance.initiator == account_of(one)
            or instance.initiator_unit in offices
            or any(may_take(one, task) for task in waiting)
        ):
            return one
    raise NotAllowed("只有登记本事项的单位、正在办理的人员和区人才办可以增减附件")
