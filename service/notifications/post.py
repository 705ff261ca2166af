"""Sending owed letters by the batch: at least once, no lock held while a server waits.

Where the way out itself fails (no connection, no sign-in) it is left alone for a moment, so that a queue of letters
does not knock at a closed door one by one; a letter that fails alone holds up no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

import structlog

from service.db import Database
from service.db.failures import describe, explain
from service.errors import LiaisonError
from service.notifications import letters, writing
from service.notifications.channels import Send, channels
from service.notifications.letter import ChannelDown, Letter, Undeliverable
from service.notifications.letters import Key
from service.notifications.telling import Office

BATCH = 50
"""So many letters are taken and written at once."""
SETTLE_AT = 10
"""So many letters that went out are settled at once; as many may come twice when a worker dies between the two."""
SETTLE_SECONDS = 0.1
"""Letters that went out are settled after so long at the latest: of a slow server's, each by itself."""
LONGEST_SECONDS = 120.0
"""After so long the rest of a batch is given back, long before its lease ends."""
LEASE = timedelta(minutes=5)
"""How long letters are left to the worker that took them; longer than any server makes it wait."""
PAUSE = timedelta(minutes=1)
"""How long a way out that failed for all letters is left alone."""

log = structlog.get_logger(__name__)


class Post:
    """Takes owed letters. ``send`` are the ways out; default: those of the office's settings."""

    def __init__(self, database: Database, office: Office, send: Mapping[str, Send] | None = None) -> None:
        self.database = database
        self.office = office
        self.send = channels(office.mail) if send is None else send
        self._closed: dict[str, datetime] = {}
        self._works: set[str] = set()

    def deliver(self, now: datetime) -> int:
        """Tries the letters that wait longest, up to a batch; gives how many it took, 0 when none is due.

        A way out that keeps a line open keeps it for the next batch, until ``close``. Raises only what stops all work.
        """
        ready = [channel for channel in self.send if self._closed.get(channel, now) <= now]
        if not ready:
            return 0
        until = now + LEASE
        with self.database.transaction() as session:
            keys = letters.take(session, ready, now=now, until=until, limit=BATCH)
        if keys:
            self._send_all(keys, until, now)
        return len(keys)

    def close(self) -> None:
        """Takes leave of the servers to which lines are open."""
        for send in self.send.values():
            if (close := getattr(send, "close", None)) is not None:
                close()

    def _send_all(self, keys: Sequence[Key], until: datetime, now: datetime) -> None:
        written = self._written(keys, until, now)
        began = settled_at = monotonic()
        done: dict[Key, bool] = {}
        left: list[Key] = []
        try:
            for key, letter in written.items():
                if self._closed.get(key[1], now) > now or monotonic() - began > LONGEST_SECONDS:
                    left.append(key)
                    continue
                try:
                    if letter is not None:
                        self.send[letter.channel](letter)
                    done[key] = letter is not None
                except Exception as error:  # whatever is wrong with one letter must not hold up the others
                    if explain(error) is not None:
                        raise
                    self._failed(key, error, until, now)
                if len(done) >= SETTLE_AT or monotonic() - settled_at > SETTLE_SECONDS:
                    going, done, settled_at = done, {}, monotonic()
                    self._settle(going, now)
        except Exception:  # what has gone out is settled, also where the next letter could not be noted
            self._settle(done, now)
            raise
        self._settle(done, now)
        if left:
            with self.database.transaction() as session:
                letters.give_back(session, left, leased_until=until)

    def _written(self, keys: Sequence[Key], until: datetime, now: datetime) -> dict[Key, Letter | None]:
        """The letters of the batch; where one cannot be written, that one has failed, and the others are written."""
        try:
            with self.database.reading() as session:
                return writing.written(session, keys, self.office, now=now)
        except Exception as error:  # whatever is wrong with one letter must not hold up the batch
            if explain(error) is not None:
                raise
            if len(keys) == 1:
                self._failed(keys[0], error, until, now)
                return {}
        return {key: letter for one in keys for key, letter in self._written([one], until, now).items()}

    def _settle(self, done: Mapping[Key, bool], now: datetime) -> None:
        if not done:
            return
        with self.database.transaction() as session:
            letters.settle(session, done, now=now)
        for channel in {channel for (_, channel, _), sent in done.items() if sent} - self._works:
            with self.database.transaction() as session:  # of its own: what is sent stays settled
                letters.wake(session, channel, now=now)
            self._works.add(channel)

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
