"""A hand for the processes of the people side: starting them by the calendar or by hand, and what their rows say."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from service import clock
from service.processes import commands, scheduled_starts
from service.processes.models import Instance, Schedule
from tests.factories.world import World


def begin(world: World, process: str, user: str, **data: Any) -> UUID:
    """``user`` starts the process by hand; now the world's case."""
    with world.transaction() as session:
        made = commands.start(session, process=process, data=data, actor=world.actor(user), now=clock.now())
        world.case = made.id
    return world.case


def calendar_starts(world: World, process: str, event: str) -> UUID:
    """It is the moment for which the start event is planned, and a worker starts it; now the world's case."""
    with world.database.reading() as session:
        planned = session.get_one(Schedule, (process, event)).next_at
    assert planned is not None
    world.clock.set(planned)
    with world.transaction() as session:
        assert scheduled_starts.fire(session, process=process, event=event, now=clock.now())
    with world.database.reading() as session:
        query = select(Instance.id).where(Instance.process == process).order_by(Instance.started_at.desc())
        world.case = session.scalars(query).first() or UUID(int=0)
    return world.case


def at(text: str) -> datetime:
    """A moment in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)
