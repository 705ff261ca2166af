"""Cases as they stood at the end of a day, read from their journals: papers say the state of their day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent
from service.processes import effects as fx
from service.processes.advance import stream_of
from service.processes.bundles import Compiled, compiled
from service.processes.course import standing, steps_of
from service.processes.models import COMPLETED, RUNNING, SUSPENDED, TERMINATED, Instance
from service.processes.rules import described, stage_of


@dataclass
class State:
    """What of a case changes in its course, as of a day. ``data`` is what forms said, without the slots' own."""

    status: str
    stage: str | None = None
    number: str | None = None
    title: str = ""
    talent_id: str | None = None
    leader_id: str | None = None
    urges: int = 0
    ended_at: datetime | None = None
    end: str | None = None
    end_name: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def states(session: Session, cases: Sequence[Instance], on: date) -> dict[UUID, State]:
    """How each of these cases stood at the end of a day; as of today what their rows say.

    Those that had not begun are left out. One statement for the journals, one for each version of a diagram that has
    not been read yet.
    """
    if not cases or on >= clock.today():
        return {case.id: _present(case) for case in cases}
    streams = {stream_of(case.id): case for case in cases}
    query = (
        select(HistoryEvent)
        .where(HistoryEvent.stream.in_(streams), HistoryEvent.at < clock.end_of(on))
        .order_by(HistoryEvent.stream, HistoryEvent.seq)
    )
    found = {}
    for stream, events in groupby(session.scalars(query), key=lambda event: event.stream):
        case = streams[stream]
        found[case.id] = _state(list(events), compiled(session, case.digest, case.process))
    return found


def happened_after(session: Session, kind: str, on: date) -> list[UUID]:
    """The cases of the events of ``kind`` (``taken_back`` or ``urged``) after a day, one for each event."""
    if on >= clock.today():
        return []
    # as a literal: SQLite looks into a partial index only where it reads the kind in the statement
    query = select(HistoryEvent.stream).where(
        HistoryEvent.kind == literal_column(f"'{kind}'"), HistoryEvent.at >= clock.end_of(on)
    )
    return [UUID(stream.removeprefix("instance:")) for stream in session.scalars(query)]


def _present(case: Instance) -> State:
    return State(
        status=case.status,
        stage=case.stage,
        number=case.number,
        title=case.title,
        talent_id=case.talent_id,
        leader_id=case.leader_id,
        urges=case.urges,
        ended_at=case.ended_at,
        end=case.end,
        end_name=case.end_name,
        data=case.data,
    )


def _state(events: Sequence[HistoryEvent], made: Compiled) -> State:
    found, stages, opened, slots = State(RUNNING), {}, {}, {}
    for event in events:
        kind, task, data = event.kind, event.task or "", event.data
        if kind == fx.ENTERED:
            stages[task] = opened[task] = data["stage"]
            slots[task] = data["slot"]
        elif kind in ("completed", fx.CANCELLED):
            opened.pop(task, None)
        elif kind == fx.REOPENED:
            opened[task] = stages[task]
        elif kind == fx.ADVANCED:
            found.stage = stage_of(
                opened.values(), order=made.stages, ended=found.ended_at is not None, before=found.stage
            )
        elif kind == "urged":
            found.urges += 1
        else:
            _turn(found, event)
    found.data = _data(events, slots)
    told = described(found.data, found.number, made.title_of(found.data))
    found.title, found.talent_id, found.leader_id = told["title"], told["talent_id"], told["leader_id"]
    return found


def _turn(found: State, event: HistoryEvent) -> None:
    """What an event makes of status, end and number."""
    kind, data = event.kind, event.data
    if kind == fx.ENDED and found.status == RUNNING:
        found.status, found.ended_at, found.end, found.end_name = COMPLETED, event.at, data["end"], data["name"]
    elif kind == "terminated":
        found.status, found.ended_at, found.end, found.end_name = TERMINATED, event.at, "terminated", "终止"
    elif kind == "taken_back" and found.status == COMPLETED:
        found.status, found.ended_at, found.end, found.end_name = RUNNING, None, None, None
    elif kind in ("suspended", "resumed"):
        found.status = SUSPENDED if kind == "suspended" else RUNNING
    elif kind == "action" and data["variable"] == "number" and not data["scope"]:
        found.number = data["result"]


def _data(events: Iterable[HistoryEvent], slots: Mapping[str, str | None]) -> dict[str, Any]:
    """What the forms of the steps that stood then had said, the latest of each field."""
    data: dict[str, Any] = {}
    for step in standing(steps_of(list(events))):
        said = step.event.data
        if step.event.kind == "started":
            data = dict(said["data"])
        elif step.event.kind == "completed" and slots.get(step.event.task or "") is None:
            gone = set(said["drop"])
            data = {**{name: value for name, value in data.items() if name not in gone}, **said["data"]}
        for action in step.actions:
            if not action.data["scope"]:
                data[action.data["variable"]] = action.data["result"]
    return data
