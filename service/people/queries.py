"""Reading the people side. Every list takes two statements, however long it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from service import clock
from service.db.lists import Page, called, matching, on_day, page, where
from service.db.memory import remembered
from service.errors import NotFound
from service.fields import UNIT_CODE
from service.ids import as_id
from service.people.filters import LeaderFilter, LiaisonFilter, PersonFilter, SubstituteFilter, UnitFilter
from service.people.models import Leader, Liaison, Person, Substitute, Unit
from service.spelling import plain, terms

OFFICE_KIND = "office"
"""The kind of the offices of the leading bodies (三办), as ``organization.toml`` calls it."""

T = TypeVar("T")


def find_unit(session: Session, code: str) -> Unit | None:
    """The unit with ``code``, or ``None``."""
    return session.get(Unit, code) if UNIT_CODE.fullmatch(code) else None


def get_unit(session: Session, code: str) -> Unit:
    """The unit with ``code``; raises ``NotFound``."""
    unit = find_unit(session, code)
    if unit is None:
        raise NotFound("没有这个单位，请从单位名录中选择")
    return unit


def owes_liaison() -> ColumnElement[bool]:
    """The condition on ``Unit`` that it must have a liaison: 三办 and the member units (T4), named yet or not."""
    return and_(Unit.active, or_(Unit.is_member_unit, Unit.kind == OFFICE_KIND))


def member_units(session: Session) -> list[str]:
    """The codes of the active member units, by name."""
    query = select(Unit.code).where(Unit.is_member_unit, Unit.active)
    return list(session.scalars(query.order_by(Unit.pinyin, Unit.code)))


def unit_names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """Code → name of those of ``codes`` that exist; one statement."""
    wanted = [code for code in set(codes) if UNIT_CODE.fullmatch(code)]
    return dict(session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(wanted))).all())


def all_unit_names(session: Session) -> dict[str, str]:
    """Code → name of every unit, also of those that are no longer there; one statement a transaction."""
    return dict(remembered(session, all_unit_names, lambda: session.execute(select(Unit.code, Unit.name)).all()))


def search_units(
    session: Session,
    wanted: UnitFilter = UnitFilter(),
    limit: int = 50,
    offset: int = 0,
) -> Page[Unit]:
    """A page of the units that are ``wanted``."""
    condition, order = matching(wanted.q, Unit.search_key, Unit.name, Unit.initials)
    query = where(select(Unit), {Unit.kind: wanted.kind, Unit.town: wanted.town}, condition)
    if wanted.member_units_only:
        query = query.where(Unit.is_member_unit)
    if not wanted.include_inactive:
        query = query.where(Unit.active)
    return page(session, query.order_by(*order, Unit.pinyin, Unit.code), limit=limit, offset=offset)


def called_for_short(session: Session, q: str, short_names: Mapping[str, Sequence[str]]) -> list[Unit]:
    """The units in use that have a short name with each word of a search; the shortest name first. One statement at
    most.

    ``short_names``: code → short names as ``spelling.plain`` makes them.
    """
    words = terms(q)
    lengths = {
        code: min(fitting)
        for code, names in short_names.items()
        if (fitting := [len(name) for name in names if words and all(word in name for word in words)])
    }
    if not lengths:
        return []
    found = session.scalars(select(Unit).where(Unit.code.in_(lengths), Unit.active))
    return sorted(found, key=lambda unit: (lengths[unit.code], unit.pinyin, unit.code))


def find_person(session: Session, person_id: UUID | str) -> Person | None:
    """The person with ``person_id`` (a text that is no id finds nobody), or ``None``."""
    key = as_id(person_id)
    return session.get(Person, key) if key else None


def get_person(session: Session, person_id: UUID | str) -> Person:
    """The person with ``person_id``; raises ``NotFound``."""
    person = find_person(session, person_id)
    if person is None:
        raise NotFound("没有这个人员，请从人员名录中选择")
    return person


def search_people(
    session: Session,
    wanted: PersonFilter = PersonFilter(),
    limit: int = 50,
    offset: int = 0,
) -> Page[Person]:
    """A page of the persons who are ``wanted``."""
    condition, order = matching(wanted.q, Person.search_key, Person.name, Person.initials)
    query = where(select(Person), {Person.unit_code: wanted.unit_code}, condition)
    if not wanted.include_inactive:
        query = query.where(Person.active)
    return page(session, query.order_by(*order, Person.pinyin, Person.id), limit=limit, offset=offset)


def namesakes(session: Session, *, name: str, unit_code: str | None, except_id: UUID | None = None) -> list[Person]:
    """Active persons of that name in the same unit, also with variants of its characters: maybe the same person; one
    statement."""
    query = select(Person).where(
        called(Person.search_key, plain(name)),
        Person.unit_code == unit_code if unit_code is not None else Person.unit_code.is_(None),
        Person.active,
    )
    if except_id is not None:
        query = query.where(Person.id != except_id)
    return list(session.scalars(query.order_by(Person.id).limit(20)))


def find_leader(session: Session, leader_id: UUID | str) -> Leader | None:
    """The leader post with ``leader_id``, or ``None``."""
    key = as_id(leader_id)
    return session.get(Leader, key) if key else None


def get_leader(session: Session, leader_id: UUID | str) -> Leader:
    """The leader post with ``leader_id``; raises ``NotFound``."""
    leader = find_leader(session, leader_id)
    if leader is None:
        raise NotFound("没有这位联系领导，请从领导名录中选择")
    return leader


def search_leaders(
    session: Session,
    wanted: LeaderFilter = LeaderFilter(),
    limit: int = 50,
    offset: int = 0,
) -> Page[Leader]:
    """A page of the leaders who are ``wanted``; class A first."""
    condition, order = matching(wanted.q, Person.search_key, Person.name, Person.initials)
    equal = {Leader.klass: wanted.klass, Leader.unit_code: wanted.unit_code, Leader.body: wanted.body}
    query = where(select(Leader).join(Leader.person), equal, condition)
    if not wanted.include_former:
        query = query.where(on_day(Leader.starts_on, Leader.ends_on, wanted.on or clock.today()))
    query = query.order_by(*order, Leader.klass, Person.pinyin, Leader.id)
    return page(session, query, limit=limit, offset=offset)


def leader_posts(session: Session, person_id: UUID, on: date | None = None) -> list[Leader]:
    """The leader posts that the person holds ``on`` that day (default today); one statement."""
    query = select(Leader).where(
        Leader.person_id == person_id, on_day(Leader.starts_on, Leader.ends_on, on or clock.today())
    )
    return list(session.scalars(query.order_by(Leader.klass, Leader.starts_on, Leader.id)))


def posts_of(session: Session, person_id: UUID) -> list[Leader]:
    """Every leader post of the person, former ones too, the newest first; one statement."""
    query = select(Leader).where(Leader.person_id == person_id)
    return list(session.scalars(query.order_by(Leader.starts_on.desc(), Leader.klass, Leader.id)))


def liaisons_of(session: Session, *, unit_code: str | None = None, person_id: UUID | None = None) -> list[Liaison]:
    """The terms of the unit's liaisons, or those of the person as a liaison, the newest first; one statement."""
    query = where(select(Liaison), {Liaison.unit_code: unit_code}, None)
    if person_id is not None:
        query = query.where(Liaison.person_id == person_id)
    newest = (Liaison.starts_on.desc(), Liaison.ends_on.is_not(None), Liaison.named_at.desc())
    return list(session.scalars(query.order_by(*newest)))


