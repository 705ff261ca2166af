"""Sessions of the pages: which browsers are signed in, kept here and nowhere else.

A cookie holds a random key, the table its SHA-256. A session ends by signing out, by idling, at its age, with a changed
password, with its account: in every process at once, because there is nothing else that says it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from service import clock
from service.auth.models import Account, WebSession
from service.auth.queries import actor_of_account, token_hash
from service.config.trust import SessionLimits
from service.errors import NotAllowed
from service.rights import Actor

COOKIE, BROWSER_COOKIE = "liaison_session", "liaison_browser"
"""The cookies of the session, and of the browser's own id, by which a usual place of signing in is known."""
ENDED = "登录已失效，请重新登录"
SEEN_EVERY = timedelta(minutes=1)
LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The account that owns the session. ``stale``: its last use should be noted (``note_session_use``)."""

    actor: Actor
    sha256: str
    way: str
    must_change_password: bool
    stale: bool


def begin_session(session: Session, *, username: str, way: str, address: str, now: datetime) -> str:
    """A new session; gives the key for its cookie, which is known to nobody else."""
    key = token_urlsafe(32)
    row = WebSession(
        sha256=token_hash(key), username=username, way=way, address=address[:64], created_at=now, last_seen=now
    )
    session.add(row)
    session.flush()
    return key


def find_signed_in(
    session: Session, key: str, now: datetime, limits: SessionLimits, longest_age: timedelta | None = None
) -> SignedIn:
    """The account that is signed in with the cookie's ``key``; two statements. Raises ``NotAllowed``.

    A password older than ``longest_age`` must be changed, as must one that somebody else chose.
    """
    row = session.execute(_BY_KEY, {"sha256": token_hash(key)}).first() if len(key) <= LONGEST_KEY else None
    if row is None or _over(row[0], now, limits):
        raise NotAllowed(ENDED)
    entry, account = row
    actor = actor_of_account(session, account, clock.local(now).date())
    by_password = account.password_hash is not None and entry.way == PASSWORD
    old = longest_age is not None and now - (account.password_set_at or account.created_at) > longest_age
    must_change = by_password and (account.must_change_password or (old and not account.demo))
    return SignedIn(actor, entry.sha256, entry.way, must_change, stale=now - entry.last_seen >= SEEN_EVERY)


def note_session_use(session: Session, sha256: str, now: datetime) -> None:
    """The session was used; what happened earlier never takes the place of what happened later."""
    session.execute(
        update(WebSession).where(WebSession.sha256 == sha256, WebSession.last_seen < now).values(last_seen=now),
        execution_options={"synchronize_session": False},
    )


def end_session(session: Session, key: str) -> None:
    """Ends the session of a cookie."""
    _end(session, WebSession.sha256 == token_hash(key))


def end_sessions(session: Session, username: str, *, but: str | None = None) -> None:
    """Ends every session of an account, but for the one with the SHA-256 ``but``."""
    _end(session, WebSession.username == username, WebSession.sha256 != (but or ""))


def end_all_sessions(session: Session) -> None:
    """Everybody signs in anew."""
    _end(session)


def list_sessions(session: Session, username: str, now: datetime, limits: SessionLimits) -> list[WebSession]:
    """Where an account is signed in, the latest used first; one statement."""
    query = select(WebSession).where(WebSession.username == username).order_by(WebSession.last_seen.desc())
    return [one for one in session.scalars(query) if not _over(one, now, limits)]


def forget_sessions(session: Session, *, now: datetime, limits: SessionLimits) -> None:
    """Drops what has ended by itself."""
    _end(session, or_(WebSession.created_at <= now - limits.longest, WebSession.last_seen <= now - limits.idle))


PASSWORD = "password"  # noqa: S105 - a way to sign in
_BY_KEY = (
    select(WebSession, Account)
    .join(Account, Account.username == WebSession.username)
    .where(WebSession.sha256 == bindparam("sha256"))
)


def _over(entry: WebSession, now: datetime, limits: SessionLimits) -> bool:
    return now - entry.created_at >= limits.longest or now - entry.last_seen >= limits.idle


def _end(session: Session, *conditions: ColumnElement[bool]) -> None:
    session.execute(delete(WebSession).where(*conditions), execution_options={"synchronize_session": False})
