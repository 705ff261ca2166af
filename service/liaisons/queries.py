"""Reading who serves whom, and their teams. Every list takes a fixed number of statements, however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true
from sqlalchemy.orm import Session, contains_eager, selectinload

from service import clock
from service.db.lists import Page, matching, on_day, page, where
from service.errors import NotFound
from service.history import HistoryEvent, stream_events
from service.ids import as_id
from service.liaisons.filters import ServiceTeamFilter
from service.liaisons.models import Link, ServiceTeam
from service.liaisons.rules import ACTIVE, HELD, PROPOSED
from service.people.models import Leader, Person
from service.people.queries import find_leader
from service.people.rules import CLASS_A, CLASS_B
from service.rights import LEADER, SYSTEM, Actor, may, units_with
from service.talents.models import Talent
from service.talents.queries import eligible_on


def serving(on: date, link: type[Link] = Link) -> ColumnElement[bool]:
    """The condition that a link (or an alias of it) counts on that day, as ``Link.serves_on`` says it."""
    return and_(
        link.status != PROPOSED,
        link.starts_on <= on,
        or_(link.ends_on.is_(None), link.ends_on >= on),
        or_(link.held_from.is_(None), link.held_from > on),
    )


def visible_to(reader: Actor) -> ColumnElement[bool]:
    """The condition on ``Leader`` that the reader may see whom this leader serves.

    The Talent Office and auditors see all, liaison officers the leaders of their units, a leader the own posts.
    """
    if may(reader, "view_links_all"):
        return true()
    ways: list[ColumnElement[bool]] = []
    if units := units_with(reader, "view_links_all"):
        ways.append(Leader.unit_code.in_(units))
    if reader.has_role(LEADER) and reader.person_id is not None:
        ways.append(Leader.person_id == reader.person_id)
    return or_(*ways) if ways else false()


def get_link(session: Session, link_id: UUID | str, reader: Actor = SYSTEM) -> Link:
    """The link with that id; raises ``NotFound``, also where the reader may not see it."""
    key = as_id(link_id)
    link = (
        session.scalars(links_with_leaders().where(Link.id == key, visible_to(reader))).one_or_none() if key else None
    )
    if link is None:
        raise NotFound("没有这条联系关系，请从列表中选择")
    return link


def link_events(session: Session, link: Link) -> list[HistoryEvent]:
    """The entries of the journal about the link, its handover to the next one included, the oldest first."""
    told = stream_events(session, f"talent:{link.talent_id}")
    return [one for one in told if str(link.id) in (one.data.get("link_id"), one.data.get("from_link_id"))]


def sees_links(reader: Actor, leader: Leader) -> bool:
    """Whether the reader may see whom the leader serves, as ``visible_to`` says it of many; without a statement."""
    if may(reader, "view_links_all") or leader.unit_code in units_with(reader, "view_links_all"):
        return True
    return reader.has_role(LEADER) and reader.person_id == leader.person_id


def leaders_of(
    session: Session, talent_ids: Iterable[str], on: date, reader: Actor = SYSTEM
) -> dict[str, tuple[Leader, ...]]:
    """Talent → the leaders who serve them on that day, class A first, as far as the reader may know; one statement.

    Liaison officers may know of any talent, though of the links themselves they see their units' only.
    """
    wanted = set(talent_ids)
    known = true() if may(reader, "view_serving_leaders") else visible_to(reader)
    found: dict[str, list[Leader]] = {talent_id: [] for talent_id in wanted}
    if wanted:
        query = (
            select(Link.talent_id, Leader)
            .join(Leader, Leader.id == Link.leader_id)
            .where(Link.talent_id.in_(wanted), serving(on), known)
            .order_by(Leader.klass, Link.starts_on, Link.id)
        )
        for talent_id, leader in session.execute(query):
            found[talent_id].append(leader)
    return {talent_id: tuple(leaders) for talent_id, leaders in found.items()}


def concerned(session: Session, talent_id: str | None, leader_id: str | None, on: date) -> Sequence[Leader]:
    """The leaders who serve the talent on that day; where nobody does, the one named by the id of a post, while in
    office."""
    if serving_now := leaders_of(session, [talent_id or ""], on)[talent_id or ""]:
        return serving_now
    leader = find_leader(session, leader_id or "")
    return [leader] if leader is not None and leader.serves_on(on) else []


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
    *,
    leader_id: UUID | str | None = None,
    person_id: UUID | None = None,
    on: date | None = None,
    reader: Actor = SYSTEM,
) -> Select[str]:
    """The ids of the talents whom a leader's post, or a person in any post, serves on that day (default today).

    For ``search_talents(among=…)``; nobody where the ``reader`` may not see whom that leader serves.
    """
    query = select(Link.talent_id).where(serving(on or clock.today()))
    if leader_id is not None:
        post = as_id(leader_id)
        query = query.where(Link.leader_id == post if post is not None else false())
    if person_id is not None:
        query = query.where(Link.leader_id.in_(select(Leader.id).where(Leader.person_id == person_id)))
    if not may(reader, "view_links_all"):
        query = query.where(Link.leader_id.in_(select(Leader.id).where(visible_to(reader))))
    return query


def no_longer_eligible(session: Session, on: date, talent_id: str | None = None) -> list[Talent]:
    """The talents with a link who may not be asked to be served on that day (S1): all, or that one; one statement."""
    linked = select(Link.talent_id).where(Link.ends_on.is_(None), Link.status != PROPOSED)
    query = select(Talent).where(Talent.id.in_(linked), not_(eligible_on(on)))
    if talent_id is not None:
        query = query.where(Talent.id == talent_id)
    return list(session.scalars(query.order_by(Talent.id)))


def has_links(session: Session, leader_id: UUID) -> bool:
    """Whether a link was ever in the name of a leader's post."""
    return session.scalar(select(Link.id).where(Link.leader_id == leader_id).limit(1)) is not None


