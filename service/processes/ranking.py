"""Long lists of needs in any order, and the needs that a column finds, read from what is kept of each (adr/0091).

Needs that wait to be taken in (``figure_tallies``) are asked themselves, beside those that are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, select, union_all
from sqlalchemy.orm import Session

from service import clock
from service.db.lists import MOST_COUNTED
from service.errors import Finding, Invalid
from service.processes import said_kept
from service.processes.column_filters import waiting
from service.processes.filters import COMPUTED, LATENESS, NEWEST, CaseFilter, late_of, sort_key, stage_place
from service.processes.models import CaseSpan, Instance
from service.processes.order_models import INDEXED, CaseOrder
from service.processes.past import assisting, is_past
from service.processes.rules import NEED
from service.processes.said_fields import column_named, of_leader, of_unit
from service.processes.wide import of_process, unless, untitled
from service.processes.wiring import Wiring

Ranked = Callable[[Sequence[ColumnElement[bool]], int, int], Select[UUID]]
"""The ids of a page of the needs that conditions let through (limit, offset), in the asked order. May raise Invalid."""

_OF_COLUMN: Mapping[str, str] = {
    "number": "number",
    "title": "title_order",
    "status": "status",
    "category": "category",
    "town": "town",
    "rounds": "rounds",
    "received": "received_on",
    "due": "due_on",
    "first_due": "first_due_on",
    "step_due": "step_due_on",
    "ended": "ended_at",
    "end": "end_name",
    "outcome": "outcome",
    "urges": "urges",
}
"""Sorts by what stands in a column as it is."""
_WORKED_OUT: Mapping[str, Callable[[Wiring], Any]] = {
    "stage": lambda plan: stage_place(CaseOrder.stage, plan),
    "assisting": lambda _plan: assisting(CaseOrder.assisting_units, CaseOrder.lead_unit),
}
_CALLED: Mapping[str, tuple[str, Callable[[Wiring, Any], Any]]] = {
    "talent": ("talent_id", lambda plan, one: plan.spelled(one)),
    "leader": ("leader_id", lambda _plan, one: of_leader(one)),
    "origin": ("initiator_unit", lambda _plan, one: of_unit(one)),
    "lead": ("lead_unit", lambda _plan, one: of_unit(one)),
    "due_unit": ("due_unit", lambda _plan, one: of_unit(one)),
}
"""Sorts by how what stands in a column is called, which is looked up once for all needs that have it in common."""


def ranked(session: Session, wanted: CaseFilter, plan: Wiring) -> Ranked | None:
    """How a list of more needs than are counted is sorted as the filter asks; None where it is sorted as a short one.

    Kept rows cannot tell the order of a past day (but of a field of a form), of other processes, or while too many
    needs wait. A sort that is worked out for each case (``COMPUTED``, ``sort_said``) is refused then, once it is used.
    A fixed number of statements.
    """
    if wanted.sort_said:
        return _by_said(session, wanted, plan)
    name, down = wanted.sort.removeprefix("-"), wanted.sort.startswith("-")
    if wanted.process == NEED and not is_past(wanted.as_of):
        if name in LATENESS:
            return lambda conditions, limit, offset: _by_lateness(name, down, conditions, limit, offset)
        due = waiting(session) if name in {*_OF_COLUMN, *_WORKED_OUT, *_CALLED} else None
        if due is not None:
            return lambda conditions, limit, offset: _by_column(name, down, plan, due, conditions, limit, offset)
    return _refused if name in COMPUTED else None


def _refused(_conditions: Sequence[ColumnElement[bool]], _limit: int, _offset: int) -> NoReturn:
    out = "请先缩小范围（如状态、责任单位、登记时间），或按登记时间排序"
    raise Invalid("不能这样排序", [Finding("/sort", f"符合条件的超过 {MOST_COUNTED} 件，不能按这一列排序；{out}")])


def _by_said(session: Session, wanted: CaseFilter, plan: Wiring) -> Ranked:
    column = column_named(session, wanted.sort_said.removeprefix("-") if wanted.sort_said else "", "sort_said")
    down, on = (wanted.sort_said or "").startswith("-"), wanted.as_of or clock.today()
    due = said_kept.waiting(session, wanted)
    if due is None:
        return _refused

    def found(conditions: Sequence[ColumnElement[bool]], limit: int, offset: int) -> Select[UUID]:
        asked = (column, on, plan, due, down, conditions, limit + offset)
        told = said_kept.in_order(session, *asked)
        return _merged(told.parts, down, limit, offset, told.last)

    return found


def _by_column(
    name: str,
    down: bool,
    plan: Wiring,
    due: Sequence[UUID],
    conditions: Sequence[ColumnElement[bool]],
    limit: int,
    offset: int,
) -> Select[UUID]:
    column = _OF_COLUMN.get(name)
    if name in _CALLED:
        of, call = _CALLED[name]
        code = getattr(CaseOrder, of)
        each = select(code.label("code")).distinct().subquery()
        names = select(each.c.code, call(plan, each.c.code).label("key")).subquery()
        key = names.c.key
    else:
        key = getattr(CaseOrder, column) if column is not None else _WORKED_OUT[name](plan)
    told = key.label("key")  # by its name in the order as well: a value that is looked up is looked up once
    kept = select(CaseOrder.instance_id, told, CaseOrder.started_at).where(CaseOrder.instance_id.not_in(untitled()))
    if name in _CALLED:
        kept = kept.join(names, names.c.code == code, isouter=True)
    if conditions:
        kept = kept.join(Instance, Instance.id == CaseOrder.instance_id).where(*conditions)
    if due:
        kept = kept.where(CaseOrder.instance_id.not_in(due))
    first, newest = told.desc() if down else told.asc(), (CaseOrder.started_at.desc(), CaseOrder.instance_id)
    most, parts = limit + offset, []
    if column in INDEXED:  # the index is read from either end: what has no value stands at one of them
        parts.append(kept.where(key.is_not(None)).order_by(first, *newest).limit(most))
        # by the key too, though it is the same in all: PostgreSQL sees no other way that the index has them in order
        parts.append(kept.where(key.is_(None)).order_by(told.asc(), *newest).limit(most))
    else:
        parts.append(kept.order_by(first.nulls_last(), *newest).limit(most))
    if due:
        now = and_(CaseSpan.instance_id == Instance.id, CaseSpan.until_on.is_(None))
        own = sort_key(name, CaseSpan, clock.today(), plan).label("key")
        asked = select(Instance.id, own, Instance.started_at).join(CaseSpan, now)
        parts.append(asked.where(Instance.id.in_(due), *of_process(NEED, found=False), *conditions))
    return _merged(parts, down, limit, offset)


def _by_lateness(
    name: str, down: bool, conditions: Sequence[ColumnElement[bool]], limit: int, offset: int
) -> Select[UUID]:
    late = late_of(name, clock.today())
    every = select(Instance.id, Instance.started_at).where(*of_process(NEED, found=False), *conditions)
    every = every.order_by(*NEWEST).limit(limit + offset)
    marked = ((1, every.where(late).subquery()), (0, every.where(~late).subquery()))
    parts = [select(some.c[0], case((some.c[0].is_not(None), mark)).label("key"), some.c[1]) for mark, some in marked]
    return _merged(parts, down, limit, offset)


def _merged(
    parts: Sequence[Select[Any]], down: bool, limit: int, offset: int, last: Select[Any] | None = None
) -> Select[UUID]:
    """Parts of (id, key, begin), each in order, as one list in the same order. ``last``: a part without keys, which is
    read where the others have not as many keys as are asked for."""
    each = [part.subquery() for part in parts]
    told = [select(one.c[0], one.c[1], one.c[2]) for one in each]
    if last is not None and told:
        first = _sorted(union_all(*told).subquery(), down).limit(limit + offset).cte("told")
        without = unless(select(func.count(first.c[1])).scalar_subquery(), last, limit + offset).subquery()
        told = [select(first.c[0], first.c[1], first.c[2]), select(without.c[0], without.c[1], without.c[2])]
    elif last is not None:
        without = last.limit(limit + offset).subquery()
        told = [select(without.c[0], without.c[1], without.c[2])]
    every = union_all(*told).subquery()
    return _sorted(every, down).with_only_columns(every.c[0]).limit(limit).offset(offset)


def _sorted(every: Any, down: bool) -> Select[Any]:
    key = every.c[1]
    order = (case((key.is_(None), 1), else_=0), key.desc() if down else key.asc(), every.c[2].desc(), every.c[0])
    return select(every.c[0], every.c[1], every.c[2]).order_by(*order)
