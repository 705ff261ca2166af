"""The rights to act on a task: role, unit and assignment. ``visibility`` decides how much somebody sees of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, object_session

from service import clock
from service.auth.holders import keys_of
from service.auth.queries import acting_for, find_account
from service.db.lists import on_day
from service.errors import Conflict, NotAllowed
from service.people.models import Leader
from service.people.queries import find_leader, unit_names
from service.processes import standing
from service.processes.models import DONE, UserTask
from service.processes.rules import holds
from service.processes.wiring import wiring
from service.rights import Actor, require

OFFICE = "talent_office"


def may_take(actor: Actor, task: UserTask) -> bool:
    """Whether the actor may complete the task: a candidate of today, and its holder where somebody has claimed it."""
    if not is_candidate(actor, task):
        return False
    return task.assignee in (None, account_of(actor)) or holder_of(task) is None


def is_candidate(actor: Actor, task: UserTask) -> bool:
    """Whether the task is for the actor, whoever has claimed it: by role, unit and person, or as who stands in."""
    return is_holder(actor, task) or stands_in(actor, task)


def might_take(session: Session, actor: Actor, task: UserTask) -> bool:
    """Whether the task is for the actor, in person or as a substitute, whoever has claimed it."""
    return any(is_candidate(one, task) for one in _in_person_first(session, actor, clock.today()))


def is_holder(actor: Actor, task: UserTask) -> bool:
    """Whether the actor holds the role (for the unit) or the leader's post that the task is for, or is its person."""
    if not holds(actor, task.role, task.unit):
        return False
    if task.person_key is not None:
        return task.person_key in own_keys(actor)
    if task.leader_id is None:
        return True
    session = object_session(task)
    post = find_leader(session, task.leader_id) if session is not None else None
    mine = post is not None and actor.person_id is not None and post.person_id == actor.person_id
    return mine and post is not None and post.serves_on(clock.today())


def stands_in(actor: Actor, task: UserTask) -> bool:
    """Whether nobody can act in the task's role, and the actor is who then does it (``organization.toml``)."""
    session = object_session(task)
    if session is None:
        return False
    colleague = task.person_key is not None and holds(actor, task.role, task.unit)
    if not colleague and not any(actor.has_role(role) for role in standing.chain_of(session, task.role)):
        return False
    session.flush()
    mine = select(UserTask.id).where(UserTask.id == task.id, standing.stands_in(session, actor, clock.today()))
    return session.scalar(mine) is not None


def holder_of(task: UserTask) -> str | None:
    """The holder of a claim on the task who could still take it; without one it is everybody's of its role again."""
    session = object_session(task)
    if task.assignee is None or session is None:
        return task.assignee
    session.flush()
    stands = select(UserTask.id).where(UserTask.id == task.id, standing.claim_stands(session, clock.today()))
    return task.assignee if session.scalar(stands) is not None else None


def account_of(actor: Actor) -> str:
    """The account whose task the actor takes: a substitute takes it for who is away (代理), a stand-in takes it up."""
    return actor.on_behalf_of if actor.on_behalf_of and ":" not in actor.on_behalf_of else actor.username


def own_keys(actor: Actor) -> tuple[str, ...]:
    """The keys of tasks that are the actor's alone (``auth.holders``)."""
    return keys_of(account_of(actor), actor.person_id)


def as_assignee(session: Session, actor: Actor, task: UserTask, now: datetime) -> Actor | None:
    """The actor as who has claimed the task, in person or for somebody on leave; None when somebody else has."""
    holder = holder_of(task)
    if holder is None or holder == actor.username:
        return actor if holder is not None else None
    others = acting_for(session, actor, clock.local(now).date())
    return next((other for other in others if holder == other.on_behalf_of), None)


def taker(session: Session, actor: Actor, task: UserTask, now: datetime) -> Actor | None:
    """The actor as who the task is done; None where it is not the actor's.

    In person, for somebody on leave whose declared substitute it is (代理), or for a leader, a unit or a role that
    nobody can act in (代办): then ``on_behalf_of`` names that one, and both names are kept.
    """
    for one in _in_person_first(session, actor, clock.local(now).date()):
        if may_take(one, task):
            return one if is_holder(one, task) else _standing_in(session, one, task)
    return None


def _in_person_first(session: Session, actor: Actor, today: date) -> Iterator[Actor]:
    """The actor, then as whose substitute they act: asked for only where the actor alone does not do."""
    yield actor
    yield from acting_for(session, actor, today)


def _standing_in(session: Session, actor: Actor, task: UserTask) -> Actor:
    """The actor for whom nobody can act. A substitute of a stand-in keeps the name of who is on leave."""
    absence = standing.absence_of(session, task, clock.today())
    if absence is None or actor.on_behalf_of is not None:
        return actor
    return replace(actor, on_behalf_of=absence.key, on_behalf_of_name=absence.name)


def stood_in(session: Session, task: UserTask, doer: Actor) -> str | None:
    """The note kept with what a stand-in did: why it was not done by whose task it was; None where that one did it."""
    if is_holder(doer, task):
        return None
    absence = standing.absence_of(session, task, clock.today())
    return absence.words if absence is not None else None


def require_take(session: Session, actor: Actor, task: UserTask, now: datetime) -> Actor:
    """The actor as who the task is done (``taker``).

    Raises Conflict where a colleague has claimed it, saying who; NotAllowed where it is not for the actor at all.
    """
    if (found := taker(session, actor, task, now)) is not None:
        return found
    if task.assignee is not None and might_take(session, actor, task):
        way = "您可以转办给自己" if actor.has_role(OFFICE) else "请先由其退领或由区人才办转办"
        raise Conflict(f"该任务已由 {person_name(session, task.assignee)} 领办；如需接手，{way}")
    raise NotAllowed("该任务不在您的职责范围内：由" + role_names(session, [task]) + "办理")


def over(session: Session, task: UserTask) -> str:
    """Why a task that is not open cannot be done any more."""
    done = f"已由 {person_name(session, task.completed_by)} 完成" if task.status == DONE else "已取消"
    return f"该任务{done}，不能再办理"


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
    called, units = wiring(session).role_name, unit_names(session, [task.unit for task in asked if task.unit])
    names = [
        (called(task.role) or task.role or "") + (f"（{units.get(task.unit, task.unit)}）" if task.unit else "")
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


def candidate_clause(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Tasks that the actor may complete (``may_take``)."""
    return unclaimed(session, actor) & meant_for(session, actor)


def unclaimed(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Tasks on which nobody but the actor has a claim that stands."""
    return or_(
        UserTask.assignee.is_(None),
        UserTask.assignee == account_of(actor),
        ~standing.claim_stands(session, clock.today()),
    )


def meant_for(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Tasks that are for the actor, whoever has claimed them (``is_candidate``)."""
    today = clock.today()
    own = UserTask.leader_id.is_(None) & or_(
        UserTask.person_key.is_(None), UserTask.person_key.in_(own_keys(actor)), standing.left_alone(today)
    )
    if actor.person_id is not None and actor.has_role("leader"):
        own = own | UserTask.leader_id.in_(
            select(Leader.id).where(
                Leader.person_id == actor.person_id, on_day(Leader.starts_on, Leader.ends_on, today)
            )
        )
    return or_(own & standing.held_by(actor), standing.stands_in_role(session, actor, today))


def done_steps(session: Session, task: UserTask) -> set[str]:
    """The steps of the task's scope that somebody has completed."""
    return set(
        session.scalars(
            select(UserTask.task).where(
                UserTask.instance_id == task.instance_id, UserTask.scope == task.scope, UserTask.status == DONE
            )
        )
    )
