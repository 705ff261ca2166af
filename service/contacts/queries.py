"""Reading contacts, opinions, activities and matters. Every list takes a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, cast, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from service.access_log import note_restricted
from service.contacts.access import confidants, require_sight, selves, visible
from service.contacts.filters import ActivityFilter, ContactFilter, MatterFilter, OpinionFilter
from service.contacts.models import (
    Activity,
    Contact,
    ContactTalent,
    ContactTopic,
    Invitation,
    Matter,
    Opinion,
    RestrictedNote,
)
from service.contacts.rules import SIMILAR, shared_words, similarity
from service.db.lists import Page, page, where
from service.errors import NotFound
from service.ids import as_id
from service.people.models import Leader, Person
from service.rights import Actor, may
from service.spelling import terms, written_ways
from service.talents.models import Talent


@dataclass(frozen=True, slots=True)
class Similar:
    """An open matter that an opinion may repeat, and ``why`` it was taken for one, in Chinese (O3)."""

    id: UUID
    title: str
    score: float
    why: str


def search_contacts(
    session: Session, actor: Actor, wanted: ContactFilter = ContactFilter(), limit: int = 50, offset: int = 0
) -> Page[Contact]:
    """The contacts that the actor may see, the newest first, with all that is said in them: six statements."""
    # Nothing is joined for the count, and both columns run the same way: the newest are read from the end of an index.
    query = select(Contact).where(visible(session, actor), *_contact_clauses(wanted))
    query = query.order_by(Contact.held_on.desc(), Contact.id.desc()).options(
        selectinload(Contact.talents),
        selectinload(Contact.topics),
        selectinload(Contact.opinions),
        selectinload(Contact.notes),
    )
    return page(session, query, limit=limit, offset=offset)


def get_contact(session: Session, contact_id: UUID | str, actor: Actor) -> Contact:
    """The contact if the actor may see it, withdrawn or not; raises ``NotFound``."""
    key = as_id(contact_id)
    query = select(Contact).where(Contact.id == key, visible(session, actor))
    found = session.scalar(query) if key is not None else None
    if found is None:
        raise NotFound("没有这条联系记录，或您无权查看")
    return found


def lock_contact(session: Session, contact_id: UUID | str, actor: Actor) -> Contact:
    """The contact, locked, for who may see it: to all others it is as unknown as one that is not there."""
    key = as_id(contact_id)
    query = select(Contact).where(Contact.id == key, visible(session, actor)).with_for_update(of=Contact)
    found = session.scalar(query.execution_options(populate_existing=True)) if key is not None else None
    if found is None:
        raise NotFound("没有这条联系记录，或您无权查看")
    return found


def has_contacts(session: Session, leader_id: UUID) -> bool:
    """Whether a contact is in the name of a leader's post, a withdrawn one too."""
    return session.scalar(select(Contact.id).where(Contact.leader_id == leader_id).limit(1)) is not None


def last_contact(session: Session, leader_id: UUID) -> date | None:
    """The day of the last contact of a leader's post; None where there is none that stands."""
    query = select(func.max(Contact.held_on)).where(Contact.leader_id == leader_id, Contact.withdrawn_at.is_(None))
    return session.scalar(query)


def restricted_notes(session: Session, actor: Actor, contact_ids: Iterable[UUID]) -> dict[UUID, str | None]:
    """Contact → its restricted note (C4), for those of ``contact_ids`` that have one; one statement.

    The text is ``None`` where the actor may know that there is a note but not read it: all but that leader, the
    leader's liaison and the Talent Office.
    """
    wanted = list(contact_ids)
    if not wanted:
        return {}
    reads = Leader.id.in_(select(Leader.id).where(confidants(session, actor)))
    query = (
        select(RestrictedNote.contact_id, RestrictedNote.text, reads)
        .join(Contact, Contact.id == RestrictedNote.contact_id)
        .join(Leader, Leader.id == Contact.leader_id)
        .where(RestrictedNote.contact_id.in_(wanted))
    )
    return {contact_id: text if may_read else None for contact_id, text, may_read in session.execute(query)}


def restricted_note(session: Session, actor: Actor, contact_id: UUID) -> dict[UUID, str | None]:
    """The same of one contact, opened to be read: the access log tells of it."""
    found = restricted_notes(session, actor, [contact_id])
    note_restricted(sum(text is not None for text in found.values()), f"contact:{contact_id}")
    return found


