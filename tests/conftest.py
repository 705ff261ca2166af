"""The fixtures of all tests, and the rule on which databases a test runs (``KINDS``, ``pytest_generate_tests``)."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from service.auth import passwords
from service.auth.followers import follow
from service.clock import SHANGHAI, now, simulated
from service.db import Database, migrate
from service.db.lean import LeanSession
from service.people.leaving import KEY as LEAVING
from service.processes.wiring import KEY as WIRING
from service.storage.stores import KEY as STORE
from service.storage.stores import Folder
from service.usecases import wire
from tests import postgres
from tests.factories import world as worlds
from tests.factories.databases import opened

SCRATCH = Path(os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(postgres.scratch())))
"""Where all files of this test run are; its workers inherit the choice."""
SQLITE, POSTGRESQL = "sqlite", "postgresql"
KINDS = {"service": (SQLITE, POSTGRESQL)}
"""Folder of tests → the databases that its tests run on; in the others SQLite alone. A ``databases`` mark says better.

Statements, locks, JSON, moments and text sorts differ between the two: the commands and queries of the features run on
both. Pages, calls and diagrams stand above them; of those run on both what reaches a statement of its own (every
address with strange values, every list and its filters), what waits for a lock, and one way through each process.
"""
OVER_A_DATABASE = ("database_url", "empty_database", "session", "world")
"""The fixtures that stand over a database of one kind; ``session`` where its test has no ``database``."""
START = datetime(2026, 9, 16, 9, 0, tzinfo=SHANGHAI)
"""The fake clock's first moment: a Wednesday morning, a working day."""


class FakeClock:
    """Turns ``service.clock.now()`` by hand."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.set(START)

    @property
    def now(self) -> datetime:
        return now()

    def set(self, moment: datetime) -> datetime:
        """It is now ``moment`` (aware)."""
        self._stack.enter_context(simulated(moment))
        return moment

    def advance(self, **amount: float) -> datetime:
        """It is now later by ``days=… hours=… minutes=…``."""
        return self.set(now() + timedelta(**amount))


@pytest.fixture(scope="session", autouse=True)
def _quick_hashing() -> Iterator[None]:
    """The real cost of a password would be most of the time of every test that signs somebody in."""
    usual = passwords._hasher
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._hasher = usual


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """A clock that stands at 2026-09-16 09:00 in Shanghai until the test turns it."""
    with ExitStack() as stack:
        yield FakeClock(stack)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh migrated database, of the kind that the test runs on."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        name = f"test_{uuid.uuid4().hex}"
        yield server.create(name)
        server.drop(name)


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table, of the kind that the test runs on."""
    if request.param == "sqlite":
        with _opened(f"sqlite:///{tmp_path / 'empty.db'}") as database:
            yield database
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        name = f"empty_{uuid.uuid4().hex}"
        with _opened(server.create_empty(name)) as database:
            yield database
        server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh migrated database, of the kind that the test runs on."""
    with _opened(database_url) as database:
        yield database


@cache
def _session_info() -> dict[str, object]:
    """The wiring of a session: what processes are called, and what follows when somebody leaves."""
    bare = SimpleNamespace(session_info={})
    wire(bare, *worlds.read_config("sqlite://"))
    files = Folder(SCRATCH / f"files-{worlds.process_of_the_run()}")
    return {WIRING: bare.session_info[WIRING], LEAVING: follow, STORE: files}


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session in one open transaction, which is never committed: of the test's ``database`` where it has one."""
    alone = getattr(request, "param", None)
    name = "database" if alone is None else f"{alone}_of_sessions"
    database: Database = request.getfixturevalue(name)
    engine = database.engine if alone is None else database.engine.execution_options()  # listeners end with the test
    with LeanSession(engine, expire_on_commit=False, info=_session_info()) as session:
        yield session
        session.rollback()


@pytest.fixture
def sqlite_of_sessions(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A database for a single session."""
    shutil.copy(sqlite_template, tmp_path / "test.db")
    with _opened(f"sqlite:///{tmp_path / 'test.db'}") as database:
        yield database


@pytest.fixture(scope="session")
def postgresql_of_sessions(postgres_server: postgres.Server) -> Iterator[Database]:
    """One database for the sessions of many tests, none of which leaves anything behind: making one takes longer."""
    name = f"sessions_{uuid.uuid4().hex}"
    with _opened(postgres_server.create(name)) as database:
        event.listen(database.engine, "commit", _refuse)
        yield database
    postgres_server.drop(name)


def _refuse(_: Connection) -> None:
    raise AssertionError("A test that commits asks for ``database``: that of its session alone serves other tests too.")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[worlds.World]:
    """The whole service over a fresh database with the demonstration's people, of the kind that the test runs on."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_world"), tmp_path / "world.db")
        made = worlds.World(f"sqlite:///{tmp_path / 'world.db'}", clock)
        yield made
        made.close()
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        server.template("liaison_world", worlds.build)
        name = f"world_{uuid.uuid4().hex}"
        made = worlds.World(server.create(name, "liaison_world"), clock)
        yield made
        made.close()
        server.drop(name)


@pytest.fixture(scope="session")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demonstration's people, built once a test run and copied for each test."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    path = shared / "world.db"
    with (shared / "world.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partial = shared / "world.partial.db"
            worlds.build(f"sqlite:///{partial}")
            partial.rename(path)
    return path


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.dispose()  # the last connection to close folds the write-ahead log into the file
    return path


@pytest.fixture(scope="session")
def postgres_server() -> postgres.Server:
    """The PostgreSQL of this test run."""
    return postgres.Server(postgres.home(_run_id(), SCRATCH))


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = opened(url)
    yield database
    database.dispose()


def _run_id() -> str:
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid():08d}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test over a database once on each kind of database that it is for, see ``KINDS``.

    A test over two databases, such as a backup and what it is restored to, runs on each kind for each.
    """
    mark = metafunc.definition.get_closest_marker("databases")
    kinds = mark.args if mark is not None else KINDS.get(metafunc.definition.path.parent.name, (SQLITE,))
    marks = {POSTGRESQL: [pytest.mark.postgres]}
    for name in OVER_A_DATABASE:
        if name in metafunc.fixturenames and (name != "session" or "database" not in metafunc.fixturenames):
            metafunc.parametrize(name, [pytest.param(kind, marks=marks.get(kind, ())) for kind in kinds], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that drive a browser need one that is installed; ``.ci/run`` installs it."""
    if shutil.which("chromium") is None:
        for item in items:
            if item.get_closest_marker("browser") is not None:
                item.add_marker(pytest.mark.skip(reason="chromium is not installed"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that began the test run stops the server that its workers shared."""
    if hasattr(config, "workerinput"):
        return
    dsession = config.pluginmanager.get_plugin("dsession")
    node_manager = getattr(dsession, "nodemanager", None)
    run = node_manager.testrunuid if node_manager is not None else _run_id()
    postgres.stop(postgres.home(run, SCRATCH))
