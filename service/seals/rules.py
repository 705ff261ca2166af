"""Rules of the seals. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from service.clock import SHANGHAI, local

AHEAD = timedelta(minutes=10)
"""A seal may be of a time so much yet to come: of several machines the clock of one is a little fast."""


def last_moment(at: time, now: datetime) -> datetime:
    """The latest moment up to ``now`` at which the daily seal was due."""
    today = datetime.combine(local(now).date(), at, SHANGHAI)
    return today if today <= now else today - timedelta(days=1)


def is_due(at: time | None, sealed: datetime | None, now: datetime) -> bool:
    """Whether a seal is due that was not made since its moment; ``sealed`` is the moment of the newest one. One of a
    moment that is yet to come was made by a clock that went wrong, and keeps none back."""
    return at is not None and (sealed is None or not last_moment(at, now) <= sealed <= now + AHEAD)
