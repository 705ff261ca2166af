"""The worker: due timers and owed notices, one transaction each, by any number of workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from service import engine
from service.clock import SHANGHAI
from service.processes import commands, halting, sharing, timers
from service.processes.models import Timer
from service.processes.upkeep import WorkerBeat
from service.rights import SYSTEM
from service.usecases import posts
from service.worker import Work
from tests.factories.workers import (
    at_once,
    happened,
    inbox_of,
    incidents,
    looking,
    mismatches,
    owed,
    timers_of,
    work_all,
    worker_of,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def _beats(world) -> list[str]:
    with world.database.reading() as session:
        return sorted(session.scalars(select(WorkerBeat.worker)))


def test_the_clock_of_a_late_unit_runs_through_warning_urge_and_circular(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    due = world.task("handle", "edu").due_on
    assert due.isoformat() == "2026-09-24"
    for _ in range(30):
        work_all(world)
        world.clock.advance(days=1)
    # 25 September to 27 September is the Mid-Autumn holiday: the first working day after the due date is the 28th
    told = [(one.data["template"], f"{one.at.astimezone(SHANGHAI):%Y-%m-%d}") for one in happened(world, "notice")]
    of_the_unit = [one for one in told if one[0] in ("due_soon", "due_today", "urge")]
    assert of_the_unit[:3] == [("due_soon", "2026-09-21"), ("due_today", "2026-09-24"), ("urge", "2026-09-28")]
    assert ("approve_circular", None) in world.open_steps()
    assert [template for template, _ in inbox_of(world, "handler-edu")][:3] == ["due_soon", "due_today", "urge"]
    assert inbox_of(world, "handler-edu") == inbox_of(world, "handler-edu-2")
    assert inbox_of(world, "handler-guicheng") == []
    assert happened(world, "circular_issued") == []
    assert mismatches(world) == []


def test_nothing_due_is_nothing_done(world):
    world.dispatched("edu")
    work_all(world)
    assert worker_of(world).tick(world.clock.now) == Work()


def test_a_poisoned_timer_holds_up_nobody_and_becomes_an_incident(world, monkeypatch):
    world.dispatched("edu")
    sick = world.case
    first = timers_of(world)[0]
    world.dispatched("edu", title="另一件事")
    real = engine.fire_timer

    def fire(program, state, timer_id, context):
        if timer_id == str(first.id):
            raise ZeroDivisionError("poison")
        return real(program, state, timer_id, context)

    monkeypatch.setattr(engine, "fire_timer", fire)
    worker = worker_of(world)
    world.clock.set(first.fire_at)
    assert worker.tick(world.clock.now).fired == 1
    assert inbox_of(world, "handler-edu") == [("due_soon", "即将到期：另一件事")]
    waits = []
    for attempt in range(2, 6):
        with looking(world) as session:
            timer = session.get_one(Timer, first.id)
        waits.append((timer.due_at - world.clock.now) / timedelta(minutes=1))
        assert worker.tick(timer.due_at - timedelta(seconds=1)).failed == 0
        world.clock.set(timer.due_at)
        assert worker.tick(timer.due_at).failed == 1, attempt
    assert waits == [1, 2, 4, 8]
    [incident] = incidents(world)
    assert (incident.kind, incident.instance_id, incident.timer_id) == ("timer", sick, first.id)
    assert "程序出错，详情见技术日志" in incident.message
    assert "poison" not in incident.message
    world.clock.advance(days=1)
    assert worker.tick(world.clock.now).failed == 0
    work_all(world, worker)
    # administrators learn of it, but not what the matter is
    [(template, title)] = inbox_of(world, "admin")
    assert (template, "子女入学" in title) == ("incident", False)

    monkeypatch.setattr(engine, "fire_timer", real)
    with world.transaction() as session:
        timers.retry(session, incident_id=incident.id, actor=world.actor("admin"), now=world.clock.now)
    assert worker.tick(world.clock.now).fired == 1
    world.case = sick
    assert [event.data["template"] for event in happened(world, "notice")] == ["accepted", "incident", "due_soon"]
    assert incidents(world)[0].resolved_by == "admin"
    assert mismatches(world) == []


def test_an_incident_names_no_value_of_a_failed_statement(world, monkeypatch):
    world.dispatched("edu")
    first = timers_of(world)[0]
    secret = "希望协调子女入读公办学校"

    def fire(*_):
        raise OperationalError("INSERT …", {"text": secret}, ValueError("no such column"))

    monkeypatch.setattr(engine, "fire_timer", fire)
    monkeypatch.setattr("service.worker.loop.explain", lambda _: None)
    for _ in range(5):
        with world.database.reading() as session:
            world.clock.set(max(session.get_one(Timer, first.id).due_at, first.fire_at))
        worker_of(world).tick(world.clock.now)
    [incident] = incidents(world)
    assert "no such column" not in incident.message
    assert secret not in incident.message


def test_a_database_that_does_not_answer_costs_no_attempt(world, monkeypatch):
    world.dispatched("edu")
    first = timers_of(world)[0]
    lost = OperationalError("SELECT", {}, ConnectionError("gone"))
    with monkeypatch.context() as patch:
        patch.setattr(engine, "fire_timer", lambda *_: (_ for _ in ()).throw(lost))
        with pytest.raises(OperationalError):
            worker_of(world).tick(first.fire_at)
    assert timers_of(world)[0].attempts == 0
    assert worker_of(world).tick(first.fire_at).fired == 1


def test_two_workers_fire_a_timer_once(world):
    for _ in range(3):
        world.dispatched("edu", "guicheng")
    world.clock.set(timers_of(world)[0].fire_at)
    workers = [worker_of(world, name) for name in ("one", "two", "three")]
    now = world.clock.now
    done = at_once(*(lambda worker=worker: worker.tick(now) for worker in workers))
    assert all(isinstance(work, Work) for work in done), done
    work_all(world)
    assert sum(work.failed for work in done) == 0
    for username in ("handler-edu", "handler-guicheng"):
        assert [template for template, _ in inbox_of(world, username)] == ["due_soon"] * 3
    assert owed(world) == []
    assert mismatches(world) == []


def test_two_workers_that_fail_at_once_count_one_attempt(world):
    world.dispatched("edu")
    timer = timers_of(world)[0]
    for _ in range(2):
        with world.transaction() as session:
            timers.failed(session, timer_id=timer.id, error="x", now=timer.fire_at)
    assert timers_of(world)[0].attempts == 1


def test_a_timer_and_a_completion_at_the_same_moment_end_in_one_of_two_orders(world):
    world.dispatched("edu")
    world.do("office", "feedback_accepted")
    timer = timers_of(world)[-1]
    world.clock.set(timer.fire_at)
    work_all(world)
    task = world.task("handle", "edu")
    done = at_once(
        lambda: worker_of(world).tick(world.clock.now),
        lambda: _complete(world, task.id),
    )
    assert not any(isinstance(one, Exception) for one in done), done
    assert ("review_reply", None) in world.open_steps()
    assert mismatches(world) == []


def _complete(world, task_id) -> None:
    with world.transaction() as session:
        commands.complete(
            session,
            task_id=task_id,
            data=world.sample("handle"),
            actor=world.actor("handler-edu"),
            now=world.clock.now,
        )


def test_no_timer_of_a_suspended_case_fires_until_it_is_resumed(world):
    world.dispatched("edu")
    first = timers_of(world)[0]
    with world.transaction() as session:
        halting.suspend(
            session, instance_id=world.case, reason="等待上级", actor=world.actor("office"), now=world.clock.now
        )
    world.clock.set(first.fire_at)
    assert worker_of(world).tick(world.clock.now).fired == 0
    with world.transaction() as session:
        halting.resume(session, instance_id=world.case, reason="", actor=world.actor("office"), now=world.clock.now)
    assert worker_of(world).tick(world.clock.now).fired == 1


# --- Office hours ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-09-16T20:00", "2026-09-17T09:00"),  # at night
        ("2026-09-17T17:30", "2026-09-18T09:00"),  # just after the office has closed
        ("2026-09-17T03:00", "2026-09-17T09:00"),  # before it opens
        ("2026-09-19T10:00", "2026-09-20T09:00"),  # a Saturday before a Sunday that is worked
        ("2026-09-25T10:00", "2026-09-28T09:00"),  # the Mid-Autumn holiday
        ("2026-10-01T10:00", "2026-10-08T09:00"),  # the National Day
    ],
)
def test_a_notice_waits_for_the_next_office_hours(world, moment, opens):
    world.clock.set(at(moment))
    world.start()
    with world.transaction() as session:
        sharing.copy(
            session, instance_id=world.case, to=["handler-health"], actor=world.actor("office"), now=world.clock.now
        )
    worker = worker_of(world)
    assert worker.tick(world.clock.now).delivered == 0
    assert worker.tick(at(opens) - timedelta(seconds=1)).delivered == 0
    assert len(owed(world)) == 1
    assert owed(world)[0].attempts == 0
    assert worker.tick(at(opens)).delivered == 1
    assert [template for template, _ in inbox_of(world, "handler-health")] == ["copied"]


# --- The missing notice ----------------------------------------------------------------------------------------------


def test_administrators_are_reminded_once_a_day_of_a_missing_notice(world):
    world.clock.set(at("2026-10-30T10:00"))
    workers = [worker_of(world, "one"), worker_of(world, "two")]
    for worker in workers:
        work_all(world, worker)
    assert inbox_of(world, "admin") == []
    world.clock.set(at("2026-11-02T10:00"))
    at_once(*(lambda worker=worker: worker.tick(world.clock.now) for worker in workers))
    work_all(world)
    work_all(world, worker_of(world, "three"))
    assert inbox_of(world, "admin") == [("calendar_missing", "请录入放假安排通知")]
    world.clock.set(at("2026-11-03T10:00"))
    for worker in workers:
        work_all(world, worker)
    assert len(inbox_of(world, "admin")) == 2
    assert inbox_of(world, "office") == []
    assert mismatches(world) == []


def test_a_daily_operation_that_fails_holds_up_no_notice_and_is_an_incident_once_a_day(world, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("流程图有误")

    monkeypatch.setattr(posts, "open_handovers", broken)
    world.clock.set(at("2026-11-02T10:00"))
    for name in ("one", "two"):
        work_all(world, worker_of(world, name))
    assert inbox_of(world, "admin") == [("calendar_missing", "请录入放假安排通知")]
    with world.database.reading() as session:
        [incident] = timers.open_incidents(session)
        assert (incident.kind, "发起联系关系调整" in incident.message) == ("daily", True)


# --- Heartbeat, start and end ----------------------------------------------------------------------------------------


def test_a_worker_shows_that_it_lives_and_leaves_in_good_order(world, clock):
    stop = Event()
    worker = worker_of(world)
    worker.tick(clock.now)
    assert _beats(world) == ["one"]
    other = worker_of(world, "two")
    clock.advance(days=2)
    other.tick(clock.now)
    assert _beats(world) == ["two"]  # the first has not been heard of for a day
    stop.set()
    other.run(stop)
    assert _beats(world) == []


def test_a_worker_goes_on_after_an_error_of_the_database(world, monkeypatch):
    stop = Event()
    calls = []

    def tick(now):
        calls.append(now)
        if len(calls) == 1:
            raise OperationalError("SELECT", {}, ConnectionError("gone"))
        stop.set()
        return Work()

    worker = worker_of(world)
    monkeypatch.setattr(worker, "tick", tick)
    worker.run(stop)
    assert len(calls) == 2


@pytest.mark.databases("sqlite")  # a process of its own starts slowly, and stops alike on both
@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_process_stops_in_good_order_when_asked(world, wanted):
    url = world.database.url.render_as_string(hide_password=False)
    environ = {**os.environ, "LIAISON_DATABASE_URL": url}
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "worker"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        for _ in range(600):
            if _beats(world) or process.poll() is not None:
                break
            time.sleep(0.1)
        assert len(_beats(world)) == 1
        process.send_signal(wanted)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert b"worker_stopped" in output
    assert _beats(world) == []


def test_a_worker_that_was_killed_in_the_middle_holds_nothing(world):
    world.dispatched("edu")
    first = timers_of(world)[0]
    with pytest.raises(KeyboardInterrupt):
        _fire_and_die(world, first)
    assert timers_of(world)[0].id == first.id
    assert worker_of(world).tick(first.fire_at).fired == 1
    assert SYSTEM.username in {event.actor for event in happened(world, "timer_fired")}


def _fire_and_die(world, timer) -> None:
    with world.database.transaction() as session:
        assert timers.fire(session, timer_id=timer.id, now=timer.fire_at)
        raise KeyboardInterrupt
