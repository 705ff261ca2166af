"""Connections and transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from service.canonical import dumps
from service.config.trust import Timeouts
from service.db.aside import Aside
from service.db.failures import is_of_a_lost_server, trouble
from service.db.lean import LeanSession
from service.db.looking import Looking, watch
from service.db.prepared import Prepared
from service.db.shared import share
from service.db.turns import Turns
from service.db.watched import WatchedConnection
from service.spelling import grams

SQLITE_WAIT_SECONDS = 30
SQLITE_LOG_PAGES = 8000
"""How many pages (of 4 kB) the write-ahead log takes before a commit brings them home, for which others wait: by its
own thousand SQLite does that at every thirtieth step of a case, and writes pages home that the next steps change again.
"""

TRUSTED_SECONDS = 1.0
"""A connection over which PostgreSQL has answered so lately is taken from the pool without asking whether it is still
there: a request that loses its server is tried once more anyway, and does so with its first statement."""

_BEGIN = {kind: Prepared(text(f"BEGIN {kind}"), covered=True) for kind in ("DEFERRED", "IMMEDIATE")}

_writing: ContextVar[bool] = ContextVar("writing", default=False)


def is_writing() -> bool:
    """Whether the caller is within a ``transaction()``, in which others may be waiting for it."""
    return _writing.get()


class Database:
    """One database. Entry points open exactly one ``transaction()`` (writes) or ``reading()`` a request."""

    def __init__(
        self,
        url: str,
        timeouts: Timeouts | None = None,
        *,
        read_url: str = "",
        connections: int = 0,
        idle: int | None = None,
    ) -> None:
        """``connections``: the most at a time (0: 15), of which ``idle`` stay open while nobody works (None: all).

        With ``idle`` it is one of many of a process, and shares with those of its kind how statements are put together.
        """
        self.url = make_url(url)
        self.timeouts = timeouts or Timeouts()
        self.read_url = read_url
        self.session_info: dict[str, Any] = {}
        """Facts that the wiring hands to every session (``session.info``): no globals, no import of upper layers."""
        self.at_begin: Callable[[Session], None] | None = None
        """Is called at the beginning of every transaction; the wiring sets it."""
        most = _pool(connections, idle)
        self.engine = _sqlite_engine(url, idle) if self.is_sqlite else _postgresql_engine(self.url, self.timeouts, most)
        self._turns = _turns(self.url) if self.is_sqlite else None
        self.aside: Aside | None = None
        """The server for reading alone, where there is one."""
        if read_url and not self.is_sqlite:
            self.aside = Aside(self.engine, _postgresql_engine(make_url(read_url), self.timeouts, most))
        if idle is not None:
            for one in self.engines:
                share(one)

    @property
    def engines(self) -> Sequence[Engine]:
        """The engine of the database, and the one of the server for reading."""
        return [self.engine] if self.aside is None else [self.engine, self.aside.engine]

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def exists(self) -> bool:
        """Whether there is something to connect to: SQLite makes a missing file when asked for it."""
        return not self.is_sqlite or Path(str(self.url.database)).exists()

    @contextmanager
    def transaction(self, *, look_first: bool = False) -> Iterator[Session]:
        """A session that commits at the end of the block, or leaves no trace if the block raises.

        On SQLite the write lock is taken at once (``BEGIN IMMEDIATE``), so a command never fails half-way on a lock;
        those who write queue for it (``turns``). With ``look_first`` it is taken as late as can be (``looking``), and
        the block may raise ``Overtaken``: whoever asks for it does the block again without.
        """
        looks = look_first and self._turns is not None
        locks = self.is_sqlite and not looks
        engine = self.engine.execution_options(sqlite_begin="IMMEDIATE") if locks else self.engine
        with ExitStack() as turn, LeanSession(engine, expire_on_commit=False, info=self.session_info) as session:
            if self._turns is not None and not looks:
                turn.enter_context(self._turns.turn())
            mark = _writing.set(True)
            try:
                with session.begin(), self._looking(session, turn) if looks else nullcontext():
                    if self.at_begin is not None:
                        self.at_begin(session)
                    yield session
            finally:
                _writing.reset(mark)

    @contextmanager
    def _looking(self, session: Session, turn: ExitStack) -> Iterator[None]:
        turns = self._turns
        looking = Looking(session, lambda: turns is not None and turn.enter_context(turns.turn()))
        try:
            yield
            session.flush()  # what waits takes the lock; the commit would send it without
        finally:
            looking.end()

    def try_aside(self, work: Callable[[Session], object]) -> bool:
        """Does a small write in a transaction of its own that waits for nobody; False where it would have to wait.

        For notes that may as well be made the next time, such as when something was last used.
        """
        try:
            with self.engine.execution_options(sqlite_begin="IMMEDIATE").connect() as connection:
                with (
                    _impatient(connection),
                    LeanSession(connection, info=self.session_info) as session,
                    session.begin(),
                ):
                    work(session)
        except (DBAPIError, NoConnectionFree) as error:
            if trouble(error) is None:
                raise
            return False
        return True

    @contextmanager
    def reading(self, *, long: bool = False, aside: bool = False) -> Iterator[Session]:
        """A session whose changes are never kept; all that it reads is as of one moment, that of its first statement.

        SQLite does so by itself; PostgreSQL would show each statement what others have committed meanwhile, and a
        verification beside people at work would find fault with half of their operations. ``long`` is for work that
        reads everything (see ``Timeouts``). ``aside`` asks the server for reading, where the settings name one
        (``read_url``) and it has all that the database has confirmed by now; nothing can be written there.
        """
        with ExitStack() as stack:
            bind: Engine | Connection = self.engine
            if aside and self.aside is not None:
                bind = stack.enter_context(self.aside.connection())
            bind = bind if self.is_sqlite else bind.execution_options(isolation_level="REPEATABLE READ")
            session = stack.enter_context(LeanSession(bind, autoflush=False, info=self.session_info))
            try:
                if long:
                    self.allow_long_work(session.connection())
                if self.at_begin is not None:
                    self.at_begin(session)
                yield session
            finally:
                session.rollback()

    def allow_long_work(self, connection: Connection) -> None:
        """Until its transaction ends, ``connection`` may work as long as something that reads everything needs."""
        if not self.is_sqlite:
            limit = self.timeouts.long_statement * 1000
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(text("SELECT set_config(:name, :limit, true)"), {"name": name, "limit": str(limit)})

    def dispose(self) -> None:
        """Closes every pooled connection."""
        for one in self.engines:
            one.dispose()
        if self._turns is not None:
            self._turns.close()


@contextmanager
def _impatient(connection: Connection) -> Iterator[None]:
    """Makes statements on ``connection`` fail at once where they would have to wait for somebody else's lock."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        yield
        connection.commit()
        return
    with patience(connection.connection.driver_connection, 0):
        yield


