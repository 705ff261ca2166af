"""The journal in the order of the tree with every hash made anew: what the database says of a hash is not believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from service import clock
from service.history.chain import seal
from service.history.models import HistoryEvent
from service.seals.reading import Line

_AT_ONCE = 1000


Before = Callable[[str, int], str | None]
"""The hash that the event before one had, by the stream and number of that one; None where it is not known."""


def remade(
    session: Session, *, after: int = 0, until: int | None = None, before: Before | None = None
) -> Generator[Line, None, None]:
    """The events with an id above ``after``, up to ``until``, each with the hash of its present content.

    With ``before`` each is linked to the hash that it gives, so that an event of which only the link was made anew has
    the hash that it had. An event that cannot be read has an empty hash, which fits nothing.
    """
    raw = session.get_bind().dialect.name == "sqlite"
    event = HistoryEvent
    found = select(
        event.id,
        event.stream,
        event.seq,
        # SQLite keeps both as text, and a changed text may be none that can be read.
        type_coerce(event.at, Text).label("at") if raw else event.at,
        event.actor,
        event.on_behalf_of,
        event.kind,
        event.task,
        type_coerce(event.data, Text).label("data") if raw else event.data,
        event.prev_hash,
    )
    found = found.where(event.id > after).order_by(event.id).execution_options(yield_per=_AT_ONCE)
    if until is not None:
        found = found.where(event.id <= until)
    with session.execute(found) as rows:
        for row in rows:
            previous = before(row.stream, row.seq) if before is not None else None
            day, made = _sealed(row, previous or row.prev_hash, raw=raw)
            yield Line(row.id, row.stream, row.seq, day, made)


def _sealed(row: Any, previous: str, *, raw: bool) -> tuple[str, str]:
    """The day and the hash of an event's content, linked to the hash ``previous``."""
    try:
        at, data = _read(row) if raw else (row.at, row.data)
        made = seal(
            stream=row.stream,
            seq=row.seq,
            at=at,
            actor=row.actor,
            on_behalf_of=row.on_behalf_of,
            kind=row.kind,
            task=row.task,
            data=data,
            prev_hash=previous,
        )
        return clock.local(at).date().isoformat(), made
    except (ValueError, TypeError, RecursionError):
        return "", ""


def _read(row: Any) -> tuple[datetime, Any]:
    return datetime.fromisoformat(row.at).replace(tzinfo=UTC), json.loads(row.data)
