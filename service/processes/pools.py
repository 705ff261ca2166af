"""The open tasks by pool: those for the same role, unit, post of a leader and person are for the same people.

Rights are asked of the few pools there are, not of every task; the tasks of a pool stand side by side in an index that
holds all that a light and a place in the list are told by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, literal_column, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.util import ClauseAdapter

from service.auth.queries import acting_for
from service.db.memory import remembered
from service.processes import access
from service.processes.models import OPEN, SUSPENDED, Instance, UserTask
from service.processes.rules import GREEN, GREY, RED, YELLOW, light
from service.rights import Actor

IS_OPEN = UserTask.status == literal_column(f"'{OPEN}'")
"""As a literal: a database looks into an index of open tasks only where it reads their status in the statement."""
_POOL: tuple[Any, ...] = (UserTask.role, UserTask.unit, UserTask.leader_id, UserTask.person_key)
_INDEXED = "INDEXED BY ix_user_task_pool"
"""SQLite, which counts no values, would rather read every open task by another index."""
_MANY = 200
"""More pools than that are somebody's only where nearly nobody is there: then every task is asked."""


def whose(session: Session, actor: Actor, today: date) -> ColumnElement[bool]:
    """The open tasks that the actor may complete, in person or as a substitute; a statement a person."""
    return or_(*(_of(session, one, today) for one in (actor, *acting_for(session, actor, today))))


def _of(session: Session, actor: Actor, today: date) -> ColumnElement[bool]:
    pools = remembered(session, (_of, actor, today), lambda: _pools(session, actor))
    if len(pools) > _MANY:
        return access.candidate_clause(session, actor)
    theirs = or_(false(), *(and_(*map(_is, _POOL, pool)) for pool in pools))
    return access.unclaimed(session, actor) & theirs


def _pools(session: Session, actor: Actor) -> Sequence[tuple[Any, ...]]:
    """The pools with open tasks that are for the actor, whoever has claimed one; one statement."""
    there = select(*_POOL).where(IS_OPEN).with_hint(UserTask, _INDEXED, "sqlite").distinct().subquery("pool")
    meant = ClauseAdapter(there).traverse(access.meant_for(session, actor))
    return [tuple(row) for row in session.execute(select(there).where(meant))]


def _is(column: Any, value: object) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return found


def light_counts(session: Session, actor: Actor, today: date) -> dict[str, int]:
    """How many of the actor's open tasks show each light; two statements beside those of ``whose``.

    Only the tasks of suspended cases, which are few, are looked up with their case.
    """
    return dict(remembered(session, (light_counts, actor, today), lambda: _counted(session, actor, today)))


def _counted(session: Session, actor: Actor, today: date) -> dict[str, int]:
    mine = whose(session, actor, today)
    keys: Sequence[Any] = (UserTask.due_on, UserTask.warn_on, UserTask.paused)
    found: Counter[str] = Counter()
    for row in session.execute(select(*keys, func.count().label("number")).where(IS_OPEN, mine).group_by(*keys)):
        found[_shade(row, today)] += row.number
    halted = select(Instance.id).where(Instance.status == literal_column(f"'{SUSPENDED}'"))
    some = list(session.scalars(halted.limit(_MANY + 1)))
    within = UserTask.instance_id.in_(some if len(some) <= _MANY else halted)
    for row in session.execute(select(*keys).where(IS_OPEN, mine, within)) if some else ():
        found[_shade(row, today)] -= 1
        found[GREY] += 1
    return {name: found[name] for name in (RED, YELLOW, GREEN, GREY)}


def _shade(row: Any, today: date) -> str:
    return light(due_on=row.due_on, warn_on=row.warn_on, paused=row.paused, today=today)


def in_order(ids: Sequence[UUID], rows: Iterable[UserTask]) -> tuple[UserTask, ...]:
    """The rows of these ids, in the order of the ids."""
    found = {row.id: row for row in rows}
    return tuple(found[one] for one in ids if one in found)
