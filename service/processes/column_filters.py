"""The conditions of single columns of cases: today asked of what is kept of each need (adr/0091), else of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from service import clock
from service.db.memory import remembered
from service.people.models import Leader
from service.people.past import served_by_unit
from service.processes import figure_tallies, speaking
from service.processes.models import Instance
from service.processes.order_models import CaseOrder
from service.processes.past import Rows, is_past, said
from service.processes.rules import NEED
from service.processes.wide import Wide

if TYPE_CHECKING:
    from service.processes.filters import CaseFilter

UNSAID = "none"
"""The value of a filter that finds the cases in which nothing was said: without a category, a town, a leader."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition of an ``Instance``, and the same of what is kept of it."""

    own: ColumnElement[bool]
    kept: ColumnElement[bool]


def of_columns(
    session: Session, wanted: CaseFilter, rows: Rows, on: date
) -> tuple[list[ColumnElement[bool]], list[Wide]]:
    """The conditions that a filter asks of columns of which an index is kept: of each case, or, where the kept rows can
    tell, such as may let through most cases. One statement, where something is asked."""
    asked = list(_asked(wanted, rows, on))
    kept = asked and wanted.process == NEED and not is_past(wanted.as_of)
    due = waiting(session) if kept else None
    if due is None:
        return [one.own for one in asked], []
    return [], [_wide(one, due) for one in asked]


def waiting(session: Session) -> Sequence[UUID] | None:
    """The needs of which not yet all is kept; None where these are too many. One statement a transaction."""
    return remembered(session, waiting, lambda: figure_tallies.waiting(session))


def _wide(one: Asked, due: Sequence[UUID]) -> Wide:
    kept = select(CaseOrder.instance_id).where(one.kept)
    each = kept.where(CaseOrder.instance_id == Instance.id).correlate(Instance).exists()
    begun = select(CaseOrder.instance_id, CaseOrder.started_at).where(one.kept)
    if not due:
        return Wide([kept.correlate(None)], each, [begun])
    still = select(Instance.id).where(Instance.id.in_(due), Instance.process == NEED, one.own).correlate(None)
    every = [kept.where(CaseOrder.instance_id.not_in(due)).correlate(None), still]
    dated = [begun.where(CaseOrder.instance_id.not_in(due)), still.add_columns(Instance.started_at)]
    return Wide(every, or_(and_(Instance.id.not_in(due), each), and_(Instance.id.in_(due), one.own)), dated)


def _asked(wanted: CaseFilter, rows: Rows, on: date) -> Iterator[Asked]:
    kept = CaseOrder
    yield from _equal({"stage": wanted.stage}, lambda name: getattr(rows, name))
    yield from _equal({"outcome": wanted.outcome, "lead_unit": wanted.lead}, partial(said, rows))
    for name, value in (("category", wanted.category), ("town", wanted.town)):
        if value == UNSAID:
            yield Asked(said(rows, name).is_(None), getattr(kept, name).is_(None))
        else:
            yield from _equal({name: value}, partial(said, rows))
    if wanted.due_unit:
        yield from _equal({"due_unit": wanted.due_unit}, lambda _name: speaking.unit_asked(on))
    if wanted.urges is not None:
        yield Asked(rows.urges >= wanted.urges, kept.urges >= wanted.urges)
    if wanted.rounds is not None:
        yield Asked(speaking.rounds(on) >= wanted.rounds, kept.rounds >= wanted.rounds)
    yield from _ended(wanted, rows)
    yield from _in_days(wanted, on)


def _equal(wanted: Mapping[str, str | None], column: Any) -> Iterator[Asked]:
    for name, value in wanted.items():
        if value and "\x00" in value:  # nowhere: PostgreSQL does not even take it as a question
            yield Asked(false(), false())
        elif value:
            yield Asked(column(name) == value, getattr(CaseOrder, name) == value)


def _ended(wanted: CaseFilter, rows: Rows) -> Iterator[Asked]:
    if wanted.ended_since is not None:
        first = midnight(wanted.ended_since)
        yield Asked(rows.ended_at >= first, CaseOrder.ended_at >= first)
    if wanted.ended_until is not None:
        after = midnight(wanted.ended_until) + timedelta(days=1)
        yield Asked(rows.ended_at < after, CaseOrder.ended_at < after)


def _in_days(wanted: CaseFilter, on: date) -> Iterator[Asked]:
    """The dates between which something of a case must lie, both included."""
    for first, last, made, column in (
        (wanted.received_since, wanted.received_until, partial(speaking.received_on, on), CaseOrder.received_on),
        (wanted.due_since, wanted.due_until, partial(speaking.due_on, on), CaseOrder.due_on),
        (wanted.first_due_since, wanted.first_due_until, partial(speaking.first_due_on, on), CaseOrder.first_due_on),
        (wanted.step_due_since, wanted.step_due_until, partial(speaking.due_on, on, steps=True), CaseOrder.step_due_on),
    ):
        if first is not None and last is not None:
            yield Asked(made().between(first, last), column.between(first, last))
        elif first is not None:
            yield Asked(made() >= first, column >= first)
        elif last is not None:
            yield Asked(made() <= last, column <= last)


def of_office(session: Session, rows: Rows, unit: str, on: date) -> ColumnElement[bool]:
    """The cases of a liaison office as of a day (R5): those of its leaders, and those that it registered."""
    # a need keeps its leader's id as text
    leaders = [str(one) for one in session.scalars(select(Leader.id).where(served_by_unit(session, unit, on)))]
    return or_(Instance.initiator_unit == unit, rows.leader_id.in_(leaders))


def midnight(day: date) -> datetime:
    """The beginning of a day; days beyond all cases stay within what a moment can be."""
    within = min(max(day, clock.FIRST_DAY), clock.LAST_DAY)
    return datetime.combine(within, time(0), tzinfo=clock.SHANGHAI)
