"""Names for what lists know by id: units, accounts, talents, leaders. One statement a kind, however long the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from service import clock
from service.auth import queries
from service.people.past import leader_names_then, unit_names_then
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
        leaders=leader_names_then(session, _given(leaders), day),
    )


def account_names(session: Session, usernames: Iterable[str | None]) -> dict[str, str]:
    """Sign-in name → name of the person behind it, or of whom a stand-in acted for."""
    wanted = _given(usernames)
    stood_in = {name for name in wanted if ":" in name}
    found = {name: said for name, said in SERVICE_NAMES.items() if name in wanted}
    wanted -= stood_in | SERVICE_NAMES.keys()
    found |= queries.account_names(session, wanted)
    return found | behalf_names(session, stood_in)


def _given(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}
