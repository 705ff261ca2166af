"""小结: who was a unit's liaison when, and the contacts that they summed up in that time (T5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session, selectinload

from service import clock
from service.auth.models import Account
from service.contacts.access import selves, visible
from service.contacts.models import Contact
from service.db.lists import Page, page
from service.db.stretches import first_moment
from service.fields import condition
from service.ids import as_id
from service.people import heads_of
from service.people.models import Liaison
from service.rights import Actor, may, units_with

CONTACT, NEED = "contact", "need"
KINDS: Mapping[str, str] = MappingProxyType({CONTACT: "联系小结", NEED: "需求小结"})


@dataclass(frozen=True, slots=True)
class SummaryFilter:
    """The summaries of contacts or of needs: of one liaison, of the liaisons of a unit, of a period."""

    kind: str = condition(CONTACT, choices=KINDS)
    liaison: str | None = condition(note="id of the person")
    unit: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Stint:
    """The time of a liaison at a unit, from one moment to another (None: still there), and the account that writes.

    ``headed``: the reader is the head of that unit.
    """

    username: str
    person_id: UUID
    name: str
    unit: str
    unit_name: str
    begins: datetime
    ends: datetime | None
    headed: bool

    def holds(self, username: str, at: datetime) -> bool:
        """Whether something of this account and this moment is of the stint."""
        return username == self.username and self.begins <= at and (self.ends is None or at < self.ends)


def stints(session: Session, actor: Actor) -> list[Stint]:
    """The stints whose summaries the actor may read, by unit, the newest first; a fixed number of statements.

    A liaison reads their own and those of the unit's others, a head those of the unit, the Talent Office and auditors
    all.
    """
    query = select(Liaison, Account.username).join(Account, Account.person_id == Liaison.person_id)
    rows = session.execute(query.order_by(Liaison.unit_code, Liaison.starts_on.desc(), Liaison.id)).all()
    mine = selves(session, actor)
    everything = any(may(one, "view_contacts") for one in mine)
    persons = {one.person_id for one in mine if one.person_id is not None}
    own = {unit for one in mine for unit in units_with(one, "view_contacts")}
    heads = heads_of(session, {row.unit_code for row, _ in rows}, clock.today())
    headed = {unit for unit, person in heads.items() if person.id in persons}
    return [
        Stint(
            username,
            row.person_id,
            row.person.name,
            row.unit_code,
            row.unit.name,
            first_moment(row.starts_on),
            clock.end_of(row.ends_on) if row.ends_on is not None else None,
            row.unit_code in headed,
        )
        for row, username in rows
        if everything or row.person_id in persons or row.unit_code in own or row.unit_code in headed
    ]


def chosen(known: Sequence[Stint], wanted: SummaryFilter) -> list[Stint]:
    """Those of the stints that the filter asks for."""
    person = as_id(wanted.liaison) if wanted.liaison else None
    return [
        one
        for one in known
        if (wanted.unit is None or one.unit == wanted.unit) and (wanted.liaison is None or one.person_id == person)
    ]


def summed_up(
    session: Session, actor: Actor, of: Sequence[Stint], wanted: SummaryFilter, limit: int = 50, offset: int = 0
) -> Page[Contact]:
    """The contacts that were entered in these stints, of the period, the newest first: a fixed number of statements.

    Of units whose head the actor is all of them, of others those that the actor may see.
    """
    headed = _entered([one for one in of if one.headed])
    others = and_(visible(session, actor), _entered([one for one in of if not one.headed]))
    query = select(Contact).where(or_(headed, others), Contact.withdrawn_at.is_(None))
    if wanted.since is not None:
        query = query.where(Contact.held_on >= wanted.since)
    if wanted.until is not None:
        query = query.where(Contact.held_on <= wanted.until)
    query = query.order_by(Contact.held_on.desc(), Contact.id.desc()).options(selectinload(Contact.talents))
    return page(session, query, limit=limit, offset=offset)


def openable(session: Session, actor: Actor, contacts: Sequence[Contact]) -> frozenset[UUID]:
    """Those of the contacts whose own page the actor may see: a head reads a summary, not the record; one statement."""
    query = select(Contact.id).where(Contact.id.in_([one.id for one in contacts]), visible(session, actor))
    return frozenset(session.scalars(query)) if contacts else frozenset()


def _entered(of: Sequence[Stint]) -> ColumnElement[bool]:
    ways = [
        and_(
            Contact.entered_by == one.username,
            Contact.entered_at >= one.begins,
            *([Contact.entered_at < one.ends] if one.ends is not None else []),
        )
        for one in of
    ]
    return or_(false(), *ways)
