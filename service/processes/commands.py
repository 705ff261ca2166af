"""Commands that move an instance. Plain functions in the caller's transaction; none commits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from service import clock, engine, ids
from service.db.by_hand import Rows, put
from service.errors import Conflict, Finding, Invalid, NotAllowed, NotFound
from service.processes import access
from service.processes.advance import advance, lock, open_tasks
from service.processes.at_hand import at_hand, begun, locked
from service.processes.bundles import Compiled, compiled
from service.processes.calendars import current, days_late
from service.processes.clocks import how_done, stopped
from service.processes.dated import broken_rules, findings_of, known_days
from service.processes.definitions import latest
from service.processes.forms import plain_data
from service.processes.free_text import required_text
from service.processes.handing_on import check_handing_on
from service.processes.merging import merge_data
from service.processes.models import (
    COMPLETED,
    DONE,
    OPEN,
    RUNNING,
    SUSPENDED,
    TERMINATED,
    Definition,
    Instance,
    UserTask,
)
from service.processes.picks import check_listed, check_prefill, check_references
from service.processes.recording import Input
from service.processes.returning import give_back, require_target, targets_among
from service.processes.rules import BY_ITSELF, FRAME_NAMES, NO_CASE, NO_TASK
from service.processes.visibility import known_only
from service.processes.wiring import wiring
from service.rights import Actor

STARTED, DID, TERMINATE, MESSAGE = "started", "completed", "terminated", "message"


def start(
    session: Session,
    *,
    process: str,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    instance_id: UUID | None = None,
) -> Instance:
    """Starts the newest version of ``process``; ``data`` prefills the first form.

    ``instance_id`` (default: a fresh random one) makes a run reproducible, as the demonstration's is.
    Raises NotFound (no such process, or one that only the service starts), NotAllowed (the actor may not take the first
    step), Invalid (unknown or wrong fields; paths ``/data/…``).
    """
    given, definition = plain_data(data), latest(session, process)
    made = compiled(session, definition.digest, process)
    if made.given:
        raise NotFound(BY_ITSELF)
    if clash := sorted(FRAME_NAMES & set(given)):
        raise Invalid("这些名称由系统使用", [Finding(f"/data/{name}", "请删去该项") for name in clash])
    instance = _begin(session, definition, given, actor=actor, now=now, instance_id=instance_id)
    opened = open_tasks(session, instance.id)
    if not any(access.is_holder(actor, task) for task in opened):
        raise NotAllowed("您没有发起该流程的权限：首个步骤由" + access.role_names(session, opened) + "办理")
    check_prefill(session, made, opened, given, actor)
    return instance


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A start of a timer start event: the ``n``-th (from 0), planned for ``planned_at`` (aware)."""

    event: str
    n: int
    planned_at: datetime


def begin(
    session: Session,
    *,
    process: str,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    instance_id: UUID | None = None,
    occurrence: Occurrence | None = None,
) -> Instance:
    """Starts the newest version of ``process`` without asking who may: for the calendar and for actions.

    With an ``occurrence`` it starts at that timer start event, and the diagram may read ``scheduled.planned_at`` and
    ``scheduled.planned_on``. Raises NotFound (no such process or start event).
    """
    definition, given = latest(session, process), plain_data(data)
    return _begin(session, definition, given, actor=actor, now=now, instance_id=instance_id, occurrence=occurrence)


