"""The register of urges (催办登记): how an urge and its receipt, as the journal tells them, make its row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.history import Happened, HistoryEvent
from service.processes.models import UserTask
from service.processes.recording import stream_of
from service.processes.register_models import Urge

RECEIVED = "acknowledged"
"""The entry of the journal that a receipt leaves."""
BY_SYSTEM = "system"
"""The way of urging that the service itself takes: a notice with a receipt."""


def row_of(instance_id: UUID, event: HistoryEvent | Happened) -> dict[str, Any]:
    """The row of an urge; older entries say less."""
    told = event.data
    return {
        "instance_id": instance_id,
        "seq": event.seq,
        "number": told.get("number"),
        "task_id": UUID(str(event.task)),
        "n": told["n"],
        "role": told.get("role"),
        "unit": told.get("unit"),
        "assignee": told.get("to"),
        "due_on": date.fromisoformat(told["due_on"]) if told.get("due_on") else None,
        "channel": told.get("channel", BY_SYSTEM),
        "by_hand": told["by_hand"],
        "text": told["text"],
        "urged_at": event.at,
        "urged_by": event.actor,
        "on_behalf_of": event.on_behalf_of,
        "received_at": None,
        "received_by": None,
    }


def receipt_of(event: HistoryEvent | Happened) -> dict[str, Any]:
    """The columns that a receipt (签收) fills in of all urges of its task that had none."""
    return {"received_at": event.at, "received_by": event.actor}


def note(session: Session, instance_id: UUID, event: HistoryEvent | Happened) -> None:
    """Enters an urge in the register."""
    session.add(Urge(**row_of(instance_id, event)))


def receive(session: Session, task_id: UUID, event: HistoryEvent | Happened) -> None:
    """Enters the receipt of a task's urges."""
    for urge in session.scalars(select(Urge).where(Urge.task_id == task_id, Urge.received_at.is_(None))):
        for name, value in receipt_of(event).items():
            setattr(urge, name, value)


def receipt(session: Session, task: UserTask) -> HistoryEvent | None:
    """The receipt (签收) of a task and of all its urges so far; None where it, or an urge since, has none. One
    statement."""
    query = select(HistoryEvent).where(
        *(HistoryEvent.stream == stream_of(task.instance_id), HistoryEvent.kind == RECEIVED),
        HistoryEvent.task == str(task.id),
    )
    last = session.scalar(query.order_by(HistoryEvent.seq.desc()).limit(1))
    return last if last is not None and last.data["urges"] == task.urges else None


def late_urges(session: Session, task_id: UUID) -> int:
    """How often the clock, not a person, has urged a task that was late then; one statement."""
    query = select(Urge.due_on, Urge.urged_at).where(Urge.task_id == task_id, Urge.by_hand.is_(False))
    return sum(1 for on, at in session.execute(query) if on is not None and on < clock.local(at).date())


def receipts(session: Session, task_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Task → how many of its urges were received; those with none are left out. One statement."""
    found: dict[UUID, int] = {}
    wanted = list(task_ids)
    if wanted:
        query = select(Urge.task_id).where(Urge.task_id.in_(wanted), Urge.received_at.is_not(None))
        for task_id in session.scalars(query):
            found[task_id] = found.get(task_id, 0) + 1
    return found
