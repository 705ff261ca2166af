"""Timer start events: what the calendar starts, exactly once, also under several workers and after failures."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select

from service import engine
from service.clock import SHANGHAI
from service.errors import NotFound
from service.processes import commands, definitions, replay, scheduled_starts, schedules, timers
from service.processes.models import Incident, Instance, Schedule
from service.rights import SYSTEM
from tests.factories.bundles import unchecked
from tests.factories.engines import bpmn, end, flow, process, user
from tests.factories.workers import at_once, happened, worker_of

FORM = b'{"type": "object", "title": "x", "properties": {}}'
HALF_YEARS = "R/2026-01-01T09:00:00+08:00/P6M"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def tick(event: str, cycle: str) -> str:
    timed = f"<bpmn:timeCycle>{cycle}</bpmn:timeCycle>"
    timed = f'<bpmn:timerEventDefinition id="{event}_t">{timed}</bpmn:timerEventDefinition>'
    return f'<bpmn:startEvent id="{event}" name="{event}">{timed}</bpmn:startEvent>{flow(event, "look")}'


def deploy(world, *events: str, name: str = "流程", key: str = "p") -> None:
    task = user(
        "look",
        candidates="talent_office",
        stage="intake",
        due="working_days_after(scheduled.planned_on or today(), 10)",
    )
    body = process(
        '<bpmn:startEvent id="begin" />'
        + flow("begin", "look")
        + "".join(events)
        + task
        + flow("look", "finish")
        + end(),
        key,
    )
    files = {f"bpmn/{key}.bpmn": bpmn(body.replace("流程", name)), "forms/look.json": FORM}
    with world.transaction() as session:
        # the shipped processes have starts of their own: these tests look at one alone
        session.execute(delete(Schedule).where(Schedule.process != key))
        definitions.deploy(session, unchecked(key, files), actor=SYSTEM, now=world.clock.now)


def row(world, event: str = "half") -> Schedule:
    with world.database.reading() as session:
        found = session.get_one(Schedule, ("p", event))
        session.expunge(found)
        return found


def started(world) -> list[Instance]:
    with world.database.reading() as session:
        found = list(session.scalars(select(Instance).where(Instance.process == "p").order_by(Instance.started_at)))
        session.expunge_all()
    return found


def verified(world) -> list[object]:
    with world.database.reading() as session:
        found = list(replay.verify(session))
    return [one for one in found if not one.stream.startswith("schedule:") or one.stream == "schedule:p"]


def test_each_half_year_starts_once_and_replays(world):
    deploy(world, tick("half", HALF_YEARS))
    # the database was set up in September: January and July of that year are not made up
    assert row(world).next_at == at("2027-01-01T09:00")
    worker = worker_of(world)
    world.clock.set(at("2027-01-01T08:59"))
    assert worker.tick(world.clock.now).started == 0
    world.clock.set(at("2027-01-01T09:07"))
    assert [worker.tick(world.clock.now).started for _ in range(3)] == [1, 0, 0]
    [case] = started(world)
    assert (case.initiator, case.status) == ("system", "running")
    world.case = case.id
    assert world.task("look").due_on.isoformat() == "2027-01-15"
    said = happened(world, "started")[0].data
    assert (said["event"], said["occurrence"], said["planned_at"]) == ("half", 2, "2027-01-01T09:00:00+08:00")
    assert row(world).next_at == at("2027-07-01T09:00")
    assert verified(world) == []


def test_a_worker_that_slept_through_two_moments_starts_both(world):
    deploy(world, tick("half", HALF_YEARS))
    world.clock.set(at("2027-08-01T09:00"))
    worker = worker_of(world)
    while worker.tick(world.clock.now).started:
        pass
    assert len(started(world)) == 2


def test_several_workers_start_it_once(world):
    deploy(world, tick("half", HALF_YEARS))
    world.clock.set(at("2027-01-01T09:00"))
    now = world.clock.now

    def fire() -> bool:
        with world.transaction() as session:
            return scheduled_starts.fire(session, process="p", event="half", now=now)

    assert sum(at_once(*[fire] * 4)) == 1
    assert len(started(world)) == 1


def test_a_new_version_keeps_what_stays_and_drops_what_is_gone(world):
    deploy(world, tick("half", HALF_YEARS), tick("month", "R/2026-09-30T09:00:00+08:00/P1M"))
    world.clock.set(at("2027-01-01T10:00"))
    deploy(world, tick("half", HALF_YEARS), name="新流程")
    # due under the old version and not yet started: still owed; the other start event is no longer drawn
    assert row(world).next_at == at("2027-01-01T09:00")
    with world.database.reading() as session:
        assert [one.event for one in schedules.upcoming(session)] == ["half"]
    deploy(world, tick("half", "R/2026-01-01T09:00:00+08:00/P1Y"), name="又一版")
    assert row(world).next_at == at("2028-01-01T09:00")
    assert verified(world) == []


def test_a_start_that_fails_is_tried_again_then_seen_and_retried(world, monkeypatch):
    deploy(world, tick("half", HALF_YEARS))
    world.clock.set(at("2027-01-01T09:00"))
    real, worker = engine.start, worker_of(world)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("poison")

    monkeypatch.setattr(engine, "start", broken)
    for wait in (0, 1, 2, 4, 8):
        world.clock.advance(minutes=wait)
        assert worker.tick(world.clock.now).failed == 1, wait
    world.clock.advance(days=1)
    assert worker.tick(world.clock.now).failed == 0
    with world.database.reading() as session:
        [incident] = [one for one in timers.open_incidents(session) if one.kind == "schedule"]
        session.expunge(incident)
    assert "2027-01-01" in incident.message
    assert "程序出错" in incident.message
    assert "poison" not in incident.message  # what Python said stands in the log
    monkeypatch.setattr(engine, "start", real)
    with world.transaction() as session:
        timers.retry(session, incident_id=incident.id, actor=world.actor("admin"), now=world.clock.now)
    assert worker.tick(world.clock.now).started == 1
    assert row(world).next_at == at("2027-07-01T09:00")
    with world.database.reading() as session:
        assert session.get_one(Incident, incident.id).resolved_by == "admin"


def test_a_changed_row_is_found(world):
    deploy(world, tick("half", HALF_YEARS))
    with world.transaction() as session:
        session.get_one(Schedule, ("p", "half")).next_at += timedelta(days=1)
    assert ["下次启动时间" in one.what for one in verified(world)] == [True]


def test_by_hand_it_starts_where_there_is_no_timer(world):
    deploy(world, tick("half", HALF_YEARS))
    with world.transaction() as session:
        made = commands.start(session, process="p", data={}, actor=world.actor("office"), now=world.clock.now)
    assert made.initiator == "office"


def test_a_process_of_the_calendar_alone_has_no_start_by_hand(world):
    timed = process(
        tick("half", HALF_YEARS)
        + user("look", candidates="talent_office", stage="intake")
        + flow("look", "finish")
        + end(),
        "only",
    )
    with world.transaction() as session:
        definitions.deploy(
            session,
            unchecked("only", {"bpmn/only.bpmn": bpmn(timed)}),
            actor=SYSTEM,
            now=world.clock.now,
        )
    with world.transaction() as session, pytest.raises(NotFound, match="自动启动"):
        commands.start(session, process="only", data={}, actor=world.actor("office"), now=world.clock.now)
