"""The only source of the present time.

Everything is Asia/Shanghai for people and UTC in the database. ``now()`` is the machine's time unless a simulated
time is set for the running context, as tests, the demonstration and replay do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
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


@lru_cache(maxsize=4096)
def day_of(moment: datetime) -> date:
    """The day of ``moment`` (aware) in Asia/Shanghai: whoever folds a journal asks for that of each entry."""
    return moment.astimezone(SHANGHAI).date()


def end_of(day: date) -> datetime:
    """The moment at which ``day`` is over in Asia/Shanghai: what happened on it happened before."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def written(day: date) -> str:
    """``day`` as people read it: 2026-10-13（周二）."""
    return f"{day.isoformat()}（周{'一二三四五六日'[day.weekday()]}）"


def lasting(span: timedelta) -> str:
    """A length of time as people say it: 8 小时, 90 天, 1 小时 30 分钟; 不限时 for none at all."""
    seconds = int(span.total_seconds())
    parts = (("天", 86_400), ("小时", 3_600), ("分钟", 60), ("秒", 1))
    told = []
    for word, size in parts:
        count, seconds = divmod(seconds, size)
        told += [f"{count} {word}"] if count else []
    return " ".join(told) or "不限时"


_SPAN = re.compile(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d)")


def span_words(text: str) -> str:
    """A length of time as the journal keeps it (``8:00:00``, ``90 days, 0:00:00``) as people say it; else ``text``."""
    found = _SPAN.fullmatch(text)
    if found is None:
        return text
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return lasting(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))


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
