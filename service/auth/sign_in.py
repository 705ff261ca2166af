"""Signing in: by password, with growing locks after failures, or by an identity of the single sign-on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.orm import Session

from service import clock
from service.auth import passwords
from service.auth.accounts import journal
from service.auth.actor import SYSTEM, Actor
from service.auth.models import Account, SignInLock
from service.auth.queries import account_of_oidc, actor_of_account, find_account, is_usable
from service.auth.rules import (
    ATTEMPTS,
    DISABLED,
    FORGOTTEN_AFTER,
    LONGEST_LOCK,
    WRONG,
    lock_after,
    lock_key,
    locked_message,
)
from service.db import UtcDateTime
from service.errors import NotAllowed

_FIRST_FAILURE = text(
    "INSERT INTO sign_in_lock (key, failures, last_failure) VALUES (:key, 0, :now) ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime()))

NOT_BOUND = "统一身份认证的身份尚未绑定本系统账号，请联系系统管理员"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an attempt ended: with an ``actor`` and the ``stamp`` for the session, or with a ``refusal`` to show.

    ``retry_at`` is set while the name is locked.
    """

    actor: Actor | None
    stamp: int | None = None
    refusal: str | None = None
    retry_at: datetime | None = None


def sign_in(
    session: Session,
    *,
    username: str,
    password: str,
    now: datetime,
    attempts: int = ATTEMPTS,
    longest_lock: timedelta = LONGEST_LOCK,
) -> SignIn:
    """Tries a name and a password; from the ``attempts``-th failure in a row on the name is locked, longer each time.

    A refusal is an answer and no error, so that the count of failures is committed with the transaction. It tells
    nobody whether the name has an account: same words, same time, same locks. Only who knows the right password of a
    disabled account is told that it is disabled.
    """
    lock = session.scalars(
        select(SignInLock).where(SignInLock.key == lock_key(username)).with_for_update()
    ).one_or_none()
    if lock is not None and lock.locked_until is not None and now < lock.locked_until:
        return SignIn(None, refusal=locked_message(lock.locked_until, now), retry_at=lock.locked_until)
    account = find_account(session, username)
    if not passwords.matches(account.password_hash if account else None, password) or account is None:
        return _refused(session, username, account, now, attempts, longest_lock)
    if not is_usable(account):
        journal(session, "sign_in_failed", {"username": account.username, "reason": "disabled"}, SYSTEM, now)
        return SignIn(None, refusal=DISABLED)
    if lock is not None:
        session.delete(lock)
    if account.password_hash is not None and passwords.is_outdated(account.password_hash):
        account.password_hash = passwords.hashed(password)
    return _signed_in(session, account, "password", now)


def authenticate(session: Session, username: str, password: str, now: datetime) -> Actor:
    """Like ``sign_in``, but raises ``NotAllowed``.

    Whoever lets that error end the transaction also takes back the count of failures: where strangers can try, use
    ``sign_in``.
    """
    attempt = sign_in(session, username=username, password=password, now=now)
    if attempt.actor is None:
        raise NotAllowed(attempt.refusal or WRONG)
    return attempt.actor


def sign_in_oidc(session: Session, *, issuer: str, subject: str, username: str | None, now: datetime) -> SignIn:
    """Signs in an identity that the single sign-on has vouched for.

    An identity not seen before is bound to the account that ``username`` (the claim that the settings name) points
    to, if that account is bound to none yet.
    """
    account = account_of_oidc(session, issuer, subject)
    if account is None:
        account = find_account(session, username) if username else None
        if account is None or account.oidc_subject is not None:
            journal(session, "sign_in_failed", {"username": None, "reason": "not bound"}, SYSTEM, now)
            return SignIn(None, refusal=NOT_BOUND)
        if is_usable(account):
            account.oidc_issuer, account.oidc_subject = issuer, subject
            session.flush()
            journal(session, "identity_bound", {"username": account.username, "issuer": issuer}, SYSTEM, now)
    if not is_usable(account):
        journal(session, "sign_in_failed", {"username": account.username, "reason": "disabled"}, SYSTEM, now)
        return SignIn(None, refusal=DISABLED)
    return _signed_in(session, account, "oidc", now)


def _signed_in(session: Session, account: Account, way: str, now: datetime) -> SignIn:
    account.last_sign_in = now
    session.flush()
    actor = actor_of_account(session, account, clock.local(now).date())
    journal(session, "signed_in", {"username": account.username, "way": way}, actor, now)
    return SignIn(actor, stamp=account.session_stamp)


def _refused(
    session: Session, username: str, account: Account | None, now: datetime, attempts: int, longest_lock: timedelta
) -> SignIn:
    lock = _counted(session, lock_key(username), now)
    pause = lock_after(lock.failures, attempts, longest_lock)
    lock.locked_until = now + pause if pause else None
    session.flush()
    # A name that nobody has may be a password typed into the wrong field: it is not written down.
    known = account.username if account else None
    data = {"username": known, "reason": "password", "failures": lock.failures}
    journal(session, "sign_in_locked" if pause else "sign_in_failed", data, SYSTEM, now)
    if lock.locked_until is not None:
        return SignIn(None, refusal=locked_message(lock.locked_until, now), retry_at=lock.locked_until)
    return SignIn(None, refusal=WRONG)


def _counted(session: Session, key: str, now: datetime) -> SignInLock:
    """The row of failures with this one counted in; failures of long ago are forgotten, others' rows cleared away."""
    old = select(SignInLock.key).where(SignInLock.last_failure < now - FORGOTTEN_AFTER, SignInLock.key != key)
    session.execute(
        delete(SignInLock).where(SignInLock.key.in_(old.limit(100).with_for_update(skip_locked=True))),
        execution_options={"synchronize_session": False},
    )
    row = select(SignInLock).where(SignInLock.key == key).with_for_update()
    lock = session.scalars(row.execution_options(populate_existing=True)).one_or_none()
    if lock is None:
        session.execute(_FIRST_FAILURE, {"key": key, "now": now})
        lock = session.scalars(row).one()
    if lock.last_failure < now - FORGOTTEN_AFTER:
        lock.failures = 0
    lock.failures += 1
    lock.last_failure = now
    return lock
