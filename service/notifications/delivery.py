"""Telling one owed notice after another, each on its own; what leaves the service is sent apart (``post``)."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from service import history
from service.db import Database
from service.db.failures import describe, explain
from service.errors import LiaisonError
from service.history import OutboxEntry
from service.notifications import commands
from service.notifications.commands import NobodyToTell, Office

LEASE = timedelta(minutes=5)
"""How long a notice is left to the worker that took it."""

log = structlog.get_logger(__name__)


class Delivery:
    """Takes entries of the outbox one by one."""

    def __init__(self, database: Database, office: Office) -> None:
        self.database = database
        self.office = office

    def deliver(self, now: datetime) -> bool:
        """Delivers the oldest notice that is due; False when there is none.

        A failure is noted for that notice alone. Raises only what stops all work: a database that does not answer.
        """
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
                told = commands.tell(session, entry.event, self.office, now=now)
                commands.note_told(session, entry, told, now=now)
                history.settle(session, entry)
