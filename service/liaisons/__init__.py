"""Who serves whom (联系关系): links between leaders and talents, quotas, service teams, rosters."""

from service.liaisons.commands import activate_link, end_link, hand_over, hold_links, propose_link
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam, ServiceTeamMember
from service.liaisons.queries import (
    get_link,
    leaders_of,
    scope_links,
    search_teams,
    served_ids,
    standing_teams,
    talents_of,
)
from service.liaisons.quotas import QuotaRow, QuotaTotal, quota_report, quotas
from service.liaisons.releases import check_release, release_links
from service.liaisons.roster_queries import RosterChange, get_roster, roster_change, search_rosters
from service.liaisons.rosters import decide_roster, draft_roster, file_roster, leaving_links
from service.liaisons.rules import QUOTAS, REASONS, REASONS_OF
from service.liaisons.search import search_links
from service.liaisons.steps import awaits_handover, waiting
from service.liaisons.suggestions import Suggestion, suggestions
from service.liaisons.teams import set_service_team
from service.liaisons.warnings import left_team, link_warnings

__all__ = [
    "QUOTAS",
    "REASONS",
    "REASONS_OF",
    "Link",
    "QuotaRow",
    "QuotaTotal",
    "Roster",
    "RosterChange",
    "RosterItem",
    "ServiceTeam",
    "ServiceTeamMember",
    "Suggestion",
    "activate_link",
    "awaits_handover",
    "check_release",
    "decide_roster",
    "draft_roster",
    "end_link",
    "file_roster",
    "get_link",
    "get_roster",
    "hand_over",
    "hold_links",
    "leaders_of",
    "leaving_links",
    "left_team",
    "link_warnings",
    "propose_link",
    "quota_report",
    "quotas",
    "release_links",
    "roster_change",
    "scope_links",
    "search_links",
    "search_rosters",
    "search_teams",
    "served_ids",
    "set_service_team",
    "standing_teams",
    "suggestions",
    "talents_of",
    "waiting",
]
