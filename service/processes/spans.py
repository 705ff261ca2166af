"""How cases stood on any day: stretches of days over which all that lists and papers show of a case stayed the same.

A case's row knows only its newest state. A question about a past day needs the state at its end: the title
before it was corrected, the end before it was taken back, the leader who had taken it in. Live code keeps the stretches
step by step; verification and an upgrade make the same ones by replay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.orm import Session

from service import clock
from service.processes.models import CaseSpan, Instance

OF_ROW = (
    "status",
    "stage",
    "number",
    "title",
    "search_key",
    "talent_id",
    "leader_id",
    "urges",
    "ended_at",
    "end",
    "end_name",
)
SAID = ("category", "town", "outcome")
COLUMNS = (*OF_ROW, *SAID)

_CURRENT = select(CaseSpan.id, CaseSpan.from_on, *(getattr(CaseSpan, name) for name in COLUMNS))


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a stretch about a case, out of the columns of its row."""
    said = row["data"]
    return {name: row[name] for name in OF_ROW} | {name: _text(said.get(name)) for name in SAID}


def of_instance(instance: Instance) -> dict[str, Any]:
    """The same of a case as it stands now."""
    return shown({name: getattr(instance, name) for name in (*OF_ROW, "data")})


def keep(session: Session, instance: Instance, now: datetime) -> None:
    """From today on the case is as its row says; what it was earlier today no evening will have seen."""
    on, told = clock.local(now).date(), of_instance(instance)
    where = CaseSpan.instance_id == instance.id
    row = session.execute(_CURRENT.where(where, CaseSpan.until_on.is_(None))).mappings().first()
    if row is None:
        begun = clock.local(instance.started_at).date()
        session.execute(insert(CaseSpan), [{"instance_id": instance.id, "from_on": begun, **told}])
    elif any(row[name] != told[name] for name in COLUMNS):
        fresh = row["from_on"] >= on
        session.execute(
            update(CaseSpan)
            .where(CaseSpan.id == row["id"])
            .values(told if fresh else {"until_on": on})
            .execution_options(synchronize_session=False)
        )
        if not fresh:
            session.execute(insert(CaseSpan), [{"instance_id": instance.id, "from_on": on, **told}])


def at_end_of(on: date) -> ColumnElement[bool]:
    """The stretches (one of each case that had begun) that hold at the end of a day."""
    return (CaseSpan.from_on <= on) & or_(CaseSpan.until_on.is_(None), CaseSpan.until_on > on)


class Spans:
    """The stretches of a case, made by what is ``shown`` of it after each event."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def take(self, at: datetime, told: dict[str, Any]) -> None:
        """The case is so after an event at this moment."""
        on = clock.local(at).date()
        last = self.rows[-1] if self.rows else None
        if last is not None and last["from_on"] < on:
            if all(last[name] == told[name] for name in COLUMNS):
                return
            last["until_on"] = on
            last = None
        if last is None:
            self.rows.append({"from_on": on, "until_on": None, **told})
        else:
            last |= told


def joined(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The stretches in order of time, those that say the same as the one before grown into one."""
    found: list[dict[str, Any]] = []
    for row in sorted(rows, key=lambda one: str(one["from_on"])):
        if found and all(found[-1][name] == row[name] for name in COLUMNS):
            found[-1]["until_on"] = row["until_on"]
        else:
            found.append(dict(row))
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
