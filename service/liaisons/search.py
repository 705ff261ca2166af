"""The list of links (联系关系) with its filters."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import false, or_
from sqlalchemy.orm import Session

from service import clock
from service.auth import SYSTEM, Actor
from service.liaisons.models import Link
from service.liaisons.queries import links_with_leaders, serving, visible_to
from service.liaisons.rules import ENDED
from service.liaisons.warnings import link_warnings
from service.people.models import Leader, Person
from service.people.queries import MAX_LIMIT, Page, as_id, matching, page
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
    """Links by the name of leader or talent, by class and the leader's name.

    ``on`` asks for those that count on that day, ``warned`` for those with warnings on that day (default today).
    """
    query = links_with_leaders().where(visible_to(reader))
    of_leader, _ = matching(q, Person.search_key, Person.name, Person.initials)
    of_talent, _ = matching(q, Talent.search_key, Talent.name, Talent.initials)
    if of_leader is not None and of_talent is not None:
        query = query.join(Link.talent).where(or_(of_leader, of_talent))
    equal: dict[Any, object] = {
        Link.talent_id: talent_id,
        Leader.unit_code: unit,
        Leader.klass: klass,
        Link.status: status,
    }
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    if leader_id is not None:
        post = as_id(leader_id)
        query = query.where(Link.leader_id == post if post is not None else false())
    if on is not None:
        query = query.where(serving(on))
    elif not include_ended:
        query = query.where(Link.ends_on.is_(None))
    query = query.order_by(Leader.klass, Person.pinyin, Leader.id, Link.starts_on, Link.id)
    if not warned:
        return page(session, query, limit=limit, offset=offset)
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, offset)
    found = list(session.scalars(query.where(Link.status != ENDED)))
    warnings = link_warnings(session, found, on or clock.today())
    troubled = [link for link in found if warnings[link.id]]
    return Page(tuple(troubled[offset : offset + limit]), len(troubled), limit, offset)
