"""The cases of one talent and the files of all that is about the talent, as somebody may see them: for the file.

Each is a source of one list by time (``db.stretches``); none tells how much there is that the reader may not see.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, literal, or_, select
from sqlalchemy.orm import Session, defer

from service.contacts.access import confidants, selves, visible
from service.contacts.models import Contact, ContactTalent, Invitation, Matter, RestrictedNote
from service.contacts.queries import visible_matters
from service.db.stretches import StreamName, Stretch
from service.people.models import Leader
from service.processes.models import Instance
from service.processes.rules import NEED
from service.processes.visibility import visible_clause
from service.rights import Actor, may
from service.storage import Attachment

_LEAN = (defer(Instance.state), defer(Instance.frame), defer(Instance.data))


def needs_begun(session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int) -> Sequence[Instance]:
    """A talent's needs by the moment of their registration; one statement."""
    return _begun(session, actor, Instance.process == NEED, talent_id, wanted, rank)


def changes_begun(session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int) -> Sequence[Instance]:
    """The cases about a talent that are no needs, such as reports of change (R9) and reviews; one statement."""
    return _begun(session, actor, Instance.process != NEED, talent_id, wanted, rank)


def needs_ended(session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int) -> Sequence[Instance]:
    """A talent's needs that are over, by the moment of their end; one statement."""
    query = (
        select(Instance)
        .where(
            Instance.process == NEED,
            Instance.talent_id == talent_id,
            Instance.ended_at.is_not(None),
            visible_clause(session, actor),
            *wanted.by_moment(rank, Instance.ended_at, Instance.id),
        )
        .options(*_LEAN)
    )
    return list(session.scalars(query.order_by(Instance.ended_at.desc(), Instance.id.desc()).limit(wanted.limit)))


def files_about(session: Session, actor: Actor, talent_id: str, wanted: Stretch, rank: int) -> Sequence[Attachment]:
    """The files of the records about a talent that the actor may read, without their content; one statement.

    Files of a contact with a restricted note are its confidants' alone (C4): for others they are not there.
    """
    contacts = select(Contact.id).where(
        Contact.id.in_(select(ContactTalent.contact_id).where(ContactTalent.talent_id == talent_id)),
        Contact.withdrawn_at.is_(None),
        visible(session, actor),
        or_(
            Contact.id.not_in(select(RestrictedNote.contact_id)),
            Contact.leader_id.in_(select(Leader.id).where(confidants(session, actor))),
        ),
    )
    matters = select(Matter.id).where(Matter.talent_id == talent_id, visible_matters(session, actor))
    cases = select(Instance.id).where(Instance.talent_id == talent_id, visible_clause(session, actor))
    sources = [("contact:", contacts), ("matter:", matters), ("instance:", cases)]
    if any(may(one, "view_activities") for one in selves(session, actor)):
        invited = select(Invitation.activity_id.label("id")).where(Invitation.talent_id == talent_id)
        sources.append(("activity:", invited))
    streams: list[ColumnElement[bool]] = []
    for prefix, found in sources:
        records = found.subquery()
        streams.append(Attachment.stream.in_(select(StreamName(literal(prefix), records.c.id))))
    query = select(Attachment).where(
        or_(*streams),
        Attachment.withdrawn_at.is_(None),
        *wanted.by_moment(rank, Attachment.added_at, Attachment.id),
    )
    return list(session.scalars(query.order_by(Attachment.added_at.desc(), Attachment.id.desc()).limit(wanted.limit)))


def _begun(
    session: Session, actor: Actor, which: ColumnElement[bool], talent_id: str, wanted: Stretch, rank: int
) -> Sequence[Instance]:
    query = (
        select(Instance)
        .where(
            which,
            Instance.talent_id == talent_id,
            visible_clause(session, actor),
            *wanted.by_moment(rank, Instance.started_at, Instance.id),
        )
        .options(*_LEAN)
    )
    return list(session.scalars(query.order_by(Instance.started_at.desc(), Instance.id.desc()).limit(wanted.limit)))
