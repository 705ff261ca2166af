"""The things that behaviour tests look at: the journal, notices, instance and lights of the world's case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from service import clock, history
from service.processes import commands, queries, replay
from service.processes.advance import open_tasks
from service.processes.bundles import compiled
from service.processes.calendars import by_digest
from service.processes.case_checks import check_cases
from service.processes.models import WAITING, CalendarVersion, Instance, Timer, UserTask
from service.processes.recording import stream_of
from tests.factories.replays import apart
from tests.factories.world import World

_CALENDARS = select(CalendarVersion)

DONE = {"result": "done", "reply": "已协调解决"}
INTERIM = {"result": "interim", "reason": "需分步解决", "progress": "已完成一半", "next_date": "2026-10-14"}
NOT_OURS = {"result": "not_ours", "reason": "不属于本单位职责"}
REFER = {"decision": "refer", "comment": "涉及多个单位"}
REDO = {"decision": "redo", "comment": "请补充落实时间"}


def act(world: World, user: str, what: Callable[..., Any], **arguments: Any) -> Any:
    """``user`` calls a command of the processes now."""
    actor = world.actor(user)
    with world.transaction() as session:
        return what(session, actor=actor, now=clock.now(), **arguments)


def instance(world: World) -> Instance:
    """The case as it is stored."""
    with world.database.reading() as session:
        found = session.get_one(Instance, world.case)
        session.expunge(found)
        return found


def events(world: World, *kinds: str) -> list[history.HistoryEvent]:
    """The journal of the case (of some ``kinds``), in order."""
    with world.database.reading() as session:
        found = history.stream_events(session, stream_of(world.case))
        session.expunge_all()
    return [event for event in found if not kinds or event.kind in kinds]


def notices(world: World, template: str | None = None) -> list[dict[str, Any]]:
    """The notices that the case owes; word of new tasks, which every step brings, only by its ``template``."""
    found = [dict(event.data) for event in events(world, "notice")]
    if template is None:
        return [notice for notice in found if notice["template"] != "task"]
    return [notice for notice in found if notice["template"] == template]


def timers(world: World) -> list[str]:
    """The waiting timers of the case, by the id of their event, sorted."""
    with world.database.reading() as session:
        found = select(Timer.event).where(Timer.instance_id == world.case, Timer.status == WAITING)
        return sorted(session.scalars(found))


def light(world: World, step: str, unit: str | None = None) -> str:
    """The light of the open task today."""
    return queries.light_of(world.task(step, unit), clock.today(), suspended=instance(world).status == "suspended")


def tasks(world: World, step: str) -> list[UserTask]:
    """All tasks of the case at ``step``, open or not, in the order in which they opened."""
    with world.database.reading() as session:
        found = select(UserTask).where(UserTask.instance_id == world.case, UserTask.task == step)
        rows = list(session.scalars(found.order_by(UserTask.entered_seq, UserTask.id)))
        session.expunge_all()
    return rows


def steps(world: World) -> list[str]:
    """The ids of the open steps of the case, sorted."""
    with world.database.reading() as session:
        return sorted(task.task for task in open_tasks(session, world.case))


def mismatches(world: World) -> list[replay.Mismatch]:
    """Where the journal of the case does not replay to what is stored; nowhere, always.

    ``replay.verify`` does the same, and parses every definition anew, which takes longer than a whole test.
    """
    with world.database.reading() as session:
        found = session.get_one(Instance, world.case)
        told = history.stream_events(session, stream_of(world.case))
        digests = [told[0].data["digest"], *(one.data["to"]["digest"] for one in told if one.kind == "migrated")]
        made = {digest: compiled(session, digest, found.process) for digest in digests}
        calendars = {version.digest: by_digest(session, version.digest) for version in session.scalars(_CALENDARS)}
        wrong = apart(session, found, told)  # nor does a replayed case stand elsewhere than the case
        assert not wrong, wrong
        [(_, found_wrong)] = check_cases(session, [found.id], made.__getitem__, calendars.__getitem__)
        return list(found_wrong)


def detail(world: World, user: str, task: UserTask) -> queries.TaskDetail:
    """The task as its page shows it to ``user``."""
    actor = world.actor(user)
    with world.database.reading() as session:
        return queries.task_detail(session, task.id, actor)


def complete(world: World, user: str, task_id: UUID, data: Mapping[str, Any]) -> None:
    """``user`` completes the task by its id."""
    actor = world.actor(user)
    with world.transaction() as session:
        commands.complete(session, task_id=task_id, data=data, actor=actor, now=clock.now())


def answered(world: World, *units: str, data: dict[str, Any] | None = None) -> None:
    """A need that all ``units`` (default: edu) have answered; the talent has been told of its acceptance."""
    world.dispatched(*(units or ("edu",)))
    world.do("office", "feedback_accepted")
    for unit in units or ("edu",):
        world.do(f"handler-{unit}", "handle", data or DONE, unit=unit)


def referred(world: World) -> None:
    """A need whose reply was referred: it waits for the assessment."""
    answered(world)
    world.do("office", "review_reply", REFER)


def assessed(world: World, route: str) -> None:
    """A referred need for which the office has chosen ``route``."""
    referred(world)
    world.do("office", "assess", {"route": route, "comment": "经研究决定"})


def minuted(world: World, decision: str) -> None:
    """A need after its special meeting."""
    assessed(world, "meeting")
    world.do("office", "convene_meeting")
    world.do("office", "record_minutes", {**world.sample("record_minutes"), "decision": decision})


def decided(world: World, decision: str) -> None:
    """A need after the decision of a standing committee."""
    assessed(world, "escalate")
    world.do("office", "submit_topic")
    world.do("office", "record_decision", {**world.sample("record_decision"), "decision": decision})
