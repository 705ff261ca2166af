"""How often sign-ins fail, and who has to wait: counted so that whoever guesses locks out nobody but himself.

Failures are counted for a name at a *place*: a browser in which the name has signed in before, else an address. There
the name is locked after a few, for longer each time. Two slower counts stand behind that: of a name at all addresses
where it has not signed in lately, and of an address with all names. No name waits for them in a browser where it has.

One order of locks, so that nobody waits in a ring: the account (of several: by name), where the name has one; then the
counts of the place, of the address, of the name; then what is cleared away, which waits for nobody; then the journal.
Any other code that touches the counts of an account (``forget_failures``) locks the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, bindparam, delete, select, text, update
from sqlalchemy.orm import Session

from service.auth.models import SignInLock
from service.auth.rules import (
    ADDRESS_SHARE,
    ATTEMPTS,
    CLOCKS_DIFFER,
    FORGOTTEN_AFTER,
    LONGEST_LOCK,
    NAME_SHARE,
    REMEMBERED,
    lock_after,
    lock_key,
    normal_name,
)
from service.db import UtcDateTime

_FIRST = text(
    "INSERT INTO sign_in_lock (key, username, failures, since, last_try)"
    " VALUES (:key, :username, 0, :now, :now) ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime()), bindparam("username", type_=String()))


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many failures in a row a name waits at a place, and for how long at most."""

    attempts: int = ATTEMPTS
    longest_lock: timedelta = LONGEST_LOCK


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody tries to sign in: under which keys that is counted.

    ``slower`` are the counts behind that of the name ``here``: of the name where it has not signed in lately, of the
    address for a browser in which the name has not.
    """

    here: str
    slower: Mapping[str, int]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all counts at this place."""
        return (self.here, *self.slower)


def place_of(session: Session, username: str, address: str, browser: str | None, now: datetime) -> Place:
    """The place of a try from ``address`` with the browser's own id; one statement."""
    name = normal_name(username)
    at_address = lock_key("address", name, address)
    in_browser = lock_key("browser", name, browser) if browser else at_address
    query = select(SignInLock.key).where(SignInLock.key.in_((in_browser, at_address)))
    usual = set(session.scalars(query.where(SignInLock.used_at > now - REMEMBERED)))
    if in_browser in usual and browser:
        return Place(in_browser, {})
    slower = {lock_key("addresses", address): ADDRESS_SHARE}
    if at_address not in usual:
        slower[lock_key("name", name)] = NAME_SHARE
    return Place(at_address, slower)


def locked_until(session: Session, place: Place, now: datetime) -> datetime | None:
    """Until when nobody may try there; one statement."""
    found = select(SignInLock.locked_until).where(SignInLock.key.in_(place.keys), *_holds(now))
    return max((until for until in session.scalars(found) if until is not None), default=None)


def count_failure(
    session: Session, place: Place, *, username: str | None, now: datetime, limits: Limits
) -> tuple[int, datetime | None]:
    """Counts a failure; gives how many in a row there are at the place, and until when it is locked now.

    ``username`` is that of an account, None where there is none.
    """
    here = _counted(session, place.here, username, now, within=FORGOTTEN_AFTER, since_last=True)
    pause = lock_after(here.failures, limits.attempts, limits.longest_lock)
    here.locked_until = now + pause if pause else None
    until = here.locked_until
    for key, share in place.slower.items():
        whose = username if share == NAME_SHARE else None
        row = _counted(session, key, whose, now, within=limits.longest_lock)
        if row.failures >= limits.attempts * share:
            row.locked_until = row.since + limits.longest_lock
            until = max(row.locked_until, until or row.locked_until)
    session.flush()
    _clear_away(session, now)  # last: who waits for a row that goes here waits for nobody who waits for us
    return here.failures, until


def note_success(session: Session, place: Place, *, username: str, browser: str | None, now: datetime) -> None:
    """The place has become a usual one, and so has the browser; the failures there are forgotten."""
    in_browser = lock_key("browser", normal_name(username), browser) if browser else place.here
    for key in sorted({place.here, in_browser}):
        row = _row(session, key, username, now)
        row.failures, row.locked_until, row.since, row.last_try, row.used_at = 0, None, now, now, now
    session.flush()


def forget_failures(session: Session, username: str) -> None:
    """Ends every lock of an account, which the caller holds; its usual places stay what they are."""
    session.execute(
        update(SignInLock).where(SignInLock.username == username).values(failures=0, locked_until=None),
        execution_options={"synchronize_session": False},
    )


def locks_of(session: Session, usernames: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Until when those of the accounts are locked somewhere that are, after failed sign-ins; one statement."""
    query = select(SignInLock.username, SignInLock.locked_until).where(
        SignInLock.username.in_(list(usernames)), *_holds(now)
    )
    found: dict[str, datetime] = {}
    for username, until in session.execute(query):
        if username is not None and until is not None:
            found[username] = max(until, found.get(username, until))
    return found


def _holds(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition of a lock that holds: one of days to come was set by a clock that ran ahead, and holds nobody."""
    return SignInLock.locked_until > now, SignInLock.last_try <= now + CLOCKS_DIFFER


def _counted(
    session: Session, key: str, username: str | None, now: datetime, *, within: timedelta, since_last: bool = False
) -> SignInLock:
    """The row with this failure counted in; at a place they count anew when the last is long ago, else by window."""
    row = _row(session, key, username, now)
    begun = row.last_try if since_last else row.since
    if now - begun >= within or row.last_try > now + CLOCKS_DIFFER:
        row.failures, row.since = 0, now
    row.failures += 1
    row.last_try = now
    return row


def _row(session: Session, key: str, username: str | None, now: datetime) -> SignInLock:
    query = select(SignInLock).where(SignInLock.key == key).with_for_update()
    query = query.execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        session.execute(_FIRST, {"key": key, "username": username, "now": now})
        row = session.scalars(query).one()
    return row


def _clear_away(session: Session, now: datetime) -> None:
    """Drops some rows that say nothing any more."""
    old = select(SignInLock.key).where(
        SignInLock.last_try < now - FORGOTTEN_AFTER,
        SignInLock.used_at.is_(None) | (SignInLock.used_at < now - REMEMBERED),
    )
    session.execute(
        delete(SignInLock).where(SignInLock.key.in_(old.limit(100).with_for_update(skip_locked=True))),
        execution_options={"synchronize_session": False},
    )
