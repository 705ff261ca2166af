"""Interviews a year (访谈进度) of the leaders of class B, and why there were too few (F2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock, contacts
from service.api.calls import Calls
from service.api.fields import Body, Id, List, Nested, Query, Said, Schema, Text, Whole
from service.api.records import Row, whole
from service.api.shapes import asks, page_of, takes, wanted
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.contacts import InterviewFilter
from service.contacts.fields import MISSED
from service.fields import picked
from service.http.context import actor, db
from service.people.queries import get_leader

calls = Calls(
    "contacts", "Contacts of leaders and talents: records, opinions, activities, matters, interviews", noun="interviews"
)


class Share(Schema):
    """How many of a pair's interviews a leader held."""

    leader = Nested(Named, required=True)
    count = Whole(required=True)


class PairItem(Schema):
    """A leader of class B and a talent: the interviews of a year; ``split`` after a handover."""

    link = Id(required=True, attribute="link.id")
    leader = Nested(Named, required=True)
    talent = Nested(Named, required=True)
    count = Whole(required=True)
    required = Whole(required=True)
    split = List(Nested(Share), required=True)
    reason = Said(required=True, allow_none=True)
    version = Whole(required=True, metadata={"description": "of the reason; `If-Match` takes it in quotes"})


@asks(InterviewFilter)
class InterviewQuery(Query):
    """The leader and the year of the interviews; ``on`` is the last day counted (default today)."""


@takes(picked(MISSED, "reason"), new=True)
class Missed(Body):
    """Why a pair had too few interviews in a year."""

    leader_id = Text(required=True, data_key="leader")
    talent_id = Text(required=True, data_key="talent")
    year = Whole(low=1940, high=2099, required=True)


class Given(Schema):
    """The reason that is kept."""

    reason = Said(required=True)


@calls.get("/interviews", answer=page_of(PairItem, "Pairs"), query=InterviewQuery)
def interviews(query: dict[str, Any]) -> Mapping[str, Any]:
    """Interviews a year of the leaders of class B (F2), those with the most missing first, whole."""
    asked = wanted(InterviewFilter, query)
    pairs = contacts.interview_progress(db(), actor(), asked)
    versions = contacts.missed_versions(db(), pairs, asked.year or (asked.on or clock.today()).year)
    items = [
        Row(
            one,
            split=[{"leader": leader, "count": count} for leader, count in one.split],
            version=versions[one.link.id],
        )
        for one in pairs
    ]
    return whole(items)


@calls.post("/interviews/reason", answer=Given, body=Missed, versioned=True)
def missed(body: dict[str, Any]) -> Tagged:
    """Says why a pair had too few interviews in a year."""
    given = contacts.give_missed_reason(db(), **body, version=seen(), actor=actor(), now=clock.now())
    leader = get_leader(db(), given.leader_id)
    return tagged(given, contacts.missed_edits(leader, given.talent_id, given.year))
