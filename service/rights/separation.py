"""三员分立: which roles one account may hold together where the three administrators are kept apart. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from service.rights.actor import Grant
from service.rights.policy import ADMIN, AUDITOR, SECURITY

ADMINISTRATORS: frozenset[str] = frozenset({ADMIN, SECURITY, AUDITOR})
"""The administrators of the system (accounts), of security (roles and rights) and of the audit (logs)."""


def clashes(roles: Collection[str]) -> bool:
    """Whether one account must not hold these together: an administrator of the three holds nothing else."""
    return bool(ADMINISTRATORS & set(roles)) and len(set(roles)) > 1


def effective(grants: Iterable[Grant]) -> frozenset[Grant]:
    """The part of an account's roles that counts.

    An administrator of the three is that and nothing else, whatever else the account was given or the directory says.
    Where an account has two of the three, none of them counts.
    """
    held = frozenset(grants)
    found = ADMINISTRATORS & {grant.role for grant in held}
    if len(found) > 1:
        return frozenset(grant for grant in held if grant.role not in found)
    return frozenset(grant for grant in held if grant.role in found) if found else held
