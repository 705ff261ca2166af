"""The columns of lists are kept of each need as they are today: long lists are sorted by them (adr/0091).

The database notes the cases of which days or clocks change, as for the figures (``figure_tallies``), and the worker
takes them in. A list works out for the moment the needs that still wait: it is always of this very moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from service import clock
from service.db import Base
from service.processes import speaking
from service.processes.models import Instance
from service.processes.order_models import CaseOrder
from service.processes.rules import NEED
from service.processes.spans import OF_ROW, SAID, shown

AT_ONCE = 500
"""Ids in a statement."""
_ROWS: Table = Base.metadata.tables[CaseOrder.__tablename__]
_NAMES = tuple(column.name for column in _ROWS.columns)


def told(session: Session, cases: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The rows of these cases, of those that are needs, as they stand now. Three statements for some hundred."""
    found: dict[UUID, dict[str, Any]] = {}
    names = (*OF_ROW, "started_at", "initiator_unit", "data")
    for part in _parts(cases):
        query = select(Instance.id, *(getattr(Instance, name) for name in names))
        rows = session.execute(query.where(Instance.id.in_(part), Instance.process == NEED)).mappings().all()
        asked = [row["id"] for row in rows]
        answers = speaking.terms(session, asked, clock.LAST_DAY)
        steps = speaking.terms(session, asked, clock.LAST_DAY, steps=True)
        for row in rows:
            found[row["id"]] = _row(dict(row), answers.get(row["id"]), steps.get(row["id"]))
    return found


def _row(row: Mapping[str, Any], answer: speaking.Term | None, step: speaking.Term | None) -> dict[str, Any]:
    said = shown(row)
    own = {name: said[name] for name in (*OF_ROW, *SAID) if name in _NAMES}
    return {
        **own,
        "instance_id": row["id"],
        "started_at": row["started_at"],
        "initiator_unit": row["initiator_unit"],
        "due_unit": answer.unit if answer is not None else None,
        "rounds": answer.rounds if answer is not None else None,
        "received_on": answer.received_on if answer is not None else None,
        "due_on": answer.due_on if answer is not None else None,
        "first_due_on": answer.first_due_on if answer is not None else None,
        "step_due_on": step.due_on if step is not None else None,
    }


def kept(session: Session, cases: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The rows of these cases that there are. One statement for some hundred."""
    found: dict[UUID, dict[str, Any]] = {}
    for part in _parts(cases):
        rows = session.execute(select(_ROWS).where(_ROWS.c.instance_id.in_(part))).mappings()
        found |= {row["instance_id"]: dict(row) for row in rows}
    return found


def take_in(session: Session, cases: Sequence[UUID]) -> None:
    """Makes the rows of these cases those that they must be."""
    before, now = kept(session, cases), told(session, cases)
    moved = [one for one in cases if before.get(one) != now.get(one)]
    for part in _parts([one for one in moved if one in before]):
        session.execute(delete(_ROWS).where(_ROWS.c.instance_id.in_(part)))
    fresh = [now[one] for one in moved if one in now]
    if fresh:
        session.execute(insert(_ROWS), fresh)


def wrong_cases(session: Session, cases: Sequence[UUID], due: Collection[UUID]) -> list[UUID]:
    """Those of these cases, but for those in ``due``, whose row is other than it must be."""
    before, now = kept(session, cases), told(session, cases)
    return [one for one in cases if one not in due and before.get(one) != now.get(one)]


def forget(session: Session) -> None:
    """Forgets all rows."""
    session.execute(delete(_ROWS))


def _parts(listed: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for first in range(0, len(listed), AT_ONCE):
        yield listed[first : first + AT_ONCE]
