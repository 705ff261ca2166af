"""Reading who serves whom. Every list takes a fixed number of statements, however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased, contains_eager, selectinload

from service import clock
from service.auth import SYSTEM, Actor, may
from service.auth.policy import LEADER, LIAISON
from service.errors import NotFound
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam
from service.liaisons.rules import (
    ENDED,
    HELD,
    PROPOSED,
    QUOTAS,
    REASONS_OF,
    Offered,
    Part,
    Wanted,
    heads_a_section,
    heads_a_unit,
    pairs,
    scored,
)
from service.people.checks import CLASS_A, CLASS_B
from service.people.models import Leader, Liaison, Person
from service.people.queries import MAX_LIMIT, Page, as_id, matching, on_day, page
from service.talents.models import Talent
from service.talents.rules import eligibility

BATCH = 1000
"""So many links have their warnings looked up at once."""
MOST_PAIRS, MOST_OFFERED = 24, 1000
"""How many terms of a portfolio are searched for, and how many talents are then scored."""


# --- Links -----------------------------------------------------------------------------------------------------------


def serving(on: date) -> ColumnElement[bool]:
    """The condition that a link counts on that day, as ``Link.serves_on`` says it."""
    return and_(
        Link.status != PROPOSED,
        Link.starts_on <= on,
        or_(Link.ends_on.is_(None), Link.ends_on >= on),
        or_(Link.held_from.is_(None), Link.held_from > on),
    )


def visible_to(reader: Actor) -> ColumnElement[bool]:
    """The condition on ``Leader`` that the reader may see whom this leader serves.

    The Talent Office and auditors see all, liaison officers the leaders of their units, a leader the own posts.
    """
    if may(reader, "view_links_all"):
        return true()
    ways: list[ColumnElement[bool]] = []
    if units := reader.units_of(LIAISON):
        ways.append(Leader.unit_code.in_(units))
    if reader.has_role(LEADER) and reader.person_id is not None:
        ways.append(Leader.person_id == reader.person_id)
    return or_(*ways) if ways else false()


def get_link(session: Session, link_id: UUID | str, reader: Actor = SYSTEM) -> Link:
    """The link with that id; raises ``NotFound``, also where the reader may not see it."""
    key = as_id(link_id)
    link = session.scalars(_links().where(Link.id == key, visible_to(reader))).one_or_none() if key else None
    if link is None:
        raise NotFound("没有这条联系关系，请从列表中选择")
    return link


def search_links(
    session: Session,
    q: str | None = None,
    limit: int = 50,
    offset: int = 0,
    *,
    leader_id: UUID | str | None = None,
    talent_id: str | None = None,
    unit: str | None = None,
    klass: str | None = None,
    status: str | None = None,
    on: date | None = None,
    warned: bool = False,
    include_ended: bool = True,
    reader: Actor = SYSTEM,
) -> Page[Link]:
    """Links by the name of leader or talent, by class and the leader's name.

    ``on`` asks for those that count on that day, ``warned`` for those with warnings on that day (default today).
    """
    query = _links().where(visible_to(reader))
    of_leader, _ = matching(q, Person.search_key, Person.name, Person.initials)
    of_talent, _ = matching(q, Talent.search_key, Talent.name, Talent.initials)
    if of_leader is not None and of_talent is not None:
        query = query.join(Link.talent).where(or_(of_leader, of_talent))
    equal: dict[Any, object] = {
        Link.talent_id: talent_id,
        Leader.unit_code: unit,
        Leader.klass: klass,
        Link.status: status,
    }
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    if leader_id is not None:
        post = as_id(leader_id)
        query = query.where(Link.leader_id == post if post is not None else false())
    if on is not None:
        query = query.where(serving(on))
    elif not include_ended:
        query = query.where(Link.ends_on.is_(None))
    query = query.order_by(Leader.klass, Person.pinyin, Leader.id, Link.starts_on, Link.id)
    if not warned:
        return page(session, query, limit=limit, offset=offset)
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, offset)
    found = list(session.scalars(query.where(Link.status != ENDED)))
    warnings = link_warnings(session, found, on or clock.today())
    troubled = [link for link in found if warnings[link.id]]
    return Page(tuple(troubled[offset : offset + limit]), len(troubled), limit, offset)


def leaders_of(session: Session, talent_ids: Iterable[str], on: date) -> dict[str, tuple[Leader, ...]]:
    """Talent → the leaders who serve them on that day, class A first; one statement."""
    wanted = set(talent_ids)
    found: dict[str, list[Leader]] = {talent_id: [] for talent_id in wanted}
    if wanted:
        query = (
            select(Link.talent_id, Leader)
            .join(Leader, Leader.id == Link.leader_id)
            .where(Link.talent_id.in_(wanted), serving(on))
            .order_by(Leader.klass, Link.starts_on, Link.id)
        )
        for talent_id, leader in session.execute(query):
            found[talent_id].append(leader)
    return {talent_id: tuple(leaders) for talent_id, leaders in found.items()}


def talents_of(session: Session, leader_ids: Iterable[UUID], on: date) -> dict[UUID, tuple[Talent, ...]]:
    """Leader's post → the talents served on that day, by name; one statement."""
    wanted = set(leader_ids)
    found: dict[UUID, list[Talent]] = {leader_id: [] for leader_id in wanted}
    if wanted:
        query = (
            select(Link.leader_id, Talent)
            .join(Talent, Talent.id == Link.talent_id)
            .where(Link.leader_id.in_(wanted), serving(on))
            .order_by(Talent.pinyin, Talent.id)
        )
        for leader_id, talent in session.execute(query):
            found[leader_id].append(talent)
    return {leader_id: tuple(served) for leader_id, served in found.items()}


