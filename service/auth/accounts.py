"""Accounts: opened, disabled, bound. Every change enters the journal of ``access``, without any secret."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from service import clock
from service.auth.directory import moved
from service.auth.leaving import let_go
from service.auth.models import Account, RoleGrant, Token, WebSession
from service.auth.password_rules import check_password, knowing
from service.auth.passwords import NewPassword
from service.auth.places import forget_failures
from service.auth.queries import accounts_of_role, find_account, get_account
from service.auth.roles import account_rules, password_rules
from service.auth.rules import check_username, normal_name
from service.auth.separation import require_unprotected
from service.db.failures import conflicts
from service.errors import Conflict
from service.fields import Checks
from service.history.records import record
from service.people.queries import get_person
from service.rights import ADMIN, SECURITY, Actor, require

ACCESS = "access"
"""The stream of everything that concerns sign-in and rights."""
LAST = {ADMIN: "系统管理员", SECURITY: "安全管理员"}
"""Of whom the last stays."""


def add_user(
    session: Session,
    *,
    username: str,
    password: NewPassword | None = None,
    must_change: bool = False,
    person_id: UUID | str | None = None,
    demo: bool = False,
    actor: Actor,
    now: datetime,
) -> Account:
    """A new account, for a person or (``None``) for nobody in particular.

    Without a password it can only sign in through the single sign-on; ``must_change``: its first password is somebody
    else's choice, and must be changed before anything else. Raises ``Invalid``, ``NotAllowed``, and
    ``Conflict`` where the name is taken or the person has an account already.
    """
    require(actor, "manage_accounts")
    name = normal_name(username)
    person = None if person_id is None else get_person(session, person_id)
    checks = Checks()
    check_username(checks, name)
    if password is not None:
        check_password(checks, password.text, knowing(name, person), password_rules(session))
    checks.done()
    if find_account(session, name) is not None:
        raise Conflict(f"用户名“{name}”已被使用，请改用别的用户名")
    account = Account(
        username=name,
        person=person,
        password_hash=None if password is None else password.hash,
        active=True,
        demo=demo,
        created_at=now,
        password_set_at=None if password is None else now,
        must_change_password=password is not None and must_change,
    )
    session.add(account)
    with conflicts("用户名已被使用，或该人员已有账号"):
        session.flush()
    data = {"username": name, "person_id": account.person_id, "demo": demo}
    data |= {"with_password": password is not None, "must_change": account.must_change_password}
    journal(session, "account_added", data, actor, now)
    return account


def disable_user(session: Session, *, username: str, actor: Actor, now: datetime) -> None:
    """Nobody can work with the account any more, from now on; its tokens are revoked, its claims on tasks end.

    Raises ``Conflict`` for the own account, one that is disabled already, and the last administrator's.
    """
    require(actor, "manage_accounts")
    hold_admins(session, username)
    account = locked(session, username)
    if account.username == actor.username:
        raise Conflict("不能停用自己的账号，请由另一位系统管理员办理")
    if not account.active:
        raise Conflict("该账号已停用")
    keep_an_admin(session, account.username, now)
    account.active = False
    session.flush()
    end_access(session, account.username, now)
    journal(session, "account_disabled", {"username": account.username}, actor, now)
    let_go(session, [account.username], actor, now)


def enable_user(session: Session, *, username: str, actor: Actor, now: datetime) -> None:
    """A disabled account may sign in again, with the password it had; tasks that it had claimed stay given back."""
    require(actor, "manage_accounts")
    account = locked(session, username)
    if account.active:
        raise Conflict("该账号正在使用中")
    let_go(session, [account.username], actor, now)
    account.active = True
    session.flush()
    journal(session, "account_enabled", {"username": account.username}, actor, now)


def unlock_user(session: Session, *, username: str, actor: Actor, now: datetime) -> None:
    """Ends a lock after failed sign-ins before its time."""
    require(actor, "manage_accounts")
    account = locked(session, username)
    forget_failures(session, account.username)
    journal(session, "account_unlocked", {"username": account.username}, actor, now)


def bind_oidc(session: Session, *, username: str, issuer: str, subject: str, actor: Actor, now: datetime) -> None:
    """Binds an account to its identity at the single sign-on.

    Raises ``Conflict`` where either of the two is bound already.
    """
    require(actor, "manage_accounts")
    account = locked(session, username)
    require_unprotected(session, account.username, actor)
    checks = Checks()
    issuer = checks.text("/issuer", "签发者", issuer, 300)
    subject = checks.text("/subject", "身份标识", subject, 255)
    checks.done()
    if account.oidc_subject is not None:
        raise Conflict("该账号已绑定统一身份认证，请先解除绑定")
    account.oidc_issuer, account.oidc_subject = issuer, subject
    with conflicts("该身份已绑定到另一个账号"):
        session.flush()
    data = {"username": account.username, "issuer": issuer, "subject": subject}
    journal(session, "identity_bound", data, actor, now)


def unbind_oidc(session: Session, *, username: str, actor: Actor, now: datetime) -> None:
    """Frees an account from its identity at the single sign-on; open sessions end."""
    require(actor, "manage_accounts")
    account = locked(session, username)
    if account.oidc_subject is None:
        raise Conflict("该账号没有绑定统一身份认证")
    account.oidc_issuer = account.oidc_subject = None
    session.flush()
    session.execute(delete(WebSession).where(WebSession.username == account.username))
    journal(session, "identity_unbound", {"username": account.username}, actor, now)


def journal(session: Session, kind: str, data: Mapping[str, object], actor: Actor, now: datetime) -> None:
    """Appends to the stream of access."""
    record(session, ACCESS, kind, data, actor=actor, now=now)


def end_access(session: Session, username: str, now: datetime) -> None:
    """Ends every session and every token of an account."""
    session.execute(delete(WebSession).where(WebSession.username == username))
    end_tokens(session, username, now)


def end_tokens(session: Session, username: str, now: datetime) -> None:
    """Ends every token of an account; the caller's event says so."""
    session.execute(update(Token).where(Token.username == username, Token.revoked_at.is_(None)).values(revoked_at=now))
    moved(session)


def locked(session: Session, username: str) -> Account:
    """The account, held against other changes until the transaction ends."""
    account = get_account(session, username)
    session.refresh(account, with_for_update={"of": Account})
    return account


def hold_admins(session: Session, username: str) -> None:
    """Holds the account of every administrator of accounts and rights, and ``username``'s, in order of their names.

    Of two who remove each other the second waits, and then meets the refusal of ``keep_an_admin``.
    """
    admins = select(RoleGrant.username).where(RoleGrant.role.in_((ADMIN, SECURITY)))
    wanted = or_(Account.username.in_(admins), Account.username == normal_name(username))
    session.execute(select(Account.username).where(wanted).order_by(Account.username).with_for_update())


def keep_an_admin(session: Session, username: str, now: datetime, roles: Collection[str] = (ADMIN, SECURITY)) -> None:
    """Refuses to take away the last who cares for accounts, and where it is a person apart, for rights."""
    for role in roles:
        if role == ADMIN or account_rules(session).separate:
            holders = {account.username for account in accounts_of_role(session, role, on=clock.local(now).date())}
            if holders == {username}:
                raise Conflict(f"这是最后一位{LAST[role]}，请先指定另一位{LAST[role]}")
