"""The shared ground of the commands: looking up what was named, rights, and the steps of a link's life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import ids
from service.db.failures import conflicts
from service.errors import Conflict, Finding
from service.fields import Checks
from service.history.records import owe_notice, record
from service.liaisons.fields import NOTE
from service.liaisons.keepers import right_to_keep
from service.liaisons.models import Link
from service.liaisons.queries import standing_service_teams
from service.liaisons.rules import (
    ACTIVE,
    ENDED,
    HELD,
    PROPOSED,
    REASONS,
    REASONS_OF,
    RELATED,
)
from service.liaisons.warnings import eligibility_warnings
from service.people.models import Leader, Person
from service.people.queries import find_leader, find_person
from service.people.rules import CLASS_A
from service.rights import TALENT_OFFICE, Actor, require
from service.talents.models import Talent
from service.talents.queries import find_talent

A_DAY = timedelta(days=1)

T = TypeVar("T")

Item = Mapping[str, Any]
"""A line of a roster or of a team, as somebody typed it."""


def waiting(session: Session, link: Link, on: date) -> tuple[str, ...]:
    """The things that a link must wait for before it can be active on that day, in Chinese; nothing where it can be."""
    missing = []
    if link.leader_id not in standing_service_teams(session, [link.leader_id], on):
        missing.append(f"{link.leader.person.name}的工作团队尚未组建，请先组建工作团队（组长、成员、联络员）")
    return (*missing, *eligibility_warnings(link.talent, on))


def there(found: T | None) -> T:
    """The found record, after ``Checks.done()`` has raised for what is not there."""
    if found is None:
        raise AssertionError("a missing record was not refused")
    return found


def allow(actor: Actor, leader: Leader) -> None:
    """Class A is the Talent Office's (Q2), class B the unit's own (Q4)."""
    require(actor, right_to_keep(leader), unit=leader.unit_code)


def find_post(session: Session, checks: Checks, path: str, leader_id: object) -> Leader | None:
    leader = find_leader(session, leader_id) if isinstance(leader_id, UUID | str) else None
    if leader is None:
        checks.refuse(path, "没有这项领导任职，请从领导名录中选择有任职的领导")
    return leader


def wanted_leader(session: Session, checks: Checks, path: str, leader_id: object, actor: Actor) -> Leader | None:
    leader = find_post(session, checks, path, leader_id)
    if leader is not None:
        allow(actor, leader)
    return leader


def wanted_talent(session: Session, checks: Checks, path: str, talent_id: object) -> Talent | None:
    talent = find_talent(session, talent_id) if isinstance(talent_id, str) else None
    if talent is None:
        checks.refuse(path, "人才信息库中没有这位人才，请从名单中选择")
    elif not talent.active:
        checks.refuse(path, f"{talent.name}已移出人才信息库，不能作为联系对象")
    return talent


def wanted_person(session: Session, checks: Checks, path: str, label: str, person_id: object) -> Person | None:
    person = find_person(session, person_id) if isinstance(person_id, UUID | str) else None
    if person is None and person_id in ("", None):
        checks.refuse(path, f"请选择{label}")
    elif person is None:
        checks.refuse(path, f"{label}：没有这个人员，请从人员名录中选择")
    elif not person.active:
        checks.refuse(path, f"{label}：{person.name}已离任，请选择在任人员")
    return person


def checked_reason(checks: Checks, path: str, klass: str, reason: object, note: object) -> tuple[str, str | None]:
    """The reason's code and note: of class A one of D1, of class B how it relates to the unit's work (Q3)."""
    text = checks.optional_text(f"{path}/note", NOTE.label, note, NOTE.longest)
    allowed = REASONS_OF[klass]
    if reason not in allowed:
        names = "、".join(REASONS[code] for code in allowed)
        checks.refuse(f"{path}/reason", f"{klass} 类领导的联系理由须是：{names}")
    elif reason == RELATED and text is None:
        checks.refuse(f"{path}/note", "请说明该人才与本部门业务如何相关")
    return str(reason), text


def refuse_unless_serving(checks: Checks, path: str, leader: Leader, day: date) -> None:
    """Refuses a day on which the leader does not hold the post."""
    name = leader.person.name
    if day < leader.starts_on:
        since = leader.starts_on.isoformat()
        checks.refuse(path, f"{name}自 {since} 起任职，联系不能早于这一天")
    elif leader.ends_on is not None and day > leader.ends_on:
        checks.refuse(path, f"{name}的任职已于 {leader.ends_on.isoformat()} 结束，请选择在任领导")


def only_once(session: Session, leader: Leader, talent: Talent, starts_on: date) -> None:
    """Raises ``Conflict`` where the leader serves the talent on ``starts_on`` or later already."""
    there = select(Link.starts_on).where(
        Link.leader_id == leader.id,
        Link.talent_id == talent.id,
        or_(Link.ends_on.is_(None), Link.ends_on >= starts_on),
        or_(Link.held_from.is_(None), Link.held_from > Link.starts_on),  # not one that was taken back
    )
    since = session.scalar(there.limit(1))
    if since is not None:
        message = f"{leader.person.name}自 {since.isoformat()} 起已联系{talent.name}，不需重复登记"
        raise Conflict(message, [Finding("/talent_id", message)])


def awaits_handover(link: Link, day: date) -> bool:
    """Whether the Talent Office holds the link, or will as soon as somebody looks: its leader's post has ended (O4)."""
    ended = link.leader.ends_on
    return link.status == HELD or (link.status == ACTIVE and ended is not None and ended < day)


