"""The talents of each reader: what a reader of cases and briefs may be told of, without naming a leader."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from service import clock
from service.liaisons.models import Link, ServiceTeam
from service.liaisons.queries import serving
from service.liaisons.rules import PROPOSED
from service.people.models import Leader
from service.rights import LEADER, LIAISON, Actor


def served_by(reader: Actor, on: date | None = None) -> Select[str] | None:
    """The ids of the talents whom the reader serves on a day (default today); ``None`` for who serves nobody (O4).

    A leader serves the talents of the own posts; a liaison those of the office's leaders, and of the leaders whose
    service team names the liaison.
    """
    ways: list[ColumnElement[bool]] = []
    if units := sorted(reader.units_of(LIAISON)):
        ways.append(Leader.unit_code.in_(units))
    if reader.person_id is not None and reader.has_role(LEADER):
        ways.append(Leader.person_id == reader.person_id)
    if reader.person_id is not None and units:
        teams = select(ServiceTeam.leader_id).where(
            ServiceTeam.liaison_id == reader.person_id, ServiceTeam.ends_on.is_(None)
        )
        ways.append(Leader.id.in_(teams))
    if not ways:
        return None
    leaders = select(Leader.id).where(or_(*ways))
    return select(Link.talent_id).where(Link.leader_id.in_(leaders), serving(on or clock.today()))


def served_within(leader_id: UUID, starts_on: date, ends_on: date) -> Select[str]:
    """The ids of the talents whom a leader's post serves on some day of a period."""
    return select(Link.talent_id).where(
        Link.leader_id == leader_id,
        Link.status != PROPOSED,
        Link.starts_on <= ends_on,
        or_(Link.ends_on.is_(None), Link.ends_on >= starts_on),
        or_(Link.held_from.is_(None), Link.held_from > starts_on),
    )
