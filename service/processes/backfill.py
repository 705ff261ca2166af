"""After an upgrade: what is kept of cases today and was not when they began, made from their journals and states."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.orm import Session

from service import clock, engine, history
from service.db import Base
from service.errors import DAMAGE
from service.processes.bundles import compiled
from service.processes.case_checks import replayed
from service.processes.clocks import runs_of
from service.processes.course import replayer_of
from service.processes.deployed import Mismatch
from service.processes.models import CaseSpan, CaseText, ClockRun, Instance
from service.processes.projections import Projection
from service.processes.reader_models import CaseReader
from service.processes.readers import rows_of
from service.processes.recording import stream_of
from service.processes.spans import of_instance
from service.processes.texts import words_of


def fill_spans(session: Session) -> int:
    """Gives every case its stretches of days and the words by which it is found, where it has none; gives to how many.
    Where a case gets its days, its clocks are made anew. Doing it again changes nothing."""
    lacking = [~exists().where(model.instance_id == Instance.id) for model in (CaseSpan, CaseText)]
    missing = select(Instance.id, lacking[0], lacking[1]).where(or_(*lacking)).order_by(Instance.id)
    filled = 0
    for instance_id, no_days, no_words in session.execute(missing).all():
        instance = session.get_one(Instance, instance_id)
        made = derived(session, instance)
        for lacks, model in ((no_days, CaseSpan), (no_words, CaseText)):
            if lacks:
                session.execute(insert(model), made.rows[model])
        if no_days and not made.damaged:
            _clocks_anew(session, instance_id, made.rows[ClockRun])
        session.expunge(instance)
        filled += 1
    return filled


def _clocks_anew(session: Session, instance_id: UUID, rows: Sequence[dict[str, Any]]) -> None:
    """The numbers of clocks say which came first, so all of a case are written again."""
    session.execute(delete(ClockRun).where(ClockRun.instance_id == instance_id))
    if rows:
        session.execute(insert(ClockRun), rows)


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


@dataclass(frozen=True, slots=True)
class Derived:
    """The rows that the journal of a case makes, by table: all columns but the running number. ``events`` were read;
    ``damaged``: the journal cannot be replayed, and only the newest state is told."""

    rows: Mapping[type[Base], Sequence[dict[str, Any]]]
    events: int
    damaged: bool = False


def derived(session: Session, instance: Instance) -> Derived:
    """The stretches of days, the words, the clocks and the readers of a case, made by replay of its journal."""
    stream, own = stream_of(instance.id), {"instance_id": instance.id}
    events = history.stream_events(session, stream)
    try:
        told = _told(replayed(stream, replayer_of(session, instance, events[0]), events))
        rows: dict[type[Base], Sequence[dict[str, Any]]] = {ClockRun: runs_of(instance.id, events)}
        for model, stretches in ((CaseSpan, told.spans), (CaseText, told.texts)):
            rows[model] = [{**own, **row} for row in stretches.rows]
        rows[CaseReader] = rows_of(told.instance, told.tasks.values())
        return Derived(rows, len(events))
    except DAMAGE:  # verification names what is wrong with the journal; papers then know the newest state alone
        made = compiled(session, instance.digest, instance.process)
        always = {**own, "from_on": clock.local(instance.started_at).date(), "until_on": None}
        words = words_of(made, instance.search_key, instance.data)
        newest: dict[type[Base], Sequence[dict[str, Any]]] = {
            CaseSpan: [{**always, **of_instance(instance)}],
            CaseText: [{**always, "words": words}],
        }
        return Derived(newest, len(events), damaged=True)


def _told(steps: Generator[Mismatch, None, Projection]) -> Projection:
    """The projection that the replay makes, whether or not its steps are as recorded."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Projection = end.value
            return made
