"""Reading the versions of rosters (Q2, Q4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, select, true
from sqlalchemy.orm import Session, selectinload

from service.db.lists import Page, on_day, page, where
from service.errors import NotFound
from service.history import HistoryEvent
from service.ids import as_id
from service.liaisons.filters import RosterFilter
from service.liaisons.models import Link, Roster, RosterItem
from service.liaisons.queries import scope_links
from service.liaisons.rules import DRAFT
from service.liaisons.steps import awaits_handover
from service.people.models import Leader, Person
from service.people.rules import CLASS_A, CLASS_B
from service.rights import SYSTEM, Actor, may, units_with


@dataclass(frozen=True, slots=True)
class RosterChange:
    """The changes of a version of a roster against the one before."""

    before: Roster | None
    added: tuple[RosterItem, ...]
    removed: tuple[RosterItem, ...]
    changed: tuple[tuple[RosterItem, RosterItem], ...]
    """(old, new) where the reason or its note differs."""


@dataclass(frozen=True, slots=True)
class DraftStart:
    """The beginning of the next version of a roster."""

    draft: Roster | None
    """The draft that is there already and would be rewritten."""
    lines: tuple[RosterItem | Link, ...]
    """The draft's lines, else the present links; nobody's whose post has ended."""
    waiting: tuple[Link, ...]
    """Links that wait for a handover: no list ends them."""


def search_rosters(
    session: Session,
    wanted: RosterFilter = RosterFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor = SYSTEM,
) -> Page[Roster]:
    """A page of the versions of rosters that are ``wanted``, the Talent Office's first, the newest of each first.

    Two statements.
    """
    query = select(Roster).where(_rosters_of(reader))
    query = where(query, {Roster.scope: wanted.scope, Roster.status: wanted.status}, None)
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


def draft_start(session: Session, scope: str, on: date, reader: Actor = SYSTEM) -> DraftStart:
    """The beginning of the draft of a list of ``scope`` on that day; at most four statements."""
    drafts = search_rosters(session, RosterFilter(scope=scope, status=DRAFT), 1, reader=reader).items
    present = scope_links(session, scope)
    waiting = [link for link in present if awaits_handover(link, on)]
    lines: list[RosterItem | Link] = [link for link in present if link not in waiting]
    if drafts:
        lines = [item for item in drafts[0].items if item.leader.serves_on(on)]
    return DraftStart(drafts[0] if drafts else None, tuple(lines), tuple(waiting))


def newest_roster(session: Session, scope: str) -> Roster | None:
    """The newest version of the list of ``scope``, whatever its status."""
    query = select(Roster).where(Roster.scope == scope).order_by(Roster.version.desc()).limit(1)
    return session.scalars(query.options(selectinload(Roster.items))).first()


def decided_since(session: Session, roster: Roster, moment: datetime) -> bool:
    """Whether the list was decided after ``moment``: by the journal, as the list itself tells its day only."""
    query = select(HistoryEvent.data).where(
        HistoryEvent.stream == f"roster:{roster.scope}",
        HistoryEvent.kind == "roster_decided",
        HistoryEvent.at > moment,
    )
    return any(data.get("id") == str(roster.id) for data in session.scalars(query))


def left_out(session: Session, roster: Roster, on: date) -> list[Leader]:
    """Serving leaders of the list's scope who are not on it; a leader in both classes is asked as A only (L2)."""
    mine = Leader.klass == CLASS_A
    if roster.scope != CLASS_A:
        above = select(Leader.person_id).where(Leader.klass == CLASS_A, on_day(Leader.starts_on, Leader.ends_on, on))
        mine = and_(Leader.klass == CLASS_B, Leader.unit_code == roster.scope, Leader.person_id.not_in(above))
    query = select(Leader).join(Leader.person).where(mine, on_day(Leader.starts_on, Leader.ends_on, on))
    listed = {item.leader_id for item in roster.items}
    return [one for one in session.scalars(query.order_by(Person.pinyin, Leader.id)) if one.id not in listed]


def _rosters_of(reader: Actor) -> ColumnElement[bool]:
    if may(reader, "view_links_all"):
        return true()
    units = units_with(reader, "view_links_all")
    return Roster.scope.in_(units) if units else false()
