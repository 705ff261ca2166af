"""The registers of supervision (W10): every urge with its words and its receipt, every circular with its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from service.db.lists import Page, page
from service.fields import condition
from service.ledger.board import Scope, tasks_by_id
from service.processes.column_filters import midnight
from service.processes.filters import SEARCHED, holding
from service.processes.models import OPEN, Instance, UserTask
from service.processes.register_models import Urge

BY_HAND, BY_TIMER = "hand", "timer"
RECEIVED, WAITING, ANSWERED = "received", "waiting", "answered"
RECEIPTS: Mapping[str, str] = {RECEIVED: "已签收", WAITING: "未签收", ANSWERED: "未签收，已办结"}
"""How an urge stands: received, still to be received, or overtaken by the answer."""


@dataclass(frozen=True, slots=True)
class UrgeFilter:
    """The conditions of the register of urges. ``since`` and ``until`` are days, both included."""

    task: UUID | None = condition(note="id of the step that was urged")
    unit: str | None = condition(note="code of the unit that was urged")
    channel: str | None = None
    by: str | None = condition(choices=(BY_HAND, BY_TIMER), note="by a person, or by the clock")
    receipt: str | None = condition(choices=tuple(RECEIPTS))
    since: date | None = None
    until: date | None = None
    q: str | None = condition(note=f"number of the urge; {SEARCHED}")


@dataclass(frozen=True, slots=True)
class Entry:
    """An urge with its case and the task that was urged."""

    urge: Urge
    case: Instance
    task: UserTask

    @property
    def receipt(self) -> str:
        """A key of ``RECEIPTS``."""
        if self.urge.received_at is not None:
            return RECEIVED
        return WAITING if self.task.status == OPEN else ANSWERED


def search_urges(
    session: Session, scope: Scope, wanted: UrgeFilter, *, limit: int = 50, offset: int = 0
) -> Page[Entry]:
    """The urges that somebody may see, the latest first; three statements."""
    query = select(Urge).join(Instance, Instance.id == Urge.instance_id).where(scope.rows, *_clauses(wanted))
    if scope.units is not None:
        query = query.where(Urge.unit.in_(sorted(scope.units)))
    if wanted.receipt is not None:
        query = query.join(UserTask, UserTask.id == Urge.task_id).where(_receipt(wanted.receipt))
    found = page(
        session,
        query.order_by(Urge.urged_at.desc(), func.length(Urge.number).desc(), Urge.number.desc()),
        limit=limit,
        offset=offset,
    )
    return Page(tuple(_entries(session, found.items)), found.total, found.limit, found.offset)


def _entries(session: Session, urges: Sequence[Urge]) -> list[Entry]:
    if not urges:
        return []
    keys = {urge.task_id for urge in urges}
    known = tasks_by_id(session, keys)
    return [Entry(urge, known[urge.task_id].instance, known[urge.task_id]) for urge in urges]


def _clauses(wanted: UrgeFilter) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [Urge.task_id == wanted.task] if wanted.task is not None else []
    equal: Mapping[Any, str | None] = {Urge.unit: wanted.unit, Urge.channel: wanted.channel}
    clauses += [column == value for column, value in equal.items() if value]
    if wanted.by is not None:
        clauses.append(Urge.by_hand.is_(wanted.by == BY_HAND))
    if wanted.since is not None:
        clauses.append(Urge.urged_at >= midnight(wanted.since))
    if wanted.until is not None:
        clauses.append(Urge.urged_at < midnight(wanted.until) + timedelta(days=1))
    if wanted.q:
        own = Urge.number.contains(wanted.q.strip().replace("\x00", "\ufffd"), autoescape=True)
        clauses.append(or_(own, and_(*holding(wanted.q, Instance.search_key))))
    return clauses


def _receipt(name: str) -> ColumnElement[bool]:
    if name == RECEIVED:
        return Urge.received_at.is_not(None)
    return and_(Urge.received_at.is_(None), (UserTask.status == OPEN) == (name == WAITING))
