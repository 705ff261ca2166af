"""Reading the registry of talents. Every list takes two statements."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import false, select
from sqlalchemy.orm import Session

from service.auth import Actor, may
from service.errors import NotFound
from service.people.models import Leader
from service.people.queries import Page, as_id, matching, page
from service.talents.models import Talent
from service.talents.rules import TALENT_ID, masked


def find_talent(session: Session, talent_id: str) -> Talent | None:
    """The talent with that id, in the registry or removed from it, or ``None``."""
    return session.get(Talent, talent_id) if TALENT_ID.fullmatch(talent_id) else None


def get_talent(session: Session, talent_id: str) -> Talent:
    """The talent with that id; raises ``NotFound``."""
    talent = find_talent(session, talent_id)
    if talent is None:
        raise NotFound("人才信息库中没有这位人才，请从名单中选择")
    return talent


def search_talents(
    session: Session,
    q: str | None = None,
    limit: int = 50,
    offset: int = 0,
    *,
    category: int | None = None,
    type: int | None = None,  # noqa: A002 - the registry's own word
    town: str | None = None,
    employer_unit: str | None = None,
    leader_id: UUID | str | None = None,
    leader_person_id: UUID | None = None,
    include_inactive: bool = False,
) -> Page[Talent]:
    """Talents by 汉字, pinyin or initials of the name, by id, or by the employer's name.

    ``leader_id`` asks for the talents of one leader's post, ``leader_person_id`` for those of a person in any post.
    """
    condition, order = matching(q, Talent.search_key, Talent.name, Talent.initials)
    query = select(Talent)
    equal: dict[Any, object] = {
        Talent.category: category,
        Talent.type: type,
        Talent.town: town,
        Talent.employer_unit: employer_unit,
    }
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    if condition is not None:
        query = query.where(condition)
    if leader_id is not None:
        post = as_id(leader_id)
        query = query.where(Talent.leader_id == post if post is not None else false())
    if leader_person_id is not None:
        query = query.where(Talent.leader_id.in_(select(Leader.id).where(Leader.person_id == leader_person_id)))
    if not include_inactive:
        query = query.where(Talent.active)
    return page(session, query.order_by(*order, Talent.pinyin, Talent.id), limit=limit, offset=offset)


def sees_contact(actor: Actor, talent: Talent) -> bool:
    """Whether ``actor`` may see the telephone number: liaisons, the Talent Office and the serving leader."""
    serving = talent.leader.person_id if talent.leader is not None else None
    return may(actor, "view_talent_contact", person_id=serving)


def phone_for(actor: Actor, talent: Talent) -> str | None:
    """The telephone number as ``actor`` may see it: whole, or like ``138****0000``."""
    if talent.phone is None or sees_contact(actor, talent):
        return talent.phone
    return masked(talent.phone)


def visible(actor: Actor, talent: Talent) -> dict[str, Any]:
    """The talent as ``actor`` may see it: JSON-ready, the telephone number masked where it must be."""
    return {
        "id": talent.id,
        "name": talent.name,
        "pinyin": talent.pinyin,
        "initials": talent.initials,
        "category": talent.category,
        "type": talent.type,
        "employer": talent.employer,
        "employer_unit": talent.employer_unit,
        "employer_unit_name": talent.unit.name if talent.unit is not None else None,
        "post": talent.post,
        "phone": phone_for(actor, talent),
        "town": talent.town,
        "in_district": talent.in_district,
        "leader_id": str(talent.leader_id) if talent.leader_id is not None else None,
        "leader_name": talent.leader.person.name if talent.leader is not None else None,
        "active": talent.active,
    }
