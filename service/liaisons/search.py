"""The list of links (联系关系) with its filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from service import clock
from service.db.lists import MAX_LIMIT, Page, matching
from service.ids import as_id
from service.liaisons.models import Link
from service.liaisons.queries import links_with_leaders, serving, visible_to
from service.liaisons.warnings import FEW
from service.liaisons.warnings import warned as warned_of
from service.people.models import Leader, Person
from service.rights import SYSTEM, Actor
from service.talents.models import Talent


def search_links(
    session: Session,
    q: str | None = None,
    limit: int = 50,
    offset: int = 0,
    *,
    leader_id: UUID | str | None = None,
    talent_id: str | None = None,
    unit: str | None = None,
    klass: str | None = None,
    status: str | None = None,
    on: date | None = None,
    warned: bool = False,
    include_ended: bool = True,
    reader: Actor = SYSTEM,
) -> Page[Link]:
    """Links by the name of leader or talent, by class and the leader's name; two statements.

    Links are counted leader by leader, which tells whose are on the page: only theirs are read and put in order.

    ``on`` asks for those that count on that day, ``warned`` for those with warnings on that day (default today).
    """
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, min(offset, 2**31))
    wanted = _Wanted(
        q=q,
        leader_id=leader_id,
        talent_id=talent_id,
        status=status,
        on=on,
        warned_on=(on or clock.today()) if warned else None,
        open_only=on is None and not include_ended,
    )
    of_leader: dict[Any, object] = {Leader.unit_code: unit, Leader.klass: klass}
    counts = select(Link.leader_id, func.count().label("links")).where(*wanted.conditions())
    counted = counts.group_by(Link.leader_id).subquery()
    order = (Leader.klass, Person.pinyin, Leader.id)
    leaders = (
        select(
            Leader.id,
            counted.c.links,
            func.sum(counted.c.links).over(order_by=order).label("upto"),
            func.sum(counted.c.links).over().label("total"),
        )
        .join(counted, counted.c.leader_id == Leader.id)
        .join(Person, Person.id == Leader.person_id)
        .where(visible_to(reader), *(column == value for column, value in of_leader.items() if value is not None))
        .subquery()
    )
    there = leaders.c
    on_page = and_(there.upto > offset, there.upto - there.links < offset + limit)
    # The last one tells how many there are when the page lies beyond them.
    rows = session.execute(select(leaders).where(or_(on_page, there.upto == there.total)).order_by(there.upto)).all()
    total = int(rows[-1].total) if rows else 0
    shown = [row.id for row in rows if offset < row.upto and row.upto - row.links < offset + limit]
    if not shown:
        return Page((), total, limit, offset)
    before = int(rows[0].upto - rows[0].links)
    query = (
        links_with_leaders()
        .where(Link.leader_id.in_(FEW), *wanted.conditions(of_few=True))
        .order_by(*order, Link.starts_on, Link.id)
        .limit(limit)
        .offset(offset - before)
    )
    return Page(tuple(session.scalars(query, {FEW.key: shown})), total, limit, offset)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a search asks of the links themselves, whoever's they are."""

    q: str | None
    leader_id: UUID | str | None
    talent_id: str | None
    status: str | None
    on: date | None
    warned_on: date | None
    open_only: bool

    def conditions(self, *, of_few: bool = False) -> Iterator[ColumnElement[bool]]:
        """On ``Link`` alone, so that an index of links is all that must be read; ``of_few``: of those of the
        leaders ``FEW``."""
        of_leader, _ = matching(self.q, Person.search_key, Person.name, Person.initials)
        of_talent, _ = matching(self.q, Talent.search_key, Talent.name, Talent.initials)
        if of_leader is not None and of_talent is not None:
            talents = select(Talent.id).where(of_talent)
            leaders = select(Leader.id).join(Person, Person.id == Leader.person_id).where(of_leader)
            if of_few:
                talents = talents.where(Talent.id.in_(select(Link.talent_id).where(Link.leader_id.in_(FEW))))
            yield or_(Link.leader_id.in_(leaders), Link.talent_id.in_(talents))
        if self.leader_id is not None:
            post = as_id(self.leader_id)
            yield Link.leader_id == post if post is not None else false()
        if self.talent_id is not None:
            yield Link.talent_id == self.talent_id
        if self.status is not None:
            yield Link.status == self.status
        if self.on is not None:
            yield serving(self.on)
        if self.open_only or self.warned_on is not None:
            yield Link.ends_on.is_(None)
        if self.warned_on is not None:
            yield warned_of(self.warned_on, of_few=of_few)
