"""Bearer tokens of the API: shown once, stored as SHA-256."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from secrets import token_urlsafe

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from service import clock
from service.auth.accounts import journal
from service.auth.directory import MEMORY, Memory
from service.auth.factors import find_factor
from service.auth.models import Token
from service.auth.queries import get_account, is_usable, token_hash
from service.auth.roles import account_rules
from service.errors import Conflict, NotAllowed, NotFound
from service.fields import Checks
from service.rights import Actor, may, require

PREFIX = "liaison_"
"""By which a token that was left lying about is recognized."""
LIFETIME = timedelta(days=365)


def issue_token(
    session: Session,
    *,
    username: str,
    label: str = "",
    lifetime: timedelta = LIFETIME,
    second_factor: bool = False,
    actor: Actor,
    now: datetime,
) -> str:
    """A new token for an account, one's own or (administrators) another's; it is never shown again.

    ``label`` says what it is for; it ends after ``lifetime``. For an account with a second factor only its person makes
    one, where that was given (``second_factor``), or the machine's command line. Raises ``NotAllowed``, ``NotFound``,
    ``Conflict`` for a disabled account.
    """
    account = get_account(session, username)
    _may_manage(actor, account.username)
    if not is_usable(account):
        raise Conflict("该账号已停用，不能签发令牌")
    if not actor.is_system and not second_factor and find_factor(session, account.username) is not None:
        raise NotAllowed("该账号启用了二次验证，令牌须由本人在用验证码登录后的“我的账号”里签发")
    if account_rules(session).separate and not actor.is_system and actor.username != account.username:
        raise NotAllowed("三员分立时不能为他人签发令牌，请由本人在“我的账号”里签发")
    checks = Checks()
    label = checks.optional_text("/label", "用途", label) or ""
    checks.done()
    token = PREFIX + token_urlsafe(32)
    entry = Token(
        sha256=token_hash(token), username=account.username, label=label, created_at=now, expires_at=now + lifetime
    )
    session.add(entry)
    session.flush()
    journal(session, "token_issued", _data(entry), actor, now)
    return token


def revoke_token(session: Session, *, sha256: str, actor: Actor, now: datetime) -> None:
    """Ends a token, named by its SHA-256 (see ``list_tokens``), at once."""
    entry = session.get(Token, sha256, with_for_update=True) if sha256.isalnum() else None
    # The owner of a token must not show, so a foreign one is as unknown as none.
    if entry is None or not _manages(actor, entry.username):
        raise NotFound("没有这个令牌")
    if entry.revoked_at is not None:
        raise Conflict("该令牌已撤销")
    entry.revoked_at = now
    session.flush()
    journal(session, "token_revoked", _data(entry), actor, now)


def note_token_use(session: Session, sha256: str, now: datetime) -> None:
    """The token was used; what happened earlier never takes the place of what happened later."""
    later = or_(Token.last_used.is_(None), Token.last_used < now)
    session.execute(
        update(Token).where(Token.sha256 == sha256, later).values(last_used=now),
        execution_options={"synchronize_session": False},
    )
    memory: Memory | None = session.info.get(MEMORY)
    if memory is not None:
        memory.use(sha256, now)


def _manages(actor: Actor, username: str) -> bool:
    return may(actor, "manage_tokens") or (actor.username == username and actor.on_behalf_of is None)


def _may_manage(actor: Actor, username: str) -> None:
    if not _manages(actor, username):
        require(actor, "manage_tokens")


def _data(entry: Token) -> dict[str, object]:
    # A few digits of the hash tell tokens of one account apart and help nobody to guess one.
    return {
        "username": entry.username,
        "label": entry.label,
        "token": entry.sha256[:12],
        "expires_on": clock.local(entry.expires_at).date(),
        "expires_at": entry.expires_at.isoformat(),
        "sealed": hashlib.sha256(entry.sha256.encode()).hexdigest(),
    }
