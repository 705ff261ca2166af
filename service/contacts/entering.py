"""For whom an actor may enter contacts, and what is at hand there: leaders, last contacts, activities."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from service.contacts.access import recorders, selves
from service.contacts.models import Activity, Contact, ContactTalent
from service.db.lists import on_day
from service.ids import as_id
from service.people.models import Leader, Person
from service.rights import LEADER, LIAISON, TALENT_OFFICE, Actor

LATEST = 20


def may_enter(session: Session, actor: Actor) -> bool:
    """Whether the actor, or who the actor stands in for, enters contacts at all.

    An actor with a role for it may, whether there is a leader yet or not; others where they are of a leader's team.
    """
    mine = selves(session, actor)
    if any(one.roles & {TALENT_OFFICE, LIAISON, LEADER} for one in mine):
        return True
    return session.scalar(select(Leader.id).where(recorders(mine)).limit(1)) is not None


def leaders_to_enter(session: Session, actor: Actor, on: date, most: int) -> list[Leader]:
    """The leaders who serve ``on`` that day for whom the actor may enter contacts, own posts first.

    One more than ``most`` where there are more than that.
    """
    mine = selves(session, actor)
    own = {one.person_id for one in mine if one.person_id is not None}
    query = (
        select(Leader)
        .join(Person, Person.id == Leader.person_id)
        .where(recorders(mine), on_day(Leader.starts_on, Leader.ends_on, on))
        .order_by(case((Leader.person_id.in_(own), 0), else_=1), Leader.klass, Person.pinyin, Leader.id)
        .limit(most + 1)
    )
    return list(session.scalars(query))


def leader_to_enter(session: Session, actor: Actor, leader_id: str) -> Leader | None:
    """The leader, if the actor may enter contacts for that leader."""
    key = as_id(leader_id)
    query = select(Leader).where(Leader.id == key, recorders(selves(session, actor)))
    return session.scalar(query) if key is not None else None


def leaders_to_record(session: Session, actor: Actor, leader_ids: Iterable[UUID]) -> set[UUID]:
    """Those of ``leader_ids`` whose contacts the actor may enter, answer and withdraw; one statement."""
    wanted = set(leader_ids)
    if not wanted:
        return set()
    return set(session.scalars(select(Leader.id).where(Leader.id.in_(wanted), recorders(selves(session, actor)))))


def latest_activities(session: Session, on: date) -> list[Activity]:
    """The latest activities held by that day, to choose from."""
    query = select(Activity).where(Activity.cancelled_at.is_(None), Activity.held_on <= on)
    return list(session.scalars(query.order_by(Activity.held_on.desc(), Activity.id).limit(LATEST)))


def last_contacts(session: Session, leader_ids: Collection[UUID]) -> dict[tuple[UUID, str], date]:
    """(leader, talent) → the day of their newest contact; one statement."""
    query = (
        select(Contact.leader_id, ContactTalent.talent_id, func.max(Contact.held_on))
        .join(ContactTalent, ContactTalent.contact_id == Contact.id)
        .where(Contact.leader_id.in_(leader_ids), Contact.withdrawn_at.is_(None))
        .group_by(Contact.leader_id, ContactTalent.talent_id)
    )
    return {(leader_id, talent_id): held_on for leader_id, talent_id, held_on in session.execute(query)}
