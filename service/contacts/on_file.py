"""The contacts, notes, opinions, activities and own matters of one talent, as somebody may see them: for the file.

Each is a source of one list by time (``db.stretches``); none tells how much there is that the reader may not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from service.contacts.access import selves, visible
from service.contacts.models import Activity, Contact, ContactTalent, Invitation, Matter, Opinion, TalentNote
from service.contacts.notes import readable_notes
from service.contacts.queries import visible_matters
from service.db.stretches import Stretch
from service.rights import Actor, may


def contacts_with(session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int) -> Sequence[Contact]:
    """The contacts with a talent that stand, with their topics; two statements."""
    met = select(ContactTalent.contact_id).where(ContactTalent.talent_id == talent_id)
    query = select(Contact).where(Contact.id.in_(met), visible(session, actor), Contact.withdrawn_at.is_(None))
    query = query.options(selectinload(Contact.topics))
    return list(session.scalars(_newest(query, wanted, rank, Contact.held_on, Contact.id)))


def notes_on(
    session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int
) -> Sequence[tuple[TalentNote, Contact, bool]]:
    """The notes on a talent's file (C3) that the actor reads, each with its contact, and whether the actor may see
    that; one statement."""
    query = (
        select(TalentNote, Contact, visible(session, actor).label("sees"))
        .join(Contact, Contact.id == TalentNote.contact_id)
        .where(
            TalentNote.talent_id == talent_id,
            TalentNote.withdrawn_at.is_(None),
            Contact.withdrawn_at.is_(None),
            readable_notes(session, actor),
        )
    )
    found = session.execute(_newest(query, wanted, rank, Contact.held_on, TalentNote.id))
    return [(note, contact, bool(sees)) for note, contact, sees in found]


def opinions_from(
    session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int
) -> Sequence[tuple[Opinion, Contact]]:
    """The opinions that a talent gave (C2), each with its contact; one statement."""
    query = (
        select(Opinion, Contact)
        .join(Contact, Contact.id == Opinion.contact_id)
        .where(Opinion.talent_id == talent_id, visible(session, actor), Contact.withdrawn_at.is_(None))
    )
    found = session.execute(_newest(query, wanted, rank, Contact.held_on, Opinion.id))
    return [(opinion, contact) for opinion, contact in found]


def invitations_to(
    session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int
) -> Sequence[tuple[Invitation, Activity]]:
    """A talent's invitations to activities that were not cancelled, for who may see activities; one statement."""
    if not any(may(one, "view_activities") for one in selves(session, actor)):
        return []
    query = (
        select(Invitation, Activity)
        .join(Activity, Activity.id == Invitation.activity_id)
        .where(Invitation.talent_id == talent_id, Activity.cancelled_at.is_(None))
    )
    found = session.execute(_newest(query, wanted, rank, Activity.held_on, Activity.id))
    return [(invitation, activity) for invitation, activity in found]


def matters_of(session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int) -> Sequence[Matter]:
    """The units' own matters of a talent (R6); one statement."""
    query = select(Matter).where(Matter.talent_id == talent_id, visible_matters(session, actor))
    return list(session.scalars(_newest(query, wanted, rank, Matter.raised_on, Matter.id)))


def _newest(query: Any, wanted: Stretch, rank: int, day: Any, key: Any) -> Any:
    found = query.where(*wanted.by_day(rank, day, key))
    return found.order_by(day.desc(), key.desc()).limit(wanted.limit)
