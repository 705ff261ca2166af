"""The people side: units, persons, leaders, liaisons and talents, found by name as people type it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from service import clock
from service.api.calls import Calls
from service.api.context import actor, db
from service.api.fields import Choice, Count, Day, Flag, Id, List, Nested, Query, Said, Schema, Text, Whole
from service.liaisons import leaders_of, served_ids
from service.people import queries
from service.people.models import Leader, Liaison, Person, Unit
from service.people.queries import Page
from service.talents import search_talents, visible

calls = Calls("people", "The people side: units, people, leaders, liaisons, talents")

Row = TypeVar("Row")
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


class ServingLeader(Schema):
    """A leader who serves a talent today."""

    id = Id(required=True)
    name = Said(required=True)
    klass = Choice("A", "B", required=True, data_key="class", attribute="class")
    post = Said(required=True)


class TalentItem(Schema):
    """A talent of the registry. ``phone`` is masked (``138****0000``) for who may not see it.

    ``leaders`` serve the talent today (联系关系), class A first; ``leader_id`` and ``leader_name`` are the first's.
    """

    id = Said(required=True)
    name = Said(required=True)
    pinyin = Said(required=True)
    initials = Said(required=True)
    category = Whole(required=True, allow_none=True)
    type = Whole(required=True, allow_none=True)
    employer = Said(required=True)
    employer_unit = Said(required=True, allow_none=True, metadata={"description": "code"})
    employer_unit_name = Said(required=True, allow_none=True)
    post = Said(required=True, allow_none=True)
    phone = Said(required=True, allow_none=True)
    town = Said(required=True, allow_none=True)
    in_district = Flag(required=True)
    leader_id = Said(required=True, allow_none=True)
    leader_name = Said(required=True, allow_none=True)
    leaders = List(Nested(ServingLeader), required=True)
    active = Flag(required=True)


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


class Talents(Schema):
    """A page of talents."""

    items = List(Nested(TalentItem), required=True)
    total = Whole(required=True)
    next = Whole(required=True, allow_none=True)


class Search(Query):
    """``q`` finds 汉字, pinyin and initials; without it everything is listed."""

    q = Text()
    limit = Count(low=1, high=200, load_default=50)
    offset = Count(low=0, high=2**31, load_default=0)


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
    """Filters of the list of leaders."""

    klass = Choice("A", "B", data_key="class")
    unit_code = Text(data_key="unit")
    include_former = Flag(load_default=False)


class LiaisonQuery(Search):
    """Filters of the list of liaisons."""

    unit_code = Text(data_key="unit")
    include_former = Flag(load_default=False)


class TalentQuery(Search):
    """Filters of the list of talents."""

    category = Count(low=1, high=4)
    type = Count(low=1, high=5)
    town = Text()
    employer_unit = Text()
    leader_id = Text(data_key="leader")
    include_inactive = Flag(load_default=False)


@calls.get("/units", answer=Units, query=UnitQuery)
def units(query: dict[str, Any]) -> Mapping[str, Any]:
    """Units by name, pinyin, initials or code."""
    return _page(queries.search_units(db(), **query), _unit)


@calls.get("/people", answer=People, query=PeopleQuery)
def people(query: dict[str, Any]) -> Mapping[str, Any]:
    """Persons by name, pinyin, initials or post."""
    return _page(queries.search_people(db(), **query), _person)


@calls.get("/leaders", answer=Leaders, query=LeaderQuery)
def leaders(query: dict[str, Any]) -> Mapping[str, Any]:
    """Serving leaders by name, pinyin, initials or post; class A first."""
    return _page(queries.search_leaders(db(), **query), _leader)


@calls.get("/liaisons", answer=Liaisons, query=LiaisonQuery)
def liaisons(query: dict[str, Any]) -> Mapping[str, Any]:
    """Liaisons by their name or their unit's."""
    return _page(queries.search_liaisons(db(), **query), _liaison)


@calls.get("/talents", answer=Talents, query=TalentQuery, right="view_talents")
def talents(query: dict[str, Any]) -> Mapping[str, Any]:
    """Talents by name, pinyin, initials, id or employer."""
    reader, leader_id = actor(), query.pop("leader_id", None)
    among = served_ids(leader_id=leader_id) if leader_id is not None else None
    found = search_talents(db(), **query, among=among)
    leaders = leaders_of(db(), [talent.id for talent in found.items], clock.today())
    return _page(found, lambda talent: visible(reader, talent, leaders[talent.id]))


def _page(page: Page[Row], shape: Callable[[Row], Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"items": [shape(row) for row in page.items], "total": page.total, "next": page.next}


def _unit(row: Unit) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in _UNIT}


def _person(row: Person) -> Mapping[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "unit": row.unit_code,
        "unit_name": row.unit.name if row.unit is not None else None,
        "post": row.post,
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
