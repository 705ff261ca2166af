"""Sessions of the pages: which browsers are signed in, kept here and nowhere else.

A cookie holds a random key, the table its SHA-256. A session ends by signing out, by idling, at its age, with a changed
password, with its account: in every process at once, because there is nothing else that says it is there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from service import clock
from service.auth.known import known_account
from service.auth.models import WebSession
from service.auth.queries import token_hash
from service.config.trust import SessionLimits
from service.errors import NotAllowed, NotFound
from service.rights import Actor

COOKIE, BROWSER_COOKIE = "liaison_session", "liaison_browser"
"""The cookies of the session, and of the browser's own id, by which a usual place of signing in is known."""
ENDED = "登录已失效，请重新登录"
SEEN_EVERY = timedelta(minutes=1)
WAITS_FOR = timedelta(minutes=10)
"""So long after the password a code of the second factor may be given."""
LONGEST_KEY = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The account that owns the session. ``stale``: its last use should be noted (``note_session_use``).

    ``second_factor``: it was given at this sign-in; ``must_enrol``: a role of the account requires one, and there is
    none yet. ``password_ends`` is when the password must be changed. The session ends at ``ends_at``, whatever is done.
    """

    actor: Actor
    sha256: str
    way: str
    must_change_password: bool
    stale: bool
    second_factor: bool
    must_enrol: bool
    password_ends: datetime | None
    ends_at: datetime


def begin_session(
    session: Session,
    *,
    username: str,
    way: str,
    address: str,
    now: datetime,
    waits: bool = False,
    second_factor: bool = False,
) -> str:
    """A new session; gives the key for its cookie, which is known to nobody else.

    One that ``waits`` for the second factor opens nothing. ``second_factor``: it was given.
    """
    key = token_urlsafe(32)
    row = WebSession(
        sha256=token_hash(key),
        username=username,
        way=way,
        address=address[:64],
        created_at=now,
        last_seen=now,
        waits=waits,
        second_factor=second_factor,
    )
    session.add(row)
    session.flush()
    return key


def find_signed_in(
    session: Session,
    key: str,
    now: datetime,
    limits: SessionLimits,
    longest_age: timedelta | None = None,
    factor_for: Collection[str] = (),
) -> SignedIn:
    """The account that is signed in with the cookie's ``key``. Raises ``NotAllowed``.

    One statement where the account is remembered (``known``), else three.

    A password older than ``longest_age`` must be changed, as must one that somebody else chose. The roles
    ``factor_for`` must have a second factor. Once there is one, a session without it is none.
    """
    entry = session.scalars(_BY_KEY, {"sha256": token_hash(key)}).first() if len(key) <= LONGEST_KEY else None
    if entry is None or _over(entry, now, limits):
        raise NotAllowed(ENDED)
    if entry.ended_at is not None:
        raise NotAllowed(_told(entry))
    if entry.waits:
        raise NotAllowed(ENDED)
    found = known_account(session, entry.username, clock.local(now).date())
    if found.enrolled and not entry.second_factor:
        raise NotAllowed(ENDED)
    by_password = found.has_password and entry.way == PASSWORD
    ends = None
    if longest_age is not None and by_password and found.password_of is not None:
        ends = found.password_of + longest_age
    return SignedIn(
        found.actor,
        entry.sha256,
        entry.way,
        must_change_password=by_password and (found.must_change_password or (ends is not None and now > ends)),
        stale=now - entry.last_seen >= SEEN_EVERY,
        second_factor=entry.second_factor,
        must_enrol=not found.enrolled and bool(found.actor.roles & set(factor_for)),
        password_ends=ends,
        ends_at=entry.created_at + limits.longest,
    )


def find_waiting(session: Session, key: str, now: datetime) -> WebSession | None:
    """The session of a cookie that waits for the second factor; None where there is none, or it has waited too long."""
    row = session.get(WebSession, token_hash(key)) if 0 < len(key) <= LONGEST_KEY else None
    return row if row is not None and row.waits and now - row.created_at < WAITS_FOR else None


def why_ended(session: Session, key: str) -> str | None:
    """The words for who comes back with the cookie of a session that a newer sign-in has ended; None for any other."""
    row = session.get(WebSession, token_hash(key)) if 0 < len(key) <= LONGEST_KEY else None
    return _told(row) if row is not None and row.ended_at is not None else None


def end_older(session: Session, *, username: str, but: str, address: str, now: datetime) -> int:
    """A newer sign-in ends the account's other sessions, but for the one with the SHA-256 ``but``; gives how many.

    They stay, so that who comes back to one is told since when and from where.
    """
    ended = session.scalars(
        update(WebSession)
        .where(
            WebSession.username == username,
            WebSession.sha256 != but,
            WebSession.ended_at.is_(None),
            WebSession.waits.is_(False),
        )
        .values(ended_at=now, ended_from=address[:64])
        .returning(WebSession.sha256),
        execution_options={"synchronize_session": False},
    )
    return len(ended.all())


def note_session_use(session: Session, sha256: str, now: datetime) -> None:
    """The session was used; what happened earlier never takes the place of what happened later."""
    session.execute(
        update(WebSession).where(WebSession.sha256 == sha256, WebSession.last_seen < now).values(last_seen=now),
        execution_options={"synchronize_session": False},
    )


def end_session(session: Session, key: str) -> None:
    """Ends the session of a cookie."""
    _end(session, WebSession.sha256 == token_hash(key))


def end_sessions(session: Session, username: str, *, but: str | None = None) -> int:
    """Ends every session of an account, but for the one with the SHA-256 ``but``; gives how many there were."""
    mine = (WebSession.username == username, WebSession.sha256 != (but or ""))
    counted = session.scalar(select(func.count()).select_from(WebSession).where(*mine, _counts())) or 0
    _end(session, *mine)
    return counted


def end_one_session(session: Session, username: str, sha256: str) -> None:
    """Ends the session with that SHA-256, if it is the account's; raises ``NotFound``."""
    row = session.get(WebSession, sha256) if sha256.isalnum() else None
    if row is None or row.username != username or row.waits or row.ended_at is not None:
        raise NotFound("没有这个登录，可能已经退出")
    _end(session, WebSession.sha256 == sha256)


