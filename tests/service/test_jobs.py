"""Work in the background: one worker at a time, in short transactions, stopped and gone on with at will."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from service import clock, jobs
from service.errors import Conflict, Invalid, NotAllowed
from service.jobs.running import LEASE, MAX_ATTEMPTS
from tests.factories.workers import at_once
from tests.factories.world import OFFICE, World

ADMIN = "admin"


def counting(pieces: int, after: Callable[[int], None] = lambda done: None) -> jobs.Handler:
    """A job of so many pieces; ``after`` happens behind each."""

    def work(run: jobs.Run) -> dict[str, int]:
        run.tell(total=pieces)
        for piece in range(int(run.state.get("next", 0)), pieces):
            run.tell(
                done=piece + 1,
                state={"next": piece + 1},
                items=[jobs.Item(f"p{piece}", "even" if piece % 2 == 0 else "odd")],
            )
            after(piece + 1)
        return {"pieces": pieces}

    return work


def give(world: World, handler: jobs.Handler, **more: bool) -> UUID:
    """A submitted job of the administrator that ``handler`` does."""
    assert world.app  # whose making wires the database
    world.database.session_info[jobs.KEY] = {"count": jobs.Kind("count", "计数", "migrate_instances", handler, **more)}
    with world.transaction() as session:
        return jobs.submit(session, kind="count", params={}, actor=world.actor(ADMIN), now=clock.now()).id


def work(world: World, stopping: Callable[[], bool] = lambda: False) -> bool:
    """One look of a worker for a job."""
    return jobs.work(world.database, world.database.session_info[jobs.KEY], stopping, clock.now())


def seen(world: World, job: UUID) -> tuple[str, int, int]:
    with world.database.reading() as session:
        found = jobs.job_of(session, job)
        return found.status, found.done, found.total


def test_a_job_is_done_and_tells_its_pieces(world: World) -> None:
    job = give(world, counting(5))
    assert seen(world, job) == ("queued", 0, 0)
    assert work(world)
    assert not work(world)
    answer = world.api(ADMIN).get(f"/jobs/{job}").json
    assert (answer["status"], answer["done"], answer["total"], answer["result"]) == ("done", 5, 5, {"pieces": 5})
    assert answer["counts"] == {"even": 3, "odd": 2}
    items = world.api(ADMIN).get(f"/jobs/{job}/items", verdict="odd", limit=1).json
    assert ([one["key"] for one in items["items"]], items["total"]) == (["p1"], 2)
    assert world.api(ADMIN).get("/jobs").json["total"] == 1


def test_paused_it_goes_on_where_it_stopped(world: World) -> None:
    def stop(done: int) -> None:
        if done == 2:
            assert world.api(ADMIN).post(f"/jobs/{job}/pause").status_code == 200

    job = give(world, counting(4, stop))
    assert work(world)
    assert seen(world, job) == ("paused", 2, 4)
    assert not work(world)
    assert world.api(ADMIN).post(f"/jobs/{job}/resume").json["status"] == "queued"
    assert work(world)
    assert seen(world, job) == ("done", 4, 4)
    assert world.api(ADMIN).post(f"/jobs/{job}/cancel").status_code == 409


def test_cancelled_it_leaves_the_rest(world: World) -> None:
    def stop(done: int) -> None:
        if done == 3:
            with world.transaction() as session:
                jobs.cancel(session, job_id=job, actor=world.actor(ADMIN), now=clock.now())

    job = give(world, counting(9, stop))
    assert work(world)
    assert seen(world, job) == ("cancelled", 3, 9)
    with world.database.reading() as session:
        assert jobs.counts(session, job) == {"even": 2, "odd": 1}


def test_a_worker_that_stops_gives_it_back_and_one_that_dies_loses_it(world: World) -> None:
    asked = iter([False, False, True])
    job = give(world, counting(4))
    assert work(world, lambda: next(asked))
    assert seen(world, job) == ("queued", 2, 4)

    def die(done: int) -> None:
        raise KeyboardInterrupt

    world.database.session_info[jobs.KEY] = {"count": jobs.Kind("count", "计数", "verify", counting(4, die))}
    with pytest.raises(KeyboardInterrupt):
        work(world)
    assert seen(world, job) == ("running", 3, 4)
    assert not work(world)
    world.clock.set(clock.now() + LEASE + timedelta(seconds=1))
    world.database.session_info[jobs.KEY] = {"count": jobs.Kind("count", "计数", "verify", counting(4))}
    assert work(world)
    assert seen(world, job) == ("done", 4, 4)


def test_a_job_that_kills_every_worker_is_given_up(world: World) -> None:
    def die(run: jobs.Run) -> None:
        raise KeyboardInterrupt

    job = give(world, die)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            work(world)
        world.clock.set(clock.now() + LEASE + timedelta(seconds=1))
    assert not work(world)
    assert seen(world, job)[0] == "failed"


def test_what_fails_says_why_and_a_piece_half_done_leaves_no_trace(world: World) -> None:
    def refuse(run: jobs.Run) -> None:
        with run.database.transaction() as session:
            run.step(session, done=1, items=[jobs.Item("half", "done")])
            raise Invalid("版本不对", [])

    job = give(world, refuse)
    assert work(world)
    assert seen(world, job)[:2] == ("failed", 0)
    answer = world.api(ADMIN).get(f"/jobs/{job}").json
    assert (answer["message"], answer["counts"]) == ("版本不对", {})

    def break_down(run: jobs.Run) -> None:
        raise ZeroDivisionError

    job = give(world, break_down)
    assert work(world)
    assert "系统内部错误" in world.api(ADMIN).get(f"/jobs/{job}").json["message"]


def test_two_workers_do_it_once(world: World) -> None:
    done: list[int] = []
    job = give(world, counting(3, done.append))
    assert sorted(at_once(lambda: work(world), lambda: work(world))) in ([False, True], [True, True])
    assert (done, seen(world, job)) == ([1, 2, 3], ("done", 3, 3))


def test_only_the_right_of_its_kind_shows_and_steers_it(world: World) -> None:
    job = give(world, counting(1), pausable=False)
    office = world.api(OFFICE)
    assert office.get(f"/jobs/{job}").status_code == 403
    assert office.get(f"/jobs/{job}/items").status_code == 403
    assert office.post(f"/jobs/{job}/cancel").status_code == 403
    assert office.get("/jobs").json["total"] == 0
    assert world.api(ADMIN).get(f"/jobs/{UUID(int=1)}").status_code == 404
    with world.transaction() as session, pytest.raises(NotAllowed):
        jobs.submit(session, kind="count", params={}, actor=world.actor(OFFICE), now=clock.now())
    with world.transaction() as session, pytest.raises(Conflict):
        jobs.pause(session, job_id=job, actor=world.actor(ADMIN), now=clock.now())


def test_old_ones_are_forgotten_with_their_items(world: World) -> None:
    job = give(world, counting(2))
    work(world)
    with world.transaction() as session:
        jobs.forget_old(session, now=clock.now() + timedelta(days=200))
    assert world.api(ADMIN).get(f"/jobs/{job}").status_code == 404
    with world.database.reading() as session:
        assert jobs.items_of(session, job).total == 0
