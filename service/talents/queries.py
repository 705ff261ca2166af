"""Reading the registry of talents. Every list takes two statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from service import clock, history
from service.db.lists import Page, matching, page, where
from service.errors import Conflict, Finding, NotFound
from service.fields import held
from service.history import HistoryEvent
from service.ids import as_id
from service.people.models import Leader
from service.people.namesakes import CONFIRM
from service.rights import EMPLOYER, SYSTEM, Actor, may
from service.spelling import spell
from service.talents.fields import FIELDS
from service.talents.filters import TalentFilter, TeamFilter
from service.talents.masks import CONTACT_MASKS, IDENTITY_FIELDS, masked, redacted
from service.talents.models import Talent, TalentPhoto, TalentTeam, TalentTeamMember
from service.talents.rules import OPEN_TYPE, TALENT_ID, likeness

MOST_ALIKE = 50

_SORTED: Mapping[str, tuple[InstrumentedAttribute[Any], ...]] = {
    "name": (Talent.pinyin, Talent.id),
    "id": (Talent.id,),
    "employer": (Talent.employer, Talent.id),
    "category": (Talent.category, Talent.id),
    "confirmed": (Talent.confirmed_on, Talent.id),
    "updated": (Talent.updated_at, Talent.id),
}
"""The columns of each of ``SORTS``."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Somebody in the registry who may be the same person, and why."""

    talent: Talent
    why: str


def find_talent(session: Session, talent_id: str) -> Talent | None:
    """The talent with that id, in the registry or removed from it, or ``None``."""
    return session.get(Talent, talent_id) if TALENT_ID.fullmatch(talent_id) else None


def talents_by_id(session: Session, talent_ids: Collection[str]) -> list[Talent]:
    """Those of ``talent_ids`` that there are; at most one statement."""
    return list(session.scalars(select(Talent).where(Talent.id.in_(talent_ids)))) if talent_ids else []


def employed_by(units: Collection[str]) -> Select[str]:
    """The ids of the talents whose employers belong to these units."""
    return select(Talent.id).where(Talent.employer_unit.in_(units))


def called_like(word: str) -> Select[str]:
    """The ids of the talents whose name, id or employer holds a word as ``spelling.plain`` makes it."""
    return select(Talent.id).where(Talent.search_key.contains(word, autoescape=True))


def spelled(talent_id: Any) -> ColumnElement[str]:
    """The pinyin of the name of the talent with an id, a column of the statement around it."""
    return select(Talent.pinyin).where(Talent.id == talent_id).scalar_subquery()


def employer_units(session: Session, among: Select[str]) -> list[tuple[str, str | None]]:
    """(id, unit of the employer) of the talents whose ids a query gives; one statement."""
    query = select(Talent.id, Talent.employer_unit).where(Talent.id.in_(among))
    return [(talent_id, unit) for talent_id, unit in session.execute(query)]


def units_shown(reader: Actor) -> frozenset[str] | None:
    """The units whose talents alone the reader sees, an employer's own; ``None`` for everybody's (R8).

    A reader with no role today sees nobody: losing a right must not show more.
    """
    if reader.is_system or reader.roles - {EMPLOYER}:
        return None
    return reader.units_of(EMPLOYER)


def get_talent(session: Session, talent_id: str, reader: Actor = SYSTEM) -> Talent:
    """The talent with that id; raises ``NotFound``, also where the reader sees another employer's talents only."""
    talent, units = find_talent(session, talent_id), units_shown(reader)
    if talent is None or (units is not None and talent.employer_unit not in units):
        raise NotFound("人才信息库中没有这位人才，请从名单中选择")
    return talent


def search_talents(
    session: Session,
    wanted: TalentFilter = TalentFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    among: Select[str] | None = None,
    reader: Actor = SYSTEM,
) -> Page[Talent]:
    """A page of the talents who are ``wanted``.

    ``among`` selects the ids that are asked for, such as those of the talents that a leader serves. A search lists
    whole names first when sorted by name.
    """
    condition, order = matching(wanted.q, Talent.search_key, Talent.name, Talent.initials)
    equal = {
        Talent.category: wanted.category,
        Talent.type: wanted.type,
        Talent.town: wanted.town,
        Talent.employer_unit: wanted.employer_unit,
    }
    query = where(select(Talent), equal, condition)
    if (units := units_shown(reader)) is not None:
        query = query.where(Talent.employer_unit.in_(units))
    if among is not None:
        query = query.where(Talent.id.in_(among))
    if (day := wanted.confirmed_before) is not None:
        query = query.where(or_(Talent.confirmed_on.is_(None), Talent.confirmed_on < day))
    if wanted.eligible is not None:
        entitled = eligible_on(wanted.on or clock.today())
        query = query.where(entitled if wanted.eligible else not_(entitled))
    if not wanted.include_inactive:
        query = query.where(Talent.active)
    ordered, searched = query.order_by(*_order(wanted.sort, order)), condition is not None
    return page(session, ordered, limit=limit, offset=offset, key=Talent.id, searched=searched)


