"""New passwords of an account: set by an administrator, or changed by who knows the old one.

Either ends every session and token of the account. The password comes hashed (``passwords.prepare``), against what
``known_hashes`` read before: if somebody else has changed it in the meantime, nothing is stored.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.auth.accounts import end_access, journal
from service.auth.models import Account, FormerPassword
from service.auth.password_rules import check_password, knowing
from service.auth.passwords import NewPassword
from service.auth.places import forget_failures
from service.auth.queries import get_account
from service.auth.roles import password_rules
from service.auth.separation import require_unprotected
from service.errors import Conflict
from service.fields import Checks
from service.rights import Actor, require

LONGEST_HISTORY = 24


def known_hashes(session: Session, username: str, history: int) -> tuple[str, ...]:
    """The hash of an account's password and of the ``history`` before it, the present one first."""
    account = get_account(session, username)
    if account.password_hash is None:
        return ()
    former = select(FormerPassword.password_hash).where(FormerPassword.username == account.username)
    former = former.order_by(FormerPassword.replaced_at.desc()).limit(max(history - 1, 0))
    return (account.password_hash, *session.scalars(former))


def set_password(
    session: Session, *, username: str, password: NewPassword, must_change: bool = True, actor: Actor, now: datetime
) -> None:
    """An administrator gives an account a new password; its sessions, its tokens and its locks end.

    ``must_change``: the person must choose another one at the next sign-in. Raises ``Invalid``, ``NotAllowed``.
    """
    require(actor, "manage_accounts")
    account = _held(session, username)
    require_unprotected(session, account.username, actor)
    checks = Checks()
    check_password(checks, password.text, knowing(account.username, account.person), password_rules(session))
    checks.done()
    _store(session, account, password, must_change, actor, now)


def change_password(session: Session, *, username: str, password: NewPassword, actor: Actor, now: datetime) -> None:
    """Somebody changes the own password, knowing the old one; all sessions and tokens end.

    Raises ``Invalid`` at ``/old_password`` where the old one is wrong, at ``/password`` where the new one does not do,
    ``Conflict`` where the password was changed in the meantime.
    """
    account = _held(session, username)
    checks = Checks()
    if actor.username != account.username or not password.knows_old:
        checks.refuse("/old_password", "原密码不正确")
    elif password.repeats:
        checks.refuse("/password", "新密码不能与原密码或最近用过的密码相同")
    else:
        check_password(checks, password.text, knowing(account.username, account.person), password_rules(session))
    checks.done()
    if not password.over or account.password_hash != password.over[0]:
        raise Conflict("密码刚刚被修改过，请重新登录后再改")
    _store(session, account, password, False, actor, now)


def _held(session: Session, username: str) -> Account:
    account = get_account(session, username)
    session.refresh(account, with_for_update={"of": Account})
    return account


def _store(
    session: Session, account: Account, password: NewPassword, must_change: bool, actor: Actor, now: datetime
) -> None:
    if account.password_hash is not None:
        session.merge(FormerPassword(username=account.username, replaced_at=now, password_hash=account.password_hash))
    account.password_hash, account.password_set_at = password.hash, now
    account.must_change_password = must_change
    session.flush()
    _forget_the_oldest(session, account.username)
    end_access(session, account.username, now)
    forget_failures(session, account.username)
    journal(session, "password_set", {"username": account.username, "must_change": must_change}, actor, now)


def _forget_the_oldest(session: Session, username: str) -> None:
    mine = FormerPassword.username == username
    kept = select(FormerPassword.replaced_at).where(mine).order_by(FormerPassword.replaced_at.desc())
    session.execute(
        delete(FormerPassword).where(mine, FormerPassword.replaced_at.not_in(kept.limit(LONGEST_HISTORY))),
        execution_options={"synchronize_session": False},
    )
