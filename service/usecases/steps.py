"""A page's button that does what a step of a running round asks for takes that step: one operation, one truth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service.processes import commands
from service.processes.steps import open_step
from service.rights import Actor


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
