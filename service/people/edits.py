"""Which events change a unit, a person or a post: what the version of an edited record is counted by."""

from __future__ import annotations

from service.history import Edits
from service.people.models import Leader, Person, Unit


def unit_edits(unit: Unit) -> Edits:
    """What changes a unit."""
    return Edits(f"unit:{unit.code}", ("unit_added", "unit_updated"))


def person_edits(person: Person) -> Edits:
    """What changes a person's own data; posts are records of their own."""
    return Edits(f"person:{person.id}", ("person_added", "person_updated"))


def leader_edits(leader: Leader) -> Edits:
    """What changes a leader's post."""
    kinds = ("leader_added", "leader_updated", "leader_ended", "leader_end_updated")
    return Edits(f"person:{leader.person_id}", kinds, about=str(leader.id))
