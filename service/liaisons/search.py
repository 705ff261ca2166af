"""The list of links (联系关系) with its filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from service import clock
from service.db.lists import MAX_LIMIT, Page, matching
from service.ids import as_id
from service.liaisons.filters import LinkFilter
from service.liaisons.models import Link
from service.liaisons.queries import links_with_leaders, serving, visible_to
from service.liaisons.warnings import FEW
from service.liaisons.warnings import warned as warned_of
from service.people.models import Leader, Person
from service.rights import SYSTEM, Actor
from service.talents.models import Talent


def search_links(
    session: Session,
    wanted: LinkFilter = LinkFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor = SYSTEM,
) -> Page[Link]:
    """A page of the links that are ``wanted``, by class and the leader's name; two statements.

    Links are counted leader by leader, which tells whose are on the page: only theirs are read and put in order.
    """
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, min(offset, 2**31))
    of_leader: dict[Any, object] = {Leader.unit_code: wanted.unit, Leader.klass: wanted.klass}
    counts = select(Link.leader_id, func.count().label("links")).where(*_conditions(wanted))
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
        .where(Link.leader_id.in_(FEW), *_conditions(wanted, of_few=True))
        .order_by(*order, Link.starts_on, Link.id)
        .limit(limit)
        .offset(offset - before)
    )
    return Page(tuple(session.scalars(query, {FEW.key: shown})), total, limit, offset)


def _conditions(wanted: LinkFilter, *, of_few: bool = False) -> Iterator[ColumnElement[bool]]:
    """The conditions on the links themselves, whoever's they are; ``of_few``: of those of the leaders ``FEW``.

    On ``Link`` alone, so that an index of links is all that must be read.
    """
    of_leader, _ = matching(wanted.q, Person.search_key, Person.name, Person.initials)
    of_talent, _ = matching(wanted.q, Talent.search_key, Talent.name, Talent.initials)
    if of_leader is not None and of_talent is not None:
        talents = select(Talent.id).where(of_talent)
        leaders = select(Leader.id).join(Person, Person.id == Leader.person_id).where(of_leader)
        if of_few:
            talents = talents.where(Talent.id.in_(select(Link.talent_id).where(Link.leader_id.in_(FEW))))
        yield or_(Link.leader_id.in_(leaders), Link.talent_id.in_(talents))
    if wanted.leader_id is not None:
        post = as_id(wanted.leader_id)
        yield Link.leader_id == post if post is not None else false()
    if wanted.talent_id is not None:
        yield Link.talent_id == wanted.talent_id
    if wanted.status is not None:
        yield Link.status == wanted.status
    if wanted.on is not None:
        yield serving(wanted.on)
    if wanted.warned or not (wanted.include_ended or wanted.on):
        yield Link.ends_on.is_(None)
    if wanted.warned:
        yield warned_of(wanted.on or clock.today(), of_few=of_few)
