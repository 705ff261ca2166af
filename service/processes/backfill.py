"""After an upgrade: what is kept of cases today and was not when they began, made from their journals and states."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from service import clock, engine, history
from service.processes.bundles import compiled
from service.processes.case_checks import replayed
from service.processes.course import replayer_of
from service.processes.deployed import DAMAGE, Mismatch
from service.processes.models import CaseSpan, Instance
from service.processes.projections import Projection
from service.processes.recording import stream_of
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


def fill_lying(session: Session) -> int:
    """Looks at every running case that no version of this service has looked at; gives the number of those of which a
    part lies for ever. Doing it again changes nothing."""
    unknown = select(Instance.id).where(Instance.lying.is_(None)).order_by(Instance.id)
    found = 0
    for instance_id in session.scalars(unknown).all():
        instance = session.get_one(Instance, instance_id)
        program = compiled(session, instance.digest, instance.process).program
        instance.lying = bool(engine.lying_in(program, instance.state))
        found += instance.lying
        session.flush()
        session.expunge(instance)
    return found


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
