"""Interviews a year of the leaders of class B with their talents (F2), and the counts of a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service import clock
from service.contacts.access import leaders_clause
from service.contacts.filters import InterviewFilter
from service.contacts.models import (
    Activity,
    Contact,
    ContactTalent,
    ContactTopic,
    Invitation,
    Matter,
    MissedInterviews,
)
from service.contacts.past import statuses
from service.contacts.rules import FORMS, INTERVIEWS_REQUIRED, OPINION_STATUSES, TOPICS
from service.ids import as_id
from service.liaisons.models import Link
from service.liaisons.queries import serving
from service.people.models import Leader
from service.people.past import leaders_then, served_by_unit
from service.rights import Actor
from service.talents.models import Talent


@dataclass(frozen=True, slots=True)
class PairCount:
    """How often a leader of class B interviewed a talent in a year.

    ``split`` says who did, where the link was taken over: the former leaders' interviews count for the pair (O4).
    ``reason`` is why there were too few, where somebody said so.
    """

    link: Link
    leader: Leader
    talent: Talent
    count: int
    split: tuple[tuple[Leader, int], ...]
    required: int
    reason: str | None

    @property
    def short(self) -> int:
        """Interviews still missing."""
        return max(0, self.required - self.count)


def interview_counts(
    session: Session,
    *,
    year: int,
    on: date,
    leader_id: UUID | str | None = None,
    unit: str | None = None,
    leader_ids: ColumnElement[bool] | None = None,
) -> list[PairCount]:
    """The pairs of class B that stand ``on`` that day, each with its interviews of ``year`` up to that day.

    ``leader_ids`` is a condition on ``Leader`` that narrows whose pairs are counted. Seven statements at most, however
    many pairs; those with the most missing come first.
    """
    until = min(on, date(year, 12, 31))
    counted = _standing(session, until, leader_id, unit, leader_ids)
    links = list(session.scalars(counted))
    if not links:
        return []
    talents = select(Link.talent_id).where(Link.id.in_(counted.with_only_columns(Link.id).order_by(None)))
    former = {link.id: link for link in session.scalars(select(Link).where(Link.talent_id.in_(talents)))}
    held = _interviews(session, year, until, talents)
    reasons = {
        (row.leader_id, row.talent_id): row.reason
        for row in session.scalars(
            select(MissedInterviews).where(
                MissedInterviews.year == year,
                MissedInterviews.talent_id.in_(talents),
                MissedInterviews.given_at < clock.end_of(on),
            )
        )
    }
    found = [_pair(link, former, held, reasons) for link in links]
    return sorted(
        found, key=lambda pair: (-pair.short, pair.leader.person.pinyin, pair.talent.pinyin, str(pair.link.id))
    )


def interview_progress(session: Session, actor: Actor, wanted: InterviewFilter) -> list[PairCount]:
    """The pairs that are ``wanted``, of the leaders whose contacts the actor may see."""
    on = wanted.on or clock.today()
    pairs = interview_counts(
        session,
        year=wanted.year or on.year,
        on=on,
        leader_id=wanted.leader_id,
        unit=wanted.unit,
        leader_ids=leaders_clause(session, actor),
    )
    return [pair for pair in pairs if pair.short or not wanted.short]


def interviews_of(session: Session, leader_ids: Iterable[UUID], on: date) -> dict[tuple[UUID, str], PairCount]:
    """(leader, talent) → their interviews this year, of the pairs of these leaders that stand ``on`` that day."""
    pairs = interview_counts(session, year=on.year, on=on, leader_ids=Leader.id.in_(list(leader_ids)))
    return {(pair.leader.id, pair.talent.id): pair for pair in pairs}


def contact_counts(session: Session, *, unit: str | None, starts_on: date, ends_on: date) -> dict[str, Any]:
    """The contacts of a period in figures, JSON-ready: by form, topic and leader; opinions by status.

    The outcome of opinions and of own matters is as of the period's last day, or of today while it lasts; what was held
    in the period counts whenever it was entered.

    ``unit`` is a liaison office: its leaders' contacts, its activities, its own matters; ``None`` counts all.
    A fixed number of statements.
    """
    scope = [
        Contact.withdrawn_at.is_(None),
        Contact.held_on.between(starts_on, ends_on),
    ]
    on = min(ends_on, clock.today())
    if unit is not None:
        scope.append(Contact.leader_id.in_(select(Leader.id).where(served_by_unit(session, unit, on))))
    ids = select(Contact.id).where(*scope)
    forms = _counted(session, select(Contact.form, func.count()).where(*scope).group_by(Contact.form))
    topics = _counted(
        session,
        select(ContactTopic.topic, func.count()).where(ContactTopic.contact_id.in_(ids)).group_by(ContactTopic.topic),
    )
    heard, _ = statuses(session, scope, on)
    totals = session.execute(
        select(
            func.count(),
            func.count().filter(Contact.inbound),
            func.count().filter(Contact.interview),
            func.count().filter(Contact.late),
        )
        .select_from(Contact)
        .where(*scope)
    ).one()
    talents = session.scalar(
        select(func.count(func.distinct(ContactTalent.talent_id))).where(ContactTalent.contact_id.in_(ids))
    )
    return {
        "total": totals[0],
        "inbound": totals[1],
        "interviews": totals[2],
        "late": totals[3],
        "talents": talents or 0,
        "forms": {form: forms.get(form, 0) for form in FORMS},
        "topics": {str(topic): topics.get(topic, 0) for topic in TOPICS},
        "leaders": _by_leader(session, scope, on),
        "opinions": {
            "total": heard.total(),
            **{status: heard[status] for status in OPINION_STATUSES},
        },
        "activities": _activities(session, unit, starts_on, ends_on),
        "matters": _matters(session, unit, starts_on, ends_on, on),
    }


def _standing(
    session: Session, on: date, leader_id: UUID | str | None, unit: str | None, which: ColumnElement[bool] | None
) -> Any:
    query = (
        select(Link)
        .join(Leader, Leader.id == Link.leader_id)
        .where(
            Leader.klass == "B",
            serving(on),
        )
    )
    if leader_id is not None:
        query = query.where(Link.leader_id == as_id(leader_id))
    if unit is not None:
        query = query.where(served_by_unit(session, unit, on))
    if which is not None:
        query = query.where(which)
    return query


def _interviews(session: Session, year: int, until: date, talents: Any) -> dict[tuple[UUID, str], int]:
    """(leader, talent) → interviews of the year up to ``until``."""
    query = (
        select(Contact.leader_id, ContactTalent.talent_id, func.count())
        .join(ContactTalent, ContactTalent.contact_id == Contact.id)
        .where(
            Contact.interview,
            Contact.withdrawn_at.is_(None),
            Contact.held_on.between(date(year, 1, 1), until),
            ContactTalent.talent_id.in_(talents),
        )
        .group_by(Contact.leader_id, ContactTalent.talent_id)
    )
    return {(leader_id, talent_id): count for leader_id, talent_id, count in session.execute(query)}


def _pair(
    link: Link,
    links: Mapping[UUID, Link],
    held: Mapping[tuple[UUID, str], int],
    reasons: Mapping[tuple[UUID, str], str],
) -> PairCount:
    split: list[tuple[Leader, int]] = []
    seen: set[UUID] = set()
    present: Link | None = link
    while present is not None:
        count = held.get((present.leader_id, link.talent_id), 0)
        if present.leader_id not in seen and (count or present is link):
            split.append((present.leader, count))
        seen.add(present.leader_id)
        present = links.get(present.previous_id) if present.previous_id is not None else None
    return PairCount(
        link=link,
        leader=link.leader,
        talent=link.talent,
        count=sum(count for _, count in split),
        split=tuple(split),
        required=INTERVIEWS_REQUIRED,
        reason=reasons.get((link.leader_id, link.talent_id)),
    )


def _by_leader(session: Session, scope: Iterable[ColumnElement[bool]], on: date) -> list[dict[str, Any]]:
    counted = (
        select(Contact.leader_id, func.count().label("contacts"), func.count().filter(Contact.interview).label("met"))
        .where(*scope)
        .group_by(Contact.leader_id)
        .subquery()
    )
    rows = session.execute(
        select(Leader, counted.c.contacts, counted.c.met).join(counted, counted.c.leader_id == Leader.id)
    ).all()
    then = leaders_then(session, [leader for leader, _, _ in rows], on)
    found = [
        {
            "id": str(leader.id),
            "name": then[leader.id].name,
            "post": then[leader.id].post,
            "class": leader.klass,
            "contacts": contacts,
            "interviews": met,
        }
        for leader, contacts, met in rows
    ]
    return sorted(found, key=lambda row: (-row["contacts"], row["name"], row["id"]))


def _activities(session: Session, unit: str | None, starts_on: date, ends_on: date) -> dict[str, int]:
    held: list[ColumnElement[bool]] = [Activity.cancelled_at.is_(None), Activity.held_on.between(starts_on, ends_on)]
    if unit is not None:
        held.append(Activity.organizer_unit == unit)
    invited, attended = session.execute(
        select(func.count(), func.count().filter(Invitation.attended.is_(True)))
        .select_from(Invitation)
        .where(Invitation.activity_id.in_(select(Activity.id).where(*held)))
    ).one()
    count = session.scalar(select(func.count()).select_from(Activity).where(*held)) or 0
    return {"total": count, "invited": invited, "attended": attended}


def _matters(session: Session, unit: str | None, starts_on: date, ends_on: date, on: date) -> dict[str, int]:
    raised: list[ColumnElement[bool]] = [Matter.raised_on.between(starts_on, ends_on)]
    if unit is not None:
        raised.append(Matter.unit_code == unit)
    total, solved = session.execute(
        select(func.count(), func.count().filter(Matter.solved_on <= on)).select_from(Matter).where(*raised)
    ).one()
    return {"total": total, "solved": solved}


def _counted(session: Session, query: Any) -> dict[Any, int]:
    return dict(session.execute(query).all())
