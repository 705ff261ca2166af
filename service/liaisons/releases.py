"""Giving back what the Talent Office held because the end of a post was recorded wrongly. None commits."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from service.fields import Checks
from service.history.records import record
from service.liaisons.models import Link, ServiceTeam
from service.liaisons.rules import ACTIVE, HELD
from service.liaisons.steps import A_DAY, journal
from service.people.models import Leader
from service.rights import Actor


def check_release(session: Session, checks: Checks, leader: Leader, ends_on: date | None) -> None:
    """Refuses another end of the post where its links have gone to somebody else, or began after that day (O4)."""
    taken = aliased(Link)
    gone = (
        select(taken)
        .join(Link, Link.id == taken.previous_id)
        .where(Link.leader_id == leader.id, Link.ends_on >= (leader.ends_on or date.max))
        .order_by(taken.starts_on, taken.id)
    )
    after = session.scalars(gone).all()
    if after:
        name = leader.person.name
        said = "，".join(
            f"{one.talent.name}已于 {one.starts_on.isoformat()} 移交给{one.leader.person.name}" for one in after
        )
        # A link is handed over to who holds a post: whose only post has ended needs one first.
        way = f"仍由{name}联系的，请先另行登记{name}的任职，再移交回来"
        checks.refuse("/ends_on", f"{said}，不能再更正结束日期；{way}")
    if ends_on is None:
        return
    late = select(Link).where(
        Link.leader_id == leader.id,
        Link.starts_on > ends_on,
        or_(Link.held_from.is_(None), Link.held_from > Link.starts_on),
    )
    begun = session.scalars(late.order_by(Link.starts_on, Link.id).limit(1)).first()
    if begun is not None:
        since = begun.starts_on.isoformat()
        checks.refuse("/ends_on", f"{leader.person.name}自 {since} 起联系{begun.talent.name}，结束日期不能早于这一天")


def release_links(session: Session, *, leader: Leader, before: date, actor: Actor, now: datetime) -> list[Link]:
    """Brings links and service team in line with the corrected end of the post, which was ``before``.

    Where the post goes on its held links are the leader's again and its team stands, else they are held from the day
    after the new end on. Proposed links that were taken back stay so. Gives the links that changed.
    """
    held_from = leader.ends_on + A_DAY if leader.ends_on is not None else None
    query = select(Link).where(Link.leader_id == leader.id, Link.ends_on.is_(None), Link.status == HELD)
    changed = list(session.scalars(query.order_by(Link.starts_on, Link.id).with_for_update(of=Link)))
    for link in changed:
        link.status, link.held_from = (ACTIVE if held_from is None else HELD), held_from
        session.flush()
        journal(session, link, "link_released", {}, actor, now)
    ended = select(ServiceTeam).where(ServiceTeam.leader_id == leader.id, ServiceTeam.ends_on == before)
    newest = ended.order_by(ServiceTeam.starts_on.desc(), ServiceTeam.created_at.desc())
    team = session.scalars(newest.limit(1).with_for_update(of=ServiceTeam)).first()
    if team is not None:
        team.ends_on = max(team.starts_on, leader.ends_on) if leader.ends_on is not None else None
        session.flush()
        data = {"id": team.id, "leader_id": leader.id, "ends_on": team.ends_on}
        # A team that ends on another day has not come back.
        kind = "service_team_resumed" if team.ends_on is None else "service_team_end_updated"
        record(session, f"person:{leader.person_id}", kind, data, actor=actor, now=now)
    return changed
