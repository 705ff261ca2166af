"""Units and their liaisons: added, changed, named, ended. None commits.

Every command asks for the right and enters the journal of ``unit:<code>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from service import clock, ids
from service.config import Organization
from service.db.failures import conflicts
from service.errors import Conflict, Finding
from service.fields import Checks, Fields, chosen, defaults, held, merged, take
from service.history import require_version
from service.history.records import difference, record
from service.people.access import require_other
from service.people.edits import liaison_edits, unit_edits
from service.people.fields import UNIT
from service.people.leaving import Leaving, follow
from service.people.models import Leader, Liaison, Person, Unit
from service.people.posts import require_free
from service.people.queries import get_person, get_unit
from service.people.rules import unit_keys
from service.rights import LIAISON, Actor, require

CHANGED = tuple(one for one in UNIT if one.name != "code")
"""The fields of a unit that can be changed."""


def add_unit(session: Session, *, organization: Organization, actor: Actor, now: datetime, **fields: object) -> Unit:
    """A new unit (H1); ``fields`` are those of ``fields.UNIT``.

    Raises ``NotAllowed``, ``Invalid``, also for a kind or town unknown to ``organization``, and ``Conflict`` where the
    code or the name is taken.
    """
    require(actor, "manage_units")
    checks = Checks()
    values = take(_known(UNIT, organization), merged(checks, defaults(UNIT), fields), checks)
    checks.done()
    unit = Unit()
    _fill(unit, values)
    there = select(Unit.code, Unit.name).where(or_(Unit.code == unit.code, Unit.name == unit.name))
    for other_code, other_name in session.execute(there):
        path, message = (
            ("/code", f"单位代码“{unit.code}”已被{other_name}使用")
            if other_code == unit.code
            else ("/name", f"单位名称“{unit.name}”已被使用（代码 {other_code}）")
        )
        raise Conflict(f"{message}，请改用别的代码或名称", [Finding(path, f"{message}，请改用别的")])
    session.add(unit)
    with conflicts("单位代码或名称已被使用，请改用别的代码或名称"):
        session.flush()
    record(session, f"unit:{unit.code}", "unit_added", held(unit, UNIT), actor=actor, now=now)
    return unit


def update_unit(
    session: Session,
    *,
    code: str,
    changes: Mapping[str, object],
    version: int | None = None,
    organization: Organization,
    actor: Actor,
    now: datetime,
) -> Unit:
    """Changes fields of a unit (``CHANGED``); nothing is journaled when nothing differs.

    ``version`` is the one that was read: raises ``Stale`` where somebody changed the unit since, else what ``add_unit``
    does. Roles and tasks that people hold by a unit out of use go back.
    """
    require(actor, "manage_units")
    unit = get_unit(session, code)
    session.refresh(unit, with_for_update={"of": Unit})
    require_version(session, unit_edits(unit), version)
    before = held(unit, CHANGED)
    checks = Checks()
    values = take(_known(CHANGED, organization), merged(checks, before, changes), checks)
    if unit.active and not values["active"]:
        require_free(session, checks, Leader.unit_code == code, Liaison.unit_code == code, clock.local(now).date())
    checks.done()
    _fill(unit, values)
    with conflicts("单位名称已被使用，请改用别的名称"):
        session.flush()
    changed = difference(before, held(unit, CHANGED))
    if changed:
        record(session, f"unit:{code}", "unit_updated", changed, actor=actor, now=now)
    if not unit.active:
        follow(session, Leaving(unit_code=unit.code), actor, now)
    return unit


def name_liaison(
    session: Session,
    *,
    unit_code: str,
    person_id: UUID | str,
    starts_on: date | None = None,
    replace: bool = True,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Liaison:
    """Names the one liaison of a unit from ``starts_on`` (default: the day of ``now``); the former one ends (T4).

    Raises ``NotAllowed``, ``Conflict`` where the person is the unit's liaison already, the former one began later, or
    there is one and ``replace`` does not say that a change is meant, and ``Stale`` where another one was named since
    ``version`` was read.
    """
    require(actor, "name_liaison", unit=unit_code)
    if unit_code not in actor.units_of(LIAISON):
        require_other(actor, person_id, "指定联络员")
    unit, person = get_unit(session, unit_code), get_person(session, person_id)
    session.refresh(unit, with_for_update={"of": Unit})
    require_version(session, liaison_edits(unit), version)
    day = starts_on or clock.local(now).date()
    checks = Checks()
    checks.period(day, None)
    if not person.active:
        checks.refuse("/person_id", f"{person.name}已离任，不能担任联络员")
    if not unit.active:
        checks.refuse("/unit_code", f"{unit.name}已停用，不能指定联络员")
    checks.done()
    former = _end_liaison(session, unit, day, successor=person, replace=replace)
    liaison = Liaison(id=ids.new(), unit=unit, person=person, starts_on=day, ends_on=None, named_at=now)
    session.add(liaison)
    with conflicts(f"{unit.name}的联络员刚被他人更改，请刷新后重试"):
        session.flush()
    data = {
        "id": liaison.id,
        "unit": unit_code,
        "person_id": person.id,
        "starts_on": day,
        "former_person_id": former.person_id if former else None,
    }
    record(session, f"unit:{unit_code}", "liaison_named", data, actor=actor, now=now)
    if former is not None:
        _left(session, former, actor, now)
    return liaison


def end_liaison(session: Session, *, unit_code: str, ends_on: date, actor: Actor, now: datetime) -> Liaison:
    """Ends the service of a unit's liaison without a successor, as when the unit is closed. Raises ``NotAllowed``."""
    require(actor, "name_liaison", unit=unit_code)
    unit = get_unit(session, unit_code)
    former = _end_liaison(session, unit, ends_on + timedelta(days=1), successor=None)
    if former is None:
        raise Conflict(f"{unit.name}目前没有联络员")
    session.flush()
    data = {"id": former.id, "unit": unit_code, "person_id": former.person_id, "ends_on": ends_on}
    record(session, f"unit:{unit_code}", "liaison_ended", data, actor=actor, now=now)
    _left(session, former, actor, now)
    return former


