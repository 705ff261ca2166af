"""OCEL 2.0 as a SQLite file: the relational layout of the standard, written in one pass over the cases."""

# ruff: noqa: S608 - names of tables and columns are made here, from numbers and the attributes of ``ocel``
from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from service import clock
from service.audit.logs.cases import Done, LogWish
from service.audit.logs.ocel import EVENT_ATTRIBUTES, OBJECT_TYPES, Log, Occurrence
from service.audit.logs.things import Thing, Told

COLUMN_TYPES = {"string": "TEXT", "integer": "INTEGER", "boolean": "BOOLEAN"}
_TABLES = """
CREATE TABLE event (ocel_id TEXT NOT NULL PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT NOT NULL PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES object_map_type (ocel_type));
CREATE TABLE event_map_type (ocel_type TEXT NOT NULL PRIMARY KEY, ocel_type_map TEXT NOT NULL);
CREATE TABLE object_map_type (ocel_type TEXT NOT NULL PRIMARY KEY, ocel_type_map TEXT NOT NULL);
CREATE TABLE event_object (
  ocel_event_id TEXT NOT NULL REFERENCES event (ocel_id), ocel_object_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL, PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (
  ocel_source_id TEXT NOT NULL REFERENCES object (ocel_id), ocel_target_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
"""
_EVER = "1970-01-01 00:00:00"
"""The moment of an object of which nothing is told."""


def write_sqlite(session: Session, path: Path, wish: LogWish | None = None) -> Done:
    """Writes the cases to a new file; tells of them."""
    log = Log(session, wish)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
        writer = _Writer(connection)
        for piece in log.pieces():
            if isinstance(piece, Thing):
                writer.thing(piece)
            else:
                writer.occurrence(piece)
        connection.commit()
    return log.done


class _Writer:
    """The tables while they are filled. Types are numbered: a table is named ``event_e7``, the map says of which."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._events: dict[str, str] = {}
        for name, attributes in OBJECT_TYPES.items():
            self._run("INSERT INTO object_map_type VALUES (?, ?)", name, name)
            self._table(f"object_{name}", {"ocel_changed_field": "string", **attributes}, "object")

    def thing(self, one: Thing) -> None:
        """An object: a row of how it began, and one for each change."""
        self._run("INSERT INTO object VALUES (?, ?)", one.id, one.type)
        kinds = OBJECT_TYPES[one.type]
        began = one.attributes[0][1] if one.attributes else None
        first: dict[str, str] = {}
        later: list[Told] = []
        for name, at, value in one.attributes:
            if at == began and name not in first:
                first[name] = value
            else:
                later.append((name, at, value))
        begun = {"ocel_id": one.id, "ocel_time": _moment(began) if began is not None else _EVER}
        self._insert(f"object_{one.type}", {**begun, **_kept(first, kinds)})
        for name, at, value in later:
            change = {"ocel_id": one.id, "ocel_time": _moment(at), "ocel_changed_field": name}
            self._insert(f"object_{one.type}", {**change, **_kept({name: value}, kinds)})
        for target, qualifier in one.relations:
            self._run("INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)", one.id, target, qualifier)

    def occurrence(self, one: Occurrence) -> None:
        """An event."""
        if one.type not in self._events:
            mapped = self._events[one.type] = f"e{len(self._events) + 1}"
            self._run("INSERT INTO event_map_type VALUES (?, ?)", one.type, mapped)
            self._table(f"event_{mapped}", EVENT_ATTRIBUTES, "event")
        self._run("INSERT INTO event VALUES (?, ?)", one.id, one.type)
        values = {"ocel_id": one.id, "ocel_time": _moment(one.at), **_kept(one.attributes, EVENT_ATTRIBUTES)}
        self._insert(f"event_{self._events[one.type]}", values)
        for target, qualifier in one.relations:
            self._run("INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)", one.id, target, qualifier)

    def _table(self, name: str, attributes: Mapping[str, str], of: str) -> None:
        columns = ", ".join(f'"{column}" {COLUMN_TYPES[kind]}' for column, kind in attributes.items())
        key = ", PRIMARY KEY (ocel_id)" if of == "event" else ""
        self._run(
            f'CREATE TABLE "{name}" (ocel_id TEXT NOT NULL REFERENCES {of} (ocel_id),'
            f" ocel_time TIMESTAMP NOT NULL, {columns}{key})"
        )

    def _insert(self, table: str, values: Mapping[str, str | int]) -> None:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        self._run(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', *values.values())

    def _run(self, statement: str, *values: str | int) -> None:
        self._connection.execute(statement, values)


def _kept(values: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, str | int]:
    """The values as their columns keep them."""
    return {name: int(value == "true") if kinds[name] == "boolean" else value for name, value in values.items()}


def _moment(at: datetime) -> str:
    return clock.local(at).isoformat(sep=" ", timespec="milliseconds")
