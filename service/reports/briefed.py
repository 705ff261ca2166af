"""The leaders who get a brief of a month (R3), and the briefs that exist."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, contains_eager

from service import clock
from service.contacts.access import leaders_clause
from service.db.lists import on_day
from service.ids import as_id
from service.liaisons.models import Link
from service.liaisons.rules import PROPOSED
from service.people.models import Leader, Person
from service.people.rules import CLASS_A
from service.reports.models import Brief
from service.reports.rules import month_of
from service.rights import Actor


def briefed_leaders(session: Session, *, year: int, month: int) -> list[Leader]:
    """The leaders of the district who get a brief of a month (R3), by name: of class A, serving on its last day.

    A leader who served nobody in the month has nothing to be told of. One statement.
    """
    first, last = month_of(year, month)
    linked = select(Link.leader_id).where(
        Link.status != PROPOSED, Link.starts_on <= last, or_(Link.ends_on.is_(None), Link.ends_on >= first)
    )
    query = (
        select(Leader)
        .join(Leader.person)
        .options(contains_eager(Leader.person))
        .where(
            Leader.klass == CLASS_A,
            on_day(Leader.starts_on, Leader.ends_on, last),
            Leader.id.in_(linked),
        )
    )
    return list(session.scalars(query.order_by(Person.pinyin, Leader.id)))


def leaders_without_brief(session: Session, *, year: int, month: int, reader: Actor) -> list[Leader]:
    """The leaders on whose work the reader may look, serving at the end of a month, to whom no brief of it is released.

    The end is today while the month lasts. One statement.
    """
    last = min(month_of(year, month)[1], clock.today())
    released = select(Brief.id).where(
        Brief.leader_id == Leader.id, Brief.year == year, Brief.month == month, Brief.released_at.is_not(None)
    )
    query = select(Leader).where(
        on_day(Leader.starts_on, Leader.ends_on, last), leaders_clause(session, reader), ~released.exists()
    )
    return list(session.scalars(query.order_by(Leader.klass, Leader.id)))


def find_brief(session: Session, *, leader_id: UUID | str, year: int, month: int) -> Brief | None:
    """The brief to a leader of a month, released or not, or ``None``."""
    query = select(Brief).where(Brief.leader_id == as_id(leader_id), Brief.year == year, Brief.month == month)
    return session.scalar(query)
