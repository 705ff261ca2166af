"""After an upgrade: how cases that had begun before it stood on each day, made from their journals."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from service import clock, history
from service.processes.course import replayer_of
from service.processes.deployed import DAMAGE, Mismatch
from service.processes.models import CaseSpan, Instance
from service.processes.projections import Projection
from service.processes.recording import stream_of
from service.processes.replay import replayed
from service.processes.spans import of_instance


def fill_spans(session: Session) -> int:
    """Gives every case that has none its stretches of days; gives to how many. Doing it again changes nothing."""
    missing = select(Instance.id).where(~exists().where(CaseSpan.instance_id == Instance.id)).order_by(Instance.id)
    filled = 0
    for instance_id in session.scalars(missing).all():
        instance = session.get_one(Instance, instance_id)
        rows = [{"instance_id": instance_id, **row} for row in _rows(session, instance)]
        session.execute(insert(CaseSpan), rows)
        session.expunge(instance)
        filled += 1
    return filled


def _rows(session: Session, instance: Instance) -> list[dict[str, Any]]:
    stream = stream_of(instance.id)
    try:
        events = history.stream_events(session, stream)
        return _told(replayed(stream, replayer_of(session, instance, events[0]), events)).spans.rows
    except DAMAGE:  # verification names what is wrong with the journal; papers then know the newest state alone
        return [{"from_on": clock.local(instance.started_at).date(), "until_on": None, **of_instance(instance)}]


def _told(steps: Generator[Mismatch, None, Projection]) -> Projection:
    """The projection that the replay makes, whether or not its steps are as recorded."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Projection = end.value
            return made
