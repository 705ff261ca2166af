"""Running numbers without gaps: the row is locked until the transaction that took the number ends."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.processes.models import Counter

_FIRST = text("INSERT INTO counter (name, value) VALUES (:name, 0) ON CONFLICT DO NOTHING")


def next_value(session: Session, name: str) -> int:
    """The next number under ``name``, from 1 on."""
    session.execute(_FIRST, {"name": name})
    row = session.scalars(
        select(Counter).where(Counter.name == name).with_for_update().execution_options(populate_existing=True)
    ).one()
    row.value += 1
    session.flush()
    return row.value
