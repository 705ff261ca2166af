"""Files that the scanner refused: never kept, and journaled by name, so that somebody can look after them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.history.records import record
from service.rights import Actor
from service.storage import Infected

STREAM = "files"


def note_refused(session: Session, refused: Infected, *, actor: Actor, now: datetime) -> None:
    """Journals that the scanner refused a file of the actor. In a transaction of its own: the upload itself fails."""
    data = {"name": refused.name, "size": refused.size, "sha256": refused.sha256, "found": refused.found}
    record(session, STREAM, "file_refused", data, actor=actor, now=now)
