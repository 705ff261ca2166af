"""Events that change a talent's file or a team: their number is the version of an edited record."""

from __future__ import annotations

from service.history import Edits
from service.talents.models import Talent, TalentTeam


def talent_edits(talent: Talent) -> Edits:
    """Events that change a talent's file."""
    return Edits(f"talent:{talent.id}", ("talent_added", "talent_updated"))


def team_edits(team: TalentTeam) -> Edits:
    """Events that change a team."""
    return Edits(f"team:{team.id}", ("team_added", "team_updated"))
