"""Activities (活动) with invitations: held, cancelled, attended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, contacts
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Text
from service.api.instances import Reason
from service.api.records import paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.contacts import ActivityFilter
from service.contacts.fields import ACTIVITY
from service.contacts.rules import ACTIVITY_KINDS
from service.http.context import actor, db

calls = Calls(
    "contacts", "Contacts of leaders and talents: records, opinions, activities, matters, interviews", noun="activities"
)


class InvitationItem(Schema):
    """An invitation; ``attended`` is null until somebody says so."""

    talent = Nested(Named, required=True)
    invited_on = Day(required=True)
    attended = Flag(required=True, allow_none=True)
    note = Said(required=True, allow_none=True)


@answers(ACTIVITY)
class ActivityItem(Schema):
    """An activity, consultation or symposium with its invitations."""

    id = Id(required=True)
    kind = Choice(*ACTIVITY_KINDS, required=True)
    organizer_unit = Said(required=True, data_key="unit", metadata={"description": "code of the unit that holds it"})
    unit_name = Said(required=True, attribute="organizer.name")
    cancelled_at = Moment(required=True, allow_none=True)
    invitations = List(Nested(InvitationItem), required=True)


@takes(ACTIVITY, new=True)
class ActivityBody(Body):
    """An activity to be held."""

    talent_ids = List(Text(), load_default=list, data_key="talents")


class Invited(Body):
    """The talents who are invited."""

    talent_ids = List(Text(), required=True, data_key="talents")
    invited_on = Day()


class Came(Body):
    """Whether somebody came; null for not known."""

    talent = Text(required=True)
    attended = Flag(required=True, allow_none=True)


class Attendance(Body):
    """The talents who came."""

    attendance = List(Nested(Came), required=True)


@calls.get(
    "/activities",
    answer=page_of(ActivityItem, "Activities"),
    query=query_of(ActivityFilter),
    right="view_activities",
)
def activities(query: dict[str, Any]) -> Mapping[str, Any]:
    """活动: the newest first."""
    return paged(contacts.search_activities(db(), actor(), wanted(ActivityFilter, query), **query))


@calls.get("/activities/<uuid:activity_id>", answer=ActivityItem, right="view_activities")
def activity(activity_id: UUID) -> Tagged:
    """One activity with its invitations; the ``ETag`` is the version of what was said of who came."""
    found = contacts.get_activity(db(), activity_id, actor())
    return tagged(found, contacts.attendance_edits(found))


@calls.post("/activities", answer=ActivityItem, status=201, body=ActivityBody)
def add_activity(body: dict[str, Any]) -> object:
    """A new activity of a unit."""
    return contacts.add_activity(db(), **body, actor=actor(), now=clock.now())


@calls.post("/activities/<uuid:activity_id>/invite", answer=ActivityItem, body=Invited)
def invite(body: dict[str, Any], activity_id: UUID) -> object:
    """Invites talents; who was invited before stays so."""
    contacts.invite(db(), activity_id=activity_id, **body, actor=actor(), now=clock.now())
    return contacts.get_activity(db(), activity_id, actor())


@calls.post("/activities/<uuid:activity_id>/attendance", answer=ActivityItem, body=Attendance, versioned=True)
def attendance(body: dict[str, Any], activity_id: UUID) -> Tagged:
    """Enters who came."""
    came = {row["talent"]: row["attended"] for row in body["attendance"]}
    contacts.record_attendance(
        db(), activity_id=activity_id, attended=came, version=seen(), actor=actor(), now=clock.now()
    )
    return activity(activity_id)


@calls.post("/activities/<uuid:activity_id>/cancel", answer=ActivityItem, body=Reason)
def cancel(body: dict[str, Any], activity_id: UUID) -> object:
    """Cancels an activity that nobody has attended."""
    return contacts.cancel_activity(db(), activity_id=activity_id, **body, actor=actor(), now=clock.now())
