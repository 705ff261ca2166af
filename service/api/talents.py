"""The registry of talents and their teams: found as people type, added, changed, confirmed, approved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service import talents as registry
from service.actions.eligibility import open_reviews
from service.api.calls import Calls
from service.api.context import actor, db
from service.api.fields import Body, Choice, Count, Day, Flag, Id, List, Nested, Query, Said, Schema, Text, Whole
from service.api.records import RecordHistory, Search, journal, paged
from service.api.versions import Tagged, seen, tagged
from service.liaisons import leaders_of, served_ids
from service.rights import may
from service.talents import Talent, TalentTeam
from service.talents.edits import talent_edits, team_edits

calls = Calls("talents", "高层次人才信息库: talents and teams")

"""Fields that tell one person from another."""
SORTED = tuple(sign + name for name in registry.SORTS for sign in ("", "-"))


class ServingLeader(Schema):
    """A leader who serves a talent today."""

    id = Id(required=True)
    name = Said(required=True)
    klass = Choice("A", "B", required=True, data_key="class", attribute="class")
    post = Said(required=True)


class TalentItem(Schema):
    """A talent of the registry. Contact data are masked (``138****0000``) for who may not see them.

    ``leaders`` serve the talent today (联系关系), class A first; ``leader_id`` and ``leader_name`` are the first's.
    ``ineligible`` says why leaders may not be asked to serve the talent today; empty where they may.
    """

    id = Said(required=True)
    name = Said(required=True)
    pinyin = Said(required=True)
    initials = Said(required=True)
    category = Whole(required=True, allow_none=True)
    type = Whole(required=True, allow_none=True)
    type_reason = Said(required=True, allow_none=True)
    type_approved_on = Day(required=True, allow_none=True)
    recognition = Said(required=True, allow_none=True)
    recognition_no = Said(required=True, allow_none=True)
    recognized_on = Day(required=True, allow_none=True)
    recognition_expires_on = Day(required=True, allow_none=True)
    employer = Said(required=True)
    employer_unit = Said(required=True, allow_none=True, metadata={"description": "code"})
    employer_unit_name = Said(required=True, allow_none=True)
    post = Said(required=True, allow_none=True)
    fields_ = Said(required=True, allow_none=True, data_key="fields", attribute="fields")
    platform = Said(required=True, allow_none=True)
    phone = Said(required=True, allow_none=True)
    email = Said(required=True, allow_none=True)
    contact_person = Said(required=True, allow_none=True)
    contact_phone = Said(required=True, allow_none=True)
    id_tail = Said(required=True, allow_none=True)
    town = Said(required=True, allow_none=True)
    in_district = Flag(required=True)
    works_from = Day(required=True, allow_none=True)
    works_until = Day(required=True, allow_none=True)
    confirmed_on = Day(required=True, allow_none=True)
    ineligible = List(Said(), required=True)
    leader_id = Said(required=True, allow_none=True)
    leader_name = Said(required=True, allow_none=True)
    leaders = List(Nested(ServingLeader), required=True)
    active = Flag(required=True)


class TeamMember(Schema):
    """A member of a team: a talent of the registry, or a name only."""

    talent_id = Said(required=True, allow_none=True)
    name = Said(required=True)
    post = Said(required=True, allow_none=True)


class TeamItem(Schema):
    """A team (创新创业人才团队), served through its lead; an employer is told of no other employer's people (R8)."""

    id = Id(required=True)
    name = Said(required=True)
    lead_id = Said(required=True, allow_none=True)
    lead_name = Said(required=True, allow_none=True)
    fields_ = Said(required=True, allow_none=True, data_key="fields", attribute="fields")
    recognition = Said(required=True, allow_none=True)
    recognized_on = Day(required=True, allow_none=True)
    note = Said(required=True, allow_none=True)
    members = List(Nested(TeamMember), required=True)
    active = Flag(required=True)


class DuplicateItem(Schema):
    """Somebody in the registry who may be the same person, and ``why``."""

    id = Said(required=True)
    name = Said(required=True)
    employer = Said(required=True)
    active = Flag(required=True)
    why = Said(required=True)


