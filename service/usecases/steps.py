"""A page's button that does what a step of a running round asks for takes that step: one operation, one truth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.processes import commands
from service.processes.models import OPEN, UserTask
from service.rights import Actor


def open_step(session: Session, *, instance_id: UUID | None, step: str, slot: str | None = None) -> UserTask | None:
    """The open task at ``step`` of a case, in the ``slot`` of a unit; None where it does not wait there."""
    if instance_id is None:
        return None
    query = select(UserTask).where(UserTask.instance_id == instance_id, UserTask.task == step, UserTask.status == OPEN)
    if slot is not None:
        query = query.where(UserTask.slot == slot)
    return session.scalars(query.order_by(UserTask.entered_at, UserTask.id).limit(1)).first()


def take_step(
    session: Session,
    *,
    instance_id: UUID | None,
    step: str,
    slot: str | None = None,
    data: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> bool:
    """Completes the open ``step`` with ``data``, as its own page would; whether there was one.

    The caller does the operation itself only where it gives False: else the step's action has done it. Raises what
    ``commands.complete`` raises.
    """
    found = open_step(session, instance_id=instance_id, step=step, slot=slot)
    if found is None:
        return False
    commands.complete(session, task_id=found.id, data=data, actor=actor, now=now)
    return True