def _begin(
    session: Session,
    definition: Definition,
    given: dict[str, Any],
    *,
    actor: Actor,
    now: datetime,
    instance_id: UUID | None,
    occurrence: Occurrence | None = None,
) -> Instance:
    plan = wiring(session)
    unit = access.origin_unit(actor, plan.scopes)
    frame = {"scopes": dict(plan.scopes), "settings": dict(plan.settings)}
    instance = Instance(
        id=instance_id or ids.new(),
        process=definition.key,
        version=definition.version,
        digest=definition.digest,
        status=RUNNING,
        state="",
        data=given,
        frame=frame,
        title="",
        search_key="",
        initiator=actor.username,
        initiator_unit=unit,
        started_at=now,
        urges=0,
    )
    session.add(instance)
    begun(session, instance)
    told: dict[str, Any] = {
        **given,
        "settings": frame["settings"],
        "initiator": actor.username,
        "initiator_unit": unit,
        "initiator_roles": sorted(actor.roles),
    }
    said = {"process": definition.key, "version": definition.version, "digest": definition.digest, "frame": frame}
    event = None
    if occurrence is not None:
        event = occurrence.event
        told["scheduled"] = {
            "event": event,
            "occurrence": occurrence.n,
            "planned_at": clock.local(occurrence.planned_at).isoformat(),
            "planned_on": clock.local(occurrence.planned_at).date().isoformat(),
        }
        said |= {"event": event, "occurrence": occurrence.n, "planned_at": told["scheduled"]["planned_at"]}
    advance(
        session,
        instance,
        Input(STARTED, {**said, "data": told}),
        lambda program, context: engine.start(program.program, told, context, event),
        actor=actor,
        now=now,
    )
    return instance


@known_only
def complete(
    session: Session,
    *,
    task_id: UUID | str,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    revision: int | None = None,
    filled: Mapping[str, Any] | None = None,
) -> UserTask:
    """Completes an open task with its form's ``data``: one of two people who try succeeds, the other gets Conflict.

    ``revision`` (optional) is what the caller's page showed; another one now means a stale page (Conflict). ``filled``
    is what the service had filled the page with (``x-fill``), for the journal; None where that is not known. Raises
    NotFound, Conflict (done, cancelled, changed, suspended), NotAllowed, Invalid (field by field, path ``/data/…``).
    """
    task, instance = locked_task(session, task_id)
    doer = access.require_take(session, actor, task, now)
    if revision is not None and revision != task.revision:
        raise Conflict("页面打开后该任务有变动，请刷新后再提交；您填写的内容仍在")
    made = compiled(session, instance.digest, instance.process)
    form = made.form_of(task.process, task.task)
    calendar, today = current(session), clock.local(now).date()
    clean = form.check(data, today=today, calendar=calendar)
    check_references(session, form, clean, doer)
    check_listed(session, form, clean, task.data, today)
    check_handing_on(session, instance, task, form, clean, today)
    broken = list(broken_rules(form, clean, known_days(session, form, task, today)))
    if findings := findings_of(broken):
        raise Invalid(f"表单有 {len(findings)} 处需要修改", findings)
    wiring(session).hand_in(session, instance, task, form, clean, doer, now)
    late = days_late(calendar, task.due_on, today)
    drop = frozenset(form.fields) - set(clean)
    event_data = {
        "step": task.task,
        "name": task.name,
        "process": task.process,
        "data": clean,
        "drop": sorted(drop),
        "due_on": task.due_on.isoformat() if task.due_on else None,
        "late_days": late,
        "warnings": [
            *form.warnings(clean, clock.local(task.entered_at).date(), today, calendar),
            *(message for _, message in broken),
        ],
        "signature": signature_of(made, task, doer),
    }
    if filled is not None:
        event_data["filled"] = {name: value for name, value in plain_data(filled).items() if name in form.fields}
    if stood_in := access.stood_in(session, task, doer):
        event_data["stands_in"] = stood_in
    put(
        task,
        status=DONE,
        completed_at=now,
        completed_by=doer.username,
        on_behalf_of=doer.on_behalf_of,
        late_days=late,
        submitted=clean,
        asked_due_on=None,
        revision=task.revision + 1,
    )
    merge_data(instance, task, clean, drop, made.own_fields(task.process, task.task))
    advance(
        session,
        instance,
        Input(DID, event_data, str(task.id), completes=True),
        lambda program, context: engine.complete(program.program, instance.state, str(task.id), clean, drop, context),
        actor=doer,
        now=now,
        first=lambda: stopped(session, [task.id], today, how_done(clean)),
    )
    return task


