"""Notices whose delivery failed: journaled, so that nobody silences one by changing when it is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.history.journal import append
from service.history.models import OutboxEntry
from service.rights import SYSTEM

FAILED, REVIVED = "notice_failed", "notice_revived"


def stream_of(event_id: int) -> str:
    """The journal stream of a notice whose delivery failed."""
    return f"notice:{event_id}"


def note_failure(session: Session, entry: OutboxEntry, *, now: datetime) -> None:
    """Journals that a delivery failed, and when it is tried again."""
    said = {"attempts": entry.attempts, "due_at": entry.due_at.isoformat(), "error": entry.last_error}
    append(session, stream=stream_of(entry.event_id), kind=FAILED, actor=SYSTEM.username, at=now, data=said)


def revive(session: Session, *, event_id: int, now: datetime) -> bool:
    """Tries the delivery of that event again at once; False when nothing is owed for it any more."""
    entry = session.get(OutboxEntry, event_id, with_for_update=True)
    if entry is None:
        return False
    entry.attempts, entry.due_at = 0, now
    append(session, stream=stream_of(event_id), kind=REVIVED, actor=SYSTEM.username, at=now, data={})
    session.flush()
    return True
