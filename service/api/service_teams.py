"""Service teams (工作团队): who works for a leader's talents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, liaisons
from service.api.calls import Calls
from service.api.fields import Body, Day, Id, List, Nested, Said, Schema, Text
from service.api.links import RIGHT, TAG, TAG_SAYS, LeaderName
from service.api.records import paged
from service.api.shapes import page_of, query_of, takes, wanted
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.errors import NotFound
from service.http.context import actor, db
from service.liaisons import SERVICE_TEAM, ServiceTeamFilter
from service.liaisons.edits import service_team_edits

calls = Calls(TAG, TAG_SAYS, noun="service_teams")


class ServiceMemberItem(Schema):
    """A member of a service team with the unit and post of that time."""

    person = Nested(Named, required=True)
    unit = Said(required=True, allow_none=True, attribute="unit_code")
    post = Said(required=True, allow_none=True)


class ServiceTeamItem(Schema):
    """The service team of a leader."""

    id = Id(required=True)
    leader = Nested(LeaderName, required=True)
    head = Nested(Named, required=True)
    liaison = Nested(Named, required=True)
    members = List(Nested(ServiceMemberItem), required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


class NewServiceMember(Body):
    """A member; ``post`` is by default that of the directory."""

    person_id = Text(required=True, data_key="person")
    post = Text(longest=100, load_default=None, allow_none=True)


@takes(SERVICE_TEAM, new=True)
class NewServiceTeam(Body):
    """Head, liaison officer and members by their persons' ids. The former team ends the day before."""

    leader_id = Text(required=True, data_key="leader")
    head_id = Text(required=True, data_key="head")
    liaison_id = Text(required=True, data_key="liaison")
    members = List(Nested(NewServiceMember), required=True)


@calls.get(
    "/service-teams",
    answer=page_of(ServiceTeamItem, "ServiceTeams"),
    query=query_of(ServiceTeamFilter),
    right=RIGHT,
)
def service_teams(query: dict[str, Any]) -> Mapping[str, Any]:
    """Service teams that I may see, the newest of each leader first."""
    return paged(liaisons.search_service_teams(db(), wanted(ServiceTeamFilter, query), **query, reader=actor()))


@calls.get("/leaders/<uuid:leader_id>/service-team", answer=ServiceTeamItem, right=RIGHT)
def service_team(leader_id: UUID) -> Tagged:
    """The newest service team of a leader."""
    asked = ServiceTeamFilter(leader_id=str(leader_id))
    found = next(iter(liaisons.search_service_teams(db(), asked, 1, reader=actor()).items), None)
    if found is None:
        raise NotFound("这位领导还没有工作团队，或您无权查看")
    return tagged(found, service_team_edits(found.leader))


@calls.post("/service-teams", answer=ServiceTeamItem, status=201, body=NewServiceTeam, right=RIGHT, versioned=True)
def set_service_team(body: dict[str, Any]) -> Tagged:
    """Sets the people who work for a leader's talents. Links that waited only for a team begin."""
    made = liaisons.set_service_team(db(), **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(made, service_team_edits(made.leader))
