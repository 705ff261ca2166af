"""The directory: units, persons, leaders' posts, liaisons and substitutes; found as people type, added and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from service import clock, history
from service.actions import posts
from service.api.calls import Calls
from service.api.context import actor, api, db
from service.api.fields import Body, Choice, Day, Flag, Id, List, Moment, Nested, Said, Schema, Text, Whole
from service.api.records import RecordHistory, Search, journal, paged
from service.api.versions import Tagged, seen, tagged
from service.auth import directory
from service.auth.absence import cover_of, gaps
from service.people import BODIES, DUTIES, queries
from service.people.edits import leader_edits, person_edits, unit_edits
from service.people.models import Leader, Liaison, Person, Substitute, Unit

calls = Calls("people", "The directory: units, people, leaders' posts, liaisons, substitutes")

_UNIT = ("code", "name", "kind", "town", "is_member_unit", "pinyin", "initials", "active")


class UnitItem(Schema):
    """An office, bureau, town, body or employer that can be given work."""

    code = Said(required=True)
    name = Said(required=True)
    kind = Said(required=True)
    town = Said(required=True, allow_none=True)
    is_member_unit = Flag(required=True)
    pinyin = Said(required=True)
    initials = Said(required=True)
    active = Flag(required=True)


class PersonItem(Schema):
    """Somebody who works in a unit."""

    id = Id(required=True)
    name = Said(required=True)
    unit = Said(required=True, allow_none=True, metadata={"description": "code"})
    unit_name = Said(required=True, allow_none=True)
    post = Said(required=True, allow_none=True)
    phone = Said(required=True, allow_none=True)
    pinyin = Said(required=True)
    initials = Said(required=True)
    active = Flag(required=True)


class LeaderItem(Schema):
    """A leader's post: class A of a leading body, class B of a member unit. ``id`` is what forms store."""

    id = Id(required=True)
    person_id = Id(required=True)
    name = Said(required=True)
    klass = Choice("A", "B", required=True, data_key="class")
    body = Said(required=True, allow_none=True)
    duty = Said(required=True, allow_none=True)
    unit = Said(required=True, allow_none=True, metadata={"description": "code"})
    unit_name = Said(required=True, allow_none=True)
    post = Said(required=True)
    portfolio = Said(required=True, allow_none=True)
    stationed = Said(
        required=True, allow_none=True, metadata={"description": "enterprises at which the leader is stationed (D1)"}
    )
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


