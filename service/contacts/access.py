"""Rights to see and enter contacts, and to read the restricted notes (C4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from service import clock
from service.auth import acting_for
from service.contacts.models import Contact
from service.history import HistoryEvent
from service.history.notices import NOTICE
from service.ids import as_id
from service.liaisons.models import ServiceTeam
from service.people.models import Leader
from service.rights import Actor, may, require, units_with

OF_LEADERS = ("link_", "service_team_", "missed_interviews_")
"""How the kinds of entries begin that tell of a leader's work in the journal of a talent or of a person."""


def selves(session: Session, actor: Actor, now: datetime | None = None) -> list[Actor]:
    """The actor, and as whom else the actor may act today as a declared substitute (代理)."""
    day = clock.local(now).date() if now is not None else clock.today()
    return [actor] if actor.on_behalf_of or actor.is_system else [actor, *acting_for(session, actor, day)]


def acting_on_leader(session: Session, actor: Actor, right: str, leader: Leader, now: datetime) -> Actor:
    """The actor as who an operation concerning ``leader`` is done: in person, or for somebody on leave.

    The leader, the liaison of the leader's office, the liaison of the leader's service team and the Talent Office may.
    Raises ``NotAllowed``.
    """
    for one in selves(session, actor, now):
        if may(one, right, unit=leader.unit_code, person_id=leader.person_id) or _team_liaison(session, one, leader):
            return one
    require(actor, right, unit=leader.unit_code, person_id=leader.person_id)
    return actor


def acting_for_unit(session: Session, actor: Actor, right: str, unit: str, now: datetime) -> Actor:
    """The actor as who an operation of ``unit`` is done: in person, or for somebody on leave. Raises ``NotAllowed``."""
    for one in selves(session, actor, now):
        if may(one, right, unit=unit):
            return one
    require(actor, right, unit=unit)
    return actor


def require_sight(session: Session, actor: Actor, right: str) -> None:
    """Raises ``NotAllowed`` unless the actor, or who the actor stands in for, has the ``right`` to see."""
    if not any(may(one, right) for one in selves(session, actor)):
        require(actor, right)


def leaders_clause(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Leader`` that the actor may see the leader's contacts: own, one's office's, or all."""
    mine = selves(session, actor)
    if any(may(one, "view_contacts") for one in mine):
        return true()
    return _close_to(mine, "view_contacts")


def recorders(mine: Sequence[Actor]) -> ColumnElement[bool]:
    """The condition on ``Leader`` that one of ``mine`` enters the leader's contacts, as ``acting_on_leader`` checks."""
    return true() if any(may(one, "record_contacts") for one in mine) else _close_to(mine, "record_contacts")


def readable(
    session: Session, actor: Actor, entries: Iterable[tuple[HistoryEvent, Mapping[str, Any]]]
) -> list[tuple[HistoryEvent, Mapping[str, Any]]]:
    """The entries of a talent's or a person's journal without those of leaders whose work the actor may not see.

    Notices are left out: they change nothing of the record, and concern whom they are addressed to.

    A link's reasons and handover notes, service teams and missed interviews are not for everybody who may look a talent
    or a person up. One statement.
    """
    listed = [(event, data, _leaders_told(event)) for event, data in entries if event.kind != NOTICE]
    asked = {one for _, _, told in listed for one in told}
    if not asked:
        return [(event, data) for event, data, _ in listed]
    seen = set(session.scalars(select(Leader.id).where(Leader.id.in_(asked), leaders_clause(session, actor))))
    return [(event, data) for event, data, told in listed if not told or not seen.isdisjoint(told)]


def _leaders_told(event: HistoryEvent) -> set[UUID]:
    if not event.kind.startswith(OF_LEADERS):
        return set()
    named = (event.data.get(name) for name in ("leader_id", "from_leader_id"))
    return {key for one in named if isinstance(one, str) and (key := as_id(one)) is not None}


def visible(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Contact`` that the actor may see it; the restricted note is another matter."""
    if any(may(one, "view_contacts") for one in selves(session, actor)):
        return true()
    return Contact.leader_id.in_(select(Leader.id).where(leaders_clause(session, actor)))


def confidants(session: Session, actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Leader`` that the actor may read the restricted notes of the leader's contacts (C4).

    These are that leader, the leader's liaison and the Talent Office: nobody else, neither an administrator nor an
    auditor.
    """
    mine = selves(session, actor)
    if not actor.is_system and any(may(one, "view_restricted") for one in mine):
        return true()
    return _close_to(mine, "view_restricted")


def _close_to(mine: Sequence[Actor], right: str) -> ColumnElement[bool]:
    units = sorted({unit for one in mine for unit in units_with(one, right)})
    persons = sorted({one.person_id for one in mine if one.person_id is not None})
    teams = select(ServiceTeam.leader_id).where(ServiceTeam.liaison_id.in_(persons), ServiceTeam.ends_on.is_(None))
    return or_(Leader.unit_code.in_(units), Leader.person_id.in_(persons), Leader.id.in_(teams))


def _team_liaison(session: Session, actor: Actor, leader: Leader) -> bool:
    team = select(ServiceTeam.id).where(
        ServiceTeam.leader_id == leader.id, ServiceTeam.liaison_id == actor.person_id, ServiceTeam.ends_on.is_(None)
    )
    return actor.person_id is not None and session.scalar(team.limit(1)) is not None
