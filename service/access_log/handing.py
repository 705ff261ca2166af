"""Papers printed and tables exported, in the journal: what leaves the service is told before it leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history import HistoryEvent
from service.history.records import record
from service.rights import Actor

STREAM, EXPORTED, PRINTED = "handed_out", "exported", "printed_out"


def note_exported(session: Session, *, data: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Journals an export. ``data``: ``name`` of the file, its ``sha256``, how many ``records``, ``way``, ``asked``."""
    record(session, STREAM, EXPORTED, data, actor=actor, now=now)


def last_exported(session: Session, asked: str) -> datetime | None:
    """When something was last exported that was ``asked`` for so; None for never."""
    query = select(HistoryEvent.at).where(
        HistoryEvent.stream == STREAM, HistoryEvent.kind == EXPORTED, HistoryEvent.data["asked"].as_string() == asked
    )
    return session.scalar(query.order_by(HistoryEvent.seq.desc()).limit(1))


def note_printed_out(session: Session, *, data: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Journals that a paper was printed that is of no case; one of a case is told by the case's own journal."""
    record(session, STREAM, PRINTED, data, actor=actor, now=now)
