"""The posts of leaders: added, corrected, ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, people
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Id, Said, Schema, Text
from service.api.records import LastDay, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.versions import Tagged, seen, tagged
from service.http.context import actor, db
from service.people import queries
from service.people.edits import leader_edits
from service.people.fields import POST
from service.people.filters import LeaderFilter
from service.usecases import posts

calls = Calls("people", "The directory: units, people, leaders' posts, liaisons, substitutes", noun="posts")


@answers(POST)
class LeaderItem(Schema):
    """A leader's post: class A of a leading body, class B of a member unit. ``id`` is what forms store."""

    id = Id(required=True)
    person_id = Id(required=True)
    name = Said(required=True, attribute="person.name")
    klass = Choice("A", "B", required=True, data_key="class")
    unit_name = Said(required=True, allow_none=True, attribute="unit.name", dump_default=None)
    stationed = Said(
        required=True, allow_none=True, metadata={"description": "enterprises at which the leader is stationed (D1)"}
    )


@takes(POST, new=False)
class LeaderChange(Body):
    """Corrections of a post; the first day can only become an earlier one."""


@takes(POST, new=True)
class NewLeader(Body):
    """A new post: of class A with ``body``, of class B with ``duty`` and ``unit``."""

    person_id = Id(required=True)


class OtherEnd(Body):
    """The right last day of a post, null where it goes on, and why it is another one."""

    ends_on = Day(required=True, allow_none=True)
    reason = Text(required=True)


@calls.get("/leaders", answer=page_of(LeaderItem, "Leaders"), query=query_of(LeaderFilter), right="view_directory")
def leaders(query: dict[str, Any]) -> Mapping[str, Any]:
    """Serving leaders by name, pinyin, initials or post; class A first."""
    return paged(queries.search_leaders(db(), wanted(LeaderFilter, query), **query))


@calls.get("/leaders/<uuid:leader_id>", answer=LeaderItem, right="view_directory")
def leader(leader_id: UUID) -> Tagged:
    """One post."""
    found = queries.get_leader(db(), leader_id)
    return tagged(found, leader_edits(found))


@calls.post("/leaders", answer=LeaderItem, status=201, body=NewLeader)
def add_leader(body: dict[str, Any]) -> object:
    """A new post. 409 where the person is a leader of the same body or unit on one of its days."""
    return people.add_leader(db(), **body, actor=actor(), now=clock.now())


@calls.patch("/leaders/<uuid:leader_id>", answer=LeaderItem, body=LeaderChange, right="view_directory")
def change_leader(body: dict[str, Any], leader_id: UUID) -> Tagged:
    """Corrects a post. ``unit``, ``body`` and ``duty`` stay once there are links or contacts in its name."""
    changed = posts.correct_post(
        db(), leader_id=leader_id, changes=body, version=seen(), actor=actor(), now=clock.now()
    )
    return tagged(changed, leader_edits(changed))


@calls.post("/leaders/<uuid:leader_id>/end", answer=LeaderItem, body=LastDay, right="view_directory")
def end_leader(body: dict[str, Any], leader_id: UUID) -> object:
    """Sets the last day of a post; from the next day on the Talent Office holds its links."""
    ended, _ = posts.end_post(db(), leader_id=leader_id, ends_on=body["ends_on"], actor=actor(), now=clock.now())
    return ended


@calls.post(
    "/leaders/<uuid:leader_id>/end/correct", answer=LeaderItem, body=OtherEnd, right="view_directory", versioned=True
)
def correct_end(body: dict[str, Any], leader_id: UUID) -> Tagged:
    """Corrects the last day of a post: held links, team and handover follow. 422 once a link has been handed over."""
    leader, _ = posts.correct_end(db(), leader_id=leader_id, **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(leader, leader_edits(leader))
