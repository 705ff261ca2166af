"""The commands of the directory (``service.people``) for who has the right to them: pages and API call these.

Each asks the table of rights with the unit or person that the deed concerns, then does it. None commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, people
from service.auth.accounts import end_unit_grants
from service.auth.leaving import let_go, usernames_in, usernames_of
from service.config import Organization
from service.errors import NotAllowed, NotFound
from service.fields import Checks
from service.people import CLASS_A, Leader, Liaison, Person, Substitute, Unit
from service.people.queries import get_substitute
from service.rights import EMPLOYER, LIAISON, RESPONSIBLE_UNIT, Actor, may, require

MOVING = (RESPONSIBLE_UNIT, EMPLOYER)
"""Roles given by hand for a unit that end when the person moves to another one; the liaison's follows the directory."""


def add_unit(session: Session, *, organization: Organization, actor: Actor, now: datetime, **fields: Any) -> Unit:
    """``people.add_unit``; raises ``NotAllowed`` too, ``Invalid`` for a kind or town unknown to ``organization``."""
    require(actor, "manage_units")
    _known_codes(organization, fields)
    return people.add_unit(session, actor=actor, now=now, **fields)


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
    """``people.update_unit``; raises what ``add_unit`` does."""
    require(actor, "manage_units")
    _known_codes(organization, changes)
    unit = people.update_unit(session, code=code, changes=changes, version=version, actor=actor, now=now)
    if not unit.active:
        let_go(session, usernames_in(session, unit.code), actor, now)
    return unit


def add_person(session: Session, *, actor: Actor, now: datetime, **fields: Any) -> Person:
    """``people.add_person``; a liaison adds to the own unit only. Raises ``NotAllowed`` too."""
    require(actor, "manage_people", unit=fields.get("unit_code"))
    return people.add_person(session, actor=actor, now=now, **fields)


