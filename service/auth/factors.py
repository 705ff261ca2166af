"""The second factor of an account: enrolled by its person, checked at sign-in, renewed, and reset when it is lost.

``sign_in`` asks for it after the password: the browser has a session then that opens nothing until a code is given.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.auth.accounts import end_tokens, journal
from service.auth.codes import Vault, left_of, new_recovery_codes, new_secret, step_of
from service.auth.models import Account, SecondFactor, WebSession
from service.auth.places import forget_failures
from service.auth.queries import get_account
from service.auth.roles import account_rules
from service.errors import Conflict, Finding, Invalid, NotAllowed
from service.rights import Actor, require

WRONG_CODE = "验证码不正确，或已用过、已过期。请输入手机上现在显示的 6 位数字"


def find_factor(session: Session, username: str) -> SecondFactor | None:
    """The second factor of an account, or ``None``."""
    return session.get(SecondFactor, username)


def factors_of(session: Session, usernames: Collection[str]) -> dict[str, SecondFactor]:
    """The second factors of those of the accounts that have one; one statement."""
    rows = session.scalars(select(SecondFactor).where(SecondFactor.username.in_(list(usernames))))
    return {row.username: row for row in rows}


def begin_enrolling(session: Session, *, username: str, sha256: str, vault: Vault) -> str:
    """The secret that the person's telephone shall take over, the same until it is confirmed in this session."""
    row = session.get(WebSession, sha256, with_for_update=True)
    if row is None or row.username != username:
        raise Conflict("登录已失效，请重新登录后再登记")
    if row.enrolling is None:
        row.enrolling = vault.seal(username, new_secret())
        session.flush()
    return vault.open(username, row.enrolling)


def cancel_enrolling(session: Session, *, sha256: str) -> None:
    """Forgets the secret that was not confirmed in this session; what there was before stays."""
    row = session.get(WebSession, sha256, with_for_update=True)
    if row is not None:
        row.enrolling = None
        session.flush()


def confirm_enrolling(
    session: Session, *, username: str, sha256: str, code: str, vault: Vault, actor: Actor, now: datetime
) -> list[str]:
    """Puts the second factor in force with a code of the telephone; gives the recovery codes, shown this once.

    Other sessions, and tokens, which came without it, end. One that is there already is replaced only in a
    session in which it was given. Raises ``Invalid`` at ``/code``, ``Conflict``.
    """
    row = session.get(WebSession, sha256, with_for_update=True)
    account = _held(session, username)
    if row is None or row.username != account.username or row.enrolling is None:
        raise Conflict("登记没有开始或已经完成，请重新打开登记页面")
    present = session.get(SecondFactor, account.username)
    if present is not None and not row.second_factor:
        raise NotAllowed("更换二次验证须先用现在的验证码登录；手机遗失的，请用恢复码登录或联系管理员重置")
    secret = vault.open(account.username, row.enrolling)
    step = step_of(secret, code, now)
    if step is None:
        raise Invalid("验证码不正确", [Finding("/code", WRONG_CODE)])
    codes = new_recovery_codes()
    session.merge(
        SecondFactor(
            username=account.username,
            enrolled_at=now,
            secret=row.enrolling,
            recovery=[vault.digest(account.username, one) for one in codes],
            last_step=step,
        )
    )
    row.enrolling, row.second_factor = None, True
    session.flush()
    session.execute(
        delete(WebSession).where(WebSession.username == account.username, WebSession.sha256 != sha256),
        execution_options={"synchronize_session": False},
    )
    end_tokens(session, account.username, now)
    journal(session, "second_factor_enrolled", {"username": account.username}, actor, now)
    return codes


def renew_recovery(
    session: Session, *, username: str, code: str, vault: Vault, actor: Actor, now: datetime
) -> list[str]:
    """New recovery codes in the place of the old, for who gives a code of the telephone. Raises ``Invalid``."""
    _held(session, username)
    factor = _factor(session, username)
    _require_code(session, factor, code, vault, now)
    codes = new_recovery_codes()
    factor.recovery = [vault.digest(username, one) for one in codes]
    session.flush()
    journal(session, "second_factor_codes_renewed", {"username": username}, actor, now)
    return codes


def give_up_factor(
    session: Session, *, username: str, code: str, required: Collection[str], vault: Vault, actor: Actor, now: datetime
) -> None:
    """The person goes without a second factor again. Raises ``NotAllowed`` where a role requires it, ``Invalid``."""
    _held(session, username)
    factor = _factor(session, username)
    if actor.roles & set(required):
        raise NotAllowed("您的角色必须使用二次验证，不能停用；更换手机请用“更换”")
    _require_code(session, factor, code, vault, now)
    session.delete(factor)
    session.flush()
    journal(session, "second_factor_ended", {"username": username}, actor, now)


def reset_factor(session: Session, *, username: str, actor: Actor, now: datetime) -> None:
    """Takes the second factor away from who has lost it; sessions and tokens end. Enrolled anew at the next sign-in.

    Where two must agree it is proposed instead (``proposals``). Raises ``NotAllowed``, ``Conflict``.
    """
    require(actor, "propose_access")
    if account_rules(session).by_two and not actor.is_system:
        raise NotAllowed("重置二次验证须一人提出、另一人批准，请提交申请")
    if actor.username == username:
        raise NotAllowed("不能重置自己的二次验证，请由另一位管理员办理")
    drop_factor(session, username=username, actor=actor, now=now)


def drop_factor(session: Session, *, username: str, actor: Actor, now: datetime) -> None:
    """The same without asking who may: for a reset that two have agreed on."""
    account = _held(session, username)
    session.delete(_factor(session, account.username))
    session.flush()
    session.execute(delete(WebSession).where(WebSession.username == account.username))
    end_tokens(session, account.username, now)
    forget_failures(session, account.username)
    journal(session, "second_factor_reset", {"username": account.username}, actor, now)


def takes(session: Session, factor: SecondFactor, code: str, vault: Vault, now: datetime) -> str | None:
    """Uses ``code`` up: ``code`` for one of the telephone, ``recovery`` for a recovery code; None for a wrong one.

    The account is held by the caller, so that of two who give the same code one comes late.
    """
    session.refresh(factor)
    step = step_of(vault.open(factor.username, factor.secret), code, now, after=factor.last_step)
    if step is not None:
        factor.last_step = step
        session.flush()
        return "code"
    left = left_of(factor.recovery, vault, factor.username, code)
    if left is None:
        return None
    factor.recovery = left
    session.flush()
    return "recovery"


def _require_code(session: Session, factor: SecondFactor, code: str, vault: Vault, now: datetime) -> None:
    if takes(session, factor, code, vault, now) != "code":
        raise Invalid("验证码不正确", [Finding("/code", WRONG_CODE)])


def _factor(session: Session, username: str) -> SecondFactor:
    found = session.get(SecondFactor, username)
    if found is None:
        raise Conflict("该账号没有登记二次验证")
    return found


def _held(session: Session, username: str) -> Account:
    account = get_account(session, username)
    session.refresh(account, with_for_update={"of": Account})
    return account
