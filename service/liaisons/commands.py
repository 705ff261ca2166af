"""Changing who serves whom: a link from its proposal to its end.

Every step of a link enters the journal of ``talent:<id>``. None commits.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import clock
from service.errors import Conflict, NotFound
from service.fields import Checks, picked, take
from service.ids import as_id
from service.liaisons.fields import ENDING, HANDOVER, LINK
from service.liaisons.models import Link
from service.liaisons.queries import sees_links, standing_service_teams
from service.liaisons.rules import ACTIVE, ENDED, HELD, PROPOSED
from service.liaisons.service_teams import end_service_team
from service.liaisons.steps import (
    A_DAY,
    activate,
    allow,
    begin,
    checked_reason,
    end,
    journal,
    only_once,
    refuse_unless_serving,
    tell_of_links,
    there,
    waiting,
    wanted_leader,
    wanted_talent,
)
from service.people.models import Leader
from service.rights import Actor
from service.talents.models import Talent, TalentTeam


def propose_link(
    session: Session,
    *,
    leader_id: UUID | str,
    talent_id: str,
    reason: str,
    note: str | None = None,
    starts_on: date,
    team_id: UUID | str | None = None,
    link_id: UUID | None = None,
    roster_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Link:
    """A leader is to serve a talent from ``starts_on`` on (Q2–Q4, D1).

    Active at once where the leader's service team stands and the talent is eligible on that day (T1, S1, S2), else
    proposed: ``waiting`` says for what. ``team_id`` is the talents' team (P1) that is served through this talent.
    Raises ``NotAllowed``, ``Invalid``, and ``Conflict`` where the leader serves the talent already.
    """
    checks = Checks()
    leader = wanted_leader(session, checks, "/leader_id", leader_id, actor)
    talent = wanted_talent(session, checks, "/talent_id", talent_id)
    team = _talent_team(session, checks, team_id, talent)
    take(picked(LINK, "starts_on"), {"starts_on": starts_on}, checks)
    said: tuple[str, str | None] = ("", None)
    if leader is not None:
        said = checked_reason(checks, "", leader.klass, reason, note)
        refuse_unless_serving(checks, "/starts_on", leader, starts_on)
    checks.done()
    leader, talent = there(leader), there(talent)
    only_once(session, leader, talent, starts_on)
    link = begin(
        session,
        leader,
        talent,
        said,
        starts_on,
        link_id=link_id,
        roster_id=roster_id,
        team_id=team.id if team is not None else None,
        now=now,
    )
    journal(session, link, "link_proposed", {"waiting": list(waiting(session, link, starts_on))}, actor, now)
    if link.status != PROPOSED:
        tell_of_links(session, [link], "开始联系", actor=actor, now=now)
    return link


def activate_link(
    session: Session, *, link_id: UUID | str, starts_on: date | None = None, actor: Actor, now: datetime
) -> Link:
    """Lets a proposed link begin, by default today but not before the day it was proposed for (T1).

    Raises ``NotAllowed``, ``NotFound``, ``Conflict`` where it waits for nothing any longer, and ``Invalid`` where the
    team is still missing or the talent is not eligible.
    """
    link = _locked(session, link_id, actor)
    if link.status != PROPOSED:
        raise Conflict("该联系关系已经生效或结束，请刷新后查看")
    day = starts_on or max(link.starts_on, clock.local(now).date())
    checks = Checks()
    take(picked(LINK, "starts_on"), {"starts_on": day}, checks)
    refuse_unless_serving(checks, "/starts_on", link.leader, day)
    for why in waiting(session, link, day):
        checks.refuse("/link_id", why)
    checks.done()
    activate(session, link, day, actor, now)
    tell_of_links(session, [link], "开始联系", actor=actor, now=now)
    return link


def end_link(session: Session, *, link_id: UUID | str, ends_on: date, reason: str, actor: Actor, now: datetime) -> Link:
    """Ends a link with ``ends_on`` as its last day; one that never began is taken back and counts on no day.

    Raises ``NotAllowed``, ``NotFound``, ``Invalid``, and ``Conflict`` where it has ended already.
    """
    link = _locked(session, link_id, actor)
    _not_ended(link)
    checks = Checks()
    said = take(ENDING, {"ends_on": ends_on, "reason": reason}, checks)
    begun = link.status != PROPOSED
    if begun and ends_on < link.starts_on:
        checks.refuse("/ends_on", f"{ENDING[0].label}不能早于联系开始的日期（{link.starts_on.isoformat()}）")
    checks.done()
    end(session, link, ends_on, str(said["reason"]), actor, now)
    if begun:
        tell_of_links(session, [link], "结束联系", actor=actor, now=now)
    return link


def hold_links(
    session: Session, *, leader_id: UUID | str, held_from: date | None = None, actor: Actor, now: datetime
) -> list[Link]:
    """A leader's post has ended: from ``held_from`` on the Talent Office holds what the leader served (O4).

    ``held_from`` is by default the day after the post's last. Proposed links are taken back, the service team ends.
    Gives the links now held; calling it again changes nothing. Raises ``NotAllowed``, and ``Invalid`` where the post
    has not ended before ``held_from``.
    """
    checks = Checks()
    leader = wanted_leader(session, checks, "/leader_id", leader_id, actor)
    if leader is not None and leader.ends_on is None:
        checks.refuse("/leader_id", f"{leader.person.name}仍在任，请先登记任职的结束日期")
    elif leader is not None and leader.ends_on is not None:
        held_from = held_from or leader.ends_on + A_DAY
        if leader.ends_on >= held_from:
            checks.refuse("/held_from", f"{leader.person.name}在这一天仍在任，请先更正任职的结束日期")
    checks.done()
    leader, held_from = there(leader), there(held_from)
    last_day = held_from - A_DAY
    later = or_(Link.ends_on.is_(None), Link.ends_on >= held_from)
    query = select(Link).where(Link.leader_id == leader.id, later).order_by(Link.starts_on, Link.id)
    held = []
    for link in session.scalars(query.with_for_update(of=Link)).all():
        if link.status == PROPOSED:
            end(session, link, last_day, f"{leader.person.name}的任职已结束", actor, now)
        elif link.held_from is None:
            link.held_from = held_from
            if link.status == ACTIVE:
                link.status = HELD
                held.append(link)
            journal(session, link, "link_held", {"held_from": held_from}, actor, now)
    session.flush()
    end_service_team(session, leader, held_from, actor, now)
    return held


def hand_over(
    session: Session,
    *,
    link_id: UUID | str,
    successor_id: UUID | str,
    starts_on: date,
    note: str | None = None,
    tell: bool = True,
    actor: Actor,
    now: datetime,
) -> Link:
    """Another leader takes the talent over from ``starts_on`` on; gives the new link (O4).

    No day is without an owner: the old link ends the day before, held days are the Talent Office's. ``successor_id``
    is a leader's post of the same class, which may be another one of the same person once the old one has ended.
    ``note`` is the handover note; ``tell``: the Talent Office hears of a unit's handover (Q4). Raises ``NotAllowed``,
    ``NotFound``, ``Invalid``, and ``Conflict`` where the link has ended, has not begun, or the successor serves the
    talent already.
    """
    link = _locked(session, link_id, actor)
    _not_ended(link)
    if link.status == PROPOSED:
        raise Conflict("该联系关系尚未生效，不需移交；请直接结束后另行登记")
    checks = Checks()
    successor = wanted_leader(session, checks, "/successor_id", successor_id, actor)
    said = take(picked(HANDOVER, "starts_on", "note"), {"starts_on": starts_on, "note": note}, checks)
    if starts_on <= link.starts_on:
        checks.refuse("/starts_on", f"接任日期须晚于原联系开始的日期（{link.starts_on.isoformat()}）")
    if successor is not None:
        _succeeds(checks, link, successor, starts_on)
        if successor.id not in standing_service_teams(session, [successor.id], starts_on):
            checks.refuse("/successor_id", f"{successor.person.name}的工作团队在接任当日尚未组建，请先组建工作团队")
    checks.done()
    successor = there(successor)
    only_once(session, successor, link.talent, starts_on)
    ended = link.leader.ends_on
    if link.held_from is None and ended is not None and ended < starts_on - A_DAY:
        link.held_from = max(ended + A_DAY, link.starts_on)
    link.status, link.ends_on = ENDED, starts_on - A_DAY
    link.end_reason = f"移交给{successor.person.name}"
    session.flush()
    taken = begin(
        session,
        successor,
        link.talent,
        (link.reason, link.note),
        starts_on,
        status=ACTIVE,
        previous_id=link.id,
        team_id=link.team_id,
        roster_id=link.roster_id,
        now=now,
    )
    data = {
        "from_link_id": link.id,
        "from_leader_id": link.leader_id,
        "from_leader_name": link.leader.person.name,
        "ends_on": link.ends_on,
        "held_from": link.held_from,
        "handover_note": said["note"],
        "own_held_from": taken.held_from,
    }
    journal(session, taken, "link_handed_over", data, actor, now)
    if tell:
        what = f"从{link.leader.person.name}接任联系"
        tell_of_links(session, [taken], what, actor=actor, now=now)
    return taken


def _talent_team(
    session: Session, checks: Checks, team_id: UUID | str | None, talent: Talent | None
) -> TalentTeam | None:
    if not team_id:
        return None
    key = as_id(team_id)
    team = session.get(TalentTeam, key) if key is not None else None
    if team is None or not team.active:
        checks.refuse("/team_id", "没有这个人才团队，请从名单中选择")
    elif talent is not None and team.lead_id != talent.id:
        checks.refuse("/team_id", f"{talent.name}不是{team.name}的带头人；联系团队须通过带头人{team.lead.name}")
    return team


def _succeeds(checks: Checks, link: Link, successor: Leader, starts_on: date) -> None:
    """Refuses who cannot take a link over: the leader itself, another class, somebody without the post (O4)."""
    name = successor.person.name
    if successor.id == link.leader_id:
        checks.refuse("/successor_id", f"{name}正是原联系领导，不能移交给本人")
        return
    if successor.person_id == link.leader.person_id and link.leader.serves_on(starts_on):
        checks.refuse("/successor_id", f"{name}的原任职尚未结束，不能移交给本人的另一职务")
    if successor.klass != link.leader.klass:
        checks.refuse("/successor_id", f"{link.leader.klass} 类联系关系只能移交给 {link.leader.klass} 类领导")
    refuse_unless_serving(checks, "/starts_on", successor, starts_on)


def _locked(session: Session, link_id: UUID | str, actor: Actor) -> Link:
    key = as_id(link_id)
    link = session.get(Link, key) if key is not None else None
    if link is None or not sees_links(actor, link.leader):
        raise NotFound("没有这条联系关系，请从列表中选择")
    allow(actor, link.leader)
    session.refresh(link, ["status", "starts_on", "held_from", "ends_on"], with_for_update={"of": Link})
    return link


def _not_ended(link: Link) -> None:
    if link.ends_on is not None:
        raise Conflict(f"该联系关系已于 {link.ends_on.isoformat()} 结束，请刷新后查看")
