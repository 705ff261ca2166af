"""A person's word that the server's clock is right: it lets entries stand behind those that a wrong clock wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, select, type_coerce
from sqlalchemy.orm import Session

from service.errors import DAMAGE
from service.history.models import HistoryEvent
from service.rights import SYSTEM

OPENED, CLOSED = "incident_opened", "incident_closed"
CLOCK = "clock"
"""The kind of incidents of a clock that leapt: as long as one is open, no worker does anything."""


class Confirmed(NamedTuple):
    """The entry by which a person closed an incident of the clock: its id and what the clock said then."""

    id: int
    at: datetime


def confirmations(session: Session) -> list[Confirmed]:
    """All of them, in order; two statements. An entry that cannot be read confirms nothing."""
    raw = session.get_bind().dialect.name == "sqlite"
    at, data = ((type_coerce(one, Text) if raw else one) for one in (HistoryEvent.at, HistoryEvent.data))
    closed = select(HistoryEvent.id, HistoryEvent.stream, at).where(
        HistoryEvent.kind == CLOSED, HistoryEvent.actor != SYSTEM.username
    )
    rows = session.execute(closed.order_by(HistoryEvent.id)).all()
    opened = select(HistoryEvent.stream, data).where(
        HistoryEvent.kind == OPENED, HistoryEvent.stream.in_({stream for _, stream, _ in rows})
    )
    leaps = {stream for stream, told in session.execute(opened) if _kind(told) == CLOCK} if rows else set()
    found = []
    for key, stream, said in rows:
        with suppress(*DAMAGE):
            moment = datetime.fromisoformat(said).replace(tzinfo=UTC) if raw else said
            found += [Confirmed(key, moment)] if stream in leaps else []
    return found


def confirmed_between(known: Sequence[Confirmed], after: int, until: int | None, at: datetime) -> bool:
    """Whether a person confirmed the time behind the entry ``after``, before ``until`` (None: before now), when the
    clock said ``at`` or less: the time of the one entry is then one that never was."""
    return any(one.id > after and (until is None or one.id < until) and one.at <= at for one in known)


def _kind(told: Any) -> Any:
    with suppress(*DAMAGE):
        data = json.loads(told) if isinstance(told, str) else told
        return data.get("kind")
    return None
