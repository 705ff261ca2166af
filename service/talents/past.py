"""What the registry said of talents at the end of a day: papers say the state of their day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent
from service.talents.models import Talent

FIELDS = ("name", "employer", "post")


def told_then(session: Session, talents: Iterable[Talent], on: date) -> Mapping[str, Mapping[str, str | None]]:
    """Talent's id → name, employer and post at the end of a day; at most one statement.

    An update of the file says what stood there before, so the first one after that day tells.
    """
    after = clock.end_of(on)
    listed = list(talents)
    found: dict[str, dict[str, str | None]] = {one.id: {name: getattr(one, name) for name in FIELDS} for one in listed}
    later = {f"talent:{one.id}": one.id for one in listed if one.updated_at >= after}
    if not later:
        return found
    updates = (
        select(HistoryEvent.stream, HistoryEvent.data)
        .where(
            HistoryEvent.stream.in_(later),
            HistoryEvent.kind == "talent_updated",
            HistoryEvent.at >= after,
        )
        .order_by(HistoryEvent.stream, HistoryEvent.seq.desc())
    )
    for stream, data in session.execute(updates):  # the newest first: the oldest has the last word
        found[later[stream]] |= {name: data[name][0] for name in FIELDS if name in data}
    return found
