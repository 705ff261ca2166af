"""Names for what lists know by id: units, accounts, talents, leaders. One statement a kind, however long the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.auth import Account
from service.ids import as_id
from service.people.models import Leader, Person
from service.people.past import leaders_then, unit_names_then
from service.people.queries import unit_names
from service.processes.standing import behalf_names
from service.rights import SERVICE_NAMES
from service.talents.past import names_then

Named = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Names:
    """Id → name of each kind; what is not known has none."""

    units: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    talents: dict[str, str] = field(default_factory=dict)
    leaders: dict[str, str] = field(default_factory=dict)

    def talent(self, talent_id: str | None) -> Named | None:
        """The talent as ``{id, name}``."""
        return {"id": talent_id, "name": self.talents.get(talent_id)} if talent_id else None

    def leader(self, leader_id: str | None) -> Named | None:
        """The leader as ``{id, name}``."""
        return {"id": leader_id, "name": self.leaders.get(leader_id)} if leader_id else None


def learn(
    session: Session,
    *,
    units: Iterable[str | None] = (),
    accounts: Iterable[str | None] = (),
    talents: Iterable[str | None] = (),
    leaders: Iterable[str | None] = (),
    on: date | None = None,
) -> Names:
    """The names of all these, as they were called ``on`` a day (default today); accounts by their present names.

    At most four statements, three more for a past day, none for a kind of which nothing is asked.
    """
    day = on or clock.today()
    past, wanted = day < clock.today(), _given(units)
    found = {} if not wanted else unit_names_then(session, day) if past else unit_names(session, wanted)
    return Names(
        units=found,
        accounts=account_names(session, accounts),
        talents=names_then(session, _given(talents), day),
        leaders=_leaders(session, _given(leaders), day),
    )


def account_names(session: Session, usernames: Iterable[str | None]) -> dict[str, str]:
    """Sign-in name → name of the person behind it, or of whom a stand-in acted for."""
    wanted = _given(usernames)
    stood_in = {name for name in wanted if ":" in name}
    found = {name: said for name, said in SERVICE_NAMES.items() if name in wanted}
    wanted -= stood_in | SERVICE_NAMES.keys()
    if wanted:
        named = (
            select(Account.username, func.coalesce(Person.name, Account.username).label("name"))
            .outerjoin(Person, Person.id == Account.person_id)
            .where(Account.username.in_(wanted))
        )
        found |= {row.username: row.name for row in session.execute(named)}
    return found | behalf_names(session, stood_in)


def _leaders(session: Session, wanted: set[str], on: date) -> dict[str, str]:
    keys = [key for key in map(as_id, wanted) if key is not None]
    if not keys:
        return {}
    if on < clock.today():
        posts = session.scalars(select(Leader).where(Leader.id.in_(keys)))
        return {str(key): one.name for key, one in leaders_then(session, posts, on).items()}
    named = select(Leader.id, Person.name).join(Person, Person.id == Leader.person_id).where(Leader.id.in_(keys))
    return {str(key): name for key, name in session.execute(named)}


def _given(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}
