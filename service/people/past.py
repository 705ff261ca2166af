"""Leaders and units as the directory knew them at the end of a day: papers say the state of their day."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from service import clock
from service.history import HistoryEvent
from service.history.then import fields_then
from service.ids import as_id
from service.people.edits import leader_edits, person_edits, unit_edits
from service.people.models import Leader, Person, Unit
from service.people.rules import OFFICE


@dataclass(frozen=True, slots=True)
class LeaderThen:
    """The names of a leader and of the post at that time, and the code of the unit that served it."""

    name: str
    post: str
    unit_code: str | None


def leaders_then(session: Session, leaders: Iterable[Leader], on: date) -> dict[UUID, LeaderThen]:
    """Leader's post → how it was at the end of a day; at most one statement."""
    listed = list(leaders)
    edits = [edit for one in listed for edit in (person_edits(one.person), leader_edits(one))]
    before = fields_then(session, edits, on)
    found = {}
    for one in listed:
        person = before.get((f"person:{one.person_id}", None), {})
        post = before.get((f"person:{one.person_id}", str(one.id)), {})
        found[one.id] = LeaderThen(
            person.get("name", one.person.name), post.get("post", one.post), post.get("unit_code", one.unit_code)
        )
    return found


def leader_names_then(session: Session, leader_ids: Iterable[str], on: date) -> dict[str, str]:
    """Leader's post → the leader's name at the end of a day; one statement for today, else two."""
    keys = [key for key in map(as_id, leader_ids) if key is not None]
    if not keys:
        return {}
    if on < clock.today():
        posts = session.scalars(select(Leader).where(Leader.id.in_(keys)))
        return {str(key): one.name for key, one in leaders_then(session, posts, on).items()}
    named = select(Leader.id, Person.name).join(Person, Person.id == Leader.person_id).where(Leader.id.in_(keys))
    return {str(key): name for key, name in session.execute(named)}


def served_by_unit(session: Session, unit: str, on: date) -> ColumnElement[bool]:
    """The leaders' posts whose unit it was at the end of a day; at most two statements, none for today."""
    if on >= clock.today():
        return Leader.unit_code == unit
    then = leaders_then(session, session.scalars(select(Leader)), on)
    return Leader.id.in_([key for key, one in then.items() if one.unit_code == unit])


def unit_names_then(session: Session, on: date) -> dict[str, str]:
    """Code → name of every unit at the end of a day; at most two statements."""
    units = list(session.scalars(select(Unit)))
    before = fields_then(session, map(unit_edits, units), on)
    return {one.code: before.get((f"unit:{one.code}", None), {}).get("name", one.name) for one in units}


def units_owing_then(session: Session, on: date, also: Collection[str] = ()) -> list[Unit]:
    """The units in use at the end of a day that owed a liaison then (T4), or are ``also`` asked for; by name.

    Two statements beside that of the units.
    """
    units = list(session.scalars(select(Unit).order_by(Unit.pinyin, Unit.code)))
    before = fields_then(session, map(unit_edits, units), on)
    added = select(HistoryEvent.stream).where(HistoryEvent.kind == "unit_added", HistoryEvent.at >= clock.end_of(on))
    later = set(session.scalars(added))

    def owed(unit: Unit) -> bool:
        stream = f"unit:{unit.code}"
        then = {name: getattr(unit, name) for name in ("active", "is_member_unit", "kind")}
        then |= before.get((stream, None), {})
        owes = then["is_member_unit"] or then["kind"] == OFFICE
        return stream not in later and then["active"] and (owes or unit.code in also)

    return [unit for unit in units if owed(unit)]
