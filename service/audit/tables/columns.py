"""How a finding calls the columns of each table: by the labels of the forms that fill them, else by common words."""

from __future__ import annotations

from collections.abc import Mapping

from service.contacts import fields as contacts
from service.fields import Fields
from service.fields.columns import column_words
from service.liaisons import fields as liaisons
from service.people import fields as people
from service.talents import fields as talents

FORMS: Mapping[str, tuple[Fields, ...]] = {
    "unit": (people.UNIT,),
    "person": (people.PERSON,),
    "leader": (people.POST,),
    "liaison": (people.LIAISON,),
    "substitute": (people.SUBSTITUTE,),
    "talent": (talents.FIELDS,),
    "talent_team": (talents.TEAM_FIELDS,),
    "link": (liaisons.LINK, liaisons.COURSE),
    "service_team": (liaisons.SERVICE_TEAM,),
    "roster": (liaisons.DECISION,),
    "roster_item": (liaisons.LINE,),
    "contact": (contacts.CONTACT,),
    "opinion": (contacts.ANSWER,),
    "talent_note": (contacts.NOTE,),
    "missed_interviews": (contacts.MISSED,),
    "activity": (contacts.ACTIVITY,),
    "matter": (contacts.MATTER,),
    "matter_progress": (contacts.PROGRESS,),
}
"""Table → the fields that people type into it."""
_LABELS: Mapping[str, Mapping[str, str]] = {
    table: {one.name: one.label for fields in reversed(forms) for one in fields} for table, forms in FORMS.items()
}


def column_of(table: str, column: str) -> str:
    """A column of ``table`` in words, with its code: ``联系电话（phone）``."""
    return column_words(column, _LABELS.get(table))