class Talents(Schema):
    """A page of talents."""

    items = List(Nested(TalentItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Teams(Schema):
    """A page of teams."""

    items = List(Nested(TeamItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Duplicates(Schema):
    """All who may be the same person, the likeliest first."""

    items = List(Nested(DuplicateItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class TalentQuery(Search):
    """Filters of the list of talents. ``confirmed_before`` finds files that nobody has confirmed since that day."""

    category = Count(low=1, high=4)
    type = Count(low=1, high=5)
    town = Text()
    employer_unit = Text()
    leader_id = Text(data_key="leader")
    confirmed_before = Day()
    eligible = Flag()
    include_inactive = Flag(load_default=False)
    sort = Choice(*SORTED, load_default="name")


class DuplicateQuery(Query):
    """The data of somebody who is to be registered."""

    name = Text(required=True)
    id_tail = Text(load_default=None)
    employer = Text(load_default="")


class TeamQuery(Search):
    """Filters of the list of teams."""

    include_inactive = Flag(load_default=False)


class TalentChange(Body):
    """Fields of a talent. ``source`` names the report they come from; ``confirm_duplicate``: it is nobody else."""

    name = Text()
    category = Whole(allow_none=True)
    type = Whole(allow_none=True)
    type_reason = Text(allow_none=True, longest=500)
    recognition = Text(allow_none=True)
    recognition_no = Text(allow_none=True)
    recognized_on = Day(allow_none=True)
    recognition_expires_on = Day(allow_none=True)
    employer = Text()
    employer_unit = Text(allow_none=True)
    post = Text(allow_none=True)
    fields_ = Text(allow_none=True, data_key="fields", attribute="fields")
    platform = Text(allow_none=True)
    phone = Text(allow_none=True)
    email = Text(allow_none=True, longest=254)
    contact_person = Text(allow_none=True)
    contact_phone = Text(allow_none=True)
    id_tail = Text(allow_none=True)
    town = Text(allow_none=True)
    in_district = Flag()
    works_from = Day(allow_none=True)
    works_until = Day(allow_none=True)
    active = Flag()
    source = Text(allow_none=True)
    confirm_duplicate = Flag(load_default=False)


class NewTalent(TalentChange):
    """A new talent. 409 where somebody like that is there and ``confirm_duplicate`` does not say it is another."""

    name = Text(required=True)
    employer = Text(required=True)

    class Meta(Body.Meta):
        exclude = ("active", "source")


class OnDay(Body):
    """The day of the deed; without it today."""

    on = Day(load_default=None)


class NewMember(Body):
    """A member: ``talent_id``, or ``name`` of somebody who is not in the registry."""

    talent_id = Text(allow_none=True)
    name = Text(allow_none=True)
    post = Text(allow_none=True)


class TeamChange(Body):
    """Fields of a team; ``members`` (without the lead) replaces all of them."""

    name = Text()
    lead_id = Text()
    fields_ = Text(allow_none=True, data_key="fields", attribute="fields")
    recognition = Text(allow_none=True)
    recognized_on = Day(allow_none=True)
    note = Text(allow_none=True, longest=500)
    members = List(Nested(NewMember))
    active = Flag()


class NewTeam(TeamChange):
    """A new team."""

    name = Text(required=True)
    lead_id = Text(required=True)

    class Meta(Body.Meta):
        exclude = ("active",)


# --- Talents ---------------------------------------------------------------------------------------------------------


@calls.get("/talents", answer=Talents, query=TalentQuery, right="view_talents")
def talents(query: dict[str, Any]) -> Mapping[str, Any]:
    """Talents by name, pinyin, initials, id or employer."""
    reader, leader_id, today = actor(), query.pop("leader_id", None), clock.today()
    among = served_ids(leader_id=leader_id, reader=reader) if leader_id is not None else None
    found = registry.search_talents(db(), **query, among=among, reader=reader)
    leaders = leaders_of(db(), [talent.id for talent in found.items], today, reader)
    return paged(
        found,
        lambda talent: {
            **registry.visible(reader, talent, leaders[talent.id]),
            "ineligible": registry.eligibility(talent, today),
        },
    )


@calls.get("/talents/duplicates", answer=Duplicates, query=DuplicateQuery, right="view_talents")
def duplicates(query: dict[str, Any]) -> Mapping[str, Any]:
    """Who in the registry may be the same person; ``id_tail`` counts for who may see documents' last signs."""
    if not may(actor(), "view_talent_identity"):
        query["id_tail"] = None  # trying them all would tell what they are
    units = registry.units_shown(actor())
    found = [one for one in registry.duplicates(db(), **query) if units is None or one.talent.employer_unit in units]
    items = [
        {
            "id": one.talent.id,
            "name": one.talent.name,
            "employer": one.talent.employer,
            "active": one.talent.active,
            "why": one.why,
        }
        for one in found
    ]
    return {"items": items, "total": len(items), "next": None}


@calls.get("/talents/<talent_id>", answer=TalentItem, right="view_talents")
def talent(talent_id: str) -> Tagged:
    """One talent."""
    found = registry.get_talent(db(), talent_id, actor())
    return tagged(_talent(found), talent_edits(found))


@calls.get("/talents/<talent_id>/history", answer=RecordHistory, right="view_talents")
def talent_history(talent_id: str) -> Mapping[str, Any]:
    """Every change of a talent's file: who, when, from which report."""
    found = registry.get_talent(db(), talent_id, actor())
    leaders = leaders_of(db(), [found.id], clock.today(), actor())[found.id]
    return journal(registry.file_history(db(), found, actor(), leaders))


@calls.post("/talents", answer=TalentItem, status=201, body=NewTalent, right="edit_talents")
def add_talent(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new talent; 409 naming those who may be the same person, unless ``confirm_duplicate`` is said."""
    return _talent(registry.add_talent(db(), **body, actor=actor(), now=clock.now()))


@calls.patch("/talents/<talent_id>", answer=TalentItem, body=TalentChange, right="edit_talents")
def change_talent(body: dict[str, Any], talent_id: str) -> Tagged:
    """Changes a talent's file; ``active: false`` takes the talent off the lists, not out of history."""
    confirmed, source = body.pop("confirm_duplicate"), body.pop("source", None)
    changed = registry.update_talent(
        db(),
        talent_id=talent_id,
        changes=body,
        source=source,
        version=seen(),
        confirm_duplicate=confirmed,
        actor=actor(),
        now=clock.now(),
    )
    open_reviews(db(), talent_id=talent_id, actor=actor(), now=clock.now())
    return tagged(_talent(changed), talent_edits(changed))


@calls.post("/talents/<talent_id>/approve", answer=TalentItem, body=OnDay, right="edit_talents")
def approve_type(body: dict[str, Any], talent_id: str) -> Mapping[str, Any]:
    """The Talent Office agrees that somebody is of the open-ended fifth group."""
    day = body["on"] or clock.today()
    approved = registry.approve_type(db(), talent_id=talent_id, approved_on=day, actor=actor(), now=clock.now())
    return _talent(approved)


@calls.post("/talents/<talent_id>/confirm", answer=TalentItem, body=OnDay)
def confirm_talent(body: dict[str, Any], talent_id: str) -> Mapping[str, Any]:
    """The file is right as of the day (R4)."""
    day = body["on"] or clock.today()
    return _talent(registry.confirm_talent(db(), talent_id=talent_id, on=day, actor=actor(), now=clock.now()))


# --- Teams -----------------------------------------------------------------------------------------------------------


@calls.get("/teams", answer=Teams, query=TeamQuery, right="view_talents")
def teams(query: dict[str, Any]) -> Mapping[str, Any]:
    """Teams by their own or their lead's name, pinyin or initials."""
    found = registry.search_teams(db(), **query, reader=actor())
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


def _talent(row: Talent) -> Mapping[str, Any]:
    today = clock.today()
    leaders = leaders_of(db(), [row.id], today, actor())[row.id]
    return {**registry.visible(actor(), row, leaders), "ineligible": registry.eligibility(row, today)}


def _team(row: TalentTeam, shown: frozenset[str] | None = None) -> Mapping[str, Any]:
    """A team; of its people only those ``shown``, where that is said."""
    leads = shown is None or row.lead_id in shown
    members = row.members if shown is None else [one for one in row.members if one.talent_id in shown]
    return {
        "id": row.id,
        "name": row.name,
        "lead_id": row.lead_id if leads else None,
        "lead_name": row.lead.name if leads else None,
        "fields": row.fields,
        "recognition": row.recognition,
        "recognized_on": row.recognized_on,
        "note": row.note,
        "members": [{"talent_id": one.talent_id, "name": one.name, "post": one.post} for one in members],
        "active": row.active,
    }
