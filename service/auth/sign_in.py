"""Signing in: by password, with growing locks after failures, or by an identity of the single sign-on.

By password it takes three steps, because no transaction may stay open while a password is worked on: ``look_up`` reads
what is stored, ``Attempt.tried`` hashes, ``conclude`` writes. ``sign_in`` does all three.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service import clock
from service.auth import passwords
from service.auth.accounts import journal
from service.auth.models import Account
from service.auth.places import Limits, Place, count_failure, locked_until, note_success, place_of
from service.auth.queries import account_of_oidc, actor_of_account, find_account, is_usable
from service.auth.rules import DISABLED, WRONG, locked_message
from service.auth.sessions import PASSWORD, begin_session, end_session
from service.db import Database
from service.rights import SYSTEM, Actor

NOT_BOUND = "统一身份认证的身份尚未绑定本系统账号，请联系系统管理员"
CHANGED = "登录时密码正好被修改，请用新密码重新登录"
OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an attempt ended: with an ``actor`` and the ``key`` of a new session, or with a ``refusal`` to show.

    ``retry_at`` is set while the name is locked there.
    """

    actor: Actor | None
    key: str | None = field(default=None, repr=False)
    refusal: str | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A name at a place, what is stored for it, and whether the password fitted. ``wait_until``: not now."""

    username: str
    address: str
    browser: str | None
    stored: str | None = field(repr=False)
    wait_until: datetime | None
    fits: bool = False
    renewed: str | None = field(default=None, repr=False)

    def tried(self, password: str) -> Attempt:
        """With ``password`` held against what is stored. Not within a transaction; raises ``Busy``."""
        if self.wait_until is not None:
            return self
        fits = passwords.matches(self.stored, password)
        outdated = fits and self.stored is not None and passwords.is_outdated(self.stored)
        return replace(self, fits=fits, renewed=passwords.hashed(password) if outdated else None)


def sign_in(
    database: Database,
    *,
    username: str,
    password: str,
    now: datetime,
    address: str = "",
    browser: str | None = None,
    former: str | None = None,
    limits: Limits | None = None,
) -> SignIn:
    """Tries a name and a password, in transactions of its own. Raises ``Busy`` where too many try at once.

    A refusal is an answer and no error, so that the count of failures is kept. It tells nobody whether the name has an
    account: same words, same time, same locks. Only who knows the right password of a disabled account is told that it
    is disabled. ``browser`` is an id that the browser keeps for itself: where a name has signed in before, others'
    failures do not hold it up. ``former`` is the key of the session that the browser had until now, which ends.
    """
    with database.reading() as session:
        attempt = look_up(session, username=username, address=address, browser=browser, now=now)
    attempt = attempt.tried(password)
    if attempt.wait_until is not None:  # nothing to write: who floods a locked name costs no transaction
        return _wait(attempt.wait_until, now)
    with database.transaction() as session:
        found = conclude(session, attempt, now=now, limits=limits)
        if found.actor is not None and former:
            end_session(session, former)
        return found


def look_up(session: Session, *, username: str, address: str, browser: str | None, now: datetime) -> Attempt:
    """The stored facts about a name; three statements."""
    place = place_of(session, username, address, browser, now)
    account = find_account(session, username)
    stored = account.password_hash if account is not None else None
    return Attempt(username, address, browser, stored, locked_until(session, place, now))


def conclude(session: Session, attempt: Attempt, *, now: datetime, limits: Limits | None = None) -> SignIn:
    """Ends a tried attempt: with a session, or counted as a failure."""
    account = find_account(session, attempt.username)
    if account is not None:
        session.refresh(account, with_for_update={"of": Account})
    # Again, and under the account's lock, with what others have tried in the meantime: many at once get no more tries
    # than one after another.
    place = place_of(session, attempt.username, attempt.address, attempt.browser, now)
    until = attempt.wait_until or locked_until(session, place, now)
    if until is not None:
        return _wait(until, now)
    if not attempt.fits or account is None:
        return _refused(session, attempt, account, place, now, limits or Limits())
    if account.password_hash != attempt.stored:
        return SignIn(None, refusal=CHANGED)
    if not is_usable(account):
        _failed(session, account, "disabled", attempt.address, now)
        return SignIn(None, refusal=DISABLED)
    if attempt.renewed is not None:
        account.password_hash = attempt.renewed
    note_success(session, place, username=account.username, browser=attempt.browser, now=now)
    return _signed_in(session, account, PASSWORD, attempt.address, now)


def sign_in_oidc(
    session: Session, *, issuer: str, subject: str, username: str | None, now: datetime, address: str = ""
) -> SignIn:
    """Signs in an identity that the single sign-on has vouched for.

    An identity not seen before is bound to the account that ``username`` (the claim that the settings name) points
    to, if that account is bound to none yet.
    """
    account = account_of_oidc(session, issuer, subject)
    if account is None:
        account = find_account(session, username) if username else None
        if account is None or account.oidc_subject is not None:
            _failed(session, None, "not bound", address, now)
            return SignIn(None, refusal=NOT_BOUND)
        if is_usable(account):
            account.oidc_issuer, account.oidc_subject = issuer, subject
            session.flush()
            data = {"username": account.username, "issuer": issuer, "subject": subject}
            journal(session, "identity_bound", data, SYSTEM, now)
    if not is_usable(account):
        _failed(session, account, "disabled", address, now)
        return SignIn(None, refusal=DISABLED)
    return _signed_in(session, account, OIDC, address, now)


def _wait(until: datetime, now: datetime) -> SignIn:
    return SignIn(None, refusal=locked_message(until, now), retry_at=until)


def _signed_in(session: Session, account: Account, way: str, address: str, now: datetime) -> SignIn:
    account.last_sign_in = now
    session.flush()
    actor = actor_of_account(session, account, clock.local(now).date())
    key = begin_session(session, username=account.username, way=way, address=address, now=now)
    journal(session, "signed_in", {"username": account.username, "way": way, "address": address}, actor, now)
    return SignIn(actor, key)


def _refused(
    session: Session, attempt: Attempt, account: Account | None, place: Place, now: datetime, limits: Limits
) -> SignIn:
    # A name that nobody has may be a password typed into the wrong field: it is not written down.
    known = account.username if account else None
    failures, until = count_failure(session, place, username=known, now=now, limits=limits)
    data = {"username": known, "reason": "password", "failures": failures, "address": attempt.address}
    journal(session, "sign_in_failed" if until is None else "sign_in_locked", data, SYSTEM, now)
    return SignIn(None, refusal=WRONG) if until is None else _wait(until, now)


def _failed(session: Session, account: Account | None, reason: str, address: str, now: datetime) -> None:
    data = {"username": account.username if account else None, "reason": reason, "address": address}
    journal(session, "sign_in_failed", data, SYSTEM, now)
