"""Jobs beside each other: no kind waits for another, those of a kind have turns, a worker that stops lays all down."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import copy_context
from threading import Barrier, Event, Thread
from time import sleep
from uuid import UUID

from service import clock, jobs
from tests.factories.workers import happened, inbox_of, owed, timers_of, worker_of
from tests.factories.world import World

ADMIN = "admin"
PATIENCE = 20
"""Seconds that a thread of a test waits for another one at most."""


def wire(world: World, **handlers: jobs.Handler) -> None:
    """Makes these the kinds of jobs of the world."""
    assert world.app  # whose making wires the database
    world.database.session_info[jobs.KEY] = {
        name: jobs.Kind(name, name, "migrate_instances", handler) for name, handler in handlers.items()
    }


def give(world: World, kind: str) -> UUID:
    with world.transaction() as session:
        return jobs.submit(session, kind=kind, params={}, actor=world.actor(ADMIN), now=clock.now()).id


def told(world: World, job: UUID) -> tuple[str, Mapping[str, object] | None]:
    with world.database.reading() as session:
        found = jobs.job_of(session, job)
        return found.status, found.result


def running(world: World, stop: Event, name: str = "one") -> Thread:
    """A worker at work in a thread of its own until ``stop``."""
    at_work = Thread(target=copy_context().run, args=(worker_of(world, name).run, stop), daemon=True)
    at_work.start()
    return at_work


def test_a_long_job_holds_up_no_other_kind(world: World) -> None:
    begun, light, stop = Event(), Event(), Event()
    walked: list[UUID] = []

    def walk(run: jobs.Run) -> dict[str, bool]:
        begun.set()
        meanwhile = light.wait(PATIENCE)
        walked.append(run.id)
        if len(walked) == 2:
            stop.set()
        return {"other_kind_meanwhile": meanwhile}

    def look(_run: jobs.Run) -> None:
        light.set()

    wire(world, walk=walk, look=look)
    first, second = give(world, "walk"), give(world, "walk")
    at_work = running(world, stop)
    assert begun.wait(PATIENCE)
    one = give(world, "look")
    at_work.join(3 * PATIENCE)
    assert not at_work.is_alive()
    assert told(world, first) == told(world, second) == (jobs.DONE, {"other_kind_meanwhile": True})
    assert told(world, one)[0] == jobs.DONE
    assert sorted(walked) == sorted([first, second])


def test_two_workers_do_two_jobs_of_a_kind_at_once(world: World) -> None:
    both, stop = Barrier(2), Event()

    def walk(_run: jobs.Run) -> dict[str, int]:
        place = both.wait(PATIENCE)
        stop.set()
        return {"place": place}

    wire(world, walk=walk)
    given = [give(world, "walk"), give(world, "walk")]
    workers = [running(world, stop, name) for name in ("one", "two")]
    for one in workers:
        one.join(PATIENCE)
        assert not one.is_alive()
    assert [told(world, one)[0] for one in given] == [jobs.DONE, jobs.DONE]
    assert sorted(result["place"] for _, result in (told(world, one) for one in given) if result) == [0, 1]


def test_a_worker_that_stops_lays_down_every_job_that_it_holds(world: World) -> None:
    begun, stop = Barrier(3), Event()

    def go_on(run: jobs.Run) -> None:
        run.tell(state={"next": 1})
        begun.wait(PATIENCE)
        while True:
            run.tell()

    wire(world, walk=go_on, look=go_on)
    given = [give(world, "walk"), give(world, "look")]
    at_work = running(world, stop)
    begun.wait(PATIENCE)
    stop.set()
    at_work.join(PATIENCE)
    assert not at_work.is_alive()
    with world.database.reading() as session:
        found = [jobs.job_of(session, one) for one in given]
        assert [(one.status, one.lease, one.state) for one in found] == [(jobs.QUEUED, None, {"next": 1})] * 2


def test_timers_fire_and_notices_are_told_while_a_long_job_runs(world: World) -> None:
    stop = Event()
    world.dispatched("edu")
    world.clock.set(timers_of(world)[0].fire_at)

    def walk(_run: jobs.Run) -> dict[str, bool]:
        for _ in range(PATIENCE * 10):
            if happened(world, "timer_fired") and not owed(world) and inbox_of(world, "handler-edu"):
                break
            sleep(0.1)
        stop.set()
        return {"meanwhile": bool(happened(world, "timer_fired") and inbox_of(world, "handler-edu"))}

    wire(world, walk=walk)
    job = give(world, "walk")
    at_work = running(world, stop)
    at_work.join(3 * PATIENCE)
    assert not at_work.is_alive()
    assert told(world, job) == (jobs.DONE, {"meanwhile": True})
