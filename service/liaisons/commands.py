"""Changing who serves whom.

What happens to a link enters the journal of ``talent:<id>``, a service team that of ``person:<id of the leader>``, a
roster that of ``roster:<scope>``. None commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service import clock, history, ids
from service.auth import Actor, require
from service.errors import Conflict, NotFound
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam, ServiceTeamMember
from service.liaisons.queries import eligibility_warnings, get_roster, scope_links, standing_teams
from service.liaisons.rules import (
    ACTIVE,
    DECIDED,
    DRAFT,
    ENDED,
    FILED,
    HELD,
    PROPOSED,
    REASONS,
    REASONS_OF,
    RELATED,
    SUPERSEDED,
)
from service.people.checks import CLASS_A, Checks
from service.people.commands import conflicts
from service.people.journal import record
from service.people.models import Leader, Person
from service.people.queries import as_id, find_leader, find_person, find_unit
from service.talents.models import Talent, TalentTeam
from service.talents.queries import find_talent

NOTE_LENGTH, REASON_LENGTH = 500, 200
MOST_ITEMS, MOST_MEMBERS = 5000, 50
A_DAY = timedelta(days=1)

T = TypeVar("T")

Item = Mapping[str, Any]
"""A line of a roster or of a team, as somebody typed it."""


# --- Links -----------------------------------------------------------------------------------------------------------


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
    leader = _leader(session, checks, "/leader_id", leader_id, actor)
    talent = _talent(session, checks, "/talent_id", talent_id)
    team = _talent_team(session, checks, team_id, talent)
    checks.period(starts_on, None)
    said: tuple[str, str | None] = ("", None)
    if leader is not None:
        said = _reason(checks, "", leader.klass, reason, note)
        _serves(checks, "/starts_on", leader, starts_on)
    checks.done()
    leader, talent = _found(leader), _found(talent)
    _only_once(session, leader, talent, starts_on)
    link = _begin(
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
    _record(session, link, "link_proposed", {"waiting": list(waiting(session, link, starts_on))}, actor, now)
    return link


def waiting(session: Session, link: Link, on: date) -> tuple[str, ...]:
    """What a link must wait for before it can be active on that day, in Chinese; nothing where it can be."""
    missing = []
    if link.leader_id not in standing_teams(session, [link.leader_id], on):
        missing.append(f"{link.leader.person.name}的工作团队尚未组建，请先组建工作团队（组长、成员、联络员）")
    return (*missing, *eligibility_warnings(link.talent, on))


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
    checks.period(day, None)
    _serves(checks, "/starts_on", link.leader, day)
    for why in waiting(session, link, day):
        checks.refuse("/link_id", why)
    checks.done()
    _activate(session, link, day, actor, now)
    return link


def end_link(session: Session, *, link_id: UUID | str, ends_on: date, reason: str, actor: Actor, now: datetime) -> Link:
    """Ends a link with ``ends_on`` as its last day; one that never began is taken back and counts on no day.

    Raises ``NotAllowed``, ``NotFound``, ``Invalid``, and ``Conflict`` where it has ended already.
    """
    link = _locked(session, link_id, actor)
    _not_ended(link)
    checks = Checks()
    said = checks.text("/reason", "结束原因", reason, REASON_LENGTH)
    checks.period(link.starts_on, ends_on if link.status != PROPOSED else None)
    checks.done()
    _end(session, link, ends_on, said, actor, now)
    return link


def hold_links(session: Session, *, leader_id: UUID | str, held_from: date, actor: Actor, now: datetime) -> list[Link]:
    """A leader's post has ended: from ``held_from`` on the Talent Office holds what the leader served (O4).

    Proposed links are taken back, the service team ends. Gives the links now held; calling it again changes nothing.
    Raises ``NotAllowed``, and ``Invalid`` where the post has not ended before ``held_from``.
    """
    checks = Checks()
    leader = _leader(session, checks, "/leader_id", leader_id, actor)
    if leader is not None and (leader.ends_on is None or leader.ends_on >= held_from):
        checks.refuse("/held_from", f"{leader.person.name}在这一天仍在任，请先登记任职的结束日期")
    checks.done()
    leader = _found(leader)
    last_day = held_from - A_DAY
    later = or_(Link.ends_on.is_(None), Link.ends_on >= held_from)
    query = select(Link).where(Link.leader_id == leader.id, later).order_by(Link.starts_on, Link.id)
    held = []
    for link in session.scalars(query.with_for_update(of=Link)).all():
        if link.status == PROPOSED:
            _end(session, link, last_day, f"{leader.person.name}的任职已结束", actor, now)
        elif link.held_from is None:
            link.held_from = held_from
            if link.status == ACTIVE:
                link.status = HELD
                held.append(link)
            _record(session, link, "link_held", {"held_from": held_from}, actor, now)
    session.flush()
    _end_team(session, leader, held_from, actor, now)
    return held


def hand_over(
    session: Session,
    *,
    link_id: UUID | str,
    successor_id: UUID | str,
    starts_on: date,
    note: str | None = None,
    actor: Actor,
    now: datetime,
) -> Link:
    """Another leader takes the talent over from ``starts_on`` on; gives the new link (O4).

    No day is without an owner: the old link ends the day before, held days are the Talent Office's. ``successor_id``
    is a leader's post of the same class, which may be another one of the same person once the old one has ended.
    ``note`` is the handover note. Raises ``NotAllowed``, ``NotFound``, ``Invalid``, and ``Conflict`` where the link
    has ended, has not begun, or the successor serves the talent already.
    """
    link = _locked(session, link_id, actor)
    _not_ended(link)
    if link.status == PROPOSED:
        raise Conflict("该联系关系尚未生效，不需移交；请直接结束后另行登记")
    checks = Checks()
    successor = _leader(session, checks, "/successor_id", successor_id, actor)
    said = checks.optional_text("/note", "交接说明", note, NOTE_LENGTH)
    checks.period(starts_on, None)
    if starts_on <= link.starts_on:
        checks.refuse("/starts_on", f"接任日期须晚于原联系开始的日期（{link.starts_on.isoformat()}）")
    if successor is not None:
        _succeeds(checks, link, successor, starts_on)
        if successor.id not in standing_teams(session, [successor.id], starts_on):
            checks.refuse("/successor_id", f"{successor.person.name}的工作团队在接任当日尚未组建，请先组建工作团队")
    checks.done()
    successor = _found(successor)
    _only_once(session, successor, link.talent, starts_on)
    ended = link.leader.ends_on
    if link.held_from is None and ended is not None and ended < starts_on - A_DAY:
        link.held_from = max(ended + A_DAY, link.starts_on)
    link.status, link.ends_on = ENDED, starts_on - A_DAY
    link.end_reason = f"移交给{successor.person.name}"
    session.flush()
    taken = _begin(
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
        "handover_note": said,
    }
    _record(session, taken, "link_handed_over", data, actor, now)
    return taken


# --- Service teams ---------------------------------------------------------------------------------------------------


def set_service_team(
    session: Session,
    *,
    leader_id: UUID | str,
    head_id: UUID | str,
    liaison_id: UUID | str,
    members: Sequence[Item],
    starts_on: date,
    actor: Actor,
    now: datetime,
) -> ServiceTeam:
    """Who works for a leader's talents from ``starts_on`` on: head, members, liaison officer (T1–T4).

    ``members`` are ``{person_id, post?}``, the post by default that of the directory. The former team ends the day
    before; links that waited only for a team become active. Raises ``NotAllowed`` and ``Invalid``.
    """
    checks = Checks()
    leader = _leader(session, checks, "/leader_id", leader_id, actor)
    head = _person(session, checks, "/head_id", "组长", head_id)
    liaison = _person(session, checks, "/liaison_id", "联络员", liaison_id)
    chosen = _members(session, checks, members, head)
    checks.period(starts_on, None)
    former = _open_team(session, leader) if leader is not None else None
    if leader is not None:
        _serves(checks, "/starts_on", leader, starts_on)
    if former is not None and starts_on < former.starts_on:
        since = former.starts_on.isoformat()
        checks.refuse("/starts_on", f"现有工作团队自 {since} 起，新团队的开始日期不能早于这一天")
    checks.done()
    leader, head, liaison = _found(leader), _found(head), _found(liaison)
    if former is not None:
        # Replaced on its first day, the former team keeps that day in the records.
        former.ends_on = max(former.starts_on, starts_on - A_DAY)
        session.flush()
    team = ServiceTeam(
        id=ids.new(), leader=leader, head=head, liaison=liaison, starts_on=starts_on, ends_on=None, created_at=now
    )
    team.members = [
        ServiceTeamMember(position=place, person=person, unit=person.unit, post=post)
        for place, (person, post) in enumerate(chosen)
    ]
    session.add(team)
    with conflicts("该领导的工作团队刚被他人更改，请刷新后重试"):
        session.flush()
    data = {
        "id": team.id,
        "leader_id": leader.id,
        "head": head.name,
        "liaison": liaison.name,
        "members": [{"person_id": str(person.id), "name": person.name, "post": post} for person, post in chosen],
        "starts_on": starts_on,
        "former_id": former.id if former is not None else None,
    }
    record(session, f"person:{leader.person_id}", "service_team_set", data, actor=actor, now=now)
    _begin_waiting(session, leader, starts_on, actor, now)
    return team


def _begin_waiting(session: Session, leader: Leader, since: date, actor: Actor, now: datetime) -> None:
    query = select(Link).where(Link.leader_id == leader.id, Link.status == PROPOSED).order_by(Link.id)
    for link in session.scalars(query.with_for_update(of=Link)).all():
        day = max(link.starts_on, since)
        if leader.serves_on(day) and not waiting(session, link, day):
            _activate(session, link, day, actor, now)


def _open_team(session: Session, leader: Leader) -> ServiceTeam | None:
    query = select(ServiceTeam).where(ServiceTeam.leader_id == leader.id, ServiceTeam.ends_on.is_(None))
    return session.scalars(query.with_for_update(of=ServiceTeam)).first()


def _end_team(session: Session, leader: Leader, until: date, actor: Actor, now: datetime) -> None:
    team = _open_team(session, leader)
    if team is None:
        return
    team.ends_on = max(team.starts_on, until - A_DAY)
    session.flush()
    data = {"id": team.id, "leader_id": leader.id, "ends_on": team.ends_on}
    record(session, f"person:{leader.person_id}", "service_team_ended", data, actor=actor, now=now)


def _members(
    session: Session, checks: Checks, members: Sequence[Item], head: Person | None
) -> list[tuple[Person, str | None]]:
    chosen: list[tuple[Person, str | None]] = []
    if not members:
        checks.refuse("/members", "工作团队至少须有一名成员")
    elif len(members) > MOST_MEMBERS:
        checks.refuse("/members", f"工作团队最多 {MOST_MEMBERS} 名成员")
        return chosen
    seen = {head.id} if head is not None else set()
    for place, item in enumerate(members):
        path = f"/members/{place}/person_id"
        person = _person(session, checks, path, "成员", item.get("person_id") or "")
        post = checks.optional_text(f"/members/{place}/post", "职务", item.get("post"))
        if person is None:
            continue
        if person.id in seen:
            checks.refuse(path, f"{person.name}重复，请删去一处")
        seen.add(person.id)
        chosen.append((person, post or person.post))
    return chosen


# --- Rosters ---------------------------------------------------------------------------------------------------------


def draft_roster(
    session: Session,
    *,
    scope: str,
    items: Sequence[Item],
    note: str | None = None,
    instance_id: UUID | None = None,
    actor: Actor,
    now: datetime,
) -> Roster:
    """A version of the list of class A (``scope`` ``A``, Q2) or of a unit (its code, Q4), as a draft.

    ``items`` are ``{leader_id, talent_id, reason, note?}``. A draft that is there already is rewritten. Nothing
    changes for links until it is decided. Raises ``NotAllowed`` and ``Invalid`` with the path of each bad line.
    """
    _require_scope(session, scope, actor)
    checks = Checks()
    text = checks.optional_text("/note", "说明", note, NOTE_LENGTH)
    lines = _lines(session, checks, scope, items, clock.local(now).date())
    checks.done()
    history.lock(session, f"roster:{scope}")  # two drafts at once would take the same number
    roster = session.scalars(select(Roster).where(Roster.scope == scope, Roster.status == DRAFT)).first()
    if roster is None:
        newest = session.scalar(select(func.max(Roster.version)).where(Roster.scope == scope)) or 0
        roster = Roster(
            id=ids.new(),
            scope=scope,
            version=newest + 1,
            status=DRAFT,
            instance_id=instance_id,
            created_by=actor.username,
            created_at=now,
        )
        session.add(roster)
    else:
        for item in roster.items:
            session.delete(item)
        roster.instance_id = instance_id or roster.instance_id
    roster.note = text
    session.flush()
    session.expire(roster, ["items"])
    session.add_all(
        RosterItem(roster_id=roster.id, position=place, leader=leader, talent=talent, reason=reason, note=why)
        for place, (leader, talent, reason, why) in enumerate(lines)
    )
    session.flush()
    data = {
        "id": roster.id,
        "version": roster.version,
        "note": text,
        "items": [
            {"leader_id": str(leader.id), "talent_id": talent.id, "reason": reason, "note": why}
            for leader, talent, reason, why in lines
        ],
    }
    record(session, f"roster:{scope}", "roster_drafted", data, actor=actor, now=now)
    return roster


def decide_roster(
    session: Session, *, roster_id: UUID | str, document_no: str, decided_on: date, actor: Actor, now: datetime
) -> Roster:
    """Puts a draft in force from ``decided_on`` on, under its document number (Q2, Q4).

    Links of the scope that are not on it end the day before; those new on it begin, as the successors of those that
    end where they serve the same talent. A new one whose leader has no service team yet is proposed. Raises
    ``NotAllowed``, ``NotFound``, ``Invalid``, and ``Conflict`` where it is no draft.
    """
    roster = get_roster(session, roster_id)
    _require_scope(session, roster.scope, actor)
    history.lock(session, f"roster:{roster.scope}")
    session.refresh(roster, ["status"])
    if roster.status != DRAFT:
        raise Conflict("该名单已经确定，请刷新后查看；如需调整，请起草新的一版")
    checks = Checks()
    number = checks.text("/document_no", "文号", document_no, 60)
    checks.period(decided_on, None)
    if decided_on > clock.local(now).date():
        checks.refuse("/decided_on", "确定日期不能晚于今天")
    before = _in_force(session, roster.scope)
    for former in before:
        if former.decided_on is not None and decided_on < former.decided_on:
            checks.refuse("/decided_on", f"确定日期不能早于上一版的确定日期（{former.decided_on.isoformat()}）")
    for place, item in enumerate(roster.items):
        _serves(checks, f"/items/{place}/leader_id", item.leader, decided_on)
    checks.done()
    for former in before:
        former.status = SUPERSEDED
    roster.status, roster.document_no, roster.decided_on = DECIDED, number, decided_on
    session.flush()
    counts = _carry_out(session, roster, decided_on, actor, now)
    data = {
        "id": roster.id,
        "version": roster.version,
        "document_no": number,
        "decided_on": decided_on,
        "superseded": [str(former.id) for former in before],
        **counts,
    }
    record(session, f"roster:{roster.scope}", "roster_decided", data, actor=actor, now=now)
    return roster


def file_roster(session: Session, *, roster_id: UUID | str, on: date, actor: Actor, now: datetime) -> Roster:
    """The Talent Office has a decided roster on file (备案, Q4): taken note of, not approved."""
    require(actor, "file_rosters")
    roster = get_roster(session, roster_id)
    history.lock(session, f"roster:{roster.scope}")
    session.refresh(roster, ["status"])
    if roster.status != DECIDED:
        state = "还是草稿，请先确定" if roster.status == DRAFT else "已经备案或已被新版取代，请刷新后查看"
        raise Conflict(f"该名单{state}")
    checks = Checks()
    checks.period(on, None)
    if roster.decided_on is not None and on < roster.decided_on:
        checks.refuse("/on", f"备案日期不能早于确定日期（{roster.decided_on.isoformat()}）")
    if on > clock.local(now).date():
        checks.refuse("/on", "备案日期不能晚于今天")
    checks.done()
    roster.status, roster.filed_on = FILED, on
    session.flush()
    data = {"id": roster.id, "version": roster.version, "filed_on": on}
    record(session, f"roster:{roster.scope}", "roster_filed", data, actor=actor, now=now)
    return roster


def _carry_out(session: Session, roster: Roster, day: date, actor: Actor, now: datetime) -> dict[str, int]:
    """Makes the links of the scope those of the roster; gives how many begin, end and stay."""
    there = {(link.leader_id, link.talent_id): link for link in scope_links(session, roster.scope)}
    listed = {(item.leader_id, item.talent_id) for item in roster.items}
    leaving = [link for key, link in there.items() if key not in listed]
    for link in leaving:
        _end(session, link, day - A_DAY, f"名单第 {roster.version} 版未列入", actor, now)
    began = 0
    for item in roster.items:
        stays = there.get((item.leader_id, item.talent_id))
        if stays is not None:
            _change_reason(session, stays, item, actor, now)
            continue
        _only_once(session, item.leader, item.talent, day)
        previous = next((link for link in leaving if link.talent_id == item.talent_id and _began(link)), None)
        link = _begin(
            session,
            item.leader,
            item.talent,
            (item.reason, item.note),
            day,
            previous_id=previous.id if previous is not None else None,
            team_id=previous.team_id if previous is not None else None,
            roster_id=roster.id,
            now=now,
        )
        _record(session, link, "link_proposed", {"waiting": list(waiting(session, link, day))}, actor, now)
        began += 1
    return {"began": began, "ended": len(leaving), "stayed": len(roster.items) - began}


def _change_reason(session: Session, link: Link, item: RosterItem, actor: Actor, now: datetime) -> None:
    if (link.reason, link.note) == (item.reason, item.note):
        return
    before = {"old_reason": link.reason, "old_note": link.note}
    link.reason, link.note = item.reason, item.note
    session.flush()
    _record(session, link, "link_changed", before, actor, now)


def _require_scope(session: Session, scope: str, actor: Actor) -> None:
    if scope == CLASS_A:
        require(actor, "manage_links_a")
        return
    if find_unit(session, scope) is None:
        raise NotFound("没有这个单位，请从单位名录中选择")
    require(actor, "decide_unit_roster", unit=scope)


def _in_force(session: Session, scope: str) -> list[Roster]:
    query = select(Roster).where(Roster.scope == scope, Roster.status.in_((DECIDED, FILED)))
    return list(session.scalars(query.order_by(Roster.version)))


def _lines(
    session: Session, checks: Checks, scope: str, items: Sequence[Item], today: date
) -> list[tuple[Leader, Talent, str, str | None]]:
    if not items:
        checks.refuse("/items", "名单不能为空，请至少列入一条联系关系")
    elif len(items) > MOST_ITEMS:
        checks.refuse("/items", f"一份名单最多 {MOST_ITEMS} 条，现有 {len(items)} 条")
        return []
    lines, seen = [], set()
    for place, item in enumerate(items):
        path = f"/items/{place}"
        leader = _find_leader(session, checks, f"{path}/leader_id", item.get("leader_id") or "")
        talent = _talent(session, checks, f"{path}/talent_id", item.get("talent_id") or "")
        if leader is None:
            continue
        if not _of_scope(leader, scope):
            whose = "区领导（A类）" if scope == CLASS_A else "本单位领导（B类）"
            checks.refuse(f"{path}/leader_id", f"{leader.person.name}不是{whose}，不能列入这份名单")
        elif leader.ends_on is not None and leader.ends_on < today:
            checks.refuse(f"{path}/leader_id", f"{leader.person.name}的任职已于 {leader.ends_on.isoformat()} 结束")
        reason, note = _reason(checks, path, leader.klass, item.get("reason"), item.get("note"))
        if talent is None:
            continue
        if (leader.id, talent.id) in seen:
            checks.refuse(f"{path}/talent_id", f"{leader.person.name}联系{talent.name}重复，请删去一条")
        seen.add((leader.id, talent.id))
        lines.append((leader, talent, reason, note))
    return lines


def _of_scope(leader: Leader, scope: str) -> bool:
    if scope == CLASS_A:
        return leader.klass == CLASS_A
    return leader.klass != CLASS_A and leader.unit_code == scope


# --- What they share -------------------------------------------------------------------------------------------------


def _found(found: T | None) -> T:
    """What was looked up, after ``Checks.done()`` has raised for what is not there."""
    if found is None:
        raise AssertionError("a missing record was not refused")
    return found


def _allow(actor: Actor, leader: Leader) -> None:
    """Class A is the Talent Office's (Q2), class B the unit's own (Q4)."""
    require(actor, "manage_links_a" if leader.klass == CLASS_A else "manage_links_b", unit=leader.unit_code)


def _find_leader(session: Session, checks: Checks, path: str, leader_id: object) -> Leader | None:
    leader = find_leader(session, leader_id) if isinstance(leader_id, UUID | str) else None
    if leader is None:
        checks.refuse(path, "没有这项领导任职，请从领导名录中选择有任职的领导")
    return leader


def _leader(session: Session, checks: Checks, path: str, leader_id: object, actor: Actor) -> Leader | None:
    leader = _find_leader(session, checks, path, leader_id)
    if leader is not None:
        _allow(actor, leader)
    return leader


def _talent(session: Session, checks: Checks, path: str, talent_id: object) -> Talent | None:
    talent = find_talent(session, talent_id) if isinstance(talent_id, str) else None
    if talent is None:
        checks.refuse(path, "人才信息库中没有这位人才，请从名单中选择")
    elif not talent.active:
        checks.refuse(path, f"{talent.name}已移出人才信息库，不能作为联系对象")
    return talent


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


def _person(session: Session, checks: Checks, path: str, label: str, person_id: object) -> Person | None:
    person = find_person(session, person_id) if isinstance(person_id, UUID | str) else None
    if person is None:
        checks.refuse(path, f"{label}：没有这个人员，请从人员名录中选择")
    elif not person.active:
        checks.refuse(path, f"{label}：{person.name}已离任，请选择在任人员")
    return person


def _reason(checks: Checks, path: str, klass: str, reason: object, note: object) -> tuple[str, str | None]:
    """The reason's code and note: of class A one of D1, of class B how it relates to the unit's work (Q3)."""
    text = checks.optional_text(f"{path}/note", "说明", note, NOTE_LENGTH)
    allowed = REASONS_OF[klass]
    if reason not in allowed:
        names = "、".join(f"{REASONS[code]}（{code}）" for code in allowed)
        checks.refuse(f"{path}/reason", f"{klass} 类领导的联系理由须是：{names}")
    elif reason == RELATED and text is None:
        checks.refuse(f"{path}/note", "请说明该人才与本部门业务如何相关")
    return str(reason), text


def _serves(checks: Checks, path: str, leader: Leader, day: date) -> None:
    """Refuses a day on which the leader does not hold the post."""
    name = leader.person.name
    if day < leader.starts_on:
        since = leader.starts_on.isoformat()
        checks.refuse(path, f"{name}自 {since} 起任职，联系不能早于这一天")
    elif leader.ends_on is not None and day > leader.ends_on:
        checks.refuse(path, f"{name}的任职已于 {leader.ends_on.isoformat()} 结束，请选择在任领导")


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
    _serves(checks, "/starts_on", successor, starts_on)


def _only_once(session: Session, leader: Leader, talent: Talent, starts_on: date) -> None:
    """Raises ``Conflict`` where the leader serves the talent on ``starts_on`` or later already."""
    there = select(Link.starts_on).where(
        Link.leader_id == leader.id,
        Link.talent_id == talent.id,
        or_(Link.ends_on.is_(None), Link.ends_on >= starts_on),
        or_(Link.held_from.is_(None), Link.held_from > Link.starts_on),  # not one that was taken back
    )
    since = session.scalar(there.limit(1))
    if since is not None:
        raise Conflict(f"{leader.person.name}自 {since.isoformat()} 起已联系{talent.name}，不需重复登记")


def _locked(session: Session, link_id: UUID | str, actor: Actor) -> Link:
    key = as_id(link_id)
    link = session.get(Link, key) if key is not None else None
    if link is None:
        raise NotFound("没有这条联系关系，请从列表中选择")
    _allow(actor, link.leader)
    session.refresh(link, ["status", "starts_on", "held_from", "ends_on"], with_for_update={"of": Link})
    return link


def _not_ended(link: Link) -> None:
    if link.ends_on is not None:
        raise Conflict(f"该联系关系已于 {link.ends_on.isoformat()} 结束，请刷新后查看")


def _began(link: Link) -> bool:
    """Whether the link ever counted."""
    return link.held_from is None or link.held_from > link.starts_on


def _begin(
    session: Session,
    leader: Leader,
    talent: Talent,
    said: tuple[str, str | None],
    starts_on: date,
    *,
    status: str | None = None,
    link_id: UUID | None = None,
    previous_id: UUID | None = None,
    team_id: UUID | None = None,
    roster_id: UUID | None = None,
    now: datetime,
) -> Link:
    """A new link: of ``status``, or active where nothing is waited for, else proposed."""
    link = Link(
        id=link_id or ids.new(),
        leader=leader,
        talent=talent,
        team_id=team_id,
        reason=said[0],
        note=said[1],
        status=PROPOSED,
        starts_on=starts_on,
        held_from=None,
        ends_on=None,
        end_reason=None,
        previous_id=previous_id,
        roster_id=roster_id,
        created_at=now,
    )
    link.leader_id, link.talent_id = leader.id, talent.id
    with session.no_autoflush:
        link.status = status or (PROPOSED if waiting(session, link, starts_on) else ACTIVE)
    session.add(link)
    with conflicts(f"{leader.person.name}联系{talent.name}刚被他人登记，请刷新后查看"):
        session.flush()
    return link


def _activate(session: Session, link: Link, day: date, actor: Actor, now: datetime) -> None:
    link.status, link.starts_on = ACTIVE, day
    session.flush()
    _record(session, link, "link_activated", {}, actor, now)


def _end(session: Session, link: Link, ends_on: date, reason: str, actor: Actor, now: datetime) -> None:
    """Ends a link; one that would then have counted on no day says so by being held from its first day."""
    if link.status == PROPOSED or ends_on < link.starts_on:
        link.held_from = link.starts_on
    link.status, link.ends_on, link.end_reason = ENDED, max(ends_on, link.starts_on), reason
    session.flush()
    _record(session, link, "link_ended", {"ends_on": link.ends_on, "end_reason": reason}, actor, now)


def _record(session: Session, link: Link, kind: str, data: Mapping[str, object], actor: Actor, now: datetime) -> None:
    facts = {
        "link_id": link.id,
        "leader_id": link.leader_id,
        "leader_name": link.leader.person.name,
        "status": link.status,
        "reason": link.reason,
        "note": link.note,
        "starts_on": link.starts_on,
        "roster_id": link.roster_id,
    }
    record(session, f"talent:{link.talent_id}", kind, {**facts, **data}, actor=actor, now=now)
