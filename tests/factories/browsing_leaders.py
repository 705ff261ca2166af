"""A leader with a talent, for tests in a browser."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from service import clock
from service.demonstration.organization import derived
from service.liaisons.models import Link
from tests.factories.world import World

LEADER = derived("leader", "leader")


def served(world: World) -> None:
    """The demonstration's first leader serves two talents."""
    with world.transaction() as session:
        for talent_id in ("T0001", "T0003"):
            there = session.query(Link).filter_by(leader_id=LEADER, talent_id=talent_id, ends_on=None).first()
            if there is None:
                session.add(
                    Link(
                        id=uuid4(),
                        leader_id=LEADER,
                        talent_id=talent_id,
                        reason="portfolio",
                        status="active",
                        starts_on=date(2026, 1, 1),
                        created_at=clock.now(),
                    )
                )