@known_only
def return_task(
    session: Session, *, task_id: UUID | str, target: str, reason: str, actor: Actor, now: datetime
) -> UserTask:
    """退回: moves the token of an open task back to the earlier step ``target`` (its id), with a reason.

    The step gets a new task with new timers; the old one stays in history with its lateness, so that no return makes
    a late case punctual (CLOCK). Only within one scope and never across a parallel split: there the diagram draws the
    way back. Raises Conflict, NotAllowed, Invalid, NotFound.
    """
    task, instance = locked_task(session, task_id)
    doer = access.require_take(session, actor, task, now)
    text = required_text(reason, "reason", "退回理由")
    made = compiled(session, instance.digest, instance.process)
    require_target(target, return_targets(session, made, task))
    give_back(session, task, instance, target, text, doer, now)
    return task


@known_only
def terminate(session: Session, *, instance_id: UUID | str, reason: str, actor: Actor, now: datetime) -> Instance:
    """终止: ends a running or suspended instance for good, with a reason. For the Talent Office."""
    instance = locked_instance(session, instance_id)
    access.require_manage(actor)
    text = required_text(reason, "reason", "终止理由")
    if instance.status not in (RUNNING, SUSPENDED):
        raise Conflict("该事项已经结束，不能终止")
    instance.status, instance.ended_at = TERMINATED, now
    instance.end, instance.end_name = "terminated", "终止"
    advance(
        session,
        instance,
        Input(TERMINATE, {"reason": text}),
        lambda program, context: engine.cancel(program.program, instance.state, context),
        actor=actor,
        now=now,
    )
    return instance


@known_only
def deliver_message(
    session: Session,
    *,
    instance_id: UUID | str,
    message: str,
    payload: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Instance:
    """Delivers a message that the diagram waits for. Raises Conflict when nothing waits for it."""
    instance = locked_instance(session, instance_id)
    access.require_manage(actor)
    require_running(instance)
    said = plain_data(payload)
    advance(
        session,
        instance,
        Input(MESSAGE, {"message": message, "payload": said}),
        lambda program, context: engine.deliver(program.program, instance.state, message, said, context),
        actor=actor,
        now=now,
    )
    return instance


# --- Shared by the commands and the operations -----------------------------------------------------------------------


def locked_instance(session: Session, instance_id: UUID | str) -> Instance:
    """The instance by id (text or UUID), locked. Raises NotFound."""
    return lock(session, as_uuid(instance_id, NO_CASE))


def locked_task(session: Session, task_id: UUID | str, *, any_status: bool = False) -> tuple[UserTask, Instance]:
    """The task and its instance, locked in this order: instance first. Raises NotFound, Conflict."""
    wanted = as_uuid(task_id, NO_TASK)
    instance = locked(session, task=wanted)
    if instance is None:
        raise NotFound(NO_TASK)
    found = at_hand(session, instance).tasks.get(wanted) or _TASK.first(session, {"task": wanted})
    if found is None:
        raise NotFound(NO_TASK)
    set_committed_value(found, "instance", instance)  # who holds the task need not ask for its case
    if any_status:
        return found, instance
    if found.status != OPEN:
        raise Conflict(access.over(session, found))
    require_running(instance)
    return found, instance


_TASK = Rows(UserTask, lambda tasks: tasks.where(UserTask.id == bindparam("task")), fresh=True)


def require_running(instance: Instance) -> None:
    """Raises Conflict unless the instance runs."""
    if instance.status == SUSPENDED:
        raise Conflict("该事项已挂起，请先由区人才办恢复")
    if instance.status != RUNNING:
        raise Conflict("该事项已办结" if instance.status == COMPLETED else "该事项已终止")


def as_uuid(value: UUID | str, message: str) -> UUID:
    """A UUID from what a person or a URL gave. Raises NotFound with ``message``."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(str(value))
    except ValueError:
        raise NotFound(message) from None


def return_targets(session: Session, made: Compiled, task: UserTask) -> list[tuple[str, str]]:
    """(id, name) of the steps that ``task`` can be returned to: done before, in its scope, on a way without splits."""
    return targets_among(made, task.process, task.task, access.done_steps(session, task))


def signature_of(made: Compiled, task: UserTask, doer: Actor) -> dict[str, Any] | None:
    """The signature that completing this task puts into a box of the printed form (X1)."""
    box = made.program.user_tasks[task.process, task.task].properties.get("sign")
    if not box:
        return None
    return {"box": box, "name": doer.name, "unit": task.unit or doer.unit, "on_behalf_of": doer.on_behalf_of_name}
