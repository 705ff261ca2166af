"""Notices owed to the outside, delivered by the worker after commit, at least once.

The idempotency key of a delivery is the event's ``hash``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.history.models import OutboxEntry
from service.history.notices import NOTICE

OUTBOX_KINDS: frozenset[str] = frozenset({NOTICE})
"""Kinds of events that must be told to people."""

MAX_ATTEMPTS = 5
"""After so many failures nobody tries again by itself: people see an incident and may ``revive`` the entry."""


def claim(session: Session, *, now: datetime, limit: int = 1) -> list[OutboxEntry]:
    """The oldest entries that are due and not given up, locked for this transaction; held ones are passed over."""
    due = (
        select(OutboxEntry)
        .where(OutboxEntry.due_at <= now, OutboxEntry.attempts < MAX_ATTEMPTS)
        .order_by(OutboxEntry.due_at, OutboxEntry.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxEntry)
    )
    return list(session.scalars(due))


def lease(session: Session, entry: OutboxEntry, *, until: datetime) -> None:
    """Keeps a claimed entry from other workers after this transaction, until the delivery should be long over.

    So that no lock is held while a mail server takes its time; who dies meanwhile loses nothing.
    """
    entry.due_at = until
    session.flush()


def settle(session: Session, entry: OutboxEntry) -> None:
    """The entry has been delivered; the caller has journaled to whom."""
    session.delete(entry)


def postpone(session: Session, entry: OutboxEntry, *, until: datetime, error: str) -> None:
    """The delivery failed with ``error``; it is tried again from ``until`` on."""
    entry.attempts += 1
    entry.due_at = until
    entry.last_error = error
    session.flush()


def give_up(session: Session, entry: OutboxEntry, *, error: str) -> None:
    """The delivery cannot succeed; it waits for a person to ``revive`` it."""
    entry.attempts, entry.last_error = MAX_ATTEMPTS, error
    session.flush()


def count_owed(session: Session) -> int:
    """How many notices are not delivered yet; one statement."""
    return session.scalar(select(func.count()).select_from(OutboxEntry)) or 0
