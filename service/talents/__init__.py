"""The registry of high-level talents (高层次人才信息库): who they are, where they work, their teams and photos."""

from service.talents.bulk import Added, NewTalent, add_talents
from service.talents.commands import (
    add_talent,
    approve_type,
    check_changes,
    confirm_talent,
    confirm_talents,
    update_talent,
)
from service.talents.fields import FIELDS, TEAM_FIELDS
from service.talents.filters import SORTS, TalentFilter, TeamFilter
from service.talents.masks import masked
from service.talents.models import Talent, TalentPhoto, TalentTeam, TalentTeamMember
from service.talents.photos import set_photo, withdraw_photo
from service.talents.queries import (
    Duplicate,
    duplicates,
    file_history,
    find_photo,
    find_talent,
    find_team,
    get_talent,
    get_team,
    has_photo,
    phone_for,
    require_unlike,
    search_talents,
    search_teams,
    sees_contact,
    shown,
    shown_of_teams,
    team_history,
    teams_of,
    units_shown,
    visible,
)
from service.talents.rules import CATEGORIES, TYPES, eligibility
from service.talents.teams import add_team, update_team

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
    "TalentFilter",
    "TalentPhoto",
    "TalentTeam",
    "TalentTeamMember",
    "TeamFilter",
    "add_talent",
    "add_talents",
    "add_team",
    "approve_type",
    "check_changes",
    "confirm_talent",
    "confirm_talents",
    "duplicates",
    "eligibility",
    "file_history",
    "find_photo",
    "find_talent",
    "find_team",
    "get_talent",
    "get_team",
    "has_photo",
    "masked",
    "phone_for",
    "require_unlike",
    "search_talents",
    "search_teams",
    "sees_contact",
    "set_photo",
    "shown",
    "shown_of_teams",
    "team_history",
    "teams_of",
    "units_shown",
    "update_talent",
    "update_team",
    "visible",
    "withdraw_photo",
]