def links_of_talent(session: Session, talent_id: str) -> list[Link]:
    """The links of a talent that have no end, the oldest first."""
    query = select(Link).where(Link.talent_id == talent_id, Link.ends_on.is_(None))
    return list(session.scalars(query.order_by(Link.id)))


def links_left(leader_id: UUID | None) -> Select[Link]:
    """The links that an ended post leaves to a successor, the oldest first; none without a post."""
    mine = Link.leader_id == leader_id if leader_id is not None else false()
    query = select(Link).where(mine, Link.ends_on.is_(None), Link.status.in_((ACTIVE, HELD)))
    return query.order_by(Link.starts_on, Link.id)


def posts_with_links_left(session: Session, on: date, leader_id: UUID | None = None) -> set[UUID]:
    """The posts that ended by that day and whose links nobody has taken over: all, or that one."""
    ended = select(Leader.id).where(Leader.ends_on.is_not(None), Leader.ends_on <= on)
    query = select(Link.leader_id).where(
        Link.leader_id.in_(ended), Link.ends_on.is_(None), Link.status.in_((ACTIVE, HELD))
    )
    if leader_id is not None:
        query = query.where(Link.leader_id == leader_id)
    return set(session.scalars(query))


def scope_links(session: Session, scope: str, *, lock: bool = False) -> list[Link]:
    """The links without an end that a roster of ``scope`` (``A`` or a unit's code) is about; one statement.

    ``lock``: as they stand now, whatever was read before, and nobody else changes them before the transaction ends.
    """
    mine = Leader.klass == CLASS_A if scope == CLASS_A else and_(Leader.klass == CLASS_B, Leader.unit_code == scope)
    query = links_with_leaders().join(Link.talent).where(mine, Link.ends_on.is_(None))
    query = query.order_by(Person.pinyin, Leader.id, Talent.pinyin, Link.id)
    if lock:
        query = query.with_for_update(of=Link).execution_options(populate_existing=True)
    return list(session.scalars(query))


def links_with_leaders() -> Select[Link]:
    """Links joined with their leaders and the persons behind them, to be narrowed and ordered by these."""
    return (
        select(Link)
        .join(Link.leader)
        .join(Leader.person)
        .options(contains_eager(Link.leader).contains_eager(Leader.person))
    )


def standing_service_teams(session: Session, leader_ids: Iterable[UUID], on: date) -> dict[UUID, ServiceTeam]:
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


def search_service_teams(
    session: Session,
    wanted: ServiceTeamFilter = ServiceTeamFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor = SYSTEM,
) -> Page[ServiceTeam]:
    """A page of the service teams that are ``wanted``, by class and leader, the newest of each first; 3 statements."""
    condition, _ = matching(wanted.q, Person.search_key, Person.name, Person.initials)
    query = (
        select(ServiceTeam)
        .join(ServiceTeam.leader)
        .join(Person, Person.id == Leader.person_id)
        .where(visible_to(reader))
        .options(contains_eager(ServiceTeam.leader), selectinload(ServiceTeam.members))
    )
    query = where(query, {Leader.unit_code: wanted.unit, Leader.klass: wanted.klass}, condition)
    if wanted.leader_id is not None:
        post = as_id(wanted.leader_id)
        query = query.where(ServiceTeam.leader_id == post if post is not None else false())
    if wanted.on is not None:
        query = query.where(on_day(ServiceTeam.starts_on, ServiceTeam.ends_on, wanted.on))
    query = query.order_by(Leader.klass, Person.pinyin, Leader.id, ServiceTeam.starts_on.desc(), ServiceTeam.id)
    return page(session, query, limit=limit, offset=offset)
