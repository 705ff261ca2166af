"""Rows exactly as the database holds them, to be held against what they must be.

SQLite keeps moments, days, ids and documents as text. There the text itself is compared, for a changed one may mean
the same or nothing at all; reading it as a value would hide the one and fail on the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from service.db import Base
from service.db.canonical import dumps

Row = dict[str, Any]


def rows(session: Session, model: type[Base], *where: ColumnElement[bool]) -> list[Row]:
    """The rows of the table of ``model``, columns by name, each value in the form that ``form`` gives."""
    columns = _table(model).columns
    asked = [type_coerce(column, NullType()).label(column.key) if _raw(session) else column for column in columns]
    found = session.execute(select(*asked).select_from(model).where(*where))
    return [{name: _comparable(value) for name, value in row.items()} for row in found.mappings()]


def form(session: Session, model: type[Base], row: Mapping[str, Any]) -> Row:
    """``row`` (values of Python) in the form in which ``rows`` gives what is stored."""
    columns = _table(model).columns
    return {name: _comparable(_bound(session, columns[name], value)) for name, value in row.items()}


def differences(session: Session, model: type[Base], have: Row, must: Mapping[str, Any]) -> Iterator[str]:
    """The names of the columns of ``must`` in which the stored row ``have`` says something else."""
    for name, value in form(session, model, must).items():
        if have[name] != value:
            yield name


def _table(model: type[Base]) -> Table:
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model} is not one table")
    return table


def _raw(session: Session) -> bool:
    # SQLite keeps moments, ids and documents as text, which may be damaged: it is read as it stands.
    return session.get_bind().dialect.name == "sqlite"


def _bound(session: Session, column: Column[Any], value: Any) -> Any:
    if not _raw(session):
        return value
    dialect = session.get_bind().dialect
    bind = column.type.dialect_impl(dialect).bind_processor(dialect)
    return bind(value) if bind is not None else value


def _comparable(value: Any) -> Any:
    """Documents as canonical text: as values, 1 and true would be equal."""
    return dumps(value) if isinstance(value, dict | list) else value
