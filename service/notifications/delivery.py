"""Delivering one owed notice after another, each on its own: at least once, no lock held while a server waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from service import history
from service.db import Database
from service.db.failures import describe, explain
from service.errors import Incident, LiaisonError
from service.history import OutboxEntry
from service.notifications import commands
from service.notifications.channels import Letter, Send, channels
from service.notifications.commands import NobodyToTell, Office

LEASE = timedelta(minutes=5)
"""How long a delivery is left to the worker that began it; longer than any mail server makes it wait."""

log = structlog.get_logger(__name__)


class Delivery:
    """Takes entries of the outbox one by one. ``send`` are the ways out; default: those of the office's settings."""

    def __init__(self, database: Database, office: Office, send: Mapping[str, Send] | None = None) -> None:
        self.database = database
        self.office = office
        self.send = channels(office.mail) if send is None else send

    def deliver(self, now: datetime) -> bool:
        """Delivers the oldest notice that is due; False when there is none.

        A failure is noted for that notice alone. Raises only what stops all work: a database that does not answer.
        """
        event_id = self._take(now)
        if event_id is None:
            return False
        try:
            self._work(event_id, now)
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

    def _work(self, event_id: int, now: datetime) -> None:
        with self.database.transaction() as session:
            entry = session.get(OutboxEntry, event_id)
            if entry is None:
                return
            letters = commands.tell(session, entry.event, self.office, now=now)
            if not letters:
                history.settle(session, entry)
                return
        self._send_all(event_id, letters, now)
        with self.database.transaction() as session:
            entry = session.get(OutboxEntry, event_id)
            if entry is not None:
                history.settle(session, entry)

    def _send_all(self, event_id: int, letters: list[Letter], now: datetime) -> None:
        """Sends all that can be sent, then raises the first failure: one bad address must not keep others waiting."""
        first: Incident | None = None
        for letter in letters:
            try:
                self.send[letter.channel](letter)
            except Incident as error:
                log.warning("letter_failed", event_id=event_id, channel=letter.channel, error=error.message)
                first = first or error
                continue
            with self.database.transaction() as session:
                commands.sent(session, event_id, letter, now=now)
        if first is not None:
            raise first
