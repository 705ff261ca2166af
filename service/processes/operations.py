"""Operations on tasks and cases beside completing: each with its rule of who may, its reason, its journal entry."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.auth.queries import actor_of, usable_name
from service.errors import Conflict, Finding, Invalid, NotAllowed
from service.history import Happened
from service.history.notices import NOTICE
from service.processes import access, urges
from service.processes.advance import open_tasks
from service.processes.applying import apply_effects, due_of_row, facts_of_row
from service.processes.calendars import current, find_current
from service.processes.commands import as_uuid, locked_instance, locked_task, require_running
from service.processes.counters import next_value, urge_name
from service.processes.course import rebuilt, taken_back_effects
from service.processes.free_text import required_text
from service.processes.links import require_alone
from service.processes.models import COMPLETED, DONE, OPEN, RUNNING, Instance, UserTask
from service.processes.notices import notice_of
from service.processes.recording import Input, record
from service.processes.recount import recount
from service.processes.rules import HANDLING, NO_TASK, one_line
from service.processes.spans import keep
from service.processes.urges import BY_SYSTEM
from service.processes.visibility import known_only
from service.rights import Actor

NOBODY = "没有这个账号或已停用，请重新选择"


@known_only
def claim(session: Session, *, task_id: UUID | str, actor: Actor, now: datetime) -> UserTask:
    """领办: takes an unassigned task for oneself, or as a substitute for who is away, whose it stays afterwards.

    Raises Conflict when somebody else has it.
    """
    task, instance = locked_task(session, task_id)
    if (holder := access.holder_of(task)) is not None:
        if access.as_assignee(session, actor, task, now) is not None:
            return task
        raise Conflict(f"该任务已由 {access.person_name(session, holder)} 领办")
    doer = access.require_take(session, actor, task, now)
    task.assignee = access.account_of(doer)
    task.revision += 1
    _note(session, instance, task, "claimed", doer, now, {"assignee": task.assignee})
    return task


@known_only
def release(session: Session, *, task_id: UUID | str, actor: Actor, now: datetime) -> UserTask:
    """退领: gives a task back to all candidates. For its assignee (or the substitute), or the Talent Office."""
    task, instance = locked_task(session, task_id)
    if access.holder_of(task) is None:
        raise Conflict("该任务没有人领办，无需退领")
    doer = access.as_assignee(session, actor, task, now)
    if doer is None and not actor.has_role(access.OFFICE):
        raise NotAllowed("只有领办人或区人才办可以退领")
    before, task.assignee = task.assignee, None
    task.revision += 1
    _note(session, instance, task, "released", doer or actor, now, {"was": before})
    return task


@known_only
def reassign(session: Session, *, task_id: UUID | str, to: str, reason: str, actor: Actor, now: datetime) -> UserTask:
    """转办: hands a task to another candidate (user name ``to``), with a reason.

    For its assignee, any candidate while nobody has it, or the Talent Office. Raises Invalid when ``to`` may not do it.
    """
    task, instance = locked_task(session, task_id)
    doer = actor if actor.has_role(access.OFFICE) else access.require_take(session, actor, task, now)
    text = required_text(reason, "reason", "转办理由")
    username = usable_name(session, to)
    if username is None:
        raise Invalid("请选择转办对象", [Finding("/to", NOBODY)])
    target = actor_of(session, username)
    if not access.is_candidate(target, task):
        raise Invalid("不能转办给该人员", [Finding("/to", f"{target.name} 没有办理该任务的职责，请选择同岗位人员")])
    if access.holder_of(task) == target.username:
        raise Conflict(f"该任务已在 {target.name} 名下")
    before, task.assignee = task.assignee, target.username
    task.revision += 1
    _note(
        session,
        instance,
        task,
        "reassigned",
        doer,
        now,
        {"to": target.username, "to_name": target.name, "was": before, "reason": text},
    )
    notify(session, instance, "reassigned", actor=doer, now=now, task=task, usernames=[target.username], text=text)
    return task


@known_only
def take_back(session: Session, *, task_id: UUID | str, reason: str, actor: Actor, now: datetime) -> UserTask:
    """撤回: undoes one's own completed step while nobody has acted on it; its old deadline stands again.

    Old means counted from the day it was entered: a notice that was loaded meanwhile holds for it too (CLOCK).

    Raises Conflict when somebody has, NotAllowed for another's step or one that is no longer the actor's to do.
    """
    task, instance = locked_task(session, task_id, any_status=True)
    if task.status != DONE or task.completed_seq is None:
        raise Conflict("该任务尚未完成，无需撤回")
    if task.completed_by != actor.username:
        raise NotAllowed("只能撤回自己完成的步骤")
    doer = access.require_take(session, actor, task, now)
    if instance.status != COMPLETED:
        require_running(instance)
    require_alone(session, instance)
    text = required_text(reason, "reason", "撤回理由")
    course = rebuilt(session, instance, task.completed_seq)
    known = {str(row.id): row for row in session.scalars(select(UserTask).where(UserTask.instance_id == instance.id))}
    open_now = [row for row in known.values() if row.status == OPEN]
    for later in open_now:
        own = (None, actor.username, access.account_of(doer))
        if str(later.id) not in course.open and (held := access.holder_of(later)) not in own:
            holder = access.person_name(session, held)
            raise Conflict(f"「{later.name}」已由 {holder} 领办，不能撤回；请联系其退回")
    if course.landing is None or str(task.id) not in course.open or not course.open <= known.keys():
        raise Conflict("后续步骤已经办理，不能撤回；请由后续步骤退回")
    what = Input(
        "taken_back",
        {"input": task.completed_seq, "step": task.task, "name": task.name, "reason": text},
        str(task.id),
    )
    event = record(session, instance, kind=what.kind, actor=doer, now=now, task=what.task, data=what.data)
    if instance.status == COMPLETED:
        instance.status, instance.ended_at, instance.end, instance.end_name = RUNNING, None, None, None
    instance.data = course.data
    rows = {str(row.id): row for row in open_now}
    found = taken_back_effects(
        frozenset(rows),
        {name: due_of_row(row) for name, row in known.items()},
        {name: facts_of_row(row) for name, row in known.items()},
        {name: row.kept for name, row in known.items() if row.kept is not None},
        course,
    )
    apply_effects(session, instance, found, course.landing, rows=rows, seq=event.seq, actor=doer, now=now, cause=what)
    version = find_current(session)
    if version is not None and instance.status == RUNNING:
        recount(session, instance, calendar=current(session), source=version.source, actor=doer, now=now)
    session.refresh(task)
    return task


@known_only
def urge(
    session: Session,
    *,
    instance_id: UUID | str,
    text: str,
    actor: Actor,
    now: datetime,
    task_id: UUID | str | None = None,
    channel: str = BY_SYSTEM,
) -> int:
    """催办 by hand (W10): counts, journals and notifies who must act. For the Talent Office.

    On one open task, or on all open tasks of others. ``channel`` is the way (of ``supervision.toml``) by which they
    were urged besides. Gives the number of urges of the case. Raises Conflict when there is nothing left to urge: the
    answer is in.
    """
    instance = locked_instance(session, instance_id)
    access.require_manage(actor)
    require_running(instance)
    said = required_text(text, "text", "催办内容", longest=1000)
    tasks = [
        task
        for task in open_tasks(session, instance.id)
        if (str(task.id) == str(task_id) if task_id is not None else task.role != access.OFFICE)
    ]
    if not tasks:
        raise Conflict(_nothing_to_urge(session, instance, task_id))
    if any(task.role == access.OFFICE for task in tasks):
        raise Conflict("本步骤由区人才办承办，不必催办，请直接办理")
    for task in tasks:
        count_urge(session, instance, task, actor=actor, now=now, text=said, by_hand=True, channel=channel)
    return instance.urges


def _nothing_to_urge(session: Session, instance: Instance, task_id: UUID | str | None) -> str:
    done = session.get(UserTask, as_uuid(task_id, NO_TASK)) if task_id is not None else None
    if done is None or done.instance_id != instance.id or done.status != DONE or done.completed_at is None:
        return "没有可催办的任务：相关任务已经完成"
    by = access.person_name(session, done.completed_by)
    return f"不必催办：{by} 已于 {clock.local(done.completed_at):%Y-%m-%d %H:%M} 完成「{one_line(done.name)}」"


def count_urge(
    session: Session,
    instance: Instance,
    task: UserTask,
    *,
    actor: Actor,
    now: datetime,
    text: str,
    by_hand: bool,
    channel: str = BY_SYSTEM,
) -> int:
    """One urge on an open task: counted on task and case, journaled, owed to the outside with a receipt asked."""
    task.urges += 1
    instance.urges += 1
    year = clock.local(now).year
    said = {
        "n": task.urges,
        "number": f"催办〔{year}〕{next_value(session, urge_name(year))}号",
        "text": text,
        "by_hand": by_hand,
        "role": task.role,
        "unit": task.unit,
        "to": access.holder_of(task),
        "due_on": task.due_on.isoformat() if task.due_on else None,
        "channel": channel,
    }
    urges.note(session, instance.id, _note(session, instance, task, "urged", actor, now, said))
    keep(session, instance, now)
    notify(session, instance, "urge", actor=actor, now=now, task=task, text=text)
    return task.urges


@known_only
def acknowledge(session: Session, *, task_id: UUID | str, actor: Actor, now: datetime) -> UserTask:
    """签收: who must act says that the task, or an urge, has been received. Recorded; moves no deadline (CLOCK)."""
    task, instance = locked_task(session, task_id)
    doer = access.require_take(session, actor, task, now)
    said = _note(session, instance, task, urges.RECEIVED, doer, now, {"urges": task.urges})
    urges.receive(session, task.id, said)
    return task


def open_handling(session: Session, instance_id: UUID, unit: str, scope: str = "") -> UserTask | None:
    """The open task of ``unit`` in the handling stage, which a timer's urge is about; None when the answer is in.

    With a ``scope`` that slot's only: after a redispatch one unit may hold two slots of a case, each with its clock.
    """
    query = select(UserTask).where(
        UserTask.instance_id == instance_id,
        UserTask.status == OPEN,
        UserTask.unit == unit,
        UserTask.stage == HANDLING,
    )
    if scope:
        query = query.where(UserTask.scope == scope)
    return session.scalar(query.order_by(UserTask.entered_seq.desc()).limit(1))


def notify(
    session: Session,
    instance: Instance,
    template: str,
    *,
    actor: Actor,
    now: datetime,
    task: UserTask | None = None,
    role: str | None = None,
    unit: str | None = None,
    leader: UUID | None = None,
    usernames: list[str] | None = None,
    units: Sequence[str] | None = None,
    text: str = "",
) -> None:
    """Owes a notice to the outside: the journal is the outbox, the worker delivers after commit.

    To ``usernames``, or to who holds the post ``leader``, or to all who hold ``role`` (for ``unit``); with a task and
    none of them, to those who must do it. With ``units`` the office's table says to whom, and those are who gets it
    where the table says nothing.
    """
    told = notice_of(
        instance,
        template,
        task=task,
        role=role,
        unit=unit,
        leader=leader,
        usernames=usernames,
        units=units,
        text=text,
    )
    about = str(task.id) if task is not None else None
    record(session, instance, kind=NOTICE, actor=actor, now=now, task=about, data=told.data())


def _note(
    session: Session,
    instance: Instance,
    task: UserTask,
    kind: str,
    actor: Actor,
    now: datetime,
    data: dict[str, object],
) -> Happened:
    event = record(
        session,
        instance,
        kind=kind,
        actor=actor,
        now=now,
        task=str(task.id),
        data={"step": task.task, "name": task.name, **data},
    )
    session.flush()
    return event
