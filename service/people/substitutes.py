"""Substitutes (代理): declared and taken back. None commits.

Both commands ask for the right and enter the journal of ``person:<id>``, of who is absent.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import clock, ids
from service.errors import Conflict, NotFound
from service.fields import Checks, held
from service.history.records import record
from service.people.access import require_other, shown_person
from service.people.fields import SUBSTITUTE
from service.people.models import Person, Substitute
from service.people.posts import overlaps
from service.people.queries import find_person, get_person, get_substitute
from service.rights import Actor, may, require


def declare_substitute(
    session: Session,
    *,
    person_id: UUID | str,
    substitute_id: UUID | str,
    starts_on: date,
    ends_on: date,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> Substitute:
    """``substitute_id`` may act for ``person_id`` from ``starts_on`` to ``ends_on``, both included (代理).

    For who is replaced, the liaison of that person's unit, the Talent Office and administrators; none of them declares
    oneself the substitute of somebody else. Raises ``NotAllowed``, ``NotFound``, ``Invalid`` for oneself or a wrong
    period, ``Conflict`` where the person has a substitute on one of the days.
    """
    person = _require_replaced(session, find_person(session, person_id), actor)
    if person.id != actor.person_id:
        require_other(actor, substitute_id, "指定代理人")
    substitute = get_person(session, substitute_id)
    checks = Checks()
    if person.id == substitute.id:
        checks.refuse("/substitute_id", "不能指定本人为自己的代理人")
    elif not substitute.active:
        checks.refuse("/substitute_id", f"{substitute.name}已离任，不能担任代理人")
    checks.period(starts_on, ends_on)
    if ends_on < clock.local(now).date():
        checks.refuse("/ends_on", "代理的结束日期已过，请填写今天或以后的日期")
    declared = Substitute(
        id=ids.new(),
        person=person,
        substitute=substitute,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=checks.optional_text("/reason", "事由", reason, 200),
    )
    checks.done()
    # Two declarations at once wait here for each other, so that both cannot pass the check.
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    there = select(Substitute).where(
        Substitute.person_id == person.id,
        Substitute.withdrawn_at.is_(None),
        overlaps(Substitute, starts_on, ends_on),
    )
    other = session.scalars(there.limit(1)).first()
    if other is not None:
        period = f"{other.starts_on.isoformat()} 至 {other.ends_on.isoformat()}"
        raise Conflict(f"{person.name}在 {period} 已指定{other.substitute.name}代理，请先撤销或改用其他日期")
    session.add(declared)
    session.flush()
    data = {"id": declared.id, "person_id": declared.person_id, **held(declared, SUBSTITUTE)}
    record(
        session,
        f"person:{person.id}",
        "substitute_declared",
        data,
        actor=actor,
        now=now,
    )
    return declared


def withdraw_substitute(session: Session, *, declaration_id: UUID, actor: Actor, now: datetime) -> Substitute:
    """Takes back a declared substitute at once.

    Raises ``NotAllowed``, ``NotFound``, and ``Conflict`` where there is nothing left to take back.
    """
    declared = get_substitute(session, declaration_id)
    if not may(actor, "view_directory", person_id=declared.person_id):
        raise NotFound("没有这项代理，请从代理名单中选择")
    _require_replaced(session, declared.person, actor)
    if declared.withdrawn_at is not None:
        raise Conflict("该代理已撤销或不存在")
    declared.withdrawn_at = now
    session.flush()
    data = {"id": declared.id, "substitute_id": declared.substitute_id}
    record(session, f"person:{declared.person_id}", "substitute_withdrawn", data, actor=actor, now=now)
    return declared


def _require_replaced(session: Session, person: Person | None, actor: Actor) -> Person:
    """The person, where ``actor`` may say who acts for that person."""
    found = shown_person(session, person.id if person is not None else "", actor)
    require(actor, "declare_substitute", unit=found.unit_code, person_id=found.id)
    return found
