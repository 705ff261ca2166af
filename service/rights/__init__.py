"""Actors and their rights, by role. Pure: no database, no page.

Every command takes an ``Actor`` and asks ``require`` for the right itself.
"""

from service.rights.actor import (
    COMMAND_LINE,
    SERVICE_NAMES,
    SYSTEM,
    Actor,
    Grant,
    Permission,
    at_command_line,
    service_name,
)
from service.rights.policy import (
    ADMIN,
    AUDITOR,
    DELEGABLE,
    EMPLOYER,
    LEADER,
    LIAISON,
    OWNER,
    RESPONSIBLE_UNIT,
    RIGHTS,
    ROLES,
    SECURITY,
    SEPARATED,
    TALENT_OFFICE,
    UNIT_ROLES,
    Right,
    may,
    require,
    units_with,
)
from service.rights.roles import OWN_ROLES, SCOPES, RoleRights, roles_with, scopes_of
from service.rights.separation import ADMINISTRATORS, clashes, effective

__all__ = [
    "ADMIN",
    "ADMINISTRATORS",
    "AUDITOR",
    "COMMAND_LINE",
    "DELEGABLE",
    "EMPLOYER",
    "LEADER",
    "LIAISON",
    "OWNER",
    "OWN_ROLES",
    "RESPONSIBLE_UNIT",
    "RIGHTS",
    "ROLES",
    "SCOPES",
    "SECURITY",
    "SEPARATED",
    "SERVICE_NAMES",
    "SYSTEM",
    "TALENT_OFFICE",
    "UNIT_ROLES",
    "Actor",
    "Grant",
    "Permission",
    "Right",
    "RoleRights",
    "at_command_line",
    "clashes",
    "effective",
    "may",
    "require",
    "roles_with",
    "scopes_of",
    "service_name",
    "units_with",
]
