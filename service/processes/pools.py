"""The open tasks by pool: those for the same role, unit, post of a leader and person are for the same people.

Rights are asked of the few pools there are, not of every task; the tasks of a pool stand side by side in an index that
holds all that a light and a place in the list are told by. The directory alone says whose a pool is: it is
remembered for as long as that is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, false, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.util import ClauseAdapter

from service.auth.directory import known
from service.auth.queries import acting_for
from service.db.memory import remembered
from service.db.prepared import Prepared, size_of
from service.people.models import Leader
from service.processes import access
from service.processes.models import IS_OPEN, SUSPENDED, Instance, UserTask
from service.processes.rules import GREEN, GREY, RED, YELLOW, light
from service.processes.standing import stand_in_rules
from service.rights import Actor

_MANY = 200
"""More pools than that are somebody's only where nearly nobody is there: then every task is asked."""

_PARTS = ("role", "unit", "CAST(leader_id AS TEXT)", "person_key", "assignee")
POOL = "({})".format(" || ' ' || ".join(f"coalesce('=' || {part}, '')" for part in _PARTS))
"""A pool in one word, none of whose parts has a blank within; an empty one is another than none. An index of this very
expression, which migrations alone know of, has the pools of open tasks in order (``INDEX``)."""
INDEX = "ix_user_task_pools"
_MOST = 1000
"""So many pools are looked for one after the other; where there are more, all open tasks are read."""


class Pool(NamedTuple):
    """Open tasks that are alike in all on which it depends who may complete them."""

    role: str | None
    unit: str | None
    leader_id: UUID | None
    person_key: str | None
    assignee: str | None


class _There(NamedTuple):
    """A pool as it is found: ``served_by`` is the unit that serves its leader, of which no stamp tells."""

    pool: Pool
    served_by: str | None


class _Told(NamedTuple):
    """Of ``asked``, all the pools there were, those that are somebody's. All who are told of the same share the set."""

    asked: frozenset[_There]
    theirs: frozenset[_There]


_COLUMNS: tuple[Any, ...] = tuple(getattr(UserTask, name) for name in Pool._fields)
_POOLS = select(*_COLUMNS).where(IS_OPEN).distinct().subquery("pool")
_SERVED = select(_POOLS, Leader.unit_code).outerjoin(Leader, Leader.id == _POOLS.c.leader_id)
_ALL = Prepared(_SERVED)
"""Reads all open tasks for the pools there are."""


def _one_after_the_other() -> Select[Any]:
    """The same as an index has them, by one look for each that is there; ``_MOST`` and one at most."""
    key: Any = literal_column(POOL, Text)
    first = select(key).select_from(UserTask).where(IS_OPEN).order_by(key).limit(literal_column("1"))
    keys = select(first.scalar_subquery().label("key")).cte("pool_key", recursive=True)
    after = first.where(key > keys.c.key).correlate(keys).scalar_subquery()
    keys = keys.union_all(select(after).where(keys.c.key.is_not(None)))
    some = select(UserTask.id).where(IS_OPEN, key == keys.c.key).limit(literal_column("1")).correlate(keys)
    task = aliased(UserTask)
    found = select(*(getattr(task, name) for name in Pool._fields), Leader.unit_code).select_from(keys)
    found = found.join(task, task.id == some.scalar_subquery()).outerjoin(Leader, Leader.id == task.leader_id)
    return found.limit(literal_column(str(_MOST + 1)))


_FOUND = Prepared(_one_after_the_other())
HALTED = select(Instance.id).where(Instance.status == literal_column(f"'{SUSPENDED}'"))
_SOME_HALTED = Prepared(HALTED.limit(literal_column(str(_MANY + 1))))


def whose(session: Session, actor: Actor, today: date) -> ColumnElement[bool]:
    """The open tasks that the actor may complete, in person or as a substitute; a statement, and one a person where
    that is not remembered."""
    pools = _mine(session, actor, today)
    if pools is None:
        return or_(*(access.candidate_clause(session, one) for one in _each(session, actor, today)))
    return _among(pools, lambda _place, _column, value: value)


def _among(pools: Iterable[Pool], given: Callable[[int, Any, Any], Any]) -> ColumnElement[bool]:
    """The tasks of these pools; ``given`` says how a value of the so-manieth of them is written."""
    alike = (
        and_(
            *(
                column.is_(None) if value is None else column == given(place, column, value)
                for column, value in zip(_COLUMNS, pool, strict=True)
            )
        )
        for place, pool in enumerate(pools)
    )
    return or_(false(), *alike)


def _mine(session: Session, actor: Actor, today: date) -> tuple[Pool, ...] | None:
    """The pools of ``whose``, those alike in what they leave open side by side; None for too many of them."""
    return remembered(session, (_mine, actor, today), lambda: _looked_up(session, actor, today))


def _each(session: Session, actor: Actor, today: date) -> tuple[Actor, ...]:
    return (actor, *acting_for(session, actor, today))


