"""Reading the journal of sign-in and rights, one account at a time."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.auth.accounts import ACCESS
from service.history import HistoryEvent

LATEST = 50


def entries_of(session: Session, username: str, limit: int = LATEST) -> list[HistoryEvent]:
    """The latest entries about an account, oldest first; one statement."""
    query = select(HistoryEvent).where(
        HistoryEvent.stream == ACCESS, HistoryEvent.data["username"].as_string() == username
    )
    return list(session.scalars(query.order_by(HistoryEvent.seq.desc()).limit(limit)))[::-1]
