"""Writing the access log beside the requests: what was shown waits in memory for a moment and lands many at once.

A request never waits for the journal's locks, and pays no statement of its own; adr/0041 says what a kill can lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Lock, Thread

import structlog
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from service.access_log.entries import Look
from service.access_log.models import AccessBatch, AccessEntry, AccessSubject
from service.db import Database
from service.db.failures import describe, explain

AT_ONCE = 500
"""Entries after which a request writes all that wait by itself: memory stays bounded whatever the database does."""
EVERY_SECONDS = 1.0

_NEXT = text("SELECT nextval(pg_get_serial_sequence('access_entry', 'id')) FROM generate_series(1, :count)")

log = structlog.get_logger(__name__)


def write(session: Session, looks: Sequence[Look]) -> None:
    """Writes entries and their index: three statements, however many they are.

    On SQLite only within a transaction that holds the lock of who writes.
    """
    if not looks:
        return
    numbers = _numbers(session, len(looks))
    rows = [{"id": number, **one.row()} for number, one in zip(numbers, looks, strict=True)]
    session.execute(insert(AccessEntry), rows)
    about = [{"subject": subject, "entry_id": row["id"]} for row in rows for subject in row["subjects"]]
    if about:
        session.execute(insert(AccessSubject), about)


def _numbers(session: Session, count: int) -> Sequence[int]:
    """As many numbers that no entry ever had: asked for each row's, SQLite would be sent the rows one by one."""
    if session.get_bind().dialect.name == "sqlite":
        ever = (select(func.max(one)).scalar_subquery() for one in (AccessEntry.id, AccessBatch.last_id))
        last = max(one or 0 for one in session.execute(select(*ever)).one())
        return range(last + 1, last + 1 + count)
    return session.scalars(_NEXT, {"count": count}).all()


class Keeper:
    """The entries of one process that wait. ``start`` has them written every second; without it, when asked to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._waiting: list[Look] = []
        self._lock, self._writing = Lock(), Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def put(self, look: Look) -> None:
        """Takes an entry. Raises what the database raises where so many wait that this one has to be written now."""
        with self._lock:
            self._waiting.append(look)
            full = len(self._waiting) >= AT_ONCE
        if full:
            self.flush()

    def flush(self) -> int:
        """Writes all that waits, in a transaction of its own; gives how many. All waits on where that fails."""
        with self._writing:
            with self._lock:
                taken, self._waiting = self._waiting, []
            if not taken:
                return 0
            try:
                with self.database.transaction() as session:
                    write(session, taken)
            except BaseException:
                with self._lock:
                    self._waiting = taken + self._waiting
                raise
            return len(taken)

    def start(self) -> None:
        """Begins to write every second, until ``stop``."""
        self._thread = Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what still waits: a process that stops in good order loses nothing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._flushed()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._flushed()

    def _flushed(self) -> None:
        try:
            self.flush()
        except Exception as error:  # it is tried again in a second; a database that is away is told by everything else
            log.exception("access_log_not_written", error=explain(error) or describe(error))
