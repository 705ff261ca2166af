"""How the journals of talents and teams make their rows: verification folds and compares them. Pure."""

from __future__ import annotations

from typing import Any

from service.history.folding import Digest, Event, Family, Held, Row, Rows
from service.talents.models import Talent, TalentPhoto, TalentTeam, TalentTeamMember
from service.talents.rules import talent_keys, team_keys


def _talent(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "talent_added":
        rows.put(Talent, key, data, type_approved_on=None, confirmed_on=None, updated_at=event.at)
    elif event.kind in ("talent_updated", "talent_confirmed"):
        rows.change(Talent, key, data, updated_at=event.at)
    elif event.kind == "talent_type_approved":
        rows.set(Talent, key, type_approved_on=data["approved_on"], updated_at=event.at)
    elif event.kind == "talent_photo_set":
        content = Digest(data["sha256"])
        rows.put(TalentPhoto, key, data, talent_id=key, content=content, updated_at=event.at)
    elif event.kind == "talent_photo_withdrawn":
        rows.drop(TalentPhoto, key)


def _team(rows: Rows, event: Event) -> None:
    data, key = event.data, rows.name
    if event.kind == "team_added":
        rows.put(TalentTeam, key, data, updated_at=event.at)
        _members(rows, data["members"])
    elif event.kind == "team_updated":
        rows.change(TalentTeam, key, data, updated_at=event.at)
        if "members" in data:
            _members(rows, data["members"][1])


def _members(rows: Rows, listed: list[dict[str, Any]]) -> None:
    rows.clear(TalentTeamMember)
    for place, one in enumerate(listed):
        rows.put(TalentTeamMember, place, one, team_id=rows.name, position=place)


def _talent_derived(row: Row) -> dict[str, Any]:
    return talent_keys(row["id"], row["name"], row["employer"])


def _team_derived(row: Row) -> dict[str, Any]:
    return team_keys(row["name"])


FAMILIES = (
    Family(
        "talent",
        (
            Held(Talent, Talent.id, "人才", lambda row: f"{row['id']} {row['name']}", derived=_talent_derived),
            Held(TalentPhoto, TalentPhoto.talent_id, "人才照片", lambda row: row["talent_id"]),
        ),
        _talent,
    ),
    Family(
        "team",
        (
            Held(TalentTeam, TalentTeam.id, "团队", lambda row: row["name"], derived=_team_derived),
            Held(TalentTeamMember, TalentTeamMember.team_id, "团队成员", lambda row: row["name"]),
        ),
        _team,
    ),
)
