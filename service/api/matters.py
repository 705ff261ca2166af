"""A unit's own matters (单位事项): logged, followed, solved (R6, R7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock, contacts
from service.api.calls import Calls
from service.api.fields import Body, Id, List, Moment, Nested, Said, Schema
from service.api.records import RecordHistory, journal_of, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.tasks import Named
from service.contacts import MatterFilter
from service.contacts.fields import MATTER, PROGRESS, SOLUTION
from service.fields import picked
from service.http.context import actor, db

calls = Calls(
    "contacts", "Contacts of leaders and talents: records, opinions, activities, matters, interviews", noun="matters"
)


@answers(PROGRESS)
class MatterStep(Schema):
    """The work done about a matter."""

    entered_by = Said(required=True)
    entered_at = Moment(required=True)


@answers(picked(MATTER, "title", "description", "raised_on", "result", "solved_on"))
class MatterItem(Schema):
    """A matter that a unit takes care of by itself; ``progress`` the first step first."""

    id = Id(required=True)
    unit = Said(required=True, attribute="unit_code")
    unit_name = Said(required=True, attribute="unit.name")
    talent = Nested(Named, required=True)
    progress = List(Nested(MatterStep), required=True)


@takes(MATTER, new=True)
class MatterBody(Body):
    """A matter of a unit; with ``result`` it is solved."""


@takes(PROGRESS, new=True)
class MatterProgress(Body):
    """The work done about a matter, and its day."""


@takes(SOLUTION, new=True)
class Solution(Body):
    """How a matter was solved."""


@calls.get("/matters", answer=page_of(MatterItem, "Matters"), query=query_of(MatterFilter))
def matters(query: dict[str, Any]) -> Mapping[str, Any]:
    """A unit's own matters (R6, R7): those that I may see."""
    return paged(contacts.search_matters(db(), actor(), wanted(MatterFilter, query), **query))


@calls.post("/matters", answer=MatterItem, status=201, body=MatterBody)
def add_matter(body: dict[str, Any]) -> object:
    """Logs a matter that a unit takes care of by itself."""
    return contacts.record_matter(db(), **body, actor=actor(), now=clock.now())


@calls.get("/matters/<uuid:matter_id>", answer=MatterItem)
def matter(matter_id: UUID) -> object:
    """One matter with what was done about it."""
    return contacts.get_matter(db(), matter_id, actor())


@calls.get("/matters/<uuid:matter_id>/history", answer=RecordHistory)
def matter_history(matter_id: UUID) -> Mapping[str, Any]:
    """The journal of a matter."""
    return journal_of(f"matter:{contacts.get_matter(db(), matter_id, actor()).id}")


@calls.post("/matters/<uuid:matter_id>/progress", answer=MatterItem, body=MatterProgress)
def add_progress(body: dict[str, Any], matter_id: UUID) -> object:
    """Says what was done about a matter that is not solved yet."""
    return contacts.follow_matter(db(), matter_id=matter_id, **body, actor=actor(), now=clock.now())


@calls.post("/matters/<uuid:matter_id>/solve", answer=MatterItem, body=Solution)
def solve_matter(body: dict[str, Any], matter_id: UUID) -> object:
    """Says how a matter was solved."""
    return contacts.solve_matter(db(), matter_id=matter_id, **body, actor=actor(), now=clock.now())
