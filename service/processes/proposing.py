"""提请通报 by hand: the timer that would propose a circular is brought forward; a person still approves it (W10)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, engine
from service.errors import Conflict
from service.processes import access
from service.processes.advance import advance
from service.processes.bundles import compiled
from service.processes.commands import locked_task
from service.processes.free_text import required_text
from service.processes.models import FIRED, OPEN, WAITING, Timer, UserTask
from service.processes.recording import Input
from service.processes.rules import one_line
from service.processes.visibility import known_only
from service.rights import Actor


@known_only
def bring_forward(
    session: Session, *, task_id: UUID | str, step: str, reason: str, actor: Actor, now: datetime
) -> UserTask:
    """Fires now, by hand and with a reason, the timer of a late task that leads to the step called ``step``.

    For the Talent Office. The journal tells who did it and why; replay runs it as any timer that has fired. Raises
    Conflict for a task of the office itself, one that is not late, whose diagram draws no such timer, or whose timer
    has fired already.
    """
    task, instance = locked_task(session, task_id)
    access.require_manage(actor)
    text = required_text(reason, "reason", "理由")
    if task.role == access.OFFICE:
        raise Conflict("本步骤由区人才办承办，不提请通报，请直接办理")
    if task.paused or task.due_on is None or task.due_on >= clock.local(now).date():
        raise Conflict("没有超期，不能提请通报")
    brings = compiled(session, instance.digest, instance.process).program.brings
    drawn = [
        timer
        for timer in session.scalars(select(Timer).where(Timer.instance_id == instance.id, Timer.task_id == task.id))
        if one_line(brings.get((timer.process, timer.event))) == step
    ]
    if not drawn:
        raise Conflict(f"这一步没有“{step}”，不能提请通报")
    timer = next((one for one in drawn if one.status == WAITING), None)
    if timer is None:
        waits = select(UserTask.name).where(
            UserTask.instance_id == instance.id, UserTask.scope == task.scope, UserTask.status == OPEN
        )
        if any(one_line(name) == step for name in session.scalars(waits)):
            raise Conflict("这一次办理已经提请过通报，请在待办里审批")
        raise Conflict("这一次办理已经提请过通报，也已审批，结果见该事项的办理过程；退回重办、改派后才能再次提请")
    timer.status = FIRED
    said = {"timer": str(timer.id), "event": timer.event, "name": timer.name, "process": timer.process}
    advance(
        session,
        instance,
        Input("timer_fired", {**said, "by_hand": True, "reason": text}, str(task.id)),
        lambda program, context: engine.fire_timer(program.program, instance.state, str(timer.id), context),
        actor=actor,
        now=now,
    )
    return task