def find_liaison(session: Session, unit_code: str, on: date | None = None) -> Liaison | None:
    """The liaison of the unit ``on`` that day (default today), or ``None`` (T4)."""
    if not UNIT_CODE.fullmatch(unit_code):
        return None
    query = select(Liaison).where(
        Liaison.unit_code == unit_code, on_day(Liaison.starts_on, Liaison.ends_on, on or clock.today())
    )
    # One named and replaced on the same day leaves two rows for that day: the later one holds.
    return session.scalars(query.order_by(Liaison.starts_on.desc(), Liaison.named_at.desc()).limit(1)).first()


def liaisons_on(session: Session, unit_codes: Iterable[str], on: date) -> dict[str, Liaison]:
    """Unit → its liaison on that day, of those units that have one; one statement."""
    query = select(Liaison).where(
        Liaison.unit_code.in_(set(unit_codes)), on_day(Liaison.starts_on, Liaison.ends_on, on)
    )
    return {row.unit_code: row for row in session.scalars(query.order_by(Liaison.starts_on, Liaison.named_at))}


def get_liaison(session: Session, unit_code: str, on: date | None = None) -> Liaison:
    """Like ``find_liaison``; raises ``NotFound`` where the unit has none."""
    liaison = find_liaison(session, unit_code, on)
    if liaison is None:
        raise NotFound("该单位尚未指定联络员，请先由管理员或区人才办指定")
    return liaison


