"""After an upgrade: cases that older rules of the engine left waiting for ever go on by today's (adr/0013)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import engine
from service.processes.advance import advance, lock
from service.processes.bundles import compiled, files_of
from service.processes.models import RUNNING, SUSPENDED, Instance
from service.processes.recording import Input
from service.rights import SYSTEM

WOKEN = "woken"
_SIGN = b"eventBasedGateway"
"""The element of a diagram in which a case can sleep."""


def wake_sleepers(session: Session, *, now: datetime) -> int:
    """Wakes every open case that sleeps; gives how many. Doing it again changes nothing."""
    open_cases = select(Instance.id, Instance.digest, Instance.process).where(Instance.status.in_((RUNNING, SUSPENDED)))
    known: dict[str, bool] = {}
    woken = 0
    for instance_id, digest, process in session.execute(open_cases.order_by(Instance.id)).all():
        if digest not in known:
            known[digest] = any(_SIGN in content for content in files_of(session, digest).values())
        if not known[digest]:
            continue
        instance, made = lock(session, instance_id), compiled(session, digest, process)
        if engine.sleeps(made.program, instance.state):
            advance(
                session,
                instance,
                Input(WOKEN, {}),
                lambda program, context: engine.wake(program.program, instance.state, context),  # noqa: B023 - run at once
                actor=SYSTEM,
                now=now,
            )
            woken += 1
    return woken