def update_person(
    session: Session,
    *,
    person_id: UUID | str,
    changes: Mapping[str, object],
    confirm_duplicate: bool = False,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Person:
    """``people.update_person``; who moves a person needs the right for both units. Raises ``NotAllowed`` too.

    What was given by hand for the former unit ends with the move, and claims on tasks with it.
    """
    person = people.get_person(session, person_id)
    require(actor, "manage_people", unit=person.unit_code)
    goal = changes.get("unit_code", person.unit_code)
    if goal != person.unit_code:
        require(actor, "manage_people", unit=goal if isinstance(goal, str) else None)
    before = person.unit_code
    person = people.update_person(
        session,
        person_id=person.id,
        changes=changes,
        confirm_duplicate=confirm_duplicate,
        version=version,
        actor=actor,
        now=now,
    )
    if before is not None and person.unit_code != before:
        until = clock.local(now).date() - timedelta(days=1)
        end_unit_grants(session, person_id=person.id, unit_code=before, until=until, roles=MOVING, actor=actor, now=now)
    let_go(session, usernames_of(session, person.id), actor, now)
    return person


def add_leader(session: Session, *, klass: str, actor: Actor, now: datetime, **fields: Any) -> Leader:
    """``people.add_leader``; a member unit keeps its own leaders of class B. Raises ``NotAllowed`` too."""
    require(actor, _keeping(klass), unit=fields.get("unit_code"))
    require_other(actor, fields.get("person_id"), "登记领导任职")
    return people.add_leader(session, klass=klass, actor=actor, now=now, **fields)


def update_leader(
    session: Session,
    *,
    leader_id: UUID | str,
    changes: Mapping[str, object],
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Leader:
    """``people.update_leader``; raises ``NotAllowed`` too."""
    leader = people.get_leader(session, leader_id)
    require_leader(actor, leader)
    goal = changes.get("unit_code", leader.unit_code)
    if goal != leader.unit_code:
        require(actor, _keeping(leader.klass), unit=goal if isinstance(goal, str) else None)
    return people.update_leader(session, leader_id=leader.id, changes=changes, version=version, actor=actor, now=now)


def correct_end(
    session: Session,
    *,
    leader_id: UUID | str,
    ends_on: date | None,
    reason: str,
    version: int | None = None,
    actor: Actor,
    now: datetime,
) -> Leader:
    """``people.correct_end``; raises ``NotAllowed`` too."""
    leader = people.get_leader(session, leader_id)
    require_leader(actor, leader)
    return people.correct_end(
        session, leader_id=leader.id, ends_on=ends_on, reason=reason, version=version, actor=actor, now=now
    )


def keeps_leader(actor: Actor, leader: Leader) -> bool:
    """Whether ``actor`` may change or end this post."""
    return may(actor, _keeping(leader.klass), unit=leader.unit_code)


def require_leader(actor: Actor, leader: Leader) -> None:
    """Raises ``NotAllowed`` unless ``keeps_leader`` says yes."""
    require(actor, _keeping(leader.klass), unit=leader.unit_code)


def name_liaison(session: Session, *, unit_code: str, actor: Actor, now: datetime, **fields: Any) -> Liaison:
    """``people.name_liaison``; with the office the former one's rights end (T4). Raises ``NotAllowed`` too."""
    require(actor, "name_liaison", unit=unit_code)
    if unit_code not in actor.units_of(LIAISON):
        require_other(actor, fields.get("person_id"), "指定联络员")
    # Who serves without an end is whom a successor replaces, whenever that one begins.
    former = next((one for one in people.liaisons_of(session, unit_code=unit_code) if one.ends_on is None), None)
    named = people.name_liaison(session, unit_code=unit_code, actor=actor, now=now, **fields)
    if former is not None:
        _end_grants(session, former, actor, now)
    return named


def end_liaison(session: Session, *, unit_code: str, ends_on: date, actor: Actor, now: datetime) -> Liaison:
    """``people.end_liaison``; raises ``NotAllowed`` too."""
    require(actor, "name_liaison", unit=unit_code)
    former = people.end_liaison(session, unit_code=unit_code, ends_on=ends_on, actor=actor, now=now)
    _end_grants(session, former, actor, now)
    return former


def declare_substitute(
    session: Session, *, person_id: UUID | str, actor: Actor, now: datetime, **fields: Any
) -> Substitute:
    """``people.declare_substitute``; raises ``NotAllowed`` too.

    For who is replaced, the liaison of that person's unit, the Talent Office and administrators; none of them declares
    oneself the substitute of somebody else.
    """
    person = _replaced(session, people.find_person(session, person_id), actor)
    if person.id != actor.person_id:
        require_other(actor, fields.get("substitute_id"), "指定代理人")
    return people.declare_substitute(session, person_id=person.id, actor=actor, now=now, **fields)


def withdraw_substitute(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Substitute:
    """``people.withdraw_substitute``; raises ``NotAllowed`` and ``NotFound`` too."""
    declared = get_substitute(session, declaration_id)
    if not may(actor, "view_directory", person_id=declared.person_id):
        raise NotFound("没有这项代理，请从代理名单中选择")
    _replaced(session, declared.person, actor)
    return people.withdraw_substitute(session, declaration_id=declaration_id, actor=actor, now=now)


def may_declare(actor: Actor, person: Person) -> bool:
    """Whether ``actor`` may declare, or take back, who acts for ``person``."""
    return may(actor, "declare_substitute", unit=person.unit_code, person_id=person.id)


def require_other(actor: Actor, person_id: object, deed: str) -> None:
    """Raises ``NotAllowed`` where somebody gives a right to oneself: another person must."""
    if actor.person_id is not None and str(person_id) == str(actor.person_id):
        raise NotAllowed(f"不能为自己{deed}，请由另一位有权限的人员办理")


def shown_person(session: Session, person_id: UUID | str, reader: Actor) -> Person:
    """The person, for who may read the directory, and for that person; raises ``NotFound`` for all others."""
    found = people.find_person(session, person_id)
    if found is None or not may(reader, "view_directory", person_id=found.id):
        raise NotFound("没有这个人员，请从人员名录中选择")
    return found


def _replaced(session: Session, person: Person | None, actor: Actor) -> Person:
    found = shown_person(session, person.id if person is not None else "", actor)
    require(actor, "declare_substitute", unit=found.unit_code, person_id=found.id)
    return found


def _known_codes(organization: Organization, fields: Mapping[str, object]) -> None:
    checks = Checks()
    for field, label, known in (("kind", "单位类别", organization.kinds), ("town", "镇街", organization.towns)):
        if fields.get(field) not in (None, ""):
            checks.choice(f"/{field}", label, fields[field], {code: one.name for code, one in known.items()})
    checks.done()


def _end_grants(session: Session, former: Liaison, actor: Actor, now: datetime) -> None:
    if former.ends_on is not None:
        end_unit_grants(
            session,
            person_id=former.person_id,
            unit_code=former.unit_code,
            until=former.ends_on,
            actor=actor,
            now=now,
        )
    let_go(session, usernames_of(session, former.person_id), actor, now)


def _keeping(klass: str) -> str:
    return "manage_leaders_a" if klass == CLASS_A else "manage_leaders_b"
