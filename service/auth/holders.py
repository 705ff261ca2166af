"""Single people who hold roles: how diagrams name one, who that is today, and who may be chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, String, cast, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from service.auth.models import Account
from service.auth.queries import grants_of, holdings, is_usable
from service.db.lists import matching
from service.ids import as_id
from service.people.models import Person, Unit

MOST_OFFERED = 20
LENGTH_OF_ID = 36
_OF_PERSON = ":"
"""The mark before the id of a person: no sign-in name begins with it."""


def key_of(value: object) -> str | None:
    """The key by which a task keeps its one person: a sign-in name as it is, a person's id marked; None for neither."""
    if not isinstance(value, str) or not value.strip():
        return None
    said = value.strip()
    found = as_id(said) if len(said) == LENGTH_OF_ID else None  # no sign-in name is as long
    return f"{_OF_PERSON}{found.hex}" if found is not None else said


def keys_of(username: str, person_id: UUID | None) -> tuple[str, ...]:
    """The keys under which tasks may be kept for somebody."""
    return (username,) if person_id is None else (username, f"{_OF_PERSON}{person_id.hex}")


_making = Lock()


def holders(on: date) -> CTE:
    """(username, key, role, unit) of every role that a usable account holds on the day, once for each of its keys.

    It is made of the very ``holdings`` of the day that a statement asks beside it: two of one name would not compile.
    """
    held = holdings(on)
    with _making:
        return _holders_of(held)


@lru_cache(maxsize=8)
def _holders_of(held: CTE) -> CTE:
    by_account = select(held.c.username, held.c.username.label("key"), held.c.role, held.c.unit)
    by_person = (
        select(held.c.username, _key_of_person(), held.c.role, held.c.unit)
        .join(Account, Account.username == held.c.username)
        .where(Account.person_id.is_not(None))
    )
    return union_all(by_account, by_person).cte("holders")


def _key_of_person() -> ColumnElement[str]:
    # a UUID is text without dashes on SQLite and a type of its own on PostgreSQL
    return literal(_OF_PERSON, String) + func.replace(cast(Account.person_id, String), "-", "")


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whom a diagram may name: ``post`` is unit and post in words, ``roles`` the codes of the roles held."""

    username: str
    name: str
    post: str
    roles: frozenset[str]
    usable: bool


def offered(session: Session, q: str, role: str, on: date) -> list[Holder]:
    """The usable accounts found by name, pinyin, initials, sign-in name or unit; who hold ``role`` stand first.

    At most MOST_OFFERED; three statements.
    """
    held = holdings(on)
    query = select(Account).join(Account.person).outerjoin(Unit, Unit.code == Person.unit_code)
    query = query.where(Account.active, Person.active, exists().where(held.c.username == Account.username))
    ways = [matching(q, Person.search_key, Person.name, Person.initials)[0]]
    ways.append(matching(q, Unit.search_key, Unit.name, Unit.initials)[0])
    found = [way for way in ways if way is not None]
    if found:
        query = query.where(or_(*found, Account.username.contains(q.strip().lower(), autoescape=True)))
    holds = exists().where(held.c.username == Account.username, held.c.role == role)
    query = query.order_by(holds.desc(), Person.pinyin, Account.username).limit(MOST_OFFERED)
    return _told(session, session.scalars(query).all(), on)


def named(session: Session, usernames: Collection[str], on: date) -> Mapping[str, Holder]:
    """The accounts of these sign-in names, also those that are no longer used; two statements."""
    if not usernames:
        return {}
    found = session.scalars(select(Account).where(Account.username.in_(usernames))).all()
    return {one.username: one for one in _told(session, found, on)}


def _told(session: Session, accounts: Sequence[Account], on: date) -> list[Holder]:
    held = grants_of(session, [one.username for one in accounts], on)
    return [
        Holder(
            one.username,
            one.name,
            _post(one.person),
            frozenset(grant.role for grant in held[one.username]),
            is_usable(one),
        )
        for one in accounts
    ]


def _post(person: Person | None) -> str:
    if person is None:
        return ""
    return "，".join(part for part in (person.unit.name if person.unit else "", person.post or "") if part)


def person_words(session: Session, keys: Collection[str], on: date) -> Mapping[str, Holder]:
    """Key → who that is, known or not; three statements at most."""
    ids = {key: UUID(key.removeprefix(_OF_PERSON)) for key in keys if key.startswith(_OF_PERSON)}
    of = select(Account).where(Account.person_id.in_(ids.values()))
    accounts = {one.person_id: one.username for one in session.scalars(of)} if ids else {}
    usernames = {key: accounts.get(ids[key], "") if key in ids else key for key in keys}
    found = named(session, set(usernames.values()) - {""}, on)
    left = [one for key, one in ids.items() if usernames[key] not in found]
    people = {one.id: one for one in session.scalars(select(Person).where(Person.id.in_(left)))} if left else {}
    return {
        key: found[username] if username in found else _unknown(people.get(ids[key]) if key in ids else None)
        for key, username in usernames.items()
    }


def _unknown(person: Person | None) -> Holder:
    name = person.name if person is not None else "（没有这个人）"
    return Holder("", name, _post(person), frozenset(), False)
