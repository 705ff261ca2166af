"""Persons of the directory, found as people type, added and changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from service import clock
from service import people as directory
from service.api.calls import Calls
from service.api.fields import Body, Flag, Id, Said, Schema
from service.api.records import RecordHistory, journal_of, paged
from service.api.shapes import answers, page_of, query_of, takes, wanted
from service.api.versions import Tagged, seen, tagged
from service.http.context import actor, db
from service.people import queries
from service.people.access import shown_person
from service.people.edits import person_edits
from service.people.fields import PERSON
from service.people.filters import PersonFilter

calls = Calls("people", "The directory: units, people, leaders' posts, liaisons, substitutes")


@answers(PERSON)
class PersonItem(Schema):
    """Somebody who works in a unit."""

    id = Id(required=True)
    unit_name = Said(required=True, allow_none=True, attribute="unit.name", dump_default=None)
    pinyin = Said(required=True)
    initials = Said(required=True)


@takes(PERSON, new=False)
class PersonChange(Body):
    """Fields of a person; ``confirm_duplicate``: it is nobody else of that name in the unit."""

    confirm_duplicate = Flag(load_default=False)


@takes(PERSON, new=True)
class NewPerson(Body):
    """A new person. 409 where somebody of that name is in the unit and ``confirm_duplicate`` does not say otherwise."""

    confirm_duplicate = Flag(load_default=False)


@calls.get("/people", answer=page_of(PersonItem, "People"), query=query_of(PersonFilter), right="view_directory")
def people(query: dict[str, Any]) -> Mapping[str, Any]:
    """Persons by name, pinyin, initials or post."""
    return paged(queries.search_people(db(), wanted(PersonFilter, query), **query))


@calls.get("/people/<uuid:person_id>", answer=PersonItem, for_administrators=True)
def person(person_id: UUID) -> Tagged:
    """One person."""
    found = shown_person(db(), person_id, actor())
    return tagged(found, person_edits(found))


@calls.get("/people/<uuid:person_id>/history", answer=RecordHistory, right="view_directory")
def person_history(person_id: UUID) -> Mapping[str, Any]:
    """Every change of a person, the posts and the substitutes."""
    return journal_of(f"person:{queries.get_person(db(), person_id).id}")


@calls.post("/people", answer=PersonItem, status=201, body=NewPerson, for_administrators=True)
def add_person(body: dict[str, Any]) -> object:
    """A new person; a unit's liaison adds to that unit. 409 naming namesakes there, unless ``confirm_duplicate``."""
    return directory.add_person(db(), **body, actor=actor(), now=clock.now())


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
    return tagged(changed, person_edits(changed))
