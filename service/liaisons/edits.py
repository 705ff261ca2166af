"""Events that change a leader's service team or the draft of a list: their number is the version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.history import Edits
from service.people.models import Leader

SERVICE_TEAM_KINDS = ("service_team_set", "service_team_ended", "service_team_resumed", "service_team_end_updated")


def service_team_edits(leader: Leader) -> Edits:
    """Events that set, end or resume the team that works for a leader's talents."""
    stream = f"person:{leader.person_id}"
    return Edits(stream, SERVICE_TEAM_KINDS, about=str(leader.id), key="leader_id", changes=_team)


def roster_edits(scope: str) -> Edits:
    """Events that rewrite the draft of a list."""
    return Edits(f"roster:{scope}", ("roster_drafted",), changes=_lines)


def _lines(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    said = data.get("rewritten")
    return {"lines": ("此前的名单", said)} if said else {}


def _team(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """A new team as one change; the journal names the former one by its id only."""
    if "head" not in data:
        return {"team": ("现有工作团队", f"至 {data['ends_on']} 结束")} if data.get("ends_on") else {}
    members = "、".join(one["name"] for one in data["members"]) or "无"
    said = f"组长{data['head']}，联络员{data['liaison']}，成员{members}，自 {data['starts_on']} 起"
    return {"team": ("原工作团队" if data.get("former_id") else "", said)}