def search_liaisons(
    session: Session,
    wanted: LiaisonFilter = LiaisonFilter(),
    limit: int = 50,
    offset: int = 0,
) -> Page[Liaison]:
    """A page of the liaisons who are ``wanted``."""
    of_person, order = matching(wanted.q, Person.search_key, Person.name, Person.initials)
    of_unit, _ = matching(wanted.q, Unit.search_key, Unit.name, Unit.initials)
    condition = None if of_person is None or of_unit is None else or_(of_person, of_unit)
    query = where(
        select(Liaison).join(Liaison.person).join(Unit, Unit.code == Liaison.unit_code),
        {Liaison.unit_code: wanted.unit_code},
        condition,
    )
    if not wanted.include_former:
        query = query.where(Liaison.ends_on.is_(None))
    query = query.order_by(*order, Unit.pinyin, Liaison.starts_on.desc(), Liaison.id)
    return page(session, query, limit=limit, offset=offset)


def substitutes_of(session: Session, person_id: UUID, on: date) -> list[Substitute]:
    """The substitutes of the person ``on`` that day (代理); one statement."""
    return _substitutes(session, Substitute.person_id == person_id, on)


def represented_by(session: Session, person_id: UUID, on: date) -> list[Substitute]:
    """For whom the person may act ``on`` that day (代理); one statement."""
    return _substitutes(session, Substitute.substitute_id == person_id, on)


def substitutions_of(session: Session, person_id: UUID, on: date) -> list[Substitute]:
    """The declarations with the person on either side that hold on that day or later; one statement."""
    query = select(Substitute).where(
        or_(Substitute.person_id == person_id, Substitute.substitute_id == person_id),
        Substitute.withdrawn_at.is_(None),
        Substitute.ends_on >= on,
    )
    return list(session.scalars(query.order_by(Substitute.starts_on, Substitute.id)))


def get_substitute(session: Session, declaration_id: UUID | str) -> Substitute:
    """The declaration of a substitute; raises ``NotFound``."""
    key = as_id(declaration_id)
    found = session.get(Substitute, key) if key else None
    if found is None:
        raise NotFound("没有这项代理，请从代理名单中选择")
    return found


def search_substitutes(
    session: Session,
    wanted: SubstituteFilter = SubstituteFilter(),
    limit: int = 50,
    offset: int = 0,
) -> Page[Substitute]:
    """A page of the declarations that are ``wanted``, the newest first."""
    absent, acting = aliased(Person), aliased(Person)
    of_absent, _ = matching(wanted.q, absent.search_key, absent.name, absent.initials)
    of_acting, _ = matching(wanted.q, acting.search_key, acting.name, acting.initials)
    condition = None if of_absent is None or of_acting is None else or_(of_absent, of_acting)
    query = where(
        select(Substitute)
        .join(absent, absent.id == Substitute.person_id)
        .join(acting, acting.id == Substitute.substitute_id),
        {},
        condition,
    )
    if (one := wanted.person_id) is not None:
        query = query.where(or_(Substitute.person_id == one, Substitute.substitute_id == one))
    if not wanted.include_former:
        query = query.where(Substitute.withdrawn_at.is_(None), Substitute.ends_on >= (wanted.on or clock.today()))
    return page(session, query.order_by(Substitute.starts_on.desc(), Substitute.id), limit=limit, offset=offset)


def _substitutes(session: Session, whose: ColumnElement[bool], on: date) -> list[Substitute]:
    query = select(Substitute).where(
        whose, Substitute.withdrawn_at.is_(None), on_day(Substitute.starts_on, Substitute.ends_on, on)
    )
    return list(session.scalars(query.order_by(Substitute.starts_on, Substitute.id)))
