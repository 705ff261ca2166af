"""Who serves whom (联系关系): links, quotas, service teams, rosters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from service import clock, liaisons
from service.api.calls import Calls
from service.api.context import actor, db
from service.api.fields import (
    Body,
    Choice,
    Count,
    Day,
    Flag,
    Id,
    List,
    Moment,
    Nested,
    Query,
    Said,
    Schema,
    Text,
    Whole,
)
from service.api.tasks import Named
from service.liaisons.models import Link, Roster, RosterItem, ServiceTeam
from service.liaisons.rules import REASONS, ROSTER_STATUSES, STATUSES
from service.people.models import Leader, Person
from service.usecases import rosters as deeds

calls = Calls("links", "Who serves whom: links, quotas, service teams, rosters")

RIGHT = "view_links"


class LeaderName(Schema):
    """A leader's post by name. ``id`` is what calls take."""

    id = Id(required=True)
    name = Said(required=True)
    klass = Choice("A", "B", required=True, data_key="class")
    post = Said(required=True)


class LinkItem(Schema):
    """A leader serves a talent. ``warnings`` say in Chinese what somebody should look at on the day asked for."""

    id = Id(required=True)
    leader = Nested(LeaderName, required=True)
    talent = Nested(Named, required=True)
    unit = Said(required=True, allow_none=True, metadata={"description": "code of the leader's office or unit"})
    reason = Choice(*REASONS, required=True)
    note = Said(required=True, allow_none=True)
    status = Choice(*STATUSES, required=True)
    starts_on = Day(required=True)
    held_from = Day(required=True, allow_none=True)
    ends_on = Day(required=True, allow_none=True)
    end_reason = Said(required=True, allow_none=True)
    team_id = Id(
        required=True, allow_none=True, metadata={"description": "the talents' team served through the talent"}
    )
    previous_id = Id(required=True, allow_none=True, metadata={"description": "the link it was taken over from"})
    roster_id = Id(required=True, allow_none=True)
    warnings = List(Said(), required=True)


