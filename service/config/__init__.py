"""The settings of an office in ``config/*.toml``: read once at the start, checked whole, frozen.

The calendar's file is read by ``service.workdays``.
"""

from service.config.notifications import Wording, load_notifications
from service.config.office import Contact
from service.config.organization import Named, Organization, OrganizationUnit, Role, load_organization
from service.config.outside import Chat, Mail, Oidc
from service.config.settings import DEVELOPMENT_SECRET, Settings, load
from service.config.trust import RateLimits

__all__ = [
    "DEVELOPMENT_SECRET",
    "Chat",
    "Contact",
    "Mail",
    "Named",
    "Oidc",
    "Organization",
    "OrganizationUnit",
    "RateLimits",
    "Role",
    "Settings",
    "Wording",
    "load",
    "load_notifications",
    "load_organization",
]
