"""Rows exactly as the database holds them, to be held against what they must be.

SQLite keeps moments, days, ids and documents as text. There the text itself is compared, for a changed one may mean
the same or nothing at all; reading it as a value would hide the one and fail on the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Date,
    Dialect,
    LargeBinary,
    Table,
    Uuid,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import NullType

from service.canonical import dumps, loads, normalized
from service.db.base import Base, UtcDateTime
from service.db.prepared import told_as_ours

Row = dict[str, Any]
_DOCUMENTS = (dict, list)
REMEMBERED = 4096
"""Moments and days of a column whose form is kept."""
_READ: Mapping[type, Callable[[str], Any]] = {
    UtcDateTime: datetime.fromisoformat,
    Date: date.fromisoformat,
    Uuid: UUID,
}
"""How a text of the journal is read for a column of that type."""


@dataclass(slots=True)
class Read:
    """Rows that were read already, as the driver of SQLite gives them.

    ``rows``: table → owner as it is stored → rows, each with the columns of the table in their order. ``whole`` is
    false where a text among them was none: whoever needs them then reads them itself, and fails as it would.
    """

    rows: dict[type[Base], dict[Any, list[tuple[Any, ...]]]] = field(default_factory=dict)
    whole: bool = True

    def of(self, model: type[Base]) -> Mapping[Any, list[tuple[Any, ...]]] | None:
        """The rows of a table by owner; None where they must be read."""
        return self.rows.get(model) if self.whole else None


class Shape:
    """A table on one kind of database: its columns, and how a value is written in each; looked up once."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self.table = table
        self._dialect = dialect
        self.raw = dialect.name == "sqlite"
        self.columns: dict[str, Column[Any]] = {column.key: column for column in table.columns}
        self.names: tuple[str, ...] = tuple(self.columns)
        self.keys: tuple[str, ...] = tuple(column.key for column in table.primary_key)
        self.blobs = frozenset(name for name, one in self.columns.items() if isinstance(one.type, LargeBinary))
        documents = [name for name, one in self.columns.items() if isinstance(one.type, JSON)]
        self._documents: tuple[str, ...] = () if self.raw else tuple(documents)
        self._parts: dict[tuple[str, ...], tuple[Any, list[tuple[str, Callable[[Any], Any]]]]] = {}
        self._bind: dict[str, Callable[[Any], Any] | None] = {}
        self._read: dict[str, Callable[[str], Any] | None] = {}
        for name, column in self.columns.items():
            bind = column.type.dialect_impl(dialect).bind_processor(dialect) if self.raw else None
            if bind is not None and isinstance(column.type, UtcDateTime | Date):
                bind = lru_cache(maxsize=REMEMBERED)(bind)  # the rows of a case share its few moments and days
            self._bind[name] = bind
            self._read[name] = next((read for sort, read in _READ.items() if isinstance(column.type, sort)), None)

    def asked(self, *, less: frozenset[str] = frozenset()) -> list[ColumnElement[Any]]:
        """The columns to select, each as it stands."""
        listed = [column for name, column in self.columns.items() if name not in less]
        return [type_coerce(one, NullType()).label(one.key) if self.raw else one.label(one.key) for one in listed]

    def form(self, name: str, value: Any) -> Any:
        """A value of Python in the form in which ``stored`` gives what the column holds."""
        bind = self._bind[name]
        kept = bind(value) if bind is not None and value is not None else value
        return dumps(kept) if kept.__class__ in _DOCUMENTS else kept

    def forms(self, row: Mapping[str, Any]) -> Row:
        """``form`` of each value of a row."""
        return {name: self.form(name, value) for name, value in row.items()}

    def told(self, name: str, value: Any) -> Any:
        """The same of a value as the journal keeps it; raises ValueError for one that the column cannot hold."""
        if value is None:
            return None
        read = self._read[name]
        if read is not None and isinstance(value, str):
            value = read(value)
        return self.form(name, normalized(value) if isinstance(value, dict | list) else value)

    def plain(self, name: str, stored: Any) -> Any:
        """A stored value as the journal keeps one (JSON)."""
        if stored is None:
            return None
        kind = self.columns[name].type.dialect_impl(self._dialect)
        read = kind.result_processor(self._dialect, None) if self.raw else None
        value = read(stored) if read is not None else stored
        if isinstance(value, datetime):
            return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(self.columns[name].type, JSON) and isinstance(value, str):
            return json.loads(value)
        return str(value) if isinstance(value, UUID) else value

    def stored(self, row: Mapping[Any, Any] | Iterable[tuple[str, Any]]) -> Row:
        """A row of the result of ``asked``, by name or in pairs of name and value."""
        whole = dict(row)
        return whole if self.raw else {name: comparable(value) for name, value in whole.items()}

    def plainly(self, owner: str) -> str:
        """The statement for PostgreSQL that asks for the columns of the rows of a list of owners, in the order of their
        keys; documents as text."""
        asked = [f'"{one.name}"{"::text" if name in self._documents else ""}' for name, one in self.columns.items()]
        keys = ", ".join(self.columns[key].name for key in self.keys)
        table, column = self.table.name, self.columns[owner].name
        return f"SELECT {', '.join(asked)} FROM {table} WHERE {column} = ANY(%s) ORDER BY {keys}"  # noqa: S608 - names of our own tables

    def of_plain(self, row: Iterable[Any]) -> Row:
        """A row that ``plain_rows`` gave."""
        found = dict(zip(self.names, row, strict=True))
        for name in self._documents:
            if (text := found[name]) is not None:
                found[name] = comparable(loads(text))
        return found

    def differences(self, have: Row, must: Mapping[str, Any]) -> Iterable[str]:
        """The names of the columns of ``must`` in which the stored row ``have`` says something else."""
        names = tuple(must)
        known = self._parts.get(names)
        if known is None:
            known = self._parts[names] = self._parted(names)
        plain, bound = known
        if plain(have) == plain(must):  # nearly always all are alike: those that need no form are compared at once
            for name, bind in bound:
                value = must[name]
                if have[name] != (value if value is None else bind(value)):
                    break
            else:
                return ()
        return self._differing(have, must)

    def _parted(self, names: tuple[str, ...]) -> tuple[Callable[[Any], Any], list[tuple[str, Callable[[Any], Any]]]]:
        """The getter of the columns that stand in a row as they are in Python, and the others, each with its form."""
        bound = [(name, bind or comparable) for name in names if (bind := self._bind[name]) or name in self._documents]
        others = {name for name, _ in bound}
        plain = [name for name in names if name not in others]
        return (itemgetter(*plain) if plain else len), bound

    def _differing(self, have: Row, must: Mapping[str, Any]) -> Iterator[str]:
        bound = self._bind
        for name, value in must.items():
            bind = bound[name]
            kept = value if bind is None or value is None else bind(value)
            if have[name] != (comparable(kept) if kept.__class__ in _DOCUMENTS else kept):
                yield name


