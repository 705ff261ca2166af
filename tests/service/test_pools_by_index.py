"""Open tasks are counted by pool without reading one."""

from __future__ import annotations

import pytest

from service import clock
from service.processes import pools
from tests.factories.statements import sent
from tests.factories.world import OFFICE, World


@pytest.mark.databases("sqlite")
def test_open_tasks_are_counted_by_the_index_of_pools_alone(world: World) -> None:
    world.dispatched()
    with world.database.reading() as session:
        with sent(world) as told:
            assert pools.how_many(session, world.actor(OFFICE), clock.today()) == 1
        statement, values = next(one for one in told if "count(*)" in one[0] and "user_task" in one[0])
        plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    looked = [step for step in plan if "user_task" in step]
    assert looked
    assert all("COVERING INDEX ix_user_task_pool" in step for step in looked), plan
