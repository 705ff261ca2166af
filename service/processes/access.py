"""Who may act on a task: role, unit and assignment. What somebody sees of a case is decided in ``visibility``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session, object_session

from service import clock
from service.auth import Actor
from service.auth.policy import LIAISON, require
from service.auth.queries import accounts_of_role, acting_for, find_account, held_units
from service.errors import NotAllowed
from service.people.models import Leader
from service.people.queries import find_leader, unit_names
from service.processes.models import DONE, UserTask
from service.processes.rules import holds

OFFICE = "talent_office"
ROLE_NAMES: Mapping[str, str] = {
    "liaison": "联络员",
    "talent_office": "区人才办",
    "responsible_unit": "责任单位",
    "leader": "区领导",
    "employer": "所在单位",
}


def may_take(actor: Actor, task: UserTask) -> bool:
    """Whether the actor may complete the task: a candidate of today, and its assignee where it has one."""
    return task.assignee in (None, account_of(actor)) and is_candidate(actor, task)


def is_candidate(actor: Actor, task: UserTask) -> bool:
    """Whether the task is for the actor's role, unit and person, whoever has claimed it."""
    session = object_session(task)
    if not holds(actor, task.role, task.unit):
        return session is not None and actor.has_role(OFFICE) and is_vacant(session, task)
    if task.leader_id is None:
        return True
    post = find_leader(session, task.leader_id) if session is not None else None
    return post is not None and actor.person_id is not None and post.person_id == actor.person_id


def is_vacant(session: Session, task: UserTask) -> bool:
    """Whether the task waits for a unit's liaison, and nobody is: then the Talent Office may act for the unit (T4)."""
    if task.role != LIAISON or task.unit is None:
        return False
    return not accounts_of_role(session, LIAISON, task.unit)


def account_of(actor: Actor) -> str:
    """Whose task it is that the actor takes: a substitute takes it for who is away (代理)."""
    return actor.on_behalf_of or actor.username


def as_assignee(session: Session, actor: Actor, task: UserTask, now: datetime) -> Actor | None:
    """The actor as who has claimed the task, in person or for somebody on leave; None when somebody else has."""
    if task.assignee == actor.username:
        return actor
    others = acting_for(session, actor, clock.local(now).date())
    return next((other for other in others if task.assignee == other.on_behalf_of), None)


def require_take(session: Session, actor: Actor, task: UserTask, now: datetime) -> Actor:
    """The actor as who the task is done: in person, or for somebody on leave whose declared substitute it is (代理).

    Raises NotAllowed, saying who may.
    """
    if may_take(actor, task):
        return actor
    for represented in acting_for(session, actor, clock.local(now).date()):
        if may_take(represented, task):
            return represented
    if task.assignee is not None and is_candidate(actor, task):
        raise NotAllowed(
            f"该任务已由 {person_name(session, task.assignee)} 领办；如需接手，请先由其退领或由区人才办转办"
        )
    raise NotAllowed("该任务不在您的职责范围内：由" + role_names(session, [task]) + "办理")


def require_manage(actor: Actor) -> None:
    """Raises NotAllowed unless the actor coordinates all cases (the Talent Office, R1)."""
    require(actor, "operate_cases")


def person_name(session: Session, username: str | None) -> str:
    """The name of whoever works under ``username``; the sign-in name itself where no account has it."""
    account = find_account(session, username) if username else None
    return account.name if account is not None else username or ""


def role_names(session: Session, tasks: Iterable[UserTask]) -> str:
    """The roles of the tasks in words, with the names of their units."""
    asked = list(tasks)
    units = unit_names(session, [task.unit for task in asked if task.unit])
    names = [
        ROLE_NAMES.get(task.role or "", task.role or "")
        + (f"（{units.get(task.unit, task.unit)}）" if task.unit else "")
        for task in asked
    ]
    return "、".join(dict.fromkeys(names)) or "指定人员"


def origin_unit(actor: Actor, scopes: Mapping[str, str]) -> str | None:
    """The unit for which the actor starts a process: that of a role bound to its origin, else the actor's own."""
    bound = sorted(
        grant.unit for grant in actor.grants if scopes.get(grant.role) in ("origin", "own") and grant.unit is not None
    )
    if actor.unit in bound or not bound:
        return actor.unit
    return bound[0]


def candidate_clause(actor: Actor) -> ColumnElement[bool]:
    """Tasks that the actor may complete (``may_take``)."""
    grants = [
        (UserTask.role == grant.role)
        & (true() if grant.unit is None else or_(UserTask.unit.is_(None), UserTask.unit == grant.unit))
        for grant in sorted(actor.grants, key=lambda one: (one.role, one.unit or ""))
    ]
    mine = or_(UserTask.assignee.is_(None), UserTask.assignee == account_of(actor))
    own: ColumnElement[bool] = UserTask.leader_id.is_(None)
    if actor.person_id is not None and actor.has_role("leader"):
        own = own | UserTask.leader_id.in_(select(Leader.id).where(Leader.person_id == actor.person_id))
    if actor.has_role(OFFICE):
        held = held_units(LIAISON, clock.today())
        grants.append((UserTask.role == LIAISON) & UserTask.unit.is_not(None) & UserTask.unit.not_in(held))
    return mine & own & or_(false(), *grants)


def done_steps(session: Session, task: UserTask) -> set[str]:
    """The steps of the task's scope that somebody has completed."""
    return set(
        session.scalars(
            select(UserTask.task).where(
                UserTask.instance_id == task.instance_id, UserTask.scope == task.scope, UserTask.status == DONE
            )
        )
    )
