"""Freeing a stuck case: the token goes back to an earlier step; and telling people of such cases, by the worker."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, engine
from service.auth.queries import accounts_of_role
from service.errors import Conflict, Finding, Invalid
from service.processes.advance import advance, lock
from service.processes.commands import as_uuid, require_running
from service.processes.free_text import required_text
from service.processes.incidents import close_incident, open_incident
from service.processes.migrating import RIGHT as MIGRATE
from service.processes.migrating import Choices, migrate
from service.processes.models import Incident, Instance, UserTask
from service.processes.operations import notify
from service.processes.recording import Input
from service.processes.returning import RETURNED, give_back
from service.processes.rules import NO_CASE, NO_TASK
from service.processes.stuck import FAILED, STANDSTILL, UNMANNED, Reason, all_stuck, stuck, why_stuck
from service.rights import ADMIN, OWNER, SYSTEM, TALENT_OFFICE, Actor, require

RIGHT = "free_stuck_cases"
NOTICE = "stuck"
_TOLD = (ADMIN, OWNER, TALENT_OFFICE)


def put_back(
    session: Session,
    *,
    instance_id: UUID | str,
    target: str,
    reason: str,
    actor: Actor,
    now: datetime,
    scope: str = "",
    task_id: UUID | str | None = None,
    to: int | None = None,
) -> Instance:
    """Puts the token of a stuck case back to the completed step ``target`` (its id) of ``scope``, with a reason.

    ``task_id`` is the open task that nobody may take and whose token it is; without one the case stands still. ``to``
    moves the case to that version at once, because the hole would catch it again. Raises NotFound, NotAllowed, Conflict
    (it can go on, or has), Invalid, and what ``migrate`` raises; then nothing has changed.
    """
    require(actor, RIGHT)
    if to is not None:
        require(actor, MIGRATE)
    text = required_text(reason, "reason", "退回理由")
    instance = lock(session, as_uuid(instance_id, NO_CASE))
    require_running(instance)
    task = as_uuid(task_id, NO_TASK) if task_id else None
    why = _reason(why_stuck(session, instance, clock.local(now).date()), task, (scope, target))
    if (scope, target) not in [(one.scope, one.task) for one in why.targets]:
        raise Invalid("不能退回到该步骤", [Finding("/target", "只能退回到本事项已经办过、在停住的地方之前的步骤")])
    if task is not None:
        give_back(session, session.get_one(UserTask, task), instance, target, text, actor, now)
    else:
        data = {"step": why.node, "name": why.step, "scope": scope, "target": target, "reason": text, "late_days": None}
        advance(
            session,
            instance,
            Input(RETURNED, data),
            lambda made, context: engine.put_back(made.program, instance.state, scope, target, context),
            actor=actor,
            now=now,
        )
    session.flush()
    if to is not None:
        migrate(session, instance_id=instance.id, to=to, choices=Choices(reason=text), actor=actor, now=now)
    return instance


def _reason(found: tuple[Reason, ...], task: UUID | None, target: tuple[str, str]) -> Reason:
    """The reason that is meant: of several parts that lie, the one from which the target can be reached."""
    kind = UNMANNED if task is not None else STANDSTILL
    meant = [one for one in found if one.kind == kind and one.task == task]
    if not meant:
        raise Conflict("该事项可以继续办理，或已有人处理，请刷新页面")
    return next((one for one in meant if target in [(back.scope, back.task) for back in one.targets]), meant[0])


# --- Telling people --------------------------------------------------------------------------------------------------


def report(session: Session, *, now: datetime) -> int:
    """Opens an incident for each new reason why a case is stuck, and tells who can free it; closes those that are over.
    Gives how many are new.

    Any number of workers may ask: the case's lock lets one of them tell. Failed timers have incidents of their own.
    """
    today = clock.local(now).date()
    wanted = {
        (case.instance.id, reason.kind, reason.message): case
        for case in all_stuck(session, today)
        for reason in case.reasons
        if reason.kind != FAILED
    }
    known = {(one.instance_id, one.kind, one.message): one for one in _incidents(session)}
    for key, incident in known.items():
        if key not in wanted:
            close_incident(session, incident, actor=SYSTEM, now=now)
    new = sorted(wanted.keys() - known.keys())  # in one order: nobody waits in a ring
    people = sorted(
        {one.username for role in _TOLD for one in accounts_of_role(session, role, on=today)} if new else ()
    )
    told = 0
    for instance_id, kind, message in new:
        instance = lock(session, instance_id)
        still = select(Instance.id).where(Instance.id == instance_id, stuck(session, today, instance_id))
        if session.scalar(still) is None or any(
            one.message == message for one in _incidents(session, instance_id) if one.kind == kind
        ):
            continue
        open_incident(session, kind=kind, instance_id=instance_id, message=message, now=now)
        if people:
            case = wanted[instance_id, kind, message]
            text = f"{case.process_name}（第 {instance.version} 版）{message}"
            notify(session, instance, NOTICE, actor=SYSTEM, now=now, usernames=people, text=text)
        told += 1
    session.flush()
    return told


def _incidents(session: Session, instance_id: UUID | None = None) -> list[Incident]:
    query = select(Incident).where(Incident.kind.in_((UNMANNED, STANDSTILL)), Incident.resolved_at.is_(None))
    if instance_id is not None:
        query = query.where(Incident.instance_id == instance_id)
    return list(session.scalars(query))