def served_ids(
    *, leader_id: UUID | str | None = None, person_id: UUID | None = None, on: date | None = None
) -> Select[str]:
    """The ids of the talents whom a leader's post, or a person in any post, serves on that day (default today).

    For ``search_talents(among=…)``.
    """
    query = select(Link.talent_id).where(serving(on or clock.today()))
    if leader_id is not None:
        post = as_id(leader_id)
        query = query.where(Link.leader_id == post if post is not None else false())
    if person_id is not None:
        query = query.where(Link.leader_id.in_(select(Leader.id).where(Leader.person_id == person_id)))
    return query


def _links() -> Select[Link]:
    return (
        select(Link)
        .join(Link.leader)
        .join(Leader.person)
        .options(contains_eager(Link.leader).contains_eager(Leader.person))
    )


# --- Warnings --------------------------------------------------------------------------------------------------------


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
        if link.status == HELD:
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


# --- Teams -----------------------------------------------------------------------------------------------------------


def standing_teams(session: Session, leader_ids: Iterable[UUID], on: date) -> dict[UUID, ServiceTeam]:
    """Leader's post → the service team that stands on that day, with its members; two statements."""
    wanted = set(leader_ids)
    if not wanted:
        return {}
    query = (
        select(ServiceTeam)
        .where(ServiceTeam.leader_id.in_(wanted), on_day(ServiceTeam.starts_on, ServiceTeam.ends_on, on))
        .options(selectinload(ServiceTeam.members))
        # One set and replaced on the same day leaves two rows for that day: the later one holds.
        .order_by(ServiceTeam.starts_on, ServiceTeam.created_at, ServiceTeam.ends_on.desc().nulls_last())
    )
    return {team.leader_id: team for team in session.scalars(query)}


def search_teams(
    session: Session,
    q: str | None = None,
    limit: int = 50,
    offset: int = 0,
    *,
    leader_id: UUID | str | None = None,
    unit: str | None = None,
    klass: str | None = None,
    on: date | None = None,
    reader: Actor = SYSTEM,
) -> Page[ServiceTeam]:
    """Service teams, by class and the leader's name, the newest of each leader first; three statements.

    ``on`` asks for those that stand on that day.
    """
    condition, _ = matching(q, Person.search_key, Person.name, Person.initials)
    query = (
        select(ServiceTeam)
        .join(ServiceTeam.leader)
        .join(Person, Person.id == Leader.person_id)
        .where(visible_to(reader))
        .options(contains_eager(ServiceTeam.leader), selectinload(ServiceTeam.members))
    )
    if condition is not None:
        query = query.where(condition)
    for column, value in ((Leader.unit_code, unit), (Leader.klass, klass)):
        if value is not None:
            query = query.where(column == value)
    if leader_id is not None:
        post = as_id(leader_id)
        query = query.where(ServiceTeam.leader_id == post if post is not None else false())
    if on is not None:
        query = query.where(on_day(ServiceTeam.starts_on, ServiceTeam.ends_on, on))
    query = query.order_by(Leader.klass, Person.pinyin, Leader.id, ServiceTeam.starts_on.desc(), ServiceTeam.id)
    return page(session, query, limit=limit, offset=offset)


