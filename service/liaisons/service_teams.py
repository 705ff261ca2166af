"""Setting service teams; they enter the journal of ``person:<id of the leader>``. None commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import history, ids
from service.db.failures import conflicts
from service.fields import Checks, picked, take
from service.history import require_version
from service.history.records import record
from service.liaisons.edits import service_team_edits
from service.liaisons.fields import MEMBER_POST, SERVICE_TEAM
from service.liaisons.models import Link, ServiceTeam, ServiceTeamMember
from service.liaisons.rules import PROPOSED
from service.liaisons.steps import (
    A_DAY,
    Item,
    activate,
    refuse_unless_serving,
    tell_of_links,
    there,
    waiting,
    wanted_leader,
    wanted_person,
)
from service.people.models import Leader, Person
from service.people.queries import find_liaison
from service.rights import Actor

MOST_MEMBERS = 50


def set_service_team(
    session: Session,
    *,
    leader_id: UUID | str,
    head_id: UUID | str,
    liaison_id: UUID | str,
    members: Sequence[Item],
    starts_on: date,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> ServiceTeam:
    """Sets the people who work for a leader's talents from ``starts_on`` on: head, members, liaison officer (T1–T4).

    ``members`` are ``{person_id, post?}``, the post by default that of the directory. The former team ends the day
    before; links that waited only for a team become active. Raises ``NotAllowed``, ``Invalid``, and ``Stale`` where
    somebody changed the leader's team since ``version`` was read.
    """
    checks = Checks()
    leader = wanted_leader(session, checks, "/leader_id", leader_id, actor)
    head = wanted_person(session, checks, "/head_id", "组长", head_id)
    liaison = wanted_person(session, checks, "/liaison_id", "联络员", liaison_id)
    chosen = _members(session, checks, members, head)
    take(picked(SERVICE_TEAM, "starts_on"), {"starts_on": starts_on}, checks)
    former = _open_team(session, leader) if leader is not None else None
    if leader is not None:
        refuse_unless_serving(checks, "/starts_on", leader, starts_on)
    if former is not None and starts_on < former.starts_on:
        since = former.starts_on.isoformat()
        checks.refuse("/starts_on", f"现有工作团队自 {since} 起，新团队的开始日期不能早于这一天")
    checks.done()
    if leader is not None and version is not None:
        history.lock(session, f"person:{leader.person_id}")
        require_version(session, service_team_edits(leader), version)
    leader, head, liaison = there(leader), there(head), there(liaison)
    if former is not None:
        # Replaced on its first day, the former team keeps that day in the records.
        former.ends_on = max(former.starts_on, starts_on - A_DAY)
        session.flush()
    team = ServiceTeam(
        id=ids.new(),
        leader=leader,
        head=head,
        liaison=liaison,
        starts_on=starts_on,
        ends_on=leader.ends_on,  # the team of a post whose end is set ends with it
        created_at=now,
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
        "head_id": head.id,
        "liaison": liaison.name,
        "liaison_id": liaison.id,
        "members": [
            {"person_id": str(person.id), "name": person.name, "unit": person.unit_code, "post": post}
            for person, post in chosen
        ],
        "starts_on": starts_on,
        "ends_on": team.ends_on,
        "former_id": former.id if former is not None else None,
    }
    record(session, f"person:{leader.person_id}", "service_team_set", data, actor=actor, now=now)
    _begin_waiting(session, leader, starts_on, actor, now)
    return team


def offered_officer(session: Session, leader: Leader, standing: ServiceTeam | None, on: date) -> Person | None:
    """The person whom the form of a leader's team offers as liaison officer: the unit's, else the present team's (T4).

    Somebody who has left is not offered again.
    """
    named = find_liaison(session, leader.unit_code, on) if leader.unit_code else None
    officer = named.person if named else standing.liaison if standing else None
    return officer if officer is not None and officer.active else None


def _begin_waiting(session: Session, leader: Leader, since: date, actor: Actor, now: datetime) -> None:
    query = select(Link).where(Link.leader_id == leader.id, Link.status == PROPOSED).order_by(Link.id)
    begun = []
    for link in session.scalars(query.with_for_update(of=Link)).all():
        day = max(link.starts_on, since)
        if leader.serves_on(day) and not waiting(session, link, day):
            activate(session, link, day, actor, now)
            begun.append(link)
    tell_of_links(session, begun, "开始联系", actor=actor, now=now)


def _open_team(session: Session, leader: Leader) -> ServiceTeam | None:
    # Where the end of the post is set, its last team has that end already.
    standing = or_(ServiceTeam.ends_on.is_(None), ServiceTeam.ends_on == leader.ends_on)
    query = select(ServiceTeam).where(ServiceTeam.leader_id == leader.id, standing)
    newest = query.order_by(ServiceTeam.starts_on.desc(), ServiceTeam.created_at.desc(), ServiceTeam.id)
    return session.scalars(newest.with_for_update(of=ServiceTeam)).first()


def end_service_team(session: Session, leader: Leader, until: date, actor: Actor, now: datetime) -> None:
    """Ends the leader's team with the day before ``until``, where one stands."""
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
        person = wanted_person(session, checks, path, "成员", item.get("person_id") or "")
        post = checks.optional_text(f"/members/{place}/post", MEMBER_POST.label, item.get("post"), MEMBER_POST.longest)
        if person is None:
            continue
        if person.id in seen:
            checks.refuse(path, f"{person.name}重复，请删去一处")
        seen.add(person.id)
        chosen.append((person, post or person.post))
    return chosen