def _end_liaison(
    session: Session, unit: Unit, until: date, *, successor: Person | None, replace: bool = True
) -> Liaison | None:
    """Ends the open service of the unit's liaison on the day before ``until``."""
    query = select(Liaison).where(Liaison.unit_code == unit.code, Liaison.ends_on.is_(None))
    former = session.scalars(query.with_for_update(of=Liaison)).first()
    if former is None:
        return None
    if successor is not None and former.person_id == successor.id:
        raise Conflict(f"{successor.name}已经是{unit.name}的联络员")
    if not replace:
        message = f"{unit.name}已有联络员{former.person.name}，一个单位只设一名"
        raise Conflict(f"{message}；确需更换请勾选“更换现任联络员”", [Finding("/replace", message)])
    if until < former.starts_on:
        message = f"现任联络员自 {former.starts_on.isoformat()} 起任职，新的日期不能早于这一天"
        raise Conflict(message, [Finding("/starts_on", message)])
    # Replaced on the very day of the naming: the former one keeps that day in the records.
    former.ends_on = max(former.starts_on, until - timedelta(days=1))
    session.flush()
    return former


def _left(session: Session, former: Liaison, actor: Actor, now: datetime) -> None:
    """With the office the former liaison's rights end (T4)."""
    follow(session, Leaving(former.person_id, former.unit_code, former.ends_on, liaison=True), actor, now)


def _known(fields: Fields, organization: Organization) -> Fields:
    """The fields with the kinds and towns that there are."""
    kinds = {code: one.name for code, one in organization.kinds.items()}
    towns = {code: one.name for code, one in organization.towns.items()}
    return chosen(fields, kinds=kinds, towns=towns)


def _fill(unit: Unit, values: Mapping[str, object]) -> None:
    for field, value in values.items():
        setattr(unit, field, value)
    for field, key in unit_keys(unit.code, unit.name).items():
        setattr(unit, field, key)
