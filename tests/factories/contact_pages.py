"""Contacts entered at their pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from service import contacts
from service.demonstration.organization import derived
from tests.factories.visitor import Visitor
from tests.factories.world import World

LIAISON = "liaison-district_office"


def record(world: World, **changes: Any) -> UUID:
    """A contact entered at the page by the liaison of the leader's office."""
    fields = {
        "leader_id": str(derived("leader", "leader")),
        "talent": ["T0001"],
        "form": "visit",
        "held_on": "2026-09-15",
        "topic": ["4"],
        "summary": "走访了解近况",
        "opinion_0": "希望协调子女小学转学学位",
        **changes,
    }
    answer = Visitor(world, LIAISON).post("/contacts", **fields)
    assert answer.status_code == 200, answer.text
    return UUID(answer.json["location"].rpartition("/")[2])


def opinion_of(world: World, contact: UUID) -> UUID:
    with world.database.reading() as session:
        return contacts.get_contact(session, contact, world.actor("office")).opinions[0].id
