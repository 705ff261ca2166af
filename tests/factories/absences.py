"""Somebody on leave, with a substitute."""

from __future__ import annotations

from datetime import date

from service import clock, people
from service.demonstration.organization import derived
from service.rights import SYSTEM
from tests.factories.world import World


def on_leave(world: World, absent: str, substitute: str) -> None:
    """``substitute`` acts for ``absent`` from today for a week."""
    with world.transaction() as session:
        people.declare_substitute(
            session,
            person_id=derived("person", absent),
            substitute_id=derived("person", substitute),
            starts_on=clock.today(),
            ends_on=date(2026, 9, 30),
            actor=SYSTEM,
            now=clock.now(),
        )
