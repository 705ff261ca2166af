"""A round of briefs up to the step that signs one."""

from __future__ import annotations

from sqlalchemy import select

from service.processes import commands
from service.processes.advance import open_tasks
from service.processes.rules import NAMED
from service.reports import Brief

RELEASE = {"decision": "release", "text": "本月情况正常。"}


def signing(world, name="陈砚秋"):
    """The open task of the leader's brief."""
    with world.database.reading() as session:
        found = [row for row in open_tasks(session, world.case) if row.slot == NAMED + name]
        session.expunge_all()
    assert [row.name for row in found] == [f"签发专报：{name}"]
    return found[0]


def sign(world, name="陈砚秋", data=None):
    task = signing(world, name)
    with world.transaction() as session:
        commands.complete(
            session, task_id=task.id, data=data or RELEASE, actor=world.actor("office"), now=world.clock.now
        )


def brief_of(world, name="陈砚秋", month=11):
    with world.database.reading() as session:
        query = select(Brief).where(Brief.month == month)
        [found] = [one for one in session.scalars(query) if one.leader.person.name == name]
        session.expunge_all()
    return found
