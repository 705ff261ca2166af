"""How every list is searched, narrowed and read by the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.spelling import terms

MAX_LIMIT = 200
AT_ONCE = 500
"""Values of a query without end that are fetched together."""
MOST_COUNTED = 10_000
"""So many rows of a list without end are counted; there may be more."""

T = TypeVar("T")

_TO_THE_END = text("SET LOCAL cursor_tuple_fraction = 1")
"""PostgreSQL would plan a cursor for who reads a tenth of it."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; ``total`` counts what is on all pages, ``more``: there are more than that."""

    items: tuple[T, ...]
    total: int
    limit: int
    offset: int
    more: bool = False

    @property
    def next(self) -> int | None:
        """The offset of the next page, or ``None`` on the last one."""
        after = self.offset + self.limit
        return after if after < self.total or (self.more and len(self.items) == self.limit) else None


def chunks(listed: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    """So many values at a time as a statement takes."""
    for first in range(0, len(listed), size):
        yield listed[first : first + size]


def held(limit: int, offset: int) -> tuple[int, int]:
    """The size and beginning of a page, within what may be asked for."""
    return max(1, min(limit, MAX_LIMIT)), max(0, min(offset, 2**31))


def whole(session: Session, query: Select[T]) -> Iterator[T]:
    """The values of a query without end, which neither we nor the driver hold: the database does, sorted."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TO_THE_END)
    with session.execute(query.execution_options(yield_per=AT_ONCE)) as rows:
        yield from rows.scalars()


def page_of_ids(session: Session, query: Select[T], *, limit: int, offset: int) -> Page[T]:
    """One page of the ids of a list that may have no end: no more than ``MOST_COUNTED`` of its rows are counted."""
    limit, offset = held(limit, offset)
    counted = query.order_by(None).limit(MOST_COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(counted)) or 0
    more, total = total > MOST_COUNTED, min(total, MOST_COUNTED)
    if offset >= total and not more:
        return Page((), total, limit, offset)
    return Page(tuple(session.scalars(query.limit(limit).offset(offset))), total, limit, offset, more)


def page(
    session: Session,
    query: Select[T],
    *,
    limit: int,
    offset: int,
    key: InstrumentedAttribute[Any] | None = None,
    searched: bool = False,
) -> Page[T]:
    """One page of ``query``: one statement counts, one reads if there is anything to read.

    ``limit`` is held between 1 and ``MAX_LIMIT``. Of a long list with wide rows the page is found by ``key`` first, the
    primary key, so that only keys are sorted. A ``searched`` list is counted while its keys are found, because no index
    helps and every row is read either way.
    """
    limit, offset = held(limit, offset)
    if key is not None and searched:
        found = query.with_only_columns(key, func.count().over(), maintain_column_froms=True)
        rows = session.execute(found.limit(limit).offset(offset)).all()
        if rows:
            shown = query.where(key.in_([row[0] for row in rows]))
            return Page(tuple(session.scalars(shown)), int(rows[0][1]), limit, offset)
    counted = query.with_only_columns(func.count(), maintain_column_froms=True).order_by(None)
    total = session.scalar(counted) or 0
    if offset >= total:
        return Page((), total, limit, offset)
    if key is not None:
        picked = query.with_only_columns(key, maintain_column_froms=True).limit(limit).offset(offset)
        return Page(tuple(session.scalars(query.where(key.in_(picked)))), total, limit, offset)
    return Page(tuple(session.scalars(query.limit(limit).offset(offset))), total, limit, offset)


def matching(
    q: str | None,
    key: InstrumentedAttribute[str],
    name: InstrumentedAttribute[str],
    initials: InstrumentedAttribute[str],
) -> tuple[ColumnElement[bool] | None, list[ColumnElement[Any]]]:
    """The condition and the order that search ``q`` asks for: every word must occur; whole names come first.

    ``q`` may be Chinese characters, pinyin or initials. Without a word to search for (``None``, blanks) the condition
    is ``None``; a ``q`` of nothing but characters that no name holds finds nothing.
    """
    words = terms(q or "")
    if not words:
        return (false() if q and q.strip() else None), []
    first = words[0]
    # A key begins with the folded name: who is called just so comes first, whichever way it is written.
    whole = or_(name == first, called(key, first), initials == first)
    rank = case((whole, 0), (key.startswith(first, autoescape=True), 1), else_=2)
    return and_(*(key.contains(word, autoescape=True) for word in words)), [rank]


def called(key: InstrumentedAttribute[str], plain_name: str) -> ColumnElement[bool]:
    """The condition that a record's search key begins with a whole name as search compares it (``spelling.plain``):
    王喆 and 王哲 are called the same."""
    return or_(key == plain_name, key.startswith(f"{plain_name} ", autoescape=True))


def on_day(
    starts_on: InstrumentedAttribute[date],
    ends_on: InstrumentedAttribute[date | None] | InstrumentedAttribute[date],
    day: date | ColumnElement[date],
) -> ColumnElement[bool]:
    """The condition that ``day`` lies in the period, both ends included, an open end going on for ever."""
    return and_(starts_on <= day, or_(ends_on.is_(None), ends_on >= day))


def where(
    query: Select[T],
    equal: Mapping[Any, object],
    condition: ColumnElement[bool] | None,
) -> Select[T]:
    """``query`` with the columns that must equal a value (``None``: any) and one more condition."""
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    return query if condition is None else query.where(condition)
