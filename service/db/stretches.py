"""A list by time that is gathered from several tables, the newest first, read in stretches: the keyset of its pages.

Each source has a rank: of two entries of the same moment that of the lower rank comes first, of one rank the greater
key. Entries that are known by their day alone stand at the day's first moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from service import clock
from service.errors import Finding, Invalid

_WRITTEN = re.compile(r"(-?\d{1,16})\.(\d{1,2})\.([0-9a-f]{1,32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """The entry of such a list after which a stretch begins: its moment (aware), its source's rank, its key."""

    at: datetime
    rank: int
    key: int

    @classmethod
    def read(cls, written: str) -> Place:
        """The place that ``str`` wrote. Raises ``Invalid`` for a text that is none."""
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise Invalid("没有这一页", [Finding("/after", "请从第一页重新翻起")])
        return cls(_EPOCH + timedelta(microseconds=int(found[1])), int(found[2]), int(found[3], 16))

    def __str__(self) -> str:
        return f"{self.micros}.{self.rank}.{self.key:x}"

    @property
    def micros(self) -> int:
        """The moment in microseconds since 1970."""
        since = self.at - _EPOCH
        return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds

    @property
    def order(self) -> tuple[int, int, int]:
        """Sorts places as the list shows them."""
        return -self.micros, self.rank, -self.key


def first_moment(day: date) -> datetime:
    """The moment at which ``day`` begins in Asia/Shanghai."""
    return datetime.combine(day, time(), clock.SHANGHAI)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a list that is asked for: ``limit`` entries after a place, of a period (both days included)."""

    limit: int
    after: Place | None = None
    since: date | None = None
    until: date | None = None

    def more(self) -> Stretch:
        """One entry more, which tells whether there is another page."""
        return replace(self, limit=self.limit + 1)

    def holds(self, place: Place) -> bool:
        """Whether an entry at that place is after it, and of the period."""
        day = clock.local(place.at).date()
        if (self.since is not None and day < self.since) or (self.until is not None and day > self.until):
            return False
        return self.after is None or place.order > self.after.order

    def by_moment(self, rank: int, at: Any, key: Any) -> list[ColumnElement[bool]]:
        """The conditions on a source whose entries have a moment and a key (UUID)."""
        clauses = [
            *([at >= first_moment(self.since)] if self.since is not None else []),
            *([at < clock.end_of(self.until)] if self.until is not None else []),
        ]
        if (place := self.after) is None:
            return clauses
        if rank == place.rank:
            return [*clauses, or_(at < place.at, and_(at == place.at, key < UUID(int=place.key)))]
        return [*clauses, at <= place.at if rank > place.rank else at < place.at]

    def by_day(self, rank: int, day: Any, key: Any) -> list[ColumnElement[bool]]:
        """The conditions on a source whose entries have a day and a key (UUID)."""
        clauses = [
            *([day >= self.since] if self.since is not None else []),
            *([day <= self.until] if self.until is not None else []),
        ]
        if (place := self.after) is None:
            return clauses
        reached = clock.local(place.at).date()
        if place.at > first_moment(reached) or rank > place.rank:
            return [*clauses, day <= reached]
        if rank < place.rank:
            return [*clauses, day < reached]
        return [*clauses, or_(day < reached, and_(day == reached, key < UUID(int=place.key)))]


class StreamName(FunctionElement[str]):
    """The name of a record's journal: ``StreamName(literal("contact:"), Contact.id)``."""

    type = Text()
    inherit_cache = True
    name = "stream_name"


@compiles(StreamName, "postgresql")
def _on_postgresql(element: StreamName, compiler: Any, **how: Any) -> str:
    prefix, key = (compiler.process(one, **how) for one in element.clauses)
    return f"(CAST({prefix} AS TEXT) || CAST({key} AS TEXT))"


@compiles(StreamName, "sqlite")
def _on_sqlite(element: StreamName, compiler: Any, **how: Any) -> str:
    """SQLite keeps a UUID as 32 digits; the name of a journal has it with its hyphens."""
    prefix, key = (compiler.process(one, **how) for one in element.clauses)
    parts = " || '-' || ".join(f"substr({key}, {start}, {length})" for start, length in _PARTS)
    return f"({prefix} || {parts})"


_PARTS = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