class LiaisonItem(Schema):
    """The liaison officer (联络员) of a unit."""

    id = Id(required=True)
    person_id = Id(required=True)
    name = Said(required=True)
    unit = Said(required=True, metadata={"description": "code"})
    unit_name = Said(required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


class SubstituteItem(Schema):
    """Somebody who acts for another person (代理) from the first to the last day, unless withdrawn.

    ``warnings`` say in words what may leave work undone: the substitute is away too, or cannot sign in.
    """

    id = Id(required=True)
    person_id = Id(required=True)
    name = Said(required=True)
    substitute_id = Id(required=True)
    substitute_name = Said(required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True)
    reason = Said(required=True, allow_none=True)
    withdrawn_at = Moment(required=True, allow_none=True)
    warnings = List(Said(), required=True)


class Units(Schema):
    """A page of units."""

    items = List(Nested(UnitItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class People(Schema):
    """A page of persons."""

    items = List(Nested(PersonItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Leaders(Schema):
    """A page of leaders."""

    items = List(Nested(LeaderItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Liaisons(Schema):
    """A page of liaisons."""

    items = List(Nested(LiaisonItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Substitutes(Schema):
    """A page of substitutes."""

    items = List(Nested(SubstituteItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class UnitQuery(Search):
    """Filters of the list of units."""

    kind = Text()
    town = Text()
    member_units_only = Flag(load_default=False)
    include_inactive = Flag(load_default=False)


class PeopleQuery(Search):
    """Filters of the list of persons."""

    unit_code = Text(data_key="unit")
    include_inactive = Flag(load_default=False)


class LeaderQuery(Search):
    """Filters of the list of leaders; those who serve ``on`` a day (default today)."""

    klass = Choice("A", "B", data_key="class")
    body = Choice(*BODIES)
    unit_code = Text(data_key="unit")
    on = Day()
    include_former = Flag(load_default=False)


class LiaisonQuery(Search):
    """Filters of the list of liaisons."""

    unit_code = Text(data_key="unit")
    include_former = Flag(load_default=False)


class SubstituteQuery(Search):
    """Filters of the list of substitutes; ``person`` is who is absent or who acts."""

    person_id = Id(data_key="person")
    include_former = Flag(load_default=False)


class UnitChange(Body):
    """Fields of a unit."""

    name = Text()
    kind = Text()
    town = Text(allow_none=True)
    is_member_unit = Flag()
    active = Flag()


class NewUnit(Body):
    """A new unit."""

    code = Text(required=True)
    name = Text(required=True)
    kind = Text(required=True)
    town = Text(allow_none=True)
    is_member_unit = Flag()


class PersonChange(Body):
    """Fields of a person; ``confirm_duplicate``: it is nobody else of that name in the unit."""

    name = Text()
    unit_code = Text(data_key="unit", allow_none=True)
    post = Text(allow_none=True)
    phone = Text(allow_none=True)
    active = Flag()
    confirm_duplicate = Flag(load_default=False)


class NewPerson(Body):
    """A new person. 409 where somebody of that name is in the unit and ``confirm_duplicate`` does not say otherwise."""

    name = Text(required=True)
    unit_code = Text(data_key="unit", allow_none=True)
    post = Text(allow_none=True)
    phone = Text(allow_none=True)
    confirm_duplicate = Flag(load_default=False)


class LeaderChange(Body):
    """Corrections of a post; the first day can only become an earlier one."""

    body = Choice(*BODIES, allow_none=True)
    duty = Choice(*DUTIES, allow_none=True)
    unit_code = Text(data_key="unit", allow_none=True)
    post = Text()
    portfolio = Text(allow_none=True)
    stationed = Text(longest=500, allow_none=True)
    starts_on = Day()


class NewLeader(Body):
    """A new post: of class A with ``body``, of class B with ``duty`` and ``unit``."""

    person_id = Id(required=True)
    klass = Choice("A", "B", required=True, data_key="class")
    body = Choice(*BODIES, allow_none=True)
    duty = Choice(*DUTIES, allow_none=True)
    unit_code = Text(data_key="unit", allow_none=True)
    post = Text(required=True)
    portfolio = Text(allow_none=True)
    stationed = Text(longest=500, allow_none=True)
    starts_on = Day(required=True)
    ends_on = Day(allow_none=True)


class LastDay(Body):
    """The last day of a service."""

    ends_on = Day(required=True)


class OtherEnd(Body):
    """The right last day of a post, null where it goes on, and why it is another one."""

    ends_on = Day(required=True, allow_none=True)
    reason = Text(required=True)


class NewLiaison(Body):
    """Who becomes the one liaison of a unit; ``replace`` says that the present one is to end."""

    unit_code = Text(required=True, data_key="unit")
    person_id = Id(required=True)
    starts_on = Day(allow_none=True)
    replace = Flag(load_default=False)


class NewSubstitute(Body):
    """Who acts for whom, from when to when (both included)."""

    person_id = Id(required=True)
    substitute_id = Id(required=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True)
    reason = Text(allow_none=True)


# --- Units -----------------------------------------------------------------------------------------------------------


@calls.get("/units", answer=Units, query=UnitQuery)
def units(query: dict[str, Any]) -> Mapping[str, Any]:
    """Units by name, pinyin, initials or code."""
    return paged(queries.search_units(db(), **query), _unit)


@calls.get("/units/<code>", answer=UnitItem)
def unit(code: str) -> Tagged:
    """One unit."""
    found = queries.get_unit(db(), code)
    return tagged(_unit(found), unit_edits(found))


@calls.get("/units/<code>/history", answer=RecordHistory, right="view_directory")
def unit_history(code: str) -> Mapping[str, Any]:
    """Every change of a unit and of its liaison."""
    return _journal(f"unit:{queries.get_unit(db(), code).code}")


@calls.post("/units", answer=UnitItem, status=201, body=NewUnit, right="manage_units")
def add_unit(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new unit."""
    return _unit(directory.add_unit(db(), **body, organization=api().organization, actor=actor(), now=clock.now()))


@calls.patch("/units/<code>", answer=UnitItem, body=UnitChange, right="manage_units")
def change_unit(body: dict[str, Any], code: str) -> Tagged:
    """Changes a unit; ``active: false`` takes it out of use."""
    known = api().organization
    unit = directory.update_unit(
        db(), code=code, changes=body, version=seen(), organization=known, actor=actor(), now=clock.now()
    )
    return tagged(_unit(unit), unit_edits(unit))


# --- Persons ---------------------------------------------------------------------------------------------------------


@calls.get("/people", answer=People, query=PeopleQuery, right="view_directory")
def people(query: dict[str, Any]) -> Mapping[str, Any]:
    """Persons by name, pinyin, initials or post."""
    return paged(queries.search_people(db(), **query), _person)


@calls.get("/people/<uuid:person_id>", answer=PersonItem)
def person(person_id: UUID) -> Tagged:
    """One person."""
    found = directory.shown_person(db(), person_id, actor())
    return tagged(_person(found), person_edits(found))


@calls.get("/people/<uuid:person_id>/history", answer=RecordHistory, right="view_directory")
def person_history(person_id: UUID) -> Mapping[str, Any]:
    """Every change of a person, the posts and the substitutes."""
    return _journal(f"person:{queries.get_person(db(), person_id).id}")


@calls.post("/people", answer=PersonItem, status=201, body=NewPerson)
def add_person(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new person; a unit's liaison adds to that unit. 409 naming namesakes there, unless ``confirm_duplicate``."""
    return _person(directory.add_person(db(), **body, actor=actor(), now=clock.now()))


@calls.patch("/people/<uuid:person_id>", answer=PersonItem, body=PersonChange, right="view_directory")
def change_person(body: dict[str, Any], person_id: UUID) -> Tagged:
    """Changes a person; ``active: false`` is for who has left."""
    confirmed = body.pop("confirm_duplicate")
    changed = directory.update_person(
        db(),
        person_id=person_id,
        changes=body,
        confirm_duplicate=confirmed,
        version=seen(),
        actor=actor(),
        now=clock.now(),
    )
    return tagged(_person(changed), person_edits(changed))


# --- Leaders' posts --------------------------------------------------------------------------------------------------


@calls.get("/leaders", answer=Leaders, query=LeaderQuery, right="view_directory")
def leaders(query: dict[str, Any]) -> Mapping[str, Any]:
    """Serving leaders by name, pinyin, initials or post; class A first."""
    return paged(queries.search_leaders(db(), **query), _leader)


@calls.get("/leaders/<uuid:leader_id>", answer=LeaderItem, right="view_directory")
def leader(leader_id: UUID) -> Tagged:
    """One post."""
    found = queries.get_leader(db(), leader_id)
    return tagged(_leader(found), leader_edits(found))


@calls.post("/leaders", answer=LeaderItem, status=201, body=NewLeader)
def add_leader(body: dict[str, Any]) -> Mapping[str, Any]:
    """A new post. 409 where the person is a leader of the same body or unit on one of its days."""
    return _leader(directory.add_leader(db(), **body, actor=actor(), now=clock.now()))


@calls.patch("/leaders/<uuid:leader_id>", answer=LeaderItem, body=LeaderChange, right="view_directory")
def change_leader(body: dict[str, Any], leader_id: UUID) -> Tagged:
    """Corrects a post. ``unit``, ``body`` and ``duty`` stay once there are links or contacts in its name."""
    changed = posts.correct_post(
        db(), leader_id=leader_id, changes=body, version=seen(), actor=actor(), now=clock.now()
    )
    return tagged(_leader(changed), leader_edits(changed))


@calls.post("/leaders/<uuid:leader_id>/end", answer=LeaderItem, body=LastDay, right="view_directory")
def end_leader(body: dict[str, Any], leader_id: UUID) -> Mapping[str, Any]:
    """Sets the last day of a post; from the next day on the Talent Office holds its links."""
    ended, _ = posts.end_post(db(), leader_id=leader_id, ends_on=body["ends_on"], actor=actor(), now=clock.now())
    return _leader(ended)


@calls.post("/leaders/<uuid:leader_id>/end/correct", answer=LeaderItem, body=OtherEnd, right="view_directory")
def correct_end(body: dict[str, Any], leader_id: UUID) -> Mapping[str, Any]:
    """Corrects the last day of a post: held links, team and handover follow. 422 once a link has been handed over."""
    leader, _ = posts.correct_end(db(), leader_id=leader_id, **body, actor=actor(), now=clock.now())
    return _leader(leader)


# --- Liaisons and substitutes ----------------------------------------------------------------------------------------


@calls.get("/liaisons", answer=Liaisons, query=LiaisonQuery, right="view_directory")
def liaisons(query: dict[str, Any]) -> Mapping[str, Any]:
    """Liaisons by their name or their unit's."""
    return paged(queries.search_liaisons(db(), **query), _liaison)


@calls.post("/liaisons", answer=LiaisonItem, status=201, body=NewLiaison)
def name_liaison(body: dict[str, Any]) -> Mapping[str, Any]:
    """Names the one liaison of a unit. 409 where there is one and ``replace`` is not said."""
    return _liaison(directory.name_liaison(db(), **body, actor=actor(), now=clock.now()))


@calls.post("/units/<code>/liaison/end", answer=LiaisonItem, body=LastDay)
def end_liaison(body: dict[str, Any], code: str) -> Mapping[str, Any]:
    """Ends the service of a unit's liaison without a successor."""
    ended = directory.end_liaison(db(), unit_code=code, ends_on=body["ends_on"], actor=actor(), now=clock.now())
    return _liaison(ended)


@calls.get("/substitutes", answer=Substitutes, query=SubstituteQuery, right="view_directory")
def substitutes(query: dict[str, Any]) -> Mapping[str, Any]:
    """Substitutes by the name of who is absent or who acts."""
    page = queries.search_substitutes(db(), **query)
    said = gaps(db(), [cover_of(row) for row in page.items], clock.today())
    warned = {row.id: [] if row.withdrawn_at else warnings for row, warnings in zip(page.items, said, strict=True)}
    return paged(page, lambda row: _substitute(row, warned[row.id]))


@calls.post("/substitutes", answer=SubstituteItem, status=201, body=NewSubstitute)
def declare_substitute(body: dict[str, Any]) -> Mapping[str, Any]:
    """Declares who acts for whom: for oneself, or (liaison of the unit, Talent Office, administrator) for others.

    403 where it would make oneself the substitute of somebody else. The answer's ``warnings`` say what may leave work
    undone.
    """
    declared = directory.declare_substitute(db(), **body, actor=actor(), now=clock.now())
    return _substitute(declared, *gaps(db(), [cover_of(declared)], clock.today()))


@calls.post("/substitutes/<uuid:declaration_id>/withdraw", answer=SubstituteItem)
def withdraw_substitute(body: dict[str, Any], declaration_id: UUID) -> Mapping[str, Any]:
    """Takes back a declared substitute at once."""
    taken = directory.withdraw_substitute(db(), declaration_id=declaration_id, actor=actor(), now=clock.now())
    return _substitute(taken)


def _journal(stream: str) -> Mapping[str, Any]:
    return journal((event, event.data) for event in history.stream_events(db(), stream))


def _unit(row: Unit) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in _UNIT}


def _person(row: Person) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "unit": row.unit_code,
        "unit_name": row.unit.name if row.unit is not None else None,
        "post": row.post,
        "phone": row.phone,
        "pinyin": row.pinyin,
        "initials": row.initials,
        "active": row.active,
    }


def _leader(row: Leader) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "person_id": row.person_id,
        "name": row.person.name,
        "klass": row.klass,
        "body": row.body,
        "duty": row.duty,
        "unit": row.unit_code,
        "unit_name": row.unit.name if row.unit is not None else None,
        "post": row.post,
        "portfolio": row.portfolio,
        "stationed": row.stationed,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }


def _liaison(row: Liaison) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "person_id": row.person_id,
        "name": row.person.name,
        "unit": row.unit_code,
        "unit_name": row.unit.name,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
    }


def _substitute(row: Substitute, warnings: Sequence[str] = ()) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "person_id": row.person_id,
        "name": row.person.name,
        "substitute_id": row.substitute_id,
        "substitute_name": row.substitute.name,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "reason": row.reason,
        "withdrawn_at": row.withdrawn_at,
        "warnings": list(warnings),
    }
