"""Papers printed and tables exported, in the journal: what leaves the service is told before it leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.history.records import record
from service.rights import Actor

STREAM, EXPORTED, PRINTED = "handed_out", "exported", "printed_out"


def note_exported(session: Session, *, data: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Journals an export. ``data``: ``name`` of the file, its ``sha256``, how many ``records``, ``way``, ``asked``."""
    record(session, STREAM, EXPORTED, data, actor=actor, now=now)


def note_printed_out(session: Session, *, data: dict[str, Any], actor: Actor, now: datetime) -> None:
    """Journals that a paper was printed that is of no case; one of a case is told by the case's own journal."""
    record(session, STREAM, PRINTED, data, actor=actor, now=now)
