"""The rows of a step of a case, read and written by prepared statements, as the objects of the session that they are.

They are written at each flush, in the place of SQLAlchemy's own plan.
Everybody changes them as objects of the session, and listeners hear of each change, as everywhere. Tables are written
in the order in which they were named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Select, Text, bindparam, cast, event, insert, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.orm.attributes import instance_state

from service.db.base import Base
from service.db.prepared import Prepared, Sending, Values

_VALUE = "value_"
T = TypeVar("T", bound=Base)


def write_by_hand(
    model: type[Base],
    *,
    text: str = "",
    known_by: Sequence[str] = (),
    taken: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """From now on the rows of ``model`` are written here, after those of the models that were named before.

    ``text``: a column of documents whose text its rows have as ``said``. ``known_by``: the columns that tell rows apart
    which the database numbers. ``taken``: a column that takes its value from another row, by the names of the relation
    and of the value there.
    """
    _written[model] = _Table(model, text, known_by, taken or {})


class _Table:
    def __init__(
        self, model: type[Base], text: str, known_by: Sequence[str], taken: Mapping[str, tuple[str, str]]
    ) -> None:
        mapper: Any = model.__mapper__
        self.mapper, self.text, self.known_by, self.taken = mapper, text, known_by, taken
        self.columns = {mapper.get_property_by_column(column).key: column for column in mapper.local_table.columns}
        [self.key] = [name for name, column in self.columns.items() if column.primary_key]
        self.usual = {
            name: column.default.arg
            for name, column in self.columns.items()
            if column.default is not None and column.default.is_scalar
        }
        self._inserts: dict[tuple[int, bool], Prepared] = {}
        self._updates: dict[tuple[str, ...], Prepared] = {}

    def insert(self, connection: Connection, states: Sequence[Any]) -> None:
        """Writes new rows."""
        rows = [self._row(state) for state in states]
        if rows[0][self.key] is not None:
            self._insert(1, numbered=False).run(connection, [_named(row) for row in rows])
            return
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            given = {f"{name}_{place}": value for place, row in enumerate(some) for name, value in _named(row).items()}
            made = self._insert(len(some), numbered=True).on(connection).rows(connection, given)
            numbers = {tuple(known): number for number, *known in made}
            for state in states[first : first + _AT_ONCE]:
                state.dict[self.key] = numbers[tuple(state.dict[name] for name in self.known_by)]

    def _row(self, state: Any) -> dict[str, Any]:
        known = state.dict
        for name, (relation, value) in self.taken.items():
            other = getattr(state.obj(), relation)
            if other is not None:  # else the value was given itself
                known[name] = getattr(other, value)
        for name in self.columns:
            if name not in known:
                known[name] = self.usual.get(name)
        row = {name: known[name] for name in self.columns}
        if self.text:
            row[self.text] = state.obj().said
        return row

    def _insert(self, count: int, *, numbered: bool) -> Prepared:
        """``numbered``: the database numbers the rows and tells how."""
        if (count, numbered) not in self._inserts:
            names = [name for name in self.columns if not (numbered and name == self.key)]

            def make(dialect: str) -> Any:
                if not numbered:
                    return insert(self.mapper.local_table).values(self._places(names, "", dialect))
                rows = [self._places(names, f"_{place}", dialect) for place in range(count)]
                told = (self.columns[name] for name in (self.key, *self.known_by))
                return insert(self.mapper.local_table).values(rows).returning(*told)

            self._inserts[count, numbered] = Prepared(make)
        return self._inserts[count, numbered]

    def _places(self, names: Iterable[str], end: str, dialect: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in names:
            column = self.columns[name]
            if name != self.text:
                found[column.name] = bindparam(f"{_VALUE}{name}{end}", type_=column.type)
            else:
                said = bindparam(f"{_VALUE}{name}{end}", type_=Text)
                found[column.name] = type_coerce(said, Text) if dialect == "sqlite" else cast(said, JSONB)
        return found

    def update(self, connection: Connection, states: Sequence[Any]) -> None:
        """Writes what has changed."""
        changes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for state in states:
            known, before = state.dict, state.committed_state
            names = tuple(
                name for name in self.columns if name in before and name in known and before[name] != known[name]
            )
            if names:
                changes[names].append({**_named({name: known[name] for name in names}), "key": state.key[1][0]})
        for names, rows in changes.items():
            if names not in self._updates:
                self._updates[names] = Prepared(
                    update(self.mapper.local_table)
                    .where(self.columns[self.key] == bindparam("key", type_=self.columns[self.key].type))
                    .values(self._places(names, "", ""))
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
        row: T | None = session.identity_map.get(key)
        if row is None:
            row = self._manager.new_instance()
            state = instance_state(row)
            state.key, state.session_id, state.identity_token = key, session.hash_key, None
            session.identity_map.replace(state)
            state.dict.update(zip(self._names, values, strict=True))
            if self._without:
                state.expired_attributes.update(self._without)
            if state.manager.dispatch.load:
                state.manager.dispatch.load(state, None)
            state._commit_all(state.dict, session.identity_map)
            return row
        state = instance_state(row)
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

    def beside(self, session: Session, given: Mapping[str, Any]) -> tuple[T, Values] | None:
        """The first of them with the values of the columns that the question adds."""
        found = self._asked.rows(session, given)
        return (self.take(session, found[0][: self._count]), found[0][self._count :]) if found else None

    def take(self, session: Any, values: Sequence[Any]) -> T:
        """The object of the session that a row is, given as the columns of its table in their order."""
        return self._parts.take(session, values)


_AT_ONCE = 16
"""So many rows that the database numbers go in a statement."""
_written: dict[type[Base], _Table] = {}
_States = Mapping[type[Base], Sequence[Any]]


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{_VALUE}{name}": value for name, value in row.items()}


@event.listens_for(Session, "before_flush")
def _write(session: Any, context: UOWTransaction, only: object) -> None:
    """Sends the rows that wait. A failure ends the transaction, as in any flush."""
    gone = session._deleted
    new: dict[type[Base], list[Any]] = defaultdict(list)
    changed: dict[type[Base], list[Any]] = defaultdict(list)
    for state in session._new:
        if state.class_ in _written:
            new[state.class_].append(state)
    for state in session._dirty_states:
        if state.class_ in _written and state not in gone:
            changed[state.class_].append(state)
    if only or not (new or changed):
        return
    try:
        _send(session, session.connection(), context, new, changed)
        session._register_persistent({state for states in (*new.values(), *changed.values()) for state in states})
    except BaseException:
        session._transaction._begin().rollback(_capture_exception=True)
        raise


def _send(session: Any, connection: Connection, context: UOWTransaction, new: _States, changed: _States) -> None:
    fresh = {model: sorted(states, key=lambda state: state.insert_order) for model, states in new.items()}
    moved = {model: sorted(states, key=lambda state: str(state.key[1])) for model, states in changed.items()}
    for model, table in _written.items():  # listeners may ask, so nothing is under way yet
        for state in fresh.get(model, ()):
            table.mapper.dispatch.before_insert(table.mapper, connection, state)
        for state in moved.get(model, ()):
            table.mapper.dispatch.before_update(table.mapper, connection, state)
    with _together(connection):
        for model, table in _written.items():
            if model in fresh:
                table.insert(connection, fresh[model])
            if model in moved:
                table.update(connection, moved[model])
    session.dispatch.after_flush(session, context)


@contextmanager
def _together(connection: Any) -> Iterator[None]:
    """On PostgreSQL the statements of the block leave without waiting for the answer to the one before; a failure is
    told at the next answer that is read, at the latest at the end. SQLAlchemy's own questions find no answer in it."""
    if connection.dialect.name != "postgresql":
        yield
        return
    try:
        with connection.connection.driver_connection.pipeline():
            yield
    except connection.dialect.loaded_dbapi.Error as error:
        connection._handle_dbapi_exception(error, "the rows of a step", None, None, Sending(many=True))
