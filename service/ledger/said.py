"""Every field of every form of a need as a column of the ledger, as it had been filled in by the end of a day (R2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent, of_kinds
from service.people.past import leader_names_then, unit_names_then
from service.processes.forms import FILES
from service.processes.models import UserTask
from service.processes.recording import stream_of
from service.processes.said_fields import SaidColumn
from service.processes.told_fields import words
from service.storage import attachment_names
from service.talents.past import names_then

DID, TAKEN_BACK = "completed", "taken_back"


def said_cells(
    session: Session, cases: Sequence[UUID], columns: Collection[SaidColumn], on: date
) -> dict[UUID, dict[str, str]]:
    """Case → title of a column → what was filled in by the end of a day; of a step that several units took, what each
    said last. A fixed number of statements; none without columns."""
    if not columns or not cases:
        return {}
    streams = {stream_of(case): case for case in cases}
    query = select(HistoryEvent.stream, HistoryEvent.seq, HistoryEvent.kind, HistoryEvent.task, HistoryEvent.data)
    query = query.where(HistoryEvent.stream.in_(streams), of_kinds(DID, TAKEN_BACK))
    query = query.where(HistoryEvent.at < clock.end_of(on)).order_by(HistoryEvent.stream, HistoryEvent.seq)
    events = session.execute(query).all()
    slots = select(UserTask.id, UserTask.scope).where(UserTask.instance_id.in_(cases))
    scopes = {str(task): scope for task, scope in session.execute(slots)}
    done: dict[UUID, dict[int, Any]] = {}
    for event in events:
        of = done.setdefault(streams[event.stream], {})
        if event.kind == DID:
            of[event.seq] = event
        else:
            of.pop(int(event.data["input"]), None)
    names = _Names(session, on, [event for of in done.values() for event in of.values()])
    return {case: _cells(list(of.values()), columns, names, scopes) for case, of in done.items()}


def _cells(
    events: Sequence[Any], columns: Collection[SaidColumn], names: _Names, scopes: Mapping[str, str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in columns:
        step, _, name = column.key.partition(".")
        last: dict[str, str] = {}
        for event in events:
            if event.data["step"] == step and name in event.data["data"]:
                last[scopes.get(event.task or "", "")] = words(column.schema, event.data["data"][name], names.of)
        found[column.title] = "；".join(dict.fromkeys(word for word in last.values() if word))
    return found


class _Names:
    """The names of picked records as of a day, each kind looked up once."""

    def __init__(self, session: Session, on: date, events: Sequence[Any]) -> None:
        said = {
            one
            for event in events
            for value in event.data["data"].values()
            for one in (value if isinstance(value, list) else [value])
            if isinstance(one, str)
        }
        self._known: dict[str, Mapping[str, str]] = {
            "units": unit_names_then(session, on),
            "talents": names_then(session, said, on),
            "leaders": leader_names_then(session, said, on),
            FILES: attachment_names(session, said),
        }

    def of(self, kind: str, key: str) -> str:
        """The name of a record; its key where nobody knows it."""
        return self._known.get(kind, {}).get(key, key)
