"""Persons: added and changed. None commits.

Every command asks for the right and enters the journal of ``person:<id>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from service import clock, ids
from service.db.failures import conflicts
from service.fields import Checks, defaults, held, merged, take
from service.history import require_version
from service.history.records import difference, record
from service.people.edits import person_edits
from service.people.fields import PERSON
from service.people.leaving import Leaving, follow
from service.people.models import Leader, Liaison, Person, Unit
from service.people.namesakes import require_unlike
from service.people.posts import locked_person, require_free
from service.people.queries import get_person
from service.people.rules import person_keys
from service.rights import Actor, require


def add_person(
    session: Session,
    *,
    confirm_duplicate: bool = False,
    person_id: UUID | None = None,
    actor: Actor,
    now: datetime,
    **fields: object,
) -> Person:
    """A new person; ``fields`` are those of ``fields.PERSON``. A liaison adds to the own unit only.

    ``person_id`` gives a reproducible id (demonstration). Raises ``NotAllowed``, ``Invalid``, and ``Conflict`` naming
    the persons of that name in the same unit, unless ``confirm_duplicate`` says that it is none of them: two persons
    may share a name.
    """
    unit_code = fields.get("unit_code")
    require(actor, "manage_people", unit=unit_code if isinstance(unit_code, str) else None)
    checks = Checks()
    values = take(PERSON, merged(checks, defaults(PERSON), fields), checks)
    checks.done()
    _require_unit(session, values["unit_code"])
    if not confirm_duplicate:
        require_unlike(session, name=values["name"], unit_code=values["unit_code"])
    person = Person(id=person_id or ids.new())
    _fill(person, values)
    session.add(person)
    with conflicts("该人员已经登记过，请刷新后重试"):
        session.flush()
    data = {"id": person.id, **held(person, PERSON)}
    record(session, f"person:{person.id}", "person_added", data, actor=actor, now=now)
    return person


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
    """Changes fields of a person (``fields.PERSON``); nothing is journaled when nothing differs.

    A move needs the right for both units. Grants by hand for the former unit end with the move, and so do claims on
    tasks. ``version`` is the one that was read: raises ``Stale`` where somebody changed the person since, else what
    ``add_person`` does: who gets the name of somebody in the same unit must be confirmed.
    """
    person = get_person(session, person_id)
    require(actor, "manage_people", unit=person.unit_code)
    goal = changes.get("unit_code", person.unit_code)
    if goal != person.unit_code:
        require(actor, "manage_people", unit=goal if isinstance(goal, str) else None)
    locked_person(session, person.id)
    session.refresh(person, [one.name for one in PERSON])
    require_version(session, person_edits(person), version)
    before = held(person, PERSON)
    checks = Checks()
    values = take(PERSON, merged(checks, before, changes), checks)
    today = clock.local(now).date()
    if person.active and not values["active"]:
        require_free(session, checks, Leader.person_id == person.id, Liaison.person_id == person.id, today)
    checks.done()
    if values["unit_code"] != before["unit_code"]:
        _require_unit(session, values["unit_code"])
    renamed = any(values[field] != before[field] for field in ("name", "unit_code", "active")) and values["active"]
    if renamed and not confirm_duplicate:
        require_unlike(session, name=values["name"], unit_code=values["unit_code"], except_id=person.id)
    _fill(person, values)
    session.flush()
    changed = difference(before, held(person, PERSON))
    if changed:
        session.expire(person, ["unit"])
        record(session, f"person:{person.id}", "person_updated", changed, actor=actor, now=now)
    former = before["unit_code"] if person.unit_code != before["unit_code"] else None
    left = Leaving(person.id, str(former), today - timedelta(days=1)) if former is not None else Leaving(person.id)
    follow(session, left, actor, now)
    return person


def _fill(person: Person, values: Mapping[str, object]) -> None:
    for field, value in values.items():
        setattr(person, field, value)
    for field, key in person_keys(person.name, person.post).items():
        setattr(person, field, key)


def _require_unit(session: Session, code: object) -> None:
    checks = Checks()
    if isinstance(code, str) and session.get(Unit, code) is None:
        checks.refuse("/unit_code", "没有这个单位，请从单位名录中选择")
    checks.done()
