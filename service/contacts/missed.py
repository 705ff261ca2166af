"""Why a leader of class B interviewed a talent less than twice in a year (F2). The journal is that of the leader."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock
from service.contacts.access import acting_on_leader
from service.contacts.edits import missed_edits, pair_key
from service.contacts.fields import MISSED
from service.contacts.models import MissedInterviews
from service.db.failures import conflicts
from service.fields import FIRST_YEAR, Checks, picked, take
from service.history import require_version
from service.history.records import record
from service.liaisons.models import Link
from service.people.queries import get_leader
from service.rights import Actor


def give_missed_reason(
    session: Session,
    *,
    leader_id: UUID | str,
    talent_id: str,
    year: int,
    reason: str,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> MissedInterviews:
    """Why a leader of class B interviewed a talent less than twice in ``year`` (F2); said again it is replaced.

    Raises ``Stale`` where somebody gave another reason since ``version`` was read.
    """
    leader = get_leader(session, leader_id)
    entering = acting_on_leader(session, actor, "record_contacts", leader, now)
    checks = Checks()
    why: Any = take(picked(MISSED, "reason"), {"reason": reason}, checks)["reason"]
    today = clock.local(now).date()
    if not FIRST_YEAR <= year <= today.year:
        checks.refuse("/year", f"{year} 年尚未开始，不能填写未完成访谈的原因")
    if leader.klass != "B":
        checks.refuse("/leader_id", "每年访谈 2 次的要求只适用于成员单位领导（B类）")
    pair = select(Link.id).where(Link.leader_id == leader.id, Link.talent_id == talent_id, Link.status != "proposed")
    if session.scalar(pair.limit(1)) is None:
        checks.refuse("/talent_id", "这位领导与该人才没有联系关系，请从访谈进度表中选择")
    checks.done()
    given = session.get(MissedInterviews, (leader.id, talent_id, year), with_for_update=True)
    require_version(session, missed_edits(leader, talent_id, year), version)
    before = given.reason if given is not None else None
    if given is None:
        given = MissedInterviews(leader_id=leader.id, talent_id=talent_id, year=year)
        session.add(given)
    given.reason, given.given_by, given.given_at = why, entering.username, now
    with conflicts("该原因刚被他人填写，请刷新后查看"):
        session.flush()
    data = {
        "pair": pair_key(leader.id, talent_id, year),
        "leader_id": leader.id,
        "talent_id": talent_id,
        "year": year,
        "reason": why,
        "before": before,
    }
    record(session, f"person:{leader.person_id}", "missed_interviews_explained", data, actor=entering, now=now)
    return given


def pairs_explained(session: Session, year: int) -> set[tuple[UUID, str]]:
    """The pairs (leader's post, talent) for which a reason was given in ``year``; one statement."""
    query = select(MissedInterviews.leader_id, MissedInterviews.talent_id).where(MissedInterviews.year == year)
    return {(leader_id, talent_id) for leader_id, talent_id in session.execute(query)}
