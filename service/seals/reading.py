"""Reading the journal in the order of the tree: by id, from where one left off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, func, select, text, type_coerce
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import clock
from service.db import Database
from service.history.models import HistoryEvent

PATIENCE_MS = 500
"""How long people who write wait at most while a seal asks for its end."""
_AT_ONCE = 2000


class Line(NamedTuple):
    """An event's place and hash; ``day`` is that of Shanghai, empty where the moment cannot be read."""

    id: int
    stream: str
    seq: int
    day: str
    hash: str

    @property
    def leaf(self) -> bytes:
        """The leaf of the tree; a stored hash that is none still gives one, which will fit nothing."""
        try:
            return bytes.fromhex(self.hash)
        except ValueError:
            return self.hash.encode()


def settled_end(database: Database) -> int | None:
    """The id up to which nothing can appear any more; None where somebody writes so long that it cannot be told now.

    SQLite numbers events under its one lock. PostgreSQL takes numbers before the commit, so that an event may appear
    below one that is there already: the table is locked for the moment in which the last number is read, when
    nobody who has taken a number can still be at work.
    """
    if database.is_sqlite:
        with database.reading() as session:
            return session.scalar(select(func.max(HistoryEvent.id))) or 0
    try:
        with database.transaction() as session:
            session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_MS}ms'"))
            session.execute(text("LOCK TABLE history_event IN SHARE MODE"))
            return session.scalar(select(func.max(HistoryEvent.id))) or 0
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # lock_not_available
            return None
        raise


def lines(session: Session, *, after: int = 0, until: int | None = None) -> Iterator[Line]:
    """The events with an id above ``after``, up to ``until``, in order; memory does not grow with them."""
    raw = session.get_bind().dialect.name == "sqlite"
    event = HistoryEvent
    at = type_coerce(event.at, Text).label("at") if raw else event.at
    found = select(event.id, event.stream, event.seq, at, event.hash).where(event.id > after).order_by(event.id)
    if until is not None:
        found = found.where(event.id <= until)
    days: dict[Any, str] = {}
    with session.execute(found.execution_options(yield_per=_AT_ONCE)) as rows:
        for id_, stream, seq, moment, sealed in rows:
            hour = str(moment)[:13]
            day = days.get(hour)
            if day is None:
                day = days[hour] = _day(moment)
            yield Line(id_, stream, seq, day, sealed)


def _day(at: Any) -> str:
    """The day of Shanghai; the same for all moments of an hour, as its offset is one of whole hours."""
    try:
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at)).replace(tzinfo=UTC)
        return clock.local(moment).date().isoformat()
    except ValueError:
        return ""
