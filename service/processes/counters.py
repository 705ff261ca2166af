"""Running numbers without gaps: the row is locked until the transaction that took the number ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent
from service.processes.models import Counter
from service.processes.recording import stream_of

NUMBER, CIRCULAR, SERIES = "number:", "circular:", "series:"
AT_ONCE = 500

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


def number_name(process: str, year: int) -> str:
    """Under which name the cases of ``process`` are numbered in ``year`` (W3)."""
    return f"{NUMBER}{process}:{year}"


def circular_name(year: int) -> str:
    """Under which name the circulars of ``year`` are numbered (W10)."""
    return f"{CIRCULAR}{year}"


def series_name(code: str, per: str, restart: str, today: date) -> str:
    """Under which name the numbers of a series are counted: of a part ``per``, in the year or month of ``today``."""
    period = {"year": f"{today:%Y}", "month": f"{today:%Y-%m}"}.get(restart, "")
    return f"{SERIES}{':'.join((code, per, period))}"


def last_given(session: Session, instance_id: UUID, place: Mapping[str, Any]) -> str | None:
    """The number that a case was last given at a place (series, part, step, unit); None where it has none yet."""
    asked = (
        select(HistoryEvent.data)
        .where(HistoryEvent.stream == stream_of(instance_id), HistoryEvent.kind == "numbered")
        .order_by(HistoryEvent.seq.desc())
    )
    found = (data for data in session.scalars(asked) if place.items() <= data.items())
    return next((str(data["number"]) for data in found), None)


def given(session: Session) -> Mapping[str, list[str]]:
    """The numbers that the journal tells to have been given under each name; one statement.

    A case is numbered once, whatever is taken again. Raises what reading a damaged journal raises.
    """
    asked = (
        select(HistoryEvent.stream, HistoryEvent.kind, HistoryEvent.at, HistoryEvent.data)
        .where(HistoryEvent.kind.in_(("started", "action", "circular_issued", "numbered")))
        .order_by(HistoryEvent.id)
        .execution_options(yield_per=AT_ONCE)
    )
    found: dict[str, list[str]] = {}
    unnumbered: dict[str, str] = {}
    with session.execute(asked) as rows:
        for stream, kind, at, data in rows:
            year = clock.local(at).year
            name, number = None, ""
            if kind == "started":
                unnumbered[stream] = data["process"]
            elif kind == "circular_issued":
                name, number = circular_name(year), data["number"]
            elif kind == "numbered":
                name, number = str(data["name"]), data["number"]
            elif data["name"] == "issue_number" and stream in unnumbered:
                name, number = number_name(unnumbered.pop(stream), year), data["result"]
            if name is not None:
                found.setdefault(name, []).append(str(number))
    return found
