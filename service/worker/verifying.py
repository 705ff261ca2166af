"""The verification of the night, submitted by whichever worker comes first."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.config import Settings
from service.config.verifying import FULL, OFF
from service.db import Database
from service.seals.rules import last_moment
from service.usecases.verifying import submit_nightly

LOOK_EVERY = timedelta(minutes=1)


class Nightly:
    """Looks now and then whether the night's verification is due; a night before the worker began is left alone."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings.verify
        self._since: datetime | None = None
        self._next: datetime | None = None

    def work(self, now: datetime) -> bool:
        """Submits what is due; whether it did."""
        if self.settings.nightly == OFF:
            return False
        self._since = self._since or now
        if self._next is not None and now < self._next and self._next - now <= LOOK_EVERY:
            return False
        self._next = now + LOOK_EVERY
        moment = last_moment(self.settings.at, now)
        if moment <= self._since:
            return False
        with self.database.transaction() as session:
            return submit_nightly(session, full=self.settings.nightly == FULL, since=moment, now=now)
