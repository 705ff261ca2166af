"""Databases of tests: which they run on, and what their engines share.

Each test has a database and an engine of its own, and a fresh engine compiles every statement anew: a third of the
time of a test that takes a case through its stages. All engines of a kind share what one has compiled.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Dialect, event

from service.db import Database

ON_BOTH = pytest.mark.databases("sqlite", "postgresql")
"""Of a test of pages, calls or diagrams that finds on one database what it does not on the other."""

_KNOWN: dict[str, tuple[Dialect, Any]] = {}


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
