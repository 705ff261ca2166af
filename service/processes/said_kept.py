"""Fields of forms in lists, found and sorted by what is kept of each need (adr/0103), on any day.

Needs that wait to be taken in are asked themselves (``said_fields``), beside those that are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
)
from sqlalchemy.orm import Session

from service.people.models import Unit
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
from service.processes.wide import Wide
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
    rows = CaseSaid
    if not is_past(on):
        return and_(rows.field == column.key, rows.until_on.is_(None))
    return and_(rows.field == column.key, rows.from_on <= on, or_(rows.until_on.is_(None), rows.until_on > on))


# --- The condition ---------------------------------------------------------------------------------------------------


def finding(session: Session, asked: Asked, on: date, due: Sequence[UUID]) -> Wide:
    """The needs that a question about a column finds; those that are ``due`` are asked themselves."""
    rows, day = CaseSaid, _on(asked.column, on)
    newest: ColumnElement[bool] = rows.newest.is_(True)
    theirs = select(rows.instance_id)
    if asked.how == EMPTY:
        own = theirs.where(day, newest, rows.instance_id == CaseOrder.instance_id).correlate(CaseOrder)
        every = [select(CaseOrder.instance_id).where(~own.exists())]
        each = ~_of_instance(theirs.where(day, newest))
        return _beside(every, each, (), where_said(asked, on), due, CaseOrder.instance_id)
    fits, own_fits = newest, newest
    if asked.how != FILLED:
        fits = _fits(session, asked, rows.key) if asked.fits is not None else false()
        # the rows of one need are few: SQLite, which counts no values, is kept from looking among all of a value
        own_fits = _fits(session, asked, rows.key.concat("")) if asked.fits is not None else false()
    single = asked.how == FILLED or (asked.fits is not None and len(asked.fits.keys) == 1)
    every = [theirs.where(day, fits)]
    if not single:  # a need in which several of what fits was said is found once
        every = [theirs.where(day, fits, newest), theirs.where(day, fits, ~newest).distinct()]
    dated = [select(rows.instance_id, rows.started_at).where(day, fits)] if single and asked.how != FILLED else []
    each = _of_instance(theirs.where(day, own_fits))
    return _beside(every, each, dated, where_said(asked, on), due, rows.instance_id)


def _of_instance(some: Select[UUID]) -> ColumnElement[bool]:
    return some.where(CaseSaid.instance_id == Instance.id).correlate(Instance).exists()


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


def _fits(session: Session, asked: Asked, key: Any) -> ColumnElement[bool]:
    rows, fits = CaseSaid, asked.fits or Fit()
    if fits.within is not None:
        return _containing(session, asked.column, fits.within)
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


def _containing(session: Session, column: SaidColumn, text: str) -> ColumnElement[bool]:
    rows = CaseSaid
    if session.get_bind().dialect.name == "sqlite":
        # of most rows the index alone tells: SQLite reads a row only where it must
        short = and_(func.length(rows.key) <= LONG, func.substr(rows.key, 1, 1) != NUMBER)
        other = or_(func.length(rows.key) > LONG, func.substr(rows.key, 1, 1) == NUMBER)
        by_key = and_(short, func.lower(rows.key).contains(text, autoescape=True))
        return or_(by_key, and_(other, func.lower(rows.value).contains(text, autoescape=True)))
    whole = func.coalesce(rows.value, rows.key)
    clauses = [func.lower(whole).contains(text, autoescape=True)]
    if len(text) > 1 and not set(text) <= _IN_ID:
        grams = func.said_grams(literal(column.key), literal(text))
        clauses.append(func.said_grams(rows.field, whole).op("@>")(grams))
    return and_(*clauses)


# --- The order -------------------------------------------------------------------------------------------------------


def order(column: SaidColumn, on: date, plan: Wiring, due: Sequence[UUID] | None) -> ColumnElement[Any]:
    """The value by which cases are sorted in a column (``order_said``); None: all of them wait."""
    if due is None:
        return order_said(column, on, plan)
    kept = select(_sort_key(column, plan)).where(_on(column, on), CaseSaid.newest.is_(True))
    own = kept.where(CaseSaid.instance_id == Instance.id).correlate(Instance).scalar_subquery()
    return case((Instance.id.in_(due), order_said(column, on, plan)), else_=own) if due else own


def _sort_key(column: SaidColumn, plan: Wiring) -> ColumnElement[Any]:
    return sorting(func.coalesce(CaseSaid.value, CaseSaid.key), column.schema, plan)


_MOST = 60
"""So many values of a column are sorted one after the other."""


def in_order(
    session: Session,
    column: SaidColumn,
    on: date,
    plan: Wiring,
    due: Sequence[UUID],
    down: bool,
    conditions: Sequence[ColumnElement[bool]],
    most: int,
) -> list[Select[Any]]:
    """Parts of (id, key, begin) that have the first ``most`` needs that conditions let through, each in order."""
    rows, newest = CaseSaid, (CaseSaid.started_at.desc(), CaseSaid.instance_id)
    told = _sort_key(column, plan)

    def joined(some: Select[Any], case_id: Any) -> Select[Any]:
        some = some.join(Instance, Instance.id == case_id).where(*conditions) if conditions else some
        return some.where(case_id.not_in(due)) if due else some

    base = (_on(column, on), rows.newest.is_(True))
    every = joined(select(rows.instance_id, told.label("key"), rows.started_at).where(*base), rows.instance_id)
    values = _values(session, column)
    if values is not None and len(values) <= _MOST:
        parts = [every.where(rows.key == value).order_by(*newest).limit(most) for value in values]
        parts.append(every.where(rows.key.not_in(values)).order_by(told.desc() if down else told, *newest).limit(most))
    elif (schema := column.schema).get("x-ref") or schema.get("items", {}).get("x-ref"):
        parts = [every.order_by((told.desc() if down else told).nulls_last(), *newest).limit(most)]
    else:
        parts = [every.order_by(rows.key.desc() if down else rows.key, *newest).limit(most)]
    some = select(rows.instance_id).where(*base, rows.instance_id == CaseOrder.instance_id).correlate(CaseOrder)
    nothing = cast(null(), told.type).label("key")  # PostgreSQL takes it for a text else
    without = joined(select(CaseOrder.instance_id, nothing, CaseOrder.started_at), CaseOrder.instance_id)
    parts.append(without.where(~some.exists()).order_by(CaseOrder.started_at.desc(), CaseOrder.instance_id).limit(most))
    if due:
        own = order_said(column, on, plan).label("key")
        asked = select(Instance.id, own, Instance.started_at)
        parts.append(asked.where(Instance.id.in_(due), Instance.process == NEED, *conditions))
    return parts


def _values(session: Session, column: SaidColumn) -> list[str] | None:
    """The values of a column that is sorted otherwise than they stand; None where there is no such list."""
    schema = column.schema
    one = schema.get("items", {}) if schema.get("type") == "array" else schema
    if one.get("x-ref") == "units":
        return list(session.scalars(select(Unit.code).order_by(Unit.code)))
    return choices_of(schema) or None