class Links(Schema):
    """A page of links."""

    items = List(Nested(LinkItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class HeldLinks(Schema):
    """The links that the Talent Office now holds."""

    items = List(Nested(LinkItem), required=True)


class Pages(Query):
    """Which part of a list."""

    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


class LinkQuery(Pages):
    """Filters of the list of links. ``on``: those that count on that day; ``warned``: those with warnings."""

    q = Text(metadata={"description": "leader or talent: 汉字, pinyin or initials"})
    leader_id = Text(data_key="leader")
    talent_id = Text(data_key="talent")
    unit = Text()
    klass = Choice("A", "B", data_key="class")
    status = Choice(*STATUSES)
    on = Day()
    warned = Flag(load_default=False)


class NewLink(Body):
    """A leader is to serve a talent. Of class B the reason is ``related`` and ``note`` says how."""

    leader_id = Text(required=True, data_key="leader")
    talent_id = Text(required=True, data_key="talent")
    reason = Choice(*REASONS, required=True)
    note = Text(longest=500, load_default=None, allow_none=True)
    starts_on = Day(required=True)
    team_id = Text(load_default=None, allow_none=True)


class LinkActivation(Body):
    """From which day on; by default today, or the day it was proposed for where that is later."""

    starts_on = Day(load_default=None, allow_none=True)


class LinkEnding(Body):
    """The last day, and why."""

    ends_on = Day(required=True)
    reason = Text(required=True)


class LinkHandover(Body):
    """Who takes the talent over (the id of a leader's post), from when, and the handover note."""

    successor_id = Text(required=True, data_key="successor")
    starts_on = Day(required=True)
    note = Text(longest=500, load_default=None, allow_none=True)


class LinkHolding(Body):
    """Whose links the Talent Office holds (the id of a leader's post), from the day after the post's last on."""

    leader_id = Text(required=True, data_key="leader")
    held_from = Day(required=True)


class SuggestionPart(Schema):
    """Why a talent is suggested, with its points."""

    code = Said(required=True)
    points = Whole(required=True)
    why = Said(required=True)


class SuggestionItem(Schema):
    """A talent who may fit a leader; ``score`` is the sum of the parts' points."""

    talent = Nested(Named, required=True)
    employer = Said(required=True)
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


class QuotaItem(Schema):
    """A leader and the quota. ``both``: leads in class A too, so that as class B nothing is required."""

    leader = Nested(LeaderName, required=True)
    unit = Said(required=True, allow_none=True)
    required_ = Whole(required=True, data_key="required")
    count = Whole(required=True)
    short = Whole(required=True)
    both = Flag(required=True)


class QuotaTotals(Schema):
    """One class, over all pages."""

    klass = Choice("A", "B", required=True, data_key="class")
    leaders = Whole(required=True)
    short = Whole(required=True)
    links = Whole(required=True)


class Quotas(Schema):
    """A page of leaders, those that lack most first."""

    on = Day(required=True)
    items = List(Nested(QuotaItem), required=True)
    totals = List(Nested(QuotaTotals), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class QuotaQuery(Pages):
    """Filters of the quota report; ``on`` is any day (default today)."""

    on = Day()
    klass = Choice("A", "B", data_key="class")
    unit = Text()
    short_only = Flag(load_default=False)


class ServiceMemberItem(Schema):
    """A member of a service team with the unit and post of that time."""

    person = Nested(Named, required=True)
    unit = Said(required=True, allow_none=True)
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


class ServiceTeams(Schema):
    """A page of service teams."""

    items = List(Nested(ServiceTeamItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class ServiceTeamQuery(Pages):
    """Filters of the service teams; ``on``: those that stand on that day."""

    q = Text()
    leader_id = Text(data_key="leader")
    unit = Text()
    klass = Choice("A", "B", data_key="class")
    on = Day()


class NewServiceMember(Body):
    """A member; ``post`` is by default that of the directory."""

    person_id = Text(required=True, data_key="person")
    post = Text(longest=100, load_default=None, allow_none=True)


class NewServiceTeam(Body):
    """Head, liaison officer and members by their persons' ids. The former team ends the day before."""

    leader_id = Text(required=True, data_key="leader")
    head_id = Text(required=True, data_key="head")
    liaison_id = Text(required=True, data_key="liaison")
    members = List(Nested(NewServiceMember), required=True)
    starts_on = Day(required=True)


class RosterHead(Schema):
    """A version of a list; ``scope`` is ``A`` or a unit's code."""

    id = Id(required=True)
    scope = Said(required=True)
    version = Whole(required=True)
    status = Choice(*ROSTER_STATUSES, required=True)
    document_no = Said(required=True, allow_none=True)
    decided_on = Day(required=True, allow_none=True)
    filed_on = Day(required=True, allow_none=True)
    note = Said(required=True, allow_none=True)
    created_at = Moment(required=True)


class RosterLine(Schema):
    """A line of a roster."""

    leader = Nested(LeaderName, required=True)
    talent = Nested(Named, required=True)
    reason = Choice(*REASONS, required=True)
    note = Said(required=True, allow_none=True)


class RosterPaper(RosterHead):
    """A version with its lines, and what it changes against the version before."""

    items = List(Nested(RosterLine), required=True)
    before = Id(required=True, allow_none=True)
    added = List(Nested(RosterLine), required=True)
    removed = List(Nested(RosterLine), required=True)
    changed = List(Nested(RosterLine), required=True, metadata={"description": "as they are now"})


class Rosters(Schema):
    """A page of versions."""

    items = List(Nested(RosterHead), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class RosterQuery(Pages):
    """Filters of the rosters."""

    scope = Text()
    status = Choice(*ROSTER_STATUSES)


class NewRosterLine(Body):
    """A line of a draft."""

    leader_id = Text(required=True, data_key="leader")
    talent_id = Text(required=True, data_key="talent")
    reason = Choice(*REASONS, required=True)
    note = Text(longest=500, load_default=None, allow_none=True)


class RosterDraft(Body):
    """The whole list. A draft of the scope that is there already is rewritten."""

    scope = Text(required=True)
    items = List(Nested(NewRosterLine), required=True)
    note = Text(longest=500, load_default=None, allow_none=True)


class RosterDecision(Body):
    """The document by which the list is decided."""

    document_no = Text(required=True, longest=60)
    decided_on = Day(required=True)


class RosterFiling(Body):
    """On which day it is on file; by default today."""

    on = Day(load_default=None, allow_none=True)


@calls.get("/links", answer=Links, query=LinkQuery, right=RIGHT)
def links(query: dict[str, Any]) -> Mapping[str, Any]:
    """Links that I may see, by class and the leader's name."""
    page = liaisons.search_links(db(), **query, reader=actor())
    items = _links(page.items, query.get("on") or clock.today())
    return {"items": items, "total": page.total, "next": page.next}


@calls.post("/links", answer=LinkItem, status=201, body=NewLink, right=RIGHT)
def propose_link(body: dict[str, Any]) -> Mapping[str, Any]:
    """A leader is to serve a talent: active at once, or proposed where something is still missing (see warnings)."""
    return _link(liaisons.propose_link(db(), **body, actor=actor(), now=clock.now()))


@calls.get("/links/suggestions", answer=Suggestions, query=SuggestionQuery, right=RIGHT)
def suggestions(query: dict[str, Any]) -> Mapping[str, Any]:
    """Talents who fit a leader by portfolio, stationed enterprise or platform, and how each was scored."""
    on = query.get("on") or clock.today()
    found = liaisons.suggestions(db(), leader_id=query["leader_id"], on=on, limit=query["limit"], reader=actor())
    return {
        "items": [
            {
                "talent": {"id": one.talent.id, "name": one.talent.name},
                "employer": one.talent.employer,
                "score": one.score,
                "reason": one.reason,
                "parts": [{"code": code, "points": points, "why": why} for code, points, why in one.parts],
            }
            for one in found
        ]
    }


@calls.post("/links/hold", answer=HeldLinks, body=LinkHolding, right=RIGHT)
def hold_links(body: dict[str, Any]) -> Mapping[str, Any]:
    """A leader's post has ended: the Talent Office holds the links until they are handed over."""
    return {"items": _links(liaisons.hold_links(db(), **body, actor=actor(), now=clock.now()), clock.today())}


@calls.get("/links/<uuid:link_id>", answer=LinkItem, right=RIGHT)
def link(link_id: UUID) -> Mapping[str, Any]:
    """One link."""
    return _link(liaisons.get_link(db(), link_id, actor()))


@calls.post("/links/<uuid:link_id>/activate", answer=LinkItem, body=LinkActivation, right=RIGHT)
def activate_link(body: dict[str, Any], link_id: UUID) -> Mapping[str, Any]:
    """Lets a proposed link begin."""
    return _link(liaisons.activate_link(db(), link_id=link_id, **body, actor=actor(), now=clock.now()))


@calls.post("/links/<uuid:link_id>/end", answer=LinkItem, body=LinkEnding, right=RIGHT)
def end_link(body: dict[str, Any], link_id: UUID) -> Mapping[str, Any]:
    """Ends a link; a proposed one is taken back."""
    return _link(liaisons.end_link(db(), link_id=link_id, **body, actor=actor(), now=clock.now()))


@calls.post("/links/<uuid:link_id>/hand-over", answer=LinkItem, status=201, body=LinkHandover, right=RIGHT)
def hand_over(body: dict[str, Any], link_id: UUID) -> Mapping[str, Any]:
    """Another leader takes the talent over, without an ownerless day; gives the new link."""
    return _link(liaisons.hand_over(db(), link_id=link_id, **body, actor=actor(), now=clock.now()))


@calls.get("/quotas", answer=Quotas, query=QuotaQuery, right=RIGHT)
def quotas(query: dict[str, Any]) -> Mapping[str, Any]:
    """Every leader on any day with the quota (Q1: two for class A, Q3: three for class B)."""
    on: date = query.pop("on", None) or clock.today()
    page, totals = liaisons.quota_report(db(), on=on, **query, reader=actor())
    items = [
        {
            "leader": _leader(row.leader),
            "unit": row.leader.unit_code,
            "required_": row.required,
            "count": row.count,
            "short": row.short,
            "both": row.both,
        }
        for row in page.items
    ]
    return {"on": on, "items": items, "totals": totals, "total": page.total, "next": page.next}


@calls.get("/service-teams", answer=ServiceTeams, query=ServiceTeamQuery, right=RIGHT)
def service_teams(query: dict[str, Any]) -> Mapping[str, Any]:
    """Service teams that I may see, the newest of each leader first."""
    page = liaisons.search_teams(db(), **query, reader=actor())
    return {"items": [_team(team) for team in page.items], "total": page.total, "next": page.next}


@calls.post("/service-teams", answer=ServiceTeamItem, status=201, body=NewServiceTeam, right=RIGHT)
def set_service_team(body: dict[str, Any]) -> Mapping[str, Any]:
    """Who works for a leader's talents. Links that waited only for a team begin."""
    return _team(liaisons.set_service_team(db(), **body, actor=actor(), now=clock.now()))


@calls.get("/rosters", answer=Rosters, query=RosterQuery, right=RIGHT)
def rosters(query: dict[str, Any]) -> Mapping[str, Any]:
    """Versions of rosters that I may see, the newest of each list first."""
    page = liaisons.search_rosters(db(), **query, reader=actor())
    return {"items": [_head(roster) for roster in page.items], "total": page.total, "next": page.next}


@calls.post("/rosters", answer=RosterPaper, status=201, body=RosterDraft, right=RIGHT)
def draft_roster(body: dict[str, Any]) -> Mapping[str, Any]:
    """Drafts a version of a list; nothing changes for links until it is decided."""
    return _paper(liaisons.draft_roster(db(), **body, actor=actor(), now=clock.now()))


@calls.get("/rosters/<uuid:roster_id>", answer=RosterPaper, right=RIGHT)
def roster(roster_id: UUID) -> Mapping[str, Any]:
    """A version with its lines and what it changes."""
    return _paper(liaisons.get_roster(db(), roster_id, actor()))


@calls.post("/rosters/<uuid:roster_id>/decide", answer=RosterPaper, body=RosterDecision, right=RIGHT)
def decide_roster(body: dict[str, Any], roster_id: UUID) -> Mapping[str, Any]:
    """Puts a draft in force under its document number: links not on it end, new ones begin.

    Where a round asks for this list its step is taken, so that the round goes on.
    """
    return _paper(deeds.decide(db(), roster_id=roster_id, **body, actor=actor(), now=clock.now()))


@calls.post("/rosters/<uuid:roster_id>/file", answer=RosterPaper, body=RosterFiling, right="file_rosters")
def file_roster(body: dict[str, Any], roster_id: UUID) -> Mapping[str, Any]:
    """The Talent Office has a decided list on file (备案)."""
    day = body["on"] or clock.today()
    return _paper(deeds.file(db(), roster_id=roster_id, on=day, actor=actor(), now=clock.now()))


def _links(found: Sequence[Link], on: date) -> list[dict[str, Any]]:
    warnings = liaisons.link_warnings(db(), found, on)
    return [_shape(one, warnings[one.id]) for one in found]


def _link(found: Link) -> dict[str, Any]:
    return _links([found], clock.today())[0]


def _shape(found: Link, warnings: Iterable[str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "leader": _leader(found.leader),
        "talent": {"id": found.talent_id, "name": found.talent.name},
        "unit": found.leader.unit_code,
        "reason": found.reason,
        "note": found.note,
        "status": found.status,
        "starts_on": found.starts_on,
        "held_from": found.held_from,
        "ends_on": found.ends_on,
        "end_reason": found.end_reason,
        "team_id": found.team_id,
        "previous_id": found.previous_id,
        "roster_id": found.roster_id,
        "warnings": list(warnings),
    }


def _leader(found: Leader) -> dict[str, Any]:
    return {"id": found.id, "name": found.person.name, "klass": found.klass, "post": found.post}


def _person(found: Person) -> dict[str, Any]:
    return {"id": str(found.id), "name": found.name}


def _team(found: ServiceTeam) -> dict[str, Any]:
    return {
        "id": found.id,
        "leader": _leader(found.leader),
        "head": _person(found.head),
        "liaison": _person(found.liaison),
        "members": [
            {"person": _person(member.person), "unit": member.unit_code, "post": member.post}
            for member in found.members
        ],
        "starts_on": found.starts_on,
        "ends_on": found.ends_on,
    }


def _head(found: Roster) -> dict[str, Any]:
    return {name: getattr(found, name) for name in RosterHead().fields}


def _paper(found: Roster) -> dict[str, Any]:
    change = liaisons.roster_change(db(), found)
    return {
        **_head(found),
        "items": [_line(item) for item in found.items],
        "before": change.before.id if change.before is not None else None,
        "added": [_line(item) for item in change.added],
        "removed": [_line(item) for item in change.removed],
        "changed": [_line(item) for _, item in change.changed],
    }


def _line(item: RosterItem) -> dict[str, Any]:
    return {
        "leader": _leader(item.leader),
        "talent": {"id": item.talent_id, "name": item.talent.name},
        "reason": item.reason,
        "note": item.note,
    }
