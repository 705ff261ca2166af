"""Beginning many streams at once: an import of thousands of records would take minutes event by event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from service.canonical import normalized
from service.history.chain import FIRST, seal
from service.history.journal import _NEXT_ID
from service.history.models import HistoryEvent, HistoryHead


def begin_streams(
    session: Session,
    *,
    kind: str,
    actor: str,
    at: datetime,
    data: Mapping[str, Mapping[str, Any]],
    on_behalf_of: str | None = None,
) -> None:
    """Gives each stream of ``data`` (stream -> the event's data) its first event, in the caller's transaction.

    Two statements, whatever the number of streams. Raises ``IntegrityError`` where one of them exists already, so only
    for records that are new; ``kind`` must not be one that is owed to the outside.
    """
    if not data:
        return
    session.flush()
    events: list[dict[str, Any]] = []
    for stream, given in data.items():
        copy: dict[str, Any] = normalized(dict(given))
        sealed = seal(
            stream=stream,
            seq=1,
            at=at,
            actor=actor,
            on_behalf_of=on_behalf_of,
            kind=kind,
            task=None,
            data=copy,
            prev_hash=FIRST,
        )
        events.append(
            {
                "stream": stream,
                "seq": 1,
                "at": at,
                "actor": actor,
                "on_behalf_of": on_behalf_of,
                "kind": kind,
                "task": None,
                "data": copy,
                "prev_hash": FIRST,
                "hash": sealed,
            }
        )
    session.execute(insert(HistoryHead), [{"stream": one["stream"], "seq": 1, "hash": one["hash"]} for one in events])
    # Asked for the ids, SQLite would be sent the rows one by one (`journal`).
    if session.get_bind().dialect.name == "sqlite":
        first = (session.scalar(select(func.max(HistoryEvent.id))) or 0) + 1
        for number, one in enumerate(events, first):
            one["id"] = number
        session.info[_NEXT_ID] = first + len(events)
    session.execute(insert(HistoryEvent), events)
