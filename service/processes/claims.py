"""The end of a claim (领办) whose holder can no longer act: journaled, told to whoever can, and nobody's by then.

Reading follows the rule of the day (``standing``); what is journaled here says when, why and by whom, so that a role
that is given back later gives no claim back. A command that takes a right away lets its claims go in the same
transaction (``let_go``); what ends by a date, or by a way that asks nobody, the worker finds (``lapsed``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from service import clock
from service.auth.queries import find_account, grants_of
from service.history.notices import NOTICE
from service.people.queries import find_unit
from service.processes import standing
from service.processes.advance import lock
from service.processes.models import IS_OPEN, RUNNING, SUSPENDED, Instance, UserTask
from service.processes.notices import notice_of
from service.processes.recording import record
from service.rights import SYSTEM, Actor

CLAIM_ENDED = "claim_ended"
WHY: Mapping[str, str] = {
    "disabled": "的账号已停用",
    "left": "已离任",
    "unit_closed": "所在岗位的单位已停用",
    "taken_up": "代办结束：已有人到岗",
    "role": "不再担任该岗位",
}
"""Why a claim ended, as it follows the name of whose claim it was."""


def let_go(session: Session, usernames: Collection[str], *, actor: Actor, now: datetime) -> int:
    """Ends the claims of these accounts that no longer stand; gives how many. Instances are locked in one order."""
    if not usernames:
        return 0
    session.flush()
    found = _lapsed(session, UserTask.assignee.in_(sorted(usernames))).order_by(UserTask.instance_id, UserTask.id)
    tasks = session.scalars(found).all()
    return sum(end_claim(session, task_id=task_id, actor=actor, now=now) for task_id in tasks)


def lapsed(session: Session, *, limit: int = 100) -> list[UUID]:
    """Ids of open tasks whose claim no longer stands."""
    return list(session.scalars(_lapsed(session).order_by(UserTask.instance_id, UserTask.id).limit(limit)))


def end_claim(session: Session, *, task_id: UUID, now: datetime, actor: Actor = SYSTEM) -> bool:
    """Ends one claim that no longer stands, and tells whoever may take the task now. False where it stands after all.

    The instance is locked first, as every command does.
    """
    instance_id = session.scalar(select(UserTask.instance_id).where(UserTask.id == task_id))
    if instance_id is None:
        return False
    instance = lock(session, instance_id)
    task = session.get_one(UserTask, task_id, populate_existing=True)
    was = task.assignee
    if was is None or session.scalar(_lapsed(session).where(UserTask.id == task_id)) is None:
        return False
    account = find_account(session, was)
    data = {
        "step": task.task,
        "name": task.name,
        "was": was,
        "was_name": account.name if account is not None else was,
        "why": _why(session, task),
        "unit": task.unit,
    }
    task.assignee = None
    task.revision += 1
    record(session, instance, kind=CLAIM_ENDED, actor=actor, now=now, task=str(task.id), data=data)
    said = f"{data['was_name']}{WHY[str(data['why'])]}"
    told = notice_of(instance, CLAIM_ENDED, task=task, text=said)
    record(session, instance, kind=NOTICE, actor=actor, now=now, task=str(task.id), data=told.data())
    session.flush()
    return True


def _lapsed(session: Session, *only: ColumnElement[bool]) -> Select[UUID]:
    return (
        select(UserTask.id)
        .join(Instance, Instance.id == UserTask.instance_id)
        .where(
            IS_OPEN,
            UserTask.assignee.is_not(None),
            Instance.status.in_((RUNNING, SUSPENDED)),
            *only,
            ~standing.claim_stands(session, clock.today()),
        )
    )


def _why(session: Session, task: UserTask) -> str:
    account = find_account(session, task.assignee or "")
    unit = find_unit(session, task.unit) if task.unit else None
    if account is None or not account.active:
        return "disabled"
    if account.person is not None and not account.person.active:
        return "left"
    if unit is not None and not unit.active:
        return "unit_closed"
    held = grants_of(session, [account.username], clock.today())[account.username]
    roles = {grant.role for grant in held}
    stood_in = task.role not in roles and roles & set(standing.chain_of(session, task.role))
    return "taken_up" if stood_in else "role"
