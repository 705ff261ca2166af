"""The rights of a role that an office has added: which rights, over what; bound to a unit or not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.rights.policy import DELEGABLE, RIGHTS, ROLES, UNIT_ROLES, Right

ALL, UNIT, OWN = "all", "unit", "own"
SCOPES: Mapping[str, str] = {ALL: "不分单位", UNIT: "本单位", OWN: "本人"}
"""Over what a role may have a right, and what people call it."""


@dataclass(frozen=True, slots=True)
class RoleRights:
    """The rights of a role beside those that ``policy`` gives the product's own: right → one of ``SCOPES``.

    ``of_unit``: it means nothing without a unit; ``delegable``: a substitute (代理) takes it over. ``name`` is what
    people call the role, empty where no organization was read.
    """

    of_unit: bool = False
    delegable: bool = True
    rights: Mapping[str, str] = field(default_factory=dict)
    name: str = ""


OWN_ROLES: Mapping[str, RoleRights] = {
    role: RoleRights(of_unit=role in UNIT_ROLES, delegable=role in DELEGABLE) for role in sorted(ROLES)
}
"""The roles that the product knows; their rights stand in ``policy``."""


def scopes_of(right: Right) -> tuple[str, ...]:
    """Over what an added role can have a right: only what is ever asked of it."""
    return (ALL, *((UNIT,) if right.unit_roles else ()), *((OWN,) if right.own else ()))


def roles_with(action: str, added: Mapping[str, RoleRights]) -> frozenset[str]:
    """The roles that have a right over everything."""
    return RIGHTS[action].roles | {role for role, one in added.items() if one.rights.get(action) == ALL}
