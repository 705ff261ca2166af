"""The calendar in force, every earlier one kept: replay counts with the calendar of the day (CLOCK)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from service import clock
from service.db.prepared import Prepared
from service.engine.comparing import is_empty
from service.engine.expressions import PURE, ExpressionError, as_date, kind_of
from service.errors import NotFound
from service.processes.models import CalendarVersion
from service.processes.terms import MAX_DAYS
from service.workdays import Calendar, DueDate

_IN_FORCE = "calendar_in_force"
LONGEST_SOURCE = 200
"""As much as the table keeps of what a calendar came from; the journal has all of it."""


def store(session: Session, calendar: Calendar, *, source: str, by: str, now: datetime) -> CalendarVersion:
    """Makes ``calendar`` the one in force; the one already in force stays as it is."""
    session.info.pop(_IN_FORCE, None)
    current = find_current(session)
    if current is not None and current.digest == calendar.digest:
        return current
    version = session.scalar(select(CalendarVersion).where(CalendarVersion.digest == calendar.digest))
    if version is not None:  # an earlier calendar comes back: it must be the newest row to be in force
        session.delete(version)
        session.flush()
    version = CalendarVersion(
        digest=calendar.digest, data=calendar.to_data(), source=source[:LONGEST_SOURCE], loaded_at=now, loaded_by=by
    )
    session.add(version)
    session.flush()
    return version


def find_current(session: Session) -> CalendarVersion | None:
    """The newest calendar, or None before the first start has stored one."""
    return session.scalar(select(CalendarVersion).order_by(CalendarVersion.id.desc()).limit(1))


def current(session: Session) -> Calendar:
    """The calendar in force; asked for once a transaction, which so counts with one calendar throughout."""
    digest: str | None = session.info.get(_IN_FORCE)
    if digest is None:
        rows = _NEWEST.rows(session)
        digest = rows[0][0] if rows else None
    if digest is None:
        raise NotFound("数据库里还没有工作日历，请先运行 liaison migrate")
    session.info[_IN_FORCE] = digest
    return by_digest(session, digest)


def hold(session: Session, digest: str | None) -> None:
    """The transaction has read that the calendar with this digest is in force, and asks no more."""
    if digest is not None:
        session.info.setdefault(_IN_FORCE, digest)


_NEWEST = Prepared(select(CalendarVersion.digest).order_by(CalendarVersion.id.desc()).limit(1))


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, *_: object) -> None:
    session.info.pop(_IN_FORCE, None)


def by_digest(session: Session, digest: str) -> Calendar:
    """The calendar that an event was counted with. Raises NotFound."""
    if digest not in _calendars:
        data = session.scalar(select(CalendarVersion.data).where(CalendarVersion.digest == digest))
        if data is None:
            raise NotFound(f"没有摘要为 {digest} 的工作日历")
        _calendars[digest] = Calendar.from_data(data)
    return _calendars[digest]


_calendars: dict[str, Calendar] = {}
"""Parsed calendars by digest: they never change, and there are a handful a year."""


class DayFunctions:
    """The functions that expressions may call, at one moment; remembers the explanation of each date it gave."""

    def __init__(self, calendar: Calendar, now: datetime) -> None:
        self.calendar = calendar
        self.now = now
        self.today = clock.day_of(now)
        self.counted: dict[date, DueDate] = {}
        self._table: Mapping[str, Any] | None = None

    def table(self) -> Mapping[str, Any]:
        """Name -> function, as the engine takes it."""
        if self._table is None:
            self._table = self._made()
        return self._table

    def _made(self) -> Mapping[str, Any]:
        calendar, now, today, counted = self.calendar, self.now, self.today, self.counted  # not self: that were a ring
        return {
            "working_days": lambda n: _working_days_after(calendar, counted, today, n),
            "working_days_after": lambda day, n: _working_days_after(calendar, counted, day, n),
            "working_days_between": lambda first, last: _working_days_between(calendar, first, last),
            "today": lambda: today,
            "now": lambda: clock.local(now),
            **PURE,
        }

    def explain(self, day: date) -> DueDate | None:
        """How ``day`` was counted; None when it was named, not counted."""
        return self.counted.get(day)


def _working_days_after(calendar: Calendar, known: dict[date, DueDate], day: Any, n: Any) -> date:
    """The ``n``-th working day after ``day`` (before it where ``n`` is negative; today is day 0, W6); ``known`` takes
    how it was counted."""
    start = as_date(day)
    if start is None:
        raise ExpressionError(f"{kind_of(day)}不是日期，不能推算工作日")
    if not isinstance(n, int) or isinstance(n, bool) or abs(n) > MAX_DAYS:
        raise ExpressionError(f"{kind_of(n)}不是工作日数（应为整数，最多 {MAX_DAYS}）")
    counted = calendar.add(start, n)
    known[counted.due] = counted
    return counted.due


def _working_days_between(calendar: Calendar, first: Any, last: Any) -> int | None:
    """The working days after ``first`` up to and with ``last``, negative the other way round; None where either is
    empty, so that no order holds with it."""
    days = []
    for value in (first, last):
        if is_empty(value):
            return None
        day = as_date(value)
        if day is None:
            raise ExpressionError(f"{kind_of(value)}不是日期，不能数工作日")
        days.append(day)
    return calendar.between(*days)


def days_late(calendar: Calendar, due_on: date | None, day: date) -> int:
    """Working days after the due date; 0 when in time. A late answer on a day off is at least one day late."""
    if due_on is None or day <= due_on:
        return 0
    return max(1, calendar.between(due_on, day))


def days_left(calendar: Calendar, due_on: date | None, today: date, *, suspended: bool) -> int | None:
    """Working days from today to a due date, negative past it; None without one, and in a suspended case (CLOCK)."""
    return calendar.between(today, due_on) if due_on and not suspended else None


def days_between(start: date, end: date) -> int:
    """Calendar days, for waits that have no due date."""
    return (end - start) // timedelta(days=1)
