"""Talent teams (创新创业人才团队, P1): found by name, added, changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service import talents as registry
from service.api.calls import Calls
from service.api.fields import Body, Id, List, Nested, Said, Schema, Text
from service.api.records import RecordHistory, journal, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.talents import TAG, TAG_SAYS
from service.api.versions import Tagged, seen, tagged
from service.fields import held
from service.http.context import actor, db
from service.talents import TEAM_FIELDS, TalentTeam, TeamFilter
from service.talents.edits import team_edits

calls = Calls(TAG, TAG_SAYS, noun="teams")


class TeamMember(Schema):
    """A member of a team: a talent of the registry, or a name only."""

    talent_id = Said(required=True, allow_none=True)
    name = Said(required=True)
    post = Said(required=True, allow_none=True)


@answers(TEAM_FIELDS)
class TeamItem(Schema):
    """A team (创新创业人才团队), served through its lead; an employer is told of no other employer's people (R8)."""

    id = Id(required=True)
    lead_id = Said(required=True, allow_none=True)
    lead_name = Said(required=True, allow_none=True)
    members = List(Nested(TeamMember), required=True)


class NewMember(Body):
    """A member: ``talent_id``, or ``name`` of somebody who is not in the registry."""

    talent_id = Text(allow_none=True)
    name = Text(allow_none=True)
    post = Text(allow_none=True)


@takes(TEAM_FIELDS, new=False)
class TeamChange(Body):
    """Fields of a team; ``members`` (without the lead) replaces all of them."""

    members = List(Nested(NewMember))


@takes(TEAM_FIELDS, new=True)
class NewTeam(Body):
    """A new team."""

    members = List(Nested(NewMember))


@calls.get("/teams", answer=page_of(TeamItem, "Teams"), query=query_of(TeamFilter), right="view_talents")
def teams(query: dict[str, Any]) -> Mapping[str, Any]:
    """Teams by their own or their lead's name, pinyin or initials."""
    found = registry.search_teams(db(), wanted(TeamFilter, query), **query, reader=actor())
    shown = registry.shown_of_teams(db(), found.items, actor())
    return paged(found, lambda row: _team(row, shown))


@calls.get("/teams/<uuid:team_id>", answer=TeamItem, right="view_talents")
def team(team_id: UUID) -> Tagged:
    """One team."""
    found = registry.get_team(db(), team_id, actor())
    return tagged(_team(found, registry.shown_of_teams(db(), [found], actor())), team_edits(found))


@calls.get("/teams/<uuid:team_id>/history", answer=RecordHistory, right="view_talents")
def team_history(team_id: UUID) -> Mapping[str, Any]:
    """Every change of a team."""
    found = registry.get_team(db(), team_id, actor())
    return journal(registry.team_history(db(), found, actor()))


@calls.post("/teams", answer=TeamItem, status=201, body=NewTeam, right="edit_talents")
def add_team(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new team."""
    return _team(registry.add_team(db(), **body, actor=actor(), now=clock.now()))


@calls.patch("/teams/<uuid:team_id>", answer=TeamItem, body=TeamChange, right="edit_talents")
def change_team(body: dict[str, Any], team_id: UUID) -> Tagged:
    """Changes a team."""
    changed = registry.update_team(db(), team_id=team_id, changes=body, version=seen(), actor=actor(), now=clock.now())
    return tagged(_team(changed), team_edits(changed))


def _team(row: TalentTeam, shown: frozenset[str] | None = None) -> Mapping[str, Any]:
    """A team; of its people only those ``shown``, where that is said."""
    leads = shown is None or row.lead_id in shown
    members = row.members if shown is None else [one for one in row.members if one.talent_id in shown]
    return {
        **held(row, TEAM_FIELDS),
        "id": row.id,
        "lead_id": row.lead_id if leads else None,
        "lead_name": row.lead.name if leads else None,
        "members": members,
    }
