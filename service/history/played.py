"""A demonstration plays a past: its events may come before those that are there. The journal says so itself."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.history.journal import PLAYED, append
from service.history.models import HistoryEvent

STREAM = "demonstration"


@contextmanager
def played(info: MutableMapping[str, Any]) -> Iterator[None]:
    """Within the block, sessions made with ``info`` may journal what was earlier than what is there."""
    info[PLAYED] = True
    try:
        yield
    finally:
        del info[PLAYED]


def note_played(session: Session, *, until: datetime, actor: str) -> None:
    """Journals that everything before ``until`` is made up."""
    append(session, stream=STREAM, kind="demonstration_played", actor=actor, at=until, data={})


def played_until(session: Session) -> datetime:
    """The moment before which events are a demonstration's; long ago where there is none."""
    found = session.scalar(select(HistoryEvent.at).where(HistoryEvent.stream == STREAM, HistoryEvent.seq == 1))
    return found if found is not None else datetime.min.replace(tzinfo=UTC)
