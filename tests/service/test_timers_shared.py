"""Several workers share what is due: each has its part, helps out when that is empty, and its death costs nothing."""

from __future__ import annotations

import signal
import time
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from service.history import HistoryEvent
from service.processes import timers
from service.processes.models import Timer
from service.processes.timers import HELPED, Share
from service.processes.upkeep import WorkerBeat
from tests.factories.workers import mismatches, started, timers_of, worker_of
from tests.factories.world import World

PATIENCE = 240
MANY = 1009
"""So many workers that some have no part of a few cases."""


def waiting(world: World, cases: int) -> list[UUID]:
    """Cases whose timers are due now, more than one of each; gives the cases in the order in which theirs are due."""
    for _ in range(cases):
        world.dispatched("edu")
    world.clock.set(timers_of(world)[1].fire_at)
    return [case for _, case in due_by_case(world)]


def due_by_case(world: World) -> list[tuple[UUID, UUID]]:
    with world.database.reading() as session:
        found = select(Timer.id, Timer.instance_id).where(Timer.status == "waiting", Timer.due_at <= world.clock.now)
        return [(timer, case) for timer, case in session.execute(found.order_by(Timer.due_at, Timer.id))]


def due(world: World, share: Share, limit: int = 100) -> list[UUID]:
    with world.database.reading() as session:
        return timers.due_timers(session, now=world.clock.now, limit=limit, share=share)


def test_each_due_timer_is_in_the_part_of_one_worker(world: World) -> None:
    cases = waiting(world, 5)
    assert len(cases) > len(set(cases)) == 5
    for place in range(3):
        if owned := [timer for timer, case in due_by_case(world) if case.int % 3 == place]:
            assert due(world, Share(place, 3)) == owned
    assert due(world, Share()) == [timer for timer, _ in due_by_case(world)]


def test_of_a_part_no_more_than_asked_for_and_the_oldest_first(world: World) -> None:
    waiting(world, 3)
    assert due(world, Share(), 2) == [timer for timer, _ in due_by_case(world)][:2]


def test_who_has_nothing_of_its_own_helps_the_others_from_the_far_end(world: World) -> None:
    cases = waiting(world, HELPED)
    everything = [timer for timer, _ in due_by_case(world)]
    idle = [place for place in range(2, MANY) if all(case.int % MANY != place for case in cases)]
    assert due(world, Share(idle[-1], MANY)) == everything[:HELPED]  # so far on that nothing is left there
    first, second = (Share(place, MANY) for place in (0, 1))
    if not any(first.holds(case) or second.holds(case) for case in cases):
        assert due(world, first) == everything[-HELPED:]
        assert due(world, second) == everything[-2 * HELPED : -HELPED]


def test_a_worker_has_its_part_by_those_that_live(world: World) -> None:
    waiting(world, 1)
    now = world.clock.now
    with world.transaction() as session:
        session.add(WorkerBeat(worker="another", beat_at=now - timedelta(seconds=20)))
        session.add(WorkerBeat(worker="dead", beat_at=now - timedelta(minutes=10)))
    worker = worker_of(world)
    with world.database.reading() as session:
        assert worker._share(session) == timers.ALL  # not heard of yet
    worker._beat()
    with world.database.reading() as session:
        assert worker._share(session) == Share(1, 2)
        assert worker_of(world, "another")._share(session) == Share(0, 2)


def test_of_two_processes_one_is_killed_and_each_timer_fires_once(world: World) -> None:
    waiting(world, 8)
    ours = {timer for timer, _ in due_by_case(world)}
    one, two = started(world), started(world)
    try:
        _until(lambda: len(_fired(world)) > 2, one, two)
        one.send_signal(signal.SIGKILL)
        one.wait()
        _until(lambda: ours <= _fired(world).keys(), two)
    finally:
        for process in (one, two):
            process.kill()
            process.wait()
    assert set(_fired(world).values()) == {1}
    assert mismatches(world) == []


def _until(done, *processes) -> None:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < PATIENCE, "it never came"
        assert all(process.poll() is None for process in processes), "a worker has ended"
        time.sleep(0.05)


def _fired(world: World) -> Counter[UUID]:
    with world.database.reading() as session:
        told = session.scalars(select(HistoryEvent.data).where(HistoryEvent.kind == "timer_fired"))
        return Counter(UUID(data["timer"]) for data in told)
