"""The registry of high-level talents (高层次人才信息库): who they are, where they work, who serves them."""

from service.talents.commands import FIELDS, add_talent, update_talent
from service.talents.models import Talent
from service.talents.queries import find_talent, get_talent, phone_for, search_talents, sees_contact, visible
from service.talents.rules import CATEGORIES, TYPES, masked

__all__ = [
    "CATEGORIES",
    "FIELDS",
    "TYPES",
    "Talent",
    "add_talent",
    "find_talent",
    "get_talent",
    "masked",
    "phone_for",
    "search_talents",
    "sees_contact",
    "update_talent",
    "visible",
]
