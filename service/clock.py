"""The only source of the present time.

Everything is Asia/Shanghai for people and UTC in the database. ``now()`` is the machine's time unless a simulated
time is set for the running context, as tests, the demonstration and replay do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_simulated: ContextVar[datetime | None] = ContextVar("simulated_now", default=None)


def now() -> datetime:
    """The present as an aware UTC datetime; the simulated time where one is set."""
    return _simulated.get() or datetime.now(UTC)


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)
"""Between these a day is taken in: one near the end of the calendar cannot be reckoned with in another time zone."""


def today() -> date:
    """The present calendar day in Asia/Shanghai."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """``moment`` (aware) as Asia/Shanghai time."""
    return moment.astimezone(SHANGHAI)


def end_of(day: date) -> datetime:
    """The moment at which ``day`` is over in Asia/Shanghai: what happened on it happened before."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def written(day: date) -> str:
    """``day`` as people read it: 2026-10-13（周二）."""
    return f"{day.isoformat()}（周{'一二三四五六日'[day.weekday()]}）"


@contextmanager
def simulated(moment: datetime) -> Iterator[None]:
    """Within the block ``now()`` is ``moment`` (aware), for this thread or task only."""
    if moment.tzinfo is None:
        raise ValueError("a simulated time must carry its time zone")
    token = _simulated.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _simulated.reset(token)
