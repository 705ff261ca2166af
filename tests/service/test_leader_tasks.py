"""A task for one leader in person: seen, taken and told to the holder of that post alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from service import auth
from service.errors import Invalid, NotFound
from service.notifications import Notification
from service.people.models import Leader
from service.processes import commands, operations, queries, replay
from service.processes.advance import open_tasks
from service.rights import SYSTEM
from tests.factories.leader_lanes import deploy
from tests.factories.people import prepared
from tests.factories.workers import work_all
from tests.factories.world import World


@pytest.fixture
def leaders(world: World) -> tuple[str, str]:
    """The posts of the demonstration's ``leader`` and of another leader, who signs in as ``other``."""
    mine = world.actor("leader").person_id
    with world.transaction() as session:
        own = session.scalars(select(Leader).where(Leader.person_id == mine)).first()
        other = session.scalars(select(Leader).where(Leader.person_id != mine).order_by(Leader.id)).first()
        assert own is not None
        assert other is not None
        auth.add_user(
            session,
            username="other",
            password=prepared("a-long-enough-word-7"),
            person_id=other.person_id,
            actor=SYSTEM,
            now=world.clock.now,
        )
        auth.grant_role(session, username="other", role="leader", actor=SYSTEM, now=world.clock.now)
        return str(own.id), str(other.id)


def test_only_the_leader_meant_takes_sees_and_hears_of_it(world: World, leaders: tuple[str, str]) -> None:
    own, _ = leaders
    deploy(world)
    with world.transaction() as session:
        world.case = commands.start(session, process="p", data={}, actor=world.actor("office"), now=world.clock.now).id
    world.do("office", "file", {"leader_id": own})
    task = world.task("read")
    assert (task.role, str(task.leader_id)) == ("leader", own)
    with world.database.reading() as session:
        names = {
            name: [
                row.task for row in queries.open_tasks(session, world.actor(name), today=world.clock.now.date()).items
            ]
            for name in ("leader", "other")
        }
    assert names == {"leader": ["read"], "other": []}
    work_all(world)
    with world.database.reading() as session:
        told = select(Notification.username, Notification.template).where(Notification.instance_id == world.case)
        assert session.execute(told).all() == [("leader", "task")]
    with pytest.raises(NotFound):  # who may not know of the case is not told that there is one
        world.do("other", "read", {})
    with world.transaction() as session, pytest.raises(Invalid):
        operations.reassign(
            session,
            task_id=task.id,
            to="other",
            reason="代办",
            actor=world.actor("office"),
            now=world.clock.now,
        )
    world.do("leader", "read", {})
    with world.database.reading() as session:
        assert open_tasks(session, world.case) == []
        assert list(replay.verify(session)) == []
