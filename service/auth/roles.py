"""The roles of ``organization.toml`` and the rules of accounts, as the application has handed them to its database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from service.config.accounts import Accounts
from service.config.trust import Passwords
from service.rights import OWN_ROLES, Grant, Permission, RoleRights

KEY, RULES, PASSWORDS = "auth.roles", "auth.accounts", "auth.passwords"
_USUAL, _PASSWORDS = Accounts(), Passwords()


def roles_of(session: Session) -> Mapping[str, RoleRights]:
    """Role → what may be done in it; the product's own where nothing was handed over."""
    found: Mapping[str, RoleRights] = session.info.get(KEY, OWN_ROLES)
    return found


def account_rules(session: Session) -> Accounts:
    """The settings of accounts; the usual ones where nothing was handed over."""
    found: Accounts = session.info.get(RULES, _USUAL)
    return found


def password_rules(session: Session) -> Passwords:
    """The settings of new passwords; the usual ones where nothing was handed over."""
    found: Passwords = session.info.get(PASSWORDS, _PASSWORDS)
    return found


def permissions(session: Session, grants: Iterable[Grant]) -> frozenset[Permission]:
    """The permissions of the added ones among the roles held."""
    known = roles_of(session)
    return frozenset(
        Permission(role, right, scope)
        for role in {grant.role for grant in grants}
        if role in known
        for right, scope in known[role].rights.items()
    )
