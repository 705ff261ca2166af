"""The unit that answers for a talent's file in the registry's yearly check (R4)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import Session

from service.db.lists import on_day
from service.liaisons.models import Link
from service.liaisons.queries import serving
from service.people.models import Leader, Liaison, Unit
from service.people.queries import owes_liaison
from service.talents.models import Talent


def answered_by(unit: str, on: date, asked: Collection[str]) -> Select[str]:
    """The ids of the active talents for whose files the unit answers on a day, among the ``asked`` units of a round.

    A query, so that a unit's two thousand talents are neither kept with the case nor read at once.
    """
    return select(Talent.id).where(Talent.active, _answering(on, asked) == unit)


def answering_counts(session: Session, on: date) -> dict[str | None, int]:
    """Unit → how many talents it answers for; None: those of nobody. Units with a liaison that day count as asked."""
    named = session.scalars(select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, on))).all()
    answering = _answering(on, named)
    counts = session.execute(select(answering, func.count()).where(Talent.active).group_by(answering))
    return dict(counts.all())


def _answering(on: date, asked: Collection[str]) -> ColumnElement[Any]:
    """The unit that answers for a talent's file: the own one where it owes a liaison or is ``asked``, else a leader's.

    Whether somebody is named just then does not matter: a talent would otherwise change units in the middle of a round.
    """
    units = select(Unit.code).where(or_(owes_liaison(), Unit.code.in_(asked)))
    leaders = (
        select(Leader.unit_code)
        .join(Link, Link.leader_id == Leader.id)
        .where(Link.talent_id == Talent.id, serving(on), Leader.unit_code.in_(units))
        .order_by(Leader.klass, Link.starts_on, Link.id)
        .limit(1)
        .scalar_subquery()
    )
    return case((Talent.employer_unit.in_(units), Talent.employer_unit), else_=leaders)
