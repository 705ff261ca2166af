"""The machine's clock under watch: what it says decides which timers fire for good, so a leap waits for a person.

While the process runs, the clock is held against the time that has really passed; at a start, against the newest event
of the journal. A leap opens an incident, and as long as that is open no worker fires, starts, sends or
imports anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, history
from service.db import Database
from service.errors import DAMAGE
from service.history import HistoryEvent
from service.processes.incidents import CLOCK, CLOSED, incidents_of, open_incident

BACK = timedelta(seconds=5)
"""So much earlier than before the clock may say while a process runs: it is set right by small steps all the time."""
BACK_AT_START = timedelta(minutes=1)
"""The same against the newest event, which another machine may have written."""

RECENT = 2000
"""Events that are looked through at a start, for a leap between two of them."""
LOOKED_AT = frozenset({"timer_fired", "notice_told", "access_sealed", CLOSED})
"""Kinds of events that come from a worker that trusted the clock, or from who has looked at it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far ahead the clock may leap: ``running`` beyond the time that passed, ``stopped`` since the last event."""

    running: timedelta = timedelta(days=1)
    stopped: timedelta = timedelta(days=30)


def passed() -> float:
    """Seconds that really pass, whatever the clock says; those in which the machine slept too, where it tells."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Watch:
    """One worker's watch. ``seconds`` gives the seconds that really pass, from any beginning."""

    def __init__(self, database: Database, bounds: Bounds, seconds: Callable[[], float] = passed) -> None:
        self._database, self._bounds, self._passed = database, bounds, seconds
        self._last: tuple[datetime, float] | None = None
        self._held = False

    def trusts(self, now: datetime) -> bool:
        """Whether the worker may go on at ``now``; opens the incident where the clock has leapt."""
        with self._database.reading() as session:
            held = bool(incidents_of(session, CLOCK))
            said = None if held else self._leap(session, now)
        if said is not None:
            log.error("clock_leapt", message=said)
            with self._database.transaction() as session:
                history.lock(session, CLOCK)
                if not incidents_of(session, CLOCK):
                    open_incident(session, kind=CLOCK, message=said, now=now)
            held = True
        elif self._held and not held:
            log.warning("clock_confirmed", now=now.isoformat())
        self._last = (now, self._passed())
        self._held = held
        return not held

    def _leap(self, session: Session, now: datetime) -> str | None:
        """The leap in words, where there is one that nobody has confirmed."""
        if self._held:
            return None  # confirmed: from here on the clock counts as it is
        if self._last is None:
            rows = _recent(session)
            if not rows:
                return None
            newest, what = rows[0][0], "最近一条历史记录的时间"
            if now < newest - BACK_AT_START:
                return _words("早于", newest, now, what)
            before = self._leapt_before(now, rows)
            return _words("远晚于", before, now, what) if before is not None else None
        before, mark = self._last
        expected = before + timedelta(seconds=self._passed() - mark)
        if now < expected - BACK:
            return _words("早于", expected, now, "应有的时间")
        return _words("远晚于", expected, now, "应有的时间") if now - expected > self._bounds.running else None

    def _leapt_before(self, now: datetime, rows: Iterable[tuple[datetime, str]]) -> datetime | None:
        """The last moment before the clock leapt ahead, of the newest events: people who sign in, and settings that are
        read, may have written by the new time already. The look ends at an event of a worker, or of a person who
        confirmed the time."""
        after = now
        for at, kind in rows:
            if after - at > self._bounds.stopped:
                return at
            if kind in LOOKED_AT:
                return None
            after = at
        return None


def _recent(session: Session) -> list[tuple[datetime, str]]:
    """The moment and the kind of each of the newest events; of the newest alone, where somebody spoilt another."""
    asked = select(HistoryEvent.at, HistoryEvent.kind).order_by(HistoryEvent.id.desc())
    try:
        return [(at, kind) for at, kind in session.execute(asked.limit(RECENT))]
    except DAMAGE:
        return [(at, kind) for at, kind in session.execute(asked.limit(1))]


def _words(how: str, expected: datetime, now: datetime, what: str) -> str:
    said, meant = f"{clock.local(now):%Y-%m-%d %H:%M:%S}", f"{clock.local(expected):%Y-%m-%d %H:%M:%S}"
    return (
        f"服务器时钟为 {said}，{how}{what} {meant}，后台已停止执行定时、启动流程和发送提醒。"
        "请先校准服务器时钟；确认时间无误后按“重试”（或运行 liaison resume）继续"
    )
