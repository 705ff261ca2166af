"""签收 (W10): one receipt of a task and of its urges, wherever it is given: on the task or on a notice about it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from service.errors import Conflict
from service.notifications import mark_read, mark_signed, own_notice
from service.processes.models import UserTask
from service.processes.operations import acknowledge
from service.rights import Actor


def sign(session: Session, *, task_id: UUID, actor: Actor, now: datetime) -> UserTask:
    """The actor signs for a task: its urges are received, and no notice about it asks the actor for it any more.

    Raises as ``acknowledge``.
    """
    task = acknowledge(session, task_id=task_id, actor=actor, now=now)
    mark_signed(session, task_id=task.id, actor=actor, now=now)
    return task


def sign_notice(session: Session, *, notification_id: UUID, actor: Actor, now: datetime) -> bool:
    """The actor signs for a notice, and so for its task; False where that is done: the notice has been read, there is
    nothing left to sign for. Raises NotFound for another's notice."""
    notice, going = own_notice(session, notification_id, actor), True
    if notice.task_id is not None:
        try:
            sign(session, task_id=notice.task_id, actor=actor, now=now)
        except Conflict:
            going = False
    mark_read(session, notification_id=notification_id, actor=actor, now=now)
    return going
