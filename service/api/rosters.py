"""Rosters (名单): the lists of who serves whom, version by version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, liaisons
from service.api.calls import Calls
from service.api.fields import Body, Choice, Day, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.links import RIGHT, TAG, TAG_SAYS, LeaderName
from service.api.records import Pages, Row, paged
from service.api.shapes import answers, asks, page_of, takes, wanted
from service.api.tasks import Named
from service.api.versions import Tagged, seen, tagged
from service.fields import picked
from service.http.context import actor, db
from service.liaisons import Roster, RosterFilter
from service.liaisons.edits import roster_edits
from service.liaisons.fields import DECISION, LINE, ROSTER_NOTE
from service.liaisons.rules import REASONS, ROSTER_STATUSES
from service.usecases import rosters as operations

calls = Calls(TAG, TAG_SAYS, noun="rosters")


@answers((ROSTER_NOTE,))
class RosterHead(Schema):
    """A version of a list; ``scope`` is ``A`` or a unit's code."""

    id = Id(required=True)
    scope = Said(required=True)
    version = Whole(required=True)
    status = Choice(*ROSTER_STATUSES, required=True)
    document_no = Said(required=True, allow_none=True)
    decided_on = Day(required=True, allow_none=True)
    filed_on = Day(required=True, allow_none=True)
    created_at = Moment(required=True)


@answers(picked(LINE, "note"))
class RosterLine(Schema):
    """A line of a roster."""

    leader = Nested(LeaderName, required=True)
    talent = Nested(Named, required=True)
    reason = Choice(*REASONS, required=True)


class RosterPaper(RosterHead):
    """A version with its lines, and what it changes against the version before."""

    items = List(Nested(RosterLine), required=True)
    before = Id(required=True, allow_none=True)
    added = List(Nested(RosterLine), required=True)
    removed = List(Nested(RosterLine), required=True)
    changed = List(Nested(RosterLine), required=True, metadata={"description": "as they are now"})


@asks(RosterFilter)
class RosterQuery(Pages):
    """Filters of the rosters."""


@takes(LINE, new=True)
class NewRosterLine(Body):
    """A line of a draft."""

    leader_id = Text(required=True, data_key="leader")


@takes((ROSTER_NOTE,), new=True)
class RosterDraft(Body):
    """The whole list. A draft of the scope that is there already is rewritten."""

    scope = Text(required=True)
    items = List(Nested(NewRosterLine), required=True)


@takes(DECISION, new=True)
class RosterDecision(Body):
    """The document by which the list is decided."""


class RosterFiling(Body):
    """On which day it is on file; by default today."""

    on = Day(load_default=None, allow_none=True)


@calls.get("/rosters", answer=page_of(RosterHead, "Rosters"), query=RosterQuery, right=RIGHT)
def rosters(query: dict[str, Any]) -> Mapping[str, Any]:
    """Versions of rosters that I may see, the newest of each list first."""
    return paged(liaisons.search_rosters(db(), wanted(RosterFilter, query), **query, reader=actor()))


@calls.post("/rosters", answer=RosterPaper, status=201, body=RosterDraft, right=RIGHT, versioned=True)
def draft_roster(body: dict[str, Any]) -> Tagged:
    """Drafts a version of a list; nothing changes for links until it is decided.

    ``If-Match`` is the ``ETag`` of any version of that list: how often it was drafted.
    """
    made = liaisons.draft_roster(db(), **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(_paper(made), roster_edits(made.scope))


@calls.get("/rosters/<uuid:roster_id>", answer=RosterPaper, right=RIGHT)
def roster(roster_id: UUID) -> Tagged:
    """A version with its lines and what it changes."""
    found = liaisons.get_roster(db(), roster_id, actor())
    return tagged(_paper(found), roster_edits(found.scope))


@calls.post("/rosters/<uuid:roster_id>/decide", answer=RosterPaper, body=RosterDecision, right=RIGHT)
def decide_roster(body: dict[str, Any], roster_id: UUID) -> Row:
    """Puts a draft in force under its document number: links not on it end, new ones begin.

    Where a round asks for this list its step is taken, so that the round goes on.
    """
    return _paper(operations.decide(db(), roster_id=roster_id, **body, actor=actor(), now=clock.now()))


@calls.post("/rosters/<uuid:roster_id>/file", answer=RosterPaper, body=RosterFiling, right="file_rosters")
def file_roster(body: dict[str, Any], roster_id: UUID) -> Row:
    """The Talent Office has a decided list on file (备案)."""
    day = body["on"] or clock.today()
    return _paper(operations.file(db(), roster_id=roster_id, on=day, actor=actor(), now=clock.now()))


def _paper(found: Roster) -> Row:
    change = liaisons.roster_change(db(), found)
    return Row(
        found,
        before=change.before.id if change.before is not None else None,
        added=change.added,
        removed=change.removed,
        changed=[new for _, new in change.changed],
    )
