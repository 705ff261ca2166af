"""Warnings about a link, for people to look at. Nothing here blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from service import clock
from service.db.lists import on_day
from service.liaisons.models import Link, ServiceTeam, ServiceTeamMember
from service.liaisons.queries import serving, standing_service_teams
from service.liaisons.rules import (
    ENDED,
    HEADS_OF_SECTIONS,
    HEADS_OF_UNITS,
    HELD,
    PROPOSED,
    heads_a_section,
    heads_a_unit,
)
from service.people.models import Leader, Liaison, Person, Unit
from service.people.rules import CLASS_A, CLASS_B
from service.talents.models import Talent
from service.talents.queries import eligible_on
from service.talents.rules import eligibility

BATCH = 1000
"""So many links have their warnings looked up at once."""
FEW: BindParameter[Sequence[UUID]] = bindparam("few", expanding=True)
"""The ids of the leaders whose links a statement with ``warned(…, of_few=True)`` is about, given when it is sent."""

TEAM_LACKING = ("尚未组建工作团队", "工作团队尚未开始")
"""The warnings of a link whose leader has no team on the day: none at all, or one that begins later."""


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


@lru_cache(maxsize=16)
def warned(on: date, *, of_few: bool = False) -> ColumnElement[bool]:
    """The condition on a ``Link`` without an end that ``link_warnings`` says something of it on that day.

    The same in the database's words, for counting without reading. ``of_few``: only links of the leaders ``FEW`` are
    asked about, and no others are looked at. Built once a day: putting it together takes longer than some lists.
    """
    unfit = select(Talent.id).where(not_(eligible_on(on)))
    if of_few:
        unfit = unfit.where(Talent.id.in_(select(Link.talent_id).where(Link.leader_id.in_(FEW))))
    # As cases, not joined by "or": for that SQLite would look up the same links once for each of them.
    return case(
        (Link.status == HELD, true()),
        (Link.leader_id.in_(_troubled(on, of_few)), true()),
        (Link.talent_id.in_(unfit), true()),
        (tuple_(Link.leader_id, Link.talent_id).in_(_rivalled(on, of_few)), true()),
        else_=false(),
    )


def _rivalled(on: date, of_few: bool) -> Select[UUID, str]:
    """(Leader, talent) of the links without an end whose talent somebody else serves, or will once the team stands."""
    mine, other, said = aliased(Link), aliased(Link), aliased(Link)
    leader, another = aliased(Leader), aliased(Leader)
    # Few talents have two links: the others are left out before anybody's persons are compared.
    several = (
        select(said.talent_id)
        .where(or_(said.ends_on.is_(None), said.ends_on >= on))
        .group_by(said.talent_id)
        .having(func.count() > 1)
    )
    found = (
        select(mine.leader_id, mine.talent_id)
        .join(leader, leader.id == mine.leader_id)
        .join(other, other.talent_id == mine.talent_id)
        .join(another, another.id == other.leader_id)
        .where(
            mine.ends_on.is_(None),
            mine.talent_id.in_(several),
            other.leader_id != mine.leader_id,
            or_(serving(on, other), and_(other.status == PROPOSED, other.ends_on.is_(None))),
            another.person_id != leader.person_id,
        )
    )
    return found.where(mine.leader_id.in_(FEW)) if of_few else found


def _troubled(on: date, of_few: bool) -> Select[UUID]:
    """The ids of the leaders all of whose links are warned of: for the post, the unit or the team."""
    team, post = aliased(ServiceTeam), aliased(Leader)
    of_class = {
        klass: select(post.person_id).where(post.klass == klass, on_day(post.starts_on, post.ends_on, on))
        for klass in (CLASS_A, CLASS_B)
    }
    leads = or_(
        team.head_id == Leader.person_id,
        and_(Leader.klass == CLASS_A, team.head_id.in_(of_class[CLASS_A])),
        and_(
            Leader.klass == CLASS_B,
            exists(of_class[CLASS_B].where(post.person_id == team.head_id, post.unit_code == Leader.unit_code)),
        ),
    )
    member = ServiceTeamMember
    fits = or_(
        and_(Leader.klass == CLASS_A, or_(_ends(member.post, HEADS_OF_UNITS), member.person_id.in_(of_class[CLASS_B]))),
        and_(
            Leader.klass == CLASS_B,
            _ends(member.post, HEADS_OF_SECTIONS),
            or_(member.unit_code.is_(None), member.unit_code == Leader.unit_code),
        ),
    )
    gone = select(Person.id).where(not_(Person.active))
    officers = select(Liaison.unit_code).where(on_day(Liaison.starts_on, Liaison.ends_on, on))
    named = officers.where(Liaison.unit_code == Leader.unit_code, Liaison.person_id == team.liaison_id)
    return (
        select(Leader.id)
        .outerjoin(team, and_(team.leader_id == Leader.id, _standing(on, team)))
        .where(
            Leader.id.in_(FEW) if of_few else true(),
            or_(
                Leader.ends_on < on,
                and_(Leader.person_id.in_(of_class[CLASS_A]), Leader.person_id.in_(of_class[CLASS_B])),
                and_(Leader.klass == CLASS_B, Leader.unit_code.in_(select(Unit.code).where(not_(Unit.is_member_unit)))),
                team.id.is_(None),
                not_(leads),
                exists().where(member.team_id == team.id, or_(not_(fits), member.person_id.in_(gone))),
                or_(team.head_id.in_(gone), team.liaison_id.in_(gone)),
                and_(Leader.unit_code.in_(officers), not_(exists(named))),
            ),
        )
    )


def _standing(on: date, team: type[ServiceTeam]) -> ColumnElement[bool]:
    """The condition that a team is the one that holds on that day, as ``standing_service_teams`` has it."""
    other = aliased(ServiceTeam)
    replaced = exists().where(
        other.leader_id == team.leader_id,
        other.id != team.id,
        on_day(other.starts_on, other.ends_on, on),
        or_(
            other.starts_on > team.starts_on,
            and_(other.starts_on == team.starts_on, other.created_at > team.created_at),
            and_(
                other.starts_on == team.starts_on,
                other.created_at == team.created_at,
                or_(and_(other.ends_on.is_(None), team.ends_on.is_not(None)), other.ends_on < team.ends_on),
            ),
        ),
    )
    return and_(on_day(team.starts_on, team.ends_on, on), not_(replaced))


def _ends(post: InstrumentedAttribute[str | None], with_one_of: Iterable[str]) -> ColumnElement[bool]:
    """Whether a post ends with one of these, by comparing its last characters: patterns took most of the time."""
    by_length: dict[int, list[str]] = {}
    for end in with_one_of:
        by_length.setdefault(len(end), []).append(end)
    said = func.coalesce(post, "")
    return or_(
        *(func.substr(said, func.length(said) - length + 1).in_(ends) for length, ends in sorted(by_length.items()))
    )


def service_team_warnings(session: Session, teams: Iterable[ServiceTeam], on: date) -> dict[UUID, tuple[str, ...]]:
    """Service team → what is odd about who is in it on that day, in Chinese (T1–T4); two statements.

    Teams that are over by that day have nothing. Nothing here blocks.
    """
    asked = [team for team in teams if team.ends_on is None or team.ends_on >= on]
    make_up = _MakeUp(session, [team.leader for team in asked], asked, on) if asked else None
    return {team.id: tuple(make_up.warnings(team.leader, team)) for team in asked} if make_up else {}


class _MakeUp:
    """The facts that the warnings about who is in some leaders' service teams depend on."""

    def __init__(self, session: Session, leaders: Iterable[Leader], teams: Iterable[ServiceTeam], on: date) -> None:
        self.posts: dict[UUID, set[tuple[str, str | None]]] = {}
        self.officers: dict[str, set[UUID]] = {}
        leaders = list(leaders)
        people = {leader.person_id for leader in leaders}
        for team in teams:
            people |= {team.head_id, *(member.person_id for member in team.members)}
        held = select(Leader.person_id, Leader.klass, Leader.unit_code).where(
            Leader.person_id.in_(people), on_day(Leader.starts_on, Leader.ends_on, on)
        )
        for person_id, klass, unit in session.execute(held):
            self.posts.setdefault(person_id, set()).add((klass, unit))
        units = {leader.unit_code for leader in leaders if leader.unit_code}
        named = select(Liaison.unit_code, Liaison.person_id).where(
            Liaison.unit_code.in_(units), on_day(Liaison.starts_on, Liaison.ends_on, on)
        )
        for unit, person_id in session.execute(named):
            self.officers.setdefault(unit, set()).add(person_id)

    def classes(self, leader: Leader) -> set[str]:
        """The classes of all posts that the leader's person holds on the day."""
        return {klass for klass, _ in self.posts.get(leader.person_id, ())}

    def warnings(self, leader: Leader, team: ServiceTeam) -> Iterable[str]:
        """The oddities of one leader's team: its head, its members, its liaison officer."""
        if not self._leads(leader, team.head_id):
            rank = "区领导" if leader.klass == CLASS_A else "单位领导班子成员"
            yield f"工作团队组长{team.head.name}不是责任领导本人，也不是{rank}"
        for member in team.members:
            if leader.klass == CLASS_A:
                if not (heads_a_unit(member.post) or CLASS_B in {k for k, _ in self.posts.get(member.person_id, ())}):
                    yield f"工作团队成员{member.person.name}不是职能部门负责人"
            elif not heads_a_section(member.post) or (member.unit_code or leader.unit_code) != leader.unit_code:
                yield f"工作团队成员{member.person.name}不是本单位科室负责人"
        if gone := left_service_team(team):
            yield f"工作团队的{'、'.join(gone)}已离任，请调整工作团队"
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


