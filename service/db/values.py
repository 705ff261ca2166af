"""Values of Python made those of a driver, and the other way, for the types of which a step has dozens.

SQLAlchemy makes each anew, in several calls; here ids, moments and days that come again are made once. A test holds
both against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Uuid
from sqlalchemy.types import TypeEngine

from service.db.base import UtcDateTime

Convert = Callable[[Any], Any]
KEPT = 2048
"""So many values of a kind are remembered in a process."""
_MOMENT = UtcDateTime()


def maker(kind: TypeEngine[Any], dialect: str, usual: Convert | None) -> Convert | None:
    """The function that makes a value of Python one for the driver; ``usual`` is SQLAlchemy's (None: nothing to do)."""
    return _known(_MAKERS[dialect], kind, usual)


def reader(kind: TypeEngine[Any], dialect: str, usual: Convert | None) -> Convert | None:
    """The function that makes a value of the driver one of Python."""
    return _known(_READERS[dialect], kind, usual)


def _known(table: dict[type[Any], Convert], kind: TypeEngine[Any], usual: Convert | None) -> Convert | None:
    if isinstance(kind, Uuid) and not kind.as_uuid:
        return usual
    return next((made for sort, made in table.items() if isinstance(kind, sort)), usual)


def _of_none(make: Convert) -> Convert:
    return lambda value: None if value is None else make(value)


@lru_cache(KEPT)
def _utc(moment: datetime | None) -> datetime | None:
    return _MOMENT.process_bind_param(moment, None)  # type: ignore[arg-type]


@lru_cache(KEPT)
def _moment_text(moment: datetime | None) -> str | None:
    known = _utc(moment)
    return None if known is None else known.replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(KEPT)
def _day_text(day: date | None) -> str | None:
    if day is None:
        return None
    if not isinstance(day, date):
        raise TypeError(f"no day: {day!r}")
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


@lru_cache(KEPT)
def _moment(moment: datetime | None) -> datetime | None:
    return _MOMENT.process_result_value(moment, None)  # type: ignore[arg-type]


@lru_cache(KEPT)
def _moment_said(said: str | None) -> datetime | None:
    return None if said is None else _moment(datetime.fromisoformat(said))


@lru_cache(KEPT)
def _day(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)


@lru_cache(KEPT)
def _id(said: str | None) -> UUID | None:
    return None if said is None else UUID(said)


_MAKERS: dict[str, dict[type[Any], Convert]] = {
    "sqlite": {Uuid: _of_none(attrgetter("hex")), UtcDateTime: _moment_text, Date: _day_text},
    "postgresql": {UtcDateTime: _utc},
}
_READERS: dict[str, dict[type[Any], Convert]] = {
    "sqlite": {Uuid: _id, UtcDateTime: _moment_said, Date: _day},
    "postgresql": {UtcDateTime: _moment},
}
