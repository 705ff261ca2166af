"""The facts that a report or a brief is filled in with: counts and lists, JSON-ready, never a restricted note.

They say the state of the period's last day, or of today while it lasts, whenever they are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from service import clock
from service.contacts import contact_counts, interview_counts
from service.contacts.models import Contact, Opinion
from service.contacts.past import opinion_states
from service.contacts.rules import OPINION_STATUSES, form_name, period_of
from service.liaisons import QuotaFilter, quota_report, talents_of
from service.people.models import Leader
from service.people.past import leaders_then, served_by_unit
from service.reports.rules import first_texts, month_of
from service.talents.past import told_then

MOST_OPINIONS = 100
MOST_LEADERS = 200


def report_facts(
    session: Session, *, unit: str, year: int, half: int, needs: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The figures of a liaison office for a half-year: contacts, interviews, quotas, opinions, needs.

    ``drafted`` are the sentences made of them, by section.
    """
    starts_on, ends_on = period_of(year, half)
    until = min(ends_on, clock.local(now).date())
    facts: dict[str, Any] = {
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
        "counted_on": until.isoformat(),
        "counted_at": now.isoformat(),
        "contacts": contact_counts(session, unit=unit, starts_on=starts_on, ends_on=ends_on),
        "interviews": _interviews(session, unit, year, until),
        "quotas": _quotas(session, unit, until),
        "opinions": _opinions(session, unit, starts_on, ends_on, until),
        "needs": dict(needs),
    }
    return {**facts, "drafted": first_texts(facts)}


def brief_facts(
    session: Session, *, leader: Leader, year: int, month: int, needs: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The facts that a leader is told of a month: own talents, own contacts and their opinions, the needs handed in."""
    starts_on, ends_on = month_of(year, month)
    until = min(ends_on, clock.local(now).date())
    served = talents_of(session, [leader.id], until)[leader.id]
    held = list(
        session.scalars(
            select(Contact)
            .where(
                Contact.leader_id == leader.id,
                Contact.held_on.between(starts_on, ends_on),
                Contact.withdrawn_at.is_(None),
            )
            .order_by(Contact.held_on, Contact.id)
            .options(selectinload(Contact.talents), selectinload(Contact.opinions))
        )
    )
    pairs = interview_counts(session, year=year, on=until, leader_id=leader.id)
    named = {
        one.id: one
        for one in (
            *served,
            *(row.talent for one in held for row in one.talents),
            *(said.talent for one in held for said in one.opinions),
            *(pair.talent for pair in pairs),
        )
    }
    told = told_then(session, named.values(), until)
    then = leaders_then(session, [leader], until)[leader.id]
    became = opinion_states(session, [said for one in held for said in one.opinions], until)
    return {
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
        "leader": then.name,
        "post": then.post,
        "talents": [
            {"id": one.id, "name": told[one.id]["name"], "employer": told[one.id]["employer"]} for one in served
        ],
        "contacts": [
            {
                "held_on": one.held_on.isoformat(),
                "form": form_name(one.form, inbound=one.inbound),
                "talents": [told[row.talent_id]["name"] for row in one.talents],
                "summary": one.summary,
            }
            for one in held
        ],
        "opinions": [
            {"talent": told[said.talent_id]["name"], "text": said.text, "status": OPINION_STATUSES[became[said.id][0]]}
            for one in held
            for said in one.opinions
        ],
        "interviews": [
            {"talent": told[pair.talent.id]["name"], "count": pair.count, "required": pair.required} for pair in pairs
        ],
        "needs": dict(needs),
    }


def _interviews(session: Session, unit: str, year: int, until: date) -> dict[str, Any]:
    pairs = interview_counts(session, year=year, on=until, unit=unit)
    short = [pair for pair in pairs if pair.short]
    told = told_then(session, {pair.talent.id: pair.talent for pair in short}.values(), until)
    then = leaders_then(session, {pair.leader.id: pair.leader for pair in short}.values(), until)
    return {
        "pairs": len(pairs),
        "done": sum(pair.short == 0 for pair in pairs),
        "short": [
            {
                "leader": then[pair.leader.id].name,
                "talent": told[pair.talent.id]["name"],
                "talent_id": pair.talent.id,
                "count": pair.count,
                "required": pair.required,
                "reason": pair.reason,
            }
            for pair in short
        ],
    }


def _quotas(session: Session, unit: str, until: date) -> dict[str, Any]:
    page, _ = quota_report(session, QuotaFilter(on=until, unit=unit), MOST_LEADERS)
    then = leaders_then(session, [row.leader for row in page.items], until)
    return {
        "leaders": page.total,
        "met": sum(row.short == 0 for row in page.items),
        "rows": [
            {
                "leader": then[row.leader.id].name,
                "post": then[row.leader.id].post,
                "count": row.count,
                "required": row.required,
            }
            for row in page.items
        ],
    }


def _opinions(session: Session, unit: str, starts_on: date, ends_on: date, until: date) -> list[dict[str, Any]]:
    query = (
        select(Opinion, Contact.held_on, Leader)
        .join(Contact, Contact.id == Opinion.contact_id)
        .join(Leader, Leader.id == Contact.leader_id)
        .where(
            Contact.withdrawn_at.is_(None),
            Contact.held_on.between(starts_on, ends_on),
            served_by_unit(session, unit, until),
        )
        .order_by(Leader.klass, Leader.id, Contact.held_on, Opinion.contact_id, Opinion.position)
        .limit(MOST_OPINIONS)
    )
    rows = session.execute(query).all()
    became = opinion_states(session, [opinion for opinion, _, _ in rows], until)
    told = told_then(session, {opinion.talent_id: opinion.talent for opinion, _, _ in rows}.values(), until)
    then = leaders_then(session, {leader.id: leader for _, _, leader in rows}.values(), until)
    return [
        {
            "leader": then[leader.id].name,
            "talent": told[opinion.talent_id]["name"],
            "talent_id": opinion.talent_id,
            "held_on": held_on.isoformat(),
            "text": opinion.text,
            "status": OPINION_STATUSES[became[opinion.id][0]],
            "answer": became[opinion.id][1],
        }
        for opinion, held_on, leader in rows
    ]
