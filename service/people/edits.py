"""Events that change a unit, a person or a post: their number is the version of an edited record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.history import Edits
from service.people.models import Leader, Person, Unit


def unit_edits(unit: Unit) -> Edits:
    """Events that change a unit."""
    return Edits(f"unit:{unit.code}", ("unit_added", "unit_updated"))


def person_edits(person: Person) -> Edits:
    """Events that change a person's own data; posts are records of their own."""
    return Edits(f"person:{person.id}", ("person_added", "person_updated"))


def liaison_edits(unit: Unit) -> Edits:
    """Events that name or end the one liaison of a unit."""
    return Edits(f"unit:{unit.code}", ("liaison_named", "liaison_ended"), changes=_liaison)


def head_edits(unit: Unit) -> Edits:
    """Events that enter the head of a unit."""
    return Edits(f"unit:{unit.code}", ("head_named",), changes=_head)


def leader_edits(leader: Leader) -> Edits:
    """Events that change a leader's post."""
    kinds = ("leader_added", "leader_updated", "leader_ended", "leader_end_updated")
    return Edits(f"person:{leader.person_id}", kinds, about=str(leader.id))


def _liaison(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    ended = "starts_on" not in data
    return {"person_id": (data["person_id"], None) if ended else (data.get("former_person_id"), data["person_id"])}


def _head(data: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {"person_id": (data["former_person_id"], data["person_id"])}
