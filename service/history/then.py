"""Records as they were at the end of a day: papers say the state of their day.

An event of change says what stood there before, so of each field the first change after that day tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.clock import end_of, today
from service.history.models import HistoryEvent, of_kinds
from service.history.versions import Edits

Record = tuple[str, str | None]
"""The stream of a record, and which of the stream's records it is (``Edits``)."""


class Kept:
    """The fields of records at the end of any day from ``since`` on, read with at most one statement."""

    def __init__(self, session: Session, records: Iterable[Edits], since: date) -> None:
        self._since = since
        self._changes: dict[Record, list[tuple[datetime, dict[str, Any]]]] = {}
        by_stream: dict[str, list[Edits]] = {}
        for one in records:
            by_stream.setdefault(one.stream, []).append(one)
        if not by_stream or since >= today():
            return
        kinds = {kind for listed in by_stream.values() for one in listed for kind in one.kinds}
        changes = (
            select(HistoryEvent.stream, HistoryEvent.kind, HistoryEvent.at, HistoryEvent.data)
            .where(HistoryEvent.stream.in_(by_stream), of_kinds(*kinds), HistoryEvent.at >= end_of(since))
            .order_by(HistoryEvent.stream, HistoryEvent.seq.desc())
        )
        for stream, kind, at, data in session.execute(changes):
            for one in by_stream[stream]:
                if kind in one.kinds and (one.about is None or data.get(one.key) == one.about):
                    before = {name: was for name, (was, _) in one.changes(data).items()}
                    self._changes.setdefault((stream, one.about), []).append((at, before))

    def __iter__(self) -> Iterator[Record]:
        """The records that changed since."""
        return iter(self._changes)

    def fields(self, record: Record, on: date) -> dict[str, Any]:
        """Field → value (of JSON) at the end of a day, not before ``since``, of the fields that changed after it."""
        found: dict[str, Any] = {}
        after = end_of(max(on, self._since))
        for at, before in self._changes.get(record, ()):  # the newest first: the oldest has the last word
            if at >= after:
                found |= before
        return found


def fields_then(session: Session, records: Iterable[Edits], on: date) -> dict[Record, dict[str, Any]]:
    """Record → field → value (of JSON) at the end of a day, of the fields that changed since. At most one statement."""
    kept = Kept(session, records, on)
    return {record: kept.fields(record, on) for record in kept}
