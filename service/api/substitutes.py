"""Substitutes (代理): declared and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from service import clock, people
from service.api.calls import Calls
from service.api.fields import Body, Id, List, Moment, Said, Schema
from service.api.records import Row, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.auth.absence import cover_of, gaps
from service.http.context import actor, db
from service.people import queries
from service.people.fields import SUBSTITUTE
from service.people.filters import SubstituteFilter
from service.people.models import Substitute

calls = Calls("people", "The directory: units, people, leaders' posts, liaisons, substitutes", noun="substitutes")


@answers(SUBSTITUTE)
class SubstituteItem(Schema):
    """Somebody who acts for another person (代理) from the first to the last day, unless withdrawn.

    ``warnings`` say in words what may leave work undone: the substitute is away too, or cannot sign in.
    """

    id = Id(required=True)
    person_id = Id(required=True)
    name = Said(required=True, attribute="person.name")
    substitute_name = Said(required=True, attribute="substitute.name")
    withdrawn_at = Moment(required=True, allow_none=True)
    warnings = List(Said(), required=True)


@takes(SUBSTITUTE, new=True)
class NewSubstitute(Body):
    """The substitute, the person who is away, and the days from when to when (both included)."""

    person_id = Id(required=True)


@calls.get(
    "/substitutes",
    answer=page_of(SubstituteItem, "Substitutes"),
    query=query_of(SubstituteFilter),
    right="view_directory",
)
def substitutes(query: dict[str, Any]) -> Mapping[str, Any]:
    """Substitutes by the name of who is absent or who acts."""
    page = queries.search_substitutes(db(), wanted(SubstituteFilter, query), **query)
    said = gaps(db(), [cover_of(row) for row in page.items], clock.today())
    warned = {row.id: [] if row.withdrawn_at else warnings for row, warnings in zip(page.items, said, strict=True)}
    return paged(page, lambda row: _told(row, warned[row.id]))


@calls.post("/substitutes", answer=SubstituteItem, status=201, body=NewSubstitute)
def declare_substitute(body: dict[str, Any]) -> object:
    """Declares who acts for whom: for oneself, or (liaison of the unit, Talent Office, administrator) for others.

    403 where it would make oneself the substitute of somebody else. The answer's ``warnings`` say what may leave work
    undone.
    """
    declared = people.declare_substitute(db(), **body, actor=actor(), now=clock.now())
    return _told(declared, *gaps(db(), [cover_of(declared)], clock.today()))


@calls.post("/substitutes/<uuid:declaration_id>/withdraw", answer=SubstituteItem)
def withdraw_substitute(body: dict[str, Any], declaration_id: UUID) -> object:
    """Takes back a declared substitute at once."""
    return _told(people.withdraw_substitute(db(), declaration_id=declaration_id, actor=actor(), now=clock.now()))


def _told(row: Substitute, warnings: Sequence[str] = ()) -> Row:
    return Row(row, warnings=list(warnings))