def search_opinions(
    session: Session, actor: Actor, wanted: OpinionFilter = OpinionFilter(), limit: int = 50, offset: int = 0
) -> Page[tuple[Opinion, Contact]]:
    """The opinions of the contacts that the actor may see, the newest contact first, each with its contact."""
    query = (
        select(Opinion)
        .join(Contact, Contact.id == Opinion.contact_id)
        .join(Talent, Talent.id == Opinion.talent_id)
        .join(Leader, Leader.id == Contact.leader_id)
        .where(visible(session, actor), Contact.withdrawn_at.is_(None))
    )
    equal = {Opinion.status: wanted.status, Opinion.talent_id: wanted.talent_id, Leader.unit_code: wanted.unit}
    query = where(query, equal, None).where(*_within(Contact.held_on, wanted.since, wanted.until))
    if wanted.leader_id is not None:
        query = query.where(_same_id(Contact.leader_id, wanted.leader_id))
    if wanted.q:
        query = query.where(or_(_written(Opinion.text, wanted.q), _holding(Talent.search_key, wanted.q)))
    query = query.order_by(Contact.held_on.desc(), Opinion.contact_id, Opinion.position)
    found = page(session, query, limit=limit, offset=offset)
    contacts = _contacts(session, {one.contact_id for one in found.items})
    pairs = tuple((one, contacts[one.contact_id]) for one in found.items)
    return Page(pairs, found.total, found.limit, found.offset)


def get_opinion(session: Session, opinion_id: UUID | str, actor: Actor) -> tuple[Opinion, Contact]:
    """The opinion with its contact if the actor may see it; raises ``NotFound``."""
    key = as_id(opinion_id)
    found = session.get(Opinion, key) if key is not None else None
    query = (
        select(Contact).where(Contact.id == found.contact_id, visible(session, actor)) if found is not None else None
    )
    contact = session.scalar(query) if query is not None else None
    if found is None or contact is None:
        raise NotFound("没有这条意见建议，或您无权查看")
    return found, contact


def search_activities(
    session: Session, actor: Actor, wanted: ActivityFilter = ActivityFilter(), limit: int = 50, offset: int = 0
) -> Page[Activity]:
    """Activities, the newest first, with their invitations: three statements. Raises ``NotAllowed``."""
    require_sight(session, actor, "view_activities")
    query = where(select(Activity), {Activity.kind: wanted.kind, Activity.organizer_unit: wanted.unit}, None)
    query = query.where(*_within(Activity.held_on, wanted.since, wanted.until))
    if wanted.talent_id is not None:
        invited = select(Invitation.activity_id).where(Invitation.talent_id == wanted.talent_id)
        query = query.where(Activity.id.in_(invited))
    if wanted.q:
        query = query.where(Activity.name.contains(wanted.q, autoescape=True))
    query = query.order_by(Activity.held_on.desc(), Activity.id).options(selectinload(Activity.invitations))
    return page(session, query, limit=limit, offset=offset)


def get_activity(session: Session, activity_id: UUID | str, actor: Actor) -> Activity:
    """The activity; raises ``NotAllowed``, ``NotFound``."""
    require_sight(session, actor, "view_activities")
    key = as_id(activity_id)
    found = session.get(Activity, key) if key is not None else None
    if found is None:
        raise NotFound("没有这项活动，请从活动列表中选择")
    return found


def activity_of(session: Session, contact: Contact) -> Activity | None:
    """The activity that a contact was part of."""
    return session.get(Activity, contact.activity_id) if contact.activity_id is not None else None


def search_matters(
    session: Session, actor: Actor, wanted: MatterFilter = MatterFilter(), limit: int = 50, offset: int = 0
) -> Page[Matter]:
    """The matters of the units whose ledger the actor may see, the newest first: three statements (R6)."""
    query = (
        select(Matter)
        .options(selectinload(Matter.progress))
        .join(Talent, Talent.id == Matter.talent_id)
        .where(visible_matters(session, actor), *_within(Matter.raised_on, wanted.since, wanted.until))
    )
    query = where(query, {Matter.unit_code: wanted.unit, Matter.talent_id: wanted.talent_id}, None)
    if wanted.solved is not None:
        query = query.where(Matter.solved_on.is_not(None) if wanted.solved else Matter.solved_on.is_(None))
    if wanted.q:
        query = query.where(or_(_written(Matter.title, wanted.q), _holding(Talent.search_key, wanted.q)))
    return page(session, query.order_by(Matter.raised_on.desc(), Matter.id), limit=limit, offset=offset)


