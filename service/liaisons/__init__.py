"""The service of talents by leaders (联系关系): links between leaders and talents, quotas, service teams, rosters."""

from service.liaisons.commands import activate_link, end_link, hand_over, hold_links, propose_link
from service.liaisons.fields import LINK, SERVICE_TEAM
from service.liaisons.filters import LinkFilter, QuotaFilter, RosterFilter, ServiceTeamFilter
from service.liaisons.keepers import (
    keeper_of,
    keeps_links,
    may_be_held,
    may_decide,
    may_file,
    scope_names,
    scopes_of,
)
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam, ServiceTeamMember
from service.liaisons.queries import (
    concerned,
    get_link,
    leaders_of,
    link_events,
    scope_links,
    search_service_teams,
    sees_links,
    served_ids,
    standing_service_teams,
    talents_of,
)
from service.liaisons.quotas import QuotaRow, QuotaTotal, quota_report, quotas
from service.liaisons.releases import check_release, release_links
from service.liaisons.roster_queries import (
    DraftStart,
    RosterChange,
    draft_start,
    get_roster,
    roster_change,
    search_rosters,
)
from service.liaisons.rosters import decide_roster, draft_roster, file_roster, leaving_links, take_up
from service.liaisons.rules import QUOTAS, REASONS, REASONS_OF
from service.liaisons.search import search_links
from service.liaisons.service_teams import offered_officer, set_service_team
from service.liaisons.steps import awaits_handover, waiting
from service.liaisons.suggestions import Suggestion, suggestions
from service.liaisons.warnings import TEAM_LACKING, link_warnings, service_team_warnings

__all__ = [
    "LINK",
    "QUOTAS",
    "REASONS",
    "REASONS_OF",
    "SERVICE_TEAM",
    "TEAM_LACKING",
    "DraftStart",
    "Link",
    "LinkFilter",
    "QuotaFilter",
    "QuotaRow",
    "QuotaTotal",
    "Roster",
    "RosterChange",
    "RosterFilter",
    "RosterItem",
    "ServiceTeam",
    "ServiceTeamFilter",
    "ServiceTeamMember",
    "Suggestion",
    "activate_link",
    "awaits_handover",
    "check_release",
    "concerned",
    "decide_roster",
    "draft_roster",
    "draft_start",
    "end_link",
    "file_roster",
    "get_link",
    "get_roster",
    "hand_over",
    "hold_links",
    "keeper_of",
    "keeps_links",
    "leaders_of",
    "leaving_links",
    "link_events",
    "link_warnings",
    "may_be_held",
    "may_decide",
    "may_file",
    "offered_officer",
    "propose_link",
    "quota_report",
    "quotas",
    "release_links",
    "roster_change",
    "scope_links",
    "scope_names",
    "scopes_of",
    "search_links",
    "search_rosters",
    "search_service_teams",
    "sees_links",
    "served_ids",
    "service_team_warnings",
    "set_service_team",
    "standing_service_teams",
    "suggestions",
    "take_up",
    "talents_of",
    "waiting",
]
