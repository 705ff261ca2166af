"""Telling owed notices by the batch, and one by one where one of a batch fails; what leaves the service is sent apart
(``post``)."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from service import history
from service.db import Database
from service.db.failures import describe, explain
from service.errors import LiaisonError
from service.history import OutboxEntry
from service.notifications import commands
from service.notifications.telling import NobodyToTell, Office, tell_all

BATCH = 50
"""So many notices are claimed, told and settled in one transaction: few enough for others to wait unnoticed."""
LEASE = timedelta(minutes=5)
"""How long a notice is left to the worker that took it by itself."""

log = structlog.get_logger(__name__)


class Delivery:
    """Takes entries of the outbox, a batch at a time."""

    def __init__(self, database: Database, office: Office) -> None:
        self.database = database
        self.office = office

    def deliver(self, now: datetime) -> int:
        """Delivers the oldest notices that are due, up to a batch; gives how many it tried, 0 when there are none.

        A batch lands whole or not at all: nothing of it leaves the service, so a worker that dies loses nothing. A
        fault of one of them is noted for that notice alone. Raises only what stops all work: a database that does
        not answer.
        """
        try:
            with self.database.transaction() as session:
                entries = history.claim(session, now=now, limit=BATCH)
                tell_all(session, entries, self.office, now=now)
                return len(entries)
        except Exception as error:  # one of the batch fails: they are told one by one, and it is noted there
            if explain(error) is not None:
                raise
        tried = 0
        while tried < BATCH and self._deliver_one(now):
            tried += 1
        return tried

    def _deliver_one(self, now: datetime) -> bool:
        event_id = self._take(now)
        if event_id is None:
            return False
        try:
            self._tell(event_id, now)
        except Exception as error:  # whatever is wrong with one notice must not hold up the others
            if explain(error) is not None:
                raise
            defect = not isinstance(error, LiaisonError)
            log.warning("notice_failed", event_id=event_id, error=describe(error), exc_info=error if defect else None)
            hopeless = isinstance(error, NobodyToTell)
            with self.database.transaction() as session:
                commands.failed(session, event_id, describe(error), hopeless=hopeless, now=now)
        return True

    def _take(self, now: datetime) -> int | None:
        with self.database.transaction() as session:
            for entry in history.claim(session, now=now):
                history.lease(session, entry, until=now + LEASE)
                return entry.event_id
        return None

    def _tell(self, event_id: int, now: datetime) -> None:
        with self.database.transaction() as session:
            entry = session.get(OutboxEntry, event_id)
            if entry is not None:
                tell_all(session, [entry], self.office, now=now)
