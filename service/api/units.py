"""Units and their liaison officers, found as people type, added and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import clock, people
from service.api.calls import Calls
from service.api.fields import Body, Day, Flag, Id, Said, Schema, Text
from service.api.records import LastDay, RecordHistory, journal_of, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.versions import Tagged, seen, tagged
from service.http.context import actor, db, wired
from service.people import queries
from service.people.edits import head_edits, liaison_edits, unit_edits
from service.people.fields import UNIT
from service.people.filters import LiaisonFilter, UnitFilter

calls = Calls("people", "The directory: units, people, leaders' posts, liaisons, substitutes", noun="units")


@answers(UNIT)
class UnitItem(Schema):
    """An office, bureau, town, body or employer that can be given work."""

    pinyin = Said(required=True)
    initials = Said(required=True)


class LiaisonItem(Schema):
    """The liaison officer (联络员) of a unit."""

    id = Id(required=True)
    person_id = Id(required=True)
    name = Said(required=True, attribute="person.name")
    unit_code = Said(required=True, data_key="unit", metadata={"description": "code"})
    unit_name = Said(required=True, attribute="unit.name")
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)


@takes(UNIT, new=False)
class UnitChange(Body):
    """Fields of a unit."""


@takes(UNIT, new=True)
class NewUnit(Body):
    """A new unit."""


class NewLiaison(Body):
    """The new liaison of a unit; ``replace`` says that the present one is to end."""

    unit_code = Text(required=True, data_key="unit")
    person_id = Id(required=True)
    starts_on = Day(allow_none=True)
    replace = Flag(load_default=False)


class HeadItem(Schema):
    """The head (负责人) of a unit; ``entered``: as such, not as principal officer. Null: there is none."""

    person_id = Id(required=True, allow_none=True)
    name = Said(required=True, allow_none=True)
    entered = Flag(required=True)


class NewHead(Body):
    """The new head of a unit; null: nobody any more."""

    person_id = Id(required=True, allow_none=True)


@calls.get("/units", answer=page_of(UnitItem, "Units"), query=query_of(UnitFilter), for_administrators=True)
def units(query: dict[str, Any]) -> Mapping[str, Any]:
    """Units by name, pinyin, initials or code."""
    return paged(queries.search_units(db(), wanted(UnitFilter, query), **query))


@calls.get("/units/<code>", answer=UnitItem, for_administrators=True)
def unit(code: str) -> Tagged:
    """One unit."""
    found = queries.get_unit(db(), code)
    return tagged(found, unit_edits(found))


@calls.get("/units/<code>/history", answer=RecordHistory, right="view_directory")
def unit_history(code: str) -> Mapping[str, Any]:
    """Every change of a unit and of its liaison."""
    return journal_of(f"unit:{queries.get_unit(db(), code).code}")


@calls.post("/units", answer=UnitItem, status=201, body=NewUnit, right="manage_units")
def add_unit(body: dict[str, Any]) -> object:
    """A new unit."""
    return people.add_unit(db(), **body, organization=wired().organization, actor=actor(), now=clock.now())


@calls.patch("/units/<code>", answer=UnitItem, body=UnitChange, right="manage_units")
def change_unit(body: dict[str, Any], code: str) -> Tagged:
    """Changes a unit; ``active: false`` takes it out of use."""
    known = wired().organization
    unit = people.update_unit(
        db(), code=code, changes=body, version=seen(), organization=known, actor=actor(), now=clock.now()
    )
    return tagged(unit, unit_edits(unit))


@calls.get("/liaisons", answer=page_of(LiaisonItem, "Liaisons"), query=query_of(LiaisonFilter), right="view_directory")
def liaisons(query: dict[str, Any]) -> Mapping[str, Any]:
    """Liaisons by their name or their unit's."""
    return paged(queries.search_liaisons(db(), wanted(LiaisonFilter, query), **query))


@calls.get("/units/<code>/liaison", answer=LiaisonItem, right="view_directory")
def liaison(code: str) -> Tagged:
    """The one liaison of a unit today."""
    found = queries.get_liaison(db(), code, clock.today())
    return tagged(found, liaison_edits(found.unit))


@calls.get("/units/<code>/head", answer=HeadItem, right="view_directory")
def head(code: str) -> Tagged:
    """The head of a unit today, who hears of circulars about it."""
    found = queries.get_unit(db(), code)
    person = people.heads_of(db(), [found.code], clock.today()).get(found.code)
    told = {
        "person_id": person.id if person is not None else None,
        "name": person.name if person is not None else None,
        "entered": person is not None and people.entered_head(db(), found.code) is person,
    }
    return tagged(told, head_edits(found))


@calls.post("/units/<code>/head", answer=HeadItem, body=NewHead, versioned=True)
def name_head(body: dict[str, Any], code: str) -> Tagged:
    """Enters the head of a unit."""
    people.name_head(db(), unit_code=code, person_id=body["person_id"], version=seen(), actor=actor(), now=clock.now())
    return head(code)


@calls.post("/liaisons", answer=LiaisonItem, status=201, body=NewLiaison, versioned=True)
def name_liaison(body: dict[str, Any]) -> Tagged:
    """Names the one liaison of a unit. 409 where there is one and ``replace`` is not said."""
    named = people.name_liaison(db(), **body, version=seen(), actor=actor(), now=clock.now())
    return tagged(named, liaison_edits(named.unit))


@calls.post("/units/<code>/liaison/end", answer=LiaisonItem, body=LastDay)
def end_liaison(body: dict[str, Any], code: str) -> object:
    """Ends the service of a unit's liaison without a successor."""
    return people.end_liaison(db(), unit_code=code, ends_on=body["ends_on"], actor=actor(), now=clock.now())