def _order(sort: str, rank: list[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    columns = _SORTED.get(sort.removeprefix("-"), _SORTED["name"])
    if columns is _SORTED["name"] and not sort.startswith("-"):
        return [*rank, *(column.asc() for column in columns)]
    # A missing value comes first on both databases, last when turned round.
    down = sort.startswith("-")
    return [column.desc().nulls_last() if down else column.asc().nulls_first() for column in columns]


def eligible_on(day: date) -> ColumnElement[bool]:
    """``rules.eligibility`` as a condition on ``Talent``; never unknown, so that its opposite finds all the others."""
    here = and_(
        Talent.active,
        Talent.in_district,
        or_(Talent.works_from.is_(None), Talent.works_from <= day),
        or_(Talent.works_until.is_(None), Talent.works_until >= day),
    )
    recognized = and_(
        Talent.category.is_not(None),
        or_(Talent.recognition_expires_on.is_(None), Talent.recognition_expires_on >= day),
    )
    approved = and_(Talent.type_approved_on.is_not(None), Talent.type_approved_on <= day)
    grouped = and_(Talent.type.is_not(None), or_(Talent.type != OPEN_TYPE, approved))
    return case((and_(here, or_(recognized, grouped)), true()), else_=false())


def duplicates(
    session: Session, *, name: str, id_tail: str | None, employer: str, except_id: str | None = None
) -> tuple[Duplicate, ...]:
    """Talents of the registry (also those taken off its lists) that may be the same person, likeliest first.

    Namesakes whose documents end differently are different people. One statement.
    """
    wanted, sounds = name.strip(), spell(name.strip()).sounds
    if not wanted:
        return ()
    heard = or_(*(Talent.search_key.contains(sound, autoescape=True) for sound in sounds if sound))
    # As long a name first: that spares the search through the keys of most.
    alike = or_(Talent.pinyin.in_(sounds), and_(func.length(Talent.name) == len(wanted), heard))
    if id_tail:
        alike = or_(alike, Talent.id_tail == id_tail)
    query = select(Talent).where(alike, Talent.id != (except_id or ""))
    likely = case((Talent.id_tail == id_tail, 0), (Talent.employer == employer, 1), (Talent.name == wanted, 2), else_=3)
    found = []
    for talent in session.scalars(query.order_by(likely, Talent.id).limit(MOST_ALIKE)):
        how = likeness(talent, name=wanted, employer=employer, id_tail=id_tail)
        if how is not None:
            found.append((how[0], Duplicate(talent, how[1])))
    return tuple(duplicate for _, duplicate in sorted(found, key=lambda one: (one[0], one[1].talent.id)))


def require_unlike(
    session: Session, *, name: str | None, id_tail: str | None, employer: str | None, except_id: str | None = None
) -> None:
    """Raises ``Conflict`` naming everybody in the registry who may be the same person."""
    found = duplicates(session, name=name or "", id_tail=id_tail, employer=employer or "", except_id=except_id)
    if found:
        findings = [
            Finding(CONFIRM, f"{one.talent.id} {one.talent.name}（{one.talent.employer}）：{one.why}") for one in found
        ]
        raise Conflict("人才信息库中可能已有此人，请先核对；确认不是同一人后再保存", findings)


def file_history(
    session: Session, talent: Talent, reader: Actor, leaders: Iterable[Leader] = ()
) -> list[tuple[HistoryEvent, dict[str, Any]]]:
    """Every change of the talent's file, in order, with its data as ``reader`` may see them; one statement."""
    contact, identity = sees_contact(reader, leaders, talent.employer_unit), may(reader, "view_talent_identity")
    return [
        (event, redacted(event.data, contact=contact, identity=identity))
        for event in history.stream_events(session, f"talent:{talent.id}")
    ]


def find_photo(session: Session, talent_id: str) -> TalentPhoto | None:
    """The photo of a talent, or ``None``."""
    return session.get(TalentPhoto, talent_id) if TALENT_ID.fullmatch(talent_id) else None


def has_photo(session: Session, talent_id: str) -> bool:
    """Whether there is a photo, without reading it."""
    return session.scalar(select(TalentPhoto.sha256).where(TalentPhoto.talent_id == talent_id)) is not None


def find_team(session: Session, team_id: UUID | str) -> TalentTeam | None:
    """The team with that id, or ``None``."""
    key = as_id(team_id)
    return session.get(TalentTeam, key) if key else None


def get_team(session: Session, team_id: UUID | str, reader: Actor = SYSTEM) -> TalentTeam:
    """The team with that id; raises ``NotFound``, also where the reader sees nobody of it."""
    team = find_team(session, team_id)
    if team is None or shown_of_teams(session, [team], reader) == frozenset():
        raise NotFound("没有这个团队，请从团队名单中选择")
    return team


def search_teams(
    session: Session,
    wanted: TeamFilter = TeamFilter(),
    limit: int = 50,
    offset: int = 0,
    *,
    reader: Actor = SYSTEM,
) -> Page[TalentTeam]:
    """A page of the teams that are ``wanted``; members come with them, in a statement.

    An employer is shown the teams to which an own talent belongs, found by an own lead's name only (R8).
    """
    of_team, order = matching(wanted.q, TalentTeam.search_key, TalentTeam.name, TalentTeam.initials)
    of_lead, _ = matching(wanted.q, Talent.search_key, Talent.name, Talent.initials)
    query = select(TalentTeam).join(TalentTeam.lead).options(selectinload(TalentTeam.members))
    if (units := units_shown(reader)) is not None:
        own = Talent.employer_unit.in_(units)
        belongs = select(TalentTeamMember.team_id).join(Talent, Talent.id == TalentTeamMember.talent_id).where(own)
        query = query.where(or_(own, TalentTeam.id.in_(belongs)))
        of_lead = and_(own, of_lead) if of_lead is not None else None
    if of_team is not None and of_lead is not None:
        query = query.where(or_(of_team, of_lead))
    if not wanted.include_inactive:
        query = query.where(TalentTeam.active)
    return page(session, query.order_by(*order, TalentTeam.pinyin, TalentTeam.id), limit=limit, offset=offset)


def shown_of_teams(session: Session, teams: Iterable[TalentTeam], reader: Actor) -> frozenset[str] | None:
    """The leads and members of ``teams`` whom the reader may know of, an employer's own; ``None`` for all (R8).

    One statement, none where all are shown.
    """
    units = units_shown(reader)
    if units is None:
        return None
    named = {one for team in teams for one in (team.lead_id, *(member.talent_id for member in team.members)) if one}
    own = select(Talent.id).where(Talent.id.in_(named), Talent.employer_unit.in_(units))
    return frozenset(session.scalars(own))


def team_history(session: Session, team: TalentTeam, reader: Actor) -> list[tuple[HistoryEvent, dict[str, Any]]]:
    """Every change of the team, in order; who belonged to it only for who may know of everybody (R8)."""
    hidden = () if units_shown(reader) is None else ("lead_id", "members")
    return [
        (event, {name: value for name, value in event.data.items() if name not in hidden})
        for event in history.stream_events(session, f"team:{team.id}")
    ]


def teams_of(session: Session, talent_id: str) -> list[TalentTeam]:
    """The teams in use that the talent leads or belongs to; one statement."""
    belongs = select(TalentTeamMember.team_id).where(TalentTeamMember.talent_id == talent_id)
    query = select(TalentTeam).where(
        TalentTeam.active, or_(TalentTeam.lead_id == talent_id, TalentTeam.id.in_(belongs))
    )
    return list(session.scalars(query.order_by(TalentTeam.pinyin, TalentTeam.id)))


def sees_contact(actor: Actor, leaders: Iterable[Leader] = (), unit: str | None = None) -> bool:
    """Whether ``actor`` may see the telephone number of a talent of ``unit``, whom ``leaders`` serve.

    Liaisons, the Talent Office and these leaders may, and who answers for the file at the talent's unit (R4).
    """
    right = "view_talent_contact"
    return may(actor, right, unit=unit) or any(may(actor, right, person_id=leader.person_id) for leader in leaders)


def phone_for(actor: Actor, talent: Talent, leaders: Iterable[Leader] = ()) -> str | None:
    """The telephone number as ``actor`` may see it: whole, or like ``138****0000``; ``leaders`` serve the talent."""
    if talent.phone is None or sees_contact(actor, leaders, talent.employer_unit):
        return talent.phone
    return masked(talent.phone)


def shown(actor: Actor, talent: Talent, leaders: Iterable[Leader] = ()) -> dict[str, Any]:
    """The fields of the file as ``actor`` may see them: private ones whole, masked, or none."""
    found = held(talent, FIELDS)
    if not sees_contact(actor, leaders, talent.employer_unit):
        found |= {name: mask(str(found[name])) for name, mask in CONTACT_MASKS.items() if found[name] is not None}
    if not may(actor, "view_talent_identity"):
        found |= dict.fromkeys(IDENTITY_FIELDS)
    return found


def visible(actor: Actor, talent: Talent, leaders: Sequence[Leader] = ()) -> dict[str, Any]:
    """The talent as ``actor`` may see it, the contact data masked where they must be.

    ``leaders`` are those who serve the talent (``liaisons.leaders_of``); ``leader_id`` names the first of them.
    """
    first = leaders[0] if leaders else None
    return {
        **shown(actor, talent, leaders),
        "id": talent.id,
        "pinyin": talent.pinyin,
        "initials": talent.initials,
        "employer_unit_name": talent.unit.name if talent.unit is not None else None,
        "type_approved_on": talent.type_approved_on,
        "confirmed_on": talent.confirmed_on,
        "leader_id": str(first.id) if first is not None else None,
        "leader_name": first.person.name if first is not None else None,
        "leaders": [
            {"id": str(leader.id), "name": leader.person.name, "class": leader.klass, "post": leader.post}
            for leader in leaders
        ],
    }
