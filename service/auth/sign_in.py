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
from service.auth.codes import Vault
from service.auth.factors import WRONG_CODE, find_factor, takes
from service.auth.models import Account
from service.auth.places import (
    Limits,
    Place,
    count_failure,
    locked_until,
    note_success,
    place_of,
)
from service.auth.queries import account_of_oidc, actor_of_account, find_account, is_usable, token_hash
from service.auth.roles import account_rules
from service.auth.rules import DISABLED, WRONG, lock_key, locked_message
from service.auth.sessions import PASSWORD, begin_session, end_older, end_session, find_waiting
from service.db import Database
from service.errors import NotAllowed
from service.rights import SYSTEM, Actor

NOT_BOUND = "统一身份认证的身份尚未绑定本系统账号，请联系系统管理员"
CHANGED = "登录时密码正好被修改，请用新密码重新登录"
TOO_LATE = "登录已过期，请重新输入用户名和密码"
OIDC = "oidc"
SIGNED_OUT, BY_SELF, NEWER, BY_ITSELF = "signed_out", "ended", "newer", "idle"
"""Reasons for which sessions end."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """How an attempt ended: with an ``actor`` and the ``key`` of a new session, or with a ``refusal`` to show.

    ``retry_at`` is set while the name is locked there. ``waits``: the password was right, and ``key`` is that of a
    session that opens nothing until the second factor is given. ``before`` is the account's sign-in before this one.
    """

    actor: Actor | None
    key: str | None = field(default=None, repr=False)
    refusal: str | None = None
    retry_at: datetime | None = None
    waits: bool = False
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """When and where an account had signed in last (None: never), and how often it failed since then."""

    at: datetime | None
    address: str | None
    failures: int


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
        if (found.actor is not None or found.waits) and former:
            end_session(session, former)
        return found


def give_code(
    database: Database, *, key: str, code: str, vault: Vault, now: datetime, limits: Limits | None = None
) -> SignIn:
    """Gives the second factor for the waiting session of the cookie ``key``, in a transaction of its own.

    ``code`` is one of the telephone or a recovery code. A refusal is an answer and no error, so that the count of
    failures is kept: after a few the account waits. Raises ``NotAllowed`` where nothing waits any more.
    """
    with database.transaction() as session:
        waiting = find_waiting(session, key, now)
        if waiting is None:
            raise NotAllowed(TOO_LATE)
        account = find_account(session, waiting.username)
        if account is not None:
            session.refresh(account, with_for_update={"of": Account})
        factor = find_factor(session, waiting.username)
        if account is None or factor is None or not is_usable(account):
            raise NotAllowed(TOO_LATE)
        place = Place(lock_key("second factor", account.username), {})
        if (until := locked_until(session, place, now)) is not None:
            return _wait(until, now)
        used = takes(session, factor, code, vault, now)
        if used is None:
            return _code_refused(session, account, place, waiting.address, now, limits or Limits())
        note_success(session, place, username=account.username, browser=None, now=now)
        if used == "recovery":
            data = {"username": account.username, "left": len(factor.recovery), "address": waiting.address}
            journal(session, "second_factor_recovered", data, SYSTEM, now)
        way, address = waiting.way, waiting.address
        end_session(session, key)
        return _signed_in(session, account, way, address, now, second_factor=True)


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
    return _first_done(session, account, PASSWORD, attempt.address, now)


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
    return _first_done(session, account, OIDC, address, now)


def _wait(until: datetime, now: datetime) -> SignIn:
    return SignIn(None, refusal=locked_message(until, now), retry_at=until)


def _first_done(session: Session, account: Account, way: str, address: str, now: datetime) -> SignIn:
    """The password, or the single sign-on, is right: signed in, or asked for the second factor."""
    if find_factor(session, account.username) is None:
        return _signed_in(session, account, way, address, now)
    key = begin_session(session, username=account.username, way=way, address=address, now=now, waits=True)
    data = {"username": account.username, "way": way, "address": address}
    journal(session, "second_factor_asked", data, SYSTEM, now)
    return SignIn(None, key, waits=True)


def _signed_in(
    session: Session, account: Account, way: str, address: str, now: datetime, *, second_factor: bool = False
) -> SignIn:
    before = Before(account.last_sign_in, account.last_address, account.failures_since)
    account.last_sign_in, account.last_address, account.failures_since = now, address[:64], 0
    session.flush()
    actor = actor_of_account(session, account, clock.local(now).date())
    key = begin_session(
        session, username=account.username, way=way, address=address, now=now, second_factor=second_factor
    )
    data: dict[str, object] = {"username": account.username, "way": way, "address": address[:64]}
    if second_factor:
        data["second_factor"] = True
    journal(session, "signed_in", data, actor, now)
    if account_rules(session).one_session:
        ended = end_older(session, username=account.username, but=token_hash(key), address=address, now=now)
        journal_ended(session, account.username, NEWER, ended, actor, now)
    return SignIn(actor, key, before=before)


def journal_ended(session: Session, username: str, reason: str, count: int, actor: Actor, now: datetime) -> None:
    """Journals that ``count`` sessions of an account have ended; of none nothing."""
    if count:
        data = {"username": username, "reason": reason, "count": count}
        journal(session, "session_ended", data, actor, now)


def _code_refused(
    session: Session, account: Account, place: Place, address: str, now: datetime, limits: Limits
) -> SignIn:
    failures, until = count_failure(session, place, username=account.username, now=now, limits=limits)
    account.failures_since += 1
    session.flush()
    data = {"username": account.username, "failures": failures, "address": address}
    journal(session, "second_factor_failed" if until is None else "second_factor_locked", data, SYSTEM, now)
    return SignIn(None, refusal=WRONG_CODE) if until is None else _wait(until, now)


def _refused(
    session: Session, attempt: Attempt, account: Account | None, place: Place, now: datetime, limits: Limits
) -> SignIn:
    # A name that nobody has may be a password typed into the wrong field: it is not written down.
    known = account.username if account else None
    if account is not None:
        account.failures_since += 1
    failures, until = count_failure(session, place, username=known, now=now, limits=limits)
    data = {"username": known, "reason": "password", "failures": failures, "address": attempt.address}
    journal(session, "sign_in_failed" if until is None else "sign_in_locked", data, SYSTEM, now)
    return SignIn(None, refusal=WRONG) if until is None else _wait(until, now)


def _failed(session: Session, account: Account | None, reason: str, address: str, now: datetime) -> None:
    if account is not None:
        session.refresh(account, with_for_update={"of": Account})
        account.failures_since += 1
        session.flush()
    data = {"username": account.username if account else None, "reason": reason, "address": address}
    journal(session, "sign_in_failed", data, SYSTEM, now)