# --- Quotas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """How many talents a leader serves on a day, and how many it should be (Q1, Q3).

    ``both``: the person leads in class A too, so that as class B nothing is required (L2).
    """

    leader: Leader
    required: int
    count: int
    both: bool

    @property
    def short(self) -> int:
        """How many talents are missing."""
        return max(0, self.required - self.count)


@dataclass(frozen=True, slots=True)
class QuotaTotal:
    """The leaders of one class on a day: how many, how many of them below their quota, how many links they have."""

    klass: str
    leaders: int
    short: int
    links: int


def quotas(
    session: Session,
    *,
    on: date,
    klass: str | None = None,
    unit: str | None = None,
    short_only: bool = False,
    limit: int = 50,
    offset: int = 0,
    reader: Actor = SYSTEM,
) -> Page[QuotaRow]:
    """Every leader who serves on that day with what the quota asks (Q1, Q3), those that lack most first.

    A person counts once a class, however many posts; at most three statements.
    """
    rows, _ = quota_report(
        session, on=on, klass=klass, unit=unit, short_only=short_only, limit=limit, offset=offset, reader=reader
    )
    return rows


def quota_report(
    session: Session,
    *,
    on: date,
    klass: str | None = None,
    unit: str | None = None,
    short_only: bool = False,
    limit: int = 50,
    offset: int = 0,
    reader: Actor = SYSTEM,
) -> tuple[Page[QuotaRow], tuple[QuotaTotal, ...]]:
    """``quotas`` and what they add up to by class, over all pages; at most three statements."""
    limit, offset = max(1, min(limit, MAX_LIMIT)), max(0, offset)
    tallies = _tallies(session, on, klass=klass, unit=unit, reader=reader)
    totals = tuple(
        QuotaTotal(one, len(mine), sum(tally.short > 0 for tally in mine), sum(tally.count for tally in mine))
        for one in (CLASS_A, CLASS_B)
        if (mine := [tally for tally in tallies if tally.klass == one])
    )
    wanted = sorted((tally for tally in tallies if tally.short or not short_only), key=lambda tally: tally.order)
    shown = wanted[offset : offset + limit]
    leaders = {
        leader.id: leader
        for leader in session.scalars(select(Leader).where(Leader.id.in_([tally.leader_id for tally in shown])))
    }
    rows = tuple(QuotaRow(leaders[tally.leader_id], tally.required, tally.count, tally.both) for tally in shown)
    return Page(rows, len(wanted), limit, offset), totals


@dataclass(frozen=True, slots=True)
class _Tally:
    leader_id: UUID
    klass: str
    count: int
    both: bool
    pinyin: str

    @property
    def required(self) -> int:
        return 0 if self.both else QUOTAS[self.klass]

    @property
    def short(self) -> int:
        return max(0, self.required - self.count)

    @property
    def order(self) -> tuple[Any, ...]:
        return (-self.short, self.klass, self.pinyin, self.leader_id)


def _tallies(session: Session, on: date, *, klass: str | None, unit: str | None, reader: Actor) -> list[_Tally]:
    """One for each person and class on that day; the first post stands for all of the class."""
    other = aliased(Leader)
    # Two links of the same post and talent never count on the same day, so that rows are talents.
    served = select(Link.leader_id, func.count().label("count")).where(serving(on)).group_by(Link.leader_id).subquery()
    above = select(other.person_id).where(other.klass == CLASS_A, on_day(other.starts_on, other.ends_on, on))
    query = (
        select(
            Leader.id,
            Leader.person_id,
            Leader.klass,
            func.coalesce(served.c.count, 0),
            Leader.person_id.in_(above),
            Person.pinyin,
        )
        .join(Person, Person.id == Leader.person_id)
        .outerjoin(served, served.c.leader_id == Leader.id)
        .where(on_day(Leader.starts_on, Leader.ends_on, on), visible_to(reader))
        .order_by(Leader.starts_on, Leader.id)
    )
    for column, value in ((Leader.klass, klass), (Leader.unit_code, unit)):
        if value is not None:
            query = query.where(column == value)
    found: dict[tuple[UUID, str], _Tally] = {}
    several: set[UUID] = set()
    for leader_id, person_id, its_class, count, leads_a, pinyin in session.execute(query):
        both = bool(leads_a) and its_class == CLASS_B
        tally = _Tally(leader_id, its_class, count, both, pinyin)
        if found.setdefault((person_id, its_class), tally) is not tally:
            several.add(person_id)
    if several:
        for (person_id, its_class), count in _of_several_posts(session, several, on).items():
            if (person_id, its_class) in found:
                found[person_id, its_class] = replace(found[person_id, its_class], count=count)
    return list(found.values())


def _of_several_posts(session: Session, people: set[UUID], on: date) -> dict[tuple[UUID, str], int]:
    """(Person, class) → how many talents are served through all posts of the class together."""
    query = (
        select(Leader.person_id, Leader.klass, func.count(Link.talent_id.distinct()))
        .join(Link, Link.leader_id == Leader.id)
        .where(Leader.person_id.in_(people), serving(on), on_day(Leader.starts_on, Leader.ends_on, on))
        .group_by(Leader.person_id, Leader.klass)
    )
    return {(person_id, klass): count for person_id, klass, count in session.execute(query)}


# --- Suggestions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A talent who may fit a leader; ``parts`` say how the score came about."""

    talent: Talent
    score: int
    parts: tuple[Part, ...]
    reason: str
    """The code of the reason that speaks most for it, of those that the leader's class knows."""


