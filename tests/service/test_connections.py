"""Every new connection has the settings that the house counts on: durable writes, foreign keys, limits of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from service.db import Database
from service.db.database import SQLITE_LOG_PAGES, Timeouts

if TYPE_CHECKING:
    from tests.factories.world import World


def test_a_connection_to_sqlite_waits_for_the_disk_and_knows_its_foreign_keys(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with database.engine.connect() as connection:
        names = ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        said = {name: connection.scalar(text(f"PRAGMA {name}")) for name in names}
    database.dispose()
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": SQLITE_LOG_PAGES}


def test_a_connection_to_postgresql_gives_up_in_time(world: World) -> None:
    if world.database.is_sqlite:
        pytest.skip("SQLite has no such limits")
    limits, usual = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"), Timeouts()
    with world.database.engine.connect() as connection:
        ask = text("SELECT setting::int FROM pg_settings WHERE name = :name")
        said = [connection.scalar(ask, {"name": name}) for name in limits]
    assert said == [1000 * one for one in (usual.statement, usual.lock, usual.idle_in_transaction)]


def test_a_connection_to_postgresql_starts_no_helpers_for_what_takes_milliseconds(world: World) -> None:
    if world.database.is_sqlite:
        pytest.skip("SQLite has no helpers")
    with world.database.engine.connect() as connection:
        said = [connection.scalar(text(f"SHOW {name}")) for name in ("parallel_setup_cost", "jit")]
    assert said == ["20000", "off"]
