"""The account that asks, as each request needs to know it: remembered under the stamp of the directory (adr/0064)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from service import clock
from service.auth.directory import MEMORY, Memory, known
from service.auth.models import Account, SecondFactor, Token
from service.auth.queries import actor_of_account, token_hash
from service.auth.rules import DISABLED
from service.errors import NotAllowed
from service.rights import Actor

LAST_USED_EVERY = timedelta(minutes=1)
_GONE = "接口令牌无效或已撤销，请重新申请"


@dataclass(frozen=True, slots=True)
class Known:
    """A usable account on a day. ``enrolled``: it has a second factor. ``password_of``: since when it has its password;
    None where it has none or is a demonstration's, whose passwords do not grow old."""

    actor: Actor
    enrolled: bool
    has_password: bool
    must_change_password: bool
    password_of: datetime | None


@dataclass(frozen=True, slots=True)
class _Token:
    username: str
    expires_at: datetime
    last_used: datetime | None


def known_account(session: Session, username: str, day: date) -> Known:
    """The account of that very sign-in name with the rights of ``day``; two statements, none where it is remembered.

    Raises ``NotAllowed`` where it, or its person, is no longer active.
    """
    return known(session, (known_account, username, day), lambda: _account(session, username, day))


def actor_of_token(session: Session, token: str, now: datetime) -> Actor:
    """The actor of a bearer token; raises ``NotAllowed``."""
    return find_token(session, token, now)[0]


def find_token(
    session: Session, token: str, now: datetime, factor_for: Collection[str] = ()
) -> tuple[Actor, str | None]:
    """The same, and the token's SHA-256 where its last use should be noted (``tokens.note_token_use``).

    Three statements, none where all of it is remembered. Of who holds one of the roles ``factor_for`` no token counts
    before there is a second factor.
    """
    sha256 = token_hash(token)
    asked = False

    def ask() -> _Token | None:
        nonlocal asked
        asked = True
        return _token(session, sha256)

    entry = known(session, (find_token, sha256), ask)
    if entry is not None and not asked and _is_stale(session, sha256, entry, now):  # another process may have noted it
        entry = known(session, (find_token, sha256), ask, anew=True)
    if entry is None:
        raise NotAllowed(_GONE)
    if entry.expires_at <= now:
        raise NotAllowed("接口令牌已到期，请重新申请")
    found = known_account(session, entry.username, clock.local(now).date())
    if not found.enrolled and found.actor.roles & set(factor_for):
        raise NotAllowed("您的角色须使用二次验证，请先在网页登录并登记，再签发令牌")
    return found.actor, sha256 if _is_stale(session, sha256, entry, now) else None


def _is_stale(session: Session, sha256: str, entry: _Token, now: datetime) -> bool:
    memory: Memory | None = session.info.get(MEMORY)
    noted = memory.last_use(sha256) if memory is not None else None
    return all(used is None or now - used >= LAST_USED_EVERY for used in (noted, entry.last_used))


def _token(session: Session, sha256: str) -> _Token | None:
    row = session.execute(_BY_TOKEN, {"sha256": sha256}).one_or_none()
    return None if row is None else _Token(*row)


def _account(session: Session, username: str, day: date) -> Known:
    row = session.execute(_BY_NAME, {"username": username}).one_or_none()
    if row is None:
        raise NotAllowed(DISABLED)
    account, enrolled = row
    has_password = account.password_hash is not None
    return Known(
        actor_of_account(session, account, day),
        enrolled is not None,
        has_password,
        account.must_change_password,
        account.password_set_at or account.created_at if has_password and not account.demo else None,
    )


_BY_TOKEN = select(Token.username, Token.expires_at, Token.last_used).where(
    Token.sha256 == bindparam("sha256"), Token.revoked_at.is_(None)
)
_BY_NAME = (
    select(Account, SecondFactor.enrolled_at)
    .outerjoin(SecondFactor, SecondFactor.username == Account.username)
    .where(Account.username == bindparam("username"))
)