def suggestions(
    session: Session, *, leader_id: UUID | str, on: date, limit: int = 10, reader: Actor = SYSTEM
) -> list[Suggestion]:
    """Eligible talents who fit the leader by portfolio, stationed enterprise or platform (D1), best first.

    Those whom the leader serves are left out, those with another leader, be it only proposed, come lower. Five
    statements. Raises ``NotFound``, also where the reader may not see whom the leader serves.
    """
    key = as_id(leader_id)
    leader = session.scalars(select(Leader).where(Leader.id == key, visible_to(reader))).one_or_none() if key else None
    if leader is None:
        raise NotFound("没有这位联系领导，请从领导名录中选择")
    past = list(
        session.execute(
            select(Talent.id, Talent.name, Talent.employer, Talent.platform, Link.ends_on)
            .join(Link, Link.talent_id == Talent.id)
            .join(Leader, Leader.id == Link.leader_id)
            .where(Leader.person_id == leader.person_id)
        )
    )
    mine = [row for row in past if row.ends_on is None or row.ends_on >= on]
    unit = leader.unit
    wanted = Wanted(
        klass=leader.klass,
        portfolio=leader.portfolio or "",
        unit=leader.unit_code,
        unit_name=unit.name if unit is not None else "",
        town=unit.town if unit is not None else None,
        employers={row.employer: row.name for row in mine},
        platforms={row.platform: row.name for row in mine if row.platform},
        former=frozenset(row.id for row in past) - {row.id for row in mine},
    )
    offered = [talent for talent in _offered(session, wanted, {row.id for row in mine}) if not eligibility(talent, on)]
    serving_them = leaders_of(session, [talent.id for talent in offered], on)
    to_serve = _proposed_for(session, [talent.id for talent in offered])
    found = []
    for talent in offered:
        parts = scored(
            wanted,
            Offered(
                id=talent.id,
                employer=talent.employer,
                employer_unit=talent.employer_unit,
                town=talent.town,
                fields=talent.fields or "",
                platform=talent.platform,
                leaders=tuple(one.person.name for one in serving_them[talent.id]),
                proposed=to_serve.get(talent.id, ()),
            ),
        )
        if parts:
            known = REASONS_OF[leader.klass]
            reason = next((code for code, _, _ in parts if code in known), known[-1])
            found.append(Suggestion(talent, sum(points for _, points, _ in parts), parts, reason))
    found.sort(key=lambda one: (-one.score, one.talent.pinyin, one.talent.id))
    return found[: max(1, min(limit, MAX_LIMIT))]


