"""The names of accounts, units, roles and picked records on any day of a case, also of what is no longer in use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.auth.models import Account
from service.clock import end_of
from service.config.editable import ORGANIZATION, STREAM
from service.history import Edits, HistoryEvent
from service.history.then import Kept, Record
from service.ids import as_id
from service.people.edits import person_edits, unit_edits
from service.people.models import Leader, Person, Unit
from service.processes.standing import OF_LEADER, OF_PERSON, OF_ROLE, OF_UNIT, behalf_names
from service.processes.wiring import wiring
from service.rights.actor import service_name
from service.talents.edits import talent_edits
from service.talents.models import Talent

PEOPLE, UNITS, LEADERS, TALENTS = "people", "units", "leaders", "talents"
NAMED_KINDS = frozenset({PEOPLE, UNITS, LEADERS, TALENTS})
"""The kinds of records whose earlier names the journal tells."""
_ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True)
class _Known:
    """The present name of a record, and where its earlier ones are told."""

    name: str
    record: Record
    kept: Kept


class NamesThen:
    """Finds the names that stood at the end of any day from ``since`` on. Two statements for each kind that is asked
    for, however many are asked for at once; none for what was asked for before."""

    def __init__(self, session: Session, since: date) -> None:
        self._session, self._since = session, since
        self._known: dict[str, dict[str, _Known | None]] = {}
        self._others: dict[str, str] = {}
        self._roles: list[tuple[datetime, Mapping[str, Any]]] | None = None

    def role(self, role: str | None, on: date) -> str:
        """The name of a role by the organization that was in force at the end of a day; of before the journal tells of
        one, by the first. Today's where none was ever told; empty for a role that nobody declared."""
        if not role:
            return ""
        if self._roles is None:
            told = select(HistoryEvent).where(HistoryEvent.stream == STREAM, HistoryEvent.kind == ORGANIZATION)
            events = self._session.scalars(told.order_by(HistoryEvent.seq))
            told_values = ((one.at, one.data.get("values")) for one in events)
            self._roles = [(at, values) for at, values in told_values if isinstance(values, Mapping)]
        before = [values for at, values in self._roles if at < end_of(on)] or [values for _, values in self._roles[:1]]
        name = before[-1].get(f"roles.{role}.name") if before else None
        return str(name) if name else wiring(self._session).role_name(role)

    def find(self, kind: str, keys: Iterable[str], on: date) -> dict[str, str]:
        """Key → name, of the records of one of ``NAMED_KINDS`` that there are."""
        return self._names(kind, set(keys), on)

    def people(self, usernames: Iterable[str], on: date) -> dict[str, str]:
        """Sign-in name → the person's name, else the sign-in name; also of whom somebody stood in for, by what the
        journal keeps of them (a leader, a unit, a role or a person)."""
        wanted = set(usernames)
        found = {one: name for one in wanted if (name := service_name(one)) is not None}
        found |= self._names(_ACCOUNTS, {one for one in wanted - found.keys() if ":" not in one}, on)
        for start, kind in ((OF_LEADER, LEADERS), (OF_UNIT, UNITS), (f"{OF_PERSON}:", PEOPLE)):
            keys = {one.removeprefix(start): one for one in wanted if one.startswith(start)}
            found |= {keys[key]: name for key, name in self._names(kind, set(keys), on).items()}
        accounts = {one.removeprefix(OF_PERSON): one for one in wanted - found.keys() if one.startswith(OF_PERSON)}
        found |= {accounts[key]: name for key, name in self._names(_ACCOUNTS, set(accounts), on).items()}
        roles = {one for one in wanted if one.startswith(OF_ROLE)}
        found |= {one: name for one in roles if (name := self.role(one.removeprefix(OF_ROLE), on))}
        left = {one for one in wanted - found.keys() if ":" in one}
        if left - self._others.keys():
            self._others |= behalf_names(self._session, left)
        return found | {one: self._others[one] for one in left if one in self._others}

    def _names(self, kind: str, keys: Collection[str], on: date) -> dict[str, str]:
        known = self._known.setdefault(kind, {})
        if lacking := set(keys) - known.keys():
            known |= dict.fromkeys(lacking) | _FIND[kind](self._session, lacking, self._since)
        found = {}
        for key in keys:
            if (one := known[key]) is not None:
                found[key] = str(one.kept.fields(one.record, on).get("name", one.name))
        return found


def _units(session: Session, codes: Collection[str], since: date) -> dict[str, _Known | None]:
    rows = {one.code: one for one in session.scalars(select(Unit).where(Unit.code.in_(codes)))}
    return _told(session, rows, unit_edits, since)


def _accounts(session: Session, usernames: Collection[str], since: date) -> dict[str, _Known | None]:
    query = select(Account).where(Account.username.in_(usernames)).options(joinedload(Account.person))
    rows = {one.username: one.person for one in session.scalars(query)}
    people = {username: person for username, person in rows.items() if person is not None}
    nobody = Kept(session, (), since)
    return {username: _Known(username, ("", None), nobody) for username in rows} | _told(
        session, people, person_edits, since
    )


def _people(session: Session, keys: Collection[str], since: date) -> dict[str, _Known | None]:
    found = session.scalars(select(Person).where(Person.id.in_(_ids(keys))))
    return _told(session, _by_key(keys, {one.id: one for one in found}), person_edits, since)


def _leaders(session: Session, keys: Collection[str], since: date) -> dict[str, _Known | None]:
    posts = session.scalars(select(Leader).where(Leader.id.in_(_ids(keys))).options(joinedload(Leader.person)))
    return _told(session, _by_key(keys, {one.id: one.person for one in posts}), person_edits, since)


def _talents(session: Session, keys: Collection[str], since: date) -> dict[str, _Known | None]:
    rows = {one.id: one for one in session.scalars(select(Talent).where(Talent.id.in_(keys)))}
    return _told(session, rows, talent_edits, since)


_FIND: Mapping[str, Callable[[Session, Collection[str], date], dict[str, _Known | None]]] = {
    UNITS: _units,
    PEOPLE: _people,
    LEADERS: _leaders,
    TALENTS: _talents,
    _ACCOUNTS: _accounts,
}


def _told(
    session: Session, rows: Mapping[str, Any], edits: Callable[[Any], Edits], since: date
) -> dict[str, _Known | None]:
    told = {key: edits(row) for key, row in rows.items()}
    kept = Kept(session, {one.stream: one for one in told.values()}.values(), since)
    return {key: _Known(rows[key].name, (one.stream, one.about), kept) for key, one in told.items()}


def _ids(keys: Collection[str]) -> list[Any]:
    return [found for key in keys if (found := as_id(key)) is not None]


def _by_key(keys: Collection[str], rows: Mapping[Any, Any]) -> dict[str, Any]:
    """The rows under the keys by which they were asked for."""
    return {key: rows[found] for key in keys if (found := as_id(key)) in rows}
