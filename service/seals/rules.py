"""Rules of the seals. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from service.clock import SHANGHAI, local


def last_moment(at: time, now: datetime) -> datetime:
    """The latest moment up to ``now`` at which the daily seal was due."""
    today = datetime.combine(local(now).date(), at, SHANGHAI)
    return today if today <= now else today - timedelta(days=1)


def is_due(at: time | None, sealed: datetime | None, now: datetime) -> bool:
    """Whether a seal is due that was not made since its moment; ``sealed`` is the moment of the newest one."""
    return at is not None and (sealed is None or sealed < last_moment(at, now))
