"""The registry of high-level talents (高层次人才信息库): who they are, where they work, their teams and photos."""

from service.talents.bulk import Added, NewTalent, add_talents
from service.talents.commands import FIELDS, add_talent, approve_type, confirm_talent, update_talent
from service.talents.models import Talent, TalentPhoto, TalentTeam, TalentTeamMember
from service.talents.photos import set_photo, withdraw_photo
from service.talents.queries import (
    SORTS,
    Duplicate,
    contact_for,
    duplicates,
    find_photo,
    find_talent,
    find_team,
    get_talent,
    get_team,
    has_photo,
    phone_for,
    search_talents,
    search_teams,
    sees_contact,
    teams_of,
    visible,
)
from service.talents.rules import CATEGORIES, TYPES, eligibility, masked
from service.talents.teams import TEAM_FIELDS, add_team, update_team

__all__ = [
    "CATEGORIES",
    "FIELDS",
    "SORTS",
    "TEAM_FIELDS",
    "TYPES",
    "Added",
    "Duplicate",
    "NewTalent",
    "Talent",
    "TalentPhoto",
    "TalentTeam",
    "TalentTeamMember",
    "add_talent",
    "add_talents",
    "add_team",
    "approve_type",
    "confirm_talent",
    "contact_for",
    "duplicates",
    "eligibility",
    "find_photo",
    "find_talent",
    "find_team",
    "get_talent",
    "get_team",
    "has_photo",
    "masked",
    "phone_for",
    "search_talents",
    "search_teams",
    "sees_contact",
    "set_photo",
    "teams_of",
    "update_talent",
    "update_team",
    "visible",
    "withdraw_photo",
]
