"""The rows of a step of a case, read and written by prepared statements, as the objects of the session that they are.

They are written at each flush (``lean``), in the place of SQLAlchemy's own plan.
Everybody changes them as objects of the session, and listeners hear of each change, as everywhere. Tables are written
in the order in which they were named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Select, bindparam, insert, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.base import LoaderCallableStatus

from service.db.base import Base
from service.db.prepared import Prepared, Values

_VALUE = "value_"
UNREAD = LoaderCallableStatus.NO_VALUE
T = TypeVar("T", bound=Base)


def write_by_hand(model: type[Base]) -> None:
    """From now on the rows of ``model`` are written here, after those of the models that were named before."""
    _written[model] = Written(model)


def written(model: type[Any]) -> Written | None:
    """How the rows of ``model`` are written here; None where they are not."""
    return _written.get(model)


class Written:
    """A table whose rows are written here; ``key``: the name of its one key."""

    def __init__(self, model: type[Base]) -> None:
        mapper: Any = model.__mapper__
        self.model, self.mapper = model, mapper
        self.columns = {mapper.get_property_by_column(column).key: column for column in mapper.local_table.columns}
        [self.key] = [name for name, column in self.columns.items() if column.primary_key]
        self.usual = {
            name: column.default.arg
            for name, column in self.columns.items()
            if column.default is not None and column.default.is_scalar
        }
        self._given = {name: f"{_VALUE}{name}" for name in self.columns}
        self._insert = Prepared(insert(mapper.local_table).values(self._places(self.columns)))
        self._updates: dict[tuple[str, ...], Prepared] = {}

    @staticmethod
    def tables() -> Iterable[Written]:
        """All of them, in the order in which they are written."""
        return _written.values()

    def stands_alone(self, state: Any) -> bool:
        """Whether an object points to no other one."""
        return self._relations.isdisjoint(state.dict)

    @cached_property
    def _relations(self) -> frozenset[str]:
        return frozenset(one.key for one in self.mapper.relationships)

    def insert(self, connection: Connection, states: Sequence[Any]) -> None:
        """Writes new rows."""
        self._insert.run(connection, [self._row(state.dict) for state in states])

    def _row(self, known: dict[str, Any]) -> dict[str, Any]:
        for name in self.columns.keys() - known.keys():
            known[name] = self.usual.get(name)
        return {given: known[name] for name, given in self._given.items()}

    def _places(self, names: Iterable[str]) -> dict[str, Any]:
        columns = ((name, self.columns[name]) for name in names)
        return {column.name: bindparam(f"{_VALUE}{name}", type_=column.type) for name, column in columns}

    def update(self, connection: Connection, states: Sequence[Any]) -> None:
        """Writes what has changed."""
        changes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for state in states:
            known, before = state.dict, state.committed_state
            names = tuple([name for name in self.columns if name in before and before[name] != known[name]])
            if names:
                told = {self._given[name]: known[name] for name in names}
                changes[names].append({**told, "key": state.key[1][0]})
        for names, rows in changes.items():
            if names not in self._updates:
                self._updates[names] = Prepared(
                    update(self.mapper.local_table)
                    .where(self.columns[self.key] == bindparam("key", type_=self.columns[self.key].type))
                    .values(self._places(names))
                )
            self._updates[names].run(connection, rows)


def new_row(model: type[T], **columns: Any) -> T:
    """A new row of a model that is written here, as ``model(**columns)`` makes it but not set column by column.

    Raises TypeError for what is no column.
    """
    table = _written[model]
    if not columns.keys() <= table.columns.keys():
        raise TypeError(f"{model.__name__} has no {sorted(columns.keys() - table.columns.keys())}")
    row: T = table.mapper.class_manager.new_instance()
    instance_state(row).dict.update(columns)
    return row


def were(row: Base, names: Iterable[str]) -> dict[str, Any]:
    """Name → the value before, of those columns that have another one since the last flush; ``UNREAD`` where nobody
    has read it."""
    state = instance_state(row)
    before, known = state.committed_state, state.dict
    return {name: before[name] for name in names if name in before and before[name] != known.get(name)}


def put(row: Base, **columns: Any) -> None:
    """Sets columns of a row, as setting each does."""
    state: Any = instance_state(row)
    known, before = state.dict, state.committed_state
    for name in columns:
        if name not in before:
            before[name] = known.get(name, UNREAD)
    known.update(columns)
    state._modified_event(known, None, None)


def columns_of(row: Base, names: Iterable[str]) -> dict[str, Any]:
    """The values of columns by name."""
    known = instance_state(row).dict
    return {name: known[name] if name in known else getattr(row, name) for name in names}


def loaded(session: Session, model: type[T], key: object) -> T:
    """The object with this key, as ``session.get_one`` gives it: mostly the session has it already."""
    state: Any = session.identity_map.fast_get_state((model, (key,), None))
    row: T | None = None if state is None or state.expired else state.obj()
    return session.get_one(model, key) if row is None else row


class Parts(Generic[T]):
    """Objects of the session made of the ``columns`` of rows, as ``select(model)`` would give them.

    ``without``: columns of the model that are left in the database until somebody asks an object for them.
    ``fresh``: what the database says takes the place of what the session knew; else what the session knows stands.
    """

    def __init__(self, model: type[T], *, without: Sequence[str] = (), fresh: bool = False) -> None:
        mapper: Any = model.__mapper__
        self._model, self._fresh, self._manager = model, fresh, mapper.class_manager
        named = [(mapper.get_property_by_column(column).key, column) for column in mapper.local_table.columns]
        self.columns = [column for name, column in named if name not in without]
        self._names = [name for name, _ in named if name not in without]
        self._without = frozenset(without)
        [self._place] = [place for place, column in enumerate(self.columns) if column.primary_key]

    def take(self, session: Any, values: Sequence[Any]) -> T:
        """The object of the session that a row is, given as ``columns``."""
        key = (self._model, (values[self._place],), None)
        known = session.identity_map.fast_get_state(key)
        row: T | None = known.obj() if known is not None else None
        if row is None:
            row = self._manager.new_instance()
            state = instance_state(row)
            state.key, state.session_id, state.identity_token = key, session.hash_key, None
            session.identity_map._add_unpresent(state, key)
            state.dict.update(zip(self._names, values, strict=True))
            if self._without:
                state.expired_attributes.update(self._without)
            if state.manager.dispatch.load:
                state.manager.dispatch.load(state, None)
            return row
        state = known
        if self._fresh:
            state.dict.update(zip(self._names, values, strict=True))
            state._commit_all(state.dict, session.identity_map)
        elif missing := [name for name in self._names if name not in state.dict]:
            known = dict(zip(self._names, values, strict=True))
            state.dict.update({name: known[name] for name in missing})
            state._commit(state.dict, missing)
        return row


class Rows(Generic[T]):
    """A question whose rows are objects of the session, as ``select(model)`` would give them.

    ``narrow`` adds the conditions to the bare ``select``. ``fresh``: as of ``Parts``, and changes that wait are sent
    first, as they must be under a new lock. ``covered``: as of a ``Prepared``.
    """

    def __init__(
        self,
        model: type[T],
        narrow: Callable[[Select[Any]], Select[Any]],
        *,
        fresh: bool = False,
        covered: bool = False,
    ) -> None:
        self._parts = Parts(model, fresh=fresh)
        self._count = len(self._parts.columns)
        self._asked = Prepared(narrow(select(*self._parts.columns)), covered=covered)

    def all(self, session: Session, given: Mapping[str, Any]) -> list[T]:
        """All of them."""
        return [self.take(session, row[: self._count]) for row in self._asked.rows(session, given)]

    def first(self, session: Session, given: Mapping[str, Any]) -> T | None:
        """The first of them; None where there is none."""
        return next(iter(self.all(session, given)), None)

    def soon(self, session: Session, given: Mapping[str, Any]) -> Callable[[], list[T]]:
        """All of them, asked as ``Prepared.soon`` does; gives a function for them."""
        read = self._asked.soon(session, given)
        return lambda: [self.take(session, row) for row in read()]

    def beside(self, session: Session, given: Mapping[str, Any]) -> tuple[T, Values] | None:
        """The first of them with the values of the columns that the question adds."""
        found = self._asked.rows(session, given)
        return (self.take(session, found[0][: self._count]), found[0][self._count :]) if found else None

    def take(self, session: Any, values: Sequence[Any]) -> T:
        """The object of the session that a row is, given as the columns of its table in their order."""
        return self._parts.take(session, values)


_written: dict[type[Base], Written] = {}
