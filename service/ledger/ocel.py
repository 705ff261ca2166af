"""Object-centric event log in OCEL 2.0 (JSON): cases, their tasks, and the units that acted.

The types of its events are the steps of the diagrams with their transition, as the standard means them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.ledger.events import CaseEvent, case_events, cases
from service.people.models import Unit
from service.processes.models import Instance

OBJECT_TYPES: dict[str, dict[str, str]] = {
    "case": {"number": "string", "process": "string", "status": "string"},
    "task": {"step": "string", "stage": "string", "due_on": "string", "due_provisional": "boolean"},
    "unit": {"name": "string"},
}
EVENT_ATTRIBUTES = {"activity": "string", "transition": "string", "resource": "string", "late_days": "integer"}


def write_ocel(session: Session, into: BinaryIO) -> int:
    """Writes all cases; gives their number. Objects come before events, so the journal is read twice."""
    count = session.scalar(select(func.count()).select_from(Instance)) or 0
    into.write(b'{"objectTypes":')
    into.write(_json([{"name": name, "attributes": _types(kinds)} for name, kinds in OBJECT_TYPES.items()]))
    into.write(b',\n"objects":[')
    _list(into, _objects(session))
    into.write(b'],\n"events":[')
    kinds: set[str] = set()
    _list(into, _events(session, kinds))
    into.write(b'],\n"eventTypes":')  # known once all events are
    into.write(_json([{"name": kind, "attributes": _types(EVENT_ATTRIBUTES)} for kind in sorted(kinds)]))
    into.write(b"}\n")
    return count


def _objects(session: Session) -> Iterator[dict[str, Any]]:
    units = session.execute(select(Unit.code, Unit.name).order_by(Unit.code)).all()
    known = {code for code, _ in units}
    for code, name in units:
        yield {"id": f"unit:{code}", "type": "unit", "attributes": [_since_ever("name", name)]}
    for case in cases(session):
        events = case_events(session, case)
        since = events[0].at.isoformat() if events else case.started_at.isoformat()
        pairs = (("number", case.number), ("process", case.process), ("status", case.status))
        yield {
            "id": f"case:{case.id}",
            "type": "case",
            "attributes": [{"name": name, "time": since, "value": value} for name, value in pairs if value is not None],
        }
        told: dict[str, list[CaseEvent]] = {}
        for event in events:
            if event.task is not None:
                told.setdefault(event.task, []).append(event)
        yield from (_task(case, of_task, known) for of_task in told.values())


def _task(case: Instance, events: list[CaseEvent], units: set[str]) -> dict[str, Any]:
    """A task with what its events say of it; a due date that moved stands with each event that first told the new."""
    event, attributes = events[0], []
    known: dict[str, Any] = {}
    for one in events:
        for name in OBJECT_TYPES["task"]:
            value = getattr(one, name)
            if value is not None and known.get(name) != value:
                known[name] = value
                attributes.append({"name": name, "time": one.at.isoformat(), "value": value})
    related = [{"objectId": f"case:{case.id}", "qualifier": "case"}]
    if event.unit in units:
        related.append({"objectId": f"unit:{event.unit}", "qualifier": "unit"})
    return {
        "id": f"task:{event.task}",
        "type": "task",
        "attributes": attributes,
        "relationships": related,
    }


def _events(session: Session, kinds: set[str]) -> Iterator[dict[str, Any]]:
    """All events; ``kinds`` becomes the types that they are of."""
    known = set(session.scalars(select(Unit.code)))
    for case in cases(session):
        for event in case_events(session, case):
            kinds.add(event.type)
            yield _event(case, event, known)


def _event(case: Instance, event: CaseEvent, units: set[str]) -> dict[str, Any]:
    related = [{"objectId": f"case:{case.id}", "qualifier": "case"}]
    if event.task is not None:
        related.append({"objectId": f"task:{event.task}", "qualifier": "task"})
    if event.unit in units:
        related.append({"objectId": f"unit:{event.unit}", "qualifier": "unit"})
    pairs: list[tuple[str, Any]] = [
        ("activity", event.activity),
        ("transition", event.transition),
        ("resource", event.resource),
        ("late_days", event.late_days),
    ]
    return {
        "id": f"event:{event.id}",
        "type": event.type,
        "time": event.at.isoformat(),
        "attributes": [{"name": name, "value": value} for name, value in pairs if value is not None],
        "relationships": related,
    }


def _types(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in attributes.items()]


def _since_ever(name: str, value: str) -> dict[str, str]:
    return {"name": name, "time": "1970-01-01T00:00:00+00:00", "value": value}


def _list(into: BinaryIO, items: Iterable[dict[str, Any]]) -> None:
    for position, item in enumerate(items):
        into.write(b",\n" if position else b"\n")
        into.write(_json(item))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
