"""Writing the access log beside the requests: what was shown waits in memory for a moment and lands many at once.

A request never waits for the journal's locks, and pays no statement of its own. The entries that wait are on
the disk as well (``spool``), so that a kill loses nothing; adr/0041 says what the loss of power can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import structlog
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from service.access_log.entries import MOST_SUBJECTS, PART, Look
from service.access_log.models import AccessBatch, AccessEntry, AccessSubject
from service.access_log.spool import Kept, Spool
from service.db import Database
from service.db.failures import describe, explain

AT_ONCE = 500
"""Entries after which a request writes all that wait by itself, as it does where they tell of ``MOST_SUBJECTS`` records
together: memory stays bounded whatever the database does."""
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


def _missing(session: Session, looks: Sequence[Look]) -> list[Look]:
    """Those that no entry tells of; at most one statement for each 500."""
    there: set[tuple[Any, ...]] = set()
    for first in range(0, len(looks), AT_ONCE):
        asked = [one.request_id for one in looks[first : first + AT_ONCE]]
        known = select(AccessEntry.at, AccessEntry.username, AccessEntry.request_id, AccessEntry.reasons)
        known = known.where(AccessEntry.at >= min(one.at for one in looks), AccessEntry.request_id.in_(asked))
        there.update((at, who, request, _part(why)) for at, who, request, why in session.execute(known))
    return [one for one in looks if (one.at, one.username, one.request_id, _part(one.reasons)) not in there]


def _part(reasons: Mapping[str, Any]) -> tuple[int, ...]:
    """The place of an entry among those about its request, and their number; empty of the only one."""
    return tuple(reasons.get(PART, ()))


class Keeper:
    """The entries of one process that wait. ``start`` has them written every second; without it, when asked to.

    From ``start`` on they are kept in ``folder`` too; without one, or where nothing can be written there, in memory.
    """

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self.database = database
        self._folder = folder
        self._spool: Spool | None = None
        self._kept: list[Kept] = []
        self._waiting: list[Look] = []
        self._records = 0
        self._lock, self._writing = Lock(), Lock()
        self._stop = Event()
        self._thread: Thread | None = None

    def put(self, look: Look) -> None:
        """Takes an entry. Raises what the database raises where so many wait that this one has to be written now."""
        with self._lock:
            self._waiting.append(look)
            self._records += len(look.subjects)
            if self._spool is not None:
                try:
                    self._spool.add(look)
                except OSError as error:
                    log.warning("access_log_not_spooled", error=str(error))
            full = len(self._waiting) >= AT_ONCE or self._records >= MOST_SUBJECTS
        if full:
            self.flush()

    def flush(self) -> int:
        """Writes all that waits, in a transaction of its own; gives how many. All waits on where that fails."""
        with self._writing:
            with self._lock:
                taken, self._waiting, self._records = self._waiting, [], 0
                if self._spool is not None and (kept := self._spool.cut()) is not None:
                    self._kept.append(kept)
            if not taken:
                return 0
            try:
                with self.database.transaction() as session:
                    write(session, taken)
            except BaseException:
                with self._lock:
                    self._waiting = taken + self._waiting
                    self._records = sum(len(one.subjects) for one in self._waiting)
                raise
            while self._kept:
                self._kept.pop().remove()
            return len(taken)

    def start(self) -> None:
        """Begins to write every second, until ``stop``; first what processes that were killed have left."""
        if self._folder is not None:
            try:
                self._spool = Spool(self._folder)
            except OSError as error:
                log.warning("access_log_not_spooled", error=str(error))
        self._take_over()
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="access-log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what still waits: a process that stops in good order loses nothing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._flushed()

    def _take_over(self) -> None:
        """Writes the entries of abandoned files that are not there yet: their process may have been killed between."""
        for kept in self._spool.abandoned() if self._spool is not None else ():
            try:
                looks = list(kept.looks())
                with self.database.transaction() as session:
                    write(session, _missing(session, looks))
                kept.remove()
            except Exception as error:  # the next start tries again
                log.exception("access_log_not_taken_over", error=explain(error) or describe(error))

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._flushed()

    def _flushed(self) -> None:
        try:
            self.flush()
        except Exception as error:  # it is tried again in a second; a database that is away is told by everything else
            log.exception("access_log_not_written", error=explain(error) or describe(error))
