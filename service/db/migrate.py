"""Bringing a database to the newest schema. The same migrations run on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from service.db.database import Database, patience

_SCRIPTS = Path(__file__).parent / "migrations"
_FOR_EVER = 7 * 24 * 3600
"""Seconds that stand for no limit where SQLite must be told one: as many as the settings take."""
_LOCK = 0x4C49_4149  # any number that no other program locks on the same database


def upgrade(database: Database, revision: str = "head") -> None:
    """Runs every migration that ``database`` lacks up to ``revision``, all in one transaction.

    Several processes may call it at once: one works, the others wait and then find nothing to do.
    """
    with _loosened(database) as connection, connection.begin():
        database.allow_long_work(connection)
        if not database.is_sqlite:  # SQLite has locked its file by BEGIN IMMEDIATE
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = revision_of(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if database.is_sqlite and revision_of(connection) != before:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise AssertionError(f"a migration broke a reference: {tuple(broken)}")


@contextmanager
def _loosened(database: Database) -> Iterator[Connection]:
    """A connection on which SQLite lets a referenced table be made anew, its only way to drop a column with a key.

    The keys can be switched outside a transaction only; ``upgrade`` checks all of them before it commits. It waits for
    the file's lock as long as long work may take: whoever has it may be upgrading a large database.
    """
    with database.engine.execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
        if not database.is_sqlite:
            yield connection
            return
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with patience(raw, database.timeouts.long_statement or _FOR_EVER):
                yield connection
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


def revision_of(connection: Connection) -> str | None:
    """The newest migration that the connected database has; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Whether this version of the product has the migration ``revision``."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


@cache  # to find it, all migrations are loaded
def newest_revision() -> str:
    """The newest migration that this version of the product has."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise AssertionError("the package has lost its migrations")
    return head


def is_current(database: Database) -> bool:
    """Whether ``database`` has exactly the schema of this version of the product."""
    with database.engine.connect() as connection:
        return revision_of(connection) == newest_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