def end_all_sessions(session: Session) -> None:
    """Everybody signs in anew."""
    _end(session)


def list_sessions(session: Session, username: str, now: datetime, limits: SessionLimits) -> list[WebSession]:
    """Where an account is signed in, the latest used first; one statement."""
    query = select(WebSession).where(WebSession.username == username, _counts()).order_by(WebSession.last_seen.desc())
    return [one for one in session.scalars(query) if not _over(one, now, limits)]


def forget_sessions(session: Session, *, now: datetime, limits: SessionLimits) -> dict[str, int]:
    """Drops what has ended by itself; gives how many of each account's, those left out that had ended before."""
    over = or_(WebSession.created_at <= now - limits.longest, WebSession.last_seen <= now - limits.idle)
    counted = select(WebSession.username, func.count()).where(over, _counts()).group_by(WebSession.username)
    found = dict(session.execute(counted.order_by(WebSession.username)).all())
    _end(session, or_(over, and_(WebSession.waits, WebSession.created_at <= now - WAITS_FOR)))
    return found


PASSWORD = "password"  # noqa: S105 - a way to sign in
_BY_KEY = select(WebSession).where(WebSession.sha256 == bindparam("sha256"))


def _counts() -> ColumnElement[bool]:
    """Of sessions in which somebody is signed in."""
    return and_(WebSession.ended_at.is_(None), WebSession.waits.is_(False))


def _told(entry: WebSession) -> str:
    at = clock.local(entry.ended_at).strftime("%Y-%m-%d %H:%M") if entry.ended_at is not None else ""
    return (
        f"您的账号已于 {at} 在另一处（{entry.ended_from or '地址不详'}）登录，这里的登录随之退出。"
        "如不是您本人，请立即修改密码并告知系统管理员"
    )


def _over(entry: WebSession, now: datetime, limits: SessionLimits) -> bool:
    return now - entry.created_at >= limits.longest or now - entry.last_seen >= limits.idle


def _end(session: Session, *conditions: ColumnElement[bool]) -> None:
    session.execute(delete(WebSession).where(*conditions), execution_options={"synchronize_session": False})
