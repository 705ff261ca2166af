"""Sending one owed letter after another: at least once, no lock held while a server waits.

Where the way out itself fails (no connection, no sign-in) it is left alone for a moment, so that a queue of letters
does not knock at a closed door one by one; a letter that fails alone holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from service.db import Database
from service.db.failures import describe, explain
from service.errors import LiaisonError
from service.history import HistoryEvent
from service.notifications import letters
from service.notifications.channels import ChannelDown, Send, Undeliverable, channels
from service.notifications.commands import Office, told_of
from service.notifications.letters import Key

LEASE = timedelta(minutes=5)
"""How long a letter is left to the worker that took it; longer than any mail server makes it wait."""
PAUSE = timedelta(minutes=1)
"""How long a way out that failed for all letters is left alone."""

log = structlog.get_logger(__name__)


class Post:
    """Takes owed letters one by one. ``send`` are the ways out; default: those of the office's settings."""

    def __init__(self, database: Database, office: Office, send: Mapping[str, Send] | None = None) -> None:
        self.database = database
        self.office = office
        self.send = channels(office.mail) if send is None else send
        self._closed: dict[str, datetime] = {}
        self._works: set[str] = set()

    def deliver(self, now: datetime) -> bool:
        """Tries the letter that waits longest; False when none is due. Raises only what stops all work."""
        ready = [channel for channel in self.send if self._closed.get(channel, now) <= now]
        if not ready:
            return False
        with self.database.transaction() as session:
            until = now + LEASE
            key = letters.take(session, ready, now=now, until=until)
        if key is None:
            return False
        try:
            self._deliver(key, now)
        except Exception as error:  # whatever is wrong with one letter must not hold up the others
            if explain(error) is not None:
                raise
            self._failed(key, error, until, now)
        return True

    def _deliver(self, key: Key, now: datetime) -> None:
        with self.database.reading() as session:
            told = told_of(session, session.get_one(HistoryEvent, key[0]), now)
            letter = letters.written(session, key, self.office.mail, self.office.public_url, told)
        if letter is not None:
            self.send[letter.channel](letter)
        with self.database.transaction() as session:
            letters.settle(session, key, sent_at=now if letter is not None else None, now=now)
        if letter is not None and letter.channel not in self._works:
            with self.database.transaction() as session:  # of its own: what is sent stays settled
                letters.wake(session, letter.channel, now=now)
            self._works.add(letter.channel)

    def _failed(self, key: Key, error: Exception, until: datetime, now: datetime) -> None:
        defect = not isinstance(error, LiaisonError)
        event_id, channel, _ = key
        log.warning("letter_failed", event_id=event_id, channel=channel, error=describe(error), exc_info=defect)
        closed = isinstance(error, ChannelDown)
        if closed:
            self._closed[channel] = now + PAUSE
            self._works.discard(channel)
        with self.database.transaction() as session:
            letters.failed(
                session,
                key,
                describe(error),
                leased_until=until,
                hopeless=isinstance(error, Undeliverable),
                of_channel=closed,
                retry_for=self.office.mail.retry_for,
                now=now,
            )