def began(link: Link) -> bool:
    """Whether the link ever counted."""
    return link.held_from is None or link.held_from > link.starts_on


def begin(
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
    """A new link: of ``status``, or active where nothing is waited for, else proposed.

    Where the end of the post is set already, the Talent Office holds it from the day after (O4).
    """
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
    _hold_after_the_post(link)
    session.add(link)
    with conflicts(f"{leader.person.name}联系{talent.name}刚被他人登记，请刷新后查看"):
        session.flush()
    return link


def activate(session: Session, link: Link, day: date, actor: Actor, now: datetime) -> None:
    link.status, link.starts_on = ACTIVE, day
    _hold_after_the_post(link)
    session.flush()
    journal(session, link, "link_activated", {}, actor, now)


def _hold_after_the_post(link: Link) -> None:
    ends_on = link.leader.ends_on
    if link.status == ACTIVE and ends_on is not None:
        link.status, link.held_from = HELD, ends_on + A_DAY


def end(session: Session, link: Link, ends_on: date, reason: str, actor: Actor, now: datetime) -> None:
    """Ends a link; one that would then have counted on no day says so by being held from its first day."""
    if link.status == PROPOSED or ends_on < link.starts_on:
        link.held_from = link.starts_on
    link.status, link.ends_on, link.end_reason = ENDED, max(ends_on, link.starts_on), reason
    session.flush()
    journal(session, link, "link_ended", {"ends_on": link.ends_on, "end_reason": reason}, actor, now)


def tell_office(
    session: Session, stream: str, template: str, title: str, text: str, *, actor: Actor, now: datetime
) -> None:
    """The Talent Office hears of what a unit did by itself (Q4: 报区人才办); of its own operations it tells nobody."""
    if actor.is_system or actor.has_role(TALENT_OFFICE):
        return
    owe_notice(session, stream, template, title=title, text=text, role=TALENT_OFFICE, actor=actor, now=now)


def tell_of_links(session: Session, links: Sequence[Link], what: str, *, actor: Actor, now: datetime) -> None:
    """One notice of what a unit did with links of one leader, where it was the unit's to decide (Q4)."""
    if not links or links[0].leader.klass == CLASS_A:
        return
    leader, names = links[0].leader, "、".join(link.talent.name for link in links)
    title = f"{leader.person.name}（{leader.post}）{what}{names}"
    stream = f"link:{links[0].id}" if len(links) == 1 else f"person:{leader.person_id}"
    tell_office(session, stream, "links_changed", title, leader.unit.name if leader.unit else "", actor=actor, now=now)


def journal(session: Session, link: Link, kind: str, data: Mapping[str, object], actor: Actor, now: datetime) -> None:
    facts = {
        "link_id": link.id,
        "leader_id": link.leader_id,
        "leader_name": link.leader.person.name,
        "status": link.status,
        "reason": link.reason,
        "note": link.note,
        "starts_on": link.starts_on,
        "held_from": link.held_from,
        "roster_id": link.roster_id,
        "team_id": link.team_id,
        "previous_id": link.previous_id,
    }
    record(session, f"talent:{link.talent_id}", kind, {**facts, **data}, actor=actor, now=now)
