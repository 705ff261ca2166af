"""Links (联系关系): which leader serves which talent; and whom a leader might serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from service import clock, liaisons
from service.api.calls import Calls
from service.api.fields import Body, Choice, Count, Day, Id, List, Nested, Query, Said, Schema, Text, Whole
from service.api.records import Row, Search, paged
from service.api.shapes import answers, asks, page_of, takes, wanted
from service.api.tasks import Named
from service.fields import picked
from service.http.context import actor, db
from service.liaisons import LINK, Link, LinkFilter
from service.liaisons.fields import COURSE, ENDING, HANDOVER, HOLDING
from service.liaisons.rules import REASONS, STATUSES

TAG, TAG_SAYS = "links", "Who serves whom: links, quotas, service teams, rosters"
RIGHT = "view_links"

# Ids that a body names are texts here: the command tells of all that are wrong at once, each at its field.

calls = Calls(TAG, TAG_SAYS)


class LeaderName(Schema):
    """A leader's post by name. ``id`` is what calls take."""

    id = Id(required=True)
    name = Said(required=True, attribute="person.name")
    klass = Choice("A", "B", required=True, data_key="class")
    post = Said(required=True)


@answers((*picked(LINK, "note", "starts_on"), *picked(COURSE, "held_from", "ends_on", "end_reason")))
class LinkItem(Schema):
    """A leader serves a talent. ``warnings`` say in Chinese what somebody should look at on the day asked for."""

    id = Id(required=True)
    leader = Nested(LeaderName, required=True)
    talent = Nested(Named, required=True)
    unit = Said(
        required=True,
        allow_none=True,
        attribute="leader.unit_code",
        metadata={"description": "code of the leader's office or unit"},
    )
    reason = Choice(*REASONS, required=True)
    status = Choice(*STATUSES, required=True)
    team_id = Id(
        required=True, allow_none=True, metadata={"description": "the talents' team served through the talent"}
    )
    previous_id = Id(required=True, allow_none=True, metadata={"description": "the link it was taken over from"})
    roster_id = Id(required=True, allow_none=True)
    warnings = List(Said(), required=True)


class HeldLinks(Schema):
    """The links that the Talent Office now holds."""

    items = List(Nested(LinkItem), required=True)


@asks(LinkFilter)
class LinkQuery(Search):
    """Filters of the list of links."""

    q = Text(metadata={"description": "leader or talent: 汉字, pinyin or initials"})


@takes(LINK, new=True)
class NewLink(Body):
    """A leader is to serve a talent. Of class B the reason is ``related`` and ``note`` says how."""

    leader_id = Text(required=True, data_key="leader")


class LinkActivation(Body):
    """From which day on; by default today, or the day it was proposed for where that is later."""

    starts_on = Day(load_default=None, allow_none=True)


@takes(ENDING, new=True)
class LinkEnding(Body):
    """The last day, and why."""


@takes(HANDOVER, new=True)
class LinkHandover(Body):
    """The leader who takes the talent over (the id of a leader's post), from when, and the handover note."""

    successor_id = Text(required=True, data_key="successor")


@takes(HOLDING, new=True)
class LinkHolding(Body):
    """The leader (the id of a post) whose links the Talent Office holds, from the day after the post's last on."""

    leader_id = Text(required=True, data_key="leader")


class SuggestionPart(Schema):
    """Why a talent is suggested, with its points."""

    code = Said(required=True)
    points = Whole(required=True)
    why = Said(required=True)


class SuggestionItem(Schema):
    """A talent who may fit a leader; ``score`` is the sum of the parts' points."""

    talent = Nested(Named, required=True)
    employer = Said(required=True, attribute="talent.employer")
    score = Whole(required=True)
    reason = Choice(*REASONS, required=True)
    parts = List(Nested(SuggestionPart), required=True)


class Suggestions(Schema):
    """The best first."""

    items = List(Nested(SuggestionItem), required=True)


class SuggestionQuery(Query):
    """For which leader's post, on which day (default today)."""

    leader_id = Text(required=True, data_key="leader")
    on = Day()
    limit = Count(low=1, high=50, load_default=10)


@calls.get("/links", answer=page_of(LinkItem, "Links"), query=LinkQuery, right=RIGHT)
def links(query: dict[str, Any]) -> Mapping[str, Any]:
    """Links that I may see, by class and the leader's name."""
    asked = wanted(LinkFilter, query)
    page = liaisons.search_links(db(), asked, **query, reader=actor())
    return {**paged(page), "items": _shown(page.items, asked.on)}


@calls.post("/links", answer=LinkItem, status=201, body=NewLink, right=RIGHT)
def propose_link(body: dict[str, Any]) -> Row:
    """A leader is to serve a talent: active at once, or proposed where something is still missing (see warnings)."""
    return _link(liaisons.propose_link(db(), **body, actor=actor(), now=clock.now()))


@calls.get("/links/suggestions", answer=Suggestions, query=SuggestionQuery, right=RIGHT)
def suggestions(query: dict[str, Any]) -> Mapping[str, Any]:
    """Talents who fit a leader by portfolio, stationed enterprise or platform, and how each was scored."""
    on = query.pop("on", None) or clock.today()
    return {"items": liaisons.suggestions(db(), **query, on=on, reader=actor())}


@calls.post("/links/hold", answer=HeldLinks, body=LinkHolding, right=RIGHT)
def hold_links(body: dict[str, Any]) -> Mapping[str, Any]:
    """A leader's post has ended: the Talent Office holds the links until they are handed over."""
    return {"items": _shown(liaisons.hold_links(db(), **body, actor=actor(), now=clock.now()))}


@calls.get("/links/<uuid:link_id>", answer=LinkItem, right=RIGHT)
def link(link_id: UUID) -> Row:
    """One link."""
    return _link(liaisons.get_link(db(), link_id, actor()))


@calls.post("/links/<uuid:link_id>/activate", answer=LinkItem, body=LinkActivation, right=RIGHT)
def activate_link(body: dict[str, Any], link_id: UUID) -> Row:
    """Lets a proposed link begin."""
    return _link(liaisons.activate_link(db(), link_id=link_id, **body, actor=actor(), now=clock.now()))


@calls.post("/links/<uuid:link_id>/end", answer=LinkItem, body=LinkEnding, right=RIGHT)
def end_link(body: dict[str, Any], link_id: UUID) -> Row:
    """Ends a link; a proposed one is taken back."""
    return _link(liaisons.end_link(db(), link_id=link_id, **body, actor=actor(), now=clock.now()))


@calls.post("/links/<uuid:link_id>/hand-over", answer=LinkItem, status=201, body=LinkHandover, right=RIGHT)
def hand_over(body: dict[str, Any], link_id: UUID) -> Row:
    """Another leader takes the talent over, without an ownerless day; gives the new link."""
    return _link(liaisons.hand_over(db(), link_id=link_id, **body, actor=actor(), now=clock.now()))


def _shown(found: Iterable[Link], on: date | None = None) -> list[Row]:
    """Links with their warnings of a day (default today)."""
    listed = list(found)
    warnings = liaisons.link_warnings(db(), listed, on or clock.today())
    return [Row(one, warnings=warnings[one.id]) for one in listed]


def _link(found: Link) -> Row:
    return _shown([found])[0]