def get_matter(session: Session, matter_id: UUID | str, actor: Actor) -> Matter:
    """The matter if the actor may see it; raises ``NotFound``."""
    key = as_id(matter_id)
    query = select(Matter).where(Matter.id == key, visible_matters(session, actor))
    found = session.scalar(query) if key is not None else None
    if found is None:
        raise NotFound("没有这个事项，或您无权查看")
    return found


def similar_matters(text: str, open_cases: Sequence[tuple[UUID, str, str]], *, limit: int = 3) -> list[Similar]:
    """Of ``open_cases`` (id, title, description) of the same talent those that ``text`` may repeat (O3).

    Compared are pairs of neighbouring characters; the likest comes first.
    """
    found = []
    for case_id, title, description in open_cases:
        score = max(similarity(text, title), similarity(text, description))
        if score >= SIMILAR:
            words = shared_words(text, f"{title}\n{description}")
            why = f"同一联系对象的在办需求，文字重合约 {round(score * 100)}%"
            why += f"（都提到“{'”“'.join(words)}”）" if words else ""
            found.append(Similar(case_id, title, score, why))
    return sorted(found, key=lambda one: (-one.score, str(one.id)))[:limit]


def _contact_clauses(wanted: ContactFilter) -> list[ColumnElement[bool]]:
    equal: dict[Any, object] = {
        Contact.form: wanted.form,
        Contact.inbound: wanted.inbound,
        Contact.interview: wanted.interview,
        Contact.late: wanted.late,
    }
    clauses = [column == value for column, value in equal.items() if value is not None]
    clauses.append(Contact.withdrawn_at.is_not(None) if wanted.withdrawn else Contact.withdrawn_at.is_(None))
    if wanted.leader_id is not None:
        clauses.append(_same_id(Contact.leader_id, wanted.leader_id))
    if wanted.unit is not None:
        clauses.append(Contact.leader_id.in_(select(Leader.id).where(Leader.unit_code == wanted.unit)))
    if wanted.activity_id is not None:
        clauses.append(_same_id(Contact.activity_id, wanted.activity_id))
    if wanted.talent_id is not None:
        who = select(ContactTalent.contact_id).where(ContactTalent.talent_id == wanted.talent_id)
        clauses.append(Contact.id.in_(who))
    if wanted.topic is not None:
        about = select(ContactTopic.contact_id).where(ContactTopic.topic == wanted.topic)
        clauses.append(Contact.id.in_(about))
    if wanted.tag is not None:
        # a code is of lower-case letters, digits, _ and -: quoted it can be no part of another
        clauses.append(cast(Contact.tags, Text).contains(f'"{wanted.tag}"', autoescape=True))
    clauses += _within(Contact.held_on, wanted.since, wanted.until)
    if wanted.q:
        named = select(ContactTalent.contact_id).join(Talent, Talent.id == ContactTalent.talent_id)
        from_leader = select(Leader.id).join(Leader.person).where(_holding(Person.search_key, wanted.q))
        clauses.append(
            or_(
                Contact.id.in_(named.where(_holding(Talent.search_key, wanted.q))),
                Contact.leader_id.in_(from_leader),
            )
        )
    return clauses


def visible_matters(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Matter`` that the actor may see it: those of the units whose ledger is the actor's (R6)."""
    mine = selves(session, actor)
    if any(may(one, "view_matters") for one in mine):
        return true()
    units = sorted({grant.unit for one in mine for grant in one.grants if grant.unit is not None})
    held = [unit for unit in units if any(may(one, "view_matters", unit=unit) for one in mine)]
    return Matter.unit_code.in_(held)


def _contacts(session: Session, wanted: set[UUID]) -> dict[UUID, Contact]:
    if not wanted:
        return {}
    return {one.id: one for one in session.scalars(select(Contact).where(Contact.id.in_(wanted)))}


def _within(column: InstrumentedAttribute[date], since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """The conditions that a day lies in a period, both ends included, each of which may be open."""
    return [*([column >= since] if since is not None else []), *([column <= until] if until is not None else [])]


def _written(text: Any, q: str) -> ColumnElement[bool]:
    """``q`` stands in running text, in simplified or traditional characters."""
    return or_(*(text.contains(way, autoescape=True) for way in written_ways(q)))


def _holding(key: Any, q: str) -> ColumnElement[bool]:
    """Every word of ``q`` occurs in the search key: 汉字, pinyin or initials."""
    words = terms(q)
    return and_(*(key.contains(word, autoescape=True) for word in words)) if words else false()


def _same_id(column: Any, value: UUID | str) -> ColumnElement[bool]:
    key = as_id(value)
    return false() if key is None else column == key
