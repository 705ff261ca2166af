"""The settings in force: those of the start under what pages have changed since, alike in every process.

At the beginning of each transaction one look at the head of the journal's stream says whether anything has changed; a
change is read in that very transaction, and the wiring is handed over anew. So no process needs a restart, and none
works with settings of before once a change is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import structlog
from sqlalchemy.orm import Session

from service.auth.directory import MEMORY, Memory, look
from service.config import Settings
from service.config.editable import CHANGED, STREAM
from service.config.overlay import overlaid
from service.db import Database
from service.errors import Invalid
from service.history import last_of

KEY = "settings_in_force"
"""Under what name a database's sessions (``session.info``) have its ``InForce``."""
_SEEN = "settings_seen"

log = structlog.get_logger(__name__)


def changed_by_pages(session: Session) -> Mapping[str, Any]:
    """Name → value of the settings that pages have set, as the files would write it."""
    found = last_of(session, STREAM, CHANGED)
    return dict(found.data["set"]) if found is not None else {}


class InForce:
    """The changes by pages, as this process knows them. ``again`` hands other settings to the sessions to come."""

    def __init__(self, database: Database, settings: Settings, again: Callable[[Settings], object]) -> None:
        self._database, self._settings, self._again = database, settings, again
        self._changed: Mapping[str, Any] = {}
        self._seen: int | None = None
        self._over: tuple[Settings, Settings] = (settings, settings)
        self._lock = Lock()

    def install(self) -> None:
        """From now on every transaction of the database begins with ``freshen``."""
        self._database.session_info[KEY], self._database.session_info[MEMORY] = self, Memory()
        self._database.at_begin = self.freshen

    @property
    def changed(self) -> Mapping[str, Any]:
        """Name → value that pages have set."""
        return self._changed

    def over(self, settings: Settings) -> Settings:
        """These settings of a start with what pages have changed."""
        known, found = self._over
        if known is not settings:
            found = overlaid(settings, self._changed)
            self._over = (settings, found)
        return found

    def freshen(self, session: Session) -> None:
        """Brings the process and the ``session`` up to what its transaction sees; one statement where nothing changed,
        which reads the stamp of the directory too.

        A change that cannot hold with this process's files is logged and left out until the next one.
        """
        seq = look(session, STREAM)
        if seq == self._seen and session.info.get(_SEEN) == seq:
            return
        with self._lock:
            if self._seen is None or seq > self._seen:
                try:
                    self.read(session)
                except Invalid as error:
                    log.warning("settings_of_pages_not_taken", error=error.message)
                self._seen = self._database.session_info[_SEEN] = seq
            session.info.update(self._database.session_info)

    def read(self, session: Session) -> None:
        """Takes what pages have set, as the transaction of ``session`` sees it. Raises Invalid where it cannot hold."""
        changed = changed_by_pages(session)
        if changed == self._changed:
            return
        now = overlaid(self._settings, changed)
        self._again(now)
        self._changed, self._over = changed, (self._settings, now)


def over(database: Database, settings: Settings) -> Settings:
    """The settings in force where ``settings`` are those of the start."""
    found: InForce | None = database.session_info.get(KEY)
    return settings if found is None else found.over(settings)


def require(database: Database) -> None:
    """At a start: raises Invalid where what pages have set cannot hold with the files, with the way out."""
    found: InForce = database.session_info[KEY]
    with database.reading() as session:
        try:
            found.read(session)
        except Invalid as error:
            way_out = "请修改配置文件，或用 liaison settings reset 名称 --reason 理由 撤销页面上的设置"
            raise Invalid(f"{error.message}。{way_out}", error.findings) from error
    if found.changed:
        log.info("settings_set_by_page", names="、".join(sorted(found.changed)))
