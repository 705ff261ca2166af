"""Reading from a standby (``read_url``): never as of a moment before the one at which it was asked for.

A standby that lags would show a right that was withdrawn, or not what somebody has just written. So the primary says
first how far its log goes, and a standby that has not come so far within a moment is not asked. Nor is one on another
branch of the log: that of a primary that was lost may go further. After a promotion a standby counts as behind until
its first restart point, which as PostgreSQL is set comes within minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.db.failures import describe

CATCH_UP_SECONDS = 2.0
"""How long a reader waits for a standby that is behind."""
LOOK_SECONDS = 0.02
AGAIN_SECONDS = 30.0
"""How long a server that does not answer is left alone; one that stayed behind is looked at, but not waited for."""

CURRENT, BEHIND, PRIMARY, ANOTHERS, GONE = "current", "behind", "primary", "anothers", "gone"
"""How a server for reading stands: with the primary, behind it, itself a primary, a standby of another, not there."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the log of the cluster ``system``, up to which a primary has confirmed; ``lsn`` '': it is none.

    ``timeline``: the branch of the log. Each promotion begins a new one.
    """

    system: str
    lsn: str
    timeline: int


class Aside:
    """The server of ``engine``, which is read from beside the one of ``primary``."""

    def __init__(self, primary: Engine, engine: Engine) -> None:
        self._primary, self.engine = primary, engine
        self._gone_until = self._behind_until = 0.0

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection, outside a transaction, to a standby that has all that the primary has confirmed by now; to the
        primary where there is none. Raises what the primary raises."""
        with self._standby() or self._primary.connect() as found:
            yield found

    def stands(self) -> str:
        """``CURRENT`` or one of the words beside it; waits for a standby that is behind as long as a reader would.

        Raises what the primary raises.
        """
        wanted = _place(self._primary)
        try:
            with self.engine.connect() as connection:
                return _waited(connection, wanted, CATCH_UP_SECONDS)
        except SQLAlchemyError:
            return GONE

    def _standby(self) -> Connection | None:
        if monotonic() < self._gone_until:
            return None
        wanted, connection = _place(self._primary), None
        try:
            connection = self.engine.connect()
            waits = monotonic() >= self._behind_until
            how = _waited(connection, wanted, CATCH_UP_SECONDS if waits else 0)
            if how == CURRENT:
                self._behind_until = 0.0
            elif how == BEHIND and waits:
                self._behind_until = monotonic() + AGAIN_SECONDS
            if how == CURRENT:
                return connection
            log.debug("not_read_aside", why=how)
        except DBAPIError as error:
            self._gone_until = monotonic() + AGAIN_SECONDS
            log.warning("not_read_aside", why=GONE, error=describe(error))
        if connection is not None:
            connection.close()
        return None


def _place(engine: Engine) -> Place:
    with engine.connect() as connection:
        return Place(*connection.execute(_HERE).one())


def _waited(connection: Connection, wanted: Place, seconds: float) -> str:
    """How the server stands at last; no transaction is left, which would see the moment at which it was first asked."""
    end = monotonic() + seconds
    while True:
        system, replays, reached, timeline = connection.execute(_THERE, {"lsn": wanted.lsn or _FIRST}).one()
        connection.rollback()
        if not replays or not wanted.lsn:
            return PRIMARY
        if system != wanted.system:
            return ANOTHERS
        if reached and timeline == wanted.timeline:
            return CURRENT
        if monotonic() >= end:
            return BEHIND
        sleep(LOOK_SECONDS)


_FIRST = "0/0"
_HERE = text(
    "SELECT system_identifier::text, CASE WHEN pg_is_in_recovery() THEN '' ELSE pg_current_wal_flush_lsn()::text END, "
    "CASE WHEN pg_is_in_recovery() THEN 0 "
    "ELSE ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int END FROM pg_control_system()"
)
_THERE = text(
    "SELECT system_identifier::text, pg_is_in_recovery(), "
    "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= CAST(:lsn AS pg_lsn) END, "
    "min_recovery_end_timeline FROM pg_control_system(), pg_control_recovery()"
)