def _looked_up(session: Session, actor: Actor, today: date) -> tuple[Pool, ...] | None:
    rows = _FOUND.rows(session)
    there = [_There(Pool(*row), served_by) for *row, served_by in (_ALL.rows(session) if len(rows) > _MOST else rows)]
    found = {one for who in _each(session, actor, today) for one in _theirs(session, who, today, there)}
    if len(found) > _MANY:
        return None
    return tuple(sorted(found, key=lambda one: (_left_open(one), tuple(map(str, one)))))


def _theirs(session: Session, actor: Actor, today: date, there: Sequence[_There]) -> Iterator[Pool]:
    """Those of the pools whose tasks the actor may complete; a statement, where one of them is not remembered."""
    question = (_theirs, actor, today, stand_in_rules(session))
    told = known(session, question, lambda: _Told(frozenset(), frozenset()))
    if not told.asked.issuperset(there):
        # All are asked again: one that has come, or gone, since they were looked up is told of as it is now.
        told = known(session, question, lambda: _asked(session, actor), anew=True)
    return (one.pool for one in there if one in told.theirs)


def _asked(session: Session, actor: Actor) -> _Told:
    is_theirs = ClauseAdapter(_POOLS).traverse(access.candidate_clause(session, actor))
    found = {
        _There(Pool(*row), served_by): bool(told)
        for *row, served_by, told in session.execute(_SERVED.add_columns(is_theirs))
    }
    return _Told(_shared(session, frozenset(found)), frozenset(one for one, told in found.items() if told))


def _shared(session: Session, asked: frozenset[_There]) -> frozenset[_There]:
    """The very set that was remembered last, where it is the same: some hundred pools for each actor would add up."""
    last = known(session, _shared, lambda: asked)
    return last if last == asked else known(session, _shared, lambda: asked, anew=True)


class Question:
    """A question about somebody's open tasks, which ``write`` makes of the condition that they are theirs.

    It is written once for all whose pools are alike in number and in what they leave open.
    """

    def __init__(self, write: Callable[[ColumnElement[bool]], Any]) -> None:
        self._write, self._made = write, lru_cache(maxsize=64)(self._prepared)

    def rows(
        self, session: Session, actor: Actor, today: date, given: Mapping[str, Any] = MappingProxyType({})
    ) -> Sequence[Sequence[Any]]:
        """The rows that it gives, one statement beside those of ``whose``; none without one where nothing is theirs."""
        pools = _mine(session, actor, today)
        if pools is None:
            return session.execute(self._write(whose(session, actor, today)), given).all()
        if not pools:
            return []
        shape, listed = [], []
        for left_open, group in groupby(pools, _left_open):
            alike = list(group)
            size = size_of(alike)
            listed += alike + alike[-1:] * (size - len(alike))
            shape.append((left_open, size))
        values = {
            f"{column.key}_{place}": value
            for place, pool in enumerate(listed)
            for column, value in zip(_COLUMNS, pool, strict=True)
            if value is not None
        }
        return self._made(tuple(shape)).rows(session, {**values, **given})

    def _prepared(self, shape: Sequence[tuple[Sequence[bool], int]]) -> Prepared:
        some: Any = ""
        pools = [
            Pool(*(None if left else some for left in left_open)) for left_open, size in shape for _ in range(size)
        ]
        return Prepared(
            self._write(_among(pools, lambda place, column, _: bindparam(f"{column.key}_{place}", type_=column.type)))
        )


def _left_open(pool: Pool) -> tuple[bool, ...]:
    return tuple(value is None for value in pool)


_SHADES = (UserTask.due_on, UserTask.warn_on, UserTask.paused)
_COUNTED = Question(lambda mine: select(*_SHADES, func.count()).where(IS_OPEN, mine).group_by(*_SHADES))


def how_many(session: Session, actor: Actor, today: date) -> int:
    """How many open tasks are the actor's; one statement beside those of ``whose``."""
    return sum(number for *_, number in _counted(session, actor, today))


def light_counts(session: Session, actor: Actor, today: date) -> dict[str, int]:
    """How many of the actor's open tasks show each light; two statements beside those of ``whose``.

    Only the tasks of suspended cases, which are few, are looked up with their case.
    """
    return dict(remembered(session, (light_counts, actor, today), lambda: _shaded(session, actor, today)))


def _counted(session: Session, actor: Actor, today: date) -> Sequence[Sequence[Any]]:
    return remembered(session, (_counted, actor, today), lambda: _COUNTED.rows(session, actor, today))


def _shaded(session: Session, actor: Actor, today: date) -> dict[str, int]:
    found: Counter[str] = Counter()
    for *shade, number in _counted(session, actor, today):
        found[_shade(shade, today)] += number
    some = [case for (case,) in _SOME_HALTED.rows(session)]
    within = UserTask.instance_id.in_(some if len(some) <= _MANY else HALTED)
    halted = select(*_SHADES).where(IS_OPEN, whose(session, actor, today), within)
    for row in session.execute(halted) if some else ():
        found[_shade(row, today)] -= 1
        found[GREY] += 1
    return {name: found[name] for name in (RED, YELLOW, GREEN, GREY)}


def _shade(row: Sequence[Any], today: date) -> str:
    due_on, warn_on, paused = row
    return light(due_on=due_on, warn_on=warn_on, paused=paused, today=today)
