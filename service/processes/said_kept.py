"""Fields of forms in lists, found and sorted by what is kept of each need (adr/0103), on any day.

Needs that wait to be taken in are asked themselves (``said_fields``), beside those that are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from service.processes import column_filters
from service.processes.models import Instance
from service.processes.order_models import CaseOrder
from service.processes.past import is_past
from service.processes.rules import NEED
from service.processes.said_fields import (
    EMPTY,
    FILLED,
    Asked,
    Fit,
    SaidColumn,
    choices_of,
    order_said,
    sorting,
    where_said,
)
from service.processes.said_folding import LONG, NUMBER, number_key
from service.processes.said_models import CaseSaid
from service.processes.wide import Wide, of_process, untitled
from service.processes.wiring import Wiring

if TYPE_CHECKING:
    from service.processes.filters import CaseFilter

_IN_ID = frozenset("0123456789abcdef-")
"""The signs of an id, of which PostgreSQL keeps no pieces."""


def waiting(session: Session, wanted: CaseFilter) -> Sequence[UUID] | None:
    """The needs of which not yet all is kept; None where these are too many, or others than needs are asked about."""
    return column_filters.waiting(session) if wanted.process == NEED else None


def _on(column: SaidColumn, on: date) -> ColumnElement[bool]:
    """The rows of a column at the end of a day."""
    return and_(CaseSaid.field == column.key, *_days(on))


def _days(on: date) -> Iterator[ColumnElement[bool]]:
    rows = CaseSaid
    if not is_past(on):
        yield rows.until_on.is_(None)
    else:
        yield rows.from_on <= on
        yield or_(rows.until_on.is_(None), rows.until_on > on)


def _of_own(session: Session, column: SaidColumn, on: date) -> ColumnElement[bool]:
    """The same, asked of a need at a time, of which the rows are few: SQLite, which counts no values, is kept from
    looking through all rows of the column for each."""
    if not _is_sqlite(session):
        return _on(column, on)
    return and_(CaseSaid.field.concat("") == column.key, *_days(on))


# --- The condition ---------------------------------------------------------------------------------------------------


def finding(session: Session, asked: Asked, on: date, due: Sequence[UUID]) -> Wide:
    """The needs that a question about a column finds; those that are ``due`` are asked themselves."""
    rows, day, own_day = CaseSaid, _on(asked.column, on), _of_own(session, asked.column, on)
    newest: ColumnElement[bool] = rows.newest.is_(True)
    theirs = select(rows.instance_id)
    if asked.how == EMPTY:
        every = [select(CaseOrder.instance_id).where(*_without(session, theirs.where(day, newest), on))]
        each = ~_of_instance(theirs.where(own_day, newest))
        found = _beside(every, each, (), where_said(asked, on), due, CaseOrder.instance_id)
        return replace(found, slow=True)
    fits, own_fits = newest, newest
    if asked.how != FILLED:
        fits = _fits(session, asked, rows.key) if asked.fits is not None else false()
        own_fits = _fits(session, asked, rows.key.concat(""), own=True) if asked.fits is not None else false()
    if asked.fits is not None and _by_grams(session, asked.fits):
        # the pieces name the field: PostgreSQL is kept from reading all that was said in it beside them
        day = and_((rows.field == asked.column.key).is_(True), *_days(on))
    single = asked.how == FILLED or (asked.fits is not None and len(asked.fits.keys) == 1)
    every = [theirs.where(day, fits)]
    if asked.fits is not None and asked.fits.within is not None and _is_sqlite(session):
        every = [theirs.where(day, fits).distinct()]  # which ends with the last that is asked for
    elif not single:  # a need in which several of what fits was said is found once
        every = [theirs.where(day, fits, newest), theirs.where(day, fits, ~newest).distinct()]
    dated = [select(rows.instance_id, rows.started_at).where(day, fits)] if single and asked.how != FILLED else []
    each = _of_instance(theirs.where(own_day, own_fits))
    return _beside(every, each, dated, where_said(asked, on), due, rows.instance_id)


_LOOKED_AT = 200
"""So many of the newest needs are looked at before all are counted."""


def _without(session: Session, some: Select[UUID], on: date) -> Iterator[ColumnElement[bool]]:
    """The rows of ``CaseOrder`` of needs that are not among ``some``, each of which stands there once."""
    if _is_sqlite(session):  # which would look for each need by itself
        yield CaseOrder.instance_id.not_in(some)
        return
    if not is_past(on):  # where all needs are among them, counting is all there is to do; mostly a new one is not
        newest = select(Instance.id).where(*of_process(NEED, found=False)).order_by(Instance.started_at.desc())
        last = newest.limit(_LOOKED_AT).subquery()
        lacking = select(last.c[0]).where(~some.where(CaseSaid.instance_id == last.c[0]).correlate(last).exists())
        filled_in = some.where(CaseSaid.instance_id.not_in(untitled())).subquery()
        told, every = select(func.count()).select_from(filled_in), select(func.count()).where(Instance.process == NEED)
        begun = every.where(Instance.id.in_(untitled()))
        fewer = told.scalar_subquery() + begun.scalar_subquery() < every.scalar_subquery()
        yield or_(lacking.exists(), fewer)
    # with an offset, for PostgreSQL, which takes many needs to be without, would begin to read all that is kept
    there = some.offset(0).subquery()
    yield ~select(there.c[0]).where(there.c[0] == CaseOrder.instance_id).correlate(CaseOrder).exists()


def _of_instance(some: Select[UUID]) -> ColumnElement[bool]:
    # with an offset, for PostgreSQL would read what was said in all needs, to look at some of them
    return some.where(CaseSaid.instance_id == Instance.id).correlate(Instance).offset(0).exists()


def _beside(
    every: Sequence[Select[UUID]],
    each: ColumnElement[bool],
    dated: Sequence[Select[UUID, datetime]],
    own: ColumnElement[bool],
    due: Sequence[UUID],
    case_id: Any,
) -> Wide:
    if not due:
        return Wide(every, each, dated)
    still = select(Instance.id).where(Instance.id.in_(due), Instance.process == NEED, own).correlate(None)
    kept = [one.where(case_id.not_in(due)) for one in every]
    begun = [one.where(case_id.not_in(due)) for one in dated]
    asked = or_(and_(Instance.id.not_in(due), each), and_(Instance.id.in_(due), own))
    return Wide([*kept, still], asked, [*begun, still.add_columns(Instance.started_at)] if dated else ())


def _fits(session: Session, asked: Asked, key: Any, *, own: bool = False) -> ColumnElement[bool]:
    """The rows with a value that fits, by its ``key``; ``own``: of one need at a time."""
    rows, fits = CaseSaid, asked.fits or Fit()
    if fits.within is not None:
        return _containing(session, asked.column, fits.within, by_index=not own and _by_grams(session, fits))
    if fits.codes:
        one: ColumnElement[bool] = key == fits.keys[0]
        return one if len(fits.keys) == 1 else key.in_(fits.keys)
    [text] = fits.texts
    whole = or_(rows.value.is_(None), func.trim(rows.value) == text)
    keys = [*fits.keys, *_as_number(text)]
    return and_(key == keys[0] if len(keys) == 1 else key.in_(keys), whole)


def _as_number(text: str) -> Iterator[str]:
    """The key of a number that is written so: a field may have taken numbers before it took texts."""
    try:
        yield number_key(float(text))
    except (ValueError, OverflowError):
        return


def _by_grams(session: Session, fits: Fit) -> bool:
    """Whether an index of pieces finds what fits."""
    text = fits.within
    return text is not None and len(text) > 1 and not set(text) <= _IN_ID and not _is_sqlite(session)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _containing(session: Session, column: SaidColumn, text: str, *, by_index: bool) -> ColumnElement[bool]:
    rows = CaseSaid
    if _is_sqlite(session):
        # of most rows the index alone tells: SQLite reads a row only where it must
        short = and_(func.length(rows.key) <= LONG, func.substr(rows.key, 1, 1) != NUMBER)
        other = or_(func.length(rows.key) > LONG, func.substr(rows.key, 1, 1) == NUMBER)
        by_key = and_(short, func.lower(rows.key).contains(text, autoescape=True))
        return or_(by_key, and_(other, func.lower(rows.value).contains(text, autoescape=True)))
    whole = func.coalesce(rows.value, rows.key)
    clauses = [func.lower(whole).contains(text, autoescape=True)]
    if by_index:
        grams = func.said_grams(literal(column.key), literal(text))
        clauses.append(func.said_grams(rows.field, whole).op("@>")(grams))
    return and_(*clauses)


# --- The order -------------------------------------------------------------------------------------------------------


def order(session: Session, column: SaidColumn, on: date, plan: Wiring, due: Sequence[UUID] | None) -> Any:
    """The value by which cases are sorted in a column (``order_said``); ``due`` is None: all of them wait."""
    if due is None:
        return order_said(column, on, plan)
    kept = select(_sort_key(column, plan)).where(_of_own(session, column, on), CaseSaid.newest.is_(True))
    own = kept.where(CaseSaid.instance_id == Instance.id).correlate(Instance).scalar_subquery()
    return case((Instance.id.in_(due), order_said(column, on, plan)), else_=own) if due else own


def _sort_key(column: SaidColumn, plan: Wiring) -> ColumnElement[Any]:
    return sorting(func.coalesce(CaseSaid.value, CaseSaid.key), column.schema, plan)


_MOST = 120
"""So many values of a column are read one after the other."""


@dataclass(frozen=True, slots=True)
class InOrder:
    """Parts of (id, key, begin), each in order, that have the first needs together; the needs of the ``last`` part,
    which have no key, come after all that have one, and are as many as there are."""

    parts: Sequence[Select[Any]]
    last: Select[Any]


def in_order(
    session: Session,
    column: SaidColumn,
    on: date,
    plan: Wiring,
    due: Sequence[UUID],
    down: bool,
    conditions: Sequence[ColumnElement[bool]],
    most: int,
) -> InOrder:
    """The first ``most`` needs that conditions let through. One statement, where values stand in the index in another
    order than the asked one."""
    rows, newest = CaseSaid, (CaseSaid.started_at.desc(), CaseSaid.instance_id)
    told = _sort_key(column, plan)

    def joined(some: Select[Any], case_id: Any) -> Select[Any]:
        some = some.join(Instance, Instance.id == case_id).where(*conditions) if conditions else some
        return some.where(case_id.not_in(due)) if due else some

    base = (_on(column, on), rows.newest.is_(True))
    every = joined(select(rows.instance_id, told.label("key"), rows.started_at).where(*base), rows.instance_id)
    values = _values(session, column) if _is_told_apart(column) else None
    if values is None:
        parts = [every.order_by(rows.key.desc() if down else rows.key, *newest).limit(most)]
    elif len(values) > _MOST:
        parts = [_by_name(column, plan, base, joined, down, most)]
    else:
        parts = [every.where(rows.key == value).order_by(*newest).limit(most) for value in values]
    some = select(rows.instance_id).where(_of_own(session, column, on), rows.newest.is_(True))
    nothing = cast(null(), told.type).label("key")  # PostgreSQL takes it for a text else
    without = select(Instance.id, nothing, Instance.started_at).where(*of_process(NEED, found=False), *conditions)
    without = without.where(~_of_instance(some)).where(Instance.id.not_in(due) if due else true())
    if due:
        own_key = order_said(column, on, plan).label("key")
        asked = select(Instance.id, own_key, Instance.started_at)
        parts.append(asked.where(Instance.id.in_(due), *of_process(NEED, found=False), *conditions))
    return InOrder(parts, without.order_by(Instance.started_at.desc(), Instance.id))


def _by_name(
    column: SaidColumn,
    plan: Wiring,
    base: Sequence[ColumnElement[bool]],
    joined: Callable[[Select[Any], Any], Select[Any]],
    down: bool,
    most: int,
) -> Select[Any]:
    """All needs of many values, of which each is looked up once."""
    rows = CaseSaid
    value = func.coalesce(rows.value, rows.key)
    each = select(value.label("value")).where(*base).distinct().subquery()
    names = select(each.c.value, sorting(each.c.value, column.schema, plan).label("key")).subquery()
    some = select(rows.instance_id, names.c.key, rows.started_at).join(names, names.c.value == value).where(*base)
    first = names.c.key.desc() if down else names.c.key.asc()
    some = joined(some, rows.instance_id)
    return some.order_by(first.nulls_last(), rows.started_at.desc(), rows.instance_id).limit(most)


def _is_told_apart(column: SaidColumn) -> bool:
    """Whether the values of a column are sorted otherwise than they stand in the index."""
    one = column.schema.get("items", {}) if column.schema.get("type") == "array" else column.schema
    return bool(one.get("x-ref") or choices_of(column.schema))


def _values(session: Session, column: SaidColumn) -> list[str]:
    """The keys of all values that ever stood in a column, one look into the index for each; no more than ``_MOST`` and
    one. One statement."""
    some = select(func.min(CaseSaid.key)).where(CaseSaid.field == column.key)
    each = select(some.scalar_subquery().label("value"), literal(1).label("place")).cte("each_value", recursive=True)
    after = some.where(CaseSaid.key > each.c.value).correlate(each).scalar_subquery()
    each = each.union_all(select(after, each.c.place + 1).where(each.c.value.is_not(None), each.c.place <= _MOST))
    return list(session.scalars(select(each.c.value).where(each.c.value.is_not(None))))
