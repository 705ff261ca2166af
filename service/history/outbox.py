"""What is owed to the outside (notices), delivered by the worker after commit, at least once.

The idempotency key of a delivery is the event's ``hash``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history.models import OutboxEntry

OUTBOX_KINDS: frozenset[str] = frozenset({"notice"})
"""Kinds of events that must be told to people."""


def claim(session: Session, *, now: datetime, limit: int = 1) -> list[OutboxEntry]:
    """The oldest entries that are due, locked for this transaction; those that another worker holds are passed over."""
    due = (
        select(OutboxEntry)
        .where(OutboxEntry.due_at <= now)
        .order_by(OutboxEntry.due_at, OutboxEntry.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxEntry)
    )
    return list(session.scalars(due))


def settle(session: Session, entry: OutboxEntry) -> None:
    """The entry has been delivered."""
    session.delete(entry)


def postpone(session: Session, entry: OutboxEntry, *, until: datetime, error: str) -> None:
    """The delivery failed with ``error``; it is tried again from ``until`` on."""
    entry.attempts += 1
    entry.due_at = until
    entry.last_error = error
    session.flush()
