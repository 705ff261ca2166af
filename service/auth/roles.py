"""The roles of ``organization.toml``, as the application has handed them to the sessions of its database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from service.rights import OWN_ROLES, Grant, Permission, RoleRights

KEY = "auth.roles"


def roles_of(session: Session) -> Mapping[str, RoleRights]:
    """Role → what may be done in it; the product's own where nothing was handed over."""
    found: Mapping[str, RoleRights] = session.info.get(KEY, OWN_ROLES)
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
