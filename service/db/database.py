"""Connections and transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from service.db.canonical import dumps

SQLITE_WAIT_SECONDS = 30


class Database:
    """One database. Entry points open exactly one ``transaction()`` (writes) or ``reading()`` a request."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.session_info: dict[str, Any] = {}
        """What the wiring hands to every session (``session.info``): no globals, no import of upper layers."""
        if self.is_sqlite:
            self.engine = _sqlite_engine(url)
        else:
            self.engine = create_engine(url, pool_pre_ping=True, json_serializer=dumps)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def exists(self) -> bool:
        """Whether there is something to connect to: SQLite makes a missing file when asked for it."""
        return not self.is_sqlite or Path(str(self.url.database)).exists()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or leaves no trace if the block raises.

        On SQLite the write lock is taken at once (``BEGIN IMMEDIATE``), so a command never fails half-way on a lock.
        """
        with Session(
            self.engine.execution_options(sqlite_begin="IMMEDIATE"), expire_on_commit=False, info=self.session_info
        ) as session:
            with session.begin():
                yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session whose changes are never kept; all that it reads is as of one moment, that of its first statement.

        SQLite does so by itself; PostgreSQL would show each statement what others have committed meanwhile, and a
        verification beside people at work would find fault with half of their deeds.
        """
        engine = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(engine, autoflush=False, info=self.session_info) as session:
            try:
                yield session
            finally:
                session.rollback()

    def dispose(self) -> None:
        """Closes every pooled connection."""
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:" and not path.startswith("file:"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": SQLITE_WAIT_SECONDS}, json_serializer=dumps)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine
