"""Records as they were at the end of a day: papers say the state of their day.

An event of change says what stood there before, so of each field the first change after that day tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.clock import end_of, today
from service.history.models import HistoryEvent, of_kinds
from service.history.versions import Edits

Record = tuple[str, str | None]
"""The stream of a record, and which of the stream's records it is (``Edits``)."""


def fields_then(session: Session, records: Iterable[Edits], on: date) -> dict[Record, dict[str, Any]]:
    """Record → field → value (of JSON) at the end of a day, of the fields that changed since. At most one statement."""
    by_stream: dict[str, list[Edits]] = {}
    for one in records:
        by_stream.setdefault(one.stream, []).append(one)
    if not by_stream or on >= today():
        return {}
    kinds = {kind for listed in by_stream.values() for one in listed for kind in one.kinds}
    changes = (
        select(HistoryEvent.stream, HistoryEvent.kind, HistoryEvent.data)
        .where(HistoryEvent.stream.in_(by_stream), of_kinds(*kinds), HistoryEvent.at >= end_of(on))
        .order_by(HistoryEvent.stream, HistoryEvent.seq.desc())
    )
    found: dict[Record, dict[str, Any]] = {}
    for stream, kind, data in session.execute(changes):  # the newest first: the oldest has the last word
        for one in by_stream[stream]:
            if kind in one.kinds and (one.about is None or data.get(one.key) == one.about):
                before = {name: was for name, (was, _) in one.changes(data).items()}
                found.setdefault((stream, one.about), {}).update(before)
    return found
