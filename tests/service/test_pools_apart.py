"""Pools that differ only in what is left open and what is empty stay apart."""

from __future__ import annotations

from sqlalchemy import update

from service import clock
from service.processes import pools
from service.processes.models import UserTask
from tests.factories.databases import ON_BOTH
from tests.factories.world import OFFICE, World

pytestmark = ON_BOTH


def test_a_task_for_a_unit_without_a_name_hides_no_others(world: World) -> None:
    world.recorded()
    world.recorded()
    odd = world.task("accept").id
    with world.transaction() as session:  # a diagram may name its unit by an expression that gives an empty text
        session.execute(update(UserTask).where(UserTask.id == odd).values(unit=""))
    with world.database.reading() as session:
        assert pools.how_many(session, world.actor(OFFICE), clock.today()) == 2