class _Surroundings:
    """The facts that the warnings of some links depend on."""

    def __init__(self, session: Session, links: Sequence[Link], on: date) -> None:
        self.on = on
        open_links = [link for link in links if link.ends_on is None or link.ends_on >= on]
        self.others: dict[str, list[tuple[UUID, UUID, str]]] = {}
        self.teams = standing_service_teams(session, {link.leader_id for link in open_links}, on)
        self.make_up: _MakeUp | None = None
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
        self.make_up = _MakeUp(session, [link.leader for link in open_links], self.teams.values(), on)

    def warnings(self, link: Link) -> Iterable[str]:
        leader, on = link.leader, self.on
        decided = link.status == ENDED and on >= clock.today()  # its last day may be to come: nothing is left to do
        if link.ends_on is not None and (link.ends_on < on or decided):
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
        if {CLASS_A, CLASS_B} <= (self.make_up.classes(leader) if self.make_up else set()):
            yield f"{leader.person.name}同为区领导（A类）和成员单位领导（B类），只按 A 类考核配额"
        if leader.klass == CLASS_B and leader.unit is not None and not leader.unit.is_member_unit:
            yield f"{leader.unit.name}不是领导小组成员单位"
        yield from self._team(link)

    def _team(self, link: Link) -> Iterable[str]:
        leader, team = link.leader, self.teams.get(link.leader_id)
        if team is None:
            if link.status != HELD:
                yield TEAM_LACKING[0] if link.starts_on <= self.on else TEAM_LACKING[1]
            return
        if self.make_up:
            yield from self.make_up.warnings(leader, team)


def left_service_team(team: ServiceTeam) -> list[str]:
    """The names of those in a service team who have left their unit (T1)."""
    people = [team.head, *(member.person for member in team.members), team.liaison]
    return list(dict.fromkeys(one.name for one in people if not one.active))


def eligibility_warnings(talent: Talent, on: date) -> Iterable[str]:
    """Why the talent is none whom leaders serve on that day, as warnings of a link."""
    return (f"{talent.name}：{why}" for why in eligibility(talent, on))
