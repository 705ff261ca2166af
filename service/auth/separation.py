"""三员分立: whether the administrators are kept apart here, and the accounts whose roles stand against it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from service import clock
from service.auth.models import Account
from service.auth.queries import accounts_of_role, grants_of, list_role_grants
from service.auth.roles import account_rules
from service.errors import Conflict, NotAllowed
from service.rights import ADMINISTRATORS, Actor, clashes, effective

APART = "三员分立：系统管理员、安全管理员、审计人员的账号不得兼任其他角色"

PROTECTED = "三员分立：三员账号的密码和登录身份不能由他人设置。本人忘记的，请在服务器上用 liaison user passwd 设置"


@dataclass(frozen=True, slots=True)
class Clash:
    """An account with roles that one account may not hold together, and those of them that count for nothing now."""

    account: Account
    roles: frozenset[str]
    idle: frozenset[str]


def require_apart(session: Session, username: str, role: str, today: date) -> None:
    """Raises ``Conflict`` where the account must not hold ``role`` beside what it holds, or will hold."""
    if not account_rules(session).separate:
        return
    given = {one.role for one in list_role_grants(session, [username], today)}
    held = {grant.role for grant in grants_of(session, [username], today)[username]}
    if clashes({*given, *held, role}):
        raise Conflict(f"{APART}。请先收回该账号的其他角色，或为其另开账号")


def require_unprotected(session: Session, username: str, actor: Actor) -> None:
    """Raises ``NotAllowed`` where ``actor`` would get hold of an account of the three (a password, an identity).

    Else one of them could sign in as another, and be both of two who agree.
    """
    if not account_rules(session).separate or actor.is_system:
        return
    held = {grant.role for grant in grants_of(session, [username], clock.today())[username]}
    if held & ADMINISTRATORS:
        raise NotAllowed(PROTECTED)


def role_clashes(session: Session, today: date) -> list[Clash]:
    """The accounts that hold roles that do not go together on the day, by sign-in name; a fixed number of statements.

    Nothing where the administrators are not separated.
    """
    if not account_rules(session).separate:
        return []
    accounts = {
        one.username: one for role in sorted(ADMINISTRATORS) for one in accounts_of_role(session, role, on=today)
    }
    held = grants_of(session, accounts.keys(), today)
    found = []
    for username in sorted(accounts):
        roles = frozenset(grant.role for grant in held[username])
        if clashes(roles):
            counted = {grant.role for grant in effective(held[username])}
            found.append(Clash(accounts[username], roles, roles - counted))
    return found


def missing_administrators(session: Session, today: date) -> Collection[str]:
    """Those of the three administrators whom nobody can act as; nothing where they are not separated."""
    if not account_rules(session).separate:
        return ()
    idle = {clash.account.username: clash.idle for clash in role_clashes(session, today)}
    return [
        role
        for role in sorted(ADMINISTRATORS)
        if all(role in idle.get(one.username, frozenset()) for one in accounts_of_role(session, role, on=today))
    ]


def separation_faults(session: Session, names: Mapping[str, str]) -> list[str]:
    """In words what stands against 三员分立, for the start of the service and the command line; ``names`` of roles."""
    today = clock.today()

    def named(roles: Collection[str]) -> str:
        return "、".join(names.get(role, role) for role in sorted(roles))

    found = [
        f"账号 {one.account.username} 兼任{named(one.roles)}，其中{named(one.idle)}不生效，请收回多余的角色"
        for one in role_clashes(session, today)
    ]
    if missing := missing_administrators(session, today):
        found.append(f"没有能用的{named(missing)}，请用 liaison user grant 指定")
    return found
