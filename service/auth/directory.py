"""The stamp of the directory, and what a process remembers under it (adr/0064).

The rights of a day stay the same for as long as accounts, tokens, second factors, roles granted, people, units, posts,
liaisons and substitutes do. Triggers of the database give the one row of ``directory_stamp`` another random number
with each change of them, and every transaction reads that number first: what a process has remembered under the number
is as true as if it were read again, and nothing else is given out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar, cast

from cachetools import LRUCache
from sqlalchemy import bindparam, event, select
from sqlalchemy.orm import Session, UOWTransaction

from service.auth.models import Account, DirectoryStamp, RoleGrant, SecondFactor, Token
from service.auth.roles import account_rules, roles_of
from service.db.lean import changes, sends
from service.db.looking import proved_by
from service.db.prepared import Prepared
from service.history import HistoryHead
from service.people.models import Leader, Liaison, Person, Substitute, Unit

MEMORY = "auth.memory"
"""Under what name a database's sessions (``session.info``) have its ``Memory``."""
LARGEST = 10_000
"""So many answers a process remembers at most."""
_READ = "auth.stamp"

WATCHED: Mapping[type[Any], tuple[str, ...]] = {
    Account: (
        "username",
        "person_id",
        "password_hash",
        "active",
        "demo",
        "oidc_issuer",
        "oidc_subject",
        "created_at",
        "password_set_at",
        "must_change_password",
    ),
    SecondFactor: ("username", "enrolled_at"),
    Token: ("sha256", "username", "expires_at", "revoked_at"),
    RoleGrant: ("username", "role", "unit_code", "starts_on", "ends_on", "revoked_at"),
    Person: ("id", "name", "unit_code", "active"),
    Unit: ("code", "active"),
    Leader: ("id", "person_id", "starts_on", "ends_on"),
    Liaison: ("unit_code", "person_id", "starts_on", "ends_on"),
    Substitute: ("person_id", "substitute_id", "starts_on", "ends_on", "withdrawn_at"),
}
"""Table → the columns whose change the triggers notice, beside rows that come and go."""
PASSED_OVER: Mapping[type[Any], tuple[str, ...]] = {
    Account: ("last_sign_in", "last_address", "failures_since"),
    SecondFactor: ("secret", "recovery", "last_step"),
    Token: ("label", "created_at", "last_used"),
    RoleGrant: ("id",),
    Person: ("pinyin", "initials", "post", "phone", "search_key"),
    Unit: ("name", "kind", "town", "is_member_unit", "pinyin", "initials", "search_key"),
    Leader: ("klass", "body", "unit_code", "duty", "post", "portfolio", "stationed"),
    Liaison: ("id", "named_at"),
    Substitute: ("id", "reason"),
}
"""The columns that say nothing of who may do what."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Memory:
    """The answers that one process knows of the directory, under one stamp and one set of settings."""

    def __init__(self) -> None:
        self._under: tuple[object, ...] = ()
        self._answers: LRUCache[Hashable, object] = LRUCache(LARGEST)
        self._used: LRUCache[str, datetime] = LRUCache(LARGEST)
        self._lock = Lock()

    def find(self, under: tuple[object, ...], question: Hashable) -> object | None:
        """The answer that was given ``under`` these very things; None where there is none."""
        with self._lock:
            return self._answers.get(question) if _same(self._under, under) else None

    def keep(self, under: tuple[object, ...], question: Hashable, answer: object) -> None:
        """Remembers an answer; all those under other things are forgotten."""
        with self._lock:
            if not _same(self._under, under):
                self._answers.clear()
                self._under = under
            self._answers[question] = answer

    def use(self, sha256: str, now: datetime) -> None:
        """A token was used, which is noted in the database too, and no stamp tells of."""
        with self._lock:
            self._used[sha256] = now

    def last_use(self, sha256: str) -> datetime | None:
        """When this process noted the token's use last."""
        with self._lock:
            return self._used.get(sha256)


def look(session: Session, stream: str) -> int:
    """Reads the stamp at the beginning of a transaction; gives the number of the last event of ``stream`` with it.

    One statement. 0 where there is no such stream.
    """
    given = {"stream": stream}
    [(stamp, seq)] = found = _LOOK.rows(session, given)
    proved_by(session, _LOOK, given, found)
    session.info[_READ] = stamp
    return seq or 0


def known(session: Session, question: Hashable, ask: Callable[[], T], *, anew: bool = False) -> T:
    """The answer of ``ask``, which reads the directory alone, remembered for as long as the directory is the same.

    ``question`` holds all that the answer depends on, the day too. An answer of None, or an error, is asked for again.
    A transaction that has changed the directory itself asks the database. ``anew``: whatever is remembered is too old
    in something that no stamp tells of, such as when a token was last used.
    """
    memory, under = _memory(session)
    if memory is None:
        return ask()
    found = None if anew else memory.find(under, question)
    if found is None:
        found = ask()
        if found is not None and session.info.get(_READ) == under[0]:
            memory.keep(under, question, found)
    return cast(T, found)


def known_each(session: Session, questions: Collection[K], ask: Callable[[list[K]], Mapping[K, T]]) -> dict[K, T]:
    """The answers to several questions, as ``known`` gives that to one; ``ask`` is asked once, for what is missing."""
    memory, under = _memory(session)
    found: dict[K, T] = {}
    if memory is not None:
        found = {one: cast(T, known) for one in questions if (known := memory.find(under, one)) is not None}
    if missing := [one for one in questions if one not in found]:
        answers = ask(missing)
        found |= answers
        if memory is not None and session.info.get(_READ) == under[0]:
            for question, answer in answers.items():
                memory.keep(under, question, answer)
    return found


def _memory(session: Session) -> tuple[Memory | None, tuple[object, ...]]:
    """The memory that the session may use, and under what; None where it has to ask the database."""
    memory: Memory | None = session.info.get(MEMORY)
    stamp: int | None = session.info.get(_READ)
    if memory is None or stamp is None or changes(session, WATCHED):
        return None, ()
    return memory, (stamp, roles_of(session), account_rules(session))


def moved(session: Session) -> None:
    """Says that the transaction has changed the directory by a statement, which no flush tells of."""
    session.info.pop(_READ, None)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether the stamps are equal, and roles and rules the very same objects: other settings come with others."""
    if len(one) != len(other):  # nothing is remembered yet
        return False
    (stamp, roles, rules), (told, others, theirs) = one, other
    return stamp == told and roles is others and rules is theirs


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _context: UOWTransaction) -> None:
    if _READ in session.info and sends(session, WATCHED):
        moved(session)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def _ended(session: Session) -> None:
    """Of the next transaction nobody has read a stamp yet."""
    moved(session)


_HEAD = select(HistoryHead.seq).where(HistoryHead.stream == bindparam("stream")).scalar_subquery()
_LOOK = Prepared(
    select(select(DirectoryStamp.stamp).where(DirectoryStamp.id == 1).scalar_subquery(), _HEAD), covered=True
)