def _proposed_for(session: Session, talent_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Talent → the names of those whose link waits for its team."""
    query = (
        select(Link.talent_id, Person.name)
        .join(Leader, Leader.id == Link.leader_id)
        .join(Person, Person.id == Leader.person_id)
        .where(Link.talent_id.in_(set(talent_ids)), Link.status == PROPOSED, Link.ends_on.is_(None))
        .order_by(Link.starts_on, Link.id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for talent_id, name in session.execute(query):
        found[talent_id] = (*found.get(talent_id, ()), name)
    return found


def _offered(session: Session, wanted: Wanted, mine: set[str]) -> Sequence[Talent]:
    """Talents of whom at least one principle may speak."""
    ways: list[ColumnElement[bool]] = [
        Talent.employer.in_(wanted.employers),
        Talent.platform.in_(wanted.platforms),
        Talent.id.in_(wanted.former),
    ]
    if wanted.unit is not None:
        ways.append(Talent.employer_unit == wanted.unit)
    if wanted.town is not None:
        ways.append(Talent.town == wanted.town)
    words = func.coalesce(Talent.fields, "") + Talent.employer + func.coalesce(Talent.platform, "")
    ways += [words.contains(pair, autoescape=True) for pair in sorted(pairs(wanted.portfolio))[:MOST_PAIRS]]
    query = select(Talent).where(Talent.active, Talent.in_district, or_(*ways))
    if mine:
        query = query.where(Talent.id.not_in(mine))
    return list(session.scalars(query.order_by(Talent.category.asc().nulls_last(), Talent.id).limit(MOST_OFFERED)))


# --- Rosters ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RosterChange:
    """What a version of a roster changes against the one before."""

    before: Roster | None
    added: tuple[RosterItem, ...]
    removed: tuple[RosterItem, ...]
    changed: tuple[tuple[RosterItem, RosterItem], ...]
    """(old, new) where the reason or its note differs."""


def search_rosters(
    session: Session,
    limit: int = 50,
    offset: int = 0,
    *,
    scope: str | None = None,
    status: str | None = None,
    reader: Actor = SYSTEM,
) -> Page[Roster]:
    """Versions of rosters, the Talent Office's first, the newest of each first; two statements."""
    query = select(Roster).where(_rosters_of(reader))
    for column, value in ((Roster.scope, scope), (Roster.status, status)):
        if value is not None:
            query = query.where(column == value)
    # No unit's code begins with a capital letter: the list of class A comes first.
    query = query.order_by((Roster.scope != CLASS_A), Roster.scope, Roster.version.desc())
    return page(session, query, limit=limit, offset=offset)


def get_roster(session: Session, roster_id: UUID | str, reader: Actor = SYSTEM) -> Roster:
    """The version of a roster with that id; raises ``NotFound``, also where the reader may not see it."""
    key = as_id(roster_id)
    query = select(Roster).where(Roster.id == key, _rosters_of(reader)).options(selectinload(Roster.items))
    roster = session.scalars(query).one_or_none() if key else None
    if roster is None:
        raise NotFound("没有这份名单，请从列表中选择")
    return roster


def roster_change(session: Session, roster: Roster) -> RosterChange:
    """The difference to the version before; two statements."""
    query = (
        select(Roster)
        .where(Roster.scope == roster.scope, Roster.version < roster.version)
        .order_by(Roster.version.desc())
        .limit(1)
        .options(selectinload(Roster.items))
    )
    before = session.scalars(query).one_or_none()
    old = {(item.leader_id, item.talent_id): item for item in (before.items if before else ())}
    new = {(item.leader_id, item.talent_id): item for item in roster.items}
    return RosterChange(
        before=before,
        added=tuple(item for key, item in new.items() if key not in old),
        removed=tuple(item for key, item in old.items() if key not in new),
        changed=tuple(
            (old[key], item)
            for key, item in new.items()
            if key in old and (old[key].reason, old[key].note) != (item.reason, item.note)
        ),
    )


def scope_links(session: Session, scope: str) -> list[Link]:
    """The links without an end that a roster of ``scope`` (``A`` or a unit's code) is about; one statement."""
    mine = Leader.klass == CLASS_A if scope == CLASS_A else and_(Leader.klass == CLASS_B, Leader.unit_code == scope)
    query = _links().join(Link.talent).where(mine, Link.ends_on.is_(None))
    return list(session.scalars(query.order_by(Person.pinyin, Leader.id, Talent.pinyin, Link.id)))


def _rosters_of(reader: Actor) -> ColumnElement[bool]:
    if may(reader, "view_links_all"):
        return true()
    units = reader.units_of(LIAISON)
    return Roster.scope.in_(units) if units else false()
