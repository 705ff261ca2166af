"""Open tasks are counted by pool without reading one."""

from __future__ import annotations

import pytest

from service import clock
from service.processes import operations, pools
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


def _asked_of(world: World, user: str) -> tuple[set[tuple[str | None, ...]], list[str]]:
    """The pools of somebody, and the statements that asked for all there are."""
    with world.database.reading() as session, sent(world) as told:
        mine = pools._mine(session, world.actor(user), clock.today())
    return {(pool.role, pool.unit, pool.assignee) for pool in mine or ()}, [
        one for one, _ in told if "user_task" in one
    ]


def test_pools_are_found_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.recorded()
    world.dispatched()
    claimed = world.task("handle")
    unit = world.actor("handler-edu")
    with world.transaction() as session:
        operations.claim(session, task_id=claimed.id, actor=unit, now=clock.now())
    world.dispatched()
    found, asked = _asked_of(world, "handler-edu")
    assert found == {("responsible_unit", "edu", None), ("responsible_unit", "edu", "handler-edu")}
    assert any("RECURSIVE" in one for one in asked)
    monkeypatch.setattr(pools, "_MOST", 0)
    read, asked = _asked_of(world, "handler-edu")
    assert read == found
    assert any("DISTINCT" in one for one in asked)


@pytest.mark.databases("sqlite")
def test_the_next_pool_is_looked_up_and_no_task_is_sorted(world: World) -> None:
    world.dispatched()
    with world.database.reading() as session:
        statement = pools._FOUND.on(session.connection()).text
        plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (0, 0, 0, 0))]
    looked = [step for step in plan if "user_task" in step]
    assert sum("ix_user_task_pools" in step for step in looked) == 3, plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
