"""Databases of tests: which they run on, and what their engines share.

Each test has a database and an engine of its own, and a fresh engine compiles every statement anew: a third of the
time of a test that takes a case through its stages. All engines of a kind share what one has compiled.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, event

from service.db import Database

ON_BOTH = pytest.mark.databases("sqlite", "postgresql")
"""Of a test of pages, calls or diagrams that finds on one database what it does not on the other."""

_KNOWN: dict[str, tuple[Dialect, Any]] = {}


def copy_of(source: Path, target: Path) -> Path:
    """Copies a database of SQLite with what stands in its log alone: a connection that somebody still holds keeps it
    from being brought home, and the file by itself may be of any moment before."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
    return target


def opened(url: str) -> Database:
    """The database at ``url``, over an engine of its own. SQLite does not wait for the disk: nothing is to survive."""
    database = Database(url)
    engine = database.engine
    if database.is_sqlite:
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    if engine.dialect.name not in _KNOWN:
        engine.connect().close()  # the first connection completes the dialect
        _KNOWN[engine.dialect.name] = engine.dialect, engine._compiled_cache
    engine.dialect, engine._compiled_cache = _KNOWN[engine.dialect.name]
    return database