@contextmanager
def patience(raw: Any, seconds: float) -> Iterator[None]:
    """Makes SQLite's connection ``raw`` wait at most ``seconds`` for a lock, until the block ends."""
    raw.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(SQLITE_WAIT_SECONDS * 1000)}")


_ALONE = {"parallel_setup_cost": 20_000, "jit": "off", "random_page_cost": 1.1}
"""A page's statements take some milliseconds: helpers that begin, and machine code, take longer than these spare.
They read from memory, or from a disk without arms: a row by its index costs little more than the next one of a table
that is read from end to end."""


def _postgresql_engine(url: URL, timeouts: Timeouts, most: dict[str, Any]) -> Engine:
    """Connections that give up a server which is gone, or has fallen silent, within seconds; what the URL itself says
    holds before that.

    ``most``: how many of them, as the library's pool is told.
    """
    limits = {
        "statement_timeout": timeouts.statement * 1000,
        "lock_timeout": timeouts.lock * 1000,
        "idle_in_transaction_session_timeout": timeouts.idle_in_transaction * 1000,
    }
    options = " ".join(f"-c {name}={setting}" for name, setting in ({**limits, **_ALONE}).items())
    arguments: dict[str, Any] = {
        "connect_timeout": timeouts.connect,
        "tcp_user_timeout": timeouts.tcp * 1000,
        "keepalives_idle": max(timeouts.tcp, 1),
        "keepalives_interval": max(timeouts.tcp // 3, 1),
        "keepalives_count": 3,
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    arguments["prepare_threshold"] = None  # a list is planned for what it is asked; what is prepared goes by the pipe
    arguments["options"] = f"{options} {url.query.get('options', '')}".strip()
    engine = create_engine(
        url, pool_pre_ping=True, pool_use_lifo=True, json_serializer=dumps, connect_args=arguments, **most
    )
    dialect: Any = engine.dialect
    asks: Callable[[WatchedConnection], bool] = dialect.do_ping
    dialect.do_ping = lambda connection: monotonic() - connection.heard < TRUSTED_SECONDS or asks(connection)

    @event.listens_for(engine, "do_connect")
    def watched(_dialect: Any, _record: Any, positional: Any, named: Any) -> WatchedConnection:
        made = WatchedConnection.connect(*positional, **named)
        made.silence, made.patience = timeouts.tcp, timeouts.connect
        return made

    @event.listens_for(engine, "handle_error")
    def let_go(context: ExceptionContext) -> None:
        # A server that has become a standby keeps its connections: those of the pool would fail one after the other.
        if context.sqlalchemy_exception is not None and is_of_a_lost_server(context.original_exception):
            context.is_disconnect = True

    return engine


def _pool(connections: int, idle: int | None) -> dict[str, Any]:
    """The library's words for the size of a pool; what it has by itself is 5 that stay, and 15 at most."""
    if idle is not None:
        return {"pool_size": idle, "max_overflow": max((connections or 15) - idle, 0)}
    return {"pool_size": connections, "max_overflow": 0} if connections else {}


def _file(url: URL) -> Path | None:
    """The file of a SQLite database; None of one that is in memory, or named as an address."""
    path = url.database
    return Path(path) if path and path != ":memory:" and not path.startswith("file:") else None


def _turns(url: URL) -> Turns | None:
    path = _file(url)
    return None if path is None else Turns(path, SQLITE_WAIT_SECONDS)


def _sqlite_engine(url: str, idle: int | None) -> Engine:
    path = _file(make_url(url))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # the connection that was used last has in memory what the next request reads
    pool = _pool(0, idle) | ({"pool_use_lifo": True} if path is not None else {})
    engine = create_engine(url, connect_args={"timeout": SQLITE_WAIT_SECONDS}, json_serializer=dumps, **pool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        cursor = connection.cursor()
        log = f"wal_autocheckpoint={SQLITE_LOG_PAGES}"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", log):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        # the index of the words of cases is kept by triggers, which call it (adr/0050)
        connection.create_function("case_grams", 1, _grams, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        _BEGIN[kind].run(connection, [{}])

    watch(engine)
    return engine


def _grams(words: str) -> str:
    return " ".join(grams(words))
