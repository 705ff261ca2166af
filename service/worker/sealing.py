"""The daily seal, and the access log put under the journal every few minutes, by whichever worker comes first.

Failures are told to people, and the work is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from service import access_log
from service.config import Settings
from service.db import Database
from service.db.failures import describe, explain, told
from service.errors import LiaisonError
from service.rights import SYSTEM
from service.seals import Sealer
from service.worker import daily

LOOK_EVERY = timedelta(minutes=1)
BATCH_EVERY = timedelta(minutes=10)
"""How long an entry of the access log may wait until it is put under the journal."""
AGAIN_AFTER = timedelta(minutes=10)
"""How long what failed is left alone."""

log = structlog.get_logger(__name__)


class Sealing:
    """Looks now and then whether a seal is due, and whether those that are made have gone everywhere they should."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.sealer = Sealer(database, settings.seal, mail=settings.mail.enabled)
        self.kept = settings.access_kept
        self._batched: datetime | None = None
        self._next: datetime | None = None
        self._waits: dict[str, datetime] = {}

    def work(self, now: datetime) -> bool:
        """Does what is due. False: there is nothing to do at once."""
        if self._next is not None and now < self._next and self._next - now <= LOOK_EVERY:
            return False
        self._next = now + LOOK_EVERY
        due = self.sealer.is_due(now)
        if due or self._batched is None or abs(now - self._batched) >= BATCH_EVERY:
            self._batched = now
            self._try("登记访问记录", lambda: self._access_log(now), now)
        if self.sealer.settings.at is None:
            return False
        if due:
            self._try("封存日志", lambda: self.sealer.seal(by=SYSTEM, now=now), now)
        for name, operation in self.sealer.rest(now):
            self._try(name, operation, now)
        return False

    def _access_log(self, now: datetime) -> None:
        """Puts the access log under the journal, and ends the keeping of what is old enough."""
        with self.database.reading() as session:
            waits, over = access_log.waiting(session), access_log.is_over(session, keep=self.kept, now=now)
        while waits:
            with self.database.transaction() as session:
                waits = access_log.seal_entries(session, now=now) == access_log.LONGEST
        if over:
            with self.database.transaction() as session:
                access_log.end_keeping(session, keep=self.kept, now=now)

    def _try(self, name: str, operation: Callable[[], object], now: datetime) -> None:
        if self._waits.get(name, now) > now and self._waits[name] - now <= AGAIN_AFTER:
            return
        try:
            operation()
        except Exception as error:  # what is wrong with one must hold up neither the others nor this worker
            if explain(error) is not None:
                raise
            defect = not isinstance(error, LiaisonError)
            log.warning("seal_failed", operation=name, error=describe(error), exc_info=error if defect else None)
            self._waits[name] = now + AGAIN_AFTER
            with self.database.transaction() as session:
                daily.failed(session, f"“{name}”没有完成，稍后再试：{told(error)}", now=now)
