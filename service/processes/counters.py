"""Running numbers without gaps: the row is locked until the transaction that took the number ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service import clock
from service.db.prepared import Prepared
from service.history import HistoryEvent
from service.processes.models import Counter
from service.processes.recording import stream_of

NUMBER, CIRCULAR, SERIES, URGE, PAPER = "number:", "circular:", "series:", "urge:", "paper:"
PREFIXES = (NUMBER, CIRCULAR, SERIES, URGE, PAPER)
"""The beginnings of the names of all counters whose numbers stand in the journal."""
AT_ONCE = 500


def _taking(dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    made: Any = insert(Counter).values(name=bindparam("name"), value=1)
    more = {Counter.value: Counter.value + 1}
    taken: Executable = made.on_conflict_do_update(index_elements=[Counter.name], set_=more).returning(Counter.value)
    return taken


_TAKE = Prepared(_taking)


def next_value(session: Session, name: str) -> int:
    """The next number under ``name``, from 1 on.

    One statement, after all that waits to be sent: whoever wants the next number waits from it to the commit, so that
    nothing else of the step should stand between the two that could stand before.
    """
    [(value,)] = _TAKE.rows(session, {"name": name})
    found: int = value
    return found


def number_name(process: str, year: int) -> str:
    """Under which name the cases of ``process`` are numbered in ``year`` (W3)."""
    return f"{NUMBER}{process}:{year}"


def circular_name(year: int) -> str:
    """Under which name the circulars of ``year`` are numbered (W10)."""
    return f"{CIRCULAR}{year}"


def urge_name(year: int) -> str:
    """Under which name the urges of ``year`` are numbered (W10)."""
    return f"{URGE}{year}"


def paper_name(template: str, year: int) -> str:
    """Under which name the papers of a print template are numbered in ``year``."""
    return f"{PAPER}{template}:{year}"


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
    data, kind = HistoryEvent.data, HistoryEvent.kind
    said = [data[name].as_string().label(name) for name in ("process", "name", "number", "result")]
    asked = (
        select(HistoryEvent.stream, kind, HistoryEvent.at, *said)
        .where(
            or_(
                kind.in_(("started", "circular_issued", "numbered", "urged")),
                and_(kind == "action", data["name"].as_string() == "issue_number"),
            )
        )
        .order_by(HistoryEvent.id)
        .execution_options(yield_per=AT_ONCE)
    )
    found: dict[str, list[str]] = {}
    unnumbered: dict[str, str] = {}
    with session.execute(asked) as rows:
        for row in rows:
            name, number = None, row.number
            if row.kind == "started":
                unnumbered[row.stream] = _there(row.process)
            elif row.kind == "circular_issued":
                name = circular_name(clock.local(row.at).year)
            elif row.kind == "urged":
                name = urge_name(clock.local(row.at).year) if number is not None else None
            elif row.kind == "numbered":
                name = _there(row.name)
            elif row.stream in unnumbered:
                name = number_name(unnumbered.pop(row.stream), clock.local(row.at).year)
                number = row.result
            if name is not None:
                found.setdefault(name, []).append(_there(number))
    return found


def _there(value: Any) -> str:
    """A value that each event of its kind has."""
    if value is None:
        raise LookupError("an event that gives a number does not say what it must")
    return str(value)
