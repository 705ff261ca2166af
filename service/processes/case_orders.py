"""The columns of lists are kept of each need as they are today: long lists are sorted by them (adr/0091).

The database notes the cases of which days or clocks change, as for the figures (``figure_tallies``), and the worker
takes them in. A list works out for the moment the needs that still wait: it is always of this very moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service import clock
from service.db import Base
from service.db.failures import is_unreadable
from service.db.lists import chunks
from service.errors import DAMAGE
from service.processes import speaking
from service.processes.models import Instance
from service.processes.order_models import CaseOrder
from service.processes.rules import NEED
from service.processes.spans import OF_ROW, SAID, shown
from service.processes.title_order import title_order

T = TypeVar("T")

_ROWS: Table = Base.metadata.tables[CaseOrder.__tablename__]
_NAMES = tuple(column.name for column in _ROWS.columns)


def told(session: Session, cases: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The rows of these cases, of those that are needs, as they stand now. Three statements for some hundred."""
    found: dict[UUID, dict[str, Any]] = {}
    names = (*OF_ROW, "started_at", "initiator_unit", "data")
    for part in chunks(cases):
        query = select(Instance.id, *(getattr(Instance, name) for name in names))
        rows = session.execute(query.where(Instance.id.in_(part), Instance.process == NEED)).mappings().all()
        asked = [row["id"] for row in rows]
        answers = speaking.terms(session, asked, clock.LAST_DAY)
        steps = speaking.terms(session, asked, clock.LAST_DAY, steps=True)
        for row in rows:
            found[row["id"]] = row_of(dict(row), answers.get(row["id"]), steps.get(row["id"]))
    return found


def row_of(row: Mapping[str, Any], answer: speaking.Term | None, step: speaking.Term | None) -> dict[str, Any]:
    """The row of a case: out of its own, and of the runs of an answer and of another step that speak for it."""
    said = shown(row)
    own = {name: said[name] for name in (*OF_ROW, *SAID) if name in _NAMES}
    return {
        **own,
        "instance_id": row["id"],
        "started_at": row["started_at"],
        "initiator_unit": row["initiator_unit"],
        "title_order": title_order(row["number"], row["search_key"]),
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
    for part in chunks(cases):
        rows = session.execute(select(_ROWS).where(_ROWS.c.instance_id.in_(part))).mappings()
        found |= {row["instance_id"]: dict(row) for row in rows}
    return found


@dataclass(frozen=True, slots=True)
class Moved:
    """The cases of which a row is there that must not be, and the rows that must be there instead."""

    gone: Sequence[UUID]
    fresh: Sequence[Mapping[str, Any]]


def moved(session: Session, cases: Sequence[UUID]) -> Moved:
    """The rows of these cases that are other than they must be. Four statements for some hundred; more where a row
    cannot be read, which must go too. Of a case that cannot tell what its row must be, the row stays."""
    (before, unread), (now, untold) = readable(partial(kept, session), cases), readable(partial(told, session), cases)
    other = [one for one in cases if one not in untold and (one in unread or before.get(one) != now.get(one))]
    return Moved([one for one in other if one in before or one in unread], [now[one] for one in other if one in now])


def write(session: Session, rows: Moved) -> None:
    """Makes rows those that they must be."""
    for part in chunks(rows.gone):
        session.execute(delete(_ROWS).where(_ROWS.c.instance_id.in_(part)))
    if rows.fresh:
        session.execute(insert(_ROWS), rows.fresh)


def readable(
    ask: Callable[[Sequence[UUID]], Mapping[UUID, T]], cases: Sequence[UUID]
) -> tuple[Mapping[UUID, T], frozenset[UUID]]:
    """The answer about these cases, and those of which nothing can be read: somebody wrote there past the service.

    One statement of ``ask`` where all can be read; else it is asked about ever fewer.
    """
    try:
        return ask(cases), frozenset()
    except DBAPIError as error:
        if not is_unreadable(error):
            raise
    except DAMAGE:
        pass
    if len(cases) == 1:
        return {}, frozenset(cases)
    half = len(cases) // 2
    (some, unread), (others, more) = readable(ask, cases[:half]), readable(ask, cases[half:])
    return {**some, **others}, unread | more


def forget(session: Session) -> None:
    """Forgets all rows."""
    session.execute(delete(_ROWS))