def shape(session: Session, model: type[Base]) -> Shape:
    """The shape of the table of ``model`` on the session's database."""
    return _shape(model, session.get_bind().dialect)


@lru_cache(maxsize=256)
def _shape(model: type[Base], dialect: Dialect) -> Shape:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model} is not one table")
    return Shape(table, dialect)


def rows(session: Session, model: type[Base], *where: ColumnElement[bool]) -> list[Row]:
    """The rows of the table of ``model``, columns by name, each value in the form that ``form`` gives."""
    known = shape(session, model)
    found = session.execute(select(*known.asked()).select_from(model).where(*where))
    return [known.stored(row) for row in found.mappings()]


def plain_rows(
    session: Session, model: type[Base], owner: InstrumentedAttribute[UUID], ids: Sequence[UUID]
) -> Iterable[Sequence[Any]]:
    """The rows that belong to these owners, in the order of their keys, each with the columns of the table in theirs.

    Asked of the connection: a session would look for entities in each row.
    """
    known, connection = shape(session, model), session.connection()
    if not known.raw:
        return fetched(connection, known.plainly(owner.key), list(ids))
    found = select(*known.asked()).select_from(model).where(owner.in_(ids))
    return connection.execute(found.order_by(*(known.columns[key] for key in known.keys)))


def fetched(
    connection: Connection, asked: str, given: list[Any] | str, *, binary: bool = False
) -> list[tuple[Any, ...]]:
    """All rows of a statement of PostgreSQL about a list (or the text of an array), as its driver gives them.

    ``binary``: bytes are sent as such, and not as text.
    """
    if binary:
        driver: Any = connection.connection.dbapi_connection
        with driver.cursor(binary=True) as own, told_as_ours(connection, own, asked, (given,)):
            own.execute(asked, (given,))
            found: list[tuple[Any, ...]] = own.fetchall()
        return found
    with connection.exec_driver_sql(asked, (given,)) as result:
        cursor: Any = result.cursor
        with told_as_ours(connection, cursor, asked, (given,)):
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def form(session: Session, model: type[Base], row: Mapping[str, Any]) -> Row:
    """``row`` (values of Python) in the form in which ``rows`` gives what is stored."""
    return shape(session, model).forms(row)


def differences(session: Session, model: type[Base], have: Row, must: Mapping[str, Any]) -> Iterator[str]:
    """The names of the columns of ``must`` in which the stored row ``have`` says something else."""
    yield from shape(session, model).differences(have, must)


def comparable(value: Any) -> Any:
    """Documents as canonical text: as values, 1 and true would be equal."""
    return dumps(value) if isinstance(value, dict | list) else value
