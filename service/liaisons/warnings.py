"""What somebody should look at of a link. Nothing here blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from service.liaisons.models import Link
from service.liaisons.queries import serving, standing_teams
from service.liaisons.rules import HELD, PROPOSED, heads_a_section, heads_a_unit
from service.people.checks import CLASS_A, CLASS_B
from service.people.models import Leader, Liaison, Person
from service.people.queries import on_day
from service.talents.models import Talent
from service.talents.rules import eligibility

BATCH = 1000
"""So many links have their warnings looked up at once."""


def link_warnings(session: Session, links: Iterable[Link], on: date) -> dict[UUID, tuple[str, ...]]:
    """Link → what somebody should look at on that day, in Chinese; five statements for each thousand links.

    Two leaders of one talent, an ineligible talent (S1, S2), a leader of both classes (L2), a missing or oddly
    composed team (T1–T4), a post that has ended (O4). Links that are over have none. Nothing here blocks.
    """
    found: dict[UUID, tuple[str, ...]] = {}
    asked = list(links)
    for first in range(0, len(asked), BATCH):
        some = asked[first : first + BATCH]
        looked_at = _Surroundings(session, some, on)
        found.update({link.id: tuple(looked_at.warnings(link)) for link in some})
    return found


class _Surroundings:
    """What the warnings of some links depend on."""

    def __init__(self, session: Session, links: Sequence[Link], on: date) -> None:
        self.on = on
        open_links = [link for link in links if link.ends_on is None or link.ends_on >= on]
        self.others: dict[str, list[tuple[UUID, UUID, str]]] = {}
        self.teams = standing_teams(session, {link.leader_id for link in open_links}, on)
        self.posts: dict[UUID, set[tuple[str, str | None]]] = {}
        self.officers: dict[str, set[UUID]] = {}
        if not open_links:
            return
        rivals = (
            select(Link.talent_id, Link.id, Leader.person_id, Person.name)
            .join(Leader, Leader.id == Link.leader_id)
            .join(Person, Person.id == Leader.person_id)
            .where(
                Link.talent_id.in_({link.talent_id for link in open_links}),
                or_(serving(on), and_(Link.status == PROPOSED, Link.ends_on.is_(None))),
            )
            .order_by(Link.starts_on, Link.id)
        )
        for talent_id, link_id, person_id, name in session.execute(rivals):
            self.others.setdefault(talent_id, []).append((link_id, person_id, name))
        people = {link.leader.person_id for link in open_links}
        for team in self.teams.values():
            people |= {team.head_id, *(member.person_id for member in team.members)}
        held = select(Leader.person_id, Leader.klass, Leader.unit_code).where(
            Leader.person_id.in_(people), on_day(Leader.starts_on, Leader.ends_on, on)
        )
        for person_id, klass, unit in session.execute(held):
            self.posts.setdefault(person_id, set()).add((klass, unit))
        units = {link.leader.unit_code for link in open_links if link.leader.unit_code}
        named = select(Liaison.unit_code, Liaison.person_id).where(
            Liaison.unit_code.in_(units), on_day(Liaison.starts_on, Liaison.ends_on, on)
        )
        for unit, person_id in session.execute(named):
            self.officers.setdefault(unit, set()).add(person_id)

    def warnings(self, link: Link) -> Iterable[str]:
        leader, on = link.leader, self.on
        if link.ends_on is not None and link.ends_on < on:
            return
        if link.status == HELD and link.held_from is not None and link.held_from > on:
            yield f"{leader.person.name}的任职到期后，自 {link.held_from.isoformat()} 起由区人才办代管，请提前安排移交"
        elif link.status == HELD:
            yield f"{leader.person.name}的任职已结束，由区人才办代管，请尽快移交"
        elif leader.ends_on is not None and leader.ends_on < on:
            yield f"{leader.person.name}的任职已于 {leader.ends_on.isoformat()} 结束，请移交或结束联系"
        yield from eligibility_warnings(link.talent, on)
        rivals = {
            name: None
            for link_id, person_id, name in self.others.get(link.talent_id, ())
            if link_id != link.id and person_id != leader.person_id
        }
        if rivals:
            yield f"这位人才另由{'、'.join(rivals)}联系，请避免重复"
        held = {klass for klass, _ in self.posts.get(leader.person_id, ())}
        if {CLASS_A, CLASS_B} <= held:
            yield f"{leader.person.name}同为区领导（A类）和成员单位领导（B类），只按 A 类考核配额"
        if leader.klass == CLASS_B and leader.unit is not None and not leader.unit.is_member_unit:
            yield f"{leader.unit.name}不是领导小组成员单位"
        yield from self._team(link)

    def _team(self, link: Link) -> Iterable[str]:
        leader, team = link.leader, self.teams.get(link.leader_id)
        if team is None:
            if link.status != HELD:
                yield "尚未组建工作团队" if link.starts_on <= self.on else "工作团队尚未开始"
            return
        if not self._leads(leader, team.head_id):
            rank = "区领导" if leader.klass == CLASS_A else "单位领导班子成员"
            yield f"工作团队组长{team.head.name}不是责任领导本人，也不是{rank}"
        for member in team.members:
            if leader.klass == CLASS_A:
                if not (heads_a_unit(member.post) or CLASS_B in {k for k, _ in self.posts.get(member.person_id, ())}):
                    yield f"工作团队成员{member.person.name}不是职能部门负责人"
            elif not heads_a_section(member.post) or (member.unit_code or leader.unit_code) != leader.unit_code:
                yield f"工作团队成员{member.person.name}不是本单位科室负责人"
        officers = self.officers.get(leader.unit_code or "")
        if officers and team.liaison_id not in officers:
            yield f"工作团队联络员{team.liaison.name}不是{leader.unit.name if leader.unit else '该单位'}的联络员"

    def _leads(self, leader: Leader, person_id: UUID) -> bool:
        posts = self.posts.get(person_id, set())
        if person_id == leader.person_id:
            return True
        if leader.klass == CLASS_A:
            return any(klass == CLASS_A for klass, _ in posts)
        return (CLASS_B, leader.unit_code) in posts


def eligibility_warnings(talent: Talent, on: date) -> Iterable[str]:
    """Why the talent is none whom leaders serve on that day, as warnings of a link."""
    return (f"{talent.name}：{why}" for why in eligibility(talent, on))
